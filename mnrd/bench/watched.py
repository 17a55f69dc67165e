"""The native backend with a clock around each kernel: where the time of a run goes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, partial
from time import perf_counter
from typing import Any

from mnrd.backends import choose
from mnrd.backends.base import KERNEL_FILES, Backend, Program, parse_kernels
from mnrd.backends.native import NativeBackend
from mnrd.backends.recording import LaunchList
from mnrd.resources import kernel_source

GENERATED = "generated"
"""What the kernels that are made of a model are called together."""


@dataclass
class Watch(LaunchList):
    """A program whose launches are timed.

    Attributes
    ----------
    seconds : dict of str to float
        By kernel.
    """

    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Run all launches in order."""
        for function, arguments in self.launches:
            timed(self.seconds, function.__name__, function, *arguments)


def timed(seconds: dict[str, float], name: str, call: Callable[..., None], *arguments: Any) -> None:
    """Call with the arguments, and book the time that it takes under a name."""
    started = perf_counter()
    call(*arguments)
    seconds[name] = seconds.get(name, 0.0) + perf_counter() - started


class WatchedBackend(NativeBackend):
    """The native backend, which tells where its time goes; the two clocks of a launch take about 0.2 us.

    Attributes
    ----------
    seconds : dict of str to float
        By kernel.
    """

    def __init__(self, precision: str = "auto", debug: bool = False) -> None:
        self.seconds: dict[str, float] = {}
        super().__init__(precision, debug)

    def _load(self, source: str) -> dict[str, Callable[..., None]]:
        return {name: partial(timed, self.seconds, name, call) for name, call in super()._load(source).items()}

    def record(self) -> AbstractContextManager[Program]:
        """See `Backend.record`."""
        return self._recorder.record(Watch(seconds=self.seconds))

    def families(self) -> dict[str, float]:
        """Seconds by file of kernels/, the most first."""
        found: dict[str, float] = {}
        for name, seconds in self.seconds.items():
            family = families().get(name, GENERATED)
            found[family] = found.get(family, 0.0) + seconds
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def watched(name: str = "auto", precision: str = "auto") -> Backend:
    """The backend of `mnrd.backends.choose`, with a clock around its kernels where it is the native one."""
    backend = choose(name, precision)
    if backend.name != "native":
        return backend
    found = WatchedBackend(backend.precision)
    found.description = backend.description
    return found


@cache
def families() -> dict[str, str]:
    """File of kernels/ by kernel, without its suffix."""
    return {
        name: file.removesuffix(".cu") for file in KERNEL_FILES for name in parse_kernels(kernel_source(file))
    }  # fmt: skip
