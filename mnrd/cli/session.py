"""One run from a case to a folder of results: which observers look on, and what is written at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w

import mnrd
from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.case import Case
from mnrd.case.sections import multiples
from mnrd.case.synergy import variants
from mnrd.cli import memory
from mnrd.cli.healing import Healing, Outcome, collagen_gain, run_variants
from mnrd.model.problem import Event, Problem
from mnrd.output import directory
from mnrd.output.answer import Entry, answer, as_numbers
from mnrd.output.history import History, Record
from mnrd.output.picture import PictureError, overview
from mnrd.output.schedule import AtTimes, EverySteps
from mnrd.output.summary import versions, write_summary
from mnrd.output.tables import Layers, Series
from mnrd.output.vtk import FieldSeries
from mnrd.simulation import Observer, Simulation
from mnrd.skin.healing.declaration import EQUATIONS

Watcher = Callable[[Simulation], None]

log = logging.getLogger("mnrd")
LINE_EVERY = 30.0  # s of wall time


@dataclass(frozen=True)
class Results:
    """What a run gave.

    Parameters
    ----------
    folder : Path
    answers : dict of field to dict of name to Entry
        Empty for a case without actives.
    simulation : Simulation
        At the end of the run.
    seconds : float
        Wall time.
    healing : Outcome or None
        None for a case without healing.
    """

    folder: Path
    answers: dict[str, dict[str, Entry]]
    simulation: Simulation
    seconds: float
    healing: Outcome | None = None


@dataclass
class Progress:
    """Observer of every step: one line in the log per 30 s, and whoever wants to look on.

    Parameters
    ----------
    end : float
        Of the run, s.
    watchers : tuple of callable of the simulation
    """

    end: float
    watchers: tuple[Watcher, ...] = ()
    schedule: EverySteps = field(default_factory=lambda: EverySteps(1))
    _last: float = field(default_factory=time.monotonic)

    def observe(self, simulation: Simulation) -> None:
        """Look on after a step."""
        for watcher in self.watchers:
            watcher(simulation)
        if time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            share = 100.0 * simulation.time / self.end
            log.info(
                "step %d, t = %.4g s (%.0f %%), dt = %.3g s", simulation.step, simulation.time, share, simulation.dt
            )


@dataclass
class Picture:
    """Observer that draws overview.png once; without a picture a run is still good."""

    case: Case
    path: Path
    schedule: AtTimes
    healing: Healing | None = None

    def observe(self, simulation: Simulation) -> None:
        """Draw the field that is asked for: by default the first active, or the gain of collagen without actives."""
        model, asked = simulation.problem.model, self.case.output.picture
        alone = self.healing is not None and not self.case.actives
        if asked is None and alone:
            shown, name, unit = collagen_gain(simulation), "collagen gain", "%"
        else:
            one = model.fields[0 if asked is None else model.index(asked)]
            shown, unit = simulation.concentration(one.name), one.unit
            name = one.meaning if one.name in EQUATIONS else one.name
        wound = self.case.healing.wound if self.case.healing is not None else None
        array = self.case.array
        quarter = wound.round if wound is not None else array is not None and array.cell == "quarter"
        try:
            overview(
                simulation.problem.mesh, simulation.problem.painting, shown, self.path, name=name, unit=unit,
                time=simulation.time, mirrored=quarter, depth=self.healing.depth if self.healing and alone else None,
            )  # fmt: skip
        except PictureError as error:
            log.warning("%s", error)


def run_case(case: Case, folder: Path, watchers: Iterable[Watcher] = ()) -> Results:
    """Run a case and write case.toml, series.csv, layers.csv, fields/, overview.png, summary.json and run.log.

    With a healing section also healing.csv, rings.csv and healing.png.

    Parameters
    ----------
    case : Case
    folder : Path
        New, or empty.
    watchers : iterable of callable of the simulation
        Called after every step.

    Raises
    ------
    CaseError, MemoryError, BackendUnavailable
        Before anything is written.
    OSError
        When the folder is in use or cannot be written.
    NumericalFailure
        When no step is accepted; what was written until then stays.
    """
    started = time.monotonic()
    problem, events = case.problem()
    others = _others(case)
    memory.check(problem)
    backend = choose(case.run.backend, case.run.precision)
    place = directory.create(folder)
    with logged(place):
        directory.write_text(place / "case.toml", tomli_w.dumps(case.effective()))
        cells = " x ".join(str(count) for count in problem.mesh.shape[::-1])
        log.info(
            "mnrd %s, %s, %s cells, %d fields", mnrd.__version__, backend.description, cells, len(problem.model.fields)
        )
        history = History(AtTimes(case.run.reports))
        healing = None if case.healing is None else Healing(case)
        observers = [history, *_writers(case, place, healing), Progress(case.run.end, tuple(watchers))]
        if healing is not None:
            courses = healing.courses(problem, place)
            observers += [courses, *healing.rings(problem, place)]
        simulation = simulate(case, problem, events, backend, observers)
        run_other = partial(simulate, case, backend=backend)
        intact: dict[str, Record] = {}
        if "intact" in others:
            alone = History(AtTimes(case.run.reports))
            run_other(*others.pop("intact"), observers=[alone])
            intact = alone.records
        answers = answers_of(case, history.records, intact)
        outcome = None
        if healing is not None:
            outcome = healing.outcome(courses.course, run_variants(healing, others, run_other))
            healing.picture(courses.course, place)
        results = Results(place, answers, simulation, time.monotonic() - started, outcome)
        write_summary(place / "summary.json", _summary(case, results))
        log.info("done in %.1f s: %d steps, %d rejected", results.seconds, simulation.step, simulation.rejected)
    return results


def _others(case: Case) -> dict[str, tuple[Problem, tuple[Event, ...]]]:
    """The runs that the one of the case is compared with."""
    if case.output.compare == "intact":
        return {"intact": case.problem(without_needles=True)}
    if case.output.compare == "synergy":
        return {name: problem for name, problem in variants(case).items() if name != "both"}
    return {}


def simulate(
    case: Case, problem: Problem, events: Sequence[Event], backend: Backend, observers: Sequence[Observer]
) -> Simulation:
    """Run a problem with the time stepping of a case."""
    section = case.run
    simulation = Simulation(
        problem,
        backend=backend,
        events=events,
        observers=observers,
        rtol=section.rtol,
        dt=section.dt,
        first_step=section.first_step,
        dt_max=section.dt_max,
    )
    return simulation.run(section.end)


def answers_of(case: Case, records: dict[str, Record], intact: dict[str, Record]) -> dict[str, dict[str, Entry]]:
    """The answer for every active."""
    concentrations = {permeant.field: permeant.concentration for permeant in case.actives}
    return {
        name: answer(records[name], intact=intact.get(name), donor_concentration=concentration)
        for name, concentration in concentrations.items()
    }


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Write what is logged inside the block to run.log as well."""
    handler = logging.FileHandler(folder / "run.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()


def _writers(case: Case, place: Path, healing: Healing | None) -> Iterator[Observer]:
    """Everything that writes files during the run."""
    times, output = AtTimes(case.run.reports), case.output
    yield Series(place, times)
    yield Layers(place, times)
    if output.fields != ():
        every = () if output.fields_every is None else multiples(output.fields_every, case.run.end)
        wanted = (*every, *output.fields_at) or (case.run.end,)
        yield FieldSeries(place, AtTimes(wanted), fields=output.fields, single=not output.double)
    yield Picture(case, place / "overview.png", AtTimes((output.picture_at or case.run.end,)), healing)


def _summary(case: Case, results: Results) -> dict[str, Any]:
    simulation = results.simulation
    names = simulation.problem.model.names
    healing = {} if results.healing is None else {"healing": results.healing.summary()}
    return {
        "case": case.name,
        "title": case.title,
        "versions": versions(),
        "backend": simulation.backend.description,
        "precision": case.run.precision,
        "cells": simulation.problem.mesh.cells,
        "end [s]": simulation.time,
        "steps": simulation.step,
        "rejected": simulation.rejected,
        "wall [s]": results.seconds,
        "answer": {name: as_numbers(entries) for name, entries in results.answers.items()},
        **healing,
        "balance": {name: simulation.ledger(name) for name in names},
        "clipped": {name: simulation.clipped(name) for name in names},
    }
