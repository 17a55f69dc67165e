"""The plan of a sweep: a base case and axes make numbered cells, each a case of its own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, product
from math import prod
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from mnrd.case import Case, CaseError, from_document
from mnrd.case import document as documents
from mnrd.case.document import Document
from mnrd.case.errors import explain, path_of
from mnrd.case.imported import KEY, anchored, place_of
from mnrd.resources import folder
from mnrd.sweep.axes import Axis, Column, sample
from mnrd.units import Noun

MOST = 100_000  # cells; more are a slip of the pen
NAME = 60  # characters of the name of a cell


class SweepFile(Noun):
    """A sweep file as it is written."""

    title: str = Field("", description="One line, for lists.")
    description: str = Field("", description="What the sweep is for.")
    case: str | dict[str, Any] = Field(
        description="The base case: the name of a bundled case, a file beside the sweep file, or a table with the case."
    )
    set: dict[str, Any] = Field({}, description="Keys of the base case that are changed for all cells.")
    axes: tuple[Axis, ...] = Field(min_length=1, description="What varies; every axis is crossed with every other.")
    samples: int | None = Field(
        None, ge=1, description="Size of the Latin hypercube over all axes with a range and no count."
    )
    seed: int = Field(0, ge=0, description="Of the Latin hypercube.")
    show: tuple[str, ...] = Field(
        (), description="Quantities that `mnrd collect` prints, by their names without units; the files hold all."
    )


@dataclass(frozen=True)
class Cell:
    """One case of a sweep.

    Parameters
    ----------
    number : int
        From 0.
    name : str
        Of its run directory.
    settings : dict of key to value
        What makes it differ from the base case.
    """

    number: int
    name: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """All that decides which cells there are; equal plans have the same cells.

    Parameters
    ----------
    base : dict
        The base case as a document.
    fixed : dict of key to value
        Changed in all cells.
    columns : tuple of Column
        Crossed with each other, the last one fastest.
    title : str
    show : tuple of str
        Names of quantities for the screen.
    """

    base: Document
    fixed: dict[str, Any]
    columns: tuple[Column, ...]
    title: str = ""
    show: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that vary."""
        return tuple(chain.from_iterable(column.keys for column in self.columns))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, in the order of their numbers."""
        count = prod(len(column.rows) for column in self.columns)
        width = len(str(count - 1))
        crossed = product(*(column.rows for column in self.columns))
        return tuple(
            _cell(number, width, dict(zip(self.keys, chain.from_iterable(rows), strict=True)))
            for number, rows in enumerate(crossed)
        )

    def case(self, cell: Cell) -> Case:
        """The case of a cell; CaseError when it cannot be used."""
        return from_document(self.base, cell.name, {**self.fixed, **cell.settings})

    def document(self) -> Document:
        """The plan as a sweep file that needs no other file and draws no samples."""
        axes = [{"key": list(column.keys), "values": [list(row) for row in column.rows]} for column in self.columns]
        return {"title": self.title, "show": list(self.show), "case": self.base, "set": self.fixed, "axes": axes}


def bundled() -> dict[str, str]:
    """Text of the sweeps that come with mnrd, by name."""
    place = folder("meshes") / "sweeps"
    files = [entry for entry in place.iterdir() if entry.name.endswith(".toml")]
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in sorted(files, key=lambda e: e.name)}


def load(path_or_name: str | Path, overrides: Mapping[str, Any] | None = None) -> Plan:
    """Read a sweep file, or a bundled sweep by its name, with its base case.

    Parameters
    ----------
    path_or_name : str or Path
    overrides : mapping of key to value
        Put over the base case, as `set` in the file.

    Returns
    -------
    Plan
        The cells are not checked yet, `check` does.

    Raises
    ------
    CaseError
        With every problem of the sweep file on its own line.
    """
    name, document = documents.read(path_or_name, bundled(), "sweep")
    path = Path(path_or_name)
    return _planned(document, name, path.parent if path.is_file() else None, overrides or {})


def check(plan: Plan) -> dict[str, Case]:
    """The case of every cell by name.

    Raises
    ------
    CaseError
        When any cell cannot be used: each problem once, with the cells that have it.
    """
    cells, cases = plan.cells, {}
    problems: dict[str, list[Cell]] = {}
    for cell in cells:
        try:
            cases[cell.name] = plan.case(cell)
        except CaseError as error:
            for problem in error.problems:
                told = problem.removeprefix("--set ").removesuffix(f" (case {cell.name})")
                problems.setdefault(told, []).append(cell)
    if problems:
        raise CaseError(f"{_which(found, len(cells))}: {problem}" for problem, found in problems.items())
    return cases


def _planned(document: Document, name: str, beside: Path | None, overrides: Mapping[str, Any]) -> Plan:
    try:
        written = SweepFile.model_validate(document)
    except ValidationError as error:
        entries = [explain(SweepFile, dict(entry), document) for entry in error.errors()]
        raise CaseError(f"{path_of(place)}: {sentence} (sweep {name})" for place, sentence in entries) from None
    columns = tuple(_columns(written, name))
    count = prod(len(column.rows) for column in columns)
    if count > MOST:
        raise CaseError([f"axes: got {count} cells, must be at most {MOST}; take fewer values (sweep {name})"])
    fixed = {**_flat(written.set), **overrides}
    if beside is not None:  # of the sweep file, which the plan does without later
        columns = tuple(_anchored(column, beside) for column in columns)
        fixed |= {KEY: place_of(fixed[KEY], beside)} if isinstance(fixed.get(KEY), str) else {}
    return Plan(_base(written.case, beside), fixed, columns, written.title, written.show)


def _columns(written: SweepFile, name: str) -> Iterator[Column]:
    """Axes as columns, all that are sampled as one at the end."""
    counted = Counter(key for axis in written.axes for key in axis.keys)
    twice = [key for key, times in counted.items() if times > 1]
    if twice:
        raise CaseError([f"axes: got {twice[0]} {counted[twice[0]]} times, must be on one axis (sweep {name})"])
    sampled = [axis for axis in written.axes if axis.sampled]
    if sampled and written.samples is None:
        raise CaseError(
            [f"axes: {sampled[0].keys[0]} has a range and no count: give count, or samples for all (sweep {name})"]
        )
    if written.samples is not None and not sampled:
        raise CaseError(
            [f"samples: no axis is sampled: give one a range without count, or leave it out (sweep {name})"]
        )
    yield from (axis.column() for axis in written.axes if not axis.sampled)
    if written.samples is not None:
        yield sample(sampled, written.samples, written.seed)


def _base(case: str | Document, beside: Path | None) -> Document:
    """The base case: a table, a file beside the sweep file, or a bundled case."""
    if not isinstance(case, str):
        return anchored(case, beside or Path())
    file = None if beside is None else beside / case
    path = Path(case) if file is None or not file.is_file() else file
    return anchored(documents.read(path)[1], path.parent)


def _anchored(column: Column, beside: Path) -> Column:
    """A column with whole paths of meshes."""
    if KEY not in column.keys:
        return column
    at = column.keys.index(KEY)
    rows = tuple((*row[:at], place_of(str(row[at]), beside), *row[at + 1 :]) for row in column.rows)
    return column._replace(rows=rows)


def _flat(table: Document, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys, so that ``[set] run.end = "1 h"`` changes one key and not the whole section."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def _cell(number: int, width: int, settings: dict[str, Any]) -> Cell:
    """A cell with a name that is safe in any shell: its number and what it is about."""
    words = (f"{key.split('.')[-1]}-{value}" for key, value in settings.items() if isinstance(value, str | int | float))
    told = re.sub(r"[^A-Za-z0-9.+]+", "-", "-".join(words))[:NAME].strip("-.")
    return Cell(number, f"{number:0{width}d}-{told}" if told else f"{number:0{width}d}", settings)


def _which(found: list[Cell], count: int) -> str:
    """The cells that have a problem, short."""
    if len(found) == count:
        return "every cell" if count > 1 else f"cell {found[0].number}"
    shown = ", ".join(f"{key} = {value}" for key, value in found[0].settings.items())
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"cell {found[0].number} ({shown}){others}"
