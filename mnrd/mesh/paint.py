"""Painting: which fraction of each cell belongs to which material.

Layers are painted first, exactly in depth; regions (channels, needles) are painted over them by sub-sampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.mesh.sampling import FULL, Depth, Region, depth_at, paint_regions, quantise

SUBCOLUMNS = 8  # along x and y, under curved interfaces


@dataclass(frozen=True, eq=False)
class Painting:
    """Volume fraction of every material in every cell.

    Parameters
    ----------
    materials : tuple of str
    fractions : (n_materials, nz, ny, nx) uint8 array
        In units of 1/255; the sum over the materials is 255 in every cell.
    """

    materials: tuple[str, ...]
    fractions: NDArray[np.uint8]

    def fraction(self, name: str) -> Array:
        """Volume fraction of one material, (nz, ny, nx).

        Raises
        ------
        ValueError
            When there is no such material.
        """
        self._check_known(name)
        return self.fractions[self.materials.index(name)] / float(FULL)

    def mix(self, values: float | Mapping[str, float | Array] | Array) -> Array:
        """Arithmetic mean of per-material values, sum over m of phi_m v_m.

        Parameters
        ----------
        values : float, mapping of material to float or (nz,) depth profile, or (nz, ny, nx) array

        Returns
        -------
        (nz, ny, nx) array
            What is given per cell comes back as it is; a cell of one material has exactly the value of it. Not to be
            written to: where every plane is of one value, it is kept once per plane.

        Raises
        ------
        ValueError
            For a name that is not a material, a material without value, or an array of another shape.
        """
        shape = self.fractions.shape[1:]
        if not isinstance(values, Mapping):
            given = np.asarray(values, dtype=np.float64)
            if given.shape not in ((), shape):
                raise ValueError(f"got an array of shape {given.shape}, must be {shape} (nz, ny, nx)")
            return np.broadcast_to(given, shape)
        for name in values:
            self._check_known(name)
        fractions = self.fractions[:, :, :1, :1] if self._flat else self.fractions
        mixed = np.zeros(fractions.shape[1:])
        for name, fraction in zip(self.materials, fractions, strict=True):
            if name not in values:
                raise ValueError(f"no value for material '{name}': give one for each of {', '.join(self.materials)}")
            value = np.asarray(values[name], dtype=np.float64)
            if value.shape not in ((), shape[:1]):
                raise ValueError(f"'{name}': got shape {value.shape}, must be a number or a profile {shape[:1]} (nz)")
            for k, profile in enumerate(np.broadcast_to(value, shape[:1])):
                if profile:  # plane by plane, so that nothing else is as large as the result
                    mixed[k] += (fraction[k] / float(FULL)) * profile
        return np.broadcast_to(mixed, shape)

    @cached_property
    def _flat(self) -> bool:
        """Whether every plane is the same everywhere: flat layers and nothing else."""
        return all((plane == plane[0, 0]).all() for fraction in self.fractions for plane in fraction)

    def _check_known(self, name: str) -> None:
        if name not in self.materials:
            nearest = get_close_matches(name, self.materials, n=1, cutoff=0.0)[0]
            known = ", ".join(self.materials)
            raise ValueError(f"no material '{name}': did you mean '{nearest}'? The materials are {known}")


def paint(
    mesh: Mesh, layers: Sequence[tuple[str, Depth]], regions: Sequence[Region | tuple[Any, ...]] = ()
) -> Painting:
    """Paint layers, then regions over them in the order given.

    Layer interfaces are exact in z, averaged over 8 x 8 sub-columns where they are curved. Cells at the
    surface of a region are sampled at 512 points, and a point belongs to the last region that holds it
    (see `mnrd.mesh.sampling`).

    Parameters
    ----------
    mesh : Mesh
    layers : sequence of (name, top depth)
        From the top down. A depth is a number or a function of (x, y) arrays, in um; the first must be 0.
    regions : sequence of Region, or of tuples (material, inside) or (material, inside, box)

    Returns
    -------
    Painting
        Materials in the order of first appearance. No fraction is between 0 and 0.02, or 0.98 and 1.

    Raises
    ------
    ValueError
        When there is no layer, the first does not begin at 0, a name repeats, or interfaces cross.
    """
    _check_layers(layers)
    placed = [Region(*region) for region in regions]
    names = list(dict.fromkeys([name for name, _ in layers] + [region.material for region in placed]))
    fractions = np.zeros((len(names), *mesh.shape), dtype=np.uint8)
    _paint_layers(mesh, layers, fractions)
    paint_regions(mesh, [top for _, top in layers], placed, names, fractions)
    return Painting(tuple(names), fractions)


def pierced(layers: Painting, bodies: Painting) -> Painting:
    """Bodies over layers that are painted already: they take their share of a cell from all its layers evenly.

    Parameters
    ----------
    layers : Painting
        With whatever interfaces.
    bodies : Painting
        On the same mesh; its first material is the rest, which is nothing.

    Returns
    -------
    Painting
        Materials of the layers, then those of the bodies; the share of the bodies is as it was.
    """
    rest, taken = bodies.fractions[0], bodies.fractions[1:]
    fractions = np.concatenate([layers.fractions, taken])
    cells = rest < FULL
    own = layers.fractions[:, cells].astype(np.int64)
    left = rest[cells].astype(np.int64)
    kept = own * left // FULL
    largest = own.argmax(axis=0)[None]
    short = left - kept.sum(axis=0)  # what rounding left over goes to the largest
    np.put_along_axis(kept, largest, np.take_along_axis(kept, largest, axis=0) + short[None], axis=0)
    fractions[: len(own), cells] = kept
    return Painting((*layers.materials, *bodies.materials[1:]), fractions)


def _check_layers(layers: Sequence[tuple[str, Depth]]) -> None:
    if not layers:
        raise ValueError("layers: got none, must be at least one")
    names = [name for name, _ in layers]
    for index, (name, top) in enumerate(layers):
        if name in names[:index]:
            raise ValueError(f"layers[{index}]: the name '{name}' is used twice, names must differ")
        if index == 0 and (callable(top) or top != 0.0):
            raise ValueError(f"layers[0]: '{name}' must begin at depth 0, the skin surface")


def _paint_layers(mesh: Mesh, layers: Sequence[tuple[str, Depth]], fractions: NDArray[np.uint8]) -> None:
    """Fill `fractions` with the layers, a bounded number of sub-columns at a time."""
    ny = mesh.shape[1]
    x = _midpoints(mesh.x)
    rows = max(1, 2_000_000 // x.size // SUBCOLUMNS)
    for first in range(0, ny, rows):
        part = slice(first, min(first + rows, ny))
        y = _midpoints(mesh.y[part.start : part.stop + 1])
        below = []
        highest = np.zeros((1, 1, 1, 1))
        for name, top in layers:
            depth = _sub_columns(top, x, y)
            if (depth < highest).any():
                raise ValueError(f"layer '{name}': its top rises above that of the layer over it, they must not cross")
            highest = depth
            below.append(_share_below(depth, mesh.z))
        deeper = [*below[1:], np.zeros((1, 1, 1))]
        shares = np.broadcast_arrays(*(upper - lower for upper, lower in zip(below, deeper, strict=True)))
        fractions[: len(layers), :, part] = quantise(np.array(shares))


def _midpoints(edges: Array) -> Array:
    """Midpoints of equal parts of every cell."""
    parts = (np.arange(SUBCOLUMNS) + 0.5) / SUBCOLUMNS
    return (edges[:-1, None] + np.diff(edges)[:, None] * parts).ravel()


def _sub_columns(top: Depth, x: Array, y: Array) -> Array:
    """Depth of an interface, (ny, SUBCOLUMNS, nx, SUBCOLUMNS), or all ones where it is flat."""
    if not callable(top):
        return np.full((1, 1, 1, 1), float(top))
    return depth_at(top, x[None, :], y[:, None]).reshape(-1, SUBCOLUMNS, x.size // SUBCOLUMNS, SUBCOLUMNS)


def _share_below(top: Array, z: Array) -> Array:
    """Share of every cell that lies below an interface, (nz, ny, nx)."""
    share = np.empty((z.size - 1, top.shape[0], top.shape[2]))
    for k in range(z.size - 1):
        if z[k + 1] <= top.min() or z[k] >= top.max():
            share[k] = float(z[k] >= top.max())
        else:
            share[k] = np.clip((z[k + 1] - top) / (z[k + 1] - z[k]), 0.0, 1.0).mean(axis=(1, 3))
    return share
