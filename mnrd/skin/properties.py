"""What the permeation model needs to know about one active in one skin, and where each value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import get_args

from mnrd.skin import correlations, dancik, water
from mnrd.skin.active import Active
from mnrd.skin.derivation import Conditions, Correlation, Derivation, ExchangeLaw, TissueLaw
from mnrd.skin.rules import rules_of


@dataclass(frozen=True)
class TissueProperties:
    """Properties of one active in one skin, in internal units (µm, s, mg/mL).

    Activity is the total free aqueous concentration of all ionisation states, so that water, watery vehicles
    and open channels have a partition coefficient of 1 at any pH.
    """

    name: str
    neutral_vehicle: float  # un-ionised fraction at the pH of the vehicle
    neutral_tissue: float  # un-ionised fraction at pH 7.4
    diffusivity_water: float  # µm²/s, also of open channels
    thickness_sc: float  # µm
    permeability_sc: float  # µm/s, from the vehicle
    lag_sc: float  # s, h²/(6 D)
    diffusivity_sc: float  # µm²/s
    partition_sc: float  # at the top, pH of the vehicle
    partition_sc_base: float  # at the bottom, pH 7.4: log-linear in between if the backward flux matters
    diffusivity_epidermis: float  # µm²/s
    partition_epidermis: float
    diffusivity_dermis: float  # µm²/s
    partition_dermis: float
    unbound_fraction: float  # not bound to albumin
    binding_factor: float  # total over free
    clearance_free: float  # k_free, 1/s, of free drug
    clearance: float  # k_cl = k_free/BF, 1/s: the sink in dermis is clearance x concentration in tissue
    saturation: float  # activity at saturation at the pH of the vehicle, mg/mL
    sources: Mapping[str, str]  # name of a property -> where its value comes from


_OPTIONS = {
    "correlation": get_args(Correlation),
    "tissue": get_args(TissueLaw),
    "exchange": get_args(ExchangeLaw),
    "hydration": get_args(dancik.Hydration),
}


def properties(
    active: Active,
    *,
    vehicle_ph: float = correlations.BLOOD_PH,
    sc_thickness: float | None = None,
    hydration: dancik.Hydration = "partial",
    temperature: float = water.BODY_TEMPERATURE,
    correlation: Correlation = "default",
    tissue: TissueLaw = "kretsos-kasting",
    exchange: ExchangeLaw = "harmonic",
) -> TissueProperties:
    """Derive what the permeation model needs: measured values where given, correlations elsewhere.

    Parameters
    ----------
    active : Active
        The drug.
    vehicle_ph : float
        pH of the vehicle; matters for drugs with a pKa.
    sc_thickness : float, optional
        Thickness of the stratum corneum, µm; 13 partially and 43 fully hydrated by default.
    hydration : {"partial", "full"}
        Of the stratum corneum: in vivo or soaked.
    temperature : float
        Of the tissue, °C. Enters only the diffusivity of macromolecules in water; the laws of small molecules
        have no temperature.
    correlation : str
        Permeability of the stratum corneum to the un-ionised form: "default" is Potts-Guy plus polar path,
        "potts-guy" and "epa" have no polar path, "robinson" is its lipid law plus polar path, "dancik2013"
        the brick-and-mortar set with its own diffusivity and capillary law. Not used for macromolecules.
    tissue : {"kretsos-kasting", "chen-lian"}
        Law of binding, diffusivity and partition in viable epidermis and dermis.
    exchange : {"harmonic", "renkin-crone"}
        How capillary exchange and blood flow combine.

    Returns
    -------
    TissueProperties
        With a source for every value.

    Raises
    ------
    ValueError
        If an input is missing or an option is unknown; the message says what would supply it.

    Notes
    -----
    Clearance is proportional to blood flow and capillary surface together: for dilated or narrowed vessels
    multiply `clearance` by the factor.
    """
    options = {"correlation": correlation, "tissue": tissue, "exchange": exchange, "hydration": hydration}
    for option, allowed in _OPTIONS.items():
        if options[option] not in allowed:
            raise ValueError(f"{option}: got {options[option]!r}, must be one of {', '.join(allowed)}")
    thickness = dancik.CORNEUM[hydration].thickness if sc_thickness is None else sc_thickness
    if not thickness > 0:
        raise ValueError(f"sc_thickness: got {thickness:g} um, must be > 0")
    conditions = Conditions(vehicle_ph, thickness, hydration, temperature, correlation, tissue, exchange)
    derivation = Derivation(active, conditions, rules_of(active))
    names = [field.name for field in fields(TissueProperties) if field.name not in ("name", "sources")]
    values = {name: derivation[name] for name in names}
    sources = {name: derivation.sources[name] for name in names}
    return TissueProperties(active.name, **values, sources=MappingProxyType(sources))
