"""`mnrd report`: a run or a sweep as one HTML file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from mnrd.cli.failures import errors_as_lines
from mnrd.cli.options import check_new

log = logging.getLogger("mnrd")


def report(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of a run or of a sweep.")],
    out: Annotated[Path | None, typer.Option(help="The file; default report.html in the folder.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file of --out.")] = False,
) -> None:
    """Make the report of a run or of a sweep: one HTML file that opens without a network."""
    with errors_as_lines():
        if out is not None:
            check_new(out, (".html",), overwrite=overwrite)
        from mnrd.sweep.folder import PLAN

        if (folder / PLAN).is_file():
            from mnrd.report.sweep import write_sweep_report

            path = write_sweep_report(folder, out)
        else:
            from mnrd.report.of_run import write_report

            path = write_report(folder, out)
        print(path)


def report_of_run(folder: Path) -> None:
    """Write the report at the end of a run; whatever is wrong with it is a warning, because the run is good."""
    from mnrd.report.of_run import write_report

    try:
        write_report(folder)
    except Exception as error:
        log.warning("%s: no report written (%s); try: mnrd report %s", folder, error, folder)
