"""How long the next step is: a PI controller for a second-order method, and landing on due times."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

SHRINK_FAILED = 0.25
LONGEST_RUN_OF_REJECTIONS = 30
START = (1 / 16, 1 / 16, 1 / 8, 1 / 4)
"""Implicit Euler steps after a jump, in units of the first step: each damps a stiff jump by its own dt x rate."""


@dataclass
class Controller:
    """Step sizes.

    Parameters
    ----------
    dt : float
        The step wanted next, s.
    dt_max : float
        The longest step, s.
    fixed : bool
        Keep `dt` whatever the error.

    Attributes
    ----------
    previous : float
        Error of the last accepted step.
    started : int
        How many of the steps after the last jump are done.
    """

    dt: float
    dt_max: float
    fixed: bool = False
    previous: float = 1.0
    started: int = 0

    @property
    def smooth(self) -> bool:
        """Whether the steps after the last jump are done."""
        return self.fixed or self.started >= len(START)

    def towards(self, remaining: float) -> float:
        """Step to take when the next due time is `remaining` away: it lands there, or leaves at least half of it."""
        wanted = self.dt if self.smooth else self.dt * START[self.started]
        if remaining <= wanted * (1 + 1e-9):
            return remaining
        if not self.fixed and remaining < 2 * wanted:
            return remaining / 2
        return wanted

    def accepted(self, error: float, taken: float) -> None:
        """Choose the next step after an accepted one of size `taken`.

        dt *= clip(0.9 e^(-0.7/3) e_previous^(0.4/3), 0.2, 2). A step that was cut short to land says little about how
        the error changes from step to step: after it dt *= clip(0.9 e^(-1/3), 0.2, 2), and it does not shorten dt.
        """
        if not self.smooth:
            self.started += 1
            return
        if self.fixed:
            return
        error = max(error, 1e-10)
        cut = taken < self.dt and error <= 0.5
        wished = 0.9 * error ** (-1 / 3) if cut else 0.9 * error ** (-0.7 / 3) * self.previous ** (0.4 / 3)
        wanted = taken * min(max(wished, 0.2), 2.0)
        self.dt = min(max(wanted, self.dt) if cut else wanted, self.dt_max)
        self.previous = max(error, 1e-4)

    def rejected(self, error: float, taken: float, limit: float = inf) -> None:
        """Choose a shorter step after a rejected one: dt *= clip(0.9 e^(-1/3), 0.1, 0.9), and at most `limit`."""
        factor = min(max(0.9 * error ** (-1 / 3), 0.1), 0.9) if 1.0 < error < inf else SHRINK_FAILED
        self.dt = limit if limit < taken else taken * factor

    def restart(self, dt: float) -> None:
        """Start anew after an event."""
        if not self.fixed:
            self.dt, self.previous, self.started = min(dt, self.dt_max), 1.0, 0
