"""Transport of one field that depends on the others: taxis and mobility (see ``kernels/taxis.cu``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.mesh.rectilinear import Mesh


class Drift:
    """Sensitivities and half drifts of a field.

    Parameters
    ----------
    backend : Backend
        Where the arrays live.
    mesh : Mesh
    directed : bool
        Whether there is taxis; otherwise there is a mobility alone, and the matrix stays symmetric.

    Attributes
    ----------
    lateral, vertical : (nz, ny, nx) arrays
        chi K as the fraction rule mixes it, um^2/s.
    ratio : float or None
        chi / D where that is one number for the whole field, None otherwise.
    faces : three (nz, ny, nx) arrays
        g = X (psi_j - psi_i) / 2 towards the next cell in x, y, z, um^3/s.
    mobility, potential : (nz, ny, nx) arrays, float64
        In each cell, of the running stage.
    """

    def __init__(self, backend: Backend, mesh: Mesh, directed: bool) -> None:
        self.directed = directed
        self.ratio: float | None = None
        self.lateral, self.vertical = (backend.zeros(mesh.shape) for _ in range(2))
        self.faces = [backend.zeros(mesh.shape) for _ in range(3)]
        self.mobility, self.potential = (backend.zeros(mesh.shape, np.float64) for _ in range(2))

    def compare(self, sensitivity: np.ndarray, *diffusivities: np.ndarray) -> None:
        """Find the `ratio` of arrays that may be zero in the same places."""
        largest = max(float(d.max()) for d in diffusivities)
        ratio = float(sensitivity.max()) / largest if largest else 0.0
        alike = all(np.allclose(sensitivity, ratio * d, rtol=1e-12, atol=0.0) for d in diffusivities)
        self.ratio = ratio if alike else None

    def add_to(self, kernel: object, size: Sequence[int], p: Array, q: Array) -> None:
        """Add what drifts out of each cell at the values p to q."""
        kernel.add_drift(*size, p, *self.faces, q)  # type: ignore[attr-defined]
