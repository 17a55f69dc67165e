"""SDIRK2: two equal implicit stages, second order, L-stable, with an embedded error estimate. No operator splitting.

gamma = 1 - 1/sqrt(2), tau = 1/(gamma dt):

    u1 = stage(u,                      guess = max(u + gamma dt k0, 0)),      k1 = tau (u1 - u)
    y  = u + (1 - gamma) dt k1
    v  = stage(y,                      guess = max(u + dt k1, 0)),            k2 = tau (v - y)
    error = dt (w0 k0 + w1 k1 + w2 k2) / (1 + gamma dt L)

Right after a jump (the start, a new donor) stiff cells would overshoot by up to a fifth; there a few steps of implicit
Euler, which is monotone, smooth it first.

A step is launched as a whole: orders go to the backend before it, reports come back after it, nothing in between.
"""

from __future__ import annotations

from functools import partial
from math import inf, sqrt

import numpy as np

from mnrd.backends.base import REPORT, Backend, Program
from mnrd.solve.board import FIRST, SECOND, Board
from mnrd.solve.directed import WIDEST, balance
from mnrd.solve.fields import Coefficients, State
from mnrd.solve.forecast import Forecast
from mnrd.solve.orders import Contacts, fullest, order_contacts, order_fields, order_time, suspended_now
from mnrd.solve.plan import Foresight, Plan, choose, conducting, level
from mnrd.solve.programs import Programs
from mnrd.solve.stage import StageSolver, Values
from mnrd.solve.step import Rates, Step
from mnrd.solve.verdict import judge_contacts, judge_fields

GAMMA = 1 - 1 / sqrt(2)
# The difference to the third-order quadrature on the nodes 0, gamma, 1.
_B1 = 1 / (6 * GAMMA * (1 - GAMMA))
_B2 = 0.5 - GAMMA * _B1
ERROR_WEIGHTS = (1 - _B1 - _B2, _B1 - (1 - GAMMA), _B2 - GAMMA)
NO_WEIGHTS = (0.0, 0.0, 0.0)
STRETCH = ((1 - GAMMA) / GAMMA, 1 / GAMMA)
"""Base and guess of the second stage, in units of u1 - u from u."""

Plans = dict[tuple[int, int], Plan]


