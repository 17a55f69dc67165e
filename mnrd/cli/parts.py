"""The simulations of a command, one after the other: each goes on from its last checkpoint."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

import mnrd
from mnrd.backends.base import Backend
from mnrd.case import Case
from mnrd.cli import resuming
from mnrd.cli.control import Control
from mnrd.cli.keeper import Keeper
from mnrd.cli.progress import Bar, Progress
from mnrd.cli.summary import figures
from mnrd.model.problem import Event, Problem
from mnrd.output import directory
from mnrd.output.checkpoint import Checkpoint
from mnrd.output.labels import duration
from mnrd.simulation import NumericalFailure, Observer, Simulation
from mnrd.solve.stopwatch import Stopwatch

log = logging.getLogger("mnrd")

Variant = tuple[Problem, Sequence[Event]]


@dataclass
class Parts:
    """What the simulations of a command share.

    Parameters
    ----------
    case : Case
    place : Path
        The run directory.
    backend : Backend
    control : Control
    bar : Bar, optional
        On a terminal.
    asked : Path, optional
        The checkpoint from which its simulation goes on; the last one if not given.
    painting : float
        Wall time that the problem of the case took to make, s.

    Attributes
    ----------
    simulation : Simulation or None
        The one that runs, or ran last.
    figures : dict of str to dict
        Of each one that has ended, see `mnrd.cli.summary.figures`.
    earlier : float
        Wall time that commands before this one worked on the run, s.
    """

    case: Case
    place: Path
    backend: Backend
    control: Control
    bar: Bar | None = None
    asked: Path | None = None
    painting: float = 0.0
    simulation: Simulation | None = None
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    earlier: float = 0.0

    @property
    def wall(self) -> float:
        """Wall time that was spent on the run until now, s."""
        return self.earlier + self.control.clock() - self.control.started

    def run(self, name: str, problem: Problem, events: Sequence[Event], observers: Sequence[Observer]) -> None:
        """Run one of the simulations to the end of the case.

        Parameters
        ----------
        name : str
            `directory.MAIN` for the case itself, which is the one that writes files.
        problem : Problem
        events : sequence of Event
        observers : sequence of Observer

        Raises
        ------
        Stopped
            On request or at the end of the wall time, after a checkpoint.
        NumericalFailure
            With the field, the place and the time; failed.vtr and a checkpoint hold the last good state.
        OSError
            When something cannot be written or read.
        """
        self.simulation = None  # its memory is needed now
        found = resuming.checkpoint_of(self.place, name, self.case, self.asked)
        keeper = Keeper(self.place, name, self.case.run.end, self.control, observers, lambda: self._about(name))
        progress = Progress(self.case.run.end, "" if name == directory.MAIN else name, self.bar)
        simulation = self._make(problem, events, [*observers, progress, keeper], found)
        self._begin(simulation, name, observers, found)
        keeper.begin(simulation)
        try:
            simulation.run(self.case.run.end)
            keeper.finish(simulation)
        except NumericalFailure as error:
            error.args = (f"{error}; {keeper.failed(simulation, error)}",)
            raise
        finally:
            self.figures[name] = figures(simulation)

    def _make(
        self, problem: Problem, events: Sequence[Event], observers: Sequence[Any], found: Checkpoint | None
    ) -> Simulation:
        section, watch = self.case.run, Stopwatch(found.about["seconds"] if found else None)
        watch.add("set-up", self.painting)
        self.painting = 0.0
        with watch.phase("set-up"):
            self.simulation = Simulation(
                problem,
                backend=self.backend,
                events=events,
                observers=observers,
                rtol=section.rtol,
                dt=section.dt,
                first_step=section.first_step,
                dt_max=section.dt_max,
                stopwatch=watch,
            )
        return self.simulation

    def _begin(
        self, simulation: Simulation, name: str, observers: Sequence[Observer], found: Checkpoint | None
    ) -> None:
        """Go on from a checkpoint, or begin at 0 where nothing of the simulation is left."""
        if found is None:
            if name == directory.MAIN:
                directory.clear(self.place)
                log.info("%s: no checkpoint there, the run starts from the beginning", self.place)
            return
        found.restore(simulation, observers)
        self.earlier = max(self.earlier, found.about["wall [s]"])
        log.info("goes on from %s: step %d, %s", found.path, found.step, duration(found.time))
        for what, now in {"mnrd": mnrd.__version__, "backend": self.backend.description}.items():
            if found.about[what] != now:
                log.warning(
                    "%s was %s and is %s from here: bits may differ from one whole run", what, found.about[what], now
                )

    def _about(self, name: str) -> dict[str, Any]:
        """What a checkpoint says of the run besides its state."""
        assert self.simulation is not None
        return {
            "case": tomli_w.dumps(self.case.effective(directory.MESH)),
            "part": name,
            "mnrd": mnrd.__version__,
            "backend": self.backend.description,
            "wall [s]": self.wall,
            "seconds": dict(self.simulation.stopwatch.seconds),
        }
