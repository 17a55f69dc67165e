"""The healing section of a case: the age of the skin, what injures it and when, and other values of parameters."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from mnrd.skin.channels import Channel
from mnrd.skin.healing.parameters import values
from mnrd.skin.healing.punctures import Puncture
from mnrd.skin.healing.wounds import Wound
from mnrd.skin.needles import Needle, inserted
from mnrd.skin.treatment import Timed
from mnrd.units import Length, Noun, Time

RECOIL = 0.4  # radius of the hole that stays open over that of the needle: 0.05 and 0.125 mm (HEALING 5)


class Session(Timed):
    """A time at which the skin is injured, and its repetitions."""

    at: Time = Field(0.0, ge=0, description="Time of the first one.")
    shift: tuple[Length, Length] | None = Field(
        None,
        description="Move of the needles in x and y from one repetition to the next: anything with periodic sides, "
        "half a pitch in a quarter cell. The same holes if left out.",
    )

    @property
    def moves(self) -> list[tuple[float, tuple[float, float]]]:
        """Every time (s) with the move (um) of the needles since the first one."""
        x, y = self.shift or (0.0, 0.0)
        return [(time, (count * x, count * y)) for count, time in enumerate(self.times)]


class Healing(Noun):
    """The healing response, from the injury to new collagen.

    In a run with actives, the barrier that grows back closes the channels; with [closure] its half-lives do.
    """

    age: float = Field(45.0, ge=0, le=120, description="Age of the skin in years at time 0; it ages during the run.")
    scar: bool = Field(False, description="Whether the dermis is an old scar at time 0.")
    needle_radius: Length | None = Field(
        None,
        ge=0,
        description="How far a needle pushes tissue aside: its radius, which stretches the cells around it. Default: "
        "half the width of the needle.",
    )
    hole_radius: Length | None = Field(
        None,
        gt=0,
        description="Radius of the hole that stays after recoil, where tissue is destroyed and the barrier is gone; "
        "drug goes through the shape in [channel]. Default: half the width of the channel, or 0.4 of needle_radius.",
    )
    depth: Length | None = Field(
        None, gt=0, description="Depth of the injury. Default: that of the needle in the skin, or of the channel."
    )
    wound: Wound | None = Field(None, description="One large wound in place of needles.")
    sessions: tuple[Session, ...] | None = Field(
        None, description="When the skin is injured. Default: once, at time 0; an empty list for never."
    )
    parameters: dict[str, str | float] = Field(
        {},
        description="Values in place of those of the library (`mnrd show` lists all): text with a unit, or a number "
        "where there is none.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        values(self.parameters)
        return self

    @property
    def moves(self) -> list[tuple[float, tuple[float, float]]]:
        """Time (s) of every session, ascending, with the move (um) of the needles from where they stand at first."""
        sessions = (Session(),) if self.sessions is None else self.sessions
        return sorted(move for session in sessions for move in session.moves)

    @property
    def values(self) -> dict[str, float]:
        """All parameters in internal units."""
        return values(self.parameters)

    def puncture(self, needle: Needle | None, channel: Channel | None) -> Puncture:
        """What one needle does to the skin.

        Raises
        ------
        ValueError
            When a size is missing and there is nothing from which it follows.
        """
        radius = self.needle_radius
        if radius is None:
            if needle is None:
                raise ValueError("healing.needle_radius: must be given where there is no [needle]")
            radius = 0.5 * needle.width
        hole = self.hole_radius
        if hole is None:
            hole = RECOIL * radius if channel is None or channel.width is None else 0.5 * channel.width
        if not hole > 0.0:
            raise ValueError("healing.hole_radius: must be given where it follows neither from a channel nor a needle")
        body = None if needle is None else inserted(needle)
        depth = self.depth or (body.depth if body else None if channel is None else channel.depth)
        if depth is None:
            raise ValueError("healing.depth: must be given where there is no [needle] and no channel.depth")
        tilted = body or channel
        return Puncture(radius, hole, depth, (tilted and tilted.tilt) or 0.0, (tilted and tilted.azimuth) or 0.0)

    def hole(self, needle: Needle | None, channel: Channel | None) -> Channel:
        """The hole that is left, as a channel: what the mesh has to resolve where no drug goes through it."""
        made = self.puncture(needle, channel)
        return Channel(
            shape="cylinder", width=2.0 * made.radius, depth=made.depth, tilt=made.tilt, azimuth=made.azimuth
        )
