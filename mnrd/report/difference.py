"""The fields of two runs and their difference on one mesh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.overlap import common_mesh, sampled
from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.report.comparison import Comparison
from mnrd.results.quantity import GAIN, Quantity
from mnrd.results.run import Run
from mnrd.results.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Field:
    """What pictures ask of a snapshot, on the mesh of a comparison and for one quantity.

    Parameters
    ----------
    mesh : Mesh
    materials : tuple of str
    material : (nz, ny, nx) array
        Number of the material at the middle of each cell.
    channel : (nz, ny, nx) array
        Share of each cell that is channel.
    given : (nz, ny, nx) array
        The quantity.
    """

    mesh: Mesh
    materials: tuple[str, ...]
    material: NDArray[np.uint8]
    channel: NDArray[np.float32]
    given: Array

    def values(self, name: str) -> NDArray[np.float32]:
        """The quantity, whatever the name."""
        return np.asarray(self.given, np.float32)


@dataclass(frozen=True)
class Pair:
    """One quantity of two runs at one time, and what the second has more.

    Parameters
    ----------
    quantity : Quantity
    time : float
        s.
    first, second, more : Field
        All on one mesh; layers and channels of `more` are those of the second run.
    same_mesh : bool
        Whether both runs have that mesh, so that nothing was sampled.
    """

    quantity: Quantity
    time: float
    first: Field
    second: Field
    more: Field
    same_mesh: bool

    @property
    def largest(self) -> float:
        """The largest difference, whatever its sign."""
        return float(np.abs(self.more.given).max())


def pair_of(first: Run, second: Run, name: str, time: float) -> Pair:
    """One quantity of two runs at one time, on the mesh that both have in common.

    Raises
    ------
    RunError
        When one of the runs lacks the quantity or the time.
    ValueError
        When the meshes have no volume in common.
    """
    snapshots = [run.snapshot(time) for run in (first, second)]
    meshes = [snapshot.mesh for snapshot in snapshots]
    onto = common_mesh(meshes)
    one, other = (_field(snapshot, name, onto) for snapshot in snapshots)
    same = all(np.array_equal(getattr(mesh, axis), getattr(onto, axis)) for mesh in meshes for axis in "xyz")
    return Pair(first.quantity(name), time, one, other, replace(other, given=other.given - one.given), same)


def pairs(found: Comparison, quantities: Sequence[str] = (), times: Sequence[float] = ()) -> Iterator[Pair]:
    """What is drawn of two runs.

    Parameters
    ----------
    found : Comparison
        Of two runs.
    quantities : sequence of str
        If none is given, the one that overview.png of the first run shows, and the gain of collagen.
    times : sequence of float
        s; if none is given, three of the common ones: when the two differ most, one amid, and the last.

    Raises
    ------
    RunError
        When a run lacks a quantity or a time.
    """
    first, second = found.runs
    for name in [first.quantity(name).name for name in quantities] or _telling(found):
        for time in times or _telling_times(found, name):
            yield pair_of(first, second, name, time)


def hindrance(found: Comparison) -> str:
    """Why there are no pictures of the difference of two runs; empty when there are."""
    if not found.quantities:
        return "one of them holds no fields, or they hold none of the same name"
    if not any(time > 0.0 for time in found.times):
        return "they hold no fields of the same time"
    if len({run.mirrored for run in found.runs}) > 1:
        return "one mesh is a quarter of a cell with its needle at the corner and another is not, they do not lie alike"
    if len({run.case.surface for run in found.runs}) > 1:
        return "the vehicle is meshed in one of them alone, or is thicker there, so the skin begins at another depth"
    meshes = [run.snapshot(found.times[-1]).mesh for run in found.runs]
    try:
        common_mesh(meshes)
    except ValueError as error:
        return str(error)
    return ""


def _telling(found: Comparison) -> list[str]:
    """What overview.png of the first run shows and the gain of collagen, as far as all runs have them."""
    wanted = [name for name in (found.runs[0].default_quantity.name, GAIN) if name in found.quantities]
    return list(dict.fromkeys(wanted or found.quantities[:1]))


def _telling_times(found: Comparison, name: str) -> list[float]:
    """When the two runs differ most, the common time in the middle of their row, and the last."""
    times = [time for time in found.times if time > 0.0]
    first, second = found.runs
    most = max(times, key=lambda time: pair_of(first, second, name, time).largest)
    return sorted({most, times[len(times) // 2], times[-1]})


def _field(snapshot: Snapshot, name: str, onto: Mesh) -> Field:
    mesh = snapshot.mesh
    cells = [_cells(getattr(mesh, axis), getattr(onto, f"{axis}c")) for axis in "zyx"]
    channel = np.asarray(sampled(snapshot.channel, mesh, onto), np.float32)
    values = sampled(snapshot.values(name), mesh, onto, lines=True)
    return Field(onto, snapshot.materials, snapshot.material[np.ix_(*cells)], channel, values)


def _cells(edges: Array, places: Array) -> NDArray[np.intp]:
    """Numbers of the cells in which places lie."""
    return np.clip(np.searchsorted(edges, places, side="right") - 1, 0, edges.size - 2)
