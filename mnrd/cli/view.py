"""`mnrd view`: a run live in the browser."""

from __future__ import annotations

import socket
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from mnrd.cli.failures import errors_as_lines


def view(
    folder: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of this machine; 0 takes a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser, too.")] = False,
) -> None:
    """Show the fields of a run in the browser, to turn, cut and follow in time, until Ctrl-C."""
    with errors_as_lines():
        from mnrd.case.errors import CaseError
        from mnrd.results.run import open_run
        from mnrd.viewer.server import PageError, serve

        def begun(number: int, address: str) -> None:
            tunnel = f"ssh -L {number}:127.0.0.1:{number} {socket.gethostname()}"
            print(address)
            print(f"from another machine: {tunnel}, then the same address there; Ctrl-C stops", flush=True)
            if open_browser:
                webbrowser.open(address)

        try:
            serve(open_run(folder), port, begun)
        except PageError as error:
            raise CaseError([str(error)]) from None
