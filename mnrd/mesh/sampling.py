"""Sub-sampling of regions: how much of each cell lies inside a channel or needle of any shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh

Inside = Callable[[Array, Array, Array], NDArray[np.bool_]]
Depth = float | Callable[[Array, Array], Array]
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

FULL = 255  # a whole cell, in bytes
LEAST = 5  # bytes, 0.02: no smaller fraction than this is kept
CHUNK = 256  # cells sub-sampled at once: 1 MB per coordinate array, which stays in the cache
PROBES = 2_000_000  # points probed at once
THIN = 4  # a region as thin as this number of cells is sampled in all cells of its box


class Region(NamedTuple):
    """A material with the part of space that it fills.

    Parameters
    ----------
    material : str
        Name; several regions may share one.
    inside : callable
        ``inside(x, y, z) -> bool array`` for arrays of coordinates of one shape, in um.
    box : ((x0, x1), (y0, y1), (z0, z1)), um, optional
        Bounds outside of which `inside` is False everywhere; only the cells that they touch are looked at.
    """

    material: str
    inside: Inside
    box: Box | None = None


class _Reach(NamedTuple):
    """The part of the mesh that a region can touch."""

    window: tuple[slice, slice, slice]  # cells (z, y, x)
    whole: NDArray[np.bool_]  # on the window: cells entirely inside
    surface: NDArray[np.bool_]  # on the window: cells that the surface may cross


def paint_regions(
    mesh: Mesh,
    tops: Sequence[Depth],
    regions: Sequence[Region],
    names: list[str],
    fractions: NDArray[np.uint8],
) -> None:
    """Paint regions over layers, in place.

    Parameters
    ----------
    mesh : Mesh
    tops : sequence of float or function of (x, y)
        Top depths of the layers, um; layer m has index m in `fractions`.
    regions : sequence of Region
        Later ones cover earlier ones.
    names : list of str
        Materials in the order of `fractions`.
    fractions : (n_materials, nz, ny, nx) uint8 array
        On return the sum over materials is still 255, and cells that no region touches are unchanged.
    """
    reaches = [_reach(mesh, region) for region in regions]
    for region, reach in zip(regions, reaches, strict=True):
        view = fractions[(slice(None), *reach.window)]
        view[:, reach.whole] = 0
        view[names.index(region.material), reach.whole] = FULL
    done = np.zeros(mesh.shape, dtype=bool)
    starts, stops = (
        np.array([[getattr(axis, end) for axis in reach.window] for reach in reaches]) for end in ("start", "stop")
    )
    for index, reach in enumerate(reaches):
        # every region that shares a cell with this one has a say there
        sharing = ((starts[index] < stops) & (starts < stops[index])).all(axis=1)
        near = [(names.index(one.material), one.inside) for one, shares in zip(regions, sharing, strict=True) if shares]
        cells = np.argwhere(reach.surface & ~done[reach.window]) + [axis.start for axis in reach.window]
        done[reach.window] |= reach.surface
        for first in range(0, len(cells), CHUNK):
            _sample(mesh, tops, near, cells[first : first + CHUNK].T, fractions)


def quantise(shares: Array) -> NDArray[np.uint8]:
    """Turn shares into bytes.

    Parameters
    ----------
    shares : (n_materials, ...) array
        Not negative, the sum over the first axis is 1.

    Returns
    -------
    (n_materials, ...) uint8 array
        The sum over the first axis is 255. No share is between 0 and 0.02, or 0.98 and 1: those become the nearer
        of the two ends, so that slivers are gone and the volume of a slender shape is kept on average.
    """
    parts = np.rint(FULL * shares).astype(np.int16)
    parts = np.where(parts < LEAST, np.where(2 * parts < LEAST, 0, LEAST), parts)
    largest = parts.argmax(axis=0)[None]
    rest = FULL - parts.sum(axis=0)[None]  # what rounding left over goes to the largest
    np.put_along_axis(parts, largest, np.take_along_axis(parts, largest, axis=0) + rest, axis=0)
    return parts.astype(np.uint8)


def depth_at(top: Depth, x: Array, y: Array) -> Array:
    """Depth of an interface at coordinates that broadcast to one shape, um."""
    x, y = np.broadcast_arrays(x, y)
    return np.broadcast_to(np.asarray(top(x, y) if callable(top) else top, dtype=np.float64), x.shape)


# --- which cells -----------------------------------------------------------------------------------------


def _reach(mesh: Mesh, region: Region) -> _Reach:
    """Find the cells inside and at the surface of a region, by probing it on a grid of twice the fineness.

    The cells above and below a surface cell count as surface too, lest the point of a needle be lost between
    probes.
    """
    axes = (mesh.z, mesh.y, mesh.x)
    xs, ys, zs = region.box or ((-np.inf, np.inf),) * 3
    window = (_cells_between(mesh.z, *zs), _cells_between(mesh.y, *ys), _cells_between(mesh.x, *xs))
    size = tuple(axis.stop - axis.start for axis in window)
    some, every = np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    if region.box is not None and min(size) <= THIN:
        return _Reach(window, some, every)
    z, y, x = (_halved(edges[axis.start : axis.stop + 1]) for edges, axis in zip(axes, window, strict=True))
    slabs = max(1, PROBES // (2 * y.size * x.size))
    for first in range(0, size[0], slabs):
        part = slice(first, min(first + slabs, size[0]))
        depths = z[2 * part.start : 2 * part.stop + 1]
        inside = _evaluate(region.inside, x[None, None, :], y[None, :, None], depths[:, None, None])
        some[part] = _over_cells(inside, np.logical_or)
        every[part] = _over_cells(inside, np.logical_and)
    mixed = some & ~every
    surface = mixed.copy()
    surface[1:] |= mixed[:-1]
    surface[:-1] |= mixed[1:]
    return _Reach(window, every & ~surface, surface)


def _cells_between(edges: Array, low: float, high: float) -> slice:
    """Cells that the interval touches."""
    first, last = np.searchsorted(edges, low, side="right") - 1, np.searchsorted(edges, high, side="left")
    return slice(int(np.clip(first, 0, edges.size - 1)), int(np.clip(last, 0, edges.size - 1)))


def _halved(edges: Array) -> Array:
    """Edges and centres in turn."""
    fine = np.empty(2 * edges.size - 1)
    fine[::2] = edges
    fine[1::2] = 0.5 * (edges[1:] + edges[:-1])
    return fine


def _over_cells(points: NDArray[np.bool_], combine: np.ufunc) -> NDArray[np.bool_]:
    """Combine the 27 probes of every cell."""
    for axis in range(3):
        points = np.moveaxis(points, axis, 0)
        points = np.moveaxis(combine(combine(points[:-2:2], points[1:-1:2]), points[2::2]), 0, axis)
    return points


# --- how much of a cell ----------------------------------------------------------------------------------


def _lattice(side: int = 16, levels: int = 16) -> tuple[Array, Array, Array]:
    """Sample points in the unit cell, three arrays (512,).

    Each of 16 x 16 sub-columns holds 2 points and each of 16 sub-slabs holds 32, so that walls and floors are
    both resolved to 1/16 of a cell. With i, j the distances of a sub-column from the centre lines, its points
    lie in the sub-slabs (i + j) mod 8 and 8 more. The lattice is its own image in both mirrors and under
    exchange of x and y, so that a painting has the symmetries of what is painted.
    """
    i, j, half = np.meshgrid(np.arange(side), np.arange(side), np.arange(2), indexing="ij")
    middle, period = side // 2, levels // 2
    from_centre = np.where(np.arange(side) < middle, middle - 1 - np.arange(side), np.arange(side) - middle)
    level = (from_centre[i] + from_centre[j]) % period + half * period
    return (i.ravel() + 0.5) / side, (j.ravel() + 0.5) / side, (level.ravel() + 0.5) / levels


LATTICE = _lattice()


def _sample(
    mesh: Mesh,
    tops: Sequence[Depth],
    near: Sequence[tuple[int, Inside]],
    cells: NDArray[np.int64],
    fractions: NDArray[np.uint8],
) -> None:
    """Paint the cells with indices (k, j, i): the fraction of a material is its share of the points."""
    k, j, i = cells
    x, y, z = (
        edges[index, None] + (edges[index + 1] - edges[index])[:, None] * points
        for edges, index, points in zip((mesh.x, mesh.y, mesh.z), (i, j, k), LATTICE, strict=True)
    )
    before = fractions[:, k, j, i]
    labels = np.repeat(before.argmax(axis=0).astype(np.int16)[:, None], x.shape[1], axis=1)
    several = np.flatnonzero(before.max(axis=0) < FULL)
    for layer, top in enumerate(tops) if several.size else ():
        labels[several] = np.where(z[several] >= depth_at(top, x[several], y[several]), layer, labels[several])
    hit = np.zeros(x.shape, dtype=bool)
    for material, inside in near:
        within = _evaluate(inside, x, y, z)
        labels[within] = material
        hit |= within
    touched = np.flatnonzero(hit.any(axis=1))
    counts = np.array([np.count_nonzero(labels[touched] == name, axis=1) for name in range(len(fractions))])
    fractions[:, k[touched], j[touched], i[touched]] = quantise(counts / x.shape[1])


def _evaluate(inside: Inside, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
    x, y, z = np.broadcast_arrays(x, y, z)
    return np.broadcast_to(np.asarray(inside(x, y, z), dtype=bool), x.shape)
