"""Contour lines of a section with their values; each material has its own, for values jump where materials meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnrd.output.picture import HALF, INK
from mnrd.pictures import solid
from mnrd.pictures.colours import Scale
from mnrd.pictures.section import Array, Section
from mnrd.pictures.surface import at_nodes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet

FINER = 3
"""Levels below the lowest tick of the colour bar: most of the skin is far below the channel."""
STEPS = (1.0, 2.0, 5.0, 10.0)
THIN = 14.0
"""Points; in a layer thinner than this lines would cover it."""
ROOM, SHORT = 5.0, 45.0
"""Points around the value of a line, and length of the line; where there is less it is not written."""
TEXT = 7.5
MIXED = 0.02
"""Share of channel, or of tissue in a channel, up to which a cell has the value of its region."""
TRIED, CANDIDATES, OTHERS = 4, 80, 5000
"""Of a level, lines that are tried for its value and points of each; points of other lines that are kept clear of."""


@dataclass(frozen=True)
class Piece:
    """One line of one level: its points (n, 2) in um and the lines that it is of."""

    level: float
    points: Array
    lines: QuadContourSet


def levels(scale: Scale) -> Array:
    """Values of the contour lines, ascending; they depend on the scale alone and are the same in a series.

    On a linear scale ticks about a fifth of it apart, and below the lowest above zero a few of 1, 2, 5, 10, ...; on
    a logarithmic one the powers of ten, and with fewer than two decades 2 and 5 times them. Those at the limits are
    left out.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    between = STEPS[:1] if scale.high > 100.0 * scale.low else STEPS[:3]
    locator = LogLocator(subs=between) if scale.log else MaxNLocator(5, steps=STEPS)
    found = [float(tick) for tick in locator.tick_values(scale.low, scale.high)]
    if not scale.log and scale.low >= 0.0:
        found += _finer(min(tick for tick in found if tick > 0.0))
    room = 1e-9 * (scale.high - scale.low)
    return np.array(sorted(level for level in found if scale.low + room < level < scale.high - room))


def _finer(least: float) -> list[float]:
    """The next smaller round numbers."""
    power = 10.0 ** np.floor(np.log10(least) + 1e-9)
    smaller = [factor * power * 10.0**shift for shift in range(-FINER, 1) for factor in STEPS[:-1]]
    return [float(f"{level:.3g}") for level in smaller if level < least * 0.999][-FINER:]


def draw_contours(axes: Axes, section: Section, scale: Scale, up: Array, point: float, order: float) -> list[Piece]:
    """Draw the lines of `levels`, in ink on pale colours and in white on dark ones.

    Parameters
    ----------
    axes : Axes
    section : Section
    scale : Scale
    up : array
        Where the rows of `section.values` are in the picture, um.
    point : float
        um per point.
    order : float
        zorder.

    Returns
    -------
    list of Piece
        The lines that were drawn.
    """
    drawn: list[Piece] = []
    borders = []
    rising = np.interp(section.v, section.down, up)
    for region in _regions(section, THIN * point):
        outline = solid.without_channels(axes, *np.meshgrid(section.u, rising), 1.0 - at_nodes(region))
        if outline is None:  # one cell wide: no corner is more inside than outside
            continue
        borders.append(np.asarray(outline.vertices))
        values = _filled(section.values, np.pad(_pure(region, section.channel), 1, mode="edge"))
        kept = [level for level in levels(scale) if values.min() < level < values.max()]
        if kept:
            inks = [_ink(colour) for colour in scale.rgba(kept)]
            lines = axes.contour(
                section.across, up, values, levels=kept, colors=inks, linewidths=0.7, zorder=order
            )  # fmt: skip
            lines.set_clip_path(outline, transform=axes.transData)
            drawn += [
                Piece(level, points, lines)
                for level, pieces in zip(kept, lines.allsegs, strict=True)
                for points in pieces
            ]
    _write_levels(drawn, borders, point)
    return drawn


def _ink(colour: Array) -> str:
    """What can be read on a colour."""
    return INK if colour[:3] @ (0.299, 0.587, 0.114) > 0.45 else "white"


def _regions(section: Section, thin: float) -> list[NDArray[np.bool_]]:
    """Where each material is, and where channels are, cell by cell; without what is thin everywhere."""
    channel = section.channel > HALF
    heights = np.diff(section.v)[:, None]
    found = [channel] + [(section.material == number) & ~channel for number in np.unique(section.material)]
    return [region for region in found if region.any() and (region * heights).sum(axis=0).max() > thin]


def _pure(region: NDArray[np.bool_], channel: Array) -> NDArray[np.bool_]:
    """The cells of a region that are all channel or none; in the others values are means over both."""
    pure = region & ((channel < MIXED) | (channel > 1.0 - MIXED))
    return pure if pure.any() else region


def _filled(values: Array, inside: NDArray[np.bool_]) -> np.ma.MaskedArray:
    """Values of a region, with one more place around it that has the value beside it; masked elsewhere."""
    found, known = values.copy(), inside.copy()
    for axis in (0, 1):
        for shift in (1, -1):
            beside = np.roll(inside, shift, axis)
            beside[(slice(None),) * axis + ((0 if shift > 0 else -1),)] = False
            new = beside & ~known
            found[new] = np.roll(values, shift, axis)[new]
            known |= new
    return np.ma.masked_array(found, ~known)


def _write_levels(drawn: list[Piece], borders: list[Array], point: float) -> None:
    """Write each value once, where other lines, borders and other values are farthest."""
    written: list[Array] = []
    for level in sorted({piece.level for piece in drawn}, reverse=True):
        others = np.concatenate([piece.points for piece in drawn if piece.level != level] + borders)
        longest = sorted((piece for piece in drawn if piece.level == level), key=_length)[-TRIED:]
        rooms = [(*_roomiest(piece.points, _thinned(others, OTHERS), written), piece) for piece in longest]
        room, place, piece = max(rooms, key=lambda candidate: candidate[0])
        if room > ROOM * point and _length(piece) > SHORT * point:
            where = [(float(place[0]), float(place[1]))]
            piece.lines.clabel([level], fmt="%g", fontsize=TEXT, inline_spacing=2, manual=where)
            written.append(place)


def _length(piece: Piece) -> float:
    """Length of a line, um."""
    return float(np.hypot(*np.diff(piece.points, axis=0).T).sum())


def _thinned(points: Array, most: int) -> Array:
    """Some of the points, evenly; all if they are not more than twice the most."""
    return points[:: max(len(points) // most, 1)]


def _roomiest(points: Array, others: Array, written: list[Array]) -> tuple[float, Array]:
    """How much room (um) the point of a line has that has most of it, and the point."""
    tried = _thinned(points, CANDIDATES)
    room = _distance(tried, others)
    if written:
        room = np.minimum(room, 0.5 * _distance(tried, np.array(written)))
    best = int(room.argmax())
    return float(room[best]), tried[best]


def _distance(points: Array, others: Array) -> Array:
    """To the nearest of the others."""
    return np.hypot(*(points[:, None] - others).transpose(2, 0, 1)).min(axis=1)
