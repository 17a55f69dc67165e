"""The look ahead: memory counted array by array, refusal before anything is made, steps, time, disk."""

import functools
import itertools
import json
import os
import subprocess
import sys
import tracemalloc
import types
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from mnrd.backends import choose
from mnrd.backends.host import HostArrays
from mnrd.case import from_document, load
from mnrd.cli import app, dryrun, memory
from mnrd.cli.healing import Healing
from mnrd.mesh.coarse import coarse
from mnrd.simulation import Simulation

SHORT = {"run.end": "20 s", "run.every": "20 s", "run.first_step": "20 s", "output.picture_at": "20 s"}
ROLLER = SHORT | {"output.fields_at": ["20 s"]}
HEALING = ROLLER | {"run.at": []}
SIZE = ["2.5 mm", "2.5 mm", "1 mm"]
BOX = SHORT | {"output.fields_every": "20 s", "mesh.cells": [120, 120, 60], "mesh.size": SIZE}
COARSER = {"mesh.smallest": "7 um", "mesh.largest": "22 um"}
FINE = {"mesh.smallest": "8 um", "mesh.largest": "30 um"}
COUNTED = {
    "roller": ("dermaroller-vitamin-c", ROLLER | COARSER),
    "roller, mixed": ("dermaroller-vitamin-c", ROLLER | COARSER | {"run.precision": "mixed"}),
    "healing": ("healing-four-sessions", HEALING | FINE | {"healing.sessions": [{"at": "0 s"}]}),
    "box": ("gray-scott", BOX | {"mesh.cells": [40, 40, 30]}),
}  # fmt: skip
MEASURED = {
    "roller": ("dermaroller-vitamin-c", ROLLER | {"mesh.smallest": "1.5 um", "mesh.largest": "8 um"}),
    "healing": ("healing-roller-15mm", HEALING | {"mesh.smallest": "5 um", "mesh.largest": "14 um"}),
    "box, mixed": ("gray-scott", BOX | {"run.precision": "mixed"}),
}
ADDED = """
import json, sys
from pathlib import Path
from mnrd.case import from_document, load
from mnrd.cli.session import run_case
name, settings, out = json.loads(sys.argv[1])
run_case(load(name, settings), Path(out))
"""


def arrays_of(thing):
    """All numpy arrays that can be reached from an object, those that own memory."""
    seen, found, stack = {}, {}, [thing]
    while stack:
        one = stack.pop()
        if id(one) in seen or isinstance(one, str | bytes | int | float | type | types.ModuleType):
            continue
        seen[id(one)] = one
        if isinstance(one, np.ndarray):
            while isinstance(one.base, np.ndarray):
                one = one.base
            found[id(one)] = one
        elif isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list | tuple | set | frozenset):
            stack += one
        elif isinstance(one, functools.partial):
            stack += [one.func, one.args, one.keywords]
        elif isinstance(one, types.MethodType):
            stack.append(one.__self__)
        else:
            stack += getattr(one, "__dict__", {}).values()
            stack += [cell.cell_contents for cell in getattr(one, "__closure__", None) or ()]
    return found


@pytest.mark.parametrize("abreast", [1, 4])
@pytest.mark.parametrize("name", COUNTED)
def test_the_table_is_what_a_simulation_holds(name, abreast, monkeypatch):
    """Also where several fields are solved side by side."""
    case = load(*COUNTED[name])
    monkeypatch.setattr(HostArrays, "abreast", lambda self, columns: abreast)
    backend = choose("numpy", case.run.precision)
    problem, events = case.problem()
    simulation = Simulation(problem, backend=backend, events=events).run(2.0)
    whole, declared = arrays_of(simulation), arrays_of([simulation.problem, events])
    held = sum(array.nbytes for key, array in whole.items() if key not in declared) / problem.mesh.cells
    size = memory.size_of(case, backend.real, backend.abreast)
    held_by_it = [part for part in memory.HELD if part.device and part.name != memory.MEANS]
    counted = sum(part.bytes(size) for part in held_by_it)
    assert counted == pytest.approx(held, rel=0.04)  # the rest is as small as a plane of cells
    painting = memory.HELD[0]
    assert painting.bytes(size) == problem.painting.fractions.nbytes / problem.mesh.cells


def test_so_is_what_the_means_of_healing_hold():
    case = load(*COUNTED["healing"])
    problem, _ = case.problem()
    courses, simulation = Healing(case).courses(problem), Simulation(problem, backend="numpy")
    before = {id(array) for array in arrays_of([simulation, courses]).values()}
    courses.observe(simulation)
    held = sum(a.nbytes for a in arrays_of([simulation, courses]).values() if id(a) not in before)
    size = memory.size_of(case, simulation.backend.real)
    (part,) = (one for one in memory.HELD if one.name == memory.MEANS)
    assert part.bytes(size) == pytest.approx(held / problem.mesh.cells, rel=0.06)  # the rest has a number for each row


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURED)
def test_the_estimate_is_within_ten_percent_of_the_peak(name, tmp_path):
    case, settings = MEASURED[name]
    argument = json.dumps([case, settings, str(tmp_path / "out")])
    subprocess.run([sys.executable, "-c", ADDED, argument], check=True, env=os.environ | {"OMP_NUM_THREADS": "2"})
    measured = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["peak memory [bytes]"]["host"]
    loaded = load(case, settings)
    size = memory.size_of(loaded, choose("auto", loaded.run.precision).real)
    assert memory.need(size, device=False).host == pytest.approx(measured, rel=0.1)


def test_a_large_case_is_refused_before_anything_is_made(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2 * 10**9)
    case, backend = load("full-patch-healing"), choose("numpy")
    tracemalloc.start()
    with pytest.raises(
        MemoryError, match=r"million cells and 19 fields, 2 GB are free: at most 1 million|at most"
    ) as said:
        memory.check(case, backend)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.5 * case.full_mesh().cells  # less than half a byte per cell
    assert "on the host" in str(said.value)


