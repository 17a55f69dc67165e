"""What pierced the skin and where, in the numbers that a drawing needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, inf, radians, sin

import numpy as np
from numpy.typing import NDArray

from mnrd.case import Case
from mnrd.skin.channels import Channel, hole
from mnrd.skin.layout import Layout
from mnrd.skin.needles import inserted
from mnrd.skin.shapes import Body

Array = NDArray[np.float64]
ACROSS = 3.2  # nearest distances that a drawing of an endless array shows


@dataclass(frozen=True)
class Device:
    """Needles and holes, and their places.

    Parameters
    ----------
    needle : Body or None
        The part of a needle that is in the skin.
    above : float
        Length of the needle over the skin, um, along its axis.
    hole : Body or None
        What is left open when it is gone.
    layout : Layout
    mirrored : bool
        Whether the layout goes on by mirror images, and is not a patch of its own.
    endless : bool
        Whether it goes on for ever.
    """

    needle: Body | None
    above: float
    hole: Body | None
    layout: Layout
    mirrored: bool
    endless: bool

    @property
    def deepest(self) -> float:
        """Depth of the deepest tip, um."""
        return max((body.depth for body in (self.needle, self.hole) if body is not None), default=0.0)

    def points(self) -> Array:
        """Places of needles in the drawn window around the origin or over the patch, (n, 2), um."""
        positions = np.array(self.layout.positions)
        if not self.endless:
            return positions
        period = np.array(self.layout.extent)
        if self.mirrored:
            signs = [(i, j) for i in (1.0, -1.0) for j in (1.0, -1.0)]
            positions, period = np.concatenate([positions * sign for sign in signs]), 2.0 * period
        shifts = [(i, j) for i in range(-4, 5) for j in range(-4, 5)]
        tiled = np.concatenate([positions + np.array(shift) * period for shift in shifts])
        return np.unique(tiled.round(3), axis=0)

    def distance(self) -> float:
        """Distance of nearest neighbours, um; inf for one needle."""
        points = self.points()
        origin = np.array(self.layout.positions[0])
        away = np.hypot(*(points - origin).T)
        return float(away.min(where=away > 1.0, initial=inf))


def device_of(case: Case) -> Device | None:
    """The device of a case; None for intact skin and large wounds."""
    wounded = case.healing is not None and case.healing.wound is not None
    if case.skin is None or case.array is None or wounded:
        return None
    needle = None if case.needle is None else inserted(case.needle)
    above = 0.0 if case.needle is None or needle is None else max(case.needle.length - needle.length, 0.0)
    dissolving = case.stay is not None and case.stay.material == "dissolving"
    layout = case.scenario().scene().cell
    quarter = case.array.cell == "quarter"
    return Device(needle, above, needle if dissolving else _hole(case), layout, quarter, case.array.cell != "patch")


def _hole(case: Case) -> Body | None:
    """The channel for drugs; for healing alone the hole that stays open after the needle."""
    if case.actives or case.healing is None:
        return hole(case.channel or Channel(), case.needle)
    return hole(case.healing.hole(case.needle, case.channel))


def outline(body: Body, above: float = 0.0) -> Array:
    """Corners of a body seen from the front, (4, 2): across and depth, um; with the part over the skin."""
    tilt = radians(body.tilt)
    along = np.array([sin(tilt) * cos(radians(body.azimuth)), cos(tilt)])
    aside = np.array([along[1], -along[0]])
    slope = (body.width - body.tip) / body.length
    ends = ((-above, body.width + slope * above), (body.length, body.tip))
    (start, wide), (end, narrow) = ends
    mouth, tip = start * along, end * along
    half = 0.5 * aside
    return np.array([mouth - wide * half, mouth + wide * half, tip + narrow * half, tip - narrow * half])
