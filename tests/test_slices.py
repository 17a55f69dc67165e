"""Slices: the right values at the right places, lines where they belong, text that is whole."""

import re

import numpy as np
import pytest
from made_run import CASE, LAYERS, MESH, QUARTER, made_run
from matplotlib.text import Text

from mnrd.pictures import frame
from mnrd.pictures.colours import Scale, scale_of
from mnrd.pictures.contours import draw_contours, levels
from mnrd.pictures.cut import cut_of
from mnrd.pictures.scenes import completed, draw
from mnrd.pictures.section import section_x_y, section_x_z
from mnrd.pictures.view import View
from mnrd.results.quantity import Quantity
from mnrd.results.run import RunError, open_run

MARKED = 3, 2, 7  # z, y, x: centre at (200, 70, 50) um
X, Y, Z = MESH.xc, MESH.yc[:, None], MESH.zc[:, None, None]
PIERCED = (abs(X - 140) < 25) & (abs(Y - 100) < 25) & (Z < 100)


def fields(material, channel):
    marker = np.zeros(MESH.shape)
    marker[MARKED] = 1.0
    linear = X + 2.0 * Y + 3.0 * Z
    return {
        "drug [mg/mL]": linear,
        "marker": marker,
        "even": np.full(MESH.shape, 0.6),
        "collagen gain [%]": linear - 500.0,
        "material": material.astype(np.uint8),
        "channel fraction": channel.astype(np.float32),
    }


@pytest.fixture(scope="module")
def pierced(tmp_path_factory):
    """Three layers, and a channel from x = 120 to 160, y = 80 to 120 and z = 0 to 100 um."""
    layer = np.broadcast_to(1 * (Z > 5) + (Z > 40), MESH.shape)
    arrays = fields(np.where(PIERCED, 3, layer), PIERCED)
    return open_run(
        made_run(tmp_path_factory.mktemp("slices") / "pierced", CASE, MESH, {3600.0: arrays}, materials=LAYERS)
    )


@pytest.mark.parametrize("odd", [np.inf, np.nan])
def test_channels_one_cell_wide_and_values_that_are_not_finite(tmp_path, odd):
    narrow = (abs(X - 130) < 5) & (abs(Y - 90) < 5) & (Z < 200)
    layer = np.broadcast_to(1 * (Z > 5) + (Z > 40), MESH.shape)
    arrays = fields(np.where(narrow, 3, layer), narrow)
    arrays["drug [mg/mL]"][0, 0, 0] = odd
    run = open_run(made_run(tmp_path / "narrow", CASE, MESH, {3600.0: arrays}, materials=LAYERS))
    view = completed("slices", run, View(size=(400, 300), quantity="drug"))
    assert view.limits == (
        0.0,
        pytest.approx(arrays["drug [mg/mL]"][np.isfinite(arrays["drug [mg/mL]"])].max(), rel=0.2),
    )
    frame.pixels(draw("slices", run, view))


def test_depths_are_below_the_skin_and_not_below_a_meshed_vehicle(tmp_path):
    """A vehicle of 40 um on the skin, a channel down to 100 um, which is 60 um below the skin."""
    document = QUARTER.replace("{ pH = 3.2 }", '{ pH = 3.2, depth = "40 um", meshed = true }')
    layer = np.broadcast_to(1 * (Z > 40) + (Z > 60), MESH.shape)
    layers = ("vehicle", "stratum corneum", "dermis", "channel")
    channel = (X < 120) & (Y < 60) & (Z > 40) & (Z < 100)
    arrays = fields(np.where(channel, 3, layer), channel)
    run = open_run(made_run(tmp_path / "wet", document, MESH, {3600.0: arrays}, materials=layers))
    _, shown = cut(run)
    assert (shown.surface, shown.depth) == (40.0, 60.0)
    assert cut(run, depth=130.0)[1].z[-1] == 170.0
    figure = draw("slices", run, View(size=(400, 300), quantity="drug"))
    texts = [text for axes in figure.axes for text in axes.texts]
    assert "x-y at a depth of 20 µm" in [text.get_text() for text in texts]
    heights = {text.get_text(): text.get_position()[1] for text in texts}
    assert heights["0 µm"] == -40.0
    assert heights["50"] == -90.0
    ruler = {
        text.get_text()
        for axes in draw("block", run, View(size=(400, 300), quantity="drug")).axes
        for text in axes.texts
    }
    assert "0 µm" in ruler
    with pytest.raises(RunError, match=r"level: got 211 um, must be at most 210 um"):
        draw("slices", run, View(size=(400, 300), quantity="drug", level=211.0))


