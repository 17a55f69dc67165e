"""The commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mnrd

if TYPE_CHECKING:
    from mnrd.case import Case

BAD_CASE, NO_MEMORY, NUMERICAL_FAILURE, NO_OUTPUT = 2, 3, 4, 5

app = typer.Typer(
    name="mnrd",
    help="Permeation of drugs and cosmetic actives through microneedled skin and the healing after it, in 3D.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="A case file (TOML), or the name of a bundled case.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key: --set needle.length='1 mm'.")
]


def main() -> None:
    """Entry point of the command `mnrd`."""
    app()


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(f"mnrd {mnrd.__version__}")
        raise typer.Exit


@app.command()
def run(
    case: CaseName,
    out: Annotated[Path | None, typer.Option(help="New folder for the results; default runs/CASE.")] = None,
    backend: Annotated[str | None, typer.Option(help="auto, numpy or native; instead of run.backend.")] = None,
    precision: Annotated[str | None, typer.Option(help="double or mixed; instead of run.precision.")] = None,
    settings: Settings = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Run a case and write its results into a new folder."""
    changes = list(settings or [])
    changes += [f"run.backend='{backend}'"] if backend else []
    changes += [f"run.precision='{precision}'"] if precision else []
    with _errors_as_lines():
        loaded = _load(case, changes)
        from mnrd.cli import session
        from mnrd.cli.screen import answer_tables, progress

        with progress(loaded.run.end, quiet=quiet) as watchers:
            results = session.run_case(loaded, out or Path("runs") / Path(case).stem, watchers)
        if not quiet:
            answer_tables(results)


@app.command()
def cases() -> None:
    """List the cases that come with mnrd."""
    from mnrd.case.document import bundled, parse
    from mnrd.cli.screen import table

    rows = [(name, str(parse(text, name).get("title", ""))) for name, text in bundled().items()]
    table("Bundled cases", ("name", "title"), rows)


@app.command()
def show(case: CaseName, settings: Settings = None) -> None:
    """Print a case with all defaults filled in, and everything that follows from it with its source."""
    with _errors_as_lines():
        loaded = _load(case, settings or [])
        import tomli_w

        from mnrd.case.view import consequences
        from mnrd.cli.screen import table

        tables = list(consequences(loaded))
        print(tomli_w.dumps(loaded.effective()))
        for title, columns, rows in tables:
            table(title, columns, rows)


@app.command()
def actives(name: Annotated[str | None, typer.Argument(help="An active of the library.")] = None) -> None:
    """List the actives that come with mnrd, or everything that is known about one of them."""
    with _errors_as_lines():
        from mnrd.case.view import active_properties, library_table
        from mnrd.cli.screen import table

        for title, columns, rows in library_table() if name is None else active_properties(name):
            table(title, columns, rows)


@app.command()
def healing(
    markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/healing.md.")] = False,
) -> None:
    """Print the healing model: fields, equations, parameters with their sources, and the targets it is held against."""
    from mnrd.case.healing_reference import reference, tables
    from mnrd.cli.screen import table

    if markdown:
        print(reference(), end="")
        return
    for title, columns, rows in tables():
        table(title, columns, rows)


@app.command()
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Reference of all keys as Markdown.")] = False,
) -> None:
    """Print the JSON schema of case files for editors, or the reference of all keys."""
    import json

    from mnrd.case import Case
    from mnrd.case.reference import reference

    print(reference() if markdown else json.dumps(Case.model_json_schema(), indent=2) + "\n", end="")


def _load(case: str, settings: Sequence[str]) -> Case:
    from mnrd.case import load
    from mnrd.case.document import parse_setting

    return load(case, dict(parse_setting(text) for text in settings))


@contextmanager
def _errors_as_lines() -> Iterator[None]:
    """Turn what can go wrong into lines on stderr and an exit code; anything else is a bug and keeps its traceback."""
    from mnrd.case.errors import CaseError

    try:
        yield
    except CaseError as error:
        _stop(error.problems, BAD_CASE)
    except MemoryError as error:
        _stop([f"not enough memory: {error or 'take larger cells or fewer fields'}"], NO_MEMORY)
    except OSError as error:
        _stop([str(error)], NO_OUTPUT)
    except RuntimeError as error:
        _stop([str(error)], _code_of(error))
    except KeyboardInterrupt:
        _stop(["interrupted; what was written until now stays"], 130)


def _code_of(error: RuntimeError) -> int:
    """Exit code of a failed run."""
    from mnrd.backends.base import BackendUnavailable
    from mnrd.simulation import NumericalFailure

    if isinstance(error, NumericalFailure):
        return NUMERICAL_FAILURE
    if isinstance(error, BackendUnavailable):
        return BAD_CASE
    raise error


def _stop(lines: Iterable[str], code: int) -> None:
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(code)
