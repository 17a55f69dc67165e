"""The increment of one field in one stage, A d = r, by the method that its plan names."""

from __future__ import annotations

from typing import Any

from mnrd.backends.base import Array
from mnrd.solve.directed import balance, solve_balanced, solve_skew
from mnrd.solve.krylov import Target, Work, conjugate_gradients, relax_lines
from mnrd.solve.multigrid import Multigrid
from mnrd.solve.plan import Plan


def solve_increment(
    grid: Multigrid,
    plan: Plan,
    operator: Any,
    work: Work,
    screening: Array,
    rate: Array,
    target: Target,
    *,
    loaded: bool,
) -> None:
    """Launch the solve of A d = r for ``work.increment``, with ``work.residual`` = r.

    Parameters
    ----------
    grid : Multigrid
        Hierarchy and smoother.
    plan : Plan
        Method, depth and budget.
    operator : FieldOperator
        The field's coefficients.
    work : Work
        Vectors; `metric` and `residual` are set by the caller.
    screening : (nz, ny, nx) array
        S = V K (tau + L).
    rate : (1,) array
        Largest rate of lateral exchange, 1/s.
    target : Target
        After the kernel `begin`.
    loaded : bool
        Whether the field's faces are on all levels already.
    """
    if plan.method == "balanced":
        balanced = balance(grid, operator, work, screening, target)
        solve_balanced(grid, balanced, work, target, depth=plan.depth, budget=plan.budget)
        return
    if plan.method == "skew" and operator.drift.ratio is not None:
        balance(grid, operator, work, screening, target)  # to know when the range is narrow again
    grid.load(operator, 0 if loaded or plan.method == "lines" else plan.depth)
    if plan.method == "lines":
        relax_lines(grid, work, screening, rate, target, plan.budget)
        return
    factor = target.slot("FACTOR_TOP", 2) if plan.stirred else None
    grid.prepare(screening, max(plan.depth, 0), factor, target.slot("GOING"))
    if plan.method == "skew":
        solve_skew(grid, operator, work, target, lines=plan.depth < 0, budget=plan.budget)
    else:
        conjugate_gradients(grid, work, target, plan.budget)
