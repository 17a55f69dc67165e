"""`mnrd view`: what is sent to the browser, and the page in a real one."""

import io
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from browser import chromium
from made_run import made_run
from PIL import Image
from trame.app import get_server
from typer.testing import CliRunner

from mnrd.cli import app
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.ending import Ending
from mnrd.pictures.colours import scale_of
from mnrd.pictures.cut import cut_of
from mnrd.pictures.view import View
from mnrd.results.run import open_run
from mnrd.viewer.body import MOST, grid_of
from mnrd.viewer.geometry import COLOUR, pieces
from mnrd.viewer.picture import Choice, Painter

CASE = {
    "title": "an uneven box",
    "mesh": {"size": ["300 um", "200 um", "250 um"], "cells": [3, 2, 5]},
    "model": {"fields": {"drug": {"unit": "mg/mL", "initial": 0.0}}},
    "run": {"end": "1 h", "backend": "numpy"},
}
LAYERS = ("stratum corneum", "viable epidermis", "dermis", "channel")
MESH = Mesh(np.linspace(0.0, 300.0, 16), np.linspace(0.0, 200.0, 11), np.linspace(0.0, 250.0, 11))
X, Y, Z = MESH.xc, MESH.yc[:, None], MESH.zc[:, None, None]
HOLE = (abs(X - 150) < 30) & (abs(Y - 100) < 20) & (Z < 100)
ROW, COLUMN = 5, 7
"""Numbers of the edges through the channel: y = 100 um, x = 140 um."""


def fields(level, hole=HOLE):
    layer = np.broadcast_to(np.searchsorted([50.0, 150.0], Z), MESH.shape)
    return {
        "drug [mg/mL]": level * np.exp(-Z / 100.0) * np.ones(MESH.shape),
        "even": np.full(MESH.shape, 0.6),
        "drug gain [%]": Z - 100.0 + np.zeros(MESH.shape),
        "material": np.where(hole, 3, layer).astype(np.uint8),
        "channel fraction": hole.astype(np.float32),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    times = {0.0: fields(0.5), 1800.0: fields(1.0), 3600.0: fields(4.0)}
    return made_run(tmp_path_factory.mktemp("view") / "run", CASE, MESH, times, materials=LAYERS)


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder)


def body_of(run, quantity="drug"):
    snapshot = run.snapshot()
    return grid_of(cut_of(run, snapshot, View())).body(snapshot, quantity)


def shown(run, axis, number, quantity="drug"):
    scale = scale_of(run, View(quantity=quantity))
    return pieces(body_of(run, quantity).behind(axis, number), axis, scale), scale


@pytest.mark.parametrize(
    ("axis", "number", "bounds", "hole"),
    [("y", 5, (0, 300, 100, 100), 5500), ("x", 7, (140, 140, 0, 200), 3500), ("z", 2, (0, 300, 0, 200), 1600)],
)  # corners of the channel, 60 x 40 x 100 um, are cut off from node to node
def test_the_cut_lies_in_its_plane_and_is_open_where_the_channel_is(run, axis, number, bounds, hole):
    parts, _ = shown(run, axis, number)
    cut, base = parts["cut"], parts["glass"].bounds[4]
    assert cut.bounds[:4] == pytest.approx(bounds, abs=0.01)
    whole = {"y": 300.0, "x": 200.0}.get(axis, 300.0) * (200.0 if axis == "z" else -base)
    assert whole - cut.area == pytest.approx(hole, rel=0.01)
    kept = {"y": (0, 300, 100, 200), "x": (0, 140, 0, 200), "z": (0, 300, 0, 200)}[axis]
    assert parts["glass"].bounds[:4] == pytest.approx(kept, abs=0.01)
    assert parts["glass"].bounds[5] == (-50.0 if axis == "z" else 0.0)


def test_an_even_field_has_one_colour_on_the_cut_and_on_the_walls(run):
    parts, scale = shown(run, "y", ROW, "even")
    expected = np.round(255.0 * scale.rgba(np.float32(0.6))[:3])
    for name in ("cut", "walls"):
        assert np.unique(parts[name].point_data[COLOUR], axis=0) == pytest.approx(expected[None])


