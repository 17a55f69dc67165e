"""summary.json: what a run was and what came out, for people in a hurry and for scripts."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

import mnrd
from mnrd.output.directory import CHECKPOINTS, PICTURES, REPORT, write_text
from mnrd.output.ledger import Ledger

NAME = "summary.json"
LATER = ("run.log", REPORT)  # written to when the summary is made, and after it
PASSING = (CHECKPOINTS, PICTURES)  # folders whose files come and go
DIGITS = 6  # more than any model of skin deserves, enough to see a change


def write_summary(path: Path, entries: Mapping[str, Any]) -> None:
    """Write `entries` as JSON in one go.

    Floats are rounded to six significant digits; one that is not finite becomes null, because JSON has none.
    Numpy numbers and arrays, dataclasses, paths and nested mappings are understood; a `Ledger` also gets its
    total and relative error.

    Raises
    ------
    TypeError
        For an object that has no place in JSON.
    """
    write_text(path, json.dumps(plain(entries), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def plain(value: Any) -> Any:
    """The same value in the types of JSON, floats rounded."""
    if isinstance(value, Ledger):
        value = asdict(value) | {"total": value.total, "relative_error": value.relative_error}
    elif is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if hasattr(value, "tolist"):  # numpy arrays and numbers
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"summary: got {type(value).__name__}, must be a number, text, list or mapping")


def versions() -> dict[str, str]:
    """Versions of mnrd, Python, the machine's system and the packages that compute or write."""
    found = {"mnrd": mnrd.__version__, "python": platform.python_version(), "system": platform.platform()}
    for package in ("numpy", "sympy", "h5py", "vtk", "cupy-cuda12x", "cupy-cuda13x"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def host() -> dict[str, Any]:
    """The machine: its name, processor, and how many of its cores this process may use."""
    return {"name": platform.node(), "processor": _processor(), "cores": len(os.sched_getaffinity(0))}


def _processor() -> str:
    """The processor as the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def peak_memory() -> int | None:
    """The most memory that this process ever held, bytes; None where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def outputs(folder: Path) -> Iterator[dict[str, Any]]:
    """Name, size and SHA-256 of every finished file of a run directory, in the order of their names."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if not path.is_file() or name.parts[0] in (NAME, *LATER, *PASSING) or path.name.startswith("."):
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield {"file": name.as_posix(), "bytes": file.tell(), "sha256": digest}
