"""A small patch of layered skin with a channel, on which the identities of P22 are tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytic.bench import smooth
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing, Transfer
from mnrd.simulation import Simulation

TOPS = {"corneum": 0.0, "epidermis": 15.0, "dermis": 60.0}
DEPTHS = (0.0, 15.0, 60.0, 140.0)
DIFFUSIVITY = {"corneum": 0.02, "epidermis": 50.0, "dermis": 80.0, "channel": 400.0}
PARTITION = {"corneum": 20.0, "epidermis": 1.5, "dermis": 1.2, "channel": 1.0}
CLEARANCE = {"corneum": 0.0, "epidermis": 0.0, "dermis": 5e-4, "channel": 0.0}
PITCH = 80.0


def patch(nx: int = 8, ny: int = 8, nz: int = 3, *, pitch: float = PITCH, periodic: bool = False) -> Mesh:
    """Mesh of one pitch, with nz cells per layer."""
    return Mesh(uniform(pitch, nx), uniform(pitch, ny), smooth(DEPTHS, nz, offset=8), periodic=(periodic, periodic))


def hole(x: float, y: float, radius: float = 18.0, depth: float = 40.0):
    """Region of a cylindrical channel around (x, y), of elliptic section: it has no symmetry of 90 degrees."""

    def inside(px: np.ndarray, py: np.ndarray, pz: np.ndarray) -> np.ndarray:
        return (((px - x) / radius) ** 2 + ((py - y) / (0.7 * radius)) ** 2 < 1) & (pz < depth)

    return ("channel", inside)


def skin(
    mesh: Mesh,
    regions: Sequence[Any] = (),
    *,
    top: Reservoir | None = None,
    base: Reservoir | None = None,
    diffusivity: Mapping[str, float] | None = None,
    partition: Mapping[str, float] | None = None,
    clearance: Mapping[str, float] | None = None,
    initial: Any = 0.0,
    closings: Sequence[Closing] = (),
) -> Problem:
    """Problem on the patch; what is not given is the default of this module."""
    painting = paint(mesh, list(TOPS.items()), regions)
    names = painting.materials

    def chosen(given: Mapping[str, float] | None, default: Mapping[str, float]) -> dict[str, float]:
        return {name: (default | dict(given or {}))[name] for name in names}

    field = Field(
        "c",
        initial=initial,
        diffusivity=chosen(diffusivity, DIFFUSIVITY),
        partition=chosen(partition, PARTITION),
        top=top or Reservoir(1.0),
        base=base or Reservoir(),
    )
    reactions = (Transfer("clearance", "c", "k"),)
    return Problem(mesh, painting, Model((field,), reactions, {"k": chosen(clearance, CLEARANCE)}, tuple(closings)))


def fixed(problem: Problem, backend_name: str, dt: float = 30.0, **options: Any) -> Simulation:
    """Simulation with equal steps and tight solves."""
    return Simulation(problem, backend=backend_name, dt=dt, **{"kappa": 1e-9} | options)
