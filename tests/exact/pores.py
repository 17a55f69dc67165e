"""One pore through an impermeable sheet (P13) and a square array of absorbing discs (P14).

Both are solved here from the integral equation, so the tables of PERMEATION.md are checked by a second
computation and any other proportion can be computed.
"""

from __future__ import annotations

from functools import cache
from math import pi

import numpy as np
from scipy.special import erf, erfc, gamma, gammaln, j0, j1, jv, lpmv, rgamma

# Q/(DK a Δa) of one pore: {DK inside over DK outside: {L/a: Q}}.
PORE_FLOW = {
    1.0: {
        0.1: 1.83840395,
        0.2: 1.72367919,
        0.5: 1.46963020,
        1.0: 1.18884445,
        2.0: 0.86228568,
        5.0: 0.47289295,
        10.0: 0.26981866,
    },
    5.0: {0.5: 1.85401126, 1.0: 1.74795526, 2.0: 1.57254218, 5.0: 1.20933266},
}

# Q per disc/(DK a Δa) of a square array: {(period/a, depth/a): Q}.
ARRAY_FLOW = {
    (4.0, 4.0): 2.836076947,
    (8.0, 4.0): 4.244458676,
    (8.0, 8.0): 3.351749138,
    (20.0, 5.0): 4.378643266,
    (20.0, 20.0): 3.717161658,
}

_PARTIAL = (1000, 1500, 2250, 3375, 5000, 7500)  # numbers of modes between which the sum is extrapolated


def pore_flow(length: float, inside: float = 1.0, basis: int = 24) -> float:
    """Flow through one cylindrical pore of radius 1 between two half-spaces, in (DK outside) Δa.

    The flux density of the mouth goes as (1 - r²)^(e - 1) at the edge, tan²(eπ/2) = 1 + 2/`inside` (e = 2/3
    for equal DK). It is expanded in that times Jacobi polynomials, whose Hankel transforms are
    J_{2j+e}(k) k^-e. Outside, the potential is their transform over k (Weber-Schafheitlin
    integrals); inside, by antisymmetry, it is the sum over the modes J₀(α_n r) tanh(α_n L/2)/α_n.

    Parameters
    ----------
    length : float
        L/a > 0.
    inside : float
        DK of the pore over DK outside.
    basis : int
        Functions.

    Returns
    -------
    float
        Q/((DK)_out a Δa), about 8 digits.
    """
    edge = 2 / pi * float(np.arctan(np.sqrt(1 + 2 / inside)))
    orders = 2 * np.arange(basis) + edge
    at_zero = np.zeros(basis)
    at_zero[0] = 1 / (2**edge * gamma(1 + edge))
    outer = _weber_schafheitlin(orders, 2 * edge)
    inner = np.outer(at_zero, at_zero) * length + _modes(basis, edge, length)
    density = np.linalg.solve(outer + inner / inside, 0.5 * at_zero)
    return float(2 * pi * at_zero @ density)


def _weber_schafheitlin(orders: np.ndarray, power: float) -> np.ndarray:
    """∫₀^∞ J_μ(k) J_ν(k) k^-power dk for all pairs of `orders` (Watson 13.41)."""
    mu, nu = orders[:, None], orders[None, :]
    ratio = np.exp(gammaln((mu + nu - power + 1) / 2) - gammaln((mu + nu + power + 1) / 2))
    return gamma(power) / 2**power * ratio * rgamma((nu - mu + power + 1) / 2) * rgamma((mu - nu + power + 1) / 2)


def _modes(basis: int, edge: float, length: float) -> np.ndarray:
    """Σ_n 2/J₀(α_n)² tanh(α_n L/2)/α_n b_i(α_n) b_j(α_n), the tail extrapolated from partial sums."""
    zeros, values = _mode_table(basis, edge)
    weight = 2 / j0(zeros) ** 2 * np.tanh(zeros * length / 2) / zeros
    partial = [(values[:, :n] * weight[:n]) @ values[:, :n].T for n in _PARTIAL]
    # The terms are a series in powers of the mid point between two zeros: sum = S + Σ_m c_m x^(-2·edge - m).
    x = (np.array(_PARTIAL) + 0.75) / _PARTIAL[-1]
    powers = x[:, None] ** np.concatenate([[0], -2 * edge - np.arange(len(_PARTIAL) - 1)])
    weights = np.linalg.inv(powers)[0]
    return np.tensordot(weights, np.array(partial), 1)


