"""A plot of lines as SVG, for pages where no script runs, and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnrd.output.labels import MINUTE, round_ticks, time_ticks
from mnrd.report.parts import Html, html

if TYPE_CHECKING:
    from mnrd.report.plot import Plot

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 78, 626, 14, 262  # of the axes; below them ticks, legend
DASHES = {"solid": "", "dash": "8 4", "dot": "2 4"}
ENTRY = 150  # px of one entry of the legend
Array = NDArray[np.float64]
Map = Callable[[Array], Array]


def drawing(plot: Plot) -> Html:
    """The plot as SVG."""
    x, y = _spans(plot)
    across, up = _scale(x, (LEFT, RIGHT), log=plot.against_time), _scale(y, (BOTTOM, TOP), log=plot.log)
    pieces = [*_frame(plot, x, y, across, up), *_curves(plot, x, y, across, up), *_legend(plot)]
    return Html(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html(plot.title)}" font-family="sans-serif" '
        f'font-size="12" fill="#2b2b33">\n{"".join(pieces)}</svg>'
    )


def _spans(plot: Plot) -> tuple[tuple[float, float], tuple[float, float]]:
    """What the axes show."""
    x = np.concatenate([line.x for line in plot.lines] or [np.zeros(1)])
    y = np.concatenate([line.y for line in plot.lines] + [np.array(band.y) for band in plot.bands] or [np.zeros(1)])
    y = y[np.isfinite(y) & (y >= plot.floor() if plot.log else True)]
    low, high = float(y.min(initial=np.inf)), float(y.max(initial=-np.inf))
    if not low < high:
        low, high = (low, low + (abs(low) or 1.0)) if np.isfinite(low) else (0.0, 1.0)
    if plot.log:
        return _span_of_x(plot, x), (low, high)
    room = 0.05 * (high - low)
    return _span_of_x(plot, x), (low - room, high + room)


def _span_of_x(plot: Plot, x: Array) -> tuple[float, float]:
    if not plot.against_time:
        return float(x.min()), float(max(x.max(), x.min() + 1e-9))
    last = float(x.max())
    return min(max(float(x.min(where=x > 0.0, initial=np.inf)), MINUTE), 0.5 * last), last


def _scale(span: tuple[float, float], pixels: tuple[float, float], *, log: bool) -> Map:
    """From values to pixels; below a logarithmic axis is its beginning."""
    low, high = np.log10(span) if log else span

    def place(values: Array) -> Array:
        shown = np.log10(np.maximum(values, span[0])) if log else np.asarray(values)
        return np.asarray(pixels[0] + (shown - low) / (high - low) * (pixels[1] - pixels[0]))

    return place


def _frame(plot: Plot, x: tuple[float, float], y: tuple[float, float], across: Map, up: Map) -> Iterator[str]:
    """Shaded bands, grid, ticks and names of the axes."""
    for band in plot.bands:
        (x0, x1), (y1, y0) = across(np.clip(band.x, *x)), up(np.array(band.y))
        yield _rect(x0, y0, x1 - x0, y1 - y0, band.colour)
    ticks = time_ticks(*x) if plot.against_time else {place: f"{place:.4g}" for place in round_ticks(*x)}
    for place, text in ticks.items():
        at = float(across(np.array(place)))
        yield f'<path d="M{at:.1f} {TOP}V{BOTTOM + 4}" stroke="#dcdce2"/>'
        yield f'<text x="{at:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{html(text)}</text>'
    for place in np.geomspace(*y, 5) if plot.log else round_ticks(*y):
        at = float(up(np.array(place)))
        yield f'<path d="M{LEFT - 4} {at:.1f}H{RIGHT}" stroke="#dcdce2"/>'
        yield f'<text x="{LEFT - 7}" y="{at + 4:.1f}" text-anchor="end">{place:.3g}</text>'
    beside = f"translate(13 {0.5 * (TOP + BOTTOM)}) rotate(-90)"
    yield f'<text transform="{beside}" text-anchor="middle">{html(plot.y)}</text>'
    yield (
        f'<text x="{0.5 * (LEFT + RIGHT)}" y="{BOTTOM + 36}" text-anchor="middle">{html(plot.x or "time")}</text>'
        f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#2b2b33"/>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    size = f'width="{max(width, 1.0):.1f}" height="{max(height, 1.0):.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}" opacity="0.2"/>'


def _curves(plot: Plot, x: tuple[float, float], y: tuple[float, float], across: Map, up: Map) -> Iterator[str]:
    for mark in plot.marks:
        if x[0] <= mark <= x[1]:
            at = float(across(np.array(mark)))
            yield f'<path d="M{at:.1f} {TOP}V{BOTTOM}" stroke="#2b2b33" stroke-dasharray="2 3"/>'
    for line, colour, dash in plot.styles():
        known = np.isfinite(line.y) & (line.y > 0.0 if plot.log else True)
        pixels = zip(across(line.x[known]), up(np.clip(line.y[known], *y)), strict=True)
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in pixels)
        yield (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[dash]}"/>\n'
        )


def _legend(plot: Plot) -> Iterator[str]:
    if len(plot.lines) < 2:
        return
    for number, (line, colour, dash) in enumerate(plot.styles()):
        x, y = 20 + number % 4 * ENTRY, BOTTOM + 54 + number // 4 * 17
        yield f'<path d="M{x} {y - 4}h18" stroke="{colour}" stroke-width="2" stroke-dasharray="{DASHES[dash]}"/>'
        yield f'<text x="{x + 23}" y="{y}">{html(line.name)}</text>'
