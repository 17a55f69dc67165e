"""Reservoirs in use: the content of a donor, of a receptor compartment, or a fixed activity."""

from __future__ import annotations

from math import inf

from mnrd.model.field import Reservoir

SUSPENDED = 1e-4
"""Relative excess over saturation above which a donor counts as a suspension."""


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

    def order(self, time: float, suspended: bool) -> dict[str, float]:
        """How it enters a stage, in the words of ``enum Order``; the kernel `couple` eliminates its activity.

        Parameters
        ----------
        time : float
            Of the stage, s.
        suspended : bool
            Mode of the running step.
        """
        held = self.reservoir.saturation if suspended else self.reservoir.activity
        stirred = self.stirred(suspended)
        return {
            "AMOUNT": self.amount,
            "CAPACITY": self.capacity(time) if stirred else 0.0,
            "EVAPORATION": self.reservoir.loss * self.area,
            "HELD": 0.0 if stirred else held,
            "STIRRED": float(stirred),
        }

    def stirred(self, suspended: bool) -> bool:
        """Whether its activity follows from its content, instead of being held."""
        return self.finite and not suspended and self.area > 0.0
