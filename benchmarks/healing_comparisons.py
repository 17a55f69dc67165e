"""Targets of the healing model that compare runs: how each is read from the courses of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import log, nan

import numpy as np

from mnrd.output.course import DAY, Course, crossing, peak

YEAR = 365.25 * DAY
CELL, ALL, HOLE, BARRIER = "papillary dermis", "treated dermis", "hole", "hole barrier"
MONTH = 28.0 * DAY
SCARRED = 0.2  # scar index from which on a wound is said to scar


def gain(course: Course, time: float = MONTH) -> float:
    """Collagen gain of the papillary dermis at a time (s), %."""
    return course.at("collagen gain", CELL, time)


def collagen(course: Course, time: float) -> float:
    """Collagen of the papillary dermis at a time (s)."""
    return course.at("collagen", CELL, time)


def half_closed(course: Course) -> float:
    """Time at which half of the barrier is closed, s."""
    return crossing(*course.first("closed", BARRIER), 0.5)


def exposure(course: Course, field: str, end: float = DAY) -> float:
    """Mean of a field over the dermis, integrated over time."""
    times = np.asarray(course.times)
    times = np.append(times[times < end], end)
    values = np.interp(times, course.times, course.series(field, "dermis"))
    return float((0.5 * (values[1:] + values[:-1]) * np.diff(times)).sum())


def passes(indices: Mapping[float, float], level: float = SCARRED) -> float:
    """Size at which the scar index passes a level, by a straight line; nan if it does not."""
    sizes = sorted(indices)
    for small, large in pairwise(sizes):
        low, high = indices[small], indices[large]
        if low < level <= high:
            return small + (large - small) * (level - low) / (high - low)
    return nan


def _after_all(course: Course) -> float:
    return gain(course, course.sessions[-1] + MONTH)


# target: names of the runs, and what is read from their courses
COMPARISONS: dict[str, tuple[tuple[str, ...], Callable[..., float]]] = {
    "T5c": (
        ("array", "incision"),
        lambda array, wound: peak(*array.first("Y", CELL))[1] / peak(*wound.first("Y", HOLE))[1],
    ),
    "T12d": (("70 y", "25 y"), lambda old, young: half_closed(old) / half_closed(young)),
    "T14a": (
        ("untreated from 25 y",),
        lambda aging: 100.0 * log(collagen(aging, 20.0 * YEAR) / collagen(aging, 50.0 * YEAR)) / 30.0,
    ),
    "T14b": (("untreated from 25 y",), lambda aging: collagen(aging, 45.0 * YEAR) / collagen(aging, 0.0)),
    "T14c": (("70 y", "25 y"), lambda old, young: _absolute(old) / _absolute(young)),
    "T14d": (("70 y", "25 y"), lambda old, young: collagen(old, MONTH) / young.at_rest("collagen", CELL)),
    "T15b": (("sessions", "array"), lambda four, one: _after_all(four) / gain(one)),
    "T17d": (
        ("needles and topicals", "array", "topicals"),
        lambda both, needles, topicals: gain(both) / (gain(needles) + gain(topicals)),
    ),
    "T18a": (("50 per cm2", "array"), lambda few, usual: gain(few) / gain(usual)),
    "T18b": (("400 per cm2", "array"), lambda many, usual: gain(many) / gain(usual)),
}
"""T13g and T13h are `passes` of the scar indices of several widths and depths, T17a to c ratios of `exposure`."""


def _absolute(course: Course) -> float:
    return collagen(course, MONTH) - course.at_rest("collagen", CELL)


def compared(courses: Mapping[str, Course]) -> dict[str, float]:
    """Values of all comparisons whose runs are there."""
    return {
        name: float(read(*(courses[run] for run in needed)))
        for name, (needed, read) in COMPARISONS.items()
        if all(run in courses for run in needed)
    }
