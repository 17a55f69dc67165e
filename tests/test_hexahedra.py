"""The mesh as hexahedra for other programs: each cell's corners, centre, material and value, read back by others."""

from pathlib import Path
from types import SimpleNamespace

import meshio
import numpy as np
import pytest
import pyvista
from typer.testing import CliRunner

from mnrd.cli import app
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.hexahedra import FORMATS, LENGTH_UNIT, Hexahedra, corners, points, write_hexahedra

MESH = Mesh(np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 5.0, 9.0]), np.array([0.0, 1.0, 2.5, 4.0, 8.0]))
K, J, I = np.meshgrid(*(np.arange(count) for count in MESH.shape), indexing="ij")  # noqa: E741 the name of the field
VALUE = (100 * K + 10 * J + I).astype(np.float32)
MATERIAL = ((I + 2 * J + K) % 3).astype(np.uint8)
MATERIALS = ("stratum corneum", "viable epidermis", "channel")
LABEL = "ascorbic acid [mg/mL]"
WHAT = Hexahedra(MESH, MATERIALS, MATERIAL, {LABEL: VALUE}, unit="mm", time=90.0)
CENTRES = 1e-3 * np.stack((MESH.xc[I], MESH.yc[J], MESH.zc[K]), axis=-1).reshape(-1, 3)
VOLUMES = 1e-9 * MESH.volume.ravel()


@pytest.fixture(scope="module", params=FORMATS)
def written(request, tmp_path_factory):
    """A file of every format; its name has a dot."""
    path = tmp_path_factory.mktemp("hexahedra") / f"a.b{request.param}"
    write_hexahedra(path, WHAT)
    return path


def test_every_cell_is_where_it_was_with_its_value_for_meshio(written):
    read = meshio.read(written)
    (block,) = read.cells
    assert block.type == "hexahedron"
    np.testing.assert_allclose(read.points[block.data].mean(axis=1), CENTRES, rtol=1e-12)
    np.testing.assert_array_equal(read.cell_data[LABEL][0].ravel(), VALUE.ravel())
    first = {".msh": 1}.get(written.suffix, 0)
    name = {".msh": "gmsh:physical"}.get(written.suffix, "material")
    np.testing.assert_array_equal(read.cell_data[name][0].ravel(), MATERIAL.ravel() + first)
    numbers = {material: int(np.ravel(read.field_data[material])[0]) for material in MATERIALS}
    assert numbers == {material: number + first for number, material in enumerate(MATERIALS)}


def read_by_vtk(path):
    """A grid of pyvista; of .xdmf by VTK's own reader, because pyvista wants times in it that meshio does not read."""
    if path.suffix != ".xdmf":
        return pyvista.read(path)
    from vtkmodules.vtkIOXdmf2 import vtkXdmfReader

    reader = vtkXdmfReader()
    reader.SetFileName(str(path))
    reader.Update()
    return pyvista.wrap(reader.GetOutputDataObject(0))


def test_every_cell_is_a_hexahedron_of_positive_volume_for_vtk(written):
    grid = read_by_vtk(written)
    assert set(grid.celltypes) == {pyvista.CellType.HEXAHEDRON}
    np.testing.assert_allclose(grid.cell_centers().points, CENTRES, rtol=1e-6)
    np.testing.assert_allclose(grid.compute_cell_sizes()["Volume"], VOLUMES, rtol=1e-6)
    np.testing.assert_array_equal(grid.cell_data[LABEL], VALUE.ravel())


def test_a_value_is_found_at_a_point_of_space(written):
    """A point in the cell (i, j, k) = (1, 2, 3), whose indices all differ."""
    grid = read_by_vtk(written)
    assert grid.cell_data[LABEL][grid.find_containing_cell(1e-3 * np.array([2.0, 6.0, 7.0]))] == 321.0


def test_the_unit_is_in_the_file(written):
    if written.suffix == ".vtu":
        grid = pyvista.read(written)
        assert float(grid.field_data[LENGTH_UNIT][0]) == pytest.approx(1e-3, rel=1e-14)
        assert float(grid.field_data["TimeValue"][0]) == 90.0
    else:
        assert b"lengths in mm, z downwards" in written.read_bytes()
        assert b"90.0" in written.read_bytes()


