"""report.html: what the page says is what the run wrote."""

import json
import shutil

import numpy as np
import plotly.graph_objects
import pytest
import pyvista
import tomli_w
from pages import Page, array
from typer.testing import CliRunner

from mnrd.case import from_document, load
from mnrd.case.document import bundled, parse
from mnrd.cli import running
from mnrd.cli.app import app
from mnrd.cli.control import Stopped
from mnrd.cli.resuming import Beginning
from mnrd.cli.session import run_case
from mnrd.output.labels import round_ticks, time_ticks, typeset
from mnrd.report import fields, heat, of_run, pictures
from mnrd.report.block import block_of, surface_around
from mnrd.report.colour import span
from mnrd.report.courses import plots_of_actives
from mnrd.report.device import device_of, outline
from mnrd.report.page import Page as Written
from mnrd.report.page import document
from mnrd.report.parts import Html, figure, number, packed, paragraph, table
from mnrd.report.plot import Line, Plot, as_plotly
from mnrd.report.schematic import SIDE, from_the_side
from mnrd.report.static import _spans
from mnrd.report.subject import _schedule, subject
from mnrd.results.run import open_run
from mnrd.simulation import NumericalFailure

SETTINGS = {
    "mesh.smallest": "40 um", "mesh.largest": "150 um",
    "skin.layers[0].smallest": "5 um", "skin.layers[0].largest": "5 um",
    "skin.layers[1].smallest": "5 um", "skin.layers[1].largest": "40 um", "skin.layers[1].growth": 3.0,
    "skin.layers[2].smallest": "40 um", "skin.layers[2].largest": "60 um",
    "skin.layers[3].smallest": "60 um", "skin.layers[3].largest": "400 um", "skin.layers[3].growth": 2.0,
    "run.end": "4 h", "run.every": "1 h", "run.at": ["30 min"], "run.rtol": 0.2, "run.first_step": "60 s",
    "run.backend": "numpy", "output.compare": "intact",
    "output.fields_at": ["30 min", "1 h", "4 h"], "output.picture_at": "1 h",
}  # fmt: skip
BOX = {
    "title": "a <b>box</b> & more",
    "mesh": {"size": ["30 um", "20 um", "10 um"], "cells": [3, 2, 5]},
    "model": {"fields": {"u": {"unit": "mg/mL", "meaning": "u </script>", "diffusivity": "1 um^2/s", "initial": 2.0}}},
    "run": {"end": "20 s", "every": "5 s", "backend": "numpy"},
    "output": {"fields_at": ["0 s", "10 s"]},
}
ORDER = [
    "Answer", "What was run", "Courses", "Depth profiles", "Pictures", "Scene in 3-D", "Numerics", "Provenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with an active and healing."""
    place = tmp_path_factory.mktemp("report") / "run"
    run_case(load("needling-vitamin-c", SETTINGS), place)
    return place


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder)


@pytest.fixture(scope="module")
def page(folder):
    text = of_run.write_report(folder).read_text("utf-8")
    assert len(text) < 15e6
    return Page(text)


def document_of(place):
    """The report of a run as a text."""
    return document(of_run.page(open_run(place)))


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "box"
    run_case(from_document(BOX, "box"), place)
    return place


def test_sections_in_order(page):
    assert page.headings == ORDER


def test_nothing_is_fetched(page):
    assert {address.partition(":")[0] for address in page.addresses if not address.startswith("#")} == {"data"}


def test_the_answer_is_that_of_the_summary(page, run):
    answer = run.summary["answer"]["ascorbic_acid"]
    for name, label in (("delivered", "delivered [ug/cm^2]"), ("in channel", "in channel [ug/cm^2]")):
        assert page.row(name)[1][1] == answer[label]
    assert page.row("delivered")[2][0] == "µg/cm²"
    assert page.row("delivered")[3][0] == "through the base and cleared to blood"
    healing = run.summary["healing"]["answer"]
    assert page.row("scar index")[1][1] == healing["scar index"]


