"""One method on one grid with all its steps, in a process of its own: a line of JSON for each run."""

from __future__ import annotations

import json
import resource

from peers.method import timed
from peers.problems import PROBLEMS
from peers.tools import TOOLS

ENOUGH = 15.0
"""Seconds after which a run is the last one: the next would take longer."""

TINY = {"decay": 20, "stiff": 20, "skin": 2, "gray-scott": 16}
"""Grids of a trial."""


def measure(problem: str, tool: str, method: str, grid: int, *, tiny: bool) -> None:
    """Print one line for each step: seconds, error, steps, unknowns, seconds of set-up, peak memory in bytes."""
    chosen = TOOLS[tool].method(problem, method)
    grid = TINY[problem] if tiny else grid
    set_up, solve = timed(lambda: chosen.prepare(PROBLEMS[problem], grid))
    for value in chosen.steps[:1] if tiny else chosen.steps:
        outcome = solve(value)
        row = outcome._asdict() | {
            "grid": grid,
            "value": value,
            "set_up": set_up + outcome.compiled,
            "memory": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
        print(json.dumps(row), flush=True)
        if outcome.seconds > ENOUGH:
            break
