"""Layers, needles, channels, arrays, and the mesh and painting made of them."""

from math import cos, pi, radians, sqrt

import numpy as np
import pytest

from mnrd.skin import needles, shapes
from mnrd.skin.arrays import Array
from mnrd.skin.channels import Channel, hole
from mnrd.skin.geometry import Resolution, build, intact, make_mesh, paint_skin, placed
from mnrd.skin.layers import Layer, Ridges, Skin, depth_edges, preset, presets, tops
from mnrd.skin.layout import images, layout
from mnrd.skin.needles import Needle, inserted
from mnrd.skin.shapes import Body, bounds, mirrored_in_both, narrowed, overlapping, volume

PIN = Body("cylinder", width=40.0, tip=40.0, depth=100.0)
CM2 = 1e8  # um^2


@pytest.fixture(scope="module")
def skin():
    return Skin(
        layers=(
            Layer(name="stratum corneum", thickness=15.0, smallest=3.0),
            Layer(name="viable epidermis", thickness=85.0, smallest=5.0, largest=15.0),
            Layer(name="dermis", thickness=300.0, smallest=15.0, largest=30.0),
        )
    )


# --- layers ---------------------------------------------------------------------------------------------------------


def test_presets_are_complete():
    assert len(presets()) >= 5
    for name, skin in presets().items():
        assert skin.names[:2] == ("stratum corneum", "viable epidermis"), name
        edges = depth_edges(skin)
        assert edges[-1] == pytest.approx(skin.thickness)
        enough = 3 if "healing" in name else 12  # for transients of a drug
        assert np.searchsorted(edges, skin.layers[0].thickness) >= enough, "cells in the stratum corneum"
    assert preset("human dermatomed").thickness == 513.0


def test_unknown_preset():
    with pytest.raises(
        ValueError, match=r"no skin 'human forarm in vivo': did you mean 'human forearm in vivo'[?] There are human"
    ):
        preset("human forarm in vivo")


def test_ridges_make_the_interface_wavy_and_the_mesh_fine():
    layers = (
        Layer(name="epidermis", thickness=90.0, smallest=10.0, ridges=Ridges(amplitude=30.0, wavelength=150.0)),
        Layer(name="dermis", thickness=400.0, smallest=40.0),
    )
    (_, top), (_, interface) = tops(Skin(layers=layers))
    assert top == 0.0
    np.testing.assert_allclose(interface(np.array([0.0, 75.0, 37.5]), np.zeros(3)), [120.0, 60.0, 90.0])
    edges = depth_edges(Skin(layers=layers))
    within = (edges[1:] > 60.0) & (edges[:-1] < 120.0)
    assert np.diff(edges)[within].max() <= 7.5 * (1.0 + 1e-9)


def make_skin(*changes):
    layers = [{"name": name, "thickness": 100.0, "cells": 5} for name in ("a", "b")]
    return Skin.model_validate({"layers": [{**layer, **change} for layer, change in zip(layers, changes, strict=True)]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (({}, {"name": "a"}), r"layers\[1\].name: 'a' is used twice, names must differ"),
        (({"smallest": 3.0}, {}), "cells, smallest: give one of the two"),
        (({"cells": None}, {}), "cells, smallest: give one of the two"),
        (({}, {"thickness": 0.0}), "greater than 0"),
        (({}, {"growth": 1.0}), "greater than 1"),
        (
            ({}, {"ridges": {"amplitude": 20.0, "wavelength": 100.0}}),
            r"layers\[1\].ridges: must be left out of the last layer, its base is flat",
        ),
        (
            ({"ridges": {"amplitude": 100.0, "wavelength": 100.0}}, {}),
            r"layers\[0\].thickness: got 100 um, must be > 100 um, the amplitudes of the ridges above and below",
        ),
    ],
)
def test_layer_errors(changes, message):
    with pytest.raises(ValueError, match=message):
        make_skin(*changes)


