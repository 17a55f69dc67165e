"""benchmarks/gpu.py: its counting rule, its budget, its JSON and the tables that are made of it. No GPU is needed."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import standin
from jsonschema import validate

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable
from mnrd.bench.clock import Clock

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = json.loads((RESULTS / "gpu.schema.json").read_text("utf-8"))
sys.path.insert(0, str(ROOT / "benchmarks"))

import bench  # noqa: E402
import gpu  # noqa: E402
import gpu_report  # noqa: E402
from launches import bandwidth, big_arguments, disagreements  # noqa: E402
from patches import Steps, patch  # noqa: E402
from rivals import compare  # noqa: E402
from traffic import KERNELS, Arguments, Counting, bytes_of, updated  # noqa: E402

NZ, NY, NX = SIZE = (4, 6, 10)
CELLS = NX * NY * NZ


def arguments_of(backend, kernel, **others):
    """Arguments of a kernel on the backend, some of them replaced."""
    made = big_arguments(backend, kernel, SIZE)
    names = [parameter.name for parameter in KERNELS[kernel]]
    for name, value in others.items():
        made[names.index(name)] = value
    return made


def schema_of(part):
    """The schema of one part of the JSON."""
    return SCHEMA["properties"][part] | {"$defs": SCHEMA["$defs"]}


class TestCountingRule:
    """Bytes that a launch must move."""

    def test_what_is_read_and_what_is_written_count_once(self):
        made = arguments_of(choose("numpy", "mixed"), "to_activity")
        assert bytes_of("to_activity", made) == (8 + 4 + 8) * CELLS

    def test_what_is_changed_counts_twice(self):
        backend = choose("numpy", "mixed")
        given = sum(one.nbytes for one in arguments_of(backend, "add_drift") if hasattr(one, "nbytes"))
        assert bytes_of("add_drift", arguments_of(backend, "add_drift")) == given + 4 * CELLS

    def test_an_array_that_stands_for_two_parameters_is_read_once(self):
        made = arguments_of(choose("numpy", "double"), "turn")
        names = [parameter.name for parameter in KERNELS["turn"]]
        apart = bytes_of("turn", made)
        made[names.index("v")] = made[names.index("r")]
        assert bytes_of("turn", made) == apart - 8 * CELLS

    def test_scratch_does_not_count(self):
        made = arguments_of(choose("numpy", "double"), "solve_lines")
        before = bytes_of("solve_lines", made)
        made[[parameter.name for parameter in KERNELS["solve_lines"]].index("scratch")] = np.zeros(10**6)
        assert bytes_of("solve_lines", made) == before

    def test_of_an_array_that_is_read_at_its_ends_two_planes_count(self):
        made = arguments_of(choose("numpy", "double"), "contact")
        names = [parameter.name for parameter in KERNELS["contact"]]
        others = sum(made[names.index(name)].nbytes for name in names if hasattr(made[names.index(name)], "nbytes"))
        assert bytes_of("contact", made) == others - 8 * CELLS + 2 * 8 * NX * NY

    @pytest.mark.parametrize(
        ("kernel", "wanted"),
        [("relax", set()), ("prolong_add", {"u"}), ("clip", {"a"}), ("turn", {"p"}), ("extend", set())],
    )
    def test_what_a_kernel_changes_is_found_by_its_meaning(self, kernel, wanted):
        assert updated(kernel) - {"scratch"} == wanted

    def test_a_launch_that_finds_nothing_to_do_counts_nothing(self):
        backend = Counting(choose("numpy", "double"))
        with backend.counted() as tally:
            backend.kernel.apply(*arguments_of(backend, "apply", going=np.zeros(1)))
        assert tally.bytes == {}

    def test_a_program_counts_what_it_runs_each_time_it_runs(self):
        backend = Counting(choose("native", "double"))
        made = arguments_of(backend, "extend")
        with backend.record() as program:
            backend.kernel.extend(*made)
        program.run()
        with backend.counted() as tally:
            program.run()
            program.run()
        assert (tally.launches, tally.bytes) == ({"extend": 2}, {"extend": 2 * 24 * CELLS})

    def test_generated_kernels_count_the_fields_that_they_load(self):
        steps = Steps(choose("native", "mixed"), patch((4, 4, 4), 1, 1))
        tally, _ = steps.tally()
        # The rate of f0 is of what is predicted, f1 gains that times the newest f0; two arrays each, two stages.
        assert tally.bytes["react"] == 2 * ((1 + 2) + (2 + 2)) * 8 * 64

    def test_a_counted_step_is_the_step(self):
        states = []
        for counted in (False, True):
            steps = Steps(choose("native", "double"), patch((8, 8, 8), 1, 1))
            steps.tally() if counted else steps.run(1)
            states.append(steps.simulation.state.now.copy())
        np.testing.assert_array_equal(*states)


class TestParts:
    """What the parts measure, and when they stop."""

    def test_a_wrong_kernel_is_named_with_its_difference(self):
        backend = choose("native", "double")
        right = backend.kernel.extend
        broken = SimpleNamespace(**vars(backend.kernel))
        broken.extend = lambda cells, u, first, factor, least, out: right(cells, u, first, 1.01 * factor, least, out)
        wrong = Counting(backend)
        wrong.kernel = broken
        found = dict(disagreements(wrong, "double"))
        assert "kernel extend: out" in found.pop("extend")
        assert set(found.values()) == {""}

    def test_kernels_that_do_not_walk_over_the_grid_have_no_bandwidth(self):
        backend = choose("numpy", "double")
        assert bandwidth(backend, Clock(backend), "gather", (4, 6, 128), 0.0) is None
        assert bandwidth(backend, Clock(backend), "extend", (4, 6, 128), 0.0)["bytes_per_cell"] == 24

    @pytest.mark.parametrize("kernel", KERNELS)
    def test_big_arguments_have_the_shapes_of_small_ones(self, kernel):
        backend = choose("numpy", "double")
        wanted = Arguments(kernel, SIZE, float, True, 1, parts=((NX + 1) // 2, (NY + 1) // 2)).make()
        for parameter, one, other in zip(KERNELS[kernel], big_arguments(backend, kernel, SIZE), wanted, strict=True):
            if parameter.name != "scratch":
                assert getattr(one, "shape", one) == getattr(other, "shape", other), parameter.name

    @pytest.mark.parametrize("precision", bench.PRECISIONS)
    def test_all_three_ways_to_take_a_step_agree_to_the_tolerance_of_its_solves(self, precision):
        found, missing = compare(Steps(choose("native", precision), patch((16, 16, 16), 1)), 0.0)
        assert missing == {}
        assert max(row["difference"] for row in found.values()) < 3e-4
        assert found["expressions"]["iterations"] == pytest.approx(found["library"]["iterations"], abs=2)

    def test_without_a_sparse_library_the_others_are_compared(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "scipy.sparse.linalg", None)
        run = bench.Bench("native", gpu.TINY, found={"skipped": []}, until=1e9)
        rows = list(run.rivals())
        assert [set(row) for row in rows] == [{"size", "precision", "solver", "expressions"}] * 2
        assert {row["what"] for row in run.found["skipped"]} == {"library, mixed", "library, double"}
        assert "ModuleNotFoundError" in run.found["skipped"][0]["why"]
        validate(rows, schema_of("rivals"))
        assert "| 16 x 16 x 16 | mixed |" in gpu_report.rivals({"one": {"rivals": rows}})

    def test_a_part_that_breaks_off_keeps_its_rows_and_the_parts_after_it(self, monkeypatch):
        def broken(_):
            yield {"case": "one"}
            raise OSError("the bus is gone")

        for part in bench.SHARES:
            monkeypatch.setattr(bench.Bench, part, lambda _: iter([]))
        monkeypatch.setattr(bench.Bench, "cases", broken)
        found = bench.Bench("native", gpu.TINY).run()
        assert found["cases"] == [{"case": "one"}]
        assert found["skipped"] == [{"part": "cases", "what": "the rest", "why": "OSError: the bus is gone"}]
        assert set(found["seconds"]) == set(bench.SHARES)
        assert gpu.failures(found | {"cases": []}) == ["cases: OSError: the bus is gone"]

    def test_columns_that_do_not_fit_the_needles_are_refused(self):
        with pytest.raises(ValueError, match=r"^size: got 48 x 64 columns, must be multiples of 32$"):
            patch((48, 64, 16), 1)

    def test_without_time_everything_is_left_out_and_said(self, monkeypatch):
        monkeypatch.setattr(bench, "SHARES", dict.fromkeys(bench.SHARES, -1.0))
        monkeypatch.setattr(bench, "disagreements", lambda *_: iter([("relax", "")]))
        found = bench.Bench("native", gpu.TINY).run()
        assert {row["part"] for row in found["skipped"]} == set(bench.SHARES)
        assert {row["why"] for row in found["skipped"]} == {"out of time"}
        assert found["steps"] == found["cases"] == found["rivals"] == []

    BEFORE = {"cells": 1000, "set_up": 1.0, "seconds": 0.1, "memory": 100, "mobile": 1, "immobile": 0}  # noqa: RUF012

    def test_a_grid_that_would_take_too_long_is_not_tried(self):
        run = bench.Bench("native", gpu.TINY, until=10.4)
        assert run.objection((10, 10, 100), self.BEFORE).startswith("would take about 20 s, 10 s are left")
        assert run.objection((10, 10, 10), self.BEFORE | {"memory": 0}) == ""

    def test_a_grid_that_does_not_fit_is_not_tried(self, monkeypatch):
        run = bench.Bench("native", gpu.TINY, until=1e9)
        monkeypatch.setattr(bench, "free_memory", lambda _: 999)
        monkeypatch.setattr(bench, "host_memory", lambda: 10**12)
        assert run.objection((10, 10, 100), self.BEFORE) == "would take about 0 GB of the device, 0 GB are free"
        monkeypatch.setattr(bench, "free_memory", lambda _: 1000)
        monkeypatch.setattr(bench, "host_memory", lambda: 24 * 10**4 - 1)
        assert run.objection((10, 10, 100), self.BEFORE) == "would take about 0 GB of the host, 0 GB are free"

    def test_running_out_of_memory_skips_the_grid(self, monkeypatch):
        def fail(*_):
            raise MemoryError("asked for 9 GB")

        monkeypatch.setattr(bench, "patch", fail)
        run = bench.Bench("native", gpu.TINY, found={"skipped": []}, until=1e9)
        assert list(run.steps()) == []
        assert {row["why"] for row in run.found["skipped"]} == {"out of memory: asked for 9 GB"}


class TestOnADevice:
    """The same parts through the cuda backend, on the stand-in for CuPy: events, memory, graphs, what CUDA says."""

    @pytest.fixture
    def run(self, monkeypatch):
        monkeypatch.setattr(bench, "made", cache(choose))
        monkeypatch.setattr(bench, "KERNELS", {name: KERNELS[name] for name in ("extend", "apply")})
        plan = bench.Plan((8, 8, 4), ((4, 4, 4),), (4, 4, 4), ((1, 0),), ((1, 0),), {}, 0.0)
        with standin.installed():
            yield bench.Bench("cuda", plan, found={"skipped": []}, until=1e9)

    def test_it_says_what_it_ran_on(self, run):
        about = bench.machine(bench.made("cuda"))
        assert (about["backend"], about["device"], about["driver"]) == ("cuda", "stand-in for a GPU", 12090)
        validate(about, schema_of("machine"))

    def test_bandwidth_is_measured_beside_a_copy(self, run):
        rows = list(run.bandwidth())
        validate(rows, schema_of("bandwidth"))
        assert [row["kernel"] for row in rows] == ["copy", "extend", "apply"] * 2

    def test_a_step_moves_what_it_moves_on_the_host_and_its_memory_is_known(self, run):
        host = bench.Bench("native", run.plan, until=1e9)
        for got, wanted in zip(run.steps(), host.steps(), strict=True):
            assert got["memory"] > 8 * 6 * got["cells"]  # six arrays of doubles hold the state and the stages
            assert got["traffic"].keys() == wanted["traffic"].keys()
            assert got["counted_iterations"] == wanted["counted_iterations"]
            assert got["bytes_per_cell"] == pytest.approx(wanted["bytes_per_cell"])


class TestScript:
    """One call, one JSON."""

    def test_it_runs_without_pytest_and_its_json_keeps_the_schema(self, tmp_path):
        out = tmp_path / "gpu.json"
        program = (
            "import sys; sys.modules['pytest'] = None; sys.path.insert(0, 'benchmarks'); import gpu;"
            f"sys.exit(gpu.main(['--host', '--tiny', '--out', {str(out)!r}]))"
        )
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"wrote {out}\n"
        found = json.loads(out.read_text("utf-8"))
        validate(found, SCHEMA)
        assert found["skipped"] == []
        assert {row["kernel"] for row in found["kernels"]} == set(KERNELS)
        assert len(found["steps"]) == 4
        assert len(found["rivals"]) == 2

    @pytest.mark.parametrize("path", sorted(RESULTS.glob("gpu-*.json")), ids=lambda path: path.stem)
    def test_stored_results_keep_the_schema(self, path):
        validate(json.loads(path.read_text("utf-8")), SCHEMA)

    def test_without_a_gpu_it_says_why_and_ends_with_2(self, monkeypatch, capsys):
        def fail(_):
            raise BackendUnavailable("no cupy: pip install 'mnrd[cuda12]'")

        monkeypatch.setattr(gpu.Bench, "run", fail)
        assert gpu.main([]) == 2
        assert capsys.readouterr().err == "no cupy: pip install 'mnrd[cuda12]'\n"

    def test_what_is_not_what_numpy_says_ends_with_1(self, monkeypatch, tmp_path, capsys):
        kernels = [{"kernel": "relax", "precision": "mixed", "agrees": False, "message": "kernel relax: out"}]
        cases = [{"case": "one", "precision": "double", "differences": {"a": 0.5, "b": 0.1}, "agrees": False}]
        found = {"machine": {"device": "a GPU (1)"}, "kernels": kernels, "cases": cases, "skipped": []}
        monkeypatch.setattr(gpu.Bench, "run", lambda _: found)
        monkeypatch.setattr(gpu, "RESULTS", tmp_path)
        assert gpu.main([]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "relax (mixed): kernel relax: out"
        assert lines[1] == "one (double): differs from numpy by 0.5"
        assert (tmp_path / "gpu-a-gpu-1.json").is_file()


class TestReport:
    """Tables of the JSONs."""

    def test_it_says_whether_anything_ran_on_a_gpu(self):
        host = gpu_report.results(RESULTS)["gpu-host"]
        device = host | {"machine": host["machine"] | {"backend": "cuda"}}
        assert gpu_report.machines({"gpu-host": host}).startswith("**Nothing has run on a GPU yet.**")
        assert gpu_report.bandwidths({"gpu-host": host}) == "No JSON of a GPU is there, so there is nothing to state."
        assert gpu_report.machines({"gpu-one": device}).startswith("What has run on a GPU says so here")
        assert "| `relax` |" in gpu_report.bandwidths({"gpu-one": device})

    def test_the_plan_is_met_at_the_iterations_for_which_it_is_stated(self):
        assert gpu_report.planned("mixed", 1.25) == 10.5e3
        assert gpu_report.planned("mixed", 2.0) == pytest.approx(14.7e3)
