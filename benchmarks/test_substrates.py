"""Ten fields that diffuse and decay on 100^3 cells, D dt / h^2 = 1, beside the rate of BioFVM's splitting solver."""

from __future__ import annotations

import os

import pytest

from mnrd.bench import process
from mnrd.bench.steps import step_of_block

BIOFVM = 56e6
"""Voxels times substrates per second and core: BioFVM 1.0.4 with ten substrates, measured when the target was set."""

SIDE, FIELDS = 100, 10


@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize("threads", [1, 2])
def test_ten_substrates(benchmark, backend, precision, threads):
    """In a process of its own, which has so many threads."""
    if threads > len(os.sched_getaffinity(0)):
        pytest.skip(f"there are no {threads} cores")
    about = {"side": SIDE, "fields": FIELDS, "backend": backend("native", precision).name, "precision": precision}
    row = benchmark.pedantic(
        process.called, (step_of_block, {"OMP_NUM_THREADS": str(threads)}), about, rounds=1, iterations=1
    )
    each = row["seconds"] * threads / (row["cells"] * FIELDS)
    ratio = {"core_seconds_per_cell_and_field": each, "of_biofvm": each * BIOFVM}
    benchmark.extra_info |= row | {"threads": threads} | ratio
