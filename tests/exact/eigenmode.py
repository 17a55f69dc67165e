"""Decaying mode in a box of two layers: no flux at the top, sink at the base, periodic sides (P11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import numpy as np
from scipy.optimize import brentq


@dataclass(frozen=True)
class TwoLayers:
    """(D, K, L) of each layer from the top, and the lateral periods in µm."""

    upper: tuple[float, float, float] = (0.5, 20.0, 15.0)
    lower: tuple[float, float, float] = (60.0, 1.5, 105.0)
    periods: tuple[float, float] = (120.0, 90.0)

    @property
    def wavenumber2(self) -> float:
        """k² = (2π/p_x)² + (2π/p_y)²."""
        return sum((2 * pi / period) ** 2 for period in self.periods)

    def mismatch(self, rate: float) -> float:
        """Jump of the flux at the interface when the activity is continuous there; entire in `rate`."""
        (d1, k1, l1), (d2, k2, l2) = self.upper, self.lower
        q2 = rate / d1 - self.wavenumber2
        kappa2 = self.wavenumber2 - rate / d2
        upper = _cosh(-q2, l1) * d2 * k2 * _cosh(kappa2, l2)
        lower = d1 * k1 * q2 * _sinhc(-q2, l1) * _sinhc(kappa2, l2)
        return lower - upper

    def rates(self, count: int) -> np.ndarray:
        """The `count` slowest decay rates (1/s), ascending."""
        found: list[float] = []
        step = 0.02 * self.upper[0] * (pi / self.upper[2]) ** 2
        low = step * 1e-6
        while len(found) < count:
            if self.mismatch(low) * self.mismatch(low + step) < 0:
                found.append(brentq(self.mismatch, low, low + step, xtol=1e-17, rtol=1e-14))
            low += step
        return np.array(found)

    def constants(self, rate: float) -> tuple[float, float, float]:
        """(q₁, κ₂, B) of a mode that oscillates in the upper layer and decays in the lower one."""
        (d1, _, l1), (d2, _, l2) = self.upper, self.lower
        q, kappa = np.sqrt(rate / d1 - self.wavenumber2), np.sqrt(self.wavenumber2 - rate / d2)
        return float(q), float(kappa), float(np.cos(q * l1) / np.sinh(kappa * l2))

    def profile(self, rate: float) -> Callable[[np.ndarray], np.ndarray]:
        """Z(z): cos(q₁ z) above the interface, B sinh(κ₂ (H - z)) below."""
        q, kappa, scale = self.constants(rate)
        interface, base = self.upper[2], self.upper[2] + self.lower[2]

        def profile(z: np.ndarray) -> np.ndarray:
            return np.where(z < interface, np.cos(q * z), scale * np.sinh(kappa * (base - np.asarray(z))))

        return profile

    def activity(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, time: float) -> np.ndarray:
        """Slowest mode, a = cos(2πx/p_x) cos(2πy/p_y) Z(z) exp(-λt)."""
        rate = self.rates(1)[0]
        lateral = np.cos(2 * pi * x / self.periods[0]) * np.cos(2 * pi * y / self.periods[1])
        return lateral * self.profile(rate)(z) * np.exp(-rate * time)


def _cosh(square: float, length: float) -> float:
    """cosh(κL) for κ² = `square` of either sign."""
    root = np.sqrt(abs(square)) * length
    return float(np.cosh(root) if square > 0 else np.cos(root))


def _sinhc(square: float, length: float) -> float:
    """sinh(κL)/κ for κ² = `square` of either sign."""
    root = np.sqrt(abs(square))
    if root == 0:
        return length
    return float(np.sinh(root * length) / root if square > 0 else np.sin(root * length) / root)
