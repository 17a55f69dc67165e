"""The two runs that mnrd is made for, phase by phase: a day of permeation, four weeks of healing."""

from __future__ import annotations

import pytest

from mnrd.bench.jobs import JOBS, Job
from mnrd.bench.watched import WatchedBackend

ROUNDS = 2  # the first one compiles what no run compiled before


@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize("name", JOBS)
def test_job(benchmark, backend, name, precision):
    """The faster of two runs on the native backend."""
    backend("native", precision)
    rows = []

    def run():
        job = Job(*JOBS[name], WatchedBackend(precision))
        rows.append(job.row(job.run()))

    benchmark.pedantic(run, rounds=ROUNDS, iterations=1)
    fastest = min(rows, key=lambda row: row["seconds"])
    benchmark.extra_info |= {"job": name, "backend": "native"} | fastest
