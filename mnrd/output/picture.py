"""overview.png: the skin cut open along a channel, coloured by the concentration.

The block is seen in parallel projection, so every face is a flat figure with sheared axes and matplotlib can
draw it. That needs neither a display nor OpenGL, without whose libraries VTK does not raise but crashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, cos, degrees, log10, radians, sin, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.block import (
    Block,
    Face,
    block_of,
    cropped,
    cut_at,
    interesting_depth,
    reflected,
    visible_faces,
)
from mnrd.output.directory import replacing
from mnrd.output.labels import duration, labelled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

COLOURS = "magma_r"  # perceptually uniform; nothing is pale, so the skin is light where no drug is
INK = "#2b2b33"
HALF = 0.499  # a node on an interface has exactly one half
ELEVATION = radians(27.0)


class PictureError(RuntimeError):
    """The picture could not be drawn; nothing else is wrong."""


def overview(
    mesh: Mesh,
    painting: Painting,
    concentration: Array,
    path: Path,
    *,
    name: str,
    unit: str,
    time: float,
    channels: Sequence[str] = ("channel",),
    mirrored: bool = False,
    depth: float | None = None,
) -> None:
    """Draw the skin with its front quarter taken out along a channel.

    Parameters
    ----------
    mesh : Mesh
    painting : Painting
    concentration : (nz, ny, nx) array
    path : Path
        Ends in ``.png`` (or ``.pdf``, ``.svg``); written in one go.
    name, unit : str
        Of the concentration, for title and colour bar.
    time : float
        s, for the title.
    channels : sequence of str
        Materials that are channels; they are outlined in white.
    mirrored : bool
        Show a quarter cell as a full one, by reflection at the low sides in x and y.
    depth : float, optional
        Depth (um) down to which the skin is drawn; if not given, so that the channels fill half of it.

    Raises
    ------
    PictureError
        If it could not be drawn, with the reason.
    OSError
        If the file cannot be written.
    """
    try:
        block = block_of(mesh, painting, np.asarray(concentration, dtype=np.float64), channels)
        block = cropped(block, interesting_depth(block) if depth is None else depth)
        if mirrored:
            block = reflected(reflected(block, "x"), "y")
        title = f"{name.replace('_', ' ')} after {duration(time)}"
        _draw(block, painting.materials, channels, title, labelled(name, unit), path)
    except OSError:  # a full disk ends a run, which can go on when there is room again
        raise
    except Exception as error:  # whatever matplotlib may say: a finished run must end well
        raise PictureError(f"{path}: no picture drawn ({error})") from error


def _draw(
    block: Block, materials: Sequence[str], channels: Sequence[str], title: str, quantity: str, path: Path
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 6.4), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, color=INK, fontsize=15, pad=10, parse_math=False)  # a $ that people write is one
    cut = cut_at(block)
    faces = visible_faces(block, *cut)
    highest = max(float(face.concentration.max()) for face in faces)
    for face in faces:
        shown = _paint_face(axes, face, highest if highest > 0.0 else 1.0)
        _outline(axes, face, [m not in channels for m in materials])
    _edges(axes, block, *cut)
    _name_layers(axes, block, materials, channels)
    _rule_depth(axes, block)
    _rule_widths(axes, block)
    bar = figure.colorbar(shown, ax=axes, orientation="horizontal", shrink=0.5, aspect=32, pad=0.02)
    bar.set_label(quantity, color=INK, fontsize=11, parse_math=False)
    bar.outline.set_edgecolor(INK)
    bar.ax.tick_params(colors=INK)
    with replacing(path) as part:
        figure.savefig(part, dpi=200, bbox_inches="tight", pad_inches=0.15)


def projected(x: Any, y: Any, z: Any) -> tuple[Any, Any]:
    """Place in the picture (um) of points seen from the front right (+x, -y) and above; z is the depth."""
    return (x + y) / sqrt(2.0), (y - x) / sqrt(2.0) * sin(ELEVATION) - z * cos(ELEVATION)


def _on_face(face: Face, u: Array, v: Array) -> tuple[Any, Any]:
    """Place in the picture of points (u, v) of a face."""
    place: dict[str, tuple[Any, Any, Any]] = {
        "x": (face.at, u, v),
        "y": (u, face.at, v),
        "z": (u, v, face.at),
    }
    return projected(*place[face.across])


def _at_nodes(cells: Array) -> Array:
    """Means at the nodes of values in the cells around them."""
    padded = np.pad(cells, 1, mode="edge")
    return 0.25 * (padded[1:, 1:] + padded[1:, :-1] + padded[:-1, 1:] + padded[:-1, :-1])


def _paint_face(axes: Axes, face: Face, highest: float) -> Any:
    """Colour one face by its concentration; returns what a colour bar needs."""
    across, up = _on_face(face, *np.meshgrid(face.u, face.v))
    values = _at_nodes(face.concentration)
    return axes.pcolormesh(across, up, values, shading="gouraud", cmap=COLOURS, vmin=0.0, vmax=highest, rasterized=True)


def _outline(axes: Axes, face: Face, is_layer: Sequence[bool]) -> None:
    """Lines between layers outside of the channels, and around the channels."""
    across, up = _on_face(face, *np.meshgrid(face.u, face.v))
    channel = _at_nodes(face.channel)
    for fraction in face.fractions[np.array(is_layer)] / 255.0:
        share = _at_nodes(fraction / np.maximum(1.0 - face.channel, 1e-3))
        _contour(axes, across, up, np.ma.masked_where(channel > HALF, share), INK, 0.6)
    _contour(axes, across, up, channel, INK, 2.4)
    _contour(axes, across, up, channel, "white", 1.4)


def _contour(axes: Axes, across: Array, up: Array, share: Array, colour: str, width: float) -> None:
    if share.min() < HALF < share.max():
        axes.contour(across, up, share, levels=[HALF], colors=colour, linewidths=width)


def _edges(axes: Axes, block: Block, column: int, row: int) -> None:
    """The edges of the block: the rim of the surface, and down its front corners to the base."""
    x, y, base = block.x[[0, column, -1]], block.y[[0, row, -1]], block.z[-1]
    front_x, front_y = x[[0, 1, 1, 2, 2]], y[[0, 0, 1, 1, 2]]
    lines = [
        projected(np.append(front_x, x[[0, 0]]), np.append(front_y, y[[2, 0]]), 0.0),
        projected(front_x, front_y, base),
        *(
            projected(np.full(2, a), np.full(2, b), np.array([0.0, base]))
            for a, b in zip(front_x, front_y, strict=True)
        ),
    ]
    for across, up in lines:
        axes.plot(across, up, color=INK, linewidth=0.9, solid_joinstyle="round", solid_capstyle="round")


def _name_layers(axes: Axes, block: Block, materials: Sequence[str], channels: Sequence[str]) -> None:
    """Names at the right edge, moved apart where layers are thin."""
    edge = block.fractions[:, :, -1, -1].argmax(axis=0)
    shown = [number for number in dict.fromkeys(edge) if materials[number] not in channels]
    middles = [0.5 * (block.z[:-1][edge == n].min() + block.z[1:][edge == n].max()) for n in shown]
    right, down = projected(block.x[-1], block.y[-1], np.array(middles))
    left, top = projected(block.x[[0, 0]], block.y[[0, -1]], 0.0)
    bottom = projected(block.x[-1], block.y[0], block.z[-1])[1]
    gap = 0.035 * max(right - left[0], 1.3 * (top[1] - bottom))  # as large in the figure for a tall block
    heights = [float(height) for height in down]
    for above, below in pairwise(range(len(heights))):
        heights[below] = min(heights[below], heights[above] - 1.3 * gap)
    for number, at, height in zip(shown, down, heights, strict=True):
        axes.plot([right, right + gap, right + 2 * gap], [at, height, height], color=INK, linewidth=0.7)
        axes.text(right + 2.3 * gap, height, materials[number], color=INK, fontsize=10.5, va="center", parse_math=False)


def _rule_depth(axes: Axes, block: Block) -> None:
    """A ruler for the depth along the left edge."""
    step = round_step(max(float(block.z[-1]) / 4.0, float(np.ptp(block.x) + np.ptp(block.y)) / 30.0))
    for tick in np.arange(0.0, block.z[-1] * (1.0 + 1e-9), step):
        left, height = projected(block.x[0], block.y[0], tick)
        axes.annotate(
            f"{tick:g}" if tick else "0 µm", (left, height), (-6, 0), textcoords="offset points",
            color=INK, fontsize=9.5, ha="right", va="center",
            arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.7},
        )  # fmt: skip


def _rule_widths(axes: Axes, block: Block) -> None:
    """Both widths along the back edges of the surface."""
    corner = (block.x[0], block.y[-1])
    for end in ((block.x[0], block.y[0]), (block.x[-1], block.y[-1])):
        (x0, y0), (x1, y1) = sorted([projected(*corner, 0.0), projected(*end, 0.0)])
        width = abs(corner[0] - end[0]) + abs(corner[1] - end[1])
        axes.annotate(
            f"{float(f'{width:.4g}'):g} µm", (0.5 * (x0 + x1), 0.5 * (y0 + y1)), (0, 7), textcoords="offset points",
            rotation=degrees(atan2(y1 - y0, x1 - x0)), color=INK, fontsize=9.5, ha="center", va="center",
        )  # fmt: skip


def round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, ... that is at least `least`."""
    power = 10.0 ** int(np.floor(log10(least)))
    return float(next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * 0.999))
