"""Volume fractions of one mesh on another mesh of the same box."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.overlap import sampled
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.sampling import quantise

CELLS = 4_000_000  # of either mesh that are looked at at once

Rows = Callable[[slice], Iterable[NDArray[np.floating]]]


def resampled(rows: Rows, count: int, mesh: Mesh, onto: Mesh) -> NDArray[np.uint8]:
    """Fractions on another mesh, by the volumes that its cells share with those of the first.

    Parameters
    ----------
    rows : callable
        ``rows(planes)`` gives the shares of every material in some planes of `mesh`, each (planes, ny, nx).
    count : int
        Of materials.
    mesh, onto : Mesh
        Of the same box.

    Returns
    -------
    (count, nz, ny, nx) uint8 array
        In units of 1/255, as `mnrd.mesh.sampling.quantise` makes them; the same where a cell lies within one of `mesh`.
    """
    fractions = np.empty((count, *onto.shape), dtype=np.uint8)
    step = max(1, CELLS * onto.shape[0] // max(mesh.cells, onto.cells))
    for start in range(0, onto.shape[0], step):
        planes = slice(start, min(start + step, onto.shape[0]))
        wanted = onto.z[planes.start : planes.stop + 1]
        first = int(np.searchsorted(mesh.z, wanted[0], side="right")) - 1
        last = max(first + 1, int(np.searchsorted(mesh.z, wanted[-1])))
        source = Mesh(mesh.x, mesh.y, mesh.z[first : last + 1] - mesh.z[first])
        z = np.minimum(wanted - mesh.z[first], source.z[-1])
        above = bool(z[0] > 0.0)  # a mesh begins at 0
        target = Mesh(onto.x, onto.y, np.concatenate([[0.0], z]) if above else z)
        fractions[:, planes] = quantise(
            np.array([sampled(row, source, target)[int(above) :] for row in rows(slice(first, last))])
        )
    return fractions
