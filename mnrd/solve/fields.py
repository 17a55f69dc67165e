"""State of all fields on the backend, and everything that one stage of one field needs."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from mnrd.backends.base import Array, Backend, FieldReaction
from mnrd.model.discretise import FieldOperator, Grid, initial_concentration, partition_of
from mnrd.model.drift import Stock
from mnrd.model.field import Coefficient
from mnrd.model.kinetics import kinetics, scalar_values
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing
from mnrd.solve.contact import Contact
from mnrd.solve.turns import turns

SIDES = ("top", "base")


class Coefficients:
    """A problem discretised: operators, reactions and parameters. Made anew at each event that changes the problem.

    Parameters
    ----------
    backend : Backend
        Where the arrays live.
    grid : Grid
        The mesh on the backend.
    problem : Problem
        Mesh, painting and model.

    Attributes
    ----------
    turns : tuple of tuples of int
        Fields that are solved side by side, in the order of solving.
    places : dict of int to int
        Place of each field in its turn: those at different places have work arrays of their own.
    widest : int
        How many places there are.
    """

    def __init__(self, backend: Backend, grid: Grid, problem: Problem) -> None:
        self.backend, self.grid, self.problem = backend, grid, problem
        model, shape = problem.model, problem.mesh.shape
        self.fractions = backend.array(problem.painting.fractions, np.uint8)
        self.kinetics = kinetics(model)
        self.turns = turns(model, self.kinetics, backend.abreast(shape[1] * shape[2]))
        self.places = {index: place for turn in self.turns for place, index in enumerate(turn)}
        self.widest = max(map(len, self.turns))
        stock = Stock(backend, shape)
        stocks = [stock, *(stock.beside() for _ in range(1, self.widest))]
        self.operators = [
            FieldOperator(backend, grid, problem, field, self.fractions, stocks[self.places[index]])
            if field.mobile
            else None
            for index, field in enumerate(model.fields)
        ]
        self._partitions = [
            partition_of(stock, problem, 1.0)[0] if operator is None else operator.partition
            for operator in self.operators
        ]
        self.reactions: list[FieldReaction | None] = backend.reactions(self.kinetics)
        names = self.kinetics.arrays
        self.arrays = backend.zeros((len(names), *shape) if names else (1, 1, 1, 1))
        for row, name in enumerate(names):
            self.arrays[row] = backend.array(problem.painting.mix(cast(Coefficient, model.parameters[name])))
        self.motions = backend.motions(self.kinetics)
        self._closing = [self._closing_weights(closing) for closing in model.closings]
        self._partials = [backend.zeros(shape[:2], np.float64) for _ in stocks]
        for operator in self.operators:
            if operator is not None and not operator.closes:
                operator.update(backend.array(np.ones(len(problem.painting.materials)), np.float64))

    def _closing_weights(self, closing: Closing) -> tuple[float, Array]:
        """Weights w that give the openness sum(w) - sum(w c), with their sum; none for a function of time."""
        if not isinstance(closing.openness, str):
            return 0.0, None
        mesh, fraction = self.problem.mesh, self.problem.painting.fraction(closing.material)
        held = mesh.volume * fraction * (mesh.zc < closing.until)[:, None, None]
        weights = np.where(held > 0.0, mesh.volume, 0.0) / max(held.sum(), 1e-300)
        return float(weights.sum()), self.backend.array(weights, np.float64)

    @property
    def terms(self) -> int:
        """The largest number of reaction terms of a field, at least 1."""
        return max((len(one.terms) for one in self.reactions if one is not None), default=1)

    @property
    def field_closes(self) -> bool:
        """Whether the openness of a channel follows from a field, so that the host does not know it inside a step."""
        return any(isinstance(closing.openness, str) for closing in self.problem.model.closings)

    def openness(self, time: float, values: Array | None = None) -> tuple[float, ...]:
        """Open fraction of each closing material at a time (s); `values` are the concentrations of all fields.

        Without `values` those that follow from a field are 1.
        """
        found = []
        for closing, (whole, weights) in zip(self.problem.model.closings, self._closing, strict=True):
            if not isinstance(closing.openness, str):
                found.append(closing.openness(time))
            elif values is None:
                found.append(1.0)
            else:
                closed = values[self.problem.model.index(closing.openness)]
                partial = self._partials[0]
                self.backend.kernel.weighted_sum(*self.grid.size, 1, weights, closed, partial)
                found.append(whole - self.backend.total(partial))
        return tuple(min(max(one, 0.0), 1.0) for one in found)

    def open_channels(self, index: int, newest: Array, predicted: Array, openness: Array) -> None:
        """Launch the openness (materials,) of what closes by a field, while field `index` is being solved.

        The arrays are those that the reactions get: `predicted` has rows of ``kinetics.predicted`` alone.
        """
        model, materials = self.problem.model, self.problem.painting.materials
        for closing, (whole, weights) in zip(model.closings, self._closing, strict=True):
            if isinstance(closing.openness, str):
                field, row = model.index(closing.openness), materials.index(closing.material)
                known = predicted[self.kinetics.predicted.index(closing.openness)]
                values = newest[field] if field < index else known
                partial = self._partials[self.places[index]]
                self.backend.kernel.weighted_sum(*self.grid.size, 1, weights, values, partial)
                self.backend.kernel.open_channel(partial.size, whole, partial, openness[row : row + 1])

    def by_material(self, openness: tuple[float, ...]) -> np.ndarray:
        """Openness (materials,) of each material from that of the closing ones; 1 for the others."""
        rows = np.ones(len(self.problem.painting.materials))
        for closing, value in zip(self.problem.model.closings, openness, strict=True):
            rows[self.problem.painting.materials.index(closing.material)] = value
        return rows

    def partition(self, index: int) -> Array:
        """Partition coefficient of a field, 1 for an immobile one."""
        return self._partitions[index]

    def scalars(self, time: float) -> np.ndarray:
        """Values of the uniform parameters at `time`."""
        return scalar_values(self.problem.model, self.kinetics, time)


class State:
    """Concentrations and slopes, at the start of a step and as it makes them; each (fields, nz, ny, nx).

    A step leaves `now` and `slope` as they are, so that it can be tried again, and is accepted by `advance`.

    Attributes
    ----------
    now : array, float64
        c at the current time.
    next : array, float64
        What the stages of a step make of it, one field after the other: the second takes the place of the first.
    slope, next_slope : arrays, float32
        dc/dt at the end of the last step, and of this one. They serve the guess and the estimate of the error alone.
    turn : int
        0 or 1, the other one after each accepted step: which of the arrays are which.
    """

    def __init__(self, backend: Backend, problem: Problem) -> None:
        fields = problem.model.fields
        shape = (len(fields), *problem.mesh.shape)
        self.now, self.next = (backend.zeros(shape, np.float64) for _ in range(2))
        self.slope, self.next_slope = (backend.zeros(shape, np.float32) for _ in range(2))
        self.turn = 0
        for index, field in enumerate(fields):  # one after the other: all of them would not fit twice on the host
            self.now[index] = backend.array(initial_concentration(problem, field), np.float64)

    def advance(self) -> None:
        """Make what the step has made the state."""
        self.now, self.next = self.next, self.now
        self.slope, self.next_slope = self.next_slope, self.slope
        self.turn = 1 - self.turn


def make_contacts(coefficients: Coefficients, time: float, previous: dict[tuple[int, str], Contact]) -> dict:
    """Reservoirs of all fields by (field index, side); one whose declaration is the same object keeps its content.

    Parameters
    ----------
    coefficients : Coefficients
        The discretised problem.
    time : float
        Now, s.
    previous : dict
        Contacts until now; those not kept are for the caller to book as removed.
    """
    contacts: dict[tuple[int, str], Contact] = {}
    for index, field in enumerate(coefficients.problem.model.fields):
        operator: Any = coefficients.operators[index]
        for side_index, side in enumerate(SIDES):
            reservoir = getattr(field, side)
            area = coefficients.backend.total(operator.boundary.covers[side_index]) if operator is not None else 0.0
            old = previous.get((index, side))
            keep = old is not None and reservoir is not None and old.reservoir is reservoir
            contacts[index, side] = old if keep and old is not None else Contact(reservoir, area, time)
    return contacts
