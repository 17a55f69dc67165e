"""The injury of a session: cell means of hole, damage and strain, and what they do to the fields."""

import pickle
from dataclasses import replace
from functools import partial
from math import atan, cos, exp, pi, radians, sqrt, tan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnrd.mesh.grading import Fine, graded_around, uniform
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.problem import Problem
from mnrd.skin.healing import cellmeans
from mnrd.skin.healing.cellmeans import Cut, cell_means
from mnrd.skin.healing.declaration import declare
from mnrd.skin.healing.injury import LIVING, MATRIX, injure, injury_of_needles, injury_of_wound
from mnrd.skin.healing.parameters import values
from mnrd.skin.healing.places import Places
from mnrd.skin.healing.punctures import Puncture, Sites, sites
from mnrd.skin.healing.strain import Retraction, Stretch
from mnrd.skin.healing.wounds import Wound, wound_scene
from mnrd.skin.layers import depth_edges, preset
from mnrd.skin.layout import Layout
from mnrd.skin.scene import Scene

VALUES = values()
PUNCTURE = Puncture(stretched=125.0, radius=50.0, depth=800.0)
PITCH = 1e4 / sqrt(200.0)  # um, 200 punctures per cm^2
DEPTHS = np.concatenate([uniform(100.0, 4), 100.0 + uniform(600.0, 12)[1:], 700.0 + uniform(800.0, 20)[1:]])
ALONE = Sites(np.array([[0.0, 0.0, 1.0, 1.0]]), 0.0)


def wide(size=10.0, extent=1500.0, z=DEPTHS):
    """A quarter of the skin around one needle or wound at the corner."""
    x = graded_around(extent, [Fine(0.0, 60.0, size)], 10.0 * size)
    return Mesh(x, x, z)


def integral(mesh, means):
    return float((means * mesh.volume).sum())


