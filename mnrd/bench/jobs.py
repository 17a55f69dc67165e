"""Whole runs, the two that mnrd is made for: a day of permeation, four weeks of healing; with their phases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from mnrd.backends.base import Backend
from mnrd.bench.watched import WatchedBackend
from mnrd.case import load
from mnrd.simulation import Simulation

DAY = 86400.0
JOBS = {"permeation": ("dermaroller-vitamin-c", DAY), "healing": ("healing-roller-15mm", 28 * DAY)}
"""Bundled case and end (s) of each."""

PHASES = ("case to problem", "set-up", "first step", "steps")


class Job:
    """A run of a bundled case without observers, phase by phase.

    Parameters
    ----------
    case : str
    end : float
        s.
    backend : Backend
        One that is watched tells the time of the steps after the first one by family of kernels too.

    Attributes
    ----------
    seconds : dict of str to float
        Wall time by phase.
    """

    def __init__(self, case: str, end: float, backend: Backend) -> None:
        self.name, self.end, self.backend = case, end, backend
        self.seconds: dict[str, float] = {}

    def run(self) -> Simulation:
        """Run it from the case to its end."""
        with self._phase("case to problem"):
            case = load(self.name)
            problem, events = case.problem()
        with self._phase("set-up"):
            simulation = Simulation(
                problem, events=events, backend=self.backend, rtol=case.run.rtol, dt_max=case.run.dt_max
            )
        with self._phase("first step"):
            simulation.run(min(simulation.dt, self.end))
        if isinstance(self.backend, WatchedBackend):
            self.backend.seconds.clear()
        with self._phase("steps"):
            simulation.run(self.end)
        if isinstance(self.backend, WatchedBackend):
            self._divide(self.backend.families())
        return simulation

    def row(self, simulation: Simulation) -> dict[str, Any]:
        """What it was and took."""
        problem = simulation.problem
        nz, ny, nx = problem.mesh.shape
        return {
            "case": self.name, "end": self.end, "precision": self.backend.precision, "size": [nx, ny, nz],
            "cells": problem.mesh.cells, "fields": len(problem.model.fields), "steps": simulation.step,
            "rejected": simulation.rejected, "iterations": simulation.iterations,
            "seconds": sum(self.seconds[phase] for phase in PHASES), "phases": self.seconds,
            "mass_error": max(simulation.ledger(name).relative_error for name in problem.model.names),
        }  # fmt: skip

    def _divide(self, families: Mapping[str, float]) -> None:
        self.seconds |= {f"steps, {family}": seconds for family, seconds in families.items()}
        self.seconds["steps, between kernels"] = self.seconds["steps"] - sum(families.values())

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[name] = perf_counter() - started
