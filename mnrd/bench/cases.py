"""What `mnrd bench` measures: a few cases, less than a minute together; ``make bench`` measures much more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnrd.backends.base import Backend
from mnrd.bench import process, start
from mnrd.bench.clock import Clock, copy_bandwidth
from mnrd.bench.jobs import JOBS, Job
from mnrd.bench.problems import MINUTE, STEP, Size, block, patch
from mnrd.bench.steps import WARM, Steps, peak_of_patch
from mnrd.bench.watched import WatchedBackend
from mnrd.case.errors import CaseError, nearest

Row = dict[str, Any]


@dataclass(frozen=True)
class Extent:
    """How large the cases are.

    Parameters
    ----------
    copies : sequence of int
        Bytes of a copy in and out of the caches.
    patch : (nx, ny, nz)
        Needled skin of one field and of `fields` fields.
    fields : int
    side : int
        Cells along each side of the block whose fields diffuse and decay.
    jobs : mapping of str to (str, float)
        Bundled case and end (s) of the whole runs.
    least : float
        Seconds that a timing takes at least.
    """

    copies: Sequence[int] = (2**19, 2**28)
    patch: Size = (64, 64, 64)
    fields: int = 10
    side: int = 64
    jobs: Mapping[str, tuple[str, float]] = field(default_factory=lambda: JOBS)
    least: float = 1.0


def copy(backend: Backend, extent: Extent) -> Row:
    """A copy of an array, in and out of the caches."""
    clock = Clock(backend)
    found = [copy_bandwidth(backend, clock, size, 0.05 * extent.least) for size in extent.copies]
    return {"bytes": list(extent.copies), "bytes_per_second": found}


def _steps(backend: Backend, extent: Extent, problem: Any, dt: float) -> Row:
    steps = Steps(backend, problem, dt)
    if isinstance(backend, WatchedBackend):
        backend.seconds.clear()
    seconds, iterations = steps.seconds(extent.least)
    nz, ny, nx = problem.mesh.shape
    fields = len(problem.model.fields)
    row = {
        "size": [nx, ny, nz], "fields": fields, "set_up": steps.set_up, "seconds": seconds,
        "iterations_per_solve": iterations, "seconds_per_cell_and_field": seconds / (problem.mesh.cells * fields),
    }  # fmt: skip
    if isinstance(backend, WatchedBackend):
        taken = steps.simulation.step - WARM
        row["kernels"] = {name: spent / taken for name, spent in backend.families().items()}
    return row


def step(backend: Backend, extent: Extent) -> Row:
    """An implicit step of 900 s of a drug in needled skin."""
    return _steps(backend, extent, patch(extent.patch, 1), STEP)


def fields(backend: Backend, extent: Extent) -> Row:
    """The same with ten fields, each made from the one before it."""
    return _steps(backend, extent, patch(extent.patch, extent.fields), STEP)


def decay(backend: Backend, extent: Extent) -> Row:
    """A step of ten fields that diffuse and decay in a block, D dt / h^2 = 1."""
    return _steps(backend, extent, block(extent.side, extent.fields), MINUTE)


def permeation(backend: Backend, extent: Extent) -> Row:
    """A day of a bundled case, phase by phase."""
    return _job("permeation", backend, extent)


def healing(backend: Backend, extent: Extent) -> Row:
    """Four weeks of healing of a bundled case, phase by phase."""
    return _job("healing", backend, extent)


def _job(name: str, backend: Backend, extent: Extent) -> Row:
    job = Job(*extent.jobs[name], backend)
    return job.row(job.run())


def memory(backend: Backend, extent: Extent) -> Row:
    """The most memory of a process for steps of one field and of ten: bytes per cell and further field."""
    about: dict[str, Any] = {"size": list(extent.patch), "backend": backend.name, "precision": backend.precision}
    one, many = (process.called(peak_of_patch, fields=count, **about) for count in (1, extent.fields))
    further = (many["peak"] - one["peak"]) / one["cells"] / (extent.fields - 1)
    return {"size": about["size"], "peak": [one["peak"], many["peak"]], "bytes_per_cell_and_further_field": further}


def starting(backend: Backend, extent: Extent) -> Row:
    """Seconds of processes: python alone, import mnrd, mnrd --help, until the first step with kernels at hand."""
    return {"seconds": {name: start.seconds(name) for name in start.STARTS if name != "whole run"}}


CASES: dict[str, Callable[[Backend, Extent], Row]] = {
    case.__name__: case for case in (copy, step, fields, decay, permeation, healing, memory, starting)
}  # fmt: skip


def chosen(only: Sequence[str]) -> list[str]:
    """The names of the cases that are asked for, all for none, in their own order.

    Raises
    ------
    CaseError
        For a name that is none of a case.
    """
    unknown = [name for name in only if name not in CASES]
    if unknown:
        raise CaseError([f"--only {name}: there is no such benchmark, {nearest(name, CASES)}" for name in unknown])
    return [name for name in CASES if not only or name in only]
