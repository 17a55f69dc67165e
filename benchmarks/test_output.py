"""What files cost: `mnrd run` with its usual tables, fields, picture and report, beside the same without any."""

from __future__ import annotations

import json

import pytest

from mnrd.bench import process
from mnrd.bench.jobs import JOBS, Job

TIMES = '["1 h", "6 h", "1 d", "3 d", "7 d", "14 d", "28 d"]'
SETTINGS = {"permeation": (), "healing": ("--set", "run.end=28 d", "--set", f"output.fields_at={TIMES}")}


@pytest.mark.parametrize("name", JOBS)
def test_files(benchmark, backend, tmp_path, name):
    """The process of a run, its phases from summary.json, and the run alone."""
    made, (case, end), out = backend("native", "double"), JOBS[name], tmp_path / "run"
    arguments = ["-m", "mnrd", "run", case, "--backend", "native", "--quiet", "--out", str(out), *SETTINGS[name]]
    whole = benchmark.pedantic(process.seconds, (arguments,), rounds=1, iterations=1)
    job = Job(case, end, made)
    bare = job.row(job.run())
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    benchmark.extra_info |= {
        "job": name, "case": case, "cells": bare["cells"], "fields": bare["fields"], "whole": whole,
        "run": summary["wall [s]"], "phases": summary["seconds"], "steps": summary["steps"], "bytes": written,
        "without": bare["seconds"], "steps_without": bare["steps"],
    }  # fmt: skip
