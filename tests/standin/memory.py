"""Arrays of the stand-in: memory of its own, which numpy may not look into, with counted copies and allocations."""

from __future__ import annotations

from types import SimpleNamespace
from weakref import WeakSet

import numpy as np

GUARD = 256
"""Bytes before and behind each array in which nothing may be written; all bits set, which is not a number."""

living = WeakSet()
"""All memory that is in use."""

UNTOUCHED = b"\xff" * GUARD

counts = SimpleNamespace(uploads=0, downloads=0, allocations=0, launches=0)
"""What has crossed the bus, was allocated and launched since `reset`."""

device = SimpleNamespace(total=2**32, used=0, capturing=None)
"""Bytes there are and in use, and the stream that is being captured."""


class OutOfMemoryError(MemoryError):
    """As cupy.cuda.memory.OutOfMemoryError."""


class CUDARuntimeError(RuntimeError):
    """As cupy.cuda.runtime.CUDARuntimeError."""


def reset():
    """Count from zero."""
    counts.__dict__.update(uploads=0, downloads=0, allocations=0, launches=0)


def forbid_in_capture(what):
    """Raise what CUDA raises for what cannot be part of a graph."""
    if device.capturing is not None:
        raise CUDARuntimeError(f"cudaErrorStreamCaptureUnsupported: {what} while a stream is capturing")


class Memory:
    """One allocation."""

    def __init__(self, size):
        self.size = 0
        forbid_in_capture("allocation")
        if device.used + size > device.total:
            raise OutOfMemoryError(
                f"Out of memory allocating {size:,} bytes (allocated so far: {device.used:,} bytes)."
            )
        self.size = size
        device.used += size
        counts.allocations += 1
        self.bytes = np.full(size + 2 * GUARD, 255, np.uint8)
        living.add(self)
        self._before, self._behind = memoryview(self.bytes)[:GUARD], memoryview(self.bytes)[GUARD + size :]

    def __del__(self):
        device.used -= self.size

    @property
    def intact(self):
        """Whether nothing was written beside the array."""
        return self._before == UNTOUCHED == self._behind


class ndarray:
    """As cupy.ndarray."""

    def __init__(self, memory, view):
        self.memory, self._view = memory, view
        self.shape, self.dtype, self.size, self.nbytes = view.shape, view.dtype, view.size, view.nbytes
        self.ndim, self.flags, self.data = view.ndim, view.flags, SimpleNamespace(ptr=view.ctypes.data)

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        return self._part(self._view[index if Ellipsis in index else (*index, Ellipsis)])

    def reshape(self, *shape):
        """A view of another shape."""
        return self._part(self._view.reshape(*shape))

    def _part(self, view):
        if view.size and not np.shares_memory(view, self._view):
            raise TypeError("the stand-in has views of its memory only, no copies")
        return ndarray(self.memory, view)

    def __setitem__(self, index, value):
        """Zeros or a copy: for all else CuPy compiles a kernel of its own, which needs the headers of CUDA."""
        forbid_in_capture("an array expression")
        target = self[index]
        if isinstance(value, ndarray):
            if (value.shape, value.dtype) != (target.shape, target.dtype) or not target.flags.c_contiguous:
                raise TypeError("the stand-in copies arrays of the same shape and type only")
            value = value._view
        elif value != 0:
            raise TypeError(f"the stand-in fills arrays with zeros only, not with {value!r}")
        target._view[...] = value

    def __len__(self):
        return len(self._view)

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def get(self):
        """Copy to the host."""
        forbid_in_capture("a copy to the host")
        counts.downloads += 1
        return self._view.copy()

    def set(self, host):
        """Copy from the host."""
        forbid_in_capture("a copy from the host")
        if not isinstance(host, np.ndarray) or host.dtype != self.dtype or host.shape != self.shape:
            raise TypeError("only a numpy.ndarray of the same type and shape can be set")
        if not self.flags.c_contiguous:
            raise RuntimeError("Cannot set to non-contiguous array")
        counts.uploads += 1
        self._view[...] = host


def empty(shape, dtype=float):
    """An array that holds anything: here what is not a number."""
    dtype = np.dtype(dtype)
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    memory = Memory(int(np.prod(shape, dtype=np.int64)) * dtype.itemsize)
    view = memory.bytes[GUARD : GUARD + memory.size].view(dtype).reshape(shape)
    return ndarray(memory, view)


def zeros(shape, dtype=float):
    """An array of zeros."""
    made = empty(shape, dtype)
    made[...] = 0
    return made
