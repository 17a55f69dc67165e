"""How far a run is: a bar on a terminal, a line per half minute in the log."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

from mnrd.cli import logs
from mnrd.output.labels import duration
from mnrd.output.schedule import EverySteps

log = logging.getLogger("mnrd")

LINE_EVERY = 30.0  # s of wall time
WINDOW = 60.0  # s of wall time over which the pace is taken: steps grow, so the run as a whole says little
SAMPLE_EVERY = 1.0  # s of wall time


class Pace:
    """Simulated time per wall time over the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque()

    def add(self, now: float, reached: float) -> None:
        """Take note of the simulated time that was reached at a wall time, s."""
        if self._samples and now - self._samples[-1][0] < SAMPLE_EVERY:
            return
        self._samples.append((now, reached))
        while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW:
            self._samples.popleft()

    def remaining(self, now: float, reached: float, end: float) -> float:
        """Wall time that the rest takes at this pace, s; inf while it is not known."""
        if reached >= end:
            return 0.0
        begun, first = self._samples[0] if self._samples else (now, reached)
        return (end - reached) * (now - begun) / (reached - first) if reached > first and now > begun else inf


@dataclass
class Progress:
    """Observer of every step of one simulation: moves the bar, and logs a line per 30 s of wall time.

    Parameters
    ----------
    end : float
        Of the simulation, s.
    name : str
        Which of the simulations of the command it is; empty for the case itself.
    bar : Bar, optional
        On a terminal.
    clock : callable
        Wall time, s.
    """

    end: float
    name: str = ""
    bar: Bar | None = None
    clock: Callable[[], float] = time.monotonic
    schedule: EverySteps = field(default_factory=lambda: EverySteps(1))

    def __post_init__(self) -> None:
        self._line, self._pace = self.clock(), Pace()
        self._iterations: int | None = None  # at the last line; a run that goes on does not begin at 0

    def observe(self, simulation: Any) -> None:
        """Look on after a step."""
        now = self.clock()
        self._pace.add(now, simulation.time)
        if self._iterations is None:
            self._iterations = simulation.iterations
        if self.bar is not None:
            self.bar.move(self, simulation, self._pace.remaining(now, simulation.time, self.end))
        if now - self._line >= LINE_EVERY:
            self._line = now
            self._log(simulation, self._pace.remaining(now, simulation.time, self.end))

    def _log(self, simulation: Any, remaining: float) -> None:
        since, self._iterations = simulation.iterations - (self._iterations or 0), simulation.iterations
        percent = 100.0 * min(simulation.time / self.end, 1.0)
        balance = max(simulation.ledger(name).relative_error for name in simulation.problem.model.names)
        log.info(
            "%sstep %d, %s of %s (%.3g %%), dt %s, %d iterations, mass balance %.2g, %s",
            f"{self.name}: " if self.name else "", simulation.step, duration(simulation.time), duration(self.end),
            percent, duration(simulation.dt), since, balance, left(remaining),
            extra={logs.FIELDS: {
                "event": logs.PROGRESS, "run": self.name, "step": simulation.step, "time [s]": simulation.time,
                "percent": round(percent, 3), "dt [s]": simulation.dt, "iterations": since, "mass balance": balance,
                "remaining [s]": None if remaining == inf else round(remaining, 1),
            }},
        )  # fmt: skip


def left(remaining: float) -> str:
    """The remaining wall time in words.

    Examples
    --------
    >>> left(540.0), left(inf)
    ('9 min left', 'rest unknown')
    """
    return "rest unknown" if remaining == inf else f"{duration(round(remaining))} left"


class Bar:
    """The bar on a terminal, one line per simulation."""

    def __init__(self, columns: Any) -> None:
        self._columns, self._tasks = columns, dict[str, Any]()

    def move(self, progress: Progress, simulation: Any, remaining: float) -> None:
        """Show how far a simulation is."""
        if progress.name not in self._tasks:
            self._tasks[progress.name] = self._columns.add_task("", total=progress.end, left="")
        text = f"{duration(simulation.time)} of {duration(progress.end)}, dt {duration(simulation.dt)}"
        self._columns.update(
            self._tasks[progress.name],
            completed=min(simulation.time, progress.end),
            description=f"{progress.name}: {text}" if progress.name else text,
            left=left(remaining),
        )


@contextmanager
def shown(*, quiet: bool = False, as_json: bool = False) -> Iterator[Bar | None]:
    """What stderr shows inside the block: a bar below the log on a terminal, else the log; warnings alone if `quiet`.

    Yields the bar where there is one.
    """
    if quiet or as_json or not sys.stderr.isatty():
        with logs.to_stderr(as_json=as_json, least=logging.WARNING if quiet else logging.INFO):
            yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
    # rich draws the bar anew below what is written to sys.stderr meanwhile, so that the log stands above it
    with (
        Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar,
        logs.to_stderr(without_progress=True),
    ):
        yield Bar(bar)
