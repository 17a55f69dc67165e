"""What a backend is: an array module, transfers, and the kernels of ``kernels/*.cu``, each under its own name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Array = Any
"""An array of the backend: numpy.ndarray on the host, cupy.ndarray on a device."""

KERNEL_FILES = ("diffusion.cu", "lines.cu", "transfer.cu", "vectors.cu", "stage.cu", "taxis.cu")


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
        """Arguments `newest, predicted, base, arrays, scalars, tau, production, loss`; fills the last two."""

    def tally(self, *arguments: Any) -> None:
        """Arguments `hx, hy, hz, newest, predicted, base, arrays, scalars, tau, partial`; fills it, (terms, nz, ny)."""


class Backend(Protocol):
    """Where arrays live and kernels run. Solver, stepper and simulation are written once on top of this."""

    name: str
    description: str
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

        Arguments `newest, predicted, base, arrays, scalars, tau, mobility, potential`; fills the last two.
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
        kept = [word for word in words if word not in ("const", "*")]
        parameters.append(Parameter(kept[-1], " ".join(kept[:-1]), pointer))
    return parameters


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
