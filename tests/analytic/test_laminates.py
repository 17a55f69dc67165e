"""Layers in series between a donor and a base: cases P01 to P06 of PERMEATION.md."""

from __future__ import annotations

import numpy as np
import pytest
from exact.laminate import Donor, Laminate, Slab

from analytic.bench import (
    TIGHT,
    assert_second_order,
    column,
    errors,
    layered,
    ran,
    smooth,
    steady,
)
from mnrd.model.field import Field, Reservoir
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer
from mnrd.simulation import Simulation

CELLS = (16, 32, 64)  # per layer
SLABS = {"corneum": Slab(0.05, 50, 15), "epidermis": Slab(50, 1.5, 80), "dermis": Slab(80, 1.2, 500)}
DEPTHS = {"corneum": 0.0, "epidermis": 15.0, "dermis": 95.0, "base": 595.0}
CLEARANCE = 5e-4


def slab_problem(cells: int, partition: float, top: Reservoir) -> Problem:
    """One slab, D = 0.01 and 15 um, over a sink."""
    field = Field("c", diffusivity=0.01, partition=partition, top=top, base=Reservoir())
    return layered(column(smooth([0, 15], cells, offset=5)), {"corneum": 0}, field)


def skin_problem(cells: int, layers: int, cleared: bool = False) -> Problem:
    """The first layers of skin under a constant donor: over a sink, or cleared in the dermis without one."""
    names = list(SLABS)[:layers]
    field = Field(
        "c",
        diffusivity={name: SLABS[name].diffusivity for name in names},
        partition={name: SLABS[name].partition for name in names},
        top=Reservoir(1.0),
        base=None if cleared else Reservoir(),
    )
    mesh = column(smooth(list(DEPTHS.values())[: layers + 1], cells, offset=3))
    tops = {name: DEPTHS[name] for name in names}
    if not cleared:
        return layered(mesh, tops, field)
    rates = {name: CLEARANCE if name == "dermis" else 0.0 for name in names}
    return layered(mesh, tops, field, reactions=[Transfer("clearance", "c", "k")], parameters={"k": rates})


def through(simulation: Simulation) -> list[float]:
    """Flux out of the base and into the skin, and what has passed both."""
    flux, ledger = simulation.fluxes("c"), simulation.ledger("c")
    return [flux["base"], flux["top"], ledger.permeated, ledger.applied]


def through_exactly(laminate: Laminate):
    def quantities(time: float) -> list[float]:
        flows = [flow(i, time) for flow in (laminate.flux, laminate.crossed) for i in (-1, 0)]
        return flows

    return quantities


def refined(make, backend_name: str, step: float) -> list[Simulation]:
    """One run per mesh; the step, `step` on the coarsest, is refined with the mesh."""
    return [Simulation(make(cells), backend=backend_name, dt=step * CELLS[0] / cells, kappa=TIGHT) for cells in CELLS]


def test_p01_crank_slab(backend_name):
    runs = refined(lambda cells: slab_problem(cells, 1, Reservoir(1.0)), backend_name, 100)
    exact = through_exactly(Laminate((Slab(0.01, 1, 15),)))
    assert_second_order(errors(runs, [1000, 3000, 10000], through, exact), CELLS, finest=2e-4)


def test_p02_finite_donor(backend_name):
    dose = Laminate((Slab(0.01, 5, 15),), Donor(capacity=50))

    def measure(simulation: Simulation) -> list[float]:
        ledger = simulation.ledger("c")
        assert ledger.donor == pytest.approx(50 * simulation.reservoir("c")["top"], rel=1e-12)
        return [simulation.fluxes("c")["base"], ledger.permeated, ledger.donor, ledger.cells]

    def exact(time: float) -> list[float]:
        donor = 50 * dose.donor_activity(time)
        return [dose.flux(-1, time), dose.crossed(-1, time), donor, dose.free_amount(0, time)]

    runs = refined(lambda cells: slab_problem(cells, 5, Reservoir(1.0, capacity=50)), backend_name, 125)
    assert_second_order(errors(runs, [2000, 5000], measure, exact), CELLS, finest=2e-4)


def test_p03_evaporating_donor(backend_name):
    dose = Laminate((Slab(0.01, 5, 15),), Donor(capacity=50, evaporation=1e-3))

    def measure(simulation: Simulation) -> list[float]:
        ledger = simulation.ledger("c")
        return [simulation.fluxes("c")["base"], ledger.permeated, ledger.donor, ledger.evaporated]

    def exact(time: float) -> list[float]:
        donor = 50 * dose.donor_activity(time)
        return [dose.flux(-1, time), dose.crossed(-1, time), donor, dose.evaporated(time)]

    top = Reservoir(1.0, capacity=50, loss=1e-3)
    runs = refined(lambda cells: slab_problem(cells, 5, top), backend_name, 250)
    assert_second_order(errors(runs, [5000, 10000], measure, exact), CELLS, finest=2e-4)


