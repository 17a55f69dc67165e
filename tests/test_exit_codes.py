"""With which code a command ends, what it says then, and what it leaves."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mnrd.backends.base import BackendUnavailable
from mnrd.cli import app
from mnrd.cli.parts import Parts
from mnrd.output import checkpoint
from mnrd.output.checkpoint import CheckpointError
from mnrd.output.ending import Ending
from mnrd.output.table import Table
from mnrd.output.vtk import FieldSeries
from mnrd.simulation import NumericalFailure

DOCS = Path(__file__).resolve().parents[1] / "docs" / "running.md"

BOX = """
title = "box"
mesh = { size = ["100 um", "50 um", "20 um"], cells = [10, 5, 2] }
model.fields.u = { initial = "1 + x/100", diffusivity = "1 um^2/s" }
run = { end = "100 s", every = "10 s", backend = "numpy" }
"""
# u' = u^2 grows beyond all bounds where it is largest, at t = 1/2; w only goes along.
BLOW_UP = """
title = "blow-up"
mesh = { size = ["100 um", "50 um", "20 um"], cells = [10, 5, 2] }
model.fields.w = { initial = 1.0 }
model.fields.u = { unit = "mg/mL", initial = "1 + exp(-((x - 35)**2 + (y - 15)**2 + (z - 15)**2)/100)" }
model.reactions = [{ name = "growth", rates = { u = "u**2", w = "-w/100" } }]
run = { end = "10 s", every = "0.25 s", backend = "numpy" }
"""


def mnrd_says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def box(tmp_path):
    """Path of a small case."""
    path = tmp_path / "box.toml"
    path.write_text(BOX)
    return path


def summary(out):
    return json.loads((out / "summary.json").read_text())


class TestTheTable:
    def test_codes_are_those_of_the_batch_systems(self):
        assert [int(ending) for ending in Ending] == [0, 2, 3, 4, 5, 6, 75, 130]

    def test_help_names_all(self):
        for arguments in (["--help"], ["run", "--help"], ["resume", "--help"]):
            text = " ".join(mnrd_says(*arguments).output.split())
            for ending in Ending:
                assert f"{ending.value} {ending.meaning[:30]}" in text

    def test_docs_name_all_with_the_same_words(self):
        text = DOCS.read_text("utf-8")
        for ending in Ending:
            assert f"| {ending.value} | {ending.meaning} |" in text


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError("12 GB wanted"), 3),
        (NumericalFailure(3.0, 0.1, "field c is not finite"), 4),
        (OSError("disk full"), 5),
        (CheckpointError(Path("x.h5"), "it is not whole"), 5),
        (BackendUnavailable("no compiler"), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_are_one_line_and_a_code(box, tmp_path, monkeypatch, error, code):
    def fail(*_, **__):
        raise error

    said = str(error)
    monkeypatch.setattr(Parts, "run", fail)
    done = mnrd_says("run", box, "--out", tmp_path / "out", "-q")
    assert done.exit_code == code
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


def test_a_bug_keeps_its_traceback(box, tmp_path, monkeypatch):
    monkeypatch.setattr(Parts, "run", lambda *_, **__: 1 / 0)
    assert isinstance(mnrd_says("run", box, "--out", tmp_path / "out", "-q").exception, ZeroDivisionError)


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    place = tmp_path_factory.mktemp("failed")
    (place / "blow-up.toml").write_text(BLOW_UP)
    return mnrd_says("run", place / "blow-up.toml", "--out", place / "out"), place / "out"


@pytest.mark.filterwarnings("ignore:.* encountered in:RuntimeWarning")  # numpy, on the way to infinity
class TestNumericalFailure:
    def test_it_names_field_place_and_time(self, failed):
        done, out = failed
        assert done.exit_code == 4
        line = done.stderr.splitlines()[-1]
        assert "no step accepted at t = 0." in line
        assert "field u " in line
        assert "in cell (3, 1, 1) of box, at x = 35, y = 15, z = 15 um" in line
        assert f"the last good state is in {out}/failed.vtr and {out}/checkpoints/case/step-" in line

    def test_the_state_is_there_to_look_at(self, failed):
        import pyvista

        grid = pyvista.read(failed[1] / "failed.vtr")
        assert set(grid.cell_data) == {"w", "u [mg/mL]", "u tried [mg/mL]", "fault", "material"}
        where = np.flatnonzero(grid.cell_data["fault"])
        assert (1 * 5 + 1) * 10 + 3 in where
        assert len(where) < 10
        assert np.isfinite(grid.cell_data["u [mg/mL]"]).all()
        assert grid.cell_data["u [mg/mL]"].argmax() == (1 * 5 + 1) * 10 + 3

    def test_the_last_good_state_is_a_checkpoint(self, failed):
        done, out = failed
        found = checkpoint.latest(out / "checkpoints" / "case")
        assert found.time == pytest.approx(float(re.search(r"t = ([\d.e-]+) s", done.stderr)[1]), rel=1e-5)

    def test_the_summary_and_the_log_say_it(self, failed):
        _, out = failed
        assert summary(out)["exit code"] == 4
        assert "no step accepted" in summary(out)["reason"]
        assert "ERROR no step accepted" in (out / "run.log").read_text()

    def test_it_fails_again_and_is_never_taken_for_finished(self, failed):
        _, out = failed
        done = mnrd_says("resume", out)
        assert done.exit_code == 4
        assert "goes on from" in done.stderr

    @pytest.mark.parametrize("kind", ["nan", "inf"])
    def test_values_that_are_not_finite_are_found(self, tmp_path, monkeypatch, kind):
        """A kernel that makes nonsense in one cell of one field."""
        from mnrd.solve.stepper import Stepper

        right = Stepper.attempt

        def attempt(self, time, dt, contacts, **rest):
            step = right(self, time, dt, contacts, **rest)
            if time >= 50.0:
                self.state.next[0, 1, 4, 7] = float(kind)
                step.error, step.reason = np.inf, "field u is not finite"
            return step

        monkeypatch.setattr(Stepper, "attempt", attempt)
        (tmp_path / "box.toml").write_text(BOX)
        done = mnrd_says("run", tmp_path / "box.toml", "--out", tmp_path / "out")
        assert done.exit_code == 4
        assert "t = 50 s" in done.stderr
        assert "field u is not finite in cell (7, 4, 1) of box, at x = 75, y = 45, z = 15 um" in done.stderr
        monkeypatch.undo()
        assert mnrd_says("resume", tmp_path / "out", "-q").exit_code == 0
        assert not (tmp_path / "out" / "failed.vtr").exists()


class TestOutputFailure:
    @pytest.mark.parametrize("where", ["row", "fields", "checkpoint", "summary"])
    def test_a_full_disk_loses_nothing(self, box, tmp_path, monkeypatch, where):
        """Whatever is written when it is full: code 5, the last checkpoint is named, and the run goes on later."""
        out, undisturbed = tmp_path / "out", tmp_path / "undisturbed"
        assert mnrd_says("run", box, "--out", undisturbed, "-q").exit_code == 0

        def full(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "some file")

        def after(count, right):
            calls = []

            def write(*arguments, **named):
                calls.append(1)
                return (full if len(calls) > count else right)(*arguments, **named)

            return write

        owner, name, count = {
            "row": (Table, "add", 15),
            "fields": (FieldSeries, "observe", 0),
            "checkpoint": (checkpoint, "write", 7),
            "summary": (sys.modules["mnrd.output.summary"], "write_text", 0),
        }[where]
        monkeypatch.setattr(owner, name, after(count, getattr(owner, name)))
        done = mnrd_says("run", box, "--out", out, "-q", "--checkpoint-every", "00:00:00")
        assert done.exit_code == 5
        assert len(done.stderr.splitlines()) == 1
        assert "No space left on device: 'some file'" in done.stderr
        named = Path(re.search(r"the last checkpoint is (\S+);", done.stderr)[1])
        assert checkpoint.read(named).step > 0
        monkeypatch.undo()
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        for name in ("series.csv", "layers.csv", "fields.pvd", "fields/0000.vtr"):
            assert (out / name).read_bytes() == (undisturbed / name).read_bytes()

    def test_a_disk_that_is_full_at_once(self, box, tmp_path, monkeypatch):
        def full(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "some file")

        monkeypatch.setattr(Table, "add", full)
        done = mnrd_says("run", box, "--out", tmp_path / "out", "-q")
        assert done.exit_code == 5
        assert "there is no checkpoint yet" in done.stderr
        assert summary(tmp_path / "out")["exit code"] == 5

    def test_a_limit_of_the_system(self, box, tmp_path):
        """The system itself refuses to write: a file may not become longer than 8 kB here."""
        out = tmp_path / "out"
        command = f"ulimit -f 8; exec {sys.executable} -m mnrd run {box} --out {out} --checkpoint-every 00:00:00"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 5, done.stderr
        assert "File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0

    def test_no_folder_can_be_made(self, box, tmp_path):
        (tmp_path / "file").touch()
        done = mnrd_says("run", box, "--out", tmp_path / "file" / "out")
        assert done.exit_code == 5
        assert "cannot write there" in done.stderr


class TestSignals:
    """Real ones, to a real process."""

    LONG = ("--set", "run.rtol=1e-6", "--set", "run.dt_max=20 ms")  # minutes

    @pytest.fixture
    def running(self, box, tmp_path):
        out = tmp_path / "out"
        command = [sys.executable, "-m", "mnrd", "run", str(box), "--out", str(out), *self.LONG]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        wait_for(lambda: (out / "series.csv").exists(), process)
        yield process, out
        process.kill()
        process.communicate()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
    def test_it_stops_with_a_checkpoint(self, running, number):
        process, out = running
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
        assert process.returncode == 75
        assert printed == ""
        assert said.count(f"stopped ({number.name}) at ") == 1
        found = checkpoint.latest(out / "checkpoints" / "case")
        assert 0.0 <= found.time < 100.0
        assert (summary(out)["exit code"], summary(out)["reason"]) == (75, number.name)

    def test_a_second_process_a_checkpoint_and_a_stop(self, running, box):
        process, out = running
        done = mnrd_says("run", box, "--out", out, *self.LONG)
        assert done.exit_code == 5
        assert done.stderr.splitlines()[-1].startswith(f"{out}: process {process.pid} on ")
        process.send_signal(signal.SIGUSR2)
        wait_for(lambda: list(out.glob("checkpoints/case/step-*.h5")), process)
        first = checkpoint.latest(out / "checkpoints" / "case").step
        assert process.poll() is None
        (out / "STOP").touch()
        _, said = process.communicate(timeout=60)
        assert process.returncode == 75
        assert "checkpoint as asked for" in said
        assert "stopped (file STOP)" in said
        assert not (out / "STOP").exists()
        assert checkpoint.latest(out / "checkpoints" / "case").step > first

    def test_walltime(self, box, tmp_path):
        out = tmp_path / "out"
        done = mnrd_says("run", box, "--out", out, *self.LONG, "--max-walltime", "00:00:07")
        assert done.exit_code == 75
        assert summary(out)["reason"] == "walltime"
        assert summary(out)["wall [s]"] < 7.0


def wait_for(condition, process, seconds=60.0):
    """Wait until something is there."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
