"""3-D scenes: known colours at known places, channels that are seen, one scale for a series, whole text."""

import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from made_run import CASE, LAYERS, MESH, QUARTER, made_run
from matplotlib.text import Text
from typer.testing import CliRunner

from mnrd.cli import app
from mnrd.output.block import axis_of_channel
from mnrd.output.directory import PICTURES
from mnrd.pictures import frame
from mnrd.pictures.colours import MAPS, kind_of, rounded_up, scale_of
from mnrd.pictures.cut import at_border, cut_of
from mnrd.pictures.scenes import completed, draw
from mnrd.pictures.skin import Skin
from mnrd.pictures.surface import at_nodes, interpolated, isosurface
from mnrd.pictures.surfaces import peak_of
from mnrd.pictures.view import Camera, View, ViewError
from mnrd.results.quantity import Quantity
from mnrd.results.run import RunError, open_run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import pictures

X, Y, Z = MESH.xc, MESH.yc[:, None], MESH.zc[:, None, None]
HOLES = (abs(X - 140) < 25) & (abs(Y - 90) < 25) & (Z < 100)
BEHIND = HOLES | ((abs(X - 215) < 40) & (Y > 120) & (Z < 60))
CUT = 80.0  # um, y of the edge nearest to the axis of the channel
SMALL = View(size=(400, 300))


def fields(channel, level, shift=0.0):
    layer = np.broadcast_to(np.searchsorted([5.0, 60.0], Z), MESH.shape)
    return {
        "drug [mg/mL]": np.exp(-np.hypot(np.hypot(X - 140.0, Y - 90.0), Z) / 60.0) * level,
        "even": np.full(MESH.shape, 0.6),
        "marked": ((X > 180) & (Z > 100) & (Z < 200) & (Y > 0)).astype(float),
        "collagen gain [%]": X + 0.0 * Y + 0.0 * Z - 100.0 + shift,
        "F": np.where(Z > 60.0, 1.0, 0.0) + 0.0 * X + 0.0 * Y,
        "material": np.where(channel, 3, layer).astype(np.uint8),
        "channel fraction": channel.astype(np.float32),
    }


def made(folder, case, *channels):
    times = {600.0 * (n + 1): fields(channel, level) for n, (channel, level) in enumerate(channels)}
    return open_run(made_run(folder, case, MESH, times, materials=LAYERS))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("scenes") / "run", CASE, (HOLES, 2.0), (HOLES, 1.0))


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    corner = (X < 40) & (Y < 30) & (Z < 100)
    return made(tmp_path_factory.mktemp("scenes") / "quarter", QUARTER, (corner, 1.0))


def axes_of(figure):
    return next(axes for axes in figure.axes if axes.get_aspect() == 1.0)


def pixel(figure, camera, x, y, z):
    """Row and column of the pixel in which a point is drawn."""
    across, up = axes_of(figure).transData.transform(camera.project(x, y, z))
    return round(figure.canvas.get_width_height()[1] - up), round(across)


def colour_at(figure, view, *point):
    row, column = pixel(figure, view.camera, *point)
    return frame.pixels(figure)[row, column] / 255.0


# the camera


@pytest.mark.parametrize("angles", [(0.0, 0.0), (32.0, 28.0), (80.0, 80.0)])
def test_the_axes_of_a_camera_are_at_right_angles(angles):
    axes = np.array(Camera(*angles).axes)
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(axes) == pytest.approx(-1.0)  # z is the depth: (x, y, z) is left-handed as people see it


