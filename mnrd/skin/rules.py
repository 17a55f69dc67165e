"""How each property of an active follows from its inputs: one small rule a property.

A rule returns a value and the text that says where it comes from. It asks for other properties by name and
for inputs with `Derivation.need`. The set of rules is chosen once, by the kind of active.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf, log10

from mnrd.skin import correlations, dancik, viable, water
from mnrd.skin.active import Active
from mnrd.skin.correlations import BLOOD_PH, CM_PER_HOUR
from mnrd.skin.derivation import Derivation, Derived, Rule


def _neutral(of: Derivation, ph: float) -> Derived:
    active = of.active
    if not (active.acid_pka or active.base_pka):
        return 1.0, "no pKa given: not ionised"
    return correlations.neutral_fraction(ph, active.acid_pka, active.base_pka), f"Henderson-Hasselbalch, pH {ph:g}"


def _diffusivity_water(of: Derivation) -> Derived:
    volume = of.molar_volume()
    return water.diffusivity_water(volume), f"Dancik 2013 with Schroeder volume {volume:g} cm3/mol"


def _thickness(of: Derivation) -> Derived:
    return of.conditions.thickness, f"stratum corneum, hydration {of.conditions.hydration}"


def _permeability(of: Derivation, neutral: float) -> Derived:
    """Permeability at this un-ionised fraction: lipid path x fraction + polar path of all states."""
    log_kow, molar_mass = of.need("log_kow"), of.active.molar_mass
    if of.conditions.correlation == "dancik2013":
        partition = neutral * dancik.partition_sc(log_kow, of.conditions.hydration)
        return _dancik_diffusivity(of) * partition / of.conditions.thickness, "Dancik 2013 x neutral fraction"
    law, lipid, polar = _SC_LAWS[of.conditions.correlation]
    value = neutral * lipid(log_kow, molar_mass) + (correlations.permeability_polar(molar_mass) if polar else 0.0)
    warning = correlations.outside_potts_guy(log_kow, molar_mass)
    return value, f"{law}; beyond the fitted range: {warning}" if warning else law


_SC_LAWS: dict[str, tuple[str, Callable[[float, float], float], bool]] = {
    "default": (
        "Potts & Guy 1992 x neutral fraction + polar path",
        correlations.permeability_potts_guy,
        True,
    ),
    "potts-guy": ("Potts & Guy 1992 x neutral fraction", correlations.permeability_potts_guy, False),
    "epa": ("EPA 2004 x neutral fraction", correlations.permeability_epa, False),
    "robinson": (
        "Robinson lipid path x neutral fraction + polar path",
        correlations.permeability_lipid_robinson,
        True,
    ),
}


def _dancik_diffusivity(of: Derivation) -> float:
    active, hydration = of.active, of.conditions.hydration
    return dancik.diffusivity_sc(of.need("log_kow"), active.molar_mass, of.molar_volume(), hydration)


def _lag(of: Derivation) -> Derived:
    if of.conditions.correlation == "dancik2013":
        return of.conditions.thickness**2 / (6.0 * _dancik_diffusivity(of)), "Dancik 2013"
    return correlations.lag_epa(of.active.molar_mass), "EPA 2004"


def _diffusivity_sc(of: Derivation) -> Derived:
    return of.conditions.thickness**2 / (6.0 * of["lag_sc"]), "h^2/(6 lag_sc)"


def _partition_sc(of: Derivation) -> Derived:
    return of["permeability_sc"] * of.conditions.thickness / of["diffusivity_sc"], "permeability_sc h/diffusivity_sc"


def _partition_sc_base(of: Derivation) -> Derived:
    if of.active.permeability_sc is not None or of.active.kind == "macromolecule":
        return of["partition_sc"], "same as at the top"
    permeability, _ = _permeability(of, of["neutral_tissue"])
    return permeability * of.conditions.thickness / of["diffusivity_sc"], "as partition_sc, but at pH 7.4"


def _unbound(of: Derivation) -> Derived:
    active = of.active
    albumin_class = active.albumin_class or ("other acid" if active.acid_pka else "neutral or base")
    log_d = of.need("log_kow") + log10(of["neutral_tissue"])
    return viable.unbound_fraction(log_d, albumin_class), f"Yamazaki & Kanaoka, {albumin_class}"


def _binding_factor(of: Derivation) -> Derived:
    active, water_fraction = of.active, 0.7 if of.conditions.tissue == "chen-lian" else 0.6
    if active.log_kow is None and active.partition_dermis is not None:
        return active.partition_dermis / water_fraction, f"partition_dermis/{water_fraction}"
    log_kow = of.need("log_kow", "partition_dermis")
    inputs = of["unbound_fraction"], log_kow, of["neutral_tissue"]
    if of.conditions.tissue == "chen-lian":
        return viable.binding_factor_chen_lian(*inputs), "Chen & Lian 2015"
    return viable.binding_factor(*inputs), "Dancik 2013"


def _diffusivity_tissue(of: Derivation) -> Derived:
    molar_mass, factor = of.active.molar_mass, of["binding_factor"]
    if of.conditions.tissue == "chen-lian":
        return viable.diffusivity_free(molar_mass) / factor, "Chen & Lian 2015"
    value = viable.diffusivity_viable(molar_mass, of["unbound_fraction"], factor)
    return value, "Kretsos & Kasting, Dancik 2013"


def _partition_tissue(of: Derivation) -> Derived:
    if of.conditions.tissue == "chen-lian":
        return 0.7 * of["binding_factor"], "0.7 binding_factor, Chen & Lian 2015"
    return 0.6 * of["binding_factor"], "0.6 binding_factor, Dancik 2013, all ionisation states"


def _clearance_free(of: Derivation) -> Derived:
    if of.active.clearance is not None:
        return of.active.clearance * of["binding_factor"], "clearance x binding_factor"
    exchange = (
        viable.capillary_permeability(of.need("log_kow", "clearance"), of.active.molar_mass) * viable.CAPILLARY_SURFACE
    )
    law = f"Dancik 2013, {of.conditions.exchange}"
    if of.conditions.correlation != "dancik2013":
        exchange += viable.paracellular_exchange(of["diffusivity_water"])
        law += ", with a path between the endothelial cells"
    if of.conditions.exchange == "harmonic":
        return viable.clearance_harmonic(exchange), law
    return viable.clearance_renkin_crone(exchange), law


def _clearance(of: Derivation) -> Derived:
    return of["clearance_free"] / of["binding_factor"], "clearance_free/binding_factor"


def _saturation(of: Derivation) -> Derived:
    neutral_form, salt = of.active.solubility, of.active.salt_solubility
    if neutral_form is None:
        return (inf, "no solubility given: not limited") if salt is None else (salt, "solubility of the salt")
    if salt is None:
        return neutral_form, "solubility of the un-ionised form"
    at_ph = neutral_form / of["neutral_vehicle"]
    return min(at_ph, salt), "solubility of the un-ionised form/neutral_vehicle, at most that of the salt"


_SMALL: dict[str, Rule] = {
    "neutral_vehicle": lambda of: _neutral(of, of.conditions.vehicle_ph),
    "neutral_tissue": lambda of: _neutral(of, BLOOD_PH),
    "diffusivity_water": _diffusivity_water,
    "thickness_sc": _thickness,
    "permeability_sc": lambda of: _permeability(of, of["neutral_vehicle"]),
    "lag_sc": _lag,
    "diffusivity_sc": _diffusivity_sc,
    "partition_sc": _partition_sc,
    "partition_sc_base": _partition_sc_base,
    "unbound_fraction": _unbound,
    "binding_factor": _binding_factor,
    "diffusivity_epidermis": _diffusivity_tissue,
    "partition_epidermis": _partition_tissue,
    "diffusivity_dermis": _diffusivity_tissue,
    "partition_dermis": _partition_tissue,
    "clearance_free": _clearance_free,
    "clearance": _clearance,
    "saturation": _saturation,
}


def _radius(active: Active) -> float:
    if active.radius is not None:
        return active.radius
    law = water.radius_globular if active.shape == "globular" else water.radius_hyaluronan
    return law(active.molar_mass)


def _diffusivity_sphere(of: Derivation) -> Derived:
    radius, temperature = _radius(of.active), of.conditions.temperature
    source = f"Stokes & Einstein, radius {radius * 1e3:.3g} nm, {temperature:g} degC"
    return water.diffusivity_stokes_einstein(radius, temperature), source


def _clearance_macromolecule(of: Derivation) -> Derived:
    if of.active.clearance is not None:
        return of.active.clearance, "clearance, no binding"
    value = viable.clearance_macromolecule(of["diffusivity_water"], _radius(of.active))
    return value, "choice: between endothelial cells, and lymph"


def _diffusivity_macromolecule(of: Derivation, factor: float) -> Derived:
    return factor * viable.diffusivity_free(of.active.molar_mass), f"Kretsos 2008 extrapolated x {factor:g}"


_MACROMOLECULE: dict[str, Rule] = {
    "neutral_vehicle": lambda of: (1.0, "macromolecule: charge not modelled"),
    "neutral_tissue": lambda of: (1.0, "macromolecule: charge not modelled"),
    "diffusivity_water": _diffusivity_sphere,
    "permeability_sc": lambda of: (1e-7 * CM_PER_HOUR, "choice: upper bound 1e-7 cm/h"),
    "lag_sc": lambda of: (correlations.lag_epa(750.0), "choice: EPA 2004 at 750 g/mol, the end of its range"),
    "diffusivity_sc": _diffusivity_sc,
    "partition_sc": _partition_sc,
    "partition_sc_base": _partition_sc_base,
    "unbound_fraction": lambda of: (1.0, "macromolecule: add binding as an exchange"),
    "binding_factor": lambda of: (1.0, "macromolecule: add binding as an exchange"),
    "diffusivity_epidermis": lambda of: _diffusivity_macromolecule(of, 0.5),
    "partition_epidermis": lambda of: (0.2, "choice: extracellular water less excluded volume"),
    "diffusivity_dermis": lambda of: _diffusivity_macromolecule(of, 1.0),
    "partition_dermis": lambda of: (0.4, "choice: extracellular water less excluded volume"),
    "clearance_free": _clearance_macromolecule,
}


def rules_of(active: Active) -> Mapping[str, Rule]:
    """Return the rule of every property for this kind of active."""
    return _SMALL | _MACROMOLECULE if active.kind == "macromolecule" else _SMALL
