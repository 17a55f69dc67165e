"""The needle, and the part of it that is in the skin."""

from __future__ import annotations

from math import cos, radians
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from mnrd.mesh.rectilinear import Array
from mnrd.skin import shapes
from mnrd.skin.shapes import Body, Shape
from mnrd.units import Angle, Length, Noun

INSERTED = 0.77  # of the length: 460 of 600 um in human skin by optical coherence tomography (PERMEATION 1.5)


class Needle(Noun):
    """One microneedle, as it is before insertion."""

    shape: Shape = Field(
        "cone",
        description="Cylinder, cone, truncated cone, pyramid on a square or a regular triangle, slit (blade).",
    )
    length: Length = Field(gt=0, description="From base to tip.")
    width: Length = Field(
        gt=0, description="At the base: diameter, side of the square or triangle, or thickness of the blade."
    )
    tip: Length | None = Field(
        None,
        ge=0,
        description="The same at the tip. Needed for a truncated cone; default 0, for a slit the base width.",
    )
    breadth: Length | None = Field(None, gt=0, description="Long side of a slit.")
    tilt: Angle = Field(0.0, ge=0, lt=90, description="Angle between needle and vertical.")
    azimuth: Angle = Field(0.0, description="Direction in which the tip points when tilted, from x towards y.")
    rotation: Angle = Field(0.0, description="Of a pyramid or slit about its axis. A slit lies along y at 0.")
    depth: Length | None = Field(
        None,
        gt=0,
        description="Depth of the tip in the skin. Default: 0.77 of the length, because skin gives way.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shape in ("cylinder", "cone") and self.tip is not None:
            raise ValueError(f"tip: must be left out for a {self.shape}")
        if self.shape == "truncated cone" and self.tip is None:
            raise ValueError("tip: must be given for a truncated cone")
        if self.shape == "slit" and self.breadth is None:
            raise ValueError("breadth: must be given for a slit")
        if self.shape != "slit" and self.breadth is not None:
            raise ValueError(f"breadth: must be left out for a {self.shape}, it belongs to a slit")
        if self.tip is not None and self.tip > self.width:
            raise ValueError(f"tip: got {self.tip:g} um, must be from 0 to the width, {self.width:g} um")
        highest = self.length * cos(radians(self.tilt))
        if self.depth is not None and self.depth > highest * (1.0 + shapes.TIE):
            raise ValueError(f"depth: got {self.depth:g} um, the needle reaches no deeper than {highest:g} um")
        inserted(self)
        return self


def tip_width(shape: Shape, width: float, tip: float | None) -> float:
    """Width at the tip: what is given, else that of the shape."""
    if tip is not None:
        return tip
    return width if shape in ("cylinder", "slit") else 0.0


def inserted(needle: Needle) -> Body:
    """The part of a needle that is below the skin surface.

    Returns
    -------
    Body
        Narrower at the skin surface than at the base of the needle, which stays outside.
    """
    depth = INSERTED * needle.length * cos(radians(needle.tilt)) if needle.depth is None else needle.depth
    tip = tip_width(needle.shape, needle.width, needle.tip)
    share = min(depth / cos(radians(needle.tilt)) / needle.length, 1.0)
    return Body(
        shape=needle.shape,
        width=tip + (needle.width - tip) * share,
        depth=depth,
        tip=tip,
        breadth=needle.breadth or 0.0,
        tilt=needle.tilt,
        azimuth=needle.azimuth,
        rotation=needle.rotation,
    )


def inside(needle: Needle, x: Array, y: Array, z: Array) -> NDArray[np.bool_]:
    """Whether points, in um from the point of insertion on the skin surface, lie in the needle."""
    return shapes.inside(inserted(needle), x, y, z)


def volume(needle: Needle) -> float:
    """Volume of the needle below the skin surface, um^3, exact."""
    return shapes.volume(inserted(needle))
