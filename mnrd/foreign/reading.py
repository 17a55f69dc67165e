"""Reading of files of other programs: meshes by meshio and VTK, images by VTK and `mnrd.foreign.images`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mnrd.foreign.images import IMAGES, read_by_vtk, read_image
from mnrd.foreign.source import Array, Block, Cells, Indices, Tag, Voxels, joined

# kind of every type of cell, by its name in meshio and its number in VTK; cells of second order by their corners
NAMES = {
    "tetra": "tetra", "tetra10": "tetra", "hexahedron": "hexahedron", "hexahedron20": "hexahedron",
    "hexahedron24": "hexahedron", "hexahedron27": "hexahedron", "wedge": "wedge", "wedge15": "wedge",
    "wedge18": "wedge", "pyramid": "pyramid", "pyramid13": "pyramid", "pyramid14": "pyramid",
    "triangle": "triangle", "triangle6": "triangle", "triangle7": "triangle",
    "quad": "quad", "quad8": "quad", "quad9": "quad",
}  # fmt: skip
NUMBERS = {
    10: "tetra", 24: "tetra", 12: "hexahedron", 25: "hexahedron", 29: "hexahedron", 33: "hexahedron", 13: "wedge",
    26: "wedge", 31: "wedge", 32: "wedge", 14: "pyramid", 27: "pyramid", 37: "pyramid", 5: "triangle", 22: "triangle",
    34: "triangle", 9: "quad", 23: "quad", 28: "quad", 30: "quad", 8: "quad", 11: "hexahedron",
}  # fmt: skip
VOXELS = {8: [0, 1, 3, 2], 11: [0, 1, 3, 2, 4, 5, 7, 6]}
"""Corners of pixels and voxels of VTK, which count them row by row, in the order of quads and hexahedra."""
CORNERS = {"tetra": 4, "hexahedron": 8, "wedge": 6, "pyramid": 5, "triangle": 3, "quad": 4}
FLAT = ("triangle", "quad")
IGNORED = {"vertex", "line", "line3", "line4", 1, 2, 3, 4, 21}
BY_VTK = (".vtu", ".vtk", ".vtp", ".vtm", ".pvtu", ".stl", ".obj", ".ply")
TAGS = ("gmsh:physical", "cell_tags", "medit:ref", "material", "materials", "region", "label", "labels", "tag", "tags")
CLOCKS = ("TimeValue", "TIME", "CYCLE")  # field data that name no tag
UNIT = "length unit [m]"  # field data of what mnrd has exported

_Found = tuple[str, Indices, Any]  # kind, corners, tag of every cell


class ForeignError(ValueError):
    """A file of another program that cannot be used; one line."""


def read(paths: Sequence[Path], *, tags: str | None = None, spacing: Sequence[float] | None = None) -> Cells | Voxels:
    """Read one mesh or image, or the several parts of one.

    Parameters
    ----------
    paths : sequence of Path
        Meshes, closed surfaces, or an image (the pages of one).
    tags : str, optional
        Name of the cell data that hold the tags; by default a physical group, or the usual names.
    spacing : (x, y, z), optional
        Size of a voxel where the file does not say, in the unit of the file.

    Raises
    ------
    ForeignError
        When a file cannot be read, or holds nothing that fills a volume.
    """
    for path in paths:
        if not path.is_file():
            raise ForeignError(f"{path}: there is no such file")
    if any(path.name.lower().endswith(IMAGES) for path in paths):
        return _image(paths, tags, spacing)
    if spacing is not None:
        raise ForeignError(f"--spacing: is for images, {paths[0].name} is a mesh")
    parts = [_mesh(path, tags) for path in paths]
    if any(part.unit != parts[0].unit for part in parts):
        raise ForeignError("the files have different units of length; import them after one has been converted")
    whole = joined(parts)
    flat = {block.kind in FLAT for block in whole.blocks}
    if len(flat) > 1:
        raise ForeignError("some files are surfaces and some are volume meshes; give files of one sort")
    return whole


def _image(paths: Sequence[Path], tags: str | None, spacing: Sequence[float] | None) -> Voxels:
    try:
        return read_image(paths, tags, spacing)
    except Exception as error:  # what is damaged raises all kinds
        said = str(error).strip() or type(error).__name__
        raise ForeignError(f"{paths[0]}: cannot be read as an image ({said.splitlines()[0]})") from None


def _mesh(path: Path, tags: str | None) -> Cells:
    """One file as cells; volumes if it has any, else its surfaces."""
    try:
        points, found, unit = _by_vtk(path, tags) if path.suffix.lower() in BY_VTK else _by_meshio(path, tags)
    except ForeignError:
        raise
    except (SystemExit, Exception) as error:  # readers raise all kinds, meshio.read leaves by SystemExit
        said = str(error).strip() or type(error).__name__
        raise ForeignError(f"{path}: cannot be read as a mesh ({said.splitlines()[-1]})") from None
    solid = [one for one in found if one[0] not in FLAT] or [one for one in found if one[0] in FLAT]
    if not solid or not sum(len(one[1]) for one in solid):
        raise ForeignError(f"{path}: holds no cells of a volume and no closed surface")
    known = list(dict.fromkeys(tag for _, _, own in solid for tag in own))
    rank = {tag: number for number, tag in enumerate(known)}
    blocks = []
    for kind, corners, own in solid:
        index = np.array([rank[tag] for tag in own], dtype=np.int64)
        if kind == "quad":
            corners, index = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]]), np.tile(index, 2)
        blocks.append(Block("triangle" if kind == "quad" else kind, corners, index))
    return Cells(np.asarray(points, dtype=np.float64), tuple(blocks), tuple(known), unit)


# --- meshio -----------------------------------------------------------------------------------------------


def _by_meshio(path: Path, tags: str | None) -> tuple[Array, list[_Found], str]:
    import meshio

    mesh = meshio.read(path)
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.points.shape[1]] = mesh.points
    named = {
        (int(number), int(dimension)): name
        for name, (number, dimension) in mesh.field_data.items()
        if np.size(mesh.field_data[name]) == 2
    }
    named |= {(int(number), 3): " ".join(names) for number, names in (getattr(mesh, "cell_tags", None) or {}).items()}
    array = _tags_in(path, {name: list(data) for name, data in mesh.cell_data.items()}, tags)
    found = []
    for index, block in enumerate(mesh.cells):
        kind = _kind(path, block.type, NAMES)
        if kind is None:
            continue
        dimension = 2 if kind in FLAT else 3
        if array is not None:
            own = [Tag(number, named.get((number, dimension), "")) for number in np.ravel(array[index]).tolist()]
        else:
            own = _in_sets(mesh.cell_sets, index, len(block.data), path)
        found.append((kind, np.asarray(block.data, dtype=np.int64)[:, : CORNERS[kind]], own))
    return points, found, ""


def _in_sets(sets: Mapping[str, Any], index: int, count: int, path: Path) -> list[Tag]:
    """Tags of one block by the named sets that its cells are in, or one tag with the name of the file."""
    own = [Tag(None, path.stem)] * count
    for name, members in sets.items():
        for cell in () if name.startswith("gmsh:") or members[index] is None else np.ravel(members[index]).tolist():
            own[cell] = Tag(None, name)
    return own


# --- VTK --------------------------------------------------------------------------------------------------


def _by_vtk(path: Path, tags: str | None) -> tuple[Array, list[_Found], str]:
    parts, points, found, before = list(_parts(read_by_vtk(path), path.stem)), [], [], 0
    for name, grid in parts:
        found += [(kind, corners + before, own) for kind, corners, own in _cells_of(grid, name, path, tags)]
        points.append(np.asarray(grid.points, dtype=np.float64))
        before += grid.n_points
    units = {f"{float(grid.field_data[UNIT][0])!r} m" for _, grid in parts if UNIT in grid.field_data}
    return np.concatenate(points) if points else np.empty((0, 3)), found, units.pop() if len(units) == 1 else ""


def _parts(data: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The grids of a file with their names: that of the block, or of the file."""
    import pyvista

    if isinstance(data, pyvista.MultiBlock):
        for index, block in enumerate(data):
            if block is not None:
                yield from _parts(block, data.get_block_name(index) or f"{name}-{index}")
    else:
        yield name, data.cast_to_unstructured_grid()


