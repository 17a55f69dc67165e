"""How one field will be solved in one stage: chosen by the host before the step, from what it knows by then."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from mnrd.solve.directed import LINES, WIDEST
from mnrd.solve.krylov import LIMIT, WEAK

Key = TypeVar("Key")

SPARE = 1
"""Iterations launched beyond those that the last solves took."""

MEMORY = 12
"""How many solves are remembered."""


@dataclass(frozen=True)
class Plan:
    """A way of solving; programs are recorded once for each.

    Parameters
    ----------
    method : str
        ``lines`` (line relaxation), ``gradients``, ``balanced`` or ``skew`` (see `mnrd.solve.directed`); empty for a
        field that does not move.
    depth : int
        Last level to use.
    budget : int
        Iterations to launch.
    stirred : bool
        Whether a reservoir's activity follows from its content.
    refresh : bool
        Whether channels have opened or closed since the conductances were computed.
    restore : bool
        Whether the conductances of another field lie where this one's are to be.
    """

    method: str = ""
    depth: int = 0
    budget: int = 0
    stirred: bool = False
    refresh: bool = False
    restore: bool = False


def choose(operator: Any, rates: Any, widest: float, tau: float, stirred: bool) -> Plan:
    """Choose the method and the depth.

    Parameters
    ----------
    operator : FieldOperator or None
    rates : (levels,) array
        Lateral coupling of each level, 1/s, as it was known last.
    widest : float
        Range of psi chi / D, likewise.
    tau : float
        1 / (gamma dt), 1/s.
    stirred : bool
        See `Plan`.
    """
    if operator is None:
        return Plan()
    last = len(rates) - 1
    depth = next((level for level, rate in enumerate(rates) if rate <= tau), last)
    drift = operator.drift
    if drift is not None and drift.directed:
        if drift.ratio is not None and widest <= WIDEST:
            return Plan("balanced", depth)
        return Plan("skew", -1 if rates[0] <= LINES * tau else depth)
    if stirred:
        return Plan("gradients", last, stirred=True)
    return Plan("lines") if rates[0] <= WEAK * tau else Plan("gradients", depth)


def conducting(plan: Plan, operator: Any, openness: tuple[float, ...] | None) -> Plan:
    """The plan, with new conductances where channels have moved, or where another field's lie in the arrays.

    Parameters
    ----------
    plan : Plan
    operator : FieldOperator or None
        It and its stock remember what will lie there: fields are asked for in the order of their turns.
    openness : tuple of float or None
        Of the channels in the stage; None where the host does not know it.
    """
    if operator is None:
        return plan
    now = openness if operator.closes else ()
    before, operator.openness = operator.openness, now
    plan = replace(plan, refresh=operator.closes and (now is None or now != before))
    if operator.faces is None:
        return plan
    there, stock = (operator.faces, now), operator.stock
    other, stock.faces = stock.faces != there, there
    return replace(plan, restore=other and operator.drift is None)


def level(plans: Mapping[Key, Plan]) -> dict[Key, Plan]:
    """Plans of fields that are solved side by side, with the largest budget of each method for all that have it.

    What one does not need runs beside what another does, and does nothing.
    """
    most = {
        plan.method: max(one.budget for one in plans.values() if one.method == plan.method) for plan in plans.values()
    }
    return {key: replace(plan, budget=most[plan.method]) for key, plan in plans.items()}


class Foresight:
    """How many iterations a solve will take: a little more than the last ones took.

    Only the cost depends on it, never the result: a step for which too few were launched is repeated with more.
    """

    def __init__(self) -> None:
        self._taken: deque[float] = deque([1.0], maxlen=MEMORY)
        self._least = 0

    def budget(self, plan: Plan) -> Plan:
        """The plan with its budget."""
        return replace(plan, budget=min(max(int(max(self._taken)) + SPARE, self._least), LIMIT))

    def took(self, count: float) -> None:
        """Remember how many a solve took."""
        self._taken.append(count)
        self._least = 0

    def exhausted(self, budget: int) -> bool:
        """Ask for more at the next try; False if there is no more to be had."""
        self._least = 2 * budget + 1
        return budget < LIMIT
