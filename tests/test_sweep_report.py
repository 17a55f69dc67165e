"""The report of a sweep: what it says is what the cells say, and it reacts in a browser."""

import csv
import json
import re
import sys

import numpy as np
import pytest
from browser import chromium
from pages import Page
from scipy.stats import spearmanr

from mnrd.output.one_unit import printed
from mnrd.report.dimensions import Dimension, dimensions, effects, rank_correlation
from mnrd.report.sweep import write_sweep_report
from mnrd.sweep.axes import Column
from mnrd.sweep.collect import collect, write
from mnrd.sweep.folder import Failure, prepare
from mnrd.sweep.plan import Plan

BOX = {
    "title": "A box",
    "mesh": {"size": ["1 mm", "1 mm", "1 mm"], "cells": [2, 2, 2]},
    "model": {"fields": {"u": {"diffusivity": "1 um^2/s"}}},
    "run": {"end": "1 h"},
}
GRID = (
    Column(("run.end",), (("1 h",), ("2 h",), ("4 h",))),
    Column(("run.rtol",), ((1e-3,), (1e-2,))),
    Column(("mesh.size", "mesh.cells"), ((["1 mm"] * 3, [2, 2, 2]), (["2 mm"] * 3, [4, 4, 4]))),
)


def amount(end, fine, large):
    """What a cell of the grid answers: twice as much of one axis as of the next."""
    return 8.0 * end + 4.0 * fine + 2.0 * large


def swept(path, columns=GRID, failed=(), missing=(), show=("amount",), title="Boxes & <grids>"):
    """A sweep folder whose cells have answered."""
    folder = prepare(Plan(BOX, {"run.rtol": 0.1} if columns is not GRID else {}, columns, title, show), path)
    for cell in folder.plan.cells:
        if cell.number in missing:
            continue
        if cell.number in failed:
            folder.remember(cell, Failure(3, "not enough memory: <a lot>"))
            continue
        end, rest = divmod(cell.number, 4)
        answer = {"amount [ug/cm^2]": amount(end, *divmod(rest, 2)), "late [h]": 10.0 - end, "same": 1.0}
        summary = {"exit code": 0, "cells": 8, "steps": 5, "rejected": 0, "answer": {"u": answer}}
        folder.run(cell).mkdir()
        (folder.run(cell) / "summary.json").write_text(
            json.dumps(summary | {"balance": {"u": {"relative_error": 1e-15}}})
        )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return swept(tmp_path_factory.mktemp("sweep") / "grid", failed=(5,), missing=(11,))


@pytest.fixture(scope="module")
def page(folder):
    return write_sweep_report(folder.path)


@pytest.fixture(scope="module")
def contents(page):
    return Page(page.read_text("utf-8"))


class TestDimensions:
    def found(self, tmp_path, *columns):
        folder = swept(tmp_path / "sweep", columns)
        return dimensions(folder.plan, collect(folder))

    def test_an_axis_of_numbers(self, tmp_path):
        (end,) = self.found(tmp_path, Column(("run.end",), (("4 h",), ("60 min",), ("2 h",))))
        assert (end.label, end.values, end.levels) == ("run.end [h]", (4.0, 1.0, 2.0), (1.0, 2.0, 4.0))
        assert end.logarithmic  # steps are factors

    def test_samples_are_axes_of_their_own(self, tmp_path):
        rows = (("1 h", 0.1), ("3 h", 0.3), ("2 h", 0.2), ("4 h", 0.05))
        found = self.found(tmp_path, Column(("run.end", "run.first_step"), tuple((a, f"{b} s") for a, b in rows)))
        assert [one.label for one in found] == ["run.end [h]", "run.first_step [s]"]

    def test_keys_that_say_each_other_are_one(self, tmp_path):
        rows = (("1 h", "0.3 s"), ("3 h", "0.2 s"), ("5 h", "0.1 s"))
        (one,) = self.found(tmp_path, Column(("run.end", "run.first_step"), rows))
        assert (one.label, one.values) == ("run.end [h], with run.first_step", (1.0, 3.0, 5.0))

    def test_text_that_changes_together_is_one(self, tmp_path):
        (one,) = self.found(tmp_path, GRID[2])
        assert not one.numeric
        assert one.values == ('["1 mm", "1 mm", "1 mm"], [2, 2, 2]', '["2 mm", "2 mm", "2 mm"], [4, 4, 4]')

    @pytest.mark.parametrize(
        ("levels", "logarithmic"),
        [((1.0, 2.0, 3.0), False), ((1.0, 5.0, 10.0), True), ((0.0, 10.0, 100.0), False), ((2.0,), False)],
    )
    def test_a_power_of_ten_is_logarithmic(self, levels, logarithmic):
        assert Dimension("a", "", levels).logarithmic is logarithmic


