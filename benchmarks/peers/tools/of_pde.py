"""py-pde: explicit Euler compiled by numba."""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott
from peers.problems.decay import EXTENT, VOXELS

PACKAGES = ("py-pde", "numba")
REASONS = {
    "skin": "its grids have equal cells, and its operators no form that conserves where a coefficient jumps by 1e4"
}


def _method(equation: Any, start: Any, end: float, limit: float, error: Any) -> Solve:
    """Solve with steps that are a part of the longest stable one; each length is compiled anew."""
    from pde.solvers import EulerSolver

    def solve(part: float) -> Outcome:
        steps = int(np.ceil(end / (part * limit)))
        state = start.copy()
        stepper = EulerSolver(equation, backend="numba").make_stepper(state, end / steps)
        compiled, _ = timed(lambda: stepper(start.copy(), 0.0, end / steps))
        seconds, _ = timed(lambda: stepper(state, 0.0, end))
        return Outcome(seconds, error(state), start.data.size, steps, compiled)

    return solve


def decay(problem: Any, cells: int) -> Solve:
    """Diffusion and decay."""
    import pde

    grid = pde.CartesianGrid([(0.0, EXTENT)] * 3, cells)
    constants = {"D": problem.diffusivity, "k": problem.rate}
    equation = pde.PDE({"c": "D * laplace(c) - k * c"}, bc={"derivative": 0}, consts=constants)
    start = pde.ScalarField(grid, problem.start(cells))
    limit = problem.explicit_limit(cells)
    return _method(equation, start, problem.end, limit, lambda state: problem.error(state.data, cells))


def spots(problem: Any, cells: int) -> Solve:
    """Gray-Scott."""
    import pde

    grid = pde.CartesianGrid([(0.0, gray_scott.EXTENT)] * 2, cells)
    constants = {"F": gray_scott.FEED, "k": gray_scott.KILL}
    constants |= {f"D_{name}": value for name, value in gray_scott.DIFFUSIVITIES.items()}
    rates = {"u": "D_u * laplace(u) - u * v**2 + F * (1 - u)", "v": "D_v * laplace(v) + u * v**2 - (F + k) * v"}
    equation = pde.PDE(rates, bc={"derivative": 0}, consts=constants)
    values = np.broadcast_arrays(*gray_scott.start(*gray_scott.centres(cells)))
    start = pde.FieldCollection([pde.ScalarField(grid, one) for one in values])
    limit = (gray_scott.EXTENT / cells) ** 2 / (4 * max(gray_scott.DIFFUSIVITIES.values()))

    def error(state: Any) -> float:
        return float(problem.error(gray_scott.block_means(state.data[1])))

    return _method(equation, start, problem.end, limit, error)


METHODS = (
    Method("decay", "explicit Euler, numba", decay, (VOXELS,), (0.95,), "part"),
    Method("stiff", "explicit Euler, numba", decay, (VOXELS,), (0.95,), "part"),
    Method("gray-scott", "explicit Euler, numba", spots, (128, 384), (0.95,), "part"),
)
