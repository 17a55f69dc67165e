"""What interrupts a run from outside: signals, files in its folder, the wall time that it has."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
STOP_FILE, CHECKPOINT_FILE = "STOP", "CHECKPOINT"
FILES_EVERY = 1.0  # s of wall time: a look at a network disk is not free
CHECKPOINT_EVERY = 900.0  # s of wall time
ENDING = 5.0  # s that a process takes to start, to write its summary and to leave
WRITING_RATE = 1e8  # bytes/s at which the first checkpoint is assumed to be written
RECENT = 20  # steps


class Stopped(Exception):
    """A run was stopped on request and can go on.

    Parameters
    ----------
    reason : str
        ``SIGTERM``, ``file STOP``, ``walltime`` and so on.
    message : str
        In a sentence, with how to go on.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass
class Requests:
    """What was asked for and is not yet done.

    Attributes
    ----------
    stop : str
        Why to stop; empty if nobody asked.
    checkpoint : bool
        Whether to write a checkpoint and go on.
    """

    stop: str = ""
    checkpoint: bool = False
    _interrupted: bool = False

    def receive(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal: set a flag and nothing else; only the second SIGINT interrupts at once."""
        if number == signal.SIGUSR2:
            self.checkpoint = True
            return
        if number == signal.SIGINT:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True
        self.stop = self.stop or signal.Signals(number).name

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals inside the block, in the main thread; other threads get none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.receive) for number in (*STOPPING, signal.SIGUSR2)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass
class Control:
    """When the simulations of a command write checkpoints and when they stop.

    Parameters
    ----------
    requests : Requests
    limit : float or None
        Wall time that there is from now on, s.
    every : float
        Wall time between checkpoints, s; 0 writes one after every step.
    clock : callable
        Wall time, s.
    """

    requests: Requests = field(default_factory=Requests)
    limit: float | None = None
    every: float = CHECKPOINT_EVERY
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.started = self.saved = self._looked = self._stepped = self.clock()
        self._looked -= FILES_EVERY
        self._steps: deque[float] = deque(maxlen=RECENT)
        self._writing: float | None = None

    def stepped(self) -> None:
        """Take the time that the last step took, with what was written after it."""
        now = self.clock()
        self._steps.append(now - self._stepped)
        self._stepped = now

    def wrote(self, begun: float) -> None:
        """Take the time that a checkpoint took, begun at a time of the clock; it belongs to no step."""
        self.saved = self._stepped = self.clock()
        self._writing = self.saved - begun

    def resting(self) -> None:
        """Leave the time until now out of that of the next step."""
        self._stepped = self.clock()

    def look(self, folder: Path) -> None:
        """See once a second whether there are files that ask for something."""
        now = self.clock()
        if now - self._looked < FILES_EVERY:
            return
        self._looked = now
        if (folder / STOP_FILE).exists():
            self.requests.stop = self.requests.stop or f"file {STOP_FILE}"
        if (folder / CHECKPOINT_FILE).exists():
            self.requests.checkpoint = True

    def margin(self, size: int) -> float:
        """Wall time that must be left at the start of a step, s: the step, twice the checkpoint, and the end.

        Parameters
        ----------
        size : int
            Bytes of a checkpoint, from which its time is guessed before the first one.
        """
        writing = size / WRITING_RATE if self._writing is None else self._writing
        return max(self._steps, default=0.0) + 2.0 * writing + ENDING

    def reason_to_stop(self, size: int) -> str:
        """Why to stop now; empty to go on.

        The wall time ends no run before its first step here: one that is submitted again and again gets on.
        """
        if self.requests.stop or self.limit is None or not self._steps:
            return self.requests.stop
        return "walltime" if self.clock() + self.margin(size) >= self.started + self.limit else ""

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        return self.requests.checkpoint or self.clock() - self.saved >= self.every
