"""The course of a healing run: means at every moment that was looked at, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

import numpy as np

from mnrd.mesh.rectilinear import Array

HOUR, DAY = 3600.0, 86400.0
Key = tuple[str, str]  # quantity and region
Get = Callable[[str], Array]

# Made of means over one region, by means now and means at rest. "scar collagen" is the mean of s (C1 + C3).
DERIVED: dict[str, tuple[str, Callable[[Get, Get], Array]]] = {
    "collagen": ("", lambda now, rest: now("C1") + now("C3")),
    "collagen gain": ("%", lambda now, rest: 100.0 * ((now("C1") + now("C3")) / (rest("C1") + rest("C3")) - 1.0)),
    "collagen III share": ("", lambda now, rest: now("C3") / np.maximum(now("C1") + now("C3"), 1e-12)),
    "elastin gain": ("%", lambda now, rest: 100.0 * (now("E") / rest("E") - 1.0)),
    "scar index": ("", lambda now, rest: now("scar collagen") / np.maximum(now("C1") + now("C3"), 1e-12)),
    "fibre alignment": ("", lambda now, rest: 0.2 + 0.5 * DERIVED["scar index"][1](now, rest)),
    "vessels per baseline": ("", lambda now, rest: now("B") / rest("B")),
    "leukocytes": ("", lambda now, rest: now("N") + now("M")),
    "fibroblasts": ("", lambda now, rest: now("F") + now("Y")),
    "closed": ("", lambda now, rest: 1.0 - now("open")),
}


@dataclass
class Course:
    """Means of one healing run.

    Parameters
    ----------
    sessions : tuple of float
        Times of the injuries, s; empty if there was none.
    rest : dict of (quantity, region) to float
        Means before the first injury.
    times : list of float, s
    means : dict of (quantity, region) to list of float
        One value per time.
    """

    sessions: tuple[float, ...] = ()
    rest: dict[Key, float] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    means: dict[Key, list[float]] = field(default_factory=dict)

    def add(self, time: float, means: dict[Key, float]) -> None:
        """Add what was seen at one time (s); a second look at the same time takes the place of the first."""
        again = bool(self.times) and time <= self.times[-1]
        if not again:
            self.times.append(time)
        for key, value in means.items():
            row = self.means.setdefault(key, [])
            if again:
                row.pop()
            row.append(value)

    def memory(self) -> dict[str, Any]:
        """All of it, in arrays and lists of texts and numbers; the means have a row per quantity and region."""
        return {
            "rest": [[*key, value] for key, value in self.rest.items()],
            "keys": [list(key) for key in self.means],
            "times": np.array(self.times),
            "means": np.array(list(self.means.values())),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Become the course whose `memory` it is."""
        self.rest = {(quantity, region): value for quantity, region, value in memory["rest"]}
        self.times = memory["times"].tolist()
        keys = [(quantity, region) for quantity, region in memory["keys"]]
        self.means = dict(zip(keys, memory["means"].tolist(), strict=True))

    def series(self, quantity: str, region: str) -> Array:
        """Values of a mean, or of what `DERIVED` makes of means, at every time; KeyError when it was not looked at."""
        return self._of(quantity, region, lambda name: self.means[name, region])

    def last(self, quantity: str, region: str) -> float:
        """The last of `series`."""
        return float(self._of(quantity, region, lambda name: self.means[name, region][-1]))

    def at_rest(self, quantity: str, region: str) -> float:
        """Value before the first injury."""
        return float(self._of(quantity, region, lambda name: self.rest[name, region]))

    def _of(self, quantity: str, region: str, means: Callable[[str], float | list[float]]) -> Array:
        def now(name: str) -> Array:
            return np.asarray(means(name), dtype=np.float64)

        def rest(name: str) -> Array:
            return np.asarray(self.rest[name, region])

        return DERIVED[quantity][1](now, rest) if quantity in DERIVED else now(quantity)

    def lasts(self, time: float) -> bool:
        """Whether the run reached a time (s), but for rounding."""
        return bool(self.times) and self.times[-1] >= time * (1.0 - 1e-9)

    def at(self, quantity: str, region: str, time: float) -> float:
        """Value at a time (s), between the times by straight lines; that of the step before where it is a session."""
        times, values = np.asarray(self.times), self.series(quantity, region)
        known = times < time if time in self.sessions[1:] else times <= inf
        return float(np.interp(time, times[known], values[known]))

    def first(self, quantity: str, region: str) -> tuple[Array, Array]:
        """Times (s) and values until the second session."""
        times, values = np.asarray(self.times), self.series(quantity, region)
        until = self.sessions[1] if len(self.sessions) > 1 else inf
        return times[times < until], values[times < until]


def peak(times: Array, values: Array) -> tuple[float, float]:
    """Time and value of the maximum: that of the parabola through the largest value and its neighbours."""
    index = int(np.argmax(values))
    return _summit(times, values, index)


def _summit(times: Array, values: Array, index: int) -> tuple[float, float]:
    """Top of the parabola through three points; the point itself at either end."""
    if not 0 < index < len(values) - 1:
        return float(times[index]), float(values[index])
    before, after = times[index] - times[index - 1], times[index + 1] - times[index]
    rise, fall = (values[index] - values[index - 1]) / before, (values[index + 1] - values[index]) / after
    curvature = (fall - rise) / (before + after)  # half the second derivative
    if not curvature < 0.0:
        return float(times[index]), float(values[index])
    slope = (rise * after + fall * before) / (before + after)
    shift = -0.5 * slope / curvature
    return float(times[index] + shift), float(values[index] + 0.5 * slope * shift)


def summits(times: Array, values: Array, prominence: float = 0.01) -> Iterator[tuple[float, float]]:
    """Local maxima in order of time, with a rise before and a fall behind of at least `prominence` of the range."""
    least = prominence * float(np.ptp(values))
    bottom, top, rising = 0, 0, False  # the lowest since the last maximum, the highest since then
    for index, value in enumerate(values):
        if not rising:
            bottom = index if value <= values[bottom] else bottom
            rising, top = value > values[bottom] + least, index
        elif value >= values[top]:
            top = index
        elif value < values[top] - least:
            yield _summit(times, values, top)
            bottom, rising = index, False


def crossing(times: Array, values: Array, level: float) -> float:
    """First time at which values rise to a level, by a straight line; nan if they never do."""
    above = np.flatnonzero(values >= level)
    if above.size == 0:
        return nan
    index = int(above[0])
    if index == 0:
        return float(times[0])
    share = (level - values[index - 1]) / (values[index] - values[index - 1])
    return float(times[index - 1] + share * (times[index] - times[index - 1]))
