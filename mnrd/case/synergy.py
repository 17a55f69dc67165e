"""Stimulus alone, supplement alone, both, neither: the runs that show whether two treatments do more than their sum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import nan
from typing import NamedTuple

from mnrd.case.case import Case
from mnrd.model.problem import Event, Problem

# without needles, without actives
VARIANTS = {"neither": (True, True), "stimulus": (False, True), "supplement": (True, False), "both": (False, False)}


class Interaction(NamedTuple):
    """What both treatments do beyond the sum of what each does.

    Parameters
    ----------
    stimulus, supplement, both : float
        Gains over the untreated skin of the same time.
    """

    stimulus: float
    supplement: float
    both: float

    @property
    def term(self) -> float:
        """Gain by both less the sum of the gains by each."""
        return self.both - self.stimulus - self.supplement

    @property
    def ratio(self) -> float:
        """Gain by both over the sum of the gains by each; nan where that is 0."""
        alone = self.stimulus + self.supplement
        return self.both / alone if alone else nan


def variants(case: Case) -> dict[str, Callable[[], tuple[Problem, tuple[Event, ...]]]]:
    """Makers of problem and events of every variant of a case with needles, actives and healing.

    `stimulus` is needles without the actives, `supplement` the actives on skin that is not injured.
    """
    return {
        name: partial(case.problem, without_needles=needles, without_actives=actives)
        for name, (needles, actives) in VARIANTS.items()
    }


def interaction(results: Mapping[str, float]) -> Interaction:
    """The interaction in one result, such as the collagen of the papillary dermis, of all variants at one time."""
    untreated = results["neither"]
    return Interaction(*(results[name] - untreated for name in ("stimulus", "supplement", "both")))
