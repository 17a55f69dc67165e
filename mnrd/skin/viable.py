"""Correlations of viable epidermis and dermis: binding, diffusivity, partition and clearance to blood.

All functions return internal units (µm, s). The partition coefficient is referred to the total free aqueous
concentration of all ionisation states, so that open channels have K = 1 whatever the pH.
"""

from __future__ import annotations

import math
from typing import Literal

from mnrd.skin.correlations import permeability_potts_guy
from mnrd.skin.water import CM2_PER_S, hydrodynamic_radius

AlbuminClass = Literal["neutral or base", "carboxylic acid", "other acid"]

BLOOD_FLOW = 2.2e-3  # Q, blood-flow limit of the clearance, 1/s (0.132 per minute)
CAPILLARY_SURFACE = 0.01  # S, 1/µm (100 cm²/cm³)
LYMPH_RATE = 5e-6  # 1/s, range 2e-6 to 2e-5
PORE_RADIUS = 4.5e-3  # between endothelial cells, µm

_ALBUMIN = {
    "neutral or base": (0.5578, 0.0188),
    "carboxylic acid": (0.7936, 0.2239),
    "other acid": (0.3127, 0.5121),
}


def unbound_fraction(log_d: float, albumin_class: AlbuminClass = "neutral or base") -> float:
    """Fraction of drug that is *not* bound to albumin (2.7 %) in interstitial fluid.

    f_u = 1/(1 + E), E = A exp(log D) + B. E/(1 + E) is the bound fraction; one public code confuses the two.

    Parameters
    ----------
    log_d : float
        log10 (Kow x neutral fraction) at pH 7.4.
    albumin_class : str
        "carboxylic acid" for acids with a carboxyl-type group, "other acid" also for zwitterions.

    References
    ----------
    Yamazaki and Kanaoka (2004), as in Dancik 2013 and its public MoBi implementation.
    """
    slope, offset = _ALBUMIN[albumin_class]
    return 1.0 / (1.0 + slope * math.exp(log_d) + offset)


def binding_factor(unbound: float, log_kow: float, neutral: float) -> float:
    """Total over free drug in viable tissue, BF = 0.68 + 0.32/f_u + 0.001 f_non Kow.

    Parameters
    ----------
    unbound : float
        Fraction not bound to albumin.
    log_kow : float
        Of the un-ionised form.
    neutral : float
        Un-ionised fraction at pH 7.4.

    References
    ----------
    Dancik et al., Adv Drug Deliv Rev 65:221 (2013).
    """
    return 0.68 + 0.32 / unbound + 0.001 * neutral * 10.0**log_kow


def binding_factor_chen_lian(unbound: float, log_kow: float, neutral: float) -> float:
    """Total over free drug in viable tissue, BF = 0.68 + 0.32/f_u + 0.025 f_non Kow^0.7.

    Goes with K = 0.7 BF and D = D_free/BF.

    References
    ----------
    Chen, Han, Saib and Lian, Pharm Res 32:1779 (2015).
    """
    return 0.68 + 0.32 / unbound + 0.025 * neutral * 10.0 ** (0.7 * log_kow)


def diffusivity_free(molar_mass: float) -> float:
    """Diffusivity of unbound drug in viable tissue, in µm²/s.

    log10 D(cm²/s) = -4.15 - 0.655 log10 MW; caffeine 224 µm²/s. The constant is -8.15 in m²/s; -8.5 in m²/s
    and -8.15 in cm²/s have both been printed, and are wrong. Extrapolated to 500 kDa it stays inside what was
    measured with dextrans in human skin (Wei et al., Sci Rep 8:17759, 2018).

    References
    ----------
    Kretsos, Miller, Zamora-Estrada and Kasting (2008).
    """
    return 10.0 ** (-4.15 - 0.655 * math.log10(molar_mass)) * CM2_PER_S


def diffusivity_viable(molar_mass: float, unbound: float, factor: float) -> float:
    """Diffusivity of all drug in viable tissue, in µm²/s.

    D = [D_free + 0.32 D_albumin (1 - f_u)/f_u]/BF, where albumin moves at 10 µm²/s.
    """
    return (diffusivity_free(molar_mass) + 0.32 * 10.0 * (1.0 - unbound) / unbound) / factor


def capillary_permeability(log_kow: float, molar_mass: float) -> float:
    """Permeability of the capillary wall through cell membranes, 100 x Potts-Guy, in µm/s.

    Of the un-ionised form, whatever the pH, as in Dancik 2013. Fails for hydrophilic drugs, which leave
    between the cells: add `paracellular_exchange`.
    """
    return 100.0 * permeability_potts_guy(log_kow, molar_mass)


def hindrance(ratio: float) -> float:
    """Steric and hydrodynamic hindrance of a sphere in a pore, (1-l)²(1 - 2.104 l + 2.09 l³ - 0.95 l⁵).

    Parameters
    ----------
    ratio : float
        Solute radius over pore radius, l. From 1 on nothing passes and the value is 0.

    References
    ----------
    Renkin (1954).
    """
    if ratio >= 1.0:
        return 0.0
    return (1.0 - ratio) ** 2 * (1.0 - 2.104 * ratio + 2.09 * ratio**3 - 0.95 * ratio**5)


def paracellular_exchange(diffusivity_water: float, radius: float | None = None) -> float:
    """Exchange between the endothelial cells, P S, in 1/s.

    6e-4 x (D_w/700 µm²/s) x H(R/4.5 nm)/0.629. Our choice; 0.629 is the hindrance at 700 µm²/s.

    Parameters
    ----------
    diffusivity_water : float
        µm²/s.
    radius : float, optional
        Hydrodynamic radius, µm; by default that of Stokes and Einstein at 37 °C.
    """
    size = hydrodynamic_radius(diffusivity_water) if radius is None else radius
    return 6e-4 * diffusivity_water / 700.0 * hindrance(size / PORE_RADIUS) / 0.629


def clearance_harmonic(exchange: float, blood_flow: float = BLOOD_FLOW) -> float:
    """Clearance of free drug from capillary exchange P S and blood flow Q, 1/(1/PS + 1/Q), in 1/s.

    References
    ----------
    Kretsos and Kasting (2007); Dancik et al. (2013).
    """
    return 1.0 / (1.0 / exchange + 1.0 / blood_flow)


def clearance_renkin_crone(exchange: float, blood_flow: float = BLOOD_FLOW) -> float:
    """Clearance of free drug, w (1 - exp(-PS/w)), in 1/s; within 30 % of the harmonic form."""
    return -blood_flow * math.expm1(-exchange / blood_flow)


def clearance_macromolecule(diffusivity_water: float, radius: float) -> float:
    """Clearance of a macromolecule from dermis between endothelial cells and by lymph, in 1/s.

    From a radius of 4.5 nm on only lymph remains. Our choice, within a factor of four.
    """
    return paracellular_exchange(diffusivity_water, radius) + LYMPH_RATE


def robin_coefficient(partition: float, diffusivity: float, clearance: float) -> float:
    """Transfer coefficient K sqrt(k D) of a half-space of dermis with clearance, in µm/s.

    Flux = coefficient x activity in the base replaces dermis below the mesh; exact once t >> 1/k.
    """
    return partition * math.sqrt(clearance * diffusivity)
