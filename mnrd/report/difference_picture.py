"""The picture of a pair: both runs on one colour scale, and what the second has more, red, or less, blue."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mnrd.output.labels import duration
from mnrd.output.picture import INK
from mnrd.pictures import frame
from mnrd.pictures.colours import MAPS, Scale, kind_of
from mnrd.pictures.cut import cut_of
from mnrd.pictures.section import Section, section_x_z
from mnrd.pictures.slices import layers_beside, paint_section
from mnrd.pictures.view import View
from mnrd.report.difference import Pair
from mnrd.results.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 1200  # px
EDGE, ABOVE, BELOW, BAR, HEAD = 8.0, 18.0, 32.0, 50.0, 44.0
"""Room, points: beside a section, for its title, for its scale bar, for a colour bar, for the title of the picture."""
TALLEST = 300.0
"""Points, of a section."""
SEEN = 0.98
"""Share of a section whose differences the colours tell apart; those beyond have the colour of the end."""
POINTS = 72.0 * frame.INCHES


def difference_picture(pair: Pair, run: Run, names: tuple[str, str]) -> bytes:
    """Sections through the needles of both runs and of their difference, one below the other, as PNG.

    Parameters
    ----------
    pair : Pair
    run : Run
        Either of the two: whether they are mirrored is the same.
    names : (str, str)
        What the runs are called.
    """
    fields = pair.first, pair.second, pair.more
    first, second, more = sections = tuple(_section(field, run, pair) for field in fields)
    beside = [layers_beside(section, field.materials) for section, field in zip(sections, fields, strict=True)]
    room = max(frame.width_of(layers) for _, layers in beside)
    shape = float(np.ptp(second.v) / np.ptp(second.u))
    tall = ABOVE + BELOW + min((POINTS - EDGE - room) * shape, TALLEST)
    total = HEAD + 3.0 * tall + 2.0 * BAR
    figure = frame.blank(View(size=(WIDTH, round(WIDTH * total / POINTS))))
    frame.head(figure, f"{pair.quantity.meaning}, after {duration(pair.time)}")
    both = _scale(pair, first, second)
    rest = Scale(replace(pair.quantity, meaning="difference"), MAPS["gain"], -(limit := _limit(more)), limit)
    top = total - HEAD
    titles, scales = (*names, f"{names[1]} − {names[0]}"), (both, both, rest)
    for section, title, scale, (heights, layers) in zip(sections, titles, scales, beside, strict=True):
        top -= tall
        axes = frame.panel(figure, (0.0, top / total, 1.0, tall / total))
        point = _fit(axes, section, room)
        paint_section(axes, section, -1.0, scale, point)
        frame.names_beside(axes, float(section.u[-1]), heights, layers, point)
        place = float(section.u[0]), 5.0 * point
        axes.text(*place, title, color=INK, fontsize=frame.TEXT, ha="left", va="bottom", parse_math=False)
        if section is not first:
            top -= BAR
            frame.colour_bar(figure, scale, (0.1, (top + 0.72 * BAR) / total, 0.6, 0.22 * BAR / total))
    written = io.BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def _fit(axes: Axes, section: Section, room: float) -> float:
    across, up = (section.u[0], section.u[-1]), (-section.v[-1], -section.v[0])
    return frame.fit(axes, across, up, left=EDGE, right=room, bottom=BELOW, top=ABOVE)


def _section(field: Any, run: Run, pair: Pair) -> Section:
    """The section of a field: what is shown of it is decided by the second run, for all three panels."""
    second: Any = pair.second
    cut = cut_of(run, second, View())
    return section_x_z(field, cut, pair.quantity.name, float(cut.z[-1]))


def _scale(pair: Pair, first: Section, second: Section) -> Scale:
    """One scale for both runs, by what is seen of them."""
    low = min(0.0, float(first.values.min()), float(second.values.min()))
    high = max(float(first.values.max()), float(second.values.max()))
    kind = kind_of(pair.quantity)
    if kind == "gain":
        low = -(high := max(high, -low))
    return Scale(pair.quantity, MAPS[kind], low, high if high > low else low + 1.0)


def _limit(more: Section) -> float:
    """End of the colours of a difference: not above that of nearly all places, which a channel would outdo."""
    seen = more.at_places(*(np.linspace(edges[0], edges[-1], 200) for edges in (more.u, more.v)))
    return float(np.quantile(np.abs(seen), SEEN)) or float(np.abs(seen).max()) or 1.0
