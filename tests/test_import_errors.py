"""What can be wrong with a mesh from elsewhere, message by message; and `mnrd mesh import` on the command line."""

import hashlib
import re

import meshio
import numpy as np
import pytest
import pyvista
from blocks import block
from test_import import TABLE, save
from typer.testing import CliRunner

from mnrd.cli.app import app
from mnrd.foreign.importing import Wish, import_mesh
from mnrd.foreign.reading import ForeignError
from mnrd.output.ending import Ending


@pytest.fixture
def whole(tmp_path):
    """The block in tetrahedra."""
    points, corners, tags = block("tetra")
    return save(tmp_path / "block.vtu", points, "tetra", corners, tags)


def refused(files, wish, text):
    with pytest.raises(ForeignError, match=text):
        import_mesh(files if isinstance(files, list) else [files], wish)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (Wish(TABLE), r"--unit: is missing, the file does not say its unit of length; such as --unit mm"),
        (Wish(TABLE, "parsek"), r"--unit: got parsek, has an unknown unit \(parsek\), write it such as '1 mm'"),
        (Wish(TABLE, "s"), r"--unit: got s, has the wrong dimension \(second\)"),
        (
            Wish({"1": "dermis"}, "um"),
            r"tags without a material: 2 \(66 cells\), 3 \(6 cells\); give --map TAG=MATERIAL",
        ),
        (Wish({**TABLE, "7": "dermis"}, "um"), r"--map 7=dermis: there is no such tag, there are 1, 2, 3"),
        (Wish({**TABLE, "3": "needle"}, "um"), r"material 'needle': is not of the skin, must be a layer or channel"),
        (Wish({**TABLE, "3": "scratum"}, "um"), r"material 'scratum': did you mean 'stratum corneum'\?"),
        (
            Wish({**TABLE, "3": "chanel"}, "um"),
            r"material 'chanel': did you mean 'channel'\? Known are stratum corneum, ",
        ),
        (Wish(TABLE, "um", fill="nothing"), r"material 'nothing': is not of the skin, must be a layer or channel"),
        (Wish(TABLE, "um", fill="chanel"), r"material 'chanel': did you mean 'channel'\?"),
        (Wish(dict.fromkeys(TABLE, "nothing"), "um"), "every tag is left out; give at least one a material"),
        (Wish(TABLE, "um", tags="regions"), r"has no cell data 'regions' \(--tags\), there are material"),
        (Wish(TABLE, "um", spacing=(1.0, 1.0, 1.0)), r"--spacing: is for images, block.vtu is a mesh"),
        (
            Wish({**TABLE, "3": "nothing"}, "um", "-z"),
            r"nothing fills 5.56% of the box \(x 0 to 20, y 20 to 40, depth 10 to 20 um\): give --fill MATERIAL",
        ),
    ],
)
def test_what_is_missing_or_misspelt(wish, text, whole):
    refused(whole, wish, text)


def test_what_is_left_out_can_be_filled(whole):
    found = import_mesh([whole], Wish({**TABLE, "3": "nothing"}, "um", "-z", fill="channel"))
    assert found.before["channel"] == pytest.approx(4000.0)
    assert found.after["channel"] == pytest.approx(4000.0)
    assert found.tags["channel"] == ()


def test_cells_that_are_inside_out_or_flat(tmp_path):
    points, corners, tags = block("tetra")
    corners[5] = corners[5][[1, 0, 2, 3]]
    file = save(tmp_path / "block.vtu", points, "tetra", corners, tags)
    refused(
        file,
        Wish(TABLE, "um", "-z"),
        r"1 of 108 cells \(tetra\) are inside out, must be none: .* depth in um: 15, 30, 22.5",
    )
    points, corners, tags = block("tetra")
    file = save(tmp_path / "flat.vtu", points, "tetra", np.vstack([corners, [0, 1, 4, 5]]), np.append(tags, 2))
    found = import_mesh([file], Wish(TABLE, "um", "-z"))
    assert found.flat == 1
    assert found.after == pytest.approx(found.before)


def test_parts_that_overlap_and_files_that_do_not_fit(tmp_path, whole):
    points, corners, tags = block("tetra")
    again = save(tmp_path / "again.vtu", points + np.array([0.0, 0.0, 1.0]), "tetra", corners, tags)
    refused([whole, again], Wish(TABLE, "um", "-z"), r"parts overlap in 93.55% of the box, must be none")
    ball = tmp_path / "ball.stl"
    pyvista.Sphere().save(ball)
    refused([whole, ball], Wish(TABLE, "um"), "some files are surfaces and some are volume meshes")


