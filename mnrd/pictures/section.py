"""Plane sections of a snapshot, x-z or x-y, and their values at any place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnrd.pictures.cut import Cut
from mnrd.results.snapshot import Snapshot

Array = NDArray[np.float64]
Along = tuple[NDArray[np.intp], NDArray[np.intp], Array]
"""Of places along an axis: the cells on both sides of each and the share of the second."""


@dataclass(frozen=True)
class Section:
    """What is seen in a plane.

    Parameters
    ----------
    u, v : array
        Edges of the cells, um: u is x; v is the depth in a section x-z and y in a section x-y.
    at : float
        um; y of a section x-z, depth of a section x-y.
    values : (v.size + 1, u.size + 1) array
        Of the quantity, at the places of `across` and `down`.
    material : (v.size - 1, u.size - 1) int array
        Number of the material of each cell.
    channel : (v.size - 1, u.size - 1) array
        Share of each cell that is channel.
    """

    u: Array
    v: Array
    at: float
    values: Array
    material: NDArray[np.uint8]
    channel: Array

    @property
    def across(self) -> Array:
        """Places of the columns of `values`, um: a side, the middles of the cells, the other side."""
        return _places(self.u)

    @property
    def down(self) -> Array:
        """Places of the rows of `values`, um."""
        return _places(self.v)

    def at_places(self, u: Array, v: Array) -> Array:
        """The quantity at all (v, u), linear between the places where it is known."""
        rows = _mixed(self.values, _along(self.down, v), 0)
        return _mixed(rows, _along(self.across, u), 1)


def section_x_z(snapshot: Snapshot, cut: Cut, name: str, depth: float) -> Section:
    """The section through the row of needles that the cut runs along, down to a depth (um).

    Raises
    ------
    RunError
        When the snapshot does not hold the quantity.
    """
    mesh = snapshot.mesh
    v = np.append(mesh.z[mesh.z < depth * (1.0 - 1e-9)], min(depth, mesh.z[-1]))
    low, high, share = (entry[0] for entry in _along(mesh.yc, mesh.y[cut.rows[[cut.row]]]))

    def plane(array: NDArray) -> Array:
        return (1.0 - share) * array[:, low] + share * array[:, high]

    def nearest(array: NDArray) -> NDArray:
        return array[:, low if share < 0.5 else high]

    down, across = (mesh.zc, v), (mesh.xc, mesh.x[cut.columns])
    return _section(snapshot, name, (cut.x, v), float(cut.y[cut.row]), (plane, nearest), down, across)


def section_x_y(snapshot: Snapshot, cut: Cut, name: str, depth: float) -> Section:
    """The section at a depth (um).

    Raises
    ------
    RunError
        When the snapshot does not hold the quantity.
    """
    mesh = snapshot.mesh
    low, high, share = (entry[0] for entry in _along(mesh.zc, np.array([depth])))
    level = int(np.clip(np.searchsorted(mesh.z, depth, side="right") - 1, 0, mesh.shape[0] - 1))

    def plane(array: NDArray) -> Array:
        return (1.0 - share) * array[low] + share * array[high]

    def nearest(array: NDArray) -> NDArray:
        return array[level]

    down, across = (mesh.yc, mesh.y[cut.rows]), (mesh.xc, mesh.x[cut.columns])
    return _section(snapshot, name, (cut.x, cut.y), depth, (plane, nearest), down, across)


def _section(
    snapshot: Snapshot,
    name: str,
    edges: tuple[Array, Array],
    at: float,
    planes: tuple[Callable[[NDArray], Array], Callable[[NDArray], NDArray]],
    down: tuple[Array, Array],
    across: tuple[Array, Array],
) -> Section:
    """Sample a plane of the mesh; `down` and `across`: centres of its cells and edges in the mesh of what is shown."""
    plane, nearest = planes
    rows, columns = (_along(centres, _places(shown)) for centres, shown in (down, across))
    material, channel = nearest(snapshot.material), plane(snapshot.channel)
    inner = slice(1, -1)
    cells = tuple(np.where(share < 0.5, low, high)[inner] for low, high, share in (rows, columns))
    return Section(
        *edges, at,
        _mixed(_mixed(plane(snapshot.values(name)), rows, 0), columns, 1),
        material[np.ix_(*cells)], channel[np.ix_(*cells)],
    )  # fmt: skip


def _places(edges: Array) -> Array:
    return np.concatenate((edges[:1], 0.5 * (edges[1:] + edges[:-1]), edges[-1:]))


def _along(known: Array, wanted: Array) -> Along:
    """Where places are among known ones; beyond the ends they are at the end."""
    high = np.clip(np.searchsorted(known, wanted), min(1, known.size - 1), known.size - 1)
    low = np.maximum(high - 1, 0)
    share = (wanted - known[low]) / np.where(high > low, known[high] - known[low], 1.0)
    return low, high, np.clip(share, 0.0, 1.0)


def _mixed(array: NDArray, along: Along, axis: int) -> Array:
    """Values at places along one axis, linear between the cells beside them."""
    low, high, share = along
    weight = share if axis == 1 else share[:, None]
    return (1.0 - weight) * array.take(low, axis) + weight * array.take(high, axis)
