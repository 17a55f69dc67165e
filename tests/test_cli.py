"""The command line: what it prints, what it writes, and with which code it ends."""

import csv
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mnrd
from mnrd.case import bundled, from_document, load
from mnrd.cli import app, memory

QUICK = """
title = "quick"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 6 },
    { name = "viable epidermis", thickness = "80 um", smallest = "2 um", largest = "20 um" },
    { name = "dermis", thickness = "200 um", smallest = "20 um", largest = "60 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "20 um", largest = "60 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
base = { kind = "sink" }
donor = {}
run = { end = "8 h", every = "30 min", backend = "numpy" }
output = { compare = "intact" }
"""


@pytest.fixture
def quick(tmp_path):
    """Path of a small case."""
    path = tmp_path / "quick.toml"
    path.write_text(QUICK)
    return path


def mnrd_says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run: what was printed, and its folder."""
    place = tmp_path_factory.mktemp("run")
    (place / "quick.toml").write_text(QUICK)
    return mnrd_says("run", place / "quick.toml", "--out", place / "out"), place / "out"


def test_version():
    assert mnrd_says("--version").output == f"mnrd {mnrd.__version__}\n"


def test_help_names_all_commands():
    text = mnrd_says("--help").output
    assert all(command in text for command in ("run", "cases", "show", "actives", "schema"))


def test_help_does_not_load_what_it_does_not_need():
    program = (
        "import sys\nfrom mnrd.cli import app\n"
        "heavy = {'numpy', 'pint', 'sympy', 'pydantic', 'vtkmodules', 'pyvista'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_python_m_mnrd_is_the_same():
    done = subprocess.run([sys.executable, "-m", "mnrd", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"mnrd {mnrd.__version__}\n"


def test_cases_lists_all_with_their_titles():
    text = mnrd_says("cases").output
    assert all(name in text for name in bundled())
    assert "Vitamin C serum" in text


def test_actives_lists_the_library():
    text = mnrd_says("actives").output
    assert "ascorbic_acid" in text
    assert "176.12" in text


def test_one_active_is_shown_with_sources():
    text = mnrd_says("actives", "Caffeine").output
    assert "permeability_sc" in text
    assert "Potts & Guy 1992" in text
    assert "memory: handbook" in text


def test_an_unknown_active_is_said():
    done = mnrd_says("actives", "cafeine")
    assert done.exit_code == 2
    assert "did you mean caffeine" in done.stderr


def test_schema_is_json_and_reference_is_markdown():
    assert json.loads(mnrd_says("schema").output)["title"] == "Case"
    assert mnrd_says("schema", "--markdown").output.startswith("# Case files")


def test_show_prints_the_effective_case_and_what_follows_from_it(quick):
    done = mnrd_says("show", quick, "--set", "donor.pH=6.5")
    assert done.exit_code == 0
    case, _, tables = done.output.partition("caffeine: properties in this case")
    assert tomllib.loads(case)["donor"]["pH"] == 6.5
    assert from_document(tomllib.loads(case)).problem()
    for text in ("Coefficients", "Mesh", "channel", "Dancik 2013 with Schroeder volume", "diffusivity_water"):
        assert text in tables


def test_a_run_prints_its_answer(finished):
    done, _ = finished
    assert done.exit_code == 0, done.output
    for text in ("caffeine after 8 h", "steady flux", "lag", "Kp", "cm/h", "enhancement of flux", "through mouths"):
        assert text in done.stdout


def test_a_run_writes_its_folder(finished):
    _, out = finished
    names = {path.name for path in out.iterdir()}
    assert {"case.toml", "series.csv", "layers.csv", "summary.json", "fields.pvd", "fields", "run.log"} <= names
    assert load(out / "case.toml") == load(out.parent / "quick.toml")
    assert "done in" in (out / "run.log").read_text()


def test_the_series_has_a_row_per_report(finished):
    _, out = finished
    rows = list(csv.DictReader((out / "series.csv").read_text().splitlines()))
    assert [float(row["time [s]"]) for row in rows] == [1800.0 * count for count in range(17)]


def test_the_summary_holds_the_answer(finished):
    _, out = finished
    summary = json.loads((out / "summary.json").read_text())
    answer = summary["answer"]["caffeine"]
    assert summary["end [s]"] == 28800.0
    assert answer["steady flux [ug/cm^2/h]"] == pytest.approx(answer["Kp [cm/h]"] * 1e4, rel=1e-4)
    assert answer["enhancement of flux"] > 5.0
    assert answer["enhancement of amount"] > answer["enhancement of flux"]
    assert 0.0 < answer["lag [h]"] < 1.0
    assert 80.0 < answer["through mouths [%]"] < 100.0
    assert answer["imbalance"] < 1e-10


def test_quiet_says_nothing(quick, tmp_path):
    done = mnrd_says("run", quick, "--out", tmp_path / "out", "--quiet", "--set", "run.end=1 h", "--set", "output={}")
    assert done.exit_code == 0
    assert done.output == ""


def test_backend_and_precision_can_be_chosen(quick, tmp_path):
    options = ("--backend", "numpy", "--precision", "mixed", "--set", "run.end=1 min", "--set", "run.every=1 min")
    assert mnrd_says("run", quick, "--out", tmp_path / "out", "-q", *options).exit_code == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["precision"] == "mixed"
    assert "numpy" in summary["backend"]


def test_a_wrong_backend_is_a_wrong_case(quick, tmp_path):
    done = mnrd_says("run", quick, "--out", tmp_path / "out", "--backend", "gpu")
    assert done.exit_code == 2
    assert done.stderr.startswith("run.backend: got gpu, must be 'auto', 'cuda', 'native' or 'numpy'")
    assert not (tmp_path / "out").exists()


def test_a_run_that_does_not_fit_is_refused_before_it_begins(quick, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**5)
    done = mnrd_says("run", quick, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert done.stderr.startswith("not enough memory: the run needs about ")
    assert "0.0001 GB are free: at most" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_box_without_skin_runs(tmp_path):
    done = mnrd_says(
        "run", "fisher-kpp", "--out", tmp_path / "out", "--set", "run.end=100 s", "--set", "mesh.cells=[60,1,1]"
    )
    assert done.exit_code == 0, done.output
    assert (Path(tmp_path) / "out" / "series.csv").is_file()
