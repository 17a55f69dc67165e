"""The files for clusters: scripts that a real Slurm runs, interrupts and runs again; the definition of the image."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import tomli_w
from slurm import Slurm, Unavailable

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = ROOT / "docs" / "cluster"
SCRIPTS = sorted(CLUSTER.glob("*.sbatch"))

# Some 10 ms per step: long enough to be met in the middle, and as long as one likes.
BOX = {
    "mesh": {"size": ["1 mm", "1 mm", "1 mm"], "cells": [8, 8, 8]},
    "model": {"fields": {"u": {"initial": "x", "diffusivity": "1 um^2/s"}}},
    "run": {"end": "600 s", "every": "20 s", "dt": "1 s", "backend": "numpy"},
    "output": {"fields": []},
}
FOREVER = BOX | {"run": BOX["run"] | {"end": "1e9 s", "every": "1e7 s", "at": ["20 s"]}}
ONE_CORE = ("--cpus-per-task=1",)


def sections(text):
    """Sections of an Apptainer definition by name; what stands before the first is the header."""
    name, *rest = re.split(r"^%(\w+)\n", text, flags=re.MULTILINE)
    return {"header": name, **dict(zip(rest[::2], rest[1::2], strict=True))}


class TestScripts:
    @pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
    def test_they_are_bash(self, script):
        done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
    def test_they_stop_in_time_and_come_again(self, script):
        text = script.read_text()
        assert {"#SBATCH --requeue", "#SBATCH --signal=USR1@120", "#SBATCH --open-mode=append"} <= set(
            text.splitlines()
        )
        assert "srun mnrd" in text
        assert "--max-walltime auto" in text
        itself = "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" if "--array" in text else "$SLURM_JOB_ID"
        assert f'scontrol requeue "{itself}"' in text

    def test_there_is_one_for_each_kind_of_job(self):
        assert [path.name for path in SCRIPTS] == ["array.sbatch", "cpu.sbatch", "gpu.sbatch"]


class TestImage:
    parts = sections((CLUSTER / "mnrd.def").read_text())

    @pytest.mark.parametrize("name", ["post", "environment", "runscript", "test"])
    def test_its_sections_are_shell(self, name):
        done = subprocess.run(["sh", "-n"], input=self.parts[name], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")

    def test_it_takes_what_is_in_a_checkout_and_can_be_installed_from_it(self, tmp_path):
        for line in self.parts["files"].split("\n"):
            if line.strip():
                source, target = line.split()
                copied = tmp_path / Path(target).relative_to("/opt/mnrd")
                (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, copied)
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_kernels_go_where_one_can_write(self, tmp_path):
        program = self.parts["environment"] + 'echo "$MNRD_CACHE_DIR $CUPY_CACHE_DIR"'

        def caches(**more):
            done = subprocess.run(["sh", "-c", program], env={"PATH": os.environ["PATH"], **more}, capture_output=True)
            return done.stdout.decode().split()

        user = f"mnrd-{os.getuid()}"
        assert caches(TMPDIR="/scratch") == [f"/scratch/{user}/kernels", f"/scratch/{user}/cupy"]
        assert caches() == [f"/tmp/{user}/kernels", f"/tmp/{user}/cupy"]
        assert caches(MNRD_CACHE_DIR="/a", CUPY_CACHE_DIR="/b") == ["/a", "/b"]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A Slurm that runs."""
    try:
        slurm = Slurm(tmp_path_factory.mktemp("slurm"))
    except Unavailable as reason:
        pytest.skip(str(reason))
    home = slurm.place / "home"
    home.mkdir()
    slurm.environment |= {"HOME": str(home), "TMPDIR": str(slurm.place)}
    slurm.environment["PATH"] = f"{Path(sys.executable).parent}:{slurm.environment['PATH']}"
    try:
        slurm.start()
        yield slurm
    except Unavailable as reason:
        pytest.skip(str(reason))
    finally:
        slurm.stop()