def over_square(function, half):
    """Mean over a square of half-side `half` of a function of the distance from its middle."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    angles, turns = pi / 8 * (nodes + 1.0), pi / 8 * weights
    edge = half / np.cos(angles)
    radii = 0.5 * edge[:, None] * (nodes + 1.0)
    rays = (function(radii) * radii * weights).sum(axis=1) * 0.5 * edge
    return 2.0 * float((rays * turns).sum()) / half**2


# --- exact integrals ------------------------------------------------------------------------------------------------


def test_hole_of_one_needle_in_the_quarter_cell():
    x = graded_around(0.5 * PITCH, [Fine(0.0, 50.0, 10.0)], 50.0)
    mesh = Mesh(x, x, DEPTHS)
    injury = injury_of_needles(mesh, PUNCTURE, [(0.0, 0.0)], VALUES)
    assert 4.0 * integral(mesh, injury.hole) == pytest.approx(pi * 50.0**2 * 800.0, rel=2e-3)
    shares = (injury.hole * mesh.area).sum(axis=(1, 2)) / mesh.footprint
    assert shares.max() == pytest.approx(0.0157, abs=1e-4), "1.6 % of the area"
    assert injury.hole[DEPTHS[:-1] >= 800.0].max() == 0.0


@pytest.mark.parametrize("size", [10.0, 40.0])
def test_damage_falls_off_around_the_needle(size):
    mesh, radius, decay = wide(size), 50.0, VALUES["l_d"]
    found = integral(mesh, injury_of_needles(mesh, PUNCTURE, [(0.0, 0.0)], VALUES).damage)
    beside = pi * radius**2 + 2.0 * pi * decay * (radius + decay)
    below = 2.0 * pi * (radius**3 / 3.0 + decay * radius**2 + 2.0 * decay**2 * radius + 2.0 * decay**3)
    assert 4.0 * found == pytest.approx(800.0 * beside + below, rel=2e-3)


@pytest.mark.parametrize("size", [10.0, 40.0])
def test_strain_of_one_needle(size):
    mesh, stretch = wide(size, 1000.0), Stretch(125.0, 0.1, 0.8)
    cut = Cut(50.0, 800.0, 35.0, stretch)
    found = cell_means(mesh, cut, ALONE, 0.0).strain[0]
    exact = over_square(stretch, 1000.0)
    assert (found * mesh.area).sum() / mesh.footprint == pytest.approx(exact, rel=5e-3)


def test_strain_of_a_punch():
    retraction = Retraction(500.0, 0.1, 0.05, 1.0)
    ratio = 0.1 / 0.05

    def within_disc(radius):
        """Integral over a disc about the hole, closed form."""
        inside = pi * 500.0**2 * ratio**2 / (1.0 + ratio**2)
        return inside + pi * 500.0**2 * ratio * (atan((radius / 500.0) ** 2 / ratio) - atan(1.0 / ratio))

    radii = np.linspace(0.0, 3000.0, 300_001)
    steps = 0.5 * (radii[1:] + radii[:-1])
    numeric = (retraction(steps) * 2.0 * pi * steps).sum() * 0.01
    assert numeric == pytest.approx(within_disc(3000.0), rel=1e-6)
    mesh = wide(20.0, 3000.0)
    found = cell_means(mesh, Cut(500.0, 600.0, 50.0, retraction, pointed=False), ALONE, 0.0).strain[0]
    exact = over_square(retraction, 3000.0)
    assert (found * mesh.area).sum() / mesh.footprint == pytest.approx(exact, rel=5e-3)


def test_means_converge_with_the_square_of_the_fineness(monkeypatch):
    mesh = Mesh(uniform(300.0, 7), uniform(300.0, 6), np.array([0.0, 30.0, 110.0, 230.0]))
    cut = Cut(50.0, 100.0, 35.0, Stretch(125.0, 0.1, 1.0), tilt=15.0, azimuth=20.0)
    place = Sites(np.array([[110.0, 130.0, 1.0, 1.0]]), 0.0)
    monkeypatch.setattr(cellmeans, "MOST", 1000)
    found = {}
    for fineness in (3.0, 6.0, 12.0, 24.0):
        monkeypatch.setattr(cellmeans, "FINENESS", fineness)
        found[fineness] = cell_means(mesh, cut, place, 0.0)
    for name in ("hole", "damage", "strain"):
        reference = getattr(found[24.0], name)
        error = [np.abs(getattr(found[fineness], name) - reference).mean() for fineness in (3.0, 6.0, 12.0)]
        assert error[2] < 0.35 * error[1] < 0.35 * 0.5 * error[0], name
        assert error[1] < 5e-3 * reference.max(), name


# --- all needles of an array ----------------------------------------------------------------------------------------


def test_quarter_full_and_four_cells_are_the_same():
    half = graded_around(0.5 * PITCH, [Fine(0.0, 50.0, 10.0)], 50.0)
    whole = np.concatenate([0.5 * PITCH - half[::-1], 0.5 * PITCH + half[1:]])
    twice = np.concatenate([whole, PITCH + whole[1:]])
    middle, cells = 0.5 * PITCH, half.size - 1
    quarter = injury_of_needles(Mesh(half, half, DEPTHS), PUNCTURE, [(0.0, 0.0)], VALUES)
    full = injury_of_needles(Mesh(whole, whole, DEPTHS, (True, True)), PUNCTURE, [(middle, middle)], VALUES)
    four = injury_of_needles(
        Mesh(twice, twice, DEPTHS, (True, False)),
        PUNCTURE,
        [(x, y) for x in (middle, middle + PITCH) for y in (middle, middle + PITCH)],
        VALUES,
    )
    for name in ("hole", "damage", "strain"):
        one, all_four = getattr(full, name), getattr(four, name)
        np.testing.assert_allclose(one[:, cells:, cells:], getattr(quarter, name), atol=1e-10)
        np.testing.assert_allclose(one[:, ::-1, ::-1], one, atol=1e-10)
        np.testing.assert_allclose(all_four, np.tile(one, (1, 2, 2)), atol=1e-10)


def test_strain_is_the_product_over_the_needles():
    mesh = Mesh(uniform(0.5 * PITCH, 60), uniform(0.5 * PITCH, 60), DEPTHS)
    found = injury_of_needles(mesh, PUNCTURE, [(0.0, 0.0)], VALUES, eta_J=0.9).strain
    away = PITCH * np.arange(-40, 41)
    x, y = mesh.xc[::7], mesh.yc[::7]
    for k in (0, 25, 35):
        below = max(mesh.zc[k] - 800.0, 0.0)
        rho = np.sqrt((x[:, None, None] - away[:, None]) ** 2 + (y[:, None, None, None] - away) ** 2 + below**2)
        strain = np.sqrt(1.0 + (125.0 / rho) ** 2) - 1.0
        product = np.prod(1.0 - 0.9 * strain**2 / (strain**2 + 0.1**2), axis=(2, 3))
        np.testing.assert_allclose(found[k, ::7, ::7], 1.0 - product, atol=1e-3)


def test_damage_is_that_of_the_nearest_needle():
    mesh = Mesh(uniform(400.0, 100), uniform(200.0, 50), np.array([0.0, 10.0]), (False, False))
    places = [(150.0, 100.0), (270.0, 100.0)]
    found = injury_of_needles(mesh, PUNCTURE, places, VALUES).damage[0]
    nearest = np.minimum(*(np.hypot(mesh.xc - x, mesh.yc[:, None] - y) for x, y in places)) - 50.0
    outside = nearest > 10.0
    np.testing.assert_allclose(found[outside], np.exp(-nearest / 35.0)[outside], atol=3e-3)
    assert (found[nearest < -4.0] == 1.0).all()


def test_no_stretch_no_strain():
    mesh = wide(20.0)
    injury = injury_of_needles(mesh, replace(PUNCTURE, stretched=0.0), [(0.0, 0.0)], VALUES)
    assert not injury.strain.any()
    assert injury.damage.max() == 1.0


def test_images():
    mesh = Mesh(uniform(10.0, 2), uniform(4.0, 2), np.array([0.0, 1.0]), (False, True))
    found = sites(mesh, [(0.0, 1.0), (7.0, 5.0)], 12.0)
    assert found.density == pytest.approx(3.0 / 80.0)
    assert {(x, s) for x, y, s, _ in found.places if y == 1.0} == {
        (0.0, 1.0), (20.0, 1.0), (7.0, 1.0), (-7.0, -1.0), (13.0, -1.0)
    }  # fmt: skip
    assert sorted({y for x, y, *_ in found.places if x == 7.0}) == [-11.0, -7.0, -3.0, 1.0, 5.0, 9.0, 13.0]
    assert (found.places[:, 3] == 1.0).all(), "no mirrors in y"


def test_needles_on_all_corners_are_one_image_each():
    mesh = Mesh(uniform(10.0, 2), uniform(10.0, 2), np.array([0.0, 1.0]))
    corners = [(x, y) for x in (0.0, 10.0) for y in (0.0, 10.0)]
    assert sites(mesh, corners, 50.0).density == pytest.approx(1.0 / 100.0)


# --- tilted needles -------------------------------------------------------------------------------------------------


def tilted_mesh():
    return Mesh(uniform(900.0, 60), uniform(600.0, 40), uniform(1100.0, 55), (True, True))


def test_tilted_needle():
    mesh, tilt = tilted_mesh(), 20.0
    injury = injury_of_needles(mesh, replace(PUNCTURE, tilt=tilt), [(300.0, 300.0)], VALUES)
    assert integral(mesh, injury.hole) == pytest.approx(pi * 50.0**2 * 800.0 / cos(radians(tilt)), rel=1e-2)
    section = injury.hole * mesh.area
    inner = (mesh.zc > 50.0) & (mesh.zc < 700.0)
    centre = (section * mesh.xc).sum(axis=(1, 2))[inner] / section.sum(axis=(1, 2))[inner]
    np.testing.assert_allclose(centre, 300.0 + mesh.zc[inner] * tan(radians(tilt)), atol=0.5)


def test_opposite_tilts_are_mirror_images():
    mesh = tilted_mesh()
    one, other = (
        injury_of_needles(mesh, replace(PUNCTURE, tilt=25.0, azimuth=azimuth), [(450.0, 300.0)], VALUES)
        for azimuth in (0.0, 180.0)
    )
    for name in ("hole", "damage", "strain"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name)[:, :, ::-1], atol=1e-12)


def test_small_tilt_is_no_tilt():
    mesh = wide(20.0, 600.0)
    upright, tilted = (
        injury_of_needles(mesh, replace(PUNCTURE, tilt=tilt), [(300.0, 300.0)], VALUES) for tilt in (0.0, 1e-6)
    )
    for name in ("hole", "damage", "strain"):
        np.testing.assert_allclose(getattr(tilted, name), getattr(upright, name), atol=5e-3)


def test_mirrors_turn_tilted_needles_over():
    needle = replace(PUNCTURE, tilt=20.0)
    half = Mesh(uniform(400.0, 40), uniform(400.0, 40), uniform(1000.0, 25), (False, True))
    both = Mesh(uniform(800.0, 80), uniform(400.0, 40), uniform(1000.0, 25), (True, True))
    found = injury_of_needles(half, needle, [(150.0, 200.0)], VALUES)
    cut = Cut(50.0, 800.0, VALUES["l_d"], Stretch(125.0, VALUES["eps50"], 1.0), tilt=20.0)
    placed = sites(both, [(150.0, 200.0), (650.0, 200.0)], cut.reach)
    placed.places[placed.places[:, 0] % 800.0 == 650.0, 2] = -1.0
    means = cell_means(both, cut, placed, 0.0)
    for name in ("hole", "damage", "strain"):
        np.testing.assert_allclose(getattr(means, name)[:, :, :40], getattr(found, name), atol=1e-10)


# --- wounds ---------------------------------------------------------------------------------------------------------


def test_punch():
    wound = Wound(kind="punch", width=2000.0, depth=600.0)
    mesh = wound_scene(preset("human skin for healing"), wound).mesh
    injury = injury_of_wound(mesh, wound, VALUES)
    assert 4.0 * integral(mesh, injury.hole) == pytest.approx(pi * 1000.0**2 * 600.0, rel=1e-3)
    decay, radius = VALUES["l_dx"], 1000.0
    around = 600.0 * 2.0 * pi * decay * (radius + decay)
    below = pi * radius**2 * decay + 2.0 * pi * edge_integral(radius, decay)
    missing = 4.0 * integral(mesh, injury.damage - injury.hole)
    assert missing == pytest.approx(around + below, rel=3e-3)


def edge_integral(radius, decay):
    """Integral of exp(-gap/decay) over the quarter of a ring beside and below the lower edge, over 2 pi."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    reach = 20.0 * decay
    x, w = 0.5 * reach * (nodes + 1.0), 0.5 * reach * weights
    gap = np.hypot(x[:, None], x)
    return float((np.exp(-gap / decay) * (radius + x[:, None]) * w[:, None] * w).sum())


