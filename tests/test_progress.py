"""How far a run is: lines with a fake clock, JSON lines, the bar, and what the stopwatch adds up."""

import io
import json
import logging
from math import inf
from types import SimpleNamespace

import pytest
from rich.console import Console
from rich.progress import Progress as Columns
from rich.progress import TextColumn
from typer.testing import CliRunner

from mnrd.cli import app, logs
from mnrd.cli.progress import Bar, Pace, Progress, left, shown
from mnrd.solve.stopwatch import Stopwatch

HOUR = 3600.0


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Run:
    """What progress sees of a simulation: an hour of simulated time in ten minutes, a step per second."""

    def __init__(self, clock):
        self.clock, self.step, self.dt, self.iterations = clock, 0, 6.0, 0
        self.problem = SimpleNamespace(model=SimpleNamespace(names=("drug", "prodrug")))
        self.balances = {"drug": 1.5e-16, "prodrug": 2.5e-15}

    @property
    def time(self):
        """Simulated time."""
        return 6.0 * self.step

    def ledger(self, name):
        """The balance of a field."""
        return SimpleNamespace(relative_error=self.balances[name])

    def go(self, seconds, progress):
        """Steps for some wall time, three iterations each."""
        progress.observe(self)
        for _ in range(seconds):
            self.clock.now += 1.0
            self.step += 1
            self.iterations += 3
            progress.observe(self)


@pytest.fixture
def clock():
    """A fake clock."""
    return Clock()


@pytest.fixture
def said(caplog):
    """What is logged."""
    caplog.set_level(logging.INFO, "mnrd")
    return caplog


def test_a_line_per_half_minute(clock, said):
    progress = Progress(HOUR, clock=clock)
    run = Run(clock)
    run.go(29, progress)
    assert said.records == []
    run.go(271, progress)
    assert [record.getMessage() for record in said.records[:2]] == [
        "step 30, 3 min of 1 h (5 %), dt 6 s, 90 iterations, mass balance 2.5e-15, 9.5 min left",
        "step 60, 6 min of 1 h (10 %), dt 6 s, 90 iterations, mass balance 2.5e-15, 9 min left",
    ]
    assert len(said.records) == 10


def test_a_line_has_its_numbers_for_machines(clock, said):
    progress = Progress(HOUR, "intact", clock=clock)
    Run(clock).go(30, progress)
    assert said.records[0].getMessage().startswith("intact: step 30, ")
    line = json.loads(logs.JsonLines().format(said.records[0]))
    assert line.pop("time").endswith("+00:00")
    assert line.pop("message") == said.records[0].getMessage()
    assert line == {
        "level": "info", "event": "progress", "run": "intact", "step": 30, "time [s]": 180.0, "percent": 5.0,
        "dt [s]": 6.0, "iterations": 90, "mass balance": 2.5e-15, "remaining [s]": 570.0,
    }  # fmt: skip


def test_a_step_longer_than_half_a_minute_gets_its_line(clock, said):
    progress, run = Progress(HOUR, clock=clock), Run(clock)
    for _ in range(3):
        clock.now += 100.0
        run.step += 1
        progress.observe(run)
    assert len(said.records) == 3


def test_a_run_that_goes_on_counts_from_there(clock, said):
    progress, run = Progress(HOUR, clock=clock), Run(clock)
    run.iterations = 10_000
    run.go(30, progress)
    assert " 90 iterations" in said.records[0].getMessage()


def test_the_pace_is_that_of_the_last_minute():
    pace = Pace()
    for second in range(200):
        pace.add(float(second), 1.0 * second)
    for second in range(200, 280):  # ten times as fast from here on
        pace.add(float(second), 199.0 + 10.0 * (second - 199))
    assert pace.remaining(279.0, 999.0, 1999.0) == pytest.approx(100.0)


def test_the_rest_is_unknown_before_anything_moved():
    assert Pace().remaining(0.0, 0.0, 10.0) == inf
    assert Pace().remaining(5.0, 10.0, 10.0) == 0.0
    assert left(inf) == "rest unknown"
    assert left(3700.4) == "1.03 h left"


