"""The array: where the needles stand, and the part of it that is computed."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from mnrd.units import Density, Length, Noun

REGULAR = ("square", "hexagonal", "lines")


class Array(Noun):
    """Arrangement of equal needles on the skin."""

    pattern: Literal["square", "hexagonal", "lines", "random", "positions"] = Field(
        "square",
        description="Square or hexagonal lattice; lines with their own spacing along y; random; or given positions.",
    )
    pitch: Length | None = Field(
        None, gt=0, description="Distance of neighbours; of the lines, for lines. Or give the density."
    )
    spacing: Length | None = Field(
        None, gt=0, description="Distance of neighbours in one line, along y. Only for lines."
    )
    density: Density | None = Field(None, gt=0, description="Needles per area of skin, in place of the pitch.")
    unit_cell: Literal["quarter", "full", "patch"] | None = Field(
        None,
        description="quarter: the smallest cell with mirror sides, needles in its corners; full: one period; "
        "patch: all needles. Default: quarter for lattices and lines, otherwise patch.",
    )
    sides: Literal["mirror", "periodic"] | None = Field(
        None, description="Lateral boundaries. Default: periodic for a full cell, otherwise mirror."
    )
    rows: int | None = Field(None, ge=1, description="Needles along y, for a patch of a regular pattern.")
    columns: int | None = Field(None, ge=1, description="Needles along x, for a patch of a regular pattern.")
    size: tuple[Length, Length] | None = Field(
        None,
        description="Width (x) and height (y) of a patch: of a random one, or in place of rows and columns.",
    )
    margin: Length | None = Field(
        None,
        ge=0,
        description="Skin around the outermost needles of a patch. Default: half the pitch; for random needles half "
        "the minimum distance; for given positions twice the width of a needle.",
    )
    count: int | None = Field(None, ge=1, description="Number of random needles, in place of the density.")
    minimum_distance: Length | None = Field(
        None, gt=0, description="Between random needles, centre to centre. Default: 1.25 widths."
    )
    seed: int = Field(0, ge=0, description="Of the random positions.")
    positions: tuple[tuple[Length, Length], ...] | None = Field(
        None, description="x and y of every needle, for pattern positions."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pattern in REGULAR:
            self._check_regular()
        elif self.cell != "patch":
            raise ValueError(f"unit_cell: got {self.unit_cell}, must be patch for pattern {self.pattern}")
        if self.pattern == "random":
            if self.size is None:
                raise ValueError("size: must be given for pattern random")
            if (self.density is None) == (self.count is None):
                raise ValueError("density, count: give one of the two for pattern random")
        if self.pattern == "positions" and not self.positions:
            raise ValueError("positions: got none, give x and y of at least one needle")
        if self.cell == "quarter" and self.sides == "periodic":
            raise ValueError("sides: a quarter cell has mirror sides, must be mirror")
        if self.size is not None and not min(self.size) > 0.0:
            raise ValueError(f"size: got {self.size[0]:g} x {self.size[1]:g} um, both must be > 0")
        self._check_unused()
        return self

    def _check_regular(self) -> None:
        if (self.pitch is None) == (self.density is None):
            raise ValueError("pitch, density: give one of the two")
        if self.pattern == "lines" and self.spacing is None:
            raise ValueError("spacing: must be given for pattern lines")
        counted = self.rows is not None and self.columns is not None
        if self.cell == "patch" and counted == (self.size is not None):
            raise ValueError("rows and columns, size: give one of the two for a patch")

    def _check_unused(self) -> None:
        used = {
            "square": {"pitch", "density", "rows", "columns", "size", "margin"},
            "hexagonal": {"pitch", "density", "rows", "columns", "size", "margin"},
            "lines": {"pitch", "density", "spacing", "rows", "columns", "size", "margin"},
            "random": {"density", "size", "margin", "count", "minimum_distance", "seed"},
            "positions": {"positions", "size", "margin"},
        }[self.pattern]
        if self.cell != "patch":
            used = used - {"rows", "columns", "size", "margin"}
        for name in sorted(self.model_fields_set - used - {"pattern", "unit_cell", "sides"}):
            if getattr(self, name) != type(self).model_fields[name].default:
                cell = f" with unit cell {self.cell}" if self.pattern in REGULAR else ""
                raise ValueError(f"{name}: has no meaning for pattern {self.pattern}{cell}, leave it out")

    @property
    def cell(self) -> str:
        """The unit cell, with its default."""
        return self.unit_cell or ("quarter" if self.pattern in REGULAR else "patch")