# --- needles and channels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "exact"),
    [
        (PIN, pi * 20.0**2 * 100.0),
        (Body("cone", 60.0, 100.0), pi * 30.0**2 * 100.0 / 3.0),
        (Body("truncated cone", 60.0, 100.0, tip=20.0), pi * 100.0 / 3.0 * (900.0 + 300.0 + 100.0)),
        (Body("square pyramid", 60.0, 100.0), 60.0**2 * 100.0 / 3.0),
        (Body("square pyramid", 60.0, 100.0, tip=20.0), 100.0 / 3.0 * (3600.0 + 1200.0 + 400.0)),
        (Body("triangular pyramid", 60.0, 100.0), sqrt(3.0) / 4.0 * 60.0**2 * 100.0 / 3.0),
        (Body("slit", 20.0, 100.0, tip=20.0, breadth=300.0), 20.0 * 300.0 * 100.0),
        (Body("slit", 20.0, 100.0, breadth=300.0), 0.5 * 20.0 * 300.0 * 100.0),
        # tilted about the point where the axis meets the surface, the section in the surface is 1/cos longer
        (Body("cylinder", 40.0, 100.0, tip=40.0, tilt=30.0), pi * 20.0**2 * 100.0 / cos(radians(30.0))),
        (Body("slit", 20.0, 100.0, tip=20.0, breadth=90.0, tilt=30.0), 20.0 * 90.0 * 100.0 / cos(radians(30.0))),
    ],
)
def test_volumes(body, exact):
    assert volume(body) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("shape", ["cone", "truncated cone", "square pyramid", "triangular pyramid", "slit"])
def test_volumes_of_tilted_bodies_by_counting(shape):
    tip = 20.0 if shape == "truncated cone" else 0.0
    body = Body(shape, 80.0, 150.0, tip=tip, breadth=120.0, tilt=35.0, azimuth=20.0, rotation=50.0)
    (x0, x1), (y0, y1), (_, z1) = bounds(body)
    size = np.array([x1 - x0, y1 - y0, z1])
    points = (1.2 * np.random.default_rng(5).random((400_000, 3)) - [0.1, 0.1, 0.0]) * size + [x0, y0, 0.0]
    held = shapes.inside(body, *points.T)
    assert held.mean() * 1.2**3 * size.prod() == pytest.approx(volume(body), rel=0.015)
    low, high = points[held].min(axis=0), points[held].max(axis=0)
    assert (low >= [x0, y0, 0.0]).all()
    assert (high <= [x1, y1, z1]).all()
    np.testing.assert_allclose([*low, *high], [x0, y0, 0.0, x1, y1, z1], atol=15.0)


def test_a_body_of_any_form_is_turned_like_the_others():
    def half_disc(u, v, w):
        return (u * u + v * v <= 30.0**2) & (u >= 0.0) & (w <= 100.0)

    body = Body(half_disc, width=60.0, depth=100.0, rotation=90.0)
    points = np.array([[0.0, 10.0, 50.0], [0.0, -10.0, 50.0], [10.0, 1.0, 50.0], [0.0, 10.0, 101.0]])
    np.testing.assert_array_equal(shapes.inside(body, *points.T), [True, False, True, False])
    assert bounds(body)[2] == (0.0, 100.0)
    with pytest.raises(ValueError, match="volume: not known for a shape given as a function"):
        volume(body)


def test_a_needle_goes_in_by_the_documented_share_of_its_length():
    needle = Needle(length=600.0, width=300.0)
    body = inserted(needle)
    assert body.depth == pytest.approx(0.77 * 600.0)
    assert body.width == pytest.approx(0.77 * 300.0)
    assert needles.volume(needle) == pytest.approx(pi * body.width**2 / 12.0 * body.depth)
    assert needles.inside(needle, np.array([0.0]), np.array([0.0]), np.array([461.0])).all()
    tilted = inserted(Needle(length=600.0, width=300.0, depth=300.0, tilt=60.0))
    assert tilted.length == pytest.approx(600.0)
    assert tilted.width == pytest.approx(300.0)


