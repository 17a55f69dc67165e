"""Strain beside a hole and how far it activates integrins, as functions of the distance rho to the axis."""

from __future__ import annotations

from math import inf, pi
from typing import NamedTuple

import numpy as np

from mnrd.mesh.rectilinear import Array

WEAKEST = 1e-4  # activation by one needle below which it is not computed, but added as a mean over all of these
NEAREST = 1e-6  # um, in place of the distance to the axis on the axis


class Stretch(NamedTuple):
    """Tissue pushed aside by a needle: a cavity that expands in an incompressible body.

    Parameters
    ----------
    radius : float, um
        Of the needle.
    half_strain : float
        Strain at half activation.
    most : float
        Activation at infinite strain.
    """

    radius: float
    half_strain: float
    most: float

    def __call__(self, rho: Array) -> Array:
        """Activation by one needle."""
        strain = np.sqrt(1.0 + (self.radius / np.maximum(rho, NEAREST)) ** 2) - 1.0
        return np.asarray(self.most * strain**2 / (strain**2 + self.half_strain**2))

    @property
    def reach(self) -> float:
        """Distance at which the activation is the weakest that is computed, um."""
        return float((self._far / WEAKEST) ** 0.25)

    def beyond(self, density: float) -> float:
        """Sum of the activations by all needles out of reach, for a density of them (1/um^2)."""
        return pi * density * self._far / self.reach**2 if self._far else 0.0

    @property
    def _far(self) -> float:
        """Times rho^-4 it is the activation far away, and nowhere less than it; um^4."""
        return self.most * (0.5 * self.radius**2 / self.half_strain) ** 2


class Retraction(NamedTuple):
    """Tissue around an excision, drawn back from it.

    Parameters
    ----------
    radius : float, um
        Of the hole.
    at_wall : float
        Strain there and inside.
    half_strain : float
        Strain at half activation.
    most : float
        Activation at infinite strain.
    """

    radius: float
    at_wall: float
    half_strain: float
    most: float

    def __call__(self, rho: Array) -> Array:
        """Activation by the wound."""
        strain = self.at_wall * np.minimum(1.0, (self.radius / np.maximum(rho, NEAREST)) ** 2)
        return np.asarray(self.most * strain**2 / (strain**2 + self.half_strain**2))

    @property
    def reach(self) -> float:
        """Without limit."""
        return inf

    def beyond(self, density: float) -> float:
        """Of other wounds: there are none."""
        return 0.0
