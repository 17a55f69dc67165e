"""Volume fractions of closed surfaces on a rectilinear mesh: exact along vertical lines, 8 x 8 of them per cell.

Along a line the material changes where it crosses a triangle. A crossing at depth d that leaves material a for b adds

    integral from z_k to z_(k+1) of H(z - d) dz = clip(z_(k+1) - d, 0, h_k)

to what b has of cell k, and takes it from a. Which triangles a line crosses is decided edge by edge with the same
numbers for both triangles at an edge; a line through an edge or a corner counts as if it were moved a little towards +x
and still less towards +y. So no line slips through between two triangles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnrd.foreign.boundary import OUTSIDE, Boundary
from mnrd.foreign.source import Array, Indices
from mnrd.mesh.paint import SUBCOLUMNS
from mnrd.mesh.rectilinear import Mesh

CANDIDATES = 1_000_000  # pairs of line and triangle that are tried at once
BAND = 4_000_000  # entries of the shares that are held at once


class Band(NamedTuple):
    """Shares of some rows of cells.

    Parameters
    ----------
    rows : slice
        Of cells along y.
    shares : (materials, nz, rows, nx) array
        Sums are 1 where the parts fill the cell, less where there is nothing, more where parts overlap.
    """

    rows: slice
    shares: Array


def bands(boundary: Boundary, mesh: Mesh, materials: int) -> Iterator[Band]:
    """Shares of all materials in all cells, some rows at a time."""
    nz, ny, nx = mesh.shape
    height = max(1, BAND // (materials * (nz + 1) * nx))
    x = _lines(mesh.x)
    corners = boundary.points[boundary.triangles]
    low, high = corners[..., 1].min(axis=1), corners[..., 1].max(axis=1)
    for first in range(0, ny, height):
        rows = slice(first, min(first + height, ny))
        edges = mesh.y[rows.start : rows.stop + 1]
        near = np.flatnonzero((high >= edges[0]) & (low <= edges[-1]))
        tally = _Tally(materials, mesh, rows.stop - rows.start)
        for triangles, i, j in _candidates(corners[near], x, _lines(edges)):
            _cross(boundary, near[triangles], (x, i), (_lines(edges), j), tally)
        yield Band(rows, tally.shares())


def _lines(edges: Array) -> Array:
    """Midpoints of equal parts of every cell."""
    parts = (np.arange(SUBCOLUMNS) + 0.5) / SUBCOLUMNS
    return np.asarray((edges[:-1, None] + np.diff(edges)[:, None] * parts).ravel())


class _Tally:
    """Sums over crossings: what lies in the cell of the crossing, and all that is deeper."""

    def __init__(self, materials: int, mesh: Mesh, rows: int) -> None:
        nz, _, nx = mesh.shape
        self._shape = (materials, nz, rows, nx)
        self._edges, self._heights = mesh.z, mesh.hz
        self._within = np.zeros(materials * nz * rows * nx)
        self._below = np.zeros(materials * nz * rows * nx)

    def add(self, material: Indices, depth: Array, i: Indices, j: Indices, sign: Array) -> None:
        """Enter (sign 1) or leave (sign -1) a material at depths on lines (i, j)."""
        k = np.clip(np.searchsorted(self._edges, depth, side="right") - 1, 0, self._heights.size - 1)
        cell = np.ravel_multi_index((material, k, j // SUBCOLUMNS, i // SUBCOLUMNS), self._shape)
        part = np.clip((self._edges[k + 1] - depth) / self._heights[k], 0.0, 1.0)
        np.add.at(self._within, cell, sign * part)
        np.add.at(self._below, cell, sign)

    def shares(self) -> Array:
        """Share of every material in every cell."""
        below = self._below.reshape(self._shape)
        deeper = np.cumsum(below, axis=1) - below
        return np.asarray((self._within.reshape(self._shape) + deeper) / SUBCOLUMNS**2)


def _candidates(corners: Array, x: Array, y: Array) -> Iterator[tuple[Indices, Indices, Indices]]:
    """Triangles with the lines in their bounds: indices of triangles, of x and of y."""
    low, high = corners.min(axis=1), corners.max(axis=1)
    first_i, last_i = np.searchsorted(x, low[:, 0]), np.searchsorted(x, high[:, 0], side="right")
    first_j, last_j = np.searchsorted(y, low[:, 1]), np.searchsorted(y, high[:, 1], side="right")
    counts = (last_i - first_i) * (last_j - first_j)
    hit = np.flatnonzero(counts > 0)
    ends = np.cumsum(counts[hit])
    begin = 0
    while begin < hit.size:
        done = ends[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + CANDIDATES)))
        some = hit[begin:stop]
        number = counts[some]
        triangle = np.repeat(some, number)
        local = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        width = (last_i - first_i)[triangle]
        yield triangle, first_i[triangle] + local % width, first_j[triangle] + local // width
        begin = stop


def _cross(
    boundary: Boundary,
    triangles: Indices,
    along_x: tuple[Array, Indices],
    along_y: tuple[Array, Indices],
    tally: _Tally,
) -> None:
    """Count the crossings of lines with triangles."""
    (lines_x, i), (lines_y, j) = along_x, along_y
    corners = boundary.triangles[triangles]
    x, y = lines_x[i], lines_y[j]
    sides, weights = [], []
    for start, end in ((0, 1), (1, 2), (2, 0)):
        side, weight = _side(boundary.points, corners[:, start], corners[:, end], x, y)
        sides.append(side)
        weights.append(weight)
    down, up = sides[0] & sides[1] & sides[2], ~(sides[0] | sides[1] | sides[2])
    hit = np.flatnonzero(down | up)
    # the weight of a corner is that of the edge across from it
    depths = boundary.points[corners[hit], 2]
    share = np.stack([weights[1][hit], weights[2][hit], weights[0][hit]], axis=1)
    total = share.sum(axis=1)
    depth = np.divide((share * depths).sum(axis=1), total, out=depths[:, 0].copy(), where=total != 0.0)
    depth = np.clip(depth, depths.min(axis=1), depths.max(axis=1))  # of a triangle that stands nearly upright
    sign = np.where(down[hit], 1.0, -1.0)  # of the normal, which points from the inner to the outer material
    inner, outer = boundary.inner[triangles[hit]], boundary.outer[triangles[hit]]
    tally.add(inner, depth, i[hit], j[hit], -sign)
    solid = outer != OUTSIDE
    tally.add(outer[solid], depth[solid], i[hit][solid], j[hit][solid], sign[solid])


def _side(points: Array, start: Indices, end: Indices, x: Array, y: Array) -> tuple[NDArray[np.bool_], Array]:
    """Whether lines are to the left of edges, seen with x right and y up, and by how much (twice an area)."""
    turned = start > end  # the same sum for both triangles at the edge
    a, b = np.where(turned, end, start), np.where(turned, start, end)
    dx, dy = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1]
    amount = dx * (y - points[a, 1]) - dy * (x - points[a, 0])
    left = (amount > 0.0) | ((amount == 0.0) & ((dy < 0.0) | ((dy == 0.0) & (dx > 0.0))))
    return left ^ turned, np.where(turned, -amount, amount)
