"""Reservoirs in use: the content of a donor, of a receptor compartment, or a fixed activity."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from mnrd.model.field import Reservoir

SUSPENDED = 1e-4
"""Relative excess over saturation above which a donor counts as a suspension."""


@dataclass(frozen=True)
class Coupling:
    """How a reservoir enters one stage of the field (see `Contact.couple`)."""

    factor: float
    offset: float
    share: float
    capacity: float


class Contact:
    """One reservoir at the top or the base of one field.

    Parameters
    ----------
    reservoir : Reservoir or None
        The declaration; None is no flux.
    area : float
        Covered area, um^2.
    start : float
        Time at which it was filled, s.

    Attributes
    ----------
    amount : float
        Content of a finite reservoir, concentration unit x um^3.
    conductance : float
        Sum of the face conductances g, um^3/s.
    slope : float
        Change of the content at the end of the last step, for the error estimate.
    """

    def __init__(self, reservoir: Reservoir | None, area: float, start: float) -> None:
        self.reservoir = reservoir or Reservoir()
        self.area, self.start = area if reservoir else 0.0, start
        per_area = self.reservoir.amount
        if per_area is None and self.finite:
            per_area = self.reservoir.capacity * self.reservoir.activity
        self.amount = self.applied = (per_area or 0.0) * self.area
        self.conductance = self.slope = 0.0

    @property
    def finite(self) -> bool:
        """Whether its content changes with what it gives."""
        return self.reservoir.capacity < inf

    def capacity(self, time: float) -> float:
        """Capacity of the whole contact area at `time`, um^3; falls where the vehicle dries."""
        depth = self.reservoir.capacity
        if self.reservoir.drying is not None:
            rate, final = self.reservoir.drying
            depth = max(depth - rate * (time - self.start), final)
        return depth * self.area

    def suspended(self, time: float) -> bool:
        """Whether there is so much that the activity is held at saturation."""
        return self.finite and self.amount > self.capacity(time) * self.reservoir.saturation * (1 + SUSPENDED)

    def activity(self, time: float) -> float:
        """Activity now."""
        if not self.finite or not self.area:
            return self.reservoir.activity
        return min(max(self.amount, 0.0) / self.capacity(time), self.reservoir.saturation)

    def couple(self, base: float, tau: float, time: float, suspended: bool) -> Coupling:
        """Eliminate the reservoir's activity e from a stage.

        Well-stirred: tau (C e - base) = -sum g (e - a) - loss e gives e = factor sum(g a) + offset with
        factor = 1 / sigma, offset = tau base / sigma, sigma = tau C + loss + sum g. Fixed or suspended: factor 0.
        `share` = 1 - factor sum(g) is the part of sum(g a) that leaves the system of cells and reservoir.

        Parameters
        ----------
        base : float
            Content from which the stage starts.
        tau, time : float
            1 / (gamma dt) and the time of the stage.
        suspended : bool
            Mode of the running step.
        """
        if not self.finite or suspended or not self.area:
            held = self.reservoir.saturation if suspended else self.reservoir.activity
            return Coupling(0.0, held, 1.0, inf)
        capacity = self.capacity(time)
        kept = tau * capacity + self.reservoir.loss * self.area
        sigma = kept + self.conductance
        return Coupling(1 / sigma, tau * base / sigma, kept / sigma, capacity)
