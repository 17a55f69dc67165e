"""Punctures: what one needle does to the skin, and where all of them are, images beyond the mesh included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.skin.shapes import TIE


@dataclass(frozen=True)
class Puncture:
    """One needle as the tissue felt it.

    Parameters
    ----------
    stretched : float, um
        Radius of the needle: how far tissue was pushed aside. 0 for no stretch.
    radius : float, um
        Of the hole that stays open after recoil.
    depth : float, um
        Of the tip below the skin surface.
    tilt, azimuth : float, degree
        Angle between axis and vertical, and direction in which the tip points, from x towards y.

    Raises
    ------
    ValueError
        When a number is out of range.
    """

    stretched: float
    radius: float
    depth: float
    tilt: float = 0.0
    azimuth: float = 0.0

    def __post_init__(self) -> None:
        for name in ("radius", "depth"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ValueError(f"{name}: got {getattr(self, name):g} um, must be > 0")
        if not 0.0 <= self.stretched < np.inf:
            raise ValueError(f"stretched: got {self.stretched:g} um, must be >= 0")
        if not 0.0 <= self.tilt < 90.0:
            raise ValueError(f"tilt: got {self.tilt:g} degree, must be from 0 to below 90")


class Sites(NamedTuple):
    """Where punctures are.

    Parameters
    ----------
    places : (n, 4) array
        x and y of the entry, um, and the signs of x and y in the image: -1 where a mirror turned it over.
    density : float, 1/um^2
        Punctures per area of the endless array.
    """

    places: Array
    density: float


def sites(mesh: Mesh, positions: Sequence[tuple[float, float]], reach: float) -> Sites:
    """All punctures that are within reach of the mesh: the given ones, their periodic images and their mirror images.

    Parameters
    ----------
    mesh : Mesh
    positions : sequence of (float, float), um
        Between mirror sides; one on such a side is its own image.
    reach : float, um

    Raises
    ------
    ValueError
        For a position beyond a mirror side.
    """
    edges = (mesh.x, mesh.y)
    periods = [(row[-1] - row[0]) * (1.0 if wraps else 2.0) for row, wraps in zip(edges, mesh.periodic, strict=True)]
    found: dict[tuple[int, int], tuple[float, ...]] = {}
    for index, position in enumerate(positions):
        both = [_in_period(mesh, axis, place, f"positions[{index}]") for axis, place in enumerate(position)]
        for (x, right), (y, back) in product(*both):
            found.setdefault((_phase(x, periods[0]), _phase(y, periods[1])), (x, y, right, back))
    cell = np.array(list(found.values())).reshape(-1, 4)
    shifts = [_shifts(row, period, reach) for row, period in zip(edges, periods, strict=True)]
    moves = np.array([(x, y, 0.0, 0.0) for x, y in product(*shifts)])
    places = (cell + moves[:, None]).reshape(-1, 4)
    near = within(places, reach, (mesh.x[[0, -1]], mesh.y[[0, -1]]))
    return Sites(places[near], len(cell) / (periods[0] * periods[1]))


def within(places: Array, reach: float, box: tuple[Array, Array]) -> NDArray[np.bool_]:
    """Which places are within reach of a rectangle, given as its lower and upper bound in x and in y."""
    apart = [
        np.maximum(np.maximum(low - places[:, axis], places[:, axis] - high), 0.0)
        for axis, (low, high) in enumerate(box)
    ]
    return np.asarray(np.hypot(*apart) <= reach)


def _in_period(mesh: Mesh, axis: int, place: float, name: str) -> list[tuple[float, float]]:
    """Coordinates along one axis of a place and its image in one period, each with its sign."""
    low, high = (float(end) for end in (mesh.x, mesh.y)[axis][[0, -1]])
    if mesh.periodic[axis]:
        return [(low + (place - low) % (high - low), 1.0)]
    slack = TIE * (high - low)
    if not low - slack <= place <= high + slack:
        raise ValueError(f"{name}: got {'xy'[axis]} = {place:g} um, must be from {low:g} to {high:g} um")
    return [(float(place), 1.0), (2.0 * low - place, -1.0)]


def _phase(place: float, period: float) -> int:
    """Place within the period, in steps of rounding errors."""
    steps = round(1.0 / TIE)
    return round(place / period * steps) % steps


def _shifts(row: Array, period: float, reach: float) -> Array:
    """Multiples of the period that bring a place from one period before the mesh to one after it within reach."""
    count = ceil((reach + row[-1] - row[0]) / period) + 1
    return period * np.arange(-count, count + 1)
