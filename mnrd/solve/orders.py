"""The orders of a stage: everything that the host knows about it before the step is launched."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import numpy as np

from mnrd.backends.base import ORDER
from mnrd.solve.board import Board
from mnrd.solve.contact import Contact
from mnrd.solve.fields import SIDES, Coefficients
from mnrd.solve.krylov import AT_CEILING

Contacts = dict[tuple[int, str], Contact]
Suspended = frozenset[tuple[int, str]]


def order_time(board: Board, coefficients: Coefficients, stage: int, moment: float) -> tuple[float, ...]:
    """Write what depends on the time of a stage (s): uniform parameters and the openness of channels, which it returns.

    The openness that follows from a field is written by the kernels themselves.
    """
    openness = coefficients.openness(moment)
    board.orders["openness"][stage] = coefficients.by_material(openness)
    board.orders["scalars"][stage, : len(coefficients.kinetics.scalars)] = coefficients.scalars(moment)
    return openness


def order_fields(
    board: Board, coefficients: Coefficients, stage: int, numbers: Mapping[str, float], scales: tuple[float, ...]
) -> None:
    """Write the size of the step and the tolerances of each field.

    Parameters
    ----------
    board, coefficients : Board, Coefficients
    stage : int
    numbers : dict
        TAU, DT, AHEAD, KAPPA, START and RTOL, the same for all fields.
    scales : tuple of float
        Of the error weights, one per field, as activities.
    """
    fields = coefficients.problem.model.fields
    exact = np.array([AT_CEILING if field.ceiling < inf else 1.0 for field in fields])
    own = {"KAPPA": numbers["KAPPA"] * exact, "ABSOLUTE": 1e-2 * numbers["RTOL"] * np.array(scales)}
    for name, values in {**numbers, **own}.items():
        board.orders["order"][stage, :, ORDER[name]] = values


def order_contacts(board: Board, contacts: Contacts, suspended: Suspended, stage: int, moment: float) -> set[int]:
    """Write how the reservoirs enter a stage at a time (s).

    Returns
    -------
    set of int
        Fields with a reservoir whose activity follows from its content.
    """
    stirred = set()
    for (index, side), contact in contacts.items():
        if not contact.area:
            continue  # its orders stay zero: nothing passes
        held = (index, side) in suspended
        for name, value in contact.order(moment, held).items():
            board.order(stage, index, f"{name}_{side.upper()}", value)
        if contact.stirred(held):
            stirred.add(index)
    return stirred


def suspended_now(contacts: Contacts, time: float) -> Suspended:
    """Reservoirs that are held at saturation by what is undissolved, during the step that begins at a time (s)."""
    return frozenset(key for key, contact in contacts.items() if contact.suspended(time))


def fullest(contacts: Contacts, index: int, time: float) -> float:
    """Largest activity of the reservoirs of a field at a time (s); 0 without any."""
    sides = (contacts[index, side] for side in SIDES)
    return max((contact.activity(time) for contact in sides if contact.area), default=0.0)
