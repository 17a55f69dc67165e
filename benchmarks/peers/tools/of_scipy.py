"""scipy with PyAMG: finite volumes written by hand, implicit with conjugate gradients, explicit by `solve_ivp`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott, skin
from peers.problems.decay import EXTENT, VOXELS
from peers.tools.stepping import Pieces, count, doubling, equal, sdirk2
from peers.tools.volumes import Volumes, assemble

PACKAGES = ("scipy", "pyamg")
REASONS: dict[str, str] = {}

RTOL = {"decay": 1e-5, "stiff": 1e-5, "skin": 1e-9}
"""Of the conjugate gradients, against the norm of the right-hand side: 10 times less and the error would change."""


def _implicit(system: Volumes, u: np.ndarray, pieces: Pieces, preconditioner: str, rtol: float) -> np.ndarray:
    """SDIRK2, each stage with preconditioned conjugate gradients."""
    from scipy import sparse
    from scipy.sparse.linalg import cg

    def factorise(step: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        matrix = (sparse.diags(system.volume / step) + system.matrix).tocsr()
        inverse = _inverse(matrix, preconditioner)

        def solve(y: np.ndarray, guess: np.ndarray) -> np.ndarray:
            source = system.volume / step * y + system.source
            return np.asarray(cg(matrix, source, x0=guess, rtol=rtol, M=inverse)[0])

        return solve

    return np.asarray(sdirk2(pieces, u, factorise))


def _inverse(matrix: Any, preconditioner: str) -> Any:
    """The preconditioner: the diagonal, or a V-cycle of PyAMG."""
    from scipy import sparse

    if preconditioner == "diagonal":
        return sparse.diags(1 / matrix.diagonal())
    import pyamg

    make = {"Ruge-Stuben": pyamg.ruge_stuben_solver, "smoothed aggregation": pyamg.smoothed_aggregation_solver}
    return make[preconditioner](matrix).aspreconditioner()


def decay(problem: Any, cells: int, preconditioner: str) -> Solve:
    """Diffusion and decay."""
    from scipy import sparse

    edges = np.linspace(0.0, EXTENT, cells + 1)
    system = assemble((edges,) * 3, (np.full((cells,) * 3, problem.diffusivity),) * 3)
    system = system._replace(matrix=(system.matrix + sparse.diags(problem.rate * system.volume)).tocsr())
    start = problem.start(cells).ravel()

    def solve(step: float) -> Outcome:
        pieces = equal(problem.end, step)
        seconds, values = timed(lambda: _implicit(system, start, pieces, preconditioner, RTOL[problem.name]))
        return Outcome(seconds, problem.error(values, cells), start.size, count(pieces))

    return solve


def layered(problem: Any, fineness: int, preconditioner: str) -> Solve:
    """Layered skin with a channel."""
    x, z = skin.edges(fineness)
    down, sideways = skin.diffusivities(x, z)
    system = assemble((z, x, x), (down, sideways, sideways), open_ends=True)

    def solve(step: float) -> Outcome:
        pieces, start = doubling(problem.end, step), np.zeros(down.size)
        seconds, values = timed(lambda: _implicit(system, start, pieces, preconditioner, RTOL[problem.name]))
        error = problem.error(skin.amounts_of(values.reshape(down.shape), x, z))
        return Outcome(seconds, error, start.size, count(pieces))

    return solve


def spots(problem: Any, cells: int, method: str) -> Solve:
    """Gray-Scott by an explicit method of `solve_ivp`."""
    from scipy import sparse
    from scipy.integrate import solve_ivp

    edges = np.linspace(0.0, gray_scott.EXTENT, cells + 1)
    laplacian = assemble((np.array([0.0, 1.0]), edges, edges), (np.ones((1, cells, cells)),) * 3)
    scaled = sparse.diags(-1 / laplacian.volume) @ laplacian.matrix
    diffusivities, feed, kill = gray_scott.DIFFUSIVITIES, gray_scott.FEED, gray_scott.KILL

    def rates(_: float, values: np.ndarray) -> np.ndarray:
        u, v = np.split(values, 2)
        made = u * v * v
        return np.concatenate(
            [
                diffusivities["u"] * (scaled @ u) - made + feed * (1 - u),
                diffusivities["v"] * (scaled @ v) + made - (feed + kill) * v,
            ]
        )

    x, y = gray_scott.centres(cells)
    start = np.concatenate([one.ravel() for one in np.broadcast_arrays(*gray_scott.start(x, y))])

    def solve(rtol: float) -> Outcome:
        span = (0.0, problem.end)
        call = partial(solve_ivp, rates, span, start, method=method, rtol=rtol, atol=1e-3 * rtol, t_eval=span[1:])
        seconds, found = timed(call)
        means = gray_scott.block_means(found.y[start.size // 2 :, -1].reshape(cells, cells))
        return Outcome(seconds, problem.error(means), start.size, found.nfev)

    return solve


AMG = "smoothed aggregation"

METHODS = (
    Method("decay", "SDIRK2, CG, diagonal", partial(decay, preconditioner="diagonal"), (VOXELS,), (60.0, 30.0, 15.0)),
    Method("stiff", "SDIRK2, CG, diagonal", partial(decay, preconditioner="diagonal"), (VOXELS,), (30.0, 15.0, 7.5)),
    Method("stiff", f"SDIRK2, CG, PyAMG {AMG}", partial(decay, preconditioner=AMG), (VOXELS,), (30.0, 15.0, 7.5)),
    Method(
        "skin",
        "SDIRK2, CG, PyAMG Ruge-Stuben",
        partial(layered, preconditioner="Ruge-Stuben"),
        (4, 5, 6, 7, 8, 10),
        (300.0, 150.0, 75.0),
    ),
    Method("gray-scott", "Runge-Kutta 2(3)", partial(spots, method="RK23"), (128, 256, 384), (1e-3,), "rtol"),
)
