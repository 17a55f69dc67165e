"""The ready scenes, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnrd.output.labels import duration
from mnrd.pictures import block, frame, slices, surfaces
from mnrd.pictures.colours import scale_of, settled
from mnrd.pictures.view import View
from mnrd.results.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Paint = Callable[["Figure", tuple[float, float, float, float], Run, View], None]


@dataclass(frozen=True)
class Scene:
    """A way to show the fields of a run at one time.

    Parameters
    ----------
    paint : function
        Draws it into a part of a figure.
    quantity : function of a run
        Name of what it shows if nobody says so.
    time : function of a run and the name of a quantity
        s; when it shows that if nobody says so.
    cloud : function of a run and a view
        The view of a second quantity, None without.
    alone, beside : float
        Height of a picture that it fills, by the width: of one, and of two beside one another.
    """

    paint: Paint
    quantity: Callable[[Run], str]
    time: Callable[[Run, str], float]
    cloud: Callable[[Run, View], View | None] = lambda _, __: None
    alone: float = 0.75
    beside: float = 0.56


def _usual(run: Run) -> str:
    return run.default_quantity.name


def _asked(run: Run, quantity: str) -> float:
    """The time of overview.png where there are fields of then, else the last."""
    asked = run.case.output.picture_at
    return asked if asked is not None and asked in run.times else run.snapshot().time


SCENES = {
    "block": Scene(block.paint, _usual, _asked),
    "slices": Scene(slices.paint, _usual, _asked, alone=0.63, beside=0.75),
    "surfaces": Scene(surfaces.paint, surfaces.signal_of, surfaces.peak_of, surfaces.cloud_of),
}


def completed(name: str, run: Run, view: View, times: Sequence[float] = ()) -> View:
    """The view with all that nobody chose as the scene has it: quantity, time, and limits over the times of a series.

    Raises
    ------
    RunError
        When the run lacks the quantity.
    """
    scene = SCENES[name]
    quantity = run.quantity(view.quantity or scene.quantity(run)).name
    time = scene.time(run, quantity) if view.time is None and not times else view.time
    view = settled(run, replace(view, quantity=quantity, time=time), times)
    cloud = scene.cloud(run, view)
    if cloud is None:
        return view
    cloud = settled(run, cloud, times)
    return replace(view, cells=cloud.quantity, cell_limits=cloud.limits)


def draw(name: str, run: Run, view: View) -> Figure:
    """Draw a scene with its title and colour bar, exactly `view.size` pixels large.

    Raises
    ------
    RunError
        When the run lacks the quantity or the time.
    """
    view = completed(name, run, view)
    scale, time = scale_of(run, view), run.snapshot(view.time).time
    figure = frame.blank(view)
    frame.head(figure, f"{scale.quantity.meaning} after {duration(time)}", run.case.title)
    SCENES[name].paint(figure, frame.body(figure), run, view)
    frame.colour_bar(figure, scale)
    return figure
