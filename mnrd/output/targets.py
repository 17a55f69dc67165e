"""The bands that a healing run is held against (``meshes/targets.toml``), and the verdict of a run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from math import isfinite
from types import MappingProxyType
from typing import Any

from mnrd.output.course import DAY, Course
from mnrd.output.readings import READINGS
from mnrd.resources import folder

SEVERAL = "several"


@dataclass(frozen=True)
class Target:
    """One band.

    Parameters
    ----------
    name : str
        From T1a to T20b.
    quantity, unit : str
    low, high : float
    prototype : float
        What the calibrated one-dimensional prototype reached.
    kind : str
        ``L`` literature, ``S`` a claim that the model was asked to test, ``D`` a band of our own.
    use : str
        ``cal`` (a parameter was moved for it), ``check`` or ``built in``.
    run : str
        The kind of run it is read from, ``several`` for comparisons.
    source : str
    """

    name: str
    quantity: str
    unit: str
    low: float
    high: float
    prototype: float
    kind: str
    use: str
    run: str
    source: str

    @property
    def band(self) -> str:
        """The band in words."""
        return f"{self.low:.4g} to {self.high:.4g}"


@dataclass(frozen=True)
class Verdict:
    """A value held against its band; nan when what is asked for did not happen in the run.

    Parameters
    ----------
    target : Target
    value : float
    """

    target: Target
    value: float

    @property
    def met(self) -> bool:
        """Whether the value lies in the band."""
        return self.target.low <= self.value <= self.target.high

    @property
    def word(self) -> str:
        """``met``, ``missed``, or ``missed (not found)``."""
        return "met" if self.met else "missed" if isfinite(self.value) else "missed (not found)"

    def entry(self) -> dict[str, Any]:
        """For summary.json."""
        target = self.target
        return {
            "id": target.name,
            "quantity": target.quantity,
            "unit": target.unit,
            "value": self.value,
            "low": target.low,
            "high": target.high,
            "verdict": self.word,
            "source": f"{target.kind}: {target.source}",
        }


@cache
def _library() -> tuple[Mapping[str, str], Mapping[str, Target]]:
    """Kinds of runs, and targets by name."""
    document = tomllib.loads((folder("meshes") / "targets.toml").read_text("utf-8"))
    runs = document.pop("runs")
    return MappingProxyType(runs), MappingProxyType({name: Target(name, **rest) for name, rest in document.items()})


def targets() -> Mapping[str, Target]:
    """All targets by name, in order."""
    return _library()[1]


def runs() -> Mapping[str, str]:
    """Kinds of runs and what they are."""
    return _library()[0]


def judged(name: str, value: float) -> Verdict:
    """A value that was computed elsewhere, such as from several runs, against its target."""
    if name not in targets():
        near = get_close_matches(name, targets(), n=1, cutoff=0.0)[0]
        raise ValueError(f"unknown target '{name}', must be from T1a to T20b; nearest: '{near}'")
    return Verdict(targets()[name], float(value))


def verdicts(kind: str, course: Course) -> list[Verdict]:
    """Every target that one run can answer.

    Parameters
    ----------
    kind : str
        One of `runs`.
    course : Course

    Returns
    -------
    list of Verdict
        In the order of the targets; those of other kinds of runs are left out, and those that this run was too
        short for.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in runs():
        raise ValueError(f"unknown kind of run '{kind}', must be among {', '.join(runs())}")
    found = []
    for name, target in targets().items():
        if target.run == kind and kind != SEVERAL:
            days, reading = READINGS[name]
            if course.lasts(days * DAY):
                found.append(Verdict(target, reading(course)))
    return found
