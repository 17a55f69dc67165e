"""Meshes from elsewhere: axes, kinds of cells, files, volumes, grading, and everything that can be wrong with them."""

from dataclasses import replace

import meshio
import numpy as np
import pytest
import pyvista
from blocks import INTERFACES, NAMES, SIZE, block, expected, second_order, turned
from scipy.spatial import Delaunay

from mnrd.foreign.boundary import boundary_of
from mnrd.foreign.columns import bands
from mnrd.foreign.frame import UPS
from mnrd.foreign.grid import Sizes
from mnrd.foreign.importing import Wish, import_mesh
from mnrd.foreign.reading import ForeignError
from mnrd.foreign.source import Block, Cells, Tag
from mnrd.mesh.rectilinear import Mesh

TABLE = {str(number): name for number, name in NAMES.items()}
TETRA_EDGES = [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)]


def save(path, points, kind, corners, tags):
    """A mesh file with tags as whatever the format calls them."""
    name = {".msh": "gmsh:physical", ".med": "cell_tags"}.get(path.suffix, "material")
    data = {name: [np.asarray(tags)]}
    if path.suffix == ".msh":
        data["gmsh:geometrical"] = data[name]
    form = {"file_format": "gmsh22"} if path.suffix == ".msh" else {}
    meshio.write(path, meshio.Mesh(points, [(kind, corners)], cell_data=data), **form)
    return path


def tags_of(imported):
    """The tag of every cell; fails where a cell is of several materials."""
    fractions = imported.painting.fractions
    assert set(np.unique(fractions)) == {0, 255}
    numbers = np.array([number for name in imported.painting.materials for number in NAMES if NAMES[number] == name])
    return numbers[fractions.argmax(axis=0)]


def check(imported):
    """The block is what it is: every cell of the right material, and no volume lost."""
    assert np.array_equal(tags_of(imported), expected(imported.mesh))
    for edges, own in zip((imported.mesh.x, imported.mesh.y, imported.mesh.z), INTERFACES, strict=True):
        assert abs(edges[:, None] - np.array(own)).min(axis=0).max() < 1e-9  # an edge at each interface
    volumes = {"stratum corneum": 24000.0, "viable epidermis": 44000.0, "papillary dermis": 4000.0}
    assert imported.before == pytest.approx(volumes, rel=1e-12)
    assert imported.after == pytest.approx(volumes, rel=1e-12)
    assert imported.painting.materials == ("stratum corneum", "papillary dermis", "viable epidermis")


@pytest.mark.parametrize("up", UPS)
def test_whatever_axis_is_out_of_the_skin_x_and_y_follow_in_turn(up, tmp_path):
    points, corners, tags = block()
    file = save(tmp_path / "block.vtu", turned(points, up), "hexahedron", corners, tags)
    check(import_mesh([file], Wish(TABLE, "um", up)))


@pytest.mark.parametrize("kind", ["tetra", "wedge", "pyramid"])
def test_all_kinds_of_cells_give_the_same(kind, tmp_path):
    check(import_mesh([save(tmp_path / "block.vtk", *_as(kind))], Wish(TABLE, "um", "-z")))


def _as(kind):
    points, corners, tags = block(kind)
    return points, kind, corners, tags


def test_cells_of_second_order_count_by_their_corners(tmp_path):
    points, corners, tags = block("tetra")
    points, corners = second_order(points, corners, TETRA_EDGES)
    check(import_mesh([save(tmp_path / "block.msh", points, "tetra10", corners, tags)], Wish(TABLE, "um", "-z")))


@pytest.mark.parametrize("suffix", [".msh", ".xdmf", ".med", ".vtu", ".inp", ".mesh"])
def test_formats_and_units(suffix, tmp_path):
    points, corners, tags = block("tetra")
    if suffix == ".inp":  # Abaqus has sets with names in place of tags
        sets = {NAMES[number]: [np.flatnonzero(tags == number)] for number in NAMES}
        meshio.write(tmp_path / "block.inp", meshio.Mesh(points / 1000.0, [("tetra", corners)], cell_sets=sets))
        check(import_mesh([tmp_path / "block.inp"], Wish({}, "mm", "-z")))
        return
    if suffix == ".mesh":
        mesh = meshio.Mesh(points / 1000.0, [("tetra", corners)], cell_data={"medit:ref": [tags]})
        meshio.write(tmp_path / "block.mesh", mesh)
    else:
        save(tmp_path / f"block{suffix}", points / 1000.0, "tetra", corners, tags)
    check(import_mesh([tmp_path / f"block{suffix}"], Wish(TABLE, "mm", "-z")))


