"""Gray-Scott: two fields that make spots and stripes, in a closed square.

    du/dt = D_u lap u - u v^2 + F (1 - u),    dv/dt = D_v lap v + u v^2 - (F + k) v

Asked for is the mean of v in each of 16 x 16 blocks at the end. What is compared with is in `references.json`, made
with cosines in space and a fourth-order method in time (`peers.reference`): an error of the grid counts as an error.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from peers.problems.skin import REFERENCES

EXTENT = 50.0
BLOCKS = 16
FEED, KILL = 0.037, 0.06
DIFFUSIVITIES = {"u": 0.16, "v": 0.08}
SEEDS = ((15.0, 20.0), (33.0, 28.0))  # where v is at first
SPREAD = 4.0


@dataclass(frozen=True)
class GrayScott:
    """Gray-Scott in a square."""

    name: str = "gray-scott"
    title: str = "Gray-Scott, 50 x 50, after 200"
    end: float = 200.0

    @property
    def reference(self) -> np.ndarray:
        """Mean of v in the blocks at the end, (16, 16)."""
        return np.array(json.loads(REFERENCES.read_text("utf-8"))["gray-scott"]["means"])

    def error(self, means: np.ndarray) -> float:
        """Norm of the error of the means in the blocks, as a part of that of the means."""
        return float(np.linalg.norm(means - self.reference) / np.linalg.norm(self.reference))


def start(x: Any, y: Any, exp: Any = np.exp) -> tuple[Any, Any]:
    """u and v at the start, at points or as expressions of another library."""
    seeds = [exp(-((x - a) ** 2 + (y - b) ** 2) / SPREAD**2) for a, b in SEEDS]
    return 1 - 0.5 * (seeds[0] + seeds[1]), 0.25 * (seeds[0] + seeds[1])


def centres(cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of the centres of cells, (1, n) and (n, 1)."""
    middle = (np.arange(cells) + 0.5) * EXTENT / cells
    return middle[None, :], middle[:, None]


def block_means(values: np.ndarray) -> np.ndarray:
    """Means in the blocks of values in cells, (n, n) with n a multiple of the blocks."""
    size = values.shape[0] // BLOCKS
    return np.asarray(values.reshape(BLOCKS, size, BLOCKS, size).mean(axis=(1, 3)))
