"""summary.json: what a run was and what came out, for people in a hurry and for scripts."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

import mnrd
from mnrd.output.directory import write_text
from mnrd.output.ledger import Ledger

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
    """Versions of mnrd, Python, the machine's system and the packages that compute."""
    found = {"mnrd": mnrd.__version__, "python": platform.python_version(), "system": platform.platform()}
    for package in ("numpy", "sympy", "pyvista"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
