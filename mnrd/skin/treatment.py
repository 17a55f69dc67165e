"""The treatment schedule: what is done to the skin after time 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mnrd.units import Fraction, Noun, Time


class Timed(Noun):
    """What all steps share: a time and, if wanted, repetitions."""

    at: Time = Field(gt=0, description="Time of the step.")
    every: Time | None = Field(None, gt=0, description="Interval of the repetitions; needs `repeat`.")
    repeat: int = Field(0, ge=0, le=1000, description="Number of repetitions after the first time.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.every is None) != (self.repeat == 0):
            raise ValueError("every: give every and repeat together, or none of them")
        return self

    @property
    def times(self) -> list[float]:
        """All times of the step (s)."""
        return [self.at + count * (self.every or 0.0) for count in range(self.repeat + 1)]


class WashOff(Timed):
    """The donor is taken away."""

    do: Literal["wash off"]
    rinse: Time = Field(
        0.0,
        ge=0,
        description="Duration of a rinse that keeps the surface at concentration 0; 0 s is wiping off.",
    )


class Reapply(Timed):
    """A new dose takes the place of what is left of the old one, or comes on top of it."""

    do: Literal["reapply"]
    strength: Fraction = Field(1.0, ge=0, description="Concentration relative to the first dose.")
    topped_up: bool = Field(False, description="Keep what is left of the old dose and add to it.")


class Occlude(Timed):
    """The site is covered; channels close more slowly from now on."""

    do: Literal["occlude"]


class Uncover(Timed):
    """The site is uncovered; channels close at the faster rate from now on."""

    do: Literal["uncover"]


class RemoveNeedles(Timed):
    """Needles that were left in place are pulled out and leave open channels."""

    do: Literal["remove needles"]


Step = Annotated[WashOff | Reapply | Occlude | Uncover | RemoveNeedles, Field(discriminator="do")]


def schedule(steps: tuple[Step, ...]) -> list[tuple[float, Step]]:
    """All steps with their repetitions, in the order of time (and of the case file at equal times)."""
    return sorted(((time, step) for step in steps for time in step.times), key=lambda entry: entry[0])


def occlusion_switches(steps: tuple[Step, ...]) -> Iterator[tuple[float, bool]]:
    """(time s, occluded) of every change of the dressing."""
    for time, step in schedule(steps):
        if isinstance(step, Occlude | Uncover):
            yield time, isinstance(step, Occlude)


def removal_of_needles(steps: tuple[Step, ...]) -> float | None:
    """Time at which needles are pulled out, None if they never are."""
    return next((time for time, step in schedule(steps) if isinstance(step, RemoveNeedles)), None)
