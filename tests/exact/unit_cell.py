"""A square array of cylindrical pores through an impermeable sheet on layers over a perfect sink.

The donor touches the upper mouths, activity 1. As for one pore (`pores.pore_flow`), the flux density of the lower
mouth is expanded in functions that have its singularity at the edge; what the pores and layers add to an endless
uniform tissue is a smooth periodic Green function.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, pi, sqrt

import numpy as np
from scipy.special import erf, erfc, eval_jacobi, gamma, gammaln, roots_jacobi

from .pores import _modes, _weber_schafheitlin

RINGS, SPOKES, TURNS = 14, 12, 3  # points on the mouth: radii, angles of the source, angles of the target in an octant


def pore_array_permeability(
    radius: float, length: float, inside: float, period: float, layers: Sequence[tuple[float, float]], basis: int = 16
) -> float:
    """Steady flux per area of skin through the pores, for an activity of 1.

    With f_i the functions of the mouth, whose Hankel transforms are J_{2i+e}(k) k^-e, the flux density Σ c_i f_i
    solves (tissue + neighbours + pore) c = f^(0). Pore: Σ_n 2/J₀(α_n)² tanh(α_n L)/α_n over the modes J₀(α_n r), and
    2 L for the mean. Only the rotationally symmetric part of the flux density is kept: the next, cos 4θ, is less
    than 1e-8 of the flow for periods of 7 radii and more.

    Parameters
    ----------
    radius, length : float
        Of a pore, µm.
    inside : float
        D K in the pore, µm²/s.
    period : float
        µm.
    layers : sequence of (D K in µm²/s, thickness in µm)
        Below the sheet, from the top down.
    basis : int
        Functions.

    Returns
    -------
    float
        µm/s.
    """
    outside = layers[0][0]
    edge = 2 / pi * float(np.arctan(np.sqrt(1 + 2 * outside / inside)))
    orders = 2 * np.arange(basis) + edge
    at_zero = np.zeros(basis)
    at_zero[0] = 1 / (2**edge * gamma(1 + edge))
    pore = 2 * length / radius * np.outer(at_zero, at_zero) + _modes(basis, edge, 2 * length / radius)
    scaled = [(conductivity / outside, thickness / radius) for conductivity, thickness in layers]
    neighbours = _neighbours(basis, edge, period / radius, scaled)
    matrix = _weber_schafheitlin(orders, 2 * edge) + neighbours + pore * outside / inside
    return float(2 * pi * at_zero @ np.linalg.solve(matrix, at_zero)) * outside * radius / period**2


def _neighbours(basis: int, edge: float, period: float, layers: Sequence[tuple[float, float]]) -> np.ndarray:
    """∫∫ f_i G f_j over the mouth, G the periodic Green function less 1/(2πr), averaged over the angles."""
    x, weight = roots_jacobi(RINGS, edge - 1, 0.0)  # in r² = (1 + x)/2, with the factor (1 - r²)^(e - 1)
    r, weight = np.sqrt((1 + x) / 2), weight / 2 ** (edge + 1)
    scale = np.exp(gammaln(np.arange(basis) + 1) - gammaln(edge + np.arange(basis))) / 2 ** (edge - 1)
    functions = np.array([scale[j] * eval_jacobi(j, 0, edge - 1, -x) for j in range(basis)]) * weight
    spokes = (np.arange(SPOKES) + 0.5) * 2 * pi / SPOKES
    source = np.outer(r, np.cos(spokes)).ravel(), np.outer(r, np.sin(spokes)).ravel()
    turns = (np.arange(TURNS) + 0.5) * pi / (4 * TURNS)
    green = np.zeros((RINGS, RINGS))
    for turn in turns:
        target = r * np.cos(turn), r * np.sin(turn)
        values = _smooth_green(target[0][:, None] - source[0], target[1][:, None] - source[1], period, layers)
        green += values.reshape(RINGS, RINGS, SPOKES).sum(axis=2) * (2 * pi / SPOKES / TURNS)
    return functions @ green @ functions.T


def _smooth_green(x: np.ndarray, y: np.ndarray, period: float, layers: Sequence[tuple[float, float]]) -> np.ndarray:
    """Periodic Green function of the layers less 1/(2πr); 1/k is split by Ewald's η = √π/p."""
    eta = sqrt(pi) / period
    images = max(4, ceil(2.5 * period / layers[0][1]))
    total = np.full(x.shape, _surplus(0.0, layers) / period**2 - 1 / (sqrt(pi) * eta * period**2))
    for i in range(-images, images + 1):
        for j in range(-images, images + 1):
            distance = np.hypot(x - i * period, y - j * period)
            if i == j == 0:
                safe = np.maximum(distance, 1e-9)
                total -= np.where(distance < 1e-9, 2 * eta / sqrt(pi), erf(eta * safe) / safe) / (2 * pi)
                continue
            if max(abs(i), abs(j)) <= 4:  # beyond, both parts of the split are below 1e-16
                total += erfc(eta * distance) / (2 * pi * distance)
            k = 2 * pi / period * np.hypot(i, j)
            symbol = erfc(k / (2 * eta)) / k + _surplus(k, layers)
            total += symbol / period**2 * np.cos(2 * pi / period * (i * x + j * y))
    return total


def _surplus(k: float, layers: Sequence[tuple[float, float]]) -> float:
    """Activity over flux at wave number k on top of the layers, less 1/k; at k = 0 the resistance of the layers."""
    if k == 0.0:
        return sum(thickness / conductivity for conductivity, thickness in layers)
    below = -1.0  # reflection at the sink
    for index in range(len(layers) - 1, -1, -1):
        conductivity, thickness = layers[index]
        if index + 1 < len(layers):
            impedance = conductivity / layers[index + 1][0] * (1 + below) / (1 - below)
            below = (impedance - 1) / (impedance + 1)
        below *= np.exp(-2 * k * thickness)
    return 2 * below / (k * (1 - below))
