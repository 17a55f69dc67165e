"""A table that a run wrote, by columns."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnrd.results.snapshot import RunError

TIME = "time [s]"
Column = NDArray[np.float64] | list[str]


@dataclass(frozen=True)
class Table:
    """Columns of a CSV file in the order of the file.

    Parameters
    ----------
    columns : dict of heading to column
        Numbers as a float array, with NaN where a cell is empty; anything else as a list of str.
    """

    columns: dict[str, Column]

    @property
    def times(self) -> NDArray[np.float64]:
        """The column ``time [s]``."""
        return self.numbers(TIME)

    def numbers(self, heading: str) -> NDArray[np.float64]:
        """A column of numbers; KeyError when there is none of that heading."""
        column = self.columns[heading]
        if isinstance(column, list):
            raise KeyError(f"{heading}: holds text")
        return column


def read_table(path: Path) -> Table:
    """Read a CSV file with a header.

    Raises
    ------
    RunError
        When it is not there or has no rows.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error}); the run writes it with its first report") from None
    except (ValueError, csv.Error) as error:
        raise RunError(f"{path}: cannot be read ({error}; damaged?)") from None
    if TIME not in header:
        raise RunError(f"{path}: has no column '{TIME}' (damaged?)")
    rows = [row for row in rows if len(row) == len(header)]
    return Table({name: _column([row[number] for row in rows]) for number, name in enumerate(header)})


def _column(cells: list[str]) -> Column:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return cells