@pytest.mark.parametrize(("capacity", "loss"), [(50, 0), (50, 1e-3), (0.5, 1e-3)])
def test_p03_absorbed_fraction_on_any_mesh_with_any_steps(backend_name, capacity, loss):
    top = Reservoir(1.0, capacity=capacity, loss=loss)
    ledger = ran(Simulation(slab_problem(3, 5, top), backend=backend_name, kappa=1e-6), 4e6).ledger("c")
    assert ledger.applied == pytest.approx(capacity, rel=1e-14)
    assert ledger.permeated / capacity == pytest.approx((1 / 300) / (1 / 300 + loss), rel=1e-10)
    assert ledger.permeated + ledger.evaporated == pytest.approx(capacity, rel=1e-12)


def test_p04_two_layers(backend_name):
    laminate = Laminate(tuple(SLABS.values())[:2])

    def measure(simulation: Simulation) -> list[float]:
        return [*through(simulation), *simulation.amounts("c").values()]

    def exact(time: float) -> list[float]:
        return [*through_exactly(laminate)(time), *(laminate.free_amount(i, time) for i in (0, 1))]

    runs = refined(lambda cells: skin_problem(cells, 2), backend_name, 50)
    assert_second_order(errors(runs, [1000, 3000], measure, exact), CELLS, finest=2e-4)


def test_p04_activity_is_continuous_and_concentration_jumps(backend_name):
    run = ran(Simulation(skin_problem(40, 2), backend=backend_name, dt=20, kappa=TIGHT), 1000)
    above, below = run.activity("c")[39:41, 0, 0]
    hz = run.problem.mesh.hz[39:41]
    rates = 2 * np.array([2.5, 75]) / hz
    interface = (rates[0] * above + rates[1] * below) / rates.sum()
    exact = Laminate(tuple(SLABS.values())[:2]).activity(1, 1000)
    assert interface == pytest.approx(exact, rel=1e-3)
    assert run.concentration("c")[39:41, 0, 0] == pytest.approx([50 * above, 1.5 * below], rel=1e-13)


def test_p05_clearance_in_the_dermis(backend_name):
    dermis = Slab(80, 1.2, 500, clearance=CLEARANCE)
    laminate = Laminate((SLABS["corneum"], SLABS["epidermis"], dermis), base=0)

    def measure(simulation: Simulation) -> list[float]:
        cleared = -simulation.ledger("c").terms["clearance"]
        into_dermis = cleared + simulation.amounts("c")["dermis"]
        return [*simulation.amounts("c").values(), cleared, -simulation.fluxes("c")["clearance"], into_dermis]

    def exact(time: float) -> list[float]:
        amounts = [laminate.free_amount(i, time) for i in range(3)]
        return [*amounts, laminate.cleared(2, time), CLEARANCE * amounts[2], laminate.crossed(2, time)]

    runs = refined(lambda cells: skin_problem(cells, 3, cleared=True), backend_name, 100)
    assert_second_order(errors(runs, [1000, 3000], measure, exact), CELLS, finest=2e-4)


def test_p05_steady_in_vivo(backend_name):
    dermis = Slab(80, 1.2, 500, clearance=CLEARANCE)
    laminate = Laminate((SLABS["corneum"], SLABS["epidermis"], dermis), base=0)
    run = steady(skin_problem(40, 3, cleared=True), backend_name)
    assert run.fluxes("c")["top"] == pytest.approx(laminate.steady_flux(0), rel=1e-4)
    assert -run.fluxes("c")["clearance"] == pytest.approx(run.fluxes("c")["top"], rel=1e-9)
    assert run.activity("c")[-1, 0, 0] == pytest.approx(laminate.steady_activity(3), rel=1e-3)


def test_p06_three_layers_in_vitro(backend_name):
    runs = refined(lambda cells: skin_problem(cells, 3), backend_name, 100)
    exact = through_exactly(Laminate(tuple(SLABS.values())))
    assert_second_order(errors(runs, [1000, 3000], through, exact), CELLS, finest=2e-4)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_steady_flux_through_layers_is_exact_on_any_mesh(backend_name, layers):
    laminate = Laminate(tuple(SLABS.values())[:layers])
    run = steady(skin_problem(2, layers), backend_name)
    assert run.fluxes("c")["base"] == pytest.approx(laminate.steady_flux(), rel=1e-11)


@pytest.mark.parametrize(("rtol", "bound"), [(1e-2, 5e-3), (1e-3, 1e-3)])
def test_adaptive_steps_meet_the_exact_solution(backend_name, rtol, bound):
    laminate = Laminate(tuple(SLABS.values())[:2])
    run = Simulation(skin_problem(80, 2), backend=backend_name, rtol=rtol)
    times = [300, 1000, 3000, 86400]
    assert np.abs(errors([run], times, through, through_exactly(laminate))).max() <= bound
    assert run.step < 150
