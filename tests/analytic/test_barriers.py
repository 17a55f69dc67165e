"""Parallel paths through one barrier, and pores that close: cases P18 and P19 of PERMEATION.md."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from exact import series
from exact.laminate import Donor, Film, Laminate, Parallel, Slab

from analytic.bench import ONE, TIGHT, column, layered, ran, reports, smooth, steady
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Membrane, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing
from mnrd.simulation import Simulation

SHARE = 0.002  # of the area that is pore
PATHS = Parallel(((1 - SHARE, Laminate((Slab(0.01, 1, 15),))), (SHARE, Laminate((Slab(400, 1, 15),)))))


def paths_problem(cells: int) -> Problem:
    """Two columns side by side, barrier and pore, without exchange between them."""
    mesh = Mesh(np.array([0, 1 - SHARE, 1]), ONE, smooth([0, 15], cells, offset=15))
    painting = paint(mesh, [("barrier", 0.0)], [("pore", lambda x, y, z: x + 0 * (y + z) > 1 - SHARE)])
    field = Field(
        "c",
        diffusivity={"barrier": 0.01, "pore": 400.0},
        lateral_diffusivity=0.0,
        top=Reservoir(1.0),
        base=Reservoir(),
    )
    return Problem(mesh, painting, Model((field,)))


@pytest.mark.parametrize(("times", "step"), [((0.1, 1), 0.005), ((100, 1000, 5000), 50)])
def test_p18_parallel_paths(backend_name, times, step):
    run = Simulation(paths_problem(60), backend=backend_name, dt=step, kappa=TIGHT)
    for report in reports(run, times):
        assert report.fluxes("c")["base"] == pytest.approx(PATHS.flux(report.time), rel=1e-3)


def test_p18_steady_flux_and_lag(backend_name):
    run = steady(paths_problem(60), backend_name)
    assert run.fluxes("c")["base"] == pytest.approx(PATHS.steady_flux(), rel=1e-11)
    adaptive = ran(Simulation(paths_problem(60), backend=backend_name, rtol=1e-3), 50000)
    lag = 50000 - adaptive.ledger("c").permeated / PATHS.steady_flux()
    assert lag == pytest.approx(PATHS.lag(), rel=5e-3)


INTACT, PORES, HALF_LIFE = 2e-4, 5e-3, 7200.0


def openness(time: float) -> float:
    return 2 ** (-time / HALF_LIFE)


def closing_problem(way: str, capacity: float) -> Problem:
    """Pores that close in a barrier of no capacity: `way` is layer or membrane.

    The pores are a hundredth of the area and a hundred times as permeable; nothing else resists.
    """
    mesh = Mesh(np.array([0, 0.99, 1]), ONE, np.array([0, 1e-3]))
    painting = paint(mesh, [("barrier", 0.0)], [("pore", lambda x, y, z: x + 0 * (y + z) > 0.99)])
    permeability = {"barrier": INTACT, "pore": INTACT + PORES / 0.01}
    partition, membranes = 1e-9, ()
    if way == "layer":
        diffusivity = {name: 1e-3 / partition * value for name, value in permeability.items()}
    else:
        diffusivity, membranes = 1e12, (Membrane(0.0, permeability),)
    field = Field(
        "c", diffusivity=diffusivity, lateral_diffusivity=0.0, partition=partition, membranes=membranes,
        top=Reservoir(1.0, capacity=capacity), base=Reservoir(),
    )  # fmt: skip
    return Problem(mesh, painting, Model((field,), closings=(Closing("pore", openness),)))


@pytest.mark.parametrize("way", ["layer", "membrane"])
@pytest.mark.parametrize("capacity", [200.0, inf])
def test_p19_closing_pores(backend_name, way, capacity):
    run = Simulation(closing_problem(way, capacity), backend=backend_name, dt=360, kappa=TIGHT)
    for report in reports(run, [3600, 7200, 36000]):
        activity, permeated = series.closing_pores(INTACT, PORES, HALF_LIFE, report.time, capacity)
        assert report.reservoir("c")["top"] == pytest.approx(activity, rel=1e-5)
        assert report.ledger("c").permeated == pytest.approx(permeated, rel=1e-4)
        flux = activity * (INTACT + PORES * openness(report.time))
        assert report.fluxes("c")["base"] == pytest.approx(flux, rel=1e-4)


@pytest.mark.parametrize("way", ["layer", "membrane"])
def test_p19_closing_pores_with_adaptive_steps(backend_name, way):
    run = ran(Simulation(closing_problem(way, 200.0), backend=backend_name, rtol=1e-3), 36000)
    activity, permeated = series.closing_pores(INTACT, PORES, HALF_LIFE, 36000, 200.0)
    assert run.reservoir("c")["top"] == pytest.approx(activity, rel=1e-3)
    assert run.ledger("c").permeated == pytest.approx(permeated, rel=2e-3)


@pytest.mark.parametrize("depth", [0.0, 15.0, 95.0])
def test_membrane_is_a_film_wherever_it_lies(backend_name, depth):
    slabs = [Slab(0.05, 50, 15), Slab(50, 1.5, 80)]
    layers = slabs.copy()
    layers.insert([0.0, 15.0, 95.0].index(depth), Film(0.02))
    laminate = Laminate(tuple(layers))
    field = Field(
        "c",
        diffusivity={"corneum": 0.05, "epidermis": 50.0},
        partition={"corneum": 50.0, "epidermis": 1.5},
        top=Reservoir(1.0),
        base=Reservoir(),
        membranes=(Membrane(depth, 0.02),),
    )
    problem = layered(column(smooth([0, 15, 95], 40, offset=3)), {"corneum": 0, "epidermis": 15}, field)
    run = ran(Simulation(problem, backend=backend_name, dt=25, kappa=TIGHT), 2000)
    assert run.fluxes("c")["base"] == pytest.approx(laminate.flux(-1, 2000), rel=1e-3)
    assert steady(problem, backend_name).fluxes("c")["base"] == pytest.approx(laminate.steady_flux(), rel=1e-11)


def test_boundary_layer_resists_a_finite_donor(backend_name):
    slab, donor = Slab(0.01, 5, 15), Donor(capacity=50, transfer=0.005)
    field = Field(
        "c", diffusivity=0.01, partition=5.0, top=Reservoir(1.0, capacity=50, transfer=0.005), base=Reservoir()
    )
    problem = layered(column(smooth([0, 15], 40, offset=5)), {"slab": 0}, field)
    run = ran(Simulation(problem, backend=backend_name, dt=50, kappa=TIGHT), 5000)
    laminate = Laminate((slab,), donor)
    assert run.reservoir("c")["top"] == pytest.approx(laminate.donor_activity(5000), rel=1e-3)
    assert run.fluxes("c")["base"] == pytest.approx(laminate.flux(-1, 5000), rel=1e-3)
