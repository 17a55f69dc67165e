"""How people want a picture: of what, when, from where, how large, on which scale."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SMALLEST, LARGEST = 200, 8000
"""Least and most pixels of a side: below, no text can be read; above, a mistyped number fills the memory."""
MOST_CELLS = 9
"""Unit cells along a side; more would be too small to be seen."""


class ViewError(ValueError):
    """What is asked of a picture cannot be; one line that says what can."""


@dataclass(frozen=True)
class Camera:
    """Where the viewer stands; the projection is parallel, so one scale bar holds in the whole picture.

    Parameters
    ----------
    azimuth : float
        degree. At 0 the viewer looks along +y, with x to the right; towards 90 he walks to the side of high x.
    elevation : float
        degree above the skin surface.

    Raises
    ------
    ViewError
        When the viewer would not see the cut, or would stand below the skin or on the left of the block.
    """

    azimuth: float = 32.0
    elevation: float = 28.0

    def __post_init__(self) -> None:
        for name, low, high in (("azimuth", 0.0, 80.0), ("elevation", 0.0, 80.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ViewError(f"camera {name}: got {value:g}, must be in {low:g} to {high:g} degree")

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors in (x, y, z): to the right of the picture, up in it, and towards the viewer; z is the depth."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        right = np.array([np.cos(a), np.sin(a), 0.0])
        up = np.array([-np.sin(a) * np.sin(e), np.cos(a) * np.sin(e), -np.cos(e)])
        near = np.array([np.sin(a) * np.cos(e), -np.cos(a) * np.cos(e), -np.sin(e)])
        return right, up, near

    def project(self, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
        """Place in the picture (um, right and up) of points at (x, y) and depth z."""
        right, up, _ = self.axes
        return right[0] * x + right[1] * y, up[0] * x + up[1] * y + up[2] * z


@dataclass(frozen=True)
class View:
    """What people choose about a picture.

    Parameters
    ----------
    quantity : str, optional
        What gives the colours; if not given, what the scene is for.
    time : float, optional
        s, one of the times of the field files; if not given, that which the scene is for.
    before : float, optional
        s, the earlier time of a pair; if not given, the first.
    size : (width, height)
        px.
    camera : Camera
    log : bool
        Logarithmic colour scale.
    limits : (low, high), optional
        Of the colour scale, in the unit of the quantity; if not given, those of what is shown.
    depth : float, optional
        um down to which the skin is shown; if not given, so that the channels fill about half.
    level : float, optional
        um, depth of a horizontal slice; if not given, one third of that of the deepest channel.
    repeat : int
        How many unit cells are shown along x and along y where the mesh is a quarter of one; 1: the surroundings of
        its needle.
    cells : str, optional
        What is shown as a cloud beside isosurfaces; if not given, fibroblasts where the run has them.
    cell_limits : (low, high), optional
        As `limits`, of the cloud.

    Raises
    ------
    ViewError
        For a size that cannot be read or held, limits that do not ascend, or a log scale that begins at 0 or below.
    """

    quantity: str | None = None
    time: float | None = None
    before: float | None = None
    size: tuple[int, int] = (1600, 1200)
    camera: Camera = field(default_factory=Camera)
    log: bool = False
    limits: tuple[float, float] | None = None
    depth: float | None = None
    level: float | None = None
    repeat: int = 1
    cells: str | None = None
    cell_limits: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for side, pixels in zip(("width", "height"), self.size, strict=True):
            if not SMALLEST <= pixels <= LARGEST:
                raise ViewError(f"size: got a {side} of {pixels} px, must be in {SMALLEST} to {LARGEST}")
        if self.limits is not None:
            low, high = self.limits
            if not (np.isfinite([low, high]).all() and low < high):
                raise ViewError(f"limits: got {low:g} to {high:g}, must be two numbers that ascend")
            if self.log and low <= 0.0:
                raise ViewError(f"limits: got {low:g} to {high:g}, must be above 0 on a log scale")
        if not 1 <= self.repeat <= MOST_CELLS:
            raise ViewError(f"repeat: got {self.repeat}, must be in 1 to {MOST_CELLS}")
        if self.depth is not None and not self.depth > 0.0:
            raise ViewError(f"depth: got {self.depth:g} um, must be > 0")
        if self.level is not None and not self.level >= 0.0:
            raise ViewError(f"level: got {self.level:g} um, must be >= 0")