def test_a_camera_in_front_sees_x_to_the_right_and_depth_below():
    camera = Camera(0.0, 0.0)
    assert camera.project(3.0, 5.0, 0.0) == pytest.approx((3.0, 0.0))
    assert camera.project(0.0, 0.0, 7.0) == pytest.approx((0.0, -7.0))
    assert Camera(0.0, 60.0).project(0.0, 1.0, 0.0)[1] > 0.0  # what is behind is higher


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Camera(-1.0, 20.0), "camera azimuth: got -1, must be in 0 to 80 degree"),
        (lambda: Camera(0.0, 90.0), "camera elevation: got 90, must be in 0 to 80 degree"),
        (lambda: View(size=(100, 300)), "size: got a width of 100 px, must be in 200 to 8000"),
        (lambda: View(size=(300, 9000)), "size: got a height of 9000 px, must be in 200 to 8000"),
        (lambda: View(limits=(2.0, 1.0)), "limits: got 2 to 1, must be two numbers that ascend"),
        (lambda: View(limits=(0.0, np.inf)), "limits: got 0 to inf, must be two numbers that ascend"),
        (lambda: View(limits=(0.0, 1.0), log=True), "limits: got 0 to 1, must be above 0 on a log scale"),
        (lambda: View(depth=0.0), "depth: got 0 um, must be > 0"),
        (lambda: View(repeat=10), "repeat: got 10, must be in 1 to 9"),
    ],
)
def test_what_cannot_be_seen_is_refused(make, message):
    with pytest.raises(ViewError) as caught:
        make()
    assert str(caught.value) == message


# surfaces


def test_values_at_nodes_are_exact_where_they_are_linear():
    cells = (X + 2.0 * Y + 3.0 * Z)[1:-1, 1:-1, 1:-1]
    edges = MESH.z[1:-1], MESH.y[1:-1], MESH.x[1:-1]
    inner = at_nodes(cells, edges)[1:-1, 1:-1, 1:-1]
    expected = MESH.x[2:-2] + 2.0 * MESH.y[2:-2, None] + 3.0 * MESH.z[2:-2, None, None]
    np.testing.assert_allclose(inner, expected, rtol=1e-6)


def test_even_values_stay_even_at_nodes():
    assert (at_nodes(np.full(MESH.shape, np.float32(0.1)), (MESH.z, MESH.y, MESH.x)) == np.float32(0.1)).all()


def test_the_border_of_what_fills_cells_is_at_half():
    assert at_nodes(np.array([0.0, 0.0, 1.0, 1.0])).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_interpolation_between_nodes_is_exact_for_a_product():
    nodes = (MESH.x * MESH.y[:, None] * MESH.z[:, None, None]).astype(np.float32)
    points = np.array([[33.0, 44.0, 55.0], [290.0, 10.0, 200.0]])
    found = interpolated(MESH.x, MESH.y, MESH.z, nodes, points)
    np.testing.assert_allclose(found, points.prod(axis=1), rtol=1e-6)
    assert interpolated(MESH.x, MESH.y, MESH.z, nodes, np.array([[1e3, 1e3, 1e3]])) == pytest.approx(300 * 200 * 250)


def area_of(surface):
    a, b, c = (surface.points[surface.triangles[:, n]] for n in range(3))
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()


def test_the_isosurface_of_a_distance_is_a_ball():
    places = np.linspace(-1.0, 1.0, 41)
    distance = np.sqrt(places**2 + places[:, None] ** 2 + places[:, None, None] ** 2)
    ball = isosurface(places, places, places, distance.astype(np.float32), 0.7)
    np.testing.assert_allclose(np.linalg.norm(ball.points, axis=1), 0.7, atol=2e-3)
    assert area_of(ball) == pytest.approx(4.0 * np.pi * 0.7**2, rel=5e-3)
    assert isosurface(places, places, places, distance.astype(np.float32), 3.0).triangles.shape == (0, 3)


# what is shown


def test_the_cut_runs_through_the_channel(run):
    cut = cut_of(run, run.snapshot(), View())
    assert cut.y[cut.row] == CUT
    assert cut.depth == 100.0
    assert cut.cells[1:] == (slice(0, 7), slice(0, 10))
    assert cut_of(run, run.snapshot(), View(depth=60.0)).z[-1] == 60.0


def test_no_sliver_of_a_layer_is_left_at_the_base():
    edges, layers = np.array([0.0, 10.0, 100.0, 200.0, 400.0]), np.array([0, 1, 1, 2], np.uint8)
    assert [at_border(depth, edges, layers) for depth in (210.0, 190.0, 300.0, 120.0)] == [200.0, 200.0, 300.0, 120.0]


