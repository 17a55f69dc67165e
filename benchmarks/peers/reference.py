"""What the answers are compared with, where no exact solution is known: `python benchmarks/peers --references`.

Gray-Scott: cosines in space, the exponential Runge-Kutta method of Cox and Matthews in time (J. Comput. Phys. 176,
2002), its coefficients by contour integrals (Kassam and Trefethen, SIAM J. Sci. Comput. 26, 2005).

Skin: mnrd on grids refined until the answer stands, extrapolated, and NGSolve with curved elements of high order: the
difference between the two is written beside it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from peers.problems.gray_scott import BLOCKS, DIFFUSIVITIES, EXTENT, FEED, KILL, GrayScott, centres, start
from peers.problems.skin import REFERENCES, Skin

Array = np.ndarray


def gray_scott(cells: int, dt: float) -> Array:
    """Means of v in the blocks at the end."""
    from scipy.fft import dctn, idctn

    k2 = (np.pi / EXTENT * np.arange(cells)) ** 2
    laplacian = k2[:, None] + k2[None, :]
    linear = np.stack([-DIFFUSIVITIES["u"] * laplacian - FEED, -DIFFUSIVITIES["v"] * laplacian - FEED - KILL])
    factors = _factors(linear * dt)

    def reaction(spectrum: Array) -> Array:
        u, v = idctn(spectrum, axes=(1, 2), norm="ortho")
        made = u * v * v
        return dctn(np.stack([FEED - made, made]), axes=(1, 2), norm="ortho")

    x, y = centres(cells)
    now = dctn(np.stack(start(x, y)), axes=(1, 2), norm="ortho")
    for _ in range(round(GrayScott().end / dt)):
        now = _step(now, reaction, dt, factors)
    return _means(now[1])


def _factors(z: Array) -> tuple[Array, ...]:
    """Coefficients of the exponential method for z = dt times the linear part."""
    points = np.exp(1j * np.pi * (np.arange(16) + 0.5) / 16)
    half = first = second = third = 0.0
    for point in points:
        s = z + point
        half = half + ((np.exp(s / 2) - 1) / s).real / 16
        first = first + ((-4 - s + np.exp(s) * (4 - 3 * s + s * s)) / s**3).real / 16
        second = second + ((2 + s + np.exp(s) * (s - 2)) / s**3).real / 16
        third = third + ((-4 - 3 * s - s * s + np.exp(s) * (4 - s)) / s**3).real / 16
    return np.exp(z), np.exp(z / 2), half, first, second, third


def _step(now: Array, reaction: Any, dt: float, factors: tuple[Array, ...]) -> Array:
    whole, root, half, first, second, third = factors
    n0 = reaction(now)
    a = root * now + dt * half * n0
    na = reaction(a)
    nb = reaction(root * now + dt * half * na)
    nc = reaction(root * a + dt * half * (2 * nb - n0))
    return whole * now + dt * (first * n0 + 2 * second * (na + nb) + third * nc)


def _means(spectrum: Array) -> Array:
    """Means of a field in the blocks, exactly, from its cosines."""
    cells = spectrum.shape[0]
    order = np.arange(cells)
    scale = np.where(order == 0, np.sqrt(1 / cells), np.sqrt(2 / cells))
    middle = (np.arange(BLOCKS) + 0.5) / BLOCKS
    mean = scale * np.cos(np.pi * np.outer(middle, order)) * np.sinc(order / (2 * BLOCKS))
    return np.asarray(mean @ spectrum @ mean.T)


def extrapolated(coarse: Array, fine: Array, ratio: float, order: float) -> Array:
    """What two answers tend to whose steps have a ratio, with an order of convergence."""
    return fine + (fine - coarse) / (ratio**order - 1)


RIM = 4 / 3
"""Order of the fluxes: under the stratum corneum the gradient goes as the distance from the wall to the power -1/3."""


def skin_by_mnrd() -> Array:
    """Amounts in the bands by mnrd, on two grids."""
    import mnrd
    from peers.tools.of_mnrd import skin_amounts, skin_problem

    found = []
    for fineness in (12, 24):
        simulation = mnrd.Simulation(skin_problem(fineness), backend="native", precision="double", rtol=1e-4)
        found.append(skin_amounts(simulation.run(Skin().end)))
    return extrapolated(*found, 2.0, RIM)


def skin_by_elements() -> Array:
    """Amounts in the bands by NGSolve: elements of order 3 on two meshes; the error of the steps from a coarser one."""
    from peers.tools.of_ngsolve import Layers

    coarse, *found = (Layers(Skin(), fineness, order=3) for fineness in (1, 2, 3))
    steps = 75.0, 37.5
    late = extrapolated(*(coarse.amounts(step) for step in steps), 2.0, 2.0) - coarse.amounts(steps[1])
    return extrapolated(*(one.amounts(steps[1]) for one in found), 1.5, RIM) + late


def write() -> None:
    """Make `references.json`: minutes, and NGSolve must be installed."""
    from mnrd.output.directory import write_text

    ours, elements = skin_by_mnrd(), skin_by_elements()
    means, coarser = gray_scott(128, 0.25), gray_scott(96, 0.5)
    write_text(REFERENCES, document(ours, elements, means, coarser))


def document(ours: Array, elements: Array, means: Array, coarser: Array) -> str:
    """The JSON: what is compared with, and how far two ways of making it are apart."""
    found = {
        "skin": {"amounts": ours.tolist(), "by elements": elements.tolist(), "difference": _apart(ours, elements)},
        "gray-scott": {"difference": _apart(means, coarser), "means": np.round(means, 9).tolist()},
    }
    return json.dumps(found) + "\n"


def _apart(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other) / np.linalg.norm(one))
