"""Transport of one field that depends on the others: taxis and mobility (see ``kernels/taxis.cu``)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mnrd.backends.base import Array, Backend


@dataclass(eq=False)
class Drift:
    """Sensitivities and half drifts of a field.

    Parameters
    ----------
    directed : bool
        Whether there is taxis; otherwise there is a mobility alone, and the matrix stays symmetric.
    lateral, vertical : (nz, ny, nx) arrays
        chi K as the fraction rule mixes it, um^2/s.
    faces : three (nz, ny, nx) arrays
        g = X (psi_j - psi_i) / 2 towards the next cell in x, y, z, um^3/s, of the running stage.
    mobility, potential : (nz, ny, nx) arrays, float64
        In each cell, of the running stage.

    Attributes
    ----------
    ratio : float or None
        chi / D where that is one number for the whole field, None otherwise.
    """

    directed: bool
    lateral: Array
    vertical: Array
    faces: tuple[Array, Array, Array]
    mobility: Array
    potential: Array
    ratio: float | None = field(default=None, init=False)

    def compare(self, sensitivity: np.ndarray, *diffusivities: np.ndarray) -> None:
        """Find the `ratio` of arrays that may be zero in the same places."""
        largest = max(float(d.max()) for d in diffusivities)
        ratio = float(sensitivity.max()) / largest if largest else 0.0
        alike = all(np.allclose(sensitivity, ratio * d, rtol=1e-12, atol=0.0) for d in diffusivities)
        self.ratio = ratio if alike else None


class Stock:
    """Arrays of the backend that fields have in common.

    What is computed anew in each stage is needed by one field at a time, of those that are not solved side by side;
    coefficients that are the same for several fields are kept once.

    Parameters
    ----------
    backend : Backend
    shape : (nz, ny, nx)

    Attributes
    ----------
    faces : hashable
        Whose conductances lie in the work arrays of that name, and for which openness of the channels, when all is done
        that has been launched; None where that is not known.
    """

    def __init__(self, backend: Backend, shape: tuple[int, ...]) -> None:
        self.backend, self.shape = backend, shape
        self.faces: object = None
        self._kept: dict[object, tuple[Array, ...]] = {}
        self._shared: dict[object, tuple[Array, ...]] = {}

    def beside(self) -> Stock:
        """One for other fields, which has work arrays of its own and the same coefficients."""
        other = Stock(self.backend, self.shape)
        other._shared = self._shared
        return other

    def kept(self, key: object, count: int, dtype: object = None) -> tuple[Array, ...]:
        """The `count` work arrays of this name, made when first asked for."""
        if key not in self._kept:
            self._kept[key] = tuple(self.backend.zeros(self.shape, dtype) for _ in range(count))
        return self._kept[key]

    def shared(self, key: object, made: object) -> tuple[Array, ...]:
        """What `made` returns, called once for each key; a key of None is never shared."""
        if key is None:
            return tuple(made())  # type: ignore[operator]
        if key not in self._shared:
            self._shared[key] = tuple(made())  # type: ignore[operator]
        return self._shared[key]
