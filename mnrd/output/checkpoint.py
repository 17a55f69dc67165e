"""Checkpoints: a simulation and what its observers keep, in an HDF5 file that is whole and unchanged or refused.

The first 512 bytes, which HDF5 leaves to the user, hold the SHA-256 of all bytes behind them. It is compared before
anything else is read, so that no library ever sees a damaged file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mnrd.output.directory import replacing
from mnrd.output.sink import Sink

SCHEMA = 1
KEPT = 2
HEAD = 512  # bytes
FIRST_LINE = "mnrd checkpoint; SHA-256 of all bytes from the 513th on: "

log = logging.getLogger("mnrd")


class CheckpointError(RuntimeError):
    """A checkpoint that no run can go on from; the message names the file and the reason."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"{path}: no run can go on from it: {reason}")
        self.path, self.reason = path, str(reason)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and found whole.

    Parameters
    ----------
    path : Path
    time : float
        s.
    step : int
    about : mapping of str to numbers, texts, and lists and mappings of them
        What was said about the run when it was written.
    """

    path: Path
    time: float
    step: int
    about: Mapping[str, Any]

    def restore(self, simulation: Any, observers: Iterable[Any]) -> None:
        """Make a new simulation of the same case go on from here, and its observers with their files.

        Parameters
        ----------
        simulation : Simulation
            Not run yet.
        observers : iterable of Observer
            Those that have a `memory` recall it, by the name of their class; one that was not there before starts anew.

        Raises
        ------
        CheckpointError
            If the simulation is of another problem, or files that the observers go on with are not what they were.
        OSError
            If such a file cannot be written.
        """
        with _opened(self.path) as file:
            try:
                simulation.restore(_read(file["simulation"]), file["state"])
                for name, observer in _keeping(observers):
                    known = file["observers"]
                    observer.recall(_read(known[name]) if name in known else observer.memory())
            except ValueError as error:
                raise CheckpointError(self.path, error) from error


def write(
    folder: Path, simulation: Any, observers: Iterable[Any], about: Mapping[str, Any], *, keep: int = KEPT
) -> Path:
    """Write a checkpoint, in one go, and remove older ones.

    Parameters
    ----------
    folder : Path
        Of the checkpoints of this simulation alone; made if it is not there.
    simulation : Simulation
        Between two steps.
    observers : iterable of Observer
        Those that have a `memory` are asked for it.
    about : mapping of str to numbers, texts, and lists and mappings of them
        What is to be known of the run besides, such as its case.
    keep : int
        How many checkpoints stay. Those of later steps go too: the run went on from one before them.

    Returns
    -------
    Path
        ``step-00000123.h5``

    Raises
    ------
    OSError
        If it cannot be written; the checkpoints that are there stay as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{simulation.step:08d}.h5"
    with replacing(path) as part, Sink(part) as sink:
        try:
            with h5py.File(sink, "w", userblock_size=HEAD) as file:
                _fill(file, simulation, observers, about)
        finally:
            sink.check(path)
        sink.seek(HEAD)
        head = _head(hashlib.file_digest(sink, "sha256").hexdigest())
        sink.seek(0)
        sink.write(head)
        sink.check(path)
    older = [other for other in _all(folder) if _step(other) < simulation.step]
    kept = {path, *older[::-1][: keep - 1]}
    for other in _all(folder):
        if other not in kept:
            other.unlink()
    return path


def read(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    CheckpointError
        If it is not there, is not whole, was changed or is of another version.
    """
    with _opened(path) as file:
        clock = _read(file["simulation"])["clock"]
        return Checkpoint(path, clock["time"], clock["step"], _read(file["about"]))


def latest(folder: Path) -> Checkpoint | None:
    """The newest checkpoint in a folder; the one before it, with a warning, where that is damaged.

    Returns
    -------
    Checkpoint or None
        None if there are none.

    Raises
    ------
    CheckpointError
        If there are some and none is good.
    """
    faults: list[CheckpointError] = []
    for path in reversed(_all(folder)):
        try:
            found = read(path)
        except CheckpointError as error:
            faults.append(error)
            continue
        for fault in faults:
            log.warning("%s; %s, which is older, is taken", fault, path.name)
        return found
    if faults:
        raise CheckpointError(folder, "; ".join(f"{fault.path.name} {fault.reason}" for fault in faults))
    return None


def _all(folder: Path) -> list[Path]:
    """The checkpoints of a folder, oldest step first."""
    return sorted((path for path in folder.glob("step-*.h5") if re.fullmatch(r"step-\d+", path.stem)), key=_step)


def _step(path: Path) -> int:
    return int(path.stem.removeprefix("step-"))


def _keeping(observers: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Observers that keep something, by the name of their class; those of one class are numbered."""
    seen: list[str] = []
    for observer in observers:
        if hasattr(observer, "memory"):
            name = type(observer).__name__
            seen.append(name)
            yield name if seen.count(name) == 1 else f"{name} {seen.count(name)}", observer


def _fill(file: h5py.File, simulation: Any, observers: Iterable[Any], about: Mapping[str, Any]) -> None:
    file.attrs["schema"] = SCHEMA
    numbers, arrays = simulation.snapshot()
    _write(file.create_group("simulation"), numbers)
    _write(file.create_group("about"), about)
    kept = file.create_group("observers")
    for name, observer in _keeping(observers):
        _write(kept.create_group(name), observer.memory())
    state = file.create_group("state")
    for name, fields in arrays.items():
        dataset = state.create_dataset(name, fields.shape, np.float64)
        for index in range(len(fields)):  # one field after the other: a device has more memory than its host may have
            dataset[index] = simulation.backend.host(fields[index])


def _write(group: h5py.Group, values: Mapping[str, Any]) -> None:
    """Arrays as they are, everything else as JSON, which keeps each bit of a float and the order of a mapping."""
    for name, value in values.items():
        group[name] = value if isinstance(value, np.ndarray) else json.dumps(value)


def _read(group: h5py.Group) -> dict[str, Any]:
    def value(dataset: h5py.Dataset) -> Any:
        text = h5py.check_string_dtype(dataset.dtype)
        return json.loads(dataset.asstr()[()]) if text else dataset[()]

    return {name: value(dataset) for name, dataset in group.items()}


def _head(digest: str) -> bytes:
    """The first bytes of a checkpoint: a line of text, and empty lines."""
    return f"{FIRST_LINE}{digest}\n".encode().ljust(HEAD, b"\n")


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    """A checkpoint as an HDF5 file, after its bytes were compared with the checksum."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise CheckpointError(path, error.strerror) from error
    with raw:
        _verify(path, raw)
        with h5py.File(raw, "r") as file:
            if file.attrs["schema"] != SCHEMA:
                raise CheckpointError(path, f"it is of schema {file.attrs['schema']}, must be {SCHEMA}")
            yield file


def _verify(path: Path, raw: Any) -> None:
    try:
        head, digest = raw.read(HEAD), hashlib.file_digest(raw, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(path, error.strerror) from error
    if not head.startswith(FIRST_LINE.encode()):
        raise CheckpointError(path, "it does not begin as a checkpoint does")
    if head != _head(digest):
        raise CheckpointError(path, "it is not whole or was changed: its checksum is another")
