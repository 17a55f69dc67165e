"""Fields of one mesh on another: exact in sums and for linear fields, whatever the meshes."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnrd.mesh.overlap import common_mesh, sampled
from mnrd.mesh.rectilinear import Mesh

COARSE = Mesh([0.0, 3.0, 7.0, 10.0], [-2.0, 1.0, 2.0], [0.0, 1.0, 4.0, 9.0, 20.0])


def refined(mesh, times=3):
    """Every cell cut into equal parts along each axis."""

    def cut(edges):
        inner = [np.linspace(*pair, times, endpoint=False) for pair in pairwise(edges)]
        return np.append(np.concatenate(inner), edges[-1])

    return Mesh(cut(mesh.x), cut(mesh.y), cut(mesh.z))


def linear(mesh):
    """Means over the cells of 2 x - 3 y + z + 1."""
    return 2.0 * mesh.xc - 3.0 * mesh.yc[:, None] + mesh.zc[:, None, None] + 1.0


def total(values, mesh):
    return float((values * mesh.volume).sum())


@st.composite
def boxes(draw, size=(10.0, 4.0, 20.0)):
    """A mesh of one box with inner edges anywhere."""

    def edges(length):
        inner = draw(st.lists(st.integers(1, 99), max_size=6, unique=True))
        return np.array([0.0, *sorted(length * share / 100.0 for share in inner), length])

    return Mesh(*(edges(length) for length in size))


class TestSampled:
    def test_the_same_mesh_changes_no_number(self):
        values = np.random.default_rng(1).normal(size=COARSE.shape)
        np.testing.assert_array_equal(sampled(values, COARSE, COARSE), values)

    def test_a_linear_field_is_exact_on_a_coarser_mesh(self):
        fine = refined(COARSE)
        np.testing.assert_allclose(sampled(linear(fine), fine, COARSE), linear(COARSE), atol=1e-13)

    def test_a_known_pair_of_cells(self):
        source = Mesh([0.0, 1.0, 4.0], [0.0, 1.0], [0.0, 1.0])
        target = Mesh([0.0, 2.0, 4.0], [0.0, 1.0], [0.0, 1.0])
        found = sampled(np.array([[[8.0, 2.0]]]), source, target)
        np.testing.assert_allclose(found, [[[0.5 * 8.0 + 0.5 * 2.0, 2.0]]])

    def test_a_linear_field_is_exact_between_any_edges_but_at_the_sides(self):
        fine = refined(COARSE)
        other = Mesh([0.0, 2.2, 3.9, 8.1, 10.0], [-2.0, -0.9, 0.3, 1.4, 2.0], [0.0, 1.9, 3.3, 10.7, 20.0])
        inside = (slice(1, -1),) * 3
        found = sampled(linear(fine), fine, other, lines=True)
        np.testing.assert_allclose(found[inside], linear(other)[inside], rtol=1e-12)

    def test_axes_are_not_mixed_up(self):
        fine, number = refined(COARSE), np.arange(COARSE.cells, dtype=np.float32).reshape(COARSE.shape)
        np.testing.assert_allclose(sampled(number, COARSE, fine), np.kron(number, np.ones((3, 3, 3))), atol=1e-12)

    @pytest.mark.parametrize("axis", [0, 1, 2])
    def test_lines_along_an_axis_leave_the_others_alone(self, axis):
        fine = refined(COARSE)
        number = np.moveaxis(np.zeros(COARSE.shape), axis, -1) + np.arange(COARSE.shape[axis])
        found = np.moveaxis(sampled(np.moveaxis(number, -1, axis), COARSE, fine, lines=True), axis, -1)
        np.testing.assert_allclose(found, np.broadcast_to(found[0, 0], found.shape), atol=1e-12)
        thirds = found[0, 0].reshape(-1, 3)
        np.testing.assert_allclose(thirds.mean(axis=1), np.arange(COARSE.shape[axis]), atol=1e-12)
        assert (np.diff(thirds[1:-1], axis=1) > 0.0).all()

    def test_steps_do_not_swing(self):
        mesh = Mesh(np.linspace(0.0, 10.0, 11), [0.0, 1.0], [0.0, 1.0])
        values = np.where(mesh.xc < 5.0, 0.0, 1.0)[None, None]
        found = sampled(values, mesh, Mesh(np.linspace(0.0, 10.0, 14), mesh.y, mesh.z), lines=True)
        assert found.min() == 0.0
        assert found.max() == 1.0
        assert (np.diff(found[0, 0]) >= 0.0).all()

    @given(boxes(), boxes(), st.integers(0, 2**32 - 1), st.booleans())
    def test_the_content_of_a_box_stays(self, source, target, seed, lines):
        values = np.random.default_rng(seed).uniform(size=source.shape)
        there = sampled(values, source, target, lines=lines)
        assert total(there, target) == pytest.approx(total(values, source), rel=1e-12)
        assert values.min() - 1e-12 <= there.min() <= there.max() <= values.max() + 1e-12

    def test_a_mesh_that_reaches_out_is_refused(self):
        with pytest.raises(ValueError, match=r"^mesh.x: got 0 to 10 um, must be within 0 to 4 um$"):
            sampled(np.zeros((1, 1, 1)), Mesh([0.0, 4.0], [-2.0, 2.0], [0.0, 20.0]), COARSE)


class TestCommonMesh:
    def test_each_axis_is_that_of_the_coarsest(self):
        one = Mesh([0.0, 5.0, 10.0], [-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 20.0])
        found = common_mesh([COARSE, one])
        np.testing.assert_array_equal(found.x, one.x)
        np.testing.assert_array_equal(found.y, COARSE.y)
        np.testing.assert_array_equal(found.z, one.z)

    def test_the_part_that_all_have(self):
        found = common_mesh([COARSE, Mesh([2.0, 8.0], [-2.0, 0.0], [0.0, 5.0])])
        np.testing.assert_array_equal(found.x, [2.0, 8.0])
        np.testing.assert_array_equal(found.y, [-2.0, 0.0])
        np.testing.assert_array_equal(found.z, [0.0, 5.0])

    def test_no_slivers_where_ends_differ_by_rounding(self):
        other = Mesh(COARSE.x * (1.0 + 1e-12), COARSE.y, COARSE.z)
        found = common_mesh([other, COARSE])
        assert found.shape == COARSE.shape
        np.testing.assert_allclose(sampled(linear(other), other, found), linear(COARSE), atol=1e-9)

    def test_nothing_in_common(self):
        with pytest.raises(ValueError, match=r"^meshes: have nothing in common along x \(0 to 10 um, 11 to 12 um\)$"):
            common_mesh([COARSE, Mesh([11.0, 12.0], [-2.0, 0.0], [0.0, 5.0])])
