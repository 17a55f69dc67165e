"""mnrd: reaction-diffusion of drugs and healing in microneedled skin.

The public names are loaded on first use, so that ``import mnrd`` and ``mnrd --help`` are quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_homes = {
    "Mesh": "mnrd.mesh.rectilinear",
    "Painting": "mnrd.mesh.paint",
    "paint": "mnrd.mesh.paint",
    "Field": "mnrd.model.field",
    "Membrane": "mnrd.model.field",
    "Reservoir": "mnrd.model.field",
    "Taxis": "mnrd.model.field",
    "Closing": "mnrd.model.reaction",
    "Exchange": "mnrd.model.reaction",
    "Reaction": "mnrd.model.reaction",
    "Transfer": "mnrd.model.reaction",
    "Model": "mnrd.model.model",
    "Event": "mnrd.model.problem",
    "Problem": "mnrd.model.problem",
    "Case": "mnrd.case.case",
    "Simulation": "mnrd.simulation",
}

__all__ = ["__version__", *_homes]


def __getattr__(name: str) -> Any:
    if name not in _homes:
        raise AttributeError(f"module 'mnrd' has no attribute {name!r}")
    value = getattr(import_module(_homes[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_homes})
