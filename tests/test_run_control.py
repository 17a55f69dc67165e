"""What may interrupt a run: signals, files, the wall time; with a clock that is only moved by the test."""

import os
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from mnrd.case.errors import CaseError
from mnrd.cli import walltime
from mnrd.cli.control import ENDING, RECENT, WRITING_RATE, Control, Requests, Stopped
from mnrd.cli.keeper import Keeper


class Clock:
    """Wall time that stands still unless it is moved."""

    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


class TestWalltime:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("00:00:01", 1.0),
            ("23:30:00", 84600.0),
            ("1-00:00:00", 86400.0),
            ("2-03:04:05", 183845.0),
            ("100:00:00", 3.6e5),
        ],
    )
    def test_times_are_read(self, text, expected):
        assert walltime.seconds(text, "--max-walltime") == expected
        assert walltime.limit(text, {}) == expected

    @pytest.mark.parametrize("text", ["", "3", "05:30", "1:60:00", "1:00:60", "-1:00:00", "1:00:00 h", "Auto", "1e3"])
    def test_other_times_are_refused(self, text):
        with pytest.raises(CaseError) as error:
            walltime.limit(text, {})
        assert str(error.value) == (f"--max-walltime: got {text}, must be HH:MM:SS or D-HH:MM:SS, such as 23:30:00")

    def test_auto_is_no_limit_without_a_job(self, caplog):
        caplog.set_level("INFO", "mnrd")
        assert walltime.limit("auto", {"SLURM_JOB_END_TIME": "5"}, ask=lambda _: pytest.fail("asked")) is None
        assert "no Slurm job, so there is no limit" in caplog.text

    def test_auto_takes_the_end_of_the_job(self):
        environ = {"SLURM_JOB_ID": "7", "SLURM_JOB_END_TIME": "5000"}
        assert walltime.limit("auto", environ, now=lambda: 4000.5, ask=lambda _: pytest.fail("asked")) == 999.5

    @pytest.mark.parametrize(
        ("said", "expected"),
        [("1-02:03:04\n", 93784.0), ("2:03:04\n", 7384.0), ("5:00\n", 300.0), ("0:07\n", 7.0), ("59:59\n", 3599.0)],
    )
    def test_otherwise_squeue_is_asked(self, said, expected):
        asked = []
        assert walltime.limit("auto", {"SLURM_JOB_ID": "7"}, ask=lambda job: asked.append(job) or said) == expected
        assert asked == ["7"]

    @pytest.mark.parametrize("said", ["", "UNLIMITED\n", "NOT_SET\n", "INVALID\n"])
    def test_a_job_without_an_end_is_said(self, said, caplog):
        assert walltime.limit("auto", {"SLURM_JOB_ID": "7"}, ask=lambda _: said) is None
        assert "job 7 says no end, so there is no limit" in caplog.text

    def test_squeue_is_found_and_run(self, tmp_path, monkeypatch):
        squeue = tmp_path / "squeue"
        squeue.write_text('#!/bin/sh\n[ "$*" = "--noheader --jobs 7 --format %L" ] && echo 1:30:00\n')
        squeue.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert walltime.limit("auto", {"SLURM_JOB_ID": "7"}) == 5400.0

    def test_no_squeue_is_no_limit(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert walltime.limit("auto", {"SLURM_JOB_ID": "7"}) is None


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
    def test_stop(self, number):
        requests = Requests()
        with requests.listening():
            os.kill(os.getpid(), number)
        assert (requests.stop, requests.checkpoint) == (number.name, False)

    def test_the_first_reason_stays(self):
        requests = Requests()
        requests.receive(signal.SIGUSR1)
        requests.receive(signal.SIGTERM)
        assert requests.stop == "SIGUSR1"

    def test_a_checkpoint(self):
        requests = Requests()
        with requests.listening():
            os.kill(os.getpid(), signal.SIGUSR2)
        assert (requests.stop, requests.checkpoint) == ("", True)

    def test_the_second_interrupt_is_at_once(self):
        requests = Requests()
        with requests.listening():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)

    def test_handlers_are_put_back(self):
        numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
        before = [signal.getsignal(number) for number in numbers]
        requests = Requests()
        with requests.listening():
            assert all(signal.getsignal(number) == requests.receive for number in numbers)
        assert [signal.getsignal(number) for number in numbers] == before

    def test_other_threads_leave_signals_alone(self):
        before, during = signal.getsignal(signal.SIGTERM), []

        def work():
            with Requests().listening():
                during.append(signal.getsignal(signal.SIGTERM))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert during == [before]


class TestFiles:
    def test_they_ask(self, tmp_path):
        control = Control(clock=Clock())
        (tmp_path / "CHECKPOINT").touch()
        control.look(tmp_path)
        assert (control.requests.stop, control.requests.checkpoint) == ("", True)

    def test_they_are_looked_for_once_a_second(self, tmp_path):
        clock = Clock()
        control = Control(clock=clock)
        control.look(tmp_path)
        (tmp_path / "STOP").touch()
        clock.now += 0.9
        control.look(tmp_path)
        assert control.requests.stop == ""
        clock.now += 0.1
        control.look(tmp_path)
        assert control.requests.stop == "file STOP"


