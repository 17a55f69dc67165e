"""Arrays in the memory of the host: what the backends that run there have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from math import prod
from typing import Any

import numpy as np

from mnrd.backends.base import Program, check_upload
from mnrd.backends.recording import LaunchList, Recorder


class HostArrays:
    """The part of `Backend` that does not depend on how a kernel is called.

    Parameters
    ----------
    precision : str
        ``double``, ``mixed`` or ``auto``: double.
    """

    def __init__(self, precision: str) -> None:
        self.precision = "double" if precision == "auto" else precision
        self.real = np.dtype(np.float64 if self.precision == "double" else np.float32)
        self._recorder = Recorder()
        self._arrays = 0

    def array(self, host: Any, dtype: Any = None) -> np.ndarray:
        """See `Backend.array`."""
        self._recorder.refuse("array")
        given = np.asarray(host, dtype=dtype or self.real)
        made = self._new(given.shape, given.dtype)
        made[...] = given
        return made

    def zeros(self, shape: int | Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Backend.zeros`."""
        self._recorder.refuse("zeros")
        return self._new(shape, np.dtype(dtype or self.real))

    def _new(self, shape: int | Sequence[int], dtype: np.dtype) -> np.ndarray:
        self._arrays += 1
        return _spread(shape, dtype, self._arrays)

    def host(self, array: np.ndarray) -> np.ndarray:
        """See `Backend.host`."""
        self._recorder.refuse("host")
        return array.copy()

    def upload(self, host: np.ndarray, into: np.ndarray) -> None:
        """See `Backend.upload`."""
        self._recorder.refuse("upload")
        check_upload(host, into)
        into[...] = host

    def record(self) -> AbstractContextManager[Program]:
        """See `Backend.record`."""
        return self._recorder.record(LaunchList())

    def repeat(self, count: int, launches: Callable[[], None]) -> None:
        """See `Backend.repeat`."""
        self._recorder.repeat(count, launches)

    def abreast(self, columns: int) -> int:
        """One: what the next field needs is in the cache already."""
        return 1

    def memory(self) -> None:
        """Nothing: arrays lie in the memory of the host."""

    def synchronise(self) -> None:
        """Nothing: a kernel has run when its call returns."""

    def total(self, partial: np.ndarray) -> float:
        """See `Backend.total`."""
        self._recorder.refuse("total")
        return float(partial.sum())

    def largest(self, partial: np.ndarray) -> float:
        """See `Backend.largest`."""
        self._recorder.refuse("largest")
        return float(partial.max())


LINE, PAGE = 64, 4096
"""Bytes of a line of the cache, and of the pages that share places in it."""


def _spread(shape: int | Sequence[int], dtype: np.dtype, count: int) -> np.ndarray:
    """Return zeros that begin where a line of the cache does: vectors that lie across two lines take twice the time.

    Big arrays begin in another line of a page each, by their `count`. Otherwise the same cell of all of them, and of
    neighbouring planes of 2^n cells, would compete for the same few places in the cache.
    """
    size = prod(shape if isinstance(shape, Sequence) else (shape,)) * dtype.itemsize
    ahead = LINE * (5 * count) % PAGE if size > 16 * PAGE else 0
    room = np.zeros(size + ahead + LINE, np.uint8)
    first = -room.ctypes.data % LINE + ahead
    return room[first : first + size].view(dtype).reshape(shape)
