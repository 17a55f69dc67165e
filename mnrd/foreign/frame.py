"""The axes of a file and those of mnrd: which way is out of the skin, where the surface is, and the unit."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from mnrd.foreign.source import Array

Up = Literal["+x", "-x", "+y", "-y", "+z", "-z"]
UPS: tuple[str, ...] = get_args(Up)


class Frame(NamedTuple):
    """How a place in a file becomes one in mnrd: x and y of mnrd are the axes that follow the one out of the skin.

    With ``+z`` or ``-z`` out of the skin x stays x and y stays y, with ``+x`` or ``-x`` they are y and z of the file,
    with ``+y`` or ``-y`` they are z and x. The depth is counted from the highest place on. Seen from outside of the
    skin, plus and minus of one axis give mirror images of each other, which no law of mnrd tells apart.

    Parameters
    ----------
    up : str
        The axis of the file that points out of the skin.
    scale : float
        um per unit of the file.
    """

    up: str
    scale: float

    @property
    def axes(self) -> tuple[int, int, int]:
        """Axes of the file that become x, y and depth."""
        depth = "xyz".index(self.up[1])
        return (depth + 1) % 3, (depth + 2) % 3, depth

    @property
    def upwards(self) -> bool:
        """Whether the axis of depth points out of the skin in the file."""
        return self.up[0] == "+"

    def placed(self, points: Array) -> Array:
        """Points of the file, (n, 3), as x, y and z of mnrd in um; the lowest is at 0 along each."""
        found = points[:, list(self.axes)] * self.scale
        if self.upwards:
            found[:, 2] *= -1.0
        return np.asarray(found - found.min(axis=0))

    def turned(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """An image of the file, (z, y, x) of the file, as (z, y, x) of mnrd."""
        x, y, depth = (2 - axis for axis in self.axes)
        found = labels.transpose(depth, y, x)
        return np.ascontiguousarray(found[::-1] if self.upwards else found)

    def __str__(self) -> str:
        x, y, _ = ("xyz"[axis] for axis in self.axes)
        down = f"{'-' if self.upwards else '+'}{self.up[1]}"
        return f"x, y and depth are {x}, {y} and {down} of the file"
