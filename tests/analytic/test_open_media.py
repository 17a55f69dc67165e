"""Half-spaces and instantaneous sources: cases P07, P08 and P09 of PERMEATION.md."""

from __future__ import annotations

import numpy as np
import pytest
from exact import halfspace

from analytic.bench import TIGHT, assert_second_order, column, errors, l2, layered, ran, smooth, steady, stretched
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer
from mnrd.simulation import Simulation


def danckwerts_problem(cells: int) -> Problem:
    """D = 80, K = 1, cleared at 5e-4/s, ten decay lengths deep."""
    field = Field("c", diffusivity=80.0, top=Reservoir(1.0), base=Reservoir())
    reactions, parameters = [Transfer("clearance", "c", "k")], {"k": 5e-4}
    mesh = column(smooth([0, 4000], cells, offset=50))
    return layered(mesh, {"dermis": 0}, field, reactions=reactions, parameters=parameters)


def test_p07_half_space_with_clearance(backend_name):
    cells, times = (40, 80, 160), [100, 500]

    def measure(simulation: Simulation) -> list[float]:
        ledger = simulation.ledger("c")
        profile = interpolated(simulation, 200.0)
        return [simulation.fluxes("c")["top"], ledger.applied, profile]

    def exact(time: float) -> list[float]:
        solution = halfspace.danckwerts_flux, halfspace.danckwerts_uptake
        return [*(f(80, 1, 5e-4, time) for f in solution), halfspace.danckwerts_activity(80, 5e-4, 200, time)]

    runs = [Simulation(danckwerts_problem(n), backend=backend_name, dt=10 * cells[0] / n, kappa=TIGHT) for n in cells]
    assert_second_order(errors(runs, times, measure, exact), cells, finest=2e-4)


def interpolated(simulation: Simulation, depth: float) -> float:
    """Activity of the one column at a depth, cubic through the four nearest centres."""
    centres, activity = simulation.problem.mesh.zc, simulation.activity("c")[:, 0, 0]
    near = np.sort(np.argsort(np.abs(centres - depth))[:4])
    return float(np.polyval(np.polyfit(centres[near] - depth, activity[near], 3), 0.0))


def test_p07_steady(backend_name):
    run = steady(danckwerts_problem(160), backend_name)
    flux, activity = halfspace.danckwerts_steady(80, 1, 5e-4, 200)
    assert run.fluxes("c")["top"] == pytest.approx(flux, rel=1e-3)
    assert interpolated(run, 200.0) == pytest.approx(activity, rel=1e-3)


def contact_problem(refinement: int) -> Problem:
    """Two half-spaces in contact; cells grow from the contact like sinh."""
    step = 0.25 / refinement
    left, right = (
        4 * np.sinh(step * np.arange(14 * refinement, 0, -1)),
        4 * np.sinh(step * np.arange(20 * refinement + 1)),
    )
    depth = float(left[0])
    field = Field(
        "c",
        initial={"left": 10.0, "right": 0.0},
        diffusivity={"left": 2.0, "right": 50.0},
        partition={"left": 10.0, "right": 1.5},
    )
    return layered(column(np.concatenate([depth - left, depth + right])), {"left": 0, "right": depth}, field)


def test_p08_two_half_spaces_in_contact(backend_name):
    first, second, refinements = (2.0, 10.0), (50.0, 1.5), (1, 2, 4)
    rows = []
    for refinement in refinements:
        problem = contact_problem(refinement)
        run = ran(Simulation(problem, backend=backend_name, dt=1 / refinement, kappa=TIGHT), 20)
        contact = 14 * refinement
        x = problem.mesh.zc - problem.mesh.z[contact]
        exact = np.array([halfspace.contact_activity(first, second, place, 20) for place in x])
        difference = run.activity("c")[:, 0, 0] - exact
        rates = np.array([20.0, 75.0]) / problem.mesh.hz[contact - 1 : contact + 1]
        interface = rates @ run.activity("c")[contact - 1 : contact + 1, 0, 0] / rates.sum()
        crossed = 40 * halfspace.contact_flux(first, second, 20)
        assert interface == pytest.approx(4 / 7, rel=1e-8)
        rows.append([l2(difference, problem.mesh.hz), run.amounts("c")["right"] / crossed - 1])
    assert_second_order(np.array(rows), refinements, finest=5e-4)


SPREAD = 4 * 50.0  # 4 D


def source_problem(dimensions: int, cells: int) -> Problem:
    """Part x, y, z >= 0 of a unit source, from its exact state at 20 s on; D = 50, decay 1e-3/s."""
    edges = stretched(193.0, 700.0, cells)
    axes = [edges if axis < dimensions else np.array([0.0, 1.0]) for axis in range(3)]
    mesh = Mesh(axes[1], axes[2], axes[0])
    square = "(" + " + ".join(f"{axis}**2" for axis in "zxy"[:dimensions]) + ")"
    height = halfspace.instantaneous_source(50, 1e-3, dimensions, 0, 20)
    field = Field("c", initial=f"{height!r} * exp(-{square} / {SPREAD * 20!r})", diffusivity=50.0)
    model = Model((field,), (Transfer("clearance", "c", "k"),), {"k": 1e-3})
    return Problem(mesh, paint(mesh, [("dermis", 0.0)]), model)


@pytest.mark.parametrize(("dimensions", "cells"), [(1, (20, 40, 80)), (2, (20, 40)), (3, (16, 32))])
def test_p09_instantaneous_source(backend_name, dimensions, cells):
    rows = []
    for n in cells:
        run = Simulation(source_problem(dimensions, n), backend=backend_name, dt=40 / n, kappa=TIGHT)
        ran(run, 40)
        mesh = run.problem.mesh
        z, y, x = np.meshgrid(mesh.zc, mesh.yc, mesh.xc, indexing="ij")
        distances = [z, x, y][:dimensions]
        exact = halfspace.instantaneous_source(50, 1e-3, dimensions, 0, 60) * np.exp(
            -sum(d**2 for d in distances) / (SPREAD * 60)
        )
        difference = (run.concentration("c") - exact) / exact.max()
        mass = 2.0**-dimensions * np.exp(-0.06)
        rows.append(
            [np.sqrt((difference**2 * mesh.volume).sum() / mesh.volume.sum()), run.ledger("c").cells / mass - 1]
        )
    assert_second_order(np.array(rows), cells, finest=2e-3)
