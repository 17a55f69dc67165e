"""Meshes and segmented images from elsewhere, brought onto a graded rectilinear mesh with volume fractions."""
