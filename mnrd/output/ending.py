"""How a command ends: the exit codes, and what each of them means."""

from __future__ import annotations

from enum import IntEnum


class Ending(IntEnum):
    """Exit code of a command, with its meaning in a line."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Ending:
        """A code with its meaning."""
        ending = int.__new__(cls, code)
        ending._value_ = code
        ending.meaning = meaning
        return ending

    DONE = 0, "done, or done before"
    BAD_CASE = 2, "the case, the command or the backend that it asks for is not usable; nothing was written"
    NO_MEMORY = 3, "not enough memory"
    NUMERICAL_FAILURE = 4, "no step is accepted any more: look at failed.vtr"
    OUTPUT_FAILURE = 5, "files cannot be written or read, or results are there already"
    CELLS_FAILED = 6, "cells of a sweep failed, the others are done"
    STOPPED = 75, "stopped early with a checkpoint: the same command goes on from there"
    INTERRUPTED = 130, "interrupted at once; the last checkpoint stays"


def table() -> str:
    """All exit codes, one line each."""
    return "\n".join(f"{ending.value:>3}  {ending.meaning}" for ending in Ending)
