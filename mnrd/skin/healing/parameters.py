"""Parameters of the healing model (``meshes/healing.toml``): value, plausible range and source."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from math import inf, isfinite
from types import MappingProxyType
from typing import Any

from mnrd.resources import folder
from mnrd.units import Quantity

# unit in the file -> the one in which the model computes
INTERNAL = {
    "": "",
    "mm": "um",
    "day": "s",
    "year": "s",
    "1/day": "1/s",
    "mm/day": "um/s",
    "mm**2/day": "um**2/s",
    "ng/mL": "ng/mL",
    "ng/mL/day": "ng/mL/s",
    "mmHg": "mmHg",
    "mmHg/day": "mmHg/s",
}


@dataclass(frozen=True)
class Parameter:
    """One number of the healing model.

    Parameters
    ----------
    name : str
        As in the equations.
    value : float
        In `unit`.
    unit : str
        Empty for a pure number.
    low, high : float
        Plausible range, in `unit`; 0 and infinite where none is given.
    mark : str
        ``L`` literature, ``E`` estimated or derived, ``C`` calibrated.
    source : str
    group : str
    """

    name: str
    value: float
    unit: str
    low: float
    high: float
    mark: str
    source: str
    group: str

    def internal(self, given: object) -> float:
        """What was given in place of the value, in internal units.

        Parameters
        ----------
        given : str or float
            Text with a unit; or a number, if the parameter has none.

        Raises
        ------
        ValueError
            For another dimension, a missing unit, or a value that is negative or not finite.
        """
        where = f"parameters.{self.name}"
        try:
            value = _quantity(self.unit).parse(given, bare_number_allowed=False)
        except ValueError as error:
            raise ValueError(f"{where}: got {given!r}, {error}") from None
        if not (isfinite(value) and value >= 0.0):
            raise ValueError(f"{where}: got {given!r}, must be finite and >= 0")
        return value


@cache
def library() -> Mapping[str, Parameter]:
    """All parameters by name, in the order of the file."""
    groups = tomllib.loads((folder("meshes") / "healing.toml").read_text("utf-8"))
    return MappingProxyType(
        {name: _parameter(name, group, entry) for group, entries in groups.items() for name, entry in entries.items()}
    )


def values(overrides: Mapping[str, str | float] | None = None) -> dict[str, float]:
    """Value of every parameter in internal units.

    Parameters
    ----------
    overrides : mapping of name to text with a unit, or to number, optional
        Values in place of those of the library.

    Raises
    ------
    ValueError
        For an unknown name, another dimension, or a value that is negative or not finite.
    """
    found = dict(_standard())
    for name, given in (overrides or {}).items():
        found[name] = _known(name).internal(given)
    return found


def outside_range(overrides: Mapping[str, str | float]) -> list[str]:
    """A line for every override outside the plausible range of its parameter.

    Parameters
    ----------
    overrides : mapping of name to text with a unit, or to number

    Raises
    ------
    ValueError
        As `values`.
    """
    lines = []
    for name, given in overrides.items():
        parameter = _known(name)
        scale = _quantity(parameter.unit).parse(f"1 {parameter.unit}", bare_number_allowed=False)
        value = parameter.internal(given) / scale
        if not parameter.low * (1 - 1e-12) <= value <= parameter.high * (1 + 1e-12):
            plausible = f"{parameter.low:g} to {parameter.high:g} {parameter.unit}".rstrip()
            lines.append(f"parameters.{name}: got {given}, plausible is {plausible}")
    return lines


def _known(name: str) -> Parameter:
    known = library()
    if name not in known:
        near = get_close_matches(name, known, n=3, cutoff=0.0)
        raise ValueError(f"parameters.{name}: there is none of that name, did you mean {' or '.join(near)}?")
    return known[name]


def _parameter(name: str, group: str, entry: Mapping[str, Any]) -> Parameter:
    low, high = entry.get("range", (0.0, inf))
    return Parameter(
        name=name,
        value=float(entry["value"]),
        unit=entry.get("unit", ""),
        low=float(low),
        high=float(high),
        mark=entry["mark"],
        source=entry["source"],
        group=group,
    )


@cache
def _standard() -> Mapping[str, float]:
    """Values of the library in internal units."""
    return {name: one.internal(f"{one.value!r} {one.unit}") for name, one in library().items()}


@cache
def _quantity(unit: str) -> Quantity:
    return Quantity(INTERNAL[unit], f"1 {unit}".rstrip())
