"""Diffusion and decay in a closed cube: dc/dt = D lap c - k c, no flux through the sides, solution known.

    c(0) = 1 + (cos a x + cos a y + cos a z) / 6 + cos 4 a x cos 4 a y cos 4 a z / 2,     a = pi / 1000 um
    c(t) = exp(-k t) (1 + exp(-D a^2 t) (...) / 6 + exp(-48 D a^2 t) ... / 2)

The slow cosines are there because with the large diffusivity nothing else is left at the end: they fall to 0.37 of what
they were while the fast one dies out in the first hundredth of the time. All three axes are alike, so that no order of
the unknowns has an advantage. The grid is given, as voxels of an image are; its error is part of the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

EXTENT = 1000.0  # um
VOXELS = 100  # along each axis


@dataclass(frozen=True)
class Decay:
    """Diffusion and decay in a cube.

    Parameters
    ----------
    name : str
    per_minute : float
        Diffusivity, um^2/min.
    """

    name: str
    per_minute: float
    end: float = 60.0
    """s"""
    rate: float = 0.1 / 60
    """Of the decay, 1/s."""

    @property
    def title(self) -> str:
        """One line for tables and plots."""
        return f"diffusion and decay, D = {self.per_minute:g} um²/min, after {self.end / 60:g} min"

    @property
    def diffusivity(self) -> float:
        """um^2/s."""
        return self.per_minute / 60

    @cached_property
    def wavenumber(self) -> float:
        """Of the slow cosines, 1/um."""
        return float(np.pi / EXTENT)

    def solution(self, time: float, x: Any, y: Any, z: Any, cos: Any = np.cos, exp: Any = np.exp) -> Any:
        """Concentration at a time at points; with `cos` and `exp` of another library an expression of it."""
        a, spread = self.wavenumber, self.diffusivity * self.wavenumber**2 * time
        slow = (cos(a * x) + cos(a * y) + cos(a * z)) / 6
        fast = cos(4 * a * x) * cos(4 * a * y) * cos(4 * a * z) / 2
        return exp(-self.rate * time) * (1 + exp(-spread) * slow + exp(-48 * spread) * fast)

    def centres(self, cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates of the centres of voxels, open: (1, 1, n), (1, n, 1), (n, 1, 1)."""
        middle = (np.arange(cells) + 0.5) * EXTENT / cells
        return middle[None, None, :], middle[None, :, None], middle[:, None, None]

    def start(self, cells: int) -> np.ndarray:
        """Concentration of the voxels at the start, (n, n, n)."""
        return np.asarray(self.solution(0.0, *self.centres(cells)))

    def error(self, values: np.ndarray, cells: int) -> float:
        """Root of the mean square of the error at the centres of voxels, as a part of that of the solution."""
        exact = np.asarray(self.solution(self.end, *self.centres(cells)))
        return float(np.linalg.norm(values.ravel() - exact.ravel()) / np.linalg.norm(exact))

    def explicit_limit(self, cells: int) -> float:
        """The longest step of the explicit Euler method, s."""
        return (EXTENT / cells) ** 2 / (6 * self.diffusivity)
