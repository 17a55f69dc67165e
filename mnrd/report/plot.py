"""Plots of lines: what is drawn, once for plotly and once for where no script runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.output.labels import HOUR, duration, time_ticks
from mnrd.report.parts import Html, figure, packed
from mnrd.report.static import drawing

INK, GRID = "#2b2b33", "#e8e8ee"
# Okabe and Ito: told apart by colour-blind readers too
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#7a7a00", "#2b2b33")
DASHES = ("solid", "dash", "dot")
FIRST = 60.0  # s, where a logarithmic time axis begins at the earliest
DECADES = 8  # of a logarithmic vertical axis at most: what is below is as good as nothing, often round-off
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One curve.

    Parameters
    ----------
    name : str
        In the legend.
    x, y : array
        Of one length; x in s where the plot is against time.
    colour, dash : str, optional
        If not given, the next of `COLOURS` and of `DASHES`.
    """

    name: str
    x: Array
    y: Array
    colour: str = ""
    dash: str = ""


@dataclass(frozen=True)
class Band:
    """A range that values are held against, shaded.

    Parameters
    ----------
    x, y : (float, float)
        As those of lines.
    colour, name : str
    """

    x: tuple[float, float]
    y: tuple[float, float]
    colour: str
    name: str = ""


@dataclass(frozen=True)
class Plot:
    """Lines over one another.

    Parameters
    ----------
    title, y : str
        What it shows, and the name of the vertical axis with its unit.
    lines : tuple of Line
    x : str
        Name of the horizontal axis with its unit; time, from minutes to months, if empty.
    bands : tuple of Band
    marks : tuple of float
        Where vertical lines stand, such as at sessions.
    log : bool
        Logarithmic vertical axis, over at most `DECADES` below the highest value.
    steps : bool
        Values hold from the time before, such as the size of a step.
    note : str
        Under the plot.
    """

    title: str
    y: str
    lines: tuple[Line, ...]
    x: str = ""
    bands: tuple[Band, ...] = ()
    marks: tuple[float, ...] = ()
    log: bool = False
    steps: bool = False
    note: str = ""

    def html(self) -> Html:
        """The plot on a page."""
        return figure(as_plotly(self), title=self.title, fallback=drawing(self), note=self.note)

    @property
    def against_time(self) -> bool:
        """Whether x is the time."""
        return not self.x

    def floor(self) -> float:
        """Where a logarithmic vertical axis begins: the lowest value above zero, unless it is far below the highest."""
        values = np.concatenate([line.y for line in self.lines])
        values = values[np.isfinite(values) & (values > 0.0)]
        return max(float(values.min()), float(values.max()) * 10.0**-DECADES) if values.size else 1.0

    def styles(self) -> list[tuple[Line, str, str]]:
        """Every line with its colour and dash."""
        count = len(COLOURS)
        return [
            (line, line.colour or COLOURS[n % count], line.dash or DASHES[n // count % len(DASHES)])
            for n, line in enumerate(self.lines)
        ]


def as_plotly(plot: Plot) -> dict[str, Any]:
    """``data`` and ``layout`` of plotly."""
    data = [_trace(plot, *style) for style in plot.styles()]
    layout = base_layout() | {"showlegend": len(plot.lines) > 1, "hovermode": "x unified"}
    layout["yaxis"] |= {"title": {"text": plot.y}, "type": "log" if plot.log else "linear"}
    if plot.log:
        layout["yaxis"] |= {"exponentformat": "power", "dtick": 1, "autorangeoptions": {"clipmin": plot.floor()}}
    layout["shapes"] = [_box(plot, band) for band in plot.bands] + [_mark(plot, mark) for mark in plot.marks]
    if plot.against_time:
        times = np.concatenate([line.x for line in plot.lines])
        layout |= time_axis(float(times.min(where=times > 0.0, initial=np.inf)), float(times.max()))
    else:
        layout["xaxis"] |= {"title": {"text": plot.x}}
    return {"data": data, "layout": layout}


def base_layout() -> dict[str, Any]:
    """What all plots share: letters, margins, grid, the legend over the plot."""
    axis = {"gridcolor": GRID, "linecolor": INK, "zerolinecolor": "#b9b9c3", "ticks": "outside", "automargin": True}
    return {
        "font": {
            "family": "system-ui, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif",
            "size": 12.5,
            "color": INK,
        },
        "margin": {"l": 10, "r": 22, "t": 26, "b": 10},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0.0},
        "hoverlabel": {"namelength": -1},
        "xaxis": dict(axis),
        "yaxis": dict(axis) | {"title": {"standoff": 8}},
    }


def time_axis(first: float, last: float) -> dict[str, Any]:
    """The time axis (s) of a layout, logarithmic, with both axes among which page.js changes in ``meta``."""
    begin = min(max(first, FIRST), 0.5 * last) / HOUR
    end, axes = last / HOUR, {}
    for kind, span in (("log", [np.log10(begin), np.log10(end * 1.03)]), ("linear", [0.0, end * 1.01])):
        ticks = time_ticks(begin * HOUR if kind == "log" else 0.0, last, log=kind == "log")
        axes[kind] = {
            "type": kind, "range": [float(edge) for edge in span],
            "tickvals": [time / HOUR for time in ticks], "ticktext": list(ticks.values()),
        }  # fmt: skip
    axis = {"gridcolor": GRID, "linecolor": INK, "ticks": "outside", "automargin": True}
    axis |= {"title": {"text": "time"}, "ticklabeloverflow": "allow"}
    axis["unifiedhovertitle"] = {"text": " "}  # the number of hours would stand there; every line says its time
    meta = {kind: {f"xaxis.{key}": value for key, value in one.items()} for kind, one in axes.items()}
    return {"xaxis": axis | axes["log"], "meta": meta}


def _trace(plot: Plot, line: Line, colour: str, dash: str) -> dict[str, Any]:
    known = np.isfinite(line.y)
    x, y = np.asarray(line.x)[known], np.asarray(line.y)[known]
    trace = {
        "type": "scatter", "mode": "lines", "name": line.name, "y": packed(y, "f8"),
        "line": {"color": colour, "dash": dash, "width": 2.2, "shape": "hv" if plot.steps else "linear"},
        "hovertemplate": "%{y:.4~g}",
    }  # fmt: skip
    if not plot.against_time:
        return trace | {"x": packed(x)}
    said = {"customdata": [duration(time) for time in x], "hovertemplate": "%{y:.4~g} at %{customdata}"}
    return trace | said | {"x": packed(x / HOUR, "f8")}


def _box(plot: Plot, band: Band) -> dict[str, Any]:
    scale = HOUR if plot.against_time else 1.0
    (x0, x1), (y0, y1) = band.x, band.y
    return {
        "type": "rect", "x0": x0 / scale, "x1": x1 / scale, "y0": y0, "y1": y1, "fillcolor": band.colour,
        "opacity": 0.2, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip


def _mark(plot: Plot, place: float) -> dict[str, Any]:
    x = place / HOUR if plot.against_time else place
    line = {"color": INK, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line, "layer": "below"}
