"""Bytes that the kernels of a step must move, counted from what is launched.

The rule. Each array that a kernel reads counts once, with all of its bytes, however often it is read and however many
parameters it stands for; each that it writes counts once, and once more if the result depends on what it held. So every
array is taken to be larger than the caches, and each of its bytes to be used well. A launch that finds nothing to do
(`going` is 0) counts nothing. The scratch of the line kernels does not count: it is meant to stay on the chip.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["KERNELS", "Arguments", "Counting", "Tally", "assert_backends_agree", "bytes_of"]

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kernel_arguments import KERNELS, Arguments, assert_backends_agree, constants, run  # noqa: E402

from mnrd.backends import choose  # noqa: E402
from mnrd.backends.base import KERNEL_FILES, Backend, parse_kernels  # noqa: E402
from mnrd.model.codegen import kernel_source as generated  # noqa: E402
from mnrd.resources import kernel_source  # noqa: E402

PLANES = {
    ("contact", "u"): 2,
    ("state_contact", "a"): 2,
    ("reach", "s_vertical"): 1,
    ("film", "fractions"): 1,
    ("insulate", "tz"): 1,
}
"""Arrays of which a kernel reads some planes of z only."""

FILES = {name: file for file in KERNEL_FILES for name in parse_kernels(kernel_source(file))}
"""Where each kernel stands; those that are missing are generated from the model."""


@cache
def updated(kernel: str) -> frozenset[str]:
    """Parameters that a kernel writes and whose old values it needs: found by changing them, with the numpy meaning."""
    backend, names = choose("numpy"), [parameter.name for parameter in KERNELS[kernel]]
    arguments = Arguments(kernel, (4, 5, 6), np.float64, True, 1).make()
    usual, found = run(backend, kernel, arguments), set()
    for position, parameter in enumerate(KERNELS[kernel]):
        if parameter.pointer and parameter.name not in constants()[kernel] and parameter.type != "int":
            others = list(arguments)
            others[position] = arguments[position] * 1.5 + 0.25
            if any(map(_differ, usual, run(backend, kernel, others))):
                found.add(names[position])
    return frozenset(found)


def _differ(one: Any, other: Any) -> bool:
    return isinstance(one, np.ndarray) and not np.array_equal(one, other, equal_nan=True)


def bytes_of(kernel: str, arguments: Sequence[Any]) -> int:
    """Bytes that one launch of a kernel of kernels/*.cu must move (see the rule above).

    Parameters
    ----------
    kernel : str
        Its name.
    arguments : sequence
        Those of the launch.
    """
    parameters, fixed = KERNELS[kernel], constants()[kernel]
    read: dict[int, int] = {}
    written: dict[int, int] = {}
    planes = dict(zip((p.name for p in parameters), arguments, strict=True)).get("nz", 1)
    for parameter, argument in zip(parameters, arguments, strict=True):
        if not parameter.pointer or parameter.name == "scratch":
            continue
        size = argument.nbytes * PLANES.get((kernel, parameter.name), planes) // planes
        if parameter.name in fixed or parameter.name in updated(kernel):
            _keep(read, argument, size)
        if parameter.name not in fixed:
            _keep(written, argument, size)
    return sum(read.values()) + sum(written.values())


def _keep(sizes: dict[int, int], array: Any, size: int) -> None:
    """Book an array by its address, so that one that stands for two parameters counts once."""
    address = address_of(array)
    sizes[address] = max(sizes.get(address, 0), size)


def address_of(array: Any) -> int:
    """Where an array of numpy or CuPy lies."""
    return int(array.data.ptr if hasattr(array.data, "ptr") else array.ctypes.data)


@dataclass
class Tally:
    """Launches and bytes by kernel."""

    launches: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)

    def add(self, kernel: str, size: int) -> None:
        """Book one launch."""
        self.launches[kernel] = self.launches.get(kernel, 0) + 1
        self.bytes[kernel] = self.bytes.get(kernel, 0) + size


Launch = tuple[Callable[..., None], Callable[[Sequence[Any]], "tuple[str, int] | None"], tuple[Any, ...]]


class Counting:
    """A backend that books what its kernels move while it is asked to; otherwise it is the one that it wraps.

    Parameters
    ----------
    backend : Backend
        Where the kernels run.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._launches: list[Launch] | None = None
        self.tally: Tally | None = None
        kernels = {name: self._watched(getattr(backend.kernel, name), partial(self._size, name)) for name in KERNELS}
        self.kernel = SimpleNamespace(**kernels)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    @contextmanager
    def counted(self) -> Iterator[Tally]:
        """Book all launches until the block ends."""
        self.tally = Tally()
        try:
            yield self.tally
        finally:
            self.tally = None

    @contextmanager
    def record(self) -> Iterator[Any]:
        """See `Backend.record`; the program runs launch by launch while launches are booked."""
        launches: list[Launch] = []
        self._launches = launches
        try:
            with self._backend.record() as program:
                yield SimpleNamespace(run=partial(self._run, program, launches), beside=program.beside)
        finally:
            self._launches = None

    def repeat(self, count: int, launches: Callable[[], None]) -> None:
        """See `Backend.repeat`."""
        before = None if self._launches is None else len(self._launches)
        self._backend.repeat(count, launches)
        if self._launches is not None and count:
            self._launches.extend(self._launches[before:] * (count - 1))

    def reactions(self, kinetics: Any) -> list[Any]:
        """See `Backend.reactions`."""
        loads, made = loads_of(kinetics), self._backend.reactions(kinetics)
        return [None if one is None else self._reaction(index, one, loads) for index, one in enumerate(made)]

    def motions(self, kinetics: Any) -> list[Any]:
        """See `Backend.motions`."""
        loads, made = loads_of(kinetics), self._backend.motions(kinetics)
        return [
            None if one is None else self._watched(one, partial(_generated_size, "move", loads[f"move_{index}"]))
            for index, one in enumerate(made)
        ]

    def _reaction(self, index: int, made: Any, loads: Mapping[str, tuple[int, int]]) -> Any:
        react, tally = (
            self._watched(getattr(made, verb), partial(_generated_size, verb, loads[f"{verb}_{index}"]))
            for verb in ("react", "tally")
        )
        return SimpleNamespace(react=react, tally=tally, terms=made.terms)

    def _watched(self, call: Callable[..., None], size: Callable[..., Any]) -> Callable[..., None]:
        def launch(*arguments: Any) -> None:
            if self._launches is not None:
                self._launches.append((call, size, arguments))
            elif self.tally is not None:
                self._book(size(arguments))
            call(*arguments)

        return launch

    def _size(self, kernel: str, arguments: Sequence[Any]) -> tuple[str, int] | None:
        names = [parameter.name for parameter in KERNELS[kernel]]
        if "going" in names and "going" in constants()[kernel]:
            going = arguments[names.index("going")]
            if float(self._backend.host(going).ravel()[0]) == 0.0:
                return None
        return kernel, bytes_of(kernel, arguments)

    def _book(self, found: tuple[str, int] | None) -> None:
        if found is not None and self.tally is not None:
            self.tally.add(*found)

    def _run(self, program: Any, launches: Sequence[Launch]) -> None:
        if self.tally is None:
            program.run()
            return
        for call, size, arguments in launches:
            self._book(size(arguments))
            call(*arguments)


def _generated_size(verb: str, loads: tuple[int, int], arguments: Sequence[Any]) -> tuple[str, int]:
    """Bytes of a generated kernel: fields (double) and parameters (real) that it loads, and its results."""
    newest, arrays = arguments[3 if verb == "tally" else 0], arguments[6 if verb == "tally" else 3]
    cells, (doubles, reals) = newest[0].size, loads
    made = arguments[-1:] if verb == "tally" else arguments[-2:]
    return verb, cells * (8 * doubles + arrays.dtype.itemsize * reals) + sum(array.nbytes for array in made)


@cache
def _loads_in(text: str) -> dict[str, tuple[int, int]]:
    found = {}
    for name, body in re.findall(r"KERNEL (\w+)\((.*?)(?=\nKERNEL |\n// |\Z)", text, re.DOTALL):
        loads = set(re.findall(r"\b(newest|predicted|base|arrays)\[(\d+) \* cells \+ n\]", body))
        reals = sum(array == "arrays" for array, _ in loads)
        found[name] = len(loads) - reals, reals
    return found


def loads_of(kinetics: Any) -> dict[str, tuple[int, int]]:
    """Arrays that each generated kernel loads in a cell: of double, of real."""
    return _loads_in(generated(kinetics))