@cache
def _mode_table(basis: int, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Zeros α_n of J₁ and the transforms b_j(α_n), (basis, n): McMahon's start and Newton's steps."""
    b = (np.arange(1, _PARTIAL[-1] + 1) + 0.25) * pi
    zeros = b - 3 / (8 * b)
    for _ in range(3):
        zeros = zeros - j1(zeros) / (j0(zeros) - j1(zeros) / zeros)
    orders = 2 * np.arange(basis) + edge
    return zeros, jv(orders[:, None], zeros) * zeros**-edge


def array_flow(period: float, depth: float, degree: int = 8) -> float:
    """Flow per disc of a square array of discs of radius 1 at activity 1, perfect sink at `depth`, in DK Δa.

    The flux density σ is expanded in P_n^m(√(1 - r²)) cos(mθ)/√(1 - r²), m = 0, 4, 8, ..., n + m even, on
    which the free potential of one disc is diagonal (Wolfe 1971). The rest of the periodic Green function is
    smooth on the disc and is summed by Ewald's method; the integrals are Gauss rules.

    Parameters
    ----------
    period, depth : float
        In radii, period > 2.
    degree : int
        Largest n.

    Returns
    -------
    float
        Q/(DK a Δa), about 10 digits for a period of 4 or more.
    """
    x, y, weight, functions, diagonal = _disc_basis(degree)
    octant = (y > 0) & (y < x)
    smooth = _smooth_green(x[octant, None] - x, y[octant, None] - y, period, depth)
    weighted = functions * weight
    matrix = diagonal + 8 * weighted[:, octant] @ smooth @ weighted.T
    right = weighted.sum(axis=1)
    return float(right @ np.linalg.solve(matrix, right))


@cache
def _disc_basis(degree: int) -> tuple[np.ndarray, ...]:
    """Nodes x, y and weights of ∫ f/√(1 - r²) dA, the basis (function, node), the free potential's matrix."""
    s, ds = np.polynomial.legendre.leggauss(degree + 2)
    s, ds = (s + 1) / 2, ds / 2  # r dr/√(1 - r²) = -ds with s = √(1 - r²)
    count = 8 * (degree // 2)
    theta = (np.arange(count) + 0.5) * 2 * pi / count
    r = np.sqrt(1 - s**2)
    weight = np.outer(ds, np.full(count, 2 * pi / count)).ravel()
    functions, diagonal = [], []
    for m in range(0, degree + 1, 4):
        for n in range(m, degree + 1, 2):
            values = np.outer(lpmv(m, n, s), np.cos(m * theta)).ravel()
            functions.append(values / np.sqrt(np.sum(weight * values**2)))
            half = np.array([n + m, n - m]) / 2
            diagonal.append(np.exp(np.sum(gammaln(half + 0.5) - gammaln(half + 1))) / 2)
    return (
        np.outer(r, np.cos(theta)).ravel(),
        np.outer(r, np.sin(theta)).ravel(),
        weight,
        np.array(functions),
        np.diag(diagonal),
    )


def _smooth_green(x: np.ndarray, y: np.ndarray, period: float, depth: float) -> np.ndarray:
    """Periodic Green function with symbol tanh(kH)/k, less 1/(2πr).

    1/k is split by Ewald's η = √π/p; tanh(kH)/k - 1/k decays like e^(-2kH)/k and is summed directly.
    """
    eta = np.sqrt(pi) / period
    images = max(4, int(np.ceil(2.5 * period / depth)))
    total = np.full(x.shape, depth / period**2 - 1 / (np.sqrt(pi) * eta * period**2))
    for i in range(-images, images + 1):
        for j in range(-images, images + 1):
            distance = np.hypot(x - i * period, y - j * period)
            if i == j == 0:
                small = distance < 1e-9
                safe = np.where(small, 1.0, distance)
                total -= np.where(small, 2 * eta / np.sqrt(pi), erf(eta * safe) / safe) / (2 * pi)
                continue
            total += erfc(eta * distance) / (2 * pi * distance)
            k = 2 * pi / period * np.hypot(i, j)
            symbol = erfc(k / (2 * eta)) / k - 2 / (k * (np.exp(2 * k * depth) + 1))
            total += symbol / period**2 * np.cos(2 * pi / period * (i * x + j * y))
    return total