@pytest.mark.parametrize(("again", "faces"), [([0], 4), ([0, 1, 7], 12), (range(108), 258)])
@pytest.mark.parametrize("tag", [1, 3])
def test_cells_that_are_there_twice(again, faces, tag, tmp_path):
    """Of one material or of two: their faces would cancel each other and leave a hole."""
    points, corners, tags = block("tetra")
    twice = np.vstack([corners, corners[again]]), np.append(tags, np.full(len(again), tag))
    file = save(tmp_path / "block.vtu", points, "tetra", *twice)
    text = rf"{faces} faces are of cells that overlap, must be none: are cells there twice, .* in um: \d"
    refused(file, Wish(TABLE, "um", "-z", fill="channel"), text)


@pytest.mark.parametrize("place", [np.nan, -np.inf])
def test_corners_that_are_nowhere(place, tmp_path):
    points, corners, tags = block("tetra")
    points[7, 1] = place
    file = save(tmp_path / "block.vtu", points, "tetra", corners, tags)
    refused(file, Wish(TABLE, "um", "-z"), r"1 corners of cells are at no place \(nan or inf\), must be none")


def test_what_is_flat_altogether(tmp_path):
    points, corners, tags = block("tetra")
    points[:, 2] = 0.0
    cells = save(tmp_path / "cells.vtu", points, "tetra", corners, tags)
    surface = tmp_path / "surface.vtu"
    meshio.write(surface, meshio.Mesh(points, [("triangle", [[0, 3, 12], [0, 12, 3]])]))
    for file, table in ((cells, TABLE), (surface, {"surface": "dermis"})):
        refused(file, Wish(table, "um"), "all cells or surfaces are flat, at least one must have a volume")


def test_tags_that_are_no_whole_numbers(tmp_path):
    """Cut to whole ones, two parts would be one."""
    points, corners, tags = block()
    file = save(tmp_path / "block.vtu", points, "hexahedron", corners, tags + 0.5)
    refused(file, Wish(TABLE, "um", "-z"), "block.vtu: the cell data 'material' are no whole numbers, say which are")
    file = save(tmp_path / "whole.vtu", points, "hexahedron", corners, tags.astype(float))
    assert import_mesh([file], Wish(TABLE, "um", "-z")).painting.materials[0] == "stratum corneum"


def test_a_small_part_within_another_is_said_to_overlap(tmp_path):
    """Too small to be an error: 0.05 % of the box, which both have half of."""
    pyvista.Box((0, 1, 0, 1, 0, 1)).triangulate().save(tmp_path / "dermis.stl")
    pyvista.Sphere(radius=0.05, center=(0.5, 0.5, 0.5)).save(tmp_path / "channel.stl")
    done = call(tmp_path / "dermis.stl", tmp_path / "channel.stl", "--unit", "mm", "--out", tmp_path / "skin.vtr")
    assert done.exit_code == 0, done.output
    said = re.search(r"channel: the volume is -(\d+)\.\d+% off; parts overlap in 0\.05% of the box, cut", done.output)
    assert said is not None, done.output
    assert 40 < int(said[1]) < 60


def test_surfaces_that_are_not_closed(tmp_path):
    box = pyvista.Box((0, 1, 0, 2, 0, 3)).triangulate()
    faces = box.regular_faces
    open_box = tmp_path / "open.ply"
    meshio.write(open_box, meshio.Mesh(box.points, [("triangle", faces[1:])]))
    refused(
        open_box, Wish({"open": "dermis"}, "um"), r"the surface is not closed: 3 of 18 edges are open, must be none"
    )
    turned = tmp_path / "turned.ply"
    meshio.write(turned, meshio.Mesh(box.points, [("triangle", np.vstack([faces[:1, ::-1], faces[1:]]))]))
    refused(turned, Wish({"turned": "dermis"}, "um"), r"3 of 18 edges are between faces that look to different sides")


