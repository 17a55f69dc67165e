"""Correlations of the stratum corneum: ionisation, permeability, lag and partition.

All functions return internal units (µm, s). The published constants are in cm/h; the factor stands beside
each law. Every permeability here is that of the *un-ionised* form; `neutral_fraction` says how much of the
drug that is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

CM_PER_HOUR = 1e4 / 3600.0  # µm/s
BLOOD_PH = 7.4  # of tissue water and blood


def neutral_fraction(ph: float, acid_pka: Sequence[float] = (), base_pka: Sequence[float] = ()) -> float:
    """Fraction of a drug that carries no net charge.

    Parameters
    ----------
    ph : float
        pH of the water it is dissolved in.
    acid_pka, base_pka : sequence of float
        Macroscopic pKa of the acidic and of the basic groups, in any order; none of both is a neutral drug.

    Returns
    -------
    float
        In [0, 1]. One acid: 1/(1 + 10^(pH - pKa)); one base: 1/(1 + 10^(pKa - pH)); several of a kind:
        stepwise dissociation; ampholyte: 1 - (f_A + f_B) + 2 f_A f_B, which counts the zwitterion as neutral.

    References
    ----------
    Henderson-Hasselbalch; the form for ampholytes is that of the public MoBi implementation of Dancik 2013.
    """
    acid = _undissociated([ph - pka for pka in sorted(acid_pka)])
    base = _undissociated([pka - ph for pka in sorted(base_pka, reverse=True)])
    if acid_pka and base_pka:
        return 1.0 - (acid + base) + 2.0 * acid * base
    return acid * base


def _undissociated(steps: Sequence[float]) -> float:
    # 1 / (1 + 10^s1 + 10^(s1 + s2) + ...): the weights of the successive dissociation states.
    weight, total = 1.0, 1.0
    for step in steps:
        weight *= 10.0**step
        total += weight
    return 1.0 / total


def permeability_potts_guy(log_kow: float, molar_mass: float) -> float:
    """Permeability of the stratum corneum to a neutral solute from water, Potts-Guy law.

    log10 Kp(cm/h) = -2.7437 + 0.71 log10 Kow - 0.0061 MW, which is -6.3 in cm/s.

    Parameters
    ----------
    log_kow : float
        log10 of the octanol-water partition coefficient of the un-ionised form.
    molar_mass : float
        g/mol.

    Returns
    -------
    float
        µm/s. Fitted for MW < 750 and -3 < log Kow < 6 (`outside_potts_guy` says so in words). Alone it is 10²
        to 10³ too low for polar and for ionised drugs: add `permeability_polar`.

    References
    ----------
    Potts and Guy, Pharm Res 9:663 (1992).
    """
    return 10.0 ** (-2.7437 + 0.71 * log_kow - 0.0061 * molar_mass) * CM_PER_HOUR


def outside_potts_guy(log_kow: float, molar_mass: float) -> str:
    """Say in words where inputs lie outside the fitted range of Potts-Guy; empty inside it."""
    found = []
    if not -3.0 < log_kow < 6.0:
        found.append(f"log Kow {log_kow:g} is outside -3 to 6")
    if molar_mass >= 750.0:
        found.append(f"molar mass {molar_mass:g} is not below 750")
    return ", ".join(found)


def permeability_epa(log_kow: float, molar_mass: float) -> float:
    """Permeability of the stratum corneum to a neutral solute from water, EPA law, in µm/s.

    log10 Kp(cm/h) = -2.80 + 0.66 log10 Kow - 0.0056 MW. A refit of Potts-Guy; same range, same trap.

    References
    ----------
    US EPA, RAGS Part E (2004); constants from memory.
    """
    return 10.0 ** (-2.80 + 0.66 * log_kow - 0.0056 * molar_mass) * CM_PER_HOUR


def permeability_polar(molar_mass: float) -> float:
    """Permeability of the polar path of the stratum corneum, all ionisation states, in µm/s.

    P_pol(cm/h) = 1.519e-4 / sqrt(MW), in parallel with the lipid path. Still 0.6 log units low for sucrose.

    References
    ----------
    Robinson model in Wilschut et al., Chemosphere 30 (1995); constants from memory.
    """
    return 1.519e-4 / math.sqrt(molar_mass) * CM_PER_HOUR


def permeability_lipid_robinson(log_kow: float, molar_mass: float) -> float:
    """Permeability of the lipid path, Robinson form, in µm/s.

    log10 P_lip(cm/h) = -1.326 + 0.6097 log10 Kow - 0.1786 sqrt(MW).

    References
    ----------
    Wilschut et al., Chemosphere 30 (1995); constants from memory.
    """
    return 10.0 ** (-1.326 + 0.6097 * log_kow - 0.1786 * math.sqrt(molar_mass)) * CM_PER_HOUR


def permeability_robinson(log_kow: float, molar_mass: float) -> float:
    """Permeability of whole skin with the watery viable tissue in series, Robinson form, in µm/s.

    1/Kp = 1/(P_lip + P_pol) + 1/P_aq, P_aq(cm/h) = 2.5/sqrt(MW). For comparison with data only: in a mesh
    that has a viable epidermis and a dermis, P_aq would count the watery resistance twice.
    """
    aqueous = 2.5 / math.sqrt(molar_mass) * CM_PER_HOUR
    barrier = permeability_lipid_robinson(log_kow, molar_mass) + permeability_polar(molar_mass)
    return 1.0 / (1.0 / barrier + 1.0 / aqueous)


def limited_by_viable_tissue(permeability: float, molar_mass: float) -> float:
    """Permeability of whole skin from that of the stratum corneum, Cleek-Bunge limit, in µm/s.

    Kp_skin = Kp / (1 + Kp sqrt(MW)/2.6) with Kp in cm/h. For comparison with data only, never in a mesh that
    has a viable epidermis and a dermis (their resistance would be counted twice).

    Parameters
    ----------
    permeability : float
        Of the stratum corneum, µm/s.
    molar_mass : float
        g/mol.

    References
    ----------
    Cleek and Bunge, Pharm Res 10 (1993); Bunge and Cleek, Pharm Res 12 (1995).
    """
    return permeability / (1.0 + permeability / CM_PER_HOUR * math.sqrt(molar_mass) / 2.6)


def lag_epa(molar_mass: float) -> float:
    """Lag time of the stratum corneum, in s.

    tau(h) = 0.105·10^(0.0056 MW), which is log10(D_sc/h_sc) = -2.80 - 0.0056 MW (cm/h) for 10 µm. Not meant
    for macromolecules: 5800 g/mol would give 10³¹ h.

    References
    ----------
    US EPA, RAGS Part E (2004); constants from memory.
    """
    return 0.105 * 10.0 ** (0.0056 * molar_mass) * 3600.0


def partition_sc_chen_lian(log_kow: float) -> float:
    """Partition coefficient of the un-ionised form, stratum corneum over water.

    K = 0.056·0.9 Kow^0.69 (lipid) + 0.39·1.37·4.23 Kow^0.31 (protein) + 0.55 (water). An alternative to what
    follows from a permeability and a lag (K = P h/D).

    References
    ----------
    Chen, Han, Saib and Lian, Pharm Res 32:1779 (2015), as used in the EPA R package httk.
    """
    kow = 10.0**log_kow
    return 0.056 * 0.9 * kow**0.69 + 0.39 * 1.37 * 4.23 * kow**0.31 + 0.55
