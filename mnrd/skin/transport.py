"""Diffusivity, partition coefficient and clearance of one active in every material of the mesh."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Mesh
from mnrd.skin.donor import Donor
from mnrd.skin.filling import IMPERMEABLE_PARTITION, Filling, Stay
from mnrd.skin.laws import Laws
from mnrd.skin.permeant import InLayer, Permeant
from mnrd.skin.properties import TissueProperties

CHANNEL, COATING, NEEDLE, VEHICLE = "channel", "coating", "needle", "vehicle"
JUNCTION_FACTOR = 0.3  # diffusivity of the dermal-epidermal junction over that of the epidermis


class Tissue(NamedTuple):
    """A layer of the skin as the model sees it."""

    name: str
    kind: str  # as `mnrd.skin.scene.kind_of` says
    top: float  # um below the top of the mesh
    base: float


class Local(NamedTuple):
    """Coefficients of one active in one material."""

    diffusivity: float
    lateral_diffusivity: float
    partition: float | NDArray[np.float64]  # or a profile over z
    clearance: float


@dataclass(frozen=True)
class Surroundings:
    """What all actives of a case share."""

    mesh: Mesh
    tissues: tuple[Tissue, ...]
    laws: Laws
    donor: Donor | None
    filling: Filling
    stay: Stay | None
    materials: tuple[str, ...]
    blood: bool  # whether there is clearance
    pulled: bool  # whether porous needles are taken out at some time
    sc_thickness: float | None  # um; also of a stratum corneum that is a membrane

    @property
    def solid_needle(self) -> bool:
        """Whether a needle that stays is a material of its own."""
        return self.stay is not None and self.stay.material != "dissolving"


def transport(permeant: Permeant, properties: TissueProperties, around: Surroundings) -> dict[str, Local]:
    """Coefficients of one active.

    Parameters
    ----------
    permeant : Permeant
        Its `layers` have the last word.
    properties : TissueProperties
    around : Surroundings

    Returns
    -------
    dict of material to Local
        For every material of the painting.
    """
    found = {tissue.name: _in_tissue(tissue, properties, around) for tissue in around.tissues}
    water = properties.diffusivity_water
    thickness = 1.0 if around.donor is None else around.donor.relative_diffusivity
    vehicle = permeant.vehicle_partition
    channel = around.filling.diffusivity(water, thickness)
    found[CHANNEL] = found[COATING] = Local(channel, channel, around.filling.partition(vehicle), 0.0)
    found[VEHICLE] = Local(water * thickness, water * thickness, vehicle, 0.0)
    found[NEEDLE] = Local(0.0, 0.0, IMPERMEABLE_PARTITION, 0.0)
    if around.stay is not None:
        needle = around.stay.diffusivity(water)
        found[NEEDLE] = Local(needle, needle, around.stay.partition, 0.0)
    return {name: _replaced(found[name], permeant.layers.get(name)) for name in around.materials}


def _in_tissue(tissue: Tissue, properties: TissueProperties, around: Surroundings) -> Local:
    if tissue.kind == "stratum corneum":
        diffusivity = properties.diffusivity_sc
        partition = (
            _ionisation_profile(tissue, properties, around.mesh) if around.laws.ionisation == "gradient" else None
        )
        return Local(
            diffusivity,
            diffusivity * around.laws.anisotropy,
            properties.partition_sc if partition is None else partition,
            0.0,
        )
    if tissue.kind == "dermis":
        clearance = properties.clearance if around.blood else 0.0
        return Local(
            properties.diffusivity_dermis,
            properties.diffusivity_dermis,
            properties.partition_dermis,
            clearance,
        )
    if tissue.kind == "other":
        return Local(nan, nan, nan, 0.0)  # no law: the user's own coefficients are put in their place
    factor = JUNCTION_FACTOR if tissue.kind == "junction" else 1.0
    diffusivity = factor * properties.diffusivity_epidermis
    return Local(diffusivity, diffusivity, properties.partition_epidermis, 0.0)


def _ionisation_profile(tissue: Tissue, properties: TissueProperties, mesh: Mesh) -> NDArray[np.float64]:
    """K of the stratum corneum over z, (nz,): its logarithm linear from the top to the base of the layer."""
    share = np.clip((mesh.zc - tissue.top) / (tissue.base - tissue.top), 0.0, 1.0)
    ends = log(properties.partition_sc), log(properties.partition_sc_base)
    return np.exp((1.0 - share) * ends[0] + share * ends[1])


def _replaced(local: Local, own: InLayer | None) -> Local:
    """Coefficients with those that the user gave for the layer."""
    if own is None:
        return local
    given = {key: value for key, value in own.model_dump(mode="python").items() if value is not None}
    given = {key: getattr(own, key) for key in given}
    if "diffusivity" in given:
        given.setdefault("lateral_diffusivity", given["diffusivity"] * _ratio(local))
    return local._replace(**given)


def _ratio(local: Local) -> float:
    """Lateral over vertical diffusivity."""
    return local.lateral_diffusivity / local.diffusivity if local.diffusivity > 0.0 else 1.0
