"""Every kernel on every backend: its bandwidth beside that of a copy of as many bytes, in the same run.

The bytes are those of benchmarks/traffic.py. A kernel that does not walk over the grid has no bandwidth.
"""

from __future__ import annotations

from functools import partial
from math import prod

import numpy as np
import pytest
from launches import big_arguments
from traffic import FILES, KERNELS, bytes_of

from mnrd.backends import choose
from mnrd.bench.clock import ROUNDS, Clock, copy_bandwidth

SIZES = {"in": (48, 64, 64), "out": (96, 256, 256)}  # (nz, ny, nx), in and out of the caches
LEAST = {"in": 0.002, "out": 0.02}  # seconds of a round
THIN = (96, 4, 64)


def walking():
    """Kernels that walk over the grid."""
    backend = choose("numpy", "double")
    return [kernel for kernel in KERNELS if bytes_of(kernel, big_arguments(backend, kernel, THIN)) >= prod(THIN)]


@pytest.mark.parametrize("kernel", walking())
@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize(
    ("name", "caches"), [("native", "in"), ("native", "out"), ("numpy", "in"), ("cuda", "in"), ("cuda", "out")]
)
def test_bandwidth(benchmark, backend, kernel, precision, name, caches):
    """The median of its rounds, and the faster of two copies, before and after it."""
    made, size, least = backend(name, precision), SIZES[caches], LEAST[caches]
    arguments = big_arguments(made, kernel, size)
    moved, clock, launch = bytes_of(kernel, arguments), Clock(made), partial(getattr(made.kernel, kernel), *arguments)

    def call():
        launch()
        made.synchronise()

    before = copy_bandwidth(made, clock, moved, least)
    with np.errstate(all="ignore"):  # what is multiplied in place again and again may become infinite
        benchmark.pedantic(call, rounds=ROUNDS, iterations=clock.count(call, least))
    copy = max(before, copy_bandwidth(made, clock, moved, least))
    seconds = benchmark.stats.stats.median
    benchmark.extra_info |= {
        "kernel": kernel, "file": FILES[kernel], "backend": name, "precision": precision, "caches": caches,
        "size": list(size[::-1]), "bytes_per_cell": moved / prod(size), "seconds": seconds,
        "bytes_per_second": moved / seconds, "copy": copy, "of_copy": moved / seconds / copy,
    }  # fmt: skip
