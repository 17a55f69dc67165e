"""What the answer of a permeation run is computed from: a few numbers per field and report, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.model.field import Coefficient, Field
from mnrd.model.problem import Problem
from mnrd.model.reaction import Transfer
from mnrd.output.schedule import Schedule

OPENINGS = ("channel", "coating", "needle")


@dataclass
class Record:
    """One field at the reports; per area of skin, in its concentration unit times um, fluxes also per s."""

    unit: str
    title: str
    finite: bool  # whether the dose is finite
    times: list[float] = field(default_factory=list)  # s
    delivered: list[float] = field(default_factory=list)  # Q: through the base, and cleared to blood
    outflux: list[float] = field(default_factory=list)  # J_out = dQ/dt
    entered: list[float] = field(default_factory=list)  # from the donor into the skin, until then
    mouths: list[float] = field(default_factory=list)  # part of the present influx that takes the mouths of channels
    applied: float = 0.0
    donor: float = 0.0
    evaporated: float = 0.0
    removed: float = 0.0
    imbalance: float = 0.0  # relative
    layers: dict[str, float] = field(default_factory=dict)
    immobile: dict[str, dict[str, float]] = field(default_factory=dict)  # 'bound' and 'solid' -> layer -> amount


class History:
    """Observer that keeps a `Record` of every field that moves.

    Parameters
    ----------
    schedule : Schedule
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.records: dict[str, Record] = {}

    def observe(self, simulation: Any) -> None:
        """Add one report."""
        for one in simulation.problem.model.fields:
            if one.mobile:
                if one.name not in self.records:
                    finite = one.top is None or one.top.capacity < inf
                    self.records[one.name] = Record(one.unit, one.meaning or one.name, finite)
                _add(self.records[one.name], simulation, one.name)

    def memory(self) -> dict[str, Any]:
        """The records."""
        return {"records": {name: asdict(record) for name, record in self.records.items()}}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on with the records of `memory`."""
        self.records = {name: Record(**record) for name, record in memory["records"].items()}


def clearances_of(name: str, reactions: Sequence[Any]) -> list[str]:
    """Reactions by which blood takes a field away: losses without products whose name begins with 'clearance'."""
    return [
        reaction.name
        for reaction in reactions
        if isinstance(reaction, Transfer)
        and reaction.source == name
        and not reaction.products
        and reaction.name.startswith("clearance")
    ]


def open_share(problem: Problem, one: Field, openness: Sequence[float]) -> NDArray[np.float64]:
    """Part of the vertical conductance of each top cell that belongs to channels, needles and coatings, (ny, nx)."""
    painting = problem.painting
    first = painting.fractions[:, 0] / 255.0
    values = [_top_value(one.diffusivity, name) * _top_value(one.partition, name) for name in painting.materials]
    for closing, g in zip(problem.model.closings, openness, strict=True):
        row = painting.materials.index(closing.material)
        values[row] = values[0] + g * (values[row] - values[0])
    conductances = first * np.array(values)[:, None, None]
    total = conductances.sum(axis=0)
    opened = sum(conductances[painting.materials.index(name)] for name in OPENINGS if name in painting.materials)
    return np.divide(opened, total, out=np.zeros_like(total), where=total > 0.0)


def _add(record: Record, simulation: Any, name: str) -> None:
    problem: Problem = simulation.problem
    footprint = problem.mesh.footprint
    ledger, fluxes = simulation.ledger(name), simulation.fluxes(name)
    clearances = clearances_of(name, problem.model.reactions)
    cleared = -sum(ledger.terms.get(clearance, 0.0) for clearance in clearances)
    rate = -sum(fluxes.get(clearance, 0.0) for clearance in clearances)
    one = problem.model.fields[problem.model.index(name)]
    influx = simulation.top_flux_map(name) if simulation.step else np.zeros(1)  # at the start nothing has moved yet
    mouths = (
        float((influx * open_share(problem, one, simulation.openness())).sum() / influx.sum()) if influx.any() else 0.0
    )
    record.times.append(float(simulation.time))
    record.delivered.append((ledger.permeated + ledger.receptor + cleared) / footprint)
    record.outflux.append((fluxes["base"] + rate) / footprint)
    record.entered.append((ledger.applied - ledger.donor - ledger.evaporated - ledger.removed) / footprint)
    record.mouths.append(mouths)
    record.applied = (ledger.applied + ledger.initial) / footprint
    record.donor, record.evaporated = ledger.donor / footprint, ledger.evaporated / footprint
    record.removed, record.imbalance = ledger.removed / footprint, ledger.relative_error
    record.layers = {layer: amount / footprint for layer, amount in simulation.amounts(name).items()}
    for form in ("bound", "solid"):
        if f"{name}_{form}" in problem.model.names:
            held = simulation.amounts(f"{name}_{form}")
            record.immobile[form] = {layer: amount / footprint for layer, amount in held.items()}


def _top_value(value: Coefficient | None, material: str) -> float:
    """A coefficient of a material in the uppermost cells; 1 where it is given cell by cell."""
    if isinstance(value, Mapping):
        value = value[material]
    if isinstance(value, np.ndarray):
        return float(value[0]) if value.ndim == 1 else 1.0
    return float(value or 0.0)
