"""The commands on meshes: `mnrd mesh ...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mnrd.cli.failures import errors_as_lines

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]

app = typer.Typer(name="mesh", help="Bring meshes from elsewhere, and look at meshes.", no_args_is_help=True)


@app.callback()
def _meshes() -> None:
    """Bring meshes from elsewhere, and look at meshes."""


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="A mesh, closed surfaces, a segmented image; or the parts of one."),
    ],
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="TAG=MATERIAL", help="By number or name; 'nothing' leaves a part out."),
    ] = None,
    table: Annotated[Path | None, typer.Option(help="TOML file with such lines in a table [materials].")] = None,
    unit: Annotated[str, typer.Option(help="Of length in the file: um, mm, m, inch, ...; if it does not say.")] = "",
    up: Annotated[
        str, typer.Option(metavar="+z|-z|+x|...", help="Axis of the file that points out of the skin.")
    ] = "+z",
    out: Annotated[Path | None, typer.Option(metavar="NAME.vtr", help="Default: the name of the file.")] = None,
    fill: Annotated[str, typer.Option(metavar="MATERIAL", help="Of what is empty; nothing may be if left out.")] = "",
    tags: Annotated[str, typer.Option(metavar="NAME", help="Cell data, or array of an image, with the tags.")] = "",
    spacing: Annotated[
        tuple[float, float, float] | None,
        typer.Option(metavar="X Y Z", help="Size of a voxel in the unit of the file, if it does not say."),
    ] = None,
    smallest: Annotated[
        str, typer.Option(metavar="LENGTH", help="No cell is asked to be smaller, such as '1 um'.")
    ] = "",
    largest: Annotated[str, typer.Option(metavar="LENGTH", help="Of a cell; a tenth of the extent if left out.")] = "",
    growth: Annotated[float, typer.Option(help="Largest ratio of neighbouring cells.")] = 1.3,
    cells: Annotated[int, typer.Option(help="At most so many; sizes are raised to that.")] = 1_000_000,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file NAME.vtr.")] = False,
) -> None:
    """Put a mesh or a segmented image from elsewhere onto a graded mesh with volume fractions, which a case names."""
    with errors_as_lines():
        from mnrd.cli.importing import Options, import_file

        options = Options(maps or (), table, unit, up, fill, tags, spacing, smallest, largest, growth, cells)
        import_file(files, out, options, overwrite=overwrite)


@app.command()
def preview(
    case: Annotated[str, typer.Argument(metavar="CASE", help="A case file (TOML), or the name of a bundled case.")],
    out: Annotated[Path | None, typer.Option(help="The picture; default CASE-mesh.png.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key: --set mesh.smallest='3 um'.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Show the mesh of a case before any run: a picture, and how well it resolves layers and channels."""
    with errors_as_lines():
        from mnrd.case import load
        from mnrd.case.document import parse_setting
        from mnrd.cli.preview import preview as show

        loaded = load(case, dict(parse_setting(text) for text in settings or []))
        show(loaded, out or Path(f"{Path(case).stem}-mesh.png"), overwrite=overwrite)


@app.command()
def export(
    source: Annotated[str, typer.Argument(metavar="CASE|RUN_DIR", help="A case, or the folder of a run.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to write: .vtu, .xdmf or .msh.")],
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME", help="A field; several times; all if left out.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Time in the run, such as '2 h'; the last one if left out.")] = None,
    unit: Annotated[str, typer.Option(help="Unit of length in the file, such as mm.")] = "um",
    overwrite: Overwrite = False,
) -> None:
    """Write the mesh as hexahedra with materials and fields, for other programs."""
    with errors_as_lines():
        from mnrd.cli.export import Wanted
        from mnrd.cli.export import export as write

        write(source, file, Wanted(tuple(field or ()), time, unit), overwrite=overwrite)
