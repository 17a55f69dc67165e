"""What a run writes, read by VTK's own readers as ParaView does: times, order of cells and points, headers, values."""

import csv
import re
from xml.etree import ElementTree

import meshio
import numpy as np
import pytest
import pyvista
from typer.testing import CliRunner
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
from vtkmodules.vtkIOXML import vtkXMLRectilinearGridReader

from mnrd.case import load
from mnrd.case.pierced import pierced
from mnrd.cli import app
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.vtk import write_rectilinear
from mnrd.results.run import open_run

CASE = """
title = "one needle far from the middle, nearer to one side in x than in y"
skin.layers = [
    { name = "stratum corneum", thickness = "15 um", cells = 3 },
    { name = "viable epidermis", thickness = "85 um", smallest = "5 um", largest = "25 um" },
    { name = "dermis", thickness = "200 um", smallest = "25 um", largest = "60 um" },
]
array = { pattern = "positions", positions = [["60 um", "140 um"]], size = ["300 um", "200 um"] }
channel = { shape = "cylinder", width = "60 um", depth = "80 um" }
mesh = { smallest = "15 um", largest = "40 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
donor = {}
run = { end = "30 min", every = "10 min", backend = "numpy" }
output = { fields_at = ["1 min", "10 min", "30 min"], double = true }
"""
TIMES = (60.0, 600.0, 1800.0)
LABEL = "caffeine [mg/mL]"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("paraview")
    (place / "one.toml").write_text(CASE)
    done = CliRunner().invoke(app, ["run", str(place / "one.toml"), "--out", str(place / "run"), "--quiet"])
    assert done.exit_code == 0, done.output
    return place / "run"


def opened(path):
    reader = vtkXMLRectilinearGridReader()
    reader.SetFileName(str(path))
    assert reader.CanReadFile(str(path))
    reader.Update()
    assert reader.GetErrorCode() == 0
    return reader


@pytest.fixture(scope="module")
def grid(run):
    return opened(run / "fields" / "0002.vtr").GetOutput()


def test_the_collection_names_physical_times_and_files_that_are_there(run):
    entries = [entry.attrib for entry in ElementTree.parse(run / "fields.pvd").getroot().iter("DataSet")]
    assert [float(entry["timestep"]) for entry in entries] == list(TIMES)
    assert [(run / entry["file"]).is_file() for entry in entries] == [True] * 3
    reader = pyvista.PVDReader(run / "fields.pvd")
    assert tuple(reader.time_values) == TIMES
    reader.set_active_time_value(600.0)
    (block,) = reader.read()
    assert float(block.field_data["TimeValue"][0]) == 600.0


@pytest.mark.parametrize(("number", "time"), list(enumerate(TIMES)))
def test_every_file_says_its_time_itself(run, number, time):
    reader = opened(run / "fields" / f"{number:04d}.vtr")
    reader.UpdateInformation()
    assert reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS()) == (time,)


def test_points_are_the_edges_of_the_mesh_x_fastest(run, grid):
    mesh = load(run / "case.toml").full_mesh()
    nz, ny, nx = mesh.shape
    assert grid.GetDimensions() == (nx + 1, ny + 1, nz + 1)
    assert len({nx, ny, nz}) == 3
    for number in (0, 1, nx + 1, (nx + 1) * (ny + 1), grid.GetNumberOfPoints() - 1):
        k, rest = divmod(number, (nx + 1) * (ny + 1))
        j, i = divmod(rest, nx + 1)
        assert grid.GetPoint(number) == (mesh.x[i], mesh.y[j], mesh.z[k])


def at(grid, label, *place):
    """Value in the cell that VTK finds at a point of space."""
    found = pyvista.wrap(grid).find_containing_cell(place)
    assert found >= 0
    return grid.GetCellData().GetArray(label).GetTuple1(found)


def test_the_channel_is_where_the_case_puts_it(grid):
    """And not where it would be with x and y, or up and down, in place of each other."""
    assert at(grid, "channel fraction", 60.0, 140.0, 40.0) == 1.0
    for place in [(140.0, 60.0, 40.0), (240.0, 140.0, 40.0), (60.0, 60.0, 40.0), (60.0, 140.0, 260.0)]:
        assert at(grid, "channel fraction", *place) == 0.0
    names = grid.GetFieldData().GetAbstractArray("materials")
    name_at = [names.GetValue(int(at(grid, "material", 200.0, 50.0, depth))) for depth in (5.0, 60.0, 250.0)]
    assert name_at == ["stratum corneum", "viable epidermis", "dermis"]
    assert names.GetValue(int(at(grid, "material", 60.0, 140.0, 40.0))) == "channel"


