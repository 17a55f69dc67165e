"""What a run writes: whole files, the right axes, units in the names, and schedules that are hit exactly."""

import csv
import errno
import json
import logging
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import pyvista

from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.sampling import Region
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Exchange, Transfer
from mnrd.output import block, directory, picture
from mnrd.output.answer import answer
from mnrd.output.history import Record
from mnrd.output.labels import duration, labelled, per_area
from mnrd.output.ledger import Ledger
from mnrd.output.schedule import AtTimes, EveryInterval, EverySteps
from mnrd.output.summary import versions, write_summary
from mnrd.output.table import Table
from mnrd.output.tables import Layers, Series
from mnrd.output.vtk import FieldSeries, write_rectilinear


def graded(first, end, cells):
    """Edges from 0 to `end` whose first cell is about `first` wide."""
    return end * np.linspace(0.0, 1.0, cells + 1) ** (np.log(first / end) / np.log(1.0 / cells))


MESH = Mesh(graded(10.0, 250.0, 12), graded(12.0, 200.0, 10), np.append(0.0, 20.0 + graded(15.0, 380.0, 13)))


@pytest.fixture(scope="module")
def problem():
    """A quarter cell with a cone at its corner, a drug that binds and is cleared."""

    def cone(x, y, z):
        return x**2 + y**2 < (60.0 * (1.0 - z / 200.0)) ** 2 * (z < 200.0)

    layers = [("stratum corneum", 0.0), ("viable epidermis", 20.0), ("dermis", 100.0)]
    model = Model(
        fields=(Field("ascorbic_acid", "mg/mL", diffusivity=100.0, partition=0.5), Field("bound", "mg/mL")),
        reactions=(
            Transfer("clearance", "ascorbic_acid", "k"),
            Exchange("binding", "ascorbic_acid", "bound", "k", "k"),
        ),
        parameters={"k": 1e-3},
    )
    return Problem(MESH, paint(MESH, layers, [Region("channel", cone)]), model)


@dataclass
class Fake:
    """Answers of a simulation, without the simulation."""

    problem: Problem
    time: float = 0.0
    step: int = 0
    dt: float = 1.0
    rejected: int = 0
    iterations: int = 0

    def concentration(self, name):
        nz, ny, nx = MESH.shape
        k, j, i = np.ogrid[:nz, :ny, :nx]
        return 10000.0 * k + 100.0 * j + i + self.time

    def activity(self, name):
        return self.concentration(name) / 0.5

    def fluxes(self, name):
        return {"top": 2.0 * MESH.footprint, "base": 0.5 * MESH.footprint}

    def reservoir(self, name):
        return {"top": 150.0, "base": 0.0}

    def amounts(self, name):
        painting, amount = self.problem.painting, self.concentration(name) * MESH.volume
        return {m: float((painting.fraction(m) * amount).sum()) for m in painting.materials}

    def ledger(self, name):
        return Ledger(applied=10.0 * MESH.footprint, donor=10.0 * MESH.footprint)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestSchedules:
    @pytest.mark.parametrize("interval", [0.1, 1.0 / 3.0, 3600.0, 7.3])
    def test_intervals_are_counted_and_hit_exactly(self, interval):
        schedule, now = EveryInterval(interval), 0.0
        for count in range(1, 2000):
            now = schedule.next_time(now)
            assert now == count * interval
            assert schedule.due(now, count)

    def test_intervals_start_where_they_are_told(self):
        schedule = EveryInterval(10.0, start=25.0)
        assert [schedule.next_time(t) for t in (0.0, 24.9, 25.0, 31.0)] == [25.0, 25.0, 35.0, 35.0]
        assert [schedule.due(t, 0) for t in (5.0, 15.0, 25.0, 26.0)] == [False, False, True, False]

    def test_given_times_are_sorted_and_end(self):
        schedule = AtTimes((60.0, 5.0, 60.0))
        assert [schedule.next_time(t) for t in (0.0, 5.0, 60.0)] == [5.0, 60.0, math.inf]
        assert schedule.due(60.0, 3)
        assert not schedule.due(59.0, 3)

    def test_steps_do_not_limit_the_time(self):
        schedule = EverySteps(3)
        assert schedule.next_time(17.0) == math.inf
        assert [schedule.due(1.0, step) for step in range(5)] == [True, False, False, True, False]

    def test_nonsense_is_refused(self):
        with pytest.raises(ValueError, match=r"schedule.interval: got 0 s, must be > 0 and finite"):
            EveryInterval(0.0)
        with pytest.raises(ValueError, match=r"schedule.count: got 0 steps, must be at least 1"):
            EverySteps(0)