def test_of_many_channels_one_is_cut_through_its_axis():
    edges = np.linspace(0.0, 800.0, 81)
    middle = 0.5 * (edges[1:] + edges[:-1])
    near = np.abs((middle % 400.0) - 200.0)
    length = np.where(np.hypot(near, near[:, None]) < 60.0, 100.0, 0.0)  # of four cylinders
    column, row = axis_of_channel(edges, edges, length)
    assert (edges[column], edges[row]) == (200.0, 200.0)


def test_a_quarter_is_mirrored_around_its_needle(quarter):
    cut = cut_of(quarter, quarter.snapshot(), View())
    np.testing.assert_array_equal(cut.x, -cut.x[::-1])
    np.testing.assert_array_equal(MESH.x[cut.columns], np.abs(cut.x))
    assert (cut.x[cut.column], cut.y[cut.row]) == (0.0, 0.0)
    values = cut.behind(cut.nodes(quarter.snapshot().values("drug")))
    np.testing.assert_array_equal(values, values[:, :, ::-1])
    assert values.shape == (cut.levels, cut.y.size - cut.row, cut.x.size)


def test_unit_cells_are_repeated(quarter):
    cut = cut_of(quarter, quarter.snapshot(), View(repeat=3))
    assert cut.x[[0, -1]].tolist() == [-300.0, 1500.0]
    assert (np.diff(cut.x) > 0.0).all()
    assert (cut.x[cut.column], cut.y[cut.row]) == (600.0, 400.0)
    skin = Skin(cut, quarter.snapshot())
    assert [float(skin.channel[0, 0, np.searchsorted(cut.x, at)]) for at in (0.0, 300.0, 600.0, 1200.0)] == [1, 0, 1, 1]


def test_channels_are_taken_for_the_layer_around_them(run):
    skin = Skin(cut_of(run, run.snapshot(), View()), run.snapshot())
    material, _, channel = skin.side("front")
    assert channel.max() == 1.0
    np.testing.assert_array_equal(material, np.searchsorted([5.0, 60.0], MESH.zc)[: len(material), None] + 0 * material)


# colours


def test_each_kind_has_its_map():
    kinds = {name: kind_of(Quantity(name, "", "", "")) for name in ("drug", "T", "collagen gain", "F activity", "C1")}
    assert kinds == {
        "drug": "concentration", "T": "concentration", "collagen gain": "gain", "F activity": "cells", "C1": "share"
    }  # fmt: skip


@pytest.mark.parametrize("name", [kind for kind in MAPS if kind != "gain"])
def test_maps_get_darker_all_the_way_and_begin_nearly_white(run, name):
    table = replace(scale_of(run, View(quantity="drug")), map=MAPS[name]).rgba(np.linspace(*limits_of(run), 64))
    brightness = table[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) < 0.0).all()
    assert brightness[0] > 0.95


def limits_of(run):
    scale = scale_of(run, View(quantity="drug"))
    return scale.low, scale.high


def test_a_gain_of_zero_is_white_and_both_ends_are_as_far(run):
    scale = scale_of(run, View(quantity="collagen gain"))
    assert scale.low == -scale.high
    assert scale.high == pytest.approx(170.0, abs=20.0)
    assert scale.rgba(0.0)[:3].min() > 0.95
    with pytest.raises(RunError, match="collagen gain: is above and below 0, a log scale cannot show it"):
        scale_of(run, View(quantity="collagen gain", log=True))


def test_limits_given_are_kept_and_what_is_beyond_is_said(run):
    scale = scale_of(run, View(quantity="drug", limits=(0.1, 0.5), log=True))
    assert (scale.low, scale.high, scale.log, scale.beyond) == (0.1, 0.5, True, (True, True))
    assert scale.at(0.5) == pytest.approx(np.sqrt(0.05))
    assert (scale.rgba(9.0) == scale.rgba(0.5)).all()


