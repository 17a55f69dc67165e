"""SDIRK2: two equal implicit stages, second order, L-stable, with an embedded error estimate. No operator splitting.

gamma = 1 - 1/sqrt(2), tau = 1/(gamma dt):

    u1 = stage(u,                      guess = max(u + gamma dt k0, 0)),      k1 = tau (u1 - u)
    y  = u + (1 - gamma) dt k1
    v  = stage(y,                      guess = max(u + dt k1, 0)),            k2 = tau (v - y)
    error = dt (w0 k0 + w1 k1 + w2 k2) / (1 + gamma dt L)

Right after a jump (the start, a new donor) stiff cells would overshoot by up to a fifth; there a few steps of implicit
Euler, which is monotone, smooth it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite, sqrt

from mnrd.backends.base import Array, Backend
from mnrd.solve.contact import Contact
from mnrd.solve.fields import SIDES, Coefficients, State
from mnrd.solve.krylov import NotConverged
from mnrd.solve.stage import Moment, Rates, StageSolver

GAMMA = 1 - 1 / sqrt(2)
# The difference to the third-order quadrature on the nodes 0, gamma, 1.
_B1 = 1 / (6 * GAMMA * (1 - GAMMA))
_B2 = 0.5 - GAMMA * _B1
ERROR_WEIGHTS = (1 - _B1 - _B2, _B1 - (1 - GAMMA), _B2 - GAMMA)

EMPTY = 1e-12
"""Part of what a reservoir can hold by which it may fall below zero."""

Contacts = dict[tuple[int, str], Contact]


@dataclass
class Step:
    """Outcome of one attempted step.

    Attributes
    ----------
    tau : float
        1 / (gamma dt) of its stages.
    base : array
        Concentrations from which the last stage started.
    starts : dict
        Contents of the reservoirs from which the last stage started.
    weights : tuple of float
        Weights of the stages in the step.
    stages : list of list of Rates
        What moved in each stage, for each field.
    error : float
        Estimated error in units of the tolerance; inf if a solve failed.
    largest : list of float
        Largest activity of each field at the end.
    limit : float
        A step size that must not be exceeded at the next try (a donor ran out of suspended drug); inf if none.
    reason : str
        Why it must be rejected, empty if it may be accepted.
    """

    tau: float = 0.0
    base: Array = None
    starts: dict[tuple[int, str], float] = field(default_factory=dict)
    weights: tuple[float, ...] = ()
    stages: list[list[Rates]] = field(default_factory=list)
    error: float = 0.0
    largest: list[float] = field(default_factory=list)
    limit: float = inf
    reason: str = ""

    def moved(self, index: int, dt: float) -> Rates:
        """Amounts of a field that moved in the step: dt times the weighted sum over the stages."""
        stages = [stage[index] for stage in self.stages]

        def total(name: str) -> dict[str, float]:
            parts = [getattr(stage, name) for stage in stages]
            return {key: dt * sum(w * p[key] for w, p in zip(self.weights, parts, strict=True)) for key in parts[-1]}

        return Rates(
            influx=total("influx"),
            evaporated=total("evaporated"),
            contents=stages[-1].contents,
            terms=total("terms"),
            clipped=sum(stage.clipped for stage in stages),
            lost=sum(stage.lost for stage in stages),
            iterations=sum(stage.iterations for stage in stages),
        )


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
    """

    def __init__(self, backend: Backend, coefficients: Coefficients, state: State, rtol: float, kappa: float) -> None:
        self.backend, self.state, self.rtol = backend, state, rtol
        self.solver, self.kappa = StageSolver(backend, coefficients, kappa), kappa
        self.coefficients = coefficients
        self.scales = [0.0] * len(coefficients.problem.model.fields)

    def use(self, coefficients: Coefficients) -> None:
        """Take the coefficients of a changed problem."""
        self.coefficients = coefficients
        self.solver.use(coefficients)

    def begin(self, time: float, contacts: Contacts) -> None:
        """Forget the slope, at the start and after each event."""
        self.state.slope[:] = 0
        self._update_scales(self._largest(self.state.now), time, contacts)

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
        self.solver.kappa = max(share, 1e-3) * self.kappa
        try:
            return self._sdirk2(time, dt, contacts) if smooth else self._euler(time, dt, contacts)
        except NotConverged as error:
            return Step(error=inf, reason=f"the linear solver did not converge: {error}")

    def _euler(self, time: float, dt: float, contacts: Contacts) -> Step:
        state = self.state
        state.guess[:] = state.now
        contents = {key: contact.amount for key, contact in contacts.items()}
        step = Step(1 / dt, state.now, contents, (1.0,))
        moment = self._moment(time + dt, time, step.tau, contacts)
        step.stages = [self._stage(moment, state.now, state.second, contacts, contents)]
        step.largest = self._largest(state.second)
        if not all(isfinite(value) for value in step.largest):
            step.error, step.reason = inf, "a field is not finite"
        return step

    def _sdirk2(self, time: float, dt: float, contacts: Contacts) -> Step:
        kernel, state, tau = self.backend.kernel, self.state, 1 / (GAMMA * dt)
        kernel.extrapolate(state.now.size, state.now, state.slope, GAMMA * dt, state.guess)
        contents = {key: contact.amount for key, contact in contacts.items()}
        moment = self._moment(time + GAMMA * dt, time, tau, contacts)
        first = self._stage(moment, state.now, state.first, contacts, contents)
        kernel.second_stage(
            state.now.size, state.now, state.first, (1 - GAMMA) / GAMMA, 1 / GAMMA, state.base, state.guess
        )
        middle = {
            (i, side): contents[i, side] + (1 - GAMMA) / GAMMA * (rates.contents[side] - contents[i, side])
            for i, rates in enumerate(first)
            for side in rates.contents
        }
        step = Step(tau, state.base, contents | middle, (1 - GAMMA, GAMMA), [first])
        moment = self._moment(time + dt, time, tau, contacts)
        step.stages.append(self._stage(moment, state.base, state.second, contacts, step.starts, step, dt))
        self._judge_contacts(step, dt, contacts, moment)
        return step

    def _stage(
        self, moment: Moment, base: Array, out: Array, contacts: Contacts,
        contents: dict[tuple[int, str], float], step: Step | None = None, dt: float = 0.0,
    ) -> list[Rates]:  # fmt: skip
        state = self.state
        out[:] = state.guess
        scalars = self.coefficients.scalars(moment.time)
        all_rates = []
        for index in range(len(self.scales)):
            rates = self.solver.solve(index, moment, state.now, base, state.guess, out, contacts, contents, scalars)
            all_rates.append(rates)
            if step is not None:
                self._judge(step, index, moment, dt, rates)
        return all_rates

    def _judge(self, step: Step, index: int, moment: Moment, dt: float, rates: Rates) -> None:
        """Add the error of one field to the step; called while the field's loss is still in the work array."""
        state, solver, backend = self.state, self.solver, self.backend
        loss = solver.zero if self.coefficients.reactions[index] is None else solver.loss
        backend.kernel.step_error(
            *solver.grid.size, *solver.grid.widths, state.now[index], state.first[index], state.base[index],
            state.second[index], state.slope[index], self.coefficients.partition(index), loss, moment.tau, dt,
            *ERROR_WEIGHTS, self.rtol, moment.absolute(index), solver.partial,
        )  # fmt: skip
        error = sqrt(backend.total(solver.partial[0]) / solver.grid.volume)
        amount = backend.total(solver.partial[2])
        step.largest.append(backend.largest(solver.partial[1]))
        step.error = max(step.error, error) if isfinite(error) else inf
        step.reason = step.reason or self._fault(index, error, rates, amount, step.largest[-1])

    def _fault(self, index: int, error: float, rates: Rates, amount: float, largest: float) -> str:
        """What makes a field unacceptable whatever its error estimate; empty if nothing."""
        scale, name = self.scales[index], self.coefficients.problem.model.fields[index].name
        if not isfinite(error):
            return f"field {name} is not finite"
        if rates.clipped > 0.1 * self.rtol * amount and rates.clipped > 1e-6 * scale * self.solver.grid.volume:
            return f"field {name} fell below zero"
        of, directed = self.coefficients.kinetics.of[index], self.coefficients.problem.model.fields[index].taxis
        if directed is None and (of is None or of.production == 0) and largest > scale * (1 + self.rtol):
            return f"field {name} rose above all that surrounds it"
        return ""

    def _judge_contacts(self, step: Step, dt: float, contacts: Contacts, moment: Moment) -> None:
        """Errors of the finite reservoirs' contents; a suspension that was used up limits the step."""
        tau = moment.tau
        for (index, side), contact in contacts.items():
            if not contact.finite or side not in step.stages[-1][index].contents:
                continue
            one, two = (stage[index].contents[side] for stage in step.stages)
            if (index, side) in moment.suspended:
                least = contact.capacity(moment.time) * contact.reservoir.saturation
                if two < least * (1 - 1e-4):
                    step.limit = min(step.limit, dt * (contact.amount - least) / (contact.amount - two))
                    step.reason = "a donor ran out of suspended drug"
                continue
            full = max(contact.applied, self.scales[index] * contact.capacity(moment.time))
            if two < -EMPTY * full:
                step.reason = "a donor fell below zero"
            slopes = (contact.slope, tau * (one - contact.amount), tau * (two - step.starts[index, side]))
            stiff = 1 + contact.conductance / (tau * contact.capacity(moment.time))
            error = dt * sum(w * k for w, k in zip(ERROR_WEIGHTS, slopes, strict=True)) / stiff
            weight = self.rtol * (max(contact.amount, two) + 1e-2 * full)
            if weight > 0.0:
                step.error = max(step.error, abs(error) / weight)

    def accept(self, step: Step, time: float, contacts: Contacts) -> None:
        """Make the tried step the state at `time`, its end: concentrations, slopes, contents of the reservoirs."""
        state = self.state
        self.backend.kernel.last_slope(state.now.size, state.second, step.base, step.tau, state.slope)
        state.now, state.second = state.second, state.now
        for index, rates in enumerate(step.stages[-1]):
            for side, content in rates.contents.items():
                contact = contacts[index, side]
                contact.slope = step.tau * (content - step.starts[index, side])
                if contact.finite:
                    contact.amount = content
        self._update_scales(step.largest, time, contacts)

    def _moment(self, time: float, start: float, tau: float, contacts: Contacts) -> Moment:
        suspended = frozenset(key for key, contact in contacts.items() if contact.suspended(start))
        return Moment(time, tau, self.rtol, self._weights(), suspended)

    def _largest(self, values: Array) -> list[float]:
        partition = self.coefficients.partition
        return [self.backend.largest(values[i] / partition(i)) for i in range(len(self.scales))]

    def _update_scales(self, largest: list[float], time: float, contacts: Contacts) -> None:
        """Running maximum of each field's activity, the reservoirs' included."""
        for index, value in enumerate(largest):
            sides = [contacts[index, side] for side in SIDES]
            held = [contact.activity(time) for contact in sides if contact.area]
            floor = self.coefficients.problem.model.fields[index].floor
            self.scales[index] = max(self.scales[index], value, floor, *held)

    def _weights(self) -> tuple[float, ...]:
        """Scales of the error weights: at least 1e-4 of the largest field of the same unit; 1 where all are empty."""
        units = [f.unit for f in self.coefficients.problem.model.fields]
        pairs = list(zip(self.scales, units, strict=True))
        largest = {unit: max(s for s, u in pairs if u == unit) for unit in units}
        return tuple(max(s, 1e-4 * largest[u]) or 1.0 for s, u in pairs)
