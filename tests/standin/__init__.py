"""A stand-in for CuPy on machines without a GPU: `standin.cupy` has the part of it that mnrd uses, on the host.

It runs the CUDA text itself, thread by thread with the launch geometry that it was given, and is stricter than a GPU:
new memory holds what is not a number, scalars must have the exact C type, writing beside an array, allocating or
copying while a graph is captured, and warps or blocks whose threads part at a shuffle or barrier are errors.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from unittest import mock

from mnrd.backends import driver
from mnrd.backends.cuda import CudaBackend
from standin import cupy
from standin.module import RawKernel


@contextmanager
def installed():
    """Within the block `import cupy` gives the stand-in, and a driver seems to be there."""
    before = sys.modules.get("cupy")
    sys.modules["cupy"] = cupy
    try:
        with (
            mock.patch.object(driver, "driver_version", return_value=(12, 9)),
            mock.patch.object(driver, "cupy_packages", return_value=["cupy-cuda12x"]),
        ):
            yield cupy
    finally:
        if before is None:
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = before


def backend(precision="double", debug=True, threads=1024):
    """The cuda backend on the stand-in; runs are quicker where a block may have few threads only."""
    with installed(), mock.patch.object(RawKernel, "max_threads_per_block", threads):
        return CudaBackend(precision, debug)
