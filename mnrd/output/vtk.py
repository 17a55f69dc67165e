"""Fields for ParaView: one compressed .vtr file per report and a .pvd that gives their times.

Coordinates are those of the mesh: um, z downwards. ParaView shows the skin the right way up after
*View > Adjust camera > View up = 0 0 -1*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Mesh
from mnrd.output.directory import replacing, write_text
from mnrd.output.labels import labelled
from mnrd.output.schedule import Schedule

if TYPE_CHECKING:
    from mnrd.mesh.paint import Painting

COMPRESSION = 1  # of 9: fields are smooth or zero, so this does nearly all there is to gain at a fraction of the time


def write_rectilinear(
    path: Path,
    mesh: Mesh,
    arrays: Mapping[str, NDArray[Any]],
    *,
    time: float,
    materials: Sequence[str] = (),
    notes: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Write cell data on a rectilinear mesh as one .vtr file, in one go.

    Parameters
    ----------
    path : Path
        Ends in ``.vtr``.
    mesh : Mesh
    arrays : mapping of name to (nz, ny, nx) array
        Written with the dtype they have.
    time : float
        s; stored as field data ``TimeValue``, which ParaView and pyvista read.
    materials : sequence of str
        Names behind the material numbers; stored as field data ``materials``.
    notes : mapping of name to texts
        Further field data.

    Raises
    ------
    ValueError
        If an array has another shape than the mesh.
    OSError
        If the file cannot be written.
    """
    from vtkmodules.vtkIOXML import vtkXMLRectilinearGridWriter

    save_compressed(vtkXMLRectilinearGridWriter(), _grid(mesh, arrays, time, {"materials": materials, **notes}), path)


def save_compressed(writer: Any, grid: Any, path: Path) -> None:
    """Write a grid of VTK with a writer of its XML formats, compressed and in one go; OSError if that fails."""
    with replacing(path) as part:
        writer.SetFileName(str(part))
        writer.SetInputData(grid)
        writer.SetDataModeToAppended()
        writer.EncodeAppendedDataOff()  # raw: base64 would add a third
        writer.SetHeaderTypeToUInt64()  # with 32 bits, files beyond 2 GB cannot be read
        writer.SetCompressorTypeToZLib()
        writer.SetCompressionLevel(COMPRESSION)
        with silent():
            written = writer.Write()
        if not written:
            raise OSError(f"{path}: cannot be written (no space left?)")


@contextmanager
def silent() -> Iterator[None]:
    """Keep VTK from writing to stderr; what goes wrong must become an error of one line instead."""
    from vtkmodules.vtkCommonCore import vtkLogger

    before = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield
    finally:
        vtkLogger.SetStderrVerbosity(before)


def _grid(mesh: Mesh, arrays: Mapping[str, NDArray[Any]], time: float, notes: Mapping[str, Sequence[str]]) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkDoubleArray
    from vtkmodules.vtkCommonDataModel import vtkRectilinearGrid

    grid = vtkRectilinearGrid()
    grid.SetDimensions(mesh.x.size, mesh.y.size, mesh.z.size)
    sides = (
        (grid.SetXCoordinates, "x", mesh.x),
        (grid.SetYCoordinates, "y", mesh.y),
        (grid.SetZCoordinates, "z", mesh.z),
    )
    for put, name, edges in sides:
        coordinates = numpy_to_vtk(edges, deep=True)
        coordinates.SetName(name)  # else VTK writes its address, another one in each run
        put(coordinates)
    for name, array in arrays.items():
        if array.shape != mesh.shape:
            raise ValueError(f"'{name}': got shape {array.shape}, must be {mesh.shape} (nz, ny, nx)")
        # (z, y, x) in C order is VTK's own order of cells: x fastest.
        cells = numpy_to_vtk(np.ascontiguousarray(array).ravel(), deep=True)
        cells.SetName(name)
        grid.GetCellData().AddArray(cells)
    clock = vtkDoubleArray()
    clock.SetName("TimeValue")
    clock.InsertNextValue(time)
    grid.GetFieldData().AddArray(clock)
    for name, texts in notes.items():
        if texts:
            grid.GetFieldData().AddArray(_texts(name, texts))
    return grid


def _texts(name: str, texts: Sequence[str]) -> Any:
    from vtkmodules.vtkCommonCore import vtkStringArray

    array = vtkStringArray()
    array.SetName(name)
    for text in texts:
        array.InsertNextValue(text)
    return array