def test_incision():
    wound = Wound(kind="incision", width=3000.0, depth=1000.0)
    mesh = wound_scene(preset("human skin for healing"), wound).mesh
    assert mesh.shape[1] == 1
    injury = injury_of_wound(mesh, wound, VALUES)
    length = mesh.y[-1]
    assert integral(mesh, injury.hole) == pytest.approx(1500.0 * 1000.0 * length, rel=1e-6)
    beside = (injury.damage - injury.hole)[0, 0] @ mesh.hx
    assert beside == pytest.approx(VALUES["l_dx"], rel=2e-3)
    inside, margin = injury.hole[0, 0] == 1.0, np.searchsorted(mesh.x, 1500.0)
    np.testing.assert_allclose(injury.survival[0, 0, inside], VALUES["live"])
    np.testing.assert_allclose(injury.kept[0, 0, inside], 1.0 - VALUES["kap_x"])
    np.testing.assert_allclose(injury.strain[0, 0, inside], 0.5)
    cell = margin + 5
    rho = mesh.xc[cell]
    strain = VALUES["eps_x"] * (1500.0 / rho) ** 2
    assert injury.strain[0, 0, cell] == pytest.approx(strain**2 / (strain**2 + VALUES["eps50"] ** 2), rel=1e-3)
    low, high = (mesh.x[cell : cell + 2] - 1500.0) / VALUES["l_dx"]
    gone = (exp(-low) - exp(-high)) / (high - low)
    assert injury.damage[0, 0, cell] == pytest.approx(gone, abs=5e-4)
    assert injury.kept[0, 0, cell] == pytest.approx(1.0 - VALUES["kap"] * gone, abs=5e-4)
    assert injury.survival[0, 0, cell] == pytest.approx(1.0 - gone, abs=5e-4)