def test_sizes_that_are_asked_for(tmp_path):
    file = save(tmp_path / "block.vtk", *_as("tetra"))
    coarse = import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(smallest=5.0, largest=20.0, growth=4.0)))
    check(coarse)
    for edges in (coarse.mesh.x, coarse.mesh.y, coarse.mesh.z):
        assert np.diff(edges).min() > 2.5
    fine = import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(largest=1.0)))
    check(fine)
    assert max(np.diff(edges).max() for edges in (fine.mesh.x, fine.mesh.y, fine.mesh.z)) <= 1.0 + 1e-9
    few = import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(cells=100)))
    check(few)
    assert few.mesh.cells <= 100
    assert few.raised > 1.0
    with pytest.raises(ForeignError, match=r"--cells: got 11, must be >= 18 for edges at flat interfaces"):
        import_mesh([file], Wish(TABLE, "um", "-z", sizes=Sizes(cells=11)))


def test_two_files_of_one_skin(tmp_path):
    points, corners, tags = block("tetra")
    files = []
    for number in NAMES:
        mine = corners[tags == number]
        files.append(save(tmp_path / f"part{number}.vtu", points, "tetra", mine, np.full(len(mine), number)))
    check(import_mesh(files, Wish(TABLE, "um", "-z")))


def test_voxels_of_vtk_count_their_corners_row_by_row(tmp_path):
    points, corners, tags = block()
    grid = pyvista.UnstructuredGrid({pyvista.CellType.VOXEL: corners[:, [0, 1, 3, 2, 4, 5, 7, 6]]}, points)
    grid.cell_data["material"] = tags
    grid.save(tmp_path / "voxels.vtu")
    check(import_mesh([tmp_path / "voxels.vtu"], Wish(TABLE, "um", "-z")))


@pytest.mark.parametrize("suffix", [".stl", ".obj", ".ply"])
def test_closed_surfaces_hold_one_material_each(suffix, tmp_path):
    points, corners, tags = block()
    grid = pyvista.UnstructuredGrid({pyvista.CellType.HEXAHEDRON: corners}, points)
    files, table = [], {}
    for number, name in NAMES.items():
        surface = grid.extract_cells(tags == number).extract_surface(algorithm="dataset_surface").triangulate()
        files.append(tmp_path / f"{name.split()[0]}{suffix}")
        meshio.write(files[-1], meshio.Mesh(surface.points, [("triangle", surface.regular_faces)]))
        table[files[-1].stem] = name
    check(import_mesh(files, Wish(table, "um", "-z")))


def test_lines_never_slip_through_however_the_cells_lie():
    """A box of random tetrahedra with corners on the very lines that are looked along: every cell is exactly full."""
    random = np.random.default_rng(1)
    frame = np.stack(np.meshgrid(*[np.linspace(0.0, 1.0, 4)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.unique(np.concatenate([frame, (2 * random.integers(0, 32, (400, 3)) + 1) / 64]), axis=0)
    corners = Delaunay(points).simplices.astype(np.int64)
    a, b, c, d = (points[corners[:, corner]] for corner in range(4))
    back = np.einsum("ij,ij->i", b - a, np.cross(c - a, d - a)) < 0.0
    corners[back] = corners[back][:, [1, 0, 2, 3]]
    cells = Cells(points, (Block("tetra", corners, random.integers(0, 3, len(corners))),), (Tag(0), Tag(1), Tag(2)))
    boundary = boundary_of(cells, points, np.arange(3))
    numbers = random.permutation(len(boundary.points))  # whatever their order
    boundary = replace(boundary, points=boundary.points[np.argsort(numbers)], triangles=numbers[boundary.triangles])
    edges = np.linspace(0.0, 1.0, 5)
    mesh = Mesh(edges, edges, edges)  # lines at (2 i + 1) / 64
    (band,) = bands(boundary, mesh, 3)
    assert abs(band.shares.sum(axis=0) - 1.0).max() < 1e-12
    assert band.shares.min() > -1e-12
    assert (band.shares * mesh.volume).sum(axis=(1, 2, 3)) == pytest.approx(boundary.volumes, abs=0.01)
    assert boundary.volumes.sum() == pytest.approx(1.0, rel=1e-12)


def test_faces_that_are_not_plane_are_cut_alike_in_both_cells():
    """Hexahedra with bent faces leave no gap and do not overlap."""
    random = np.random.default_rng(2)
    points, corners, tags = block()
    inside = ((points > 0.0) & (points < np.array(SIZE))).all(axis=1)
    bent = points + random.uniform(-3.0, 3.0, points.shape) * inside[:, None]
    cells = Cells(bent, (Block("hexahedron", corners, tags - 1),), (Tag(1), Tag(2), Tag(3)))
    boundary = boundary_of(cells, bent, np.arange(3))
    assert boundary.volumes.sum() == pytest.approx(np.prod(SIZE), rel=1e-12)
    mesh = Mesh(*(np.linspace(0.0, size, 8) for size in SIZE))
    (band,) = bands(boundary, mesh, 3)
    assert abs(band.shares.sum(axis=0) - 1.0).max() < 1e-12
    assert (band.shares * mesh.volume).sum(axis=(1, 2, 3)) == pytest.approx(boundary.volumes, rel=0.01)
