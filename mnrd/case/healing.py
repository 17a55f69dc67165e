"""Checks between the healing section of a case and the others, as those in `mnrd.case.checks`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from mnrd.skin.scene import kind_of
from mnrd.skin.shapes import TIE
from mnrd.skin.treatment import Occlude, Uncover

if TYPE_CHECKING:
    from mnrd.case.case import Case

Found = Iterator[tuple[str, str]]

BELOW = 500.0  # um of skin below the deepest injury, two decay lengths of the signals (HEALING 2)
LAYERS = ("stratum corneum", "epidermis", "dermis")


def _skin_can_heal(case: Case) -> Found:
    if case.healing is None or case.skin is None:
        return
    kinds = {kind_of(name) for name in case.skin.names}
    for kind in LAYERS:
        if kind not in kinds:
            yield "healing", f"needs a layer of [skin] with '{kind}' in its name"
    for index, layer in enumerate(case.skin.layers):
        if layer.ridges is not None:  # a cell that is partly dermis is never at rest
            yield f"skin.layers[{index}].ridges", "is not possible with [healing], leave it out"
    if case.laws.membrane:
        yield "laws.membrane", "is not possible with [healing], where the stratum corneum grows back"
    if case.donor is not None and case.donor.meshed:
        yield "donor.meshed", "is not possible with [healing], leave it out"
    wound = case.healing.wound
    if wound is not None:
        depth = wound.depth or 0.0
    elif case.array is not None and (case.needle is not None or case.channel is not None):
        try:
            depth = case.healing.puncture(case.needle, case.channel).depth
        except ValueError as error:
            place, _, sentence = str(error).partition(": ")
            yield place, sentence
            return
    else:
        return
    if case.skin.thickness < depth + BELOW:
        least = f"{depth + BELOW:g} um, {BELOW:g} um more than the depth of the injury"
        yield "skin.layers", f"got {case.skin.thickness:g} um in all, must be >= {least}"


def _injury_is_one(case: Case) -> Found:
    healing = case.healing
    if healing is None:
        return
    if healing.wound is not None and case.array is not None:
        yield "healing.wound", "is in place of needles: leave it or [array] out"
    if healing.wound is not None and case.actives:
        yield "healing.wound", "drug in a large wound is not modelled: leave it or [[actives]] out"
    if healing.sessions and healing.wound is None and case.array is None:
        yield "healing.sessions", "needs [array] or [healing.wound]: say what injures the skin"
    if case.stay is not None and case.stay.material != "dissolving":
        yield "stay.material", f"got {case.stay.material}, with [healing] needles must dissolve or be out at time 0"


def _sessions_fit(case: Case) -> Found:
    healing = case.healing
    if healing is None:
        return
    sessions = healing.sessions or ()
    for index, session in enumerate(sessions):
        if session.shift is not None and session.repeat and not _can_move(case, session.shift):
            yield (
                f"healing.sessions[{index}].shift",
                'needs periodic sides, such as array.unit_cell = "full", or to be whole sides of a quarter cell, half '
                "of the pitch",
            )
    times = [time for time, _ in healing.moves]
    for before, after in pairwise(times):
        if before == after:
            yield "healing.sessions", f"got two at {after:g} s, must be at different times"
    if case.closure is not None and times != [0.0]:
        yield (
            "closure",
            "tells how channels close that are open from time 0: leave it out, then the barrier that grows back closes "
            "those of every session",
        )
    for index, step in enumerate(case.events):
        if isinstance(step, Occlude | Uncover) and case.closure is None:
            yield (
                f"events[{index}]",
                f"'{step.do}' acts on the half-lives of [closure], which is left out: the barrier grows back at "
                "its own pace",
            )
    for index, permeant in enumerate(case.actives):
        if permeant.load is not None and 0.0 not in times:
            yield f"actives[{index}].load", "is in the channels from time 0: needs a session then"


def _can_move(case: Case, shift: tuple[float, float]) -> bool:
    """Whether an array that is moved is still one with the same lateral boundaries."""
    if case.array is None or case.skin is None or (case.needle is None and case.channel is None):
        return case.array is not None  # what is missing is said elsewhere
    try:
        cell = case.scenario().scene().cell
    except ValueError:
        return True
    sides = [step / length for step, length in zip(shift, cell.extent, strict=True)]
    whole = case.array.cell == "quarter" and all(abs(side - round(side)) < TIE for side in sides)
    return whole or all(cell.periodic)


def _effects_fit(case: Case) -> Found:
    acting = False
    for index, permeant in enumerate(case.actives):
        if permeant.effect is None:
            continue
        acting = True
        if case.healing is None:
            yield f"actives[{index}].effect", "needs [healing]"
        elif permeant.effect.acts != "growth factor" and not permeant.concentration:
            yield f"actives[{index}].effect", "needs a concentration in the vehicle, to which the dose is compared"
    if case.output.compare == "synergy":
        if case.healing is None or not acting:
            yield "output.compare", "got synergy, needs [healing] and an active with an effect on it"
        elif case.array is None or not case.healing.moves:
            yield "output.compare", "got synergy, needs [array] and at least one session"


HEALING_CHECKS: list[tuple[frozenset[str], Callable[[Case], Found]]] = [
    (frozenset({"healing", "skin", "laws", "donor", "array", "needle", "channel"}), _skin_can_heal),
    (frozenset({"healing", "array", "actives", "stay"}), _injury_is_one),
    (frozenset({"healing", "array", "closure", "actives", "events"}), _sessions_fit),
    (frozenset({"healing", "actives", "output", "array"}), _effects_fit),
]