def test_a_log_scale_has_a_floor(run):
    scale = scale_of(run, View(quantity="drug", log=True))
    least = run.snapshot().values("drug").min()
    assert max(least, scale.high * 1e-4) == pytest.approx(scale.low)
    even = scale_of(run, View(quantity="F", log=True))
    assert even.low == 1.0 * 1e-4 or even.low == 1.0


@pytest.mark.parametrize(("value", "expected"), [(23.1, 24.0), (0.0101, 0.011), (50.0, 50.0), (0.0, 0.0), (-3.0, 0.0)])
def test_limits_are_rounded_up_to_two_digits(value, expected):
    assert rounded_up(value) == expected


# what is drawn


@pytest.mark.parametrize("name", ["block", "surfaces"])
def test_pictures_have_the_size_that_is_asked_for(run, name):
    assert frame.pixels(draw(name, run, replace(SMALL, size=(411, 307)))).shape == (307, 411, 3)


def test_an_even_quantity_is_one_colour_of_the_map_all_over_the_cut(run):
    view = replace(SMALL, quantity="even", limits=(0.0, 1.0))
    figure = draw("block", run, view)
    expected = scale_of(run, view).rgba(0.6)[:3]
    for x, z in ((20.0, 30.0), (270.0, 30.0), (60.0, 90.0), (250.0, 150.0)):
        np.testing.assert_allclose(colour_at(figure, view, x, CUT, z), expected, atol=1.5 / 255.0)


def test_what_is_marked_is_where_it_is(run):
    view = replace(SMALL, quantity="marked", limits=(0.0, 1.0), size=(800, 600))
    figure, scale = draw("block", run, view), scale_of(run, view)
    np.testing.assert_allclose(colour_at(figure, view, 260.0, CUT, 150.0), scale.rgba(1.0)[:3], atol=1.5 / 255.0)
    for x, z in ((40.0, 150.0), (150.0, 150.0), (260.0, 40.0)):
        np.testing.assert_allclose(colour_at(figure, view, x, CUT, z), scale.rgba(0.0)[:3], atol=1.5 / 255.0)


def test_channels_are_seen_at_the_cut_and_through_the_layers(tmp_path):
    view = replace(SMALL, quantity="even", limits=(0.0, 1.0), depth=200.0)
    one = made(tmp_path / "one", CASE, (HOLES, 1.0))
    two = made(tmp_path / "two", CASE, (BEHIND, 1.0))
    none = made(tmp_path / "none", CASE, (np.zeros_like(HOLES), 1.0))
    figure, more = draw("block", one, view), draw("block", two, view)
    whole = draw("block", none, replace(view, depth=200.0))
    scale = scale_of(one, view)
    at_cut = 140.0, CUT, 40.0
    assert abs(colour_at(figure, view, *at_cut) - scale.rgba(0.6)[:3]).max() > 0.02  # the wall, in the light
    np.testing.assert_allclose(colour_at(whole, view, 140.0, 100.0, 40.0), scale.rgba(0.6)[:3], atol=1.5 / 255.0)
    mouth, below = (210.0, 165.0, 0.0), (210.0, 135.0, 15.0)  # of the channel behind; its front wall below the surface
    tint = colour_at(figure, view, 270.0, 130.0, 0.0)
    np.testing.assert_array_equal(colour_at(figure, view, *below), tint)
    assert abs(colour_at(more, view, *mouth) - tint).max() > 0.05
    assert abs(colour_at(more, view, *below) - tint).max() > 0.05  # seen through the translucent surface
    assert (colour_at(more, view, *below) - colour_at(more, view, *mouth)).any()


def test_tissue_that_heals_is_shown_in_the_hole_too(run):
    view = replace(SMALL, quantity="collagen gain", limits=(-200.0, 200.0), size=(800, 600))
    figure, scale = draw("block", run, view), scale_of(run, view)
    for x, z in ((140.0, 40.0), (70.0, 150.0), (190.0, 70.0)):  # in the hole, and between the nodes
        expected = scale.rgba(x - 100.0)[:3]
        np.testing.assert_allclose(colour_at(figure, view, x, CUT, z), expected, atol=4.0 / 255.0)
    assert completed("block", run, replace(view, limits=None)).limits[1] == 170.0


