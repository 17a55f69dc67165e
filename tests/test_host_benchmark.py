"""make bench: the rows of the suite, the table of targets, and docs/performance.md that is made of all results."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import validate

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SCHEMA = json.loads((RESULTS / "host.schema.json").read_text("utf-8"))
sys.path.insert(0, str(ROOT / "benchmarks"))

import host_report  # noqa: E402
import report  # noqa: E402
import targets  # noqa: E402
from rows import as_lines  # noqa: E402

STORED = report.results(RESULTS)


def kernel(name, share, **others):
    """A row of a kernel."""
    about = {"kernel": name, "file": "lines.cu", "backend": "native", "precision": "double", "caches": "out"}
    return about | {"of_copy": share, "bytes_per_second": 1e9} | others


def step(cells, seconds, **others):
    """A row of a step."""
    size = [round(cells ** (1 / 3))] * 3
    row = {"backend": "native", "size": size, "cells": cells, "fields": 1, "precision": "double", "seconds": seconds}
    return row | {"seconds_per_cell_and_field": seconds / cells} | others


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The JSON of a part of the suite: a test that runs, and one that is left out."""
    path = tmp_path_factory.mktemp("bench") / "host.json"
    command = [sys.executable, "-m", "pytest", "-q", "benchmarks/test_start.py", "benchmarks/test_steps.py"]
    command += ["--benchmark-only", "-p", "no:cacheprovider", "-k", "python-False or cuda-64", "--store", str(path)]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # not a worker's
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return path.read_text("utf-8")


class TestSuite:
    """What the tests of benchmarks/ leave behind."""

    def test_rows_are_stored_by_part_with_what_they_were_measured_on(self, stored):
        found = json.loads(stored)
        validate(found, SCHEMA)
        (row,) = found["start"]
        assert (row["what"], row["kernels"]) == ("python", "at hand")
        assert 0 < row["seconds"] < found["seconds"]["start"]

    def test_what_is_left_out_says_why(self, stored):
        skipped = [row for row in json.loads(stored)["skipped"] if row["part"] == "steps"]
        found = json.loads(stored)
        assert len(skipped) + len(found.get("steps", ())) == 2  # where there is a GPU they are measured
        assert all(row["what"].startswith("test_step[cuda-64") and row["why"] for row in skipped)

    def test_the_json_has_a_line_for_each_row(self):
        found = {"machine": {"device": "one"}, "steps": [{"a": [1, 2]}, {"a": []}], "skipped": []}
        text = as_lines(found)
        assert json.loads(text) == found
        assert text.splitlines()[2:6] == [' "steps": [', '  {"a": [1, 2]},', '  {"a": []}', " ],"]


class TestTargets:
    """A target is met or not by what was measured."""

    def test_the_slowest_kernel_out_of_the_caches_counts(self):
        rows = [kernel("a", 0.9), kernel("b", 0.4, precision="mixed"), kernel("c", 0.1, caches="in"),
                kernel("d", 0.1, backend="numpy")]  # fmt: skip
        assert targets.kernels({"kernels": rows}) == (0.4, "`b`, mixed; 1 of 2 reach it")

    def test_numpy_is_held_against_native_where_it_is_slowest(self):
        rows = [{"what": what, "ratio": ratio} for what, ratio in (("A step", 12.0), ("Healing", 4.0))]
        assert targets.numpy({"numpy": rows}) == (12.0, "a step")

    def test_the_largest_grid_is_held_against_64(self):
        rows = [step(64**3, 64**3 * 2e-9), step(256**3, 256**3 * 3e-9), step(32**3, 1.0)]
        assert targets.cells({"steps": rows}) == (pytest.approx(1.5), "256 x 256 x 256")

    def test_the_kind_of_grid_on_which_iterations_differ_most_counts(self):
        counts = {"refined": (7.0, 8.0, 8.0), "extended": (6.0, 9.0)}
        rows = [{"kind": kind, "iterations": one} for kind, each in counts.items() for one in each]
        assert targets.iterations({"growth": rows}) == (3.0, "extended: 6, 9")

    def test_the_slower_precision_on_most_threads_is_held_against_biofvm(self):
        rows = [
            {"threads": threads, "precision": precision, "of_biofvm": value}
            for threads, precision, value in ((1, "double", 3.0), (2, "double", 1.5), (2, "mixed", 0.9))
        ]
        assert targets.substrates({"substrates": rows}) == (1.5, "double, 2 threads")

    def test_each_target_says_whether_it_is_met_or_not_measured(self):
        host = {"kernels": [kernel("a", 0.69)], "growth": [{"precision": "double", "fixed": 90.0, "further": 24.0}]}
        lines = targets.targets(host, {"stiff": (12.5, "devito")}).splitlines()[2:]
        found = {line.split(" | ")[0].removeprefix("| "): line.split(" | ")[1:5] for line in lines}
        said = {name: next(value for text, value in found.items() if name in text) for name in NAMED}
        assert said == {
            "70 %": ["at least 0.7", "0.69", "`a`, double; 0 of 1 reach it", "**no**"],
            "further field": ["at most 24", "24", "and 90 besides the fields", "yes"],
            "stiff": ["at least 10", "12.5", "the fastest: devito", "yes"],
            "with a channel": ["at least 10", "", "not measured", ""],
        }
        assert len(lines) == 8


