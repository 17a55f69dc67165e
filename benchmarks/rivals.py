"""What the solver has to beat: the same implicit step of one field written in array expressions, with conjugate
gradients of its own or with those of a sparse matrix library. Both have the diagonal as preconditioner and stop where
the solver stops.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from patches import Steps

from mnrd.bench.problems import STEP
from mnrd.bench.steps import KAPPA, RTOL
from mnrd.solve.stepper import GAMMA

LIMIT = 5000  # iterations
Solve = Callable[[Any, Any, Any], Any]


def modules(backend: Any) -> tuple[Any, str]:
    """Array module of a backend, and the name of the library of sparse matrices that goes with it."""
    if backend.memory() is None:
        return np, "scipy.sparse"
    return import_module("cupy"), "cupyx.scipy.sparse"


class Rival:
    """One step of the field of a running simulation of pure diffusion, without its kernels.

    Parameters
    ----------
    steps : Steps
        A problem with one field; its state is where the step starts.

    Attributes
    ----------
    iterations : int
        Of the conjugate gradients, in both stages.
    assembly : float
        Seconds that went into building matrices, which do not count.
    """

    def __init__(self, steps: Steps) -> None:
        self.backend, simulation = steps.backend, steps.simulation
        self.xp, self.sparse = modules(self.backend)
        operator: Any = simulation.coefficients.operators[0]
        self.tx, self.ty, self.tz = operator.tx, operator.ty, operator.tz
        self.volume = self.xp.asarray(simulation.problem.mesh.volume)
        self.total = float(self.volume.sum())
        self.now, self.slope = simulation.state.now[0].copy(), simulation.state.slope[0].copy()
        self.iterations, self.assembly = 0, 0.0

    def step(self, solve: Solve) -> Any:
        """The concentration after one step, by a solver of its increments."""
        u, dt, tau = self.now, STEP, 1 / (GAMMA * STEP)
        self.iterations, self.assembly = 0, 0.0
        first = self._stage(u, self.xp.maximum(u + GAMMA * dt * self.slope, 0), tau, solve)
        k1 = tau * (first - u)
        return self._stage(u + (1 - GAMMA) * dt * k1, self.xp.maximum(u + dt * k1, 0), tau, solve)

    def _stage(self, y: Any, guess: Any, tau: float, solve: Solve) -> Any:
        xp, screening = self.xp, tau * self.volume
        weight = RTOL * xp.maximum(self.now, guess) + 1e-2 * RTOL  # the largest concentration ever is 1
        metric = xp.sqrt(self.volume) / (screening * weight)
        source = screening * y
        residual = source - self._product(screening, guess)
        real = self.tx.dtype
        increment = solve(screening.astype(real), residual.astype(real), metric.astype(real))
        value = xp.maximum(guess + increment, 0)
        return value * (source.sum() / (screening * value).sum())

    def _product(self, screening: Any, u: Any) -> Any:
        return self._diagonal(screening) * u - sum(self._neighbours(u))

    def _diagonal(self, screening: Any) -> Any:
        faces = zip((self.tx, self.ty, self.tz), (2, 1, 0), strict=True)
        return screening + sum(t + self.xp.roll(t, 1, axis) for t, axis in faces)

    def _neighbours(self, u: Any) -> list[Any]:
        roll, found = self.xp.roll, []
        for t, axis in zip((self.tx, self.ty, self.tz), (2, 1, 0), strict=True):
            found += [t * roll(u, -1, axis), roll(t * u, 1, axis)]
        return found

    def expressions(self, screening: Any, r: Any, metric: Any) -> Any:
        """Conjugate gradients in array expressions."""
        diagonal = self._diagonal(screening)
        d, p, rz = self.xp.zeros_like(r), None, 1.0
        while sqrt(float(((metric * r) ** 2).sum()) / self.total) > KAPPA and self.iterations < LIMIT:
            z = r / diagonal
            before, rz = rz, float((r * z).sum())
            p = z if p is None else z + (rz / before) * p
            q = diagonal * p - sum(self._neighbours(p))
            alpha = rz / float((p * q).sum())
            d, r = d + alpha * p, r - alpha * q
            self.iterations += 1
        return d

    def library(self, screening: Any, r: Any, metric: Any) -> Any:
        """Conjugate gradients of the library for d / metric: its norm of the residual is that of the step then."""
        started = perf_counter()
        cg = import_module(f"{self.sparse}.linalg").cg
        matrix, inverse = self._matrix(import_module(self.sparse), screening, metric)
        self.backend.synchronise()
        self.assembly += perf_counter() - started
        relative = "rtol" if "rtol" in inspect.signature(cg).parameters else "tol"
        options = {relative: 0.0, "atol": KAPPA * sqrt(self.total), "maxiter": LIMIT, "callback": self._count}
        found, _ = cg(matrix, (metric * r).ravel(), M=inverse, **options)
        return metric * found.reshape(r.shape)

    def _count(self, _: Any) -> None:
        self.iterations += 1

    def _matrix(self, sparse: Any, screening: Any, metric: Any) -> tuple[Any, Any]:
        """The matrix in units of the metric on both sides, and the inverse of its diagonal."""
        xp, shape = self.xp, screening.shape
        number = xp.arange(screening.size, dtype=np.int32).reshape(shape)
        diagonal = self._diagonal(screening) * metric * metric
        rows, columns, values = [number.ravel()], [number.ravel()], [diagonal.ravel()]
        for t, axis in zip((self.tx, self.ty, self.tz), (2, 1, 0), strict=True):
            here, there = number.ravel(), xp.roll(number, -1, axis).ravel()
            face = -(t * metric * xp.roll(metric, -1, axis)).ravel()
            rows, columns, values = [*rows, here, there], [*columns, there, here], [*values, face, face]
        places = (xp.concatenate(rows), xp.concatenate(columns))
        matrix = sparse.coo_matrix((xp.concatenate(values), places), shape=(number.size,) * 2).tocsr()
        return matrix, sparse.diags([1 / diagonal.ravel()], [0]).tocsr()


def compare(steps: Steps, least: float) -> tuple[dict[str, Any], dict[str, str]]:
    """Time of a step by the solver, in expressions and with the library; how far their results are from the solver's.

    Parameters
    ----------
    steps : Steps
        A problem with one field, warm.
    least : float
        Seconds for which the solver's steps are timed.

    Returns
    -------
    dict, dict
        Those that ran; and why one did not, which happens where a library is not there.
    """
    rival, found, missing = Rival(steps), {}, {}
    steps.run(1)
    wanted = steps.simulation.state.now[0].copy()
    for name, solve in (("expressions", rival.expressions), ("library", rival.library)):
        try:
            found[name] = _timed(rival, solve, wanted)
        except Exception as error:  # CuPy says in many ways that cuBLAS, cuSPARSE or the headers of CUDA are missing
            missing[name] = f"{type(error).__name__}: {error}"
    seconds, iterations = steps.seconds(least)
    found["solver"] = {"seconds": seconds, "iterations": 2 * iterations, "difference": 0.0}
    return found, missing


def _timed(rival: Rival, solve: Solve, wanted: Any) -> dict[str, Any]:
    """Time of a step after a first one, its iterations, and the largest difference from what is wanted."""
    rival.step(solve)
    rival.backend.synchronise()
    started = perf_counter()
    got = rival.step(solve)
    rival.backend.synchronise()
    seconds = perf_counter() - started - rival.assembly
    difference = float(abs(got - wanted).max() / wanted.max())
    return {"seconds": seconds, "iterations": rival.iterations, "difference": difference}
