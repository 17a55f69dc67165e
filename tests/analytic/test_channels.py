"""A long channel in cleared dermis, and what a dissolved needle leaves: cases P16 and P17 of PERMEATION.md."""

from __future__ import annotations

from math import exp, inf, pi, sqrt

import numpy as np
import pytest
from exact import channels
from exact.order import order
from scipy.special import erf

from analytic.bench import ONE, l2, reports, steady, stretched
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer
from mnrd.simulation import Simulation

DERMIS = {"diffusivity": 80.0, "clearance": 5e-4}
CHANNEL = {"radius": 25.0} | DERMIS
QUICK = 1e4  # diffusivity of the channel, which the reservoir above it thereby holds at 1 to 1e-5


def channel_problem(edges: np.ndarray, outer: float = inf) -> Problem:
    """A quarter of a channel in one plane of cells, with nothing beyond the radius `outer`."""
    mesh = Mesh(edges, edges, ONE)
    regions = [("channel", lambda x, y, z: np.hypot(x, y) < 25 + 0 * z)]
    if outer < inf:
        regions.append(("outside", lambda x, y, z: np.hypot(x, y) > outer + 0 * z))
    painting = paint(mesh, [("dermis", 0.0)], regions)
    diffusivity = {"dermis": 80.0, "channel": QUICK, "outside": 0.0}
    clearance = {"dermis": 5e-4, "channel": 0.0, "outside": 0.0}
    field = Field(
        "c",
        diffusivity={name: diffusivity[name] for name in painting.materials},
        partition=1.2,
        top=Reservoir(1.0, area=painting.fraction("channel")[0]),
    )
    rates = {"k": {name: clearance[name] for name in painting.materials}}
    return Problem(mesh, painting, Model((field,), (Transfer("clearance", "c", "k"),), rates))


def profile_error(simulation: Simulation, exact) -> float:
    """Largest error of the activity along the row of cells next to the axis, from 30 to 140 um."""
    mesh = simulation.problem.mesh
    near = (mesh.xc > 30) & (mesh.xc < 140)
    distances = np.hypot(mesh.xc[near], mesh.yc[0])
    wanted = [exact(r) for r in distances]
    return float(np.abs(simulation.activity("c")[0, 0, near] - wanted).max())


def test_p16_annulus(backend_name):
    flow = channels.channel_flow(**CHANNEL, partition=1.2, outer=150)
    sizes, found, profiles = (8, 16), [], []
    for cells in sizes:
        run = steady(channel_problem(uniform(150, 6 * cells), 150), backend_name, dt=1e9)
        found.append(4 * run.fluxes("c")["top"] / flow - 1)
        profiles.append(profile_error(run, lambda r: channels.channel_activity(**CHANNEL, r=r, outer=150)))
        assert -run.fluxes("c")["clearance"] == pytest.approx(run.fluxes("c")["top"], rel=1e-6)
    assert abs(found[0]) <= 0.03
    assert order(found, sizes) == pytest.approx(1, abs=0.15)
    assert 2 * found[1] - found[0] == pytest.approx(0, abs=2e-3)
    assert profiles[0] <= 5e-3
    assert profiles[1] <= 0.6 * profiles[0]


def test_p16_unbounded(backend_name):
    flow = channels.channel_flow(**CHANNEL, partition=1.2)
    found = []
    for cells in (8, 16):
        run = steady(channel_problem(stretched(25, 3000, round(6.2 * cells))), backend_name, dt=1e9)
        found.append(4 * run.fluxes("c")["top"] / flow - 1)
        assert profile_error(run, lambda r: channels.channel_activity(**CHANNEL, r=r)) <= 0.1 / cells
    assert abs(found[0]) <= 0.03
    assert 2 * found[1] - found[0] == pytest.approx(0, abs=3e-3)


def test_p16_transient(backend_name):
    run = Simulation(channel_problem(uniform(150, 48), 150), backend=backend_name, rtol=1e-3)
    for report in reports(run, [10, 100, 1000]):
        flow = channels.channel_flow_transient(**CHANNEL, partition=1.2, outer=150, time=report.time)
        assert 4 * report.fluxes("c")["top"] == pytest.approx(flow, rel=0.03)

        def exact(r: float, time: float = report.time) -> float:
            return channels.channel_activity_transient(**CHANNEL, outer=150, r=r, time=time)

        assert profile_error(report, exact) <= 0.02


RADIUS, DEPTH, SPREADING, DECAY = 40.0, 200.0, 30.0, 2e-4


def bolus_problem(cells: int) -> Problem:
    """A quarter of a cylinder full of drug; cells are small near its mantle and its base."""
    x = stretched(RADIUS, 1100, 4 * cells)
    step = np.arcsinh(DEPTH / 60) / (3 * cells)
    z = DEPTH + 60 * np.sinh(step * np.arange(-3 * cells, 6 * cells + 1))
    z[[0, 3 * cells]] = 0, DEPTH
    mesh = Mesh(x, x, z)
    painting = paint(mesh, [("tissue", 0.0)], [("needle", lambda x, y, z: (np.hypot(x, y) < RADIUS) & (z < DEPTH))])
    field = Field("c", initial={"tissue": 0.0, "needle": 1.0}, diffusivity=SPREADING)
    return Problem(mesh, painting, Model((field,), (Transfer("clearance", "c", "k"),), {"k": DECAY}))


def bolus(mesh: Mesh, time: float) -> np.ndarray:
    """Exact concentration at the centres."""
    spread = 2 * sqrt(SPREADING * time)
    axial = 0.5 * (erf((DEPTH - mesh.zc) / spread) + erf((DEPTH + mesh.zc) / spread))
    r = np.hypot(mesh.xc, mesh.yc[:, None])
    table = np.linspace(0, r.max(), 800)
    radial = [channels.cylinder_bolus(RADIUS, inf, SPREADING, DECAY, x, 0.0, time) for x in table]
    return axial[:, None, None] * np.interp(r, table, radial)


def test_p17_bolus(backend_name):
    sizes, rows = (3, 6), []
    for cells in sizes:
        run = Simulation(bolus_problem(cells), backend=backend_name, rtol=1e-3)
        mesh, row = run.problem.mesh, []
        applied = run.ledger("c").initial
        assert 4 * applied / (pi * RADIUS**2 * DEPTH) == pytest.approx(1, abs=5e-3)
        for report in reports(run, [5, 60, 600]):
            exact = bolus(mesh, report.time)
            row.append(l2(report.concentration("c") - exact, mesh.volume) / l2(exact, mesh.volume))
            assert report.ledger("c").cells / applied == pytest.approx(exp(-DECAY * report.time), rel=1e-4)
        rows.append(row)
    assert max(rows[1]) <= 0.01
    assert [order(column, sizes) > 1.5 for column in zip(*rows, strict=True)] == [True] * 3


def test_p17_sphere(backend_name):
    """An eighth of a sphere of radius 50; its centre is at the corner of the first cell."""
    edges = stretched(50, 1000, 32)
    mesh = Mesh(edges, edges, edges)
    painting = paint(mesh, [("tissue", 0.0)], [("drop", lambda x, y, z: x**2 + y**2 + z**2 < 2500)])
    field = Field("c", initial={"tissue": 0.0, "drop": 1.0}, diffusivity=30.0)
    run = Simulation(Problem(mesh, painting, Model((field,))), backend=backend_name, rtol=1e-4)
    for report in reports(run, [5, 60]):
        exact = channels.sphere_bolus(50, 30, report.time)
        assert report.concentration("c")[0, 0, 0] == pytest.approx(exact, rel=0.012)
