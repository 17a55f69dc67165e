"""Running sweeps: what is skipped, what goes on, what fails alone, how they stop, and the table at the end."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tomli_w
from pyarrow import parquet
from typer.testing import CliRunner

from mnrd.case import CaseError
from mnrd.case import load as load_case
from mnrd.cli import app, writers
from mnrd.cli import sweep as sweeping
from mnrd.cli.control import Stopped
from mnrd.cli.running import Options, carry_out
from mnrd.output.directory import locked
from mnrd.output.ending import Ending
from mnrd.sweep import collect as collecting
from mnrd.sweep import running
from mnrd.sweep.axes import Column
from mnrd.sweep.folder import Failure, SweepFolder, prepare
from mnrd.sweep.plan import Plan, load
from mnrd.sweep.running import Job, Outcome, Stop, local, remote, run_cell, run_cells

BOX = {
    "mesh": {"size": ["1 mm", "1 mm", "1 mm"], "cells": [4, 4, 4]},
    "model": {"fields": {"u": {"diffusivity": "1 um^2/s"}}},
    "run": {"end": "1 h"},
}

# Stands in for `python -m mnrd run CASE --out FOLDER ...`; what it does is in a file beside the sweep.
STAND_IN = """
import json, os, signal, sys, time
from pathlib import Path

case, out = Path(sys.argv[2]), Path(sys.argv[4])
number = case.stem.split("-")[0]
acts = json.loads((out.parent / "acts.json").read_text())
with (out.parent / "calls.txt").open("a") as calls:
    calls.write(" ".join([number, os.environ.get("OMP_NUM_THREADS", "-"), *sys.argv[5:]]) + "\\n")

def end(code):
    summary = {"exit code": code, "reason": "", "cells": 64, "steps": int(number), "rejected": 0}
    summary |= {"answer": {"drug": {"delivered [ug/cm^2]": 10.0 * int(number)}}}
    summary |= {"balance": {"u": {"relative_error": 0.0}}}
    (out / "summary.json").write_text(json.dumps(summary))
    sys.exit(code)

act = acts.get(number, "done")
if act == "bad":
    print("a warning\\nrun.end: got -1 s, must be > 0\\n", file=sys.stderr)
    sys.exit(2)
if act == "silent":
    sys.exit(1)
out.mkdir(exist_ok=True)
(out / "case.toml").touch()
if act == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if act.startswith("SIG"):
    signal.signal(signal.Signals[act], signal.SIG_DFL)
    os.kill(os.getpid(), signal.Signals[act])
if act == "waits":
    signal.signal(signal.SIGTERM, lambda *_: end(75))
    (out / "waits").touch()
    time.sleep(60)
if act == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (out / "waits").touch()
    time.sleep(60)
