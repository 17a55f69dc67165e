"""Peak memory of processes: what a cell takes, what a further field takes, and what is there before any cell."""

from __future__ import annotations

import pytest

from mnrd.bench import process
from mnrd.bench.steps import peak_of_patch

SIZES = ((64, 1), (96, 1), (64, 2), (64, 10))  # cells along each side, fields


@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize(("side", "fields"), SIZES)
def test_peak(benchmark, backend, side, fields, precision):
    """The most that a process held which made a patch of needled skin and took some steps."""
    about = {"size": [side] * 3, "fields": fields, "backend": backend("native", precision).name, "precision": precision}
    row = benchmark.pedantic(process.called, (peak_of_patch,), about, rounds=1, iterations=1)
    benchmark.extra_info |= row
