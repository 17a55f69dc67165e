"""The linear solve of one stage in increment form: A d = r, to an error that the step control would not notice.

The functions launch a foreseen number of iterations, the `budget`. What is left to do when the tolerance is reached
does nothing, because all kernels look at ``GOING`` in the field's report; whether the budget was enough is seen there
after the step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.solve.board import slot
from mnrd.solve.multigrid import Multigrid

WEAK = 10.0
"""Largest ratio of lateral coupling to screening for which line relaxation alone is used."""

AT_CEILING = 1e-3
"""How much more exactly a field with a ceiling is solved: what is left of the residual is spread over it by the mass
fix, which would lift it above the ceiling."""

KAPPA = 0.03
"""Norm of the residual, in units of the tolerated error of the step, at which a linear solve stops."""

EXACT = 1e-3
"""With a fixed step, how much smaller it is: nothing says how small the error of a step is beside what solves leave."""

LIMIT = 101
"""Iterations after which a solve counts as failed."""


@dataclass
class Work:
    """Vectors of the solve, allocated once: increment, residual, search direction and its image.

    `polynomial` and `going` are the steps of the line relaxation and which of them are still to be done; `others` are
    the six more vectors that fields with taxis need.
    """

    increment: Array
    residual: Array
    search: Array
    image: Array
    metric: Array
    partial: Array
    polynomial: Array
    going: Array
    others: tuple[Array, ...] = ()

    @classmethod
    def allocate(cls, backend: Backend, shape: tuple[int, int, int]) -> Work:
        """Return zeroed vectors of a grid of `shape` (nz, ny, nx)."""
        increment, residual, search, image, metric = (backend.zeros(shape) for _ in range(5))
        partial = backend.zeros((2, *shape[:2]), np.float64)
        polynomial, going = backend.zeros((LIMIT, 3), np.float64), backend.zeros(LIMIT, np.float64)
        return cls(increment, residual, search, image, metric, partial, polynomial, going)

    def results(self, method: str) -> tuple[Array, Array]:
        """Where a method leaves d after an odd and after an even number of iterations."""
        return self.increment, self.search if method == "lines" else self.increment

    def widen(self, backend: Backend) -> None:
        """Make the vectors that fields with taxis need besides, unless they are there."""
        if not self.others:
            self.others = tuple(backend.zeros(self.increment.shape) for _ in range(6))


@dataclass(frozen=True)
class Target:
    """What a solve is to reach: orders and report of the field, and the volume of the mesh, um^3."""

    order: Array
    report: Array
    volume: float

    def slot(self, name: str, count: int = 1) -> Array:
        """A part of the report."""
        return slot(self.report, name, count)


def relax_lines(grid: Multigrid, work: Work, screening: Array, rate: Array, target: Target, budget: int) -> None:
    """Solve by Chebyshev line relaxation on [1/(1+mu), (1+2mu)/(1+mu)], mu = rate/tau: no dot products, no levels.

    n = ceil(acosh(norm/tolerance) / acosh(1 + 1/mu)) relaxations are needed; the result lies in the one or the other
    of the arrays that `Work.results` names.

    Parameters
    ----------
    grid : Multigrid
        With the field's faces on its finest level.
    work : Work
        `residual` is r.
    screening : array
        S = V K (tau + L).
    rate : (1,) array
        Largest rate of lateral exchange, 1/s.
    target : Target
        After the kernel `begin`.
    budget : int
        Relaxations to launch.
    """
    level = grid.levels[0]
    grid.prepare(screening, 0, None, target.slot("GOING"))
    grid.backend.kernel.line_polynomial(budget, LIMIT, rate, target.order, target.report, work.polynomial, work.going)
    new, old = work.increment, work.search
    for step in range(budget):
        grid.going, polynomial = work.going[step : step + 1], work.polynomial[step]
        if step == 0:
            grid.solve_lines(level, work.residual, new, polynomial)
            continue
        grid.relax(level, work.residual, new, new if step == 1 else old, old, polynomial)
        new, old = old, new


def conjugate_gradients(grid: Multigrid, work: Work, target: Target, budget: int) -> None:
    """Solve with the matrix that the grid is prepared for; arguments as `relax_lines`, `budget` in iterations."""
    kernel, level, cells = grid.backend.kernel, grid.levels[0], work.residual.size
    r, p, q, partial = work.residual, work.search, work.image, work.partial[0]
    going, report, rows = target.slot("GOING"), target.report, partial.size

    def iteration() -> None:
        z = grid.cycle(r)
        kernel.inner(*level.size, going, r, z, partial)
        kernel.cg_turn(rows, partial, report)
        kernel.direction(cells, going, z, target.slot("BETA"), p)
        kernel.apply(*level.size, going, p, *grid.matrix(level, p), q, partial)
        kernel.cg_step(rows, partial, report)
        advance(grid, work, target, "ALPHA", p, q, 1.0)

    grid.backend.repeat(budget, iteration)


def advance(grid: Multigrid, work: Work, target: Target, step: str, p: Array, q: Array, share: float) -> None:
    """d += step p, r -= step q, and judge whether that is enough; `share` of an iteration was done."""
    kernel, partial, going = grid.backend.kernel, work.partial[0], target.slot("GOING")
    size, lengths = grid.levels[0].size, (target.slot(step), target.slot("COUNT"))
    kernel.advance(*size, going, *lengths, p, q, work.metric, work.increment, work.residual, partial)
    kernel.judge(partial.size, target.volume, share, partial, target.report)