def test_units_of_a_needle_in_a_case_file():
    written = {"length": "0.6 mm", "width": "200 um", "tilt": "0.1 rad", "depth": "400 um"}
    needle = Needle.model_validate(written, context={"units": "required"})
    assert (needle.length, needle.width) == (600.0, 200.0)
    assert needle.tilt == pytest.approx(5.729578)


def test_a_channel_follows_from_its_needle():
    needle = Needle(length=770.0, width=140.0, tilt=10.0, azimuth=20.0)
    body = hole(Channel(), needle)
    assert body == Body("cone", width=70.0, depth=308.0, tilt=10.0, azimuth=20.0)
    own = hole(Channel(shape="truncated cone", width=50.0, tip=20.0, depth=150.0, tilt=0.0), needle)
    assert own == Body("truncated cone", width=50.0, depth=150.0, tip=20.0, azimuth=20.0)
    assert hole(Channel(shape="cylinder", width=50.0, depth=15.0)).tip == 50.0
    blade = Needle(shape="slit", length=500.0, width=60.0, breadth=200.0)
    assert hole(Channel(), blade) == Body("slit", width=30.0, depth=200.0, tip=30.0, breadth=200.0)


def test_a_closing_channel_keeps_its_depth():
    body = Body("slit", width=40.0, depth=150.0, tip=20.0, breadth=200.0)
    small = narrowed(body, 0.5)
    assert (small.width, small.tip, small.breadth, small.depth) == (20.0, 10.0, 100.0, 150.0)
    assert volume(small) == pytest.approx(0.25 * volume(body))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": "cone", "tip": 5.0}, "tip: must be left out for a cone"),
        ({"shape": "truncated cone"}, "tip: must be given for a truncated cone"),
        ({"shape": "truncated cone", "tip": 300.0}, "tip: got 300 um, must be from 0 to the width, 200 um"),
        ({"shape": "slit"}, "breadth: must be given for a slit"),
        ({"breadth": 10.0}, "breadth: must be left out for a cone, it belongs to a slit"),
        ({"depth": 700.0}, "depth: got 700 um, the needle reaches no deeper than 600 um"),
        ({"shape": "cylinder", "tilt": 80.0}, "tilt: got 80 degree, must be less: the tip would stick out of the skin"),
        ({"length": 0.0}, "greater than 0"),
        ({"shape": "sphere"}, "'cylinder', 'cone'"),
    ],
)
def test_needle_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Needle(**{"length": 600.0, "width": 200.0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": "ball"}, "shape: got 'ball', must be a function or one of cylinder, cone"),
        ({"width": 0.0}, "width: got 0 um, must be > 0"),
        ({"depth": -1.0}, "depth: got -1 um, must be > 0"),
        ({"shape": "slit"}, "breadth: got 0 um, must be > 0"),
        ({"tip": 60.0}, "tip: got 60 um, must be from 0 to the width, 50 um"),
        ({"tilt": 90.0}, "tilt: got 90 degree, must be from 0 to below 90"),
    ],
)
def test_body_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Body(**{"shape": "cone", "width": 50.0, "depth": 100.0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 10.0}, "channel.width: must be given where there is no needle"),
        ({"width": 10.0}, "channel.depth: must be given where there is no needle"),
    ],
)
def test_channel_errors_without_needle(arguments, message):
    with pytest.raises(ValueError, match=message):
        hole(Channel(**arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": "cylinder", "tip": 5.0}, "tip: must be left out for a cylinder"),
        ({"shape": "truncated cone"}, "tip: must be given for a truncated cone"),
    ],
)
def test_channel_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Channel(width=10.0, depth=20.0, **arguments)


