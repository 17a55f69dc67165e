"""The axes of a sweep as they are drawn, and how much of an answer follows each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mnrd.output.labels import typeset
from mnrd.output.one_unit import Value, split
from mnrd.sweep.collect import Table
from mnrd.sweep.plan import Plan

Array = NDArray[np.float64]

WIDE = 10.0  # highest over lowest value from which an axis is drawn by its logarithm
FEW = 8  # values that an axis may have to be looked at one by one; by thirds when there are more
THIRDS = ("low", "middle", "high")


@dataclass(frozen=True)
class Dimension:
    """What varies in a sweep and can be told from all else that varies.

    Parameters
    ----------
    name : str
        Key of the case; that of the first where several change together.
    unit : str
    values : tuple
        Of every cell: all numbers, or all text.
    along : tuple of str
        Keys that change with it.
    """

    name: str
    unit: str
    values: tuple[float | str, ...]
    along: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Key with its unit, for the axis of a plot."""
        words = f"{self.name} [{typeset(self.unit)}]" if self.unit else self.name
        return f"{words}, with {', '.join(self.along)}" if self.along else words

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return not any(isinstance(value, str) for value in self.values)

    @cached_property
    def levels(self) -> tuple[float | str, ...]:
        """The different values: numbers from the lowest on, text in the order of the cells."""
        found = dict.fromkeys(self.values)
        return tuple(sorted(found)) if self.numeric else tuple(found)

    @cached_property
    def places(self) -> Array:
        """Number of the level of every cell."""
        numbers = {level: number for number, level in enumerate(self.levels)}
        return np.array([numbers[value] for value in self.values], dtype=np.float64)

    @property
    def logarithmic(self) -> bool:
        """Whether it is drawn by its logarithm: it spans a power of ten, or its steps are factors."""
        if not self.numeric or len(self.levels) < 2:
            return False
        levels = np.array(self.levels, dtype=np.float64)
        if levels[0] <= 0.0:
            return False
        factors = levels[1:] / levels[:-1]
        return bool(levels[-1] / levels[0] >= WIDE or (levels.size > 2 and np.ptp(factors) < 1e-2 * factors.min()))


@dataclass(frozen=True)
class Effect:
    """How an answer follows one dimension when all others are averaged over.

    Parameters
    ----------
    dimension : Dimension
    groups : tuple of (str, float)
        Values of the dimension, or thirds of them, with the mean of the answer over the cells that have them.
    correlation : float or None
        Rank correlation after Spearman, -1 to 1; None where there is no order.
    """

    dimension: Dimension
    groups: tuple[tuple[str, float], ...]
    correlation: float | None

    @property
    def lowest(self) -> tuple[str, float]:
        """The group with the lowest mean."""
        return min(self.groups, key=lambda group: group[1])

    @property
    def highest(self) -> tuple[str, float]:
        """The group with the highest mean."""
        return max(self.groups, key=lambda group: group[1])

    @property
    def range(self) -> float:
        """From the lowest mean to the highest."""
        return self.highest[1] - self.lowest[1]


def dimensions(plan: Plan, table: Table) -> list[Dimension]:
    """What varies, in the order of the plan; keys of which one says what the others are make one dimension."""
    headers = dict(zip(plan.keys, table.parameters, strict=True))
    found = []
    for column in plan.columns:
        group = [_dimension(headers[key], table.rows) for key in column.keys]
        found += [_joined(group)] if _together(group) else group
    return found


def effects(found: Sequence[Dimension], answer: Sequence[float | None]) -> list[Effect]:
    """The effect of every dimension on an answer, the largest first; none of those with one value.

    Parameters
    ----------
    found : sequence of Dimension
    answer : sequence of float or None
        Of every cell; None where there is none.
    """
    there = np.array([value is not None for value in answer])
    values = np.array([value for value in answer if value is not None], dtype=np.float64)
    effects = (_effect(dimension, there, values) for dimension in found)
    return sorted((one for one in effects if one is not None), key=lambda one: -one.range)


def rank_correlation(one: Array, other: Array) -> float | None:
    """Spearman's: the correlation of the ranks, equal values with the mean of theirs; None if either is constant."""
    first, second = _ranks(one), _ranks(other)
    if np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return None
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(row: Array) -> Array:
    _, place, count = np.unique(row, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - 0.5 * (count - 1.0))[place]


def _dimension(header: str, rows: Sequence[dict[str, Value]]) -> Dimension:
    values = [row[header] for row in rows]
    if all(isinstance(value, int | float) for value in values):
        return Dimension(*split(header), tuple(float(value) for value in values))  # type: ignore[arg-type]
    return Dimension(*split(header), tuple(str(value) for value in values))


def _together(group: Sequence[Dimension]) -> bool:
    """Whether keys of one axis cannot be told apart: text, or numbers in one order; samples can."""
    if len(group) < 2:
        return False
    if not all(one.numeric for one in group):
        return True
    first, *others = (np.array(one.values, dtype=np.float64) for one in group)
    found = [rank_correlation(first, other) for other in others]
    return all(one is None or abs(one) > 1.0 - 1e-9 for one in found)


def _joined(group: Sequence[Dimension]) -> Dimension:
    first, *others = group
    along = tuple(one.name for one in others)
    if all(one.numeric for one in group) and len(first.levels) > 1:
        return Dimension(first.name, first.unit, first.values, along)
    rows = zip(*(one.values for one in group), strict=True)
    words = (", ".join(f"{value} {one.unit}".rstrip() for one, value in zip(group, row, strict=True)) for row in rows)
    return Dimension(first.name, "", tuple(words), along)


def _effect(dimension: Dimension, there: NDArray[np.bool_], answer: Array) -> Effect | None:
    place = dimension.places[there]
    levels = np.unique(place)
    if levels.size < 2:
        return None
    if levels.size <= FEW:
        groups = [(written(dimension.levels[int(level)]), answer[place == level].mean()) for level in levels]
    else:
        thirds = np.array_split(np.argsort(place, kind="stable"), len(THIRDS))
        groups = [(name, answer[part].mean()) for name, part in zip(THIRDS, thirds, strict=True)]
    order = rank_correlation(place, answer) if dimension.numeric else None
    return Effect(dimension, tuple((name, float(mean)) for name, mean in groups), order)


def written(value: float | str) -> str:
    """A value of an axis as text."""
    return value if isinstance(value, str) else f"{value:.4g}"
