"""The levels of the multigrid: which columns are joined, and the arrays of each level.

Columns are aggregated in x and y only; z is never coarsened, because the line solve is exact in z. The narrow columns
are joined first, which keeps point-wise lateral smoothing valid on graded meshes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mnrd.backends.base import Array, Backend

Joined = tuple[np.ndarray, np.ndarray]

ALIKE = 1.42
"""Widths within this factor, about sqrt(2), count as equal: else 63 x 65 columns of a square would be joined in y alone
and stay stretched 2 : 1 on every level (12 iterations instead of 9), and graded meshes would have more levels."""


def pair(widths: np.ndarray, target: float) -> np.ndarray:
    """Join neighbours i, i+1 whose mean width is at most the target, or larger by less than a factor `ALIKE`.

    Parameters
    ----------
    widths : (n,) array
        Column widths in one direction.
    target : float
        Width that a coarse column should have at most about.

    Returns
    -------
    (m + 1,) int32 array
        First fine column of each aggregate, and n.
    """
    first, i = [], 0
    while i < len(widths):
        first.append(i)
        i += 2 if i + 1 < len(widths) and widths[i] + widths[i + 1] <= 2 * ALIKE * target else 1
    return np.array([*first, len(widths)], np.int32)


def face_scale(widths: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Distance of the fine columns at each east side of an aggregate, divided by that of the aggregates.

    This ratio makes the summed conductances those of the coarse distance; 0 where only one aggregate is left, which
    then would be its own neighbour; 1 if nothing was joined.
    """
    coarse = np.add.reduceat(widths, first[:-1])
    if len(coarse) == 1:
        return np.zeros(1)
    last = first[1:] - 1
    fine_distance = widths[last] + widths[(last + 1) % len(widths)]
    return fine_distance / (coarse + np.roll(coarse, -1))


@dataclass
class Level:
    """One level: sizes, coefficients and work vectors, all shared by the fields in turn.

    `first_*`, `member_*` and `scale_*` lead to the next level and are None on the last.
    """

    nx: int
    ny: int
    nz: int
    first_x: Array = None
    first_y: Array = None
    member_x: Array = None
    member_y: Array = None
    scale_x: Array = None
    scale_y: Array = None
    coefficients: dict[str, Array] = field(default_factory=dict)
    vectors: dict[str, Array] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int, int]:
        """Sizes in the order of the kernels: nx, ny, nz."""
        return self.nx, self.ny, self.nz

    @property
    def single_column(self) -> bool:
        """Whether the line solve alone is exact."""
        return self.nx == self.ny == 1


def build_levels(backend: Backend, hx: np.ndarray, hy: np.ndarray, nz: int) -> list[Level]:
    """Plan the levels down to one column and allocate their arrays.

    Parameters
    ----------
    backend : Backend
        Where the arrays live.
    hx, hy : arrays
        Column widths, um.
    nz : int
        Cells in z.

    Returns
    -------
    list of Level
        The finest first. The finest has no coefficients of its own: those of a field are put there.
    """
    levels: list[Level] = []
    for widths_x, widths_y, joined in plan(hx, hy):
        level = Level(len(widths_x), len(widths_y), nz)
        _allocate(backend, level, finest=not levels)
        levels.append(level)
        if joined is not None:
            _connect(backend, level, widths_x, widths_y, *joined)
    return levels


def plan(hx: np.ndarray, hy: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, Joined | None]]:
    """For every level, the finest first: widths of its columns, and which are joined on the next (see `pair`).

    Parameters
    ----------
    hx, hy : arrays
        Column widths of the mesh, um.

    Yields
    ------
    (nx,) array, (ny,) array, pair of arrays or None
        None for the last level, of one column.
    """
    target = min(hx.min(), hy.min())
    while len(hx) > 1 or len(hy) > 1:
        first_x, first_y = pair(hx, target), pair(hy, target)
        while len(first_x) - 1 == len(hx) and len(first_y) - 1 == len(hy):
            target *= 2
            first_x, first_y = pair(hx, target), pair(hy, target)
        yield hx, hy, (first_x, first_y)
        hx, hy = np.add.reduceat(hx, first_x[:-1]), np.add.reduceat(hy, first_y[:-1])
        target *= 2
    yield hx, hy, None


def _allocate(backend: Backend, level: Level, finest: bool) -> None:
    shape = (level.nz, level.ny, level.nx)
    names = ("u", "v") if finest else ("rhs", "u", "v")
    level.vectors = {name: backend.zeros(shape) for name in names}
    level.vectors["exchange"] = backend.zeros(2, np.float64)
    level.vectors["planes"] = backend.zeros((2, level.ny), np.float64)
    level.vectors["partial"] = backend.zeros((level.nz, level.ny), np.float64)
    level.vectors |= {side: backend.zeros((1, 1)) for side in ("top", "base") if level.single_column}
    if not finest:
        level.coefficients = {name: backend.zeros(shape) for name in ("capacity", "screening", "tx", "ty", "tz")}
        level.coefficients |= {name: backend.zeros(shape[1:]) for name in ("top", "base")}


def _connect(
    backend: Backend, level: Level, hx: np.ndarray, hy: np.ndarray, first_x: np.ndarray, first_y: np.ndarray
) -> None:
    level.first_x, level.first_y = backend.array(first_x, np.int32), backend.array(first_y, np.int32)
    level.member_x = backend.array(np.repeat(np.arange(len(first_x) - 1), np.diff(first_x)), np.int32)
    level.member_y = backend.array(np.repeat(np.arange(len(first_y) - 1), np.diff(first_y)), np.int32)
    level.scale_x = backend.array(face_scale(hx, first_x), np.float64)
    level.scale_y = backend.array(face_scale(hy, first_y), np.float64)
