"""What a backend is: an array module, transfers, and the kernels of ``kernels/*.cu``, each under its own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from mnrd.resources import kernel_source

Array = Any
"""An array of the backend: numpy.ndarray on the host, cupy.ndarray on a device."""

KERNEL_FILES = ("diffusion.cu", "lines.cu", "transfer.cu", "vectors.cu", "stage.cu", "taxis.cu", "control.cu")


def slots(source: str, name: str) -> dict[str, int]:
    """Read the positions that an ``enum`` of the kernel text gives to its names.

    Parameters
    ----------
    source : str
        Kernel text.
    name : str
        Of the enum.

    Returns
    -------
    dict
        Name -> position; the last name stands for how many there are.
    """
    text = re.sub(r"//[^\n]*", "", source)
    found = re.search(rf"\benum\s+{name}\s*\{{([^}}]*)\}}", text)
    if found is None:
        raise ValueError(f"enum {name}: not in the kernel text")
    return {word: position for position, word in enumerate(re.findall(r"\w+", found[1]))}


ORDER = slots(kernel_source(), "Order")
"""What the host tells a stage of one field: name -> position in an array of ``ORDER["ORDERS"]`` doubles."""

REPORT = slots(kernel_source(), "Report")
"""What came out of it: name -> position in an array of ``REPORT["REPORTS"]`` doubles."""


class BackendUnavailable(RuntimeError):
    """The backend cannot run here; the message says why and what to do."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kernel: its C type without `const` and whether it is a pointer."""

    name: str
    type: str
    pointer: bool


class FieldReaction(Protocol):
    """The reactions of one field, compiled for a backend."""

    terms: tuple[str, ...]

    def react(self, *arguments: Any) -> None:
        """Arguments `newest, predicted, base, arrays, scalars, order, production, loss`; fills the last two."""

    def tally(self, *arguments: Any) -> None:
        """Arguments `hx, hy, hz, newest, predicted, base, arrays, scalars, order, partial`; fills (terms, nz, ny)."""


class Program(Protocol):
    """Kernel launches that were recorded, with the arrays they use."""

    def beside(self) -> None:
        """Say, while recording, that what follows does not depend on what was recorded until now, and vice versa.

        Such parts may run in any order or at the same time; each keeps its own.
        """

    def run(self) -> None:
        """Run all of them, each part in order, with the scalars they were called with and what the arrays hold now."""


class Backend(Protocol):
    """Where arrays live and kernels run. Solver, stepper and simulation are written once on top of this."""

    name: str
    description: str
    precision: str
    """``double`` or ``mixed``."""

    real: Any
    """Floating point type of the solver (state and sums are always float64)."""

    kernel: Any
    """The kernels as attributes: ``backend.kernel.relax(nx, ny, nz, ...)``, the same arguments on every backend."""

    def array(self, host: Any, dtype: Any = None) -> Array:
        """Copy a host array to the backend, C-contiguous, in `dtype` (default: the solver's real)."""

    def zeros(self, shape: int | Sequence[int], dtype: Any = None) -> Array:
        """Return a new array of zeros (default dtype: the solver's real)."""

    def host(self, array: Array) -> Any:
        """Return a numpy copy of a backend array."""

    def upload(self, host: Any, into: Array) -> None:
        """Copy a numpy array into an existing array of the same shape and type.

        Raises
        ------
        TypeError
            If shape or type differ.
        """

    def record(self) -> AbstractContextManager[Program]:
        """Remember kernel launches, in place of running them, until the block ends; what it yields runs them.

        Arguments are checked and scalars are taken while recording; the arrays are kept alive by the program.

        Raises
        ------
        RuntimeError
            Inside of another such block, and for anything but kernel launches inside of it: allocation, and copies
            from and to the host.
        """

    def repeat(self, count: int, launches: Callable[[], None]) -> None:
        """Run `count` times what launches kernels, each time the same ones; while recording it is called once."""

    def abreast(self, columns: int) -> int:
        """Return how many fields on so many columns are worth solving side by side, each with its own work arrays."""

    def memory(self) -> tuple[int, int] | None:
        """Return the free and the total memory of the device, bytes; None for a backend of the host."""

    def synchronise(self) -> None:
        """Wait until all kernels that were launched have run."""

    def total(self, partial: Array) -> float:
        """Add up partial sums in a fixed order and return the value on the host."""

    def largest(self, partial: Array) -> float:
        """Return the maximum of partial maxima on the host; NaN if any is NaN."""

    def scratch(self, nx: int, ny: int, nz: int) -> Array:
        """Return the scratch array that the line kernels need on a grid of this size."""

    def reactions(self, kinetics: Any) -> list[FieldReaction | None]:
        """Compile the declared reactions; None for a field without any."""

    def motions(self, kinetics: Any) -> list[Callable[..., None] | None]:
        """Compile what the transport of a field depends on; None where it is constant.

        Arguments `newest, predicted, base, arrays, scalars, order, mobility, potential`; fills the last two.
        """


def parse_kernels(source: str) -> dict[str, tuple[Parameter, ...]]:
    """Read the parameter lists of all kernels from the kernel text: each signature exists once, in the ``.cu`` file.

    Parameters
    ----------
    source : str
        Text of one or more kernel files.

    Returns
    -------
    dict
        Kernel name -> parameters in order.
    """
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.DOTALL)
    found = re.findall(r"\bKERNEL\s+(\w+)\s*\(([^)]*)\)\s*\{", text)
    return {name: tuple(_parameters(arguments)) for name, arguments in found}


def _parameters(arguments: str) -> list[Parameter]:
    """Split a C parameter list; ``const real *a, *b`` does not occur in kernels, each parameter has its own type."""
    parameters = []
    for argument in arguments.split(","):
        words = argument.replace("*", " * ").split()
        pointer = "*" in words
        kept = [word for word in words if word not in ("const", "*", "RESTRICT")]
        parameters.append(Parameter(kept[-1], " ".join(kept[:-1]), pointer))
    return parameters


def check_upload(host: Any, into: Array) -> None:
    """Raise TypeError where `host` is not a numpy array of the shape and type of the array `into`."""
    got = tuple(getattr(host, key, None) for key in ("shape", "dtype"))
    if got != (into.shape, into.dtype):
        raise TypeError(f"upload: got {got[0]} of {got[1]}, must be {into.shape} of {into.dtype} as the array it fills")


def checked(name: str, parameters: Sequence[Parameter], types: dict[str, Any], call: Callable[..., None]) -> Callable:
    """Wrap a kernel so that argument count, type and contiguity are checked before each launch (debug mode).

    Raises
    ------
    TypeError
        From the wrapped kernel, naming kernel, parameter, what was got and what is expected.
    """

    def launch(*arguments: Any) -> None:
        if len(arguments) != len(parameters):
            raise TypeError(f"kernel {name}: got {len(arguments)} arguments, takes {len(parameters)}")
        for parameter, argument in zip(parameters, arguments, strict=True):
            if not parameter.pointer:
                continue
            expected = types[parameter.type]
            if not hasattr(argument, "dtype") or argument.dtype != expected:
                got = getattr(argument, "dtype", type(argument).__name__)
                raise TypeError(f"kernel {name}: {parameter.name} has type {got}, must be an array of {expected}")
            if not argument.flags.c_contiguous:
                raise TypeError(f"kernel {name}: {parameter.name} is not C-contiguous")
        call(*arguments)

    return launch
