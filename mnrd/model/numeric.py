"""The kinetics as numpy functions: the meaning of the kernels that `mnrd.model.codegen` writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from mnrd.model.evaluation import evaluate
from mnrd.model.kinetics import FieldKinetics, FieldMotion, Kinetics, operands_of

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NumpyKinetics:
    """The meaning of the reaction kernels of one field.

    `newest` is (F, nz, ny, nx), `predicted` and `base` have rows for some fields (see `Kinetics`), `arrays` is
    (A, nz, ny, nx), `scalars` (S,), `tau` is 1/(gamma dt), 1/s.
    """

    kinetics: Kinetics
    of: FieldKinetics

    @cached_property
    def _rates(self) -> tuple[list, list]:
        return sympy.cse([self.of.production, self.of.loss])

    @cached_property
    def _terms(self) -> tuple[list, list]:
        return sympy.cse([expression for term in self.of.terms for expression in (term.gain, term.loss)])

    def react(
        self, newest: Array, predicted: Array, base: Array, arrays: Array, scalars: Array, tau: float
    ) -> tuple[Array, Array]:
        """Production and loss rate, (nz, ny, nx) each."""
        production, loss = self._evaluate(self._rates, newest, predicted, base, arrays, scalars, tau)
        return production, loss

    def tally(
        self,
        newest: Array,
        predicted: Array,
        base: Array,
        arrays: Array,
        scalars: Array,
        tau: float,
        values: Array,
    ) -> list[Array]:
        """gain - loss c of every term, (nz, ny, nx) each, with `values` the solved concentration c."""
        rows = self._evaluate(self._terms, newest, predicted, base, arrays, scalars, tau)
        return [gain - loss * values for gain, loss in zip(rows[::2], rows[1::2], strict=True)]

    def _evaluate(self, plan: tuple[list, list], *given: Any) -> list[Array]:
        return _evaluate(self.kinetics, plan, *given)


@dataclass(frozen=True)
class NumpyMotion:
    """The meaning of the kernel ``move_f`` of one field, with arguments as `NumpyKinetics`."""

    kinetics: Kinetics
    of: FieldMotion

    @cached_property
    def _plan(self) -> tuple[list, list]:
        return sympy.cse([self.of.mobility, self.of.potential])

    def move(
        self, newest: Array, predicted: Array, base: Array, arrays: Array, scalars: Array, tau: float
    ) -> tuple[Array, Array]:
        """Factor on the diffusivity and potential, (nz, ny, nx) each."""
        mobility, potential = _evaluate(self.kinetics, self._plan, newest, predicted, base, arrays, scalars, tau)
        return mobility, potential


def _evaluate(kinetics: Kinetics, plan: tuple[list, list], *given: Any) -> list[Array]:
    kinds = dict(zip(("newest", "predicted", "base", "array", "scalar", "tau"), given, strict=True))
    kinds["tau"] = [kinds["tau"]]
    shared, wanted = plan
    values = {}
    for symbol in operands_of([*(expression for _, expression in shared), *wanted]):
        kind, index = kinetics.position(symbol)
        values[symbol] = kinds[kind][index]
    for symbol, expression in shared:
        values[symbol] = evaluate(expression, values)
    return [np.zeros(kinds["newest"].shape[1:]) + evaluate(expression, values) for expression in wanted]


def numpy_functions(kinetics: Kinetics) -> list[NumpyKinetics | None]:
    """One `NumpyKinetics` per field, None where there is no reaction."""
    return [None if one is None else NumpyKinetics(kinetics, one) for one in kinetics.of]


def numpy_motions(kinetics: Kinetics) -> list[NumpyMotion | None]:
    """One `NumpyMotion` per field, None where the transport does not depend on the fields."""
    return [None if one is None else NumpyMotion(kinetics, one) for one in kinetics.motions]