def test_every_cell_has_the_share_of_channel_that_was_painted(run, grid):
    what = pierced(load(run / "case.toml"))
    share = pyvista.wrap(grid).cell_data["channel fraction"].reshape(what.mesh.shape)
    np.testing.assert_allclose(share, what.share(slice(None)), atol=1e-6)


def test_values_and_volumes_add_up_to_the_tables(run, grid):
    """The amounts per layer in layers.csv, worked out anew from what a reader sees."""
    wrapped = pyvista.wrap(grid)
    volumes = wrapped.compute_cell_sizes()["Volume"]
    total = (wrapped.cell_data[LABEL] * volumes).sum() / (300.0 * 200.0) * 0.1  # mg/mL um to ug/cm2
    with (run / "layers.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if float(row["time [s]"]) == TIMES[-1]]
    assert {row["amount unit"] for row in rows} == {"ug/cm^2"}
    assert total == pytest.approx(sum(float(row["amount"]) for row in rows), rel=1e-8)


def test_at_first_there_is_more_near_the_channel_than_far_from_it(run):
    early = opened(run / "fields" / "0000.vtr").GetOutput()
    label = "caffeine activity [mg/mL]"
    near, far, deep = (at(early, label, *place) for place in [(60, 100, 60), (280, 10, 60), (280, 10, 280)])
    assert near > 2.0 * far > 2.0 * deep


def test_headers_are_of_64_bits_and_numbers_are_compressed(run):
    for path in sorted((run / "fields").glob("*.vtr")):
        text = path.read_bytes()
        head = re.search(rb"<VTKFile[^>]*>", text)[0].decode()
        assert 'header_type="UInt64"' in head
        assert 'compressor="vtkZLibDataCompressor"' in head
        assert b'<AppendedData encoding="raw">' in text
        assert set(re.findall(rb'format="(\w+)"', text)) == {b"appended"}


def test_compression_makes_a_file_smaller(tmp_path):
    edges = np.arange(41.0)
    mesh = Mesh(edges, edges, edges)
    smooth = np.zeros(mesh.shape) + mesh.zc[:, None, None]
    write_rectilinear(tmp_path / "a.vtr", mesh, {"smooth": smooth}, time=0.0)
    assert (tmp_path / "a.vtr").stat().st_size < smooth.nbytes / 20
    read = pyvista.read(tmp_path / "a.vtr")
    np.testing.assert_array_equal(read["smooth"], smooth.ravel())


# --- the same as hexahedra ------------------------------------------------------------------------------------------


def export(*arguments):
    return CliRunner().invoke(app, ["mesh", "export", *map(str, arguments)])


@pytest.mark.parametrize("suffix", ["vtu", "xdmf", "msh"])
def test_a_run_is_exported_with_its_fields_at_a_time(run, tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    done = export(run, path, "--time", "10 min", "--field", "caffeine", "--field", "channel fraction", "--unit", "mm")
    assert done.exit_code == 0, done.output
    assert "10 min" in done.stdout
    then = open_run(run).snapshot(600.0)
    read = meshio.read(path)
    np.testing.assert_allclose(read.cell_data[LABEL][0].ravel(), then.values("caffeine").ravel(), rtol=1e-12)
    centres = read.points[read.cells[0].data].mean(axis=1)
    holes = np.ravel(read.cell_data["channel fraction"][0]) == 1.0
    np.testing.assert_allclose(1e3 * centres[holes][:, :2].mean(axis=0), [60.0, 140.0], atol=5.0)
    extra = {"gmsh:physical", "gmsh:geometrical"} if suffix == "msh" else {"material"}
    assert set(read.cell_data) == {LABEL, "channel fraction"} | extra


def test_all_fields_and_the_last_time_if_nothing_is_said(run, tmp_path):
    assert export(run, tmp_path / "run.vtu").exit_code == 0
    grid = pyvista.read(tmp_path / "run.vtu")
    assert {LABEL, "caffeine activity [mg/mL]", "channel fraction", "material"} == set(grid.cell_data)
    assert float(grid.field_data["TimeValue"][0]) == 1800.0


def test_what_is_not_in_the_run_is_said_with_what_is(run, tmp_path):
    done = export(run, tmp_path / "a.vtu", "--time", "2 h")
    assert done.exit_code == 2
    assert "no fields at 2 h, must be one of 1 min, 10 min, 30 min" in done.stderr
    done = export(run, tmp_path / "a.vtu", "--time", "2")
    assert done.stderr.startswith("--time: got 2, has the wrong dimension")
    done = export(run, tmp_path / "a.vtu", "--field", "cafeine")
    assert done.exit_code == 2
    assert "no quantity 'cafeine', did you mean 'caffeine'?" in done.stderr
    assert not list(tmp_path.iterdir())