class Simulated:
    """What a keeper wants of a simulation: its clock, and the size of its state."""

    def __init__(self, size=0):
        self.time, self.step = 0.0, 0
        self.state = SimpleNamespace(now=np.empty(size, np.uint8), slope=np.empty(0, np.uint8))


class Bench:
    """A keeper whose checkpoints take a given time and are only counted."""

    def __init__(self, folder, monkeypatch, *, writing=1.0, end=1e9, size=0, **control):
        self.clock, self.simulation = Clock(), Simulated(size)
        self.control = Control(clock=self.clock, **control)
        self.keeper = Keeper(folder, "case", end, self.control, [], dict)
        self.written = []
        self.writing = writing
        monkeypatch.setattr("mnrd.output.checkpoint.write", self._write)
        self.keeper.begin(self.simulation)
        self.keeper.observe(self.simulation)

    def _write(self, folder, simulation, observers, about, *, keep):
        self.clock.now += self.writing
        self.written.append((simulation.step, keep))
        return folder / f"step-{simulation.step}"

    def steps(self, count, seconds):
        for _ in range(count):
            self.step(seconds)

    def step(self, seconds):
        self.clock.now += seconds
        self.simulation.step += 1
        self.simulation.time += 1.0
        self.keeper.observe(self.simulation)


class TestKeeper:
    def test_checkpoints_come_in_intervals_of_wall_time(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, every=100.0, writing=7.0)
        for _ in range(25):
            bench.step(30.0)
        assert [step for step, _ in bench.written] == [4, 8, 12, 16, 20, 24]

    def test_an_interval_of_zero_is_every_step(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, every=0.0, writing=0.0)
        bench.step(0.0)
        bench.step(0.0)
        assert bench.written == [(0, 2), (1, 2), (2, 2)]

    @pytest.mark.parametrize("seconds", [0.5, 3.0, 20.0])
    @pytest.mark.parametrize("writing", [0.1, 30.0])
    def test_it_stops_in_time_and_not_much_earlier(self, tmp_path, monkeypatch, seconds, writing):
        bench = Bench(tmp_path, monkeypatch, limit=3600.0, writing=writing, every=600.0)
        with pytest.raises(Stopped, match="walltime"):
            bench.steps(10**6, seconds)
        left = 1000.0 + 3600.0 - bench.clock.now
        assert left >= ENDING  # after the checkpoint
        assert left <= 2 * seconds + writing + ENDING + 1.0

    def test_the_longest_of_the_recent_steps_counts(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, limit=1e6, writing=1.0)
        bench.step(50.0)
        for _ in range(RECENT - 1):
            bench.step(1.0)
        assert bench.control.margin(0) == 50.0 + ENDING  # no checkpoint is written yet
        bench.step(1.0)
        assert bench.control.margin(0) == 1.0 + ENDING

    def test_the_first_checkpoint_is_guessed_from_its_size(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, limit=1e6, writing=3.0)
        assert bench.control.margin(int(WRITING_RATE)) == 2.0 + ENDING
        bench.keeper.write(bench.simulation)
        assert bench.control.margin(int(WRITING_RATE)) == 6.0 + ENDING

    def test_writing_is_no_part_of_a_step(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, every=0.0, writing=40.0)
        bench.step(2.0)
        bench.step(2.0)
        assert bench.control.margin(0) == 2.0 + 80.0 + ENDING

    def test_a_walltime_that_is_too_short_allows_one_step(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, limit=1.0)
        assert bench.written == []
        with pytest.raises(Stopped):
            bench.step(0.1)
        assert bench.simulation.step == 1

    def test_no_limit_is_none(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, every=1e12)
        bench.step(1e9)
        assert bench.written == []

    def test_a_stop_leaves_a_checkpoint_and_says_how_to_go_on(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch)
        bench.step(1.0)
        bench.control.requests.receive(signal.SIGTERM)
        with pytest.raises(Stopped) as stopped:
            bench.step(1.0)
        assert bench.written == [(2, 2)]
        assert stopped.value.reason == "SIGTERM"
        assert str(stopped.value) == (
            f"stopped (SIGTERM) at 2 s, step 2, with {tmp_path}/checkpoints/case/step-2; "
            f"go on with the same command or with: mnrd resume {tmp_path}"
        )

    def test_the_stop_file_is_gone_when_it_is_obeyed(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch)
        (tmp_path / "STOP").touch()
        with pytest.raises(Stopped, match="file STOP"):
            bench.step(1.0)
        assert list(tmp_path.iterdir()) == []

    def test_a_checkpoint_as_asked_for_and_on(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch)
        (tmp_path / "CHECKPOINT").touch()
        bench.step(1.0)
        assert list(tmp_path.iterdir()) == []
        bench.step(1.0)
        bench.control.requests.receive(signal.SIGUSR2)
        bench.step(1.0)
        bench.step(1.0)
        assert [step for step, _ in bench.written] == [1, 3]

    def test_at_its_end_a_simulation_is_not_stopped_any_more(self, tmp_path, monkeypatch):
        bench = Bench(tmp_path, monkeypatch, end=2.0)
        bench.step(1.0)
        (tmp_path / "STOP").touch()
        bench.step(1.0)
        bench.keeper.finish(bench.simulation)
        assert bench.written == [(2, 1)]
        assert list(tmp_path.iterdir()) == []
