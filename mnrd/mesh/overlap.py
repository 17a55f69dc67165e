"""Cell values of one mesh on another, by what their cells share: nothing is lost, nothing is made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh

SAME = 1e-6  # of the length of an axis: edges that are nearer than this are one, they differ by rounding


def common_mesh(meshes: Sequence[Mesh]) -> Mesh:
    """The box that all meshes have in common, along each axis with the edges of the one that is coarsest there.

    Raises
    ------
    ValueError
        When they have no volume in common.
    """
    x, y, z = (_common_edges(axis, [getattr(mesh, axis) for mesh in meshes]) for axis in "xyz")
    return Mesh(x, y, z)


def sampled(values: NDArray[np.floating], mesh: Mesh, onto: Mesh, *, lines: bool = False) -> Array:
    """Means over the cells of another mesh, by the volumes that the cells share: the content of any box stays.

    Parameters
    ----------
    values : (nz, ny, nx) array
        On the cells of `mesh`.
    mesh, onto : Mesh
        `onto` lies within `mesh`, but for rounding.
    lines : bool
        Along each axis in turn, values are straight lines inside the cells of `mesh`, as steep as the neighbours say
        and never beyond them, rather than constant. Linear fields then stay exact between any edges, but in cells at
        the sides. Several fields that add up to a constant do so no more.

    Returns
    -------
    (nz, ny, nx) float64 array
        On the cells of `onto`; the same numbers where the meshes are the same.

    Raises
    ------
    ValueError
        When `onto` reaches out of `mesh`.

    References
    ----------
    Van Leer, J. Comput. Phys. 23:276 (1977).
    """
    found = np.asarray(values, dtype=np.float64)
    for number, axis in enumerate("zyx"):
        source, target = getattr(mesh, axis), getattr(onto, axis)
        if not np.array_equal(source, target):
            rows = np.moveaxis(found, number, 0)
            means, moments = _shares(axis, source, target)
            there = np.tensordot(means, rows, axes=1)
            if lines:
                there += np.tensordot(moments, _slopes(source, rows), axes=1)
            found = np.moveaxis(there, 0, number)
    return found


def _common_edges(axis: str, rows: list[Array]) -> Array:
    """The edges of the coarsest row in the part that all rows have; the first of equals."""
    low, high = max(row[0] for row in rows), min(row[-1] for row in rows)
    if not low < high:
        ranges = ", ".join(f"{row[0]:g} to {row[-1]:g} um" for row in rows)
        raise ValueError(f"meshes: have nothing in common along {axis} ({ranges})")
    apart = SAME * (high - low)
    inner = [row[(row > low + apart) & (row < high - apart)] for row in rows]
    return np.concatenate(([low], min(inner, key=len), [high]))


def _shares(axis: str, source: Array, target: Array) -> tuple[Array, Array]:
    """What each target cell has of each source cell, (target, source).

    The first is the share that it fills, rows sum to 1; the second is that times the distance of the middle of the
    common part from the middle of the source cell.
    """
    apart = SAME * (target[-1] - target[0])
    if target[0] < source[0] - apart or target[-1] > source[-1] + apart:
        raise ValueError(
            f"mesh.{axis}: got {target[0]:g} to {target[-1]:g} um, must be within {source[0]:g} to {source[-1]:g} um"
        )
    low = np.maximum(target[:-1, None], source[:-1])
    high = np.minimum(target[1:, None], source[1:])
    shared = np.maximum(high - low, 0.0)
    means = shared / shared.sum(axis=1, keepdims=True)
    return means, means * 0.5 * (low + high - source[:-1] - source[1:])


def _slopes(edges: Array, rows: Array) -> Array:
    """Slopes along the first axis, per um; 0 in the first and the last cell, and where neighbours are on one side."""
    slopes = np.zeros_like(rows)
    if len(rows) < 3:
        return slopes
    size = (-1, *(1,) * (rows.ndim - 1))
    widths, middles = np.diff(edges).reshape(size), (0.5 * (edges[1:] + edges[:-1])).reshape(size)
    steps = np.diff(rows, axis=0)
    before, after = steps[:-1], steps[1:]
    central = (before + after) / (middles[2:] - middles[:-2])
    most = 2.0 * np.minimum(np.abs(before), np.abs(after)) / widths[1:-1]
    slopes[1:-1] = np.where(before * after > 0.0, np.clip(central, -most, most), 0.0)
    return slopes
