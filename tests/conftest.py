"""Fixtures of the suite: every backend that this machine has."""

from __future__ import annotations

import os

import pytest

from mnrd.backends import choose, driver
from mnrd.backends.base import BackendUnavailable


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that needs a GPU and is skipped is a failure where MNRD_REQUIRE_GPU says that there must be one."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and item.get_closest_marker("gpu") and os.environ.get("MNRD_REQUIRE_GPU") == "1":
        report.outcome = "failed"
        report.longrepr = f"MNRD_REQUIRE_GPU=1, and this was skipped: {report.longrepr}"


@pytest.fixture(autouse=True)
def _gpu_for_its_own_tests_only(request, monkeypatch):
    """What `auto` chooses in a test does not depend on the machine."""
    if request.node.get_closest_marker("gpu") is None:

        def hidden():
            raise BackendUnavailable("no NVIDIA driver in this test")

        monkeypatch.setattr(driver, "driver_version", hidden)


@pytest.fixture(params=["native", "numpy", pytest.param("cuda", marks=pytest.mark.gpu)])
def backend_name(request):
    """Name of each backend; skipped with the reason where it cannot run."""
    try:
        choose(request.param)
    except BackendUnavailable as error:
        pytest.skip(str(error))
    return request.param


@pytest.fixture
def backend(backend_name):
    """Each backend in double precision with checked launches."""
    return choose(backend_name, "double", debug=True)
