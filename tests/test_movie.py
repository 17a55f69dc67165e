"""Pairs and animations: one scale and one place for all times, the clock right, files that others can read."""

import re
import subprocess
import sys
import weakref
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from made_run import made_run
from matplotlib.text import Text
from typer.testing import CliRunner

from mnrd.cli.app import app
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.ending import Ending
from mnrd.pictures import frame, movie, pair
from mnrd.pictures.colours import scale_of
from mnrd.pictures.movie import MovieError
from mnrd.pictures.scenes import SCENES, completed
from mnrd.pictures.view import View
from mnrd.results.run import RunError, open_run

CASE = {
    "title": "an even box that fills up",
    "mesh": {"size": ["300 um", "200 um", "250 um"], "cells": [3, 2, 5]},
    "model": {"fields": {"drug": {"unit": "mg/mL", "initial": 0.0}}},
    "run": {"end": "2 d", "backend": "numpy"},
}
MESH = Mesh(np.linspace(0.0, 300.0, 7), np.linspace(0.0, 200.0, 5), np.linspace(0.0, 250.0, 6))
VALUES = {60.0: 0.2, 5400.0: 0.6, 172800.0: 1.0}
CLOCKS = ["after 1 min", "after 1.5 h", "after 2 d"]
SMALL = (321, 241)
INSIDE = {"block": (0, (100.0, -40.0)), "slices": (0, (60.0, -90.0))}


def made(folder, values):
    nothing = np.zeros(MESH.shape)
    times = {
        time: {
            "drug [mg/mL]": np.full(MESH.shape, value),
            "material": nothing.astype(np.uint8),
            "channel fraction": nothing.astype(np.float32),
        }
        for time, value in values.items()
    }
    return open_run(made_run(folder, CASE, MESH, times))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("movie") / "run", VALUES)


@pytest.fixture(scope="module")
def view(run):
    return completed("slices", run, View(size=SMALL), run.times)


@pytest.fixture(scope="module")
def pictures(run, view):
    """All pictures of an animation."""
    return list(movie.frames("slices", run, view))


def clocks(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text().startswith("after")]


def test_limits_are_those_of_all_times(run, view):
    assert view.limits == (0.0, 1.0)


