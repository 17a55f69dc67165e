"""Grading: the edges of one axis, fine where something happens and growing away from it.

A size function S, um per cell, is at most what is asked for at given places, at most `largest`, and has a
slope of at most ln(growth). The cells are equal steps of

    N(z) = integral of dz / S(z),

so neighbouring cells differ by a factor of at most growth, because |d ln S / dN| = |dS/dz| <= ln(growth).
S is piecewise linear: N and its inverse are closed forms. The number of cells is N rounded up; then the largest
size is lowered until N is that whole number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array

PASSES = 200  # of the exchange of sizes between layers: a few suffice
BISECTIONS = 60
ROUND_OFF = 1e-9


class Grading(NamedTuple):
    """How one layer is divided.

    Parameters
    ----------
    thickness : float, um
    cells : int, optional
        Number of cells. They are equal unless a neighbour has smaller ones.
    smallest : float, um
        Size at the upper and lower interface, except at the base of the last layer.
    largest : float, um
    growth : float, > 1
        Largest ratio of neighbouring cells.
    """

    thickness: float
    cells: int | None = None
    smallest: float = np.inf
    largest: float = np.inf
    growth: float = 1.3


class Fine(NamedTuple):
    """An interval in which cells have at most the given size, um; low = high for a point."""

    low: float
    high: float
    size: float


@dataclass
class _Chain:
    """The size function before the largest size of each layer is known: S(nodes) <= sizes, else S <= caps."""

    nodes: Array  # (m + 1,)
    sizes: Array  # (m + 1,)
    caps: Array  # (m,)
    slopes: Array  # (m,)
    interfaces: NDArray[np.intp]  # (n_layers + 1,) indices of nodes


def uniform(extent: float, cells: int) -> Array:
    """Edges of equal cells from 0 to `extent`, (cells + 1,), um."""
    return np.linspace(0.0, extent, cells + 1)


def graded_layers(layers: Sequence[Grading], fine: Sequence[Fine] = ()) -> Array:
    """Edges of a stack of layers, from 0 down.

    Parameters
    ----------
    layers : sequence of Grading
        From the top down.
    fine : sequence of Fine
        Where small cells are wanted besides, such as around the tip of a needle.

    Returns
    -------
    (n + 1,) array, um
        Every interface is an edge. Neighbouring cells differ by at most the growth, across interfaces too.

    Raises
    ------
    ValueError
        For a thickness, size or growth out of range, or `cells` too few to grow from the size of a neighbour.
    """
    _check_layers(layers)
    _check_fine(fine)
    chain = _chain(layers, fine)
    for index, layer in enumerate(layers):
        ends = chain.interfaces[index : index + (2 if index + 1 < len(layers) else 1)]
        size = layer.smallest * _first(np.log(layer.growth))
        chain.sizes[ends] = np.minimum(chain.sizes[ends], size)
    return _graded(chain, [layer.cells for layer in layers])


def graded_around(
    extent: float,
    fine: Sequence[Fine],
    largest: float = np.inf,
    growth: float = 1.3,
    periodic: bool = False,
) -> Array:
    """Edges from 0 to `extent`, fine in given intervals (walls of channels) and growing away from them.

    Parameters
    ----------
    extent : float, um
    fine : sequence of Fine
        Intervals may reach out of the extent.
    largest : float, um
    growth : float, > 1
        Largest ratio of neighbouring cells.
    periodic : bool
        Whether sizes match across the two ends, so that an interval near one end acts at the other.

    Returns
    -------
    (n + 1,) array, um
        Symmetric, with an even number of cells, when `fine` is symmetric.

    Raises
    ------
    ValueError
        For an extent, size or growth out of range.
    """
    if not 0.0 < extent < np.inf:
        raise ValueError(f"extent: got {extent:g} um, must be > 0")
    _check_sizes("", largest, growth)
    _check_fine(fine)
    shifts = (-extent, 0.0, extent) if periodic else (0.0,)
    images = [Fine(low + shift, high + shift, size) for low, high, size in fine for shift in shifts]
    mirrored = [Fine(extent - high, extent - low, size) for low, high, size in images]
    symmetric = np.allclose(sorted(mirrored), sorted(images), rtol=0.0, atol=ROUND_OFF * extent)
    end = 0.5 * extent if symmetric else extent
    chain = _chain([Grading(end, largest=largest, growth=growth)], images)
    _add_outside(chain, images)
    edges = _graded(chain, [None])
    return np.concatenate([edges, extent - edges[-2::-1]]) if symmetric else edges


# --- checks -------------------------------------------------------------------------------------------------


def _check_layers(layers: Sequence[Grading]) -> None:
    if not layers:
        raise ValueError("layers: got none, must be at least one")
    for index, layer in enumerate(layers):
        path = f"layers[{index}]."
        if not 0.0 < layer.thickness < np.inf:
            raise ValueError(f"{path}thickness: got {layer.thickness:g} um, must be > 0")
        if layer.cells is not None and layer.cells < 1:
            raise ValueError(f"{path}cells: got {layer.cells}, must be >= 1")
        if not layer.smallest > 0.0:
            raise ValueError(f"{path}smallest: got {layer.smallest:g} um, must be > 0")
        _check_sizes(path, layer.largest, layer.growth)


def _check_sizes(path: str, largest: float, growth: float) -> None:
    if not largest > 0.0:
        raise ValueError(f"{path}largest: got {largest:g} um, must be > 0")
    if not 1.0 < growth < np.inf:
        raise ValueError(f"{path}growth: got {growth:g}, must be > 1")


def _check_fine(fine: Sequence[Fine]) -> None:
    for index, (low, high, size) in enumerate(fine):
        if not low <= high:
            raise ValueError(f"fine[{index}]: got {low:g} to {high:g} um, must not be reversed")
        if not size > 0.0:
            raise ValueError(f"fine[{index}].size: got {size:g} um, must be > 0")


# --- the size function --------------------------------------------------------------------------------------


def _chain(layers: Sequence[Grading], fine: Sequence[Fine]) -> _Chain:
    """Nodes at the interfaces and at the ends of fine intervals, with the sizes asked for there."""
    depths = np.cumsum([0.0, *(layer.thickness for layer in layers)])
    ends = np.array([end for entry in fine for end in entry[:2]])
    nodes = np.unique(np.concatenate([depths, ends[(ends > 0.0) & (ends < depths[-1])]]))
    layer_of = np.searchsorted(depths, nodes[:-1], side="right") - 1
    slopes = np.log([layer.growth for layer in layers])[layer_of]
    sizes, caps = np.full(nodes.size, np.inf), np.full(nodes.size - 1, np.inf)
    for low, high, size in fine:
        at_most = size if high > low else size * _first(slopes.max())
        within = (nodes >= low) & (nodes <= high)
        sizes[within] = np.minimum(sizes[within], at_most)
        between = (nodes[:-1] >= low) & (nodes[1:] <= high)
        caps[between] = np.minimum(caps[between], size)
    caps = np.minimum(caps, np.array([layer.largest for layer in layers])[layer_of])
    return _Chain(nodes, sizes, caps, slopes, np.searchsorted(nodes, depths))


def _add_outside(chain: _Chain, fine: Sequence[Fine]) -> None:
    """Lower the sizes at both ends to what intervals outside of them ask for."""
    for node in (0, -1):
        for low, high, size in fine:
            distance = max(low - chain.nodes[node], chain.nodes[node] - high, 0.0)
            chain.sizes[node] = min(chain.sizes[node], size + chain.slopes[node] * distance)


def _first(slope: float) -> float:
    """S at a point relative to the cell that begins there, whose size is the integral of S over one step."""
    return float(slope / np.expm1(slope))


def _graded(chain: _Chain, cells: Sequence[int | None]) -> Array:
    """Edges, with a whole number of cells in every layer and sizes that agree at the interfaces."""
    for _ in range(PASSES):
        _limit_slopes(chain)
        largest = np.array([_fitted(chain, index, count) for index, count in enumerate(cells)])
        # a layer whose cells had to shrink to fill it passes that on to its neighbours
        allowed = np.minimum(np.append(np.inf, largest), np.append(largest, np.inf))
        before = chain.sizes[chain.interfaces]
        chain.sizes[chain.interfaces] = np.minimum(before, allowed)
        if (chain.sizes[chain.interfaces] >= before * (1.0 - ROUND_OFF)).all():
            break
    else:
        raise ValueError("layers: no grading within the growth was found, raise the growth of some layer")
    parts = [_edges(chain, index, size) for index, size in enumerate(largest)]
    return np.concatenate([parts[0][:1], *(part[1:] for part in parts)])


def _limit_slopes(chain: _Chain) -> None:
    """Lower the sizes at the nodes to what can be reached from every other node."""
    sizes = chain.sizes
    sizes[:-1] = np.minimum(sizes[:-1], chain.caps)
    sizes[1:] = np.minimum(sizes[1:], chain.caps)
    rise = chain.slopes * np.diff(chain.nodes)
    for j in range(rise.size):
        sizes[j + 1] = min(sizes[j + 1], sizes[j] + rise[j])
    for j in reversed(range(rise.size)):
        sizes[j] = min(sizes[j], sizes[j + 1] + rise[j])


def _fitted(chain: _Chain, index: int, cells: int | None) -> float:
    """The largest size with which layer `index` has a whole number of cells (that of `cells`, if given)."""
    top, base = chain.nodes[chain.interfaces[index : index + 2]]
    high = base - top
    least = max(1, int(np.ceil(_numbers(*_profile(chain, index, high))[-1] - ROUND_OFF)))
    count = cells or least
    if count < least:
        raise ValueError(f"layers[{index}].cells: got {cells}, must be >= {least} beside small cells, or raise growth")
    low = high / count  # N(low) >= count >= N(high)
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        too_many = _numbers(*_profile(chain, index, middle))[-1] > count
        low, high = (middle, high) if too_many else (low, middle)
    return high


def _profile(chain: _Chain, index: int, largest: float) -> tuple[Array, Array]:
    """Depths and sizes of the corners of S in one layer.

    Between two nodes S rises from one and falls to the other with the same slope, to the peak where both meet
    or to the cap if that is lower.
    """
    first, last = chain.interfaces[index : index + 2]
    nodes, slope = chain.nodes[first : last + 1], chain.slopes[first:last]
    sizes = np.minimum(chain.sizes[first : last + 1], largest)
    cap = np.minimum(chain.caps[first:last], largest)
    peak = np.minimum(0.5 * (sizes[:-1] + sizes[1:] + slope * np.diff(nodes)), cap)
    rising = nodes[:-1] + np.maximum(peak - sizes[:-1], 0.0) / slope
    falling = nodes[1:] - np.maximum(peak - sizes[1:], 0.0) / slope
    z = np.append(np.stack([nodes[:-1], rising, np.maximum(rising, falling)], axis=1).ravel(), nodes[-1])
    return z, np.append(np.stack([sizes[:-1], peak, peak], axis=1).ravel(), sizes[-1])


def _numbers(z: Array, sizes: Array) -> Array:
    """N at the corners of S: over one piece, dz ln(S1 / S0) / (S1 - S0)."""
    change = np.diff(sizes) / sizes[:-1]
    small = np.abs(change) < 1e-12
    steps = np.diff(z) / sizes[:-1] * np.where(small, 1.0, np.log1p(change) / np.where(small, 1.0, change))
    return np.concatenate([[0.0], np.cumsum(steps)])


def _edges(chain: _Chain, index: int, largest: float) -> Array:
    """Edges of one layer: the depths where N is a whole number, by the inverse of N."""
    z, sizes = _profile(chain, index, largest)
    numbers = _numbers(z, sizes)
    count = max(1, round(numbers[-1]))
    wanted = np.arange(1, count) * (numbers[-1] / count)
    piece = np.clip(np.searchsorted(numbers, wanted, side="right") - 1, 0, z.size - 2)
    length, change = np.diff(z)[piece], np.diff(sizes)[piece]
    slope = np.divide(change, length, out=np.zeros_like(length), where=length > 0.0)
    steps = wanted - numbers[piece]
    flat = np.abs(slope * steps) < 1e-12
    grown = np.where(flat, steps, np.expm1(slope * steps) / np.where(flat, 1.0, slope))
    return np.concatenate([z[:1], z[piece] + sizes[piece] * grown, z[-1:]])
