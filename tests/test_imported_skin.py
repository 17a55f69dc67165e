"""Cases on imported meshes: the same as on layers, needles on top, healing, runs that go on, sweeps, errors."""

import shutil
import tomllib
from pathlib import Path

import meshio
import numpy as np
import pytest
import tomli_w
from scipy.spatial import Delaunay
from typer.testing import CliRunner

from mnrd.case import CaseError, from_document, load
from mnrd.case.difference import differences
from mnrd.cli.app import app
from mnrd.foreign.importing import Wish, import_mesh
from mnrd.foreign.writing import write
from mnrd.mesh.paint import Painting, pierced
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.vtk import write_rectilinear
from mnrd.results.run import stored_case
from mnrd.simulation import Simulation
from mnrd.skin.imported import read, skin_of
from mnrd.sweep import plan
from mnrd.sweep.folder import open_sweep, prepare

NATIVE = """
title = "a channel through flat layers"
skin.layers = [
    { name = "stratum corneum", thickness = "15 um", cells = 6 },
    { name = "viable epidermis", thickness = "80 um", smallest = "5 um", largest = "20 um" },
    { name = "papillary dermis", thickness = "205 um", smallest = "20 um", largest = "50 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "5 um", largest = "25 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
base = { kind = "sink" }
donor = {}
run = { end = "1 h", every = "30 min", backend = "native" }
"""
DEPTHS = {"stratum corneum": 15.0, "viable epidermis": 95.0, "papillary dermis": 300.0}
PITCH = 150.0


def case_on(mesh, text=NATIVE, **changes):
    """A case with an imported mesh in place of its layers."""
    document = tomllib.loads(text)
    document["skin"] = {"mesh": str(mesh)}
    return from_document(document, "imported", changes)


def mesh_and_painting(path, *, swapped=False):
    """What is in the file of an imported mesh, or that with two layers in each other's place."""
    found = read(str(path))
    order = [1, 0, 2] if swapped else [0, 1, 2]
    return found.mesh, Painting(found.painting.materials, found.painting.fractions[order])


def store(path, mesh, painting):
    """A painting as `mnrd mesh import` would have written it."""
    arrays = dict(zip(painting.materials, painting.fractions, strict=True))
    write_rectilinear(path, mesh, arrays, time=0.0, materials=painting.materials)
    return path


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    """The layers of the native case on its own mesh."""
    problem, _ = from_document(tomllib.loads(NATIVE)).problem(without_needles=True)
    case = from_document(tomllib.loads(NATIVE))
    bare = case.scenario().scene()
    mesh = bare.mesh
    painting = problem.painting
    fractions = np.broadcast_to(painting.fractions[:, :, :1, :1], (len(painting.materials), *mesh.shape))
    layers = type(painting)(painting.materials, np.ascontiguousarray(fractions))
    return store(tmp_path_factory.mktemp("flat") / "flat.vtr", mesh, layers)


@pytest.fixture(scope="module")
def wavy(tmp_path_factory):
    """Layers with a base of the epidermis that waves, 200 x 100 x 800 um, on a coarse mesh."""
    mesh = Mesh(np.linspace(0, 200, 9), np.linspace(0, 100, 5), np.array([0, 8, 15, 30, 45, *np.linspace(60, 800, 16)]))
    x, y = np.meshgrid(mesh.xc, mesh.yc)
    base = 70.0 + 20.0 * np.cos(np.pi * x / 200.0) * np.cos(np.pi * y / 100.0)
    below = np.clip((mesh.z[1:, None, None] - base) / mesh.hz[:, None, None], 0.0, 1.0)
    corneum = np.broadcast_to((mesh.zc < 15.0)[:, None, None], mesh.shape)
    dermis = np.rint(255 * np.where(corneum, 0.0, below)).astype(np.uint8)
    epidermis = np.where(corneum, 0, 255 - dermis).astype(np.uint8)
    names = ("stratum corneum", "viable epidermis", "reticular dermis")
    arrays = dict(zip(names, (corneum * np.uint8(255), epidermis, dermis), strict=True))
    path = tmp_path_factory.mktemp("wavy") / "wavy.vtr"
    write_rectilinear(path, mesh, arrays, time=0.0, materials=names)
    return path


