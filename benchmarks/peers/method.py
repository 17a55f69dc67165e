"""One way of solving one problem with one tool: what each module in `peers.tools` offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any, NamedTuple

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable


class Outcome(NamedTuple):
    """What one run gave.

    Parameters
    ----------
    seconds : float
        From the initial values to the values at the end, factorisations and preconditioners included.
    error : float
        Relative, as the problem defines it.
    unknowns : int
        Values that the tool solves for, over all fields.
    steps : int
        Accepted time steps, or evaluations of the rates where a library tells only these.
    compiled : float
        Seconds of compilation that this length of steps needs besides, which are set-up.
    """

    seconds: float
    error: float
    unknowns: int
    steps: int
    compiled: float = 0.0


Solve = Callable[[float], Outcome]
"""Solves with a step (s) or a tolerance, as the method says."""


@dataclass(frozen=True)
class Method:
    """One way of solving one problem.

    Parameters
    ----------
    problem : str
        Name of the problem.
    name : str
        Method and solver in a few words.
    prepare : callable
        From the problem and a grid (cells along its finest axis, or as the problem says) to `Solve`. All that depends
        neither on the step nor on the tolerance belongs here and counts as set-up: imports, compilation, mesh, matrix.
    grids : tuple of int
        From coarse to fine.
    steps : tuple of float
        From cheap to dear: lengths of steps in s, or tolerances.
    control : str
        What `steps` are: ``step`` (s), ``rtol``, or ``part``, of the longest stable step.
    """

    problem: str
    name: str
    prepare: Callable[[Any, int], Solve]
    grids: tuple[int, ...]
    steps: tuple[float, ...]
    control: str = "step"


@dataclass(frozen=True)
class Tool:
    """A tool with its methods.

    Parameters
    ----------
    name : str
    packages : tuple of str
        Distributions that must be installed; the version of the first is that of the tool.
    methods : tuple of Method
    reasons : mapping of problem to str
        Why it does not solve a problem.
    backend : str
        Of mnrd, where the tool is mnrd.
    """

    name: str
    packages: tuple[str, ...]
    methods: tuple[Method, ...]
    reasons: Mapping[str, str]
    backend: str = ""

    def missing(self) -> str:
        """Why it cannot run here; empty if it can."""
        absent = [package for package in self.packages if version_of(package) == ""]
        if absent:
            return f"not installed: {', '.join(absent)}; pip install 'mnrd[peers]'"
        if not self.backend:
            return ""
        try:
            choose(self.backend)
        except BackendUnavailable as error:
            return str(error)
        return ""

    def method(self, problem: str, name: str) -> Method:
        """The method of a name for a problem."""
        return next(one for one in self.methods if (one.problem, one.name) == (problem, name))


def version_of(package: str) -> str:
    """Version of an installed distribution; empty if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that a call takes, and what it returns."""
    started = perf_counter()
    result = call()
    return perf_counter() - started, result
