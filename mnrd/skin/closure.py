"""How micropores close: the open fraction g(t) of the channels of an array.

The two modes are those of the permeation design, section 1.9: `plug` lowers the conductance of the channel with its
geometry kept, `shrink` makes the channel narrower. The flux falls more slowly than g in both, because the resistance of
the tissue around the mouth does not close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log, sqrt
from typing import Literal

from pydantic import Field

from mnrd.units import Fraction, Noun, Time

HOUR = 3600.0
LOGISTIC_STEEPNESS = 4.0  # per half-life
LOGISTIC_SCALE = exp(LOGISTIC_STEEPNESS) - 2.0
YOUNG, OLD = 30.0, 75.0  # years; the age factor rises from 1 to 2 between them


class Closure(Noun):
    """Closing of the channels after the needles have left."""

    form: Literal["exponential", "linear radius", "logistic"] = Field(
        "exponential",
        description="How the open fraction g falls from 1: exponential g = 2^(-t/t_half); linear radius: the radius "
        "shrinks at a constant rate until the channel is closed; logistic: slow, fast, slow.",
    )
    mode: Literal["plug", "shrink"] = Field(
        "plug",
        description="plug: the conductance of the channel falls with g in place; shrink: the radius falls as sqrt(g), "
        "repainted on the mesh in 25 levels.",
    )
    half_life: Time = Field(
        0.5 * HOUR, gt=0, description="Time for g to fall to one half while the skin is not occluded."
    )
    half_life_occluded: Time = Field(
        22.0 * HOUR, gt=0, description="Time for g to fall to one half while the skin is occluded."
    )
    age: float | None = Field(
        None,
        ge=0,
        le=120,
        description="Age in years; multiplies both half-lives by 1 (30 years or younger) to 2 (75 or older).",
    )
    begins: Time = Field(0.0, ge=0, description="Time at which the channels begin to close.")
    through: Literal["stratum corneum", "viable epidermis"] = Field(
        "stratum corneum", description="Deepest layer within which the channel closes (mode plug)."
    )
    residual: Fraction = Field(0.0, ge=0, lt=1, description="Open fraction that stays open for ever.")

    @property
    def age_factor(self) -> float:
        """Factor on the half-lives, 1 to 2."""
        if self.age is None:
            return 1.0
        return 1.0 + min(1.0, max(0.0, (self.age - YOUNG) / (OLD - YOUNG)))


@dataclass(frozen=True)
class Openness:
    """Open fraction g of the channels as a function of time; a plain value that can be pickled.

    Parameters
    ----------
    closure : Closure
    occlusion : sequence of (time, occluded)
        Ascending switches; the first at time 0 or before.
    """

    closure: Closure
    occlusion: tuple[tuple[float, bool], ...]

    def __call__(self, time: float) -> float:
        """g at `time` (s), from 1 down to the residual."""
        residual = self.closure.residual
        return residual + (1.0 - residual) * _fallen(self.closure.form, self._half_lives(time))

    def time_of(self, level: float) -> float:
        """Time (s) at which g has fallen to `level`, inf if it never does."""
        residual = self.closure.residual
        if level >= 1.0:
            return self.closure.begins
        if level <= residual:
            return inf
        wanted = _half_lives_to(self.closure.form, (level - residual) / (1.0 - residual))
        passed = 0.0
        for begin, end, half_life in self._spans(inf):
            if passed + (end - begin) / half_life >= wanted:
                return begin + (wanted - passed) * half_life
            passed += (end - begin) / half_life
        return inf

    def _half_lives(self, time: float) -> float:
        """Number of half-lives passed until `time`: the integral of dt / t_half(t)."""
        return sum((end - begin) / half_life for begin, end, half_life in self._spans(time))

    def _spans(self, until: float) -> list[tuple[float, float, float]]:
        """(begin, end, half-life) of the stretches of constant occlusion between the begin of closing and `until`."""
        spans = []
        for (begin, occluded), (end, _) in pairwise((*self.occlusion, (inf, False))):
            begin, end = max(begin, self.closure.begins), min(end, until)
            half_life = self.closure.half_life_occluded if occluded else self.closure.half_life
            if end > begin:
                spans.append((begin, end, half_life * self.closure.age_factor))
        return spans


def shrinking(openness: Openness, levels: int = 25) -> list[tuple[float, float]]:
    """Times at which the channels are repainted and the factor on their radius from then on.

    Parameters
    ----------
    openness : Openness
    levels : int
        Number of equal steps of g; each is taken when g is half-way through it, so that the mean area is right.

    Returns
    -------
    list of (time s, radius factor)
        Ascending in time; the factor of the last is 0 when the channels close for good.
    """
    steps = [
        (openness.time_of(1.0 - (level - 0.5) / levels), sqrt(1.0 - level / levels)) for level in range(1, levels + 1)
    ]
    return [(time, factor) for time, factor in steps if time < inf]


def occlusion_of(occluded: bool, switches: Sequence[tuple[float, bool]] = ()) -> tuple[tuple[float, bool], ...]:
    """Occlusion history from the state at the start and the later (time s, occluded) switches."""
    return ((0.0, occluded), *sorted(switches))


def _fallen(form: str, half_lives: float) -> float:
    """g after a number of half-lives, without residual."""
    if form == "exponential":
        return 2.0**-half_lives
    if form == "linear radius":  # g = (a / a0)^2 with a = a0 (1 - t/t_c) and g = 1/2 after one half-life
        return max(0.0, 1.0 - half_lives * (1.0 - sqrt(0.5))) ** 2
    # logistic, scaled so that g(0) = 1 and g = 1/2 after one half-life: (E + 1) / (E + e^(k s)), E = e^k - 2
    return (LOGISTIC_SCALE + 1.0) / (LOGISTIC_SCALE + exp(min(700.0, LOGISTIC_STEEPNESS * half_lives)))


def _half_lives_to(form: str, level: float) -> float:
    """The inverse of `_fallen`."""
    if form == "exponential":
        return -log(level) / log(2.0)
    if form == "linear radius":
        return (1.0 - sqrt(level)) / (1.0 - sqrt(0.5))
    return log((LOGISTIC_SCALE + 1.0) / level - LOGISTIC_SCALE) / LOGISTIC_STEEPNESS
