"""Solid shapes below the skin surface: what needles and channels are to the painter.

A body hangs from the origin, where its axis crosses the skin surface, and points down. In its own coordinates
(u, v, w), w along the axis, the section is a disc, square, triangle or rectangle whose width falls linearly
from `width` at w = 0 to `tip` at w = length, where it ends in a flat face.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, inf, pi, radians, sin, sqrt, tan
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array
from mnrd.mesh.sampling import Box, Inside

Shape = Literal["cylinder", "cone", "truncated cone", "square pyramid", "triangular pyramid", "slit"]

ROUND = ("cylinder", "cone", "truncated cone")
SIDES = 64  # of the polygon around a disc, for bounds and overlaps
TIE = 1e-9  # a point on the surface is inside, whatever rounding did to it


@dataclass(frozen=True)
class Body:
    """A tapered solid below the skin surface.

    Parameters
    ----------
    shape : Shape or callable
        One of the names, or a function ``inside(u, v, w) -> bool array`` of arrays of coordinates, um, False
        outside of |u| <= width/2, |v| <= (breadth or width)/2 and w <= length.
    width : float, um
        At the skin surface, across the axis: diameter, side of the square or triangle, thickness of a slit.
    depth : float, um
        Of the centre of the tip below the skin surface.
    tip : float, um
        The width at the lower end.
    breadth : float, um
        Long side of a slit, along v.
    tilt, azimuth : float, degree
        Angle between axis and vertical, and direction in which the tip points, from x towards y.
    rotation : float, degree
        About the axis, from x towards y.

    Raises
    ------
    ValueError
        When a size is out of range, or the tilt is so large that the tip would stick out of the skin.
    """

    shape: Shape | Inside
    width: float
    depth: float
    tip: float = 0.0
    breadth: float = 0.0
    tilt: float = 0.0
    azimuth: float = 0.0
    rotation: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.shape) and self.shape not in get_args(Shape):
            raise ValueError(f"shape: got '{self.shape}', must be a function or one of {', '.join(get_args(Shape))}")
        lengths = ("width", "depth", "breadth") if self.shape == "slit" else ("width", "depth")
        for name in lengths:
            if not 0.0 < getattr(self, name) < inf:
                raise ValueError(f"{name}: got {getattr(self, name):g} um, must be > 0")
        if not 0.0 <= self.tip <= self.width:
            raise ValueError(f"tip: got {self.tip:g} um, must be from 0 to the width, {self.width:g} um")
        if not 0.0 <= self.tilt < 90.0:
            raise ValueError(f"tilt: got {self.tilt:g} degree, must be from 0 to below 90")
        _corners(self)

    @property
    def length(self) -> float:
        """From the skin surface to the tip along the axis, um."""
        return self.depth / cos(radians(self.tilt))


def inside(body: Body, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
    """Whether points, in um from where the axis crosses the skin surface, lie in the body.

    Parameters
    ----------
    body : Body
    x, y, z : array
        Arrays of one shape; z down.

    Returns
    -------
    bool array
        True on the surface of the body.
    """
    u, v, w = (x, y, z) if body.tilt == body.rotation == 0.0 else _own(body, x, y, z)
    if callable(body.shape):
        return np.asarray(body.shape(u, v, w), dtype=bool)
    half = (0.5 + TIE) * (body.width + (body.tip - body.width) / body.length * w)
    above = w <= body.length * (1.0 + TIE)
    if body.shape in ROUND:
        return (u * u + v * v <= half * half) & above
    if body.shape == "square pyramid":
        return (np.abs(u) <= half) & (np.abs(v) <= half) & above
    if body.shape == "slit":
        return (np.abs(u) <= half) & (np.abs(v) <= (0.5 + TIE) * body.breadth) & above
    # inradius of an equilateral triangle of side 2 half; its sides face -x and +-60 degrees from x
    inradius = half / sqrt(3.0)
    return (-u <= inradius) & (0.5 * u + 0.5 * sqrt(3.0) * np.abs(v) <= inradius) & above


def volume(body: Body) -> float:
    """Volume below the skin surface, um^3, exact.

    Raises
    ------
    ValueError
        For a shape that is given as a function.
    """
    if callable(body.shape):
        raise ValueError("volume: not known for a shape given as a function")
    if body.shape in ROUND:
        return _round_volume(body)
    mouth, rim = _corners(body)
    next_mouth, next_rim = np.roll(mouth, -1, axis=0), np.roll(rim, -1, axis=0)
    first_rim = np.broadcast_to(rim[0], rim.shape)
    # divergence theorem over the triangles of the surface; the skin surface holds the origin and adds nothing
    triangles = [(mouth, rim, next_rim), (mouth, next_rim, next_mouth), (first_rim, next_rim, rim)]
    return float(abs(sum(np.linalg.det(np.stack(corners, axis=1)).sum() for corners in triangles)) / 6.0)


@lru_cache(maxsize=64)  # asked for once per needle of an array
def bounds(body: Body) -> Box:
    """Box ((x0, x1), (y0, y1), (0, z1)) around the body, um."""
    corners = np.concatenate(_corners(body))
    low, high = corners.min(axis=0), corners.max(axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1])), (0.0, float(high[2]))


def narrowed(body: Body, radius_scale: float) -> Body:
    """The same body with all widths times `radius_scale`: a channel that is closing. The depth stays.

    Raises
    ------
    ValueError
        When `radius_scale` is not > 0.
    """
    return replace(
        body,
        width=body.width * radius_scale,
        tip=body.tip * radius_scale,
        breadth=body.breadth * radius_scale,
    )


def overlapping(body: Body, x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether the mouths of two equal bodies, one moved by (x, y), share an area.

    Two convex polygons of one form are apart when they are so along the normal of one of their sides.
    """
    mouth = _corners(body)[0][:, :2]
    sides = np.roll(mouth, -1, axis=0) - mouth
    normals = np.stack([sides[:, 1], -sides[:, 0]])
    extent = np.ptp(mouth @ normals, axis=0)
    distance = np.abs(np.multiply.outer(x, normals[0]) + np.multiply.outer(y, normals[1]))
    return (distance < extent * (1.0 - TIE)).all(axis=-1)


