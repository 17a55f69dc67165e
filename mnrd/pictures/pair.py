"""A scene before and after: two times of a run side by side, on one colour scale and from one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mnrd.output.labels import duration
from mnrd.output.picture import INK
from mnrd.pictures import frame
from mnrd.pictures.colours import scale_of
from mnrd.pictures.scenes import SCENES, completed
from mnrd.pictures.view import View
from mnrd.results.run import Run
from mnrd.results.snapshot import RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES = {1: 8.0, 2: 11.0}
"""Width of the figure by the number of scenes beside one another: text takes less of a wide one."""
CLOCK = 13.0
"""Size of the time above a scene, points."""


def draw(scene: str, run: Run, view: View) -> Figure:
    """Draw a scene at `view.before` and at `view.time`; the first and the last if not given.

    Raises
    ------
    RunError
        When the run lacks the quantity or a time, or has one time only.
    """
    times = times_of(run, view)
    return draw_times(scene, run, completed(scene, run, view, times), times)


def draw_times(scene: str, run: Run, view: View, times: Sequence[float]) -> Figure:
    """Draw a scene at some times (s) side by side, each below its time, with one title and one colour bar.

    Parameters
    ----------
    scene : str
    run : Run
    view : View
        With its quantity and limits, as of `completed`.
    times : sequence of float
    """
    figure, scale = frame.blank(view, INCHES[len(times)]), scale_of(run, view)
    frame.head(figure, scale.quantity.meaning, run.case.title)
    left, bottom, width, height = frame.body(figure)
    clock = 2.7 * CLOCK / 72.0 / figure.get_figheight()
    part = width / len(times)
    for number, time in enumerate(times):
        side = left + part * number
        middle, top, text = side + 0.5 * part, bottom + height - 0.35 * clock, f"after {duration(time)}"
        figure.text(middle, top, text, color=INK, fontsize=CLOCK, ha="center", va="top")
        place = side, bottom, part, height - clock
        SCENES[scene].paint(figure, place, run, replace(view, time=time))
    frame.colour_bar(figure, scale)
    return figure


def times_of(run: Run, view: View) -> tuple[float, float]:
    """The two times of a pair, s.

    Raises
    ------
    RunError
        When the run lacks one of them, or they do not differ.
    """
    several(run)
    before = run.snapshot(run.times[0] if view.before is None else view.before).time
    after = run.snapshot(view.time).time
    if before >= after:
        there = ", ".join(duration(time) for time in run.times)
        raise RunError(
            f"{run.folder}: got a pair from {duration(before)} to {duration(after)}, must go from an earlier time to a "
            f"later one: there are {there}"
        )
    return before, after


def several(run: Run) -> None:
    """RunError when there is one time only, with the key of the case that asks for more."""
    run.snapshot()
    if len(run.times) < 2:
        raise RunError(
            f"{run.folder}: has fields of {duration(run.times[0])} only, needs two times at least; run the case with "
            "more: --set output.fields_at=\"['1 h', '4 h', '24 h']\", or --set output.fields_every='1 h'"
        )
