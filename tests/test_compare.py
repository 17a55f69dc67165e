"""Runs side by side: answers, cases, courses and fields of the page are those of the runs; what cannot be compared."""

import csv
import io
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from browser import chromium
from matplotlib.image import imread
from pages import Page, array
from typer.testing import CliRunner

from mnrd.cli import app
from mnrd.mesh.rectilinear import Mesh
from mnrd.pictures import frame
from mnrd.report.compare import comparison_page
from mnrd.report.comparison import Answer, compared
from mnrd.report.difference import Field, Pair, hindrance, pair_of, pairs
from mnrd.report.difference_picture import difference_picture
from mnrd.report.page import document
from mnrd.report.plot import COLOURS
from mnrd.results.quantity import Quantity
from mnrd.results.run import open_run
from mnrd.results.snapshot import RunError

CASE = "intact-testosterone"  # one column of cells: as cheap as a run with layers and an active can be
SETTINGS = ["run.end='2 h'", "run.every='20 min'", "output.fields_at=['1 h', '2 h']"]
COARSER = ["skin.layers[0].cells=60", "skin.layers[2].largest='25 um'", "actives[0].deposit.amount='1.06 ug/cm^2'"]
ALSO = '[[actives]]\nname = "caffeine"\ndeposit = { amount = "1 ug/cm^2", depth = "1 um" }\n\n'


