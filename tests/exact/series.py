"""Closed forms and series for slabs, independent of the Laplace evaluator (P01, P02, P04, P19)."""

from __future__ import annotations

from math import exp, inf, log, pi, tan

import numpy as np
from scipy.optimize import brentq


def slab_flux(diffusivity: float, partition: float, thickness: float, time: float, terms: int = 400) -> float:
    """Flux density out of a slab, a = 1 above and 0 below: (DK/L)[1 + 2 Σ (-1)^n exp(-D n² π² t/L²)]."""
    n = np.arange(1, terms + 1)
    decay = np.exp(-diffusivity * (n * pi / thickness) ** 2 * time)
    return float(diffusivity * partition / thickness * (1 + 2 * np.sum((-1.0) ** n * decay)))


def finite_donor_eigenvalues(ratio: float, count: int) -> np.ndarray:
    """First `count` roots of β tan β = `ratio` = KL/H_d."""

    def root(n: int) -> float:
        return brentq(lambda b: b * tan(b) - ratio, n * pi, (n + 0.5) * pi - 1e-9, xtol=1e-15)

    return np.array([root(n) for n in range(count)])


def finite_donor_activity(
    diffusivity: float, partition: float, thickness: float, capacity: float, time: float, terms: int = 100
) -> float:
    """Donor activity above a slab with a sink, Σ 2α/(β² + α² + α) exp(-β² D t/L²), α = KL/H_d."""
    ratio = partition * thickness / capacity
    b = finite_donor_eigenvalues(ratio, terms)
    decay = np.exp(-(b**2) * diffusivity * time / thickness**2)
    return float(np.sum(2 * ratio / (b**2 + ratio**2 + ratio) * decay))


def two_slab_lag(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """Lag of two slabs (D, K, L): [L₁²/D₁ (R₁/6 + R₂/2) + L₂²/D₂ (R₁/2 + R₂/6)]/(R₁ + R₂), R = L/(DK)."""
    (d1, k1, l1), (d2, k2, l2) = first, second
    r1, r2 = l1 / (d1 * k1), l2 / (d2 * k2)
    return (l1**2 / d1 * (r1 / 6 + r2 / 2) + l2**2 / d2 * (r1 / 2 + r2 / 6)) / (r1 + r2)


def closing_pores(
    barrier: float, pores: float, half_life: float, time: float, capacity: float = inf
) -> tuple[float, float]:
    """Donor above a barrier without capacity and a sink, permeability barrier + pores 2^(-t/half_life).

    Parameters
    ----------
    barrier, pores : float
        Permeability of the intact barrier and of the open pores at t = 0, µm/s.
    half_life, time : float
        s.
    capacity : float
        H_d of the donor, µm.

    Returns
    -------
    activity, permeated : float
        Donor activity and amount per area (µm) that has passed.
    """
    passed = barrier * time + pores * half_life / log(2) * (1 - 2 ** (-time / half_life))
    if capacity == inf:
        return 1.0, passed
    activity = exp(-passed / capacity)
    return activity, capacity * (1 - activity)
