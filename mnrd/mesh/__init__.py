"""Rectilinear meshes, their grading, and the painting of layers and channels on them."""
