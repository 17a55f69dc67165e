"""The picture of a sweep where no script runs: what decides, and the first answer along the axes it follows most."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from mnrd.output.courses_picture import BLUE
from mnrd.output.one_unit import printed
from mnrd.output.picture import INK
from mnrd.report.dimensions import Dimension, written
from mnrd.report.sweep_data import Answer, SweepData

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 6  # values of an axis that all get a tick
LONGEST = 14  # letters of a value
MAP = "viridis"


def sweep_picture(data: SweepData) -> bytes:
    """The first answer of a sweep as PNG: effects of the axes, and the cells along the two strongest of them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    answer = data.answers[0]
    figure = Figure(figsize=(9.0, 3.6), dpi=110, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _effects(left, answer)
    _cells(right, data, answer)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
    written_to = io.BytesIO()
    figure.savefig(written_to, format="png")
    return written_to.getvalue()


def _effects(axes: Axes, answer: Answer) -> None:
    """A bar for each axis, from the lowest mean to the highest."""
    axes.set_xlabel(f"mean of {printed(answer.header)}", color=INK)
    for row, effect in enumerate(reversed(answer.effects)):
        axes.barh(row, effect.range, left=effect.lowest[1], color=BLUE, height=0.5)
        ends = ((effect.lowest, "right", -4), (effect.highest, "left", 4)) if effect.range > 0.0 else ()
        for (name, value), side, shift in ends:
            axes.annotate(
                name[:LONGEST], (value, row), (shift, 0), textcoords="offset points",
                ha=side, va="center", color=INK, fontsize=8,
            )  # fmt: skip
    axes.set_yticks(range(len(answer.effects)), [_short(effect.dimension) for effect in reversed(answer.effects)])
    axes.use_sticky_edges = False  # room for the names on both sides
    axes.margins(x=0.55)
    axes.set_ylim(-0.7, max(len(answer.effects), 3) - 0.3)


def _short(dimension: Dimension) -> str:
    """Label of an axis without the keys that change with it."""
    return dimension.label.partition(", with ")[0]


def _cells(axes: Axes, data: SweepData, answer: Answer) -> None:
    """The cells along the axis that decides most, coloured by the next one."""
    strongest = [effect.dimension for effect in answer.effects] or list(data.axes)
    first, second = strongest[0], strongest[1] if len(strongest) > 1 else None
    there = np.array([value is not None for value in answer.values])
    heights = np.array([value for value in answer.values if value is not None], dtype=np.float64)
    colours = BLUE if second is None else _places(second)[there]
    points = axes.scatter(_places(first)[there], heights, c=colours, cmap=None if second is None else MAP)
    axes.set_xlabel(_short(first), color=INK)
    axes.set_ylabel(printed(answer.header), color=INK)
    if first.logarithmic:
        axes.set_xscale("log")
    if not first.numeric or len(first.levels) <= FEW:
        axes.set_xticks(np.unique(_places(first)), list(map(written, first.levels)))
        axes.minorticks_off()
    if second is not None:
        axes.figure.colorbar(
            points, ax=axes, label=_short(second) if second.numeric else f"{_short(second)}, by number"
        )


def _places(axis: Dimension) -> np.ndarray:
    """Where the cells lie along an axis: its numbers, or the number of the text."""
    return np.array(axis.values, np.float64) if axis.numeric else axis.places
