"""The mesh: rectilinear cells, graded in x, y and z, with z pointing down from the skin surface."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Rectilinear mesh of cells hx[i] x hy[j] x hz[k]; arrays on it are (nz, ny, nx), x fastest.

    Parameters
    ----------
    x, y : (nx + 1,), (ny + 1,) array, um
        Edges, strictly ascending.
    z : (nz + 1,) array, um
        Edges, strictly ascending and downwards; z[0] = 0 is the skin surface.
    periodic : tuple of two bool
        Whether x and y are periodic; otherwise their sides are mirrors (no flux).

    Raises
    ------
    ValueError
        When an axis is not a finite, strictly ascending row of at least two edges, or z does not begin at 0.
    """

    x: Array
    y: Array
    z: Array
    periodic: tuple[bool, bool] = (False, False)

    def __post_init__(self) -> None:
        for axis in "xyz":
            object.__setattr__(self, axis, _checked_edges(axis, getattr(self, axis)))
        if self.z[0] != 0.0:
            raise ValueError(f"mesh.z[0]: got {self.z[0]:g} um, must be 0 (the skin surface)")
        if len(self.periodic) != 2:
            raise ValueError(f"mesh.periodic: got {self.periodic!r}, must be two booleans (x, y)")
        object.__setattr__(self, "periodic", (bool(self.periodic[0]), bool(self.periodic[1])))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells along (z, y, x)."""
        return self.z.size - 1, self.y.size - 1, self.x.size - 1

    @property
    def cells(self) -> int:
        """Number of cells."""
        nz, ny, nx = self.shape
        return nz * ny * nx

    @cached_property
    def hx(self) -> Array:
        """Cell widths in x, (nx,), um."""
        return np.diff(self.x)

    @cached_property
    def hy(self) -> Array:
        """Cell widths in y, (ny,), um."""
        return np.diff(self.y)

    @cached_property
    def hz(self) -> Array:
        """Cell heights in z, (nz,), um."""
        return np.diff(self.z)

    @cached_property
    def xc(self) -> Array:
        """Cell centres in x, (nx,), um."""
        return 0.5 * (self.x[1:] + self.x[:-1])

    @cached_property
    def yc(self) -> Array:
        """Cell centres in y, (ny,), um."""
        return 0.5 * (self.y[1:] + self.y[:-1])

    @cached_property
    def zc(self) -> Array:
        """Cell centres in z, (nz,), um."""
        return 0.5 * (self.z[1:] + self.z[:-1])

    @cached_property
    def area(self) -> Array:
        """Areas of the top faces, (ny, nx), um^2."""
        return self.hy[:, None] * self.hx

    @property
    def volume(self) -> Array:
        """Cell volumes, (nz, ny, nx), um^3; made anew at each call, because it is as large as a field."""
        return self.hz[:, None, None] * self.area

    @property
    def footprint(self) -> float:
        """Area of the skin surface in the mesh, um^2."""
        return float((self.x[-1] - self.x[0]) * (self.y[-1] - self.y[0]))


def _checked_edges(axis: str, edges: object) -> Array:
    """The edges as a read-only float64 array, or ValueError naming axis and index."""
    row = np.array(edges, dtype=np.float64)
    if row.ndim != 1 or row.size < 2:
        raise ValueError(f"mesh.{axis}: got shape {row.shape}, must be a row of at least 2 edges")
    if not np.isfinite(row).all():
        index = int(np.argmin(np.isfinite(row)))
        raise ValueError(f"mesh.{axis}[{index}]: got {row[index]}, must be finite")
    if not (np.diff(row) > 0.0).all():
        index = int(np.argmin(np.diff(row) > 0.0)) + 1
        raise ValueError(
            f"mesh.{axis}[{index}]: got {row[index]:g} um after {row[index - 1]:g} um, edges must be strictly ascending"
        )
    row.flags.writeable = False
    return row