def test_column_goes_through():
    wound = Wound(kind="column", width=400.0)
    mesh = wound_scene(preset("human skin for healing"), wound).mesh
    injury = injury_of_wound(mesh, wound, VALUES)
    assert 4.0 * integral(mesh, injury.hole) == pytest.approx(pi * 200.0**2 * mesh.z[-1], rel=2e-3)
    for name in ("hole", "damage", "strain"):
        assert (getattr(injury, name) == getattr(injury, name)[0]).all()


def test_quarter_of_a_wound_is_its_quarter():
    wound = Wound(kind="punch", width=500.0, depth=300.0, healthy=500.0)
    quarter = wound_scene(preset("human skin for healing"), wound).mesh
    row = np.concatenate([-quarter.x[::-1], quarter.x[1:]])
    part = injury_of_wound(quarter, wound, VALUES)
    moved = injury_of_wound(Mesh(row, row, quarter.z), wound, VALUES)
    cells = quarter.shape[2]
    for name in ("hole", "damage", "strain"):
        np.testing.assert_allclose(getattr(moved, name)[:, cells:, cells:], getattr(part, name), atol=1e-10)
        np.testing.assert_allclose(getattr(moved, name)[:, ::-1, ::-1], getattr(moved, name), atol=1e-10)


def test_mesh_of_a_wound():
    skin = preset("human skin for healing")
    scene = wound_scene(skin, Wound(kind="punch", width="2 mm", depth="0.6 mm", healthy="3 mm"))
    mesh = scene.mesh
    assert (mesh.x[-1], mesh.y[-1], mesh.z[-1]) == (4000.0, 4000.0, skin.thickness)
    assert mesh.hx[np.searchsorted(mesh.x, 1000.0) - 1] <= 20.0
    assert mesh.hx.max() <= 100.0
    assert mesh.hz[np.searchsorted(mesh.z, 600.0) - 1] <= 20.0
    assert not scene.begins_with_needles
    assert scene.materials == skin.names