NAMED = ("70 %", "further field", "stiff", "with a channel")


class TestDocument:
    """docs/performance.md holds what the results hold."""

    def test_it_is_what_the_results_say(self):
        text = report.DOCUMENT.read_text("utf-8")
        assert report.filled(text, STORED) == text, "make it anew: python benchmarks/report.py"
        assert all(f"<!-- {name} -->" in text for name in report.SECTIONS)

    def test_stored_results_keep_the_schema(self):
        assert STORED.host, "make bench has not been run"
        validate(STORED.host, SCHEMA)

    def test_memory_is_told_by_differences(self):
        rows = [
            {"cells": cells, "fields": fields, "precision": "double", "peak": 2**27 + cells * (100 + 30 * (fields - 1))}
            for cells, fields in ((1000, 1), (8000, 1), (3000, 2), (3000, 10))
        ]
        assert host_report.memory({"memory": rows}).splitlines()[-1] == "| double | 128 | 100 | 30 |"

    def test_what_was_not_measured_says_so(self):
        empty = {"machine": STORED.host["machine"], "skipped": [], "seconds": {}}
        for name, section in host_report.SECTIONS.items():
            if name not in ("host", "skipped"):
                assert section(empty) == host_report.NOTHING, name
        assert report.section("kernels", report.Found()) == host_report.NOTHING

    def test_reasons_are_told_once(self):
        rows = [{"part": "kernels", "what": name, "why": "no driver"} for name in ("a", "b", "c")]
        assert host_report.skipped({"skipped": rows}).splitlines()[-1] == "| kernels | `a` and 2 more | no driver |"

    def test_it_is_written_with_its_pictures(self, tmp_path):
        document = tmp_path / "performance.md"
        document.write_text("a\n<!-- steps -->\nold\n<!-- end -->\nb\n", "utf-8")
        report.write(document, STORED)
        lines = document.read_text("utf-8").splitlines()
        assert (lines[0], lines[1], lines[-2], lines[-1]) == ("a", "<!-- steps -->", "<!-- end -->", "b")
        assert "old" not in lines
        for name in ("performance.png", "performance-host.png"):
            assert (tmp_path / name).stat().st_size > 10_000

    def test_make_bench_measures_and_writes_it(self):
        done = subprocess.run(
            ["make", "-n", "--no-print-directory", "bench"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        suite, peers, page = done.stdout.splitlines()[-3:]
        assert "pytest -q benchmarks --benchmark-only" in suite
        assert suite.endswith(f"--store {(RESULTS / 'host.json').relative_to(ROOT)}")
        assert [line.split()[1] for line in (peers, page)] == ["benchmarks/peers", "benchmarks/report.py"]
        assert all((ROOT / line.split()[1]).exists() for line in (peers, page))

    def test_without_results_it_says_how_to_make_them(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no results there; make them with make bench, or python benchm"):
            report.results(tmp_path)
