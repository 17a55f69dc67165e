"""What the suite has in common: backends by name, and the rows of all its tests in one JSON.

A test puts what it found into ``benchmark.extra_info``. The rows of ``test_NAME.py`` are the part NAME of the JSON
(its schema: ``benchmarks/results/host.schema.json``); a row without `seconds` gets the median of the calls.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from machine import machine
from rows import as_lines

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable
from mnrd.output.directory import write_text

made = cache(choose)  # one backend of each name and precision
FOUND = pytest.StashKey[dict[str, Any]]()


def pytest_addoption(parser):
    """Where the rows go."""
    parser.addoption("--store", type=Path, help="write the rows of all tests into this JSON")


def pytest_configure(config):
    """Nothing is found yet."""
    config.stash[FOUND] = {"skipped": [], "seconds": {}}


@pytest.fixture
def backend(request):
    """Makes a backend of a name and a precision, or skips the test with the reason."""

    def of(name, precision):
        try:
            return made(name, precision)
        except BackendUnavailable as error:
            pytest.skip(" ".join(str(error).split()))

    return of


@pytest.fixture(autouse=True)
def _row(request, benchmark):
    """Keep what a test found."""
    begun = perf_counter()
    yield
    found, part = request.config.stash[FOUND], _part(request.node.path)
    found["seconds"][part] = found["seconds"].get(part, 0.0) + perf_counter() - begun
    if benchmark.extra_info:
        row = {"seconds": benchmark.stats.stats.median, **benchmark.extra_info}
        found.setdefault(part, []).append(row)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Keep what was left out, and why."""
    report = (yield).get_result()
    if report.skipped or report.failed:
        why = report.longrepr[2].removeprefix("Skipped: ") if report.skipped else str(call_message(report))
        row = {"part": _part(item.path), "what": item.name, "why": why}
        item.config.stash[FOUND]["skipped"].append(row)


def call_message(report):
    """The last line of what went wrong."""
    crash = getattr(report.longrepr, "reprcrash", None)
    return crash.message.splitlines()[0] if crash else report.longreprtext.splitlines()[-1]


def pytest_sessionfinish(session):
    """Write the JSON."""
    path = session.config.getoption("--store")
    if path is not None:
        write_text(path, as_lines({"machine": machine(_of_host())} | session.config.stash[FOUND]))


def _of_host():
    """The better backend of the host."""
    try:
        return made("native")
    except BackendUnavailable:
        return made("numpy")


def _part(path):
    return path.stem.removeprefix("test_")
