"""Where means are taken in a healing run: layers, holes, and rings around channels and wounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh

RINGS = (0.0, 50.0, 100.0, 200.0, 400.0, inf)  # um from the nearest channel axis or wound margin
Share = Array | tuple[NDArray[Any], ...]

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
    def of(cls, mesh: Mesh, shares: Mapping[str, Share], volumes: Mapping[str, float] | None = None) -> Regions:
        """Regions from the share of every cell that belongs to each.

        Parameters
        ----------
        mesh : Mesh
        shares : mapping of name to (nz, ny, nx) array, or to a tuple of arrays whose product it is
            A region without cells is left out.
        volumes : mapping of name to float, optional
            Volumes, um^3, by which sums over a region are divided, if not by its own.

        Raises
        ------
        ValueError
            When shares do not fit the mesh.
        """
        found = {}
        for name, share in shares.items():
            kept = [_kept(mesh, k, plane) for k, plane in enumerate(_planes(mesh, share, name))]
            cells, weights = (np.concatenate(parts) for parts in zip(*kept, strict=True))
            total = (volumes or {}).get(name, float(weights.sum()))
            if cells.size and total > 0.0:
                weights /= total
                found[name] = cells, weights
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
    dermis: Array = sum((layers[name] for name in DERMIS if name in layers), start=np.zeros((1, 1, 1)))
    found: dict[str, Share] = {DERMIS[0]: layers[DERMIS[0]], "dermis": dermis, EPIDERMIS: layers[EPIDERMIS]}
    if hole is None:
        return Regions.of(mesh, {**found, "treated dermis": dermis})
    inside = {"hole": (hole, dermis), MOUTHS[0]: (hole, layers[EPIDERMIS]), MOUTHS[1]: (hole, layers[BARRIER])}
    volumes = {name: _volumes(mesh, share, name) for name, share in inside.items()}
    planes = np.flatnonzero(volumes["hole"])  # those that the hole goes through
    treated = np.arange(mesh.shape[0]) <= (planes[-1] if planes.size else np.inf)
    found |= {"treated dermis": (dermis, treated[:, None, None]), "hole": inside["hole"]}
    found |= {name: (layers[layer], hole > 0.0) for name, layer in zip(MOUTHS, (EPIDERMIS, BARRIER), strict=True)}
    return Regions.of(mesh, found, {name: float(volume.sum()) for name, volume in volumes.items()})


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
        layer: Regions.of(mesh, {name: (share, ring) for name, ring in rings.items()})
        for layer, share in layers.items()
    }


def _planes(mesh: Mesh, share: Share, name: str) -> Iterator[Array]:
    """The share in every plane, (ny, nx): products are made plane by plane, so that none is as large as a field."""
    shape = mesh.shape
    factors = share if isinstance(share, tuple) else (share,)
    for factor in factors:
        if np.ndim(factor) != 3 or np.broadcast_shapes(np.shape(factor), shape) != shape:
            raise ValueError(f"regions.{name}: got shape {np.shape(factor)}, must be {shape} (nz, ny, nx)")
    for k in range(shape[0]):
        plane = np.ones(shape[1:])
        for factor in factors:
            plane *= factor[k if len(factor) > 1 else 0]
        yield plane


def _kept(mesh: Mesh, k: int, plane: Array) -> tuple[NDArray[np.intp], Array]:
    """Flat indices and volumes of the parts of the cells of plane k that belong to a region."""
    cells = np.flatnonzero(plane)
    return cells + k * plane.size, (plane * (mesh.hz[k] * mesh.area)).ravel()[cells]


def _volumes(mesh: Mesh, share: Share, name: str) -> Array:
    """Volume of a region in every plane, (nz,)."""
    return np.array([_kept(mesh, k, plane)[1].sum() for k, plane in enumerate(_planes(mesh, share, name))])
