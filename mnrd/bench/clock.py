"""Time of calls on a backend, and the yardstick that bandwidths are held against: a copy of as many bytes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from mnrd.backends.base import Backend

ROUNDS = 5


class Clock:
    """Time of calls on a backend: by its events on a device, else by the clock of the host.

    Parameters
    ----------
    backend : Backend
        Where the calls run.
    """

    def __init__(self, backend: Backend) -> None:
        self.events: tuple[Any, Any] | None = None
        if backend.memory() is not None:
            import cupy

            self.events = cupy.cuda.Event(), cupy.cuda.Event()
            self._elapsed = cupy.cuda.get_elapsed_time

    def _once(self, call: Callable[[], Any], count: int) -> float:
        if self.events is None:
            started = perf_counter()
            for _ in range(count):
                call()
            return (perf_counter() - started) / count
        start, end = self.events
        start.record()
        for _ in range(count):
            call()
        end.record()
        end.synchronize()
        return 1e-3 * float(self._elapsed(start, end)) / count

    def count(self, call: Callable[[], Any], least: float) -> int:
        """How many calls take `least` seconds or more, found after two that do not count."""
        self._once(call, 2)
        return max(1, round(least / max(self._once(call, 1), 1e-6)))

    def seconds(self, call: Callable[[], Any], least: float) -> float:
        """Median time of a call, over rounds of so many calls that each round takes `least` seconds or more."""
        count = self.count(call, least)
        return median(self._once(call, count) for _ in range(ROUNDS))


def copy_bandwidth(backend: Backend, clock: Clock, size: int, least: float) -> float:
    """Bytes per second of a copy that reads and writes `size` bytes together: the yardstick.

    It is the faster of an assignment, which on a host is one thread of numpy, and of the kernel `copy`. Both arrays are
    filled before: pages that were never written to would all be the same one, which lies in the cache.
    """
    filled = np.linspace(0.0, 1.0, max(1, size // (2 * backend.real.itemsize)))
    one, other, going = backend.array(filled), backend.array(filled), backend.array([1.0], np.float64)

    def assign() -> None:
        other[...] = one

    def launch() -> None:
        backend.kernel.copy(filled.size, going, one, other)

    return 2 * one.nbytes / min(clock.seconds(call, least) for call in (assign, launch))
