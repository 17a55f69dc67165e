"""A file for libraries that cannot cope with a full disk."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from typing import Any


class Sink(FileIO):
    """A binary file in which every write seems to succeed; the first error is kept for the end.

    HDF5 that meets an error leaves its file open and fails again whenever it is touched, until Python ends.

    Parameters
    ----------
    path : Path
        Opened for writing, and for reading what was written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it; how much that is."""
        view = memoryview(data).cast("B")
        done = 0
        while done < len(view) and self._error is None:
            try:
                done += super().write(view[done:])
            except OSError as error:
                self._error = error
        self.seek(len(view) - done, os.SEEK_CUR)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Make the file that long, or as long as where it is; how long that is."""
        size = self.tell() if size is None else size
        try:
            super().truncate(size)
        except OSError as error:
            self._error = self._error or error
        return size

    def check(self, name: Path) -> None:
        """Raise OSError with a file's name if anything could not be written."""
        if self._error is not None:
            raise OSError(self._error.errno, self._error.strerror, str(name)) from self._error
