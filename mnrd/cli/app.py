"""The commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import mnrd
from mnrd.cli import bench, compare, mesh, render, report, view
from mnrd.cli.failures import errors_as_lines
from mnrd.output import ending

if TYPE_CHECKING:
    from mnrd.case import Case

CODES = "Exit codes:\n\n" + "\n\n".join(ending.table().splitlines())

app = typer.Typer(
    name="mnrd",
    help="Permeation of drugs and cosmetic actives through microneedled skin and the healing after it, in 3D.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=CODES,
)
app.add_typer(mesh.app)
app.command(epilog=CODES)(render.render)
app.command(epilog=CODES)(report.report)
app.command(epilog=CODES)(compare.compare)
app.command(epilog=CODES)(view.view)
app.command(epilog=CODES)(bench.bench)

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="A case file (TOML), or the name of a bundled case.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key: --set needle.length='1 mm'.")
]
Force = Annotated[bool, typer.Option("--force", help="Go on although keys that may change have other values.")]
Walltime = Annotated[
    str | None,
    typer.Option(metavar="HH:MM:SS|auto", help="Stop in time with a checkpoint; auto: at the end of the Slurm job."),
]
Every = Annotated[
    str | None, typer.Option(metavar="HH:MM:SS", help="Wall time between checkpoints; 00:15:00 if left out.")
]
LogJson = Annotated[bool, typer.Option("--log-json", help="Log as JSON, one object per line, without a bar.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.html at the end.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing unless something is wrong.")]


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


@app.command(epilog=CODES)
def run(
    case: CaseName,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; default runs/CASE.")] = None,
    backend: Annotated[str | None, typer.Option(help="auto, cuda, native or numpy; instead of run.backend.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, double or mixed; instead of run.precision.")] = None,
    settings: Settings = None,
    resume: Annotated[
        str, typer.Option(metavar="auto|never|PATH", help="Go on with the run in the folder, or with a checkpoint.")
    ] = "auto",
    force: Force = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is in the folder.")] = False,
    max_walltime: Walltime = None,
    checkpoint_every: Every = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what the run would take, and end.")] = False,
    log_json: LogJson = False,
    no_report: NoReport = False,
    quiet: Quiet = False,
) -> None:
    """Run a case and write its results into a folder; the same command again goes on where it stopped."""
    changes = list(settings or [])
    changes += [f"run.backend='{backend}'"] if backend else []
    changes += [f"run.precision='{precision}'"] if precision else []
    with errors_as_lines():
        loaded = _load(case, changes)
        from mnrd.cli.running import Options, carry_out

        options = Options(
            resume, force, overwrite, max_walltime, checkpoint_every, quiet, log_json, dry_run, report=not no_report
        )
        carry_out(loaded, out, options)


@app.command(epilog=CODES)
def resume(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run that stopped.")],
    settings: Settings = None,
    force: Force = False,
    max_walltime: Walltime = None,
    checkpoint_every: Every = None,
    log_json: LogJson = False,
    no_report: NoReport = False,
    quiet: Quiet = False,
) -> None:
    """Go on with the run in a folder."""
    with errors_as_lines():
        from mnrd.cli.running import Options, carry_out
        from mnrd.results.run import stored_case

        case = stored_case(folder, _changes(settings or []))
        options = Options(
            force=force, max_walltime=max_walltime, checkpoint_every=checkpoint_every, quiet=quiet, as_json=log_json,
            report=not no_report,
        )  # fmt: skip
        carry_out(case, folder, options)


@app.command()
def cases() -> None:
    """List the cases and the sweeps that come with mnrd."""
    from mnrd.case.document import bundled, parse
    from mnrd.cli.screen import table
    from mnrd.sweep.plan import bundled as bundled_sweeps

    rows = [(name, str(parse(text, name).get("title", ""))) for name, text in bundled().items()]
    table("Bundled cases", ("name", "title"), rows)
    sweeps = [(name, str(parse(text, name).get("title", ""))) for name, text in bundled_sweeps().items()]
    table("Bundled sweeps", ("name", "title"), sweeps)


@app.command()
def show(case: CaseName, settings: Settings = None) -> None:
    """Print a case with all defaults filled in, and everything that follows from it with its source."""
    with errors_as_lines():
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
    with errors_as_lines():
        from mnrd.case.view import active_properties, library_table
        from mnrd.cli.screen import table

        for title, columns, rows in library_table() if name is None else active_properties(name):
            table(title, columns, rows)


@app.command()
def devices(
    name: Annotated[str | None, typer.Argument(help="A device of the library.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="The tables of docs/devices.md.")] = False,
) -> None:
    """List the needle arrays that come with mnrd, or everything that is known about one of them."""
    with errors_as_lines():
        from mnrd.case import library
        from mnrd.cli.screen import table

        if markdown:
            print(library.reference(), end="")
            return
        for title, columns, rows in library.listed() if name is None else library.known_of(name):
            table(title, columns, rows)


@app.command()
def skins() -> None:
    """List the layers of the skins that come with mnrd."""
    from mnrd.case.library import skins as stacks
    from mnrd.cli.screen import table

    for title, columns, rows in stacks():
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
def doctor(
    backend: Annotated[str, typer.Option(help="The backend that must work: auto, cuda, native or numpy.")] = "auto",
) -> None:
    """Try what a run needs, and say what works here and what does not; exit code 0 if the backend works."""
    with errors_as_lines():
        from mnrd.cli.doctor import examine

        if not examine(backend):
            raise typer.Exit(ending.Ending.BAD_CASE)


@app.command()
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="Reference of all keys as Markdown.")] = False,
) -> None:
    """Print the JSON schema of case files for editors, or the reference of all keys."""
    import json

    from mnrd.case import Case
    from mnrd.case.reference import reference

    print(reference() if markdown else json.dumps(Case.model_json_schema(), indent=2) + "\n", end="")


@app.command(epilog=CODES)
def sweep(
    plan: Annotated[str, typer.Argument(metavar="SWEEP", help="A sweep file (TOML), or the name of a bundled sweep.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the sweep; default runs/SWEEP.")] = None,
    workers: Annotated[int | None, typer.Option(help="Cells at a time on this machine; default one per core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Use the workers of this Dask scheduler.")
    ] = None,
    task: Annotated[int | None, typer.Option(help="Number of a task of a job array, from 0 or from 1.")] = None,
    of: Annotated[int | None, typer.Option(help="Number of tasks of the job array.")] = None,
    max_walltime: Annotated[str | None, typer.Option(help="As of `mnrd run`, for all cells together.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Run failed cells again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and list all cells, and run none.")] = False,
    settings: Settings = None,
    quiet: Quiet = False,
) -> None:
    """Run a case many times with other values; the same command again does what is left."""
    with errors_as_lines():
        from mnrd.case.document import parse_setting
        from mnrd.cli import sweep as sweeping
        from mnrd.sweep.plan import load

        planned = load(plan, dict(parse_setting(text) for text in settings or []))
        path = out or Path("runs") / Path(plan).stem
        if dry_run:
            sweeping.plan_table(planned, path)
            return
        where = sweeping.Where(workers, scheduler, task, of, max_walltime)
        ending = sweeping.sweep(planned, path, where, retry_failed=retry_failed, quiet=quiet)
    raise typer.Exit(int(ending))


@app.command()
def collect(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a sweep.")]) -> None:
    """Make one table of a sweep, table.csv and table.parquet, and print a part of it."""
    with errors_as_lines():
        from mnrd.cli import sweep as sweeping

        sweeping.collect(folder)


def _load(case: str, settings: Sequence[str]) -> Case:
    from mnrd.case import load

    return load(case, _changes(settings))


def _changes(settings: Sequence[str]) -> dict[str, Any]:
    from mnrd.case.document import parse_setting

    return dict(parse_setting(text) for text in settings)