class Stepper:
    """Tries and accepts steps of all fields.

    Parameters
    ----------
    backend : Backend
        Kernels and arrays.
    coefficients : Coefficients
        The discretised problem.
    state : State
        Concentrations; `now` and `slope` change on `accept` alone.
    rtol : float
        Relative tolerance of the step.
    kappa : float
        Stopping norm of the linear solves.

    Attributes
    ----------
    scales : list of float
        Running maximum of each field's activity.
    couplings : (fields, levels + 1) array
        Lateral coupling of each field on each level, 1/s, and in the last column the range of its potential, as the
        last attempt reported them: what the next one is planned with.
    """

    def __init__(self, backend: Backend, coefficients: Coefficients, state: State, rtol: float, kappa: float) -> None:
        self.backend, self.state, self.rtol, self.kappa = backend, state, rtol, kappa
        self.solvers: list[StageSolver] = []
        self.scales = [0.0] * len(coefficients.problem.model.fields)
        self.use(coefficients)

    def use(self, coefficients: Coefficients) -> None:
        """Take the coefficients of a changed problem."""
        self.coefficients, problem = coefficients, coefficients.problem
        self.forecast = Forecast(coefficients)
        while len(self.solvers) < coefficients.widest:
            self.solvers.append(StageSolver(self.backend, problem.mesh))
        scalars, levels = len(coefficients.kinetics.scalars), len(self.solvers[0].multigrid.levels)
        counts = (len(problem.model.fields), len(problem.painting.materials), scalars, coefficients.terms, levels)
        self.board = Board(self.backend, *counts)
        for place, solver in enumerate(self.solvers[: coefficients.widest]):
            solver.use(coefficients, self.board, place)
        self._programs = Programs(self.backend)
        self._foresight: dict[tuple[int, int], Foresight] = {}
        self.couplings = np.zeros((len(self.scales), levels + 1))

    def begin(self, time: float, contacts: Contacts) -> None:
        """Forget the slope, at the start and after each event."""
        self.state.slope[:] = 0
        self._update_scales(self._largest(), time, contacts)
        self._measure(time)

    def resume(self, time: float, scales: list[float], couplings: np.ndarray) -> None:
        """Go on where another stepper of the same problem stood; the state has its concentrations and slopes again."""
        self._measure(time)
        self.scales, self.couplings = list(scales), np.array(couplings)

    def _measure(self, time: float) -> None:
        """Bring all conductances to the present state, and ask for the coupling of every field."""
        coefficients, now, forecast = self.coefficients, self.state.now, self.forecast
        forecast.first(now, self.state.slope, 0.0)
        order_time(self.board, coefficients, FIRST, time)
        self.board.orders.send()
        orders = self.board.orders.there
        for index, (operator, motion) in enumerate(zip(coefficients.operators, coefficients.motions, strict=True)):
            if operator is None:
                continue
            solver = self._solver(index)
            if operator.closes or operator.faces is not None:
                solver.refresh(FIRST, index, operator, now, forecast.predicted)
            operator.openness = operator.stock.faces = None
            if operator.drift is not None and motion is not None:
                known = (now, forecast.predicted, forecast.base, coefficients.arrays)
                given = (*known, orders("scalars")[FIRST], orders("order")[FIRST, index])
                motion(*given, operator.drift.mobility, operator.drift.potential)
                operator.move()
            solver.measure(index, operator)
            if operator.drift is not None and operator.drift.ratio is not None:
                balance(solver.multigrid, operator, solver.work, operator.capacity, solver.target(SECOND, index))
        self.board.reports.fetch()
        self.couplings[:, :-1] = self.board.reports["rates"]
        self.couplings[:, -1] = self.board.reports["report"][SECOND, :, REPORT["WIDEST"]]

    def attempt(self, time: float, dt: float, contacts: Contacts, *, smooth: bool, share: float = 1.0) -> Step:
        """Try a step; the state at `time` stays as it is.

        Parameters
        ----------
        time, dt : float
            Start and size, s.
        contacts : dict
            The reservoirs.
        smooth : bool
            False right after a jump: one implicit Euler stage, which has no error estimate but does not overshoot.
        share : float
            Size of the step as a part of that which the error allows; the linear solves are as much more exact.
        """
        gamma, stages = (GAMMA, (FIRST, SECOND)) if smooth else (1.0, (SECOND,))
        tau, kappa = 1 / (gamma * dt), max(share, 1e-3) * self.kappa
        suspended, board, again = suspended_now(contacts, time), self.board, True
        while again:
            plans: Plans = {}
            for stage in stages:
                moment = time + (gamma * dt if stage == FIRST else dt)
                start = (1 - GAMMA) / GAMMA if smooth and stage == SECOND else 0.0
                ahead = gamma * dt if smooth else 0.0
                shared = {"TAU": tau, "DT": dt, "AHEAD": ahead, "KAPPA": kappa, "START": start, "RTOL": self.rtol}
                openness = order_time(board, self.coefficients, stage, moment)
                order_fields(board, self.coefficients, stage, shared, self._weights())
                stirred = order_contacts(board, contacts, suspended, stage, moment)
                plans |= self._plan(stage, tau, stirred, openness)
            self._compute(plans, dt, smooth)
            again = self._exhausted(plans)
        step = self._report(stages, tau, contacts, smooth)
        failed = self._failed(plans)
        if failed:
            return Step(error=inf, reason=f"the linear solver did not converge: field {failed}")
        judge_fields(step, self.board, self.coefficients, self.scales, self.rtol, estimate=smooth)
        if smooth:
            given = (contacts, suspended, self.scales, self.rtol, ERROR_WEIGHTS)
            judge_contacts(step, dt, time + dt, *given)
        return step

    def _plan(self, stage: int, tau: float, stirred: set[int], openness: tuple[float, ...]) -> Plans:
        """Choose how to solve each field in a stage."""
        plans, operators = {}, self.coefficients.operators
        for index, operator in enumerate(operators):
            known = self.couplings[index]
            plan = choose(operator, known[:-1], known[-1], tau, index in stirred)
            foresight = self._foresight.setdefault((stage, index), Foresight())
            plans[stage, index] = plan if operator is None else foresight.budget(plan)
        known = None if self.coefficients.field_closes else openness
        for turn in self.coefficients.turns:
            turned = {(stage, index): conducting(plans[stage, index], operators[index], known) for index in turn}
            plans |= level(turned)
        return plans

    def _compute(self, plans: Plans, dt: float, smooth: bool) -> None:
        """Send the orders, run the programs of all fields in each stage, and fetch the reports."""
        state = self.state
        self.board.orders.send()
        self.forecast.first(state.now, state.slope, GAMMA * dt if smooth else 0.0)
        for stage in sorted({stage for stage, _ in plans}):
            if smooth and stage == SECOND:
                self.forecast.second(state.now, state.next, *STRETCH)
            for turn in self.coefficients.turns:
                self._program(smooth, stage, {index: plans[stage, index] for index in turn}).run()
        self.board.reports.fetch()

    def _program(self, smooth: bool, stage: int, turn: dict[int, Plan]) -> Program:
        """The launches of the fields of a turn in one stage."""
        values = self._values(smooth, stage)
        parts = [partial(self._solver(index).launch, stage, index, plan, values) for index, plan in turn.items()]
        return self._programs.get((self.state.turn, smooth, stage, *turn.items()), parts)

    def _solver(self, index: int) -> StageSolver:
        """The solver with the work arrays of a field."""
        return self.solvers[self.coefficients.places[index]]

    def _values(self, smooth: bool, stage: int) -> Values:
        state, forecast = self.state, self.forecast
        slopes = (state.slope, state.next_slope)
        if smooth and stage == SECOND:
            return Values(state.now, state.next, state.next, forecast, *slopes, *STRETCH, ERROR_WEIGHTS)
        return Values(state.now, state.now, state.next, forecast, *slopes, 0.0, 0.0, NO_WEIGHTS)

    def _exhausted(self, plans: Plans) -> bool:
        """Whether too few iterations were launched somewhere, and more can be, or a range has become too wide."""
        board, again = self.board, False
        for (stage, index), plan in plans.items():
            if plan.method and board.said(stage, index, "GOING"):
                again |= self._foresight[stage, index].exhausted(plan.budget)
            if plan.method == "balanced" and board.said(stage, index, "WIDEST") > WIDEST:
                self.couplings[index, -1] = board.said(stage, index, "WIDEST")
                again = True
        if not again:
            for (stage, index), plan in plans.items():
                if plan.method:
                    self._foresight[stage, index].took(board.said(stage, index, "COUNT"))
        return again

    def _failed(self, plans: Plans) -> str:
        """Name of the first field whose solve failed; empty if none."""
        board = self.board
        for (stage, index), plan in plans.items():
            if plan.method and (board.said(stage, index, "FAILED") or board.said(stage, index, "GOING")):
                return self.coefficients.problem.model.fields[index].name
        return ""

    def _report(self, stages: tuple[int, ...], tau: float, contacts: Contacts, smooth: bool) -> Step:
        """Read what happened, and remember what the next step is planned with."""
        board, coefficients = self.board, self.coefficients
        step = Step(tau, {}, (1 - GAMMA, GAMMA) if smooth else (1.0,))
        for stage in stages:
            step.stages.append([self._moved(stage, index, tau) for index in range(len(self.scales))])
        for (index, side), contact in contacts.items():
            if coefficients.operators[index] is not None:
                step.starts[index, side] = board.said(SECOND, index, f"START_{side.upper()}")
                contact.conductance = board.said(SECOND, index, f"CONDUCTANCE_{side.upper()}")
        for index, operator in enumerate(coefficients.operators):
            if operator is not None and (operator.drift is not None or operator.closes):
                self.couplings[index, :-1] = board.reports["rates"][index]
                self.couplings[index, -1] = board.said(SECOND, index, "WIDEST")
        return step

    def _moved(self, stage: int, index: int, tau: float) -> Rates:
        reaction = self.coefficients.reactions[index]
        terms = () if reaction is None else reaction.terms
        mobile = self.coefficients.operators[index] is not None
        return Rates.reported(self.board, stage, index, terms, tau, mobile=mobile)

    def accept(self, step: Step, time: float, contacts: Contacts) -> None:
        """Make the tried step the state at `time`, its end: concentrations, slopes, contents of the reservoirs."""
        self.state.advance()
        for index, rates in enumerate(step.stages[-1]):
            for side, content in rates.contents.items():
                contact = contacts[index, side]
                contact.slope = step.tau * (content - step.starts[index, side])
                if contact.finite:
                    contact.amount = content
        self._update_scales(step.largest, time, contacts)

    def _largest(self) -> list[float]:
        """Largest activity of each field now."""
        solver, kernel, size = self.solvers[0], self.backend.kernel, self.coefficients.grid.size
        found = []
        for index, values in enumerate(self.state.now):
            kernel.to_activity(values.size, values, self.coefficients.partition(index), solver.activity)
            kernel.row_largest(*size, solver.activity, solver.partial[0])
            found.append(self.backend.largest(solver.partial[0]))
        return found

    def _update_scales(self, largest: list[float], time: float, contacts: Contacts) -> None:
        """Running maximum of each field's activity, the reservoirs' included."""
        for index, value in enumerate(largest):
            floor = self.coefficients.problem.model.fields[index].floor
            self.scales[index] = max(self.scales[index], value, floor, fullest(contacts, index, time))

    def _weights(self) -> tuple[float, ...]:
        """Scales of the error weights: at least 1e-4 of the largest field of the same unit; 1 where all are empty."""
        units = [f.unit for f in self.coefficients.problem.model.fields]
        pairs = list(zip(self.scales, units, strict=True))
        largest = {unit: max(s for s, u in pairs if u == unit) for unit in units}
        return tuple(max(s, 1e-4 * largest[u]) or 1.0 for s, u in pairs)
