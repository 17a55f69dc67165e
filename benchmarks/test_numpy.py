"""How much slower numpy is than native: the same steps in turn, in one process."""

from __future__ import annotations

from functools import partial
from statistics import median
from time import perf_counter

import pytest

from mnrd.bench.jobs import JOBS
from mnrd.bench.problems import patch
from mnrd.bench.steps import Steps
from mnrd.case import load
from mnrd.simulation import Simulation

SIDE = 64
MINUTE = 60.0  # s
ROUNDS = 3


def skin(backend):
    """A step of one field in needled skin."""
    return partial(Steps(backend, patch((SIDE,) * 3, 1)).run, 1)


def healing(backend):
    """A minute of healing, after the first one."""
    case = load(JOBS["healing"][0])
    problem, events = case.problem()
    simulation = Simulation(problem, events=events, backend=backend, rtol=case.run.rtol).run(MINUTE)
    return lambda: simulation.run(simulation.time + MINUTE)


@pytest.mark.parametrize("make", [skin, healing])
def test_numpy_beside_native(benchmark, backend, make):
    """The medians of both, and their ratio."""
    calls = {name: make(backend(name, "double")) for name in ("native", "numpy")}
    seconds = {name: [] for name in calls}

    def both():
        for name, call in calls.items():
            started = perf_counter()
            call()
            seconds[name].append(perf_counter() - started)

    benchmark.pedantic(both, rounds=ROUNDS, iterations=1)
    found = {name: median(each) for name, each in seconds.items()}
    benchmark.extra_info |= {"what": make.__doc__.rstrip("."), **found, "ratio": found["numpy"] / found["native"]}