def mouth_width(body: Body) -> float:
    """Largest extent of the mouth along x or y, um."""
    return float(np.ptp(_corners(body)[0][:, :2], axis=0).max())


def mirrored_in_both(body: Body) -> bool:
    """Whether the planes x = 0 and y = 0 are mirrors of the body, as a quarter cell wants."""
    if body.tilt != 0.0 or callable(body.shape):
        return False
    if body.shape in ROUND:
        return True
    turn = {"square pyramid": 45.0, "slit": 90.0}.get(body.shape, inf)
    return turn < inf and abs(body.rotation / turn - round(body.rotation / turn)) < TIE


# --- geometry -----------------------------------------------------------------------------------------------


def _turned(angle: float) -> Array:
    """Matrix that turns about z by an angle in degree."""
    c, s = cos(radians(angle)), sin(radians(angle))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _axes(body: Body) -> Array:
    """Matrix whose columns are the directions of u, v and w."""
    c, s = cos(radians(body.tilt)), sin(radians(body.tilt))
    tilted = np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
    return _turned(body.azimuth) @ tilted @ _turned(body.rotation - body.azimuth)


def _own(body: Body, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    u, v, w = _axes(body).T
    return u[0] * x + u[1] * y + u[2] * z, v[0] * x + v[1] * y + v[2] * z, w[0] * x + w[1] * y + w[2] * z


def _outline(body: Body) -> tuple[Array, Array]:
    """Corners of the section: (n, 2) of a section of width 1, and (n, 2) that do not scale with the width."""
    if callable(body.shape) or body.shape == "slit":
        signs = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
        return signs * [0.5, 0.0], signs * [0.0, 0.5 * (body.breadth or body.width)]
    sides = {"square pyramid": 4, "triangular pyramid": 3}.get(body.shape, SIDES)
    angles = 2.0 * pi * (np.arange(sides) + (0.0 if sides == 3 else 0.5)) / sides
    # discs: the polygon around them, of inradius 1/2; otherwise sides of length 1
    radius = 0.5 / cos(pi / SIDES) if sides == SIDES else 0.5 / sin(pi / sides)
    ring = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return ring, np.zeros_like(ring)


def _corners(body: Body) -> tuple[Array, Array]:
    """Corners at the skin surface and at the tip, two arrays (n, 3)."""
    scaling, fixed = _outline(body)
    taper = 0.0 if callable(body.shape) else (body.tip - body.width) / body.length
    axes = _axes(body)
    start = np.column_stack([scaling * body.width + fixed, np.zeros(len(fixed))]) @ axes.T
    step = np.column_stack([scaling * taper, np.ones(len(fixed))]) @ axes.T  # along an edge, per length in w
    rim = start + body.length * step
    if (step[:, 2] <= 0.0).any() or (rim[:, 2] <= 0.0).any():
        raise ValueError(f"tilt: got {body.tilt:g} degree, must be less: the tip would stick out of the skin")
    return start - start[:, 2:] / step[:, 2:] * step, rim


def _round_volume(body: Body) -> float:
    """Cylinder, or cone with apex at length L and slope k cut by the skin surface at the tilt t, less its tip.

    V = pi k^2 L^3 / (3 (1 - k^2 tan^2 t)^(3/2)), from the integral of the rays in the cone.
    """
    slope = 0.5 * (body.width - body.tip) / body.length
    if slope * body.length < 1e-6 * body.width:
        return pi * (0.25 * (body.width + body.tip)) ** 2 * body.length
    flattening = (1.0 - (slope * tan(radians(body.tilt))) ** 2) ** -1.5
    whole, tip = 0.5 * body.width / slope, 0.5 * body.tip / slope
    return pi * slope**2 / 3.0 * (flattening * whole**3 - tip**3)
