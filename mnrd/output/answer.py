"""The answer of a permeation run: what came through, how fast, how late, and how much more than through intact skin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mnrd.output.history import Record
from mnrd.output.labels import per_area

HOUR = 3600.0
CM_PER_HOUR = 0.36  # 1 um/s
STEADY = 0.05  # relative change of the flux over the last third up to which it counts as steady


class Entry(NamedTuple):
    """One number of the answer."""

    value: float
    unit: str
    meaning: str


class Late(NamedTuple):
    """Straight line through Q(t) over the last third of the reports."""

    flux: float  # slope: unit um/s
    lag: float  # intercept with Q = 0: s
    steady: bool


def late(record: Record) -> Late | None:
    """Fit the last third of Q(t); None with fewer than three reports there or nothing delivered."""
    times, delivered, outflux = (np.array(row) for row in (record.times, record.delivered, record.outflux))
    last = times >= times[-1] * 2.0 / 3.0
    if last.sum() < 3 or not delivered[-1] > 0.0:
        return None
    slope, intercept = np.polyfit(times[last], delivered[last], 1)
    if not slope > 0.0:
        return None
    # a finite dose that is used up leaves a small flux that does not change either: that is not steady permeation
    lowest, highest = outflux[last].min(), outflux[last].max()
    steady = highest - lowest <= STEADY * highest and highest >= 0.5 * outflux.max()
    return Late(float(slope), float(-intercept / slope), bool(steady))


def answer(
    record: Record, *, intact: Record | None = None, donor_concentration: float | None = None
) -> dict[str, Entry]:
    """Numbers that people ask for.

    Parameters
    ----------
    record : Record
        Of one field.
    intact : Record, optional
        Of the same field and dose on intact skin, for the enhancement ratios.
    donor_concentration : float, optional
        c_v at first, in the unit of the field, for Kp = J_ss / c_v.

    Returns
    -------
    dict of name to Entry
        Steady flux, lag and Kp only if the flux changes by less than 5 % over the last third of the run.
    """
    unit, factor = per_area(record.unit)
    flux_unit, flux_factor = f"{unit}/h", factor * HOUR
    found = {"delivered": Entry(record.delivered[-1] * factor, unit, "through the base and cleared to blood")}
    if record.finite and record.applied > 0.0:
        found["delivered share"] = Entry(100.0 * record.delivered[-1] / record.applied, "%", "of the dose")
    peak = int(np.argmax(record.outflux))
    found["peak flux"] = Entry(record.outflux[peak] * flux_factor, flux_unit, "largest outflux at a report")
    found["time of peak"] = Entry(record.times[peak] / HOUR, "h", "of the largest outflux")
    line = late(record)
    if line is not None and line.steady:
        found["steady flux"] = Entry(line.flux * flux_factor, flux_unit, "slope of Q over the last third")
        found["lag"] = Entry(line.lag / HOUR, "h", "intercept of that line")
        if donor_concentration:
            kp = line.flux / donor_concentration * CM_PER_HOUR
            found["Kp"] = Entry(kp, "cm/h", "steady flux / concentration in the vehicle at first")
    found |= _ways(record) | _enhancement(record, intact) | _remains(record, unit, factor)
    found["imbalance"] = Entry(record.imbalance, "", "relative error of the mass balance")
    return found


def _ways(record: Record) -> dict[str, Entry]:
    """How much of what went in took the mouths of the channels, by the shares at the reports."""
    entered = np.diff(record.entered)
    if not (entered.sum() > 0.0 and any(record.mouths)):
        return {}
    mouths = np.array(record.mouths)
    mouths[0] = mouths[1]  # at the start nothing flows yet, so the share there says nothing
    share = float((0.5 * (mouths[1:] + mouths[:-1]) * entered).sum() / entered.sum())
    return {"through mouths": Entry(100.0 * share, "%", "of what entered; the rest by intact skin")}


def _enhancement(record: Record, intact: Record | None) -> dict[str, Entry]:
    """Ratios to intact skin; they differ, because the lags do."""
    if intact is None:
        return {}
    found = {}
    if intact.delivered[-1] > 0.0:
        ratio = record.delivered[-1] / intact.delivered[-1]
        found["enhancement of amount"] = Entry(ratio, "", "ER_Q: delivered / delivered through intact skin, at the end")
    lines = late(record), late(intact)
    if lines[0] is not None and lines[1] is not None and lines[0].steady and lines[1].steady:
        ratio = lines[0].flux / lines[1].flux
        found["enhancement of flux"] = Entry(ratio, "", "ER_J: steady flux / steady flux through intact skin")
    elif max(intact.outflux) > 0.0:
        ratio = max(record.outflux) / max(intact.outflux)
        found["enhancement of peak"] = Entry(ratio, "", "peak flux / peak flux through intact skin")
    return found


def _remains(record: Record, unit: str, factor: float) -> dict[str, Entry]:
    """Where the rest is."""
    found = {}
    for layer, amount in record.layers.items():
        found[f"in {layer}"] = Entry(amount * factor, unit, "free, at the end")
    for form, amounts in record.immobile.items():
        for layer, amount in amounts.items():
            if amount > 0.0:
                found[f"{form} in {layer}"] = Entry(amount * factor, unit, f"{form}, at the end")
    for name in ("donor", "evaporated", "removed"):
        amount = getattr(record, name)
        if amount > 0.0:
            found[name] = Entry(amount * factor, unit, "at the end")
    return found


def as_numbers(entries: Mapping[str, Entry]) -> dict[str, float]:
    """The answer for summary.json: name and unit to value."""
    return {_key(name, entry): entry.value for name, entry in entries.items()}


def meanings(entries: Mapping[str, Entry]) -> dict[str, str]:
    """What the numbers of an answer mean, by the keys of `as_numbers`, where the name does not say it."""
    return {_key(name, entry): entry.meaning for name, entry in entries.items() if entry.meaning}


def _key(name: str, entry: Entry) -> str:
    return f"{name} [{entry.unit}]" if entry.unit else name
