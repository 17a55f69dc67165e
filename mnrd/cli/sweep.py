"""The commands `mnrd sweep` and `mnrd collect`: what they say and in which order things are done."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnrd.case import CaseError
from mnrd.cli.control import Requests
from mnrd.cli.screen import table
from mnrd.cli.walltime import limit
from mnrd.output.ending import Ending
from mnrd.sweep import collect as collecting
from mnrd.sweep.folder import SweepFolder, open_sweep, prepare
from mnrd.sweep.plan import Cell, Plan, check
from mnrd.sweep.running import Executor, Outcome, Stop, local, remote, run_cells, share

SHOWN = 4  # quantities on the screen when the sweep file names none


@dataclass(frozen=True)
class Where:
    """Where the cells of a sweep are run.

    Parameters
    ----------
    workers : int or None
        Cells at a time on this machine; None for one per core.
    scheduler : str or None
        Address of a Dask scheduler in place of this machine.
    task, of : int or None
        One share of the cells, for a job array.
    walltime : str or None
        As `mnrd run --max-walltime`, for all cells together.
    """

    workers: int | None = None
    scheduler: str | None = None
    task: int | None = None
    of: int | None = None
    walltime: str | None = None

    def check(self) -> None:
        """CaseError when options contradict each other."""
        problems = []
        if (self.task is None) != (self.of is None):
            problems.append("--task, --of: give both or none")
        if self.scheduler is not None and (self.workers is not None or self.task is not None):
            problems.append("--scheduler: its workers run the cells, leave out --workers and --task")
        if self.workers is not None and self.workers < 1:
            problems.append(f"--workers: got {self.workers}, must be at least 1")
        if problems:
            raise CaseError(problems)

    def mine(self, cells: Sequence[Cell]) -> list[Cell]:
        """The cells that are run by this command."""
        return list(cells) if self.task is None or self.of is None else share(cells, self.task, self.of)

    def count(self, cells: int) -> int:
        """Cells at a time; a task of a job array takes one after the other, with all cores, if nothing is said."""
        if self.workers is not None or self.task is not None:
            return self.workers or 1
        return max(1, min(cells, _cores()))

    def executor(self, workers: int) -> AbstractContextManager[Executor]:
        """What runs them."""
        return local(workers) if self.scheduler is None else remote(self.scheduler)

    def deadline(self) -> float | None:
        """Time of day by which all must have stopped; None where each worker must ask its own batch job."""
        if self.scheduler is not None and self.walltime == "auto":
            return None
        left = None if self.walltime is None else limit(self.walltime, os.environ)
        return float("inf") if left is None else time.time() + left


def plan_table(plan: Plan, path: Path) -> None:
    """Check every cell and print the plan with the state of each; nothing is written."""
    if path.exists():
        prepare(plan, path)
        states = {cell.name: SweepFolder(path, plan).state(cell) for cell in plan.cells}
    else:
        check(plan)
        states = {}
    rows = [
        (str(cell.number), *(str(value) for value in cell.settings.values()), states.get(cell.name, "not started"))
        for cell in plan.cells
    ]
    table(f"{plan.title}: {len(rows)} cells", ("cell", *plan.keys, "state"), rows)


def sweep(plan: Plan, path: Path, where: Where, *, retry_failed: bool = False, quiet: bool = False) -> Ending:
    """Run the cells of a sweep that are not done.

    Returns
    -------
    Ending
        DONE, STOPPED when cells are left that can go on, or CELLS_FAILED.

    Raises
    ------
    CaseError
        When the plan or an option cannot be used; nothing has been run then.
    """
    where.check()
    mine = where.mine(plan.cells)
    folder = prepare(plan, path)
    states = {cell.name: folder.state(cell) for cell in mine}
    waiting = [cell for cell in mine if states[cell.name] != "done" and (retry_failed or states[cell.name] != "failed")]
    if not quiet:
        _tell(f"{path}: {len(mine)} cells, {_counts(states.values())}; {len(waiting)} to run")
    stopped = False
    for number, outcome in enumerate(_outcomes(folder, waiting, where), 1):
        stopped = stopped or outcome.code == Ending.STOPPED
        if not quiet:
            _tell(f"{number} of {len(waiting)}, {outcome.cell.name}: {_words(outcome)}")
    failed = [cell for cell in mine if folder.state(cell) == "failed"]
    if not quiet:
        _failures(folder, failed)
        print(f"{path}: {_counts(folder.state(cell) for cell in mine)}; `mnrd collect {path}` makes a table")
    if stopped:
        return Ending.STOPPED
    return Ending.CELLS_FAILED if failed else Ending.DONE


def collect(path: Path) -> None:
    """Write the table of a sweep, and print a part of it.

    Raises
    ------
    CaseError
        When the folder is none of a sweep.
    """
    folder = open_sweep(path)
    found = collecting.collect(folder)
    shown = _shown(found.quantities, folder.plan.show)
    columns = ("cell", *found.parameters, "state", *shown)
    rows = [tuple(_text(row.get(column)) for column in columns) for row in found.rows]
    table(f"{folder.plan.title}: {_counts(str(row['state']) for row in found.rows)}", columns, rows)
    _failures(folder, [cell for cell in folder.plan.cells if folder.state(cell) == "failed"])
    try:
        for file in collecting.write(found, path):
            print(file)
    except ModuleNotFoundError as error:
        _tell(str(error))
    print(f"`mnrd report {path}` draws it")


def _outcomes(folder: SweepFolder, cells: Sequence[Cell], where: Where) -> Iterator[Outcome]:
    """Run cells; signals stop them politely, the second SIGINT at once."""
    if not cells:
        return
    workers, deadline = where.count(len(cells)), where.deadline()
    threads = None if where.scheduler is not None else max(1, _cores() // workers)
    requests = Requests()
    with _stop_file(folder.path) as stop, requests.listening(), where.executor(workers) as executor:
        yield from run_cells(
            folder, cells, executor, stop, asked=lambda: bool(requests.stop), deadline=deadline, threads=threads
        )


@contextmanager
def _stop_file(folder: Path) -> Iterator[Stop]:
    """A name for this command only: a task of a job array that is stopped leaves the others alone."""
    stop = Stop(folder.resolve() / f".stop-{uuid.uuid4().hex}")
    try:
        yield stop
    finally:
        stop.path.unlink(missing_ok=True)


def _words(outcome: Outcome) -> str:
    """How a cell ended, in words."""
    if outcome.failure is not None:
        return f"failed with code {outcome.code}: {outcome.failure.reason}"
    if outcome.code == Ending.STOPPED:
        return f"stopped after {outcome.seconds:.1f} s, goes on next time" if outcome.seconds else "not begun"
    return f"done in {outcome.seconds:.1f} s"


def _failures(folder: SweepFolder, cells: Sequence[Cell]) -> None:
    """List what failed and why."""
    failures = [(cell, folder.failure(cell)) for cell in cells]
    rows = [(str(cell.number), cell.name, str(one.code), one.reason) for cell, one in failures if one is not None]
    if rows:
        table("failed, run again with `mnrd sweep ... --retry-failed`", ("cell", "name", "code", "reason"), rows)


def _counts(states: Iterable[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in Counter(states).items()) or "none"


def _shown(quantities: Sequence[str], names: Sequence[str]) -> list[str]:
    """Headers of the quantities that a sweep file wants to see; the first few where it says nothing."""
    if not names:
        return list(quantities[:SHOWN])
    return [header for name in names for header in quantities if header == name or header.startswith(f"{name} [")]


def _text(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
