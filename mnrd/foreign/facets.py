"""Where along each axis interfaces lie and which way they face: what the sizes of cells are chosen from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnrd.foreign.boundary import OUTSIDE, Boundary
from mnrd.foreign.source import Array, Indices

BINS = 400  # along each axis
FLAT = 1e-6  # of the extent: a triangle that is thinner lies in a plane across the axis
ROUND_OFF = 1e-9  # of the greatest area: what differences of sums leave of nothing
LOWEST = 1e-3  # of the extent: an outer face that is nearer to the base or to a side is cut out of the skin


@dataclass(frozen=True, eq=False)
class Facets:
    """Areas of the interfaces between two materials, by place along an axis.

    Parameters
    ----------
    extent : (float, float, float), um
        Of the box, in x, y and depth.
    pairs : (pairs, 2) int array
        Materials on both sides; `OUTSIDE` above the skin.
    areas : (pairs, 3, BINS, 3) array, um^2
        Absolute area along x, y and depth, in equal parts of the extent along each of the three axes.
    planes : list of (pair, axis, place, area)
        Area of what lies flat across an axis, at its exact place (um).
    volumes : (materials,) array, um^3
    """

    extent: tuple[float, float, float]
    pairs: Indices
    areas: Array
    planes: list[tuple[int, int, float, float]]
    volumes: Array

    @property
    def thickness(self) -> Array:
        """Of every material, um: twice the volume over the area; that of a slab, the radius of a cylinder."""
        total = np.linalg.norm(self.areas[:, 2].sum(axis=1), axis=1)
        count = self.volumes.size
        area = np.zeros(count)
        for side in self.pairs.T:
            area += np.bincount(side[side != OUTSIDE], total[side != OUTSIDE], count)
        return np.divide(2.0 * self.volumes, area, out=np.full(count, np.inf), where=area > 0.0)


def facets_of(boundary: Boundary) -> Facets:
    """The facets of closed surfaces, without the sides and the base of the box."""
    extent = np.ptp(boundary.points, axis=0)
    corners = boundary.points[boundary.triangles]
    low, high = corners.min(axis=1), corners.max(axis=1)
    cut = (low > (1.0 - LOWEST) * extent).any(axis=1) | (high[:, :2] < LOWEST * extent[:2]).any(axis=1)
    kept = (boundary.outer != OUTSIDE) | ~cut
    sides = np.stack([boundary.inner[kept], boundary.outer[kept]], axis=1)
    return _facets(extent, sides, (low[kept], high[kept]), np.abs(boundary.areas[kept]), boundary.volumes)


def facets_of_image(labels: NDArray[np.uint8], size: tuple[float, float, float], volumes: Array) -> Facets:
    """The facets of a segmented image.

    Parameters
    ----------
    labels : (nz, ny, nx) array
        Material of every voxel.
    size : (float, float, float), um
        Of a voxel, in x, y and depth.
    volumes : (materials,) array, um^3
    """
    sizes = np.array(size)
    sides, low, high, areas = [], [], [], []
    for axis in range(3):
        rows = np.moveaxis(labels, 2 - axis, 0).astype(np.int16)
        if axis == 2:  # what is above the skin
            rows = np.concatenate([np.full((1, *rows.shape[1:]), OUTSIDE, dtype=np.int16), rows])
        step = np.argwhere(rows[1:] != rows[:-1])
        others = [other for other in (2, 1, 0) if other != axis]
        at = np.empty((len(step), 3))
        at[:, axis] = step[:, 0] + (axis != 2)
        at[:, others] = step[:, 1:]
        wide = np.ones(3)
        wide[axis] = 0.0
        sides.append(np.stack([rows[:-1][tuple(step.T)], rows[1:][tuple(step.T)]], axis=1))
        low.append(at * sizes)
        high.append((at + wide) * sizes)
        areas.append(np.tile((1.0 - wide) * sizes[others].prod(), (len(step), 1)))
    bounds = np.concatenate(low), np.concatenate(high)
    return _facets(sizes * labels.shape[::-1], np.concatenate(sides), bounds, np.concatenate(areas), volumes)


def _facets(extent: Array, sides: Indices, bounds: tuple[Array, Array], areas: Array, volumes: Array) -> Facets:
    """Faces with the materials on both sides, (n, 2), their bounds, two of (n, 3), and areas, (n, 3), by place."""
    low, high = bounds
    pairs, pair = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    pair = pair.reshape(-1)
    found = np.zeros((len(pairs), 3, BINS, 3))
    planes = []
    for axis in range(3):
        found[:, axis] = _binned(low[:, axis], high[:, axis], extent[axis], pair, areas, len(pairs))
        unit = FLAT * extent[axis]
        flat = np.flatnonzero(high[:, axis] - low[:, axis] <= unit)
        places = np.stack([pair[flat], np.rint(low[flat, axis] / unit)], axis=1)
        keys, first, index = np.unique(places, axis=0, return_index=True, return_inverse=True)
        sums = np.bincount(index.reshape(-1), areas[flat, axis], len(keys))
        planes += [
            (int(pair[one]), axis, float(low[one, axis]), float(area))
            for one, area in zip(flat[first], sums, strict=True)
        ]
    return Facets((extent[0], extent[1], extent[2]), pairs, found, planes, volumes)


def _binned(low: Array, high: Array, extent: float, pair: Indices, areas: Array, count: int) -> Array:
    """Areas by place along one axis, (pairs, BINS, 3); what spans several parts is spread over them evenly."""
    first, last = (np.clip((end / extent * BINS).astype(int), 0, BINS - 1) for end in (low, high))
    steps = np.zeros((count, BINS + 1, 3))
    each = areas / (last - first + 1)[:, None]
    np.add.at(steps, (pair, first), each)
    np.add.at(steps, (pair, last + 1), -each)
    sums = np.cumsum(steps, axis=1)[:, :-1]
    return np.where(sums > ROUND_OFF * sums.max(axis=(1, 2), initial=0.0)[:, None, None], sums, 0.0)
