"""Mesh and grading: what holds for every mesh, and every error message."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnrd.mesh.grading import Fine, Grading, graded_around, graded_layers, uniform
from mnrd.mesh.rectilinear import Mesh


def largest_ratio(edges):
    return np.exp(np.abs(np.diff(np.log(np.diff(edges)))).max(initial=0.0))


# --- mesh -----------------------------------------------------------------------------------------------------------


def test_mesh_sizes_follow_from_the_edges():
    mesh = Mesh([0, 1, 3], [-1, 0, 1, 4], [0, 2, 5, 9, 10], periodic=(True, False))
    assert mesh.shape == (4, 3, 2)
    assert mesh.cells == 24
    np.testing.assert_array_equal(mesh.hx, [1, 2])
    np.testing.assert_array_equal(mesh.hz, [2, 3, 4, 1])
    np.testing.assert_array_equal(mesh.yc, [-0.5, 0.5, 2.5])
    np.testing.assert_array_equal(mesh.area, [[1, 2], [1, 2], [3, 6]])
    assert mesh.volume.shape == mesh.shape
    assert mesh.footprint == mesh.area.sum() == 15.0
    assert mesh.volume.sum() == mesh.footprint * 10.0


def test_mesh_cannot_be_changed_behind_its_back():
    edges = np.array([0.0, 1.0, 2.0])
    mesh = Mesh(edges, edges, edges)
    edges[1] = 5.0
    assert mesh.x[1] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        mesh.x[1] = 5.0


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (([0, 1, 1], [0, 1], [0, 1]), r"mesh.x\[2\]: got 1 um after 1 um, edges must be strictly ascending"),
        (([0, 1], [0, 2, 1, 3], [0, 1]), r"mesh.y\[2\]: got 1 um after 2 um, edges must be strictly ascending"),
        (([0, 1], [0, 1], [0, np.nan, 2]), r"mesh.z\[1\]: got nan, must be finite"),
        (([0, 1], [0, 1], [0]), r"mesh.z: got shape \(1,\), must be a row of at least 2 edges"),
        (([0, 1], [0, 1], [1, 2]), r"mesh.z\[0\]: got 1 um, must be 0 \(the skin surface\)"),
    ],
)
def test_mesh_errors(axes, message):
    with pytest.raises(ValueError, match=message):
        Mesh(*axes)


def test_mesh_periodic_error():
    with pytest.raises(ValueError, match=r"mesh.periodic: got \(True,\), must be two booleans"):
        Mesh([0, 1], [0, 1], [0, 1], periodic=(True,))


# --- grading --------------------------------------------------------------------------------------------------------

sizes = st.floats(0.2, 50.0)
layers = st.builds(
    Grading,
    thickness=st.floats(0.5, 1000.0),
    cells=st.none(),
    smallest=sizes,
    largest=st.one_of(st.just(np.inf), sizes),
    growth=st.just(1.3),
)


@settings(max_examples=60, deadline=None)
@given(stack=st.lists(layers, min_size=1, max_size=5), tip=st.floats(0.0, 1.0), size=sizes)
def test_graded_layers_fill_the_stack_within_the_growth(stack, tip, size):
    interfaces = np.concatenate([[0.0], np.cumsum([layer.thickness for layer in stack])])
    edges = graded_layers(stack, [Fine(tip * interfaces[-1], tip * interfaces[-1], size)])
    heights = np.diff(edges)
    assert (heights > 0.0).all()
    assert np.isin(interfaces, edges).all()
    assert (edges[0], edges[-1]) == (0.0, interfaces[-1])
    assert largest_ratio(edges) <= 1.3 * (1.0 + 1e-6)
    starts = np.searchsorted(edges, interfaces)
    for layer, first, last in zip(stack, starts[:-1], starts[1:], strict=True):
        assert heights[first:last].max() <= layer.largest * (1.0 + 1e-6)
        assert heights[first] <= layer.smallest * (1.0 + 1e-6)


@settings(max_examples=40, deadline=None)
@given(
    extent=st.floats(50.0, 2000.0),
    places=st.lists(st.floats(0.0, 1.0), max_size=5),
    size=st.floats(1.0, 30.0),
    periodic=st.booleans(),
)
def test_graded_around_fills_the_extent_within_the_growth(extent, places, size, periodic):
    fine = [Fine(place * extent - 20.0, place * extent + 20.0, size) for place in places]
    edges = graded_around(extent, fine, largest=60.0, periodic=periodic)
    widths = np.diff(edges)
    assert edges[0] == 0.0
    assert edges[-1] == extent
    assert (widths > 0.0).all()
    assert widths.max() <= 60.0 * (1.0 + 1e-6)
    assert largest_ratio(edges) <= 1.3 * (1.0 + 1e-6)
    if periodic:
        assert max(widths[0] / widths[-1], widths[-1] / widths[0]) <= 1.3 * (1.0 + 1e-6)
    for low, high, _ in fine:
        within = (edges[:-1] >= low) & (edges[1:] <= high)
        assert (widths[within] <= size * (1.0 + 1e-6)).all()


@settings(max_examples=30, deadline=None)
@given(extent=st.floats(100.0, 1000.0), place=st.floats(0.0, 0.5), size=st.floats(1.0, 20.0))
def test_grading_is_symmetric_when_what_is_asked_for_is(extent, place, size):
    fine = [Fine(side, side, size) for side in (place * extent, extent - place * extent)]
    edges = graded_around(extent, fine)
    assert edges.size % 2 == 1
    np.testing.assert_allclose(edges, extent - edges[::-1], rtol=0.0, atol=1e-12 * extent)


def test_a_full_period_is_graded_as_two_mirrored_halves():
    half = graded_around(250.0, [Fine(-40.0, 40.0, 6.0)], largest=30.0)
    full = graded_around(500.0, [Fine(210.0, 290.0, 6.0)], largest=30.0, periodic=True)
    np.testing.assert_allclose(full[full.size // 2 :] - 250.0, half, atol=1e-9)


def test_a_layer_grows_towards_its_middle_and_not_towards_the_base():
    heights = np.diff(graded_layers([Grading(100.0, smallest=1.0), Grading(500.0, smallest=5.0)]))
    assert heights[0] <= 1.0
    assert heights[-1] == pytest.approx(heights.max())
    assert heights[:20].max() > 8.0


def test_a_number_of_cells_is_kept_and_they_are_equal_unless_a_neighbour_is_finer():
    edges = graded_layers([Grading(15.0, cells=12), Grading(80.0, cells=20), Grading(1000.0, cells=50)])
    assert edges.size == 83
    np.testing.assert_allclose(np.diff(edges)[:12], 1.25)
    assert np.diff(edges)[12] == pytest.approx(1.25, rel=0.3)
    assert largest_ratio(edges) <= 1.3 * (1.0 + 1e-9)
    np.testing.assert_allclose(graded_layers([Grading(10.0, cells=4)]), uniform(10.0, 4))


@pytest.mark.parametrize(
    ("stack", "fine", "message"),
    [
        ([], [], "layers: got none, must be at least one"),
        ([Grading(10.0, cells=2), Grading(-20.0)], [], r"layers\[1\].thickness: got -20 um, must be > 0"),
        ([Grading(10.0, cells=0)], [], r"layers\[0\].cells: got 0, must be >= 1"),
        ([Grading(10.0, smallest=0.0)], [], r"layers\[0\].smallest: got 0 um, must be > 0"),
        ([Grading(10.0, largest=-1.0)], [], r"layers\[0\].largest: got -1 um, must be > 0"),
        ([Grading(10.0, growth=1.0)], [], r"layers\[0\].growth: got 1, must be > 1"),
        (
            [Grading(15.0, cells=12), Grading(1000.0, cells=5)],
            [],
            r"layers\[1\].cells: got 5, must be >= \d+ beside small cells, or raise growth",
        ),
        ([Grading(10.0)], [Fine(5.0, 4.0, 1.0)], r"fine\[0\]: got 5 to 4 um, must not be reversed"),
        ([Grading(10.0)], [Fine(4.0, 5.0, 0.0)], r"fine\[0\].size: got 0 um, must be > 0"),
    ],
)
def test_grading_errors(stack, fine, message):
    with pytest.raises(ValueError, match=message):
        graded_layers(stack, fine)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"extent": 0.0}, "extent: got 0 um, must be > 0"),
        ({"extent": 10.0, "largest": 0.0}, "largest: got 0 um, must be > 0"),
        ({"extent": 10.0, "growth": 0.9}, "growth: got 0.9, must be > 1"),
    ],
)
def test_lateral_grading_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        graded_around(fine=[], **arguments)
