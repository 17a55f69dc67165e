"""In which keys two cases differ, and which of them may differ when a run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from mnrd.case.case import Case
from mnrd.case.errors import path_of, shown

MAY_CHANGE = ("title", "description", "run.end", "run.every", "run.at", "run.backend", "run.precision", "output.*")
"""Keys on which the state of a run that is under way does not depend, beyond round-off and the times it lands on."""

_NOTHING = "nothing"
_ELSEWHERE = ("skin", "mesh")  # a copy of a mesh is the same mesh: what it holds is told by its sha256


class Difference(NamedTuple):
    """A key in which two cases differ.

    Parameters
    ----------
    key : str
    old, new : str
        Values as they are written in the cases.
    """

    key: str
    old: str
    new: str

    @property
    def may_change(self) -> bool:
        """Whether a run that is under way can go on with the new value."""
        table = self.key.split("[")[0]
        return any(fnmatchcase(table, pattern) for pattern in MAY_CHANGE)

    def __str__(self) -> str:
        return f"{self.key}: {self.old} -> {self.new}"


def differences(old: Case, new: Case) -> list[Difference]:
    """The keys in which two cases differ in meaning: ``1 mm`` and ``1000 um`` are the same."""
    meant = [dict(_leaves(case.model_dump(mode="json", exclude_none=True))) for case in (old, new)]
    written = [dict(_leaves(case.effective())) for case in (old, new)]
    keys = [key for key in (meant[0] | meant[1]) if meant[0].get(key) != meant[1].get(key) and key != _ELSEWHERE]
    grown = {key[:count] for key in keys for count in range(len(key))}  # empty in one case, and not in the other
    return [
        Difference(path_of(key), *(_written(key, *pair) for pair in zip(written, meant, strict=True)))
        for key in keys
        if key not in grown
    ]


def _written(key: tuple[str | int, ...], written: dict[Any, Any], meant: dict[Any, Any]) -> str:
    if key not in meant:
        return _NOTHING
    return shown(written.get(key, meant[key]))


def _leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value that is no table and no list, with its place; empty tables and lists too."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    nested = list(entries)
    if not nested:
        yield place, value
    for key, entry in nested:
        yield from _leaves(entry, (*place, key))
