"""Travelling wave of Fisher and Kolmogorov, and growth of Schnakenberg's pattern (P20, P21)."""

from __future__ import annotations

from math import exp, pi, sin, sqrt

import numpy as np


def fisher_wave(diffusivity: float, rate: float, x: float, time: float) -> float:
    """Exact wave of u_t = D u_xx + r u (1 - u) by Ablowitz and Zeppetella, [1 + e^((x - ct)/(√6 l))]^-2."""
    length = sqrt(diffusivity / rate)
    return (1 + exp((x - fisher_speed(diffusivity, rate) * time) / (sqrt(6) * length))) ** -2


def fisher_speed(diffusivity: float, rate: float) -> float:
    """Speed of that wave, 5 √(rD/6)."""
    return 5 * sqrt(rate * diffusivity / 6)


def fisher_minimum_speed(diffusivity: float, rate: float) -> float:
    """Speed of the wave that grows from a local start, 2 √(rD)."""
    return 2 * sqrt(rate * diffusivity)


def schnakenberg_steady(a: float, b: float) -> tuple[float, float]:
    """(u*, v*) of u_t = ∇²u + a - u + u² v, v_t = d ∇²v + b - u² v."""
    return a + b, b / (a + b) ** 2


def schnakenberg_jacobian(a: float, b: float) -> np.ndarray:
    """(2, 2) Jacobian of the reactions at the steady state."""
    u, v = schnakenberg_steady(a, b)
    return np.array([[2 * u * v - 1, u * u], [-2 * u * v, -u * u]])


def turing_growth(jacobian: np.ndarray, ratio: float, wavenumber2: float) -> float:
    """Larger growth rate of a perturbation with k² = `wavenumber2`; diffusivities 1 and `ratio`.

    With the k² of `discrete_wavenumber2` this is the growth rate of the second-order scheme, exact in time.
    """
    matrix = jacobian - wavenumber2 * np.diag([1.0, ratio])
    return float(np.max(np.linalg.eigvals(matrix).real))


def turing_mode(jacobian: np.ndarray, ratio: float, wavenumber2: float) -> np.ndarray:
    """(2,) perturbation of (u, v) that grows at `turing_growth`, scaled to u = 1."""
    trace = jacobian[0, 0] - wavenumber2
    return np.array([1.0, (turing_growth(jacobian, ratio, wavenumber2) - trace) / jacobian[0, 1]])


def turing_band(jacobian: np.ndarray, ratio: float) -> tuple[float, float]:
    """Limits of k² between which perturbations grow: roots of d k⁴ - (d f_u + g_v) k² + det = 0."""
    middle = (ratio * jacobian[0, 0] + jacobian[1, 1]) / (2 * ratio)
    half = sqrt(middle**2 - np.linalg.det(jacobian) / ratio)
    return middle - half, middle + half


def turing_fastest(jacobian: np.ndarray, ratio: float) -> float:
    """k² that grows fastest: there f_u - k² and g_v - d k² differ by (d + 1) √(-f_v g_u/d)."""
    spread = (ratio + 1) * sqrt(-jacobian[0, 1] * jacobian[1, 0] / ratio)
    return float((spread - jacobian[0, 0] + jacobian[1, 1]) / (ratio - 1))


def turing_critical_ratio(jacobian: np.ndarray) -> float:
    """Smallest ratio of diffusivities with a pattern: larger root of d f_u + g_v = 2 √(d det)."""
    root = np.sqrt(np.linalg.det(jacobian))
    return float(((root + sqrt(root**2 - jacobian[0, 0] * jacobian[1, 1])) / jacobian[0, 0]) ** 2)


def wavenumber2(length: float, mode: int) -> float:
    """k² of a mode of a periodic box, k = 2πm/L; with mirrors give twice the length."""
    return (2 * pi * mode / length) ** 2


def discrete_wavenumber2(length: float, mode: int, cells: int) -> float:
    """k² of that mode on n equal second-order cells, (2/Δ sin(πm/n))²; with mirrors give 2L and 2n."""
    return (2 * cells / length * sin(pi * mode / cells)) ** 2