def test_what_is_said_to_fit_fits(monkeypatch):
    case, backend = load("full-patch"), choose("numpy")
    size = memory.size_of(case, backend.real)
    monkeypatch.setattr(memory, "available", lambda: 5 * 10**9)
    with pytest.raises(MemoryError) as said:
        memory.check(case, backend)
    fits = float(str(said.value).partition("at most ")[2].split()[0]) * 1e6
    smaller = memory.need(SimpleNamespace(**{**vars(size), "cells": fits}), device=False)
    assert smaller.host == pytest.approx(5e9, rel=5e-3)


def test_a_device_has_its_own_limit():
    real = choose("numpy", "mixed").real
    card = SimpleNamespace(
        description="cuda (a card)", real=real, abreast=lambda columns: 1, memory=lambda: (10**9, 8 * 10**9)
    )
    with pytest.raises(MemoryError, match=r"GB on cuda \(a card\) for 98.6 million cells and 1 field, 1 GB are free"):
        memory.check(load("full-patch"), card)
    size = memory.size_of(load("full-patch"), real)
    here, there = memory.need(size, device=False), memory.need(size, device=True)
    assert here.device == 0
    assert there.device > 100 * size.cells
    assert there.host < here.host < there.host + there.device + 1


def test_no_answer_of_the_system_is_no_limit(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: None)
    memory.check(load("full-patch"), choose("numpy"))


def forecast_of(name, settings, clock=None):
    """What is foreseen of a bundled case."""
    return dryrun.forecast(load(name, settings), choose("auto"), *([clock] if clock else []))


def test_steps_are_foreseen():
    settings = {"run.end": "2 h", "run.every": "30 min", "output.fields_at": ["1 h"], "output.picture_at": "1 h"}
    found = forecast_of("dermaroller-vitamin-c", settings | {"mesh.smallest": "30 um", "mesh.largest": "60 um"})
    case = load("dermaroller-vitamin-c", settings | {"mesh.smallest": "20 um", "mesh.largest": "60 um"})
    problem, events = case.problem()
    landings = dryrun.Landings(dryrun.AtTimes(case.run.reports))
    real = Simulation(problem, events=events, observers=[landings], rtol=case.run.rtol).run(7200.0)
    assert found.steps == pytest.approx(real.step, rel=0.3)
    assert found.compared == {"intact": problem.mesh.shape[0]}
    assert found.seconds > 0.0


def test_a_look_ahead_ends_in_time():
    ticks = itertools.count(step=0.15)  # s that pass at every look
    found = forecast_of("fisher-kpp", {}, clock=lambda: next(ticks))
    whole = forecast_of("fisher-kpp", {})
    assert 0.3 * whole.steps < found.steps < 3.0 * whole.steps


def test_disk_is_counted():
    settings = {"run.end": "1 h", "run.every": "30 min", "output.fields_every": "30 min", "output.picture_at": "1 h"}
    case = load("dermaroller-vitamin-c", settings | {"output.fields_at": []})
    size = memory.size_of(case, np.dtype("f8"))
    files, checkpoints = 3 * (4 + 4 + 1 + 4), 3 * 2 * 8  # concentration, activity, material, channel; now and slope
    assert dryrun._bytes_on_disk(case, size) == size.cells * (files + checkpoints)
    case = load("fisher-kpp", {"output.fields": []})
    size = memory.size_of(case, np.dtype("f8"))
    assert dryrun._bytes_on_disk(case, size) == size.cells * size.fields * checkpoints


def says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_prints_and_makes_nothing(tmp_path):
    done = says("run", "fisher-kpp", "--dry-run", "--backend", "numpy", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    for text in ("cells", "600 x 1 x 1", "fields", "memory of the host", "disk, at most", "steps", "time"):
        assert text in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_command_ends_with_3_where_it_does_not_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    done = says("run", "fisher-kpp", "--dry-run", "--backend", "numpy", "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "memory of the host" in done.stdout
    assert done.stderr.startswith("not enough memory: the run needs about ")
    assert list(tmp_path.iterdir()) == []


def test_what_is_given_cell_by_cell_counts():
    document = {
        "mesh": {"size": ["1 mm", "1 mm", "1 mm"], "cells": [10, 10, 10]},
        "model": {"fields": {"u": {"unit": "mg/mL", "initial": 1.0, "diffusivity": "1 um^2/s"}}},
        "run": {"end": "1 s"},
    }
    size = memory.size_of(from_document(document), np.dtype("f8"))
    assert size.given == 0.0
    assert (size.cells, size.fields, size.mobile, size.materials) == (1000, 1, 1, 1)


def test_a_coarse_mesh_keeps_planes_and_edges():
    mesh = load("dermaroller-vitamin-c").full_mesh()
    for cells in (100_000, 4000, 500, 1):
        small = coarse(mesh, cells)
        assert small.cells <= max(cells, mesh.shape[0])
        assert small.cells > 0.4 * cells
        assert np.array_equal(small.z, mesh.z)
        for axis in ("x", "y"):
            edges, all_edges = getattr(small, axis), getattr(mesh, axis)
            assert set(edges) <= set(all_edges)
            assert (edges[0], edges[-1]) == (all_edges[0], all_edges[-1])
    assert coarse(mesh, mesh.cells) is mesh


def test_a_coarse_mesh_of_a_plane_joins_what_there_is():
    assert coarse(load("gray-scott").full_mesh(), 1000).shape == (1, 32, 31)
    assert coarse(load("fisher-kpp").full_mesh(), 100).shape == (1, 1, 100)
