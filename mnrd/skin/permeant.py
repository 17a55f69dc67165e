"""An active as it is used in one run: its dose, its load in the needles, what the skin does to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from mnrd.skin.active import Active
from mnrd.skin.actives import active
from mnrd.units import (
    Concentration,
    ConcentrationRate,
    Diffusivity,
    Fraction,
    Length,
    Mass,
    MassPerArea,
    Noun,
    Permeability,
    Rate,
    Time,
)


class Load(Noun):
    """Drug in or on the needles, or left in the channels, at time 0."""

    mass: Mass | None = Field(None, gt=0, description="Mass per needle; give this or `concentration`.")
    concentration: Concentration | None = Field(None, gt=0, description="Concentration in the loaded part.")
    place: Literal["needle", "coating"] = Field(
        "needle",
        description="needle: throughout the needle, or the channel when the needle is gone; coating: on its surface.",
    )
    coating_thickness: Length = Field("10 um", gt=0, validate_default=True, description="Thickness of a coating.")
    release: Literal["bolus", "kinetic", "shrinking cone"] = Field(
        "bolus",
        description="bolus: dissolved at once; kinetic: a solid that dissolves at a rate proportional to what is left "
        "and to 1 - c/solubility; shrinking cone: dissolves from the surface inwards at a constant rate of radius.",
    )
    time: Time | None = Field(
        None,
        gt=0,
        description="Time to dissolve 95 % into pure water (kinetic) or everything (shrinking cone).",
    )
    solubility: Concentration | None = Field(
        None,
        gt=0,
        description="Concentration at which dissolution stops (kinetic); the solubility in water if left out.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Load:
        if (self.mass is None) == (self.concentration is None):
            raise ValueError("mass: give either mass or concentration, one of them")
        if (self.release == "bolus") != (self.time is None):
            raise ValueError("time: is for release 'kinetic' or 'shrinking cone', and needed there")
        if self.release == "shrinking cone" and self.place == "coating":
            raise ValueError("release: got shrinking cone, a coating can be 'bolus' or 'kinetic'")
        return self


class Metabolism(Noun):
    """Conversion of the active in the viable tissue, first-order or saturable."""

    rate: Rate | None = Field(None, gt=0, description="First-order rate; give this or `vmax` and `km`.")
    vmax: ConcentrationRate | None = Field(None, gt=0, description="Largest rate per tissue volume (Michaelis-Menten).")
    km: Concentration | None = Field(None, gt=0, description="Concentration of half the largest rate.")
    product: str | None = Field(None, description="Name of the active it becomes; it is only lost if left out.")
    molar_yield: Fraction = Field(
        1.0, gt=0, description="Molecules of product per molecule; turned into mass with the molar masses."
    )
    layers: tuple[str, ...] | None = Field(None, description="Where; all layers but the stratum corneum if left out.")

    @model_validator(mode="after")
    def _complete(self) -> Metabolism:
        saturable = (self.vmax is not None, self.km is not None)
        if saturable[0] != saturable[1] or saturable[0] == (self.rate is not None):
            raise ValueError("rate: give either rate (first-order) or vmax and km (Michaelis-Menten)")
        return self


class Binding(Noun):
    """Reversible binding to sites that do not move: db/dt = on c (1 - b / capacity) - off b."""

    on: Rate = Field(ge=0, description="Rate of binding.")
    off: Rate = Field(ge=0, description="Rate of release.")
    capacity: Concentration | None = Field(
        None, gt=0, description="Bound concentration at saturation; linear if left out."
    )
    layers: tuple[str, ...] | None = Field(None, description="Where; all layers but the stratum corneum if left out.")


class Deposit(Noun):
    """Drug that was laid down in the uppermost part of the skin before time 0."""

    amount: MassPerArea = Field(gt=0, description="Amount per area of skin.")
    depth: Length = Field(gt=0, description="Depth over which it is spread evenly.")


class Effect(Noun):
    """What the active does to healing skin: synthesis and breakdown of matrix, or growth; needs [healing].

    The dermis keeps a dose b of vitamin C and retinol, db/dt = (u/half - b)/retention, where u is the concentration
    there relative to the one applied; b/(1 + b) of the full effect is had. A growth factor acts as PDGF does.
    """

    acts: Literal["vitamin C", "retinol", "growth factor"] = Field(
        description="vitamin C: more collagen; retinol: more collagen and less loss of it; growth factor: its "
        "concentration is added to that of PDGF."
    )
    half: Fraction | None = Field(
        None,
        gt=0,
        description="Concentration of half the effect over the one applied; EC50_C or EC50_R of healing if left out.",
    )
    retention: Time | None = Field(
        None, gt=0, description="Time for which the dermis keeps it; tau_C or tau_R of healing if left out."
    )

    @model_validator(mode="after")
    def _complete(self) -> Effect:
        if self.acts == "growth factor":
            for name in ("half", "retention"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name}: has no meaning for a growth factor, which acts as PDGF does")
        return self


class InLayer(Noun):
    """Coefficients in one layer, instead of those of the laws."""

    diffusivity: Diffusivity | None = Field(None, ge=0, description="D of the total concentration.")
    lateral_diffusivity: Diffusivity | None = Field(None, ge=0, description="D in x and y.")
    partition: float | None = Field(None, gt=0, description="K, concentration in the layer / in water.")
    clearance: Rate | None = Field(None, ge=0, description="Rate at which blood takes away what is in the layer.")


class _Partial:
    """JSON schema of a noun of which only some keys need be given, because the library has the others."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        resolved = dict(handler.resolve_ref_schema(handler(schema)))
        resolved.pop("required", None)
        return resolved


