"""The bundled tetrahedral unit cell: its volumes against exact ones, and the imported mesh that comes with it."""

from pathlib import Path

import meshio
import numpy as np
import pytest

from mnrd.case import load
from mnrd.foreign.importing import Wish, import_mesh
from mnrd.skin.imported import read, skin_of

MESHES = Path(__file__).parents[1] / "meshes"
SIDE, DEPTH, RADIUS, TIP = 250.0, 545.0, 40.0, 150.0  # um, as in meshes/unit_cell.py


@pytest.fixture(scope="module")
def imported():
    return import_mesh([MESHES / "unit-cell.msh"], Wish(unit="mm"))


def exact():
    """Volumes by the definitions of the shapes, um^3: midpoints on a fine grid of columns."""
    x, y = np.meshgrid(*[(np.arange(2000) + 0.5) * SIDE / 2000] * 2)
    junction = 95.0 + 20.0 * np.cos(2 * np.pi * x / SIDE) * np.cos(np.pi * y / SIDE)
    reticular = 245.0 + 15.0 * np.cos(np.pi * x / SIDE) * np.cos(2 * np.pi * y / SIDE)
    hole = np.maximum(TIP * (1.0 - np.hypot(x, y) / RADIUS), 0.0)
    tops = [np.zeros_like(x), np.full_like(x, 15.0), junction, reticular, np.full_like(x, DEPTH)]
    names = ("stratum corneum", "viable epidermis", "papillary dermis", "reticular dermis")
    area = SIDE**2 / x.size
    found = {
        name: float((np.maximum(base, hole) - np.maximum(top, hole)).sum() * area)
        for name, top, base in zip(names, tops[:-1], tops[1:], strict=True)
    }
    return {**found, "channel": 0.25 * np.pi * RADIUS**2 * TIP / 3.0}


def test_the_volumes_are_those_of_the_shapes(imported):
    for name, volume in exact().items():
        assert imported.before[name] == pytest.approx(volume, rel=0.01), name  # tetrahedra are flat
        assert imported.after[name] == pytest.approx(volume, rel=0.01), name
        assert imported.after[name] == pytest.approx(imported.before[name], rel=5e-4), name


def test_the_interfaces_lie_where_they_should(imported):
    """Columns at four corners: nothing is mirrored, x is not y, and up is up."""
    mesh, painting = imported.mesh, imported.painting
    assert painting.materials[:2] == ("stratum corneum", "channel")
    for i, x in ((0, mesh.xc[0]), (-1, mesh.xc[-1])):
        for j, y in ((0, mesh.yc[0]), (-1, mesh.yc[-1])):
            column = painting.fractions[:, :, j, i] / 255.0 @ mesh.hz
            junction = 95.0 + 20.0 * np.cos(2 * np.pi * x / SIDE) * np.cos(np.pi * y / SIDE)
            reticular = 245.0 + 15.0 * np.cos(np.pi * x / SIDE) * np.cos(2 * np.pi * y / SIDE)
            dermis = column[painting.materials.index("papillary dermis")]
            hole = column[painting.materials.index("channel")]
            expected = reticular - max(junction, hole)
            assert dermis == pytest.approx(expected, abs=2.0), (x, y)
            assert (hole > 0.0) == (i == j == 0)


def test_the_imported_mesh_that_comes_with_mnrd_is_what_the_command_makes(imported):
    there = read(str(MESHES / "unit-cell.vtr"))
    assert there.painting.materials == imported.painting.materials
    for axis in "xyz":
        assert getattr(there.mesh, axis) == pytest.approx(getattr(imported.mesh, axis), rel=1e-9)
    difference = there.painting.fractions.astype(int) - imported.painting.fractions
    assert abs(difference).max() <= 1  # in the last digit of another machine
    case = load("imported-unit-cell")
    assert case.skin.layers == skin_of(MESHES / "unit-cell.vtr").layers


def test_the_files_are_small(imported):
    assert (MESHES / "unit-cell.msh").stat().st_size < 1_000_000
    assert (MESHES / "unit-cell.vtr").stat().st_size < 300_000
    assert {"tetra"} == {block.type for block in meshio.read(MESHES / "unit-cell.msh").cells if block.dim == 3}
    assert np.diff(imported.mesh.z).min() < 1.0  # in the stratum corneum
