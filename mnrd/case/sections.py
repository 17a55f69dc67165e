"""Sections of a case that are about computing, not about skin: the mesh, the run and its output."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mnrd.units import Fraction, Length, Noun, Time

HOUR = 3600.0
REPORTS = 100  # when nothing is said


class MeshSection(Noun):
    """The mesh. With skin, z follows from the layers and x and y from the array; without, size and cells are needed."""

    size: tuple[Length, Length, Length] | None = Field(
        None, description="Extent in x, y and z; without skin, or in x and y of a skin without needles."
    )
    cells: tuple[int, int, int] | None = Field(None, description="Number of cells in x, y and z of a plain box.")
    periodic: tuple[bool, bool] = Field(
        (False, False), description="Periodic sides in x and y of a plain box; mirrors otherwise."
    )
    material: str = Field("box", min_length=1, description="Name of the only material of a plain box.")
    lateral: Length | None = Field(
        None, gt=0, description="Size of the cells at the channels in x and y; an eighth of their width if left out."
    )
    largest: Length | None = Field(None, gt=0, description="Largest cell in x and y; a 16th of the cell if left out.")
    growth: float = Field(1.2, gt=1, le=2, description="Largest ratio of neighbouring cells in x and y.")


class RunSection(Noun):
    """Time, accuracy and where to compute."""

    end: Time = Field(gt=0, description="Time at which the run ends.")
    every: Time | None = Field(
        None, gt=0, description="Interval of the rows in series.csv and layers.csv; a hundredth of the end if left out."
    )
    at: tuple[Time, ...] = Field((), description="Further times of such rows.")
    rtol: Fraction = Field(1e-2, gt=0, le=0.5, description="Relative tolerance of a time step.")
    dt: Time | None = Field(None, gt=0, description="Fixed time step; adaptive if left out.")
    first_step: Time = Field(1.0, gt=0, description="First step, at the start and after each event.")
    dt_max: Time = Field(12 * HOUR, gt=0, description="Longest time step.")
    backend: Literal["auto", "numpy", "native", "cuda"] = Field(
        "auto", description="Where to compute; auto takes the fastest that works here."
    )
    precision: Literal["double", "mixed"] = Field(
        "double", description="mixed: state in double, linear solver in single precision."
    )

    @property
    def report_interval(self) -> float:
        """Interval of the rows in the tables, s."""
        return self.end / REPORTS if self.every is None else self.every


class OutputSection(Noun):
    """What is written besides the tables."""

    fields: tuple[str, ...] | None = Field(None, description="Fields written for ParaView; all if left out.")
    fields_every: Time | None = Field(None, gt=0, description="Interval of the files for ParaView; none if left out.")
    fields_at: tuple[Time, ...] = Field((), description="Further times of files for ParaView.")
    double: bool = Field(False, description="Write double precision; single is enough to look at.")
    compare: Literal["intact"] | None = Field(
        None, description="intact: run intact skin as well, for the enhancement ratios."
    )
    picture: bool = Field(True, description="Draw overview.png at the end.")

    @model_validator(mode="after")
    def _complete(self) -> OutputSection:
        if self.fields == ():
            raise ValueError("fields: got an empty list, leave it out to write all")
        return self
