"""`mnrd bench`, and what it measures with: clocks, problems, watched kernels, processes. Nothing here is timed."""

import json
import os
from math import exp

import numpy as np
import pytest
from typer.testing import CliRunner

from mnrd.backends import choose
from mnrd.bench import cases, process, start, steps
from mnrd.bench.clock import Clock, copy_bandwidth
from mnrd.bench.jobs import PHASES, Job
from mnrd.bench.problems import DECAY, MINUTE, H, after, block, patch
from mnrd.bench.watched import GENERATED, WatchedBackend, families, watched
from mnrd.cli import app
from mnrd.cli import bench as command
from mnrd.simulation import Simulation

TINY = cases.Extent(
    copies=(2**12, 2**13), patch=(8, 8, 8), fields=2, side=6, least=0.0,
    jobs={"permeation": ("intact-testosterone", 1.0), "healing": ("gray-scott", 1.0)},
)  # fmt: skip
ABOUT = {"bench", "mnrd", "backend", "precision", "processor", "cores"}


def says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, ["bench", *arguments], catch_exceptions=False)


class TestCommand:
    """What it prints, and what it refuses."""

    def test_a_line_of_json_for_each_case_on_stdout_and_progress_on_stderr(self, monkeypatch):
        monkeypatch.setattr(cases, "Extent", lambda: TINY)
        done = says("--only", "step", "--only", "copy", "--backend", "numpy", "--precision", "mixed")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["bench"] for row in rows] == ["copy", "step"]
        assert all(row.keys() > ABOUT and row["precision"] == "mixed" for row in rows)
        assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["copy", "step"]

    def test_the_list_names_each_case_with_what_it_is(self):
        lines = says("--list").stdout
        assert all(name in lines and case.__doc__[:40] in lines for name, case in cases.CASES.items())

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["--only", "heling"], "--only heling: there is no such benchmark, did you mean 'healing'? (known: copy, "),
            (["--backend", "nativ"], "--backend: got nativ, did you mean 'native'? (known: auto, cuda, native, numpy)"),
            (["--precision", "singel"], "--precision: got singel, must be one of auto, double, mixed"),
        ],
    )
    def test_an_unknown_name_is_refused_with_the_nearest(self, arguments, said):
        done = says(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(said)

    @pytest.mark.parametrize("name", [name for name in cases.CASES if name not in ("copy", "step")])
    def test_every_case_gives_a_row_of_json(self, monkeypatch, name):
        monkeypatch.setattr(process, "called", lambda function, **given: {"cells": 512, "peak": 1024 * given["fields"]})
        monkeypatch.setattr(process, "seconds", lambda *_: 0.1)
        (row,) = command.rows([name], "native", "double", TINY)
        assert json.loads(json.dumps(row)) == row
        assert row["bench"] == name
        assert row.keys() > ABOUT
        assert row.get("bytes_per_cell_and_further_field", 2.0) == 2.0

    def test_the_kernels_of_a_step_take_a_part_of_its_time(self):
        (row,) = command.rows(["decay"], "native", "double", TINY)
        assert 0.0 < sum(row["kernels"].values()) < row["seconds"]
        assert {"lines", GENERATED} <= row["kernels"].keys()
        assert "kernels" not in next(command.rows(["decay"], "numpy", "double", TINY))

    def test_nothing_that_is_asked_for_is_everything(self):
        assert cases.chosen([]) == list(cases.CASES)


class TestClock:
    """The yardstick."""

    def test_a_copy_reads_and_writes_that_many_bytes_of_filled_arrays(self):
        backend, seen = choose("native", "double"), []

        class Watch(Clock):
            def seconds(self, call, least):
                seen.append(call)
                return 1.0

        assert copy_bandwidth(backend, Watch(backend), 4096, 0.0) == 4096
        for call in seen:
            given, made = copied(call)
            assert given.nbytes + made.nbytes == 4096
            assert given.all(where=np.arange(given.size) > 0)
            made[:] = 0.0
            call()
            np.testing.assert_array_equal(made, given)
        assert [call.__name__ for call in seen] == ["assign", "launch"]

    def test_the_count_of_calls_fills_the_time(self):
        clock = Clock(choose("numpy"))
        clock._once = lambda call, count: 0.01
        assert clock.count(None, 0.1) == 10
        assert clock.count(None, 0.0) == 1


def copied(call):
    """The two arrays of a copy, in its closure."""
    inside = dict(zip(call.__code__.co_freevars, (cell.cell_contents for cell in call.__closure__), strict=True))
    return inside["one"], inside["other"]


class TestProblems:
    """What is measured is what it is said to be."""

    def test_a_block_decays_and_its_step_is_that_of_the_explicit_limit(self):
        problem = block(6, 2)
        assert {field.diffusivity * MINUTE / H**2 for field in problem.model.fields} == {1.0}
        simulation = Simulation(problem, backend="numpy", rtol=1e-6)
        before = sum(simulation.amounts("f1").values())
        after = sum(simulation.run(MINUTE).amounts("f1").values())
        assert after == pytest.approx(before * exp(-DECAY * MINUTE), rel=1e-5)

    def test_waves_differ_from_field_to_field_and_are_not_negative(self):
        simulation = Simulation(block(8, 2), backend="numpy")
        one, other = (simulation.concentration(name) for name in ("f0", "f1"))
        assert min(one.min(), other.min()) >= 0.0
        assert max(np.ptp(one), np.ptp(other)) > 1.0
        assert np.abs(one - other).max() > 0.5

    def test_the_exact_solution_of_a_block_is_what_small_steps_come_to(self):
        simulation = Simulation(block(8, 2), backend="numpy", rtol=1e-5).run(2 * MINUTE)
        for field in range(2):
            exact, split = (after(8, field, 2, split=split) for split in (False, True))
            np.testing.assert_allclose(simulation.concentration(f"f{field}"), exact, rtol=1e-4)
            assert np.abs(split / exact - 1).max() > 5e-3

    def test_both_start_where_the_block_starts(self):
        one = Simulation(block(4, 1), backend="numpy").concentration("f0")
        np.testing.assert_allclose(after(4, 0, 0), one, rtol=1e-12)
        np.testing.assert_allclose(after(4, 0, 0, split=True), one, rtol=1e-12)

    def test_fields_react_unless_they_shall_not(self):
        assert len(patch((8, 8, 8), 3).model.reactions) == 2
        assert patch((8, 8, 8), 3, reacting=False).model.reactions == ()

    def test_a_step_is_one_step_and_solves_are_counted(self):
        made = steps.Steps(choose("numpy"), patch((8, 8, 8), 2, 1, reacting=False))
        _, iterations = made.seconds(0.0)
        assert made.simulation.step == steps.WARM + 1
        assert made.solves == 4
        assert 0 < iterations < 20


class TestWatched:
    """The native backend with a clock."""

    def test_it_computes_the_same_bits_and_books_every_kernel(self):
        made, states = WatchedBackend("double"), []
        for backend in (choose("native", "double"), made):
            states.append(steps.Steps(backend, patch((8, 8, 8), 2)).simulation.state.now)
        np.testing.assert_array_equal(*states)
        assert {"react_0", "relax"} < made.seconds.keys()
        assert made.seconds.keys() - families().keys() <= {
            f"{verb}_{index}" for verb in ("react", "tally", "move") for index in range(2)
        }
        assert sum(made.families().values()) == pytest.approx(sum(made.seconds.values()))
        assert {"lines", "stage", GENERATED} <= made.families().keys()

    def test_other_backends_are_as_they_are(self):
        assert watched("numpy").name == "numpy"
        assert watched("native", "mixed").description == choose("native", "mixed").description

    def test_phases_of_a_job_are_its_time_and_kernels_are_in_its_steps(self):
        job = Job("intact-testosterone", 5.0, WatchedBackend("double"))
        row = job.row(job.run())
        assert row["seconds"] == pytest.approx(sum(row["phases"][phase] for phase in PHASES))
        kernels = sum(seconds for phase, seconds in row["phases"].items() if phase.startswith("steps, "))
        assert kernels == pytest.approx(row["phases"]["steps"])
        assert row["steps"] > 1

    def test_a_backend_without_a_clock_tells_no_kernels(self):
        job = Job("intact-testosterone", 1.0, choose("numpy"))
        assert set(job.row(job.run())["phases"]) == set(PHASES)


class TestProcesses:
    """What runs in a process of its own."""

    def test_a_function_is_called_elsewhere_with_its_environment(self):
        assert process.called(os.getenv, {"MNRD_HERE": "there"}, key="MNRD_HERE") == "there"
        assert "MNRD_HERE" not in os.environ

    def test_a_step_of_a_block_says_what_it_was(self):
        row = steps.step_of_block(6, 2, "native", "mixed")
        assert (row["cells"], row["fields"], row["precision"], row["steps"]) == (216, 2, "mixed", 8)
        assert 0 < row["error"] < row["error_if_split"] < 0.2

    def test_peak_memory_is_that_of_the_process_alone(self):
        held = np.ones(2**25)  # that much here
        row = process.called(steps.peak_of_patch, size=[8, 8, 8], fields=1, backend="numpy", precision="double")
        assert 2**24 < row["peak"] < held.nbytes

    def test_a_process_that_fails_says_what_it_said(self):
        with pytest.raises(
            RuntimeError, match=r"python.* -c raise SystemExit\('no such thing'\) ended with 1: no such thing"
        ):
            process.seconds(["-c", "raise SystemExit('no such thing')"])

    def test_kernels_are_compiled_again_only_where_that_is_asked_for(self, monkeypatch):
        seen = []
        monkeypatch.setattr(process, "seconds", lambda arguments, environment: seen.append((arguments, environment)))
        start.seconds("first step")
        start.seconds("whole run", cold=True)
        (_, warm), (arguments, cold) = seen
        assert warm is None
        assert f"{cold['MNRD_CACHE_DIR']}/run" == arguments[-1]

    def test_the_start_of_a_run_can_be_measured(self):
        assert start.seconds("import mnrd") > 0.0
