"""The healing model in time: bounds at any step, arrays that repeat their cell, and what is known in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import k1

from mnrd.case import load
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Reaction
from mnrd.output.schedule import EverySteps
from mnrd.simulation import Simulation
from mnrd.skin.healing.declaration import DEFINITIONS, EQUATIONS, SHARES
from mnrd.skin.healing.parameters import values

DAY = 86400.0
SKIN = {
    "skin.layers": [
        {"name": "stratum corneum", "thickness": "15 um", "cells": 2},
        {"name": "viable epidermis", "thickness": "85 um", "smallest": "12 um", "largest": "20 um"},
        {"name": "papillary dermis", "thickness": "200 um", "smallest": "20 um", "largest": "50 um"},
        {"name": "reticular dermis", "thickness": "700 um", "smallest": "50 um", "largest": "150 um"},
    ],
    "needle.length": "0.5 mm",
    "mesh.smallest": "50 um",
    "mesh.largest": "90 um",
    "mesh.tip": "50 um",
}


class Range:
    """Observer of the least and the greatest value of every field."""

    def __init__(self):
        self.schedule, self.least, self.greatest = EverySteps(1), {}, {}

    def observe(self, simulation):
        for name in simulation.problem.model.names:
            found = simulation.concentration(name)
            self.least[name] = min(self.least.get(name, np.inf), found.min())
            self.greatest[name] = max(self.greatest.get(name, 0.0), found.max())


def coarse(**changes):
    """Problem and events of one session on a coarse quarter of a unit cell."""
    return load("healing-roller-15mm", SKIN | changes).problem()


def run(problem, events, until, **options):
    return Simulation(problem, events=events, backend="auto", **options).run(until)


@pytest.mark.parametrize("dt", [1 * DAY, 5 * DAY])
def test_nothing_is_negative_and_shares_are_shares_at_any_step(dt):
    seen = Range()
    run(*coarse(), 40 * DAY, dt=dt, observers=[seen])
    assert min(seen.least.values()) >= 0.0
    assert all(np.isfinite(value) for value in seen.greatest.values())
    assert max(seen.greatest[name] for name in SHARES) <= 1.0


def test_bounds_of_an_adaptive_run_and_what_was_clipped():
    seen = Range()
    simulation = run(*coarse(), 30 * DAY, rtol=1e-3, observers=[seen])
    assert min(seen.least.values()) >= 0.0
    assert max(seen.greatest[name] for name in SHARES) <= 1.0
    clipped = {name: simulation.clipped(name) for name in simulation.problem.model.names}
    assert max(clipped.values()) < 1e-6, clipped
    assert max(simulation.ledger(name).relative_error for name in clipped) < 1e-11  # of turnovers


def test_mixed_precision_gives_the_same():
    double, mixed = (run(*coarse(), 7 * DAY, rtol=1e-2, precision=name) for name in ("double", "mixed"))
    for name in double.problem.model.names:
        wanted, got = double.concentration(name), mixed.concentration(name)
        assert np.abs(got - wanted).max() <= 1e-5 * wanted.max(), name


def test_an_array_repeats_its_unit_cell():
    """Check (vii): 2 x 2 needles on periodic sides are four times one."""
    full = coarse(**{"array.unit_cell": "full"})
    patch = coarse(**{"array.unit_cell": "patch", "array.rows": 2, "array.columns": 2, "array.sides": "periodic"})
    one, four = (run(*problem, 2 * DAY, dt=0.1 * DAY, kappa=1e-6) for problem in (full, patch))
    assert np.array_equal(2 * np.array(one.problem.mesh.shape[1:]), four.problem.mesh.shape[1:])
    means = {}
    for name in one.problem.model.names:
        small, large = (
            (simulation.concentration(name) * simulation.problem.mesh.area).sum(axis=(1, 2))
            / simulation.problem.mesh.footprint
            for simulation in (one, four)
        )
        means[name] = np.abs(small - large).max() / max(small.max(), 1e-12)
        ny, nx = one.problem.mesh.shape[1:]
        tiles = four.concentration(name)
        np.testing.assert_allclose(tiles[:, :ny, :nx], tiles[:, ny:, nx:], rtol=1e-5, atol=1e-7 * tiles.max())
    assert max(means.values()) < 1e-5, means


@pytest.mark.parametrize(("width", "share"), [(200.0, 0.10), (500.0, 0.34), (1000.0, 0.65), (2000.0, 0.92)])
def test_growth_factor_on_the_axis_of_a_column(width, share):
    """Check (iii): T(0) = S / lam (1 - R/l K1(R/l)), l = sqrt(D/lam), of a column that makes S inside R."""
    parameters = values()
    diffusivity, loss, radius = parameters["D_T"], parameters["lam_T"], 0.5 * width
    length = np.sqrt(diffusivity / loss)
    edges = np.concatenate(
        [np.linspace(0.0, 1.5 * radius, 37)[:-1], np.linspace(1.5 * radius, radius + 8 * length, 60)]
    )
    mesh = Mesh(edges, edges, np.array([0.0, 1.0]))
    painting = paint(mesh, [("dermis", 0.0)], [("column", lambda x, y, z: np.hypot(x, y) < radius)])
    field = Field("T", diffusivity=diffusivity)
    source = {"S": {"dermis": 0.0, "column": loss}, "lam": loss}
    problem = Problem(mesh, painting, Model((field,), (Reaction("source", {"T": "S - lam*T"}),), source))
    axis = run(problem, (), 20 / loss, rtol=1e-3).concentration("T")[0, 0, 0]
    exact = 1 - radius / length * k1(radius / length)
    assert exact == pytest.approx(share, abs=0.03)
    assert axis == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("rtol", "error"), [(1e-4, 0.02), (1e-5, 0.003)])
def test_front_of_the_epidermis(rtol, error):
    """Check (iv): keratinocytes spread as Fisher's wave; 2 sqrt(D r) = 0.447 mm/day is its least speed.

    From the exact wave K = (1 + e^((x - v t)/w))^-2 with w = sqrt(6 D/r), v = 5 sqrt(D r/6), which is 2 % faster.
    """
    parameters = values()
    diffusivity, rate = parameters["D_K"], parameters["r_K"]
    assert 2 * np.sqrt(diffusivity * rate) * DAY / 1000.0 == pytest.approx(0.447, abs=5e-4)
    width, speed = np.sqrt(6 * diffusivity / rate), 5 * np.sqrt(diffusivity * rate / 6)
    mesh = Mesh(np.linspace(0.0, 6000.0, 201), np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    def wave(time):
        return (1 + np.exp((mesh.xc - 1500.0 - speed * time) / width)) ** -2

    initial = np.broadcast_to(wave(0.0), mesh.shape).copy()
    field = Field("K", initial=initial, diffusivity=diffusivity, mobility="eta_K*on")
    unity = {"eta_K": 1.0, "on": 1.0, "r_lay": rate, "g_KP": parameters["g_KP"], "K_P": parameters["K_P"], "P": 0.0}
    definitions = {"u_G": "0"} | {name: DEFINITIONS[name] for name in ("PDGF", "H_P", "renewal")}
    reaction = Reaction("healing of K", {"K": EQUATIONS["K"]})
    model = Model((field,), (reaction,), unity, definitions=definitions)
    problem = Problem(mesh, paint(mesh, [("viable epidermis", 0.0)]), model)
    got = run(problem, (), 4 * DAY, rtol=rtol).concentration("K")[0, 0]
    assert np.abs(got - wave(4 * DAY)).max() < error


def test_aged_skin_answers_less_and_a_knock_out_knocks_out():
    problem, events = coarse()
    names = problem.model.names

    def collagen(problem, events):
        simulation = run(problem, events, 10 * DAY, rtol=1e-2)
        return sum(simulation.concentration(name)[6:11].mean() for name in ("C1", "C3"))

    def without(**changes):
        return replace(problem, model=replace(problem.model, parameters={**problem.model.parameters, **changes}))

    assert {"C1", "C3"} < set(names)
    full = collagen(problem, events)
    assert collagen(without(j_A=0.0), events) < full
    assert collagen(*coarse(**{"healing.needle_radius": "0 um"})) < full
    assert collagen(*coarse(**{"healing.age": 70.0})) < full
