"""The linear solve of one stage in increment form: A d = r, to an error that the step control would not notice."""

from __future__ import annotations

from dataclasses import dataclass
from math import acosh, ceil, sqrt

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.solve.multigrid import Multigrid, Operator

WEAK = 10.0
"""Largest ratio of lateral coupling to screening for which line relaxation alone is used."""

LIMIT = 100
"""Iterations after which a solve counts as failed."""


class NotConverged(RuntimeError):
    """The linear solve did not reach its tolerance."""


@dataclass
class Work:
    """Vectors of the solve, allocated once: increment, residual, search direction and its image.

    `others` are the six more that fields with taxis need.
    """

    increment: Array
    residual: Array
    search: Array
    image: Array
    metric: Array
    partial: Array
    others: tuple[Array, ...] = ()

    @classmethod
    def allocate(cls, backend: Backend, shape: tuple[int, int, int]) -> Work:
        """Return zeroed vectors of a grid of `shape` (nz, ny, nx)."""
        increment, residual, search, image, metric = (backend.zeros(shape) for _ in range(5))
        return cls(increment, residual, search, image, metric, backend.zeros(shape[:2], np.float64))

    def widen(self, backend: Backend) -> None:
        """Make the vectors that fields with taxis need besides, unless they are there."""
        if not self.others:
            self.others = tuple(backend.zeros(self.increment.shape) for _ in range(6))


def line_iterations(mu: float, reduction: float) -> int:
    """Steps of line Chebyshev on [1/(1+mu), (1+2mu)/(1+mu)] that reduce the error by `reduction`.

    n = ceil(acosh(1/reduction) / acosh(1 + 1/mu)).
    """
    if mu <= 0:
        return 1
    return max(1, ceil(acosh(max(1 / reduction, 1.0)) / acosh(1 + 1 / mu)))


def solve_increment(
    grid: Multigrid,
    operator: Operator,
    work: Work,
    screening: Array,
    *,
    tau: float,
    factors: tuple[float, float],
    norm: float,
    volume: float,
    kappa: float,
) -> int:
    """Solve A d = r for ``work.increment``, with ``work.residual`` = r on entry.

    Parameters
    ----------
    grid : Multigrid
        Hierarchy and smoother.
    operator : Operator
        The field's coefficients.
    work : Work
        Vectors; `metric` and `residual` are set by the caller, `increment` is the result.
    screening : array
        S = V K (tau + L).
    tau : float
        1 / (gamma dt), 1/s.
    factors : pair of float
        See `Multigrid.prepare`.
    norm : float
        sqrt(sum (metric r)^2 / volume) of the residual on entry.
    volume : float
        Total volume, um^3.
    kappa : float
        The norm to be reached.

    Returns
    -------
    int
        Iterations of the conjugate gradients, or line relaxations.

    Raises
    ------
    NotConverged
        After `LIMIT` iterations or if a number is not finite.
    """
    if not norm < np.inf:
        raise NotConverged("the residual is not finite")
    if norm <= kappa:
        work.increment[:] = 0
        return 0
    couplings = grid.load(operator)
    well_stirred = factors != (0.0, 0.0)
    mu = couplings[0] / tau
    if mu <= WEAK and not well_stirred:
        grid.prepare(screening, 0, factors)
        return _relax_lines(grid, work, mu, kappa / norm)
    last = len(couplings) - 1
    depth = last if well_stirred else next((i for i, rate in enumerate(couplings) if rate <= tau), last)
    grid.prepare(screening, depth, factors)
    return conjugate_gradients(grid, work, volume, kappa)


def _relax_lines(grid: Multigrid, work: Work, mu: float, reduction: float) -> int:
    level, count = grid.levels[0], line_iterations(mu, reduction)
    # Chebyshev with theta = 1 and delta = mu / (1 + mu); two buffers take turns.
    new, old = work.increment, work.search
    if count % 2 == 0:
        new, old = old, new
    grid.solve_lines(level, work.residual, new, 1.0)
    delta = mu / (1 + mu)
    rho = delta
    for step in range(1, count):
        following = 1 / (2 / delta - rho)
        weight = 2 * following / delta
        if step == 1:
            grid.relax(level, work.residual, new, new, old, 1 + following * rho, 0.0, weight)
        else:
            grid.relax(level, work.residual, new, old, old, 1.0, following * rho, weight)
        new, old, rho = old, new, following
    return count


def conjugate_gradients(grid: Multigrid, work: Work, volume: float, kappa: float) -> int:
    """Solve with the matrix that the grid is prepared for; see `solve_increment`."""
    backend, level = grid.backend, grid.levels[0]
    kernel, size, cells = backend.kernel, level.size, work.residual.size
    d, r, p, q, partial = work.increment, work.residual, work.search, work.image, work.partial
    d[:] = 0
    rz = 1.0
    for iteration in range(1, LIMIT + 1):
        z = grid.cycle(r)
        kernel.inner(*size, r, z, partial)
        rz_old, rz = rz, backend.total(partial)
        if iteration == 1:
            p[:] = z
        else:
            kernel.direction(cells, z, rz / rz_old, p)
        kernel.apply(*size, p, *grid.matrix(level, p), q, partial)
        curvature = backend.total(partial)
        if curvature == 0.0:  # what is left is too small for the precision of the solver
            return iteration
        kernel.advance(*size, rz / curvature, p, q, work.metric, d, r, partial)
        norm = sqrt(backend.total(partial) / volume)
        if not norm < np.inf:
            raise NotConverged("the residual is not finite")
        if norm <= kappa:
            return iteration
    raise NotConverged(f"{LIMIT} iterations left the residual at {norm / kappa:.3g} of its tolerance")
