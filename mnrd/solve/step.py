"""The outcome of one attempted step: what moved in its stages, its error, and what speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from mnrd.model.field import CUT_OFF
from mnrd.solve.board import Board
from mnrd.solve.fields import SIDES


@dataclass
class Rates:
    """What moved in a stage, for one field: amounts per time over the whole mesh (see `output.ledger`)."""

    influx: dict[str, float] = field(default_factory=dict)
    evaporated: dict[str, float] = field(default_factory=dict)
    contents: dict[str, float] = field(default_factory=dict)
    terms: dict[str, float] = field(default_factory=dict)
    clipped: float = 0.0
    lost: float = 0.0
    iterations: float = 0

    @classmethod
    def reported(
        cls, board: Board, stage: int, index: int, terms: tuple[str, ...], tau: float, *, mobile: bool
    ) -> Rates:
        """Read the report of one field in one stage.

        Parameters
        ----------
        board : Board
            After its reports were fetched.
        stage, index : int
            Which.
        terms : tuple of str
            Names of the field's reactions.
        tau : float
            1 / (gamma dt), 1/s.
        mobile : bool
            Whether the field meets reservoirs.
        """

        def sides(name: str) -> dict[str, float]:
            return {side: board.said(stage, index, f"{name}_{side.upper()}") for side in SIDES} if mobile else {}

        excess = board.said(stage, index, "EXCESS")
        moved: dict[str, float] = {}
        one = [board.said(stage, index, "MOVED")]
        amounts = one if len(terms) == 1 else board.reports["terms"][stage, index]
        for name, amount in zip(terms, amounts, strict=False):
            moved[name] = moved.get(name, 0.0) + float(amount)
        if excess:
            moved[CUT_OFF] = -tau * excess
        return cls(
            influx=sides("INFLUX"),
            evaporated=sides("EVAPORATED"),
            contents=sides("CONTENT"),
            terms=moved,
            clipped=board.said(stage, index, "CLIPPED") + excess,
            lost=board.said(stage, index, "LOST"),
            iterations=board.said(stage, index, "COUNT"),
        )


@dataclass
class Step:
    """Outcome of one attempted step.

    Attributes
    ----------
    tau : float
        1 / (gamma dt) of its stages.
    starts : dict
        Contents of the reservoirs from which the last stage started.
    weights : tuple of float
        Weights of the stages in the step.
    stages : list of list of Rates
        What moved in each stage, for each field.
    error : float
        Estimated error in units of the tolerance; inf if a solve failed.
    largest : list of float
        Largest activity of each field at the end.
    limit : float
        A step size that must not be exceeded at the next try (a donor ran out of suspended drug); inf if none.
    reason : str
        Why it must be rejected, empty if it may be accepted.
    """

    tau: float = 0.0
    starts: dict[tuple[int, str], float] = field(default_factory=dict)
    weights: tuple[float, ...] = ()
    stages: list[list[Rates]] = field(default_factory=list)
    error: float = 0.0
    largest: list[float] = field(default_factory=list)
    limit: float = inf
    reason: str = ""

    def moved(self, index: int, dt: float) -> Rates:
        """Amounts of a field that moved in the step: dt times the weighted sum over the stages."""
        stages = [stage[index] for stage in self.stages]

        def total(name: str) -> dict[str, float]:
            parts = [getattr(stage, name) for stage in stages]
            keys = dict.fromkeys(key for part in parts for key in part)
            return {
                key: dt * sum(w * p.get(key, 0.0) for w, p in zip(self.weights, parts, strict=True)) for key in keys
            }

        return Rates(
            influx=total("influx"),
            evaporated=total("evaporated"),
            contents=stages[-1].contents,
            terms=total("terms"),
            clipped=sum(stage.clipped for stage in stages),
            lost=sum(stage.lost for stage in stages),
            iterations=sum(stage.iterations for stage in stages),
        )