class TestDirectory:
    def test_is_made_with_its_parents(self, tmp_path):
        assert directory.create(tmp_path / "a" / "b").is_dir()
        assert list(directory.create(tmp_path / "a" / "b").iterdir()) == []

    def test_results_are_never_overwritten(self, tmp_path):
        (tmp_path / "series.csv").touch()
        with pytest.raises(FileExistsError, match=r"holds series.csv already.*name another folder or remove it"):
            directory.create(tmp_path)
        with pytest.raises(FileExistsError, match="is a file, must be a new or empty folder"):
            directory.create(tmp_path / "series.csv")

    def test_an_unwritable_place_is_said(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match=r"cannot write there \(.+\); name another folder"):
            directory.create(tmp_path / "file" / "run")

    def test_a_failed_write_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "summary.json"
        directory.write_text(path, "old")

        def fails_half_way():
            with directory.replacing(path) as part:
                part.write_text("half")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fails_half_way()
        assert path.read_text() == "old"
        assert [entry.name for entry in tmp_path.iterdir()] == ["summary.json"]

    def test_an_error_of_the_disk_names_the_file(self, tmp_path):
        def is_full():
            with directory.replacing(tmp_path / "summary.json"):
                raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device: '.+/summary.json'"):
            is_full()

    def test_an_error_at_the_temporary_file_names_the_file(self, tmp_path):
        with pytest.raises(OSError, match=r"\[Errno 2\] No such file or directory: '.+/nowhere/report.html'"):
            directory.write_text(tmp_path / "nowhere" / "report.html", "text")

    def test_a_lock_names_who_holds_it_and_goes_with_the_block(self, tmp_path):
        def enter():
            with directory.locked(tmp_path):
                pass

        with directory.locked(tmp_path), pytest.raises(OSError, match=f"process {os.getpid()} on .+ is running in it"):
            enter()
        enter()


