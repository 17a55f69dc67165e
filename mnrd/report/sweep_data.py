"""What the page of a sweep draws, as plain data: axes, answers and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mnrd.output.one_unit import printed, split
from mnrd.report.dimensions import Dimension, Effect, dimensions, effects, written
from mnrd.sweep.collect import Table
from mnrd.sweep.plan import Plan

TOOK = ("cells", "steps", "rejected", "imbalance")
"""Ends of the names of what a cell took and how well it balanced: in the table, but no answer."""


@dataclass(frozen=True)
class Answer:
    """One quantity that came out of the cells.

    Parameters
    ----------
    header : str
        With its unit.
    values : tuple of float or None
        Of every cell.
    effects : tuple of Effect
        Of the axes on it, the largest first.
    """

    header: str
    values: tuple[float | None, ...]
    effects: tuple[Effect, ...]


@dataclass(frozen=True)
class SweepData:
    """A sweep as it is drawn.

    Parameters
    ----------
    table : Table
    axes : tuple of Dimension
    answers : tuple of Answer
        Those that the sweep file wants to see first; those alone that are numbers and differ between cells, unless
        the sweep file names them.
    shown : int
        How many the sweep file wants to see.
    """

    table: Table
    axes: tuple[Dimension, ...]
    answers: tuple[Answer, ...]
    shown: int

    def document(self) -> dict[str, Any]:
        """For the script of the page, in the types of JSON."""
        return {
            "cells": [{key: row[key] for key in ("cell", "name", "state")} for row in self.table.rows],
            "axes": [
                {
                    "label": axis.label,
                    "values": list(axis.values),
                    "levels": list(axis.levels),
                    "text": [written(level) for level in axis.levels],
                    "numeric": axis.numeric,
                    "log": axis.logarithmic,
                }
                for axis in self.axes
            ],
            "answers": [
                {
                    "label": printed(answer.header),
                    "values": list(answer.values),
                    "effects": [
                        {
                            "axis": self.axes.index(one.dimension),
                            "groups": [list(group) for group in one.groups],
                            "correlation": one.correlation,
                        }
                        for one in answer.effects
                    ],
                }
                for answer in self.answers
            ],
            "shown": self.shown,
        }


def sweep_data(plan: Plan, table: Table) -> SweepData:
    """What there is to draw of a sweep."""
    axes = tuple(dimensions(plan, table))
    named = [header for name in plan.show for header in table.quantities if name in (header, split(header)[0])]
    wanted = list(dict.fromkeys(named))
    others = [header for header in table.quantities if header not in wanted and not split(header)[0].endswith(TOOK)]
    answers = []
    for header in (*wanted, *others):
        values = tuple(row.get(header) for row in table.rows)
        if _drawable(values, even_if_constant=header in wanted):
            numbers = tuple(None if value is None else float(value) for value in values)
            answers.append(Answer(header, numbers, tuple(effects(axes, numbers))))
    return SweepData(table, axes, tuple(answers), sum(answer.header in wanted for answer in answers))


def _drawable(values: Sequence[object], *, even_if_constant: bool) -> bool:
    there = [value for value in values if value is not None]
    if not there or not all(isinstance(value, int | float) for value in there):
        return False
    return even_if_constant or len(set(there)) > 1
