"""What the channels hold while they are open, and what a needle left in the skin is made of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from mnrd.skin.water import hydrodynamic_radius, hydrogel_factor
from mnrd.units import Fraction, Length, Noun

IMPERMEABLE_PARTITION = 1e-3  # of a solid needle: room for (nearly) nothing, but never zero


class Filling(Noun):
    """Contents of the channels."""

    contents: Literal["fluid", "vehicle", "hydrogel", "clot"] = Field(
        "fluid",
        description="fluid: interstitial fluid, D and K of water; vehicle: the vehicle of [donor], with its drug; "
        "hydrogel: water in a polymer mesh; clot: exudate or clot, a fraction of the diffusivity in water.",
    )
    polymer: Fraction = Field(0.05, ge=0, lt=1, description="Volume fraction of polymer (hydrogel).")
    fibre_radius: Length = Field(
        "0.8 nm", gt=0, validate_default=True, description="Radius of the polymer fibres (hydrogel)."
    )
    relative_diffusivity: Fraction | None = Field(
        None,
        gt=0,
        le=1,
        description="Diffusivity relative to water, instead of that of the contents: 0.3 for a clot, "
        "exp(-0.84 f^1.09) with f = (1 + r_solute/r_fibre)^2 polymer for a hydrogel.",
    )

    def diffusivity(self, water: float, vehicle: float) -> float:
        """D in the channel (um^2/s) of a drug with D `water` in water; `vehicle` is the factor of the vehicle."""
        if self.relative_diffusivity is not None:
            return water * self.relative_diffusivity
        if self.contents == "hydrogel":
            return water * hydrogel_factor(hydrodynamic_radius(water), self.fibre_radius, self.polymer)
        return water * {"fluid": 1.0, "vehicle": vehicle, "clot": 0.3}[self.contents]

    def partition(self, vehicle: float) -> float:
        """K in the channel; `vehicle` is that of the vehicle."""
        if self.contents == "hydrogel":
            return 1.0 - self.polymer
        return vehicle if self.contents == "vehicle" else 1.0


class Stay(Noun):
    """Needles that stay in the skin, until a step 'remove needles' if there is one."""

    material: Literal["impermeable", "porous", "dissolving"] = Field(
        description="Whether drug passes through the needle; a dissolving one becomes what [filling] says."
    )
    porosity: Fraction | None = Field(None, gt=0, lt=1, description="Volume fraction of pores of a porous needle.")

    @model_validator(mode="after")
    def _complete(self) -> Stay:
        if (self.material == "porous") != (self.porosity is not None):
            raise ValueError("porosity: is needed for a porous needle, and for no other")
        return self

    def diffusivity(self, water: float) -> float:
        """D in the needle (um^2/s): water in the pores, which wind (Bruggeman: porosity^1.5 for D K)."""
        return 0.0 if self.porosity is None else water * self.porosity**0.5

    @property
    def partition(self) -> float:
        """K of the needle: its pores."""
        return IMPERMEABLE_PARTITION if self.porosity is None else self.porosity