class TestVtk:
    def test_axes_are_right_way_round(self, tmp_path, problem):
        simulation = Fake(problem, time=5400.0)
        FieldSeries(tmp_path, EverySteps(1), single=False).observe(simulation)
        grid = pyvista.read(tmp_path / "fields" / "0000.vtr")
        np.testing.assert_array_equal(grid.x, MESH.x)
        np.testing.assert_array_equal(grid.y, MESH.y)
        np.testing.assert_array_equal(grid.z, MESH.z)
        expected = simulation.concentration("ascorbic_acid")
        for k, j, i in [(0, 0, 0), (13, 0, 0), (0, 9, 0), (0, 0, 11), (3, 5, 7)]:
            cell = grid.find_containing_cell((MESH.xc[i], MESH.yc[j], MESH.zc[k]))
            assert grid.cell_data["ascorbic acid [mg/mL]"][cell] == expected[k, j, i]
            assert grid.cell_data["ascorbic acid activity [mg/mL]"][cell] == expected[k, j, i] / 0.5

    def test_what_is_in_a_file(self, tmp_path, problem):
        FieldSeries(tmp_path, EverySteps(1)).observe(Fake(problem, time=60.0))
        path = tmp_path / "fields" / "0000.vtr"
        grid = pyvista.read(path)
        names = {"ascorbic acid [mg/mL]", "ascorbic acid activity [mg/mL]", "bound [mg/mL]"}
        assert set(grid.cell_data.keys()) == names | {"material", "channel fraction"}
        assert grid.cell_data["bound [mg/mL]"].dtype == np.float32
        assert grid.field_data["TimeValue"] == 60.0
        assert tuple(grid.field_data["materials"]) == problem.painting.materials
        fractions = problem.painting.fractions
        np.testing.assert_array_equal(grid.cell_data["material"], fractions.argmax(0).ravel())
        np.testing.assert_allclose(grid.cell_data["channel fraction"], fractions[-1].ravel() / 255.0, rtol=1e-6)
        head = path.read_bytes()[:300]
        assert b'header_type="UInt64"' in head
        assert b"vtkZLibDataCompressor" in head

    def test_the_collection_has_physical_times(self, tmp_path, problem):
        series = FieldSeries(tmp_path, EverySteps(1), fields=["bound"])
        for now in (0.0, 0.1, 3600.0, 3600.0):  # the last twice: before and after an event
            series.observe(Fake(problem, time=now))
        entries = ElementTree.parse(tmp_path / "fields.pvd").findall(".//DataSet")
        assert [float(entry.get("timestep")) for entry in entries] == [0.0, 0.1, 3600.0]
        reader = pyvista.get_reader(tmp_path / "fields.pvd")
        assert reader.time_values == [0.0, 0.1, 3600.0]
        reader.set_active_time_value(3600.0)
        assert reader.read()[0].cell_data["bound [mg/mL]"].max() > 3600.0

    def test_compression_pays(self, tmp_path):
        write_rectilinear(tmp_path / "a.vtr", MESH, {"c": np.zeros(MESH.shape)}, time=0.0)
        assert (tmp_path / "a.vtr").stat().st_size < 8 * MESH.cells / 2

    def test_errors(self, tmp_path, problem):
        with pytest.raises(ValueError, match=r"'c': got shape \(2, 3\), must be \(14, 10, 12\)"):
            write_rectilinear(tmp_path / "a.vtr", MESH, {"c": np.zeros((2, 3))}, time=0.0)
        with pytest.raises(ValueError, match="no field 'drug', must be among ascorbic_acid, bound"):
            FieldSeries(tmp_path, EverySteps(1), fields=["drug"]).observe(Fake(problem))
        assert not list(tmp_path.rglob("*.vtr"))


class TestTables:
    def test_series_is_per_area_and_has_units(self, tmp_path, problem):
        series = Series(tmp_path, EverySteps(1))
        for step in range(3):
            series.observe(Fake(problem, time=60.0 * step, step=step))
        rows = rows_of(tmp_path / "series.csv")
        assert [float(row["time [s]"]) for row in rows] == [0.0, 60.0, 120.0]
        # 2 mg/mL um/s = 0.2 ug/cm^2/s
        assert float(rows[1]["ascorbic acid flux top [ug/cm^2/h]"]) == pytest.approx(720.0)
        assert float(rows[1]["ascorbic acid flux base [ug/cm^2/h]"]) == pytest.approx(180.0)
        assert float(rows[1]["ascorbic acid donor [ug/cm^2]"]) == pytest.approx(1.0)
        assert float(rows[1]["ascorbic acid activity top [mg/mL]"]) == 150.0
        assert rows[1]["ascorbic acid by clearance [ug/cm^2]"] == rows[1]["bound by binding [ug/cm^2]"] == "0"
        assert "bound flux top [ug/cm^2/h]" not in rows[1]

    def test_layers_add_up(self, tmp_path, problem):
        Layers(tmp_path, EverySteps(1)).observe(Fake(problem, time=60.0))
        rows = rows_of(tmp_path / "layers.csv")
        assert len(rows) == 2 * 4
        assert {row["form"] for row in rows if row["field"] == "bound"} == {"bound"}
        total = (Fake(problem, time=60.0).concentration("") * MESH.volume).sum() / MESH.footprint
        drug = [row for row in rows if row["field"] == "ascorbic_acid"]
        assert sum(float(row["amount"]) for row in drug) == pytest.approx(0.1 * total)
        assert {row["amount unit"] for row in drug} == {"ug/cm^2"}
        horny = next(row for row in drug if row["layer"] == "stratum corneum")
        assert 60.0 < float(horny["mean concentration"]) < 60.0 + 911.0  # all of it is in the first row of cells

    def test_an_unknown_column_is_said_once(self, tmp_path, caplog):
        table = Table(tmp_path / "t.csv", ("a", "b"))
        with caplog.at_level(logging.WARNING, "mnrd"):
            for n in range(3):
                table.add({"a": float(n), "c": 1.0})
        assert caplog.text.count("no column for c") == 1
        assert (tmp_path / "t.csv").read_text() == "a,b\n0,\n1,\n2,\n"

    def test_a_killed_run_leaves_whole_lines(self, tmp_path):
        program = (
            "from pathlib import Path\nfrom mnrd.output.table import Table\n"
            "table = Table(Path('t.csv'), [str(n) for n in range(50)])\n"
            "while True:\n    table.add({str(n): n / 7 for n in range(50)})\n"
        )
        process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path)
        path = tmp_path / "t.csv"
        for _ in range(600):
            if path.exists() and path.stat().st_size > 50_000:
                break
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        text = path.read_text()
        assert text.endswith("\n")
        assert {len(line.split(",")) for line in text.splitlines()} == {50}


