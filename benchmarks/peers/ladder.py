"""The runner: each method on each grid in a process of its own, one after the other, and one JSON of all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from machine import machine

from mnrd.backends import choose
from mnrd.output.directory import write_text
from peers.method import Method, Tool, version_of
from peers.problems import PROBLEMS
from peers.tools import TOOLS

THREADS = 2
"""Of every tool: what it can do with them is its own affair."""

LONGEST = 60.0
"""Seconds after which a process is ended, set-up included."""

Row = dict[str, Any]


def climb(names: Collection[str], out: Path, longest: float, *, tiny: bool = False) -> Row:
    """Measure and write.

    Parameters
    ----------
    names : collection of str
        Tools and problems; nothing means all of the kind.
    out : Path
        The JSON.
    longest : float
        Seconds after which a process is ended.
    tiny : bool
        Coarse grids, one step each.

    Returns
    -------
    dict
        What was written.
    """
    started = perf_counter()
    tools = [tool for tool in TOOLS.values() if tool.name in names or not set(names) & set(TOOLS)]
    problems = [name for name in PROBLEMS if name in names or not set(names) & set(PROBLEMS)]
    found: Row = {
        "machine": machine(choose("auto")),
        "threads": THREADS,
        "longest": longest,
        "versions": {tool.name: _versions(tool) for tool in tools},
        "titles": {name: PROBLEMS[name].title for name in problems},
        "rows": [],
        "skipped": [],
    }
    for tool in tools:
        why = tool.missing()
        for problem in problems:
            reason = tool.reasons.get(problem, "") or why
            if reason:
                found["skipped"].append({"tool": tool.name, "problem": problem, "method": "", "why": reason})
                continue
            for method in (one for one in tool.methods if one.problem == problem):
                _climb_grids(found, tool, method, longest, tiny)
        found["seconds"] = perf_counter() - started
        write_text(out, json.dumps(found, indent=1) + "\n")  # what is there is kept when the rest is stopped
    return found


def _versions(tool: Tool) -> str:
    """Version of a tool, and of what it works with."""
    first, *others = tool.packages
    return " + ".join([version_of(first), *(f"{package} {version_of(package)}" for package in others)])


def _climb_grids(found: Row, tool: Tool, method: Method, longest: float, tiny: bool) -> None:
    """All grids of a method, until one cannot be done in time."""
    names = {"tool": tool.name, "problem": method.problem, "method": method.name}
    for grid in method.grids[:1] if tiny else method.grids:
        rows, why = _measured(names, grid, longest, tiny)
        found["rows"] += [names | {"control": method.control} | row for row in rows]
        print(f"{' | '.join(names.values())} | grid {grid}: {len(rows)} runs {why}", file=sys.stderr, flush=True)
        if why:
            found["skipped"].append(names | {"why": f"grid {grid}, after {len(rows)} runs: {why}"})
            return


def _measured(names: Row, grid: int, longest: float, tiny: bool) -> tuple[list[Row], str]:
    """What a process printed, and why it did not end well; empty if it did."""
    command = [sys.executable, str(Path(__file__).parent), "--grid", str(grid), *["--tiny"][: int(tiny)]]
    command += ["--measure", names["problem"], names["tool"], names["method"]]
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    environment = os.environ | dict.fromkeys(variables, str(THREADS))
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=longest, check=False)
    except subprocess.TimeoutExpired as expired:
        printed = expired.stdout or b""
        return list(_rows(printed.decode() if isinstance(printed, bytes) else printed)), f"ended after {longest:g} s"
    lines = done.stderr.strip().splitlines()
    why = "" if done.returncode == 0 else f"exit code {done.returncode}: {lines[-1] if lines else 'no message'}"
    return list(_rows(done.stdout)), why


def _rows(printed: str) -> Iterator[Row]:
    """The lines that are rows: libraries print too."""
    for line in printed.splitlines():
        if line.startswith("{") and line.endswith("}"):
            yield json.loads(line)