class TestEffects:
    def test_means_over_the_others(self, folder):
        table = collect(folder)
        found = dimensions(folder.plan, table)
        answer = [row.get("amount [ug/cm^2]") for row in table.rows]
        by_name = {one.dimension.name: one for one in effects(found, answer)}
        for axis in found:
            for level in axis.levels:
                there = [a for a, v in zip(answer, axis.values, strict=True) if v == level and a is not None]
                assert np.mean(there) in [mean for _, mean in by_name[axis.name].groups]
        assert next(iter(by_name)) == "run.end"  # the largest is the first
        assert by_name["run.end"].lowest[0] == "1"
        assert by_name["run.end"].highest[0] == "4"
        assert by_name["mesh.size"].correlation is None

    def test_many_values_are_looked_at_by_thirds(self):
        axis = Dimension("a", "", tuple(float(9 - number) for number in range(9)))
        (one,) = effects([axis], [value**2 for value in axis.values])
        assert one.groups == (
            ("low", pytest.approx((1 + 4 + 9) / 3)),
            ("middle", pytest.approx((16 + 25 + 36) / 3)),
            ("high", pytest.approx((49 + 64 + 81) / 3)),
        )
        assert one.correlation == pytest.approx(1.0)

    def test_the_rank_correlation_is_that_of_scipy_with_ties(self):
        generator = np.random.default_rng(3)
        for _ in range(20):
            one, other = generator.integers(0, 6, size=(2, 15)).astype(float)
            assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)
        assert rank_correlation(np.ones(3), np.arange(3.0)) is None

    def test_one_value_has_no_effect(self):
        assert effects([Dimension("a", "", (1.0, 1.0))], [1.0, 2.0]) == []


class TestPage:
    def test_its_numbers_are_those_of_the_table(self, folder, contents):
        tuple(write(collect(folder), folder.path))
        rows = list(csv.DictReader((folder.path / "table.csv").read_text("utf-8").splitlines()))
        data = contents.blocks["sweep-data"]
        assert [cell["state"] for cell in data["cells"]] == [row["state"] for row in rows]
        for answer, header in zip(data["answers"], ("amount [ug/cm^2]", "late [h]"), strict=True):
            assert answer["label"] == printed(header)
            assert answer["values"] == [float(row[header]) if row[header] else None for row in rows]
        assert data["axes"][0]["values"] == [float(row["run.end [h]"]) for row in rows]
        assert data["shown"] == 1

    def test_the_ranking_begins_with_the_best(self, contents):
        values = [float(row[1]) for row in contents.table("", "amount [µg/cm²]")]
        assert values == sorted(values, reverse=True)
        assert values[0] == amount(2, 1, 0)  # cell 11 has no answer
        assert len(values) == 10

    def test_failed_cells_are_listed_with_their_reason(self, contents, page):
        (row,) = contents.table("cell", "name", "code", "reason")
        assert row[0] == "5"
        assert row[2:] == ["3", "not enough memory: <a lot>"]
        assert "<a lot>" not in page.read_text("utf-8")

    def test_every_cell_is_in_the_table(self, contents):
        rows = contents.table("cell", "run.end [h]", "run.rtol", "mesh.size", "mesh.cells", "state", "amount [µg/cm²]")
        assert [row[5] for row in rows] == ["done"] * 5 + ["failed"] + ["done"] * 5 + ["not started"]
        assert [row[6] for row in rows][4:6] == ["8", ""]

    def test_what_was_varied(self, contents):
        assert contents.table("axis", "count", "values")[0] == ["run.end [h]", "3", "1, 2, 4"]
        assert contents.headings[0] == "Ranking"

    def test_there_is_a_picture_where_no_script_runs(self, page, contents):
        (picture,) = contents.pictures
        assert re.search(r"<noscript><figure><img", page.read_text("utf-8"))
        assert picture["alt"] == "amount [µg/cm²] of the cells and how it follows the axes"

    def test_a_sweep_in_which_nothing_is_done(self, tmp_path):
        written = write_sweep_report(swept(tmp_path / "out", missing=range(12)).path, tmp_path / "page.html")
        found = Page(written.read_text("utf-8"))
        assert found.headings == ["What was varied", "Cells", "Plan"]
        assert "sweep-data" not in found.blocks
        assert not (tmp_path / "out" / "report.html").exists()

    def test_no_extra_is_needed(self, folder, tmp_path, monkeypatch):
        for package in ("scipy", "pyarrow", "dask"):
            monkeypatch.setitem(sys.modules, package, None)
        assert write_sweep_report(folder.path, tmp_path / "page.html").is_file()


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


