"""How each target is read from the course of one run; days that the run must have lasted, and the function."""

from __future__ import annotations

from collections.abc import Callable
from math import nan

import numpy as np

from mnrd.output.course import DAY, HOUR, Course, crossing, peak, summits

Reading = Callable[[Course], float]

CELL, ALL, HOLE, MOUTH, BARRIER = "papillary dermis", "treated dermis", "hole", "hole epidermis", "hole barrier"
SECOND = 1.0 * DAY  # a second peak of TGF-beta comes later than this
FIRST_CELLS = 0.05  # of the maximum
OLD = 90.0  # days after which a scar index is read


def _ratio(value: float, base: float) -> float:
    """Nan where there was nothing, such as of a signal that was switched off."""
    return value / base if base > 0.0 else nan


def _peak_time(quantity: str, region: str, unit: float) -> Reading:
    return lambda course: peak(*course.first(quantity, region))[0] / unit


def _peak(quantity: str, region: str) -> Reading:
    return lambda course: peak(*course.first(quantity, region))[1]


def _peak_to_rest(quantity: str, region: str) -> Reading:
    return lambda course: _ratio(peak(*course.first(quantity, region))[1], course.at_rest(quantity, region))


def _to_peak(quantity: str, region: str, day: float) -> Reading:
    return lambda course: _ratio(course.at(quantity, region, day * DAY), peak(*course.first(quantity, region))[1])


def _at(quantity: str, region: str, day: float) -> Reading:
    return lambda course: course.at(quantity, region, day * DAY)


def _to_rest(quantity: str, region: str, day: float) -> Reading:
    return lambda course: _ratio(course.at(quantity, region, day * DAY), course.at_rest(quantity, region))


def _reached(quantity: str, region: str, level: float, unit: float) -> Reading:
    return lambda course: crossing(*course.first(quantity, region), level) / unit


def _end(quantity: str, region: str) -> Reading:
    return lambda course: course.last(quantity, region)


def _first_summit(course: Course) -> float:
    """Of TGF-beta in the wound, h."""
    return next(summits(*course.first("T", HOLE)), (nan, nan))[0] / HOUR


def _second_summit(course: Course) -> float:
    """The highest late summit of TGF-beta in the channel, d."""
    late = [(height, time) for time, height in summits(*course.first("T", HOLE)) if time > SECOND]
    return max(late)[1] / DAY if late else nan


def _first_myofibroblasts(course: Course) -> float:
    times, values = course.first("Y", HOLE)
    return crossing(times, values, FIRST_CELLS * float(np.max(values))) / DAY


def _oxygen_at_most_vessels(course: Course) -> float:
    time, _ = peak(*course.first("B", CELL))
    return course.at("O", CELL, time) - course.at_rest("O", CELL)


def _after_the_last(quantity: str, region: str, days: float) -> Reading:
    def read(course: Course) -> float:
        time = course.sessions[-1] + days * DAY
        return course.at(quantity, region, time) if len(course.sessions) == 4 and course.lasts(time) else nan

    return read


READINGS: dict[str, tuple[float, Reading]] = {
    "T1a": (1, _peak_time("P", HOLE, HOUR)),
    "T1b": (7, _to_peak("P", HOLE, 7)),
    "T1c": (1, _first_summit),
    "T1d": (10, _second_summit),
    "T2a": (3, _peak_time("N", CELL, HOUR)),
    "T2b": (4, _peak_time("N", HOLE, HOUR)),
    "T2c": (5, _to_peak("N", CELL, 5)),
    "T3a": (7, _peak_time("M", CELL, DAY)),
    "T3b": (10, _peak_time("M", HOLE, DAY)),
    "T3c": (7, _at("W", HOLE, 7)),
    "T4a": (21, _peak_time("F", CELL, DAY)),
    "T4b": (42, _peak_time("fibroblasts", HOLE, DAY)),
    "T5a": (42, _first_myofibroblasts),
    "T5b": (42, _peak_time("Y", HOLE, DAY)),
    "T6a": (14, _peak_time("V", CELL, DAY)),
    "T6b": (18, _peak_time("V", HOLE, DAY)),
    "T7a": (25, _peak("vessels per baseline", CELL)),
    "T7b": (25, _peak_time("B", CELL, DAY)),
    "T7c": (90, _at("vessels per baseline", CELL, 90)),
    "T7d": (42, _peak("vessels per baseline", HOLE)),
    "T7e": (42, _peak_time("B", HOLE, DAY)),
    "T7f": (25, _oxygen_at_most_vessels),
    "T8a": (28, _at("collagen gain", CELL, 28)),
    "T8b": (180, _at("collagen gain", CELL, 180)),
    "T8c": (365, _at("collagen gain", CELL, 365)),
    "T8d": (7, _at("collagen gain", CELL, 7)),
    "T9a": (35, _peak_time("deposition", HOLE, DAY)),
    "T9b": (28, _to_rest("collagen", HOLE, 28)),
    "T9c": (180, _to_rest("collagen", HOLE, 180)),
    "T10a": (70, _peak_to_rest("collagen III share", CELL)),
    "T10b": (70, _peak_time("collagen III share", CELL, DAY)),
    "T10c": (180, _to_rest("collagen III share", CELL, 180)),
    "T10d": (42, _to_rest("collagen III share", HOLE, 42)),
    "T10e": (180, _to_rest("collagen III share", HOLE, 180)),
    "T11a": (14, lambda course: float(np.min(course.first("elastin gain", CELL)[1]))),
    "T11b": (180, _at("elastin gain", CELL, 180)),
    "T11c": (180, _to_rest("E", HOLE, 180)),
    "T12a": (1, _reached("closed", MOUTH, 0.9, HOUR)),
    "T12b": (30 / 24, _reached("closed", BARRIER, 0.5, HOUR)),
    "T12c": (3, _reached("closed", BARRIER, 0.9, HOUR)),
    "T12e": (2, _reached("closed", MOUTH, 0.9, HOUR)),
    "T12f": (12, _reached("closed", MOUTH, 0.9, DAY)),
    "T13a": (OLD, _end("scar index", ALL)),
    "T13b": (OLD, _end("scar index", HOLE)),
    "T13c": (OLD, _end("scar index", HOLE)),
    "T13d": (OLD, _end("scar index", HOLE)),
    "T13e": (180, _at("scar index", HOLE, 180)),
    "T13f": (OLD, _end("scar index", HOLE)),
    "T15a": (112, _after_the_last("collagen gain", CELL, 28)),
    "T15c": (112, _end("scar index", ALL)),
    "T16a": (90, _to_rest("scar index", ALL, 90)),
    "T16b": (180, _to_rest("scar index", ALL, 180)),
    "T16c": (180, _to_rest("scar index", ALL, 180)),
    "T19": (1, _peak("renewal", "viable epidermis")),
    "T20a": (28, _to_peak("leukocytes", CELL, 28)),
    "T20b": (90, _to_peak("leukocytes", HOLE, 90)),
}
"""Targets that one run answers; the others are comparisons of runs."""