def test_colours_of_the_cut_are_those_of_the_values_at_its_points(run):
    parts, scale = shown(run, "y", ROW)
    depth = -parts["cut"].points[:, 2]
    inside = (depth > 20.0) & (depth < 200.0)
    values = np.interp(depth, MESH.zc, 4.0 * np.exp(-MESH.zc / 100.0))
    expected = np.round(255.0 * scale.rgba(values)[:, :3])
    assert np.abs(parts["cut"].point_data[COLOUR] - expected)[inside].max() <= 2.0


def test_layers_are_told_apart_by_tints_with_lines_where_they_meet(run):
    parts, _ = shown(run, "y", ROW)
    centres = parts["glass"].cell_centers().points
    side = np.isclose(centres[:, 0], 300.0)
    tints = {tuple(np.unique(parts["glass"].cell_data[COLOUR][side & layer], axis=0).ravel()) for layer in (
        centres[:, 2] > -50.0, (centres[:, 2] < -50.0) & (centres[:, 2] > -150.0), centres[:, 2] < -150.0)}  # fmt: skip
    assert {len(tint) for tint in tints} == {3}, "each layer has one tint"
    assert len(tints) == 3
    ends = parts["lines"].points[np.isclose(parts["lines"].points[:, 0], 300.3)]
    assert {-50.0, -150.0} <= {round(float(z)) for z in ends[:, 2]}


def test_without_a_channel_there_are_no_walls_and_no_opening(tmp_path):
    made = made_run(tmp_path / "run", CASE, MESH, {0.0: fields(1.0, np.zeros(MESH.shape, bool))}, materials=LAYERS)
    parts, _ = shown(open_run(made), "y", ROW)
    assert parts["walls"].n_points == 0
    assert parts["cut"].area == pytest.approx(300.0 * -parts["cut"].bounds[4])


def test_a_large_mesh_is_thinned_and_the_page_can_say_so(run):
    cut = cut_of(run, run.snapshot(), View())
    fine = np.linspace(0.0, 300.0, 1001)
    grid = grid_of(type(cut)(fine, cut.y, cut.z, np.arange(1001), cut.rows, 500, cut.row, cut.depth))
    assert grid.columns.size <= MOST
    assert grid.columns[[0, -1]].tolist() == [0, 1000]
    assert grid.every == 5
    assert abs(grid.places("x")[grid.first("x")] - fine[500]) <= 1.5
    assert grid_of(cut).every == 1


def test_one_scale_holds_for_all_times_and_its_bar_says_what_goes_beyond(run):
    painter = Painter(run)
    bars = [painter.picture(Choice("drug", time, "y", ROW, False)).words for time in range(3)]
    assert [words["clock"] for words in bars] == ["0 s", "30 min", "1 h"]
    assert bars[0]["bar"] == bars[1]["bar"]
    assert bars[0]["at"] == "y = 100 µm"
    deep = painter.picture(Choice("drug", 0, "z", 1000, False)).words
    assert deep["at"].startswith("depth ")
    assert painter.picture(Choice("drug", 0, "z", deep["last"], False)).words["at"] == deep["at"]


def test_a_gain_has_no_logarithmic_colours(run):
    painter = Painter(run)
    said = {name: painter.picture(Choice(name, 2, "y", ROW, True)).words["can_log"] for name in ("drug", "drug gain")}
    assert said == {"drug": True, "drug gain": False}
    bars = [painter.picture(Choice("drug gain", 2, "y", ROW, log)).words["bar"] for log in (False, True)]
    assert bars[0] == bars[1]


# The page


