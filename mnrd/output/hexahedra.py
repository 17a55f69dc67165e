"""The mesh as hexahedra with materials and fields, for other programs: .vtu, .xdmf and .msh.

Points and cells are in the order of the mesh, x fastest. Coordinates are those of the mesh, z downwards; the eight
corners of a cell stand in the order of VTK, so that with these coordinates all volumes are positive.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.output.directory import replacing
from mnrd.output.vtk import save_compressed
from mnrd.units import Quantity

MATERIAL = "material"
LENGTH_UNIT = "length unit [m]"
"""Field data of a .vtu: the unit of its coordinates in m. Text there would make meshio refuse the file."""


@dataclass(frozen=True, eq=False)
class Hexahedra:
    """What is written.

    Parameters
    ----------
    mesh : Mesh
    materials : sequence of str
    material : (nz, ny, nx) uint8 array
        Number of the material of each cell.
    arrays : mapping of label to (nz, ny, nx) array
        Further cell data.
    unit : str
        Of the coordinates in the file.
    time : float, optional
        s.
    """

    mesh: Mesh
    materials: Sequence[str]
    material: NDArray[np.uint8]
    arrays: Mapping[str, NDArray[Any]]
    unit: str = "um"
    time: float | None = None

    @property
    def scale(self) -> float:
        """Length in the unit of the file over length in um."""
        return 1.0 / Quantity("um", "1 mm").parse(f"1 {self.unit}", bare_number_allowed=False)

    @property
    def cell_data(self) -> dict[str, NDArray[Any]]:
        """Material and arrays, flat, in the order of the cells."""
        return {name: np.ascontiguousarray(array).ravel() for name, array in self._all.items()}

    @property
    def _all(self) -> dict[str, NDArray[Any]]:
        return {MATERIAL: self.material, **self.arrays}


def write_hexahedra(path: Path, what: Hexahedra) -> None:
    """Write a file in one go, in the format of its suffix.

    Parameters
    ----------
    path : Path
        A ``.xdmf`` comes with a ``.h5`` beside it.
    what : Hexahedra

    Raises
    ------
    ValueError
        For another suffix, with the list.
    OSError
        If the file cannot be written.
    """
    if path.suffix not in FORMATS:
        raise ValueError(f"{path}: got the suffix '{path.suffix}', must be one of {', '.join(FORMATS)}")
    FORMATS[path.suffix](path, what)


def points(mesh: Mesh, scale: float = 1.0) -> Array:
    """Corners of all cells, ((nz + 1) (ny + 1) (nx + 1), 3), x fastest."""
    nodes = np.empty((mesh.z.size, mesh.y.size, mesh.x.size, 3))
    nodes[..., 0] = scale * mesh.x
    nodes[..., 1] = scale * mesh.y[:, None]
    nodes[..., 2] = scale * mesh.z[:, None, None]
    return nodes.reshape(-1, 3)


def corners(mesh: Mesh) -> NDArray[np.signedinteger[Any]]:
    """Points of every cell, (cells, 8): round the face of lower z, from its low corner along x, then the other face."""
    nx, ny, nz = mesh.x.size, mesh.y.size, mesh.z.size
    kind = np.int32 if nx * ny * nz < 2**31 else np.int64
    low = np.arange(nx * ny * nz, dtype=kind).reshape(nz, ny, nx)[:-1, :-1, :-1].ravel()
    face = (0, 1, nx + 1, nx)
    found = np.empty((low.size, 8), kind)
    for corner, step in enumerate((*face, *(nx * ny + step for step in face))):
        np.add(low, kind(step), out=found[:, corner])
    return found


def _write_vtu(path: Path, what: Hexahedra) -> None:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import VTK_HEXAHEDRON, vtkCellArray, vtkUnstructuredGrid
    from vtkmodules.vtkIOXML import vtkXMLUnstructuredGridWriter

    nodes, cells, data = points(what.mesh, what.scale), corners(what.mesh), what.cell_data  # VTK keeps no copies
    grid, places, hexahedra = vtkUnstructuredGrid(), vtkPoints(), vtkCellArray()
    places.SetData(numpy_to_vtk(nodes))
    hexahedra.SetData(8, numpy_to_vtk(cells.ravel()))
    grid.SetPoints(places)
    grid.SetCells(VTK_HEXAHEDRON, hexahedra)
    numbers = {name: float(number) for number, name in enumerate(what.materials)}
    numbers[LENGTH_UNIT] = 1e-6 / what.scale
    if what.time is not None:
        numbers["TimeValue"] = what.time
    fields = {name: np.array([number]) for name, number in numbers.items()}
    for arrays, place in ((data, grid.GetCellData()), (fields, grid.GetFieldData())):
        for name, array in arrays.items():
            values = numpy_to_vtk(array, deep=place is grid.GetFieldData())
            values.SetName(name)
            place.AddArray(values)
    save_compressed(vtkXMLUnstructuredGridWriter(), grid, path)


def _write_xdmf(path: Path, what: Hexahedra) -> None:
    import meshio

    nodes, cells, data = points(what.mesh, what.scale), corners(what.mesh), what.cell_data
    size = nodes.nbytes + cells.nbytes + sum(array.nbytes for array in data.values())
    if shutil.disk_usage(path.parent).free < size:  # HDF5 that meets a full disk takes Python down with it
        raise OSError(ENOSPC, f"{os.strerror(ENOSPC)}: up to {size / 1e6:.3g} MB are needed", str(path))
    with replacing(path) as part, replacing(path.with_suffix(".h5")) as heavy:
        arrays = {name: [array] for name, array in data.items()}
        made = meshio.Mesh(nodes, [("hexahedron", cells)], cell_data=arrays)
        meshio.write(part, made, "xdmf")  # its numbers go into `heavy`, the file of the same name
        text = part.read_text("utf-8").replace(heavy.name, f"{path.stem}.h5")
        tree = ElementTree.fromstring(text)
        grid = tree[0][0]
        grid.set("Name", f"skin, lengths in {what.unit}, z downwards")
        if what.time is not None:
            ElementTree.SubElement(grid, "Information", Name="time [s]", Value=repr(what.time)).text = "<main/>"
        names = ElementTree.Element("main")
        for number, name in enumerate(what.materials):
            ElementTree.SubElement(names, "map", key=name, dim="3").text = str(number)
        ElementTree.SubElement(grid, "Information", Name="materials").text = ElementTree.tostring(names, "unicode")
        part.write_text(ElementTree.tostring(tree, "unicode"), "utf-8")


def _write_msh(path: Path, what: Hexahedra) -> None:
    import meshio

    tags = what.material.ravel().astype(np.int32) + 1  # Gmsh counts physical groups from 1
    data = {name: [array.ravel().astype(np.float64)] for name, array in what.arrays.items()}
    made = meshio.Mesh(
        points(what.mesh, what.scale),
        [("hexahedron", corners(what.mesh))],
        cell_data={"gmsh:physical": [tags], "gmsh:geometrical": [tags], **data},
        field_data={name: np.array([number + 1, 3]) for number, name in enumerate(what.materials)},
    )
    when = "" if what.time is None else f", at {what.time!r} s"
    with replacing(path) as part:
        meshio.write(part, made, "gmsh22", binary=True)
        with part.open("ab") as file:
            file.write(f"$Comments\nmnrd: lengths in {what.unit}, z downwards{when}\n$EndComments\n".encode())


FORMATS: dict[str, Callable[[Path, Hexahedra], None]] = {".vtu": _write_vtu, ".xdmf": _write_xdmf, ".msh": _write_msh}
"""What writes each format."""
