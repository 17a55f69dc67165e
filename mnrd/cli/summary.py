"""What summary.json says of a run, however it ended (its schema: ``docs/summary.schema.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnrd.output import summary

if TYPE_CHECKING:
    from mnrd.backends.base import Backend
    from mnrd.case import Case
    from mnrd.output.answer import Entry
    from mnrd.simulation import Simulation

SCHEMA = 1


def figures(simulation: Simulation) -> dict[str, Any]:
    """How large a simulation is, what it took until now, and the mass balance of its fields."""
    cells, names = simulation.problem.mesh.cells, simulation.problem.model.names
    seconds = simulation.stopwatch.seconds
    solve = seconds.get("solve", 0.0)
    return {
        "cells": cells,
        "fields": len(names),
        "time [s]": simulation.time,
        "steps": simulation.step,
        "rejected": simulation.rejected,
        "solver iterations": simulation.iterations,
        "seconds": dict(seconds),
        "cells x fields x steps per second": cells * len(names) * simulation.step / solve if solve else None,
        "balance": {name: summary.plain(simulation.ledger(name)) for name in names},
        "clipped": {name: simulation.clipped(name) for name in names},
    }


def summarise(
    case: Case,
    place: Path,
    *,
    reason: str,
    code: int,
    wall: float,
    backend: Backend,
    figures: Mapping[str, Any],
    parts: Mapping[str, Mapping[str, Any]] | None = None,
    answers: Mapping[str, Mapping[str, Entry]] | None = None,
    healing: Mapping[str, Any] | None = None,
) -> None:
    """Write summary.json into a run directory.

    Parameters
    ----------
    case : Case
    place : Path
        The run directory; its files are hashed, so this is the last one to be written.
    reason : str
        Why the run ended; ``done`` if it came to its end.
    code : int
        Exit code of the command.
    wall : float
        Wall time of all commands that worked on the run, s.
    backend : Backend
    figures : mapping
        `figures` of the simulation of the case; empty if the run ended before there was one.
    parts : mapping of str to mapping, optional
        `figures` of the simulations that the case is compared with.
    answers, healing : mapping, optional
        What came out, where the run was finished.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from mnrd.output.answer import as_numbers, meanings

    entries = {
        "schema": SCHEMA,
        "case": case.name,
        "title": case.title,
        "reason": reason,
        "exit code": code,
        "versions": summary.versions(),
        "host": summary.host(),
        "precision": backend.precision,
        "end [s]": case.run.end,
        "wall [s]": wall,
        "backend": backend.description,
        "peak memory [bytes]": {"host": summary.peak_memory(), "device": _on_device(backend)},
        **figures,
        "compared with": dict(parts or {}),
        "answer": {name: as_numbers(entries) for name, entries in (answers or {}).items()},
        "meanings": {key: text for entries in (answers or {}).values() for key, text in meanings(entries).items()},
        **({} if healing is None else {"healing": healing}),
        "outputs": list(summary.outputs(place)),
    }
    summary.write_summary(place / summary.NAME, entries)


def _on_device(backend: Backend) -> int | None:
    """What is taken of the device's memory, bytes; None without a device. Pools keep what they once took."""
    found = backend.memory()
    return None if found is None else found[1] - found[0]
