"""`mnrd compare`: runs side by side on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnrd.cli.failures import errors_as_lines
from mnrd.cli.options import check_new, time_of


def compare(
    folders: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="The folders of two runs or more.")],
    out: Annotated[Path, typer.Option(help="The page.")] = Path("compare.html"),
    fields: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME", help="What differences are drawn of, such as T.")
    ] = None,
    times: Annotated[list[str] | None, typer.Option("--time", metavar="TIME", help="When, such as '6 h'.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page that is there.")] = False,
) -> None:
    """Compare runs with the first of them: answers, cases, courses and pictures of differences on one page."""
    with errors_as_lines():
        from mnrd.report.compare import write_comparison

        when = [time_of("--time", time) for time in times or ()]
        check_new(out, (".html",), overwrite=overwrite)
        write_comparison(folders, out, quantities=fields or (), times=when)
        print(out)
