"""Reactions, transfers between fields, exchange with an immobile phase, and closing of channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from mnrd.model.field import check_number


@dataclass(frozen=True)
class Reaction:
    """Any rates of change; each field gains or loses what its expression says.

    Parameters
    ----------
    name : str
    rates : mapping of field to expression
        Amount per volume and time, such as ``{"u": "r*u*(1 - u)"}``.

    Raises
    ------
    ValueError
        When the name or the rates are empty.
    """

    name: str
    rates: Mapping[str, str]

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "rates", dict(self.rates))
        if not self.rates:
            raise ValueError(f"reactions.{self.name}.rates: got none, must name at least one field")


@dataclass(frozen=True)
class Transfer:
    """First-order loss of a source that is the gain of its products, conserved to round-off.

    Parameters
    ----------
    name : str
    source : str
        The field that loses rate x source.
    rate : str
        Expression of the rate, 1/s; it may depend on any field.
    products : mapping of field to yield
        Each gains yield x rate x source. Empty: the amount leaves (clearance).

    Raises
    ------
    ValueError
        When a yield is negative or the source is one of its products.
    """

    name: str
    source: str
    rate: str
    products: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.name)
        object.__setattr__(self, "products", dict(self.products))
        for product, share in self.products.items():
            check_number(f"reactions.{self.name}.products.{product}", share)
        if self.source in self.products:
            raise ValueError(f"reactions.{self.name}.products: '{self.source}' is the source itself")


@dataclass(frozen=True)
class Exchange:
    """Reversible binding to an immobile phase: d(bound)/dt = forward free - backward bound.

    The bound field is eliminated point by point, so that the sum of both is conserved to round-off.

    Parameters
    ----------
    name : str
    free, bound : str
        Fields; `free` is declared before `bound`, and `bound` is immobile.
    forward, backward : str
        Expressions of the rates, 1/s; saturable binding is ``kon*Max(1 - bound/Bmax, 0)``.

    Raises
    ------
    ValueError
        When both fields are the same.
    """

    name: str
    free: str
    bound: str
    forward: str
    backward: str

    def __post_init__(self) -> None:
        _check_name(self.name)
        if self.free == self.bound:
            raise ValueError(f"reactions.{self.name}: free and bound are both '{self.free}', must differ")


@dataclass(frozen=True)
class Closing:
    """Closing of channels: conductance = intact(z) + g(t) (open - intact(z)) above a depth; capacities stay.

    Parameters
    ----------
    material : str
        The material that closes.
    openness : callable of the time (s), or name of a field
        g, from 1 (open) to 0 (intact). A field, 1 where the skin is intact, that closes the channel as it grows:
        g = sum of V (1 - c) over the cells that hold the material / sum of V times their fraction, at most 1.
    until : float, um
        Depth above which it closes.

    Raises
    ------
    ValueError
        When the depth is not positive or the openness cannot be called.
    """

    material: str
    openness: Callable[[float], float] | str
    until: float = inf

    def __post_init__(self) -> None:
        check_number(f"closings.{self.material}.until", self.until, positive=True, infinite=True)
        if not callable(self.openness) and not isinstance(self.openness, str):
            raise ValueError(
                f"closings.{self.material}.openness: must be a function of the time in s, or the name of a field"
            )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"reactions: the name {name!r} is empty, give one")
