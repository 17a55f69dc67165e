"""The linear solve of a field with taxis, whose matrix A is not symmetric (see ``kernels/taxis.cu``).

Where chi / D is one number, A diag(w) with w = e^(psi chi / D) is symmetric, has the row sums S w and nothing positive
beside its diagonal: conjugate gradients with ZMG solve it as quickly as diffusion, whatever the range of psi. Otherwise
(a mobility) BiCGStab, preconditioned by ZMG on the symmetric part; its iterations grow with the drift.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt
from types import SimpleNamespace
from typing import Any

from mnrd.backends.base import Array
from mnrd.solve.krylov import LIMIT, NotConverged, Work, conjugate_gradients
from mnrd.solve.multigrid import Multigrid

LINES = 1.0
"""Largest ratio of lateral coupling to screening for which one line solve is a good enough preconditioner."""

WIDEST = 40.0
"""Largest range of psi chi / D for which w is in the range of single precision."""


def solve_directed(
    grid: Multigrid, operator: Any, work: Work, screening: Array, *, tau: float, volume: float, kappa: float
) -> int:
    """Solve A d = r for ``work.increment`` with the drift of ``operator.drift`` in A; arguments as `solve_increment`.

    Returns
    -------
    int
        Iterations.

    Raises
    ------
    NotConverged
        After `LIMIT` iterations, on a breakdown, or if a number is not finite.
    """
    drift, backend = operator.drift, grid.backend
    if drift.ratio is None:
        return _solve_skew(grid, operator, work, screening, tau=tau, volume=volume, kappa=kappa)
    sx, sy, sz, capacity, diagonal, weight = work.others
    given = (drift.potential, operator.tx, operator.ty, operator.tz, *drift.faces, operator.capacity, screening)
    highest, made = backend.largest(drift.potential), (sx, sy, sz, capacity, diagonal, weight, work.partial)
    backend.kernel.balance(*grid.levels[0].size, drift.ratio, highest, *given, *made)
    if backend.largest(work.partial) > WIDEST:
        return _solve_skew(grid, operator, work, screening, tau=tau, volume=volume, kappa=kappa)
    version = -1 - operator.version  # the other sign: numbers that no field's own faces have
    balanced = SimpleNamespace(
        version=version, capacity=capacity, tx=sx, ty=sy, tz=sz, top=operator.top, base=operator.base
    )
    _prepare(grid, balanced, diagonal, tau)
    count = conjugate_gradients(grid, work, volume, kappa)
    work.increment *= weight
    return count


def _prepare(grid: Multigrid, operator: Any, screening: Array, tau: float) -> float:
    """Set the matrix up as deep as its coupling is strong; return the rate of the finest level."""
    couplings = grid.load(operator)
    depth = next((i for i, rate in enumerate(couplings) if rate <= tau), len(couplings) - 1)
    grid.prepare(screening, depth, (0.0, 0.0))
    return couplings[0]


def _solve_skew(
    grid: Multigrid, operator: Any, work: Work, screening: Array, *, tau: float, volume: float, kappa: float
) -> int:
    """Solve it as it is; an iteration has two products and two cycles."""
    coupling, level = _prepare(grid, operator, screening, tau), grid.levels[0]
    kernel, partial = grid.backend.kernel, work.partial

    def product(z: Array, out: Array) -> None:
        kernel.apply(*level.size, z, *grid.matrix(level, None), out, partial)
        operator.drift.add_to(kernel, level.size, z, out)

    def lines(b: Array) -> Array:
        grid.solve_lines(level, b, level.vectors["v"], 1.0)
        return level.vectors["v"]

    return _bicgstab(grid, work, volume, kappa, product, lines if coupling <= LINES * tau else grid.cycle)


def _bicgstab(
    grid: Multigrid, work: Work, volume: float, kappa: float, product: Callable[[Array, Array], None],
    precondition: Callable[[Array], Array],
) -> int:  # fmt: skip
    """Van der Vorst's method (1992), preconditioned from the right; ``work.residual`` is the right-hand side."""
    backend, size = grid.backend, grid.levels[0].size
    r, p, v, partial = work.residual, work.search, work.image, work.partial
    t, shadow, *_ = work.others

    def inner(a: Array, b: Array) -> float:
        backend.kernel.inner(*size, a, b, partial)
        return backend.total(partial)

    def advance(step: float, z: Array, image: Array) -> float:
        backend.kernel.advance(*size, step, z, image, work.metric, work.increment, r, partial)
        norm = sqrt(backend.total(partial) / volume)
        if not norm < inf:
            raise NotConverged("the residual is not finite")
        return norm

    work.increment[:] = 0
    shadow[:] = r
    p[:] = r
    rho = inner(shadow, r)
    for iteration in range(1, LIMIT + 1):
        z = precondition(p)
        product(z, v)
        alpha = _ratio(rho, inner(shadow, v))
        norm = advance(alpha, z, v)
        if norm <= kappa:
            return iteration
        z = precondition(r)
        product(z, t)
        omega = _ratio(inner(t, r), inner(t, t))
        norm = advance(omega, z, t)
        if norm <= kappa:
            return iteration
        old, rho = rho, inner(shadow, r)
        backend.kernel.turn(r.size, r, v, _ratio(rho * alpha, old * omega), omega, p)
    raise NotConverged(f"{LIMIT} iterations left the residual at {norm / kappa:.3g} of its tolerance")


def _ratio(above: float, below: float) -> float:
    if below == 0.0:
        raise NotConverged("BiCGStab broke down")
    return above / below
