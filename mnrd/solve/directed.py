"""The linear solve of a field with taxis: BiCGStab, preconditioned by multigrid on the symmetric part of the matrix."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, sqrt
from typing import Any

from mnrd.backends.base import Array
from mnrd.solve.krylov import LIMIT, NotConverged, Work
from mnrd.solve.multigrid import Multigrid

LINES = 1.0
"""Largest ratio of lateral coupling to screening for which one line solve is a good enough preconditioner."""


def solve_directed(
    grid: Multigrid, operator: Any, work: Work, screening: Array, *, tau: float, volume: float, kappa: float
) -> int:
    """Solve A d = r for ``work.increment`` with the drift of ``operator.drift`` in A; arguments as `solve_increment`.

    ZMG inverts the symmetric part (see ``kernels/taxis.cu``); the drift is left to the Krylov space. Relative to it the
    drift weighs about v / (2 sqrt(D tau)): 1 for neutrophils near a wound at steps of half a day.

    Returns
    -------
    int
        Iterations, each of two products and two cycles.

    Raises
    ------
    NotConverged
        After `LIMIT` iterations, on a breakdown, or if a number is not finite.
    """
    couplings, level = grid.load(operator), grid.levels[0]
    last = len(couplings) - 1
    grid.prepare(screening, next((i for i, rate in enumerate(couplings) if rate <= tau), last), (0.0, 0.0))
    kernel, partial = grid.backend.kernel, work.partial

    def product(z: Array, out: Array) -> None:
        kernel.apply(*level.size, z, *grid.matrix(level, None), out, partial)
        operator.drift.add_to(kernel, level.size, z, out)

    def lines(b: Array) -> Array:
        grid.solve_lines(level, b, level.vectors["v"], 1.0)
        return level.vectors["v"]

    return _bicgstab(grid, work, volume, kappa, product, lines if couplings[0] <= LINES * tau else grid.cycle)


def _bicgstab(
    grid: Multigrid, work: Work, volume: float, kappa: float, product: Callable[[Array, Array], None],
    precondition: Callable[[Array], Array],
) -> int:  # fmt: skip
    """Van der Vorst's method (1992), preconditioned from the right; ``work.residual`` is the right-hand side."""
    backend, size = grid.backend, grid.levels[0].size
    r, p, v, t, shadow, partial = work.residual, work.search, work.image, work.image_2, work.shadow, work.partial

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
