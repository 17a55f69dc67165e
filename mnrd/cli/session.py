"""One run from a case to a folder of results: which observers look on, and what is written at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

import mnrd
from mnrd.backends import choose
from mnrd.case import Case
from mnrd.output import directory
from mnrd.output.answer import Entry, answer, as_numbers
from mnrd.output.history import History, Record
from mnrd.output.schedule import AtTimes, EverySteps
from mnrd.output.summary import versions, write_summary
from mnrd.output.tables import Layers, Series
from mnrd.output.vtk import FieldSeries
from mnrd.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("mnrd")
LINE_EVERY = 30.0  # s of wall time


@dataclass(frozen=True)
class Results:
    """What a run gave.

    Parameters
    ----------
    folder : Path
    answers : dict of field to dict of name to Entry
    simulation : Simulation
        At the end of the run.
    seconds : float
        Wall time.
    """

    folder: Path
    answers: dict[str, dict[str, Entry]]
    simulation: Simulation
    seconds: float = 0.0


@dataclass
class Progress:
    """Observer of every step: one line in the log per 30 s, and whoever wants to know more.

    Parameters
    ----------
    end : float
        s
    watchers : tuple of callable of the simulation
    """

    end: float
    watchers: tuple[Any, ...] = ()
    schedule: EverySteps = field(default_factory=lambda: EverySteps(1))
    _last: float = field(default_factory=time.monotonic)

    def observe(self, simulation: Any) -> None:
        """Look on after a step."""
        for watcher in self.watchers:
            watcher(simulation)
        if time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            log.info(
                "step %d, t = %.4g s (%.0f %%), dt = %.3g s, %d rejected",
                simulation.step,
                simulation.time,
                100.0 * simulation.time / self.end,
                simulation.dt,
                simulation.rejected,
            )


def run_case(case: Case, folder: Path, watchers: Iterable[Any] = ()) -> Results:
    """Run a case and write case.toml, series.csv, layers.csv, fields/, overview.png, summary.json and run.log.

    Parameters
    ----------
    case : Case
    folder : Path
        New, or empty.
    watchers : iterable of callable of the simulation
        Called after every step.

    Raises
    ------
    CaseError, BackendUnavailable
        Before anything is written.
    OSError
        When the folder is in use or cannot be written.
    NumericalFailure
        When no step is accepted; what was written until then stays.
    """
    started = time.monotonic()
    problem, events = case.problem()
    reference = case.problem(without_needles=True) if case.output.compare == "intact" else None
    backend = choose(case.run.backend, case.run.precision)
    place = directory.create(folder)
    directory.write_text(place / "case.toml", tomli_w.dumps(case.effective()))
    times = AtTimes(report_times(case))
    history = History(times)
    observers = [history, Series(place, times), Layers(place, times), Progress(case.run.end, tuple(watchers))]
    with logged(place):
        log.info("mnrd %s, %s, %s cells, %d fields", mnrd.__version__, backend.description,
                 " x ".join(str(n) for n in problem.mesh.shape[::-1]), len(problem.model.fields))  # fmt: skip
        if case.output.writes_fields:
            observers.append(FieldSeries(place, AtTimes(field_times(case)), fields=case.output.fields,
                                         single=not case.output.double))  # fmt: skip
        simulation = _run(case, problem, events, backend, observers)
        intact = _intact(case, reference, backend)
        answers = _answers(case, history, intact)
        if case.output.picture:
            _draw(case, simulation, place)
        seconds = time.monotonic() - started
        write_summary(place / "summary.json", _summary(case, simulation, answers, seconds))
        log.info("done in %.1f s: %d steps, %d rejected", seconds, simulation.step, simulation.rejected)
    return Results(place, answers, simulation, seconds)
