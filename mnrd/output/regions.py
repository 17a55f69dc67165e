"""Where means are taken in a healing run: layers, holes, and rings around channels and wounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh

RINGS = (0.0, 50.0, 100.0, 200.0, 400.0, inf)  # um from the nearest channel axis or wound margin
INSIDE = "inside"  # a wound, where the distance is negative
DERMIS = ("papillary dermis", "reticular dermis")
EPIDERMIS, BARRIER = "viable epidermis", "stratum corneum"
MOUTHS = ("hole epidermis", "hole barrier")


@dataclass(frozen=True, eq=False)
class Regions:
    """Weights of the means over named parts of the mesh; only cells that count are kept.

    Parameters
    ----------
    weights : mapping of name to (cells, weights)
        Flat indices into a (nz, ny, nx) array, and weights that add up to 1 (or as `of` was told).
    """

    weights: Mapping[str, tuple[NDArray[np.intp], Array]]

    @classmethod
    def of(cls, mesh: Mesh, shares: Mapping[str, Array], volumes: Mapping[str, Array] | None = None) -> Regions:
        """Regions from the share of every cell, (nz, ny, nx), that belongs to each.

        Parameters
        ----------
        mesh : Mesh
        shares : mapping of name to array
            A region without cells is left out.
        volumes : mapping of name to array, optional
            Shares by whose volume sums over a region are divided, if not by its own.

        Raises
        ------
        ValueError
            When shares do not fit the mesh.
        """
        volume, found = mesh.volume.ravel(), {}
        for name, given in shares.items():
            share = np.asarray(given, dtype=np.float64)
            if share.shape != mesh.shape:
                raise ValueError(f"regions.{name}: got shape {share.shape}, must be {mesh.shape} (nz, ny, nx)")
            cells = np.flatnonzero(share)
            total = float(np.ravel((volumes or shares).get(name, share)) @ volume)
            if total > 0.0:
                found[name] = cells, share.ravel()[cells] * volume[cells] / total
        return cls(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the regions that have cells."""
        return tuple(self.weights)

    def mean(self, values: Array, name: str) -> float:
        """Mean of a (nz, ny, nx) array over a region."""
        cells, weights = self.weights[name]
        return float(np.take(values, cells) @ weights)


def healing_regions(mesh: Mesh, layers: Mapping[str, Array], hole: Array | None = None) -> Regions:
    """The regions of ``healing.csv``.

    Parameters
    ----------
    mesh : Mesh
    layers : mapping of name to array
        Share of every cell that lies in a layer, (nz, ny, nx) or what broadcasts to it, whether it is tissue or
        channel now: stratum corneum, viable epidermis, papillary dermis, reticular dermis.
    hole : (nz, ny, nx) array, optional
        Share of every cell that the first injury took away.

    Returns
    -------
    Regions
        ``papillary dermis``, ``dermis``, ``viable epidermis``; ``treated dermis`` is the dermis down to the end of
        the hole (all of it without a hole); ``hole`` is the part of the hole in the dermis. For what is missing
        above it, ``hole epidermis`` and ``hole barrier`` are the cells that the hole touches, and sums over them are
        divided by the volume of the hole: 1 - K is shared by hole and tissue in the cells at its rim.
    """
    share = {name: np.broadcast_to(layer, mesh.shape) for name, layer in layers.items()}
    dermis = sum((share[name] for name in DERMIS if name in share), start=np.zeros(mesh.shape))
    found = {DERMIS[0]: share[DERMIS[0]], "dermis": dermis, EPIDERMIS: share[EPIDERMIS], "treated dermis": dermis}
    if hole is None:
        return Regions.of(mesh, found)
    inside = {"hole": hole * dermis, MOUTHS[0]: hole * share[EPIDERMIS], MOUTHS[1]: hole * share[BARRIER]}
    if inside["hole"].any():
        deepest = int(np.flatnonzero(inside["hole"].any(axis=(1, 2)))[-1])
        found["treated dermis"] = np.where(np.arange(mesh.shape[0])[:, None, None] <= deepest, dermis, 0.0)
    touched = {name: share[layer] * (hole > 0.0) for name, layer in zip(MOUTHS, (EPIDERMIS, BARRIER), strict=True)}
    return Regions.of(mesh, found | inside | touched, {**found, **inside})


def ring_regions(mesh: Mesh, layers: Mapping[str, Array], distance: Array) -> dict[str, Regions]:
    """The rings in every layer.

    Parameters
    ----------
    mesh : Mesh
    layers : mapping of name to array
        As in `healing_regions`.
    distance : array
        From the nearest channel axis or wound margin, um, negative inside a wound; (nz, ny, nx) or what broadcasts
        to it.

    Returns
    -------
    dict of layer to Regions
        Named by the distance in um: ``0-50``, ``50-100``, ``100-200``, ``200-400``, ``> 400``, or ``inside``,
        where there are cells.
    """
    away = np.broadcast_to(distance, mesh.shape)
    rings = {INSIDE: away < 0.0} | {
        f"{low:g}-{high:g}" if high < inf else f"> {low:g}": (low <= away) & (away < high)
        for low, high in pairwise(RINGS)
    }
    return {
        layer: Regions.of(mesh, {name: share * ring for name, ring in rings.items()}) for layer, share in layers.items()
    }
