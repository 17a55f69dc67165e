"""Answers of several runs side by side: every name in one unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from mnrd.output.labels import typeset
from mnrd.units import Quantity

Value = str | float | int | None
Entries = Mapping[tuple[str, str], Value]  # by name and unit
_HEADED = re.compile(r"(.*?)(?: \[([^\]]*)\])?")


def split(header: str) -> tuple[str, str]:
    """Name and unit of ``name [unit]``."""
    found = _HEADED.fullmatch(header)
    assert found is not None
    return found[1], found[2] or ""


def answers_of(summary: Mapping[str, Any], *, named: bool) -> dict[tuple[str, str], Value]:
    """The answer in summary.json, of all actives and of healing.

    Parameters
    ----------
    summary : mapping
    named : bool
        Whether the name of the active stands in front, as it must where there are several.
    """
    found: dict[str, Value] = {}
    for active, entries in (summary.get("answer") or {}).items():
        prefix = f"{active}: " if named else ""
        found |= {f"{prefix}{header}": value for header, value in entries.items()}
    found |= (summary.get("healing") or {}).get("answer", {})
    return {split(header): value for header, value in found.items()}


def printed(header: str) -> str:
    """A header with its unit as it is printed.

    Examples
    --------
    >>> printed("steady flux [ug/cm^2/h]")
    'steady flux [µg/cm²/h]'
    """
    name, unit = split(header)
    return f"{name} [{typeset(unit)}]" if unit else name


def in_one_unit(rows: Iterable[Entries]) -> list[dict[str, Value]]:
    """Every name with one unit, the first that is met; where that is not possible, values as they were written."""
    rows = list(rows)
    units: dict[str, str] = {}
    for name, unit in (entry for row in rows for entry in row):
        units.setdefault(name, unit)
    written = {name for row in rows for (name, unit), value in row.items() if not _fits(value, unit, units[name])}
    return [
        {
            (name if name in written or not units[name] else f"{name} [{units[name]}]"): (
                f"{value} {unit}".rstrip() if name in written else _converted(value, unit, units[name])
            )
            for (name, unit), value in row.items()
        }
        for row in rows
    ]


def headers(rows: Iterable[Mapping[str, Value]]) -> tuple[str, ...]:
    """All keys in the order in which they are first met."""
    return tuple(dict.fromkeys(key for row in rows for key in row))


def _fits(value: Value, unit: str, wanted: str) -> bool:
    """Whether a value is a number in a unit, or can become one; one that is absent fits everywhere."""
    if value is None:
        return True
    try:
        return not isinstance(value, str) and _converted(value, unit, wanted) is not None
    except PydanticCustomError:
        return False


def _converted(value: Value, unit: str, wanted: str) -> Value:
    """A number in another unit; PydanticCustomError where there is no way from one to the other."""
    if value is None or unit == wanted:
        return value
    return Quantity(wanted, "").parse(f"{value} {unit}", bare_number_allowed=False)