def test_flat_layers_give_the_very_problem_of_the_native_case(flat):
    native, imported = (case.problem()[0] for case in (from_document(tomllib.loads(NATIVE)), case_on(flat)))
    for axis in "xyz":
        assert np.array_equal(getattr(native.mesh, axis), getattr(imported.mesh, axis))
    assert native.painting.materials == imported.painting.materials
    # a cell at the rim of the channel has a share of it that is kept, whatever layers lie below
    assert np.array_equal(native.painting.fractions, imported.painting.fractions)
    for one, other in zip(native.model.fields, imported.model.fields, strict=True):
        assert (one.diffusivity, one.partition) == (other.diffusivity, other.partition)


def test_a_body_takes_its_share_of_all_layers_of_a_cell():
    def painting(names, *rows):
        return Painting(names, np.array(rows, dtype=np.uint8)[:, None, None, :])

    layers = painting(("a", "b"), [255, 128, 0, 255], [0, 127, 255, 0])
    bodies = painting(("", "channel"), [155, 155, 0, 255], [100, 100, 255, 0])
    found = pierced(layers, bodies)
    assert found.materials == ("a", "b", "channel")
    assert found.fractions[:, 0, 0].tolist() == [[155, 78, 0, 255], [0, 77, 0, 0], [100, 100, 255, 0]]


def test_the_layers_are_measured(flat, wavy):
    assert [(layer.name, round(layer.thickness, 9)) for layer in skin_of(flat).layers] == [
        ("stratum corneum", 15.0),
        ("viable epidermis", 80.0),
        ("papillary dermis", 205.0),
    ]
    skin = skin_of(wavy)
    assert [layer.thickness for layer in skin.layers] == pytest.approx([15.0, 55.0, 730.0], abs=0.5)
    assert skin.thickness == pytest.approx(800.0, rel=1e-9)


@pytest.mark.parametrize("unit", ["mm", "m"])
def test_what_is_exported_comes_back_with_its_names_and_unit(unit, flat, tmp_path):
    (tmp_path / "case.toml").write_text(f'skin.mesh = "{flat}"\n{BARE}')
    out = tmp_path / "out.vtu"
    assert run("mesh", "export", tmp_path / "case.toml", out, "--unit", unit).exit_code == 0
    imported = import_mesh([out], Wish(up="-z"))
    assert imported.painting.materials == tuple(DEPTHS)
    thickness = [volume / PITCH**2 for volume in imported.after.values()]
    assert thickness == pytest.approx([15.0, 80.0, 205.0], rel=1e-6)
    assert (imported.mesh.x[-1], imported.mesh.y[-1], imported.mesh.z[-1]) == pytest.approx((PITCH, PITCH, 300.0))


def prisms(path):
    """The native case in prisms: a cylinder of 80 um through flat layers, cut out of a quarter of its cell, in mm."""
    angles, radii = np.linspace(0.0, 0.5 * np.pi, 25), np.array([10.0, 25.0, 40.0])
    ring = [(r * np.cos(angle), r * np.sin(angle)) for r in radii for angle in angles]
    sides = np.linspace(0.0, PITCH, 11)
    rest = [(x, y) for x in sides for y in sides if np.hypot(x, y) > 50.0 or x == y == 0.0]
    plane = np.array(rest + ring)
    triangles = Delaunay(plane).simplices
    depths = np.array([0.0, 7.5, 15.0, 60.0, 95.0, 200.0, 300.0])
    points = np.concatenate([np.column_stack([plane, np.full(len(plane), -depth)]) for depth in depths]) / 1000.0
    a, b, c = (plane[triangles[:, corner]] for corner in range(3))
    solid = abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) > 1e-6
    triangles = triangles[solid]
    middles = plane[triangles].mean(axis=1)
    wedges, tags = [], []
    for level, depth in enumerate(0.5 * (depths[1:] + depths[:-1])):
        wedges.append(np.column_stack([triangles + level * len(plane), triangles + (level + 1) * len(plane)]))
        layer = 1 + int(np.searchsorted(list(DEPTHS.values()), depth))
        tags.append(np.where((np.hypot(*middles.T) < 40.0) & (depth < 60.0), 4, layer))
    meshio.write(
        path, meshio.Mesh(points, [("wedge", np.concatenate(wedges))], cell_data={"material": [np.concatenate(tags)]})
    )
    return path


