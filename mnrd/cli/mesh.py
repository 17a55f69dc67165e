"""The commands on meshes: `mnrd mesh ...`."""

from __future__ import annotations

import typer

app = typer.Typer(name="mesh", help="Bring meshes from elsewhere, and look at meshes.", no_args_is_help=True)


@app.callback()
def _meshes() -> None:
    """Bring meshes from elsewhere, and look at meshes."""
