"""The run directory, and files that are whole or absent but never half written."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

CASE, SUMMARY, FAILED, CHECKPOINTS = "case.toml", "summary.json", "failed.vtr", "checkpoints"
MESH = "mesh.vtr"
"""The imported mesh of the case, copied so that the run directory needs no other file."""
REPORT, PICTURES = "report.html", "pictures"
MAIN = "case"
"""Name of the simulation of the case itself among those of a run."""

OUTPUTS = (
    "fields", "fields.pvd", "series.csv", "layers.csv", "healing.csv", "rings.csv", "overview.png", "healing.png",
    FAILED, SUMMARY, REPORT, PICTURES,
)  # fmt: skip
"""What a run writes into its directory besides its case, its log and its checkpoints, and what is drawn of it."""

_LOCK = ".lock"


def create(path: Path | str) -> Path:
    """Make the directory of one run.

    Returns
    -------
    Path
        An existing directory in which files can be made, empty but for what a run that was killed at its very
        beginning left.

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
        remove_parts(place)
        found = next((entry for entry in place.iterdir() if entry.name != _LOCK), None)
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


def clear(place: Path) -> None:
    """Remove the outputs of a simulation from its run directory; files of others stay."""
    for name in OUTPUTS:
        path = place / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def remove_parts(place: Path) -> None:
    """Remove what a run that was killed while it wrote a file left of it."""
    for part in place.rglob(".*.part*"):
        part.unlink()


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Keep other processes out of a run directory.

    Raises
    ------
    OSError
        When another process is in it. On a file system without locks nothing is checked.
    """
    with (place / _LOCK).open("a+", encoding="utf-8") as file:
        _take(file, place)
        with suppress(OSError):  # the name of the holder is for people; a full disk must not end the run here
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
        yield


def _take(file: TextIO, place: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read() or "another process"
        raise OSError(f"{place}: {holder} is running in it; wait for it or name another folder") from None
    except OSError:  # a file system without locks
        return


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file by way of a temporary one beside it.

    Yields the name to write to. When the block ends well that file has been forced to the disk and moved to
    `path` in one go, which outlasts a power cut. When it raises, the temporary file is gone and what was at `path` is
    still there; an error of the system that names no file, or the temporary one, names `path`.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield part
        _force(part)
        part.replace(path)
        _force(path.parent)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(part)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error  # HDF5 says it in several lines
    finally:
        part.unlink(missing_ok=True)


def _force(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8) in one go."""
    with replacing(path) as part:
        part.write_text(text, "utf-8")
