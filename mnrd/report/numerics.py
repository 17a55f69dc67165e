"""How a run was computed: steps, iterations, the mass ledger, where the time went; and where everything comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mnrd.output import directory
from mnrd.output.labels import duration
from mnrd.report.page import Section
from mnrd.report.parts import Html, folded, html, paragraph, preformatted, table
from mnrd.report.plot import Line, Plot
from mnrd.results.run import Run
from mnrd.results.snapshot import RunError

SIDES = ("applied", "initial", "cells", "donor", "receptor", "permeated", "evaporated", "removed")
SIZES = ("cells", "fields", "steps", "rejected", "solver iterations", "cells x fields x steps per second")


def numerics(run: Run) -> Section:
    """Steps, solver, ledger, time."""
    return Section("Numerics", (*_steps(run), *_sizes(run.summary), *_ledger(run.summary)))


def provenance(run: Run) -> Section:
    """Versions, machine, case, files."""
    return Section("Provenance", tuple(_provenance(run)))


def _steps(run: Run) -> Iterator[Html]:
    try:
        series = run.table("series")
    except RunError:
        return
    if series.times.size < 2:
        return
    steps = np.diff(series.numbers("step"))
    moved = steps > 0
    times, length = series.times[1:][moved], np.diff(series.times)[moved]
    lines = [Line("step", times, length / steps[moved])]
    plots = [Plot("Time step, mean between reports", "time step [s]", tuple(lines), log=True)]
    if "solver iterations" in series.columns:  # older runs do not say
        count = np.diff(series.numbers("solver iterations"))[moved] / steps[moved]
        plots.append(Plot("Solver iterations per step, all fields", "iterations", (Line("iterations", times, count),)))
    yield Html('<div class="plots">')
    yield from (plot.html() for plot in plots)
    yield Html("</div>")


def _sizes(summary: Mapping[str, Any]) -> Iterator[Html]:
    """Sizes and seconds of the run and of those that it is compared with."""
    if "steps" not in summary:
        return
    whole = {"this run": summary, **summary.get("compared with", {})}
    yield table(
        ("simulation", *SIZES), [(name, *(one.get(key) for key in SIZES)) for name, one in whole.items()],
        caption="Size",
    )  # fmt: skip
    phases = list(dict.fromkeys(phase for one in whole.values() for phase in one["seconds"]))
    rows = [(name, *(one["seconds"].get(phase) for phase in phases)) for name, one in whole.items()]
    yield table(("simulation", *(f"{phase} [s]" for phase in phases)), rows, caption="Seconds by phase")


def _ledger(summary: Mapping[str, Any]) -> Iterator[Html]:
    """The mass balance of every field."""
    balance = summary.get("balance")
    if not balance:
        return
    rows = [
        (name, *(one[side] for side in SIDES), sum(one["terms"].values()), one["relative_error"])
        for name, one in balance.items()
    ]
    worst = max(one["relative_error"] for one in balance.values())
    yield paragraph(
        "Mass ledger: what was applied, there at first and made by reactions is what is found now, to "
        f"{worst:.1g} of it in the worst field."
    )
    headers = ("field", *SIDES, "by reactions", "relative error")
    note = paragraph("Amounts over the computed piece of skin, in the unit of the field times µm³.", "note")
    yield folded("Mass ledger of every field", table(headers, rows, sortable=True), note)


def _provenance(run: Run) -> Iterator[Html]:
    summary = run.summary
    yield table(("", ""), list(_facts(run, summary)))
    text = (run.folder / directory.CASE).read_text("utf-8")
    yield folded(f"{directory.CASE}: the case with all its defaults", preformatted(text))
    yield paragraph(Html("To compute it again, save that as a file: <code>mnrd run case.toml --out again</code>"))
    if summary.get("outputs"):
        rows = [(one["file"], one["bytes"], Html(f"<code>{html(one['sha256'])}</code>")) for one in summary["outputs"]]
        yield folded("Files and their SHA-256", table(("file", "bytes", "SHA-256"), rows))


def _facts(run: Run, summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known, in words."""
    yield "case", run.name
    yield "folder", run.folder.resolve().name
    if not summary:
        return
    yield "ended", f"{summary['reason']} (exit code {summary['exit code']})"
    yield "wall time", duration(summary["wall [s]"])
    yield "backend", summary["backend"]
    host, memory = summary["host"], summary["peak memory [bytes]"]["host"]
    yield "machine", f"{host['processor']}, {host['cores']} cores, {host['name']}"
    if memory:
        yield "most memory", f"{memory / 2**20:.0f} MiB"
    yield "versions", ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
