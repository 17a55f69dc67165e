"""The course of healing on one piece of skin: its equations, and every session as an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing
from mnrd.skin.changes import repainted, with_parameters
from mnrd.skin.healing.ageing import YEAR, factor
from mnrd.skin.healing.declaration import declare
from mnrd.skin.healing.effects import effects_of, with_doses
from mnrd.skin.healing.healing import Healing
from mnrd.skin.healing.injury import Injury, injure, injury_of_needles, injury_of_wound
from mnrd.skin.healing.places import Places
from mnrd.skin.healing.punctures import Puncture
from mnrd.skin.layout import moved
from mnrd.skin.permeant import Permeant
from mnrd.skin.scene import Scene
from mnrd.skin.transport import CHANNEL

Array = NDArray[np.float64]

CLOCK = "on"  # parameter that switches the epidermis on after a session


@dataclass(frozen=True, eq=False)
class Course:
    """Healing on one piece of skin.

    Parameters
    ----------
    healing : Healing
    scene : Scene
        With the needles where they stand at first.
    puncture : Puncture or None
        What one needle does; None for a wound, or when there are no needles.
    closes : bool
        Whether the barrier that grows back closes the channels; otherwise something else does.
    """

    healing: Healing
    scene: Scene
    puncture: Puncture | None = None
    closes: bool = True

    @property
    def places(self) -> Places:
        """The layers of the model on the mesh."""
        return Places(self.scene.mesh, self.scene.tissues, self.scene.materials)

    @property
    def starts_open(self) -> bool:
        """Whether the skin is injured at time 0."""
        return any(time == 0.0 for time, _ in self.sessions)

    @property
    def sessions(self) -> list[tuple[float, tuple[float, float]]]:
        """Time (s) of every session, with the move (um) of the needles; none when there is nothing that injures."""
        return [] if self.puncture is None and self.healing.wound is None else self.healing.moves

    def model(self, before: Model | None, permeants: Sequence[Permeant]) -> Model:
        """The healing model behind that of the actives, if there are any."""
        places, values = self.places, self.healing.values
        if before is not None:
            before = with_doses(before, permeants, places, values)
        model = declare(
            places, values, age=self.healing.age, scar=self.healing.scar, effects=effects_of(permeants), before=before
        )
        if CHANNEL not in self.scene.materials or not self.closes:
            return model
        barrier = max(tissue.base for tissue in self.scene.tissues if tissue.kind == "stratum corneum")
        return replace(model, closings=(Closing(CHANNEL, "K", barrier),))

    def events(self) -> list[Event]:
        """One event per session: the clock of the epidermis, the channels where the needles are now, the injury."""
        lag = self.healing.values["lag_K"]
        painted, found = (0.0, 0.0) if self.starts_open else None, []
        for number, (time, move) in enumerate(self.sessions, 1):
            scene = self._moved(move)
            repaint = scene if CHANNEL in scene.materials and move != painted else None
            on = f"1 - exp(-((t - {time!r})/{lag!r})**2)"
            jump = partial(_injured, replace(self, scene=scene), time)
            found.append(Event(time, f"session {number}", partial(_begun, on, repaint), jump))
            painted = move
        return found

    def injury(self, time: float = 0.0) -> Injury:
        """The injury of a session (s), which depends on the age of the skin."""
        values, mesh, surface = self.healing.values, self.scene.mesh, self.scene.depth_of_skin
        stretch = factor("eta_J", values, self.healing.age + time / YEAR)
        if self.healing.wound is not None:
            return injury_of_wound(mesh, self.healing.wound, values, eta_J=stretch, surface=surface)
        assert self.puncture is not None
        positions = self.scene.cell.positions
        return injury_of_needles(mesh, self.puncture, positions, values, eta_J=stretch, surface=surface)

    def _moved(self, move: tuple[float, float]) -> Scene:
        return self.scene if move == (0.0, 0.0) else replace(self.scene, cell=moved(self.scene.cell, move))


def _begun(on: str, repaint: Scene | None, problem: Problem) -> Problem:
    """The problem from a session on."""
    return with_parameters(problem if repaint is None else repainted(repaint, 1.0, problem), {CLOCK: on})


def _injured(course: Course, time: float, problem: Problem, concentrations: Mapping[str, Array]) -> dict[str, Array]:
    """The fields that jump in a session."""
    return injure(course.injury(time), course.healing.values, problem, concentrations)
