"""The time step: order two, conservation, positivity, step control, precision, and the same bits every time."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

import numpy as np
import pytest
from exact.order import order
from interrupted import case_of
from scipy.integrate import solve_ivp
from systems import cylinder, dense, problem_of, system_of

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Membrane, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.simulation import NumericalFailure, Simulation
from mnrd.solve import plan
from mnrd.solve.controller import START, Controller
from mnrd.solve.stepper import ERROR_WEIGHTS, GAMMA, Stepper

LAYERS = {"corneum": 0.0, "tissue": 15.0}
DIFFUSIVITY = {"corneum": 0.5, "tissue": 60.0, "channel": 300.0}
PARTITION = {"corneum": 5.0, "tissue": 1.0, "channel": 1.0}
DAY = 86400.0


def in_tissue(value):
    return {"corneum": 0.0, "tissue": value, "channel": 0.0}


@cache
def nonlinear():
    """Five fields with every kind of reaction, smooth at the start; a donor that empties and evaporates."""
    mesh = Mesh(np.array([0.0, 20, 50, 90]), np.array([0.0, 30, 70]), np.array([0.0, 5, 15, 35, 75, 130, 200]))
    painting = paint(mesh, list(LAYERS.items()), [("channel", cylinder(40, 35, 22, 60))])
    wave = np.cos(0.0157 * mesh.zc)[:, None, None] * np.cos(0.03 * mesh.xc) * np.ones(mesh.shape)
    fields = (
        Field(
            "prodrug",
            diffusivity=DIFFUSIVITY,
            partition=PARTITION,
            initial=painting.mix(PARTITION) * (0.6 + 0.3 * wave),
        ),
        Field("drug", diffusivity=DIFFUSIVITY, initial=0.3 + 0.1 * wave, top=Reservoir(0.35, capacity=40.0, loss=0.01)),
        Field("bound", initial=0.1),
        Field("metabolite", diffusivity=100.0, initial=0.3, base=Reservoir(0.3)),
        Field("matrix", initial=0.4 + 0.1 * wave),
    )
    reactions = (
        Transfer("metabolism", "prodrug", "vmax/(km + prodrug)", {"drug": 0.8}),
        Exchange("binding", "drug", "bound", "kon*Max(1 - bound/sites, 0)", "koff"),
        Transfer("conversion", "drug", "k*(1 + matrix)", {"metabolite": 1.0}),
        Transfer("clearance", "metabolite", "kc"),
        Reaction(
            "growth", {"metabolite": "-1e-3*metabolite*matrix", "matrix": "r*matrix*(1 - matrix)*(1 + metabolite)"}
        ),
    )
    parameters = {
        "vmax": 1.5e-3, "km": 0.3, "kon": {"corneum": 0.0, "tissue": 2e-3, "channel": 1e-3}, "koff": 1e-3,
        "sites": 0.5, "k": 1e-3, "kc": "5e-4*(1 + exp(-t/500))", "r": 2e-3,
    }  # fmt: skip
    return Problem(mesh, painting, Model(fields, reactions, parameters))


@cache
def nonlinear_exact(end):
    """Concentrations and the donor's activity at `end`, by an implicit Runge-Kutta method of order 5 to 1e-9.

    The rates are written by hand, and conduction is a dense matrix.
    """
    problem = nonlinear()
    mesh, n = problem.mesh, problem.mesh.cells
    volume, value = mesh.volume.ravel(), problem.model.parameters
    donor, kon = problem.model.fields[1].top, problem.painting.mix(value["kon"]).ravel()
    matrices, partitions, planes = {}, {}, {}
    for field in problem.model.fields:
        if field.mobile:
            held = replace(field, top=field.top and Reservoir(), base=field.base and Reservoir())
            system = system_of(choose("numpy"), Problem(mesh, problem.painting, Model((held,))), dt=inf)
            matrices[field.name], partitions[field.name] = dense(system), problem.painting.mix(field.partition).ravel()
            planes[field.name] = np.zeros(mesh.shape)
            planes[field.name][0] += system.operator.top
            planes[field.name][-1] += system.operator.base
    top, base = planes["drug"].ravel(), planes["metabolite"].ravel()

    def transport(name, c):
        return -(matrices[name] @ (c / partitions[name])) / volume

    def rates(t, state):
        prodrug, drug, bound, metabolite, matrix = state[:-1].reshape(5, n)
        donor_activity = state[-1]
        metabolism = value["vmax"] / (value["km"] + prodrug) * prodrug
        binding = kon * np.maximum(1 - bound / value["sites"], 0) * drug - value["koff"] * bound
        conversion = value["k"] * (1 + matrix) * drug
        lost = 5e-4 * (1 + np.exp(-t / 500)) * metabolite + 1e-3 * metabolite * matrix
        given = np.sum(top * (donor_activity - drug)) + donor.loss * mesh.footprint * donor_activity
        return np.concatenate([
            transport("prodrug", prodrug) - metabolism,
            transport("drug", drug) + top * donor_activity / volume + 0.8 * metabolism - binding - conversion,
            binding,
            transport("metabolite", metabolite) + base * 0.3 / volume + conversion - lost,
            value["r"] * matrix * (1 - matrix) * (1 + metabolite),
            [-given / (donor.capacity * mesh.footprint)],
        ])  # fmt: skip

    start = [np.broadcast_to(field.initial, mesh.shape).ravel() for field in problem.model.fields]
    solution = solve_ivp(rates, (0, end), np.concatenate([*start, [donor.activity]]), "Radau", rtol=1e-9, atol=1e-11)
    final = solution.y[:, -1]
    return dict(zip(problem.model.names, final[:-1].reshape(5, *mesh.shape), strict=True)), final[-1]


@cache
def permeation(columns=8):
    """A drug from a donor through a channel, bound, metabolised and cleared: a jump at the start, then slow."""
    half = np.linspace(0, 160, columns + 1)
    depths = np.append(np.linspace(0, 15, 7), 15 + np.array([5, 12, 22, 35, 52, 75, 105, 145, 195, 260, 340, 440.0]))
    mesh = Mesh(half, half, depths)
    painting = paint(mesh, list(LAYERS.items()), [("channel", cylinder(0, 0, 50, 150))])
    diffusivity, partition = {**DIFFUSIVITY, "corneum": 0.02}, {**PARTITION, "corneum": 8.0}
    fields = (
        Field("drug", diffusivity=diffusivity, partition=partition,
              top=Reservoir(1.0, capacity=5000.0, loss=2e-4), base=Reservoir()),
        Field("bound"),
        Field("metabolite", diffusivity={name: 0.5 * d for name, d in diffusivity.items()}, base=Reservoir()),
    )  # fmt: skip
    reactions = (
        Transfer("metabolism", "drug", "vmax/(km + drug)", {"metabolite": 0.9}),
        Exchange("binding", "drug", "bound", "kon*Max(1 - bound/sites, 0)", "koff"),
        Transfer("clearance", "drug", "kc"),
    )
    parameters = {"vmax": in_tissue(1e-5), "km": 0.05, "kon": in_tissue(2e-4), "koff": 1e-4, "sites": 0.2,
                  "kc": in_tissue(3e-5)}  # fmt: skip
    return Problem(mesh, painting, Model(fields, reactions, parameters))


@cache
def permeated(**options):
    """The simulation of `permeation` after a day."""
    return Simulation(permeation(), **{"rtol": 1e-2} | options).run(DAY)


def differences(simulation, other):
    """Largest difference of every field over its largest value."""
    names = simulation.problem.model.names
    pairs = [(simulation.concentration(name), other.concentration(name)) for name in names]
    return np.array([np.abs(a - b).max() / b.max() for a, b in pairs])


class TestOneStep:
    def test_linear_steps_are_those_of_the_whole_system(self, backend):
        """Cells and both reservoirs as one linear system M x' = -B x, two stages a step, without elimination."""
        mesh = Mesh(np.array([0.0, 20, 50]), np.array([0.0, 30, 70, 80]), np.array([0.0, 5, 15, 35, 75]), (True, False))
        field = Field(
            "c", diffusivity=DIFFUSIVITY, partition=PARTITION, membranes=(Membrane(15.0, 0.2),),
            top=Reservoir(1.0, capacity=30.0, loss=0.02), base=Reservoir(0.1, capacity=200.0, transfer=0.5),
            initial=0.1,
        )  # fmt: skip
        problem = problem_of(mesh, LAYERS, field, [("channel", cylinder(20, 30, 15, 40))])
        dt, steps, n = 40.0, 5, mesh.cells
        simulation = Simulation(problem, backend=backend, dt=dt, kappa=1e-13).run(steps * dt)

        fixed = replace(field, top=Reservoir(), base=replace(field.base, capacity=inf))
        system = system_of(backend, Problem(mesh, problem.painting, Model((fixed,))), dt=inf)
        matrix = np.zeros((n + 2, n + 2))
        matrix[:n, :n] = dense(system)
        for row, k, g, loss in ((n, 0, system.operator.top, 0.02), (n + 1, -1, system.operator.base, 0.0)):
            ends = np.zeros(mesh.shape)
            ends[k] = backend.host(g)
            matrix[:n, row] = matrix[row, :n] = -ends.ravel()
            matrix[row, row] = ends.sum() + loss * mesh.footprint
        partition = problem.painting.mix(PARTITION).ravel()
        capacity = np.append(mesh.volume.ravel() * partition, mesh.footprint * np.array([30.0, 200.0]))
        x, tau = np.append(0.1 / partition, [1.0, 0.1]), 1 / (GAMMA * dt)
        stage = np.linalg.inv(np.diag(tau * capacity) + matrix) @ np.diag(tau * capacity)
        for _ in range(steps):
            x = stage @ (x + (1 - GAMMA) / GAMMA * (stage @ x - x))

        np.testing.assert_allclose(simulation.activity("c").ravel(), x[:n], rtol=1e-10)
        assert simulation.reservoir("c") == {
            "top": pytest.approx(x[n], rel=1e-10),
            "base": pytest.approx(x[n + 1], rel=1e-10),
        }

    def test_error_weights_are_those_of_the_third_order_quadrature(self):
        """b - b* with b* exact for 1, t and t^2 at the nodes 0, gamma, 1."""
        exact = np.add(ERROR_WEIGHTS, (0, 1 - GAMMA, GAMMA))
        for power in range(3):
            assert exact @ np.array([0.0, GAMMA, 1.0]) ** power == pytest.approx(1 / (power + 1), abs=1e-15)
        np.testing.assert_allclose(ERROR_WEIGHTS, (-0.069036, 0.097631, -0.028595), atol=1e-6)

    def test_a_jump_is_smoothed_by_implicit_euler_steps(self, backend):
        """The first steps of an adaptive run: c1 = (c0 + dt P)/(1 + dt L), which cannot overshoot."""
        mesh = Mesh(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        model = Model((Field("c", initial=1.0),), (Transfer("decay", "c", "3"),))
        simulation = Simulation(Problem(mesh, paint(mesh, [("skin", 0.0)]), model), backend=backend, first_step=1.0)
        value = 1.0
        for count, part in enumerate(START, 1):
            simulation._advance(inf)
            value /= 1 + 3 * part
            assert simulation.step == count
            assert simulation.concentration("c").item() == pytest.approx(value, rel=1e-14)


class TestOrder:
    """V11: second order in every field and in the donor, nothing being split."""

    END, STEPS = 1200.0, (40, 80, 160)

    def test_is_two_against_an_independent_integrator(self):
        exact, donor = nonlinear_exact(self.END)
        rows = []
        for count in self.STEPS:
            run = Simulation(nonlinear(), dt=self.END / count, kappa=1e-9).run(self.END)
            assert run.step == count
            fields = [np.abs(run.concentration(name) - values).max() / values.max() for name, values in exact.items()]
            rows.append([*fields, abs(run.reservoir("drug")["top"] / donor - 1)])
        observed = [order(column, self.STEPS) for column in np.transpose(rows)]
        assert observed == [pytest.approx(2.0, abs=0.15)] * 6, rows
        assert max(rows[-1]) < 2e-4

    def test_both_backends_take_the_same_steps(self, backend):
        runs = [Simulation(nonlinear(), backend=b, dt=60.0, kappa=1e-9).run(600.0) for b in (backend, "numpy")]
        assert differences(*runs).max() < 1e-11

    def test_a_parameter_of_time_is_taken_at_the_stages(self, backend):
        """c' = -k(t) c with k = 1e-3 (1 + t/100): order 2 against exp(-integral of k)."""
        mesh = Mesh(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        model = Model((Field("c", initial=1.0),), (Transfer("decay", "c", "k"),), {"k": "1e-3*(1 + t/100)"})
        problem = Problem(mesh, paint(mesh, [("skin", 0.0)]), model)
        runs = [Simulation(problem, backend=backend, dt=400 / n).run(400.0) for n in (32, 64, 128)]
        errors = [run.concentration("c").item() - np.exp(-1e-3 * (400 + 400**2 / 200)) for run in runs]
        assert order(errors, (32, 64, 128)) == pytest.approx(2.0, abs=0.05)

    def test_very_long_steps_are_damped(self, backend):
        """L-stable: one step of 1e9 times the time constant leaves nothing."""
        mesh = Mesh(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.linspace(0, 10, 11))
        field = Field("c", diffusivity=100.0, initial="1 + cos(z)", base=Reservoir(0.25))
        run = Simulation(problem_of(mesh, {"skin": 0.0}, field), backend=backend, dt=1e9, dt_max=inf).run(1e9)
        assert run.step == 1
        np.testing.assert_allclose(run.concentration("c"), 0.25, rtol=1e-6)


class TestAdaptiveRun:
    """V12, in a day of permeation with binding, saturable metabolism and clearance."""

    def test_is_as_accurate_as_asked_and_never_negative(self):
        exact = permeated(rtol=1e-4, kappa=1e-3)
        run = permeated()
        assert differences(run, exact).max() < 1e-2
        assert run.ledger("drug").cells == pytest.approx(exact.ledger("drug").cells, rel=3e-3)
        assert min(run.concentration(name).min() for name in run.problem.model.names) >= 0.0

    def test_takes_few_steps_and_rejects_almost_none(self):
        run = permeated()
        assert run.step <= 60
        assert run.rejected <= 1
        assert run.iterations <= 15 * run.step  # three fields and two stages a step, two of them solved

    def test_error_falls_with_the_tolerance(self):
        exact = permeated(rtol=1e-4, kappa=1e-3)
        errors = [differences(permeated(rtol=rtol), exact).max() for rtol in (1e-1, 1e-2, 1e-3)]
        assert errors[1] < errors[0] / 2
        assert errors[2] < errors[1] / 2

    def test_error_falls_with_the_tolerance_of_the_linear_solver(self):
        """V17, from 0.1 to 0.03 to 0.01 of the tolerated step error."""
        exact = permeated(kappa=1e-6)
        errors = [differences(permeated(kappa=kappa), exact).max() for kappa in (0.1, 0.03, 0.01)]
        assert errors[0] < 5e-3
        assert errors[2] < errors[1] < errors[0]

    def test_of_two_backends_is_the_same(self):
        one, two = permeated(), permeated(backend="numpy")
        assert (one.step, one.rejected) == (two.step, two.rejected)
        assert differences(one, two).max() < 1e-8


class TestPrecision:
    """V15: the solver in single precision, the state in double."""

    def test_mixed_differs_by_less_than_1e_minus_4_of_the_maxima(self, backend_name):
        mixed, double = permeated(backend=backend_name, precision="mixed"), permeated()
        assert mixed.step == double.step
        assert differences(mixed, double).max() < 1e-4

    def test_mixed_keeps_the_balance(self, backend_name):
        mixed = permeated(backend=backend_name, precision="mixed")
        assert max(mixed.ledger(name).relative_error for name in mixed.problem.model.names) < 1e-12


def refilled(problem):
    """The problem with a new donor."""
    drug = replace(problem.model.fields[0], top=Reservoir(0.5, capacity=80.0))
    return Problem(problem.mesh, problem.painting, replace(problem.model, fields=(drug, *problem.model.fields[1:])))


LEDGERS = {
    "well-stirred donor": {"top": Reservoir(1.0, capacity=60.0)},
    "fixed donor": {"top": Reservoir(1.0), "base": Reservoir()},
    "evaporating donor": {"top": Reservoir(1.0, capacity=60.0, loss=0.01), "base": Reservoir(capacity=100.0)},
    "evaporating fixed donor": {"top": Reservoir(1.0, loss=0.01), "base": Reservoir(loss=0.1)},
    "drying donor": {"top": Reservoir(1.0, capacity=60.0, loss=0.01, drying=(0.02, 15.0))},
    "suspension": {"top": Reservoir(1.0, capacity=20.0, saturation=1.0, amount=50.0), "base": Reservoir()},
    "drying suspension": {
        "top": Reservoir(1.0, capacity=20.0, saturation=1.0, amount=30.0, drying=(0.01, 5.0)), "base": Reservoir(),
    },
    "membranes": {
        "top": Reservoir(1.0, capacity=60.0, transfer=0.1), "membranes": (Membrane(0.0, 0.2), Membrane(15.0, 0.1)),
    },
    "from the base": {"base": Reservoir(1.0, capacity=60.0)},
    "nothing": {"initial": 0.5},
}  # fmt: skip


class TestConservation:
    """V13: what was there and came is what is there and went, to round-off, for every reservoir."""

    @pytest.mark.parametrize("name", LEDGERS)
    def test_ledgers_close(self, backend, name):
        problem = permeation(3)
        fields = (
            replace(problem.model.fields[0], **{"top": None, "base": None} | LEDGERS[name]),
            *problem.model.fields[1:],
        )
        problem = Problem(problem.mesh, problem.painting, replace(problem.model, fields=fields))
        run = Simulation(problem, backend=backend, rtol=1e-2, events=[Event(2000.0, "refill", refilled)]).run(1500.0)
        for end in (1500.0, 4000.0):
            run.run(end)
            for field in problem.model.names:
                assert run.ledger(field).relative_error <= 1e-12, f"{field}: {run.ledger(field)}"
        assert run.ledger("drug").applied > 0

    def test_what_one_field_loses_another_gains(self, backend):
        run = Simulation(permeation(3), backend=backend).run(3600.0)
        drug, metabolite, bound = (run.ledger(name).terms for name in ("drug", "metabolite", "bound"))
        assert metabolite["metabolism"] == pytest.approx(-0.9 * drug["metabolism"], rel=1e-13)
        assert bound["binding"] == pytest.approx(-drug["binding"], rel=1e-12)
        assert drug["clearance"] < 0

    @pytest.mark.parametrize("precision", ["double", "mixed"])
    def test_binding_keeps_the_sum_of_free_and_bound(self, backend_name, precision):
        """V14: closed box, fast saturable binding, steps from a tenth to nine seconds."""
        mesh = Mesh(np.linspace(0, 90, 5), np.linspace(0, 60, 4), np.array([0.0, 5, 15, 35, 75]))
        fields = (
            Field("free", diffusivity=DIFFUSIVITY, partition=PARTITION, initial="1 + cos(x/30)*cos(z/20)"),
            Field("bound"),
        )
        binding = Exchange("binding", "free", "bound", "kon*Max(1 - bound/0.8, 0)", "koff")
        model = Model(fields, (binding,), {"kon": {"corneum": 0.1, "tissue": 1.0, "channel": 0.0}, "koff": 0.01})
        painting = paint(mesh, list(LAYERS.items()), [("channel", cylinder(40, 35, 22, 60))])
        run = Simulation(Problem(mesh, painting, model), backend=backend_name, precision=precision, rtol=1e-3)
        volume = mesh.volume
        before = np.sum(volume * (run.concentration("free") + run.concentration("bound")))
        run.run(300.0)
        after = np.sum(volume * (run.concentration("free") + run.concentration("bound")))
        assert run.step >= 60
        assert run.concentration("bound").max() > 0.7
        assert abs(after / before - 1) < 1e-13

    def test_a_product_that_begins_at_nothing_loses_nothing(self, backend):
        """The first traces of a metabolite are far below any tolerance, and are kept all the same."""
        problem = permeation(3)
        parameters = problem.model.parameters | {"vmax": in_tissue(1e-13)}
        problem = Problem(problem.mesh, problem.painting, replace(problem.model, parameters=parameters))
        run = Simulation(problem, backend=backend).run(3600.0)
        assert run.step < 100
        assert run.ledger("metabolite").total > 0
        assert run.ledger("metabolite").relative_error < 1e-12

    def test_a_field_that_dies_out_stays_balanced_and_positive(self, backend):
        mesh = Mesh(np.linspace(0, 60, 4), np.linspace(0, 60, 4), np.linspace(0, 100, 9))
        model = Model((Field("c", diffusivity=50.0, initial="exp(-z/5)"),), (Transfer("clearance", "c", "0.1"),))
        run = Simulation(Problem(mesh, paint(mesh, [("skin", 0.0)]), model), backend=backend).run(3600.0)
        assert run.concentration("c").min() >= 0.0
        assert run.ledger("c").relative_error < 1e-12


PROGRAM = """
import hashlib
from test_stepping import bits, permeation
from mnrd.backends import choose
from mnrd.simulation import Simulation
for precision in ("double", "mixed"):
    backend = choose("native", precision)
    print(backend.threads, bits(Simulation(permeation(24), backend=backend, rtol=1e-2).run(600.0)))
"""


def bits(run):
    """Digest of all that a run has calculated."""
    state = [run.concentration(name).tobytes() for name in run.problem.model.names]
    return hashlib.sha256(
        b"".join(state) + repr([run.ledger(name) for name in run.problem.model.names]).encode()
    ).hexdigest()


class TestDeterminism:
    @pytest.mark.parametrize("precision", ["double", "mixed"])
    def test_a_run_has_the_same_bits_every_time(self, backend_name, precision):
        runs = [
            Simulation(permeation(), backend=backend_name, precision=precision, rtol=1e-2).run(600.0) for _ in range(2)
        ]
        assert bits(runs[0]) == bits(runs[1])

    def test_a_run_has_the_same_bits_on_any_number_of_threads(self):
        try:
            choose("native")
        except BackendUnavailable as error:
            pytest.skip(str(error))
        answers = []
        for threads in ("1", "2"):
            paths = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
            environment = os.environ | {"OMP_NUM_THREADS": threads, "PYTHONPATH": paths}
            command = [sys.executable, "-c", PROGRAM]
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert answer.returncode == 0, answer.stderr
            answers.append(answer.stdout.split())
        assert [words[::2] for words in answers] == [["1", "1"], ["2", "2"]]
        assert answers[0][1::2] == answers[1][1::2]

    @pytest.mark.parametrize("name", ["permeation", "healing"])
    def test_too_few_launched_iterations_cost_a_repeat_and_no_bit(self, name, monkeypatch):
        """With taxis, closing channels and events; launched as often as the last time alone, and far too often."""
        launched, computed = [], Stepper._compute
        monkeypatch.setattr(Stepper, "_compute", lambda *given: launched.append(1) or computed(*given))
        runs, attempts = [], []
        for spare in (0, 60):
            monkeypatch.setattr(plan, "SPARE", spare)
            launched.clear()
            problem, events = case_of(name).problem()
            runs.append(Simulation(problem, backend="numpy", events=events, rtol=1e-2).run(1500.0))
            attempts.append(len(launched) - runs[-1].step - runs[-1].rejected)
        assert attempts[0] > attempts[1] == 0
        assert bits(runs[0]) == bits(runs[1])


class TestController:
    def test_an_accepted_step_grows_by_two_at_most(self):
        controller = Controller(1.0, 100.0, started=len(START))
        controller.accepted(1e-9, 1.0)
        assert controller.dt == 2.0

    def test_dt_is_the_longest_at_most(self):
        controller = Controller(80.0, 100.0, started=len(START))
        controller.accepted(1e-9, 80.0)
        assert controller.dt == 100.0

    def test_an_error_of_one_shortens(self):
        controller = Controller(1.0, 100.0, started=len(START))
        controller.accepted(1.0, 1.0)
        assert controller.dt == pytest.approx(0.9)

    def test_a_step_cut_to_land_does_not_shorten_the_next(self):
        controller = Controller(10.0, 100.0, started=len(START))
        controller.accepted(1e-3, 0.1)
        assert controller.dt == 10.0

    def test_steps_cut_to_land_do_not_keep_the_next_short(self):
        """Halves of an interval are exact enough for the whole: after a few of them the whole is taken."""
        controller = Controller(167.0, 1e4, started=len(START), previous=2e-3)
        for _ in range(4):
            taken = controller.towards(200.0)
            controller.accepted(2e-3 * (taken / 100.0) ** 3, taken)
        assert controller.towards(200.0) == 200.0

    @pytest.mark.parametrize(("error", "factor"), [(8.0, 0.45), (1e9, 0.1), (1.1, 0.9 * 1.1 ** (-1 / 3)), (inf, 0.25)])
    def test_a_rejected_step_is_shortened(self, error, factor):
        controller = Controller(10.0, 100.0)
        controller.rejected(error, 10.0)
        assert controller.dt == pytest.approx(10.0 * factor)

    def test_a_limit_is_taken_as_it_is(self):
        controller = Controller(10.0, 100.0)
        controller.rejected(0.1, 10.0, limit=3.0)
        assert controller.dt == 3.0

    @pytest.mark.parametrize(("remaining", "step"), [(0.5, 0.5), (1.0, 1.0), (1.2, 0.6), (1.9, 0.95), (2.5, 1.0)])
    def test_no_remainder_shorter_than_half_a_step_is_left(self, remaining, step):
        assert Controller(1.0, 100.0, started=len(START)).towards(remaining) == pytest.approx(step)

    def test_a_fixed_step_stays(self):
        controller = Controller(1.0, 100.0, fixed=True)
        controller.accepted(1e-9, 1.0)
        assert controller.towards(1.2) == controller.dt == 1.0
        assert controller.towards(0.3) == 0.3


def test_a_run_that_cannot_go_on_says_why(backend):
    """A reaction without bound: c' = c^2 goes to infinity at t = 1."""
    mesh = Mesh(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    model = Model((Field("c", initial=1.0),), (Reaction("explosion", {"c": "c*c"}),))
    problem = Problem(mesh, paint(mesh, [("skin", 0.0)]), model)
    with (
        np.errstate(all="ignore"),
        pytest.raises(NumericalFailure, match=r"^no step accepted at t = .* s down to dt = .* s: "),
    ):
        Simulation(problem, backend=backend, first_step=0.01).run(3.0)