def test_overlap_of_mouths():
    steps = np.array([39.0, 41.0])
    np.testing.assert_array_equal(overlapping(PIN, steps, 0.0 * steps), [True, False])
    np.testing.assert_array_equal(overlapping(PIN, steps / sqrt(2.0), steps / sqrt(2.0)), [True, False])
    blade = Body("slit", width=20.0, depth=50.0, tip=20.0, breadth=200.0)
    np.testing.assert_array_equal(overlapping(blade, np.array([21.0, 0.0]), np.array([0.0, 199.0])), [False, True])


def test_which_bodies_have_two_mirrors():
    assert mirrored_in_both(PIN)
    assert mirrored_in_both(Body("square pyramid", 50.0, 100.0, rotation=45.0))
    assert not mirrored_in_both(Body("square pyramid", 50.0, 100.0, rotation=30.0))
    assert not mirrored_in_both(Body("slit", 50.0, 100.0, breadth=80.0, rotation=45.0))
    assert not mirrored_in_both(Body("triangular pyramid", 50.0, 100.0))
    assert not mirrored_in_both(Body("cone", 50.0, 100.0, tilt=5.0))


# --- arrays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "extent", "count", "needles"),
    [
        ({"pitch": 500.0}, (250.0, 250.0), 1, 0.25),
        ({"density": 400.0 / CM2}, (250.0, 250.0), 1, 0.25),
        ({"pitch": 500.0, "unit_cell": "full"}, (500.0, 500.0), 1, 1.0),
        ({"pattern": "hexagonal", "pitch": 500.0}, (250.0, 250.0 * sqrt(3.0)), 2, 0.5),
        ({"pattern": "hexagonal", "pitch": 500.0, "unit_cell": "full"}, (500.0, 500.0 * sqrt(3.0)), 2, 2.0),
        (
            {"pattern": "hexagonal", "pitch": 500.0, "unit_cell": "full", "sides": "mirror"},
            (500.0, 500.0 * sqrt(3.0)),
            5,
            2.0,
        ),
        ({"pattern": "lines", "pitch": 400.0, "spacing": 100.0}, (200.0, 50.0), 1, 0.25),
        (
            {"pattern": "lines", "density": 2500.0 / CM2, "spacing": 100.0, "unit_cell": "full"},
            (400.0, 100.0),
            1,
            1.0,
        ),
        ({"pitch": 500.0, "unit_cell": "patch", "rows": 2, "columns": 3}, (1500.0, 1000.0), 6, 6.0),
        ({"pitch": 500.0, "unit_cell": "patch", "size": (1600.0, 1100.0)}, (1600.0, 1100.0), 6, 6.0),
        (
            {"pitch": 500.0, "unit_cell": "patch", "rows": 1, "columns": 1, "margin": 800.0},
            (1600.0, 1600.0),
            1,
            1.0,
        ),
        (
            {"pattern": "hexagonal", "pitch": 500.0, "unit_cell": "patch", "rows": 4, "columns": 3},
            (1500.0, 1000.0 * sqrt(3.0)),
            12,
            12.0,
        ),
        ({"pattern": "positions", "positions": ((0.0, 0.0), (300.0, 100.0))}, (460.0, 260.0), 2, 2.0),
        ({"pattern": "positions", "positions": ((50.0, 60.0),), "size": (300.0, 200.0)}, (300.0, 200.0), 1, 1.0),
    ],
)
def test_layouts(arguments, extent, count, needles):
    found = layout(Array(**arguments), PIN)
    np.testing.assert_allclose(found.extent, extent)
    assert len(found.positions) == count
    assert found.needles == needles
    assert found.density == pytest.approx(needles / (extent[0] * extent[1]))
    periodic = arguments.get("unit_cell") == "full" and "sides" not in arguments
    assert found.periodic == (periodic, periodic)


