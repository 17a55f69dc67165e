"""One implicit diffusion step of needled skin: over the cells, and over the fields."""

from __future__ import annotations

import pytest
from patches import Steps

from mnrd.bench.problems import patch

SIDES = (32, 64, 128, 256)
FIELDS = (1, 2, 4, 8, 10, 16)
SIDE = 64  # where fields are varied
ROUNDS = 3


@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize(
    ("name", "side", "fields"),
    [
        *(("native", side, 1) for side in SIDES),
        *(("native", SIDE, fields) for fields in FIELDS[1:]),
        ("cuda", 256, 1), ("cuda", SIDE, 10),
    ],
)  # fmt: skip
def test_step(benchmark, backend, name, side, fields, precision):
    """Seconds, iterations, and bytes that the kernels move."""
    steps = Steps(backend(name, precision), patch((side,) * 3, fields, reacting=False))
    before = steps.simulation.iterations
    benchmark.pedantic(steps.run, args=(1,), rounds=ROUNDS, iterations=1)
    taken, cells, seconds = steps.simulation.iterations - before, side**3, benchmark.stats.stats.median
    tally, _ = steps.tally()
    benchmark.extra_info |= {
        "backend": name, "size": [side] * 3, "cells": cells, "fields": fields, "precision": precision,
        "set_up": steps.set_up, "seconds": seconds, "seconds_per_cell_and_field": seconds / (cells * fields),
        "iterations_per_solve": taken / (ROUNDS * steps.solves),
        "bytes_per_cell": sum(tally.bytes.values()) / cells, "launches": sum(tally.launches.values()),
    }  # fmt: skip
