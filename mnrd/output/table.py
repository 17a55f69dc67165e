"""A table in a CSV file of which only whole lines are there at any time."""

from __future__ import annotations

import csv
import io
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from errno import ENOSPC
from pathlib import Path
from typing import Any

from mnrd.output.directory import replacing


class Table:
    """A CSV file that grows by whole lines: rows go out in one write each, so a killed run leaves no half.

    Parameters
    ----------
    path : Path
        Must not exist when the first row is added.
    columns : sequence of str, optional
        The header; that of the first row if not given.
    """

    def __init__(self, path: Path, columns: Sequence[str] = ()) -> None:
        self.columns = tuple(columns)
        self._path = path
        self._warned: set[str] = set()
        self._bytes = 0

    def add(self, row: Mapping[str, object]) -> None:
        """Append a row; a column it lacks stays empty, one the header lacks is left out with a warning.

        Raises
        ------
        FileExistsError
            At the first row, if the file is there.
        OSError
            When the row cannot be written; then nothing of it is in the file.
        """
        if not self._bytes:
            self.columns = self.columns or tuple(row)
            self._path.touch(exist_ok=False)
            self._write(self.columns)
        unknown = row.keys() - set(self.columns) - self._warned
        if unknown:
            logging.getLogger("mnrd").warning("%s: no column for %s", self._path, ", ".join(sorted(unknown)))
            self._warned |= unknown
        self._write([_text(row.get(column, "")) for column in self.columns])

    def _write(self, cells: Sequence[object]) -> None:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(cells)
        data = line.getvalue().encode()
        with self._path.open("ab", buffering=0) as file:
            if file.write(data) < len(data):  # what a full disk takes of it
                file.truncate(self._bytes)
                raise OSError(ENOSPC, os.strerror(ENOSPC), str(self._path))
            self._bytes += len(data)

    def memory(self) -> dict[str, Any]:
        """What a checkpoint counts on, see `recall`; it is on the disk when this returns."""
        if self._bytes:
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
        return {"columns": list(self.columns), "bytes": self._bytes}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Cut off the rows that were written after `memory` was taken, in one go.

        Raises
        ------
        ValueError
            If the file lacks rows that were there, or its lines are others.
        """
        self.columns, self._bytes = tuple(memory["columns"]), memory["bytes"]
        if not self._bytes:
            return self._path.unlink(missing_ok=True)
        size = self._path.stat().st_size if self._path.exists() else 0
        if size < self._bytes:
            raise ValueError(f"{self._path}: got {size} bytes, must be at least {self._bytes}: rows of it are lost")
        with self._path.open("rb") as file:
            file.seek(self._bytes - 1)
            if file.read(1) != b"\n":
                raise ValueError(f"{self._path}: byte {self._bytes} must end a line: it was changed")
        if size > self._bytes:
            self._cut()
        return None

    def _cut(self) -> None:
        with replacing(self._path) as part:
            shutil.copyfile(self._path, part)
            os.truncate(part, self._bytes)


def _text(value: object) -> object:
    return f"{value:.10g}" if isinstance(value, float) else value