@pytest.mark.parametrize(
    "arguments",
    [
        {"pattern": "hexagonal"},
        {"pattern": "hexagonal", "unit_cell": "full"},
        {"pattern": "hexagonal", "unit_cell": "patch", "rows": 6, "columns": 5, "sides": "periodic"},
    ],
)
def test_neighbours_of_a_hexagonal_lattice_are_one_pitch_apart(arguments):
    found = layout(Array(pitch=200.0, **arguments), PIN)
    points = np.array(images(found))
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    nearest = np.where(apart > 1.0, apart, np.inf).min(axis=1)
    np.testing.assert_allclose(nearest, 200.0)
    density = Array(pattern="hexagonal", density=found.density)
    assert layout(density, PIN).extent == pytest.approx((100.0, 100.0 * sqrt(3.0)))


@pytest.mark.parametrize("sides", ["mirror", "periodic"])
def test_random_needles_are_apart_counted_and_reproducible(sides):
    arguments = {"pattern": "random", "size": (2000.0, 1500.0), "sides": sides, "minimum_distance": 90.0}
    found = layout(Array(density=2000.0 / CM2, seed=3, **arguments), PIN)
    assert found.needles == len(found.positions) == 60
    points = np.array(images(found))
    apart = np.hypot(*(points[:60, None] - points[None]).transpose(2, 0, 1))
    assert np.where(apart > 0.0, apart, np.inf).min() >= 90.0
    low, high = (45.0, (1955.0, 1455.0)) if sides == "mirror" else (0.0, (2000.0, 1500.0))
    assert (points[:60] >= low).all()
    assert (points[:60] <= high).all()
    assert found == layout(Array(count=60, seed=3, **arguments), PIN)
    assert found != layout(Array(count=60, seed=4, **arguments), PIN)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "pitch, density: give one of the two"),
        ({"pitch": 100.0, "density": 1.0}, "pitch, density: give one of the two"),
        ({"pitch": 0.0}, "greater than 0"),
        ({"pattern": "lines", "pitch": 100.0}, "spacing: must be given for pattern lines"),
        ({"pitch": 100.0, "unit_cell": "patch"}, "rows and columns, size: give one of the two for a patch"),
        ({"pitch": 100.0, "rows": 3}, "rows: has no meaning for pattern square with unit cell quarter, leave it out"),
        ({"pitch": 100.0, "sides": "periodic"}, "sides: a quarter cell has mirror sides, must be mirror"),
        ({"pattern": "random", "count": 3}, "size: must be given for pattern random"),
        ({"pattern": "random", "size": (0.0, 9.0), "count": 3}, "size: got 0 x 9 um, both must be > 0"),
        ({"pattern": "random", "size": (9.0, 9.0)}, "density, count: give one of the two for pattern random"),
        (
            {"pattern": "random", "size": (9.0, 9.0), "count": 3, "unit_cell": "full"},
            "unit_cell: got full, must be patch for pattern random",
        ),
        (
            {"pattern": "random", "size": (9.0, 9.0), "count": 3, "pitch": 3.0},
            "pitch: has no meaning for pattern random, leave it out",
        ),
        ({"pattern": "positions"}, "positions: got none, give x and y of at least one needle"),
    ],
)
def test_array_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        Array(**arguments)


