"""The permeation model: actives, skin and vehicle as fields, coefficients, reactions and boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.paint import Painting
from mnrd.model.field import Field, Membrane, Reservoir
from mnrd.model.model import Model
from mnrd.model.reaction import Closing
from mnrd.skin.base import Base
from mnrd.skin.correlations import BLOOD_PH
from mnrd.skin.fate import Fate, bound_of, dissolution, fate, pulling, solid_of, washing
from mnrd.skin.permeant import Load, Permeant, in_causal_order
from mnrd.skin.properties import TissueProperties
from mnrd.skin.transport import CHANNEL, COATING, NEEDLE, VEHICLE, Local, Surroundings, transport

Array = NDArray[np.float64]
Amounts = dict[str, float | Array]  # concentration per material, or its profile over z

UNIT = "mg/mL"
NEGLIGIBLE = 1e-5  # of the dose: below this concentration errors do not matter
TIGHT = 1e-12  # um/s, as good as impermeable
PER_MILLIGRAM = 1e12  # um^3 mg/mL in 1 mg


@dataclass(frozen=True, eq=False)
class Permeation:
    """Permeation of some actives through one skin.

    Parameters
    ----------
    permeants : tuple of Permeant
    around : Surroundings
    base : Base
    closing : Closing, optional
        Of the channels, in mode `plug`.
    needles : float
        Number of needles on the mesh.
    relative_radius : (nz, ny, nx) array, optional
        Distance from the axis of the needle over its radius, for shrinking cones.
    """

    permeants: tuple[Permeant, ...]
    around: Surroundings
    base: Base
    closing: Closing | None = None
    needles: float = 1.0
    relative_radius: Array | None = None

    def properties(self, permeant: Permeant) -> TissueProperties:
        """What the laws make of one active; ValueError when an input is missing."""
        donor = self.around.donor
        return self.around.laws.properties(
            permeant.properties,
            vehicle_ph=BLOOD_PH if donor is None else donor.pH,
            sc_thickness=self.around.sc_thickness,
        )

    def model(self, painting: Painting) -> Model:
        """Fields, reactions and parameters at time 0.

        Parameters
        ----------
        painting : Painting
            With the materials of `around`.

        Raises
        ------
        ValueError
            When an input of the laws is missing or metabolism goes round in a circle.
        """
        fields: list[Field] = []
        everything = Fate()
        names = {permeant.name: permeant for permeant in self.permeants}
        for permeant in in_causal_order(self.permeants):
            properties = self.properties(permeant)
            local = transport(permeant, properties, self.around)
            fields += self._fields(permeant, properties, local, painting)
            everything += fate(permeant, local, self.around, names)
            if permeant.load is not None and permeant.load.release != "bolus":
                everything += self._dissolution(permeant, permeant.load, properties)
            if self.around.pulled:
                everything += pulling(permeant, self.around)
            if VEHICLE in self.around.materials:
                everything += washing(permeant, self.around)
        closings = () if self.closing is None else (self.closing,)
        return Model(tuple(fields), everything.reactions, everything.parameters, closings)

    def donor(self, permeant: Permeant, strength: float = 1.0) -> Reservoir | None:
        """A fresh well-stirred donor for one active; None when it has none on the skin, or a meshed one."""
        donor = self.around.donor
        if donor is None or donor.meshed or permeant.concentration is None:
            return None
        solubility = permeant.vehicle_solubility
        if solubility is None:
            solubility = self.properties(permeant).saturation * permeant.vehicle_partition
        return donor.reservoir(
            self.around.mesh,
            concentration=permeant.concentration * strength,
            partition=permeant.vehicle_partition,
            solubility=solubility,
            evaporation=permeant.evaporation,
        )

    def _fields(
        self, permeant: Permeant, properties: TissueProperties, local: Mapping[str, Local], painting: Painting
    ) -> list[Field]:
        """The solid, free and bound form, as far as there are such."""
        initial = self._initial(permeant, painting)
        load = self._loaded(permeant, painting)
        solid = permeant.load is not None and permeant.load.release != "bolus"
        floor = NEGLIGIBLE * self._dose(permeant, painting)
        title = permeant.properties.title or permeant.name
        if not solid:
            initial = _sum(initial, load)
        deepest = local[self.around.tissues[-1].name]
        free = Field(
            name=permeant.field,
            unit=UNIT,
            meaning=title,
            initial=initial,
            diffusivity={name: entry.diffusivity for name, entry in local.items()},
            lateral_diffusivity={name: entry.lateral_diffusivity for name, entry in local.items()},
            partition={name: entry.partition for name, entry in local.items()},
            top=None if self.around.donor is not None and self.around.donor.begins else self.donor(permeant),
            base=self.base.reservoir(
                diffusivity=deepest.diffusivity,
                partition=float(np.max(deepest.partition)),
                clearance=deepest.clearance,
            ),
            membranes=self._membranes(properties, local),
            floor=floor,
        )
        forms = [free]
        if solid:  # a source stands before what it gives, the bound side of an exchange behind the free one
            undissolved = Field(solid_of(permeant), UNIT, f"{title}, undissolved", load, floor=floor)
            forms.insert(int(self._limit(permeant, properties) < inf), undissolved)
        if permeant.binding is not None:
            forms.append(Field(bound_of(permeant), UNIT, f"{title}, bound", floor=floor))
        return forms

    def _initial(self, permeant: Permeant, painting: Painting) -> Amounts:
        """Concentration at time 0 without the load: vehicle, filled channels, deposit."""
        found: Amounts = dict.fromkeys(painting.materials, 0.0)
        if VEHICLE in found:
            found[VEHICLE] = permeant.concentration or 0.0
        if CHANNEL in found and self.around.filling.contents == "vehicle":
            found[CHANNEL] = permeant.concentration or 0.0
        if permeant.deposit is not None:
            z = self.around.mesh.z - self.around.tissues[0].top
            shares = np.diff(np.clip(z, 0.0, permeant.deposit.depth)) / self.around.mesh.hz
            profile = shares * (permeant.deposit.amount / permeant.deposit.depth)
            found = _sum(found, dict.fromkeys(found, profile))
        return found

    def _loaded(self, permeant: Permeant, painting: Painting) -> Amounts:
        """Concentration at time 0 of the load in the needles, whose mass is exact on the mesh."""
        found: Amounts = dict.fromkeys(painting.materials, 0.0)
        load = permeant.load
        if load is None:
            return found
        place = COATING if load.place == "coating" else NEEDLE if self.around.solid_needle else CHANNEL
        if load.concentration is not None:
            found[place] = load.concentration
        elif load.mass is not None:
            volume = float((painting.fraction(place) * self.around.mesh.volume).sum())
            found[place] = load.mass * PER_MILLIGRAM * self.needles / volume
        return found

    def _dose(self, permeant: Permeant, painting: Painting) -> float:
        """Largest concentration at time 0 of this active and of those that it is made from, mg/mL."""
        own = [permeant.concentration or 0.0]
        own += [float(np.max(value)) for value in self._loaded(permeant, painting).values()]
        own += [float(np.max(value)) for value in self._initial(permeant, painting).values()]
        sources = [
            self._dose(other, painting)
            for other in self.permeants
            if permeant.name in {conversion.product for conversion in other.metabolism}
        ]
        return max(own + sources)

    def _limit(self, permeant: Permeant, properties: TissueProperties) -> float:
        """Concentration at which a kinetic release stops, mg/mL; infinite for none."""
        load = permeant.load
        if load is None or load.release != "kinetic":
            return inf
        return properties.saturation if load.solubility is None else load.solubility

    def _dissolution(self, permeant: Permeant, load: Load, properties: TissueProperties) -> Fate:
        solubility = self._limit(permeant, properties)
        radius = np.zeros(self.around.mesh.shape) if self.relative_radius is None else self.relative_radius
        return dissolution(permeant, load, solubility, (load.time or 0.0) * (1.0 - radius))

    def _membranes(self, properties: TissueProperties, local: Mapping[str, Local]) -> tuple[Membrane, ...]:
        """The stratum corneum as a resistance on top; where it is pierced, that of what fills the hole, h/(D K)."""
        thickness = self.around.sc_thickness
        if not self.around.laws.membrane or thickness is None:
            return ()
        permeability = dict.fromkeys(self.around.materials, properties.permeability_sc)
        for name in (CHANNEL, COATING, NEEDLE):
            if name in permeability:
                conductance = local[name].diffusivity * float(np.max(local[name].partition))
                permeability[name] = max(conductance / thickness, TIGHT)
        return (Membrane(self.around.tissues[0].top, permeability),)


def _sum(one: Mapping[str, float | Array], other: Mapping[str, float | Array]) -> Amounts:
    return {name: one[name] + other[name] for name in one}
