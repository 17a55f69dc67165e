"""One tidy table of a sweep: a row for every cell, with its parameters and what came out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnrd.output.directory import replacing, write_text
from mnrd.output.one_unit import Entries, Value, answers_of, headers, in_one_unit
from mnrd.sweep.axes import amount
from mnrd.sweep.folder import SweepFolder
from mnrd.sweep.plan import Cell

CSV, PARQUET = "table.csv", "table.parquet"


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
    parameters = in_one_unit([_parameters(cell) for cell in cells])
    quantities = in_one_unit(found)
    rows = []
    for cell, state, *given in zip(cells, states, parameters, quantities, strict=True):
        failure = folder.failure(cell) if state == "failed" else None
        row: dict[str, Value] = {"cell": cell.number, "name": cell.name, "state": state}
        row |= {header: value for part in given for header, value in part.items()}
        rows.append(row | ({"code": failure.code, "reason": failure.reason} if failure is not None else {}))
    return Table(headers(parameters), headers(quantities), tuple(rows))


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
    took: dict[tuple[str, str], Value] = {(name, ""): summary[name] for name in ("cells", "steps", "rejected")}
    errors = [one["relative_error"] for one in summary["balance"].values()]  # null where one is not finite
    answers = answers_of(summary, named=len(summary["answer"]) > 1)
    return took | answers | {("largest imbalance", ""): None if None in errors else max(errors)}
