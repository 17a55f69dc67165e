"""The simulation: state, clock and the loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, Protocol

import numpy as np

from mnrd.backends import choose
from mnrd.backends.base import Array, Backend
from mnrd.events import meet
from mnrd.model.discretise import Grid
from mnrd.model.problem import Event, Problem
from mnrd.output.ledger import Ledger
from mnrd.snapshot import put, take
from mnrd.solve.account import Account
from mnrd.solve.controller import LONGEST_RUN_OF_REJECTIONS, Controller
from mnrd.solve.fields import SIDES, Coefficients, State, make_contacts
from mnrd.solve.krylov import EXACT, KAPPA
from mnrd.solve.means import Means, Weights
from mnrd.solve.step import Rates, Step
from mnrd.solve.stepper import Stepper
from mnrd.solve.stopwatch import Stopwatch

FIRST_STEP = 1.0
LONGEST_STEP = 43200.0
LOST = 1e-13
"""Largest part of all that a field ever held that a step may lose where the field dies out."""


class NumericalFailure(RuntimeError):
    """The run cannot go on: no step size is accepted.

    The state is that after the last accepted step; ``state.next`` holds what the last try made.

    Attributes
    ----------
    time : float
        Of the last accepted step, s.
    reason : str
        Why the last try was not accepted.
    """

    def __init__(self, time: float, dt: float, reason: str) -> None:
        super().__init__(f"no step accepted at t = {time:g} s down to dt = {dt:.3g} s: {reason}")
        self.time, self.reason = time, reason


class Observer(Protocol):
    """Something that looks at the simulation at due times (see `mnrd.output.schedule`)."""

    schedule: Any

    def observe(self, simulation: Simulation) -> None:
        """Look; must not change the simulation."""


class Simulation:
    """A problem in time.

    Parameters
    ----------
    problem : Problem
        Mesh, painting and model.
    backend : str or Backend
        ``auto``, ``cuda``, ``native``, ``numpy``, or one that was made before.
    precision : str
        ``double``, ``mixed`` (linear solver in float32, state in float64), or ``auto``: mixed on a GPU.
    events : sequence of Event
        Changes of the problem at given times.
    observers : iterable of Observer
        Called at the start and whenever their schedule is due; the loop lands exactly on due times.
    rtol : float
        Relative tolerance of a time step.
    dt : float, optional
        A fixed step, s; default: adaptive.
    first_step : float, optional
        First step after the start and after each event, s; default 1 s, and less for a `rtol` below 1e-2.
    dt_max : float
        The longest step, s.
    kappa : float, optional
        Stopping norm of the linear solves in units of the tolerated step error; default `KAPPA`, and with a fixed step
        `EXACT` of it: nothing says then how small the error of a step is beside what the solves leave.
    stopwatch : Stopwatch, optional
        Where the wall time of the phases is added up.

    Attributes
    ----------
    time : float
        s; exactly the due time when observers are called.
    step, rejected, iterations : int
        Accepted steps, rejected ones, iterations of the linear solver.
    started : bool
        Whether the observers have seen the start.
    events, met : list of Event
        Those to come, and those that were met.
    """

    def __init__(
        self, problem: Problem, *, backend: str | Backend = "auto", precision: str = "auto",
        events: Sequence[Event] = (), observers: Iterable[Observer] = (), rtol: float = 1e-3, dt: float | None = None,
        first_step: float | None = None, dt_max: float = LONGEST_STEP, kappa: float | None = None,
        stopwatch: Stopwatch | None = None,
    ) -> None:  # fmt: skip
        self.backend = choose(backend, precision) if isinstance(backend, str) else backend
        self.problem, self.observers = problem, list(observers)
        self.events = sorted(events, key=lambda event: event.time)
        self.met: list[Event] = []
        self.stopwatch = stopwatch or Stopwatch()
        self.time, self.step, self.rejected, self.iterations = 0.0, 0, 0, 0
        self.first_step = first_step or min(FIRST_STEP, 100 * rtol * FIRST_STEP)
        self.controller = Controller(min(dt or self.first_step, dt_max), dt_max, fixed=dt is not None)
        self.grid = Grid.upload(self.backend, problem.mesh)
        self.coefficients = Coefficients(self.backend, self.grid, problem)
        self.state = State(self.backend, problem)
        if kappa is None:
            kappa = KAPPA if dt is None else EXACT * KAPPA
        self.stepper = Stepper(self.backend, self.coefficients, self.state, rtol, kappa)
        self.contacts = make_contacts(self.coefficients, 0.0, {})
        self.accounts = [Account(sum(self.amounts(name).values())) for name in problem.model.names]
        for (index, _), contact in self.contacts.items():
            self.accounts[index].filled(contact)
        self.last: list[Rates] = []
        self.started = False

    # ---- the loop

    def run(self, until: float) -> Simulation:
        """Advance to `until` (s), exactly; returns itself."""
        while self.time < until or not self.started:
            self._meet_events()
            if self.time < until:
                with self.stopwatch.phase("solve"):
                    self._advance(min(until, self._next_due()))
            self._meet_events()
            self._observe()
        return self

    def until(self, end: float, every: float) -> Iterator[Simulation]:
        """Run to `end`, and hand itself out at 0, `every`, 2 `every`, ... and at the end (s)."""
        count = 0
        while count * every < end:
            yield self.run(count * every)
            count += 1
        yield self.run(end)

    def _advance(self, target: float) -> None:
        """One accepted step, not beyond `target`."""
        if not self.started:
            self._begin()
        for _ in range(LONGEST_RUN_OF_REJECTIONS):
            dt = self.controller.towards(target - self.time)
            # Errors of the linear solver add up over steps that are cut short to land: solve those more exactly.
            share = min(1.0, dt / self.controller.dt)
            step = self.stepper.attempt(self.time, dt, self.contacts, smooth=self.controller.smooth, share=share)
            if self._acceptable(step):
                return self._accept(step, dt, target)
            if self.controller.fixed:
                break
            self.rejected += 1
            self.controller.rejected(step.error, dt, step.limit)
        reason = step.reason or f"the error stays at {step.error:.3g} of the tolerance"
        raise NumericalFailure(self.time, dt, reason)

    def _acceptable(self, step: Step) -> bool:
        """Whether a tried step is finite, accurate, positive and conservative; with a fixed step, finite is enough."""
        if self.controller.fixed:
            return step.error < inf
        for index, (name, account) in enumerate(zip(self.problem.model.names, self.accounts, strict=True)):
            if step.stages and step.moved(index, 1.0).lost > LOST * account.turnover:
                step.reason = f"field {name} would fall below zero as a whole"
        return step.error <= 1.0 and not step.reason

    def _accept(self, step: Step, dt: float, target: float) -> None:
        landed = dt == target - self.time
        self.time = target if landed else self.time + dt
        self.stepper.accept(step, self.time, self.contacts)
        self.last = step.stages[-1]
        for index, account in enumerate(self.accounts):
            moved = step.moved(index, dt)
            account.book(moved, self.contacts[index, "top"], self.contacts[index, "base"])
            self.iterations += int(moved.iterations)
        self.controller.accepted(step.error, dt)
        self.step += 1

    def _begin(self) -> None:
        self.started = True
        self.stepper.begin(self.time, self.contacts)
        self._observe()

    def _next_due(self) -> float:
        event = self.events[0].time if self.events else inf
        return min([event, *(observer.schedule.next_time(self.time) for observer in self.observers)])

    def _observe(self) -> None:
        if not self.started:
            return self._begin()
        with self.stopwatch.phase("output"):
            for observer in self.observers:
                if observer.schedule.due(self.time, self.step):
                    observer.observe(self)

    def _meet_events(self) -> None:
        with self.stopwatch.phase("events"):
            meet(self)

    # ---- stopping and going on

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """What the next step needs: numbers, and arrays that are not copies (see `mnrd.snapshot.take`)."""
        return take(self)

    def restore(self, numbers: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Go on, bit for bit, where a simulation of the same problem and events was (see `mnrd.snapshot.put`)."""
        put(self, numbers, arrays)

    # ---- what can be asked

    @property
    def dt(self) -> float:
        """The step wanted next, s."""
        return self.controller.dt

    def concentration(self, name: str) -> np.ndarray:
        """Concentration of a field in each cell, (nz, ny, nx), in its unit."""
        return np.asarray(self.backend.host(self.state.now[self.problem.model.index(name)]))

    def activity(self, name: str) -> np.ndarray:
        """Activity c / K of a field in each cell, (nz, ny, nx)."""
        index = self.problem.model.index(name)
        return self.concentration(name) / self.backend.host(self.coefficients.partition(index))

    def fluxes(self, name: str) -> dict[str, float]:
        """What passes now over the whole footprint, amount/s: `top` into the skin, `base` out of it, each reaction."""
        if not self.last:
            return {"top": 0.0, "base": 0.0}
        last = self.last[self.problem.model.index(name)]
        through = {"top": last.influx.get("top", 0.0), "base": -last.influx.get("base", 0.0)}
        return through | last.terms

    def top_flux_map(self, name: str) -> np.ndarray:
        """Flux from the donor into each column, (ny, nx), amount/s."""
        index = self.problem.model.index(name)
        operator = self.coefficients.operators[index]
        if operator is None:
            return np.zeros(self.problem.mesh.shape[1:])
        if operator.closes:
            openness = self.coefficients.by_material(self.openness())
            operator.update(self.backend.array(openness, np.float64))
            operator.openness = operator.stock.faces = None  # the next stage has its own
        donor, host = self.contacts[index, "top"].activity(self.time), self.backend.host
        uppermost = host(self.state.now[index, 0]) / host(self.coefficients.partition(index)[0])
        return np.asarray(host(operator.top)) * (donor - uppermost)

    def openness(self) -> tuple[float, ...]:
        """Open fraction of each closing material, 0 to 1."""
        return self.coefficients.openness(self.time, self.state.now)

    def reservoir(self, name: str) -> dict[str, float]:
        """Activities of the reservoirs at top and base."""
        index = self.problem.model.index(name)
        return {side: self.contacts[index, side].activity(self.time) for side in SIDES}

    def amounts(self, name: str) -> dict[str, float]:
        """Amount of a field in each material, unit x um^3."""
        grid, painting = self.grid, self.problem.painting
        count, index = len(painting.materials), self.problem.model.index(name)
        nz, ny, _ = painting.fractions.shape[1:]
        partial = self.backend.zeros((count, nz, ny), np.float64)
        fractions = self.coefficients.fractions
        self.backend.kernel.amounts(*grid.size, count, *grid.widths, fractions, self.state.now[index], partial)
        return {name: self.backend.total(part) for name, part in zip(painting.materials, partial, strict=True)}

    def means(self, weights: Weights, texts: Mapping[str, str], where: str) -> Means:
        """Weighted sums over regions, taken where the fields are (see `mnrd.solve.means.Means`)."""
        return Means(self.backend, self.grid, weights, texts, where)

    def clipped(self, name: str) -> float:
        """What was clipped of a field at zero and at its ceiling until now, as a part of all that it ever held."""
        account = self.accounts[self.problem.model.index(name)]
        return account.clipped / account.turnover if account.turnover else 0.0

    def ledger(self, name: str) -> Ledger:
        """Mass balance of a field up to now."""
        index = self.problem.model.index(name)
        account, top, base = self.accounts[index], self.contacts[index, "top"], self.contacts[index, "base"]
        return Ledger(
            applied=account.applied,
            initial=account.initial,
            cells=sum(self.amounts(name).values()),
            donor=top.amount,
            receptor=base.amount,
            permeated=account.permeated,
            evaporated=account.evaporated,
            removed=account.removed,
            terms=dict(account.terms),
        )
