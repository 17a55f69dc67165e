"""How long it takes until something happens: whole processes, with kernels at hand and without."""

from __future__ import annotations

import pytest

from mnrd.bench import start

ROUNDS = 5


@pytest.mark.parametrize(
    ("name", "cold"), [*((name, False) for name in start.STARTS), ("first step", True), ("whole run", True)]
)
def test_start(benchmark, name, cold):
    """The median of five; one where kernels have to be compiled."""
    if not cold:
        start.seconds(name)  # files are read from the disk, and kernels compiled
    benchmark.pedantic(start.seconds, (name,), {"cold": cold}, rounds=1 if cold else ROUNDS, iterations=1)
    benchmark.extra_info |= {"what": name, "kernels": "compiled" if cold else "at hand"}
