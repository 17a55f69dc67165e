"""State of all fields on the backend, and everything that one stage of one field needs."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from mnrd.backends.base import Array, Backend, FieldReaction
from mnrd.model.discretise import FieldOperator, Grid, initial_concentration
from mnrd.model.field import Coefficient
from mnrd.model.kinetics import kinetics, scalar_values
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing
from mnrd.solve.contact import Contact

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
    """

    def __init__(self, backend: Backend, grid: Grid, problem: Problem) -> None:
        self.backend, self.grid, self.problem = backend, grid, problem
        model = problem.model
        self.fractions = backend.array(problem.painting.fractions, np.uint8)
        self.operators = [
            FieldOperator(backend, grid, problem, field, self.fractions) if field.mobile else None
            for field in model.fields
        ]
        self.kinetics = kinetics(model)
        self.reactions: list[FieldReaction | None] = backend.reactions(self.kinetics)
        mixed = [problem.painting.mix(cast(Coefficient, model.parameters[name])) for name in self.kinetics.arrays]
        shape = problem.mesh.shape
        self.arrays = backend.array(np.array(mixed)) if mixed else backend.zeros((1, *shape))
        self.ones = backend.array(np.ones(shape))
        self.motions = backend.motions(self.kinetics)
        self._closing = [self._closing_weights(closing) for closing in model.closings]
        self._partial = backend.zeros(shape[:2], np.float64)

    def _closing_weights(self, closing: Closing) -> tuple[float, Array]:
        """Weights w that give the openness sum(w) - sum(w c), with their sum; none for a function of time."""
        if not isinstance(closing.openness, str):
            return 0.0, None
        mesh, fraction = self.problem.mesh, self.problem.painting.fraction(closing.material)
        held = mesh.volume * fraction * (mesh.zc < closing.until)[:, None, None]
        weights = np.where(held > 0.0, mesh.volume, 0.0) / max(held.sum(), 1e-300)
        return float(weights.sum()), self.backend.array(weights, np.float64)

    def openness(self, time: float, values: Array) -> tuple[float, ...]:
        """Open fraction of each closing material at a time (s), with the concentrations `values` of all fields."""
        found = []
        for closing, (whole, weights) in zip(self.problem.model.closings, self._closing, strict=True):
            if isinstance(closing.openness, str):
                closed = values[self.problem.model.index(closing.openness)]
                self.backend.kernel.weighted_sum(*self.grid.size, weights, closed, self._partial)
                found.append(whole - self.backend.total(self._partial))
            else:
                found.append(closing.openness(time))
        return tuple(min(max(one, 0.0), 1.0) for one in found)

    def partition(self, index: int) -> Array:
        """Partition coefficient of a field, 1 for an immobile one."""
        operator = self.operators[index]
        return self.ones if operator is None else operator.partition

    def scalars(self, time: float) -> Array:
        """Values of the uniform parameters at `time`."""
        values = scalar_values(self.problem.model, self.kinetics, time)
        return self.backend.array(values if len(values) else np.zeros(1), np.float64)


class State:
    """Concentrations and what the time step keeps between its stages; each (fields, nz, ny, nx), float64.

    Attributes
    ----------
    now : array
        c at the current time.
    slope : array
        dc/dt at the end of the last step.
    first, second : arrays
        Results of the two stages.
    base, guess : arrays
        Start of the second stage, and prediction of the running one.
    """

    def __init__(self, backend: Backend, problem: Problem) -> None:
        fields = problem.model.fields
        initial = np.array([initial_concentration(problem, field) for field in fields])
        self.now = backend.array(initial, np.float64)
        others = (backend.zeros(initial.shape, np.float64) for _ in range(5))
        self.slope, self.first, self.second, self.base, self.guess = others


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
            area = coefficients.backend.total(operator.covers[side_index]) if operator is not None else 0.0
            old = previous.get((index, side))
            keep = old is not None and reservoir is not None and old.reservoir is reservoir
            contacts[index, side] = old if keep and old is not None else Contact(reservoir, area, time)
    return contacts
