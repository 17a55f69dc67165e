"""Programs: kernel launches that are remembered once and run many times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class LaunchList:
    """A program of a host: functions with their arguments, which it keeps alive.

    Attributes
    ----------
    launches : list of (function, arguments)
        In the order in which they run.
    pointers : dict
        What points to the memory of an array that a launch uses, by the id of the array.
    """

    launches: list[tuple[Callable[..., None], Sequence[Any]]] = field(default_factory=list)
    pointers: dict[int, Any] = field(default_factory=dict)

    def beside(self) -> None:
        """Nothing: a host does one thing after the other."""

    @property
    def last(self) -> list[Any]:
        """Where the next launch is added."""
        return self.launches

    def run(self) -> None:
        """Run all launches in order."""
        for function, arguments in self.launches:
            function(*arguments)


class Recorder:
    """Whether the kernels of a backend run when they are called, or are remembered.

    Attributes
    ----------
    program : program or None
        The one that is being recorded.
    """

    def __init__(self) -> None:
        self.program: Any = None

    @contextmanager
    def record(self, program: Any) -> Iterator[Any]:
        """Remember launches in `program` until the block ends.

        Raises
        ------
        RuntimeError
            Inside of another such block.
        """
        self.refuse("record")
        self.program = program
        try:
            yield program
        finally:
            self.program = None

    def repeat(self, count: int, launches: Callable[[], None]) -> None:
        """See `Backend.repeat`: what is remembered is asked for once."""
        if self.program is None:
            for _ in range(count):
                launches()
        elif count:
            before = len(self.program.last)
            launches()
            self.program.last.extend(self.program.last[before:] * (count - 1))

    def refuse(self, action: str) -> None:
        """Raise RuntimeError for what a program cannot repeat: allocation, and copies from and to the host."""
        if self.program is not None:
            raise RuntimeError(
                f"backend.{action} while a program is being recorded: only kernel launches can be remembered, "
                "do it before or after"
            )
