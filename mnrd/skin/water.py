"""Correlations of watery fluids: molar volume, diffusivity, molecular radius, hydrogel and evaporation.

All functions return internal units (µm, s): radii are in µm too (1.5 nm = 1.5e-3).
"""

from __future__ import annotations

import math
import re

CM2_PER_S = 1e8  # µm²/s
BODY_TEMPERATURE = 37.0  # °C
BOLTZMANN = 1.380649e-23  # J/K
GAS_CONSTANT = 8.314462618  # J/(mol K)

# Schroeder's additive contributions, cm³/mol
_VOLUMES = {"C": 7.0, "H": 7.0, "N": 7.0, "O": 7.0, "F": 10.5, "Cl": 24.5, "Br": 31.5, "I": 38.5, "S": 21.0}


def atoms(formula: str) -> dict[str, int]:
    """Count the atoms of a plain formula such as ``"C14H11Cl2NO2"``.

    Raises
    ------
    ValueError
        If the text is not a formula without brackets, or holds an element that Schroeder's rule does not
        know.
    """
    if not re.fullmatch(r"([A-Z][a-z]?\d*)+", formula):
        raise ValueError(f"got {formula!r}, must be element symbols and counts such as 'C8H10N4O2'")
    counts: dict[str, int] = {}
    for element, count in re.findall(r"([A-Z][a-z]?)(\d*)", formula):
        if element not in _VOLUMES:
            known = ", ".join(_VOLUMES)
            raise ValueError(f"got {element} in {formula!r}, must be of {known}; else give diffusivity_water")
        counts[element] = counts.get(element, 0) + int(count or 1)
    return counts


def molar_volume_schroeder(formula: str, rings: int = 0, double_bonds: int = 0, triple_bonds: int = 0) -> float:
    """Molar volume at the boiling point by Schroeder's additive rule, in cm³/mol.

    7 (C + H + N + O) + 10.5 F + 24.5 Cl + 31.5 Br + 38.5 I + 21 S - 7 rings + 7 double bonds + 14 triple
    bonds.

    Parameters
    ----------
    formula : str
        Of the un-ionised molecule.
    rings, double_bonds, triple_bonds : int
        In the Kekulé structure: benzene has one ring and three double bonds.

    References
    ----------
    Schroeder in Partington (1949); constants from the public MoBi implementation of Dancik 2013.
    """
    volume = sum(_VOLUMES[element] * count for element, count in atoms(formula).items())
    return volume - 7.0 * rings + 7.0 * double_bonds + 14.0 * triple_bonds


def diffusivity_water(molar_volume: float) -> float:
    """Diffusivity of a small molecule in water, in µm²/s.

    D(cm²/s) = 1.92e-4 V^-0.6 below 445 cm³/mol, 3.78e-5 V^(-1/3) above (they join within 0.2 %).

    References
    ----------
    Dancik et al., Adv Drug Deliv Rev 65:221 (2013), from the public MoBi implementation.
    """
    if molar_volume < 445.0:
        return 1.92e-4 * molar_volume**-0.6 * CM2_PER_S
    return 3.78e-5 * molar_volume ** (-1.0 / 3.0) * CM2_PER_S


def water_viscosity(temperature: float) -> float:
    """Viscosity of water between 0 and 100 °C, in Pa s.

    log10(eta/eta20) = (20 - T)/(T + 96) [1.2364 - 1.37e-3 (20 - T) + 5.7e-6 (20 - T)²], eta20 = 1.002e-3 Pa
    s.

    References
    ----------
    Kestin, Sokolov and Wakeham, J Phys Chem Ref Data 7:941 (1978); from memory, 0.692e-3 at 37 °C.
    """
    below = 20.0 - temperature
    exponent = below / (temperature + 96.0) * (1.2364 - 1.37e-3 * below + 5.7e-6 * below**2)
    return 1.002e-3 * 10.0**exponent


def diffusivity_stokes_einstein(radius: float, temperature: float = BODY_TEMPERATURE) -> float:
    """Diffusivity of a sphere in water, k_B T/(6 pi eta R), in µm²/s.

    Parameters
    ----------
    radius : float
        Hydrodynamic radius, µm.
    temperature : float
        °C. With the radius in nm: 3.29e-6/R cm²/s at 37 °C, 2.92e-6/R at 32 °C.
    """
    # J/(Pa s) is m³/s, and m³/s over µm is 1e18 µm²/s
    return BOLTZMANN * (temperature + 273.15) / (6.0 * math.pi * water_viscosity(temperature) * radius) * 1e18


def hydrodynamic_radius(diffusivity: float, temperature: float = BODY_TEMPERATURE) -> float:
    """Radius of the sphere that diffuses in water at this rate (inverse of Stokes-Einstein), in µm."""
    return diffusivity_stokes_einstein(diffusivity, temperature)  # R = C/D and D = C/R share one constant


def radius_globular(molar_mass: float) -> float:
    """Hydrodynamic radius of a globular protein, 0.084 MW^(1/3) nm, in µm.

    Our choice: it gives insulin 1.51 nm and albumin 3.40 nm.
    """
    return 0.084e-3 * molar_mass ** (1.0 / 3.0)


def radius_hyaluronan(molar_mass: float) -> float:
    """Hydrodynamic radius of the hyaluronan coil, 0.0188 M^0.6 nm, in µm. Our choice."""
    return 0.0188e-3 * molar_mass**0.6


def hydrogel_factor(solute_radius: float, fibre_radius: float, fibre_fraction: float) -> float:
    """Diffusivity in a hydrogel over that in water, exp(-0.84 f^1.09), f = (1 + r_s/r_f)² phi.

    Parameters
    ----------
    solute_radius, fibre_radius : float
        In the same unit.
    fibre_fraction : float
        Volume fraction phi of polymer in [0, 1]; the partition coefficient of the gel is then about 1 - phi.

    References
    ----------
    Fit of the Johnson type; constants from memory.
    """
    excluded = (1.0 + solute_radius / fibre_radius) ** 2 * fibre_fraction
    return math.exp(-0.84 * excluded**1.09)


def evaporation_coefficient(molar_mass: float, wind: float = 0.165) -> float:
    """Mass-transfer coefficient of the air above the skin, in µm/s.

    k_g(cm/h) = 6320 u^0.78 MW^(-1/3).

    Parameters
    ----------
    molar_mass : float
        g/mol.
    wind : float
        Air speed, m/s; 0.165 is a room.

    References
    ----------
    Kasting and Miller, J Pharm Sci 95:268 (2006), as in the public MoBi implementation.
    """
    return 6320.0 * wind**0.78 * molar_mass ** (-1.0 / 3.0) * 1e4 / 3600.0


def evaporation_loss(
    molar_mass: float,
    vapour_pressure: float,
    saturation: float,
    *,
    wind: float = 0.165,
    temperature: float = 32.0,
) -> float:
    """Loss coefficient of a donor by evaporation of the drug itself, in µm/s.

    Amount lost per area and time = loss x activity, loss = k_g P_vap MW/(R T)/a_sat.

    Parameters
    ----------
    molar_mass : float
        g/mol.
    vapour_pressure : float
        Of the pure drug at `temperature`, Pa.
    saturation : float
        Activity at saturation, mg/mL.
    wind : float
        m/s.
    temperature : float
        Of the skin surface, °C.
    """
    vapour = vapour_pressure * molar_mass / (GAS_CONSTANT * (temperature + 273.15)) * 1e-3  # g/m³ to mg/mL
    return evaporation_coefficient(molar_mass, wind) * vapour / saturation