@pytest.mark.parametrize(
    ("arguments", "body", "message"),
    [
        ({"pitch": 30.0}, PIN, "pitch: got 30 um, must be >= 40 um, the width of a needle"),
        (
            {"pattern": "lines", "pitch": 100.0, "spacing": 30.0, "unit_cell": "full"},
            PIN,
            "needle 0 and the periodic image of needle 0 overlap: they are 30 um apart and 40 um wide",
        ),
        (
            {"pattern": "positions", "positions": ((0.0, 0.0), (200.0, 0.0), (170.0, 0.0))},
            PIN,
            "needle 1 and needle 2 overlap: they are 30 um apart and 40 um wide",
        ),
        (
            {"pattern": "positions", "positions": ((10.0, 90.0),), "size": (200.0, 200.0)},
            PIN,
            "needle 0 crosses a mirror side at x = 10 um: widen the margin or choose periodic sides",
        ),
        (
            {"pattern": "positions", "positions": ((10.0, 300.0),), "size": (200.0, 200.0)},
            PIN,
            r"positions\[0\]: got \(10, 300\) um, must be within the size, 200 x 200 um",
        ),
        (
            {"pitch": 400.0},
            Body("cone", 40.0, 100.0, tilt=10.0),
            "needle 0 stands on a mirror side but is tilted or has no mirror plane there: "
            "choose unit cell full with periodic sides",
        ),
        (
            {"pitch": 400.0, "unit_cell": "patch", "size": (300.0, 900.0)},
            PIN,
            "size: got 300 x 900 um, too small for one needle",
        ),
        (
            {"pattern": "random", "size": (200.0, 200.0), "count": 60},
            PIN,
            "minimum_distance: got 50 um, room for only [0-9]+ of 60 needles was found, must be less",
        ),
        (
            {"pattern": "random", "size": (200.0, 30.0), "count": 60},
            PIN,
            "size: got 200 x 30 um, must be >= 50 um, twice the margin",
        ),
    ],
)
def test_layout_errors(arguments, body, message):
    with pytest.raises(ValueError, match=message):
        layout(Array(**arguments), body)


@pytest.mark.parametrize(
    "noun",
    [
        preset("human forearm with rete ridges"),
        Needle(shape="slit", length=500.0, width=60.0, breadth=200.0, tilt=10.0),
        Channel(shape="truncated cone", width=50.0, tip=20.0),
        Array(pitch=500.0),
        Array(pattern="random", size=(3000.0, 2000.0), density=1e-5, seed=7),
        Array(pattern="positions", positions=((1.0, 2.0), (300.0, 4.0))),
        Resolution(smallest=3.0),
    ],
    ids=lambda noun: type(noun).__name__,
)
def test_what_is_written_with_defaults_reads_back_the_same(noun):
    written = noun.model_dump(exclude_none=True)
    assert type(noun).model_validate(written, context={"units": "required"}) == noun
    assert noun.model_json_schema()["additionalProperties"] is False


# --- mesh and painting ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"unit_cell": "full"},
        {"pattern": "hexagonal"},
        {"pattern": "hexagonal", "unit_cell": "full"},
        {"pattern": "hexagonal", "unit_cell": "full", "sides": "mirror"},
        {"pattern": "lines", "spacing": 250.0},
        {"unit_cell": "patch", "rows": 1, "columns": 2},
    ],
)
def test_every_cell_holds_its_share_of_the_needles(skin, arguments):
    body, array = Body("cone", width=80.0, depth=220.0), Array(pitch=300.0, **arguments)
    mesh, painting = build(skin, body, array)
    assert painting.materials == (*skin.names, "channel")
    assert mesh.footprint * layout(array, body).density == pytest.approx(layout(array, body).needles)
    painted = (painting.fraction("channel") * mesh.volume).sum()
    assert painted == pytest.approx(layout(array, body).needles * volume(body), rel=0.005)
    assert (painting.fractions.sum(axis=0, dtype=int) == 255).all()


def test_tilted_needles_cross_periodic_sides(skin):
    body = Body("cylinder", width=50.0, tip=50.0, depth=200.0, tilt=50.0, azimuth=30.0)
    mesh, painting = build(skin, body, Array(pitch=220.0, unit_cell="full"))
    assert mesh.periodic == (True, True)
    painted = (painting.fraction("channel") * mesh.volume).sum()
    assert painted == pytest.approx(volume(body), rel=0.005)
    assert painting.fraction("channel")[:, :, 0].any()


