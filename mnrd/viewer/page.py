"""The page: a scene, a clock, and what can be chosen. Plain HTML, so that little goes through a tunnel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trame.ui.html import DivLayout
from trame.widgets import html
from trame.widgets.vtk import VtkLocalView

CHOICES = ("quantity", "time", "log", "axis", "place", "walls", "opacity")
"""Names in the state of what people choose."""
CUTS = (("y", "upright, along x"), ("x", "upright, along y"), ("z", "level"))
FILES = Path(__file__).parent / "www"


def build(server: Any, window: Any) -> VtkLocalView:
    """Make the page of a server.

    Parameters
    ----------
    server : trame server
        Its state holds all that the page names.
    window : vtkRenderWindow
        The scene.

    Returns
    -------
    VtkLocalView
        Sends the scene to the browsers when it is told to update.
    """
    server.enable_module({"serve": {"mnrd": str(FILES)}, "scripts": ["mnrd/view.js"], "styles": ["mnrd/view.css"]})
    with DivLayout(server, classes="page"):
        html.Div(classes="busy", v_show="drawing")
        with html.Header():
            with html.H1("{{ title }}"):
                html.Span("after {{ clock }}")
            html.P("{{ about }}")
        with html.Div(classes="scene"):
            scene = VtkLocalView(window, ref="scene", after_scene_loaded="window.mnrd.loaded()")
            html.Svg(id="labels", raw_attrs=['aria-hidden="true"'])
        html.P("{{ message }}", classes="warning", v_if="message", raw_attrs=['role="alert"'])
        html.Img(src=("bar",), raw_attrs=[":alt=\"'colours of ' + title\""], classes="bar")
        _time()
        with html.Div(classes="choices"):
            _choices()
        html.P("{{ note }}", classes="note", v_if="note")
    return scene


def _time() -> None:
    """The slider of the time, with a button before and after it."""
    with html.Div(classes="time", v_if="times.length > 1"):
        html.Button("‹", click="time = Math.max(time - 1, 0)", raw_attrs=['aria-label="earlier"'])
        html.Input(
            type="range", id="time", min=0, max=("times.length - 1",), value=("time",),
            input="time = Number($event.target.value)", raw_attrs=['aria-label="time"', ':aria-valuetext="clock"'],
        )  # fmt: skip
        html.Button("›", click="time = Math.min(time + 1, times.length - 1)", raw_attrs=['aria-label="later"'])
        html.Output("{{ clock }}", id="clock")


def _choices() -> None:
    """Everything else that can be chosen."""
    with html.Label("Colours show"), html.Select(id="quantity", v_model="quantity"):
        html.Option("{{ one.text }}", v_for="one in quantities", key="one.name", value=("one.name",))
    with html.Label("Cut"), html.Select(id="axis", v_model="axis"):
        for axis, text in CUTS:
            html.Option(text, value=axis)
    with html.Label("Place of the cut"):
        html.Input(
            type="range", id="place", min=("first",), max=("last",), value=("place",),
            input="place = Number($event.target.value)", raw_attrs=[':aria-valuetext="at"'],
        )  # fmt: skip
        html.Output("{{ at }}", id="at")
    with html.Label("Opacity of layers"):
        html.Input(
            type="range", id="opacity", min=0, max=1, step=0.05, value=("opacity",),
            input="opacity = Number($event.target.value)",
        )  # fmt: skip
        html.Output("{{ Math.round(100 * opacity) }} %")
    with html.Label(classes="tick"):
        html.Input(type="checkbox", id="walls", v_model="walls")
        html.Span("Channels")
    with html.Label(classes="tick"):
        html.Input(type="checkbox", id="log", v_model="log", disabled=("!can_log",))
        html.Span("Logarithmic colours")
    html.Button("Reset camera", id="reset", click="window.mnrd.reset()")
