"""Linear systems of one stage, made the way the stepper makes them, with their dense form for small meshes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from mnrd.backends.base import Backend
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.discretise import FieldOperator, Grid
from mnrd.model.drift import Stock
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.solve.board import ORDER, REPORT, SECOND, Board
from mnrd.solve.contact import Contact
from mnrd.solve.increment import solve_increment
from mnrd.solve.krylov import LIMIT, Target, Work
from mnrd.solve.multigrid import Multigrid
from mnrd.solve.plan import choose
from mnrd.solve.stepper import GAMMA

Region = tuple[str, Callable[..., Any]]


class NotConverged(RuntimeError):
    """The linear solve failed, or did not end within the allowed iterations."""


@dataclass
class System:
    """A u = b of one field and one stage.

    Attributes
    ----------
    operator : FieldOperator
        Its conductances.
    multigrid : Multigrid
        Ready for cycles.
    screening : (nz, ny, nx) array
        S = V K (tau + loss).
    tau : float, 1/s
    factors : pair of float
        Of well-stirred reservoirs, see `Multigrid.prepare`.
    """

    backend: Backend
    problem: Problem
    operator: FieldOperator
    multigrid: Multigrid
    screening: Any
    tau: float
    factors: tuple[float, float]
    sums: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells in (z, y, x)."""
        return self.problem.mesh.shape

    @property
    def factor(self) -> Any:
        """The same on the backend, None where nothing is well-stirred."""
        return None if self.factors == (0.0, 0.0) else self.backend.array(self.factors, np.float64)

    def cycle(self, rhs: np.ndarray) -> np.ndarray:
        """One V-cycle over all levels."""
        grid = self.multigrid
        last = len(grid.levels) - 1
        grid.load(self.operator, last)
        grid.prepare(self.screening, last, self.factor, grid.always)
        return self.backend.host(grid.cycle(self.backend.array(rhs)))

    def times(self, u: np.ndarray) -> np.ndarray:
        """A u, well-stirred reservoirs eliminated."""
        image, partial = self.backend.zeros(self.shape), self.backend.zeros(self.shape[:2], np.float64)
        u, grid = self.backend.array(u), self.multigrid
        level = grid.levels[0]
        grid.load(self.operator, 0)
        grid.prepare(self.screening, 0, self.factor, grid.always)
        self.backend.kernel.apply(*level.size, grid.always, u, *grid.matrix(level, u), image, partial)
        return self.backend.host(image)

    def solve(self, rhs: np.ndarray, reduction: float) -> tuple[float, np.ndarray]:
        """Iterations that reduce the norm sqrt(sum r^2 / V) by `reduction`, and the solution.

        Raises
        ------
        NotConverged
            As a step would be rejected for.
        """
        work, volume = Work.allocate(self.backend, self.shape), self.problem.mesh.volume
        work.widen(self.backend)
        work.residual[:] = self.backend.array(rhs)
        work.metric[:] = self.backend.array(1 / np.sqrt(volume))
        norm = sqrt(float(np.sum(rhs.astype(float) ** 2 / volume)) / float(volume.sum()))
        board = Board(self.backend, 1, 1, 1, 1, len(self.multigrid.levels))
        said = board.reports["report"][SECOND, 0]
        said[REPORT["NORM"]], said[REPORT["TOLERANCE"]] = norm, min(reduction * norm, 1e300)
        said[REPORT["FAILED"]] = not norm < np.inf
        said[REPORT["GOING"]] = norm < np.inf and norm > reduction * norm
        said[REPORT["FACTOR_TOP"]], said[REPORT["FACTOR_BASE"]] = self.factors
        board.reports["rates"][0] = rates = self.rates
        board.orders["order"][SECOND, 0, ORDER["TAU"]] = self.tau
        board.orders.send()
        board.reports.send()
        target = Target(
            *(block.there(name)[SECOND, 0] for block, name in ((board.orders, "order"), (board.reports, "report"))),
            volume=float(volume.sum()),
        )
        plan = choose(self.operator, rates, self.widest, self.tau, self.factors != (0.0, 0.0))
        plan = replace(plan, budget=LIMIT)
        rate = board.reports.there("rates")[0, :1]
        given = (self.multigrid, plan, self.operator, work, self.screening, rate, target)
        solve_increment(*given, loaded=self.operator.drift is not None)
        board.reports.fetch()
        if board.said(SECOND, 0, "FAILED") or board.said(SECOND, 0, "GOING"):
            raise NotConverged
        count = board.said(SECOND, 0, "COUNT")
        odd, even = work.results(plan.method)
        return count, self.backend.host(odd if int(count) % 2 else even) * (count > 0)

    @property
    def widest(self) -> float:
        """Range of psi chi / D."""
        drift = self.operator.drift
        if drift is None or drift.ratio is None:
            return 0.0
        return float(drift.ratio * np.ptp(self.backend.host(drift.potential)))

    @property
    def rates(self) -> np.ndarray:
        """Lateral coupling of each level, 1/s."""
        found = self.backend.zeros(len(self.multigrid.levels), np.float64)
        self.multigrid.load(self.operator, len(self.multigrid.levels) - 1)
        self.multigrid.measure(found)
        return self.backend.host(found)

    @property
    def mu(self) -> float:
        """Largest ratio of lateral coupling to tau V K."""
        return float(self.rates[0]) / self.tau