def test_a_cylinder_in_prisms_lets_as_much_through_as_the_native_one(tmp_path):
    table = {str(number): name for number, name in enumerate((*DEPTHS, "channel"), 1)}
    imported = import_mesh([prisms(tmp_path / "cylinder.vtu")], Wish(table, "mm"))
    volume = 0.25 * np.pi * 40.0**2 * 60.0
    assert imported.before["channel"] == pytest.approx(volume, rel=0.005)  # 24 corners of a quarter of a circle
    for name, before in imported.before.items():
        assert imported.after[name] == pytest.approx(before, rel=0.002)
    write(imported, [], [], tmp_path / "cylinder.vtr")
    document = tomllib.loads(NATIVE)
    del document["channel"], document["array"], document["mesh"]
    document["skin"] = {"mesh": str(tmp_path / "cylinder.vtr")}
    through = []
    for one in (from_document(document), from_document(tomllib.loads(NATIVE))):
        problem, events = one.problem()
        simulation = Simulation(problem, events=events, backend="native").run(one.run.end)
        through.append(simulation.ledger("caffeine").permeated)
    assert through[0] == pytest.approx(through[1], rel=0.01)


# --- needles, healing, compared runs ----------------------------------------------------------------------------------

ON_WAVES = """
array = { pattern = "positions", positions = [["60 um", "50 um"], ["150 um", "50 um"]], size = ["200 um", "100 um"] }
channel = { shape = "cone", width = "50 um", depth = "120 um" }
actives = [{ name = "ascorbic acid", concentration = "20 % w/v" }]
donor = { pH = 3.2 }
run = { end = "2 min", every = "1 min", rtol = 0.1, backend = "native" }
"""


def test_cells_are_cut_where_needles_want_smaller_ones_and_no_volume_is_lost(wavy):
    own, (problem, _) = case_on(wavy, ON_WAVES).problem(without_needles=True)[0], case_on(wavy, ON_WAVES).problem()
    source = load_mesh(wavy)
    for axis in "xyz":
        coarse, fine = getattr(source, axis), getattr(problem.mesh, axis)
        assert abs(coarse[:, None] - fine).min(axis=1).max() < 1e-12
        assert np.diff(fine).min() < 6.0
    assert problem.mesh.cells > 5 * source.cells
    assert problem.painting.materials == ("stratum corneum", "viable epidermis", "reticular dermis", "channel")
    volume = problem.mesh.volume
    channel = (problem.painting.fraction("channel") * volume).sum()
    assert channel == pytest.approx(2 * np.pi * 25.0**2 * 120.0 / 3.0, rel=0.02)
    left = sum((problem.painting.fraction(name) * volume).sum() for name in own.painting.materials)
    assert left == pytest.approx(200.0 * 100.0 * 800.0 - channel, rel=1e-12)
    for layer in skin_of(wavy).layers:  # what is cut out of a layer is gone from it, the rest is as it was
        there = (own.painting.fraction(layer.name) * own.mesh.volume).sum()
        assert there == pytest.approx(layer.thickness * 200.0 * 100.0, rel=1e-3)


def load_mesh(path):
    return read(str(path)).mesh


def test_healing_makes_cells_whole_and_rests_where_nothing_injures(wavy):
    """With cells of two layers the skin would drift. Oxygen, at rest over flat layers, settles to the waves at once."""
    text = 'healing = { age = 45.0, sessions = [] }\nrun = { end = "2 d", rtol = 0.1, backend = "native" }'
    problem, events = case_on(wavy, text).problem()
    assert set(np.unique(problem.painting.fractions)) == {0, 255}
    simulation = Simulation(problem, events=events, backend="native")
    before = {name: simulation.concentration(name).copy() for name in problem.model.names}
    simulation.run(2 * 86400.0)
    for name, field in before.items():
        allowed = {"rel": 0.005} if name == "O" else {"rel": 1e-4, "abs": 1e-12}
        assert simulation.concentration(name) == pytest.approx(field, **allowed), name


