"""Runs on the cuda backend: the same answers as on the host, and what crosses the bus in a step."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import standin
from standin import cupy
from standin.memory import device
from systems import cylinder
from typer.testing import CliRunner

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable
from mnrd.backends.graph import Assembler
from mnrd.case import load
from mnrd.cli import app
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir, Taxis
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing, Reaction, Transfer
from mnrd.simulation import Simulation
from mnrd.skin.changes import unchanged
from mnrd.solve.stepper import Stepper

SIDE = np.linspace(0.0, 60.0, 4)
MESH = Mesh(SIDE, SIDE, np.array([0.0, 5, 15, 40, 80, 150]), (True, False))
PAINTING = paint(MESH, [("corneum", 0.0), ("dermis", 15.0)], [("channel", cylinder(30, 30, 18, 60))])


@pytest.fixture(params=["stand-in", pytest.param("gpu", marks=pytest.mark.gpu)])
def cuda(request):
    """The backend in double precision, on the stand-in and on a GPU."""
    if request.param == "stand-in":
        return standin.backend(threads=64)
    try:
        return choose("cuda", "double", debug=True)
    except BackendUnavailable as error:
        pytest.skip(str(error))


def permeation() -> Problem:
    """A drug from a finite donor through a channel that a field closes; it is bound and cleared."""
    through = {"corneum": 0.01, "dermis": 60.0, "channel": 300.0}
    fields = (
        Field("drug", diffusivity=through, top=Reservoir(1.0, capacity=200.0, loss=1e-4), base=Reservoir()),
        Field("bound"),
        Field("K", initial=1.0 - PAINTING.fraction("channel") * (MESH.zc < 15.0)[:, None, None]),
    )
    reactions = (
        Transfer("binding", "drug", "1e-3*drug*Max(1 - bound, 0)", {"bound": 1.0}),
        Reaction("growth", {"K": "3e-4*Max(1 - K, 0)"}),
    )
    return Problem(MESH, PAINTING, Model(fields, reactions, closings=(Closing("channel", "K", 15.0),)))


def healing() -> Problem:
    """Debris calls an alarm that diffuses; cells climb it, with a mobility, and eat."""
    fields = (
        Field("W", initial=np.exp(-np.hypot(MESH.xc - 30, (MESH.yc - 30)[:, None]) / 20) * np.ones(MESH.shape)),
        Field("A", diffusivity=10.0),
        Field("N", diffusivity=3.0, initial=0.2, taxis=Taxis(18.0, "log(1 + A/0.08)"), mobility="1/(1 + W)"),
        Field("C", initial=0.8),
    )
    reactions = (
        Transfer("clearance", "W", "1e-4*(1 + N)"),
        Reaction("alarm", {"A": "4e-5*W - 5e-5*A"}),
        Reaction("eating", {"C": "-1e-5*N*C"}),
    )
    return Problem(MESH, PAINTING, Model(fields, reactions))


BOX = """
title = "box"
mesh = { size = ["30 um", "30 um", "40 um"], cells = [3, 3, 4] }
model.fields.a = { diffusivity = "10 um^2/s", initial = "x*x/900" }
run = { end = "60 s", every = "20 s" }
"""


def injury(problem, concentrations):
    """More debris, at 100 s."""
    return {"W": np.minimum(concentrations["W"] + 0.5, 1.0)}


def assert_runs_agree(problem, end, cuda, events=(), tolerance=1e-9, **options):
    """The same steps and, to the round-off that sums differ by, the same values and ledgers as on the host."""
    on_host, on_device = (
        Simulation(problem, backend=backend, events=events, **options).run(end)
        for backend in (choose("numpy", cuda.precision), cuda)
    )
    assert (on_device.step, on_device.rejected) == (on_host.step, on_host.rejected)
    for name in problem.model.names:
        wanted = on_host.concentration(name)
        np.testing.assert_allclose(
            on_device.concentration(name), wanted, rtol=0, atol=tolerance * wanted.max(), err_msg=name
        )
        assert on_device.ledger(name).relative_error < 1e-12
    return on_device


class TestAnswers:
    def test_of_permeation_with_rejected_steps(self, cuda):
        run = assert_runs_agree(permeation(), 2000.0, cuda, rtol=1e-2, first_step=400.0)
        assert run.rejected > 0
        assert run.ledger("drug").permeated > 0.0

    def test_of_healing_with_taxis_and_a_jump(self, cuda):
        events = [Event(100.0, "injury", unchanged, injury)]
        run = assert_runs_agree(healing(), 200.0, cuda, events, rtol=1e-2)
        assert run.step > 12
        assert run.ledger("W").applied > 0.0

    def test_of_a_bundled_case(self, cuda):
        """All fields of healing on a very coarse unit cell, for a few steps."""
        changes = {
            "skin.layers": [
                {"name": "stratum corneum", "thickness": "15 um", "cells": 2},
                {"name": "viable epidermis", "thickness": "85 um", "smallest": "40 um", "largest": "60 um"},
                {"name": "papillary dermis", "thickness": "200 um", "smallest": "80 um", "largest": "120 um"},
                {"name": "reticular dermis", "thickness": "700 um", "smallest": "150 um", "largest": "300 um"},
            ],
            "needle.length": "0.5 mm",
            "mesh.smallest": "200 um",
            "mesh.largest": "400 um",
            "mesh.tip": "200 um",
        }
        problem, events = load("healing-roller-15mm", changes).problem()
        assert_runs_agree(problem, 10.0, cuda, events)

    def test_of_mixed_precision(self):
        """Solved to the same tolerance in single precision: the state is the same up to the error of the solver."""
        assert_runs_agree(permeation(), 20.0, standin.backend("mixed", threads=64), tolerance=1e-5, rtol=1e-2)


class TestBus:
    @pytest.mark.parametrize("problem", [permeation, healing])
    def test_a_step_sends_once_fetches_once_and_allocates_nothing(self, problem, monkeypatch):
        """From the third step on, whatever method and number of iterations the solves take.

        Launches that were never needed before have their arguments sent, once.
        """
        tries, made = [], []
        compute, sent = Stepper._compute, Assembler._sent
        monkeypatch.setattr(Stepper, "_compute", lambda self, *given: (tries.append(1), compute(self, *given))[1])
        monkeypatch.setattr(
            Assembler, "_sent", lambda self, memory: (made.extend([1] * bool(memory)), sent(self, memory))[1]
        )
        run = Simulation(problem(), backend=standin.backend(threads=64), rtol=1e-2).run(0.0)
        while run.step < 3:
            run._advance(1e9)
        cupy.reset()
        tries.clear()
        made.clear()
        while run.step < 9:
            run._advance(1e9)
        assert cupy.counts.allocations == 0
        assert (cupy.counts.uploads, cupy.counts.downloads) == (len(tries) + len(made), len(tries))


class TestCommand:
    @pytest.fixture
    def mnrd(self, tmp_path):
        """Run the case with further arguments, on the stand-in."""
        (tmp_path / "box.toml").write_text(BOX)

        def run(*arguments):
            with standin.installed():
                return CliRunner().invoke(app, ["run", str(tmp_path / "box.toml"), *map(str, arguments)])

        return run

    def test_takes_the_gpu_and_goes_on_to_the_same_bits(self, mnrd, tmp_path):
        """Observers, checkpoint and summary take nothing from a device but what they ask for."""
        straight, broken = tmp_path / "straight", tmp_path / "broken"
        done = [
            mnrd("--out", straight),
            mnrd("--out", broken, "--set", "run.end='40 s'"),
            mnrd("--out", broken, "--force"),
        ]
        assert [one.exit_code for one in done] == [0, 0, 0], [one.output for one in done]
        assert "cuda (stand-in for a GPU, CUDA 12.9, CuPy stand-in), mixed precision" in done[0].output
        assert (straight / "layers.csv").read_text() == (broken / "layers.csv").read_text()

    def test_of_a_run_that_does_not_fit_ends_before_it_begins(self, mnrd, tmp_path, monkeypatch):
        gc.collect()  # or what earlier tests have left is freed meanwhile
        monkeypatch.setattr(device, "total", device.used + 2000)
        done = mnrd("--out", tmp_path / "out")
        assert done.exit_code == 3
        assert "GB on cuda (stand-in for a GPU" in done.output
        assert "million cells fit, make them larger" in done.output
        assert not (tmp_path / "out").exists()

    def test_of_a_device_that_fills_up_ends_with_the_numbers(self, mnrd, tmp_path, monkeypatch):
        monkeypatch.setattr("mnrd.cli.memory.check", lambda *_: monkeypatch.setattr(device, "total", 0))
        done = mnrd("--out", tmp_path / "out")
        assert done.exit_code == 3
        assert "not enough memory: on stand-in for a GPU: OutOfMemoryError: Out of memory allocating " in done.output
