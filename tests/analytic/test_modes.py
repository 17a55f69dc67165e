"""Decaying 3-D mode in a periodic box of two layers: case P11 of PERMEATION.md, the main test in 3-D."""

from __future__ import annotations

import numpy as np
from exact.eigenmode import TwoLayers

from analytic.bench import TIGHT, assert_second_order, l2, ran, smooth
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.simulation import Simulation

BOX = TwoLayers()
SHARE = 0.9  # of the mode on the uniform activity 1, which keeps concentrations positive
END = 60.0


def periodic(period: float, cells: int) -> np.ndarray:
    """Edges of a periodic axis, finer in its middle, from one smooth map."""
    n = np.linspace(0, 1, cells + 1)
    edges = period * (n + 0.06 * np.sin(2 * np.pi * n))
    edges[-1] = period
    return edges


def mesh_of(refinement: float) -> Mesh:
    """Mesh of 12 x 10 x (10 + 10) cells, refined; graded on all axes, and across the jump of the material."""
    nx, ny, nz = (round(n * refinement) for n in (12, 10, 10))
    z = smooth([0, 15, 120], nz, offset=6)
    return Mesh(periodic(120, nx), periodic(90, ny), z, periodic=(True, True))


def exact(mesh: Mesh, time: float) -> np.ndarray:
    """Activity at the centres."""
    return 1 + SHARE * BOX.activity(mesh.xc, mesh.yc[:, None], mesh.zc[:, None, None], time)


def problem_on(mesh: Mesh) -> Problem:
    painting = paint(mesh, [("upper", 0.0), ("lower", 15.0)])
    (d1, k1, _), (d2, k2, _) = BOX.upper, BOX.lower
    partition = {"upper": k1, "lower": k2}
    initial = painting.mix(partition) * exact(mesh, 0.0)
    diffusivity = {"upper": d1, "lower": d2}
    field = Field("c", initial=initial, diffusivity=diffusivity, partition=partition, base=Reservoir(1.0))
    return Problem(mesh, painting, Model((field,)))


def decay_of(simulation: Simulation) -> tuple[float, float]:
    """L2 error of the activity in units of the mode's, and error of its decay."""
    mesh = simulation.problem.mesh
    difference = simulation.activity("c") - exact(mesh, simulation.time)
    mode = exact(mesh, 0.0) - 1
    size = l2(exact(mesh, simulation.time) - 1, mesh.volume)
    weight = mode * mesh.volume * simulation.problem.painting.mix({"upper": 20.0, "lower": 1.5})
    left = ((simulation.activity("c") - 1) * weight).sum() / (mode * weight).sum()
    return l2(difference, mesh.volume) / size, -np.log(left) / (BOX.rates(1)[0] * simulation.time) - 1


def test_p11_eigenmode(backend_name):
    refinements = (1, 2) if backend_name == "numpy" else (1, 2, 3)
    rows = []
    for refinement in refinements:
        problem = problem_on(mesh_of(refinement))
        run = ran(Simulation(problem, backend=backend_name, dt=10 / refinement, kappa=TIGHT), END)
        rows.append(decay_of(run))
    assert_second_order(np.array(rows), refinements, finest=2e-2 / refinements[-1] ** 2)