# --- a vehicle on the skin ------------------------------------------------------------------------------------------


def test_nothing_is_injured_above_the_skin():
    mesh = wide(20.0)
    injury = injury_of_needles(mesh, PUNCTURE, [(0.0, 0.0)], VALUES)
    covered = replace(mesh, z=np.concatenate([[0.0, 60.0], 120.0 + mesh.z]))
    under = injury_of_needles(covered, PUNCTURE, [(0.0, 0.0)], VALUES, surface=120.0)
    for name in ("hole", "damage", "strain"):
        assert not getattr(under, name)[:2].any()
        np.testing.assert_allclose(getattr(under, name)[2:], getattr(injury, name), atol=1e-12)


# --- what it does to the fields -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def problem():
    """Healing of a young adult in the quarter cell, with a mesh of the healing model's own layers."""
    skin = preset("human skin for healing")
    x = uniform(0.5 * PITCH, 9)
    cell = Layout((0.5 * PITCH, 0.5 * PITCH), ((0.0, 0.0),), (False, False), 0.25)
    scene = Scene(skin, cell, Mesh(x, x, depth_edges(skin)))
    places = Places(scene.mesh, scene.tissues, scene.materials)
    return Problem(scene.mesh, scene.painting(needles=False), declare(places, VALUES, age=25.0))


@pytest.fixture(scope="module")
def injury(problem):
    return injury_of_needles(problem.mesh, PUNCTURE, [(0.0, 0.0)], VALUES)


@pytest.fixture(scope="module")
def rest(problem):
    return {field.name: problem.painting.mix(field.initial) for field in problem.model.fields}


@pytest.fixture(scope="module")
def dermis(problem):
    """Planes in the dermis."""
    return problem.mesh.zc > 100.0


def test_session_in_young_skin(problem, injury, rest, dermis):
    after = injure(injury, VALUES, problem, rest)
    assert set(after) == {"Pl", "W", "J", "K", *LIVING, *MATRIX}
    assert set(after) < set(rest)
    viable, barrier = problem.mesh.zc > 15.0, problem.mesh.zc < 15.0
    d, hole = injury.damage, injury.hole
    np.testing.assert_allclose(after["Pl"][dermis], d[dermis], rtol=1e-7, atol=1e-14)
    np.testing.assert_allclose(after["W"][viable], d[viable])
    np.testing.assert_allclose(after["J"][dermis], injury.strain[dermis])
    np.testing.assert_allclose(after["K"][~dermis], 1.0 - hole[~dermis])
    np.testing.assert_allclose(after["Q"][dermis], (rest["Q"] * (1.0 - d + VALUES["live"] * hole))[dermis])
    np.testing.assert_allclose(after["C1"][dermis], (rest["C1"] * (1.0 - VALUES["kap"] * d))[dermis])
    np.testing.assert_allclose(after["N"][dermis], VALUES["N_cl"] * d[dermis])
    np.testing.assert_allclose(after["M"][dermis], VALUES["M_cl"] * d[dermis])
    for name in ("Pl", "J", "Q", "N", "M", "C1", "E"):
        assert not after[name][~dermis].any(), f"{name} above the dermis"
    assert not after["W"][barrier].any()
    assert not after["K"][dermis].any()


def test_clot_follows_the_vessels(problem, injury, rest, dermis):
    few, many = (injure(injury, VALUES, problem, rest | {"B": share * rest["B"]})["Pl"] for share in (0.7, 3.0))
    np.testing.assert_allclose(few[dermis], 0.7 * injury.damage[dermis], atol=1e-14)
    np.testing.assert_allclose(many[dermis], injury.damage[dermis], atol=1e-14)


