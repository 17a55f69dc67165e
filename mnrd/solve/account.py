"""The running account of one field: what came, what went, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from mnrd.solve.contact import Contact
from mnrd.solve.step import Rates


@dataclass
class Account:
    """Amounts since the start, concentration unit x um^3 over the whole mesh (meaning: `mnrd.output.ledger.Ledger`)."""

    initial: float
    applied: float = 0.0
    permeated: float = 0.0
    evaporated: float = 0.0
    removed: float = 0.0
    clipped: float = 0.0
    terms: dict[str, float] = field(default_factory=dict)

    @property
    def turnover(self) -> float:
        """All that was ever there, to compare small amounts with."""
        return self.initial + self.applied + sum(max(gain, 0.0) for gain in self.terms.values())

    def filled(self, contact: Contact) -> None:
        """Book a reservoir that was put on."""
        self.applied += contact.applied

    def emptied(self, contact: Contact) -> None:
        """Book a reservoir that was taken off."""
        self.removed += contact.amount

    def book(self, moved: Rates, top: Contact, base: Contact) -> None:
        """Book what moved in a step."""
        if moved.influx and not top.finite:
            given = moved.influx["top"] + moved.evaporated["top"]
            self.applied += max(given, 0.0)
            self.removed += max(-given, 0.0)
        if moved.influx and not base.finite:
            self.permeated -= moved.influx["base"] + moved.evaporated["base"]
        self.evaporated += sum(moved.evaporated.values())
        self.clipped += moved.clipped
        for name, amount in moved.terms.items():
            self.terms[name] = self.terms.get(name, 0.0) + amount
