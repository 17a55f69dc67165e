"""The block of skin that 3-D scenes stand in: its layers as translucent sides, its channels, names and rulers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnrd.output.picture import HALF, INK, round_step
from mnrd.pictures import frame, solid
from mnrd.pictures.colours import Scale
from mnrd.pictures.cut import Cut
from mnrd.pictures.surface import Array, Single, at_nodes, interpolated, isosurface
from mnrd.pictures.view import Camera
from mnrd.results.snapshot import Snapshot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

TISSUES = ("#d9c08f", "#e3a39b", "#d98078", "#c8686a", "#ecd48a", "#a8b4c8")
"""Tints of layers from the top down; they only tell layers apart, numbers are told by the colour map."""


class Skin:
    """What all 3-D scenes need of a snapshot: materials and channels at and behind the cut.

    Parameters
    ----------
    cut : Cut
    snapshot : Snapshot
    filled : bool
        Channels are outlines on the sides and not openings in them.
    """

    def __init__(self, cut: Cut, snapshot: Snapshot, *, filled: bool = False) -> None:
        self.cut, self.filled = cut, filled
        self.edges = snapshot.mesh.z, snapshot.mesh.y, snapshot.mesh.x
        self.materials = snapshot.materials
        self.channel = cut.behind(cut.nodes(snapshot.channel))
        self.material = _layers_alone(snapshot.material[: cut.levels - 1], snapshot.channel[: cut.levels - 1])

    @property
    def y(self) -> Array:
        """Places of nodes along y, from the cut on, um."""
        return self.cut.y[self.cut.row :]

    def side(self, name: str) -> tuple[NDArray[np.uint8], tuple[Array, Array, Array], Single]:
        """Layers of the cells of a side (v, u), places (x, y, depth) of its nodes (um), and channel there."""
        cut, y = self.cut, self.y
        columns, rows = _between(cut.columns), _between(cut.rows)[cut.row :]
        if name == "top":
            x, across = np.meshgrid(cut.x, y)
            return self.material[0, rows][:, columns], (x, across, np.zeros_like(x)), self.channel[0]
        if name == "right":
            across, z = np.meshgrid(y, cut.z)
            place = (np.full_like(z, cut.x[-1]), across, z)
            return self.material[:, rows][:, :, columns[-1]], place, self.channel[:, :, -1]
        x, z = np.meshgrid(cut.x, cut.z)
        return self.material[:, rows[0]][:, columns], (x, np.full_like(x, y[0]), z), self.channel[:, 0]

    def opening(self, axes: Axes, across: Array, up: Array, channel: Single) -> Path | None:
        """Outline of what is there of a side, as of `without_channels`."""
        return solid.without_channels(axes, across, up, channel * float(not self.filled))


def _between(nodes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the cells between nodes of these numbers."""
    return np.minimum(nodes[1:], nodes[:-1])


def _layers_alone(material: NDArray[np.uint8], channel: Single) -> NDArray[np.uint8]:
    """Materials with every channel filled by what most of its depth is made of."""
    layers = material.copy()
    for plane, share in zip(layers, channel, strict=True):
        inside = share > HALF
        if inside.any() and not inside.all():
            plane[inside] = np.bincount(plane[~inside]).argmax()
    return layers


def fit_block(axes: Axes, skin: Skin, camera: Camera) -> float:
    """Show the block with room for names and rulers; um per point."""
    x, y, z = skin.cut.x[[0, -1]], skin.y[[0, -1]], skin.cut.z[[0, -1]]
    across, up = camera.project(*(corner.ravel() for corner in np.meshgrid(x, y, z)))
    names = [skin.materials[number] for number in np.unique(skin.side("right")[0])]
    return frame.fit(
        axes, (across.min(), across.max()), (up.min(), up.max()), left=44.0, right=frame.width_of(names), bottom=22.0
    )


