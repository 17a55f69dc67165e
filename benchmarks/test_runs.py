"""Whole runs on a full unit cell, with what they cost per cell: a day of permeation, six months of healing."""

from __future__ import annotations

import pytest

from mnrd.backends import BACKENDS, choose
from mnrd.backends.base import BackendUnavailable
from mnrd.case import load
from mnrd.simulation import Simulation

DAY = 86400.0
FULL_CELL = {
    "array.unit_cell": "full",
    "mesh.smallest": "4.5 um",
    "mesh.largest": "40 um",
}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request):
    """Name of each backend; skipped with the reason where it cannot run."""
    try:
        choose(request.param)
    except BackendUnavailable as error:
        pytest.skip(str(error))
    return request.param


def state_bytes(simulation):
    """Bytes of the arrays that grow with the mesh, counted once each."""
    seen = {}

    def visit(value, depth=0):
        if hasattr(value, "nbytes"):
            base = value if value.base is None else value.base
            seen[id(base)] = getattr(base, "nbytes", value.nbytes)
        elif isinstance(value, dict):
            for one in value.values():
                visit(one, depth)
        elif isinstance(value, (list, tuple)):
            for one in value:
                visit(one, depth)
        elif depth < 6 and type(value).__module__.startswith("mnrd.") and hasattr(value, "__dict__"):
            for one in vars(value).values():
                visit(one, depth + 1)

    for part in (simulation.state, simulation.coefficients, simulation.stepper):
        visit(part)
    return sum(seen.values())


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_dermaroller_24_h(benchmark, backend, precision):
    """The bundled Dermaroller case on a full unit cell of at least 48 x 48 x 64 cells."""
    problem, events = load("dermaroller-vitamin-c", FULL_CELL).problem()
    nz, ny, nx = problem.mesh.shape
    assert min(nx, ny) >= 48
    assert nz >= 64

    def run():
        return Simulation(problem, events=events, backend=backend, precision=precision).run(DAY)

    simulation = benchmark.pedantic(run, rounds=1 if backend == "numpy" else 3, iterations=1)
    cells = problem.mesh.cells
    benchmark.extra_info |= {
        "grid": f"{nx} x {ny} x {nz}",
        "steps": simulation.step,
        "rejected": simulation.rejected,
        "solver iterations": simulation.iterations,
        "bytes per cell": round(state_bytes(simulation) / cells),
        "mass error": max(simulation.ledger(name).relative_error for name in problem.model.names),
    }


@pytest.mark.parametrize("days", [28, 180])
def test_healing_of_a_unit_cell(benchmark, days):
    """One session on a full unit cell of at least 32 x 32 x 48 cells, all 19 fields, on the native backend."""
    cell = {"array.unit_cell": "full", "mesh.smallest": "22 um", "mesh.largest": "22.2 um"}
    case = load("healing-roller-15mm", cell)
    problem, events = case.problem()
    nz, ny, nx = problem.mesh.shape
    assert min(nx, ny) >= 32
    assert nz >= 48

    def run():
        simulation = Simulation(problem, events=events, backend="native", rtol=case.run.rtol, dt_max=case.run.dt_max)
        return simulation.run(days * DAY)

    simulation = benchmark.pedantic(run, rounds=1, iterations=1)
    cells, fields = problem.mesh.cells, len(problem.model.fields)
    benchmark.extra_info |= {
        "grid": f"{nx} x {ny} x {nz}",
        "fields": fields,
        "steps": simulation.step,
        "rejected": simulation.rejected,
        "solves": 2 * simulation.step * sum(field.mobile for field in problem.model.fields),
        "solver iterations": simulation.iterations,
        "bytes per cell": round(state_bytes(simulation) / cells),
    }
