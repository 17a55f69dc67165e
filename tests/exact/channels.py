"""Discs, slits, long channels and boluses (P12, P15, P16, P17)."""

from __future__ import annotations

from functools import cache
from math import asin, erf, exp, inf, pi, sqrt

import mpmath as mp
import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import i0e, i1, iv, j0, jv, k1, kv, y0, yv


def disc_flow(radius: float, conductivity: float) -> float:
    """Amount per time into a half-space from a disc at activity 1 on an impermeable plane, 4 DK a (Weber)."""
    return 4 * conductivity * radius


def disc_activity(radius: float, r: float, z: float) -> float:
    """Activity below that disc, (2/π) arcsin(2a/[√((r-a)² + z²) + √((r+a)² + z²)])."""
    return 2 / pi * asin(2 * radius / (np.hypot(r - radius, z) + np.hypot(r + radius, z)))


def disc_flux(radius: float, conductivity: float, r: float) -> float:
    """Flux density through the disc, 2 DK/(π √(a² - r²))."""
    return 2 * conductivity / (pi * sqrt(radius**2 - r**2))


def slit_flow(period: float, width: float, depth: float) -> float:
    """Flow per slit and length, in DK Δa: open strips on an impermeable plane, perfect sink at `depth`.

    Conformal map of half a period on a rectangle: nome q = exp(-2π depth/period), m = (θ₂/θ₃)⁴,
    t = sn²(K(m) width/period | m), flow = 2 K(mt)/K(1 - mt).
    """
    nome = mp.exp(-2 * mp.pi * depth / period)
    m = (mp.jtheta(2, 0, nome) / mp.jtheta(3, 0, nome)) ** 4
    t = mp.ellipfun("sn", mp.ellipk(m) * width / period, m=m) ** 2
    return float(2 * mp.ellipk(m * t) / mp.ellipk(1 - m * t))


def slit_flow_deep(period: float, width: float, depth: float) -> float:
    """Limit of `slit_flow` for a depth above the period: p/[H + (p/π) ln(1/sin(πw/2p))]."""
    return period / (depth + period / pi * np.log(1 / np.sin(pi * width / (2 * period))))


def channel_activity(radius: float, diffusivity: float, clearance: float, r: float, outer: float = inf) -> float:
    """Steady activity at distance r from the axis of a long channel with a = 1, flat at r = `outer`."""
    q = sqrt(clearance / diffusivity)
    return float(_radial(q * r, q * outer, 0) / _radial(q * radius, q * outer, 0))


def channel_flow(radius: float, diffusivity: float, partition: float, clearance: float, outer: float = inf) -> float:
    """Steady amount per time and length out of that channel."""
    q = sqrt(clearance / diffusivity)
    slope = _radial(q * radius, q * outer, 1) / _radial(q * radius, q * outer, 0)
    return float(2 * pi * radius * diffusivity * partition * q * slope)


def _radial(x: float, edge: float, derivative: int) -> float:
    """Solution of the modified Bessel equation flat at x = `edge`, or minus its slope."""
    if edge == inf:
        return kv(derivative, x)
    sign = -1 if derivative else 1
    return kv(derivative, x) * i1(edge) + sign * iv(derivative, x) * k1(edge)


def channel_flow_transient(
    radius: float, diffusivity: float, partition: float, clearance: float, outer: float, time: float
) -> float:
    """Amount per time and length out of a channel with a = 1 from t = 0 on, no flux through r = `outer`.

    The 60 modes of the annulus suffice from D t of about (outer - radius)²/1000 on.
    """
    roots = annulus_roots(radius, outer)
    slope = -roots * _annulus_mode(roots, radius, radius, 1)
    fading = _fading(roots, slope, radius, diffusivity, clearance, outer, time)
    steady = channel_flow(radius, diffusivity, partition, clearance, outer)
    return steady + 2 * pi * radius * diffusivity * partition * float(np.sum(fading * slope))


