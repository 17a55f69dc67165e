"""Steps whose launches are counted: the problems and the clock of `mnrd.bench`, and what the kernels move."""

from __future__ import annotations

from typing import Any

from traffic import Counting, Tally

from mnrd.backends.base import Backend
from mnrd.bench import steps
from mnrd.bench.problems import STEP, patch
from mnrd.model.problem import Problem

__all__ = ["Steps", "patch"]


class Steps(steps.Steps):
    """See `mnrd.bench.steps.Steps`.

    Parameters
    ----------
    backend : Backend
    problem : Problem
    dt : float
        s.
    """

    def __init__(self, backend: Backend, problem: Problem, dt: float = STEP) -> None:
        counting: Any = Counting(backend)
        super().__init__(counting, problem, dt)

    def tally(self) -> tuple[Tally, int]:
        """Take one step, book what its kernels move, and count the iterations of its solves."""
        before, counting = self.simulation.iterations, self.backend
        assert isinstance(counting, Counting)
        with counting.counted() as tally:
            self.run(1)
        return tally, self.simulation.iterations - before
