"""summary.json: its schema, however a run ended, and that what it says is so."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from typer.testing import CliRunner

from mnrd.backends import choose
from mnrd.case import load
from mnrd.cli import app
from mnrd.cli.summary import summarise
from mnrd.output import summary

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "docs" / "summary.schema.json").read_text("utf-8"))
SETTINGS = (
    "run.end='1 h'", "run.every='10 min'", "run.backend='numpy'", "mesh.smallest='30 um'", "mesh.largest='100 um'",
    "output.fields_at=['1 h']", "output.picture_at='1 h'",
)  # fmt: skip


def run(out, *options):
    """A small run by the command line."""
    settings = [part for setting in SETTINGS for part in ("--set", setting)]
    return CliRunner().invoke(
        app, ["run", "dermaroller-vitamin-c", "--out", str(out), "-q", *settings, *options], catch_exceptions=False
    )


def read(out):
    """The summary of a run directory, checked against the schema."""
    found = json.loads((out / "summary.json").read_text("utf-8"))
    jsonschema.validate(found, SCHEMA)
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run."""
    out = tmp_path_factory.mktemp("run") / "out"
    assert run(out).exit_code == 0
    return out


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_finished_run(finished):
    found = read(finished)
    assert (found["reason"], found["exit code"]) == ("done", 0)
    assert found["time [s]"] == found["end [s]"] == 3600.0
    assert found["fields"] == 1
    assert found["steps"] > 5
    assert found["solver iterations"] > 0
    assert found["precision"] == "double"
    assert set(found["compared with"]) == {"intact"}
    assert found["compared with"]["intact"]["cells"] < found["cells"]
    assert found["peak memory [bytes]"]["host"] > 50e6
    assert found["peak memory [bytes]"]["device"] is None


def test_throughput_follows_from_its_parts(finished):
    found = read(finished)
    assert set(found["seconds"]) == {"set-up", "events", "solve", "output"}
    assert min(found["seconds"].values()) >= 0.0
    assert sum(found["seconds"].values()) < found["wall [s]"]
    expected = found["cells"] * found["fields"] * found["steps"] / found["seconds"]["solve"]
    assert found["cells x fields x steps per second"] == pytest.approx(expected, rel=1e-4)


def test_every_output_is_listed_with_its_hash(finished):
    listed = {entry["file"]: entry for entry in read(finished)["outputs"]}
    assert {"case.toml", "series.csv", "layers.csv", "fields.pvd", "fields/0000.vtr", "overview.png"} == set(listed)
    for name, entry in listed.items():
        content = (finished / name).read_bytes()
        assert entry["bytes"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_run_that_was_stopped_has_one_too(tmp_path):
    out = tmp_path / "out"
    done = run(out, "--max-walltime", "00:00:00")
    assert done.exit_code == 75
    found = read(out)
    assert found["exit code"] == 75
    assert "wall" in found["reason"]
    assert found["time [s]"] < 3600.0
    assert found["answer"] == {}
    before = found["seconds"]["solve"]
    assert run(out).exit_code == 0
    found = read(out)
    assert found["reason"] == "done"
    assert found["seconds"]["solve"] > before


def test_a_run_that_failed_before_its_first_step(tmp_path):
    (tmp_path / "case.toml").write_text("")
    summarise(
        load("fisher-kpp"), tmp_path, reason="no space left", code=5, wall=1.0, backend=choose("numpy"), figures={}
    )
    found = read(tmp_path)
    assert "cells" not in found
    assert [entry["file"] for entry in found["outputs"]] == ["case.toml"]


def test_precision_is_that_of_the_backend(tmp_path):
    backend = choose("numpy", "mixed")
    summarise(load("fisher-kpp"), tmp_path, reason="x", code=3, wall=0.0, backend=backend, figures={})
    assert read(tmp_path)["precision"] == "mixed"


def test_memory_of_a_device(tmp_path):
    backend = SimpleNamespace(description="a card", precision="mixed", memory=lambda: (100, 1000))
    summarise(load("fisher-kpp"), tmp_path, reason="x", code=3, wall=0.0, backend=backend, figures={})
    assert read(tmp_path)["peak memory [bytes]"]["device"] == 900


def test_outputs_leave_out_what_comes_and_goes(tmp_path):
    for name in ("b.csv", "run.log", "summary.json", ".b.part.csv", "checkpoints/case/step.h5", "fields/a.vtr"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert [entry["file"] for entry in summary.outputs(tmp_path)] == ["b.csv", "fields/a.vtr"]


def test_peak_memory_grows_with_what_is_held_and_stays():
    program = (
        "import numpy as np\nfrom mnrd.output.summary import peak_memory\nbefore = peak_memory()\n"
        "held = np.ones(10**7)\nmade = peak_memory()\ndel held\nprint(made - before, peak_memory() - made)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    grown, stays = done.stdout.split()
    assert int(grown) == pytest.approx(8e7, rel=0.05)
    assert abs(int(stays)) < 1e6  # the system counts in batches


def test_what_the_system_does_not_say_is_none(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda *_: (_ for _ in ()).throw(OSError("no /proc")))
    assert summary.peak_memory() is None
    assert summary.host()["processor"]