def paint_glass(axes: Axes, skin: Skin, camera: Camera, sides: Sequence[str], veil: float) -> None:
    """The translucent sides of the block over what is inside, and all its edges.

    Parameters
    ----------
    axes : Axes
    skin : Skin
    camera : Camera
    sides : sequence of str
        Which sides are drawn: ``front`` (the cut), ``right`` (at high x), ``top``.
    veil : float
        Their opacity.
    """
    from matplotlib.colors import to_rgba

    cut, y = skin.cut, skin.y
    x0, x1, y0, y1, base = cut.x[0], cut.x[-1], y[0], y[-1], cut.z[-1]
    for points in ([(x0, y0, base), (x0, y1, base), (x1, y1, base)], [(x0, y1, base), (x0, y1, 0.0)]):
        solid.edge(axes, camera, points, width=0.5, order=0.5, colour="#8c8c96")
    for side in sides:
        material, places, channel = skin.side(side)
        across, up = camera.project(*places)
        opening = skin.opening(axes, across, up, channel)
        for number in np.unique(material):
            colour = to_rgba(TISSUES[number % len(TISSUES)], veil)
            solid.paint_tint(axes, across, up, at_nodes(material == number), colour, opening, order=2.0)
        solid.line_between(axes, across, up, channel, width=1.0, colour=INK, order=4.0)
        solid.layer_lines(axes, across, up, material, channel, order=2.5)
    rim, base_rim = ([(x0, y0, z), (x0, y1, z), (x1, y1, z), (x1, y0, z)] for z in (0.0, base))
    front = [(x0, y0, 0.0), (x0, y0, base), (x1, y0, base), (x1, y0, 0.0)]
    for points in (rim, base_rim[2:], [base_rim[2], rim[2]], front):
        solid.edge(axes, camera, points, width=0.9, order=4.0)
    across, up = camera.project(cut.x, y0, 0.0)
    mouths = np.where((skin.channel[0, 0] > HALF) & (not skin.filled), np.nan, across)  # nothing is between the walls
    axes.plot(mouths, up, color=INK, linewidth=0.9, zorder=4.0)


def paint_channels(axes: Axes, skin: Skin, camera: Camera, values: Single, scale: Scale) -> None:
    """The walls of the channels at and behind the cut, coloured by what is at them."""
    cut = skin.cut
    level = min(HALF, 0.5 * float(skin.channel.max()))  # of channels thinner than a cell too
    if level <= 0.0:
        return
    walls = isosurface(cut.x, skin.y, cut.z, skin.channel, level)
    colours = scale.rgba(interpolated(cut.x, skin.y, cut.z, values, walls.points))
    solid.paint_surface(axes, camera, walls, solid.lit(colours, walls.normals, camera), order=1.0)


def name_layers(axes: Axes, skin: Skin, camera: Camera, point: float) -> None:
    """Names beside the far right edge."""
    edge, z = skin.side("right")[0][:, -1], skin.cut.z
    shown = list(dict.fromkeys(int(number) for number in edge))
    middles = [0.5 * (z[:-1][edge == number].min() + z[1:][edge == number].max()) for number in shown]
    right, heights = camera.project(skin.cut.x[-1], skin.y[-1], np.array(middles))
    frame.names_beside(axes, float(right), list(heights), [skin.materials[number] for number in shown], point)


def rule(axes: Axes, cut: Cut, camera: Camera, point: float) -> None:
    """A ruler for the depth below the skin surface at the left edge of the cut, and its width below."""
    x0, x1, y, base = cut.x[0], cut.x[-1], cut.y[cut.row], cut.z[-1]
    deep = base - cut.surface
    step = round_step(max(deep / 5.0, 14.0 * point / np.cos(np.radians(camera.elevation))))
    for tick in np.arange(0.0, deep * (1.0 + 1e-9), step):
        at, height = camera.project(x0, y, cut.surface + tick)
        axes.plot([at - 5.0 * point, at], [height, height], color=INK, linewidth=0.7)
        text = f"{tick:g}" if tick else "0 µm"
        axes.text(at - 7.0 * point, height, text, color=INK, fontsize=frame.SMALL, ha="right", va="center")
    (a0, u0), (a1, u1) = camera.project(x0, y, base), camera.project(x1, y, base)
    axes.text(
        0.5 * (a0 + a1), 0.5 * (u0 + u1) - 6.0 * point, f"{float(f'{x1 - x0:.3g}'):g} µm", color=INK,
        fontsize=frame.SMALL, ha="center", va="top", rotation=float(np.degrees(np.arctan2(u1 - u0, a1 - a0))),
    )  # fmt: skip