def test_a_dollar_is_a_dollar(tmp_path):
    """Two of them are no formula, which would have to be one that can be read."""
    money = r"$\frac$ of $^$"
    layer = np.zeros(MESH.shape)
    fields_of = CASE["model"]["fields"] | {"drug": {"unit": "mg/mL", "meaning": money}}
    document = CASE | {"title": money, "model": {"fields": fields_of}}
    place = made_run(tmp_path / "dear", document, MESH, {3600.0: fields(layer, layer)}, materials=(money,))
    run = open_run(place)
    for scene in ("slices", "block"):
        frame.pixels(draw(scene, run, completed(scene, run, View(size=(400, 300), quantity="drug"))))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """One material, no channel."""
    nothing = np.zeros(MESH.shape)
    place = tmp_path_factory.mktemp("slices") / "plain"
    return open_run(made_run(place, CASE, MESH, {3600.0: fields(nothing, nothing)}))


def cut(run, **chosen):
    snapshot = run.snapshot()
    return snapshot, cut_of(run, snapshot, View(**chosen))


def drawn(run, **chosen):
    """Figure and its pixels, with the first row at the bottom as in the figure."""
    figure = draw("slices", run, View(**chosen))
    return figure, frame.pixels(figure)[::-1]


def colour_at(figure, pixels, axes, place):
    column, row = figure.axes[axes].transData.transform(place)
    return pixels[int(row), int(column)] / 255.0


class TestSections:
    def test_the_upright_one_goes_through_the_axis_of_the_channel(self, pierced):
        section = section_x_z(*cut(pierced), "drug", 180.0)
        assert section.at == 100.0
        np.testing.assert_array_equal(section.u, MESH.x)
        np.testing.assert_array_equal(section.v, [*MESH.z[:9], 180.0])
        assert section.channel.sum() == 2 * 6
        assert np.unique(section.material).tolist() == [0, 1, 2, 3]

    def test_a_linear_field_comes_out_exactly(self, pierced):
        u, v = np.linspace(MESH.xc[0], MESH.xc[-1], 50), np.linspace(MESH.zc[0], 200.0, 40)
        upright = section_x_z(*cut(pierced), "drug", 200.0)
        np.testing.assert_allclose(upright.at_places(u, v), u + 2.0 * 100.0 + 3.0 * v[:, None], rtol=1e-6)
        v = np.linspace(MESH.yc[0], MESH.yc[-1], 40)
        level = section_x_y(*cut(pierced), "drug", 33.0)
        np.testing.assert_allclose(level.at_places(u, v), u + 2.0 * v[:, None] + 3.0 * 33.0, rtol=1e-6)

    def test_a_cell_is_where_it_is_in_the_mesh(self, pierced):
        section = section_x_y(*cut(pierced), "marker", 50.0)
        assert section.at_places(np.array([200.0]), np.array([70.0])) == 1.0
        assert section.at_places(np.array([70.0, 200.0]), np.array([130.0, 170.0])).max() == 0.0
        _, j, i = MARKED
        assert np.argwhere(section.values == section.values.max()).tolist() == [[j + 1, i + 1]]

    def test_material_is_that_of_the_depth(self, pierced):
        assert set(np.unique(section_x_y(*cut(pierced), "drug", 4.9).material)) == {0, 3}
        assert set(np.unique(section_x_y(*cut(pierced), "drug", 5.1).material)) == {1, 3}
        assert set(np.unique(section_x_y(*cut(pierced), "drug", 240.0).material)) == {2}

    def test_a_quarter_cell_is_shown_whole(self, tmp_path):
        channel = ((X < 40) & (Y < 40) & (Z < 100)) * np.ones(MESH.shape)
        run = open_run(made_run(tmp_path / "quarter", QUARTER, MESH, {0.0: fields(3 * channel, channel)}))
        assert run.mirrored
        snapshot, shown = cut(run, depth=250.0)
        upright, level = section_x_z(snapshot, shown, "drug", 250.0), section_x_y(snapshot, shown, "drug", 33.0)
        assert upright.u[0] == -upright.u[-1] < 0.0
        for array in (upright.values, upright.material, level.values, level.values[::-1]):
            np.testing.assert_array_equal(array, array[:, ::-1])
        # the plane of the needles is a mirror: the cells beside it are all there is
        middle = upright.across.size // 2
        np.testing.assert_allclose(
            upright.at_places(upright.across[middle:-1], MESH.zc),
            (upright.across[middle:-1] + 2.0 * MESH.yc[0] + 3.0 * MESH.zc[:, None]), rtol=1e-6,
        )  # fmt: skip


