"""Whether a run fits into memory, said before it begins."""

from __future__ import annotations

from pathlib import Path

from mnrd.model.problem import Problem

# Measured with both backends at 0.6 to 2 million cells, 1 to 19 fields, rounded up: solver and painting, and state and
# coefficients of one field.
BYTES_PER_CELL, BYTES_PER_CELL_AND_FIELD = 240, 125


def needed(problem: Problem) -> int:
    """Memory that a run takes, bytes."""
    return problem.mesh.cells * (BYTES_PER_CELL + BYTES_PER_CELL_AND_FIELD * len(problem.model.fields))


def available() -> int | None:
    """Memory that is free, bytes; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None


def check(problem: Problem) -> None:
    """Raise MemoryError, with the numbers and what would fit, when a run needs more than there is."""
    wanted, there = needed(problem), available()
    if there is None or wanted <= there:
        return
    cells = problem.mesh.cells
    raise MemoryError(
        f"the run needs about {wanted / 1e9:.3g} GB for {cells / 1e6:.3g} million cells and "
        f"{len(problem.model.fields)} fields, {there / 1e9:.3g} GB are free: at most "
        f"{cells * there / wanted / 1e6:.3g} million cells fit, make them larger (mesh.smallest, skin.layers)"
    )
