"""Precision: what a run in `mixed` precision gives against one in `double`, for every bundled case.

    python benchmarks/precision.py [CASE ...]

runs each case twice on the native backend, prints the table and writes benchmarks/results/precision.json. Healing
cases are computed on a coarser mesh and for at most 28 days, the case for benchmarks on a quarter of its cells, and
those that are too large to run here not at all (`SHORTER`, `OVERRIDES`): docs/numerics.md says so beside the table.

The error of a field is the largest difference in any cell at any of the moments, over the largest value that the field
has in the double run. The error of an answer is relative. Both runs choose their own steps.

A linear solve stops at a share of what the step tolerates, and rounding decides whether it takes one iteration more.
Where that shows (an error above `WANTED`) the case is run again in both precisions with solves `EXACT` times as exact:
what is left is the error of single precision, and the difference of the two double runs is that of the solves.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import mnrd
from mnrd.case import Case, bundled, load
from mnrd.cli.healing import Healing
from mnrd.mesh.rectilinear import Array
from mnrd.output.answer import Entry, answer
from mnrd.output.directory import write_text
from mnrd.output.history import History
from mnrd.output.schedule import AtTimes
from mnrd.simulation import Simulation
from mnrd.solve.krylov import KAPPA

BACKEND = "native"
WANTED = 1e-4  # of the maximum of a field
EXACT = 30.0  # times, where the stopping of the linear solves shows
REPORTS = 100  # equal parts of a run, after each of which the answers are looked at
MOMENTS = (1, 2, 5, 10, 20, 50, REPORTS)  # of them, at which fields are compared
LARGEST = 1_000_000  # cells: what is larger is for a device
RESULTS = Path(__file__).resolve().parent / "results" / "precision.json"
DAY = 86400.0

COARSE = {"mesh.smallest": "25 um", "mesh.largest": "50 um"}
FEW_DAYS = {"run.end": "28 day", "run.at": [], "output.fields_at": []}
"""What is changed in every healing case."""
OVERRIDES: dict[str, dict[str, Any]] = {
    "dermaroller-vitamin-c": {"mesh.smallest": "7 um", "mesh.largest": "20 um"},
    "healing-punch": {**FEW_DAYS, "mesh.smallest": "50 um", "mesh.largest": "200 um"},
    "healing-incision": FEW_DAYS,
    "healing-four-sessions": {**FEW_DAYS, **COARSE, "healing.sessions[0].every": "7 day"},
    "scar-needled": {**FEW_DAYS, **COARSE, "healing.sessions[0].every": "7 day"},
}
"""What is changed in some cases, in place of that."""


@dataclass
class Snapshots:
    """Observer that keeps all fields at some moments.

    Parameters
    ----------
    schedule : AtTimes
    """

    schedule: AtTimes
    fields: list[dict[str, Array]] = field(default_factory=list)

    def observe(self, simulation: Simulation) -> None:
        """Keep the fields as they are now."""
        self.fields.append({name: simulation.concentration(name) for name in simulation.problem.model.names})


@dataclass(frozen=True)
class Run:
    """What a run gave: fields at the moments, answers, and what it took."""

    fields: Sequence[Mapping[str, Array]]
    answers: Mapping[str, Entry]
    cells: tuple[int, ...]
    steps: int
    rejected: int
    seconds: float


def overrides(name: str) -> dict[str, Any]:
    """What is changed in a case so that its run is short."""
    return OVERRIDES.get(name, {**FEW_DAYS, **COARSE} if load(name).healing is not None else {})


def run(case: Case, precision: str, kappa: float = KAPPA) -> Run:
    """Run a case, without the runs that it is compared with, with linear solves down to a norm."""
    problem, events = case.problem()
    end, started = case.run.end, process_time()
    # counted alike, lest two observers ask for times that differ by rounding, and for a step between them
    snapshots, history = Snapshots(_times(end, MOMENTS)), History(_times(end, range(REPORTS + 1)))
    healing = None if case.healing is None else Healing(case)
    courses = None if healing is None else healing.courses(problem)
    simulation = Simulation(
        problem,
        backend=BACKEND,
        precision=precision,
        events=events,
        observers=[one for one in (snapshots, history, courses) if one is not None],
        rtol=case.run.rtol,
        dt=case.run.dt,
        first_step=case.run.first_step,
        dt_max=case.run.dt_max,
        kappa=kappa,
    ).run(end)
    answers = {
        f"{permeant.field}: {name}": entry
        for permeant in case.actives
        for name, entry in answer(history.records[permeant.field], donor_concentration=permeant.concentration).items()
    }
    if healing is not None and courses is not None:
        answers |= healing.outcome(courses.course, {}).answer
    seconds = process_time() - started
    return Run(snapshots.fields, answers, problem.mesh.shape, simulation.step, simulation.rejected, seconds)


def _times(end: float, numbers: Sequence[int]) -> AtTimes:
    return AtTimes(tuple(end * number / REPORTS for number in numbers))


def errors_of_fields(mixed: Run, double: Run) -> dict[str, float]:
    """Largest difference of every field over its largest value; 0 for a field that never was anywhere."""
    found = {}
    for name in double.fields[0]:
        pairs = [(one[name], other[name]) for one, other in zip(mixed.fields, double.fields, strict=True)]
        largest = max(float(np.abs(other).max()) for _, other in pairs)
        difference = max(float(np.abs(one - other).max()) for one, other in pairs)
        found[name] = difference / largest if largest > 0.0 else 0.0
    return found


def errors_of_answers(mixed: Run, double: Run) -> dict[str, float]:
    """Relative difference of every answer that is a number other than 0."""
    return {
        name: abs(mixed.answers[name].value - entry.value) / abs(entry.value)
        for name, entry in double.answers.items()
        if np.isfinite(entry.value) and entry.value != 0.0 and "balance" not in name
    }


def compare(name: str) -> dict[str, Any]:
    """One row of the table: a case in both precisions."""
    changed = overrides(name)
    case = load(name, changed)
    double, mixed = run(case, "double"), run(case, "mixed")
    fields, answers = errors_of_fields(mixed, double), errors_of_answers(mixed, double)
    row = {
        "case": name,
        "changed": changed,
        "cells": list(double.cells[::-1]),
        "days": case.run.end / DAY,
        "steps": {"double": double.steps, "mixed": mixed.steps},
        "rejected": {"double": double.rejected, "mixed": mixed.rejected},
        "seconds": {"double": round(double.seconds, 2), "mixed": round(mixed.seconds, 2)},
        "fields": fields,
        "answers": answers,
    }
    if max(fields.values()) > WANTED:
        exact = {precision: run(case, precision, KAPPA / EXACT) for precision in ("double", "mixed")}
        row["with exact solves"] = {
            "steps": {precision: one.steps for precision, one in exact.items()},
            "fields": errors_of_fields(exact["mixed"], exact["double"]),
            "answers": errors_of_answers(exact["mixed"], exact["double"]),
            "fields, double against double": errors_of_fields(double, exact["double"]),
        }
    return row


def worst(errors: Mapping[str, float]) -> str:
    """The largest of some errors and what has it, as cells of a table."""
    if not errors:
        return " | "
    name = max(errors, key=lambda one: errors[one])
    return f"{name} | {errors[name]:.1e}"


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The rows as Markdown, as in docs/numerics.md."""
    yield "| case | cells | days | steps, double / mixed | worst field | error | worst answer | error |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        steps, cells = row["steps"], " x ".join(map(str, row["cells"]))
        first = f"| {row['case']} | {cells} | {row['days']:.3g} | {steps['double']} / {steps['mixed']}"
        yield f"{first} | {worst(row['fields'])} | {worst(row['answers'])} |"
        if "with exact solves" in row:
            exact = row["with exact solves"]
            steps = exact["steps"]
            again = f"| the same, solves {EXACT:g} times as exact | | | {steps['double']} / {steps['mixed']}"
            yield f"{again} | {worst(exact['fields'])} | {worst(exact['answers'])} |"
            own = worst(exact["fields, double against double"])
            yield f"| the same, double against double with such solves | | | | {own} | | |"


def main(names: Sequence[str]) -> None:
    """Compare cases by name, all that can be run here if none is named; only then is the file written."""
    rows: list[dict[str, Any]] = []
    for name in names or bundled():
        if load(name).full_mesh().cells > LARGEST:
            print(f"{name}: too large to run here")
            continue
        rows.append(compare(name))
        print("\n".join(list(table(rows[-1:]))[2:]), rows[-1]["seconds"], flush=True)
    if names:
        return
    made = {"mnrd": mnrd.__version__, "backend": BACKEND, "threads": os.environ.get("OMP_NUM_THREADS"), "cases": rows}
    write_text(RESULTS, json.dumps(made, indent=1) + "\n")
    print("\n".join(table(rows)))
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main(sys.argv[1:])
