"""A coarse copy of a mesh, for looks ahead at what a run on the mesh itself would take."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np

from mnrd.mesh.rectilinear import Array, Mesh


def coarse(mesh: Mesh, cells: int) -> Mesh:
    """The same box with at most `cells` cells, but never less than one column: planes stay, columns are joined.

    Parameters
    ----------
    mesh : Mesh
    cells : int

    Returns
    -------
    Mesh
        Its edges are edges of `mesh`; `mesh` itself where that is small enough.
    """
    if mesh.cells <= cells:
        return mesh
    nz, ny, nx = mesh.shape
    columns = max(cells // nz, 1)
    in_x = min(max(int(nx * sqrt(columns / (nx * ny))), 1), nx, columns)
    in_y = min(max(columns // in_x, 1), ny)
    return replace(mesh, x=_thinned(mesh.x, in_x), y=_thinned(mesh.y, in_y))


def _thinned(edges: Array, count: int) -> Array:
    """The edges of `count` cells, the first and the last among them."""
    return edges[np.linspace(0, edges.size - 1, count + 1).round().astype(int)]
