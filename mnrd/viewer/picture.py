"""From what people choose to what they see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mnrd.output.labels import duration
from mnrd.pictures.colours import Scale, kind_of, scale_of, settled
from mnrd.pictures.cut import cut_of
from mnrd.pictures.view import View
from mnrd.results.run import Run
from mnrd.viewer.bar import bar_picture
from mnrd.viewer.body import Axis, Body, grid_of
from mnrd.viewer.geometry import pieces

if TYPE_CHECKING:
    import pyvista as pv


@dataclass(frozen=True)
class Choice:
    """What people choose.

    Parameters
    ----------
    quantity : str
    time : int
        Number of the time, from 0.
    axis : {'x', 'y', 'z'}
        Across which the skin is cut.
    place : int
        Number of the node at which it is cut.
    log : bool
    """

    quantity: str
    time: int
    axis: Axis
    place: int
    log: bool


@dataclass(frozen=True)
class Picture:
    """What they see.

    Parameters
    ----------
    pieces : dict of name to polygons
        See `geometry.pieces`.
    words : dict
        What the page writes around them, and the range of the place of the cut.
    """

    pieces: dict[str, pv.PolyData]
    words: dict[str, Any]


class Painter:
    """Makes pictures of a run, and keeps what several of them need.

    Parameters
    ----------
    run : Run

    Raises
    ------
    RunError
        When the run has no fields, or they cannot be read.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        last = run.snapshot()
        self._materials = last.materials
        self.grid = grid_of(cut_of(run, last, View()))
        self._scale = lru_cache(maxsize=None)(self._scale_of)
        self._body = lru_cache(maxsize=1)(self._body_of)  # the plane moves more often than the time

    def picture(self, choice: Choice) -> Picture:
        """What is seen of the run.

        Raises
        ------
        RunError
            When a file is gone.
        """
        quantity, time = self._run.quantity(choice.quantity), self._run.times[choice.time]
        can_log = kind_of(quantity) != "gain"  # a gain is above and below 0
        whole, scale = self._body(time, quantity.name), self._scale(quantity.name, choice.log and can_log)
        beyond = bool(whole.values.min() < scale.low), bool(whole.values.max() > scale.high)
        scale = replace(scale, beyond=beyond)
        first, last = self.grid.planes(choice.axis)
        place = int(np.clip(choice.place, first, last))
        at = float(self.grid.places(choice.axis)[place])
        body = whole.behind(choice.axis, place)
        surface = self.grid.cut.surface
        words = {
            "title": quantity.meaning, "clock": duration(time), "can_log": can_log, "bar": bar_picture(scale),
            "first": first, "last": last, "block": self._block(body, choice.axis),
            "at": f"depth {at - surface:.4g} µm" if choice.axis == "z" else f"{choice.axis} = {at:.4g} µm",
        }  # fmt: skip
        return Picture(pieces(body, choice.axis, scale), words)

    def _scale_of(self, quantity: str, log: bool) -> Scale:
        """One scale for all times."""
        return scale_of(self._run, settled(self._run, View(quantity=quantity, log=log), self._run.times))

    def _body_of(self, time: float, quantity: str) -> Body:
        return self.grid.body(self._run.snapshot(time), quantity)

    def _block(self, body: Body, axis: Axis) -> dict[str, Any]:
        """Where rulers and names belong; heights are negative depths."""
        return {
            "axis": axis,
            "surface": -self.grid.cut.surface,
            "low": [float(body.x[0]), float(body.y[0]), -float(body.z[-1])],
            "high": [float(body.x[-1]), float(body.y[-1]), -float(body.z[0])],
            "names": [[self._materials[number], -middle] for number, middle in body.middles()],
        }
