"""The graded rectilinear mesh for what comes from elsewhere: fine at interfaces, across them, and coarse elsewhere.

At an interface the cells across it are wanted h wide, the thickness of the thinner of its two materials over `FLAT` or
`CURVED`. Where the interface faces a direction n, that is a width of h/|n_d| along axis d. What lies flat across an
axis gets an edge exactly there, so that flat layers have no cells of two materials.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import inf
from typing import NamedTuple

import numpy as np

from mnrd.foreign.facets import BINS, Facets
from mnrd.foreign.reading import ForeignError
from mnrd.foreign.source import Array
from mnrd.mesh.grading import Fine, Grading, graded_layers
from mnrd.mesh.rectilinear import Mesh

FLAT, CURVED = 16, 8  # cells through the thickness of a material at interfaces that lie flat across an axis, and others
COARSE = 10  # cells along each axis at least, unless a largest size is given
COARSEST = 1e3  # factor of sizes at which nothing is left but the edges at flat interfaces
PLANE = 0.3  # of the area of an interface across an axis: so much in one plane makes an edge of the mesh there
FAINT = 0.01  # of the largest area: less in one place is noise of an image, or the point of a tip
RAISE = 1.1


class Sizes(NamedTuple):
    """What is asked of the cells.

    Parameters
    ----------
    smallest, largest : float, um
    growth : float
        Largest ratio of neighbouring cells.
    cells : int
        At most; where the sizes give more they are all raised by one factor.
    """

    smallest: float = 0.0
    largest: float = inf
    growth: float = 1.3
    cells: int = 1_000_000


def grid(facets: Facets, sizes: Sizes, finest: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> tuple[Mesh, float]:
    """The mesh, and the factor by which sizes had to be raised to stay below the number of cells.

    Parameters
    ----------
    facets : Facets
    sizes : Sizes
    finest : (float, float, float), um
        Smallest size along x, y and depth that makes sense, such as that of a voxel.

    Raises
    ------
    ForeignError
        When the interfaces alone make more cells than there may be.
    """
    factor = 1.0
    while True:
        x, y, z = (_edges(facets, axis, sizes, finest[axis], factor) for axis in range(3))
        mesh = Mesh(x, y, z)
        if mesh.cells <= sizes.cells:
            return mesh, factor
        if factor > COARSEST:
            raise ForeignError(
                f"--cells: got {sizes.cells}, must be >= {mesh.cells} for edges at flat interfaces; or raise --growth"
            )
        factor *= max(RAISE, (mesh.cells / sizes.cells) ** 0.25)


def _edges(facets: Facets, axis: int, sizes: Sizes, finest: float, factor: float) -> Array:
    """Edges along one axis."""
    extent = facets.extent[axis]
    asked = extent / COARSE if sizes.largest == inf else sizes.largest
    largest = max(min(asked * factor, extent), finest)
    least = min(max(sizes.smallest, finest), largest)
    across = _thinner(facets) * factor
    planes = _planes(facets, axis, extent, max(least, extent * 1e-6))
    fine = [Fine(place, place, float(np.clip(across[pair] / FLAT, least, largest))) for pair, place in planes]
    fine += _curved(facets, axis, across / CURVED, (least, largest))
    inner = sorted({place for _, place in planes if 0.0 < place < extent})
    ends = [0.0, *inner, extent]
    layers = [Grading(base - top, largest=largest, growth=sizes.growth) for top, base in pairwise(ends)]
    edges = graded_layers(layers, fine)
    edges[np.searchsorted(edges, np.array(ends) - 1e-9 * extent)] = ends  # sums of thicknesses are rounded
    return edges


def _thinner(facets: Facets) -> Array:
    """Thickness of the thinner of the two materials at every interface, um."""
    thickness = np.append(facets.thickness, inf)  # the last is that of nothing, index -1
    return np.asarray(thickness[facets.pairs].min(axis=1))


def _planes(facets: Facets, axis: int, extent: float, apart: float) -> list[tuple[int, float]]:
    """Pair and place of what lies flat across an axis; of two that are too near to each other the larger one."""
    total = facets.areas[:, axis].sum(axis=1)[:, axis]
    found: list[tuple[int, float]] = []
    for pair, along, place, area in sorted(facets.planes, key=lambda plane: -plane[3]):
        if along != axis or area < PLANE * total[pair]:
            continue
        if abs(place - extent) < apart:
            place = extent
        if all(abs(place - other) >= apart for _, other in found) and (place == 0.0 or place >= apart):
            found.append((pair, place))
    return found


def _curved(facets: Facets, axis: int, across: Array, limits: tuple[float, float]) -> Iterator[Fine]:
    """Intervals with the sizes that interfaces ask for there, but for what lies flat across the axis."""
    areas = facets.areas[:, axis].copy()
    width = facets.extent[axis] / BINS
    for pair, along, place, area in facets.planes:
        if along == axis:
            part = min(int(place / width), BINS - 1)
            areas[pair, part, axis] = max(areas[pair, part, axis] - area, 0.0)
    total = np.linalg.norm(areas, axis=2)
    facing = np.divide(areas[:, :, axis], total, out=np.zeros_like(total), where=total > 0.0)
    facing[total < FAINT * total.max(axis=1, initial=0.0)[:, None]] = 0.0
    least, largest = limits
    wanted = np.divide(across[:, None], facing, out=np.full_like(facing, inf), where=facing > 0.0).min(axis=0)
    wanted = np.clip(wanted, least, largest)
    begin = 0
    for part in range(1, BINS + 1):  # parts of about one size are one interval
        if part == BINS or not 0.9 < wanted[part] / wanted[begin] < 1.1:
            if wanted[begin] < largest:
                yield Fine(begin * width, part * width, float(wanted[begin:part].min()))
            begin = part
