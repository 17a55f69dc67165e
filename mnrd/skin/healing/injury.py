"""The injury of one session: hole, damage and strain as means over the cells of a mesh, and what they do to the fields.

For every needle or blade, rho is the distance to its axis (from the surface down, beyond the lower end to that point)
or mid-plane. Means are over sub-cells whose size follows the distance to the wall of the hole, so that far cells are
one point each; a sub-cell on the wall counts with the share of it that is inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import cast

import numpy as np

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.model.field import Coefficient
from mnrd.model.problem import Problem
from mnrd.skin.healing.cellmeans import Cut, cell_means
from mnrd.skin.healing.punctures import Puncture, Sites, sites
from mnrd.skin.healing.strain import Retraction, Stretch
from mnrd.skin.healing.wounds import Wound

LIVING = ("Q", "F", "Y", "B", "N", "M")
MATRIX = ("C1", "C3", "E")


@dataclass(frozen=True, eq=False)
class Injury:
    """What one session does to the tissue, as means over cells, (nz, ny, nx), all from 0 to 1.

    Parameters
    ----------
    hole : array
        Share of the cell that is hole.
    damage : array
        d of the model: 1 in the hole, falling off beside it.
    strain : array
        j0 of the model: how far stretch activates integrins.
    survivors : float
        Share of the cells that live on in the hole; beside it 1 - d do.
    cut, cut_inside : float
        Share of the matrix that is cut where d = 1 beside the hole, and in the hole.
    """

    hole: Array
    damage: Array
    strain: Array
    survivors: float
    cut: float
    cut_inside: float

    @property
    def survival(self) -> Array:
        """Share of the cells of the dermis that live on."""
        return np.asarray(np.clip(1.0 - self.damage, 0.0, 1.0) + self.survivors * self.hole)

    @property
    def kept(self) -> Array:
        """Share of the matrix that is left."""
        return np.asarray(1.0 - self.cut * (self.damage - self.hole) - self.cut_inside * self.hole)


def injury_of_needles(
    mesh: Mesh,
    puncture: Puncture,
    positions: Sequence[tuple[float, float]],
    values: Mapping[str, float],
    *,
    eta_J: float = 1.0,
    surface: float = 0.0,
) -> Injury:
    """Injury by needles at some positions and at all images of these, periodic or mirrored.

    Parameters
    ----------
    mesh : Mesh
    puncture : Puncture
    positions : sequence of (float, float), um
        On the mesh, such as `Layout.positions`.
    values : mapping of str to float
        Parameters of the healing model in internal units: l_d, kap, live, eps50.
    eta_J : float
        Age factor of the activation.
    surface : float, um
        z of the skin surface in the mesh; above it nothing is injured.

    Returns
    -------
    Injury
        Needles that each activate less than 1e-4 at a point are counted there as if spread evenly.

    Raises
    ------
    ValueError
        For a position outside of the mesh.
    """
    strain = Stretch(puncture.stretched, values["eps50"], eta_J)
    cut = Cut(puncture.radius, puncture.depth, values["l_d"], strain, tilt=puncture.tilt, azimuth=puncture.azimuth)
    means = cell_means(mesh, cut, sites(mesh, positions, cut.reach), surface)
    return Injury(*means, values["live"], values["kap"], values["kap"])


def injury_of_wound(
    mesh: Mesh,
    wound: Wound,
    values: Mapping[str, float],
    *,
    eta_J: float = 1.0,
    surface: float = 0.0,
) -> Injury:
    """Injury by one wound, its axis or mid-plane at x = y = 0, without images of it.

    Parameters
    ----------
    mesh : Mesh
    wound : Wound
    values : mapping of str to float
        Parameters of the healing model in internal units: l_dx, kap, kap_x, live, eps50, eps_x.
    eta_J : float
        Age factor of the activation.
    surface : float, um
        z of the skin surface in the mesh; above it nothing is injured.
    """
    half = 0.5 * wound.width
    strain = Retraction(half, values["eps_x"], values["eps50"], eta_J)
    depth = inf if wound.depth is None else wound.depth
    cut = Cut(half, depth, values["l_dx"], strain, slot=not wound.round, pointed=False)
    alone = Sites(np.array([[0.0, 0.0, 1.0, 1.0]]), 0.0)
    means = cell_means(mesh, cut, alone, surface)
    return Injury(*means, values["live"], values["kap"], values["kap_x"])


def injure(
    injury: Injury, values: Mapping[str, float], problem: Problem, concentrations: Mapping[str, Array]
) -> dict[str, Array]:
    """The fields after a session, from those before it; with the first two bound, the jump of an event.

    Parameters
    ----------
    injury : Injury
    values : mapping of str to float
        Parameters of the healing model: N_cl, M_cl.
    problem : Problem
        Its parameters dermis, living (dermis and viable epidermis) and B_lay say where the layers are.
    concentrations : mapping of str to (nz, ny, nx) array
        Of all fields, before the session.

    Returns
    -------
    dict of str to (nz, ny, nx) array
        The fields that the session changes.
    """
    before, damage, survival, kept = concentrations, injury.damage, injury.survival, injury.kept
    dermis, living, normal = (_layer(problem, name) for name in ("dermis", "living", "B_lay"))
    # a clot as full as the vessels that bled are dense, at most that of young skin: more than a full store there is not
    bleeding = np.divide(np.minimum(before["B"], normal), normal, out=np.zeros_like(normal), where=normal > 0.0)
    after = {
        "Pl": before["Pl"] + damage * dermis * bleeding * (1.0 - before["Pl"]),
        "W": before["W"] + damage * living * (1.0 - before["W"]),
        "J": before["J"] + injury.strain * dermis * (1.0 - before["J"]),
        "K": before["K"] * (1.0 - injury.hole),
    }
    after |= {name: before[name] * survival for name in LIVING}
    after |= {name: before[name] * kept for name in MATRIX}
    for name in ("N", "M"):  # leukocytes that are caught in the clot
        after[name] += values[f"{name}_cl"] * damage * dermis
    return after


def _layer(problem: Problem, name: str) -> Array:
    return problem.painting.mix(cast(Coefficient, problem.model.parameters[name]))