def test_targets_have_a_word_and_a_sign(folder, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(folder, place)
    summary = json.loads((place / "summary.json").read_text("utf-8"))
    common = {"unit": "h", "low": 12.0, "high": 36.0, "source": "L: a paper"}
    summary["healing"] |= {"targets of": "array", "targets": [
        {"id": "T2a", "quantity": "time of the neutrophil peak", "value": 19.0, "verdict": "met", **common},
        {"id": "T9x", "quantity": "another peak", "value": None, "verdict": "missed (not found)", **common},
    ]}  # fmt: skip
    (place / "summary.json").write_text(json.dumps(summary))
    text = document_of(place)
    read = Page(text)
    assert [text.strip() for text, _ in read.row("time of the neutrophil peak")] == [
        "✓ met", "time of the neutrophil peak", "19", "12 to 36", "h", "L: a paper", "T2a",
    ]  # fmt: skip
    assert [text for text, _ in read.row("another peak")][:3:2] == ["✗ missed (not found)", "–"]
    assert "1 of 2 met" in read.text


def test_curves_are_the_columns_of_the_tables(page, run):
    series, healing = run.table("series"), run.table("healing")
    traces = {one["name"]: one for one in page.figures["L-ascorbic acid (vitamin C): amounts"]["data"]}
    np.testing.assert_allclose(array(traces["permeated"]["x"]) * 3600.0, series.times)
    cleared = series.numbers("ascorbic acid by clearance of ascorbic_acid [ug/cm^2]")
    np.testing.assert_allclose(array(traces["permeated"]["y"]), -cleared, rtol=1e-6)
    assert cleared[-1] < 0.0
    peaks = {one["name"]: one for one in page.figures["Growth factors"]["data"]}
    np.testing.assert_allclose(
        array(peaks["PDGF"]["y"]), healing.numbers("P in papillary dermis [ng/mL]"), rtol=1e-6, atol=1e-30
    )
    shares = page.figures["Collagen III, and scar order"]["data"][0]
    share = healing.numbers("collagen III share in papillary dermis")
    np.testing.assert_allclose(array(shares["y"]), 100.0 * share, rtol=1e-6)


DOSED = """title = "a dose in many places"
skin = "human forearm in vivo"
needle = {{ shape = "cone", length = "0.5 mm", width = "140 um" }}
array = {{ pattern = "square", pitch = "600 um" }}
donor = {{ pH = 3.2, depth = "50 um", meshed = {meshed} }}
actives = [{{ name = "ascorbic acid", concentration = "20 % w/v" }}]
run = {{ end = "1 h" }}
"""
PARTS = {
    "flux top [ug/cm^2/h]": 0.0, "applied [ug/cm^2]": 64.0, "donor [ug/cm^2]": 2.0, "cells [ug/cm^2]": 21.0,
    "receptor [ug/cm^2]": 0.5, "permeated [ug/cm^2]": 1.5, "evaporated [ug/cm^2]": 3.0, "removed [ug/cm^2]": 4.0,
    "by clearance of ascorbic_acid [ug/cm^2]": -7.0, "by wash-off of ascorbic_acid [ug/cm^2]": -1.0,
    "by pulled out of ascorbic_acid [ug/cm^2]": -5.0, "by metabolism 1 of ascorbic_acid [ug/cm^2]": -6.0,
    "by metabolism 1 of prodrug to ascorbic_acid [ug/cm^2]": 9.0, "by binding of ascorbic_acid [ug/cm^2]": -8.0,
    "bound cells [ug/cm^2]": 8.0, "solid cells [ug/cm^2]": 12.0,
    "solid by pulled out of ascorbic_acid_solid [ug/cm^2]": -2.0,
}  # fmt: skip
AMOUNTS = {"stratum corneum": 4.0, "dermis": 6.0, "vehicle": 5.0, "needle": 3.5, "coating": 2.5}


@pytest.mark.parametrize("meshed", [False, True])
def test_a_dose_is_where_it_is(tmp_path, meshed):
    """What is in needles or in a meshed vehicle is not in the skin, and nothing of a dose is missing."""
    (tmp_path / "case.toml").write_text("# dosed\n" + DOSED.format(meshed=str(meshed).lower()), "utf-8")
    heads = ",".join(f"ascorbic acid {part}" for part in PARTS)
    rows = [",".join([time, *(str(float(time) * value) for value in PARTS.values())]) for time in ("1", "2", "3")]
    (tmp_path / "series.csv").write_text("\n".join([f"time [s],{heads}", *rows, ""]), "utf-8")
    lines = [  # of a run that is going on: the rows of the last report are not there yet
        f"{time},ascorbic_acid,free,{layer},{float(time) * value},ug/cm^2,0,mg/mL"
        for time in ("1", "2") for layer, value in AMOUNTS.items()
    ]  # fmt: skip
    header = "time [s],field,form,layer,amount,amount unit,mean concentration,concentration unit"
    (tmp_path / "layers.csv").write_text("\n".join([header, *lines, ""]), "utf-8")
    plot = next(plots_of_actives(open_run(tmp_path)))
    found = {line.name: line.y[1] / 2.0 for line in plot.lines}
    assert found.pop("entered the skin", None) == (None if meshed else 64.0 - 2.0 - 3.0 - 4.0)
    assert found == {
        "permeated": 9.0, "in the skin": 10.0 + 8.0, "undissolved": 12.0, "in the needles": 6.0,
        "left on the skin": 7.0, "taken away": 4.0 + 1.0 + 5.0 + 2.0, "evaporated": 3.0, "metabolised": 6.0,
    }  # fmt: skip


def test_steps_and_iterations(page, run):
    series = run.table("series")
    figure = page.figures["Solver iterations per step, all fields"]["data"][0]
    per_step = np.diff(series.numbers("solver iterations")) / np.diff(series.numbers("step"))
    np.testing.assert_allclose(array(figure["y"]), per_step, rtol=1e-6)
    assert series.numbers("solver iterations")[-1] == run.summary["solver iterations"]
    assert series.numbers("rejected")[-1] == run.summary["rejected"]


def test_all_plots_are_what_plotly_takes(page):
    assert len(page.figures) > 10
    for name, plot in page.figures.items():
        plotly.graph_objects.Figure(plot["data"], plot["layout"])
        for trace, layout in plot.get("states", {}).values():
            plotly.graph_objects.Figure([plot["data"][0] | trace], layout)
        axis = plot["layout"].get("yaxis", {}).get("title", {}).get("text", "")
        assert axis or "scene" in plot["layout"], name


def test_every_plot_has_a_fallback(page):
    assert len(page.fallbacks) == len(page.figures)
    assert set(page.fallbacks) == {"svg", "p"}


def test_profiles_are_means_over_planes(page, run):
    plot = page.figures["Depth profiles over time"]
    labels = plot["choices"][0]["options"]
    for name in ("ascorbic acid", "collagen gain"):
        trace, layout = plot["states"][str(labels.index(run.quantity(name).meaning))]
        for column, time in enumerate(run.times):
            snapshot = run.snapshot(time)
            weighted = (snapshot.values(name) * snapshot.mesh.area).sum(axis=(1, 2)) / snapshot.mesh.footprint
            np.testing.assert_allclose(array(trace["z"])[:, column], weighted, rtol=1e-5, atol=1e-6)
        assert layout["coloraxis"]["cmin"] <= array(trace["z"]).min()
    np.testing.assert_allclose(array(plot["data"][0]["y"]), run.snapshot().mesh.z, rtol=1e-6)


def test_profiles_of_layers_where_there_are_few_fields(run, monkeypatch):
    monkeypatch.setattr(heat, "LEAST_TIMES", 4)
    (profiles,) = (one for one in of_run.page(run).sections if one.title == "Depth profiles")
    plot = Page(profiles.pieces[0]).figures["Depth profiles over time"]
    layers = run.table("layers")
    names, fields_of = np.array(layers.columns["layer"]), np.array(layers.columns["field"])
    rows = (fields_of == "ascorbic_acid") & (names == "viable epidermis") & (layers.times > 0.0)
    values = layers.numbers("mean concentration")[rows]
    np.testing.assert_allclose(array(plot["data"][0]["z"])[1], values, rtol=1e-6)
    np.testing.assert_allclose(array(plot["data"][0]["y"]), [0.0, 15.0, 100.0, 300.0, 1400.0])
    assert "choices" not in plot


def test_scene_has_all_quantities_and_times(page, run):
    plot = page.figures["The skin, cut open along a row of needles"]
    names, times = (choice["options"] for choice in plot["choices"])
    assert times == ["30 min", "1 h", "4 h"]
    assert plot["choices"][1]["value"] == 1  # that of the picture
    assert len(names) == len(set(names)) > 20
    assert names[0] == run.default_quantity.meaning
    assert len(plot["states"]) == len(names) * len(times)
    values = array(plot["states"]["0,2"][0]["intensity"])
    cells = run.snapshot(4 * 3600.0).values("ascorbic acid")
    assert cells.min() <= values.min() <= values.max() <= cells.max()
    assert values.max() > 0.5 * cells.max()
    corners = np.stack([array(plot["data"][0][axis]) for axis in "ijk"])
    assert 0 <= corners.min() <= corners.max() == len(values) - 1
    assert [one.strip() for one in plot["data"][-1]["text"]] == list(run.case.skin.names)


def test_block_is_cut_in_the_middle_and_has_its_layers(run, box):
    whole, pierced = block_of(open_run(box)), block_of(run)
    assert volume(whole.points, whole.triangles) == pytest.approx(30.0 * 10.0 * 10.0, rel=1e-6)
    assert [name for name, _ in pierced.layers] == list(run.case.skin.names)
    depths = [depth for _, depth in pierced.layers]
    assert depths == sorted(depths)
    assert pierced.lines
    assert not pierced.coarser


def test_channels_are_cut_out():
    x, y, z = np.linspace(-100.0, 100.0, 41), np.linspace(0.0, 100.0, 21), np.linspace(0.0, 200.0, 21)
    radius = np.hypot(x, y[:, None]) + 0.0 * z[:, None, None]
    channel = np.clip(0.5 + (40.0 - radius) / 20.0, 0.0, 1.0).astype(np.float32)  # one half at 40 um
    found = volume(*surface_around(x, y, z, channel))
    assert found == pytest.approx(200.0 * (200.0 * 100.0 - 0.5 * np.pi * 40.0**2), rel=1e-3)


def volume(points, triangles):
    """Volume inside a surface, which must be closed."""
    surface = pyvista.PolyData.from_regular_faces(points, triangles)
    surface = surface.compute_normals(consistent_normals=True, auto_orient_normals=True, split_vertices=False)
    assert surface.is_manifold
    return surface.volume


def test_a_uniform_field_is_uniform_on_the_block(box):
    run = open_run(box)
    block = block_of(run)
    found = fields.read_fields(run, block)
    for values in (*found.courses["u"].block, *found.courses["u"].profile):
        np.testing.assert_allclose(values, 2.0, rtol=1e-6)
    assert found.left_out == ""


def test_what_is_left_out_is_said(run, monkeypatch):
    block = block_of(run)
    monkeypatch.setattr(fields, "MOST_KEPT", 3.5 * 3 * len(block.points))
    found = fields.read_fields(run, block)
    assert next(iter(found.courses)) == run.default_quantity.name
    assert len(found.courses) == 3
    assert "collagen gain" in found.left_out
    assert "activity" in found.left_out


def test_texts_are_escaped(box):
    text = document_of(box)
    page = Page(text)
    assert "a <b>box</b> & more" in page.text
    assert "<b>box" not in text
    assert text.count("</script>") == text.count("<script")
    assert "Depth profiles" not in page.headings  # one time after the start


def test_a_run_that_has_not_ended(folder, tmp_path):
    place = tmp_path / "run"
    shutil.copytree(folder, place)
    summary = place / "summary.json"
    told = json.loads(summary.read_text("utf-8"))
    summary.write_text(json.dumps(told | {"reason": "no step accepted", "exit code": 4, "answer": {}, "healing": {}}))
    assert "The run did not come to its end: no step accepted. It reached 4 h." in Page(document_of(place)).text
    summary.unlink()
    shutil.rmtree(place / "fields")
    (place / "fields.pvd").unlink()
    (place / "layers.csv").unlink()
    page = Page(document_of(place))
    assert "there is no summary.json yet" in page.text
    assert "The run wrote no fields" in page.text
    assert "layers.csv: cannot be read" in page.text


def test_rendered_pictures_are_taken(folder, tmp_path, monkeypatch):
    place = tmp_path / "run"
    shutil.copytree(folder, place)
    (place / "pictures").mkdir()
    shutil.copy(place / "overview.png", place / "pictures" / "block.png")
    assert len(list(pictures.pictures(open_run(place)))) == 2
    monkeypatch.setattr(pictures, "MOST_BYTES", 10)
    (said,) = pictures.pictures(open_run(place))
    assert said == paragraph("Too large for this page: overview.png, pictures/block.png.", "note")


# ---- the command


def test_command(box, tmp_path):
    invoke = CliRunner().invoke
    done = invoke(app, ["report", str(box)])
    assert (done.exit_code, done.stdout) == (0, f"{box / 'report.html'}\n")
    assert invoke(app, ["report", str(box)]).exit_code == 0  # made anew
    out = tmp_path / "page.html"
    assert invoke(app, ["report", str(box), "--out", str(out)]).exit_code == 0
    again = invoke(app, ["report", str(box), "--out", str(out)])
    assert again.exit_code == 5
    assert again.stderr == f"{out}: is there already; name another file, or say --overwrite\n"
    assert invoke(app, ["report", str(box), "--out", str(out), "--overwrite"]).exit_code == 0
    none = invoke(app, ["report", str(tmp_path)])
    assert none.exit_code == 2
    assert f"{tmp_path}: is no run directory" in none.stderr


def test_run_writes_it_unless_told_not_to(tmp_path):
    case = tmp_path / "box.toml"
    case.write_text(tomli_w.dumps(BOX))
    invoke = CliRunner().invoke
    done = invoke(app, ["run", str(case), "--out", str(tmp_path / "a")])
    assert done.exit_code == 0
    assert f"{tmp_path / 'a' / 'report.html'}: the same with plots" in done.stdout
    listed = [one["file"] for one in open_run(tmp_path / "a").summary["outputs"]]
    assert (tmp_path / "a" / "report.html").is_file()
    assert "report.html" not in listed
    done = invoke(app, ["run", str(case), "--out", str(tmp_path / "b"), "--no-report"])
    assert done.exit_code == 0
    assert "report.html" not in done.stdout
    assert not (tmp_path / "b" / "report.html").exists()
    assert invoke(app, ["run", str(case), "--out", str(tmp_path / "a"), "--overwrite", "--no-report"]).exit_code == 0
    assert not (tmp_path / "a" / "report.html").exists()


def test_a_report_that_fails_fails_no_run(tmp_path, monkeypatch, caplog):
    def broken(folder):
        raise RuntimeError("no ink")

    monkeypatch.setattr(of_run, "write_report", broken)
    case = tmp_path / "box.toml"
    case.write_text(tomli_w.dumps(BOX))
    place = tmp_path / "run"
    done = CliRunner().invoke(app, ["run", str(case), "--out", str(place)])
    assert done.exit_code == 0
    assert f"{place}: no report written (no ink); try: mnrd report {place}" in caplog.text
    assert "report.html" not in done.stdout


def test_a_run_that_goes_on_takes_away_the_report_of_its_failure(tmp_path):
    case, place = from_document(BOX, "box"), tmp_path / "run"
    place.mkdir()
    (place / "report.html").write_text("failed")
    Beginning(place, "on").prepare(case)
    assert not (place / "report.html").exists()


def test_a_run_that_failed_has_one_and_a_run_that_was_stopped_has_no_time(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(running, "report_of_run", made.append)
    for error in (NumericalFailure(1.0, 1e-9, "it grows"), Stopped("SIGTERM", "stopped"), OSError("disk full")):
        with pytest.raises(type(error)), running.reported(tmp_path, wanted=True):
            raise error
    assert made == [tmp_path]


# ---- drawings


def test_needles_from_the_side_are_to_scale():
    case = load("dermaroller-vitamin-c")
    device = device_of(case)
    assert outline(device.needle)[:, 1].max() == pytest.approx(0.77 * 500.0)
    drawn = outline(device.needle, device.above)
    assert np.ptp(drawn[:, 1]) == pytest.approx(500.0)
    assert np.ptp(drawn[:2, 0]) == pytest.approx(140.0)
    assert (device.hole.width, device.hole.depth) == (71.0, 100.0)
    assert device.distance() == pytest.approx(1000.0)
    svg = from_the_side(case, device)
    depths = [
        [float(place.split(",")[1]) for place in piece.split('"')[0].split()]
        for piece in svg.split('<polygon points="')[1:]
    ]
    tall = [max(places) - min(places) for places in depths]
    assert tall[0] / tall[1] == pytest.approx(500.0 / 100.0, rel=0.01)
    bar = float(svg.rpartition('" stroke="#2b2b33" stroke-width="3"')[0].rpartition("h")[2])
    shown = svg.rpartition("<text")[2].partition(">")[2].partition("<")[0]
    assert shown == "200 µm"
    assert bar / 200.0 == pytest.approx(tall[0] / 500.0, rel=0.01)
    assert bar < SIDE


@pytest.mark.parametrize(
    ("array", "nearest"),
    [
        ({"pattern": "square", "pitch": "500 um"}, 500.0),
        ({"pattern": "hexagonal", "pitch": "400 um"}, 400.0),
        ({"pattern": "hexagonal", "pitch": "400 um", "unit_cell": "full"}, 400.0),
        ({"pattern": "square", "pitch": "500 um", "unit_cell": "patch", "rows": 2, "columns": 3}, 500.0),
    ],
)
def test_neighbours_in_all_arrays(array, nearest):
    document = parse(bundled()["dermaroller-vitamin-c"], "")
    device = device_of(from_document(document | {"array": array}))
    assert device.distance() == pytest.approx(nearest, rel=1e-5)


def test_schedule_of_a_treatment():
    document = parse(bundled()["dermaroller-vitamin-c"], "")
    document["donor"]["occluded"] = True
    document["events"] = [
        {"do": "uncover", "at": "2 h"},
        {"do": "wash off", "at": "4 h"},
        {"do": "reapply", "at": "8 h"},
        {"do": "occlude", "at": "20 h"},
    ]
    hour = 3600.0
    assert list(_schedule(from_document(document))) == [
        ("vehicle on the skin", [(0.0, 4 * hour), (8 * hour, 24 * hour)]),
        ("covered", [(0.0, 2 * hour), (20 * hour, 24 * hour)]),
    ]


@pytest.mark.parametrize("name", ["healing-punch", "healing-four-sessions", "intact-testosterone", "gray-scott"])
def test_what_was_run_is_said_of_any_case(name):
    case = load(name)
    page = Page(document(Written(case.title, "", (subject(case),))))
    assert page.row("case")[1][0] == name
    said = {"healing-punch": "punch, 2 mm wide", "healing-four-sessions": "4 sessions"}.get(name, "")
    assert said in page.text


# ---- small things


def test_numbers():
    assert number(957.951) == "958"
    assert number(182476.0) == "182500"
    assert number(1.20856e-15) == "1.209&thinsp;×&thinsp;10<sup>−15</sup>"
    assert number(float("nan")) == "–"
    assert number(0.0) == "0"
    assert number(-2.8744) == "-2.874"


def test_tables():
    read = Page(table(("a", "b"), [("x < y", 3), ("z", None)], caption="c"))
    assert read.rows[1:] == [[["x < y", None], ["3", 3.0]], [["z", None], ["", None]]]


def test_ticks():
    assert list(time_ticks(60.0, 180 * 86400.0).values()) == [
        "1 min", "15 min", "1 h", "6 h", "1 d", "3 d", "1 w", "4 w", "6 mo",
    ]  # fmt: skip
    assert time_ticks(0.0, 7200.0, log=False) == {
        0.0: "0",
        1800.0: "0.5 h",
        3600.0: "1 h",
        5400.0: "1.5 h",
        7200.0: "2 h",
    }
    assert round_ticks(-0.01, 0.26) == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25]
    assert typeset("mmHg*um") == "mmHg·µm"
    assert typeset("ug/cm^2/h") == "µg/cm²/h"


def test_a_plot_without_scripts_has_every_line_and_both_axes():
    times = np.array([0.0, 3600.0, 7200.0])
    plot = Plot("t", "y [mg]", (Line("a & b", times, np.array([0.0, 1.0, 2.0])), Line("c", times, times)))
    svg = plot.html().partition("<noscript>")[2].partition("</noscript>")[0]
    assert svg.count("<polyline") == 2
    for text in ("y [mg]", "time", "a &amp; b", "1 h"):
        assert text in svg
    first = svg.partition('points="')[2].partition('"')[0].split()
    heights = [float(point.split(",")[1]) for point in first]
    assert heights == sorted(heights, reverse=True)


def test_a_logarithmic_axis_leaves_out_round_off():
    times = np.array([60.0, 3600.0, 7200.0])
    plot = Plot("t", "y", (Line("a", times, np.array([4.0, 1e-3, 1e-20])), Line("b", times, 0.0 * times)), log=True)
    assert as_plotly(plot)["layout"]["yaxis"]["autorangeoptions"] == {"clipmin": pytest.approx(4e-8)}
    assert _spans(plot)[1] == (1e-3, 4.0)
    assert Plot("t", "y", (Line("a", times, np.array([4.0, 1e-3, 1e-5])),), log=True).floor() == 1e-5


def test_colours_of_what_is_at_few_places_and_of_what_is_not_finite():
    values = np.zeros(100)
    values[:2] = 1e-6, np.inf
    assert span(values, 0.95) == (0.0, 1e-6)
    assert span(np.arange(101.0), 0.95) == (pytest.approx(5.0), pytest.approx(95.0))
    assert span(np.array([np.nan, 3.0, -1.0])) == (-1.0, 3.0)
    assert span(np.array([np.nan])) == (0.0, 0.0)


def test_not_finite_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        figure({"data": [{"y": [float("nan")]}], "layout": {}}, title="t", fallback=Html(""))
    assert array(packed(np.array([[1.0, 2.0], [3.0, 4.0]]), "f8")).tolist() == [[1.0, 2.0], [3.0, 4.0]]
