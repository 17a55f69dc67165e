"""When an observer wants to look: schedules that are asked, and answer from the time alone.

A schedule holds no state, so a run that was interrupted goes on with the same times. Due times are counted
(start + n interval), never summed: the hundredth report at 0.1 s is at 10.0 s and not at 9.99999999999998 s.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import floor, inf, isfinite
from typing import Protocol


class Schedule(Protocol):
    """What the loop asks of a schedule."""

    def next_time(self, after: float) -> float:
        """First due time later than `after` (s); inf if there is none. The loop never steps past it."""

    def due(self, time: float, step: int) -> bool:
        """Whether the observer is called at `time` (s), reached after `step` accepted steps."""


@dataclass(frozen=True)
class EverySteps:
    """Due after every `count` accepted steps, whatever their length, and at the start.

    Raises
    ------
    ValueError
        If `count` is not positive.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"schedule.count: got {self.count} steps, must be at least 1")

    def next_time(self, after: float) -> float:
        """No time is known beforehand: inf."""
        return inf

    def due(self, time: float, step: int) -> bool:
        """Whether `step` is a multiple of the count."""
        return step % self.count == 0


@dataclass(frozen=True)
class EveryInterval:
    """Due at start, start + interval, start + 2 interval, ... (s).

    Raises
    ------
    ValueError
        If `interval` is not positive and finite.
    """

    interval: float
    start: float = 0.0

    def __post_init__(self) -> None:
        if not (self.interval > 0.0 and isfinite(self.interval)):
            raise ValueError(f"schedule.interval: got {self.interval:g} s, must be > 0 and finite")

    def _at(self, count: int) -> float:
        return self.start + count * self.interval

    def next_time(self, after: float) -> float:
        """First start + n interval, n >= 0, later than `after`."""
        count = max(floor((after - self.start) / self.interval), 0)  # round-off can make it one off either way
        return next(time for time in map(self._at, range(max(count - 1, 0), count + 3)) if time > after)

    def due(self, time: float, step: int) -> bool:
        """Whether `time` is exactly one of the times of `next_time`."""
        count = round((time - self.start) / self.interval)
        return count >= 0 and self._at(count) == time


@dataclass(frozen=True)
class AtTimes:
    """Due at the given times (s), in any order."""

    times: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(sorted({float(time) for time in self.times})))

    def next_time(self, after: float) -> float:
        """First given time later than `after`; inf behind the last."""
        place = bisect_right(self.times, after)
        return self.times[place] if place < len(self.times) else inf

    def due(self, time: float, step: int) -> bool:
        """Whether `time` is exactly one of the given times."""
        return time in self.times