class TestLevels:
    @pytest.mark.parametrize(
        ("low", "high", "log", "expected"),
        [
            (0.0, 28.0, False, [1, 2, 5, 10, 20]),
            (0.0, 0.9, False, [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8]),
            (20.0, 40.0, False, [2, 25, 30, 35]),
            (-33.0, 33.0, False, [-20, 0, 20]),
            (1e-3, 20.0, True, [0.01, 0.1, 1, 10]),
            (1.0, 30.0, True, [2, 5, 10, 20]),
        ],
    )
    def test_round_and_inside_of_the_limits(self, low, high, log, expected):
        found = levels(Scale(Quantity("drug", "mg/mL", "drug", "drug"), "magma_r", low, high, log))
        np.testing.assert_allclose(found, [level for level in expected if low < level < high])

    def test_lines_are_where_the_field_has_their_values(self, plain):
        scale = scale_of(plain, completed("slices", plain, View(quantity="drug", limits=(200.0, 1200.0))))
        figure = frame.blank(View())
        axes = figure.add_subplot()
        section = section_x_z(*cut(plain), "drug", 250.0)
        pieces = draw_contours(axes, section, scale, -section.down, 0.5, 1.0)
        assert {piece.level for piece in pieces} == {400.0, 600.0, 800.0, 1000.0}
        for piece in pieces:
            x, z = piece.points[:, 0], -piece.points[:, 1]
            inside = (x > MESH.xc[0]) & (x < MESH.xc[-1]) & (z > MESH.zc[0]) & (z < MESH.zc[-1])
            np.testing.assert_allclose((x + 2.0 * section.at + 3.0 * z)[inside], piece.level, rtol=1e-5)
            assert inside.any()


