"""The answer of a permeation run: what came through, how fast, how late, and how much more than through intact skin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.model.field import Field
from mnrd.model.reaction import Transfer
from mnrd.output.labels import per_area
from mnrd.output.schedule import Schedule

Array = NDArray[np.float64]

HOUR = 3600.0
CM_PER_HOUR = 0.36  # 1 um/s
STEADY = 0.05  # relative change of the flux over the last third that still counts as steady
OPENINGS = ("channel", "coating", "needle")


@dataclass
class Record:
    """What is known of one field at the reports, per area of skin, in its concentration unit times um (and per s)."""

    unit: str
    times: list[float] = field(default_factory=list)
    delivered: list[float] = field(default_factory=list)  # Q: through the base, and cleared
    outflux: list[float] = field(default_factory=list)  # J_out
    influx: list[float] = field(default_factory=list)  # J_in
    mouths: list[float] = field(default_factory=list)  # the part of J_in through the mouths of channels
    dose: float = 0.0
    donor: float = 0.0
    evaporated: float = 0.0
    removed: float = 0.0
    balance: float = 0.0
    layers: dict[str, float] = field(default_factory=dict)
    donor_concentration: float = 0.0


class History:
    """Observer that keeps what the answer is computed from.

    Parameters
    ----------
    schedule : Schedule
    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.records: dict[str, Record] = {}

    def observe(self, simulation: Any) -> None:
        """Add one report of every field that moves."""
        for one in simulation.problem.model.fields:
            if one.mobile:
                record = self.records.setdefault(one.name, Record(one.unit))
                _observe(simulation, one, record)


def _observe(simulation: Any, one: Field, record: Record) -> None:
    footprint = simulation.problem.mesh.footprint
    ledger, fluxes = simulation.ledger(one.name), simulation.fluxes(one.name)
    clearances = clearances_of(one.name, simulation.problem.model.reactions)
    cleared = -sum(ledger.terms.get(name, 0.0) for name in clearances)
    rate = -sum(fluxes.get(name, 0.0) for name in clearances)
    if not record.times and one.top is not None:
        partition = 1.0
        record.donor_concentration = one.top.activity * partition
    record.times.append(simulation.time)
    record.delivered.append((ledger.permeated + ledger.receptor + cleared) / footprint)
    record.outflux.append((fluxes["base"] + rate) / footprint)
    record.influx.append(fluxes["top"] / footprint)
    record.mouths.append(float((simulation.top_flux_map(one.name) * open_share(simulation, one)).sum()) / footprint)
    record.dose = (ledger.applied + ledger.initial) / footprint
    record.donor, record.evaporated = ledger.donor / footprint, ledger.evaporated / footprint
    record.removed, record.balance = ledger.removed / footprint, ledger.relative_error
    record.layers = {name: amount / footprint for name, amount in simulation.amounts(one.name).items()}