def done(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def made(folder, case, settings):
    """A run in a folder."""
    found = done("run", case, "--out", folder, "--quiet", "--no-report", *(f"--set={one}" for one in settings))
    assert found.exit_code == 0, found.output
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    return made(tmp_path_factory.mktemp("runs") / "usual", CASE, SETTINGS)


@pytest.fixture(scope="module")
def other(one):
    return made(one.parent / "coarser", CASE, [*SETTINGS, *COARSER])


@pytest.fixture(scope="module")
def page(one, other):
    path = one.parent / "page.html"
    found = done("compare", one, other, "--out", path, "--time", "2 h")
    assert found.exit_code == 0, found.output
    assert found.output == f"{path}\n"
    return path


@pytest.fixture(scope="module")
def contents(page):
    return Page(page.read_text("utf-8"))


@pytest.fixture
def copied(one, tmp_path):
    """A copy of a run that may be changed."""
    return shutil.copytree(one, tmp_path / "copy")


def series(folder):
    return list(csv.DictReader((folder / "series.csv").read_text("utf-8").splitlines()))


class TestPage:
    def test_answers_are_those_of_the_summaries_with_their_ratio(self, one, other, contents):
        answers = [
            json.loads((run / "summary.json").read_text("utf-8"))["answer"]["testosterone"] for run in (one, other)
        ]
        rows = {row[0]: row[1:] for row in contents.table("", "unit", "usual", "coarser", "coarser / usual")}
        first, second = (answer["delivered [ug/cm^2]"] for answer in answers)
        assert rows["delivered"] == ["µg/cm²", f"{first:.4g}", f"{second:.4g}", f"{second / first:.4g}"]
        assert list(rows)[:2] == ["delivered", "delivered share"]  # what people ask for first

    def test_what_differs_in_the_cases(self, contents):
        assert contents.table("key", "usual", "coarser") == [
            ["skin.layers[0].cells", "80", "60"],
            ["skin.layers[2].largest", "10 um", "25 um"],
            ["actives[0].deposit.amount", "0.53 ug/cm^2", "1.06 ug/cm^2"],
        ]

    def test_courses_are_those_of_series(self, one, other, contents):
        for trace, folder in zip(contents.figures["Amounts: in the skin"]["data"], (one, other), strict=True):
            content = [float(row["testosterone cells [ug/cm^2]"]) for row in series(folder)]
            np.testing.assert_allclose(array(trace["y"]), content, rtol=1e-6)
        lines = [[(line["name"], line["line"]["color"]) for line in plot["data"]] for plot in contents.figures.values()]
        assert len(lines) > 5
        assert all(found == [("usual", COLOURS[0]), ("coarser", COLOURS[1])] for found in lines)

    @pytest.mark.parametrize(("title", "also", "shown"), [("E: 5 %", "", ""), ("testosterone", ALSO, "Testosterone: ")])
    def test_what_is_common_with_one_active_and_with_two(self, one, copied, title, also, shown):
        case = copied / "case.toml"
        text = case.read_text("utf-8").replace('title = "testosterone"', f'title = "{title}"')
        case.write_text(text.replace("[[actives]]", f"{also}[[actives]]"), "utf-8")
        plots = Page(document(comparison_page(compared([one, copied])))).figures
        assert f"{shown}amounts: in the skin".lower() in map(str.lower, plots)

    def test_pictures_of_the_difference(self, contents):
        (picture,) = contents.pictures
        assert picture["alt"] == "testosterone after 2 h: coarser minus usual"

    def test_it_says_that_meshes_differ(self, page, one, copied, tmp_path):
        assert "The meshes differ" in page.read_text("utf-8")
        done("compare", one, copied, "--out", tmp_path / "same.html", "--time", "2 h")
        text = (tmp_path / "same.html").read_text("utf-8")
        assert "The meshes differ" not in text
        assert "Nothing: every key has the same meaning in all cases." in text
        assert "largest difference 0 mg/mL" in text

    def test_runs_without_fields_are_compared_all_the_same(self, one, copied, tmp_path):
        (copied / "fields.pvd").unlink()
        assert done("compare", one, copied, "--out", tmp_path / "page.html").exit_code == 0
        found = Page((tmp_path / "page.html").read_text("utf-8"))
        assert found.pictures == []
        assert "There are no pictures of usual and copy: one of them holds no fields" in found.text

    def test_a_run_that_has_not_ended_has_no_answers(self, one, copied, tmp_path):
        (copied / "summary.json").unlink()
        assert done("compare", one, copied, "--out", tmp_path / "page.html", "--time", "1 h").exit_code == 0
        found = Page((tmp_path / "page.html").read_text("utf-8"))
        assert {tuple(row[3:]) for row in found.table("", "unit", "usual", "copy", "copy / usual")} == {("", "")}
        assert found.table("folder", "case", "title", "until")[1][3] == "not ended"

    def test_it_is_never_overwritten_unless_asked(self, page, one, other):
        before = page.stat().st_mtime_ns
        refused = done("compare", one, other, "--out", page)
        assert refused.exit_code == 5
        assert refused.stderr == f"{page}: is there already; name another file, or say --overwrite\n"
        assert page.stat().st_mtime_ns == before
        assert done("compare", one, other, "--out", page, "--overwrite", "--time", "2 h").exit_code == 0
        assert page.stat().st_mtime_ns > before
        assert done("compare", one, other, "--out", "page.pdf").exit_code == 2


def test_the_page_in_a_browser(page):
    with chromium() as browser:
        for width in (1280, 390):
            browser.open(page, width=width)
            browser.wait("return document.querySelector('figure.plot .main-svg')")
            assert browser.overflow() <= 0
            assert browser.evaluate("return [...document.images].every((one) => one.naturalWidth > 500)")
            assert browser.console() == []
            assert browser.requests() == []


class TestRefused:
    def said(self, *folders):
        with pytest.raises(RunError) as error:
            compared(folders)
        return str(error.value)

    def test_one_run(self, one):
        assert self.said(one) == "compare: got 1 run, must be at least 2; name the folders of the runs"

    def test_the_same_twice(self, one):
        assert self.said(one, one.parent / "." / "usual") == f"compare: got {one} twice, must be different runs"

    def test_no_run(self, one, tmp_path):
        assert self.said(one, tmp_path).startswith(f"{tmp_path}: is no run directory: case.toml cannot be read")

    def test_nothing_in_common(self, one, copied):
        case = (copied / "case.toml").read_text("utf-8")
        (copied / "case.toml").write_text(case.replace('name = "testosterone"', 'name = "caffeine"'), "utf-8")
        text = (copied / "series.csv").read_text("utf-8")
        (copied / "series.csv").write_text(text.replace("testosterone", "caffeine"), "utf-8")
        assert compared([one, copied]).names == ("usual", "copy")  # one active each: their answers can be compared
        text = (one / "case.toml").read_text("utf-8")
        bare = text[: text.index("[[actives]]")] + '[model.fields.u]\ndiffusivity = "1 um^2/s"\n\n[run]\nend = "2 h"\n'
        (copied / "case.toml").write_text(bare, "utf-8")
        assert self.said(one, copied) == "compare: usual and copy have no quantity in common, must have at least one"

    def test_another_unit(self, one, copied):
        text = (copied / "series.csv").read_text("utf-8")
        (copied / "series.csv").write_text(text.replace("flux top [ug/cm^2/h]", "flux top [ng/cm^2/h]"), "utf-8")
        assert self.said(one, copied) == (
            "compare: testosterone flux top is in [ug/cm^2/h] in usual and [ng/cm^2/h] in copy, must be in one unit: "
            "change model.fields in a case"
        )

    def test_a_time_and_a_quantity_that_are_not_there(self, one, other, tmp_path):
        refused = done("compare", one, other, "--out", tmp_path / "page.html", "--time", "3 h")
        assert (refused.exit_code, refused.stderr) == (2, f"{one}: no fields at 3 h, must be one of 1 h, 2 h\n")
        refused = done("compare", one, other, "--out", tmp_path / "page.html", "--field", "testosteron")
        assert refused.exit_code == 2
        assert refused.stderr.startswith(f"{one}: no quantity 'testosteron', ")
        refused = done("compare", one, other, "--time", "late")
        assert refused.stderr.startswith("--time: got late, ")
        assert not (tmp_path / "page.html").exists()


class TestAnswer:
    def test_no_ratio_to_nothing(self):
        assert Answer("a", "", (0.0, 1.0)).ratios == (None,)
        assert Answer("a", "", (None, 1.0)).ratios == (None,)
        assert Answer("a", "", (2.0, None, 3.0)).ratios == (None, 1.5)

    def test_names_are_as_short_as_tells_them_apart(self, one, copied):
        twin = shutil.copytree(one, copied.parent / "deeper" / "usual")
        assert compared([one, twin]).names == (str(one), str(twin))


class TestDifference:
    def test_it_is_that_of_the_fields_and_keeps_what_is_there(self, one, other):
        first, second = open_run(one), open_run(other)
        pair = pair_of(first, second, "testosterone", 7200.0)
        assert not pair.same_mesh
        np.testing.assert_array_equal(pair.more.given, pair.second.given - pair.first.given)
        for run, field in ((first, pair.first), (second, pair.second)):
            snapshot = run.snapshot(7200.0)
            there = float((snapshot.values("testosterone").astype(float) * snapshot.mesh.volume).sum())
            assert float((field.given * field.mesh.volume).sum()) == pytest.approx(there, rel=1e-12)

    def test_times_are_common_ones_and_the_last_is_among_them(self, one, other):
        found = compared([one, other])
        assert found.times == (3600.0, 7200.0)
        assert found.quantities == ("testosterone", "testosterone activity")
        assert [pair.time for pair in pairs(found)][-1] == 7200.0
        assert hindrance(found) == ""

    def test_meshes_that_do_not_lie_alike(self, one, other):
        found = compared([one, other])
        first = found.runs[0]
        known = {"times": first.times, "quantities": first.quantities, "case": first.case}
        lies = SimpleNamespace(**known, mirrored=not first.mirrored)
        assert hindrance(replace(found, runs=(first, lies))).startswith("one mesh is a quarter of a cell")
        wet = SimpleNamespace(**known | {"case": SimpleNamespace(surface=50.0)}, mirrored=first.mirrored)
        assert hindrance(replace(found, runs=(first, wet))).startswith("the vehicle is meshed in one of them alone")
        mesh = first.snapshot().mesh
        away = SimpleNamespace(mesh=replace(mesh, x=mesh.x + 1e6))
        aside = SimpleNamespace(**known, mirrored=first.mirrored, snapshot=lambda time: away)
        assert hindrance(replace(found, runs=(first, aside))).startswith("meshes: have nothing in common along x")


class TestPicture:
    MESH = Mesh(np.linspace(0.0, 40.0, 21), np.linspace(0.0, 40.0, 5), np.linspace(0.0, 20.0, 11))

    def picture(self, first, second, layers=("skin", "skin")):
        """The picture of fields that vary along x alone."""

        def field(values, layer=layers[1]):
            full = np.broadcast_to(values, self.MESH.shape).astype(float)
            return Field(self.MESH, (layer,), np.zeros(full.shape, np.uint8), np.zeros(full.shape, np.float32), full)

        quantity = Quantity("u", "mg/mL", "stuff", "u [mg/mL]")
        anywhere = SimpleNamespace(mirrored=False, case=SimpleNamespace(surface=0.0))
        fields = field(first, layers[0]), field(second), field(np.subtract(second, first))
        png = difference_picture(Pair(quantity, 3600.0, *fields, True), anywhere, ("A", "B"))
        return imread(io.BytesIO(png))[..., :3]

    def panel(self, image, number):
        """Colours in the left and in the right part of a panel, away from its rim."""
        dark = (image < 0.3).all(axis=2)
        rows = np.flatnonzero(dark.sum(axis=1) > 0.5 * image.shape[1])  # upper and lower rims
        rims = rows[np.append(True, np.diff(rows) > 5)]
        top, base = rims[2 * number], rims[2 * number + 1]
        middle = slice(top + (base - top) // 3, top + 2 * (base - top) // 3)
        rim = np.flatnonzero(dark[middle].all(axis=0))
        left, wide = rim[0], rim[-1] - rim[0]
        parts = (slice(left + int(a * wide), left + int((a + 0.2) * wide)) for a in (0.1, 0.7))
        return [np.median(image[middle, part], axis=(0, 1)) for part in parts]

    def test_more_is_red_and_less_is_blue(self):
        sign = np.where(self.MESH.xc < 20.0, -1.0, 1.0)
        left, right = self.panel(self.picture(np.full(20, 2.0), 2.0 + sign), 2)
        assert left[2] > left[0] + 0.2
        assert right[0] > right[2] + 0.2

    def test_both_runs_share_a_scale(self):
        image = self.picture(np.full(20, 1.0), np.where(self.MESH.xc < 20.0, 1.0, 4.0))
        one, other = self.panel(image, 0), self.panel(image, 1)
        np.testing.assert_allclose(one[0], other[0], atol=0.02)
        assert np.abs(one[1] - other[1]).max() > 0.3

    def test_every_panel_has_the_layers_of_its_own_run(self, monkeypatch):
        written = []
        monkeypatch.setattr(frame, "names_beside", lambda axes, right, heights, names, point: written.append(names))
        self.picture(np.full(20, 1.0), np.full(20, 2.0), layers=("palm", "forearm"))
        assert written == [["palm"], ["forearm"], ["forearm"]]

    def test_no_difference_is_pale(self):
        values = np.where(self.MESH.xc < 38.0, 0.1, 1.0)
        for colour in self.panel(self.picture(values, values), 2):
            assert colour.min() > 0.9
