"""What must not grow: iterations of a solve with the cells, and memory of a cell with the fields."""

from __future__ import annotations

from dataclasses import asdict

import growth
import pytest

from mnrd.bench.problems import patch

SIDES = (32, 64, 128, 256)
SIDE = 64  # where memory is counted


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", growth.KINDS)
@pytest.mark.parametrize("measure", growth.MEASURES)
def test_iterations(benchmark, backend, measure, kind, side):
    """One solve on layered skin with channels."""
    problem, native = growth.KINDS[kind](side), backend("native", "double")
    found = benchmark.pedantic(growth.MEASURES[measure], (native, problem), rounds=1, iterations=1)
    benchmark.extra_info |= {
        "kind": kind, "measure": measure, "size": [side] * 3, "cells": side**3, "iterations": found,
    }  # fmt: skip


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_memory(benchmark, backend, precision):
    """What is held for each cell, and for each further field that diffuses."""
    native = backend("native", precision)

    def make(fields):
        return patch((SIDE,) * 3, fields, reacting=False)

    found = benchmark.pedantic(growth.memory, (native, make), rounds=1, iterations=1)
    about = {"kind": "memory", "size": [SIDE] * 3, "cells": SIDE**3, "precision": precision}
    benchmark.extra_info |= about | asdict(found)
