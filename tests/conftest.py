"""Fixtures of the suite: every backend that this machine has."""

from __future__ import annotations

import pytest

from mnrd.backends import BACKENDS, choose
from mnrd.backends.base import BackendUnavailable


@pytest.fixture(params=sorted(BACKENDS))
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
