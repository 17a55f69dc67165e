"""Means over regions, taken where the fields are: only numbers come to the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import numpy as np

from mnrd.backends.base import ORDER, Array, Backend
from mnrd.model.discretise import Grid
from mnrd.model.field import Coefficient
from mnrd.model.kinetics import scalar_values
from mnrd.model.sight import sight
from mnrd.solve.fields import Coefficients
from mnrd.solve.programs import Programs

Weights = Mapping[str, tuple[np.ndarray, np.ndarray]]


class Means:
    """Weighted sums of fields, and of expressions of them, over named regions.

    Parameters
    ----------
    backend : Backend
        Where the fields are.
    grid : Grid
    weights : mapping of region to (cells, weights)
        Flat indices of cells, and their weights.
    texts : mapping of name to text
        Expressions of what is in a cell, see `mnrd.model.sight.sight`.
    where : str
        For messages about them.
    """

    def __init__(self, backend: Backend, grid: Grid, weights: Weights, texts: Mapping[str, str], where: str) -> None:
        self.backend, self.grid, self.texts, self.where = backend, grid, dict(texts), where
        self.regions, shape = tuple(weights), grid.mesh.shape
        self._weights = backend.zeros((len(weights), *shape), np.float64)
        for row, (cells, values) in enumerate(weights.values()):
            dense = np.zeros(grid.mesh.cells)
            dense[cells] = values
            self._weights[row] = backend.array(dense.reshape(shape), np.float64)
        self._partial = backend.zeros((len(weights), *shape[:2]), np.float64)
        self._pair = (backend.zeros(shape, np.float64), backend.zeros(shape, np.float64)) if texts else ()
        self._order = backend.zeros(ORDER["ORDERS"], np.float64)
        self._seen: dict[int, Array] = {}

    def use(self, coefficients: Coefficients) -> None:
        """Take the parameters of a problem."""
        model, backend = coefficients.problem.model, self.backend
        self._model = model
        self._kinetics = sight(model, self.texts, coefficients.kinetics.arrays, self.where)
        self._motions: list[Callable[..., None] | None] = backend.motions(self._kinetics)
        self._arrays = coefficients.arrays
        names = self._kinetics.arrays
        if names != coefficients.kinetics.arrays:
            self._arrays = backend.zeros((len(names), *self.grid.mesh.shape))
            for row, name in enumerate(names):
                mixed = coefficients.problem.painting.mix(cast(Coefficient, model.parameters[name]))
                self._arrays[row] = backend.array(mixed)
        self._scalars = backend.zeros(max(len(self._kinetics.scalars), 1), np.float64)
        self.names = (*model.names, *self.texts)
        self._sums = backend.zeros((len(self.names), len(self.regions)), np.float64)
        self._programs, self._seen = Programs(backend), {}

    def of(self, values: Array, time: float) -> dict[tuple[str, str], float]:
        """Sums over all regions by name of field or expression and region.

        Parameters
        ----------
        values : (fields, nz, ny, nx) array of the backend
            Concentrations; the launches are recorded once for each array.
        time : float
            s.
        """
        scalars = np.zeros(self._scalars.size)
        scalars[: len(self._kinetics.scalars)] = scalar_values(self._model, self._kinetics, time)
        self.backend.upload(scalars, self._scalars)
        self._seen[id(values)] = values  # kept, or another array could get its number
        self._programs.get(id(values), [partial(self._launch, values)]).run()
        found = self.backend.host(self._sums)
        return {
            (name, region): float(found[row, column])
            for column, region in enumerate(self.regions)
            for row, name in enumerate(self.names)
        }

    def _launch(self, values: Array) -> None:
        """Launch all sums, with the scalars that will be there by then."""
        count = len(self._model.names)
        for row in range(count):
            self._add_up(values[row], row)
        given = (values, values, values, self._arrays, self._scalars, self._order)
        for number, motion in enumerate(self._motions):
            cast(Any, motion)(*given, *self._pair)
            for part, one in enumerate(self._pair):
                row = count + 2 * number + part
                if row < len(self.names):
                    self._add_up(one, row)

    def _add_up(self, values: Array, row: int) -> None:
        """Launch the sums of one array (nz, ny, nx) over all regions."""
        kernel, sums, count = self.backend.kernel, self._partial, len(self.regions)
        kernel.weighted_sum(*self.grid.size, count, self._weights, values, sums)
        kernel.gather(sums[0].size, count, 0, sums, self._sums[row])