def test_quarter_and_full_cell_agree_bit_for_bit(skin):
    body = Body("cone", width=90.0, depth=210.0)
    quarter_mesh, quarter = build(skin, body, Array(pitch=400.0))
    full_mesh, full = build(skin, body, Array(pitch=400.0, unit_cell="full"))
    _, ny, nx = quarter_mesh.shape
    assert full_mesh.shape[1:] == (2 * ny, 2 * nx)
    np.testing.assert_array_equal(full.fractions[:, :, ny:, nx:], quarter.fractions)
    np.testing.assert_array_equal(full.fractions, full.fractions[:, :, ::-1, :])
    np.testing.assert_array_equal(full.fractions, full.fractions.transpose(0, 1, 3, 2))


def test_resolution(skin):
    body = Body("cylinder", width=80.0, tip=80.0, depth=222.0)
    array = Array(pitch=500.0)
    mesh, _ = build(skin, body, array)
    assert mesh.hx[:5].max() <= 8.0 * (1.0 + 1e-9)
    assert 8.0 < mesh.hx.max() <= 40.0 * (1.0 + 1e-9)
    assert mesh.hz[np.searchsorted(mesh.z, 222.0) - 1] <= 8.0 * (1.0 + 1e-9)
    chosen = Resolution(smallest=16.0, largest=20.0, tip=4.0, growth=1.1)
    coarse, _ = build(skin, body, array, chosen)
    assert coarse.hx.max() <= 20.0 * (1.0 + 1e-9)
    assert coarse.hx.size < mesh.hx.size + 5
    assert coarse.hz[np.searchsorted(coarse.z, 222.0) - 1] <= 4.0 * (1.0 + 1e-9)


def test_along_a_slit_only_the_ends_are_fine(skin):
    body = Body("slit", width=20.0, depth=150.0, tip=20.0, breadth=600.0)
    mesh, painting = build(skin, body, Array(pattern="lines", pitch=300.0, spacing=900.0))
    assert mesh.hy[0] > 5.0
    assert mesh.hy[np.searchsorted(mesh.y, 300.0) - 1] <= 2.0 * (1.0 + 1e-9)
    assert (painting.fraction("channel") * mesh.volume).sum() == pytest.approx(volume(body) / 4.0, rel=0.005)


def test_a_closing_channel_is_painted_smaller_on_the_same_mesh(skin):
    body, array = Body("cylinder", width=80.0, tip=80.0, depth=150.0), Array(pitch=300.0)
    cell = placed(skin, body, array)
    mesh = make_mesh(skin, body, cell, Resolution())
    for scale in (1.0, 0.7, 0.5):
        painting = paint_skin(mesh, skin, body, cell, radius_scale=scale)
        painted = (painting.fraction("channel") * mesh.volume).sum()
        assert painted == pytest.approx(0.25 * volume(body) * scale**2, rel=0.01)
    closed = paint_skin(mesh, skin, body, cell, radius_scale=0.0)
    assert closed.materials == painting.materials
    np.testing.assert_array_equal(closed.fractions[:-1], paint_skin(mesh, skin, None, cell).fractions)


def test_intact_skin_is_one_column(skin):
    mesh, painting = build(skin)
    assert mesh.shape[1:] == (1, 1)
    assert painting.materials == skin.names
    ridged, _ = build(preset("human forearm with rete ridges"))
    assert ridged.shape[1:] == (4, 4)
    assert intact(preset("human forearm with rete ridges")).extent == (75.0, 75.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"array": None}, "array: must be given, to say where the needles stand"),
        (
            {"body": Body("cone", 40.0, 500.0)},
            "depth: got 500 um, must be < 400 um, the thickness of the skin",
        ),
        (
            {"resolution": Resolution(largest=2.0)},
            "resolution.largest: got 2 um, must be >= 4 um, the smallest size",
        ),
    ],
)
def test_build_errors(skin, arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**{"skin": skin, "body": PIN, "array": Array(pitch=300.0), **arguments})
