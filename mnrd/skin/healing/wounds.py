"""Wounds larger than a puncture: punches, incisions and columns, each alone in healthy skin."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from mnrd.mesh.grading import Fine, graded_around
from mnrd.mesh.rectilinear import Mesh
from mnrd.skin.geometry import Resolution
from mnrd.skin.layers import Skin, depth_edges
from mnrd.skin.layout import Layout
from mnrd.skin.scene import Scene
from mnrd.units import Length, Noun

MARGIN = 20.0  # um, size of cells at the edge of a wound: less than half the reach of the damage
CELLS = 10  # across half of a narrow wound
FAR = 5.0  # largest size of cells over the smallest
STRIP = 100.0  # um, length of the piece of an incision that is computed


class Wound(Noun):
    """One wound in the middle of healthy skin, of which one half or, if round, one quarter is computed."""

    kind: Literal["punch", "incision", "column"] = Field(
        description="punch: a cylinder taken out to a depth, also a core; incision: a long slot, also a slit or a "
        "scratch; column: a cylinder through all of the skin."
    )
    width: Length = Field(gt=0, description="Diameter, or width of the slot.")
    depth: Length | None = Field(None, gt=0, description="Of the floor. Left out for a column.")
    healthy: Length = Field(2000.0, gt=0, description="Width of the healthy skin beside it.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind == "column" and self.depth is not None:
            raise ValueError("depth: must be left out for a column, it goes through all of the skin")
        if self.kind != "column" and self.depth is None:
            raise ValueError(f"depth: must be given for kind {self.kind}")
        return self

    @property
    def round(self) -> bool:
        """Whether it is a cylinder about a vertical axis; otherwise it is as long as the skin, along y."""
        return self.kind != "incision"


def wound_scene(skin: Skin, wound: Wound, resolution: Resolution | None = None) -> Scene:
    """The piece of skin around a wound: its axis or mid-plane is at x = 0, a mirror.

    Parameters
    ----------
    skin : Skin
    wound : Wound
    resolution : Resolution, optional
        Default: cells of 20 um at the edge of the wound, or a tenth of its half-width if that is less.

    Returns
    -------
    Scene
        Intact skin on a mesh that is fine at the wall and the floor of the wound; one cell along an incision.

    Raises
    ------
    ValueError
        When the wound is as deep as the skin.
    """
    asked = resolution or Resolution()
    half = 0.5 * wound.width
    smallest = asked.smallest or min(MARGIN, half / CELLS)
    largest = asked.largest or FAR * smallest
    extent = half + wound.healthy
    x = graded_around(extent, [Fine(half, half, smallest)], largest, asked.growth)
    y = x if wound.round else np.array([0.0, STRIP])
    mesh = Mesh(x, y, depth_edges(skin, _floor(skin, wound, asked.tip or smallest)))
    return Scene(skin, Layout((extent, float(y[-1])), (), (False, False), 0.0), mesh)


def _floor(skin: Skin, wound: Wound, size: float) -> tuple[Fine, ...]:
    """Fine cells at the floor of a wound that has one."""
    if wound.depth is None:
        return ()
    if wound.depth >= skin.thickness:
        raise ValueError(
            f"wound.depth: got {wound.depth:g} um, must be < {skin.thickness:g} um, the thickness of the skin "
            "(kind column goes through)"
        )
    return (Fine(wound.depth, wound.depth, size),)
