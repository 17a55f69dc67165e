"""Mass balance with everything at once, and mixed precision: number 1 of case P22 of PERMEATION.md, and 1.12."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analytic.bench import ran
from analytic.skin import CLEARANCE, DIFFUSIVITY, PARTITION, TOPS, fixed, hole, patch, skin
from analytic.test_laminates import skin_problem, through
from analytic.test_modes import mesh_of, problem_on
from mnrd.mesh.paint import paint
from mnrd.model.field import Field, Membrane, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing, Exchange, Reaction, Transfer
from mnrd.output.schedule import EverySteps
from mnrd.simulation import Simulation

MESH = patch(4, 4, 3)
REGIONS = [hole(40, 40), ("channel", lambda x, y, z: np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), bool))]
END = 4000.0


def everything() -> Problem:
    """A suspended, drying, evaporating prodrug becomes a drug that binds, is metabolised and cleared."""
    painting = paint(MESH, list(TOPS.items()), REGIONS[1:])
    top = Reservoir(1.0, capacity=20.0, amount=60.0, saturation=1.5, loss=1e-3, transfer=0.1, drying=(1e-3, 15.0))
    prodrug = Field(
        "p", diffusivity=DIFFUSIVITY, partition=PARTITION, lateral_diffusivity=30.0, top=top, base=Reservoir(),
        membranes=(Membrane(15.0, {"corneum": 1.0, "epidermis": 0.02, "dermis": 1.0, "channel": np.inf}),),
    )  # fmt: skip
    drug = Field(
        "c", initial={"corneum": 0.0, "epidermis": 0.1, "dermis": 0.05, "channel": 0.0}, diffusivity=40.0,
        partition={name: 1 / value for name, value in PARTITION.items()}, base=Reservoir(0.0, capacity=200.0),
    )  # fmt: skip
    reactions = (
        Transfer("conversion", "p", "kc*(1 + t/1000)", {"c": 0.7}),
        Transfer("metabolism", "c", "vmax/(0.5 + c)"),
        Transfer("clearance", "c", "k"),
        Exchange("binding", "c", "b", "on*Max(1 - b/3, 0)", "off"),
        Reaction("secretion", {"c": "1e-6/(1 + c) - 1e-5*c**2"}),
    )
    parameters = {"k": CLEARANCE, "kc": 2e-4, "vmax": 1e-5, "on": 2e-3, "off": "1e-3*(2 + cos(t/500))"}
    closing = Closing("channel", lambda time: 2 ** (-time / 1800), until=40.0)
    return Problem(MESH, painting, Model((prodrug, drug, Field("b")), reactions, parameters, (closing,)))


def puncture(problem: Problem) -> Problem:
    return replace(problem, painting=paint(MESH, list(TOPS.items()), REGIONS))


def put_on(top: Reservoir | None):
    def change(problem: Problem) -> Problem:
        fields = (replace(problem.model.fields[0], top=top), *problem.model.fields[1:])
        return replace(problem, model=replace(problem.model, fields=fields))

    return change


EVENTS = [
    Event(1000.0, "puncture", puncture),
    Event(2500.0, "wash", put_on(None)),
    Event(3333.3, "second dose", put_on(Reservoir(0.8, capacity=25.0))),
]


class Balance:
    """Observer of the ledger at every accepted step."""

    def __init__(self) -> None:
        self.schedule, self.worst = EverySteps(1), 0.0

    def observe(self, simulation: Simulation) -> None:
        self.worst = max(self.worst, *(simulation.ledger(name).relative_error for name in "pcb"))


@pytest.mark.parametrize(("precision", "bound"), [("double", 1e-10), ("mixed", 1e-5)])
def test_everything_that_was_applied_is_somewhere(backend_name, precision, bound):
    seen = Balance()
    run = Simulation(everything(), backend=backend_name, precision=precision, events=EVENTS, observers=[seen])
    run.run(END)
    assert seen.worst <= bound
    prodrug, drug, bound_drug = (run.ledger(name) for name in "pcb")
    area = MESH.footprint
    assert prodrug.applied == pytest.approx((60 + 0.8 * 25) * area, rel=1e-12)
    assert drug.terms["conversion"] == pytest.approx(-0.7 * prodrug.terms["conversion"], rel=max(bound, 1e-12))
    assert bound_drug.terms["binding"] == pytest.approx(-drug.terms["binding"], rel=max(bound, 1e-12))
    parts = (prodrug.removed, prodrug.evaporated, prodrug.permeated, drug.receptor, bound_drug.cells)
    assert min(parts) > 1e-4 * prodrug.applied
    assert max(drug.terms["metabolism"], drug.terms["clearance"]) < 0 < drug.terms["conversion"]


def test_mixed_precision_of_everything(backend_name):
    double, mixed = (
        fixed(everything(), backend_name, dt=200.0, events=EVENTS, precision=precision, kappa=kappa).run(END)
        for precision, kappa in (("double", 1e-8), ("mixed", 1e-5))
    )
    for name in "pcb":
        wanted = double.concentration(name)
        assert mixed.concentration(name) == pytest.approx(wanted, rel=1e-5, abs=1e-5 * wanted.max())
        assert mixed.ledger(name).cells == pytest.approx(double.ledger(name).cells, rel=1e-5)


def test_mixed_precision_of_the_eigenmode(backend_name):
    problem = problem_on(mesh_of(1))
    double, mixed = (
        Simulation(problem, backend=backend_name, precision=precision, dt=5.0, kappa=kappa).run(60)
        for precision, kappa in (("double", 1e-8), ("mixed", 1e-5))
    )
    assert mixed.activity("c") == pytest.approx(double.activity("c"), abs=1e-5)


def test_mixed_precision_of_three_layers(backend_name):
    double, mixed = (
        Simulation(skin_problem(24, 3), backend=backend_name, precision=precision, dt=50.0, kappa=kappa).run(5000)
        for precision, kappa in (("double", 1e-8), ("mixed", 1e-5))
    )
    assert through(mixed) == pytest.approx(through(double), rel=1e-5)
    assert mixed.ledger("c").relative_error <= 1e-5


def test_adaptive_steps_in_3d_meet_equal_small_ones(backend_name):
    problem = skin(patch(4, 4, 3), [hole(40, 40)], top=Reservoir(1.0, capacity=30.0, loss=1e-3))
    equal = ran(fixed(problem, backend_name, dt=5.0), 300)
    for rtol in (1e-2, 1e-3):
        run = ran(Simulation(problem, backend=backend_name, rtol=rtol), 300)
        assert np.abs(run.activity("c") - equal.activity("c")).max() <= 0.1 * rtol  # of the dose
        assert run.ledger("c").permeated == pytest.approx(equal.ledger("c").permeated, rel=2 * rtol)
