"""Problems of any size for timing: needled skin, columns of 10 um, channels every 32 of them, fields of all speeds."""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from traffic import Counting, Tally

from mnrd.backends.base import Backend
from mnrd.mesh.paint import Painting, paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer
from mnrd.simulation import Simulation

H = 10.0  # um, of a cell
PITCH = 32  # columns between needles
RADIUS, DEPTH, CORNEUM = 50.0, 200.0, 20.0  # um, of a channel, and of the stratum corneum
DIFFUSIVITIES = (1000.0, 10.0, 100.0, 0.1)  # um^2/s in tissue: oxygen, a growth factor, a drug, cells
BARRIER, OPEN = 1e-3, 2.0  # diffusivity of the stratum corneum and of a channel over that of tissue
STEP = 900.0  # s
RTOL, KAPPA = 1e-2, 0.03  # tolerance of a step, and of its linear solves in units of that
WARM = 3  # steps before the clock runs: nothing is compiled, recorded or allocated after them


def painted(size: tuple[int, int, int]) -> tuple[Mesh, Painting]:
    """Mesh and painting of a periodic patch of (nx, ny, nz) cells: one needle painted, and repeated."""
    nx, ny, nz = size
    pitch = min(PITCH, nx, ny)
    if nx % pitch or ny % pitch:
        raise ValueError(f"size: got {nx} x {ny} columns, must be multiples of {pitch}")
    z, middle = H * np.arange(nz + 1.0), pitch * H / 2
    radius = min(RADIUS, 0.3 * pitch * H)
    one = Mesh(*(H * np.arange(pitch + 1.0),) * 2, z, (True, True))
    bore = ("channel", lambda x, y, z: (np.hypot(x - middle, y - middle) < radius) & (z < DEPTH))
    painting = paint(one, [("corneum", 0.0), ("tissue", CORNEUM)], [bore])
    fractions = np.tile(painting.fractions, (1, 1, ny // pitch, nx // pitch))
    mesh = Mesh(H * np.arange(nx + 1.0), H * np.arange(ny + 1.0), z, (True, True))
    return mesh, Painting(painting.materials, fractions)


def patch(size: tuple[int, int, int], mobile: int, immobile: int = 0) -> Problem:
    """A patch with some fields, each made from the one before it; a single one does not react.

    Parameters
    ----------
    size : (nx, ny, nz)
    mobile, immobile : int
        Fields that diffuse, with the diffusivities of `DIFFUSIVITIES` in turn, and fields that do not.
    """
    mesh, painting = painted(size)
    fields = []
    for index in range(mobile + immobile):
        tissue = DIFFUSIVITIES[index % len(DIFFUSIVITIES)]
        diffusivity = {"corneum": BARRIER * tissue, "tissue": tissue, "channel": OPEN * tissue}
        initial = {"corneum": 0.0, "tissue": 0.1, "channel": 1.0}
        fields.append(Field(f"f{index}", initial=initial, diffusivity=diffusivity if index < mobile else None))
    reactions = [
        Transfer(f"{a.name} to {b.name}", a.name, f"rate/(1 + {a.name})", {b.name: 0.9}) for a, b in pairwise(fields)
    ]
    return Problem(mesh, painting, Model(tuple(fields), tuple(reactions), {"rate": 1e-5}))


class Steps:
    """Steps of fixed size of a problem on a backend: their time, and what their kernels move.

    Parameters
    ----------
    backend : Backend
        Where they run.
    problem : Problem
        Such as `patch` makes.
    """

    def __init__(self, backend: Backend, problem: Problem) -> None:
        started = perf_counter()
        self.backend = Counting(backend)
        counting: Any = self.backend
        self.simulation = Simulation(problem, backend=counting, rtol=RTOL, dt=STEP, kappa=KAPPA)
        self.run(WARM)
        self.set_up = perf_counter() - started

    def run(self, count: int) -> None:
        """Take some steps, and wait for them."""
        self.simulation.run(self.simulation.time + count * STEP)
        self.backend.synchronise()

    def seconds(self, least: float, most: int = 20) -> tuple[float, float]:
        """Time of a step and iterations of a solve, both means over steps that take `least` seconds together."""
        simulation, count = self.simulation, 0
        solves = 2 * sum(field.mobile for field in simulation.problem.model.fields)
        before, started = simulation.iterations, perf_counter()
        while count == 0 or (perf_counter() - started < least and count < most):
            self.run(1)
            count += 1
        return (perf_counter() - started) / count, (simulation.iterations - before) / (count * solves)

    def tally(self) -> tuple[Tally, int]:
        """Take one step, book what its kernels move, and count the iterations of its solves."""
        before = self.simulation.iterations
        with self.backend.counted() as tally:
            self.run(1)
        return tally, self.simulation.iterations - before