def _properties_come_from_the_library(schema: dict[str, Any]) -> None:
    schema["required"].remove("properties")


class Permeant(Noun):
    """One active of the run."""

    model_config = ConfigDict(json_schema_extra=_properties_come_from_the_library)

    name: str = Field(min_length=1, description="Name of an active of the library (`mnrd actives`), or of your own.")
    properties: Annotated[Active, _Partial()] = Field(
        description="Handbook figures and measured values; those of the library where left out."
    )
    concentration: Concentration | None = Field(
        None,
        ge=0,
        description="Total concentration in the vehicle; needs [donor]. None on the skin if left out.",
    )
    vehicle_partition: float = Field(
        1.0,
        gt=0,
        description="Concentration in the vehicle / concentration in water at equilibrium; 1 if watery.",
    )
    vehicle_solubility: Concentration | None = Field(
        None,
        gt=0,
        description="Largest dissolved concentration in the vehicle, the rest is suspended; solubility in water times "
        "vehicle_partition if left out.",
    )
    evaporation: Permeability = Field(
        0.0, ge=0, description="Loss of the active itself from the surface per concentration in water."
    )
    deposit: Deposit | None = Field(None, description="Drug in the uppermost part of the skin at time 0.")
    load: Load | None = Field(None, description="Drug in or on the needles or in the channels at time 0.")
    metabolism: tuple[Metabolism, ...] = Field((), description="Conversions in the tissue.")
    binding: Binding | None = Field(None, description="Binding in the tissue.")
    effect: Effect | None = Field(None, description="What it does to healing skin; nothing if left out.")
    layers: dict[str, InLayer] = Field(
        {}, description="Coefficients by layer (also 'channel', 'needle'), instead of those of the laws."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_library(cls, given: Any) -> Any:
        """Fill `properties` from the library; the name becomes the identifier of the field."""
        if not isinstance(given, dict) or not isinstance(given.get("name", ""), str):
            return given
        if "name" not in given:
            raise ValueError("name: is missing: name an active of the library (`mnrd actives`), or your own")
        own = given.get("properties", {})
        if not isinstance(own, dict):
            return given
        try:
            entry = active(given["name"]).model_dump(exclude_none=True)
        except ValueError as error:
            if not own:
                raise ValueError(f"name: {str(error).removeprefix('active: ')}") from None
            entry = {"name": identifier(given["name"])}
        return {**given, "properties": {**entry, **own}}

    @property
    def field(self) -> str:
        """Name of its field."""
        return self.properties.name


def identifier(name: str) -> str:
    """A name as the symbol of a field: 'Ascorbic acid' is ascorbic_acid."""
    plain = re.sub(r"\W+", "_", name.strip().lower(), flags=re.ASCII).strip("_")
    return plain if plain[:1].isalpha() else f"active_{plain}"


def in_causal_order(permeants: Sequence[Permeant]) -> list[Permeant]:
    """Actives with each before the products of its metabolism, otherwise as given.

    Raises
    ------
    ValueError
        When metabolism goes round in a circle.
    """
    names = {permeant.name: permeant for permeant in permeants}
    graph: dict[str, set[str]] = {name: set() for name in names}
    for permeant in permeants:
        for conversion in permeant.metabolism:
            if conversion.product in graph:
                graph[conversion.product].add(permeant.name)
    try:
        return [names[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise ValueError(f"actives: metabolism goes round in a circle ({circle}), it must end somewhere") from None
