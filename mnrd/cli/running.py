"""The commands run and resume: from a case to printed results, whatever comes in between."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnrd.case import Case
from mnrd.cli import resuming, session, walltime
from mnrd.cli.control import CHECKPOINT_EVERY, Control, Requests
from mnrd.cli.dryrun import dry_run
from mnrd.cli.progress import shown
from mnrd.cli.report import report_of_run
from mnrd.cli.screen import answer_tables
from mnrd.output import directory
from mnrd.simulation import NumericalFailure


@dataclass(frozen=True)
class Options:
    """What a command says besides the case, in its own words."""

    resume: str = resuming.AUTO
    force: bool = False
    overwrite: bool = False
    max_walltime: str | None = None
    checkpoint_every: str | None = None
    quiet: bool = False
    as_json: bool = False
    dry_run: bool = False
    report: bool = True


def carry_out(case: Case, folder: Path | None, options: Options) -> None:
    """Run a case, or go on with it, and print what came out.

    Raises
    ------
    CaseError
        Also when the options do not fit together.
    Stopped, MemoryError, NumericalFailure, OSError
        As `session.run_case`.
    """
    home = resuming.home(options.resume)
    place = folder or home or Path("runs") / Path(case.name).stem
    if options.dry_run:
        return dry_run(case, place)
    with shown(quiet=options.quiet, as_json=options.as_json) as bar:
        beginning = resuming.look(case, place, options.resume, force=options.force, overwrite=options.overwrite)
        if beginning.way != "finished":
            control = _control(options)
            with control.requests.listening(), reported(place, wanted=options.report):
                results = session.run_case(
                    case, place, beginning=beginning, control=control, bar=bar, as_json=options.as_json
                )
    if options.quiet:
        return
    if beginning.way == "finished":
        print(f"{place}: finished already; its results are there")
    else:
        answer_tables(results)
        if (place / directory.REPORT).is_file():
            print(f"{place / directory.REPORT}: the same with plots and pictures, for a browser")


@contextmanager
def reported(place: Path, *, wanted: bool) -> Iterator[None]:
    """Write the report of a run that came to its end or failed; one that was stopped has no time for it."""
    try:
        yield
    except NumericalFailure:
        if wanted:
            report_of_run(place)
        raise
    if wanted:
        report_of_run(place)


def _control(options: Options) -> Control:
    """What may interrupt the run."""
    every = options.checkpoint_every
    return Control(
        Requests(),
        limit=None if options.max_walltime is None else walltime.limit(options.max_walltime, os.environ),
        every=CHECKPOINT_EVERY if every is None else walltime.seconds(every, "--checkpoint-every"),
    )
