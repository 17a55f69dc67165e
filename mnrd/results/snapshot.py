"""The fields of a run at one time, read from one .vtr file; each array only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from os import SEEK_END
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Mesh
from mnrd.output.vtk import silent
from mnrd.results.quantity import CHANNEL, HOLE, MATERIAL, Quantity, folded

END = b"</VTKFile>"


class RunError(ValueError):
    """What is asked for is not in the run; one line that says what is."""


@dataclass(frozen=True)
class Snapshot:
    """One file of fields.

    Parameters
    ----------
    path : Path
        The .vtr file.
    time : float
        s.
    quantities : dict of name to Quantity
        What it holds.
    """

    path: Path
    time: float
    quantities: dict[str, Quantity] = field(repr=False)

    @cached_property
    def mesh(self) -> Mesh:
        """The mesh, in um."""
        from vtkmodules.util.numpy_support import vtk_to_numpy

        grid = _read(self.path, None)
        x, y, z = grid.GetXCoordinates(), grid.GetYCoordinates(), grid.GetZCoordinates()
        try:
            return Mesh(vtk_to_numpy(x), vtk_to_numpy(y), vtk_to_numpy(z))
        except ValueError:  # VTK tells of errors in arrays of cells alone
            raise _damaged(self.path) from None

    @cached_property
    def materials(self) -> tuple[str, ...]:
        """Names of the materials, in the order of their numbers."""
        names = _read(self.path, None).GetFieldData().GetAbstractArray("materials")
        return () if names is None else tuple(names.GetValue(number) for number in range(names.GetNumberOfValues()))

    def values(self, name: str) -> NDArray[np.float32]:
        """One quantity in all cells, (nz, ny, nx), in its own unit.

        Raises
        ------
        RunError
            When the file holds no such quantity, with those that it holds.
        """
        return self._array(pick(self.quantities, name, self.path).label)

    @property
    def material(self) -> NDArray[np.uint8]:
        """Number of the material with the largest share of each cell, (nz, ny, nx)."""
        return self._array(MATERIAL)

    @property
    def channel(self) -> NDArray[np.float32]:
        """Share of each cell that is channel, or hole where no channels are painted, (nz, ny, nx); else zeros."""
        label = next((one for one in (CHANNEL, HOLE) if one in self.quantities), None)
        return np.zeros(self.mesh.shape, np.float32) if label is None else self._array(label)

    def _array(self, label: str) -> NDArray[Any]:
        from vtkmodules.util.numpy_support import vtk_to_numpy

        found = _read(self.path, label).GetCellData().GetArray(label)
        if found is None:
            raise RunError(f"{self.path}: holds no array '{label}', must be a file of mnrd")
        return vtk_to_numpy(found).reshape(self.mesh.shape)


def labels(path: Path) -> list[str]:
    """Names of the arrays of a .vtr file; no array is read."""
    reader = _reader(path)
    return [reader.GetCellArrayName(number) for number in range(reader.GetNumberOfCellArrays())]


def pick(known: dict[str, Quantity], name: str, where: Path) -> Quantity:
    """The quantity of a name, with blanks or underscores.

    Raises
    ------
    RunError
        When there is none, with the nearest name and those that there are.
    """
    if folded(name) not in known:
        near = get_close_matches(folded(name), known, n=1)
        words = f"did you mean '{near[0]}'? There are" if near else "must be one of"
        raise RunError(f"{where}: no quantity '{name}', {words} {', '.join(known)}")
    return known[folded(name)]


def _reader(path: Path) -> Any:
    from vtkmodules.vtkIOXML import vtkXMLRectilinearGridReader

    if not path.is_file():
        raise RunError(f"{path}: is not there, fields.pvd names it: was it moved?")
    reader = vtkXMLRectilinearGridReader()
    reader.SetFileName(str(path))
    if not _ends(path) or not reader.CanReadFile(str(path)):
        raise _damaged(path)
    reader.UpdateInformation()
    return reader


def _ends(path: Path) -> bool:
    """Whether the end of the file is there: VTK fills what is cut off with what is in memory, and says nothing."""
    with path.open("rb") as file:
        file.seek(-min(path.stat().st_size, 4 * len(END)), SEEK_END)
        return END in file.read()


def _damaged(path: Path) -> RunError:
    return RunError(f"{path}: cannot be read as a .vtr file (damaged?)")


def _read(path: Path, label: str | None) -> Any:
    """The grid with one array, or with none."""
    reader = _reader(path)
    for number in range(reader.GetNumberOfCellArrays()):
        name = reader.GetCellArrayName(number)
        reader.SetCellArrayStatus(name, int(name == label))
    errors: list[str] = []
    reader.AddObserver("ErrorEvent", lambda _, event: errors.append(event))
    with silent():
        reader.Update()
    if errors:
        raise _damaged(path)
    return reader.GetOutput()