end(75 if act == "stopped" else 0)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A folder of a sweep whose cells are run by the stand-in; `acts` says what they do."""
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    monkeypatch.setattr(running, "COMMAND", (sys.executable, str(tmp_path / "stand_in.py")))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return tmp_path / "out"


def box(cells):
    """A plan of boxes."""
    return Plan(BOX, {}, (Column(("run.end",), tuple((f"{hours + 1} h",) for hours in range(cells))),))


def begun(path, cells, **acts):
    """A folder of a sweep; keyword arguments such as c3="bad" say what cell 3 does."""
    folder = prepare(box(cells), path)
    (path / "acts.json").write_text(json.dumps({name[1:]: act for name, act in acts.items()}))
    return folder


def calls(folder):
    """Numbers of the cells that were run, in the order in which they began."""
    file = folder.path / "calls.txt"
    return [int(line.split()[0]) for line in file.read_text().splitlines()] if file.exists() else []


def states(folder):
    return [folder.state(cell) for cell in folder.plan.cells]


def swept(folder, where=None, **options):
    return sweeping.sweep(folder.plan, folder.path, where or sweeping.Where(workers=1), **options)


class TestWhatIsRun:
    def test_all_cells_once(self, stand_in, capsys):
        folder = begun(stand_in, 3)
        assert swept(folder) == Ending.DONE
        assert swept(folder) == Ending.DONE
        assert calls(folder) == [0, 1, 2]
        out = capsys.readouterr()
        assert out.err.splitlines()[0] == f"{stand_in}: 3 cells, 3 not started; 3 to run"
        assert out.err.splitlines()[-1] == f"{stand_in}: 3 cells, 3 done; 0 to run"
        assert out.out.splitlines()[0] == f"{stand_in}: 3 done; `mnrd collect {stand_in}` makes a table"

    def test_quiet_says_nothing(self, stand_in, capsys):
        swept(begun(stand_in, 2, c1="bad"), quiet=True)
        assert capsys.readouterr() == ("", "")

    def test_each_in_its_folder_and_with_its_case(self, stand_in):
        folder = begun(stand_in, 1)
        swept(folder)
        assert (stand_in / "calls.txt").read_text().split()[2:] == ["--resume", "auto", "--no-report", "--quiet"]

    def test_a_cell_that_stopped_goes_on(self, stand_in):
        folder = begun(stand_in, 3, c1="stopped")
        assert swept(folder) == Ending.STOPPED
        assert states(folder) == ["done", "stopped", "done"]
        begun(stand_in, 3)
        assert swept(folder) == Ending.DONE
        assert calls(folder) == [0, 1, 2, 1]

    def test_cells_that_fail_leave_the_others_alone(self, stand_in, capsys):
        folder = begun(stand_in, 5, c0="bad", c1="killed", c3="silent")
        assert swept(folder) == Ending.CELLS_FAILED
        assert states(folder) == ["failed", "failed", "done", "failed", "done"]
        failures = [folder.failure(cell) for cell in folder.plan.cells]
        assert failures[0] == Failure(
            2, "run.end: got -1 s, must be > 0", "a warning\nrun.end: got -1 s, must be > 0\n\n"
        )
        assert failures[1] == Failure(-9, "killed by SIGKILL; most often for its memory")
        assert failures[3] == Failure(1, "ended with exit code 1 and said nothing")
        assert failures[2] is failures[4] is None
        out = capsys.readouterr().out
        assert "--retry-failed" in out
        assert out.count("run.end: got -1 s, must be > 0") == 1

    def test_failed_cells_are_run_again_only_when_that_is_asked_for(self, stand_in):
        folder = begun(stand_in, 3, c1="bad")
        swept(folder)
        begun(stand_in, 3)
        assert swept(folder) == Ending.CELLS_FAILED
        assert calls(folder) == [0, 1, 2]
        assert swept(folder, retry_failed=True) == Ending.DONE
        assert calls(folder) == [0, 1, 2, 1]
        assert states(folder) == ["done"] * 3

    def test_a_task_of_a_job_array_runs_its_share(self, stand_in):
        folder = begun(stand_in, 7)
        assert swept(folder, sweeping.Where(task=3, of=3)) == Ending.DONE
        assert calls(folder) == [0, 3, 6]
        swept(folder, sweeping.Where(task=1, of=3))
        swept(folder, sweeping.Where(task=2, of=3))
        assert sorted(calls(folder)) == list(range(7))

    def test_a_cell_in_which_another_process_is_stays_for_later(self, stand_in):
        folder = begun(stand_in, 2)
        folder.run(folder.plan.cells[0]).mkdir()
        with locked(folder.run(folder.plan.cells[0])):
            assert swept(folder) == Ending.STOPPED
        assert calls(folder) == [1]

    def test_after_the_deadline_none_begins(self, stand_in):
        folder = begun(stand_in, 2)
        assert swept(folder, sweeping.Where(workers=1, walltime="00:00:00")) == Ending.STOPPED
        assert calls(folder) == []

    def test_cells_are_told_what_is_left_of_the_walltime(self, stand_in, monkeypatch):
        monkeypatch.setattr(sweeping, "limit", lambda *_: 7384.9)
        folder = begun(stand_in, 1)
        assert swept(folder, sweeping.Where(workers=1, walltime="auto")) == Ending.DONE
        assert (stand_in / "calls.txt").read_text().split()[-2:] in (
            ["--max-walltime", f"02:03:{seconds:02d}"] for seconds in range(5)
        )


class TestWorkers:
    def test_dask_runs_cells_at_the_same_time(self, stand_in):
        folder = begun(stand_in, 6, c2="killed")
        assert swept(folder, sweeping.Where(workers=3)) == Ending.CELLS_FAILED
        assert sorted(calls(folder)) == list(range(6))
        assert states(folder).count("done") == 5

    def test_workers_share_the_cores(self, stand_in, monkeypatch):
        monkeypatch.setattr(sweeping, "_cores", lambda: 8)
        swept(begun(stand_in, 2), sweeping.Where(workers=2))
        assert {line.split()[1] for line in (stand_in / "calls.txt").read_text().splitlines()} == {"4"}

    def test_unless_the_user_has_said_how_many(self, stand_in, monkeypatch):
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        swept(begun(stand_in, 1))
        assert (stand_in / "calls.txt").read_text().split()[1] == "3"

    def test_a_scheduler_that_runs_already(self, stand_in):
        from dask.distributed import LocalCluster

        folder = begun(stand_in, 4, c3="bad")
        cluster = LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp://"
        )
        with cluster:
            where = sweeping.Where(scheduler=cluster.scheduler_address, walltime="auto")
            assert swept(folder, where) == Ending.CELLS_FAILED
        assert states(folder) == ["done", "done", "done", "failed"]
        assert {line.split(maxsplit=2)[1:][1] for line in (stand_in / "calls.txt").read_text().splitlines()} == {
            "--resume auto --no-report --quiet --max-walltime auto"
        }

    def test_nobody_answers(self, monkeypatch):
        monkeypatch.setattr(running, "ANSWER", 0.3)
        with pytest.raises(CaseError, match=r"^--scheduler: got tcp://127.0.0.1:9, nobody answers there "):
            remote("tcp://127.0.0.1:9").__enter__()

    def test_without_dask(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "dask.distributed", None)
        with pytest.raises(CaseError, match=r"pip install 'mnrd\[sweep\]'; --workers 1 does without it"):
            local(2).__enter__()
        with local(1) as executor:
            assert executor.submit(int).result() == 0

    def test_a_worker_that_is_lost_fails_its_cell_only(self, stand_in, monkeypatch):
        def lost(job):
            if job.cell.number == 1:
                raise ConnectionError("worker gone")
            return run_cell(job)

        monkeypatch.setattr(running, "run_cell", lost)
        folder = begun(stand_in, 3)
        assert swept(folder) == Ending.CELLS_FAILED
        assert folder.failure(folder.plan.cells[1]).reason == "its worker was lost: ConnectionError: worker gone"
        assert states(folder) == ["done", "failed", "done"]

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ({"task": 1}, "--task, --of: give both or none"),
            ({"of": 3}, "--task, --of: give both or none"),
            ({"scheduler": "tcp://x:1", "workers": 2}, "leave out --workers and --task"),
            ({"scheduler": "tcp://x:1", "task": 1, "of": 2}, "leave out --workers and --task"),
            ({"workers": 0}, "--workers: got 0, must be at least 1"),
        ],
    )
    def test_options_that_contradict_each_other(self, tmp_path, where, said):
        with pytest.raises(CaseError, match=said):
            sweeping.sweep(box(1), tmp_path / "out", sweeping.Where(**where))
        assert not (tmp_path / "out").exists()

    def test_how_many_at_a_time(self, monkeypatch):
        monkeypatch.setattr(sweeping, "_cores", lambda: 8)
        assert sweeping.Where().count(100) == 8
        assert sweeping.Where().count(3) == 3
        assert sweeping.Where(workers=20).count(3) == 20
        assert sweeping.Where(task=1, of=2).count(100) == 1
        assert sweeping.Where(task=1, of=2, workers=4).count(100) == 4


def until(condition, seconds=20.0):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


class TestStopping:
    @pytest.mark.parametrize("workers", [1, 2])
    def test_running_cells_stop_politely_and_no_other_begins(self, stand_in, workers):
        folder = begun(stand_in, 4, c0="waits", c1="waits")
        begins = [folder.run(cell) / "waits" for cell in folder.plan.cells[:workers]]
        stop = Stop(stand_in / "stop")
        with local(workers) as executor:
            outcomes = list(
                run_cells(folder, folder.plan.cells, executor, stop, asked=lambda: all(map(Path.exists, begins)))
            )
        assert {outcome.code for outcome in outcomes} == {Ending.STOPPED}
        assert len(calls(folder)) == workers
        assert states(folder) == ["stopped"] * workers + ["not started"] * (4 - workers)

    def test_one_that_was_killed_before_it_listened_is_no_failure(self, tmp_path, monkeypatch):
        program = "import pathlib, sys, time; pathlib.Path(sys.argv[2]).touch(); time.sleep(60)"
        begins, stop = tmp_path / "begins", Stop(tmp_path / "stop")
        monkeypatch.setattr(running, "COMMAND", (sys.executable, "-c", program))
        job = Job(box(1).cells[0], begins, tmp_path / "no", stop)
        with local(1) as executor:
            future = executor.submit(run_cell, job)
            until(begins.exists)
            stop.ask()
            assert (future.result().code, future.result().failure) == (Ending.STOPPED, None)

    @pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGINT"])
    def test_one_that_slurm_stopped_before_it_listened_goes_on_next_time(self, stand_in, name):
        folder = begun(stand_in, 2, c0=name)
        assert swept(folder) == Ending.STOPPED
        assert states(folder) == ["stopped", "done"]

    def test_the_second_time_at_once(self, stand_in):
        folder = begun(stand_in, 2, c0="deaf")
        stop = Stop(stand_in / "stop")

        def asked():
            if stop.signal is not None:
                raise KeyboardInterrupt
            return (folder.run(folder.plan.cells[0]) / "waits").exists()

        began = time.monotonic()
        with local(1) as executor, pytest.raises(KeyboardInterrupt):
            list(run_cells(folder, folder.plan.cells, executor, stop, asked=asked))
        assert time.monotonic() - began < 20.0
        assert calls(folder) == [0]

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_stops_the_command(self, stand_in, number):
        folder = begun(stand_in, 3, c0="waits")
        arguments = ["mnrd", "sweep", str(stand_in / "sweep.toml"), "--out", str(stand_in), "--workers", "1"]
        program = (
            "import sys; from mnrd.cli import main; from mnrd.sweep import running;"
            f"running.COMMAND = {running.COMMAND!r}; sys.argv = {arguments!r}; main()"
        )
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        until((folder.run(folder.plan.cells[0]) / "waits").exists)
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == Ending.STOPPED
        assert "1 stopped, 2 not started" in out
        assert not list(stand_in.glob(".stop*"))


class TestCommand:
    def says(self, *arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    def test_dry_run_checks_and_lists_and_writes_nothing(self, tmp_path):
        done = self.says("sweep", "collagen-length-density", "--dry-run", "--out", tmp_path / "out")
        assert done.exit_code == 0, done.output
        assert "12 cells" in done.output
        assert done.output.count("not started") == 12
        assert not (tmp_path / "out").exists()

    def test_dry_run_of_one_that_has_begun_tells_its_states(self, stand_in):
        folder = begun(stand_in, 3, c1="bad", c2="stopped")
        swept(folder)
        done = self.says("sweep", stand_in / "sweep.toml", "--dry-run", "--out", stand_in)
        assert [line.split()[-1] for line in done.output.splitlines()[2:5]] == ["done", "failed", "stopped"]

    def test_a_bad_plan_is_2_and_one_line_per_problem(self, tmp_path):
        (tmp_path / "s.toml").write_text(tomli_w.dumps({"case": BOX, "axes": [{"key": "run.edn", "values": [1]}]}))
        done = self.says("sweep", tmp_path / "s.toml", "--out", tmp_path / "out")
        assert done.exit_code == 2
        assert done.stderr.startswith("cell 0: run.edn: unknown key, did you mean 'end'?")
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out").exists()

    def test_failed_cells_are_6(self, stand_in):
        begun(stand_in, 2, c0="bad")
        done = self.says("sweep", stand_in / "sweep.toml", "--out", stand_in, "--workers", "1")
        assert done.exit_code == Ending.CELLS_FAILED == 6

    def test_keys_can_be_changed(self, tmp_path):
        (tmp_path / "s.toml").write_text(tomli_w.dumps({"case": BOX, "axes": [{"key": "run.rtol", "values": [1, 2]}]}))
        done = self.says("sweep", tmp_path / "s.toml", "--dry-run", "--set", "run.end=-1 h", "--out", tmp_path / "out")
        assert done.exit_code == 2
        assert "every cell: run.end: got -1 h, must be > 0" in done.stderr

    def test_cases_lists_the_sweeps(self):
        assert "lidocaine-pores" in self.says("cases").output

    def test_collect_wants_a_sweep(self, tmp_path):
        done = self.says("collect", tmp_path)
        assert done.exit_code == 2
        assert "is no folder of a sweep, it has no sweep.toml" in done.stderr


def rows(path):
    return list(csv.DictReader((path / "table.csv").read_text("utf-8").splitlines()))


class TestTable:
    def test_a_row_for_every_cell_failed_and_missing_ones_too(self, stand_in, capsys):
        folder = begun(stand_in, 4, c1="bad", c2="stopped")
        swept(folder, sweeping.Where(task=1, of=2))
        swept(folder, sweeping.Where(task=2, of=4))
        sweeping.collect(stand_in)
        found = rows(stand_in)
        assert [row["state"] for row in found] == ["not started", "failed", "stopped", "done"]
        assert [row["run.end [h]"] for row in found] == ["1.0", "2.0", "3.0", "4.0"]
        assert [row["delivered [ug/cm^2]"] for row in found] == ["", "", "", "30.0"]
        assert [row["code"] for row in found] == ["", "2", "", ""]
        assert found[1]["reason"] == "run.end: got -1 s, must be > 0"
        out = capsys.readouterr().out
        assert "1 not started, 1 failed, 1 stopped, 1 done" in out
        files = [str(stand_in / "table.csv"), str(stand_in / "table.parquet")]
        assert out.splitlines()[-3:] == [*files, f"`mnrd report {stand_in}` draws it"]

    def test_parquet_holds_the_same(self, stand_in):
        folder = begun(stand_in, 3, c1="bad")
        swept(folder)
        table = collecting.collect(folder)
        assert len(list(collecting.write(table, stand_in))) == 2
        read = parquet.read_table(stand_in / "table.parquet")
        assert read.column_names == list(table.headers) == list(rows(stand_in)[0])
        assert read.to_pylist() == [{header: row.get(header) for header in table.headers} for row in table.rows]

    def test_without_pyarrow_there_is_the_csv_and_a_word(self, stand_in, monkeypatch, capsys):
        folder = begun(stand_in, 1)
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        sweeping.collect(folder.path)
        assert capsys.readouterr().err == "Parquet is written by pyarrow: pip install 'mnrd[sweep]'\n"
        assert (stand_in / "table.csv").is_file()
        assert not (stand_in / "table.parquet").exists()

    def table(self, tmp_path, monkeypatch, results, columns=None, show=()):
        """The table of cells with these results."""
        columns = columns or (Column(("run.rtol",), tuple((0.01 * (number + 1),) for number in range(len(results)))),)
        folder = SweepFolder(tmp_path, Plan(BOX, {}, columns, show=show))
        common = {"exit code": 0, "cells": 1, "steps": 2, "rejected": 0, "balance": {"u": {"relative_error": 1e-15}}}
        monkeypatch.setattr(SweepFolder, "summary", lambda _, cell: common | results[cell.number])
        return collecting.collect(folder)

    def test_a_quantity_has_one_unit(self, tmp_path, monkeypatch):
        results = [{"healing": {"answer": {f"time of peak [{unit}]": 2.0}}, "answer": {}} for unit in ("d", "h")]
        table = self.table(tmp_path, monkeypatch, results)
        assert [row["time of peak [d]"] for row in table.rows] == [2.0, pytest.approx(2.0 / 24.0, rel=1e-13)]
        assert "time of peak [h]" not in table.headers

    def test_units_that_do_not_fit_stay_with_the_values(self, tmp_path, monkeypatch):
        columns = (Column(("a.size", "b", "c"), (("1 mm", True, "10 um"), ("wide", [1, 2], "1 mm"))),)
        table = self.table(tmp_path, monkeypatch, [{"answer": {}}] * 2, columns)
        assert table.parameters == ("a.size", "b", "c [um]")
        assert [tuple(row[header] for header in table.parameters) for row in table.rows] == [
            ("1.0 mm", "true", 10.0), ("wide", "[1, 2]", 1000.0),
        ]  # fmt: skip

    def test_names_of_actives_only_where_there_are_several(self, tmp_path, monkeypatch):
        one, two = {"a": {"lag [h]": 1.0}}, {"a": {"lag [h]": 1.0}, "b": {"lag [h]": None}}
        table = self.table(tmp_path, monkeypatch, [{"answer": one}, {"answer": two}])
        assert [header for header in table.quantities if "lag" in header] == ["lag [h]", "a: lag [h]", "b: lag [h]"]
        assert table.rows[1]["b: lag [h]"] is None

    def test_a_balance_that_is_no_number_stays_empty(self, tmp_path, monkeypatch):
        errors = {"u": {"relative_error": 1e-15}, "v": {"relative_error": None}}
        table = self.table(tmp_path, monkeypatch, [{"answer": {}}, {"answer": {}, "balance": errors}])
        assert [row["largest imbalance"] for row in table.rows] == [1e-15, None]

    def test_on_the_screen_is_what_the_sweep_file_names(self):
        quantities = ("cells", "steps", "rejected", "lag [h]", "lag of it [h]", "x: lag [h]")
        assert sweeping._shown(quantities, ()) == ["cells", "steps", "rejected", "lag [h]"]
        assert sweeping._shown(quantities, ("lag", "steps", "no such")) == ["lag [h]", "steps"]


TINY = """
title = "tiny"
show = ["delivered"]
[case]
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 6 },
    { name = "dermis", thickness = "200 um", smallest = "20 um", largest = "60 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "20 um", largest = "60 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
base = { kind = "sink" }
donor = {}
run = { end = "20 min", every = "5 min", backend = "numpy" }
output = { fields = [] }

[[axes]]
key = "channel.width"
values = ["60 um", "80 um", "100 um", "120 um"]

[[axes]]
key = ["actives[0].concentration", "donor.pH"]
values = [["5 mg/mL", 5.5], ["10 mg/mL", 6.5], ["20 mg/mL", 7.4]]
"""


def test_a_sweep_that_was_interrupted_twice_gives_the_same_table(tmp_path, monkeypatch):
    """Twelve real runs, in this process; a cell that is interrupted stops after one step."""
    (tmp_path / "tiny.toml").write_text(TINY)
    plan = load(tmp_path / "tiny.toml")
    interrupted = {}

    def in_this_process(job):
        if job.stop.signal is not None:
            return Outcome(job.cell, Ending.STOPPED)
        now = interrupted.pop(job.cell.number, False)
        try:
            carry_out(load_case(job.case), job.folder, Options(quiet=True, max_walltime="00:00:00" if now else None))
        except Stopped:
            job.stop.ask()
            return Outcome(job.cell, Ending.STOPPED, 1.0)
        return Outcome(job.cell, Ending.DONE, 1.0)

    monkeypatch.setattr(running, "run_cell", in_this_process)
    monkeypatch.setattr(writers, "overview", lambda *_, **__: None)  # half of the time of such a short run
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert sweeping.sweep(plan, whole, sweeping.Where(workers=1), quiet=True) == Ending.DONE
    for number in (2, 7):
        interrupted[number] = True
        assert sweeping.sweep(plan, broken, sweeping.Where(workers=1), quiet=True) == Ending.STOPPED
        assert states(SweepFolder(broken, plan)) == ["done"] * number + ["stopped"] + ["not started"] * (11 - number)
    assert sweeping.sweep(plan, broken, sweeping.Where(workers=1), quiet=True) == Ending.DONE
    for folder in (whole, broken):
        sweeping.collect(folder)
    table = (whole / "table.csv").read_text("utf-8")
    assert (broken / "table.csv").read_text("utf-8") == table
    assert parquet.read_table(broken / "table.parquet") == parquet.read_table(whole / "table.parquet")
    assert table.count(",done,") == 12
    assert len({float(row["delivered [ug/cm^2]"]) for row in rows(broken)}) == 12
