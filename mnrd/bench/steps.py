"""Steps of fixed size of a problem: their time, their iterations, the kernels that take it, and memory."""

from __future__ import annotations

from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.bench.problems import MINUTE, STEP, after, block, patch
from mnrd.model.problem import Problem
from mnrd.output.summary import peak_memory
from mnrd.simulation import Simulation

RTOL, KAPPA = 1e-2, 0.03  # tolerance of a step, and of its linear solves in units of that
BLOCK_STEPS = 5  # of a block
WARM = 3  # steps before the clock runs: nothing is compiled, recorded or allocated after them


class Steps:
    """Steps of fixed size of a problem on a backend.

    Parameters
    ----------
    backend : Backend
        Where they run.
    problem : Problem
        Such as `mnrd.bench.problems.patch` makes.
    dt : float
        The step, s.

    Attributes
    ----------
    set_up : float
        Seconds until the first steps were taken, after which nothing is compiled, recorded or allocated any more.
    """

    def __init__(self, backend: Backend, problem: Problem, dt: float = STEP) -> None:
        started = perf_counter()
        self.backend, self.dt = backend, dt
        self.simulation = Simulation(problem, backend=backend, rtol=RTOL, dt=dt, kappa=KAPPA)
        self.solves = 2 * sum(field.mobile for field in problem.model.fields)
        self.run(WARM)
        self.set_up = perf_counter() - started

    def run(self, count: int) -> None:
        """Take some steps, and wait for them."""
        self.simulation.run(self.simulation.time + count * self.dt)
        self.backend.synchronise()

    def seconds(self, least: float, most: int = 20) -> tuple[float, float]:
        """Time of a step and iterations of a solve, both means over steps that take `least` seconds together."""
        count, before, started = 0, self.simulation.iterations, perf_counter()
        while count == 0 or (perf_counter() - started < least and count < most):
            self.run(1)
            count += 1
        taken = self.simulation.iterations - before
        return (perf_counter() - started) / count, taken / (count * self.solves)


def peak_of_patch(size: list[int], fields: int, backend: str, precision: str) -> dict[str, Any]:
    """The most memory that this process held, bytes, after steps of a patch; for a process of its own.

    Parameters
    ----------
    size : [nx, ny, nz]
    fields : int
    backend, precision : str
        Of `mnrd.backends.choose`.
    """
    nx, ny, nz = size
    Steps(choose(backend, precision), patch((nx, ny, nz), fields, reacting=False))
    return {"size": size, "cells": nx * ny * nz, "fields": fields, "precision": precision, "peak": peak_memory()}


def step_of_block(side: int, fields: int, backend: str, precision: str) -> dict[str, Any]:
    """Time of a step of fields that diffuse and decay, D dt / h^2 = 1; for a process with threads of its own.

    Parameters
    ----------
    side, fields : int
        Of `mnrd.bench.problems.block`.
    backend, precision : str
        Of `mnrd.backends.choose`.

    Returns
    -------
    dict
        With the largest errors after all steps, as parts of the largest value of a field: of mnrd, and of implicit
        Euler steps in x, in y and in z.
    """
    steps = Steps(choose(backend, precision), block(side, fields), MINUTE)
    seconds, iterations = steps.seconds(inf, BLOCK_STEPS)  # as many each time: later ones are easier
    count, errors = steps.simulation.step, {False: 0.0, True: 0.0}
    for field in range(fields):
        exact = after(side, field, count)
        for split in errors:
            got = after(side, field, count, split=True) if split else steps.simulation.concentration(f"f{field}")
            errors[split] = max(errors[split], float(np.abs(got - exact).max() / exact.max()))
    return {
        "cells": side**3, "fields": fields, "precision": precision, "seconds": seconds,
        "iterations_per_solve": iterations, "steps": count, "error": errors[False], "error_if_split": errors[True],
    }  # fmt: skip
