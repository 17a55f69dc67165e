"""One stage of the time step for one field: linearly implicit, launched as a whole without looking at any result.

For each field  V tau (c - y) = div flux + V (P - L c)  with P and L from the newest values of the fields before it and
the predicted ones of the others. Loss and diffusion are in one solve; nothing is split.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.mesh.rectilinear import Mesh
from mnrd.solve.board import FIRST, SECOND, Board, slot
from mnrd.solve.fields import Coefficients
from mnrd.solve.forecast import Forecast
from mnrd.solve.increment import solve_increment
from mnrd.solve.krylov import Target, Work
from mnrd.solve.multigrid import Multigrid
from mnrd.solve.plan import Plan


@dataclass(frozen=True)
class Values:
    """What a stage starts from and leaves, and the numbers of the method; arrays are (fields, nz, ny, nx).

    Parameters
    ----------
    start : array
        Concentrations at the start of the step.
    first : array
        Those after the first stage; in a stage that begins with `start`, that.
    out : array
        Newest values; may be `first`, of which a stage of a field needs its own alone.
    forecast : Forecast
        What reactions know of fields that are not solved yet.
    slope, next_slope : arrays
        Slope at the start of the step, and at its end.
    f_base, f_guess : float
        The stage starts from start + f (first - start), and so is its guess; `f_guess` is 0 where it follows from the
        slope.
    weights : three floats
        Of the slopes in the step's error estimate; all 0 where there is none.
    """

    start: Array
    first: Array
    out: Array
    forecast: Forecast
    slope: Array
    next_slope: Array
    f_base: float
    f_guess: float
    weights: tuple[float, float, float]


class StageSolver:
    """Launches stages; holds the work arrays, which fields that are solved one after the other share.

    Parameters
    ----------
    backend : Backend
        Kernels and arrays.
    mesh : Mesh
    """

    def __init__(self, backend: Backend, mesh: Mesh) -> None:
        self.backend = backend
        self.shape = mesh.shape
        nz, ny, _ = mesh.shape
        self.multigrid = Multigrid(backend, mesh.hx, mesh.hy, nz)
        self.work = Work.allocate(backend, mesh.shape)
        self.screening = backend.zeros(mesh.shape)
        doubles = (backend.zeros(mesh.shape, np.float64) for _ in range(4))
        self.production, self.loss, self.zero, self.activity = doubles
        self.partial = backend.zeros((5, nz, ny), np.float64)
        self.planes = backend.zeros((2, ny), np.float64)

    def use(self, coefficients: Coefficients, board: Board, place: int) -> None:
        """Take the coefficients of a problem on the mesh, for the fields that have this place in their turns."""
        self.coefficients, self.grid, self.board = coefficients, coefficients.grid, board
        model = coefficients.problem.model
        self.ceilings = {index: field.ceiling for index, field in enumerate(model.fields) if field.ceiling < inf}
        if any(field.taxis is not None for field in model.fields):
            self.work.widen(self.backend)
        nz, ny, _ = self.shape
        most = coefficients.terms
        self.tallies = self.backend.zeros((most if most > 1 else 0, nz, ny), np.float64)
        here = [one for index, one in enumerate(coefficients.operators) if coefficients.places[index] == place]
        mobile = [operator for operator in here if operator is not None]
        # Where one field alone moves at this place, its faces stay on the levels until they change.
        self.alone = len(mobile) == 1 and mobile[0].drift is None

    def target(self, stage: int, index: int) -> Target:
        """Orders and report of a field in a stage."""
        order, report = self.board.orders.there("order"), self.board.reports.there("report")
        return Target(order[stage, index], report[stage, index], self.grid.volume)

    def launch(self, stage: int, index: int, plan: Plan, values: Values) -> None:
        """Launch the solve of one field in one stage, after which ``values.out[index]`` is its new concentration.

        Parameters
        ----------
        stage, index : int
            Which stage, `FIRST` or `SECOND`, and which field.
        plan : Plan
            How to solve.
        values : Values
            The arrays.
        """
        target = self.target(stage, index)
        scalars = self.board.orders.there("scalars")[stage]
        known = (values.out, values.forecast.predicted, values.forecast.base)
        arguments = (*known, self.coefficients.arrays, scalars, target.order)
        reaction, operator = self.coefficients.reactions[index], self.coefficients.operators[index]
        production, loss = (self.zero, self.zero) if reaction is None else (self.production, self.loss)
        if reaction is not None:
            reaction.react(*arguments, production, loss)
        if operator is None:
            self._settle(index, target, values, production, loss)
        else:
            self._conduct(stage, index, plan, operator, values, arguments)
            self._transport(index, plan, operator, target, values, production, loss)
        self._finish(stage, index, target, values, loss)
        self._tally(stage, index, target, arguments, values)

    def _settle(self, index: int, target: Target, values: Values, production: Array, loss: Array) -> None:
        """An immobile field: fill `activity`."""
        kernel, a = self.backend.kernel, self.activity
        start, first = values.start[index], values.first[index]
        if production is self.zero:
            kernel.extend(a.size, start, first, values.f_base, -inf, a)
            return
        given = (start, first, values.f_base, production, loss, target.order)
        kernel.settle(*self.grid.size, *self.grid.widths, *given, a, self.partial)
        kernel.settled(self.partial[0].size, self.partial, target.order, target.report)

    def _conduct(
        self, stage: int, index: int, plan: Plan, operator: Any, values: Values, arguments: tuple[Any, ...]
    ) -> None:
        """Bring the conductances to what the channels and the other fields are now, and measure the coupling."""
        if plan.refresh:
            self.refresh(stage, index, operator, values.out, values.forecast.predicted)
        elif plan.restore:
            operator.restore(self.board.orders.there("openness")[stage, index])
        motion = self.coefficients.motions[index]
        if motion is not None and operator.drift is not None:
            motion(*arguments, operator.drift.mobility, operator.drift.potential)
            operator.move()
        if plan.refresh or operator.drift is not None:
            self.measure(index, operator)

    def refresh(self, stage: int, index: int, operator: Any, newest: Array, predicted: Array) -> None:
        """Launch the conductances that belong to the openness of a stage."""
        openness = self.board.orders.there("openness")[stage, index]
        self.coefficients.open_channels(index, newest, predicted, openness)
        operator.update(openness)

    def measure(self, index: int, operator: Any) -> None:
        """Put a field's faces on all levels and report its coupling on each."""
        self.multigrid.load(operator, len(self.multigrid.levels) - 1)
        self.multigrid.measure(self.board.reports.there("rates")[index])

    def _contact(self, operator: Any, report: Array) -> None:
        """Exchange activities of the current `activity`."""
        kernel = self.backend.kernel
        kernel.state_contact(*self.grid.size, self.activity, operator.top, operator.base, self.planes)
        kernel.meet(self.grid.size[1], self.planes, report)

    def _transport(
        self, index: int, plan: Plan, operator: Any, target: Target, values: Values, production: Array, loss: Array
    ) -> None:
        kernel, order, report = self.backend.kernel, target.order, target.report
        size, widths, partial, a = self.grid.size, self.grid.widths, self.partial, self.activity
        start, first, rows = values.start[index], values.first[index], self.partial[0].size
        if values.f_guess:
            kernel.second_guess(a.size, start, first, values.f_guess, operator.partition, a)
        else:
            kernel.first_guess(a.size, start, values.slope[index], operator.partition, order, a)
        if operator.boundary.open:
            kernel.couple(order, operator.boundary.conductance, self.target(FIRST, index).report, report)
            self._contact(operator, report)
        faces = (operator.tx, operator.ty, operator.tz, operator.top, operator.base, slot(report, "EXCHANGE_TOP", 2))
        kernel.stage_residual(
            *size, *widths, start, first, values.f_base, a, operator.partition, production, loss, *faces, order,
            self.screening, self.work.residual, self.work.metric, partial,
        )  # fmt: skip
        if operator.drift is not None and operator.drift.directed:
            drifting = (a, *operator.drift.faces, self.work.metric, self.work.residual, partial[1])
            kernel.drift_residual(*size, *drifting)
        kernel.begin(rows, target.volume, partial, order, report)
        self._increment(index, plan, operator, target)
        results = self.work.results(plan.method)
        kernel.clip(*size, *widths, *results, operator.partition, loss, order, report, a, partial)
        if operator.boundary.open:
            self._contact(operator, report)
        kernel.close_stage(rows, partial, order, report)

    def _increment(self, index: int, plan: Plan, operator: Any, target: Target) -> None:
        """Solve for the increment."""
        loaded = self.alone or plan.refresh or operator.drift is not None
        rate = self.board.reports.there("rates")[index, :1]
        solve_increment(self.multigrid, plan, operator, self.work, self.screening, rate, target, loaded=loaded)

    def _finish(self, stage: int, index: int, target: Target, values: Values, loss: Array) -> None:
        """Bring a field's concentration into its place; at the end of the step also its slope and its error."""
        kernel, partial, a, report = self.backend.kernel, self.partial, self.activity, target.report
        partition, out = self.coefficients.partition(index), values.out[index]
        if stage != SECOND:
            kernel.to_concentration(a.size, a, partition, report, out)
            return
        kernel.conclude(
            *self.grid.size, *self.grid.widths, values.start[index], values.first[index], values.f_base,
            values.slope[index], a, partition, loss, target.order, report, *values.weights,
            self.ceilings.get(index, inf), out, values.next_slope[index], partial,
        )  # fmt: skip
        kernel.gather(partial[0].size, 2, 1, partial, target.slot("ERROR", 3))

    def _tally(self, stage: int, index: int, target: Target, arguments: tuple[Any, ...], values: Values) -> None:
        """Add up what each reaction moves, and cut off what is above a ceiling."""
        kernel, reaction = self.backend.kernel, self.coefficients.reactions[index]
        rows = self.partial[0].size
        if reaction is not None and len(reaction.terms) > 1:  # what one term moves is in the report
            count, terms = len(reaction.terms), self.board.reports.there("terms")
            reaction.tally(*self.grid.widths, *arguments, self.tallies)
            kernel.gather(rows, count, 0, self.tallies, terms[stage, index])
        if index in self.ceilings:
            given = (self.ceilings[index], values.out[index], self.partial[0])
            kernel.cut_off(*self.grid.size, *self.grid.widths, *given)
            kernel.gather(rows, 1, 0, self.partial[0], target.slot("EXCESS"))
