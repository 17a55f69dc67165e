"""What mnrd costs, in counts that are the same on every machine, and the table that they are held against.

    python tests/costs.py          # writes tests/costs.toml anew

Iterations, launches, bytes and instructions, never seconds. Instructions depend on the compiler: the table has those of
the compilers that it was written with.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import standin  # noqa: E402
from growth import KINDS, MEASURES, memory  # noqa: E402
from instructions import compiler, instructions  # noqa: E402
from patches import Steps, patch  # noqa: E402
from standin import cupy  # noqa: E402

from mnrd.backends import choose, graph  # noqa: E402
from mnrd.backends.base import Backend, BackendUnavailable  # noqa: E402
from mnrd.bench.problems import block  # noqa: E402
from mnrd.case import load  # noqa: E402
from mnrd.output.directory import write_text  # noqa: E402
from mnrd.simulation import Simulation  # noqa: E402

TABLE = Path(__file__).with_name("costs.toml")
HEAD = """\
# What mnrd costs: counts, the same on every machine. A test holds each change against them.
# Written by: python tests/costs.py
"""
INSTRUCTIONS, HELD = "instructions", "bytes per cell"
ALLOWED = {INSTRUCTIONS: 0.02, HELD: 0.005}
"""Part by which the counts of a section may rise; all others may not at all."""
KEPT = 0.03
"""Part by which any may fall before the table must say so, or it would not notice when they rise again."""

RUNS: dict[str, tuple[float, dict[str, str]]] = {
    "intact-testosterone": (3600.0, {}),
    "dermaroller-vitamin-c": (600.0, {"mesh.smallest": "12 um", "mesh.largest": "60 um"}),
    "healing-roller-15mm": (30.0, {}),
}
"""Bundled cases, with their end (s) and what is changed."""
CUBES = (16, 32, 64)
CUBE = (32, 32, 32)
GPU = 6
"""Cells along each side: of solves, of steps on a host and on a GPU."""
FIELDS = {"1 field": (1, 0), "3 fields": (3, 0), "2 fields, 1 at rest": (2, 1)}
"""Fields that diffuse, and that do not."""
WAYS = {"each by itself": (1, 0), "3 fields in one": (3, 0), "small ones in one block too": (3, graph.SMALL)}
"""Fields that are solved side by side, and largest work of a kernel that becomes part of a sequence."""

Counts = dict[str, float]


def on_host(precision: str) -> Backend:
    """The native backend, or where there is no compiler that of numpy, whose counts are the same."""
    try:
        return choose("native", precision)
    except BackendUnavailable:
        return choose("numpy", precision)


def of_solves() -> Counts:
    """Iterations that reduce a residual, and an error, with more and more cells of both kinds."""
    backend = on_host("double")
    return {
        f"{measure}, {kind}, {count}^3 cells": iterations(backend, make(count))
        for measure, iterations in MEASURES.items()
        for kind, make in KINDS.items()
        for count in CUBES
    }


def of_runs() -> Counts:
    """Steps and iterations of the first seconds of bundled cases."""
    found: Counts = {}
    for name, (end, changes) in RUNS.items():
        case = load(name, changes)
        problem, events = case.problem()
        given = {"rtol": case.run.rtol, "dt_max": case.run.dt_max, "backend": on_host("double")}
        run = Simulation(problem, events=events, **given).run(end)
        found[f"{name}, steps"], found[f"{name}, iterations"] = run.step + run.rejected, run.iterations
    return found


def of_steps() -> Counts:
    """Launches and bytes per cell of a step of fixed size on a host, as `traffic.Counting` counts them."""
    found: Counts = {}
    for precision in ("double", "mixed"):
        for name, fields in FIELDS.items():
            tally, _ = Steps(on_host(precision), patch(CUBE, *fields)).tally()
            what, cells = f"{precision}, {name}", int(np.prod(CUBE))
            found[f"{what}, launches"] = sum(tally.launches.values())
            found[f"{what}, bytes per cell"] = round(sum(tally.bytes.values()) / cells, 1)
    return found


def of_memory() -> Counts:
    """Bytes per cell that the native backend holds, without the scratch of its threads, and allocates in a step."""
    found: Counts = {}
    for precision in ("double", "mixed"):
        backend = choose("native", precision)
        scratch = backend.scratch(*CUBE).nbytes / np.prod(CUBE)
        held = memory(backend, lambda fields: patch(CUBE, fields, reacting=False))
        found[f"{precision}, fixed"] = round(held.fixed - scratch, 1)
        found[f"{precision}, each further field"] = round(held.further, 1)
        found[f"{precision}, allocated in a step"] = int(held.passing)  # less than one is no array
    return found


def of_gpu() -> Counts:
    """Kernels that a step launches on a GPU: nodes of its CUDA graphs, on the stand-in."""
    found: Counts = {}
    for way, (places, small) in WAYS.items():
        backend = standin.backend("mixed", debug=False, threads=64)
        with (
            mock.patch.object(type(backend), "abreast", lambda _, columns, places=places: places),
            mock.patch.object(graph, "SMALL", small),
        ):
            steps = Steps(backend, block(GPU, 3))
            cupy.reset()
            steps.run(1)
        found[f"launches, {way}"], found[f"allocations, {way}"] = cupy.counts.launches, cupy.counts.allocations
    return found


COUNTED: dict[str, Callable[[], Counts]] = {
    "iterations of solves": of_solves,
    "runs": of_runs,
    "steps on a host": of_steps,
    HELD: of_memory,
    "steps on a GPU": of_gpu,
}


Table = dict[str, Any]


def table() -> Table:
    """The stored counts: section -> what -> count; instructions by compiler in a section of their own."""
    return tomllib.loads(TABLE.read_text("utf-8")) if TABLE.is_file() else {}


def complaints(section: str, stored: Mapping[str, float], got: Mapping[str, float]) -> list[str]:
    """What is not as stored, in words.

    Parameters
    ----------
    section : str
        Of the table.
    stored, got : mapping
        The counts.
    """
    allowed = ALLOWED.get(section, 0.0)
    keep = f"python tests/{TABLE.stem}.py keeps it"
    found = [f"{section}: {what} is not in the table: {keep}" for what in got if what not in stored]
    found += [f"{section}: {what} is in the table and was not counted: {keep}" for what in stored if what not in got]
    for what in stored.keys() & got.keys():
        old, new = stored[what], got[what]
        if new > old * (1 + allowed):
            found.append(f"{section}: {what} rose from {old:g} to {new:g}")
        elif new < old * (1 - KEPT):
            found.append(f"{section}: {what} fell from {old:g} to {new:g}: {keep}")
    return sorted(found)


def write(path: Path = TABLE) -> None:
    """Write all counts anew; those of instructions beside the ones of other compilers."""
    counted: Table = {section: count() for section, count in COUNTED.items()}
    by_compiler = table().get(INSTRUCTIONS, {}) | {compiler(): instructions()}
    sections = counted | {f'{INSTRUCTIONS}."{name}"': by_compiler[name] for name in sorted(by_compiler)}
    lines = [HEAD]
    for section, counts in sections.items():
        lines.append(f"\n[{section}]\n" if '"' in section else f'\n["{section}"]\n')
        lines += [f'"{what}" = {count:.10g}\n' for what, count in counts.items()]
    write_text(path, "".join(lines))


if __name__ == "__main__":
    write()
