"""The healing response: equations, parameters, injury and state at rest."""