def test_second_session(problem, injury, rest, dermis):
    once = rest | injure(injury, VALUES, problem, rest)
    twice = injure(injury, VALUES, problem, once)
    viable = problem.mesh.zc > 15.0
    np.testing.assert_allclose(1.0 - twice["J"][dermis], (1.0 - injury.strain[dermis]) ** 2)
    np.testing.assert_allclose(1.0 - twice["W"][viable], (1.0 - injury.damage[viable]) ** 2, atol=1e-14)
    np.testing.assert_allclose(twice["K"][~dermis], (1.0 - injury.hole[~dermis]) ** 2)
    np.testing.assert_allclose(twice["N"][dermis], once["N"][dermis] * (1.0 + injury.survival[dermis]))


def test_jump_can_be_pickled(problem, injury, rest, dermis):
    jump = pickle.loads(pickle.dumps(partial(injure, injury, VALUES)))
    np.testing.assert_array_equal(jump(problem, rest)["J"][dermis], injury.strain[dermis])


lengths = st.floats(5.0, 300.0)


@settings(max_examples=12, deadline=None)
@given(
    puncture=st.builds(
        Puncture,
        stretched=st.floats(0.0, 150.0),
        radius=lengths,
        depth=st.floats(20.0, 1500.0),
        tilt=st.sampled_from([0.0, 10.0, 50.0]),
        azimuth=st.floats(-180.0, 180.0),
    ),
    place=st.tuples(st.floats(0.0, 400.0), st.floats(0.0, 300.0)),
    cells=st.tuples(*[st.integers(1, 6)] * 3),
    eta_J=st.floats(0.1, 1.0),
)
def test_shares_are_shares(puncture, place, cells, eta_J):
    nz, ny, nx = cells
    mesh = Mesh(uniform(400.0, nx), uniform(300.0, ny), uniform(1000.0, nz), (True, False))
    injury = injury_of_needles(mesh, puncture, [place], VALUES, eta_J=eta_J)
    for name in ("hole", "damage", "strain", "survival", "kept"):
        one = getattr(injury, name)
        assert one.shape == mesh.shape
        assert one.min() >= 0.0, name
        assert one.max() <= 1.0, name
    assert (injury.damage >= injury.hole).all()


@settings(max_examples=20, deadline=None)
@given(
    wound=st.builds(Wound, kind=st.sampled_from(["punch", "incision"]), width=lengths, depth=st.floats(20.0, 1500.0)),
    cells=st.tuples(*[st.integers(1, 6)] * 3),
)
def test_shares_of_wounds_are_shares(wound, cells):
    nz, ny, nx = cells
    mesh = Mesh(uniform(400.0, nx), uniform(300.0, ny), uniform(1000.0, nz))
    injury = injury_of_wound(mesh, wound, VALUES)
    for name in ("hole", "damage", "strain", "survival", "kept"):
        assert getattr(injury, name).min() >= 0.0, name
        assert getattr(injury, name).max() <= 1.0, name


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius": 0.0}, "radius: got 0 um, must be > 0"),
        ({"depth": -1.0}, "depth: got -1 um, must be > 0"),
        ({"stretched": -5.0}, "stretched: got -5 um, must be >= 0"),
        ({"tilt": 90.0}, "tilt: got 90 degree, must be from 0 to below 90"),
    ],
)
def test_puncture_out_of_range(change, message):
    with pytest.raises(ValueError, match=message):
        replace(PUNCTURE, **change)


def test_needle_beyond_a_mirror():
    with pytest.raises(ValueError, match=r"positions\[1\]: got y = 2000 um, must be from 0 to 1500 um"):
        injury_of_needles(wide(), PUNCTURE, [(0.0, 0.0), (10.0, 2000.0)], VALUES)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "punch", "width": "2 mm"}, "depth: must be given for kind punch"),
        ({"kind": "column", "width": "2 mm", "depth": "1 mm"}, "depth: must be left out for a column"),
        ({"kind": "column", "width": "0 mm"}, "greater than 0"),
    ],
)
def test_wound_without_sense(given, message):
    with pytest.raises(ValueError, match=message):
        Wound(**given)


def test_wound_as_deep_as_the_skin():
    skin = preset("human forearm in vivo")
    wound = Wound(kind="incision", width=100.0, depth=1243.0)
    with pytest.raises(ValueError, match=r"wound.depth: got 1243 um, must be < 1243 um, the thickness of the skin"):
        wound_scene(skin, wound)
