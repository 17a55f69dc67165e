"""What part of the mesh is shown: down to an interesting depth, quarter cells mirrored, cut along a row of needles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnrd.output.block import axis_of_channel
from mnrd.pictures.surface import Single, at_nodes
from mnrd.pictures.view import View
from mnrd.results.run import Run
from mnrd.results.snapshot import Snapshot

Array = NDArray[np.float64]

DEPTH = 2.5
"""How deep the skin is shown, in depths of the channels, if that is not much more than its width."""
SLIVER = 0.12
"""Part of the depth by which it is changed to end at a layer."""
ASIDE = 1.25
"""How far it is shown beside the needle of a quarter cell, in depths that are shown."""


@dataclass(frozen=True)
class Cut:
    """The nodes of the mesh that are shown, those of mirror images among them.

    Parameters
    ----------
    x, y, z : array
        Places of nodes, um; z is the depth.
    columns, rows : int array
        Which nodes of the mesh they are along x and y.
    column, row : int
        Number of the shown node on the axis of the channel nearest to the middle; the cut goes through `row`, which
        is never the last one.
    depth : float
        um; of the deepest channel below the skin surface, 0 without channels.
    surface : float
        um; where the skin begins along z: below a vehicle that is meshed.
    """

    x: Array
    y: Array
    z: Array
    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    column: int
    row: int
    depth: float
    surface: float = 0.0

    @property
    def levels(self) -> int:
        """Number of nodes along the depth."""
        return self.z.size

    @property
    def cells(self) -> tuple[slice, slice, slice]:
        """Which cells of the mesh are shown, along (z, y, x)."""
        rows, columns = (slice(int(nodes.min()), int(nodes.max())) for nodes in (self.rows, self.columns))
        return slice(self.levels - 1), rows, columns

    def nodes(self, cells: NDArray, edges: Sequence[Array] | None = None) -> Single:
        """Values of cells of the mesh at its nodes down to the depth that is shown; see `at_nodes`."""
        down = min(self.levels, cells.shape[0])  # one cell more than is shown, for the nodes at the base
        part = None if edges is None else (edges[0][: down + 1], *edges[1:])
        return at_nodes(cells[:down], part)[: self.levels]

    def behind(self, nodes: Single) -> Single:
        """Values at the nodes that are shown at and behind the cut, (levels, y.size - row, x.size)."""
        return nodes[:, self.rows[self.row :]][:, :, self.columns]


def cut_of(run: Run, snapshot: Snapshot, view: View) -> Cut:
    """What is shown of a snapshot: the whole array, or the surroundings of the needle of a quarter cell."""
    mesh, channel = snapshot.mesh, snapshot.channel
    reached = channel.max(axis=(1, 2)) > 0.0
    deepest = float(mesh.z[1:][reached].max(initial=0.0))
    length = np.tensordot(mesh.hz, channel, axes=1)  # of channel in each column
    x, y, columns, rows = mesh.x, mesh.y, np.arange(mesh.x.size), np.arange(mesh.y.size)
    if run.mirrored:
        x, columns = _mirrored(x, columns, view.repeat)
        y, rows = _mirrored(y, rows, view.repeat)
        length = np.tile(np.block([[length[::-1, ::-1], length[::-1]], [length[:, ::-1], length]]), (view.repeat,) * 2)
    column, row = axis_of_channel(x, y, length)
    width = float(max(np.ptp(x), np.ptp(y)))
    surface = run.case.surface
    depth = (
        surface + view.depth if view.depth else _interesting(deepest, width, alone=run.mirrored and view.repeat == 1)
    )
    if view.depth is None:
        depth = at_border(depth, mesh.z, snapshot.material[:, -1, -1])
    levels = max(int(np.abs(mesh.z - depth).argmin()), 1) + 1
    if run.mirrored and deepest and view.repeat == 1:
        near = ASIDE * max(depth, mesh.z[levels - 1])
        kept, x = _within(x, column, near)
        columns, column = columns[kept], column - kept.start
        kept, y = _within(y, row, near)
        rows, row = rows[kept], row - kept.start
    if row == y.size - 1:  # both sides of the mesh are alike: mirrors, or one behind the other
        row = 0
    return Cut(x, y, mesh.z[:levels], columns, rows, column, row, max(deepest - surface, 0.0), surface)


def _interesting(deepest: float, width: float, *, alone: bool) -> float:
    """Depth (um) that shows channels and what they do, without a tall block of nothing below them."""
    if not deepest:
        return width
    depth = min(DEPTH * deepest, max(1.5 * deepest, 0.9 * width))
    return depth if alone else max(depth, 0.35 * width)


def at_border(depth: float, z: Array, layers: NDArray[np.uint8]) -> float:
    """The depth of the nearest border between layers, if it is that close: no sliver of a layer at the base."""
    borders = z[1:-1][np.diff(layers) != 0]
    near = borders[np.abs(borders - depth) < SLIVER * depth]
    return float(near[np.abs(near - depth).argmin()]) if near.size else depth


def _within(places: Array, middle: int, near: float) -> tuple[slice, Array]:
    """The places not farther than `near` from the middle one, at least its neighbours."""
    found = np.flatnonzero(np.abs(places - places[middle]) <= near * (1.0 + 1e-9))
    kept = slice(max(min(found[0], middle - 1), 0), max(found[-1], middle + 1) + 1)
    return kept, places[kept]


def _mirrored(edges: Array, numbers: NDArray[np.intp], repeat: int) -> tuple[Array, NDArray[np.intp]]:
    """Edges and their numbers, with their image at the other side of the first, as often as asked."""
    both = np.concatenate((2.0 * edges[0] - edges[:0:-1], edges))
    which = np.concatenate((numbers[:0:-1], numbers))
    length = both[-1] - both[0]
    places = [both[:1], *(both[1:] + number * length for number in range(repeat))]
    return np.concatenate(places), np.concatenate((which[:1], *[which[1:]] * repeat))
