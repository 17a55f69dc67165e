"""The linear solve of a field with taxis, whose matrix A is not symmetric (see ``kernels/taxis.cu``).

Where chi / D is one number, A diag(w) with w = e^(psi chi / D) is symmetric, has the row sums S w and nothing positive
beside its diagonal: conjugate gradients with ZMG solve it as quickly as diffusion, whatever the range of psi. Otherwise
(a mobility) BiCGStab, preconditioned by ZMG on the symmetric part; its iterations grow with the drift.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mnrd.backends.base import Array
from mnrd.solve.krylov import Target, Work, advance, conjugate_gradients
from mnrd.solve.multigrid import Multigrid

LINES = 1.0
"""Largest ratio of lateral coupling to screening for which one line solve is a good enough preconditioner."""

WIDEST = 40.0
"""Largest range of psi chi / D for which w is in the range of single precision."""


def balance(grid: Multigrid, operator: Any, work: Work, screening: Array, target: Target) -> SimpleNamespace:
    """Make A diag(w); ``operator.drift.ratio`` is chi / D. Its range of psi chi / D goes into the report.

    Returns
    -------
    namespace
        Faces and capacity of the symmetric operator, its diagonal `screening`, and w as `weight`.
    """
    drift, kernel, partial = operator.drift, grid.backend.kernel, work.partial[0]
    size, highest = grid.levels[0].size, target.slot("HIGHEST")
    kernel.row_largest(*size, drift.potential, partial)
    kernel.gather(partial.size, 0, 1, partial, highest)
    sx, sy, sz, capacity, diagonal, weight = work.others
    faces = (operator.tx, operator.ty, operator.tz, *drift.faces, operator.capacity, screening)
    made = (sx, sy, sz, capacity, diagonal, weight)
    kernel.balance(*size, grid.always, drift.ratio, highest, drift.potential, *faces, *made, partial)
    kernel.gather(partial.size, 0, 1, partial, target.slot("WIDEST"))
    return SimpleNamespace(
        capacity=capacity, tx=sx, ty=sy, tz=sz, top=operator.top, base=operator.base, screening=diagonal, weight=weight
    )


def solve_balanced(
    grid: Multigrid, balanced: SimpleNamespace, work: Work, target: Target, *, depth: int, budget: int
) -> None:
    """Solve A d = r for ``work.increment`` by way of the symmetric A diag(w) that `balance` made.

    Parameters
    ----------
    grid : Multigrid
        Hierarchy and smoother.
    balanced : namespace
        Of `balance`.
    work : Work
        `residual` is r on entry.
    target : Target
        After the kernel `begin`.
    depth, budget : int
        Last level to use, and iterations to launch.
    """
    grid.load(balanced, depth)
    grid.prepare(balanced.screening, depth, None, target.slot("GOING"))
    conjugate_gradients(grid, work, target, budget)
    grid.backend.kernel.multiply(work.increment.size, target.slot("COUNT"), balanced.weight, work.increment)


def solve_skew(grid: Multigrid, operator: Any, work: Work, target: Target, *, lines: bool, budget: int) -> None:
    """Solve A d = r as it is, by van der Vorst's BiCGStab (1992), preconditioned from the right.

    The grid is prepared with the symmetric part. An iteration has two products and two cycles, or two line solves
    where `lines` says that these are enough; the other arguments are those of `solve_balanced`.
    """
    kernel, level, cells, going = grid.backend.kernel, grid.levels[0], work.residual.size, target.slot("GOING")
    r, p, v, partial, report = work.residual, work.search, work.image, work.partial, target.report
    t, shadow, *_ = work.others
    size, rows = level.size, partial[0].size

    def precondition(b: Array) -> Array:
        if not lines:
            return grid.cycle(b)
        grid.solve_lines(level, b, level.vectors["v"], grid.polynomials["exact"])
        return level.vectors["v"]

    def product(z: Array, out: Array) -> None:
        kernel.apply(*size, going, z, *grid.matrix(level, z), out, partial[0])
        kernel.add_drift(*size, going, z, *operator.drift.faces, out)

    kernel.copy(cells, going, r, shadow)
    kernel.copy(cells, going, r, p)
    kernel.inner(*size, going, shadow, r, partial[0])
    kernel.stab_start(rows, partial[0], report)

    def iteration() -> None:
        z = precondition(p)
        product(z, v)
        kernel.inner(*size, going, shadow, v, partial[0])
        kernel.stab_alpha(rows, partial[0], report)
        advance(grid, work, target, "ALPHA", z, v, 0.5)
        z = precondition(r)
        product(z, t)
        kernel.inner(*size, going, t, r, partial[0])
        kernel.inner(*size, going, t, t, partial[1])
        kernel.stab_omega(rows, partial, report)
        advance(grid, work, target, "OMEGA", z, t, 0.5)
        kernel.inner(*size, going, shadow, r, partial[0])
        kernel.stab_turn(rows, partial[0], report)
        kernel.turn(cells, going, r, v, target.slot("BETA"), target.slot("OMEGA"), p)

    grid.backend.repeat(budget, iteration)