def _cells_of(grid: Any, name: str, path: Path, tags: str | None) -> Iterator[_Found]:
    array = _tags_in(path, {key: np.asarray(grid.cell_data[key]) for key in grid.cell_data}, tags)
    named = _names_in(grid)
    for number, corners in grid.cells_dict.items():
        kind = _kind(path, int(number), NUMBERS)
        if kind is None:
            continue
        if array is None:
            own = [Tag(None, name)] * len(corners)
        else:
            own = [Tag(int(tag), named.get(int(tag), "")) for tag in array[grid.celltypes == number].tolist()]
        order = VOXELS.get(int(number), list(range(CORNERS[kind])))
        yield kind, np.asarray(corners, dtype=np.int64)[:, order], own


def _names_in(grid: Any) -> dict[int, str]:
    """Names of tags in the field data, NAME = number, as mnrd exports them."""
    found: dict[int, str] = {}
    for name in grid.field_data:
        values = np.asarray(grid.field_data[name])
        if values.size == 1 and name not in (*CLOCKS, UNIT) and np.issubdtype(values.dtype, np.number):
            number = float(values.flat[0])
            found |= {int(number): name} if number.is_integer() else {}
    return found


def _kind(path: Path, written: Any, known: Mapping[Any, str]) -> str | None:
    """Kind of a type of cell; None for points and lines, which fill nothing."""
    if written in IGNORED:
        return None
    if written not in known:
        kinds = ", ".join(dict.fromkeys(NAMES.values()))
        raise ForeignError(f"{path}: cells of type {written} are not known, must be {kinds} (of first or second order)")
    return known[written]


def _tags_in(path: Path, data: Mapping[str, Any], asked: str | None) -> Any:
    """The cell data that hold the tags; None where there are none."""
    named = asked if asked is not None else next((name for name in TAGS if name in data), None)
    if named is not None and named not in data:
        there = ", ".join(data) or "none"
        raise ForeignError(f"{path}: has no cell data '{named}' (--tags), there are {there}")
    if named is not None:
        for one in data[named] if isinstance(data[named], list) else [data[named]]:
            if not np.array_equal(one, np.rint(one)):
                raise ForeignError(f"{path}: the cell data '{named}' are no whole numbers, say which are tags (--tags)")
        return data[named]
    whole = [name for name, values in data.items() if _whole(values)]
    if len(whole) > 1:
        raise ForeignError(f"{path}: which cell data hold the tags? Say --tags with one of {', '.join(whole)}")
    return data[whole[0]] if whole else None


def _whole(values: Any) -> bool:
    """Whether cell data are whole numbers, one per cell."""
    arrays = values if isinstance(values, list) else [values]
    return all(np.issubdtype(np.asarray(one).dtype, np.integer) and np.ndim(one) == 1 for one in arrays)
