"""Kernels: time per call and bytes per second, beside a copy of the same arrays in the same run."""

from __future__ import annotations

import numpy as np
import pytest

from mnrd.backends import BACKENDS, choose

SHAPES = {"in cache": (64, 48, 48), "out of cache": (64, 192, 192)}


@pytest.fixture(params=sorted(BACKENDS), scope="module")
def backend(request):
    """Each backend in double precision."""
    return choose(request.param)


@pytest.fixture(params=sorted(SHAPES))
def arrays(request, backend):
    """Coefficients and vectors of one field on a random grid, and their shape."""
    nz, ny, nx = SHAPES[request.param]
    random = np.random.default_rng(1)
    made = {
        name: backend.array(random.random((nz, ny, nx)) + 0.5) for name in ["b", "u", "v", "s", "tx", "ty", "tz", "out"]
    }
    made |= {name: backend.array(random.random((ny, nx))) for name in ("top", "base")}
    made["exchange"] = backend.zeros(2, np.float64)
    made["partial"] = backend.zeros((nz, ny), np.float64)
    made["scratch"] = backend.scratch(nx, ny, nz)
    return (nx, ny, nz), made


def measure(benchmark, call, cells, bytes_per_cell):
    """Run a benchmark and put the bandwidth that it means beside the time."""
    benchmark.pedantic(call, rounds=7, iterations=1, warmup_rounds=2)
    if benchmark.stats is not None:
        seconds = benchmark.stats.stats.median
        benchmark.extra_info |= {
            "ns per cell": round(1e9 * seconds / cells, 3),
            "bytes per cell": bytes_per_cell,
            "GB/s": round(bytes_per_cell * cells / seconds / 1e9, 2),
        }


def matrix(a):
    """Arguments of the operator kernels."""
    return [a[name] for name in ["s", "tx", "ty", "tz", "top", "base", "exchange"]]


def test_copy(benchmark, backend, arrays):
    """The yardstick: one array read, one written."""
    (nx, ny, nz), a = arrays
    measure(benchmark, lambda: np.copyto(a["out"], a["u"]), nx * ny * nz, 16)


def test_residual(benchmark, backend, arrays):
    """r = b - A u."""
    size, a = arrays
    call = lambda: backend.kernel.residual(*size, a["b"], a["u"], *matrix(a), a["out"])  # noqa: E731
    measure(benchmark, call, np.prod(size), 7 * 8)


def test_relax(benchmark, backend, arrays):
    """One Chebyshev step of line relaxation."""
    size, a = arrays
    steps = (1.0, 0.2, 0.8, a["scratch"], a["out"])
    call = lambda: backend.kernel.relax(*size, a["b"], a["u"], a["v"], *matrix(a), *steps)  # noqa: E731
    measure(benchmark, call, np.prod(size), 9 * 8)


def test_inner(benchmark, backend, arrays):
    """Sum of a b."""
    size, a = arrays
    call = lambda: backend.kernel.inner(*size, a["u"], a["v"], a["partial"])  # noqa: E731
    measure(benchmark, call, np.prod(size), 2 * 8)
