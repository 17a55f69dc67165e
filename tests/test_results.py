"""Run directories read back: what is there, and what is said of what is not."""

import csv
import shutil

import numpy as np
import pytest
import pyvista

from mnrd.case import from_document
from mnrd.case.document import bundled, parse
from mnrd.cli.memory import written
from mnrd.cli.session import run_case
from mnrd.results.run import RunError, open_run

CASE = {
    "title": "two fields on an uneven box",
    "mesh": {"size": ["30 um", "20 um", "10 um"], "cells": [3, 2, 5]},
    "model": {
        "fields": {
            "serum_drug": {
                "unit": "mg/mL", "meaning": "drug", "diffusivity": "10 um^2/s", "initial": "x + 10*y + 100*z",
            },
            "bound": {"initial": 0.0},
        },
    },
    "run": {"end": "20 s", "every": "5 s", "backend": "numpy"},
    "output": {"fields_at": ["0 s", "10 s"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("results") / "run"
    run_case(from_document(CASE, "uneven box"), place)
    return place


@pytest.fixture(scope="module")
def run(folder):
    return open_run(folder)


def test_case_and_summary(run):
    assert run.name == "uneven box"
    assert run.case.title == CASE["title"]
    assert run.summary["exit code"] == 0
    assert not run.mirrored


def test_quantities_by_name_unit_and_meaning(run):
    assert {name: (one.unit, one.meaning) for name, one in run.quantities.items()} == {
        "serum drug": ("mg/mL", "drug"),
        "serum drug activity": ("mg/mL", "drug activity"),
        "bound": ("", "bound"),
    }
    assert run.quantity("serum_drug") is run.quantity("serum drug") is run.default_quantity
    assert run.quantity("serum_drug").title == "drug [mg/mL]"
    assert run.quantity("bound").title == "bound"


def test_a_snapshot_has_the_order_of_the_mesh(run):
    first = run.snapshot(0.0)
    mesh = first.mesh
    assert mesh.shape == (5, 2, 3)
    x, y, z = mesh.xc, mesh.yc[:, None], mesh.zc[:, None, None]
    np.testing.assert_allclose(first.values("serum_drug"), x + 10 * y + 100 * z, rtol=1e-6)
    assert first.materials == ("box",)
    assert not first.material.any()
    assert not first.channel.any()


def test_times(run):
    assert run.times == (0.0, 10.0)
    assert run.snapshot().time == 10.0
    assert run.snapshot(10.0 + 1e-7).time == 10.0
    with pytest.raises(RunError, match=r"run: no fields at 5 s, must be one of 0 s, 10 s"):
        run.snapshot(5.0)


def test_tables_hold_numbers_and_text(run, folder):
    layers = run.table("layers")
    with (folder / "layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(layers.columns["field"]) == [row["field"] for row in rows]
    np.testing.assert_array_equal(layers.numbers("amount"), [float(row["amount"]) for row in rows])
    assert set(run.table("series").times) == {0.0, 5.0, 10.0, 15.0, 20.0}
    with pytest.raises(KeyError, match="field: holds text"):
        layers.numbers("field")
    with pytest.raises(RunError, match=r"healing\.csv: cannot be read"):
        run.table("healing")


def test_a_name_that_is_not_there(run):
    with pytest.raises(RunError, match=r"no quantity 'serum_durg', did you mean 'serum drug'\? There are .*bound"):
        run.quantity("serum_durg")
    with pytest.raises(RunError, match=r"no quantity 'xyz', must be one of serum drug, serum drug activity, bound"):
        run.quantity("xyz")


def test_channels_materials_and_collagen_gain(tmp_path):
    document = parse(bundled()["needling-vitamin-c"], "")
    document["run"] = {"end": "5 min", "every": "5 min", "backend": "numpy"}
    document["mesh"] |= {"smallest": "40 um", "largest": "200 um"}
    document["output"] = {}
    case = from_document(document, "needled")
    run_case(case, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.mirrored
    last = run.snapshot()
    channel = last.channel
    assert 0.0 < channel.max() <= 1.0
    hole = last.materials.index("channel")
    np.testing.assert_array_equal(last.material == hole, channel > 0.5)
    np.testing.assert_allclose(last.values("hole fraction")[channel > 0.5], 1.0, atol=0.5)
    gain = last.values("collagen gain")
    assert gain.min() < -40.0  # where the needle was
    collagen = last.values("C1") + last.values("C3")
    deep = gain[-1, -1, -1]
    assert deep == pytest.approx(0.0, abs=0.1)
    assert collagen[-1, -1, -1] > 0.9
    assert run.quantity("ascorbic_acid").title == "L-ascorbic acid (vitamin C) [mg/mL]"
    assert run.quantity("T").title == "active TGF-beta [ng/mL]"
    arrays = pyvista.read(last.path).cell_data  # what a dry run says of their size is what is there
    assert written(case, case.problem()[0]) == sum(arrays[name].dtype.itemsize for name in arrays)


def test_folders_that_are_no_runs(tmp_path, folder):
    with pytest.raises(RunError, match=r"is no run directory: case\.toml cannot be read"):
        open_run(tmp_path)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    run = open_run(copy)
    (copy / "summary.json").write_text("{")
    with pytest.raises(RunError, match=r"summary\.json: cannot be read"):
        run.summary  # noqa: B018
    (copy / "summary.json").write_text("[1, 2]")
    with pytest.raises(RunError, match=r"summary\.json: cannot be read"):
        open_run(copy).summary  # noqa: B018
    (copy / "summary.json").unlink()
    assert open_run(copy).summary == {}
    vtr = copy / "fields" / "0001.vtr"
    vtr.unlink()
    with pytest.raises(RunError, match=r"0001\.vtr: is not there"):
        open_run(copy).quantities  # noqa: B018
    (copy / "fields.pvd").write_text("<VTK")
    with pytest.raises(RunError, match=r"fields\.pvd: cannot be read"):
        open_run(copy).times  # noqa: B018
    (copy / "fields.pvd").unlink()
    assert open_run(copy).times == ()
    with pytest.raises(RunError, match=r"holds no fields to draw; .*output\.fields_at"):
        open_run(copy).quantities  # noqa: B018


@pytest.mark.parametrize("kept", [0, 300, 0.5, -200, -5])
def test_fields_that_are_cut_off(tmp_path, folder, kept, capfd):
    shutil.copytree(folder, tmp_path / "copy")
    vtr = tmp_path / "copy" / "fields" / "0001.vtr"
    whole = vtr.read_bytes()
    vtr.write_bytes(whole[: int(kept * len(whole)) if isinstance(kept, float) else kept])
    with pytest.raises(RunError, match=r"0001\.vtr: cannot be read as a \.vtr file \(damaged\?\)$"):
        open_run(tmp_path / "copy").snapshot().mesh  # noqa: B018
    assert capfd.readouterr().err == ""


def test_fields_with_other_bits(tmp_path, folder, capfd):
    shutil.copytree(folder, tmp_path / "copy")
    vtr = tmp_path / "copy" / "fields" / "0001.vtr"
    data = bytearray(vtr.read_bytes())
    end = data.rindex(b"\n  </AppendedData>")  # before it are the coordinates along z
    data[end - 20 : end] = bytes(bit ^ 0x55 for bit in data[end - 20 : end])
    vtr.write_bytes(data)
    with pytest.raises(RunError, match=r"0001\.vtr: cannot be read as a \.vtr file \(damaged\?\)$"):
        open_run(tmp_path / "copy").snapshot().mesh  # noqa: B018
    assert capfd.readouterr().err == ""


def test_tables_that_are_damaged(tmp_path, folder):
    shutil.copytree(folder, tmp_path / "copy")
    run, path = open_run(tmp_path / "copy"), tmp_path / "copy" / "series.csv"
    for text in ("", "step,dt [s]\n1,2\n"):
        path.write_text(text)
        with pytest.raises(RunError, match=r"series\.csv: has no column 'time \[s\]' \(damaged\?\)"):
            run.table("series")
    path.write_bytes(b"time [s],\xff\n")
    with pytest.raises(RunError, match=r"series\.csv: cannot be read \(.*; damaged\?\)"):
        run.table("series")
    path.unlink()
    with pytest.raises(RunError, match=r"series\.csv: cannot be read .*the run writes it with its first report"):
        run.table("series")