def until(condition, seconds=180.0):
    """Wait for something that a job does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def case(folder, document):
    """Path of a case file."""
    path = folder / "case.toml"
    path.write_text(tomli_w.dumps(document))
    return str(path)


def times(out):
    """Times in series.csv, s."""
    return [float(line.split(",")[0]) for line in (out / "series.csv").read_text().splitlines()[1:]]


def summary(out):
    return json.loads((out / "summary.json").read_text())


def under_way(out):
    """Whether a run has written its first rows."""
    return (out / "series.csv").exists() and len(times(out)) > 1


@pytest.mark.slurm
@pytest.mark.slow
class TestJobs:
    def test_a_job_that_is_told_to_stop_comes_again_and_goes_on(self, slurm, tmp_path):
        out = tmp_path / "out"
        job = slurm.submit(CLUSTER / "cpu.sbatch", case(tmp_path, BOX), str(out), options=(*ONE_CORE, "--time=60"))
        until(lambda: under_way(out))
        slurm.says("scancel", "--signal=USR1", job)
        (shown,) = slurm.wait(job, "COMPLETED", "FAILED")
        assert (shown["JobState"], shown["Restarts"], shown["ExitCode"]) == ("COMPLETED", "1", "0:0"), slurm.output(job)
        assert summary(out)["reason"] == "done"
        assert times(out) == [20.0 * count for count in range(31)]
        log = (out / "run.log").read_text()
        assert "SIGUSR1" in log
        assert not list(slurm.place.glob("mnrd-*"))  # the scratch of the job is gone,
        assert not (slurm.place / "home" / ".cache" / "mnrd").exists()  # and nothing went to the home

    def test_a_job_on_a_gpu(self, slurm, tmp_path):
        out, brief = tmp_path / "out", BOX | {"run": BOX["run"] | {"end": "40 s"}}
        arguments = (case(tmp_path, brief), str(out), "--backend", "numpy")  # this node has a GPU in name only
        job = slurm.submit(CLUSTER / "gpu.sbatch", *arguments, options=ONE_CORE)
        (shown,) = slurm.wait(job, "COMPLETED", "FAILED")
        assert shown["JobState"] == "COMPLETED", slurm.output(job)
        assert "gres:gpu:1" in shown["TresPerNode"]
        assert summary(out)["reason"] == "done"

    def test_a_job_stops_before_its_time_is_over(self, slurm, tmp_path):
        out = tmp_path / "out"
        arguments = (case(tmp_path, FOREVER), str(out))
        ends = int(time.time()) + 25  # as newer versions of Slurm say it
        options = (*ONE_CORE, f"--export=ALL,SLURM_JOB_END_TIME={ends}")
        job = slurm.submit(CLUSTER / "cpu.sbatch", *arguments, options=options)
        until(lambda: slurm.show(job)[0]["Restarts"] == "1")
        slurm.says("scancel", job)
        assert time.time() < ends
        assert re.search(r"job \d+ has \d+ s left", slurm.output(job))
        assert "walltime" in (out / "run.log").read_text()
        assert list(out.glob("checkpoints/*/*.h5"))

    def test_a_job_that_the_user_cancels_does_not_come_again(self, slurm, tmp_path):
        out = tmp_path / "out"
        job = slurm.submit(CLUSTER / "cpu.sbatch", case(tmp_path, FOREVER), str(out), options=ONE_CORE)
        until(lambda: under_way(out))
        slurm.says("scancel", job)
        (shown,) = slurm.wait(job, "CANCELLED")
        until(lambda: (out / "summary.json").exists())
        assert summary(out)["exit code"] == 75
        assert shown["Restarts"] == "0"

    def test_a_bad_case_ends_the_job_with_its_code(self, slurm, tmp_path):
        job = slurm.submit(CLUSTER / "cpu.sbatch", "no-such-case", str(tmp_path / "out"), options=ONE_CORE)
        (shown,) = slurm.wait(job, "FAILED", "COMPLETED")
        assert (shown["ExitCode"], shown["Restarts"]) == ("2:0", "0")
        assert "no-such-case: there is no such file" in slurm.output(job)

    def test_a_job_array_runs_a_sweep(self, slurm, tmp_path):
        out, sweep = tmp_path / "out", tmp_path / "sweep.toml"
        ends = {"key": "run.end", "values": ["600 s", "40 s", "60 s"]}
        sweep.write_text(tomli_w.dumps({"case": BOX, "axes": [ends, {"key": "run.rtol", "values": [0.01]}]}))
        options = (*ONE_CORE, "--array=1-2")
        job = slurm.submit(CLUSTER / "array.sbatch", str(sweep), str(out), options=options)
        until(lambda: any(under_way(one) for one in out.glob("0-end-600*")))
        slurm.says("scancel", "--signal=USR1", f"{job}_2")
        found = {one["ArrayTaskId"]: one for one in slurm.wait(job, "COMPLETED", "FAILED")}
        assert {one["JobState"] for one in found.values()} == {"COMPLETED"}, slurm.output(job)
        assert {task: one["Restarts"] for task, one in found.items()} == {"1": "0", "2": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "mnrd", "collect", out], capture_output=True, text=True, check=True
        )
        assert "3 done" in done.stdout


def processes():
    """Command lines of all processes of this machine."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


@pytest.mark.slurm
def test_no_daemon_is_left(tmp_path):
    try:
        slurm = Slurm(tmp_path)
        slurm.start()
    except Unavailable as reason:
        pytest.skip(str(reason))
    slurm.stop()
    left = [line for line in processes() if str(tmp_path) in line]
    assert left == []


def test_without_slurm_there_is_a_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("slurm._path", lambda: str(tmp_path))
    with pytest.raises(Unavailable, match="no munged: apt install slurmctld slurmd slurm-client munge"):
        Slurm(tmp_path)
