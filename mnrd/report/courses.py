"""Plots against time of the actives: what came through, how fast, and how much is in which layer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mnrd.output.labels import HOUR, labelled, typeset
from mnrd.output.one_unit import split
from mnrd.report.plot import Line, Plot
from mnrd.results.run import Run
from mnrd.results.table import Table
from mnrd.skin.permeant import Permeant
from mnrd.skin.transport import COATING, NEEDLE, VEHICLE

Array = NDArray[np.float64]
Parts = dict[str, tuple[Array, str]]
CONTENT = "cells"


def plots_of_actives(run: Run) -> Iterator[Plot]:
    """Plots of every active, and of the fields of the case's own; none of less than two reports.

    Raises
    ------
    RunError
        When series.csv or layers.csv is not there.
    """
    series, layers = run.table("series"), run.table("layers")
    if series.times.size < 2:
        return
    for active in run.case.actives:
        name = labelled(active.field, "")
        title = active.properties.title or active.name
        amounts, per_layer = _amounts(run, series, layers, active), _layers(layers, active.field, title)
        for plot in (amounts, _fluxes(series, name, title), per_layer):
            if plot is not None:
                yield plot
    if run.case.model is not None:
        yield from _own(series, list(run.case.model.fields))


def columns(series: Table, name: str) -> Parts:
    """Columns of a field in series.csv: what follows its name, with values and unit."""
    found = {}
    for heading in series.columns:
        text, unit = split(heading)
        if text.startswith(f"{name} ") and not isinstance(series.columns[heading], list):
            found[text.removeprefix(f"{name} ")] = series.numbers(heading), unit
    return found


def delivered(parts: Parts) -> Array:
    """What came through the base and what blood took, until then."""
    through = parts["permeated"][0] + parts["receptor"][0]
    return through - sum(
        (values for part, (values, _) in parts.items() if part.startswith("by clearance")), np.zeros(1)
    )


def _amounts(run: Run, series: Table, layers: Table, active: Permeant) -> Plot | None:
    """Where the dose is, and what was made of another active: all lines but the second add up to that."""
    parts = columns(series, labelled(active.field, ""))
    if "permeated" not in parts:
        return None
    lines = {"permeated": delivered(parts)}
    if run.case.donor is not None and not run.case.donor.meshed:  # of a meshed vehicle the tables do not say it
        outside = sum(parts[part][0] for part in ("donor", "evaporated", "removed"))
        lines["entered the skin"] = parts["applied"][0] - outside
    lines |= _places(series, layers, parts, active.field)
    shown = tuple(Line(line, series.times, values) for line, values in lines.items() if values.any())
    title, note = active.properties.title or active.name, "Permeated: through the base, and cleared to blood."
    return Plot(f"{title}: amounts", _axis("amount", parts[CONTENT][1]), shown, note=note) if shown else None


def _places(series: Table, layers: Table, parts: Parts, field: str) -> dict[str, Array]:
    """Amounts in the skin, bound or not, and outside of it, where needles and a meshed vehicle are layers too."""
    nothing = np.zeros(series.times.size)
    inside = _per_layer(series, layers, field)
    vehicle, needle, coating = (inside.pop(place, nothing) for place in (VEHICLE, NEEDLE, COATING))
    bound, solid = (parts.get(f"{form} {CONTENT}", (nothing, ""))[0] for form in ("bound", "solid"))
    return {
        "in the skin": sum(inside.values(), bound),
        "undissolved": solid,
        "in the needles": needle + coating,
        "left on the skin": parts["donor"][0] + vehicle,
        "taken away": parts["removed"][0] + _lost(parts, "by wash-off", "by pulled out", "solid by pulled out"),
        "evaporated": parts["evaporated"][0],
        "metabolised": _lost(parts, "by metabolism"),
    }


def _per_layer(series: Table, layers: Table, field: str) -> dict[str, Array]:
    """Amount of a field in every layer at the times of series.csv, of which a run that goes on may have one more."""
    fields, names = np.array(layers.columns["field"]), np.array(layers.columns["layer"])
    amounts, found = layers.numbers("amount"), {}
    for layer in dict.fromkeys(names[fields == field].tolist()):
        rows = (fields == field) & (names == layer)
        found[layer] = np.interp(series.times, layers.times[rows], amounts[rows])
    return found


def _lost(parts: Parts, *beginnings: str) -> Array:
    """What reactions took of a field; those that made it out of another one count nothing."""
    taken = (np.minimum(values, 0.0) for part, (values, _) in parts.items() if part.startswith(beginnings))
    return 0.0 - sum(taken, np.zeros(1))


def _fluxes(series: Table, name: str, title: str) -> Plot | None:
    """Into the skin, and out of it to blood and below."""
    parts = columns(series, name)
    if "permeated" not in parts:
        return None
    times, unit = series.times, parts["flux top"][1]
    middle = 0.5 * (times[1:] + times[:-1])
    out = np.diff(delivered(parts)) / np.diff(times) * HOUR
    lines = (
        Line("into the skin", times[1:], parts["flux top"][0][1:]),
        Line("permeated, mean between reports", middle, out),
    )
    shown = tuple(line for line in lines if line.y.any())
    return Plot(f"{title}: fluxes", _axis("flux", unit), shown) if shown else None


def _layers(layers: Table, field: str, title: str) -> Plot | None:
    """Amount in every layer, on a logarithmic axis because layers differ by orders of magnitude."""
    fields, names = np.array(layers.columns["field"]), np.array(layers.columns["layer"])
    amounts, times = layers.numbers("amount"), layers.times
    lines, unit = [], ""
    for name in dict.fromkeys(names.tolist()):
        rows = (fields == field) & (names == name)
        values = np.where(amounts[rows] > 0.0, amounts[rows], np.nan)
        if np.isfinite(values).any():
            unit = str(layers.columns["amount unit"][int(rows.argmax())])
            lines.append(Line(name, times[rows], values))
    if not lines:
        return None
    return Plot(f"{title}: amount per layer", _axis("amount", unit), tuple(lines), log=True)


def _own(series: Table, fields: list[str]) -> Iterator[Plot]:
    """Contents of the fields of a case's own model, those of one unit in one plot."""
    by_unit: dict[str, list[Line]] = {}
    for field in fields:
        for part, (values, unit) in columns(series, labelled(field, "")).items():
            if part == CONTENT:
                by_unit.setdefault(unit, []).append(Line(field, series.times, values))
    for unit, lines in by_unit.items():
        yield Plot("Contents per area", _axis("amount per area", unit), tuple(lines))


def _axis(what: str, unit: str) -> str:
    return f"{what} [{typeset(unit)}]" if unit else what