class TestPicture:
    """One picture, looked at pixel by pixel."""

    def test_colours_are_those_of_the_values(self, pierced):
        figure, pixels = drawn(pierced, quantity="even", limits=(0.0, 1.0))
        colour = scale_of(pierced, View(quantity="even", limits=(0.0, 1.0))).rgba(0.6)[:3]
        for axes, places in (
            (0, [(60.0, -150.0), (250.0, -90.0), (140.0, -50.0)]),
            (1, [(60.0, 150.0), (140.0, 110.0)]),
        ):
            for place in places:
                np.testing.assert_allclose(colour_at(figure, pixels, axes, place), colour, atol=1.0 / 255.0)

    def test_a_marked_cell_is_at_its_place(self, pierced):
        scale = scale_of(pierced, View(quantity="marker", limits=(0.0, 1.0)))
        figure, pixels = drawn(pierced, quantity="marker", limits=(0.0, 1.0), level=50.0)
        for place, value in (((200.0, 70.0), 1.0), ((70.0, 70.0), 0.0), ((200.0, 170.0), 0.0), ((250.0, 70.0), 0.0)):
            np.testing.assert_allclose(
                colour_at(figure, pixels, 1, place), scale.rgba(value)[:3], atol=4.0 / 255.0, err_msg=str(place)
            )

    def test_the_depth_goes_down(self, plain):
        figure, pixels = drawn(plain, quantity="drug", limits=(200.0, 1200.0))
        scale = scale_of(plain, View(quantity="drug", limits=(200.0, 1200.0)))
        at = float(re.search(r"y = (\d+) ", texts(figure)).group(1))
        for depth in (37.0, 115.0, 185.0):
            value = 110.0 + 2.0 * at + 3.0 * depth
            assert abs(colour_at(figure, pixels, 0, (110.0, -depth)) - scale.rgba(value)[:3]).max() < 3.0 / 255.0

    def test_channels_are_seen(self, pierced, plain):
        size = {"quantity": "even", "limits": (0.0, 1.0), "level": 30.0, "depth": 200.0}
        with_channel, without = drawn(pierced, **size), drawn(plain, **size)
        for axes, place in ((0, (120.0, -50.0)), (0, (160.0, -30.0)), (1, (160.0, 100.0))):
            np.testing.assert_array_equal(colour_at(*with_channel, axes, place), 1.0)
            assert colour_at(*without, axes, place).max() < 0.9

    def test_layers_have_borders_and_names(self, pierced):
        figure, pixels = drawn(pierced, quantity="even", limits=(0.0, 1.0))
        column, row = figure.axes[0].transData.transform((60.0, -40.0)).astype(int)
        assert pixels[row - 2 : row + 3, column].max(axis=1).min() < 100  # ink
        assert [name for name in LAYERS if name in texts(figure)] == list(LAYERS[:3])

    def test_the_scale_bar_is_as_long_as_it_says(self, pierced):
        figure, _ = drawn(pierced, quantity="even")
        for axes in figure.axes[:2]:
            (bar,) = [line for line in axes.lines if line.get_linewidth() == 2.5]
            assert f"{np.ptp(bar.get_xdata()):g} µm" in [text.get_text() for text in axes.texts]
            assert np.ptp(bar.get_xdata()) in (20.0, 50.0, 100.0)

    def test_both_have_one_scale_of_lengths(self, pierced):
        figure, _ = drawn(pierced, quantity="even")
        first, second = (axes.transData.transform([(0.0, 0.0), (100.0, 100.0)]) for axes in figure.axes[:2])
        np.testing.assert_allclose(np.diff(first, axis=0), np.diff(second, axis=0), rtol=1e-9)
        np.testing.assert_allclose(*np.diff(first, axis=0)[0], rtol=1e-9)

    @pytest.mark.parametrize("size", [(1600, 1200), (1600, 900), (800, 1000), (500, 400)])
    def test_text_is_whole_and_does_not_overlap(self, pierced, size):
        figure, _ = drawn(pierced, quantity="collagen gain", size=size)
        boxes = [
            (text.get_text(), text.get_window_extent())
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text() and text.axes not in figure.axes[2:]
        ]
        assert len(boxes) > 12
        for name, box in boxes:
            assert box.x0 >= 0.0, name
            assert box.y0 >= 0.0, name
            assert box.x1 <= size[0], name
            assert box.y1 <= size[1], name
        overlaps = [
            (one, other)
            for number, (one, box) in enumerate(boxes)
            for other, beside in boxes[number + 1 :]
            if box.overlaps(beside)
        ]
        assert overlaps == []

    def test_a_level_below_the_mesh_is_refused(self, pierced):
        with pytest.raises(RunError, match=r"level: got 300 um, must be at most 250 um, where the mesh ends"):
            drawn(pierced, quantity="even", level=300.0)


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))
