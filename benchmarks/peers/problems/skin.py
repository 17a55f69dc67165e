"""Layered skin with one channel: a block with a conductance contrast of 1e4 between stratum corneum and dermis.

A quarter of a unit cell, 100 x 100 um, sides are mirrors. The channel is a cylinder around one corner, through the
stratum corneum into the dermis. From the start on the concentration is 1 on top and 0 at the base; nothing is in the
skin at first. Asked for is what is in the stratum corneum and in three parts of the dermis after ten minutes: the
dermis is close to its steady state then, so its amounts tell the flux, and in the stratum corneum the front has come
3 um far.

Each tool takes the grid that suits it; finite volumes take `edges`. What is compared with is in `references.json`,
which `peers.reference` makes by refinement and checks with another method.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).resolve().parents[1] / "references.json"
WIDTH = 100.0  # um
BANDS = (0.0, 15.0, 100.0, 200.0, 300.0)  # um, depths of the interfaces; the first is the stratum corneum
RADIUS = 25.0  # um, of the channel
DEPTH = 100.0  # um, of the channel
DIFFUSIVITIES = {"stratum corneum": 0.02, "dermis": 200.0, "channel": 800.0}  # um^2/s


@dataclass(frozen=True)
class Skin:
    """Layered skin with one channel."""

    name: str = "skin"
    title: str = "layered skin with a channel, contrast 1e4, after 10 min"
    end: float = 600.0
    """s"""

    @property
    def reference(self) -> np.ndarray:
        """Amounts in the bands at the end, um^3."""
        return np.array(json.loads(REFERENCES.read_text("utf-8"))["skin"]["amounts"])

    def error(self, amounts: Sequence[float] | np.ndarray) -> float:
        """Norm of the error of the amounts in the bands, as a part of that of the amounts."""
        return float(np.linalg.norm(np.asarray(amounts) - self.reference) / np.linalg.norm(self.reference))


def edges(fineness: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges of cells in x (as in y) and in z, um: fine at the wall, the tip and the surface, growing away from them.

    Parameters
    ----------
    fineness : int
        All sizes are in inverse proportion to it: 4 is 5 um at the wall and 1 um at the surface.
    """
    from mnrd.mesh.grading import Fine, Grading, graded_around, graded_layers

    growth, wall = 1.4 ** (4 / fineness), 20 / fineness
    x = graded_around(WIDTH, [Fine(RADIUS, RADIUS, wall)], growth=growth)
    layers = [Grading(15.0, smallest=4 / fineness, growth=growth)]
    layers += [Grading(low, growth=growth) for low in np.diff(BANDS)[1:]]
    return x, graded_layers(layers, [Fine(DEPTH, DEPTH, wall)])


def inside_channel(x: Any, y: Any, z: Any) -> Any:
    """Whether points are in the channel."""
    return (x * x + y * y < RADIUS**2) & (z < DEPTH)


def diffusivities(x: np.ndarray, z: np.ndarray, samples: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Diffusivity of each cell, (nz, ny, nx), along the wall and across it, for finite volumes.

    Where the wall cuts a cell, the two parts lie side by side for what goes down, one behind the other for what goes
    sideways: the mean by volume, and the harmonic one.

    Parameters
    ----------
    x, z : array
        Edges, um.
    samples : int
        Points along x and y that a cell is sampled with.
    """
    offsets = (np.arange(samples) + 0.5) / samples
    points = (x[:-1, None] + np.diff(x)[:, None] * offsets).ravel()
    hit = points[None, :] ** 2 + points[:, None] ** 2 < RADIUS**2
    part = hit.reshape(x.size - 1, samples, x.size - 1, samples).mean(axis=(1, 3))
    middle = 0.5 * (z[:-1] + z[1:])[:, None, None]
    layer = np.where(middle < BANDS[1], DIFFUSIVITIES["stratum corneum"], DIFFUSIVITIES["dermis"])
    part = np.where(middle < DEPTH, part, 0.0)
    channel = DIFFUSIVITIES["channel"]
    return part * channel + (1 - part) * layer, 1 / (part / channel + (1 - part) / layer)


def amounts_of(concentration: np.ndarray, x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Amounts in the bands, um^3, from the concentration of cells, (nz, ny, nx)."""
    planes = np.einsum("zyx,y,x,z->z", concentration, np.diff(x), np.diff(x), np.diff(z))
    band = np.searchsorted(BANDS, 0.5 * (z[:-1] + z[1:])) - 1
    return np.bincount(band, weights=planes, minlength=len(BANDS) - 1)
