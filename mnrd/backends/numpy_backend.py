"""The `numpy` backend: kernels as numpy functions, the fallback that runs everywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from mnrd.backends import reference, reference_control, reference_stage, reference_taxis
from mnrd.backends.base import ORDER, FieldReaction
from mnrd.backends.host import HostArrays


class NumpyBackend(HostArrays):
    """Kernels as numpy functions.

    Parameters
    ----------
    precision : str
        ``double``, ``mixed`` (solver in float32, state in float64), or ``auto``: double.
    debug : bool
        Accepted for symmetry; numpy checks shapes by itself.
    """

    name = "numpy"

    def __init__(self, precision: str = "auto", debug: bool = False) -> None:
        super().__init__(precision)
        modules = (reference, reference_stage, reference_taxis, reference_control)
        functions = [function for module in modules for function in module.KERNELS]
        self.kernel = SimpleNamespace(**{f.__name__: self._launcher(f) for f in functions})
        self.description = f"numpy ({np.__version__})"

    def _launcher(self, function: Callable[..., None]) -> Callable[..., None]:
        """Run a function when it is called, or remember the call while a program is being recorded."""
        recorder = self._recorder

        @wraps(function)
        def launch(*arguments: Any) -> None:
            if recorder.program is None:
                function(*arguments)
            else:
                recorder.program.launches.append((function, arguments))

        return launch

    def scratch(self, nx: int, ny: int, nz: int) -> np.ndarray:
        """Nothing: numpy makes its own temporaries."""
        return self.zeros(1)

    def reactions(self, kinetics: Any) -> list[FieldReaction | None]:
        """Wrap the numpy functions of the declared reactions."""
        from mnrd.model.numeric import numpy_functions

        made = numpy_functions(kinetics)
        return [None if f is None else self._reaction(f, k) for f, k in zip(made, kinetics.of, strict=True)]

    def motions(self, kinetics: Any) -> list[Callable[..., None] | None]:
        """Wrap the numpy functions of the transport that depends on the fields."""
        from mnrd.model.numeric import numpy_motions

        return [None if f is None else self._launcher(_motion(f)) for f in numpy_motions(kinetics)]

    def _reaction(self, functions: Any, of: Any) -> FieldReaction:
        def react(newest, predicted, base, arrays, scalars, order, production, loss):  # type: ignore[no-untyped-def]
            made = functions.react(newest, predicted, base, arrays, scalars, order[ORDER["TAU"]])
            production[:], loss[:] = made

        def tally(hx, hy, hz, newest, predicted, base, arrays, scalars, order, partial):  # type: ignore[no-untyped-def]
            volume = hz[:, None, None] * hy[:, None] * hx
            values = newest[of.field]
            rates = functions.tally(newest, predicted, base, arrays, scalars, order[ORDER["TAU"]], values=values)
            for t, rate in enumerate(rates):
                partial[t] = np.sum(volume * rate, axis=2)

        names = tuple(term.name for term in of.terms)
        return SimpleNamespace(react=self._launcher(react), tally=self._launcher(tally), terms=names)


def _motion(functions: Any) -> Callable[..., None]:
    def move(newest, predicted, base, arrays, scalars, order, mobility, potential):  # type: ignore[no-untyped-def]
        mobility[:], potential[:] = functions.move(newest, predicted, base, arrays, scalars, order[ORDER["TAU"]])

    return move
