"""Programs of a run: launches are recorded when they are first needed, and kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from mnrd.backends.base import Backend, Program

MOST = 1000
"""How many are kept: a run needs a few for each turn of fields, and others as its steps grow."""


class Programs:
    """Recorded programs, by what they do.

    Parameters
    ----------
    backend : Backend
        Where they run.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._kept: dict[Hashable, Program] = {}

    def get(self, key: Hashable, parts: Iterable[Callable[[], None]]) -> Program:
        """The program of a key, recorded from `parts` if it is new, which do not depend on each other."""
        program = self._kept.pop(key, None)
        if program is None:
            with self.backend.record() as program:
                for launch in parts:
                    program.beside()
                    launch()
        self._kept[key] = program  # the last one used is the last one to be forgotten
        if len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return program
