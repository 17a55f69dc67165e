"""Skin at rest: what unwounded skin, or an old scar, holds before the first session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnrd.skin.healing.ageing import collagen, factor
from mnrd.skin.healing.places import Places, Profiles

Array = NDArray[np.float64]

SWEEPS = 50  # of Newton's method; a few suffice
CLOSE = 1e-9  # of the oxygen in air: the change after one as small is round-off


def resting(places: Places, values: Mapping[str, float], *, age: float, scar: bool = False) -> dict[str, Profiles]:
    """Concentrations at rest of the fields that are not 0.

    Parameters
    ----------
    places : Places
    values : mapping of name to float
        Parameters in internal units.
    age : float, years
    scar : bool
        Whether the dermis is an old scar.

    Returns
    -------
    dict of field to dict of material to (nz,) array
    """
    mature = {name: values[f"scar_{name}"] for name in ("C", "C3", "E", "B", "s")}
    over = mature if scar else {"C": 1.0, "C3": values["f30"], "E": 1.0, "B": 1.0, "s": 0.0}
    matrix = over["C"] * collagen(values, age)

    def dermal(name: str, scale: float) -> Profiles:
        return places.coefficient(values, dermis=(values[f"{name}_PD"] * scale, values[f"{name}_RD"] * scale))

    return {
        "O": dict.fromkeys(places.materials, oxygen(places, values, vessels=over["B"])),
        "Q": dermal("Q", factor("eta_Q", values, age)),
        "B": dermal("B", factor("B_age", values, age) * over["B"]),
        "K": places.coefficient(values, corneum=1.0, epidermis=1.0),
        "C3": places.coefficient(values, dermis=over["C3"] * matrix),
        "C1": places.coefficient(values, dermis=(1.0 - over["C3"]) * matrix),
        "E": places.coefficient(values, dermis=over["E"] * factor("E_age", values, age)),
        "s": places.coefficient(values, dermis=over["s"]),
    }


def supply(values: Mapping[str, float]) -> float:
    """Rate at which resting capillaries bring oxygen, 1/s: what balances the consumption of the dermis at `O_n`."""
    consumption = values["m_0"] * values["O_n"] / (values["K_m"] + values["O_n"])
    if not values["O_n"] < values["O_B"]:
        raise ValueError(f"parameters.O_n: got {values['O_n']:g} mmHg, must be < O_B = {values['O_B']:g} mmHg")
    return consumption / (values["O_B"] - values["O_n"])


def oxygen(places: Places, values: Mapping[str, float], *, vessels: float = 1.0) -> Array:
    """Steady oxygen over depth, mmHg, (nz,).

    Solved with the faces of the mesh, so that it is steady on the mesh too.

    Parameters
    ----------
    places : Places
    values : mapping of name to float
        Parameters in internal units.
    vessels : float
        Capillaries over those of normal skin.
    """
    by_depth = replace(places, materials=("",))
    consumption = by_depth.coefficient(values, epidermis=values["m_VE"], dermis=values["m_D"])[""] * values["m_0"]
    supplied = by_depth.coefficient(values, dermis=supply(values) * vessels)[""]
    hz, half = places.mesh.hz, values["K_m"]
    coupling, inflow = _diffusion(hz, values)
    found = np.full(hz.size, values["O_n"])
    for _ in range(SWEEPS):
        used = consumption / (half + found)
        residual = inflow * values["O_air"] - coupling @ found
        residual += hz * (supplied * (values["O_B"] - found) - used * found)
        slope = coupling + np.diag(hz * (supplied + used * half / (half + found)))
        change = np.linalg.solve(slope, residual)
        found = np.maximum(found + change, 0.5 * found)  # stays positive
        if np.abs(change).max() < CLOSE * values["O_air"]:
            return found
    raise ValueError("parameters: no steady oxygen was found")


def _diffusion(hz: Array, values: Mapping[str, float]) -> tuple[Array, Array]:
    """Matrix of the flux out of every cell, um/s, and the conductance from the air into it."""
    between = 2.0 * values["D_O"] / (hz[:-1] + hz[1:])
    inflow = np.zeros(hz.size)
    inflow[0] = 1.0 / (0.5 * hz[0] / values["D_O"] + 1.0 / values["k_O"])
    matrix = np.diag(inflow) - np.diag(between, 1) - np.diag(between, -1)
    matrix += np.diag(np.append(between, 0.0) + np.append(0.0, between))
    return matrix, inflow