def write_collection(path: Path, entries: Sequence[tuple[float, str]]) -> None:
    """Write the .pvd file that lists (time in s, file name beside it) in one go."""
    rows = "".join(f'    <DataSet timestep="{float(time)!r}" file={quoteattr(file)}/>\n' for time, file in entries)
    write_text(
        path,
        '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1" byte_order="LittleEndian">\n'
        f"  <Collection>\n{rows}  </Collection>\n</VTKFile>\n",
    )


class FieldSeries:
    """Observer that writes concentrations, activities and materials to ``fields/0000.vtr``, ``0001.vtr``, ...

    Parameters
    ----------
    directory : Path
        The run directory; ``fields/`` and ``fields.pvd`` are made in it.
    schedule : Schedule
    fields : sequence of str, optional
        Names of the fields to write; all if not given.
    derived : mapping of label to function
        Further arrays: what the function makes of the simulation.
    channels : sequence of str
        Materials whose common volume fraction is written as ``channel fraction``.
    single : bool
        Write float32 (half the size, seven digits) rather than float64.
    """

    def __init__(
        self,
        directory: Path,
        schedule: Schedule,
        *,
        fields: Sequence[str] | None = None,
        derived: Mapping[str, Callable[[Any], NDArray[Any]]] = MappingProxyType({}),
        channels: Sequence[str] = ("channel",),
        single: bool = True,
    ) -> None:
        self.schedule = schedule
        self._directory, self._collection = directory, directory / "fields.pvd"
        self._fields = fields
        self._derived = derived
        self._channels = channels
        self._dtype = np.float32 if single else np.float64
        self._entries: list[tuple[float, str]] = []

    def observe(self, simulation: Any) -> None:
        """Write one file and the .pvd; of two calls at the same time the later one stays."""
        if self._entries and self._entries[-1][0] == simulation.time:
            self._entries.pop()
        file = f"fields/{len(self._entries):04d}.vtr"
        path = self._directory / file
        path.parent.mkdir(exist_ok=True)
        mesh, painting = simulation.problem.mesh, simulation.problem.painting
        arrays = self._concentrations(simulation) | material_arrays(painting, self._channels)
        write_rectilinear(path, mesh, arrays, time=simulation.time, materials=painting.materials)
        self._entries.append((simulation.time, file))
        write_collection(self._collection, self._entries)

    def memory(self) -> dict[str, Any]:
        """Times and names of the files that are there."""
        return {"files": [list(entry) for entry in self._entries]}

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Remove the files that were written after `memory` was taken; fields.pvd lists the others alone.

        Raises
        ------
        ValueError
            If a file that was there is gone.
        """
        self._entries = [(time, file) for time, file in memory["files"]]
        known = {self._directory / file for _, file in self._entries}
        for path in sorted(known):
            if not path.is_file():
                raise ValueError(f"{path}: is gone, must be there")
        if known:
            write_collection(self._collection, self._entries)
        else:
            self._collection.unlink(missing_ok=True)
        for path in (self._directory / "fields").glob("*.vtr"):
            if path not in known:
                path.unlink()

    def _concentrations(self, simulation: Any) -> dict[str, NDArray[Any]]:
        fields = {field.name: field for field in simulation.problem.model.fields}
        arrays = {}
        for name in fields if self._fields is None else self._fields:
            if name not in fields:
                raise ValueError(f"output of fields: no field '{name}', must be among {', '.join(fields)}")
            unit = fields[name].unit
            arrays[labelled(name, unit)] = simulation.concentration(name).astype(self._dtype)
            if fields[name].diffusivity is not None:  # what is immobile exchanges nothing by its activity
                arrays[labelled(name, unit, "activity")] = simulation.activity(name).astype(self._dtype)
        return arrays | {label: make(simulation).astype(self._dtype) for label, make in self._derived.items()}


def material_arrays(painting: Painting, channels: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Number of the material with the largest fraction in every cell, and the fraction of channel if any."""
    arrays: dict[str, NDArray[Any]] = {"material": painting.fractions.argmax(axis=0).astype(np.uint8)}
    present = [painting.fraction(name) for name in channels if name in painting.materials]
    if present:
        arrays["channel fraction"] = np.sum(present, axis=0).astype(np.float32)
    return arrays
