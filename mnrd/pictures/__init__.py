"""Pictures of a run that need neither a display nor OpenGL."""
