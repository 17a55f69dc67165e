"""The mass balance of one field: where everything is that was ever there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ledger:
    """Amounts of one field over the whole footprint, in its concentration unit times um^3.

    The balance is
    applied + initial + sum of terms = cells + donor + receptor + permeated + evaporated + removed.

    Parameters
    ----------
    applied : float
        Put into the reservoirs by dosing since the start; of a reservoir of constant activity, what it gave.
    initial : float
        In the cells at the start.
    cells, donor, receptor : float
        Where it is now: in the tissue, in the reservoir on top, in the finite reservoir at the base.
    permeated : float
        Gone through the base into a reservoir of fixed activity.
    evaporated : float
        Lost from the reservoir on top to the air.
    removed : float
        Wiped off: contents of reservoirs that were replaced.
    terms : mapping of str to float
        Net gain by each reaction; what a reaction consumes is negative.
    """

    applied: float = 0.0
    initial: float = 0.0
    cells: float = 0.0
    donor: float = 0.0
    receptor: float = 0.0
    permeated: float = 0.0
    evaporated: float = 0.0
    removed: float = 0.0
    terms: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        """Everything that is accounted for: the right-hand side of the balance."""
        return self.cells + self.donor + self.receptor + self.permeated + self.evaporated + self.removed

    @property
    def residual(self) -> float:
        """Left-hand side minus right-hand side of the balance; round-off if all is well."""
        return self.applied + self.initial + sum(self.terms.values()) - self.total

    @property
    def relative_error(self) -> float:
        """|residual| / (applied + initial + sum of |terms|); 0 for a field that never was anywhere."""
        scale = abs(self.applied) + abs(self.initial) + sum(abs(gain) for gain in self.terms.values())
        scale = max(scale, abs(self.total))
        return abs(self.residual) / scale if scale > 0.0 else 0.0
