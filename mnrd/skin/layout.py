"""Layout: which piece of skin is computed, and where the needles of an array stand in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, sqrt

import numpy as np

from mnrd.skin.arrays import REGULAR, Array
from mnrd.skin.shapes import TIE, Body, bounds, mirrored_in_both, mouth_width, overlapping

ATTEMPTS = 2000  # to place one random needle
APART = 1.25  # least distance of random needles, in widths

Points = list[tuple[float, float]]
Extent = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """The piece of skin that is computed.

    Parameters
    ----------
    extent : (float, float)
        Along x and y, um.
    positions : tuple of (float, float)
        Where needles stand in it or on its sides, um. With periodic sides each needle is listed once; on mirror sides
        every one is listed.
    periodic : (bool, bool)
        Whether the sides in x and in y are periodic; otherwise they are mirrors.
    needles : float
        Number of whole needles in the extent: 1/4 for a quarter cell of a square array.
    """

    extent: Extent
    positions: tuple[tuple[float, float], ...]
    periodic: tuple[bool, bool]
    needles: float

    @property
    def density(self) -> float:
        """Needles per area of skin, 1/um^2."""
        return self.needles / (self.extent[0] * self.extent[1])


def layout(array: Array, body: Body) -> Layout:
    """Place the needles of an array.

    Parameters
    ----------
    array : Array
    body : Body
        What stands at each position: its size decides what overlaps.

    Returns
    -------
    Layout
        No two needles overlap, images in the neighbouring cells included.

    Raises
    ------
    ValueError
        When needles overlap, do not fit, or lie outside.
    """
    pitch = _pitch(array)
    if array.pattern in REGULAR and pitch[0] < body.width:
        raise ValueError(f"pitch: got {pitch[0]:g} um, must be >= {body.width:g} um, the width of a needle")
    if array.cell == "patch":
        extent, points = _patch(array, pitch, body)
        needles = float(len(points))
    else:
        extent, points, needles = _cell(array, pitch)
    sides = array.sides or ("periodic" if array.cell == "full" else "mirror")
    placed = Layout(extent, tuple(points), (sides == "periodic",) * 2, needles)
    _check_mirrors(placed, body)
    _check_apart(placed, body)
    return placed


def images(layout: Layout) -> list[tuple[float, float]]:
    """Positions of the needles and of their periodic images in the cells around; the needles themselves come first."""
    shifts = [(-length, length) if wraps else () for length, wraps in zip(layout.extent, layout.periodic, strict=True)]
    return [
        (x + right, y + back) for right in (0.0, *shifts[0]) for back in (0.0, *shifts[1]) for x, y in layout.positions
    ]


def moved(layout: Layout, move: tuple[float, float]) -> Layout:
    """The layout with all needles moved (um).

    Periodic sides bring back in what would leave. Mirrors turn it back, which is right for a move that takes the array
    to its mirror image, such as by whole sides of a quarter cell.
    """
    positions = [
        tuple(
            _brought_in(place + step, length, wraps)
            for place, step, length, wraps in zip(position, move, layout.extent, layout.periodic, strict=True)
        )
        for position in layout.positions
    ]
    return replace(layout, positions=tuple((x, y) for x, y in positions))


def everywhere(layout: Layout, moves: Sequence[tuple[float, float]]) -> Layout:
    """The layout with the needles where they stand and where they are moved to."""
    places = [layout.positions, *(moved(layout, move).positions for move in moves)]
    return replace(layout, positions=tuple(place for positions in places for place in positions))


def _brought_in(place: float, length: float, wraps: bool) -> float:
    if wraps:
        return place % length
    return length - abs(length - place % (2.0 * length))


def _pitch(array: Array) -> Extent:
    """Periods in x and y; for a hexagonal lattice, of the rectangle p x sqrt(3) p that holds two needles."""
    if array.pattern == "hexagonal":
        pitch = array.pitch or sqrt(2.0 / (sqrt(3.0) * (array.density or np.inf)))
        return pitch, sqrt(3.0) * pitch
    if array.pattern == "lines":
        spacing = array.spacing or np.inf
        return array.pitch or 1.0 / ((array.density or np.inf) * spacing), spacing
    if array.pattern == "square":
        pitch = array.pitch or 1.0 / sqrt(array.density or np.inf)
        return pitch, pitch
    return np.inf, np.inf


def _cell(array: Array, pitch: Extent) -> tuple[Extent, Points, float]:
    """Extent, positions and number of needles of a quarter or full cell."""
    x, y = pitch
    if array.pattern == "hexagonal":
        if array.cell == "quarter":
            return (0.5 * x, 0.5 * y), [(0.0, 0.0), (0.5 * x, 0.5 * y)], 0.5
        corners = [(0.0, 0.0)] if array.sides != "mirror" else [(0.0, 0.0), (x, 0.0), (0.0, y), (x, y)]
        return pitch, [(0.5 * x, 0.5 * y), *corners], 2.0
    if array.cell == "quarter":
        return (0.5 * x, 0.5 * y), [(0.0, 0.0)], 0.25
    return pitch, [(0.5 * x, 0.5 * y)], 1.0


# --- patches --------------------------------------------------------------------------------------------------------


def _patch(array: Array, pitch: Extent, body: Body) -> tuple[Extent, Points]:
    if array.pattern == "random":
        return _random(array, body)
    if array.pattern == "positions":
        return _given(array, body)
    shift = 0.5 * pitch[0] if array.pattern == "hexagonal" else 0.0
    rise = 0.5 * pitch[1] if array.pattern == "hexagonal" else pitch[1]
    # with these margins the density of the patch is that of the endless lattice
    margin = (0.5 * (pitch[0] - shift), 0.5 * rise) if array.margin is None else (array.margin,) * 2
    columns, rows = array.columns, array.rows
    if array.size is not None:
        columns = 1 + floor((array.size[0] - 2.0 * margin[0] - shift) / pitch[0] + TIE)
        rows = 1 + floor((array.size[1] - 2.0 * margin[1]) / rise + TIE)
        if columns < 1 or rows < 1:
            raise ValueError(f"size: got {array.size[0]:g} x {array.size[1]:g} um, too small for one needle")
    columns, rows = columns or 1, rows or 1
    points = [(i * pitch[0] + shift * (j % 2), j * rise) for j in range(rows) for i in range(columns)]
    span = (max(x for x, _ in points), max(y for _, y in points))
    extent = array.size or (span[0] + 2.0 * margin[0], span[1] + 2.0 * margin[1])
    start = (0.5 * (extent[0] - span[0]), 0.5 * (extent[1] - span[1]))
    return extent, [(x + start[0], y + start[1]) for x, y in points]


def _given(array: Array, body: Body) -> tuple[Extent, Points]:
    points = list(array.positions or ())
    if array.size is not None:
        for index, point in enumerate(points):
            if not all(0.0 <= place <= length for place, length in zip(point, array.size, strict=True)):
                raise ValueError(
                    f"positions[{index}]: got ({point[0]:g}, {point[1]:g}) um, must be within the size, "
                    f"{array.size[0]:g} x {array.size[1]:g} um"
                )
        return array.size, points
    margin = 2.0 * mouth_width(body) if array.margin is None else array.margin
    low, high = np.min(points, axis=0) - margin, np.max(points, axis=0) + margin
    moved = [(float(x - low[0]), float(y - low[1])) for x, y in points]
    return (float(high[0] - low[0]), float(high[1] - low[1])), moved


def _random(array: Array, body: Body) -> tuple[Extent, Points]:
    """Needles one after the other at uniformly random places, each not too near to those before (seeded)."""
    size = array.size or (0.0, 0.0)
    count = array.count or max(1, round((array.density or 0.0) * size[0] * size[1]))
    least = array.minimum_distance or APART * mouth_width(body)
    periodic = array.sides == "periodic"
    margin = (0.0 if periodic else 0.5 * least) if array.margin is None else array.margin
    room = np.array(size) - 2.0 * margin
    if (room < 0.0).any():
        raise ValueError(f"size: got {size[0]:g} x {size[1]:g} um, must be >= {2.0 * margin:g} um, twice the margin")
    random = np.random.default_rng(array.seed)
    points = np.empty((0, 2))
    while len(points) < count:
        candidates = margin + room * random.random((ATTEMPTS, 2))
        free = _first_free(candidates, points, least, size if periodic else (np.inf, np.inf))
        if free is None:
            raise ValueError(
                f"minimum_distance: got {least:g} um, room for only {len(points)} of {count} needles was found, "
                "must be less"
            )
        points = np.vstack([points, free])
    return size, [(float(x), float(y)) for x, y in points]


def _first_free(candidates: np.ndarray, points: np.ndarray, least: float, period: Extent) -> np.ndarray | None:
    for candidate in candidates:
        apart = np.abs(points - candidate)
        apart = np.minimum(apart, np.abs(period - apart))
        if (np.hypot(apart[:, 0], apart[:, 1]) >= least).all():
            return candidate
    return None


# --- checks ---------------------------------------------------------------------------------------------------------


def _check_apart(placed: Layout, body: Body) -> None:
    """Raise for two needles, or a needle and a periodic image, whose mouths overlap."""
    everywhere = np.array(images(placed))
    width, count = mouth_width(body), len(placed.positions)
    for index, position in enumerate(placed.positions):
        apart = everywhere[index + 1 :] - position
        near = np.flatnonzero((np.abs(apart) < 1.5 * width).all(axis=1))
        hits = near[overlapping(body, apart[near, 0], apart[near, 1])] if near.size else near
        if hits.size:
            other = index + 1 + int(hits[0])
            name = f"needle {other}" if other < count else f"the periodic image of needle {other % count}"
            raise ValueError(
                f"needle {index} and {name} overlap: they are {np.hypot(*apart[hits[0]]):g} um apart "
                f"and {width:g} um wide"
            )


def _check_mirrors(placed: Layout, body: Body) -> None:
    """Raise for a needle that a mirror side would cut into something else than its half."""
    for index, position in enumerate(placed.positions):
        for axis, (place, length) in enumerate(zip(position, placed.extent, strict=True)):
            if placed.periodic[axis]:
                continue
            low, high = (place + end for end in bounds(body)[axis])
            within = low >= -TIE * length and high <= length * (1.0 + TIE)
            centred = min(place, abs(length - place)) <= TIE * length
            if not within and not centred:
                raise ValueError(
                    f"needle {index} crosses a mirror side at {'xy'[axis]} = {place:g} um: "
                    "widen the margin or choose periodic sides"
                )
            if centred and not mirrored_in_both(body):
                raise ValueError(
                    f"needle {index} stands on a mirror side but is tilted or has no mirror plane there: "
                    "choose unit cell full with periodic sides"
                )
