"""Steady flux through one channel of a periodic array, as the mesh width tends to zero.

Unit cell 320 um; stratum corneum 15 um with D = 0.05 um^2/s, dermis 400 um with 100, channel with 500 (0: a solid
needle); activity 1 on top, 0 at the base. The fluxes of `REFERENCE` are those of cells of 1.25 um in all directions
on a quarter of the unit cell, and were printed by

    python tests/channel_flux.py
"""

from __future__ import annotations

import numpy as np
from systems import System, cone, cylinder, problem_of, system_of

from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir

PITCH, CORNEUM, DERMIS = 320.0, 15.0, 400.0
SHAPES = {
    "pore": (cylinder, 50.0, 15.0, 500.0),
    "cylinder": (cylinder, 50.0, 200.0, 500.0),
    "cone": (cone, 75.0, 250.0, 500.0),
    "thin": (cylinder, 15.0, 200.0, 500.0),
    "solid": (cylinder, 50.0, 200.0, 0.0),
}
"""Name -> shape, radius and depth (um), diffusivity (um^2/s)."""

REFERENCE = {
    "pore": 13428.1,
    "cylinder": 20271.9,
    "cone": 22613.5,
    "thin": 6661.86,
    "solid": 311.154,
}
"""Amount per time (um^3/s for an activity of 1) through one unit cell."""


def flux(
    backend: Backend, shape: str, width: float, offset: tuple[float, float] = (0.0, 0.0), *, quarter: bool = False
) -> float:
    """Amount per time through one unit cell, with cells of `width` and the channel's centre off a node by `offset`."""
    outline, radius, depth, inside = SHAPES[shape]
    extent = PITCH / 2 if quarter else PITCH
    x, y = (0.0, 0.0) if quarter else (PITCH / 2 + offset[0], PITCH / 2 + offset[1])
    edges = np.linspace(0.0, extent, round(extent / width) + 1)
    corneum = np.linspace(0.0, CORNEUM, max(6, round(CORNEUM / width)) + 1)
    dermis = np.linspace(CORNEUM, CORNEUM + DERMIS, round(DERMIS / width) + 1)
    mesh = Mesh(edges, edges, np.append(corneum, dermis[1:]), (not quarter, not quarter))
    box = ((x - radius, x + radius), (y - radius, y + radius), (0.0, depth))
    diffusivity = {"corneum": 0.05, "dermis": 100.0, "channel": inside}
    field = Field("c", diffusivity=diffusivity, top=Reservoir(1.0), base=Reservoir())
    layers = {"corneum": 0.0, "dermis": CORNEUM}
    regions = [("channel", outline(x, y, radius, depth), box)]
    system = system_of(backend, problem_of(mesh, layers, field, regions), dt=1e9)
    return steady_flow(system) * (4 if quarter else 1)


def steady_flow(system: System) -> float:
    """Amount per time that leaves through the base when the activity is 1 on top and 0 below."""
    rhs = np.zeros(system.shape)
    rhs[0] = system.backend.host(system.operator.top)
    _, activity = system.solve(rhs, 1e-9)
    return float(np.sum(system.backend.host(system.operator.base) * activity[-1]))


if __name__ == "__main__":
    for name in SHAPES:
        print(f'    "{name}": {flux(choose(), name, 1.25, quarter=True):.6g},', flush=True)