class TestLedger:
    def test_a_closed_balance(self):
        ledger = Ledger(
            applied=100.0, initial=5.0, cells=20.0, donor=60.0, receptor=4.0, permeated=3.0, evaporated=2.0,
            removed=1.0, terms={"clearance": -18.0, "release": 3.0},
        )  # fmt: skip
        assert ledger.total == 90.0
        assert ledger.residual == 0.0
        assert ledger.relative_error == 0.0

    def test_an_error_is_seen_relative_to_what_was_there(self):
        assert Ledger(applied=100.0, donor=99.0).relative_error == pytest.approx(0.01)
        assert Ledger(donor=3.0).relative_error == pytest.approx(1.0)
        assert Ledger().relative_error == 0.0


class TestAnswer:
    def test_what_took_the_mouths_is_weighed_by_what_entered(self):
        row = [0.0, 0.0, 0.0]
        record = Record(
            "mg/mL", "", finite=True, times=[0.0, 1.0, 2.0], delivered=row, outflux=row,
            entered=[0.0, 3.0, 4.0], mouths=[0.0, 0.8, 0.4],
        )  # fmt: skip
        # at the start nothing flows yet: the first interval has the share at its end
        assert answer(record)["through mouths"].value == pytest.approx(100.0 * (3.0 * 0.8 + 1.0 * 0.6) / 4.0)


class TestSummary:
    def test_is_rounded_plain_json(self, tmp_path):
        entries = {
            "versions": versions(),
            "ledger": {"drug": Ledger(applied=1.0 / 3.0, donor=1.0 / 3.0, terms={})},
            "answers": {"lag [h]": math.inf, "flux": np.float64(0.123456789), "layers": np.arange(3)},
            "case": Path("patch.toml"),
        }
        write_summary(tmp_path / "summary.json", entries)
        read = json.loads((tmp_path / "summary.json").read_text("utf-8"))
        assert read["answers"] == {"lag [h]": None, "flux": 0.123457, "layers": [0, 1, 2]}
        assert read["ledger"]["drug"]["applied"] == 0.333333
        assert read["ledger"]["drug"]["relative_error"] == 0.0
        assert read["case"] == "patch.toml"
        assert read["versions"]["mnrd"]

    def test_what_has_no_place_in_json_is_refused(self, tmp_path):
        with pytest.raises(TypeError, match="summary: got set, must be a number, text, list or mapping"):
            write_summary(tmp_path / "summary.json", {"a": {1, 2}})