def test_surfaces_are_where_the_levels_are(run):
    view = replace(SMALL, quantity="drug", time=600.0, camera=Camera(0.0, 0.0), cells="F")
    shown = draw("surfaces", run, view)
    inside, outside = (colour_at(shown, view, x, 0.0, 40.0) for x in (175.0, 10.0))
    assert inside.mean() < outside.mean() - 0.1
    assert "surfaces at " in " ".join(text.get_text() for text in shown.findobj(Text))


def test_the_cloud_is_dense_where_the_cells_are(run):
    view = replace(SMALL, quantity="even", limits=(0.9, 1.0), camera=Camera(0.0, 0.0))
    figure = draw("surfaces", run, view)
    above, below = colour_at(figure, view, 20.0, 0.0, 40.0), colour_at(figure, view, 20.0, 0.0, 110.0)
    assert below.mean() < above.mean() - 0.3


def test_a_series_keeps_place_and_scale(run):
    view = completed("block", run, replace(SMALL, quantity="drug"), run.times)
    first, last = (draw("block", run, replace(view, time=time)) for time in run.times)
    assert axes_of(first).get_xlim() == axes_of(last).get_xlim()
    assert axes_of(first).get_ylim() == axes_of(last).get_ylim()
    bars = [[text.get_text() for text in figure.axes[-1].get_xticklabels()] for figure in (first, last)]
    assert bars[0] == bars[1]
    assert view.limits == completed("block", run, replace(SMALL, quantity="drug", time=600.0)).limits
    assert view.limits[1] > completed("block", run, replace(SMALL, quantity="drug", time=1200.0)).limits[1]
    assert abs(frame.pixels(first).astype(int) - frame.pixels(last)).max() > 20


def test_a_series_keeps_the_scale_of_the_cloud_too(tmp_path):
    run = made(tmp_path / "run", CASE, (HOLES, 1.0), (HOLES, 2.0))
    times = run.times
    alone = [completed("surfaces", run, View(quantity="drug", cells="even", time=time)).cell_limits for time in times]
    both = completed("surfaces", run, View(quantity="even", cells="drug"), times)
    assert alone == [(0.0, 0.6), (0.0, 0.6)]
    drug = [completed("surfaces", run, View(quantity="even", cells="drug", time=time)).cell_limits for time in times]
    assert both.cell_limits == max(drug) > min(drug)
    assert completed("block", run, View(quantity="drug")).cells is None


def test_scenes_choose_what_and_when(run, quarter):
    assert completed("block", quarter, View()).quantity == quarter.default_quantity.name
    assert completed("block", run, View()).time == 1200.0
    assert peak_of(run, "drug") == 600.0
    assert completed("surfaces", run, View(quantity="drug")).time == 600.0


@pytest.mark.parametrize(
    ("name", "size", "camera"),
    [
        ("block", (400, 300), Camera()),
        ("block", (500, 300), Camera(0.0, 0.0)),
        ("block", (300, 520), Camera(75.0, 70.0)),
        ("surfaces", (400, 300), Camera()),
        ("surfaces", (300, 520), Camera(10.0, 60.0)),
    ],
)
def test_text_is_whole_and_names_do_not_overlap(run, name, size, camera):
    figure = draw(name, run, View(quantity="drug", size=size, camera=camera, cells="F"))
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    boxes = {}
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert box.x0 >= 0.0, text
            assert box.y0 >= 0.0, text
            assert box.x1 <= width, text
            assert box.y1 <= height, text
            boxes[text.get_text()] = box
    shown = [boxes[layer] for layer in LAYERS[:-1]]
    assert not any(a.overlaps(b) for a, b in combinations(shown, 2))


def test_memory_grows_by_less_than_400_bytes_a_cell(tmp_path):
    """So that 4 GB do for 10^7 cells; of a run of a tenth of them in a tenth of the memory, packages included."""
    folder = tmp_path / "run"
    pictures.make_run(folder, 1_000_000, "full-patch")
    command = [sys.executable, "-m", "mnrd", "render", str(folder), "--scene", "surfaces", "--size", "400x300"]
    assert pictures.measured(command)["memory_GB"] < 0.4


