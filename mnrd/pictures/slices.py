"""Two slices through the skin, x-z through a row of needles and x-y at a depth, with contour lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnrd.output.picture import HALF, INK, round_step
from mnrd.pictures import frame, solid
from mnrd.pictures.colours import Scale, scale_of
from mnrd.pictures.contours import draw_contours
from mnrd.pictures.cut import cut_of
from mnrd.pictures.section import Array, Section, section_x_y, section_x_z
from mnrd.pictures.surface import at_nodes
from mnrd.pictures.view import View
from mnrd.results.run import Run
from mnrd.results.snapshot import RunError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Place = tuple[float, float, float, float]

LEFT, RIGHT, ABOVE, BELOW = 46.0, 10.0, 20.0, 30.0
"""Room around a slice, points: for the ruler of the depth, at the right, for the caption, for the scale bar."""
BELOW_CHANNEL = 1.4
"""Depth that is shown at least, by that of the deepest channel."""


def paint(figure: Figure, place: Place, run: Run, view: View) -> None:
    """Draw both slices into a part of a figure, on one scale of lengths and of colours.

    Raises
    ------
    RunError
        When the run lacks the quantity or the time, or its mesh ends above `view.level`.
    """
    scale, snapshot = scale_of(run, view), run.snapshot(view.time)
    cut = cut_of(run, snapshot, view)
    base = float(snapshot.mesh.z[-1]) - cut.surface
    depth = min(view.depth or max(float(np.ptp(cut.y)), BELOW_CHANNEL * cut.depth), base)
    level = view.level if view.level is not None else float(f"{cut.depth / 3.0 or 0.25 * depth:.2g}")
    if level > base:
        raise RunError(f"level: got {level:g} um, must be at most {base:g} um, where the mesh ends")
    upright = section_x_z(snapshot, cut, scale.quantity.name, cut.surface + depth)
    flat = section_x_y(snapshot, cut, scale.quantity.name, cut.surface + level)
    heights, names = layers_beside(upright, snapshot.materials)
    room = frame.width_of(names)
    first, second = _places(figure, place, upright, flat, room)
    axes = frame.panel(figure, first)
    point = frame.fit(axes, _range(upright.u), _range(-upright.v), left=LEFT, right=room, top=ABOVE, bottom=BELOW)
    paint_section(axes, upright, -1.0, scale, point)
    _caption(axes, upright, 0.0, f"x-z {_through(run, upright)}", point)
    _ruler(axes, upright, cut.surface, point)
    frame.names_beside(axes, float(upright.u[-1]), heights, names, point)
    _mark(axes, upright, -cut.surface - level, point)
    axes = frame.panel(figure, second)
    point = frame.fit(axes, _range(flat.u), _range(flat.v), left=RIGHT, right=RIGHT, top=ABOVE, bottom=BELOW)
    paint_section(axes, flat, 1.0, scale, point)
    _caption(axes, flat, float(flat.v[-1]), f"x-y at a depth of {_rounded(level)} µm", point)
    _mark(axes, flat, upright.at, point)


def _through(run: Run, upright: Section) -> str:
    """What the slice x-z goes through."""
    if run.case.healing is not None and run.case.healing.wound is not None:
        return "through the wound"
    return "through a row of needles" if run.case.array is not None else f"at y = {_rounded(upright.at)} µm"


def _rounded(length: float) -> str:
    """A length to three digits."""
    return f"{float(f'{length:.3g}'):g}"


def _range(edges: Array) -> tuple[float, float]:
    return float(edges.min()), float(edges.max())


def _places(figure: Figure, place: Place, upright: Section, flat: Section, names: float) -> tuple[Place, Place]:
    """Parts of a figure for both slices on one scale: beside or above one another, whichever is larger."""
    left, bottom, width, height = place
    inches = figure.get_size_inches()
    wide, high = 72.0 * inches[0] * width, 72.0 * inches[1] * height
    across, deep, long = (float(np.ptp(edges)) for edges in (upright.u, upright.v, flat.v))
    around, over = LEFT + names, ABOVE + BELOW
    beside = max(2.0 * across / (wide - around - 2.0 * RIGHT), max(deep, long) / (high - over))
    above = max(across / (wide - around), (deep + long) / (high - 2.0 * over))
    if beside <= above:
        first = across / beside + around, deep / beside + over
        second = across / beside + 2.0 * RIGHT, long / beside + over
        corners = (0.0, 0.0), (first[0], 0.0)
        used = first[0] + second[0], max(first[1], second[1])
    else:
        first = across / above + around, deep / above + over
        second = across / above + 2.0 * RIGHT, long / above + over
        corners = (0.0, 0.0), (LEFT - RIGHT, first[1])
        used = first[0], first[1] + second[1]

    def part(corner: tuple[float, float], size: tuple[float, float]) -> Place:
        at = 0.5 * (wide - used[0]) + corner[0], 0.5 * (high - used[1]) + corner[1] + size[1]
        return (
            left + width * at[0] / wide, bottom + height * (1.0 - at[1] / high),
            width * size[0] / wide, height * size[1] / high,
        )  # fmt: skip

    return part(corners[0], first), part(corners[1], second)


def paint_section(axes: Axes, section: Section, sign: float, scale: Scale, point: float) -> None:
    """Draw colours, contour lines, borders of layers, outlines of channels and a scale bar of a section.

    Parameters
    ----------
    axes : Axes
        After `frame.fit`.
    section : Section
    sign : float
        1 if the second axis of the section goes up in the picture, -1 if it is a depth.
    scale : Scale
    point : float
        um per point, of `frame.fit`.
    """
    _paint_colours(axes, section, sign, scale, axes.figure.dpi / 72.0 / point)
    draw_contours(axes, section, scale, sign * section.down, point, order=2.0)
    across, up = np.meshgrid(section.u, sign * section.v)
    channel = at_nodes(section.channel)
    solid.layer_lines(axes, across, up, _layers_alone(section), channel, order=3.0)
    solid.line_between(axes, across, up, channel, width=2.4, colour=INK, order=3.1)
    solid.line_between(axes, across, up, channel, width=1.4, colour="white", order=3.2)
    (x0, x1), (y0, y1) = _range(across), _range(up)
    axes.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color=INK, linewidth=0.9, zorder=4.0)
    frame.scale_bar(axes, x0)


def _layers_alone(section: Section) -> NDArray[np.uint8]:
    """Materials with every channel filled by what is beside it, so that borders run up to it undisturbed."""
    layers = section.material.copy()
    for row, share in zip(layers, section.channel, strict=True):
        outside = np.flatnonzero(share <= HALF)
        if outside.size:
            row[:] = row[outside[np.abs(outside - np.arange(row.size)[:, None]).argmin(axis=1)]]
    return layers


def _paint_colours(axes: Axes, section: Section, sign: float, scale: Scale, dots: float) -> None:
    """One colour for each pixel, of the value interpolated there."""
    (u0, u1), (v0, v1) = _range(section.u), _range(section.v)
    columns, rows = (max(2, round(length * dots)) for length in (u1 - u0, v1 - v0))
    u = u0 + (np.arange(columns) + 0.5) * (u1 - u0) / columns
    v = v0 + (np.arange(rows) + 0.5) * (v1 - v0) / rows
    colours = (255.0 * scale.rgba(section.at_places(u, v)) + 0.5).astype(np.uint8)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(
        colours,
        extent=(u0, u1, sign * v1, sign * v0),
        origin="upper",
        interpolation="nearest",
        aspect="auto",
        zorder=1.0,
    )
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def _caption(axes: Axes, section: Section, top: float, text: str, point: float) -> None:
    axes.text(section.u[0], top + 5.0 * point, text, color=INK, fontsize=frame.SMALL, ha="left", va="bottom")


def _ruler(axes: Axes, section: Section, surface: float, point: float) -> None:
    """Depths below the skin surface along the left side."""
    left, base = float(section.u[0]), float(section.v[-1]) - surface
    step = round_step(max(base / 5.0, 14.0 * point))
    for tick in np.arange(0.0, base * (1.0 + 1e-9), step):
        axes.plot([left - 5.0 * point, left], [-surface - tick] * 2, color=INK, linewidth=0.7)
        text = f"{tick:g}" if tick else "0 µm"
        axes.text(left - 7.0 * point, -surface - tick, text, color=INK, fontsize=frame.SMALL, ha="right", va="center")


def _mark(axes: Axes, section: Section, height: float, point: float) -> None:
    """Where the other slice is: a triangle inside of both sides."""
    for side, marker, shift in ((section.u[0], ">", 5.0), (section.u[-1], "<", -5.0)):
        axes.plot(
            [side + shift * point], [height], marker,
            color=INK, markersize=6.0, markeredgecolor="white", markeredgewidth=0.7, zorder=5.0,
        )  # fmt: skip


def layers_beside(upright: Section, materials: tuple[str, ...]) -> tuple[list[float], list[str]]:
    """Heights (um) and names of the layers along the right side of a section x-z, from the top down."""
    edge, z = upright.material[:, -1], upright.v
    shown = list(dict.fromkeys(int(number) for number in edge))
    heights = [-0.5 * float(z[:-1][edge == number].min() + z[1:][edge == number].max()) for number in shown]
    return heights, [materials[number] for number in shown]