def test_needles_injure_imported_skin(wavy):
    text = ON_WAVES + 'healing = { needle_radius = "25 um" }\nmesh = { smallest = "25 um", tip = "25 um" }\n'
    problem, events = case_on(wavy, text).problem()
    simulation = Simulation(problem, events=events, backend="native").run(60.0)
    living = [name for name in problem.painting.materials if name != "channel"]
    assert all(set(np.unique(problem.painting.fraction(name)[:, -1])) <= {0.0, 1.0} for name in living)
    clot, dermis = simulation.concentration("Pl"), problem.painting.fraction("reticular dermis") > 0.5
    assert clot[dermis].max() > 0.5
    assert clot[problem.painting.fraction("viable epidermis") == 1.0].max() < 0.05
    assert simulation.ledger("ascorbic_acid").cells > 0.0


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def finished(wavy, tmp_path_factory):
    """A run with needles on a copy of the mesh, which has been removed after it."""
    place = tmp_path_factory.mktemp("run")
    shutil.copy(wavy, place / "skin.vtr")
    text = f'skin.mesh = "skin.vtr"\n{ON_WAVES}mesh = {{ smallest = "25 um", tip = "25 um" }}\n'
    (place / "case.toml").write_text(text)
    shown = run("show", place / "case.toml")
    assert shown.exit_code == 0, shown.output
    assert "sha256" in shown.output
    dry = run("run", place / "case.toml", "--dry-run", "--out", place / "out")
    assert dry.exit_code == 0, dry.output
    done = run("run", place / "case.toml", "--out", place / "out", "--quiet")
    assert done.exit_code == 0, done.output
    (place / "skin.vtr").unlink()
    return place / "out"


def test_a_run_directory_holds_its_mesh_and_goes_on_wherever_it_is(finished, wavy, tmp_path):
    assert (finished / "mesh.vtr").read_bytes() == wavy.read_bytes()
    assert tomllib.loads((finished / "case.toml").read_text())["skin"]["mesh"] == "mesh.vtr"
    shutil.copytree(finished, tmp_path / "moved")
    case = stored_case(tmp_path / "moved")
    assert case.skin.mesh == str(tmp_path / "moved" / "mesh.vtr")
    assert case.skin.sha256 == skin_of(wavy).sha256
    assert differences(stored_case(finished), case) == []
    longer = run("resume", tmp_path / "moved", "--set", "run.end=3 min", "--force", "--quiet")
    assert longer.exit_code == 0, longer.output
    log = (tmp_path / "moved" / "run.log").read_text()
    assert "goes on from" in log
    again = run(
        "run",
        tmp_path / "moved" / "case.toml",
        "--out",
        tmp_path / "again",
        "--set",
        "run.end=10 s",
        "--set",
        "run.every=10 s",
        "--quiet",
    )
    assert again.exit_code == 0, again.output
    assert (tmp_path / "again" / "mesh.vtr").read_bytes() == wavy.read_bytes()


def test_another_mesh_is_another_case(finished, flat, wavy, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    altered = store(tmp_path / "altered.vtr", *mesh_and_painting(wavy, swapped=True))
    other = stored_case(finished, {"skin.mesh": str(altered)})
    keys = {one.key for one in differences(stored_case(finished), other)}
    assert "skin.sha256" in keys
    assert "skin.mesh" not in keys
    (tmp_path / "run" / "mesh.vtr").write_bytes(flat.read_bytes())
    with pytest.raises(CaseError, match=r"skin.sha256: .* is another file than the one of this case, it has changed"):
        stored_case(tmp_path / "run")


def test_a_sweep_over_meshes(flat, wavy, tmp_path, monkeypatch):
    shutil.copy(flat, tmp_path / "one.vtr")
    shutil.copy(wavy, tmp_path / "two.vtr")
    text = 'skin.mesh = "one.vtr"\nactives = [{ name = "caffeine", concentration = "1 mg/mL" }]\ndonor = {}\n'
    (tmp_path / "base.toml").write_text(text + 'run = { end = "1 min", rtol = 0.1, backend = "numpy" }\n')
    axes = [{"key": "skin.mesh", "values": ["one.vtr", "two.vtr"]}]
    (tmp_path / "sweep.toml").write_text(tomli_w.dumps({"case": "base.toml", "axes": axes}))
    monkeypatch.chdir("/")  # paths in the files are seen from the files
    for _ in range(2):  # again: the folder is that of the same sweep
        made = prepare(plan.load(tmp_path / "sweep.toml"), tmp_path / "out")
    digests = [load(made.case(cell)).skin.sha256 for cell in open_sweep(tmp_path / "out").plan.cells]
    assert digests == [skin_of(flat).sha256, skin_of(wavy).sha256]
    bare = plan.load(tmp_path / "sweep.toml", {"skin.mesh": str(wavy)})
    assert bare.fixed == {"skin.mesh": str(wavy)}


# --- what cannot be ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_channels(flat, tmp_path_factory):
    """A mesh with channels of its own."""
    problem, _ = case_on(flat).problem()
    return store(tmp_path_factory.mktemp("pierced") / "pierced.vtr", problem.mesh, problem.painting)


BARE = """
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
donor = {}
run.end = "1 h"
"""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"array.pitch": "400 um"},
            "array: the cell is 200 x 200 um, must be 150 x 150 um, the mesh of the skin: change pitch or density, or "
            "give positions with this size",
        ),
        (
            {"laws.membrane": True},
            "laws.membrane: is not possible on an imported mesh, where the stratum corneum is not",
        ),
        ({"mesh.extent": ["100 um", "100 um"]}, "mesh.extent: is that of the imported mesh, leave it out"),
        (
            {"skin.layers": [{"name": "dermis", "thickness": "1 mm", "cells": 9}]},
            "skin.layers: are measured on skin.mesh",
        ),
        ({"skin.sha256": "12ab"}, "is another file than the one of this case, it has changed since"),
        ({"skin.thickness": "1 mm"}, "skin.thickness: unknown key"),
    ],
)
def test_what_does_not_fit_an_imported_mesh(changes, text, flat):
    with pytest.raises(CaseError) as caught:
        case_on(flat, NATIVE, **changes)
    assert any(text in problem for problem in caught.value.problems), caught.value.problems


