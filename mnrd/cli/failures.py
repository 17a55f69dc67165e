"""What can go wrong, as lines on stderr and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mnrd.output.ending import Ending


@contextmanager
def errors_as_lines() -> Iterator[None]:
    """Turn what can go wrong into lines on stderr and an exit code; anything else is a bug and keeps its traceback."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        ending = ending_of(error)
        if ending is None:
            raise
        for line in _lines(error):
            print(line, file=sys.stderr)
        raise typer.Exit(ending) from None


def ending_of(error: BaseException) -> Ending | None:
    """How a command ends by an error; None for a bug."""
    from mnrd.backends.base import BackendUnavailable
    from mnrd.case.errors import CaseError
    from mnrd.cli.control import Stopped
    from mnrd.output.checkpoint import CheckpointError
    from mnrd.pictures.view import ViewError
    from mnrd.results.snapshot import RunError
    from mnrd.simulation import NumericalFailure

    endings: tuple[tuple[type[BaseException], Ending], ...] = (
        (CaseError, Ending.BAD_CASE),
        (BackendUnavailable, Ending.BAD_CASE),
        (RunError, Ending.BAD_CASE),
        (ViewError, Ending.BAD_CASE),
        (MemoryError, Ending.NO_MEMORY),
        (NumericalFailure, Ending.NUMERICAL_FAILURE),
        (OSError, Ending.OUTPUT_FAILURE),
        (CheckpointError, Ending.OUTPUT_FAILURE),
        (Stopped, Ending.STOPPED),
        (KeyboardInterrupt, Ending.INTERRUPTED),
    )
    return next((ending for kind, ending in endings if isinstance(error, kind)), None)


def _lines(error: BaseException) -> tuple[str, ...]:
    from mnrd.case.errors import CaseError

    if isinstance(error, CaseError):
        return error.problems
    if isinstance(error, MemoryError):
        return (f"not enough memory: {error or 'take larger cells or fewer fields'}",)
    if isinstance(error, KeyboardInterrupt):
        return ("interrupted; what was written until now stays",)
    return (str(error),)
