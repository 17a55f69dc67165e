"""The parts of benchmarks/gpu.py, each of which stops when its time is used up and says what it left out."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from launches import bandwidth, disagreements
from machine import machine
from patches import Steps, patch
from rivals import compare
from traffic import FILES, KERNELS

from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.bench.clock import Clock, copy_bandwidth
from mnrd.case import load
from mnrd.simulation import Simulation

PRECISIONS = ("mixed", "double")
SHARES = {"kernels": 50.0, "cases": 75.0, "bandwidth": 50.0, "steps": 210.0, "rivals": 60.0}
"""Seconds of each part; what one does not use is left to the next."""

HOST_BYTES = 24  # per cell and field while a problem is set up: the values at first, twice, and what they are made of

TOLERANCES = {"mixed": 1e-4, "double": 1e-6}
"""Largest difference from numpy in double precision, as a part of the largest value of the field."""

Row = dict[str, Any]
made = cache(choose)  # one backend of each name and precision


@dataclass(frozen=True)
class Plan:
    """What is measured: grids (nx, ny, nz), fields (mobile, immobile), cases with their end, seconds of a timing."""

    kernel_size: tuple[int, int, int]
    sizes: tuple[tuple[int, int, int], ...]
    rival_size: tuple[int, int, int]
    fields: tuple[tuple[int, int], ...]
    scaled: tuple[tuple[int, int], ...]
    cases: dict[str, float]
    least: float


@dataclass
class Bench:
    """One run of all parts.

    Parameters
    ----------
    name : str
        Of the backend.
    plan : Plan
        What is measured.

    Attributes
    ----------
    found : dict
        What goes into the JSON.
    """

    name: str
    plan: Plan
    found: Row = field(default_factory=dict)
    started: float = field(default_factory=perf_counter)
    until: float = 0.0

    def run(self) -> Row:
        """Run all parts, each until its time is used up."""
        self.found = {"machine": machine(made(self.name)), "skipped": [], "seconds": {}}
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "kernels": self.kernels, "cases": self.cases, "bandwidth": self.bandwidth, "steps": self.steps,
            "rivals": self.rivals,
        }  # fmt: skip
        for part, rows in parts.items():
            self.until += SHARES[part]
            before = perf_counter()
            self.found[part] = []
            try:
                for row in rows():
                    self.found[part].append(row)
            except Exception as error:  # what was measured until then is worth keeping
                self.skip(part, "the rest", f"{type(error).__name__}: {error}")
            self.found["seconds"][part] = perf_counter() - before
            print(f"{part}: {len(self.found[part])} rows in {self.found['seconds'][part]:.1f} s", file=sys.stderr)
        return self.found

    def left(self) -> float:
        """Seconds left to the part that runs."""
        return self.started + self.until - perf_counter()

    def skip(self, part: str, what: str, why: str) -> None:
        """Say what is left out."""
        self.found["skipped"].append({"part": part, "what": what, "why": why})

    def kernels(self) -> Iterator[Row]:
        """Every kernel against numpy."""
        for precision in PRECISIONS:
            for kernel, message in disagreements(made(self.name, precision), precision):
                yield {"kernel": kernel, "precision": precision, "agrees": not message, "message": message}
                if self.left() < 0:
                    self.skip("kernels", f"after {kernel}, {precision}", "out of time")
                    return

    def cases(self) -> Iterator[Row]:
        """Bundled cases against numpy in double precision."""
        for name, end in self.plan.cases.items():
            if self.left() < 0:
                self.skip("cases", name, "out of time")
                continue
            wanted, _ = run_case(name, end, made("numpy"))
            for precision in PRECISIONS:
                got, seconds = run_case(name, end, made(self.name, precision))
                each = {key: difference(got[key], wanted[key]) for key in wanted}
                agrees = max(each.values()) <= TOLERANCES[precision]
                row = {"case": name, "end": end, "precision": precision, "seconds": seconds}
                yield row | {"differences": each, "tolerance": TOLERANCES[precision], "agrees": agrees}

    def bandwidth(self) -> Iterator[Row]:
        """Every kernel on a fine level beside a copy."""
        nx, ny, nz = self.plan.kernel_size
        for precision in PRECISIONS:
            backend = made(self.name, precision)
            clock = Clock(backend)
            copy = copy_bandwidth(backend, clock, 16 * nx * ny * nz, 0.02 * self.plan.least)
            yield {"kernel": "copy", "precision": precision, "bytes_per_cell": 16.0, "bytes_per_second": copy}
            for kernel in KERNELS:
                if self.left() < 0:
                    self.skip("bandwidth", f"{kernel}, {precision}", "out of time")
                    continue
                found = bandwidth(backend, clock, kernel, (nz, ny, nx), 0.02 * self.plan.least)
                if found is not None:
                    yield (
                        {"kernel": kernel, "precision": precision}
                        | found
                        | {"of_copy": found["bytes_per_second"] / copy}
                    )

    def steps(self) -> Iterator[Row]:
        """Implicit steps: from the smallest grid to the largest that fits, then with more and more fields."""
        plan, known = self.plan, {}  # type: ignore[var-annotated]
        wanted = [(size, pair) for pair in plan.scaled for size in plan.sizes]
        wanted += [(plan.sizes[min(1, len(plan.sizes) - 1)], pair) for pair in plan.fields]
        for size, pair in dict.fromkeys(wanted):
            for precision in PRECISIONS:
                what = f"{'x'.join(map(str, size))}, {pair[0]} + {pair[1]} fields, {precision}"
                why = self.objection(size, known.get((pair, precision)))
                if not why:
                    try:
                        row = known[pair, precision] = self.step(size, pair, precision)
                        yield row
                    except MemoryError as error:
                        why = f"out of memory: {error}"
                if why:
                    self.skip("steps", what, why)

    def objection(self, size: tuple[int, int, int], before: Row | None) -> str:
        """Why a grid is not tried, from what a smaller one took; empty if nothing speaks against it."""
        if before is None:
            return "out of time" if self.left() < 0 else ""
        ratio = float(np.prod(size)) / before["cells"]
        seconds = ratio * (before["set_up"] + 10 * before["seconds"])
        if seconds > self.left():
            return f"would take about {seconds:.0f} s, {max(self.left(), 0):.0f} s are left"
        needs = (
            (ratio * before["memory"], free_memory(made(self.name)), "the device"),
            (HOST_BYTES * ratio * before["cells"] * (before["mobile"] + before["immobile"]), host_memory(), "the host"),
        )
        for need, free, where in needs:
            if need > free:
                return f"would take about {need / 1e9:.0f} GB of {where}, {free / 1e9:.0f} GB are free"
        return ""

    def step(self, size: tuple[int, int, int], pair: tuple[int, int], precision: str) -> Row:
        """Time and traffic of a step."""
        backend, cells = made(self.name, precision), int(np.prod(size))
        before = free_memory(backend)
        steps = Steps(backend, patch(size, *pair))
        memory = before - free_memory(backend)
        seconds, iterations = steps.seconds(self.plan.least)
        tally, counted = steps.tally()
        whole = sum(tally.bytes.values())
        each = {
            name: [tally.launches[name], moved / cells, FILES.get(name, "generated")]
            for name, moved in tally.bytes.items()
        }
        return {
            "size": list(size), "cells": cells, "mobile": pair[0], "immobile": pair[1], "precision": precision,
            "set_up": steps.set_up, "memory": memory, "seconds": seconds, "iterations_per_solve": iterations,
            "counted_iterations": counted, "bytes_per_cell": whole / cells, "bytes_per_second": whole / seconds,
            "effective_bytes_per_second": 16 * cells * sum(pair) / seconds, "traffic": each,
        }  # fmt: skip

    def rivals(self) -> Iterator[Row]:
        """The same step in array expressions and with a sparse matrix library."""
        for precision in PRECISIONS:
            if self.left() < 0:
                self.skip("rivals", precision, "out of time")
                continue
            size = self.plan.rival_size
            steps = Steps(made(self.name, precision), patch(size, 1))
            row, missing = compare(steps, self.plan.least)
            for rival, why in missing.items():
                self.skip("rivals", f"{rival}, {precision}", why)
            yield {"size": list(size), "precision": precision} | row


def free_memory(backend: Backend) -> int:
    """Bytes free on the device once nothing is kept for later; 0 on a host."""
    memory = backend.memory()
    if memory is None:
        return 0
    import cupy

    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()
    memory = backend.memory()
    return 0 if memory is None else memory[0]


def host_memory() -> int:
    """Bytes of the host's memory that can be had."""
    found = re.search(r"MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text("utf-8"))
    return 1024 * int(found[1]) if found else 0


def run_case(name: str, end: float, backend: Backend) -> tuple[dict[str, np.ndarray], float]:
    """Fields of a bundled case at an early end, and the seconds that it took."""
    case = load(name)
    problem, events = case.problem()
    started = perf_counter()
    simulation = Simulation(problem, events=events, backend=backend, rtol=case.run.rtol, dt_max=case.run.dt_max)
    simulation.run(end)
    return {field: simulation.concentration(field) for field in problem.model.names}, perf_counter() - started


def difference(got: np.ndarray, wanted: np.ndarray) -> float:
    """Largest difference as a part of the largest value."""
    return float(np.abs(got - wanted).max() / max(float(np.abs(wanted).max()), 1e-300))
