"""One stage of the time step over all fields: linearly implicit, one Gauss-Seidel pass in the order of the fields.

For each field  V tau (c - y) = div flux + V (P - L c)  with P and L from the newest values of the fields before it and
the predicted ones of the others. Loss and diffusion are in one solve; nothing is split.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.model.field import CUT_OFF
from mnrd.solve.contact import Contact, Coupling
from mnrd.solve.directed import solve_directed
from mnrd.solve.fields import SIDES, Coefficients
from mnrd.solve.krylov import Work, solve_increment
from mnrd.solve.multigrid import Multigrid

KAPPA = 0.03
"""Norm of the residual, in units of the tolerated error of the step, at which a linear solve stops."""

AT_CEILING = 1e-3
"""How much more exactly a field with a ceiling is solved."""


@dataclass
class Rates:
    """What moved in a stage, for one field: amounts per time over the whole mesh (see `output.ledger`)."""

    influx: dict[str, float] = field(default_factory=dict)
    evaporated: dict[str, float] = field(default_factory=dict)
    contents: dict[str, float] = field(default_factory=dict)
    terms: dict[str, float] = field(default_factory=dict)
    clipped: float = 0.0
    lost: float = 0.0
    iterations: int = 0


@dataclass(frozen=True)
class Moment:
    """When and how a stage is solved: its time, tau = 1 / (gamma dt), and the error weights."""

    time: float
    tau: float
    rtol: float
    scales: tuple[float, ...]
    suspended: frozenset[tuple[int, str]]

    def absolute(self, index: int) -> float:
        """Absolute part of a field's error weight, as an activity."""
        return 1e-2 * self.rtol * self.scales[index]


