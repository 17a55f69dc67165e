"""How far every cell is from the injury: from the nearest axis of a channel, or from the margin of a wound."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.skin.healing.cellmeans import Cut
from mnrd.skin.healing.punctures import Puncture, sites
from mnrd.skin.healing.strain import Stretch
from mnrd.skin.healing.wounds import Wound

FAR = 500.0  # um beyond which needles are not looked for


def distance_from_needles(
    mesh: Mesh, puncture: Puncture, positions: Sequence[tuple[float, float]], *, surface: float = 0.0
) -> Array:
    """Distance of the cell centres from the nearest needle axis, images included.

    Parameters
    ----------
    mesh : Mesh
    puncture : Puncture
    positions : sequence of (float, float), um
        On the mesh.
    surface : float, um
        z of the skin surface in the mesh.

    Returns
    -------
    (nz, ny, nx) array, um
        Below the tip that from the tip; infinite where no needle is within half a millimetre.
    """
    cut = Cut(
        puncture.radius, puncture.depth, 1.0, Stretch(0.0, 1.0, 1.0), tilt=puncture.tilt, azimuth=puncture.azimuth
    )
    z, reach, nearest = (mesh.zc - surface)[:, None, None], FAR + cut.lean, np.full(mesh.shape, inf)
    for x0, y0, right, back in sites(mesh, positions, reach).places:
        rows, columns = (
            slice(*np.searchsorted(centres, (place - reach, place + reach)))
            for centres, place in ((mesh.yc, y0), (mesh.xc, x0))
        )
        aside, below = cut.apart(right * (mesh.xc[columns] - x0), back * (mesh.yc[rows] - y0)[:, None], z)
        near = nearest[:, rows, columns]
        np.minimum(near, np.hypot(aside, below), out=near)
    nearest[nearest > FAR] = inf
    return nearest


def distance_from_wound(
    mesh: Mesh, wound: Wound, *, surface: float = 0.0, centre: tuple[float, float] = (0.0, 0.0)
) -> Array:
    """Distance of the cell centres from the margin of a wound, (nz, ny, nx), um; negative inside."""
    x, y, z = mesh.xc - centre[0], (mesh.yc - centre[1])[:, None], (mesh.zc - surface)[:, None, None]
    aside = (np.hypot(x, y) if wound.round else np.abs(x) + 0.0 * y) - 0.5 * wound.width
    below = z - (inf if wound.depth is None else wound.depth)
    outside = np.hypot(np.maximum(aside, 0.0), np.maximum(below, 0.0))
    return np.asarray(np.where((aside < 0.0) & (below < 0.0), np.maximum(aside, below), outside))
