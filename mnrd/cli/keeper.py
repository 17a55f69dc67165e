"""The observer that writes checkpoints and stops a run in time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnrd.cli.control import CHECKPOINT_FILE, STOP_FILE, Control, Stopped
from mnrd.output import checkpoint, directory
from mnrd.output.fault import find_fault, write_failed
from mnrd.output.labels import duration
from mnrd.output.schedule import EverySteps
from mnrd.simulation import NumericalFailure, Observer, Simulation

log = logging.getLogger("mnrd")


@dataclass
class Keeper:
    """Observer of every step; the last one of its simulation, so that all others have seen what a checkpoint holds.

    Parameters
    ----------
    place : Path
        The run directory.
    name : str
        Of the simulation; its checkpoints are in ``checkpoints/NAME``.
    end : float
        Of the simulation, s.
    control : Control
    observers : sequence of Observer
        Those whose memory belongs into a checkpoint.
    about : callable
        Gives what else belongs into it.
    """

    place: Path
    name: str
    end: float
    control: Control
    observers: Sequence[Observer]
    about: Callable[[], Mapping[str, Any]]
    schedule: EverySteps = field(default_factory=lambda: EverySteps(1))
    _step: int | None = None

    def observe(self, simulation: Simulation) -> None:
        """Write a checkpoint if one is due; stop after it if that is asked for."""
        if self._step is not None and simulation.step > self._step:
            self.control.stepped()
        else:
            self.control.resting()
        self._step = simulation.step
        self.control.look(self.place)
        if simulation.time >= self.end:
            return
        if reason := self.control.reason_to_stop(_size(simulation)):
            path = self.write(simulation)
            self._obey()
            raise Stopped(reason, self._goodbye(reason, simulation, path))
        if self.control.due():
            asked = self.control.requests.checkpoint
            path = self.write(simulation)
            if asked:
                self._obey(stopping=False)
                log.info("checkpoint as asked for, at %s: %s", duration(simulation.time), path)

    def begin(self, simulation: Simulation) -> None:
        """Start to take the time of steps."""
        self._step = simulation.step
        self.control.resting()

    def write(self, simulation: Simulation, keep: int = 2) -> Path:
        """Write a checkpoint."""
        begun = self.control.clock()
        folder = self.place / directory.CHECKPOINTS / self.name
        path = checkpoint.write(folder, simulation, self.observers, self.about(), keep=keep)
        self.control.wrote(begun)
        return path

    def finish(self, simulation: Simulation) -> None:
        """Write the checkpoint of the end, from which the run can be prolonged, and drop those before it."""
        self.write(simulation, keep=1)
        self._obey()

    def failed(self, simulation: Simulation, failure: NumericalFailure) -> str:
        """Write failed.vtr and a checkpoint of the last good state; returns where the fault is, in words."""
        fault = find_fault(simulation, failure.reason)
        write_failed(self.place / "failed.vtr", simulation, fault)
        path = self.write(simulation)
        return f"{fault}; the last good state is in {self.place / 'failed.vtr'} and {path}"

    def _obey(self, *, stopping: bool = True) -> None:
        """Forget what was asked for by now."""
        self.control.requests.checkpoint = False
        (self.place / CHECKPOINT_FILE).unlink(missing_ok=True)
        if stopping:
            (self.place / STOP_FILE).unlink(missing_ok=True)

    def _goodbye(self, reason: str, simulation: Simulation, path: Path) -> str:
        which = "" if self.name == directory.MAIN else f" of {self.name}"
        return (
            f"stopped ({reason}) at {duration(simulation.time)}{which}, step {simulation.step}, with {path}; "
            f"go on with the same command or with: mnrd resume {self.place}"
        )


def _size(simulation: Simulation) -> int:
    """Bytes of a checkpoint."""
    return int(simulation.state.now.nbytes + simulation.state.slope.nbytes)
