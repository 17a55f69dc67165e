"""Semi-infinite and infinite media (P07, P08, P09)."""

from __future__ import annotations

from math import exp, pi, sqrt

from scipy.special import erf, erfc, erfcx


def danckwerts_flux(diffusivity: float, partition: float, clearance: float, time: float) -> float:
    """Flux density into a half-space with clearance, a(0) = 1: K√(Dk)[erf √kt + e^(-kt)/√(πkt)]."""
    kt = clearance * time
    return partition * sqrt(diffusivity * clearance) * (erf(sqrt(kt)) + exp(-kt) / sqrt(pi * kt))


def danckwerts_uptake(diffusivity: float, partition: float, clearance: float, time: float) -> float:
    """Its integral from 0 to `time`: K√(D/k)[(kt + ½) erf √kt + √(kt/π) e^(-kt)]."""
    kt = clearance * time
    return partition * sqrt(diffusivity / clearance) * ((kt + 0.5) * erf(sqrt(kt)) + sqrt(kt / pi) * exp(-kt))


def danckwerts_activity(diffusivity: float, clearance: float, depth: float, time: float) -> float:
    """Activity at `depth`; erfcx keeps the growing exponential of the second term finite."""
    decay = depth * sqrt(clearance / diffusivity)
    u, v = depth / (2 * sqrt(diffusivity * time)), sqrt(clearance * time)
    return 0.5 * (exp(-decay) * erfc(u - v) + exp(decay - (u + v) ** 2) * erfcx(u + v))


def danckwerts_steady(diffusivity: float, partition: float, clearance: float, depth: float) -> tuple[float, float]:
    """(flux density into the surface, activity at `depth`) at infinite time."""
    return partition * sqrt(diffusivity * clearance), exp(-depth * sqrt(clearance / diffusivity))


def contact_activity(first: tuple[float, float], second: tuple[float, float], x: float, time: float) -> float:
    """Activity of two half-spaces (D, K) joined at t = 0: 1 for x < 0 (`first`), 0 for x > 0 (`second`)."""
    (d1, k1), (d2, k2) = first, second
    e1, e2 = k1 * sqrt(d1), k2 * sqrt(d2)
    interface = e1 / (e1 + e2)
    if x < 0:
        return interface * (1 + e2 / e1 * erf(-x / (2 * sqrt(d1 * time))))
    return interface * erfc(x / (2 * sqrt(d2 * time)))


def contact_flux(first: tuple[float, float], second: tuple[float, float], time: float) -> float:
    """Flux density through the contact, a_i e₂/√(πt); the amount that has crossed is 2 t times it."""
    (d1, k1), (d2, k2) = first, second
    e1, e2 = k1 * sqrt(d1), k2 * sqrt(d2)
    return e1 * e2 / (e1 + e2) / sqrt(pi * time)


def instantaneous_source(diffusivity: float, decay: float, dimensions: int, distance: float, time: float) -> float:
    """Concentration from a unit amount released at t = 0 on a plane (1), a line (2) or at a point (3)."""
    spread = 4 * diffusivity * time
    return exp(-decay * time - distance**2 / spread) / (pi * spread) ** (dimensions / 2)
