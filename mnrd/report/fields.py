"""What the field files of a run give to the page: means over depth at all times, and values on the cut block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mnrd.pictures.surface import interpolated
from mnrd.report.block import Block
from mnrd.results.quantity import CHANNEL, Quantity
from mnrd.results.run import Run
from mnrd.skin.healing.declaration import FIELDS

Array = NDArray[np.float64]
Single = NDArray[np.float32]

MOST_READ = 2e8  # values that are read for one page, which takes a few seconds
MOST_KEPT = 1.2e6  # values on the block that the page holds, 6 MB of text
MOST_TIMES = 24
ACTIVITY = " activity"


@dataclass
class Course:
    """One quantity at all times that are shown.

    Parameters
    ----------
    quantity : Quantity
    profile : list of (nz,) array
        Mean over the skin at each depth.
    block : list of (points,) array
        Values at the points of the block.
    """

    quantity: Quantity
    profile: list[Array] = field(default_factory=list)
    block: list[Single] = field(default_factory=list)


@dataclass(frozen=True)
class Fields:
    """What was read.

    Parameters
    ----------
    times : tuple of float
        s.
    z : array
        Edges of the mesh along the depth, um.
    courses : dict of name to Course
    left_out : str
        What there would have been besides, in words; empty if nothing.
    """

    times: tuple[float, ...]
    z: Array
    courses: dict[str, Course]
    left_out: str


def read_fields(run: Run, block: Block) -> Fields:
    """Read what the page shows, each file and quantity once.

    Parameters
    ----------
    run : Run
        With field files.
    block : Block
        Where values are wanted.
    """
    mesh = run.snapshot().mesh
    times, quantities = _chosen(run, mesh.cells, len(block.points))
    courses = {one.name: Course(one) for one in quantities}
    weights = mesh.area / mesh.footprint
    for time in times:
        snapshot = run.snapshot(time)
        for course in courses.values():
            values = snapshot.values(course.quantity.name)
            course.profile.append(np.einsum("kji,ji->k", values, weights))
            nodes = block.cut.nodes(values, (mesh.z, mesh.y, mesh.x))
            shown = block.cut.behind(nodes)[np.ix_(*block.kept)]
            course.block.append(interpolated(*block.axes, shown, block.points).astype(np.float32))
    return Fields(times, mesh.z, courses, _left_out(run, times, quantities))


def _chosen(run: Run, cells: int, points: int) -> tuple[tuple[float, ...], list[Quantity]]:
    """Times and quantities, as many as may be read and kept; activities go first, then times between."""
    quantities = [one for one in run.quantities.values() if _worth(run, one)]
    times = _spread(run.times, MOST_TIMES)

    def most() -> int:
        return max(1, int(min(MOST_READ / (cells * len(times)), MOST_KEPT / (points * len(times)))))

    if len(quantities) > most():
        quantities = [one for one in quantities if not one.name.endswith(ACTIVITY)]
    while len(quantities) > most() and len(times) > 6:
        times = _spread(times, len(times) - 1)
    default = run.default_quantity
    quantities.sort(key=lambda one: one.name != default.name)
    return times, quantities[: most()]


def _worth(run: Run, quantity: Quantity) -> bool:
    """Whether a quantity is shown; activities of what heals are its concentrations."""
    healing = {} if run.case.healing is None else FIELDS
    base = quantity.name.removesuffix(ACTIVITY)
    return quantity.name != CHANNEL and not (base != quantity.name and base in healing)


def _spread(times: tuple[float, ...], most: int) -> tuple[float, ...]:
    """At most so many of the times, the first and the last among them."""
    if len(times) <= most:
        return times
    return tuple(times[round(index)] for index in np.linspace(0, len(times) - 1, most))


def _left_out(run: Run, times: tuple[float, ...], quantities: list[Quantity]) -> str:
    shown = {one.name for one in quantities}
    lacking = [name for name, one in run.quantities.items() if name not in shown and _worth(run, one)]
    parts = []
    if len(times) < len(run.times):
        parts.append(f"{len(run.times) - len(times)} of {len(run.times)} times")
    if lacking:
        parts.append(", ".join(lacking))
    return "; ".join(parts)
