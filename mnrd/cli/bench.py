"""`mnrd bench`: how fast mnrd is on this machine, a line of JSON for each case."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mnrd
from mnrd.cli.failures import errors_as_lines

if TYPE_CHECKING:
    from mnrd.bench.cases import Extent

PRECISIONS = ("auto", "double", "mixed")


def bench(
    only: Annotated[list[str] | None, typer.Option(metavar="NAME", help="This case, again for more of them.")] = None,
    backend: Annotated[str, typer.Option(help="auto, cuda, native or numpy.")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, double or mixed.")] = "auto",
    list_: Annotated[bool, typer.Option("--list", help="Say what there is, and measure nothing.")] = False,
) -> None:
    """Measure how fast mnrd is here, in less than a minute: a line of JSON for each case, progress on stderr."""
    with errors_as_lines():
        from mnrd.bench.cases import CASES, Extent

        if list_:
            from mnrd.cli.screen import table

            table("Benchmarks", ("name", "what"), [(name, str(case.__doc__)) for name, case in CASES.items()])
            return
        for row in rows(only or [], backend, precision, Extent()):
            print(json.dumps(row), flush=True)


def rows(only: Sequence[str], backend: str, precision: str, extent: Extent) -> Iterator[dict[str, Any]]:
    """Measure, and hand out each case with what it ran on.

    Raises
    ------
    CaseError
        For an unknown case, backend or precision.
    BackendUnavailable
        When the backend cannot run here.
    """
    from mnrd.backends import BACKENDS
    from mnrd.bench.cases import CASES, chosen
    from mnrd.bench.watched import watched
    from mnrd.output.summary import host, plain

    names = chosen(only)
    _check("--backend", backend, ("auto", *BACKENDS))
    _check("--precision", precision, PRECISIONS)
    made = watched(backend, precision)
    about = {"mnrd": mnrd.__version__, "backend": made.description, "precision": made.precision}
    about |= {key: value for key, value in host().items() if key != "name"}
    for name in names:
        started = perf_counter()
        row = CASES[name](made, extent)
        print(f"{name}: {perf_counter() - started:.1f} s", file=sys.stderr)
        yield {"bench": name, **plain(row), **about}


def _check(option: str, got: str, known: Sequence[str]) -> None:
    from mnrd.case.errors import CaseError, nearest

    if got not in known:
        raise CaseError([f"{option}: got {got}, {nearest(got, known)}"])
