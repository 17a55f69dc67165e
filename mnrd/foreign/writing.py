"""What has been imported, as a file that cases name and ParaView opens."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mnrd.foreign.importing import Imported
from mnrd.output.vtk import write_rectilinear


def write(imported: Imported, sources: Sequence[Path], options: Sequence[str], path: Path) -> None:
    """Write NAME.vtr: edges in um, a uint8 fraction in units of 1/255 per material, and where it is from.

    Parameters
    ----------
    imported : Imported
    sources : sequence of Path
        The files, which are noted by name with their SHA-256.
    options : sequence of str
        As they were given, noted too.
    path : Path

    Raises
    ------
    OSError
        If it cannot be written.
    """
    painting = imported.painting
    arrays = dict(zip(painting.materials, painting.fractions, strict=True))
    arrays["material"] = painting.fractions.argmax(axis=0).astype(np.uint8)
    notes = {"source": [f"{file.name} sha256 {_digest(file)}" for file in sources], "options": list(options)}
    write_rectilinear(path, imported.mesh, arrays, time=0.0, materials=painting.materials, notes=notes)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
