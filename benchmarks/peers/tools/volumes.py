"""Finite volumes as a sparse matrix, as one writes them with scipy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Three = tuple[np.ndarray, np.ndarray, np.ndarray]


class Volumes(NamedTuple):
    """V du/dt = source - matrix u.

    Parameters
    ----------
    matrix : sparse matrix
        Conductances, symmetric.
    volume, source : (n,) array
        Of cells; what comes in from a boundary at which u is 1.
    """

    matrix: Any
    volume: np.ndarray
    source: np.ndarray


def sides(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Cells below and above the inner faces across an axis."""
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return tuple(low), tuple(high)


def assemble(edges: Three, diffusivity: Three, *, open_ends: bool = False) -> Volumes:
    """Seven-point finite volumes with harmonic means at the faces, closed or with u = 1 on top and 0 at the base.

    Parameters
    ----------
    edges : (z, y, x)
        Of the cells.
    diffusivity : three (nz, ny, nx) arrays
        Along z, y and x.
    open_ends : bool
        Whether top and base are held at 1 and 0.
    """
    from scipy import sparse

    widths = [np.diff(axis).reshape([-1 if a == n else 1 for a in range(3)]) for n, axis in enumerate(edges)]
    volume = widths[0] * widths[1] * widths[2]
    number = np.arange(volume.size, dtype=np.int32).reshape(volume.shape)
    rows, columns, values = [number], [number], [np.zeros(volume.shape)]
    diagonal = values[0]
    for axis in range(3):
        resistance = widths[axis] ** 2 / (2 * diffusivity[axis] * volume)
        low, high = sides(axis)
        face = 1 / (resistance[low] + resistance[high])
        diagonal[low] += face
        diagonal[high] += face
        rows += [number[low], number[high]]
        columns += [number[high], number[low]]
        values += [-face, -face]
    source = np.zeros(volume.shape)
    if open_ends:
        ends = 2 * diffusivity[0] * volume / widths[0] ** 2
        diagonal[0] += ends[0]
        diagonal[-1] += ends[-1]
        source[0] = ends[0]
    data, i, j = (np.concatenate([one.ravel() for one in many]) for many in (values, rows, columns))
    return Volumes(sparse.coo_matrix((data, (i, j)), shape=(volume.size,) * 2).tocsr(), volume.ravel(), source.ravel())
