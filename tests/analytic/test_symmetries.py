"""Identities in 3-D that need no reference: numbers 6, 7, 9, 10 and 11 of case P22 of PERMEATION.md."""

from __future__ import annotations

import numpy as np
import pytest

from analytic.bench import ran, steady
from analytic.skin import PARTITION, PITCH, fixed, hole, patch, skin
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Reservoir
from mnrd.model.reaction import Closing

END = 150.0
DONOR = Reservoir(1.0, capacity=30.0, loss=1e-3, transfer=0.5)


def test_quarter_cell_with_mirrors_is_the_periodic_cell(backend_name):
    whole = ran(fixed(skin(patch(12, 8, periodic=True), [hole(PITCH / 2, PITCH / 2)], top=DONOR), backend_name), END)
    mesh = whole.problem.mesh
    quarter = Mesh(mesh.x[:7], mesh.y[:5], mesh.z)
    part = ran(fixed(skin(quarter, [hole(PITCH / 2, PITCH / 2)], top=DONOR), backend_name), END)
    assert whole.concentration("c")[:, :4, :6] == pytest.approx(part.concentration("c"), rel=1e-8)
    for name in ("top", "base", "clearance"):
        assert whole.fluxes("c")[name] == pytest.approx(4 * part.fluxes("c")[name], rel=1e-8)
    assert whole.reservoir("c")["top"] == pytest.approx(part.reservoir("c")["top"], rel=1e-9)


def test_channel_moved_across_the_periodic_sides(backend_name):
    """Shifting everything by half a pitch changes nothing but the place."""
    runs = [
        ran(fixed(skin(patch(periodic=True), regions, top=DONOR), backend_name), END).concentration("c")
        for regions in (
            [hole(PITCH / 2, PITCH / 2)],
            [hole(x, y) for x in (0.0, PITCH) for y in (0.0, PITCH)],
        )
    ]
    assert np.roll(runs[1], (4, 4), axis=(1, 2)) == pytest.approx(runs[0], rel=1e-8)


@pytest.mark.parametrize("periodic", [False, True])
def test_rotated_by_90_degrees(backend_name, periodic):
    def turned(region):
        name, inside = region
        return (name, lambda x, y, z: inside(y, x, z))

    region = hole(30, 50)
    straight = ran(fixed(skin(patch(10, 8, periodic=periodic), [region], top=DONOR), backend_name), END)
    rotated = ran(fixed(skin(patch(8, 10, periodic=periodic), [turned(region)], top=DONOR), backend_name), END)
    assert rotated.concentration("c").transpose(0, 2, 1) == pytest.approx(straight.concentration("c"), rel=1e-8)


def test_empty_channel_is_intact_skin(backend_name):
    nowhere = ("channel", lambda x, y, z: np.zeros(np.broadcast_shapes(x.shape, y.shape, z.shape), dtype=bool))
    intact, empty = (
        ran(fixed(skin(patch(4, 4), regions, top=DONOR), backend_name), END) for regions in ([], [nowhere])
    )
    assert "channel" in empty.problem.painting.materials
    assert empty.concentration("c") == pytest.approx(intact.concentration("c"), rel=1e-14)
    assert empty.fluxes("c") == pytest.approx(intact.fluxes("c"), rel=1e-13)


def test_skin_without_channel_is_as_in_one_dimension(backend_name):
    patch_run, column_run = (
        ran(fixed(skin(patch(n, n), top=DONOR), backend_name), END).concentration("c") for n in (5, 1)
    )
    assert patch_run == pytest.approx(np.broadcast_to(column_run, patch_run.shape), rel=1e-9)


def test_plugged_channel_has_the_intact_steady_flux(backend_name):
    region = hole(40, 40, depth=15.0)
    plug = Closing("channel", lambda time: 0.0)
    intact, plugged, opened = (
        steady(skin(patch(), regions, clearance={"dermis": 0.0}, closings=closings), backend_name, dt=1e9)
        for regions, closings in (([], []), ([region], [plug]), ([region], []))
    )
    assert plugged.fluxes("c")["base"] == pytest.approx(intact.fluxes("c")["base"], rel=1e-9)
    assert plugged.activity("c") == pytest.approx(intact.activity("c"), rel=1e-8)
    assert opened.fluxes("c")["base"] > 10 * intact.fluxes("c")["base"]
    early = [
        ran(fixed(skin(patch(), regions, closings=closings), backend_name, dt=100.0), 1000).fluxes("c")["base"]
        for regions, closings in (([], []), ([region], [plug]))
    ]
    assert early[1] > 1.01 * early[0]  # the plug holds less drug, so it is sooner full


def test_deep_channel_closes_to_the_layer_at_its_depth(backend_name):
    """Plugged through corneum and epidermis, each part becomes what lies beside it."""
    plugged, intact = (
        steady(skin(patch(), regions, closings=closings), backend_name, dt=1e9)
        for regions, closings in (([hole(40, 40, depth=60.0)], [Closing("channel", lambda time: 0.0)]), ([], []))
    )
    assert plugged.fluxes("c")["base"] == pytest.approx(intact.fluxes("c")["base"], rel=1e-9)


@pytest.mark.parametrize("sink", [Reservoir(1.0), Reservoir(1.0, capacity=25.0), Reservoir(1.0, transfer=0.01)])
@pytest.mark.parametrize("options", [{"dt": 50.0}, {"rtol": 1e-3}, {"dt": 1e6, "dt_max": 1e6}])
def test_uniform_activity_stays_uniform(backend_name, sink, options):
    """Well-balanced: jumps of K and of D across layers and channel walls drive nothing."""
    mesh, regions = patch(), [hole(35, 45)]
    painted = skin(mesh, regions).painting.mix(PARTITION)
    none = {"dermis": 0.0}
    problem = skin(mesh, regions, top=Reservoir(1.0, capacity=40.0), base=sink, clearance=none, initial=painted)
    run = ran(fixed(problem, backend_name, **{"dt": None} | options), 1e4 if "dt_max" not in options else 3e6)
    assert run.activity("c") == pytest.approx(np.ones(mesh.shape), abs=2e-12)
    assert run.reservoir("c") == pytest.approx({"top": 1.0, "base": 1.0}, abs=2e-12)


def test_steady_inflow_is_outflow_and_sinks(backend_name):
    run = steady(skin(patch(), [hole(40, 40)], clearance={"dermis": 5e-3}), backend_name, dt=1e9)
    flux = run.fluxes("c")
    assert flux["top"] == pytest.approx(flux["base"] - flux["clearance"], rel=1e-9)
    assert min(flux["base"], -flux["clearance"]) > 0.05 * flux["top"]
    assert run.top_flux_map("c").sum() == pytest.approx(flux["top"], rel=1e-9)
