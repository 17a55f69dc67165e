"""The state of the page: what people choose is drawn, what is drawn is sent."""

from __future__ import annotations

import asyncio
from typing import Any

from mnrd.output.labels import duration
from mnrd.pictures.scenes import SCENES
from mnrd.pictures.view import Camera
from mnrd.results.quantity import Quantity
from mnrd.results.run import Run
from mnrd.viewer import page
from mnrd.viewer.geometry import UP
from mnrd.viewer.picture import Choice, Painter, Picture
from mnrd.viewer.stage import Stage

GATHER = 0.03
"""s; choices that come closer together than this, as from a slider that is moved, are answered together."""
VEIL = 0.4
"""Opacity of the layers at first."""


class Viewer:
    """One state for all browsers that look at the page.

    Parameters
    ----------
    run : Run
    server : trame server

    Raises
    ------
    RunError
        When the run has no fields, or they cannot be read.
    """

    def __init__(self, run: Run, server: Any) -> None:
        self._state = server.state
        self._stage = Stage()
        self._painter = Painter(run)
        self._axis = "y"
        self._state.update(self._beginning(run))
        self._scene = page.build(server, self._stage.window)
        self._show(self._painter.picture(self._choice()))
        self._wanted = asyncio.Event()
        self._state.change(*page.CHOICES)(lambda **_: self._wanted.set())

    async def draw_when_asked(self) -> None:
        """Draw what people choose, until cancelled.

        The work is done in a thread: connections must not time out meanwhile.
        """
        while True:
            await self._wanted.wait()
            await asyncio.sleep(GATHER)
            self._wanted.clear()
            with self._state:
                choice = self._choice()
                self._state.drawing = True
            try:
                picture, message = await asyncio.to_thread(self._painter.picture, choice), ""
            except (ValueError, OSError) as error:  # a file that is gone: the page says so and goes on
                picture, message = None, str(error)
            with self._state:
                self._state.update({"message": message, "drawing": False})
                if picture is not None:
                    self._show(picture)

    def _choice(self) -> Choice:
        state = self._state
        if state.axis != self._axis:  # the place of the plane before means nothing along another axis
            self._axis, state.place = state.axis, self._painter.grid.first(state.axis)
        return Choice(state.quantity, int(state.time), state.axis, int(state.place), bool(state.log))

    def _show(self, picture: Picture) -> None:
        state = self._state
        self._stage.show(picture.pieces, walls=bool(state.walls), opacity=float(state.opacity))
        state.update(picture.words)
        self._scene.update()

    def _beginning(self, run: Run) -> dict[str, Any]:
        """The state before anybody has chosen anything: as pictures of the run are."""
        grid, quantity = self._painter.grid, run.default_quantity.name
        thinned = f"The mesh is finer than this: one node of {grid.every} is shown along its finest axis."
        return {
            "trame__title": f"{run.name}: mnrd view", "about": run.case.title, "message": "", "drawing": False,
            "note": thinned if grid.every > 1 else "", "quantity": quantity, "log": False,
            "quantities": [{"name": one.name, "text": _listed(one)} for one in run.quantities.values()],
            "times": [duration(time) for time in run.times],
            "time": run.times.index(SCENES["block"].time(run, quantity)),
            "axis": self._axis, "place": grid.first("y"), "walls": True, "opacity": VEIL,
            "camera": [(axis * UP).tolist() for axis in Camera().axes],
        }  # fmt: skip


def _listed(quantity: Quantity) -> str:
    """A quantity in the list to choose from; with its symbol if it has one."""
    symbol = quantity.name.split()[0]
    return f"{quantity.meaning} ({symbol})" if len(symbol) <= 2 else quantity.meaning
