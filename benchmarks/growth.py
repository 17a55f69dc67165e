"""What a step costs against the number of cells and of fields: iterations of a solve, and memory.

Neither may grow: not the iterations when the same skin has a finer grid or more of it is computed, and of the memory
of a cell no more than a further field must have. Memory is counted, to the byte: that of all arrays of numpy, which
its allocator tells Python of.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from systems import system_of

from mnrd.backends.base import Backend
from mnrd.bench.problems import CORNEUM, DEPTH, PITCH, RADIUS, STEP, H, patch
from mnrd.bench.steps import Steps
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.problem import Problem

REDUCTION = 1e-6
"""How much smaller the residual of a solve becomes, or its error."""

SIDE = PITCH * H
"""Of the block of skin that is refined, um."""

FIELDS = (1, 3)
SOME = 4

ARRAYS = tracemalloc.DomainFilter(inclusive=True, domain=np.lib.tracemalloc_domain)


def refined(cells: int) -> Problem:
    """One block of layered skin with a channel, the same whatever the number of cells along each side."""
    faces, middle = np.linspace(0.0, SIDE, cells + 1), SIDE / 2
    mesh = Mesh(faces, faces, faces, (True, True))
    bore = ("channel", lambda x, y, z: (np.hypot(x - middle, y - middle) < RADIUS) & (z < DEPTH))
    model = patch((2, 2, 2), 1).model
    return Problem(mesh, paint(mesh, [("corneum", 0.0), ("tissue", CORNEUM)], [bore]), model)


def extended(cells: int) -> Problem:
    """A patch of skin of so many cells of the same size along each side, with a channel at every `PITCH` of them."""
    return patch((cells, cells, cells), 1)


KINDS = {"refined": refined, "pitch": extended}
"""The two ways to have more cells: smaller ones, or more of the same pitch of needles."""


def to_residual(backend: Backend, problem: Problem) -> int:
    """Iterations of a solve, as a step has them: a stage of `STEP`, of what the channels hold."""
    system = system_of(backend, problem, STEP)
    count, _ = system.solve(_held(problem), REDUCTION)
    return round(count)


def to_error(backend: Backend, problem: Problem) -> int:
    """Iterations of the same solve until the error in the energy norm is so small: sqrt(r M r) is nearly that.

    The norm of a residual r weighs rough errors by 1 / h, so that on a finer grid it asks for a smaller error; with a
    cycle M of the multigrid it does not.
    """
    system = system_of(backend, problem, STEP)
    residual = _held(problem)
    search = correction = system.cycle(residual)
    first = product = np.vdot(residual, correction)
    count = 0
    while product > REDUCTION**2 * first:
        image = system.times(search)
        residual = residual - product / np.vdot(search, image) * image
        correction = system.cycle(residual)
        before, product = product, np.vdot(residual, correction)
        search = correction + product / before * search
        count += 1
    return count


def _held(problem: Problem) -> np.ndarray:
    """What the channels hold in each cell."""
    return problem.mesh.volume * problem.painting.fraction("channel")


MEASURES = {"residual": to_residual, "error": to_error}
"""What is reduced by `REDUCTION`."""


@dataclass(frozen=True)
class Memory:
    """Bytes per cell.

    Parameters
    ----------
    fixed : float
        Of all arrays but those of fields.
    further : float
        Of each field that diffuses, in arrays with a value for each cell; beside them it has some planes of columns.
    passing : float
        Allocated within a step that needs nothing new, at its peak, by arrays or anything else.
    """

    fixed: float
    further: float
    passing: float


def memory(backend: Backend, make: Callable[[int], Problem]) -> Memory:
    """Memory that steps of a problem take, which `make` gives so many fields, without the problem itself."""
    few, many = (_traced(backend, make(count)) for count in FIELDS)
    further = (many.whole - few.whole) / (FIELDS[1] - FIELDS[0])
    return Memory(few.all - FIELDS[0] * further, further, max(few.passing, many.passing))


def _traced(backend: Backend, problem: Problem) -> SimpleNamespace:
    """Bytes per cell of all arrays, of those with a value for each cell, and of what a step allocates."""
    cells = problem.mesh.cells
    gc.collect()
    tracemalloc.start()
    try:
        steps = Steps(backend, problem)
        gc.collect()
        sizes = [trace.size for trace in tracemalloc.take_snapshot().filter_traces([ARRAYS]).traces]
        # The least of some steps: one whose solves foresee another number of iterations records its launches anew.
        passing = min(_peak(steps) for _ in range(SOME))
    finally:
        tracemalloc.stop()
    whole = sum(size // cells for size in sizes)
    return SimpleNamespace(all=sum(sizes) / cells, whole=whole, passing=passing / cells)


def _peak(steps: Steps) -> int:
    """Bytes that a step needs besides what is there before it."""
    gc.collect()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    steps.run(1)
    _, peak = tracemalloc.get_traced_memory()
    return peak - before
