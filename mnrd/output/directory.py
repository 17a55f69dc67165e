"""The run directory, and files that are whole or absent but never half written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def create(path: Path | str) -> Path:
    """Make the directory of one run.

    Returns
    -------
    Path
        An existing, empty directory in which files can be made.

    Raises
    ------
    FileExistsError
        If something is there already: results are never overwritten.
    OSError
        If the directory cannot be made or written.
    """
    place = Path(path)
    if place.exists() and not place.is_dir():
        raise FileExistsError(f"{place}: is a file, must be a new or empty folder; name another one")
    try:
        place.mkdir(parents=True, exist_ok=True)
        found = next(place.iterdir(), None)
        probe = place / ".probe.part"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"{place}: cannot write there ({error.strerror}); name another folder") from error
    if found:
        raise FileExistsError(
            f"{place}: holds {found.name} already, must be new or empty; name another folder or remove it"
        )
    return place


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file by way of a temporary one beside it.

    Yields the name to write to. When the block ends well that file has been forced to the disk and moved to
    `path` in one go; when it raises, the temporary file is gone and what was at `path` is still there.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) in one go."""
    with replacing(path) as part:
        part.write_text(text, "utf-8")
