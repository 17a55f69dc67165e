"""Axes of a sweep: which keys of the case change, and the values they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from mnrd.case.errors import CaseError
from mnrd.units import Noun

_QUANTITY = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*?)\s*")
DIGITS = 6  # of a value made from a range


class Amount(NamedTuple):
    """A number and its unit, as it is written in a case."""

    number: float
    unit: str

    def __str__(self) -> str:
        return f"{self.number:.{DIGITS}g} {self.unit}"


def amount(value: Any) -> Amount | None:
    """Number and unit of ``"1.5 mm"`` or of a bare number; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Amount(float(value), "")
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    return Amount(float(found[1]), found[2]) if found else None


class Column(NamedTuple):
    """Keys that change together, and their values row by row."""

    keys: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Axis(Noun):
    """A key of the case, or several that change together, with the values they take."""

    key: str | tuple[str, ...] = Field(
        description="Key of the case, such as needle.length or actives[0].concentration; a list for several keys that "
        "change together, each entry of `values` is then a list with one value for every key."
    )
    values: tuple[Any, ...] | None = Field(None, min_length=1, description="Values, as they stand in a case file.")
    range: tuple[str | int | float, str | int | float] | None = Field(
        None, description="Lowest and highest value in one unit, in place of values."
    )
    count: int | None = Field(
        None, ge=2, description="Number of values spread evenly over the range; if left out, the range is sampled."
    )
    scale: Literal["linear", "log"] = Field("linear", description="Whether values or their logarithms are spread.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.keys or not all(self.keys):
            raise ValueError("key: got none, name at least one key of the case")
        if (self.values is None) == (self.range is None):
            raise ValueError("values, range: give one of the two")
        if self.values is not None:
            self._check_values()
        else:
            self._check_range()
        return self

    def _check_values(self) -> None:
        if self.count is not None or self.scale != "linear":
            raise ValueError("count, scale: have no meaning with values, leave them out")
        if isinstance(self.key, str):
            return
        for index, row in enumerate(self.values or ()):
            if not isinstance(row, list | tuple) or len(row) != len(self.keys):
                raise ValueError(
                    f"values[{index}]: got {row!r}, must be a list of {len(self.keys)} values, one for every key"
                )

    def _check_range(self) -> None:
        if not isinstance(self.key, str):
            raise ValueError("range: must belong to one key, give values for several keys")
        low, high = self.ends
        if low.unit != high.unit:
            raise ValueError(f"range: got {low.unit or 'no unit'} and {high.unit or 'no unit'}, must be in one unit")
        if not low.number < high.number:
            raise ValueError(f"range: got {low} to {high}, the first must be the lower one")
        if self.scale == "log" and not low.number > 0.0:
            raise ValueError(f"range: got {low}, must be > 0 for scale log")

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys of the axis."""
        return (self.key,) if isinstance(self.key, str) else self.key

    @property
    def ends(self) -> tuple[Amount, Amount]:
        """Both ends of the range."""
        assert self.range is not None
        found = [amount(end) for end in self.range]
        for end, written in zip(found, self.range, strict=True):
            if end is None:
                raise ValueError(f"range: got {written}, must be a number with a unit such as '0.5 mm'")
        low, high = found
        assert low is not None
        assert high is not None
        return low, high

    @property
    def sampled(self) -> bool:
        """Whether the values come from a Latin hypercube."""
        return self.range is not None and self.count is None

    def column(self) -> Column:
        """The values of an axis that is not sampled."""
        if self.values is None:
            assert self.count is not None
            rows = [(self.at(index / (self.count - 1)),) for index in range(self.count)]
        elif isinstance(self.key, str):
            rows = [(value,) for value in self.values]
        else:
            rows = [tuple(row) for row in self.values]
        return Column(self.keys, tuple(rows))

    def at(self, share: float) -> Any:
        """The value at a share, 0 to 1, of the range."""
        low, high = self.ends
        if self.scale == "log":
            number = low.number * (high.number / low.number) ** share
        else:
            number = low.number + share * (high.number - low.number)
        if low.unit:
            return str(Amount(number, low.unit))
        return float(f"{number:.{DIGITS}g}")


def sample(axes: Sequence[Axis], count: int, seed: int) -> Column:
    """A Latin hypercube over ranges: every range is cut into `count` parts, and each part is met once.

    Parameters
    ----------
    axes : sequence of Axis
        Those that are sampled.
    count : int
        Number of samples.
    seed : int
        The same seed and version of scipy give the same samples.

    Raises
    ------
    CaseError
        Without scipy.

    References
    ----------
    McKay, Beckman & Conover, Technometrics 21:239 (1979).
    """
    try:
        from scipy.stats import qmc
    except ModuleNotFoundError:
        raise CaseError(["samples: a Latin hypercube needs scipy: pip install 'mnrd[sweep]'"]) from None
    points = qmc.LatinHypercube(d=len(axes), rng=seed).random(count)
    keys = tuple(key for axis in axes for key in axis.keys)
    return Column(keys, tuple(tuple(axis.at(share) for axis, share in zip(axes, row, strict=True)) for row in points))
