"""One run from a case to a folder of results: the order of events, and what is written at the end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import mnrd
from mnrd.backends import choose
from mnrd.case import Case
from mnrd.case.synergy import variants
from mnrd.cli import logs, memory, resuming
from mnrd.cli.control import Control, Stopped
from mnrd.cli.failures import ending_of
from mnrd.cli.healing import Healing, Outcome, run_variants
from mnrd.cli.parts import Parts, Variant
from mnrd.cli.progress import Bar
from mnrd.cli.resuming import Beginning
from mnrd.cli.summary import summarise
from mnrd.cli.writers import writers
from mnrd.output import directory
from mnrd.output.answer import Entry, answer
from mnrd.output.checkpoint import CheckpointError
from mnrd.output.ending import Ending
from mnrd.output.history import History, Record
from mnrd.output.schedule import AtTimes
from mnrd.simulation import NumericalFailure

log = logging.getLogger("mnrd")


@dataclass(frozen=True)
class Results:
    """What a run gave.

    Parameters
    ----------
    folder : Path
    backend : str
        In words.
    titles : dict of str to str
        What each field is.
    figures : mapping
        Of the simulation of the case (see `mnrd.cli.summary.figures`).
    wall : float
        Wall time, s.
    answers : dict of field to dict of name to Entry
        Empty for a case without actives.
    healing : Outcome or None
        None for a case without healing.
    """

    folder: Path
    backend: str
    titles: dict[str, str]
    figures: dict[str, Any]
    wall: float
    answers: dict[str, dict[str, Entry]] = field(default_factory=dict)
    healing: Outcome | None = None


def run_case(
    case: Case, folder: Path, *, beginning: Beginning | None = None, control: Control | None = None,
    bar: Bar | None = None, as_json: bool = False,
) -> Results:  # fmt: skip
    """Run a case and write case.toml, series.csv, layers.csv, fields/, overview.png, summary.json and run.log.

    With a healing section also healing.csv, rings.csv and healing.png. Checkpoints are written to ``checkpoints/``.

    Parameters
    ----------
    case : Case
    folder : Path
        New or empty, or the folder of the same run, which goes on then.
    beginning : Beginning, optional
        What `resuming.look` said, where it was asked for something else than to go on if possible.
    control : Control, optional
        What may stop the run before its end.
    bar : Bar, optional
        On a terminal.
    as_json : bool
        Write run.log as JSON.

    Raises
    ------
    CaseError, MemoryError, BackendUnavailable
        Before anything is written.
    Stopped
        When `control` stopped the run; it can go on.
    OSError
        When the folder is in use or cannot be written, and when the run is finished already.
    NumericalFailure
        When no step is accepted; failed.vtr and a checkpoint hold the last good state.
    """
    beginning = beginning or resuming.look(case, folder)
    if beginning.way == "finished":
        raise FileExistsError(f"{folder}: the run is finished already; replace it (--overwrite) or name another folder")
    control = control or Control()
    backend = choose(case.run.backend, case.run.precision)
    memory.check(case, backend)
    begun = control.clock()
    problem, events = case.problem()
    painting = control.clock() - begun
    place = directory.create(folder) if beginning.way == "new" else folder
    parts = Parts(case, place, backend, control, bar, beginning.checkpoint, painting)
    with directory.locked(place):
        beginning.prepare(case)
        with logs.to_file(place, as_json=as_json), _ended(parts):
            cells = " x ".join(str(count) for count in problem.mesh.shape[::-1])
            fields = len(problem.model.fields)
            log.info("mnrd %s, %s, %s cells, %d fields", mnrd.__version__, backend.description, cells, fields)
            results = _run((problem, events), parts)
            log.info("done in %.1f s: %d steps, %d rejected", results.wall, *_steps(results))
            return results


def _run(whole: Variant, parts: Parts) -> Results:
    """Run a case and those that it is compared with, and write what only the end knows."""
    case, place = parts.case, parts.place
    others = _others(case)
    history = History(AtTimes(case.run.reports))
    healing = None if case.healing is None else Healing(case)
    observers = [history, *writers(case, place, healing)]
    if healing is not None:
        courses = healing.courses(whole[0], place)
        observers += [courses, *healing.rings(whole[0], place)]
    parts.run(directory.MAIN, *whole, observers)
    intact: dict[str, Record] = {}
    if "intact" in others:
        alone = History(AtTimes(case.run.reports))
        parts.run("intact", *others.pop("intact")(), [alone])
        intact = alone.records
    answers, outcome = _answers(case, history.records, intact), None
    if healing is not None:
        outcome = healing.outcome(courses.course, run_variants(healing, others, parts.run))
        healing.picture(courses.course, place)
    titles = {one.name: one.meaning for one in whole[0].model.fields}
    backend, figures = parts.backend.description, parts.figures[directory.MAIN]
    results = Results(place, backend, titles, figures, parts.wall, answers, outcome)
    _summarise(parts, "done", Ending.DONE, results)
    return results


def _others(case: Case) -> dict[str, Callable[[], Variant]]:
    """Makers of the problems that the one of the case is compared with."""
    if case.output.compare == "intact":
        return {"intact": partial(case.problem, without_needles=True)}
    if case.output.compare == "synergy":
        return {name: make for name, make in variants(case).items() if name != "both"}
    return {}


def _answers(case: Case, records: dict[str, Record], intact: dict[str, Record]) -> dict[str, dict[str, Entry]]:
    """The answer for every active."""
    concentrations = {permeant.field: permeant.concentration for permeant in case.actives}
    return {
        name: answer(records[name], intact=intact.get(name), donor_concentration=concentration)
        for name, concentration in concentrations.items()
    }


@contextmanager
def _ended(parts: Parts) -> Iterator[None]:
    """Leave a summary and a line in the log when the block ends early; an error of the disk names the checkpoint."""
    try:
        yield
    except (Stopped, NumericalFailure, MemoryError, OSError, CheckpointError) as error:
        ending = ending_of(error)
        assert ending is not None
        with suppress(OSError):  # a summary of an end that is told in any case
            _summarise(parts, error.reason if isinstance(error, Stopped) else str(error), ending)
        said = f"{error}; {_what_stays(parts)}" if isinstance(error, OSError) else str(error)
        log.error("%s", said)
        if isinstance(error, OSError):
            raise OSError(said) from error
        raise


def _what_stays(parts: Parts) -> str:
    found = resuming.checkpoints(parts.place)
    last = f"the last checkpoint is {found[-1]}" if found else "there is no checkpoint yet"
    return f"what was written before stays, {last}; the same command goes on from there"


def _summarise(parts: Parts, reason: str, ending: Ending, results: Results | None = None) -> None:
    """Write summary.json."""
    figures = dict(parts.figures)
    answers, healing = (results.answers, results.healing) if results else ({}, None)
    summarise(
        parts.case, parts.place, reason=reason, code=int(ending), wall=parts.wall, backend=parts.backend,
        figures=figures.pop(directory.MAIN, {}), parts=figures, answers=answers,
        healing=None if healing is None else healing.summary(),
    )  # fmt: skip


def _steps(results: Results) -> tuple[int, int]:
    return results.figures["steps"], results.figures["rejected"]
