"""How long it takes until something happens: processes from their start to their end."""

from __future__ import annotations

import tempfile

from mnrd.bench import process

STARTS = {
    "python": ("-c", "pass"),
    "import mnrd": ("-c", "import mnrd"),
    "mnrd --help": ("-m", "mnrd", "--help"),
    "first step": ("-c", "from mnrd.bench.start import first_step; first_step()"),
    "whole run": (
        "-m", "mnrd", "run", "gray-scott", "--quiet", "--set", "mesh.cells=[12, 10, 3]", "--set", "run.end=1 s",
        "--set", "run.every=1 s", "--set", "output.fields_every=1 s",
    ),
}  # fmt: skip
"""Arguments of python by name; the last is a run of a tiny case with all of its files, picture and report."""


def seconds(name: str, *, cold: bool = False) -> float:
    """Wall time of one of `STARTS`, in a folder of its own.

    Parameters
    ----------
    name : str
    cold : bool
        Whether the cache of compiled kernels is empty at the start.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*STARTS[name], *(("--out", f"{folder}/run") if name == "whole run" else ())]
        return process.seconds(arguments, {"MNRD_CACHE_DIR": folder} if cold else None)


def first_step() -> None:
    """Take the first step of a tiny case, as a run does it."""
    from mnrd.case import load
    from mnrd.simulation import Simulation

    problem, events = load("gray-scott", {"mesh.cells": [12, 10, 3]}).problem()
    Simulation(problem, events=events).run(1.0)
