"""The skin block of the overview picture: cropped, mirrored, its front quarter taken out along a channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Block:
    """The part of the skin that is drawn.

    Parameters
    ----------
    x, y, z : array
        Edges, um; z downwards.
    concentration : (nz, ny, nx) array
    fractions : (materials, nz, ny, nx) uint8 array
        In units of 1/255.
    channel : (nz, ny, nx) array
        Volume fraction of all channels.
    """

    x: Array
    y: Array
    z: Array
    concentration: Array
    fractions: NDArray[np.uint8]
    channel: Array


@dataclass(frozen=True)
class Face:
    """A rectangle of the block that is seen: a slice across one axis, with edges u and v along the other two.

    For faces across x and y, v is the depth; across z, u is x and v is y. The arrays are (v, u), `fractions`
    is (materials, v, u).
    """

    across: Literal["x", "y", "z"]
    at: float
    u: Array
    v: Array
    concentration: Array
    fractions: NDArray[np.uint8]
    channel: Array


def block_of(mesh: Mesh, painting: Painting, concentration: Array, channels: Sequence[str]) -> Block:
    """The whole mesh as a block."""
    shape = concentration.shape
    channel = sum((painting.fraction(m) for m in painting.materials if m in channels), start=np.zeros(shape))
    return Block(mesh.x, mesh.y, mesh.z, concentration, painting.fractions, channel)


def interesting_depth(block: Block) -> float:
    """Depth (um) that shows the first layers and all channels: twice theirs, at least half the width."""
    reached = (block.channel > 0.0).any(axis=(1, 2))
    channels = block.z[1:][reached].max(initial=0.0)
    width = max(block.x[-1] - block.x[0], block.y[-1] - block.y[0])
    return float(max(2.0 * channels, 0.5 * width))


def cropped(block: Block, depth: float) -> Block:
    """The block down to the first edge at or below `depth`."""
    rows = int(np.clip(np.searchsorted(block.z, depth), 1, block.z.size - 1))
    return replace(
        block,
        z=block.z[: rows + 1],
        concentration=block.concentration[:rows],
        fractions=block.fractions[:, :rows],
        channel=block.channel[:rows],
    )


def reflected(block: Block, axis: Literal["x", "y"]) -> Block:
    """The block together with its mirror image on the other side of the first edge of `axis`."""
    edges: Array = getattr(block, axis)
    along = {"y": -2, "x": -1}[axis]

    def both(array: NDArray) -> NDArray:
        return np.concatenate((np.flip(array, along), array), along)

    return replace(
        block,
        **{axis: np.concatenate((2.0 * edges[0] - edges[:0:-1], edges))},
        concentration=both(block.concentration),
        fractions=both(block.fractions),
        channel=both(block.channel),
    )


def cut_at(block: Block) -> tuple[int, int]:
    """Indices (x, y) of the edges nearest to the axis of the channel that is nearest to the middle."""
    return axis_of_channel(block.x, block.y, np.tensordot(np.diff(block.z), block.channel, axes=1))


def axis_of_channel(x: Array, y: Array, length: NDArray) -> tuple[int, int]:
    """Indices of the edges along x and y nearest to the axis of the channel that is nearest to the middle.

    Parameters
    ----------
    x, y : array
        Edges, um.
    length : (ny, nx) array
        How much channel is in each column of cells, um.
    """
    middle = 0.5 * (x[0] + x[-1]), 0.5 * (y[0] + y[-1])
    if length.max() == 0.0:
        return _nearest(x, middle[0]), _nearest(y, middle[1])
    axes = [
        (_on_axis(x, columns), _on_axis(y, rows))
        for rows, columns in _bodies(length > 0.9 * length.max())  # the columns around the axes of the deepest
    ]
    return min(axes, key=lambda axis: float(np.hypot(x[axis[0]] - middle[0], y[axis[1]] - middle[1])))


def _bodies(inside: NDArray[np.bool_]) -> Iterator[tuple[list[int], list[int]]]:
    """Rows and columns of the cells of each connected body, from the first row on."""
    left = dict.fromkeys(zip(*(places.tolist() for places in np.nonzero(inside)), strict=True))
    while left:
        body = [next(iter(left))]
        del left[body[0]]
        for row, column in body:  # which grows meanwhile
            for near in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
                if near in left:
                    del left[near]
                    body.append(near)
        yield [row for row, _ in body], [column for _, column in body]


def _nearest(edges: Array, place: float) -> int:
    return int(np.abs(edges - place).argmin())


def _on_axis(edges: Array, cells: Sequence[int]) -> int:
    """Edge in the middle of the cells; if they touch one side only, the axis lies on that side (a mirror)."""
    first, last = min(cells), max(cells)
    if (first == 0) != (last == edges.size - 2):
        return 0 if first == 0 else edges.size - 1
    return _nearest(edges, 0.5 * (edges[first] + edges[last + 1]))


def visible_faces(block: Block, column: int, row: int) -> list[Face]:
    """The rectangles seen from the front right (+x, -y) and above when the front right quarter is gone.

    That quarter is the cells from edge `column` on in x and before edge `row` in y. Farther faces come first.
    """
    x, y, z = block.x, block.y, block.z
    low, high = slice(None, row), slice(row, None)
    left, right = slice(None, column), slice(column, None)
    every = slice(None)

    def face(across: Literal["x", "y", "z"], at: float, u: Array, v: Array, *cells: int | slice) -> Face:
        return Face(
            across,
            float(at),
            u,
            v,
            block.concentration[cells],
            block.fractions[:, *cells],
            block.channel[cells],
        )

    faces = [
        face("z", z[0], x, y[row:], 0, high, every),
        face("z", z[0], x[: column + 1], y[: row + 1], 0, low, left),
        face("x", x[column], y[: row + 1], z, every, low, column - 1),
        face("y", y[row], x[column:], z, every, row if row < y.size - 1 else -1, right),
        face("x", x[-1], y[row:], z, every, high, -1),
        face("y", y[0], x[: column + 1], z, every, 0, left),
    ]
    return [face for face in faces if face.u.size > 1 and face.v.size > 1]
