"""The part of CuPy that mnrd uses, on the host."""

from __future__ import annotations

from time import perf_counter
from types import SimpleNamespace

from standin import memory
from standin.memory import CUDARuntimeError, OutOfMemoryError, device, empty, forbid_in_capture, living, ndarray, zeros
from standin.module import CompileException, RawModule

__all__ = ["RawModule", "cuda", "empty", "get_default_memory_pool", "ndarray", "zeros"]
__version__ = "stand-in"


class Graph:
    """As cupy.cuda.Graph."""

    def __init__(self, captured):
        self.captured = captured

    def launch(self, stream=None):
        """Run what was captured; arrays that kernels find in tables are looked at when all is done."""
        forbid_in_capture("the launch of a graph")
        for kernel, *arguments in self.captured:
            kernel.run(*arguments)
        if not all(memory.intact for memory in list(living)):
            raise CUDARuntimeError("a graph writes beside an array")


class Stream:
    """As cupy.cuda.Stream."""

    current = None

    def __init__(self, *, non_blocking=False):
        self.non_blocking, self.captured, self._before = non_blocking, [], []

    def use(self):
        """Make it the current one."""
        Stream.current = self

    def __enter__(self):
        self._before.append(Stream.current)
        Stream.current = self
        return self

    def __exit__(self, *_):
        Stream.current = self._before.pop()

    def begin_capture(self):
        """Remember launches from now on."""
        if Stream.current is not self or not self.non_blocking:
            raise CUDARuntimeError("kernels would be launched on another stream than the one that captures")
        device.capturing, self.captured = self, []

    def end_capture(self):
        """Return what was remembered."""
        device.capturing = None
        return Graph(self.captured)

    def synchronize(self):
        """Nothing: a kernel has run when its call returns."""
        forbid_in_capture("synchronisation")


class Event:
    """As cupy.cuda.Event, with the time of the host."""

    time = 0.0

    def record(self, stream=None):
        """Take the time."""
        forbid_in_capture("an event")
        self.time = perf_counter()

    def synchronize(self):
        """Nothing: what was launched before has run."""


def get_default_memory_pool():
    """The pool, which holds nothing that is not used."""
    return SimpleNamespace(
        used_bytes=lambda: device.used,
        free_bytes=lambda: 0,
        total_bytes=lambda: device.used,
        free_all_blocks=lambda: None,
    )


def _properties(number):
    return {
        "name": b"stand-in for a GPU",
        "multiProcessorCount": 2,
        "sharedMemPerMultiprocessor": 228 * 1024,
        "sharedMemPerBlockOptin": 227 * 1024,
        "totalGlobalMem": device.total,
        "major": 9,
        "minor": 0,
    }


cuda = SimpleNamespace(
    Event=Event,
    Stream=Stream,
    get_current_stream=lambda: Stream.current,
    get_elapsed_time=lambda start, end: 1e3 * (end.time - start.time),
    compiler=SimpleNamespace(CompileException=CompileException),
    memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
    runtime=SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        getDevice=lambda: 0,
        getDeviceCount=lambda: 1,
        getDeviceProperties=_properties,
        driverGetVersion=lambda: 12090,
        memGetInfo=lambda: (max(device.total - device.used, 0), device.total),
        runtimeGetVersion=lambda: 12090,
    ),
)
reset, counts = memory.reset, memory.counts
