"""The directory of a sweep: its plan, the case of every cell, a run directory for each, and what failed.

``sweep.toml`` is the plan, ``cells/NAME.toml`` the case of a cell, ``NAME/`` its run directory and
``cells/NAME.failed.json`` why it failed. Whether a cell is done is what its own ``summary.json`` says.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import tomli_w

from mnrd.case import CaseError
from mnrd.output.directory import SUMMARY, write_text
from mnrd.output.ending import Ending
from mnrd.sweep.plan import Cell, Plan, check, load

PLAN = "sweep.toml"
CELLS = "cells"

State = Literal["done", "failed", "stopped", "not started"]


@dataclass(frozen=True)
class Failure:
    """Why a cell failed.

    Parameters
    ----------
    code : int
        Exit code; minus the signal that killed it.
    reason : str
        The last line of what it said.
    said : str
        All that it said, if that is not too long.
    """

    code: int
    reason: str
    said: str = ""


@dataclass(frozen=True)
class SweepFolder:
    """The directory of a sweep.

    Parameters
    ----------
    path : Path
    plan : Plan
    """

    path: Path
    plan: Plan

    def case(self, cell: Cell) -> Path:
        """The case file of a cell."""
        return self.path / CELLS / f"{cell.name}.toml"

    def run(self, cell: Cell) -> Path:
        """The run directory of a cell."""
        return self.path / cell.name

    def summary(self, cell: Cell) -> dict[str, Any] | None:
        """summary.json of a cell; None while there is none that can be read."""
        try:
            found = json.loads((self.run(cell) / SUMMARY).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def failure(self, cell: Cell) -> Failure | None:
        """Why a cell failed; None if it did not."""
        try:
            return Failure(**json.loads(self._failed(cell).read_text("utf-8")))
        except FileNotFoundError:
            return None

    def state(self, cell: Cell) -> State:
        """Where a cell stands."""
        found = self.summary(cell)
        if found is not None and found.get("exit code") == Ending.DONE:
            return "done"
        if self.failure(cell) is not None:
            return "failed"
        return "stopped" if self.run(cell).exists() else "not started"

    def remember(self, cell: Cell, failure: Failure | None) -> None:
        """Keep why a cell failed, or forget it."""
        if failure is None:
            self._failed(cell).unlink(missing_ok=True)
        else:
            write_text(self._failed(cell), json.dumps(asdict(failure), indent=2, ensure_ascii=False) + "\n")

    def _failed(self, cell: Cell) -> Path:
        return self.path / CELLS / f"{cell.name}.failed.json"


def prepare(plan: Plan, path: Path) -> SweepFolder:
    """Make the directory of a sweep, or find it as it was left.

    Several tasks of a job array may do so at the same time: one checks the plan and writes, the others wait for it.

    Raises
    ------
    CaseError
        When a cell cannot be used, or the directory belongs to another sweep; nothing has been run then.
    OSError
        When the directory cannot be written.
    """
    if not path.exists():
        check(plan)  # before anything is written
    (path / CELLS).mkdir(parents=True, exist_ok=True)
    with _alone(path / CELLS / ".lock"):
        if (path / PLAN).exists():
            _compare(plan, open_sweep(path).plan, path)
            return SweepFolder(path, plan)
        others = sorted(entry.name for entry in path.iterdir() if entry.name != CELLS)
        if others:
            raise FileExistsError(f"{path}: holds {others[0]} already and is no sweep; name another folder")
        made = SweepFolder(path, plan)
        cases = check(plan)
        for cell in plan.cells:
            write_text(made.case(cell), tomli_w.dumps(cases[cell.name].effective()))
        write_text(path / PLAN, tomli_w.dumps(plan.document()))  # the last, it says that the others are there
    return made


def open_sweep(path: Path) -> SweepFolder:
    """The directory of a sweep that has begun.

    Raises
    ------
    CaseError
        When it is none.
    """
    if not (path / PLAN).is_file():
        raise CaseError([f"{path}: is no folder of a sweep, it has no {PLAN}; give the one that `mnrd sweep` wrote to"])
    return SweepFolder(path, load(path / PLAN))


def _compare(asked: Plan, there: Plan, path: Path) -> None:
    """CaseError when a directory belongs to another plan."""
    parts = {
        "case": (asked.base, there.base),
        "set": (asked.fixed, there.fixed),
        "axes": (asked.columns, there.columns),
    }
    differ = [name for name, (one, other) in parts.items() if one != other]
    if differ:
        raise CaseError(
            [
                f"{path}: holds another sweep, which differs in {', '.join(differ)} (see {path / PLAN}); "
                "name another folder with --out"
            ]
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process of the sweep is in here."""
    with path.open("a", encoding="utf-8") as file:
        with suppress(OSError):  # no locks on this file system: all write the same
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