DRAWN = "return ['effects', 'curves', 'parallel'].every((one) => document.querySelector(`#sweep-${one} .main-svg`))"
CHOOSE = (
    "const list = document.getElementById(arguments[0]); list.value = arguments[1];"
    "list.dispatchEvent(new Event('change'))"
)
RANKED = (
    "return [...document.querySelectorAll('#sweep-ranking tbody tr')].map((row) => Number(row.cells[1].textContent))"
)


def said(browser):
    """Console without what the software driver of WebGL says about its own speed."""
    return [line for line in browser.console() if "GL Driver Message" not in line]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(browser, page, contents, width):
    browser.open(page, width=width)
    browser.wait(DRAWN)
    assert browser.overflow() <= 0
    labels = "return [...document.querySelectorAll('#sweep-choices label')].map((one) => one.textContent.split(' ')[0])"
    assert browser.evaluate(labels) == ["along", "and", "at"]

    data = contents.blocks["sweep-data"]
    curves = browser.evaluate("return document.getElementById('sweep-curves').data.map((one) => [one.x, one.y])")
    values = dict(zip([c["cell"] for c in data["cells"]], data["answers"][0]["values"], strict=True))
    assert curves == [[[1, 2, 4], [values[0], values[4], values[8]]], [[1, 2, 4], [values[2], values[6], values[10]]]]
    assert browser.evaluate("return document.getElementById('sweep-map').data[0].z") == [list(y) for _, y in curves]

    browser.evaluate(CHOOSE, "sweep-at-2", "1")
    curves = browser.evaluate("return document.getElementById('sweep-curves').data.map((one) => [...one.y])")
    assert curves == [[values[1], values[9]], [values[3], values[7]]]  # cell 5 failed, 11 is missing
    crosses = browser.evaluate("const one = document.getElementById('sweep-map').data[2]; return [one.x, one.y]")
    assert crosses == [[2, 4], [0.001, 0.01]]

    browser.evaluate(CHOOSE, "sweep-y", "-1")
    assert browser.evaluate("return document.getElementById('sweep-map').hidden")

    assert browser.evaluate(RANKED)[0] == amount(2, 1, 0)
    browser.click("#sweep-order")
    assert browser.evaluate(RANKED)[0] == 0.0
    browser.evaluate(CHOOSE, "sweep-answer", "1")
    assert browser.evaluate(RANKED)[0] == 8.0
    last = "const found = document.getElementById('sweep-parallel').data[0].dimensions; return found.at(-1)"
    assert browser.evaluate(last)["label"] == "late [h]"
    assert said(browser) == []
    assert browser.requests() == []


def test_the_cells_can_be_sorted(browser, page):
    browser.open(page)
    column = (
        "const table = [...document.querySelectorAll('table.sortable')].at(-1);"
        "return [...table.tBodies[0].rows].map((row) => row.cells[6].textContent)"
    )
    browser.evaluate("document.querySelectorAll('table.sortable th button')[6].click()")
    shown = browser.evaluate(column)
    assert shown[-2:] == ["", ""]
    assert [float(text) for text in shown[:-2]] == sorted(float(text) for text in shown[:-2])