def test_files_that_are_none(tmp_path):
    refused(tmp_path / "no.msh", Wish(), "no.msh: there is no such file")
    (tmp_path / "bad.msh").write_text("nothing")
    refused(tmp_path / "bad.msh", Wish(), "bad.msh: cannot be read as a mesh")
    meshio.write(tmp_path / "line.vtk", meshio.Mesh([[0, 0, 0], [1, 0, 0]], [("line", [[0, 1]])]))
    refused(tmp_path / "line.vtk", Wish(), "holds no cells of a volume and no closed surface")
    grid = pyvista.UnstructuredGrid({pyvista.CellType.TETRA: block("tetra")[1]}, block("tetra")[0])
    grid.cell_data["one"], grid.cell_data["two"] = block("tetra")[2], block("tetra")[2]
    grid.save(tmp_path / "two.vtu")
    refused(tmp_path / "two.vtu", Wish(TABLE, "um"), "which cell data hold the tags. Say --tags with one of one, two")


# --- the command ----------------------------------------------------------------------------------------------------


def call(*arguments):
    return CliRunner().invoke(app, ["mesh", "import", *map(str, arguments)])


def test_the_command_writes_a_file_and_says_what_became_of_the_volumes(tmp_path, whole):
    table, out = tmp_path / "table.toml", tmp_path / "skin.vtr"
    table.write_text("[materials]\n1 = 'stratum corneum'\n2 = 'viable epidermis'\n")
    arguments = (whole, "--table", table, "--map", "3=papillary dermis", "--unit", "um", "--up", "-z", "--out", out)
    done = call(*arguments)
    assert done.exit_code == 0, done.output
    for words in ("x, y and depth are x, y and +z of the file", "+0.000%", "4e-06", "+z of the file; 12,880 cells"):
        assert words in done.output
    grid = pyvista.read(out)
    assert list(grid.field_data["materials"]) == ["stratum corneum", "papillary dermis", "viable epidermis"]
    digest = hashlib.sha256(whole.read_bytes()).hexdigest()
    assert list(grid.field_data["source"]) == [f"block.vtu sha256 {digest}"]
    assert "unit = um" in list(grid.field_data["options"])
    sums = sum(grid.cell_data[name].astype(int) for name in grid.field_data["materials"])
    assert (sums == 255).all()
    assert "is --up right?" not in done.output
    before = out.read_bytes()
    again = call(*arguments)
    assert again.exit_code == Ending.OUTPUT_FAILURE
    assert "is there already; name another file, or say --overwrite" in again.output
    assert call(*arguments, "--overwrite").exit_code == 0
    assert out.read_bytes() == before  # the same bytes from the same file


def test_skin_that_is_upside_down_is_doubted(whole, tmp_path):
    maps = [part for tag, name in TABLE.items() for part in ("--map", f"{tag}={name}")]
    done = call(whole, *maps, "--unit", "um", "--up", "+z", "--out", tmp_path / "skin.vtr")
    assert done.exit_code == 0, done.output
    assert "stratum corneum lies below viable epidermis: is --up right?" in done.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--up", "z"], "--up: got z, did you mean '-z'?"),
        (["--growth", "1"], "--growth: got 1, must be > 1"),
        (["--cells", "0"], "--cells: got 0, must be >= 1"),
        (["--smallest", "2"], "--smallest: got 2, "),
        (["--smallest", "-2 um"], "--smallest: got -2 um, must be > 0"),
        (["--smallest", "2 um", "--largest", "1 um"], "--largest: got 1 um, must be at least --smallest, 2 um"),
        (["--map", "3"], "--map 3: must be TAG=MATERIAL, such as --map 1='stratum corneum'"),
        (["--table", "gone.toml"], "--table gone.toml: cannot be read"),
        (["--out", "skin.vtu"], "skin.vtu: got the suffix '.vtu', must be .vtr"),
        ([], "--unit: is missing"),
    ],
)
def test_options_that_are_wrong(arguments, text, whole, monkeypatch):
    monkeypatch.chdir(whole.parent)
    done = call(whole, *arguments)
    assert done.exit_code == Ending.BAD_CASE
    assert text in done.output
    assert not list(whole.parent.glob("*.vtr"))


@pytest.mark.parametrize("name", ["cut.vtu", "cut.vti"])
def test_files_that_are_cut_off(tmp_path, name):
    grid = pyvista.ImageData(dimensions=(3, 3, 3))
    grid.cell_data["label"] = np.ones(8, np.uint8)
    whole = tmp_path / f"whole{name[-4:]}"
    (grid if name.endswith("vti") else grid.cast_to_unstructured_grid()).save(whole)
    (tmp_path / name).write_bytes(whole.read_bytes()[:-60])
    refused(tmp_path / name, Wish({}, "um"), rf"{name}: cannot be read as .* \(VTK finds errors in it: damaged\?\)")
