"""Binding, travelling waves and patterns: cases P10, P20 and P21 of PERMEATION.md."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from exact import waves
from exact.laminate import Laminate, Slab
from exact.order import order

from analytic.bench import ONE, TIGHT, assert_second_order, column, errors, layered, ran, reports, smooth, steady
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Exchange, Reaction
from mnrd.simulation import Simulation

CELLS = (16, 32, 64)


def binding_problem(cells: int, speed: float = 1.0) -> Problem:
    """A slab with immobile sites that bind at 0.02/s and release at 0.005/s, both times `speed`."""
    free = Field("c", diffusivity=50.0, top=Reservoir(1.0), base=Reservoir())
    rates = {"on": 0.02 * speed, "off": 0.005 * speed}
    mesh = column(smooth([0, 100], cells, offset=50))
    binding = Exchange("binding", "c", "b", "on", "off")
    return layered(mesh, {"slab": 0}, free, Field("b"), reactions=[binding], parameters=rates)


def test_p10_binding(backend_name):
    laminate = Laminate((Slab(50, 1, 100, binding=0.02, release=0.005),))

    def measure(simulation: Simulation) -> list[float]:
        free, bound = (simulation.ledger(name).cells for name in "cb")
        return [simulation.fluxes("c")["base"], simulation.ledger("c").permeated, free, free + bound]

    def exact(time: float) -> list[float]:
        free, bound = laminate.free_amount(0, time), laminate.bound_amount(0, time)
        return [laminate.flux(-1, time), laminate.crossed(-1, time), free, free + bound]

    runs = [Simulation(binding_problem(n), backend=backend_name, dt=5 * CELLS[0] / n, kappa=TIGHT) for n in CELLS]
    assert_second_order(errors(runs, [60, 200], measure, exact), CELLS, finest=1e-4)
    for run in runs:
        exchanged = [run.ledger(name).terms["binding"] for name in "cb"]
        assert exchanged[0] == pytest.approx(-exchanged[1], rel=1e-12)


@pytest.mark.parametrize("speed", [1, 100])
def test_p10_lag_does_not_depend_on_the_speed_of_binding(backend_name, speed):
    lags = []
    for cells in CELLS:
        run = Simulation(binding_problem(cells, speed), backend=backend_name, dt=1000 / cells, kappa=TIGHT)
        ledger = ran(run, 5000).ledger("c")
        lags.append(5000 - ledger.permeated / 0.5)
        assert run.fluxes("c")["base"] == pytest.approx(0.5, rel=1e-6)
    assert order(np.array(lags) * 6 / 1000 - 1, CELLS) == pytest.approx(2, abs=0.1)
    assert lags[-1] == pytest.approx(1000 / 6, rel=1e-3)


def test_p10_binding_leaves_the_steady_flux(backend_name):
    run = steady(binding_problem(5), backend_name, dt=1e6, steps=4)
    assert run.fluxes("c")["base"] == pytest.approx(0.5, rel=1e-8)
    assert run.concentration("b") == pytest.approx(4 * run.concentration("c"), rel=1e-8)


FRONT = 6000.0  # of the box, from its deep end at u = 1
WAVE = {"diffusivity": 30.0, "rate": 1e-4}


def wave_problem(cells: int, axis: str) -> Problem:
    """The travelling wave at t = 0 in a box of 18 mm along `axis`."""
    edges = {"x": ONE, "z": ONE} | {axis: smooth([0, 18000], cells, offset=20000)}
    mesh = Mesh(edges["x"], ONE, edges["z"])
    width = sqrt(6 * WAVE["diffusivity"] / WAVE["rate"])
    initial = f"(1 + exp(({axis} - {FRONT!r}) / {width!r}))**(-2)"
    field = Field("u", initial=initial, diffusivity=WAVE["diffusivity"])
    return layered(
        mesh, {"tissue": 0}, field, reactions=[Reaction("growth", {"u": "r*u*(1 - u)"})], parameters={"r": WAVE["rate"]}
    )


@pytest.mark.parametrize("axis", ["x", "z"])
def test_p20_fisher_wave(backend_name, axis):
    rows = []
    for cells in CELLS:
        problem = wave_problem(4 * cells, axis)
        run = Simulation(problem, backend=backend_name, dt=500 * CELLS[0] / cells, kappa=TIGHT)
        centres = problem.mesh.xc if axis == "x" else problem.mesh.zc
        inner = (centres > FRONT - 1000) & (centres < FRONT + 5000)
        row = []
        for report in reports(run, [10000, 20000]):
            exact = [waves.fisher_wave(**WAVE, x=x - FRONT, time=report.time) for x in centres[inner]]
            row.append(np.abs(report.concentration("u").ravel()[inner] - exact).max())
        rows.append(row)
    assert_second_order(np.array(rows), CELLS, finest=1e-4)


RATIO, LENGTH, MODE, SIZE = 40.0, 40.0, 3, 1e-3
JACOBIAN = waves.schnakenberg_jacobian(0.1, 0.9)


def pattern_problem(axis: str, cells: int) -> Problem:
    """Schnakenberg's steady state with its third mode on top: periodic in x and y, mirrored in z."""
    period = LENGTH if axis != "z" else LENGTH / 2
    edges = {name: ONE for name in "xyz"} | {axis: uniform(period, cells)}
    mesh = Mesh(edges["x"], edges["y"], edges["z"], periodic=(True, True))
    k2 = wavenumber2(axis, cells)
    mode = SIZE * waves.turing_mode(JACOBIAN, RATIO, k2)
    wave = f"cos(2*pi*{MODE}*{axis}/{LENGTH!r})"
    u = Field("u", initial=f"1 + {float(mode[0])!r}*{wave}", diffusivity=1.0)
    v = Field("v", initial=f"0.9 + ({float(mode[1])!r})*{wave}", diffusivity=RATIO)
    kinetics = Reaction("kinetics", {"u": "0.1 - u + u**2*v", "v": "0.9 - u**2*v"})
    return Problem(mesh, paint(mesh, [("tissue", 0.0)]), Model((u, v), (kinetics,)))


def wavenumber2(axis: str, cells: int) -> float:
    """Discrete k^2 of the mode; a box with mirrors holds half of the period."""
    return waves.discrete_wavenumber2(LENGTH, MODE, cells if axis != "z" else 2 * cells)


@pytest.mark.parametrize(("axis", "cells"), [("x", 64), ("y", 64), ("z", 32)])
def test_p21_turing_growth_rate(backend_name, axis, cells):
    problem = pattern_problem(axis, cells)
    mesh = problem.mesh
    wave = np.cos(2 * np.pi * MODE * {"x": mesh.xc, "y": mesh.yc, "z": mesh.zc}[axis] / LENGTH)
    wanted = waves.turing_growth(JACOBIAN, RATIO, wavenumber2(axis, cells))
    steps, found = (20, 40, 80), []
    for count in steps:
        run = ran(Simulation(problem, backend=backend_name, dt=2 / count, kappa=TIGHT), 2.0)
        amplitude = 2 * (run.concentration("u").ravel() * wave).mean()
        found.append(np.log(amplitude / SIZE) / 2.0)
    assert wanted == pytest.approx(0.4034448382, abs=1e-9)
    assert order(np.array(found) - wanted, steps) == pytest.approx(2, abs=0.1)
    assert found[-1] == pytest.approx(wanted, rel=1e-3)