@pytest.fixture(scope="module")
def process(folder):
    """A viewer of the run in a process of its own, which ends as by Ctrl-C."""
    command = [sys.executable, "-m", "mnrd", "view", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.send_signal(signal.SIGINT)
            _, errors = started.communicate(timeout=60)
        assert (started.returncode, errors) == (0, "")


@pytest.fixture(scope="module")
def address(process):
    printed = process.stdout.readline().strip()
    assert "ssh -L" in process.stdout.readline()
    return printed


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        yield browser


READY = "return document.querySelectorAll('#labels text').length > 5"
CAMERA = "return window.trame.refs.scene.getCamera()"
CHOOSE = """const one = document.querySelector(arguments[0]);
    if (!window.loads) {
        const loaded = window.mnrd.loaded;
        window.loads = 1;
        window.mnrd.loaded = () => { loaded(); window.loads += 1; };
    }
    window.before = window.loads;
    if (one.type === 'checkbox') one.checked = arguments[1]; else one.value = arguments[1];
    one.dispatchEvent(new Event(one.type === 'range' ? 'input' : 'change'))"""
CHOSEN = "const one = document.querySelector(arguments[0]); return one.type === 'checkbox' ? one.checked : one.value"
OUTSIDE = """const box = document.querySelector('.scene').getBoundingClientRect();
    return [...document.querySelectorAll('#labels text')].filter((one) => {
        const at = one.getBoundingClientRect();
        return at.left < box.left - 1 || at.right > box.right + 1 || at.top < box.top - 1 || at.bottom > box.bottom + 1;
    }).map((one) => one.textContent)"""
DRAWN = "return window.loads > window.before && !window.trame.state.get('drawing')"


def choose(page, selector, value):
    """Choose something as people do, and wait until the skin is drawn anew."""
    page.evaluate(CHOOSE, selector, value)
    page.wait(DRAWN)
    return at_rest(page)


def scene(page):
    """What the browser has drawn of the skin, (height, width, 3)."""
    left, top, width, height = page.evaluate(
        "const box = document.querySelector('.scene').getBoundingClientRect();"
        "return [box.left, box.top + scrollY, box.width, box.height].map(Math.round)"
    )
    image = Image.open(io.BytesIO(page.screenshot(whole=True))).convert("RGB")
    return np.asarray(image.crop((left, top, left + width, top + height))).astype(int)


def coloured(picture):
    """Share of the pixels that are neither white nor grey."""
    return float((np.ptp(picture, axis=-1) > 8).mean())


def at_rest(page):
    """What the browser has drawn once it changes no more."""
    previous = None
    for _ in range(40):
        now = scene(page)
        if previous is not None and (now == previous).all():
            return now
        previous = now
    raise AssertionError("the picture does not come to rest")


def changed(one, other):
    """Share of the pixels that differ."""
    return float((np.abs(one - other).max(axis=-1) > 20).mean())


def text_of(page, selector):
    """Words of an element, without the spaces between its parts."""
    return " ".join(page.evaluate("return document.querySelector(arguments[0]).textContent", selector).split())


def complaints(page):
    """Errors and warnings, but not those of Chromium about the speed of its own software renderer."""
    return [message for message in page.console() if "GL Driver Message" not in message]


@pytest.mark.parametrize(("width", "height"), [(1280, 860), (390, 844)])
def test_the_page_shows_the_skin_and_asks_nobody_else(page, address, width, height):
    page.open(address, width=width, height=height)
    page.wait(READY)
    assert coloured(at_rest(page)) > 0.15
    assert text_of(page, "#clock") == "1 h"
    assert page.overflow() == 0
    assert complaints(page) == []
    assert page.requests(but=address.partition("?")[0]) == []
    assert page.evaluate(OUTSIDE) == [], "text is cut"
    assert [text_of(page, "#labels").count(name) for name in ("stratum corneum", "dermis", "channel")] == [1, 2, 0]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_server_loads_no_opengl(address, process):
    libraries = Path(f"/proc/{process.pid}/maps").read_text("utf-8")
    assert "libvtkRenderingCore" in libraries
    assert [name for name in ("libGL.", "libGLX", "libEGL", "libOSMesa", "libX11") if name in libraries] == []


@pytest.fixture
def fresh(page, address):
    """The page, with all as it is at first."""
    if page.evaluate("return innerWidth") != 1000:
        page.open(address, width=1000, height=800)
        page.wait(READY)
    first = {"#quantity": "drug", "#axis": "y", "#walls": True, "#opacity": 0.4, "#time": 2, "#place": ROW}
    for selector, value in first.items():
        if str(page.evaluate(CHOSEN, selector)) != str(value):
            choose(page, selector, value)
    page.evaluate("window.mnrd.reset()")
    at_rest(page)
    return page


def test_the_slider_of_the_time_changes_picture_and_clock_but_not_the_camera(fresh):
    before, camera = scene(fresh), fresh.evaluate(CAMERA)
    after = choose(fresh, "#time", 0)
    assert (text_of(fresh, "#clock"), text_of(fresh, "h1 span")) == ("0 s", "after 0 s")
    assert changed(before, after) > 0.05
    assert fresh.evaluate(CAMERA) == camera
    fresh.click(".time button:last-of-type")
    fresh.wait("return document.querySelector('#clock').textContent === '30 min'")


def test_an_even_field_has_the_colour_of_its_bar(fresh, run):
    picture = choose(fresh, "#quantity", "even")
    assert text_of(fresh, "h1") == "even after 1 h"
    wanted = np.round(255.0 * scale_of(run, View(quantity="even")).rgba(np.float32(0.6))[:3])
    assert (np.abs(picture - wanted).max(axis=-1) <= 1).mean() > 0.1
    bar = fresh.evaluate("return document.querySelector('.bar').src").partition("base64,")[2]
    assert b"even" in b64decode(bar)


def test_the_plane_moves_and_turns(fresh):
    pictures = [scene(fresh)]
    for selector, value, said in (
        ("#place", 1, "y = 20 µm"),
        ("#axis", "z", "depth 25 µm"),
        ("#axis", "x", "x = 140 µm"),
    ):
        pictures.append(choose(fresh, selector, value))
        assert text_of(fresh, "#at") == said
        assert changed(*pictures[-2:]) > 0.02


def test_channels_and_layers_can_be_hidden(fresh):
    with_walls = scene(fresh)
    assert 0.001 < changed(with_walls, choose(fresh, "#walls", False)) < 0.2
    assert changed(with_walls, choose(fresh, "#walls", True)) == 0.0
    assert coloured(choose(fresh, "#opacity", 0)) < 0.8 * coloured(with_walls)


def test_the_camera_turns_and_comes_back(fresh):
    begun = scene(fresh)
    fresh.evaluate("window.trame.refs.scene.setCamera({position: [900, 700, 800]})")
    assert changed(begun, at_rest(fresh)) > 0.1
    fresh.click("#reset")
    assert changed(begun, at_rest(fresh)) == 0.0


def test_a_field_file_that_is_gone_is_told_on_the_page_which_goes_on(fresh, folder):
    file = folder / "fields/0000.vtr"
    choose(fresh, "#time", 1)
    moved = file.rename(folder / "elsewhere.vtr")
    fresh.evaluate(CHOOSE, "#time", 0)
    said = fresh.wait("const one = document.querySelector('[role=alert]'); return one && one.textContent")
    moved.rename(file)
    assert "0000.vtr: is not there" in said
    choose(fresh, "#time", 1)
    fresh.wait("return document.querySelector('[role=alert]') === null")


@pytest.mark.parametrize("key", ["", "?secret=wslink-secret"])
def test_nobody_without_the_key_sees_anything(page, address, key):
    asked = address.partition("?")[0] + key
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(asked)
    assert "take the whole address that mnrd view printed" in refused.value.read().decode()
    page.open(asked, width=600, height=500)
    assert "lacks its key" in page.evaluate("return document.body.textContent")


def test_open_opens_a_thinned_mesh_and_sigterm_ends_well(folder, monkeypatch):
    opened = []

    def come_and_go(address):
        opened.append(address)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("webbrowser.open", come_and_go)
    monkeypatch.setattr("mnrd.viewer.body.MOST", 8)
    done = CliRunner().invoke(app, ["view", str(folder), "--open"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert opened == [done.stdout.splitlines()[0]]
    said = get_server("mnrd").state.note
    assert said == "The mesh is finer than this: one node of 3 is shown along its finest axis."
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(opened[0])


def test_a_port_that_is_taken_is_said_at_once(folder):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(app, ["view", str(folder), "--port", str(port)])
    assert done.exit_code == Ending.BAD_CASE
    assert (
        done.stderr == f"--port: got {port}, cannot be used (Address already in use); name another one, or 0 for any\n"
    )


def test_a_missing_package_is_named_with_what_installs_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "trame.app", None)
    done = CliRunner().invoke(app, ["view", str(folder)])
    assert done.exit_code == Ending.BAD_CASE
    assert done.stderr.strip().endswith("pip install 'mnrd[view]'")


def test_a_folder_without_a_run_is_said(tmp_path):
    done = CliRunner().invoke(app, ["view", str(tmp_path)])
    assert done.exit_code == Ending.BAD_CASE
    assert "is no run directory" in done.stderr
