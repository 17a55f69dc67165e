"""The channel: the hole that is left in the skin when a needle has been taken out."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from mnrd.skin.needles import Needle, tip_width
from mnrd.skin.shapes import Body, Shape
from mnrd.units import Angle, Length, Noun

# Steel needles 770 um long and 140 um wide left channels of 71 um diameter (Kalluri et al. 2011); depths of 20 to
# 60 % of the needle length are seen (PERMEATION 1.5).
WIDTH = 0.5  # of the needle's base width
DEPTH = 0.4  # of the needle's length


class Channel(Noun):
    """Geometry of a channel; what is left out follows from the needle that made it."""

    shape: Shape | None = Field(None, description="As for needles. Default: slit if the needle is one, otherwise cone.")
    width: Length | None = Field(
        None, gt=0, description="At the skin surface. Default: half the base width of the needle."
    )
    depth: Length | None = Field(
        None, gt=0, description="Of the lowest point. Default: 40 % of the length of the needle."
    )
    tip: Length | None = Field(
        None, ge=0, description="Width at the lower end. Needed for a truncated cone; default as for needles."
    )
    breadth: Length | None = Field(None, gt=0, description="Long side of a slit. Default: that of the needle.")
    tilt: Angle | None = Field(None, ge=0, lt=90, description="Default: that of the needle, or 0.")
    azimuth: Angle | None = Field(None, description="Default: that of the needle, or 0.")
    rotation: Angle | None = Field(None, description="Default: that of the needle, or 0.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shape in ("cylinder", "cone") and self.tip is not None:
            raise ValueError(f"tip: must be left out for a {self.shape}")
        if self.shape == "truncated cone" and self.tip is None:
            raise ValueError("tip: must be given for a truncated cone")
        return self


def hole(channel: Channel, needle: Needle | None = None) -> Body:
    """The solid that a channel takes out of the skin.

    Parameters
    ----------
    channel : Channel
    needle : Needle, optional
        The needle that made it, for what the channel leaves out.

    Returns
    -------
    Body

    Raises
    ------
    ValueError
        When width or depth are missing and there is no needle, or the sizes do not fit each other.
    """
    width = _or_share(channel.width, "width", WIDTH * needle.width if needle else None)
    depth = _or_share(channel.depth, "depth", DEPTH * needle.length if needle else None)
    shape = channel.shape or ("slit" if needle and needle.shape == "slit" else "cone")
    return Body(
        shape=shape,
        width=width,
        depth=depth,
        tip=tip_width(shape, width, channel.tip),
        breadth=channel.breadth or (needle and needle.breadth) or 0.0,
        tilt=_inherited(channel, needle, "tilt"),
        azimuth=_inherited(channel, needle, "azimuth"),
        rotation=_inherited(channel, needle, "rotation"),
    )


def _or_share(given: float | None, name: str, of_needle: float | None) -> float:
    size = of_needle if given is None else given
    if size is None:
        raise ValueError(f"channel.{name}: must be given where there is no needle")
    return size


def _inherited(channel: Channel, needle: Needle | None, name: str) -> float:
    given = getattr(channel, name)
    if given is not None:
        return float(given)
    return 0.0 if needle is None else float(getattr(needle, name))
