"""Painting: volumes, symmetries, exact layers, and what coefficients become."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import Painting, paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.sampling import Region, quantise
from mnrd.skin.shapes import Body, bounds, inside, volume


def box_mesh(extent, size, depth=500.0):
    side = uniform(extent, round(extent / size))
    return Mesh(side, side, uniform(depth, round(depth / size)))


def region_of(body, x0, y0, name="channel", with_box=True):
    (x_low, x_high), (y_low, y_high), depths = bounds(body)
    box = ((x0 + x_low, x0 + x_high), (y0 + y_low, y0 + y_high), depths)
    return Region(name, lambda x, y, z: inside(body, x - x0, y - y0, z), box if with_box else None)


# --- layers ---------------------------------------------------------------------------------------------------------


def test_interfaces_on_edges_are_exact():
    mesh = box_mesh(100.0, 25.0, depth=100.0)
    painting = paint(mesh, [("stratum corneum", 0.0), ("epidermis", 25.0), ("dermis", 75.0)])
    assert painting.materials == ("stratum corneum", "epidermis", "dermis")
    layer = painting.fractions.argmax(axis=0)
    assert set(np.unique(painting.fractions)) == {0, 255}
    assert (layer == np.array([0, 1, 1, 2])[:, None, None]).all()


def test_an_interface_between_edges_is_exact_in_depth():
    painting = paint(box_mesh(20.0, 10.0, depth=30.0), [("above", 0.0), ("below", 14.0)])
    np.testing.assert_allclose(painting.fraction("above")[:, 0, 0], [1.0, 0.4, 0.0], atol=0.5 / 255)


def test_thin_layers_inside_one_cell():
    painting = paint(box_mesh(10.0, 10.0, depth=10.0), [("a", 0.0), ("b", 2.0), ("c", 3.0), ("d", 6.0)])
    np.testing.assert_allclose(painting.fractions[:, 0, 0, 0] / 255, [0.2, 0.1, 0.3, 0.4], atol=1 / 255)


def test_rete_ridges_have_the_mean_depth():
    mesh = box_mesh(300.0, 10.0, depth=200.0)
    wave = 2.0 * np.pi / 150.0

    def interface(x, y):
        return 80.0 + 30.0 * np.cos(wave * x) * np.cos(wave * y)

    painting = paint(mesh, [("epidermis", 0.0), ("dermis", interface)])
    depth = (painting.fraction("epidermis") * mesh.hz[:, None, None]).sum(axis=0)
    assert depth.mean() == pytest.approx(80.0, rel=1e-3)
    expected = interface(*np.meshgrid(mesh.xc, mesh.yc))
    np.testing.assert_allclose(depth, expected, atol=0.5)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "layers: got none, must be at least one"),
        ([("a", 1.0)], r"layers\[0\]: 'a' must begin at depth 0, the skin surface"),
        ([("a", 0.0), ("a", 5.0)], r"layers\[1\]: the name 'a' is used twice, names must differ"),
        ([("a", 0.0), ("b", 8.0), ("c", 5.0)], "layer 'c': its top rises above that of the layer over it"),
        (
            [("a", 0.0), ("b", 5.0), ("c", lambda x, y: 6.0 - x)],
            "layer 'c': its top rises above that of the layer over it",
        ),
    ],
)
def test_layer_errors(layers, message):
    with pytest.raises(ValueError, match=message):
        paint(box_mesh(10.0, 5.0, depth=10.0), layers)


# --- volumes --------------------------------------------------------------------------------------------------------

SHAPES = [
    {"shape": "cylinder", "tip": 100.0},
    {"shape": "cone"},
    {"shape": "truncated cone", "tip": 40.0},
    {"shape": "square pyramid"},
    {"shape": "square pyramid", "tip": 30.0},
    {"shape": "triangular pyramid", "width": 180.0},
    {"shape": "slit", "tip": 100.0, "breadth": 250.0},
    {"shape": "slit", "breadth": 250.0},
]


@pytest.mark.parametrize("tilt", [0.0, 20.0, 40.0])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape['shape']} {shape.get('tip', 0):g}")
def test_painted_volume(shape, tilt):
    body = Body(**{"width": 100.0, "depth": 330.0, "tilt": tilt, "azimuth": 35.0, "rotation": 15.0, **shape})
    mesh = box_mesh(1000.0, 25.0)  # half of the radius
    painting = paint(mesh, [("skin", 0.0)], [region_of(body, 507.0, 503.0)])
    painted = (painting.fraction("channel") * mesh.volume).sum()
    assert painted == pytest.approx(volume(body), rel=0.005)


def test_a_channel_thinner_than_a_cell_is_not_lost():
    mesh = box_mesh(200.0, 20.0)
    body = Body("cylinder", width=12.0, tip=12.0, depth=301.0)
    painting = paint(mesh, [("skin", 0.0)], [region_of(body, 93.0, 104.0)])
    painted = (painting.fraction("channel") * mesh.volume).sum()
    assert painted == pytest.approx(volume(body), rel=0.03)


def test_a_box_changes_nothing():
    mesh = box_mesh(300.0, 10.0, depth=300.0)
    body = Body("cone", width=100.0, depth=230.0)
    boxed, whole = (
        paint(mesh, [("skin", 0.0)], [region_of(body, 151.0, 147.0, with_box=with_box)]) for with_box in (True, False)
    )
    np.testing.assert_array_equal(boxed.fractions, whole.fractions)


def test_a_region_of_any_form():
    mesh = box_mesh(200.0, 10.0, depth=200.0)
    ball = Region("bolus", lambda x, y, z: (x - 100.0) ** 2 + (y - 100.0) ** 2 + (z - 100.0) ** 2 < 60.0**2)
    painting = paint(mesh, [("skin", 0.0), ("deep", 97.0)], [ball])
    painted = (painting.fraction("bolus") * mesh.volume).sum()
    assert painted == pytest.approx(4.0 / 3.0 * np.pi * 60.0**3, rel=0.002)
    assert (painting.fractions.sum(axis=0, dtype=int) == 255).all()


def test_the_last_region_covers_the_others():
    mesh = box_mesh(200.0, 10.0, depth=200.0)
    wide = Body("cylinder", width=120.0, tip=120.0, depth=150.0)
    narrow = Body("cylinder", width=60.0, tip=60.0, depth=150.0)
    coated = paint(mesh, [("skin", 0.0)], [region_of(wide, 101.0, 98.0, "coat"), region_of(narrow, 101.0, 98.0)])
    core = (coated.fraction("channel") * mesh.volume).sum()
    coat = (coated.fraction("coat") * mesh.volume).sum()
    assert core == pytest.approx(volume(narrow), rel=0.005)
    assert coat == pytest.approx(volume(wide) - volume(narrow), rel=0.005)
    hidden = paint(mesh, [("skin", 0.0)], [region_of(narrow, 101.0, 98.0), region_of(wide, 101.0, 98.0, "coat")])
    assert hidden.fraction("channel").max() == 0.0


def test_a_region_outside_of_the_mesh_or_without_points_leaves_the_skin_intact():
    mesh = box_mesh(100.0, 10.0, depth=100.0)
    layers = [("a", 0.0), ("b", 33.0)]
    far = region_of(Body("cone", width=50.0, depth=80.0), 400.0, 50.0)
    nothing = Region("nothing", lambda x, y, z: np.zeros(x.shape, dtype=bool))
    painting = paint(mesh, layers, [far, nothing])
    assert painting.materials == ("a", "b", "channel", "nothing")
    np.testing.assert_array_equal(painting.fractions[:2], paint(mesh, layers).fractions)
    assert not painting.fractions[2:].any()


# --- symmetries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["cylinder", "cone", "square pyramid"])
def test_a_quarter_cell_is_a_quarter_of_the_full_cell_bit_for_bit(shape):
    body = Body(shape, width=90.0, depth=210.0, tip=90.0 if shape == "cylinder" else 0.0)
    layers = [("stratum corneum", 0.0), ("epidermis", 13.0), ("dermis", 97.0)]
    z = uniform(300.0, 30)
    quarter = paint(Mesh(uniform(120.0, 12), uniform(120.0, 12), z), layers, [region_of(body, 0.0, 0.0)])
    full = paint(Mesh(uniform(240.0, 24), uniform(240.0, 24), z), layers, [region_of(body, 120.0, 120.0)])
    np.testing.assert_array_equal(full.fractions[:, :, 12:, 12:], quarter.fractions)
    np.testing.assert_array_equal(full.fractions, full.fractions[:, :, ::-1, ::-1])


def test_a_painting_turns_with_the_mesh():
    x, y, z = uniform(200.0, 20), uniform(160.0, 20), uniform(150.0, 15)
    body = Body("slit", width=40.0, depth=117.0, breadth=90.0, tilt=20.0, azimuth=0.0)
    turned = Body("slit", width=40.0, depth=117.0, breadth=90.0, tilt=20.0, azimuth=90.0, rotation=90.0)
    one = paint(Mesh(x, y, z), [("skin", 0.0)], [region_of(body, 83.0, 71.0)])
    other = paint(Mesh(y, x, z), [("skin", 0.0)], [region_of(turned, 160.0 - 71.0, 83.0)])
    np.testing.assert_array_equal(np.rot90(one.fractions, axes=(3, 2)), other.fractions)


# --- bytes ----------------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6).filter(lambda parts: sum(parts) > 0.01))
def test_bytes_sum_to_255_and_slivers_are_gone(parts):
    shares = np.array(parts)[:, None] / sum(parts)
    found = quantise(shares)
    assert found.sum(dtype=int) == 255
    assert (np.abs(found / 255.0 - shares) < 0.011 * len(parts)).all()
    assert ((found == 0) | (found >= 5)).all()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 0), (0.009, 0), (0.011, 5), (0.5, 127), (0.989, 250), (0.991, 255), (1.0, 255)]
)
def test_snapping(share, expected):
    assert quantise(np.array([[share], [1.0 - share]]))[0, 0] == pytest.approx(expected, abs=1)


# --- coefficients ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def half_and_half():
    return paint(box_mesh(20.0, 10.0, depth=30.0), [("epidermis", 0.0), ("dermis", 16.0)])


def test_mix_of_numbers_profiles_and_arrays(half_and_half):
    share = half_and_half.fraction("epidermis")
    mixed = half_and_half.mix({"epidermis": 3.0, "dermis": np.array([1.0, 2.0, 4.0])})
    np.testing.assert_allclose(mixed, 3.0 * share + (1.0 - share) * np.array([1.0, 2.0, 4.0])[:, None, None])
    assert mixed[0, 0, 0] == 3.0
    assert mixed[2, 0, 0] == 4.0
    np.testing.assert_array_equal(half_and_half.mix(7.0), np.full((3, 2, 2), 7.0))
    given_values = np.arange(12.0).reshape(3, 2, 2)
    np.testing.assert_array_equal(half_and_half.mix(given_values), given_values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"epidermis": 1.0, "dermiss": 2.0},
            "no material 'dermiss': did you mean 'dermis'[?] The materials are epidermis, dermis",
        ),
        ({"dermis": 2.0}, "no value for material 'epidermis': give one for each of epidermis, dermis"),
        (
            {"epidermis": 1.0, "dermis": np.ones(4)},
            r"'dermis': got shape \(4,\), must be a number or a profile \(3,\) \(nz\)",
        ),
        (np.ones((3, 2, 1)), r"got an array of shape \(3, 2, 1\), must be \(3, 2, 2\) \(nz, ny, nx\)"),
    ],
)
def test_mix_errors(half_and_half, values, message):
    with pytest.raises(ValueError, match=message):
        half_and_half.mix(values)


def test_fraction_of_an_unknown_material(half_and_half):
    with pytest.raises(ValueError, match="no material 'Dermis': did you mean 'dermis'"):
        half_and_half.fraction("Dermis")


def test_painting_is_quick():
    mesh = Mesh(uniform(240.0, 48), uniform(240.0, 48), uniform(320.0, 64))
    body = Body("cone", width=80.0, depth=200.0)
    start = time.perf_counter()
    painting = paint(mesh, [("epidermis", 0.0), ("dermis", 97.0)], [region_of(body, 121.0, 118.0)])
    assert time.perf_counter() - start < 1.0
    assert isinstance(painting, Painting)
