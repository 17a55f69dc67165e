"""healing.png: the courses of a healing run from minutes to months, with the bands that they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnrd.mesh.rectilinear import Array
from mnrd.output.course import DAY, HOUR, Course
from mnrd.output.directory import replacing
from mnrd.output.labels import duration, time_ticks
from mnrd.output.picture import INK, PictureError
from mnrd.output.targets import Target, runs, targets

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNITS = {"h": HOUR, "d": DAY}
SHORTEST = 600.0  # s, where the time axis begins
# Okabe and Ito: told apart by colour-blind readers too
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
SIGNALS = (("P", "PDGF", BLUE), ("T", "TGF-β", RED), ("V", "VEGF", GREEN), ("A", "alarmins", ORANGE))
CELLS = (
    ("N", "neutrophils", BLUE), ("M", "macrophages", ORANGE), ("F", "fibroblasts", GREEN), ("Y", "myofibroblasts", RED),
)  # fmt: skip
# Times of peaks: kind of run -> quantity -> target. Boxes: targets for the height, at days or where a target says.
TIMES = {
    "array": {"V": "T6a", "N": "T2a", "M": "T3a", "F": "T4a"},
    "incision": {"V": "T6b", "N": "T2b", "M": "T3b", "Y": "T5b"},
}
COLLAGEN = {"array": {"T8d": 7.0, "T8a": 28.0, "T8b": 180.0, "T8c": 365.0}, "incision": {"T9b": 28.0, "T9c": 180.0}}
SHARE: dict[str, dict[str, str | float]] = {
    "array": {"T10a": "T10b", "T10c": 180.0},
    "incision": {"T10d": 42.0, "T10e": 180.0},
}
VESSELS: dict[str, dict[str, str | float]] = {"array": {"T7a": "T7b", "T7c": 90.0}, "punch": {"T7d": "T7e"}}
CLOSED = {"array": {"T12a": 90.0, "T12b": 50.0, "T12c": 90.0}, "core": {"T12e": 90.0}, "incision": {"T12f": 90.0}}
ROOM = 1.15  # for the bars above the highest peak
WIDTH = 1.25  # of a box at one day: from day / WIDTH to day x WIDTH


def healing_picture(
    course: Course, path: Path, *, title: str, kind: str = "", region: str = "papillary dermis"
) -> None:
    """Draw signals, cells, matrix, vessels with oxygen, and closure against time.

    Parameters
    ----------
    course : Course
    path : Path
        Ends in ``.png`` (or ``.pdf``, ``.svg``); written in one go.
    title : str
    kind : str
        Kind of run whose bands are shaded (see `mnrd.output.targets.runs`); none if there are none for it.
    region : str
        Where the means are: the papillary dermis, or ``hole`` for a large wound.

    Raises
    ------
    PictureError
        If it could not be drawn, with the reason.
    OSError
        If the file cannot be written.
    """
    try:
        _draw(course, path, title, kind, region)
    except OSError:  # a full disk ends a run, which can go on when there is room again
        raise
    except Exception as error:  # whatever matplotlib may say: a finished run must end well
        raise PictureError(f"{path}: no picture drawn ({error})") from error


def _draw(course: Course, path: Path, title: str, kind: str, region: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 10.5), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(3, 2).ravel()
    figure.suptitle(f"{title}\nafter {duration(course.times[-1])}, means over the {region}", color=INK, fontsize=14)
    _signals(panels[0], course, kind, region)
    _cells(panels[1], course, kind, region)
    _collagen(panels[2], course, kind, region)
    _share(panels[3], course, kind, region)
    _vessels(panels[4], course, kind, region)
    _closure(panels[5], course, kind)
    for axes in panels:
        _finish(axes, course)
    if kind:
        figure.supxlabel(f"shaded: targets for {runs()[kind]}", color=INK, fontsize=10)
    with replacing(path) as part:
        figure.savefig(part, dpi=150)


def _line(axes: Axes, course: Course, values: Array, label: str, colour: str, style: str = "-") -> None:
    axes.plot(np.maximum(course.times, SHORTEST) / HOUR, values, style, color=colour, linewidth=1.9, label=label)


def _signals(axes: Axes, course: Course, kind: str, region: str) -> None:
    axes.set_title("signals, with their peaks in ng/mL")
    axes.set_ylabel("share of the peak")
    for quantity, name, colour in SIGNALS:
        values = course.series(quantity, region)
        highest = float(values.max())
        label = name if quantity == "A" else f"{name} {highest:.2g}"
        _line(axes, course, values / (highest or 1.0), label, colour)
        _bar_of_peak(axes, quantity, kind, colour)
    axes.set_ylim(-0.03, ROOM)


def _cells(axes: Axes, course: Course, kind: str, region: str) -> None:
    axes.set_title("cells")
    axes.set_ylabel("density / reference")
    highest = 0.0
    for quantity, name, colour in CELLS:
        values = course.series(quantity, region)
        highest = max(highest, float(values.max()))
        _line(axes, course, values, name, colour)
        _bar_of_peak(axes, quantity, kind, colour)
    if highest > 0.0:
        axes.set_ylim(-0.03 * highest, ROOM * highest)


def _collagen(axes: Axes, course: Course, kind: str, region: str) -> None:
    axes.set_title("collagen and elastin")
    axes.set_ylabel("gain against rest, %")
    _line(axes, course, course.series("collagen gain", region), "collagen", BLUE)
    _line(axes, course, course.series("elastin gain", region), "elastin", ORANGE)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    for name, day in COLLAGEN.get(kind, {}).items():
        target = targets()[name]
        percent = (1.0, 0.0) if target.unit == "%" else (100.0, -100.0)
        _box(axes, (day / WIDTH, day * WIDTH), [percent[0] * y + percent[1] for y in (target.low, target.high)], BLUE)


def _share(axes: Axes, course: Course, kind: str, region: str) -> None:
    axes.set_title("collagen III, and scar order")
    axes.set_ylabel("share of the collagen, %")
    _line(axes, course, 100.0 * course.series("collagen III share", region), "collagen III", GREEN)
    scar = "treated dermis" if region != "hole" else region
    _line(axes, course, 100.0 * course.series("scar index", scar), f"in scar order, {scar}", RED)
    rest = 100.0 * course.at_rest("collagen III share", region)
    for name, when in SHARE.get(kind, {}).items():
        _box(axes, days_of(when), [rest * y for y in (targets()[name].low, targets()[name].high)], GREEN)


def _vessels(axes: Axes, course: Course, kind: str, region: str) -> None:
    axes.set_title("vessels and oxygen")
    axes.set_ylabel("vessel density / baseline", color=RED)
    _line(axes, course, course.series("vessels per baseline", region), "vessels", RED)
    for name, when in VESSELS.get(kind, {}).items():
        _box(axes, days_of(when), [targets()[name].low, targets()[name].high], RED)
    right = axes.twinx()
    right.set_ylabel("pO2, mmHg", color=SKY)
    right.spines["top"].set_visible(False)
    _line(right, course, course.series("O", region), "oxygen", SKY)
    axes.plot([], [], color=SKY, label="oxygen")  # for the legend


def _closure(axes: Axes, course: Course, kind: str) -> None:
    axes.set_title("closure of the hole")
    axes.set_ylabel("closed, %")
    axes.set_ylim(-3.0, 112.0)
    for region, name, colour in (("hole epidermis", "viable epidermis", PURPLE), ("hole barrier", "barrier", BLUE)):
        if ("open", region) in course.means:
            _line(axes, course, 100.0 * course.series("closed", region), name, colour)
    for name, level in CLOSED.get(kind, {}).items():
        target = targets()[name]
        colour = BLUE if target.quantity.startswith("barrier") else PURPLE
        days = [edge * UNITS[target.unit] / DAY for edge in (target.low, target.high)]
        shift = 1.5 if colour == PURPLE else -1.5  # so that two at one height do not lie over one another
        _box(axes, days, [level + shift - 1.5, level + shift + 1.5], colour)


def days_of(when: str | float) -> list[float]:
    """From and to, d: of a target for a time, or around one day."""
    if isinstance(when, float):
        return [when / WIDTH, when * WIDTH]
    target = targets()[when]
    return [edge * UNITS[target.unit] / DAY for edge in (target.low, target.high)]


def _box(axes: Axes, days: Sequence[float], heights: Sequence[float], colour: str) -> None:
    hours = [24.0 * day for day in days]
    axes.fill_between(hours, heights[0], heights[1], color=colour, alpha=0.22, linewidth=0.0)


def _bar_of_peak(axes: Axes, quantity: str, kind: str, colour: str) -> None:
    """A bar at the top over the times in which a peak should lie."""
    name = TIMES.get(kind, {}).get(quantity)
    if name is None:
        return
    target: Target = targets()[name]
    size = UNITS[target.unit] / HOUR
    place = 0.985 - 0.022 * list(TIMES[kind]).index(quantity)
    axes.plot(
        [target.low * size, target.high * size], [place, place], transform=axes.get_xaxis_transform(),
        color=colour, alpha=0.45, linewidth=4.0, solid_capstyle="butt",
    )  # fmt: skip


def _finish(axes: Axes, course: Course) -> None:
    """Time axis in words, sessions as lines, legend."""
    first, last = SHORTEST / HOUR, max(course.times[-1], 2.0 * SHORTEST) / HOUR
    axes.set_xscale("log")
    axes.set_xlim(first, last * 1.02)
    shown = time_ticks(SHORTEST, last * HOUR)
    axes.set_xticks([time / HOUR for time in shown], list(shown.values()))
    axes.minorticks_off()
    for session in course.sessions:
        if session > 0.0:
            axes.axvline(session / HOUR, color=INK, linewidth=0.6, linestyle=":")
    axes.spines[["top"]].set_visible(False)
    axes.grid(alpha=0.2)
    axes.tick_params(colors=INK)
    axes.set_title(axes.get_title(), pad=21, color=INK)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 0.99), ncols=4, frameon=False, fontsize=8.5, handlelength=1.3,
            columnspacing=1.2, borderaxespad=0.2,
        )  # fmt: skip
