"""Sections of a case that are about computing, not about skin: the mesh, the run and its output."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mnrd.skin.geometry import Resolution
from mnrd.units import Fraction, Length, Noun, Time

HOUR = 3600.0
REPORTS = 100  # when nothing is said


class MeshSection(Resolution):
    """The mesh. With skin, z follows from the layers, x and y from the array; a plain box needs size and cells."""

    size: tuple[Length, Length, Length] | None = Field(None, description="Extent of a plain box in x, y and z.")
    cells: tuple[int, int, int] | None = Field(None, description="Number of cells of a plain box in x, y and z.")
    periodic: tuple[bool, bool] = Field(
        (False, False), description="Whether the sides of a plain box are periodic in x and y; or mirrors."
    )
    material: str = Field("box", min_length=1, description="Name of the only material of a plain box.")
    extent: tuple[Length, Length] | None = Field(
        None, description="Width and height of a piece of skin without needles; 100 um if left out."
    )

    @model_validator(mode="after")
    def _positive(self) -> MeshSection:
        for key in ("size", "cells", "extent"):
            for index, value in enumerate(getattr(self, key) or ()):
                if not value > 0:
                    raise ValueError(f"{key}[{index}]: got {value:g}, must be > 0")
        return self

    @property
    def resolution(self) -> Resolution:
        """Cell sizes around channels."""
        return Resolution(**{key: getattr(self, key) for key in Resolution.model_fields})


class RunSection(Noun):
    """Time, accuracy and where to compute."""

    end: Time = Field(gt=0, description="Time at which the run ends.")
    every: Time | None = Field(
        None,
        gt=0,
        description="Interval of the rows in series.csv, layers.csv and rings.csv; a hundredth of the end if left out.",
    )
    at: tuple[Time, ...] = Field((), description="Further times of such rows.")
    rtol: Fraction = Field(1e-2, gt=0, le=0.5, description="Relative tolerance of a time step.")
    dt: Time | None = Field(None, gt=0, description="Fixed time step; adaptive if left out.")
    first_step: Time = Field(1.0, gt=0, description="First step, at the start and after each event.")
    dt_max: Time = Field(12 * HOUR, gt=0, description="Longest time step.")
    backend: Literal["auto", "cuda", "native", "numpy"] = Field(
        "auto", description="Where to compute; auto takes the fastest that works here."
    )
    precision: Literal["auto", "double", "mixed"] = Field(
        "auto",
        description="mixed: state in double, solver in single precision; auto: mixed on a GPU, double elsewhere.",
    )

    @property
    def reports(self) -> tuple[float, ...]:
        """Times of the rows in the tables, s."""
        return (*multiples(self.every or self.end / REPORTS, self.end), *self.at)


class OutputSection(Noun):
    """What is written besides the tables."""

    fields: tuple[str, ...] | None = Field(
        None, description="Fields written for ParaView; all if left out, none if empty."
    )
    fields_every: Time | None = Field(
        None, gt=0, description="Interval of the files for ParaView; at the end only if no times are given."
    )
    fields_at: tuple[Time, ...] = Field((), description="Further times of files for ParaView.")
    double: bool = Field(False, description="Write double precision; single is enough to look at.")
    compare: Literal["intact", "synergy"] | None = Field(
        None,
        description="intact: run intact skin as well, for the enhancement ratios; synergy: run needles without "
        "actives, actives without needles, and neither, for what both do beyond the sum.",
    )
    picture: str | None = Field(
        None, description="Field drawn in overview.png; if left out the first, or the gain of collagen without actives."
    )
    picture_at: Time | None = Field(None, gt=0, description="Time of overview.png; the end if left out.")


def multiples(interval: float, end: float) -> tuple[float, ...]:
    """0, interval, 2 interval, ... and the end; counted, not summed."""
    count = int(end / interval * (1.0 + 1e-12))
    return (*(number * interval for number in range(count + 1)), end)
