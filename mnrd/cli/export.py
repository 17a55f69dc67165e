"""`mnrd mesh export`: the mesh of a case or of a run as hexahedra for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic_core import PydanticCustomError

from mnrd.case.errors import CaseError, nearest
from mnrd.cli.options import check_new, measured
from mnrd.cli.screen import table
from mnrd.output.hexahedra import FORMATS, Hexahedra, write_hexahedra
from mnrd.output.labels import duration
from mnrd.units import Quantity

LENGTH = Quantity("um", "1 mm")
TIME = Quantity("s", "2 h")


@dataclass(frozen=True)
class Wanted:
    """What of a case or a run goes into the file.

    Parameters
    ----------
    fields : sequence of str
        Names of arrays; all that there are if empty.
    time : str or None
        Of a run, with its unit; the last one if None.
    unit : str
        Of length.
    """

    fields: Sequence[str] = ()
    time: str | None = None
    unit: str = "um"


def export(source: str, path: Path, wanted: Wanted, *, overwrite: bool = False) -> None:
    """Write the mesh of a case or of a run, and print what is in the file.

    Parameters
    ----------
    source : str
        A run directory, or a case as `mnrd run` takes it.
    path : Path
        Its suffix says the format.
    wanted : Wanted
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    CaseError
        For an unknown suffix, field, unit or time, and for times of a case that has not been run.
    OSError
        When the file is there, or cannot be written.
    """
    try:
        check_new(path, FORMATS, overwrite=overwrite)
        _check_unit(wanted.unit)
        what = _of_run(Path(source), wanted) if Path(source).is_dir() else _of_case(source, wanted)
        write_hexahedra(path, what)
    except ValueError as error:
        raise error if isinstance(error, CaseError) else CaseError([str(error)]) from None
    _say(path, what)


def _check_unit(unit: str) -> None:
    try:
        LENGTH.parse(f"1 {unit}", bare_number_allowed=False)
    except PydanticCustomError:
        raise CaseError([f"--unit: got {unit}, must be a unit of length such as um, mm or m"]) from None


def _of_run(folder: Path, wanted: Wanted) -> Hexahedra:
    """The fields of a run at a time."""
    from mnrd.results.run import open_run

    run = open_run(folder)
    names = [run.quantity(name).name for name in wanted.fields] or list(run.quantities)
    at = run.snapshot(None if wanted.time is None else measured("--time", wanted.time, TIME))
    arrays = {run.quantities[name].label: at.values(name) for name in names}
    return Hexahedra(at.mesh, at.materials, at.material, arrays, wanted.unit, at.time)


def _of_case(name: str, wanted: Wanted) -> Hexahedra:
    """The mesh of a case before any run, with the fraction of every material."""
    from mnrd.case import load
    from mnrd.case.pierced import pierced

    if wanted.time is not None:
        raise CaseError([f"--time: {name} is a case, which has no times; name the folder of its run"])
    what = pierced(load(name))
    painting = what.painting
    labels = {f"fraction of {material}": material for material in painting.materials}
    for field in wanted.fields:
        if field not in labels:
            raise CaseError([f"--field: got '{field}', {nearest(field, labels)}; fields come from the folder of a run"])
    chosen = wanted.fields or labels
    arrays = {label: painting.fraction(labels[label]).astype(np.float32) for label in chosen}
    material = painting.fractions.argmax(axis=0).astype(np.uint8)
    return Hexahedra(what.mesh, painting.materials, material, arrays, wanted.unit)


def _say(path: Path, what: Hexahedra) -> None:
    """What is in the file."""
    mesh = what.mesh
    extent = " x ".join(f"{what.scale * float(edges[-1] - edges[0]):.4g}" for edges in (mesh.x, mesh.y, mesh.z))
    shape = " x ".join(str(count) for count in mesh.shape[::-1])
    files = [path, path.with_suffix(".h5")] if path.suffix == ".xdmf" else [path]
    rows = [
        ("hexahedra", f"{mesh.cells:,}", shape),
        ("extent", f"{extent} {what.unit}", "z points down from the skin surface"),
        ("materials", str(len(what.materials)), ", ".join(what.materials)),
        ("fields", str(len(what.arrays)), ", ".join(what.arrays)),
        ("time", "before the run" if what.time is None else duration(what.time), ""),
        ("size", f"{sum(file.stat().st_size for file in files) / 1e6:.3g} MB", " and ".join(str(f) for f in files)),
    ]
    table(str(path), ("", "value", ""), rows)
