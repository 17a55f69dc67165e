"""One tidy table of a sweep: a row for every cell, with its parameters and what came out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import PydanticCustomError

from mnrd.output.directory import replacing, write_text
from mnrd.sweep.axes import amount
from mnrd.sweep.folder import SweepFolder
from mnrd.sweep.plan import Cell
from mnrd.units import Quantity

CSV, PARQUET = "table.csv", "table.parquet"

Value = str | float | int | None
Entries = Mapping[tuple[str, str], Value]  # by name and unit
_HEADED = re.compile(r"(.*?)(?: \[([^\]]*)\])?")


@dataclass(frozen=True)
class Table:
    """All cells of a sweep.

    Parameters
    ----------
    parameters : tuple of str
        Headers of what varies, with units in square brackets.
    quantities : tuple of str
        Headers of what came out, with units.
    rows : tuple of dict of header to value
        In the order of the cells; what a cell does not have is None.
    """

    parameters: tuple[str, ...]
    quantities: tuple[str, ...]
    rows: tuple[dict[str, Value], ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """All headers in their order."""
        return ("cell", "name", "state", *self.parameters, *self.quantities, "code", "reason")


def collect(folder: SweepFolder) -> Table:
    """Read what there is of a sweep; cells that failed or are missing are rows without quantities."""
    cells = folder.plan.cells
    states = [folder.state(cell) for cell in cells]
    found = [_results(folder, cell) if state == "done" else {} for cell, state in zip(cells, states, strict=True)]
    parameters = _in_one_unit([_parameters(cell) for cell in cells])
    quantities = _in_one_unit(found)
    rows = []
    for cell, state, *given in zip(cells, states, parameters, quantities, strict=True):
        failure = folder.failure(cell) if state == "failed" else None
        row: dict[str, Value] = {"cell": cell.number, "name": cell.name, "state": state}
        row |= {header: value for part in given for header, value in part.items()}
        rows.append(row | ({"code": failure.code, "reason": failure.reason} if failure is not None else {}))
    return Table(_headers(parameters), _headers(quantities), tuple(rows))


def write(table: Table, folder: Path) -> Iterator[Path]:
    """Write the table as CSV and as Parquet into a folder, and yield the files that were written.

    Raises
    ------
    ModuleNotFoundError
        Without pyarrow, when the CSV is written.
    OSError
        If a file cannot be written.
    """
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(table.headers)
    lines.writerows([[row.get(header) for header in table.headers] for row in table.rows])
    write_text(folder / CSV, written.getvalue())
    yield folder / CSV
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Parquet is written by pyarrow: pip install 'mnrd[sweep]'") from None
    with replacing(folder / PARQUET) as part:
        columns = {header: [row.get(header) for row in table.rows] for header in table.headers}
        parquet.write_table(pyarrow.table(columns), part)
    yield folder / PARQUET


def _parameters(cell: Cell) -> Entries:
    """Everything that makes a cell differ."""
    found: dict[tuple[str, str], Value] = {}
    for key, value in cell.settings.items():
        read = amount(value)
        if read is not None:
            found[key, read.unit] = read.number
        else:
            found[key, ""] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return found


def _results(folder: SweepFolder, cell: Cell) -> Entries:
    """What came out of a cell that is done, and what it took."""
    summary = folder.summary(cell)
    assert summary is not None
    answers = summary["answer"]
    found: dict[str, Value] = {"cells": summary["cells"], "steps": summary["steps"], "rejected": summary["rejected"]}
    for active, entries in answers.items():
        prefix = f"{active}: " if len(answers) > 1 else ""
        found |= {f"{prefix}{header}": value for header, value in entries.items()}
    found |= (summary.get("healing") or {}).get("answer", {})
    errors = [one["relative_error"] for one in summary["balance"].values()]  # null where one is not finite
    found["largest imbalance"] = None if None in errors else max(errors)
    return {_split(header): value for header, value in found.items()}


def _split(header: str) -> tuple[str, str]:
    """Name and unit of ``name [unit]``."""
    found = _HEADED.fullmatch(header)
    assert found is not None
    return found[1], found[2] or ""


def _in_one_unit(rows: Iterable[Entries]) -> list[dict[str, Value]]:
    """Every name with one unit, the first that is met; where that is not possible, values as they were written."""
    rows = list(rows)
    units: dict[str, str] = {}
    for name, unit in (entry for row in rows for entry in row):
        units.setdefault(name, unit)
    written = {name for row in rows for (name, unit), value in row.items() if not _fits(value, unit, units[name])}
    return [
        {
            (name if name in written or not units[name] else f"{name} [{units[name]}]"): (
                f"{value} {unit}".rstrip() if name in written else _converted(value, unit, units[name])
            )
            for (name, unit), value in row.items()
        }
        for row in rows
    ]


def _fits(value: Value, unit: str, wanted: str) -> bool:
    """Whether a value is a number in a unit, or can become one; one that is absent fits everywhere."""
    if value is None:
        return True
    try:
        return not isinstance(value, str) and _converted(value, unit, wanted) is not None
    except PydanticCustomError:
        return False


def _converted(value: Value, unit: str, wanted: str) -> Value:
    """A number in another unit; PydanticCustomError where there is no way from one to the other."""
    if value is None or unit == wanted:
        return value
    return Quantity(wanted, "").parse(f"{value} {unit}", bare_number_allowed=False)


def _headers(rows: Iterable[Mapping[str, Value]]) -> tuple[str, ...]:
    """All keys in the order in which they are first met."""
    return tuple(dict.fromkeys(key for row in rows for key in row))