def test_what_ready_made_channels_cannot_do(with_channels, wavy):
    assert case_on(with_channels, BARE).problem()[0].painting.fraction("channel").max() == 1.0
    for mesh, text, sentence in (
        (
            with_channels,
            NATIVE,
            "array: the mesh of the skin has channels of its own; import it without them, or leave it out",
        ),
        (with_channels, BARE + 'output.compare = "intact"\n', "output.compare: got intact, but there are no needles"),
        (with_channels, BARE + "healing = {}\n", "healing: how the channels of the mesh were made is not known"),
        (
            wavy,
            'healing.wound = { kind = "punch", width = "4 mm", depth = "0.2 mm" }\nrun.end = "1 h"',
            "healing.wound: is not possible on an imported mesh; take layers, or needles",
        ),
    ):
        with pytest.raises(CaseError) as caught:
            case_on(mesh, text)
        assert any(sentence in problem for problem in caught.value.problems), caught.value.problems


def test_files_that_are_no_imported_mesh(flat, tmp_path):
    with pytest.raises(CaseError, match=r"skin.mesh: got '/gone.vtr', there is no such file \(case imported\)"):
        case_on("/gone.vtr")
    fields = tmp_path / "fields.vtr"
    mesh = load_mesh(flat)
    write_rectilinear(fields, mesh, {"T": np.zeros(mesh.shape)}, time=0.0)
    with pytest.raises(
        CaseError, match=r"fields.vtr is no imported mesh \(.*materials.*\); make one with `mnrd mesh import`"
    ):
        case_on(fields)
    half = np.full(mesh.shape, 100, dtype=np.uint8)
    write_rectilinear(fields, mesh, {"dermis": half}, time=0.0, materials=("dermis",))
    with pytest.raises(CaseError, match=r"the fractions in .* do not sum to 255 in every cell, import it again"):
        case_on(fields)
    full = np.full(mesh.shape, 255, dtype=np.uint8)
    write_rectilinear(fields, mesh, {"channel": full}, time=0.0, materials=("channel",))
    with pytest.raises(CaseError, match="has a plane of cells without any layer of skin, only 'channel'"):
        case_on(fields)


def test_the_path_of_a_mesh_is_seen_from_the_case_file_and_bundled_ones_have_names(flat, tmp_path, monkeypatch):
    shutil.copy(flat, tmp_path / "mine.vtr")
    (tmp_path / "case.toml").write_text(f'skin.mesh = "mine.vtr"\n{BARE}')
    monkeypatch.chdir(Path("/"))
    assert load(tmp_path / "case.toml").skin.mesh == str(tmp_path / "mine.vtr")
    bundled = from_document(tomllib.loads(f'skin.mesh = "unit-cell.vtr"\n{BARE}'))
    assert bundled.skin.names == ("stratum corneum", "viable epidermis", "papillary dermis", "reticular dermis")