class TestLabels:
    @pytest.mark.parametrize(
        ("unit", "expected"),
        [
            ("mg/mL", ("ug/cm^2", 0.1)),
            ("ng/mL", ("pg/cm^2", 0.1)),
            ("umol/L", ("pmol/cm^2", 0.1)),
            ("mmHg", ("mmHg*um", 1.0)),
            ("cells per mm^3", ("cells per mm^3*um", 1.0)),
            ("", ("um", 1.0)),
        ],
    )
    def test_amounts_per_area(self, unit, expected):
        assert per_area(unit) == expected

    def test_names_and_times_read_well(self):
        assert labelled("bound", "") == "bound"
        assert labelled("ascorbic_acid", "mg/mL") == "ascorbic acid [mg/mL]"
        assert [duration(t) for t in (0.0, 45.0, 5400.0, 86400.0, 15552000.0)] == [
            "0 s", "45 s", "1.5 h", "24 h", "180 d",
        ]  # fmt: skip


class TestPicture:
    @pytest.mark.parametrize("mirrored", [False, True])
    def test_is_drawn_without_a_display(self, tmp_path, problem, mirrored):
        path = tmp_path / "overview.png"
        c = Fake(problem).concentration("")
        picture.overview(MESH, problem.painting, c, path, name="drug", unit="mg/mL", time=3600.0, mirrored=mirrored)
        image = pyvista.read(path)
        assert image.dimensions[0] > 900
        assert len(np.unique(image.active_scalars.reshape(-1, image.active_scalars.shape[-1]), axis=0)) > 500

    def test_intact_skin_without_drug_is_drawn_too(self, tmp_path):
        painting = paint(MESH, [("skin", 0.0)])
        path = tmp_path / "overview.png"
        picture.overview(MESH, painting, np.zeros(MESH.shape), path, name="drug", unit="", time=0.0)
        assert path.exists()

    def test_failure_has_its_own_error(self, tmp_path, problem):
        with pytest.raises(picture.PictureError, match="no picture drawn"):
            picture.overview(MESH, problem.painting, np.zeros(3), tmp_path / "o.png", name="c", unit="", time=0.0)

    def test_a_disk_that_cannot_be_written_is_no_matter_of_the_picture(self, tmp_path, problem):
        with pytest.raises(FileNotFoundError):
            picture.overview(
                MESH, problem.painting, np.zeros(MESH.shape), tmp_path / "none" / "o.png", name="c", unit="", time=0.0
            )

    def test_reflection_puts_the_channel_in_the_middle(self, problem):
        c = Fake(problem).concentration("")
        quarter = block.block_of(MESH, problem.painting, c, ("channel",))
        assert block.cut_at(quarter) == (0, 0)
        whole = block.reflected(block.reflected(quarter, "x"), "y")
        assert block.cut_at(whole) == (12, 10)
        np.testing.assert_array_equal(whole.x, np.concatenate((-MESH.x[:0:-1], MESH.x)))
        np.testing.assert_array_equal(whole.concentration[:, 10:, 12:], c)
        np.testing.assert_array_equal(whole.concentration[:, 9::-1, 11::-1], c)

    def test_the_faces_carry_the_cells_behind_them(self, problem):
        whole = block.reflected(
            block.reflected(block.block_of(MESH, problem.painting, Fake(problem).concentration(""), ("channel",)), "x"),
            "y",
        )
        faces = block.visible_faces(whole, 12, 10)
        assert [(face.across, face.at) for face in faces] == [
            ("z", 0.0), ("z", 0.0), ("x", 0.0), ("y", 0.0), ("x", 250.0), ("y", -200.0),
        ]  # fmt: skip
        assert all(face.concentration.shape == (face.v.size - 1, face.u.size - 1) for face in faces)
        np.testing.assert_array_equal(faces[2].concentration, whole.concentration[:, :10, 11])
        np.testing.assert_array_equal(faces[3].concentration, whole.concentration[:, 10, 12:])
