"""What the reactions of a stage know of fields that are not solved yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

import numpy as np

from mnrd.backends.base import Array
from mnrd.solve.fields import Coefficients


class Forecast:
    """Guesses of a stage, and what it starts from, of those fields of which the reactions of others ask for them.

    Attributes
    ----------
    predicted : (P, nz, ny, nx) array, float64
        Guesses, which stay when the fields themselves have been solved.
    base : (B, nz, ny, nx) array, float64
        y of ``kernels/stage.cu``.
    """

    def __init__(self, coefficients: Coefficients) -> None:
        self._kernel = coefficients.backend.kernel
        names, kinetics, shape = (
            coefficients.problem.model.names,
            coefficients.kinetics,
            coefficients.problem.mesh.shape,
        )
        self.predicted, self.base = (
            coefficients.backend.zeros((len(kept), *shape) if kept else (1, 1, 1, 1), np.float64)
            for kept in (kinetics.predicted, kinetics.bases)
        )
        self._predictions, self._bases = (
            list(_runs([names.index(name) for name in kept])) for kept in (kinetics.predicted, kinetics.bases)
        )

    def first(self, now: Array, slope: Array, ahead: float) -> None:
        """Launch the guesses of a first stage, which starts from `now`."""
        for rows, fields in self._predictions:
            out = self.predicted[rows]
            self._kernel.extrapolate(out.size, now[fields], slope[fields], ahead, out)
        self._extend(now, now, 0.0)

    def second(self, now: Array, first: Array, f_base: float, f_guess: float) -> None:
        """Launch the guesses of a second stage."""
        for rows, fields in self._predictions:
            out = self.predicted[rows]
            self._kernel.extend(out.size, now[fields], first[fields], f_guess, 0.0, out)
        self._extend(now, first, f_base)

    def _extend(self, now: Array, first: Array, f_base: float) -> None:
        for rows, fields in self._bases:
            out = self.base[rows]
            self._kernel.extend(out.size, now[fields], first[fields], f_base, -inf, out)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[slice, slice]]:
    """Places in a list of rising numbers, and the numbers, in stretches without gaps."""
    begin = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            yield slice(begin, end), slice(numbers[begin], numbers[end - 1] + 1)
            begin = end