def test_large_files_can_be_read_and_are_compressed(tmp_path):
    write_hexahedra(tmp_path / "a.vtu", WHAT)
    head = (tmp_path / "a.vtu").read_bytes()[:400]
    assert b'header_type="UInt64"' in head
    assert b'compressor="vtkZLibDataCompressor"' in head


def test_neighbours_share_points_and_faces():
    cells = corners(MESH)
    assert cells.dtype == np.int32
    assert len(points(MESH)) == 3 * 4 * 5
    assert np.unique(cells).size == len(points(MESH))
    assert set(cells[0]) & set(cells[1]) == set(cells[0][[1, 2, 5, 6]])  # the face at higher x of the first
    assert cells[0].tolist() == [0, 1, 4, 3, 12, 13, 16, 15]


def test_a_disk_without_room_is_said_before_hdf5_meets_it(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda place: SimpleNamespace(free=1000))
    with pytest.raises(OSError, match=r"No space left on device: up to 0\.\d+ MB are needed: '.*a\.xdmf'"):
        write_hexahedra(tmp_path / "a.xdmf", WHAT)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_suffix_is_refused_with_the_list(tmp_path):
    with pytest.raises(ValueError, match=r"a\.stl: got the suffix '\.stl', must be one of \.vtu, \.xdmf, \.msh"):
        write_hexahedra(tmp_path / "a.stl", WHAT)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_write_that_fails_leaves_what_was_there(suffix, tmp_path, monkeypatch):
    path = tmp_path / f"a{suffix}"
    write_hexahedra(path, WHAT)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_hexahedra(path, WHAT)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


# --- the command ----------------------------------------------------------------------------------------------------


def export(*arguments):
    return CliRunner().invoke(app, ["mesh", "export", *map(str, arguments)])


def test_a_case_before_its_run(tmp_path):
    done = export("silicon-calcein", tmp_path / "cell.vtu", "--unit", "mm")
    assert done.exit_code == 0, done.output
    assert "z points down from the skin surface" in done.stdout
    assert "before the run" in done.stdout
    grid = pyvista.read(tmp_path / "cell.vtu")
    fractions = [grid[f"fraction of {name}"] for name in MATERIALS]
    np.testing.assert_allclose(np.sum(fractions, axis=0), 1.0, atol=1e-6)
    volumes = grid.compute_cell_sizes()["Volume"]
    pore = np.pi / 4 * 0.010**2 * 0.015  # mm3: a quarter of a cylinder of 10 um radius and 15 um depth
    assert (grid["fraction of channel"] * volumes).sum() == pytest.approx(pore, rel=1e-3)
    assert volumes.sum() == pytest.approx(0.075**3, rel=1e-6)


def test_only_some_arrays(tmp_path):
    export("silicon-calcein", tmp_path / "cell.msh", "--field", "fraction of channel")
    assert set(meshio.read(tmp_path / "cell.msh").cell_data) == {
        "fraction of channel", "gmsh:physical", "gmsh:geometrical"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["a.foo"], "a.foo: got the suffix '.foo', must be .vtu or .xdmf or .msh"),
        (["a.vtu", "--unit", "h"], "--unit: got h, must be a unit of length such as um, mm or m"),
        (["a.vtu", "--time", "2 h"], "--time: silicon-calcein is a case, which has no times; name the folder of its"),
        (["a.vtu", "--field", "fraction of chanel"], "--field: got 'fraction of chanel', did you mean 'fraction of ch"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(options, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = export("silicon-calcein", *options)
    assert done.exit_code == 2
    assert done.stderr.startswith(line)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(tmp_path):
    done = export("silicon-calcein", tmp_path / "no" / "a.vtu")
    assert done.exit_code == 5
    assert f"a.vtu: there is no folder {tmp_path / 'no'}; make it or name another file" in done.stderr


def test_a_file_is_not_overwritten_without_being_asked(tmp_path):
    path = tmp_path / "a.xdmf"
    path.write_text("mine")
    done = export("silicon-calcein", path)
    assert (done.exit_code, path.read_text()) == (5, "mine")
    assert "is there already; name another file, or say --overwrite" in done.stderr
    assert export("silicon-calcein", path, "--overwrite").exit_code == 0
    assert meshio.read(path).cells[0].type == "hexahedron"