def test_nothing_that_draws_needs_opengl():
    program = (
        "import sys, matplotlib\n"
        "from mnrd.pictures import block, surfaces, scenes, frame, surface, view\n"
        "import numpy as np\n"
        "p = np.linspace(-1, 1, 5)\n"
        "surface.isosurface(p, p, p, np.hypot(p, np.hypot(p[:, None], p[:, None, None])).astype('f4'), 0.5)\n"
        "frame.pixels(frame.blank(view.View()))\n"
        "print(*(name for name in sys.modules if 'OpenGL' in name or name == 'pyvista'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")


# the command


def says(*arguments):
    return CliRunner().invoke(app, ["render", *map(str, arguments)], catch_exceptions=False)


def test_pictures_go_into_the_folder_of_the_run(run):
    asked = run.folder, "--scene", "block", "--field", "drug", "--size", "400x300"
    done = says(*asked, "--time", "10 min", "--time", "20 min")
    assert done.exit_code == 0
    paths = [run.folder / PICTURES / f"block-drug-{clock}.png" for clock in ("10min", "20min")]
    assert done.stdout.split() == [str(path) for path in paths]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert says(*asked).exit_code == 0  # what can be made again is overwritten


def test_times_that_people_say_alike_have_pictures_of_their_own(tmp_path):
    arrays, day = {"drug [mg/mL]": np.zeros(MESH.shape), "material": np.zeros(MESH.shape, np.uint8)}, 86400.0
    late = made_run(tmp_path / "run", CASE, MESH, {100.0 * day: arrays, 100.25 * day: arrays})
    done = says(late, "--scene", "slices", "--size", "300x200", "--time", "100 d", "--time", "100.25 d")
    assert [Path(line).name for line in done.stdout.split()] == [
        "slices-drug-8640000s.png",
        "slices-drug-8661600s.png",
    ]


def test_pictures_elsewhere_are_not_overwritten_unasked(run, tmp_path):
    asked = run.folder, "--scene", "block", "--size", "300x200", "--out", tmp_path / "new" / "place"
    path = tmp_path / "new" / "place" / "block-drug-20min.png"
    assert says(*asked).stdout.split() == [str(path)]
    done = says(*asked)
    assert done.exit_code == 5
    assert done.stderr == f"{path}: is there already; name another folder, or say --overwrite\n"
    assert says(*asked, "--overwrite").exit_code == 0


def test_all_scenes_that_there_are_data_for(quarter, tmp_path):
    done = says(quarter.folder, "--size", "300x200", "--out", tmp_path, "--field", "drug")
    made = sorted(path.name for path in tmp_path.iterdir())
    assert done.exit_code == 0, done.stderr
    assert made == ["block-drug-10min.png", "slices-drug-10min.png", "surfaces-drug-10min.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scene", "blok"), "--scene: got blok, did you mean 'block'?"),
        (("--inside", "pair"), "--inside: got pair, must be one of block, slices, surfaces"),
        (("--field", "drag"), "no quantity 'drag', did you mean 'drug'?"),
        (("--cells", "G", "--scene", "surfaces"), "no quantity 'G', "),
        (("--time", "3 h"), "no fields at 3 h, must be one of 10 min, 20 min"),
        (("--time", "3 m"), "--time: got 3 m, "),
        (("--size", "big"), "--size: got big, must be WIDTHxHEIGHT in pixels, such as 1600x1200"),
        (("--limits", "1"), "--limits: got 1, must be two numbers with a comma between, such as 0,20"),
        (("--camera", "90,10"), "camera azimuth: got 90, must be in 0 to 80 degree"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(run, arguments, message):
    done = says(run.folder, *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_a_folder_without_a_run(tmp_path):
    done = says(tmp_path)
    assert done.exit_code == 2
    assert f"{tmp_path}: is no run directory: case.toml cannot be read" in done.stderr
