"""Means over cells of what a cut does around it, by sub-cells that are the finer the nearer the wall of the hole is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import cos, inf, radians, sin, tan
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.skin.healing.punctures import Sites, within

LAST = 14.0  # decay lengths: exp(-14) = 1e-6 of the damage
FINENESS = 8.0  # sub-cells per length on which something varies
MOST = 16  # sub-cells per cell and axis
POINTS = 50_000  # evaluated at once
TILE = 2.0  # side of the tiles of a plane over the distance up to which a cut damages


class Strain(Protocol):
    """Activation of integrins at distances from the axis."""

    @property
    def reach(self) -> float:
        """Distance beyond which it is not computed, um."""

    def __call__(self, rho: Array) -> Array:
        """Activation by one cut, 0 to 1."""

    def beyond(self, density: float) -> float:
        """Sum of the activations by all cuts out of reach, for a density of them (1/um^2)."""


@dataclass(frozen=True)
class Cut:
    """A hole in the skin and how damage and strain fall off beside it.

    Parameters
    ----------
    radius : float, um
        Of a hole about an axis, or half-width of a slot along y.
    depth : float, um
    decay : float, um
        Damage falls as exp(-distance/decay).
    strain : Strain
    slot : bool
    pointed : bool
        Whether the distance, for the damage, below the lower end is that to the end of the axis less the radius, as
        for needles; otherwise it is that to the flat floor.
    tilt, azimuth : float, degree
    """

    radius: float
    depth: float
    decay: float
    strain: Strain
    slot: bool = False
    pointed: bool = True
    tilt: float = 0.0
    azimuth: float = 0.0

    @property
    def reach(self) -> float:
        """Sideways distance from the entry beyond which nothing is computed, um."""
        return max(self.strain.reach, self.near) + self.lean

    @property
    def near(self) -> float:
        """Distance from the axis beyond which there is no damage, um."""
        return self.radius + LAST * self.decay

    @property
    def lean(self) -> float:
        """How far the tip is beside the entry, um."""
        return self.depth * tan(radians(self.tilt)) if self.tilt else 0.0

    def apart(self, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        """Distance from the axis or mid-plane, and how far beyond its lower end, um."""
        if self.tilt == 0.0:
            return np.abs(x) if self.slot else np.sqrt(x * x + y * y), np.maximum(z - self.depth, 0.0)
        slope, direction = radians(self.tilt), radians(self.azimuth)
        along = sin(slope) * (cos(direction) * x + sin(direction) * y) + cos(slope) * z
        aside = np.sqrt(np.maximum(x * x + y * y + z * z - along**2, 0.0))
        return aside, np.maximum(along - self.depth / cos(slope), 0.0)

    def gap(self, aside: Array, below: Array) -> Array:
        """Distance from the hole, um; 0 in it."""
        if self.pointed:
            return np.maximum(np.sqrt(aside**2 + below**2) - self.radius, 0.0)
        return np.hypot(np.maximum(aside - self.radius, 0.0), below)


class Means(NamedTuple):
    """Means over cells."""

    hole: Array
    damage: Array
    strain: Array


class _Values(NamedTuple):
    """Values in sub-cells."""

    hole: Array
    damage: Array
    calm: Array  # 1 - strain
    off: Array  # distance from the nearest wall, um


def cell_means(mesh: Mesh, cut: Cut, sites: Sites, surface: float) -> Means:
    """Means over the cells of a mesh of hole, damage and strain by equal cuts.

    Parameters
    ----------
    mesh : Mesh
    cut : Cut
    sites : Sites
    surface : float, um
        z of the skin surface; above it all is 0.
    """
    z = mesh.z - surface
    skin = np.flatnonzero(z[:-1] >= -0.5 * mesh.hz)
    # planes that upright cuts go through are all alike
    through = skin[(z[skin + 1] <= cut.depth) & (cut.tilt == 0.0)]
    source = np.arange(z.size - 1)
    source[through] = through[:1].repeat(through.size)
    means = np.zeros((3, *mesh.shape))
    edges = (z, mesh.y, mesh.x)
    for k in skin:
        means[:, k] = _plane(edges, int(k), cut, sites) if source[k] == k else means[:, source[k]]
    return Means(*means)


def _plane(edges: tuple[Array, Array, Array], k: int, cut: Cut, sites: Sites) -> Array:
    """Means of hole, damage and strain over the cells of plane k, (3, ny, nx), tile by tile: few cuts are near one."""
    means = np.empty((3, edges[1].size - 1, edges[2].size - 1))
    for rows, columns in product(*(_pieces(row, TILE * cut.near) for row in edges[1:])):
        j, i = (index.ravel() for index in np.meshgrid(rows, columns, indexing="ij"))
        part = means[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        part[:] = _cells_of_plane(edges, k, j, i, cut, sites).reshape(part.shape)
    return means


def _pieces(row: Array, length: float) -> list[NDArray[np.intp]]:
    """Indices of the cells of an axis in pieces of about a length."""
    piece = ((row[:-1] - row[0]) // length).astype(np.intp)
    return np.split(np.arange(piece.size), np.flatnonzero(np.diff(piece)) + 1)


def _cells_of_plane(
    edges: tuple[Array, Array, Array], k: int, j: NDArray[np.intp], i: NDArray[np.intp], cut: Cut, sites: Sites
) -> Array:
    """Means of hole, damage and strain over some cells of plane k, (3, cells)."""
    means, far = np.empty((3, j.size)), np.empty((j.size, 1))
    counts = np.empty(j.size, dtype=np.intp)  # of sub-cells along z, y and x, as the digits of one number
    for part in _parts(j.size, 1):
        centre, size = _cells(edges, k, j[part], i[part], cut)
        far[part] = _calm_far(cut, sites, centre)
        values = _values(cut, sites, centre, centre, size)
        means[:, part] = _averaged(values, far[part])
        off = np.maximum(values.off - 0.5 * np.sqrt((size**2).sum(axis=0)), 0.0)
        step = (min(cut.radius, cut.decay) + off) / FINENESS
        along = np.clip(np.ceil(size / step), 1, MOST)[:, :, 0].astype(np.intp)
        counts[part] = np.ravel_multi_index(tuple(along - 1), (MOST,) * 3)
    for digits in np.unique(counts[counts > 0]):
        divided, count = np.flatnonzero(counts == digits), 1 + np.array(np.unravel_index(digits, (MOST,) * 3))
        offsets = np.meshgrid(*((np.arange(n) + 0.5) / n - 0.5 for n in count), indexing="ij")
        for part in _parts(divided.size, int(count.prod())):
            cells = divided[part]
            centre, size = _cells(edges, k, j[cells], i[cells], cut)
            points = centre + size * np.reshape(offsets, (3, 1, -1))
            values = _values(cut, sites, centre, points, size / count[:, None, None])
            means[:, cells] = _averaged(values, far[cells])
    return means


def _averaged(values: _Values, far: Array) -> list[Array]:
    """Means of hole, damage and strain over the sub-cells."""
    return [one.mean(axis=1) for one in (values.hole, values.damage, 1.0 - far * values.calm)]


def _parts(cells: int, points: int) -> Iterator[slice]:
    """Slices of a bounded number of points."""
    step = max(1, POINTS // points)
    for first in range(0, cells, step):
        yield slice(first, first + step)


def _cells(
    edges: tuple[Array, Array, Array], k: int, j: NDArray[np.intp], i: NDArray[np.intp], cut: Cut
) -> tuple[Array, Array]:
    """Centres and sizes of cells, (3, cells, 1) along z, y and x; along a slot nothing varies, so y has no size."""
    index = (np.full(j.size, k), j, i)
    low, high = (np.array([row[one + end] for row, one in zip(edges, index, strict=True)]) for end in (0, 1))
    size = high - low
    if cut.slot:
        size[1] = 0.0
    return 0.5 * (low + high)[:, :, None], size[:, :, None]


def _calm_far(cut: Cut, sites: Sites, centre: Array) -> Array:
    """Product of 1 - strain over the cuts that are far from a cell, (cells, 1): there its centre speaks for all of it.

    Parameters
    ----------
    centre : (3, cells, 1) array, um
        Along z (from the surface), y and x.
    """
    calm = np.full(centre.shape[1:], np.exp(-cut.strain.beyond(sites.density)))
    for place in sites.places[within(sites.places, cut.reach, _box(centre))]:
        aside, below = _apart(cut, place, centre)
        rho = np.sqrt(aside**2 + below**2)
        calm *= np.where((rho > cut.near) & (rho <= cut.strain.reach), 1.0 - cut.strain(rho), 1.0)
    return calm


def _values(cut: Cut, sites: Sites, centre: Array, points: Array, size: Array) -> _Values:
    """Hole, damage, strain by near cuts and distance from the wall in sub-cells, (cells, sub-cells) each.

    Parameters
    ----------
    centre : (3, cells, 1) array, um
        Of the cells, along z (from the surface), y and x.
    points : (3, cells, sub-cells) array, um
        Centres of the sub-cells.
    size : (3, cells, 1) array, um
        Of the sub-cells.
    """
    shape, width = points.shape[1:], np.maximum(size[1], size[2])
    hole, calm = np.zeros(shape), np.ones(shape)
    gap, off = np.full(shape, inf), np.full(shape, cut.near)
    for place in sites.places[within(sites.places, cut.near + cut.lean, _box(centre))]:
        near = np.hypot(*_apart(cut, place, centre)) <= cut.near
        aside, below = _apart(cut, place, points)
        rho = np.sqrt(aside**2 + below**2)
        calm *= np.where(near & (rho <= cut.strain.reach), 1.0 - cut.strain(rho), 1.0)
        one = cut.gap(aside, below)
        inner = np.maximum(np.minimum(cut.radius - aside, cut.depth - points[0]), 0.0)
        gap, off = np.minimum(gap, one), np.minimum(off, np.where(one > 0.0, one, inner))
        hole = np.maximum(hole, _share(cut.radius - rho, width))
    hole *= _share(cut.depth - points[0], size[0])
    damage = hole + (1.0 - hole) * np.exp(-gap / cut.decay)
    return _Values(hole, damage, calm, off)


def _apart(cut: Cut, place: Array, points: Array) -> tuple[Array, Array]:
    """Distances of points, (3, ...) along z, y and x, from the cut at a place."""
    z, y, x = points
    return cut.apart(place[2] * (x - place[0]), place[3] * (y - place[1]), z)


def _box(points: Array) -> tuple[Array, Array]:
    """Lower and upper bound of points, (3, ...), in x and in y."""
    _, y, x = points
    return np.array([x.min(), x.max()]), np.array([y.min(), y.max()])


def _share(inside: Array, width: Array) -> Array:
    """Share of an interval of some width that is inside of a wall, from the distance of its middle."""
    return np.asarray(np.clip(0.5 + inside / width, 0.0, 1.0))
