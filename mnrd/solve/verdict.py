"""Whether an attempted step is good enough: the error estimate of every field and reservoir, and faults besides."""

from __future__ import annotations

from math import inf, isfinite, sqrt

from mnrd.solve.board import SECOND, Board
from mnrd.solve.fields import Coefficients
from mnrd.solve.orders import Contacts, Suspended
from mnrd.solve.step import Rates, Step

EMPTY = 1e-12
"""Part of what a reservoir can hold by which it may fall below zero."""


def judge_fields(
    step: Step, board: Board, coefficients: Coefficients, scales: list[float], rtol: float, *, estimate: bool
) -> None:
    """Put error, largest activities and the first fault of the fields into the step.

    Parameters
    ----------
    step : Step
        With its stages.
    board : Board
        After its reports were fetched.
    coefficients : Coefficients
    scales : list of float
        Running maximum of each field's activity.
    rtol : float
    estimate : bool
        Whether there is an error estimate; without one, finite is good enough.
    """
    volume = coefficients.grid.volume
    for index, rates in enumerate(step.stages[-1]):
        squares, amount, largest = (board.said(SECOND, index, name) for name in ("ERROR", "TOTAL", "LARGEST"))
        step.largest.append(largest)
        error = sqrt(squares / volume) if estimate and squares >= 0.0 else squares
        if not (isfinite(error) and isfinite(largest)):
            step.error = inf
            step.reason = step.reason or f"field {coefficients.problem.model.fields[index].name} is not finite"
        elif estimate:
            step.error = max(step.error, error)
            step.reason = step.reason or _fault(coefficients, index, scales[index], rtol, rates, amount, largest)


def _fault(
    coefficients: Coefficients, index: int, scale: float, rtol: float, rates: Rates, amount: float, largest: float
) -> str:
    """What makes a field unacceptable whatever its error estimate; empty if nothing."""
    field, of = coefficients.problem.model.fields[index], coefficients.kinetics.of[index]
    if rates.clipped > 0.1 * rtol * amount and rates.clipped > 1e-6 * scale * coefficients.grid.volume:
        return f"field {field.name} fell below zero"
    if field.taxis is None and (of is None or of.production == 0) and largest > scale * (1 + rtol):
        return f"field {field.name} rose above all that surrounds it"
    return ""


def judge_contacts(
    step: Step, dt: float, time: float, contacts: Contacts, suspended: Suspended,
    scales: list[float], rtol: float, error_weights: tuple[float, float, float],
) -> None:  # fmt: skip
    """Errors of the finite reservoirs' contents; a suspension that was used up limits the step."""
    tau = step.tau
    for (index, side), contact in contacts.items():
        if not contact.finite or side not in step.stages[-1][index].contents:
            continue
        one, two = (stage[index].contents[side] for stage in step.stages)
        if (index, side) in suspended:
            least = contact.capacity(time) * contact.reservoir.saturation
            if two < least * (1 - 1e-4):
                step.limit = min(step.limit, dt * (contact.amount - least) / (contact.amount - two))
                step.reason = "a donor ran out of suspended drug"
            continue
        full = max(contact.applied, scales[index] * contact.capacity(time))
        if two < -EMPTY * full:
            step.reason = "a donor fell below zero"
        slopes = (contact.slope, tau * (one - contact.amount), tau * (two - step.starts[index, side]))
        stiff = 1 + contact.conductance / (tau * contact.capacity(time))
        error = dt * sum(w * k for w, k in zip(error_weights, slopes, strict=True)) / stiff
        weight = rtol * (max(contact.amount, two) + 1e-2 * full)
        if weight > 0.0:
            step.error = max(step.error, abs(error) / weight)