def channel_activity_transient(
    radius: float, diffusivity: float, clearance: float, outer: float, r: float, time: float
) -> float:
    """Activity at distance r from the axis of that channel."""
    roots = annulus_roots(radius, outer)
    slope = -roots * _annulus_mode(roots, radius, radius, 1)
    fading = _fading(roots, slope, radius, diffusivity, clearance, outer, time)
    steady = channel_activity(radius, diffusivity, clearance, r, outer)
    return steady - float(np.sum(fading * _annulus_mode(roots, radius, r, 0)))


@cache
def annulus_roots(radius: float, outer: float, count: int = 60) -> np.ndarray:
    """Roots β of the modes φ = J₀(βr) Y₀(βa) - Y₀(βr) J₀(βa) that are flat at `outer`, ascending."""

    def slope(beta: float) -> float:
        return float(_annulus_mode(np.array([beta]), radius, outer, 1)[0])

    grid = np.arange(0.05, count, 0.1) * pi / (outer - radius)
    values = [slope(beta) for beta in grid]
    signs = np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:]))
    return np.array([brentq(slope, grid[i], grid[i + 1], xtol=1e-16) for i in signs])


def _annulus_mode(roots: np.ndarray, radius: float, r: float, derivative: int) -> np.ndarray:
    """φ at r, or -φ'/β."""
    return jv(derivative, roots * r) * y0(roots * radius) - yv(derivative, roots * r) * j0(roots * radius)


def _fading(
    roots: np.ndarray,
    slope: np.ndarray,
    radius: float,
    diffusivity: float,
    clearance: float,
    outer: float,
    time: float,
) -> np.ndarray:
    """Coefficients of the modes in (steady activity - activity): ⟨a_ss, φ⟩/⟨φ, φ⟩ exp(-(Dβ² + k)t).

    By Green's identity ⟨a_ss, φ⟩ = a φ'(a)/(β² + k/D), and ⟨φ, φ⟩ = [b² φ(b)² - a² φ'(a)²/β²]/2.
    """
    overlap = radius * slope / (roots**2 + clearance / diffusivity)
    norm = ((outer * _annulus_mode(roots, radius, outer, 0)) ** 2 - (radius * slope / roots) ** 2) / 2
    return overlap / norm * np.exp(-(diffusivity * roots**2 + clearance) * time)


def cylinder_bolus(
    radius: float, depth: float, diffusivity: float, decay: float, r: float, z: float, time: float
) -> float:
    """Concentration from a cylinder, c = 1 at t = 0 between a no-flux surface and `depth`; K = 1."""
    spread = 2 * sqrt(diffusivity * time)
    axial = 0.5 * (erf((depth - z) / spread) + erf((depth + z) / spread))
    return exp(-decay * time) * axial * _radial_spread(radius, r, spread)


def _radial_spread(radius: float, r: float, spread: float) -> float:
    """∫₀^a u/(2Dt) exp(-(r² + u²)/4Dt) I₀(ru/2Dt) du with spread² = 4Dt."""
    if r == 0:
        return 1 - exp(-((radius / spread) ** 2))

    def integrand(u: float) -> float:
        return 2 * u / spread**2 * exp(-(((r - u) / spread) ** 2)) * i0e(2 * r * u / spread**2)

    return quad(integrand, 0, radius, epsabs=1e-14, epsrel=1e-12, limit=200)[0]


def cylinder_bolus_mass(radius: float, depth: float, decay: float, time: float) -> float:
    """Amount left in the half-space."""
    return pi * radius**2 * depth * exp(-decay * time)


def sphere_bolus(radius: float, diffusivity: float, time: float) -> float:
    """Concentration at the centre of a sphere, c = 1 at t = 0, in an infinite medium."""
    x = radius / sqrt(4 * diffusivity * time)
    return erf(x) - 2 / sqrt(pi) * x * exp(-x * x)
