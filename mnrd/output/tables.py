"""series.csv and layers.csv: units in the header."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

from mnrd.model.field import CUT_OFF, Field
from mnrd.model.model import AnyReaction, Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.output.labels import labelled, per_area
from mnrd.output.ledger import Ledger
from mnrd.output.schedule import Schedule
from mnrd.output.table import Table

SECONDS_PER_HOUR = 3600.0
BALANCE = ("applied", "donor", "cells", "receptor", "permeated", "evaporated", "removed")


class Series:
    """Observer that writes ``series.csv``: steps, fluxes, reservoirs and the mass balance against time.

    Steps, rejected ones and iterations of the linear solver are counted from the start. Everything else is per skin
    area (the footprint of the mesh). Fluxes are positive downwards: ``flux top`` goes into the skin, ``flux base`` out
    of it. An immobile field has no fluxes and reservoirs, only its content.

    Parameters
    ----------
    directory : Path
        The run directory.
    schedule : Schedule
    """

    def __init__(self, directory: Path, schedule: Schedule) -> None:
        self.schedule = schedule
        self._table = Table(directory / "series.csv")

    def observe(self, simulation: Any) -> None:
        """Append one row; the columns are those that the first row needs."""
        row = {
            "time [s]": float(simulation.time),
            "step": simulation.step,
            "dt [s]": float(simulation.dt),
            "rejected": simulation.rejected,
            "solver iterations": simulation.iterations,
        }
        for field in simulation.problem.model.fields:
            row |= _field_columns(simulation, field)
        self._table.add(row)

    def memory(self) -> dict[str, Any]:
        """How much of the file is written, see `Table.memory`."""
        return self._table.memory()

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from there, see `Table.recall`."""
        self._table.recall(memory)


def _field_columns(simulation: Any, field: Field) -> dict[str, float]:
    """Columns of one field."""
    unit, factor = per_area(field.unit)
    scale = factor / simulation.problem.mesh.footprint
    ledger: Ledger = simulation.ledger(field.name)
    row = {}
    if field.diffusivity is None:
        row[labelled(field.name, unit, "cells")] = ledger.cells * scale
    else:
        fluxes, reservoirs = simulation.fluxes(field.name), simulation.reservoir(field.name)
        for side in ("top", "base"):
            row[labelled(field.name, f"{unit}/h", f"flux {side}")] = fluxes[side] * scale * SECONDS_PER_HOUR
            row[labelled(field.name, field.unit, f"activity {side}")] = reservoirs[side]
        for part in BALANCE:
            row[labelled(field.name, unit, part)] = getattr(ledger, part) * scale
    booked = dict.fromkeys(_reactions_of(field, simulation.problem.model), 0.0) | dict(ledger.terms)
    for reaction, gain in booked.items():
        row[labelled(field.name, unit, f"by {reaction}")] = gain * scale
    row[labelled(field.name, "", "relative error")] = ledger.relative_error
    return row


def _reactions_of(field: Field, model: Model) -> list[str]:
    """Names of what changes a field besides transport: known before the first amount is booked."""

    def changed(reaction: AnyReaction) -> set[str]:
        match reaction:
            case Reaction():
                return set(reaction.rates)
            case Transfer():
                return {reaction.source, *reaction.products}
            case Exchange():
                return {reaction.free, reaction.bound}

    names = [reaction.name for reaction in model.reactions if field.name in changed(reaction)]
    return [*names, CUT_OFF] if field.ceiling < inf else names


class Layers:
    """Observer that writes ``layers.csv``: one row per report, field and material.

    Columns are the amount per skin area, the mean concentration in the material and whether the field is the
    free or the bound form in an exchange.

    Parameters
    ----------
    directory : Path
        The run directory.
    schedule : Schedule
    """

    COLUMNS = (
        "time [s]",
        "field",
        "form",
        "layer",
        "amount",
        "amount unit",
        "mean concentration",
        "concentration unit",
    )

    def __init__(self, directory: Path, schedule: Schedule) -> None:
        self.schedule = schedule
        self._table = Table(directory / "layers.csv", self.COLUMNS)

    def observe(self, simulation: Any) -> None:
        """Append the rows of one report."""
        problem = simulation.problem
        volumes = _material_volumes(problem)
        forms = _forms(problem.model)
        for field in problem.model.fields:
            unit, factor = per_area(field.unit)
            for layer, amount in simulation.amounts(field.name).items():
                mean = amount / volumes[layer] if volumes[layer] > 0.0 else 0.0
                cells = (
                    float(simulation.time), field.name, forms.get(field.name, ""), layer,
                    amount * factor / problem.mesh.footprint, unit, mean, field.unit,
                )  # fmt: skip
                self._table.add(dict(zip(self.COLUMNS, cells, strict=True)))

    def memory(self) -> dict[str, Any]:
        """How much of the file is written, see `Table.memory`."""
        return self._table.memory()

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from there, see `Table.recall`."""
        self._table.recall(memory)


def _material_volumes(problem: Problem) -> dict[str, float]:
    """Volume of every material, um^3."""
    painting, volume = problem.painting, problem.mesh.volume
    return {name: float((painting.fraction(name) * volume).sum()) for name in painting.materials}


def _forms(model: Model) -> dict[str, str]:
    """``free`` or ``bound`` for the fields of an exchange."""
    exchanges = [reaction for reaction in model.reactions if isinstance(reaction, Exchange)]
    return {e.free: "free" for e in exchanges} | {e.bound: "bound" for e in exchanges}