def box(extent: tuple[float, float], columns: tuple[int, int], z: np.ndarray, periodic: bool = False) -> Mesh:
    """Mesh of uniform columns, (nx, ny) of them."""
    (lx, ly), (nx, ny) = extent, columns
    return Mesh(np.linspace(0, lx, nx + 1), np.linspace(0, ly, ny + 1), z, (periodic, periodic))


def problem_of(
    mesh: Mesh, layers: Mapping[str, float], field: Field, regions: Iterable[Region] = (), **model: Any
) -> Problem:
    """Problem of one field on painted layers (name -> top depth) and regions."""
    return Problem(mesh, paint(mesh, list(layers.items()), list(regions)), Model((field,), **model))


def system_of(backend: Backend, problem: Problem, dt: float, loss: float = 0.0) -> System:
    """The system of the first stage of a step of `dt` (s), with a uniform loss rate (1/s)."""
    mesh, field = problem.mesh, problem.model.fields[0]
    grid = Grid.upload(backend, mesh)
    fractions = backend.array(problem.painting.fractions, np.uint8)
    operator = FieldOperator(backend, grid, problem, field, fractions, Stock(backend, mesh.shape))
    openness = np.ones(len(problem.painting.materials))
    for closing in problem.model.closings:
        openness[problem.painting.materials.index(closing.material)] = closing.openness(0.0)
    operator.update(backend.array(openness, np.float64))
    tau = 1 / (GAMMA * dt)
    sums = tuple(float(g) for g in backend.host(operator.boundary.conductance))
    factors = []
    for reservoir, cover, g in zip((field.top, field.base), operator.boundary.covers, sums, strict=True):
        contact = Contact(reservoir, backend.total(cover), 0.0)
        order = contact.order(0.0, False)
        factors.append(order["STIRRED"] / (tau * order["CAPACITY"] + order["EVAPORATION"] + g) if g else 0.0)
    return System(
        backend, problem, operator, Multigrid(backend, mesh.hx, mesh.hy, mesh.shape[0]),
        operator.capacity * backend.real.type(tau + loss), tau, (factors[0], factors[1]), (sums[0], sums[1]),
    )  # fmt: skip


def dense(system: System) -> np.ndarray:
    """The matrix A, column by column through the kernel `apply`."""
    n = int(np.prod(system.shape))
    return np.array([system.times(row.reshape(system.shape)).ravel() for row in np.eye(n)]).T


def cylinder(x: float, y: float, radius: float, depth: float) -> Callable[..., Any]:
    """Inside of an upright cylinder that begins at the surface."""
    return lambda px, py, pz: (np.hypot(px - x, py - y) < radius) & (pz < depth)


def cone(x: float, y: float, radius: float, depth: float) -> Callable[..., Any]:
    """Inside of a cone with its base at the surface and its tip at `depth`."""
    return lambda px, py, pz: np.hypot(px - x, py - y) < radius * (1 - pz / depth)
