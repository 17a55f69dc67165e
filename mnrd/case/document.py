"""Case files as text: TOML in and out, bundled cases, and `--set` overrides."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnrd.case.errors import CaseError, nearest
from mnrd.resources import folder

Document = dict[str, Any]


def bundled() -> dict[str, str]:
    """Text of the cases that come with mnrd, by name."""
    place = folder("meshes") / "cases"
    files = [entry for entry in place.iterdir() if entry.name.endswith(".toml")]
    return {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in sorted(files, key=lambda e: e.name)}


def read(path_or_name: str | Path, known: Mapping[str, str] | None = None, kind: str = "case") -> tuple[str, Document]:
    """Read a case file, or a bundled case by its name.

    Parameters
    ----------
    path_or_name : str or Path
    known : mapping of name to text, optional
        What is bundled; default the cases.
    kind : str
        What errors call it.

    Returns
    -------
    (name, document)
        The name is what error messages call the case: the file name, or the name of the bundled case.

    Raises
    ------
    CaseError
        When there is no such case or it is no TOML.
    """
    path = Path(path_or_name)
    if path.is_file():
        try:
            return path.name, parse(path.read_text("utf-8"), path.name)
        except (OSError, UnicodeDecodeError) as error:
            raise CaseError([f"{path}: cannot be read ({error})"]) from None
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise CaseError([f"{path}: there is no such file"])
    texts = bundled() if known is None else known
    if str(path) not in texts:
        near = nearest(path, texts) or "mnrd cases lists them"
        raise CaseError([f"{path}: there is no such file and no bundled {kind} of that name, {near}"])
    return str(path), parse(texts[str(path)], str(path))


def parse(text: str, name: str) -> Document:
    """Parse TOML; CaseError names the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise CaseError([f"{message[0].lower()}{message[1:]} (case {name})"]) from None


def parse_setting(text: str) -> tuple[str, Any]:
    """Split ``key.path=value``; the value is TOML, or text if it is no TOML, such as ``needle.length=1 mm``.

    Raises
    ------
    CaseError
        When there is no ``=`` or no key.
    """
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not key:
        raise CaseError([f"--set {text}: must be key=value, such as needle.length='1 mm'"])
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def override(document: Mapping[str, Any], settings: Mapping[str, Any]) -> Document:
    """The document with values replaced or added.

    Parameters
    ----------
    document : mapping
        Not changed.
    settings : mapping of path to value
        Paths such as ``needle.length`` and ``actives[0].concentration``; missing tables are made.

    Raises
    ------
    CaseError
        When a path leads through something that is no table or beyond the end of a list.
    """
    changed = copy.deepcopy(dict(document))
    problems = []
    for path, value in settings.items():
        try:
            _put(changed, path, copy.deepcopy(value))  # what follows may change a part of it
        except LookupError as error:
            problems.append(f"--set {path}: {error.args[0]}")
    if problems:
        raise CaseError(problems)
    return changed


def _put(document: Document, path: str, value: Any) -> None:
    parts = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    if not parts:
        raise LookupError("no key")
    here: Any = document
    for part in parts[:-1]:
        if isinstance(here, dict):
            here.setdefault(str(part), {})
        here = _entry(here, part)
    if isinstance(here, dict):
        here[str(parts[-1])] = value
    else:
        _entry(here, parts[-1])
        here[parts[-1]] = value


def _entry(here: Any, part: str | int) -> Any:
    if isinstance(here, dict):
        return here[str(part)]
    if not isinstance(here, list):
        raise LookupError(f"'{part}' is wanted inside {here!r}, which is no table")
    if not isinstance(part, int) or part >= len(here):
        raise LookupError(f"got [{part}], the list has {len(here)} entries, counted from 0")
    return here[part]


def overlay(defaults: Any, given: Any) -> Any:
    """`defaults` with everything that was given put over it, table by table and entry by entry."""
    if isinstance(defaults, dict) and isinstance(given, dict):
        return {key: overlay(defaults.get(key), given[key]) if key in given else defaults[key] for key in defaults} | {
            key: value for key, value in given.items() if key not in defaults
        }
    if isinstance(defaults, list) and isinstance(given, list) and len(defaults) == len(given):
        return [overlay(default, entry) for default, entry in zip(defaults, given, strict=True)]
    return given
