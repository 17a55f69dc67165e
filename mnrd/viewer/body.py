"""The part of the skin that is shown: its values at nodes, the faces of what a plane leaves of it, and its channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnrd.pictures.cut import Cut
from mnrd.pictures.skin import Skin
from mnrd.pictures.surface import Array, Single, Surface, interpolated, isosurface
from mnrd.results.snapshot import Snapshot

Axis = Literal["x", "y", "z"]

MOST = 240
"""Nodes along each axis that are shown at most: so much of a face goes through a tunnel in a second."""
LEVEL = 0.5
"""Share of channel at its walls."""


@dataclass(frozen=True)
class Face:
    """A rectangle of nodes.

    Parameters
    ----------
    points : (v, u, 3) array
        x, y and depth, um.
    outward : (3,) array
        Unit vector.
    values, channel : (v, u) array
        At the nodes.
    layers : (v - 1, u - 1) array
        Numbers of the materials between the nodes, channels filled.
    """

    points: Array
    outward: Array
    values: Single
    channel: Single
    layers: NDArray[np.uint8]


@dataclass(frozen=True)
class Body:
    """Skin on the nodes that are shown; arrays are (z, y, x).

    Parameters
    ----------
    x, y, z : array
        Places of nodes, um; z is the depth.
    values, channel : array
        The quantity and the share of channel at the nodes.
    layers : array
        Numbers of the materials between the nodes, channels filled.
    """

    x: Array
    y: Array
    z: Array
    values: Single
    channel: Single
    layers: NDArray[np.uint8]

    def behind(self, axis: Axis, number: int) -> Body:
        """What is behind the plane through a node for a viewer in front, to the right and above."""
        nodes, cells = (slice(None, number + 1), slice(None, number)) if axis == "x" else (slice(number, None),) * 2
        place = "zyx".index(axis)
        at, within = ((*(slice(None),) * place, one) for one in (nodes, cells))
        edges = {name: getattr(self, name) for name in ("x", "y", "z")}
        edges[axis] = edges[axis][nodes]
        return Body(**edges, values=self.values[at], channel=self.channel[at], layers=self.layers[within])

    def face(self, axis: Axis, high: bool) -> Face:
        """The side across an axis, at its upper or lower end."""
        end, place = (-1 if high else 0), "zyx".index(axis)
        grids = dict(zip("zyx", np.meshgrid(self.z, self.y, self.x, indexing="ij", sparse=True), strict=True))
        grids[axis] = grids[axis].take([end], place)
        points = np.stack(np.broadcast_arrays(*(grids[name] for name in "xyz")), axis=-1).squeeze(place)
        outward = np.zeros(3)
        outward["xyz".index(axis)] = 1.0 if high else -1.0
        at: tuple[Any, ...] = (*(slice(None),) * place, end)
        return Face(points, outward, self.values[at], self.channel[at], self.layers[at])

    def walls(self) -> tuple[Surface, Array]:
        """The walls of the channels, and the values at their points."""
        level = min(LEVEL, 0.5 * float(self.channel.max()))  # of channels thinner than a cell too
        if level <= 0.0:
            return Surface(np.empty((0, 3)), np.empty((0, 3), np.int64), np.empty((0, 3))), np.empty(0)
        surface = isosurface(self.x, self.y, self.z, self.channel, level)
        return surface, interpolated(self.x, self.y, self.z, self.values, surface.points)

    def middles(self) -> list[tuple[int, float]]:
        """Numbers of the layers at the far right edge from the top down, and the middle of each, um."""
        edge = self.layers[:, -1, -1]
        shown = dict.fromkeys(int(number) for number in edge)
        return [
            (number, float(0.5 * (self.z[:-1][edge == number].min() + self.z[1:][edge == number].max())))
            for number in shown
        ]


@dataclass(frozen=True)
class Grid:
    """Which nodes of a run are shown.

    Parameters
    ----------
    cut : Cut
        What pictures of the run show.
    columns, rows, levels : int array
        Numbers of the nodes of the cut along x, y and the depth.
    """

    cut: Cut
    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    levels: NDArray[np.intp]

    def body(self, snapshot: Snapshot, quantity: str) -> Body:
        """The skin at one time with the values of a quantity."""
        cut = self.cut
        columns, rows = cut.columns[self.columns], cut.rows[self.rows]
        nodes = np.ix_(self.levels, rows, columns)
        cells = np.ix_(self.levels[:-1], np.minimum(rows[1:], rows[:-1]), np.minimum(columns[1:], columns[:-1]))
        values = cut.nodes(snapshot.values(quantity), (snapshot.mesh.z, snapshot.mesh.y, snapshot.mesh.x))
        return Body(
            cut.x[self.columns], cut.y[self.rows], cut.z[self.levels],
            values[nodes], cut.nodes(snapshot.channel)[nodes], Skin(cut, snapshot).material[cells],
        )  # fmt: skip

    @property
    def every(self) -> int:
        """One node of so many is shown along the axis that has the most."""
        return max(int(np.diff(numbers).max()) for numbers in (self.columns, self.rows, self.levels))

    def places(self, axis: Axis) -> Array:
        """Places of the nodes along an axis, um."""
        return {"x": self.cut.x[self.columns], "y": self.cut.y[self.rows], "z": self.cut.z[self.levels]}[axis]

    def planes(self, axis: Axis) -> tuple[int, int]:
        """Numbers of the first and the last node at which a plane leaves something behind it."""
        return (1, self.columns.size - 1) if axis == "x" else (0, self.places(axis).size - 2)

    def first(self, axis: Axis) -> int:
        """Number of the node at which the skin is cut first: on the axis of a channel, or at a third of its depth."""
        cut = self.cut
        wanted = {"x": cut.x[cut.column], "y": cut.y[cut.row], "z": cut.surface + cut.depth / 3.0}[axis]
        return int(np.clip(np.abs(self.places(axis) - wanted).argmin(), *self.planes(axis)))


def grid_of(cut: Cut) -> Grid:
    """As many nodes of a cut as can be shown, evenly chosen."""
    return Grid(cut, *(_thinned(count) for count in (cut.x.size, cut.y.size, cut.levels)))


def _thinned(count: int) -> NDArray[np.intp]:
    """Numbers of at most `MOST` nodes of so many; the first and the last are among them."""
    every = -(-(count - 1) // (MOST - 2))
    return np.unique(np.append(np.arange(0, count, every), count - 1))