def test_the_bar_shows_every_simulation(clock):
    written = io.StringIO()
    columns = (
        TextColumn("{task.description}"),
        TextColumn("{task.percentage:.0f} %"),
        TextColumn("{task.fields[left]}"),
    )
    with Columns(*columns, console=Console(file=written, width=120, force_terminal=True)) as bar:
        for name in ("", "intact"):
            run = Run(clock)
            run.go(60, Progress(HOUR, name, Bar(bar), clock=clock))
    assert "6 min of 1 h, dt 6 s 10 % 9 min left" in written.getvalue()
    assert "intact: 6 min of 1 h, dt 6 s 10 % 9 min left" in written.getvalue()


def test_off_a_terminal_the_log_goes_to_stderr(capsys):
    with shown() as bar:
        assert bar is None
        logging.getLogger("mnrd").info("on we go")
    logging.getLogger("mnrd").info("not any more")
    assert capsys.readouterr() == ("", "on we go\n")


def test_on_a_terminal_the_log_stands_above_the_bar(capsys, monkeypatch, clock):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with shown() as bar:
        Run(clock).go(60, Progress(HOUR, bar=bar, clock=clock))
        logging.getLogger("mnrd").info("resumed")
        logging.getLogger("mnrd").warning("odd")
    out, err = capsys.readouterr()
    assert out == ""
    assert "resumed" in err
    assert "odd" in err
    assert "mass balance" not in err  # the bar says it


def test_quiet_lets_warnings_through(capsys):
    with shown(quiet=True):
        logging.getLogger("mnrd").info("on we go")
        logging.getLogger("mnrd").warning("odd")
    assert capsys.readouterr().err == "odd\n"


def test_json_on_stderr(capsys):
    with shown(as_json=True):
        logging.getLogger("mnrd").warning("käse %d", 3, extra={logs.FIELDS: {"step": 3}})
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["message"], line["step"]) == ("warning", "käse 3", 3)


@pytest.mark.parametrize("as_json", [False, True])
def test_run_log_grows(tmp_path, as_json):
    for text in ("first", "second"):
        with logs.to_file(tmp_path, as_json=as_json):
            logging.getLogger("mnrd").info(text)
    lines = (tmp_path / "run.log").read_text("utf-8").splitlines()
    assert len(lines) == 2
    if as_json:
        assert [json.loads(line)["message"] for line in lines] == ["first", "second"]
    else:
        assert lines[1].endswith(" INFO second")


def test_a_full_disk_is_said_once(tmp_path, capsys):
    (tmp_path / "run.log").symlink_to("/dev/full")
    with logs.to_file(tmp_path):
        logging.getLogger("mnrd").info("one")
        logging.getLogger("mnrd").info("two")
    err = capsys.readouterr().err
    assert err.count("cannot be written") == 1
    assert "No space left on device" in err
    assert "Traceback" not in err


def test_phases_are_counted_once(clock):
    watch = Stopwatch({"solve": 100.0}, clock)
    with watch.phase("solve"):
        clock.now += 2.0
        for _ in range(2):
            with watch.phase("react"):
                clock.now += 3.0
        clock.now += 1.0

    @watch.phase("output")
    def fail():
        clock.now += 5.0
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    watch.add("output", 0.0)
    assert watch.seconds == {"solve": 103.0, "react": 6.0, "output": 5.0}


def test_a_run_logs_json_and_prints_results_alone(tmp_path):
    settings = ["--set", "run.end='100 s'", "--set", "mesh.cells=[60, 1, 1]", "--backend", "numpy"]
    done = CliRunner().invoke(app, ["run", "fisher-kpp", "--out", str(tmp_path / "out"), "--log-json", *settings])
    assert done.exit_code == 0, done.output
    said = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    kept = [json.loads(line)["message"] for line in (tmp_path / "out" / "run.log").read_text("utf-8").splitlines()]
    assert set(kept) <= set(said)
    assert kept[-1].startswith("done in ")
    assert "mnrd " not in done.stdout
    assert done.stdout.startswith(str(tmp_path / "out"))