class StageSolver:
    """Solves stages; holds the work arrays, which all fields share.

    Parameters
    ----------
    backend : Backend
        Kernels and arrays.
    coefficients : Coefficients
        The discretised problem.
    kappa : float
        Stopping norm of the linear solves.
    """

    def __init__(self, backend: Backend, coefficients: Coefficients, kappa: float = KAPPA) -> None:
        self.backend, self.kappa = backend, kappa
        mesh = coefficients.problem.mesh
        self.shape = mesh.shape
        nz, ny, _ = mesh.shape
        self.multigrid = Multigrid(backend, mesh.hx, mesh.hy, nz)
        self.work = Work.allocate(backend, mesh.shape)
        self.screening = backend.zeros(mesh.shape)
        doubles = (backend.zeros(mesh.shape, np.float64) for _ in range(4))
        self.production, self.loss, self.zero, self.activity = doubles
        self.partial = backend.zeros((3, nz, ny), np.float64)
        self.exchange, self.sums = backend.zeros(2, np.float64), backend.zeros(2, np.float64)
        self.use(coefficients)

    def use(self, coefficients: Coefficients) -> None:
        """Take the coefficients of a changed problem on the same mesh."""
        self.coefficients, self.grid = coefficients, coefficients.grid
        fields = coefficients.problem.model.fields
        self.ceilings = {index: field.ceiling for index, field in enumerate(fields) if field.ceiling < inf}
        if any(field.taxis is not None for field in fields):
            self.work.widen(self.backend)
        most = max((len(r.terms) for r in coefficients.reactions if r is not None), default=0)
        nz, ny, _ = self.shape
        self.tallies = self.backend.zeros((max(most, 1), nz, ny), np.float64)

    def react(self, index: int, arguments: tuple[Any, ...]) -> tuple[Array, Array]:
        """Production and loss of a field; work arrays, valid until the next call."""
        reaction = self.coefficients.reactions[index]
        if reaction is None:
            return self.zero, self.zero
        reaction.react(*arguments, self.production, self.loss)
        return self.production, self.loss

    def solve(
        self, index: int, moment: Moment, state: Array, base: Array, guess: Array, out: Array,
        contacts: dict[tuple[int, str], Contact], contents: dict[tuple[int, str], float], scalars: Array,
    ) -> Rates:  # fmt: skip
        """Solve one field; ``out[index]`` is its new concentration.

        Parameters
        ----------
        index : int
            The field.
        moment : Moment
            Time, tau and weights.
        state, base, guess, out : (fields, nz, ny, nx) arrays
            Start of the step, start of the stage, prediction, newest values.
        contacts, contents : dict
            Reservoirs, and their contents from which the stage starts.
        scalars : array
            Parameters at the time of the stage.
        """
        arguments = (out, guess, base, self.coefficients.arrays, scalars, moment.tau)
        production, loss = self.react(index, arguments)
        operator = self.coefficients.operators[index]
        if operator is None:
            rates = self._settle(base[index], production, loss, moment.tau, out[index])
        else:
            operator.update(self.coefficients.openness(moment.time, out))
            motion = self.coefficients.motions[index]
            if motion is not None and operator.drift is not None:
                motion(*arguments, operator.drift.mobility, operator.drift.potential)
                operator.move()
            couplings = self._couple(index, moment, contacts, contents)
            rates = self._transport(index, moment, state[index], base[index], guess[index], out[index], couplings)
            self._exchange(rates, index, moment, contacts, contents, couplings)
        self._tally(rates, index, arguments)
        if index in self.ceilings:
            excess = self._cut_off(index, out[index])
            rates.clipped += excess
            rates.terms[CUT_OFF] = -moment.tau * excess
        return rates

    def _cut_off(self, index: int, values: Array) -> float:
        """Cut off what a time step put above the ceiling of a field; return that amount."""
        grid, partial = self.grid, self.partial[0]
        self.backend.kernel.cut_off(*grid.size, *grid.widths, self.ceilings[index], values, partial)
        return self.backend.total(partial)

    def _settle(self, y: Array, production: Array, loss: Array, tau: float, out: Array) -> Rates:
        if production is self.zero:
            out[:] = y
            return Rates()
        self.backend.kernel.settle(*self.grid.size, *self.grid.widths, y, production, loss, tau, out, self.partial)
        sources, held, clipped = (self.backend.total(part) for part in self.partial)
        if clipped > 0.0 and held > 0.0:
            out *= max(sources, 0.0) / held
        return Rates(clipped=clipped, lost=max(-sources, 0.0) / tau)

    def _couple(
        self,
        index: int,
        moment: Moment,
        contacts: dict[tuple[int, str], Contact],
        contents: dict[tuple[int, str], float],
    ) -> tuple[Coupling, Coupling]:
        operator: Any = self.coefficients.operators[index]
        made = []
        for side, g in zip(SIDES, (operator.top, operator.base), strict=True):
            key = (index, side)
            contacts[key].conductance = self.backend.total(g)
            made.append(contacts[key].couple(contents[key], moment.tau, moment.time, key in moment.suspended))
        return made[0], made[1]

    def _contact(self, operator: Any, couplings: tuple[Coupling, Coupling]) -> tuple[float, float]:
        """Exchange activities of the current `activity`; return the sums of g a at top and base."""
        top, base = couplings
        factors = (top.factor, base.factor, top.offset, base.offset)
        planes = (operator.top, operator.base)
        self.backend.kernel.state_contact(*self.grid.size, self.activity, *planes, *factors, self.exchange, self.sums)
        sums = self.backend.host(self.sums)
        return float(sums[0]), float(sums[1])

    def _transport(
        self, index: int, moment: Moment, state: Array, y: Array, guess: Array, out: Array,
        couplings: tuple[Coupling, Coupling],
    ) -> Rates:  # fmt: skip
        operator: Any = self.coefficients.operators[index]
        production, loss = (self.zero, self.zero) if self._inert(index) else (self.production, self.loss)
        self.backend.kernel.to_activity(guess.size, guess, operator.partition, self.activity)
        self._contact(operator, couplings)
        sources, norm = self._residual(operator, moment, moment.absolute(index), state, y, production, loss)
        factors = (couplings[0].factor, couplings[1].factor)
        rates = Rates()
        # What is left of the residual is spread over the field by the mass fix, which lifts one that is at its ceiling.
        wanted = self.kappa * (AT_CEILING if index in self.ceilings else 1.0)
        # A field that was empty and receives less than the tolerance would lose it: solve that all the same.
        for kappa in (wanted, min(wanted, 1e-2 * norm)):
            rates.iterations = self._increment(operator, moment.tau, factors, norm, kappa)
            self._close(rates, operator, moment.tau, sources, loss, couplings, out)
            if rates.iterations or not rates.lost:
                break
        return rates

    def _increment(self, operator: Any, tau: float, factors: tuple[float, float], norm: float, kappa: float) -> int:
        """Solve for the increment; return the iterations."""
        given = (self.multigrid, operator, self.work, self.screening)
        if norm > kappa and operator.drift is not None and operator.drift.directed:
            return solve_directed(*given, tau=tau, volume=self.grid.volume, kappa=kappa)
        return solve_increment(*given, tau=tau, factors=factors, norm=norm, volume=self.grid.volume, kappa=kappa)

    def _residual(
        self, operator: Any, moment: Moment, absolute: float, state: Array, y: Array, production: Array, loss: Array
    ) -> tuple[float, float]:
        """Set up the matrix and the residual of the guess; return the sum of V (tau y + P) and the residual's norm."""
        grid, work, partial = self.grid, self.work, self.partial
        faces = (operator.tx, operator.ty, operator.tz, operator.top, operator.base, self.exchange)
        self.backend.kernel.stage_residual(
            *grid.size, *grid.widths, state, y, self.activity, operator.partition, production, loss, *faces,
            moment.tau, moment.rtol, absolute, self.screening, work.residual, work.metric, partial,
        )  # fmt: skip
        if operator.drift is not None and operator.drift.directed:
            self.backend.kernel.drift_residual(
                *grid.size, self.activity, *operator.drift.faces, work.metric, work.residual, partial[1]
            )
        return self.backend.total(partial[0]), sqrt(self.backend.total(partial[1]) / grid.volume)

    def _close(
        self, rates: Rates, operator: Any, tau: float, sources: float, loss: Array,
        couplings: tuple[Coupling, Coupling], out: Array,
    ) -> None:  # fmt: skip
        """Add the increment, clip at zero, and scale so that nothing is made or lost: the residual sums to zero."""
        kernel, grid, a, partial, total = (
            self.backend.kernel,
            self.grid,
            self.activity,
            self.partial,
            self.backend.total,
        )
        kernel.clip(*grid.size, *grid.widths, self.work.increment, operator.partition, loss, tau, a, partial)
        held, rates.clipped = total(partial[0]), total(partial[1])
        through = self._contact(operator, couplings)
        conductances = (total(operator.top), total(operator.base))
        for coupling, passed, conductance in zip(couplings, through, conductances, strict=True):
            held += passed * coupling.share
            sources += conductance * coupling.offset
        fits = sources >= 0.0 and held > 0.0
        scale = sources / held if fits else 0.0
        kernel.to_concentration(a.size, a, operator.partition, scale, out)
        rates.lost = 0.0 if fits else abs(sources) / tau
        for side, coupling, passed, conductance in zip(SIDES, couplings, through, conductances, strict=True):
            activity = coupling.factor * passed * scale + coupling.offset
            rates.influx[side] = conductance * activity - passed * scale
            rates.contents[side] = activity

    def _inert(self, index: int) -> bool:
        return self.coefficients.reactions[index] is None

    def _exchange(
        self, rates: Rates, index: int, moment: Moment, contacts: dict[tuple[int, str], Contact],
        contents: dict[tuple[int, str], float], couplings: tuple[Coupling, Coupling],
    ) -> None:  # fmt: skip
        """Replace the reservoirs' activities in ``rates.contents`` by their contents at the end of the stage."""
        for side, coupling in zip(SIDES, couplings, strict=True):
            contact, activity = contacts[index, side], rates.contents[side]
            lost = contact.reservoir.loss * contact.area * activity
            rates.evaporated[side] = lost
            if coupling.factor > 0.0:
                rates.contents[side] = coupling.capacity * activity
            else:
                rates.contents[side] = contents[index, side] - (rates.influx[side] + lost) / moment.tau

    def _tally(self, rates: Rates, index: int, arguments: tuple[Any, ...]) -> None:
        reaction = self.coefficients.reactions[index]
        if reaction is None:
            return
        reaction.tally(*self.grid.widths, *arguments, self.tallies)
        for name, partial in zip(reaction.terms, self.tallies, strict=False):
            rates.terms[name] = rates.terms.get(name, 0.0) + self.backend.total(partial)
