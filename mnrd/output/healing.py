"""healing.csv, and the course that answers and targets are read from: means of every field at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mnrd.model.discretise import initial_concentration
from mnrd.model.problem import Problem
from mnrd.output.course import DERIVED, Course, Key
from mnrd.output.labels import labelled
from mnrd.output.regions import BARRIER, EPIDERMIS, MOUTHS, Regions
from mnrd.output.schedule import EverySteps, Schedule
from mnrd.output.table import Table

IN_DERMIS_ONLY = frozenset(["N", "M", "F", "B", "Q", "Y", "J", "Pl", "C1", "C3", "E", "s"])
IN_EPIDERMIS_ONLY = frozenset("K")
# What is not linear in the fields, cell by cell: expression of the model's symbols (H_P and dep are definitions of
# it), unit, and where it is of use.
PER_CELL = {
    "scar collagen": ("s*(C1 + C3)", "", ("dermis", "treated dermis", "hole")),
    "deposition": ("86400*dep", "1/d", ("papillary dermis", "dermis", "hole")),
    "renewal": ("1 + g_KP*H_P", "", (EPIDERMIS,)),
    "open": ("Max(1 - K, 0)", "", MOUTHS),
}
MATRIX = ("collagen", "collagen gain", "collagen III share", "elastin gain", "vessels per baseline")
WRITTEN = {
    "papillary dermis": MATRIX,
    "dermis": (*MATRIX, "scar index", "fibre alignment"),
    "treated dermis": ("scar index", "fibre alignment"),
    "hole": (*MATRIX, "scar index", "fibre alignment"),
    **dict.fromkeys(MOUTHS, ("closed",)),
}


class Courses:
    """Observer that keeps a `Course` and writes ``healing.csv``.

    Parameters
    ----------
    regions : Regions
        Of `mnrd.output.regions.healing_regions`.
    sessions : sequence of float
        Times of the injuries, s.
    directory : Path, optional
        The run directory; without it nothing is written.
    schedule : Schedule
        Peaks are read between steps, so every step is best.
    """

    def __init__(
        self,
        regions: Regions,
        sessions: Sequence[float],
        directory: Path | None = None,
        schedule: Schedule = EverySteps(1),  # noqa: B008
    ) -> None:
        self.schedule, self.course = schedule, Course(sessions=tuple(sessions))
        self._regions = regions
        self._table = None if directory is None else Table(directory / "healing.csv")
        self._problem: Problem | None = None
        self._sums: Any = None

    def observe(self, simulation: Any) -> None:
        """Add one moment."""
        if simulation.problem is not self._problem:
            self._use(simulation)
        self.course.add(simulation.time, self._means(simulation.state.now, simulation.time))
        if self._table is not None:
            self._table.add(self._row(simulation.problem))

    def memory(self) -> dict[str, Any]:
        """The course, and how much of the file is written."""
        return self.course.memory() | ({} if self._table is None else {"table": self._table.memory()})

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from there, see `Course.recall` and `Table.recall`."""
        self.course.recall(memory)
        if self._table is not None:
            self._table.recall(memory["table"])

    def _use(self, simulation: Any) -> None:
        """Take the parameters of a problem; the first one also says what is there at rest."""
        self._problem, texts = simulation.problem, {name: text for name, (text, *_) in PER_CELL.items()}
        if self._sums is None:
            self._sums = simulation.means(self._regions.weights, texts, "healing.csv")
        self._sums.use(simulation.coefficients)
        if not self.course.rest:
            at_rest = simulation.state.next  # made anew in the next step
            for index, field in enumerate(simulation.problem.model.fields):
                values = initial_concentration(simulation.problem, field)
                at_rest[index] = simulation.backend.array(values, np.float64)
            self.course.rest = self._means(at_rest, 0.0)

    def _means(self, values: Any, time: float) -> dict[Key, float]:
        """Means over every region of what is of use there."""
        found = self._sums.of(values, time)
        wanted = {key: value for key, value in found.items() if _is_of_use(*key)}
        return {key: min(value, 1.0) if key[0] == "open" else value for key, value in wanted.items()}

    def _row(self, problem: Problem) -> dict[str, object]:
        """The last moment, by column."""
        units = {field.name: field.unit for field in problem.model.fields} | {
            name: unit for name, (_, unit, _) in PER_CELL.items()
        }
        row: dict[str, object] = {"time [s]": self.course.times[-1]}
        for (quantity, region), values in self.course.means.items():
            row[labelled(quantity, units[quantity], f"in {region}")] = values[-1]
        for region, quantities in WRITTEN.items():
            for quantity in quantities if region in self._regions.names else ():
                column = labelled(quantity, DERIVED[quantity][0], f"in {region}")
                row[column] = self.course.last(quantity, region)
        return row


def _is_of_use(quantity: str, region: str) -> bool:
    """Whether the mean of a field or of what is in `PER_CELL` says anything."""
    return region in PER_CELL[quantity][2] if quantity in PER_CELL else lives_in(quantity, region)


def lives_in(field: str, region: str) -> bool:
    """Whether the mean of a field over a region says anything."""
    if region in MOUTHS:
        return False
    return field not in (IN_DERMIS_ONLY if region in (EPIDERMIS, BARRIER) else IN_EPIDERMIS_ONLY)
