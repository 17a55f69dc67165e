"""Derivation of properties on demand, each from a measured value or by its rule, with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnrd.skin import dancik, water
from mnrd.skin.active import MEASURABLE, Active

Correlation = Literal["default", "potts-guy", "epa", "robinson", "dancik2013"]
TissueLaw = Literal["kretsos-kasting", "chen-lian"]
ExchangeLaw = Literal["harmonic", "renkin-crone"]


@dataclass(frozen=True)
class Conditions:
    """The skin and the laws that properties are derived for."""

    vehicle_ph: float
    thickness: float  # of the stratum corneum, µm
    hydration: dancik.Hydration
    temperature: float  # °C
    correlation: Correlation
    tissue: TissueLaw
    exchange: ExchangeLaw


class Derivation:
    """Derives properties on demand, each once: the measured value if there is one, else by its rule.

    Parameters
    ----------
    active : Active
        The inputs.
    conditions : Conditions
        The skin and the laws.
    rules : mapping
        Name of a property -> its rule, a function of the derivation that returns a value and its source.
    """

    def __init__(self, active: Active, conditions: Conditions, rules: Mapping[str, Rule]) -> None:
        self.active = active
        self.conditions = conditions
        self.values: dict[str, float] = {}
        self.sources: dict[str, str] = {}
        self._asked: list[str] = []
        self._rules = rules

    def __getitem__(self, name: str) -> float:
        if name not in self.values:
            self._asked.append(name)
            self.values[name], self.sources[name] = self._measured(name) or self._rules[name](self)
            self._asked.pop()
        return self.values[name]

    def _measured(self, name: str) -> tuple[float, str] | None:
        value = getattr(self.active, name) if name in MEASURABLE else None
        return None if value is None else (value, self.active.sources.get(name, "measured, as given"))

    def need(self, key: str, *instead: str) -> Any:
        """Return the input `key`; `instead` are further inputs that would do.

        Raises
        ------
        ValueError
            If it is missing; the message names the inputs that would make it unnecessary.
        """
        value = getattr(self.active, key)
        if value is None:
            measurable = [name for name in reversed(self._asked) if name in MEASURABLE]
            raise ValueError(
                f"{self.active.name}.{key}: missing, needed for {self._asked[0]}: "
                f"give {' or '.join(dict.fromkeys([key, *instead, *measurable]))}"
            )
        return value

    def molar_volume(self) -> float:
        """Schroeder's molar volume, cm³/mol."""
        active = self.active
        formula = self.need("formula")
        return water.molar_volume_schroeder(formula, active.rings, active.double_bonds, active.triple_bonds)


Derived = tuple[float, str]
Rule = Callable[[Derivation], Derived]
