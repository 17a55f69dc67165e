"""The stratum corneum of Dancik 2013 (Wang-Kasting-Nitsche): bricks, lipid, steps between lipid layers.

An alternative to the default, which takes a permeability and a lag from separate laws. For hydrophilic drugs
this set implies very long lags (caffeine 28 h in hydrated stratum corneum) that are not observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mnrd.skin.water import CM2_PER_S, diffusivity_water

Hydration = Literal["partial", "full"]


@dataclass(frozen=True)
class Corneum:
    """Structure constants of the stratum corneum at one hydration (lengths in cm, as published)."""

    thickness: float  # h_sc, µm
    water: float  # nu, g water per g dry corneocyte
    corneocyte_fraction: float  # phi_cor
    fibre_fraction: float  # phi_f, keratin
    slowing: float  # of lipid diffusion and of the steps between lipid layers
    repeat: float  # l_x, cm
    hindrance: tuple[float, float, float, float]  # of diffusion between keratin fibres, in powers of lambda
    series: tuple[float, float, float]  # of the dimensionless permeability: parallel lipid, sigma, 1/R


CORNEUM = {
    "full": Corneum(
        thickness=43.0,
        water=2.75,
        corneocyte_fraction=0.9684,
        fibre_fraction=0.1928,
        slowing=1.0,
        repeat=31.319e-4,
        hindrance=(0.9999, -1.2762, 0.0718, 0.1195),
        series=(7.611e-4, 0.9685, 1.827e5),
    ),
    "partial": Corneum(
        thickness=13.0,
        water=0.43,
        corneocyte_fraction=0.9073,
        fibre_fraction=0.6044,
        slowing=1.0 / 3.0,
        repeat=30.266e-4,
        hindrance=(1.0001, -2.4497, 1.141, 0.5432),
        series=(2.935e-4, 0.8979, 5.536e5),
    ),
}

_LAYER_SPACING = 13e-7  # delta, cm
_KERATIN_RADIUS = 35.0  # Å


def partition_lipid(log_kow: float) -> float:
    """Partition coefficient lipid over water of the un-ionised form, 0.43 Kow^0.81."""
    return 0.43 * 10.0 ** (0.81 * log_kow)


def partition_sc(log_kow: float, hydration: Hydration) -> float:
    """Partition coefficient stratum corneum over water of the un-ionised form.

    References
    ----------
    Nitsche, Wang and Kasting (2006), in Dancik et al., Adv Drug Deliv Rev 65:221 (2013).
    """
    corneum = CORNEUM[hydration]
    keratin = 5.4 * 10.0 ** (0.27 * log_kow)
    corneocyte = (0.9 * keratin + corneum.water) / (0.9 / 1.37 + corneum.water)
    phi = corneum.corneocyte_fraction
    return (1.0 - phi) * partition_lipid(log_kow) + phi * corneocyte


def diffusivity_lipid(molar_mass: float, hydration: Hydration) -> float:
    """Diffusivity along the lipid layers, in cm²/s: 1.24e-7 (100/MW)^2.43 + 2.34e-9, or a third of it."""
    return (1.24e-7 * (100.0 / molar_mass) ** 2.43 + 2.34e-9) * CORNEUM[hydration].slowing


def diffusivity_and_capacity_corneocyte(molar_volume: float, hydration: Hydration) -> tuple[float, float]:
    """Diffusivity inside the corneocytes (cm²/s) and the part of their volume a solute can enter.

    Solute radius a_s(Å) = 0.145 V^0.6 below 445 cm³/mol and 0.735 V^(1/3) above, between fibres of 35 Å.
    """
    corneum = CORNEUM[hydration]
    radius = 0.145 * molar_volume**0.6 if molar_volume < 445.0 else 0.735 * molar_volume ** (1.0 / 3.0)
    ratio = radius / _KERATIN_RADIUS
    free = 1.0 - corneum.fibre_fraction * (1.0 + ratio) ** 2
    hindered = sum(factor * ratio**power for power, factor in enumerate(corneum.hindrance))
    return diffusivity_water(molar_volume) / CM2_PER_S * free * hindered, free


def diffusivity_sc(log_kow: float, molar_mass: float, molar_volume: float, hydration: Hydration) -> float:
    """Effective diffusivity of the stratum corneum across its thickness, in µm²/s.

    P_sc = D K/h follows with `partition_sc`; both are of the un-ionised form.

    Parameters
    ----------
    log_kow : float
        Of the un-ionised form.
    molar_mass : float
        g/mol.
    molar_volume : float
        Schroeder's, cm³/mol.
    hydration : str
        "partial" (in vivo, 13 µm) or "full" (soaked, 43 µm).

    References
    ----------
    Wang, Kasting and Nitsche, J Pharm Sci 95:620 (2006) and 96:3024 (2007); constants from the public MoBi
    implementation of Dancik 2013. The MoBi user guide prints permeabilities 4 to 13 % higher; the reason is
    unknown.
    """
    corneum = CORNEUM[hydration]
    lipid, k_lipid = diffusivity_lipid(molar_mass, hydration), partition_lipid(log_kow)
    corneocyte, free = diffusivity_and_capacity_corneocyte(molar_volume, hydration)
    # step across one lipid layer, cm/s
    step = 10.0 ** (-0.570 - 0.840 * molar_mass ** (1.0 / 3.0)) * corneum.slowing
    sigma = lipid * k_lipid / (corneocyte * free)
    resistance = step * corneum.repeat**2 / (_LAYER_SPACING * lipid)
    parallel, brick, layers = corneum.series
    dimensionless = parallel + 1.0 / (brick * sigma + layers / resistance)
    return dimensionless * lipid * k_lipid / partition_sc(log_kow, hydration) * CM2_PER_S
