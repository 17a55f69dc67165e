"""The noun `Active`: what is known about a drug or cosmetic active before any correlation."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, field_validator, model_validator

from mnrd.skin.viable import AlbuminClass
from mnrd.skin.water import atoms
from mnrd.units import Concentration, Diffusivity, Fraction, Length, MolarMass, Noun, Permeability, Rate, Time

# A library entry is shared by everybody: its texts must not change under the reader.
Texts = Annotated[Mapping[str, str], AfterValidator(MappingProxyType), PlainSerializer(dict)]

MEASURABLE = (
    "permeability_sc",
    "lag_sc",
    "diffusivity_water",
    "unbound_fraction",
    "diffusivity_epidermis",
    "partition_epidermis",
    "diffusivity_dermis",
    "partition_dermis",
    "clearance",
)


class Active(Noun):
    """A drug or cosmetic active: handbook figures, and measured values where there are any.

    Every measured value replaces the correlation of the same name; every correlation needs some of the other
    inputs (`mnrd.skin.properties.properties` says which one is missing).
    """

    name: str = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        description="Name, and symbol of its concentration in reactions: letters, digits, underscores.",
    )
    title: str = Field("", description="Name in full, for tables and plots.")
    kind: Literal["small", "macromolecule"] = Field(
        "small", description="small: a drug molecule; macromolecule: protein, growth factor, polysaccharide."
    )
    molar_mass: MolarMass = Field(gt=0, description="Molar mass, such as '176.12 g/mol'.")
    log_kow: float | None = Field(
        None, description="log10 of the octanol-water partition coefficient of the un-ionised form."
    )
    acid_pka: tuple[float, ...] = Field((), description="pKa of the acidic groups; none if left out.")
    base_pka: tuple[float, ...] = Field((), description="pKa of the basic groups; none if left out.")
    albumin_class: AlbuminClass | None = Field(
        None,
        description="Class in the law of albumin binding; by default 'other acid' with an acidic group.",
    )
    formula: str | None = Field(
        None, description="Formula of the un-ionised molecule, for the molar volume, such as 'C8H10N4O2'."
    )
    rings: int = Field(0, ge=0, description="Number of rings.")
    double_bonds: int = Field(0, ge=0, description="Double bonds of the Kekulé structure (benzene has three).")
    triple_bonds: int = Field(0, ge=0, description="Number of triple bonds.")
    solubility: Concentration | None = Field(
        None, gt=0, description="Solubility in water of the un-ionised form; not limited if left out."
    )
    salt_solubility: Concentration | None = Field(
        None, gt=0, description="Solubility in water of the salt: the ionised form dissolves up to this."
    )
    shape: Literal["globular", "hyaluronan"] = Field(
        "globular", description="Law for the radius of a macromolecule: globular protein or hyaluronan coil."
    )
    radius: Length | None = Field(None, gt=0, description="Hydrodynamic radius of a macromolecule, as measured.")
    permeability_sc: Permeability | None = Field(
        None,
        gt=0,
        description="Measured permeability of intact stratum corneum, from the vehicle of this case.",
    )
    lag_sc: Time | None = Field(None, gt=0, description="Measured lag of the stratum corneum, h^2/(6 D).")
    diffusivity_water: Diffusivity | None = Field(None, gt=0, description="Measured diffusivity in water.")
    unbound_fraction: Fraction | None = Field(
        None, gt=0, le=1, description="Measured fraction NOT bound to albumin in interstitial fluid."
    )
    diffusivity_epidermis: Diffusivity | None = Field(
        None, gt=0, description="Measured diffusivity in viable epidermis."
    )
    partition_epidermis: float | None = Field(
        None,
        gt=0,
        description="Measured partition coefficient viable epidermis over water (all ionisation states).",
    )
    diffusivity_dermis: Diffusivity | None = Field(None, gt=0, description="Measured diffusivity in dermis.")
    partition_dermis: float | None = Field(
        None, gt=0, description="Measured partition coefficient dermis over water (all ionisation states)."
    )
    clearance: Rate | None = Field(
        None, ge=0, description="Measured clearance from dermis to blood and lymph, per amount in the tissue."
    )
    sources: Texts = Field(
        default_factory=lambda: MappingProxyType({}),
        description="Where each input comes from: a text for a key of this table.",
    )

    @field_validator("formula")
    @classmethod
    def _readable(cls, formula: str | None) -> str | None:
        if formula is not None:
            atoms(formula)
        return formula

    @field_validator("sources")
    @classmethod
    def _of_known_inputs(cls, sources: Mapping[str, str]) -> Mapping[str, str]:
        for key in sources:
            if key not in cls.model_fields:
                raise ValueError(f"got a source for {key!r}, which is no key of an active")
        return sources

    @model_validator(mode="after")
    def _acids_have_a_pka(self) -> Active:
        if self.albumin_class == "carboxylic acid" and not self.acid_pka:
            raise ValueError("acid_pka: missing for a carboxylic acid, give acid_pka or another albumin_class")
        return self
