"""The mesh before any run: its numbers against what is known exactly, and its picture, pixel by pixel."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.text import Text
from typer.testing import CliRunner

from mnrd.case import from_document, load
from mnrd.case.errors import CaseError
from mnrd.case.pierced import growth, pierced, strata
from mnrd.cli import app
from mnrd.cli.preview import axis_rows, layer_rows, whole_rows
from mnrd.pictures.frame import pixels
from mnrd.pictures.mesh import BODY, COLOURS, mesh_figure, mesh_picture

LAYERS = [
    {"name": "stratum corneum", "thickness": "15 um", "cells": 3},
    {"name": "viable epidermis", "thickness": "85 um", "smallest": "5 um", "largest": "15 um"},
    {"name": "dermis", "thickness": "400 um", "smallest": "15 um", "largest": "60 um"},
]


def small(**sections):
    return from_document(
        {
            "title": "two cylinders, one of them far from the middle",
            "skin": {"layers": LAYERS},
            "array": {
                "pattern": "positions",
                "positions": [["100 um", "60 um"], ["280 um", "60 um"]],
                "size": ["400 um", "150 um"],
            },
            "channel": {"shape": "cylinder", "width": "60 um", "depth": "120 um"},
            "mesh": {"smallest": "10 um", "largest": "20 um"},
            "actives": [{"name": "caffeine", "concentration": "10 mg/mL"}],
            "donor": {},
            "run": {"end": "1 h", "backend": "numpy"},
            **sections,
        }
    )


@pytest.fixture(scope="module")
def what():
    return pierced(small())


def test_volumes_are_those_of_the_cylinders(what):
    painted, exact = what.volumes
    assert exact == pytest.approx(2.0 * np.pi * 30.0**2 * 120.0, rel=1e-12)
    assert painted == pytest.approx(exact, rel=5e-3)
    assert (what.depth, what.name) == (120.0, "channel")


def test_layers_are_counted_apart_from_the_channels(what):
    horny, epidermis, dermis = strata(what)
    nz, ny, nx = what.mesh.shape
    assert horny.planes == (3, 3)
    assert horny.planes[0] + epidermis.planes[0] + dermis.planes[0] == nz
    assert horny.heights == pytest.approx((5.0, 5.0), rel=0.1)
    free = 400.0 * 150.0 - what.volumes[0] / 120.0
    assert horny.volume == pytest.approx(15.0 * free, rel=1e-3)
    assert dermis.volume == pytest.approx(400.0 * 400.0 * 150.0 - 20.0 * what.volumes[0] / 120.0, rel=1e-3)
    assert sum(layer.cells for layer in strata(what)) < nz * ny * nx
    assert sum(layer.volume for layer in strata(what)) + what.volumes[0] == pytest.approx(400.0 * 150.0 * 500.0)


def test_growth_is_the_largest_ratio_either_way():
    assert growth(np.array([0.0, 1.0, 3.0, 4.0])) == 2.0
    assert growth(np.array([0.0, 4.0, 5.0])) == 4.0
    assert growth(np.array([0.0, 4.0])) == 1.0


@pytest.mark.parametrize(
    ("name", "what", "exact"),
    [
        ("healing-roller-05mm", "hole", 0.25 * np.pi * 50.0**2 * 385.0),  # 0.77 of 0.5 mm
        ("healing-punch", "wound", 0.25 * np.pi * 1000.0**2 * 1500.0),
        ("healing-incision", "wound", 1500.0 * 100.0 * 1500.0),
        ("dissolving-insulin", "channel", 0.25 * np.pi * (0.5 * 300.0 * 0.77) ** 2 * 462.0 / 3.0),
        ("gray-scott", "", 0.0),
    ],
)
def test_what_stands_in_the_skin_of_other_cases(name, what, exact):
    found = pierced(load(name))
    assert found.name == what
    assert found.volumes[1] == pytest.approx(exact)
    assert found.volumes[0] == pytest.approx(exact, rel=2e-3)


def test_needles_that_stay_are_needles():
    found = pierced(small(stay={"material": "impermeable"}, needle={"length": "300 um", "width": "80 um"}))
    assert found.name == "needle"
    assert found.depth == pytest.approx(231.0)


def test_what_does_not_fit_is_an_error_of_the_case():
    case = small()
    broken = case.model_copy(update={"array": case.array.model_copy(update={"positions": ((100.0, 60.0),) * 2})})
    with pytest.raises(CaseError, match="overlap"):
        pierced(broken)


def test_channels_that_come_with_a_mesh_are_found():
    """A cone at the corner; its tip is at 150 um."""
    found = pierced(load("imported-unit-cell"))
    assert (found.name, found.body) == ("channel", None)
    assert np.isnan(found.volumes[1])
    x, y, tip = found.axis
    assert max(x, y) < 5.0
    assert found.depth == tip == pytest.approx(150.0, abs=10.0)
    figure = mesh_figure(found, "imported")
    assert figure.axes[2].get_xlim()[0] == 0.0
    assert figure.axes[2].get_title() == "the lower end of a channel"


# --- the picture ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(what):
    figure = mesh_figure(what, "two cylinders")
    return figure, pixels(figure)


def colour_at(drawn, panel, x, y):
    """Mean colour around a place of a panel, without the dark lines of cells."""
    figure, image = drawn
    column, row = figure.axes[panel].transData.transform((x, y))
    middle = image.shape[0] - 1 - int(row), int(column)
    around = image[middle[0] - 3 : middle[0] + 4, middle[1] - 3 : middle[1] + 4].reshape(-1, 3)
    return around[around.sum(axis=1).argsort()[-12:]].mean(axis=0) / 255.0


def test_channels_and_layers_have_their_colours_where_they_are(drawn):
    side, top = 0, 1
    blue, horny, epidermis = to_rgb(BODY), to_rgb(COLOURS["stratum corneum"][0]), to_rgb(COLOURS["epidermis"][0])
    dermis = to_rgb(COLOURS["dermis"][0])
    for panel, x, y, colour in [
        (side, 100.0, 60.0, blue),
        (side, 280.0, 60.0, blue),
        (side, 190.0, 60.0, epidermis),
        (side, 100.0, 160.0, dermis),
        (side, 190.0, 7.5, horny),
        (top, 100.0, 60.0, blue),
        (top, 100.0, 120.0, horny),
        (top, 190.0, 60.0, horny),
    ]:
        np.testing.assert_allclose(colour_at(drawn, panel, x, y), colour, atol=0.06, err_msg=f"{panel} {x} {y}")


def test_the_detail_is_the_lower_end_of_the_channel_nearest_to_the_middle(drawn):
    axes = drawn[0].axes[2]
    assert np.mean(axes.get_xlim()) == pytest.approx(280.0)
    assert axes.get_ylim()[0] > 120.0 > axes.get_ylim()[1]
    assert axes.get_title() == "the lower end of a channel"


def test_cells_are_drawn_in_all_panels(drawn, what):
    x, y, z = what.mesh.x, what.mesh.y, what.mesh.z
    for axes, up in zip(drawn[0].axes, (z, y, z), strict=True):
        upright, level = (one.get_segments() for one in axes.collections if isinstance(one, LineCollection))
        assert [line[0][0] for line in upright] == x.tolist()
        assert [line[0][1] for line in level] == up.tolist()


@pytest.mark.parametrize("title", ["short", "a very long title of a case that goes on and on " * 3])
def test_no_text_is_cut_or_lies_on_another(what, title):
    figure = mesh_figure(what, title)
    pixels(figure)
    frame = figure.bbox
    texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_visible()]
    for text, box in boxes:
        assert frame.x0 <= box.x0 <= box.x1 <= frame.x1, text
        assert frame.y0 <= box.y0 <= box.y1 <= frame.y1, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.overlaps(second), f"{one!r} and {other!r}"


def test_a_quarter_is_shown_whole(tmp_path):
    found = pierced(load("silicon-calcein"))
    figure = mesh_figure(found, "calcein")
    assert figure.axes[0].get_xlim() == (-75.0, 75.0)
    assert figure.axes[1].get_ylim() == (-75.0, 75.0)
    shown = pixels(figure)
    drawn = figure, shown
    np.testing.assert_allclose(colour_at(drawn, 1, -5.0, -5.0), colour_at(drawn, 1, 5.0, 5.0), atol=0.03)
    mesh_picture(found, tmp_path / "a.png", "calcein")
    np.testing.assert_allclose(imread(tmp_path / "a.png")[..., :3], shown / 255.0, atol=0.01)


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_numbers_and_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["mesh", "preview", "silicon-calcein", "--set", "run.backend=numpy"])
    assert done.exit_code == 0, done.output
    lines = {line.split("  ")[0].strip(): line for line in done.stdout.splitlines()}
    assert "4444 per cm^2" in lines["channels"]
    assert "+0.015 %" in lines["painted"]
    assert lines["stratum corneum"].split()[2] == "20"
    assert "GB" in lines["memory of the host"]
    assert imread("silicon-calcein-mesh.png").shape == (1184, 1856, 4)
    again = CliRunner().invoke(app, ["mesh", "preview", "silicon-calcein", "--set", "run.backend=numpy"])
    assert again.exit_code == 5
    assert "silicon-calcein-mesh.png: is there already; name another file, or say --overwrite" in again.stderr
    done = CliRunner().invoke(app, ["mesh", "preview", "silicon-calcein", "--out", "a.jpg"])
    assert (done.exit_code, done.stderr) == (2, "a.jpg: got the suffix '.jpg', must be .png\n")


def test_the_docs_show_what_the_command_prints():
    case = load("dermaroller-vitamin-c", {"skin": "human face in vivo"})
    found = pierced(case)
    page = (Path(__file__).parents[1] / "docs" / "meshes.md").read_text("utf-8")
    shown = [line.split() for line in page.splitlines()]
    for row in (*layer_rows(found), *axis_rows(found), *whole_rows(case, found)):
        if not row[0].startswith("memory"):  # that of the backend there is
            assert " ".join(row).split() in shown, row