class TestPair:
    @pytest.mark.parametrize("scene", sorted(SCENES.keys() & INSIDE.keys()))
    def test_both_sides_share_scale_and_place(self, run, scene):
        figure = pair.draw(scene, run, View())
        pixels = frame.pixels(figure)[::-1]
        assert clocks(figure) == [CLOCKS[0], CLOCKS[2]]
        number, place = INSIDE[scene]
        scale = scale_of(run, completed(scene, run, View(), (60.0, 172800.0)))
        left, right = figure.axes[number], figure.axes[number + (len(figure.axes) - 1) // 2]
        assert left.get_xlim() == pytest.approx(right.get_xlim(), rel=1e-9)
        assert left.get_ylim() == pytest.approx(right.get_ylim(), rel=1e-9)
        for axes, value in ((left, 0.2), (right, 1.0)):
            column, row = axes.transData.transform(place).astype(int)
            np.testing.assert_allclose(pixels[row, column] / 255.0, scale.rgba(value)[:3], atol=2.0 / 255.0)

    def test_times_can_be_chosen(self, run):
        figure = pair.draw("slices", run, View(before=60.0, time=5400.0, size=SMALL))
        assert clocks(figure) == CLOCKS[:2]

    def test_text_is_whole_and_does_not_overlap(self, run):
        figure = pair.draw("slices", run, View(size=(1200, 800)))
        frame.pixels(figure)
        boxes = [
            text.get_window_extent()
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text() and text.axes is not figure.axes[-1]
        ]
        assert len(boxes) > 15
        assert all(box.x0 >= 0.0 and box.y0 >= 0.0 and box.x1 <= 1200 and box.y1 <= 800 for box in boxes)
        assert not any(box.overlaps(other) for n, box in enumerate(boxes) for other in boxes[n + 1 :])

    def test_scale_bars_are_below_the_slices(self, run):
        figure = pair.draw("slices", run, View())
        for axes in figure.axes[:4]:
            (bar,) = [line for line in axes.lines if line.get_linewidth() == 2.5]
            (picture,) = axes.images
            (height,) = set(bar.get_ydata())
            assert axes.get_ylim()[0] < height < min(picture.get_extent()[2:])

    @pytest.mark.parametrize(("before", "after"), [(5400.0, 60.0), (60.0, 60.0), (172800.0, None)])
    def test_the_first_must_be_earlier(self, run, before, after):
        with pytest.raises(
            RunError, match=r"must go from an earlier time to a later one: there are 1 min, 1.5 h, 2 d$"
        ):
            pair.draw("slices", run, View(before=before, time=after))

    def test_a_time_that_is_not_there(self, run):
        with pytest.raises(RunError, match=r"no fields at 1 h, must be one of 1 min, 1.5 h, 2 d"):
            pair.draw("slices", run, View(before=3600.0))


class TestMovie:
    def test_one_picture_for_each_time(self, pictures):
        assert [picture.shape for picture in pictures] == [(241, 321, 3)] * 3

    def test_clock(self, run, view):
        found = [clocks(pair.draw_times("slices", run, view, (time,))) for time in run.times]
        assert found == [[clock] for clock in CLOCKS]

    def test_only_colours_and_clock_change(self, run, view, pictures):
        figure = pair.draw_times("slices", run, view, (60.0,))
        frame.pixels(figure)
        column, row = figure.axes[0].transData.transform((60.0, -90.0)).astype(int)
        for picture, value in zip(pictures, VALUES.values(), strict=True):
            colour = scale_of(run, view).rgba(value)[:3]
            np.testing.assert_allclose(picture[::-1][row, column] / 255.0, colour, atol=2.0 / 255.0)
        bar = figure.axes[-1].get_tightbbox()
        below = slice(241 - int(bar.y1) - 1, 241)
        for picture in pictures[1:]:
            np.testing.assert_array_equal(picture[below], pictures[0][below])
            changed = np.flatnonzero((picture != pictures[0]).any(axis=(1, 2)))
            assert changed.size > 0

    def test_gif(self, run, view, pictures, tmp_path):
        path = tmp_path / "drug.gif"
        assert movie.write("slices", run, view, path) == 3
        read = imageio.imread(path, index=None)
        assert read.shape == (3, 241, 321, 3)
        difference = abs(read.astype(int) - np.array(pictures))  # 256 colours, the rare ones farthest from theirs
        assert np.quantile(difference, 0.99) <= 8
        assert difference.max() <= 60
        about = imageio.immeta(path)
        assert (about["duration"], about["loop"]) == (movie.HELD, 0)

    def test_mp4(self, run, view, pictures, tmp_path):
        ffmpeg = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
        path = tmp_path / "drug.mp4"
        assert movie.write("slices", run, view, path) == 3
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        done = subprocess.run([ffmpeg, "-i", path, *raw], capture_output=True, check=True)
        assert re.search(r"Video: h264.*, yuv420p\(.*, 320x240,.* 10 fps", done.stderr.decode())
        read = np.frombuffer(done.stdout, np.uint8).reshape(-1, 240, 320, 3)
        assert len(read) == 3 * movie.HELD * movie.RATE // 1000
        each = len(read) // 3
        for number, picture in enumerate(pictures):
            difference = abs(read[each * number + each // 2].astype(int) - picture[:240, :320])
            assert np.median(difference) <= 3
            assert difference.mean() < 4.0

    def test_pictures_are_not_held(self, run, view, tmp_path, monkeypatch):
        made, frames = [], movie.frames

        def watched(*arguments):
            for picture in frames(*arguments):
                made.append(weakref.ref(picture))
                assert sum(one() is not None for one in made) <= 2
                yield picture

        monkeypatch.setattr(movie, "frames", watched)
        movie.write("slices", run, view, tmp_path / "drug.gif")
        assert len(made) == 3

    def test_one_time_is_not_enough(self, tmp_path):
        run = made(tmp_path / "run", {3600.0: 1.0})
        message = (
            r"has fields of 1 h only, needs two times at least; run the case with more: "
            r"--set output\.fields_at=\"\['1 h', '4 h', '24 h'\]\", or --set output\.fields_every='1 h'"
        )
        with pytest.raises(RunError, match=message):
            movie.write("slices", run, View(), tmp_path / "drug.gif")
        with pytest.raises(RunError, match=message):
            pair.draw("slices", run, View())
        assert not (tmp_path / "drug.gif").exists()

    def test_other_endings_are_refused(self, run, tmp_path):
        with pytest.raises(MovieError, match=r"drug\.avi: got the ending '\.avi', must be \.gif or \.mp4"):
            movie.write("slices", run, View(), tmp_path / "drug.avi")

    def test_without_the_package_for_mp4(self, run, view, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
        with pytest.raises(
            MovieError, match=r"an MP4 needs imageio-ffmpeg, a GIF does not: pip install 'mnrd\[movie\]'"
        ):
            movie.write("slices", run, view, tmp_path / "drug.mp4")
        assert list(tmp_path.iterdir()) == []

    def test_ffmpeg_that_could_not_write(self, run, view, tmp_path, monkeypatch):
        ffmpeg = pytest.importorskip("imageio_ffmpeg")

        def cut_off(path, *_, **__):
            try:
                while True:
                    yield
            finally:
                Path(path).write_bytes(b"cut off")  # what is left on a full disk, and ffmpeg's end is told nobody

        monkeypatch.setattr(ffmpeg, "write_frames", cut_off)
        with pytest.raises(OSError, match=r"\[Errno 5\] .*: '.*/drug\.mp4'"):
            movie.write("slices", run, view, tmp_path / "drug.mp4")
        assert list(tmp_path.iterdir()) == []


class TestCommand:
    def says(self, *words):
        return CliRunner().invoke(app, ["render", *map(str, words)])

    def test_pictures_are_as_high_as_their_scenes_need(self, run, tmp_path):
        done = self.says(run.folder, "--scene", "slices", "--scene", "pair", "--out", tmp_path)
        assert done.exit_code == 0
        names = ["slices-drug-2d.png", "pair-drug.png"]
        assert done.output.split() == [str(tmp_path / name) for name in names]
        assert [imageio.imread(tmp_path / name).shape[:2] for name in names] == [(1008, 1600), (896, 1600)]

    def test_a_movie(self, run, tmp_path):
        asked = run.folder, "--scene", "movie", "--inside", "slices", "--size", "300x200", "--out", tmp_path
        assert self.says(*asked).exit_code == 0
        assert imageio.improps(tmp_path / "movie-drug.gif", index=None).shape == (3, 200, 300, 3)
        assert self.says(*asked).exit_code == Ending.OUTPUT_FAILURE

    def test_what_cannot_be_ends_in_one_line(self, run, tmp_path):
        done = self.says(run.folder, "--scene", "pair", "--before", "2 day", "--out", tmp_path)
        assert done.exit_code == Ending.BAD_CASE
        assert done.stderr.count("\n") == 1
