"""`mnrd mesh import`: from the options to a file, and the table of volumes before and after."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnrd.case.errors import CaseError, nearest
from mnrd.cli.options import check_new, measured
from mnrd.cli.screen import table
from mnrd.foreign.frame import UPS
from mnrd.foreign.grid import Sizes
from mnrd.foreign.importing import Imported, Wish, import_mesh
from mnrd.foreign.reading import ForeignError
from mnrd.foreign.writing import write
from mnrd.skin.scene import kind_of
from mnrd.skin.transport import CHANNEL
from mnrd.units import Quantity

LENGTH = Quantity("um", "2 um")
CLOSE = 0.01  # of the volume: what is further off is said
MM3 = 1e-9  # of an um^3


@dataclass(frozen=True)
class Options:
    """What the command line says, as it is written there."""

    maps: Sequence[str] = ()
    table: Path | None = None
    unit: str = ""
    up: str = "+z"
    fill: str = ""
    tags: str = ""
    spacing: tuple[float, float, float] | None = None
    smallest: str = ""
    largest: str = ""
    growth: float = 1.3
    cells: int = 1_000_000

    def wish(self) -> Wish:
        """The same, read; CaseError for what cannot be."""
        if self.up not in UPS:
            raise CaseError([f"--up: got {self.up}, {nearest(self.up, UPS)}"])
        if not 1.0 < self.growth < np.inf:
            raise CaseError([f"--growth: got {self.growth:g}, must be > 1"])
        if self.cells < 1:
            raise CaseError([f"--cells: got {self.cells}, must be >= 1"])
        smallest = self._length("--smallest", self.smallest, 0.0)
        largest = self._length("--largest", self.largest, np.inf)
        if largest < smallest:
            raise CaseError([f"--largest: got {self.largest}, must be at least --smallest, {self.smallest}"])
        sizes = Sizes(smallest, largest, self.growth, self.cells)
        return Wish(self._materials(), self.unit, self.up, self.fill, self.tags, self.spacing, sizes)

    def words(self) -> list[str]:
        """What was given, for the file."""
        given = {key: value for key, value in vars(self).items() if value != getattr(Options(), key)}
        return [f"{key} = {value}" for key, value in given.items()]

    def _length(self, option: str, text: str, otherwise: float) -> float:
        if not text:
            return otherwise
        value = measured(option, text, LENGTH)
        if not value > 0.0:
            raise CaseError([f"{option}: got {text}, must be > 0"])
        return value

    def _materials(self) -> dict[str, str]:
        found = {} if self.table is None else _table(self.table)
        for text in self.maps:
            tag, equals, material = (part.strip() for part in text.partition("="))
            if not equals or not tag or not material:
                raise CaseError([f"--map {text}: must be TAG=MATERIAL, such as --map 1='stratum corneum'"])
            found[tag] = material
        return found


def import_file(files: Sequence[Path], out: Path | None, options: Options, *, overwrite: bool) -> None:
    """Import, write and print.

    Raises
    ------
    CaseError
        For anything that is wrong with the options or the files; nothing is written then.
    OSError
        When the file is there already, or cannot be written.
    """
    path = Path(files[0].name.split(".")[0] + ".vtr") if out is None else out
    check_new(path, (".vtr",), overwrite=overwrite)
    try:
        found = import_mesh(files, options.wish())
    except ForeignError as error:
        raise CaseError([str(error)]) from None
    write(found, files, options.words(), path)
    _tell(found, path)


def _table(path: Path) -> dict[str, str]:
    """The materials of a TOML file: a table [materials] of tag = material."""
    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CaseError([f"--table {path}: cannot be read ({error})"]) from None
    found = read.get("materials")
    if (
        set(read) != {"materials"}
        or not isinstance(found, dict)
        or not all(isinstance(one, str) for one in found.values())
    ):
        raise CaseError([f"--table {path}: must hold one table [materials] with lines such as 1 = 'stratum corneum'"])
    return dict(found)


def _tell(found: Imported, path: Path) -> None:
    """The tables, and a warning for each volume that is not met."""
    after, mesh = found.after, found.mesh
    errors = {name: after[name] / before - 1.0 for name, before in found.before.items() if before}
    rows = [
        (
            name,
            ", ".join(str(tag) for tag in found.tags.get(name, ())) or "what was empty",
            f"{found.before[name] * MM3:.6g}",
            f"{after[name] * MM3:.6g}",
            f"{errors.get(name, 0.0):+.3%}",
            f"{after[name] / mesh.footprint:.4g}",
        )
        for name in found.painting.materials
    ]
    columns = ("material", "tags", "in the file [mm^3]", "on the mesh [mm^3]", "error", "volume over area [um]")
    table(path.name, columns, rows)
    axes = [
        (axis, str(edges.size - 1), f"{edges[-1]:.6g}", f"{np.diff(edges).min():.3g}", f"{np.diff(edges).max():.3g}")
        for axis, edges in (("x", mesh.x), ("y", mesh.y), ("depth", mesh.z))
    ]
    print(f"{found.frame}; {mesh.cells:,} cells")
    table("", ("axis", "cells", "extent [um]", "smallest [um]", "largest [um]"), axes)
    if found.raised > 1.0:
        print(f"sizes were raised by {found.raised:.3g} to stay below --cells")
    if found.flat:
        print(f"{found.flat} cells of the file have no volume and were left out")
    layers = [name for name in found.painting.materials if name != CHANNEL]
    deep = next((name for name in layers[1:] if kind_of(name) == "stratum corneum"), None)
    if deep and kind_of(layers[0]) != "stratum corneum":
        print(f"{deep} lies below {layers[0]}: is --up right?", file=sys.stderr)
    covered = found.twice * mesh.footprint * float(mesh.z[-1])
    cut = f"parts overlap in {found.twice:.2%} of the box, cut them from each other in the program that made them"
    for name, error in errors.items():
        if abs(error) > CLOSE:
            overlap = 2.0 * covered > abs(error) * found.before[name]
            remedy = cut if overlap else "take smaller cells (--smallest, --cells)"
            print(f"{name}: the volume is {error:+.2%} off; {remedy}", file=sys.stderr)
