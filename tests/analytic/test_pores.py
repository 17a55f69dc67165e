"""Discs, pores and slits in impermeable sheets: cases P12 to P15 of PERMEATION.md.

The flux is singular at the edges, so the order is 1 there, and errors of 1 to 6 % on these meshes are expected.
"""

from __future__ import annotations

import numpy as np
import pytest
from exact import channels, pores
from exact.order import order

from analytic.bench import ONE, steady, stretched
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.simulation import Simulation


def in_disc(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The cylinder of radius 1 around the z axis."""
    return x**2 + y**2 < 1 + 0 * z


def disc_on(mesh: Mesh, backend_name: str) -> Simulation:
    """Steady state below a disc of radius 1 at activity 1, a quarter of it in the mesh, over a sink."""
    painting = paint(mesh, [("tissue", 0.0)], [("mouth", in_disc)])
    top = Reservoir(1.0, area=painting.fraction("mouth")[0])
    field = Field("c", diffusivity=1.0, top=top, base=Reservoir())
    return steady(Problem(mesh, painting, Model((field,))), backend_name, kappa=1e-6)


def test_p14_disc_array(backend_name):
    """The errors that the independent code has with 4, 8 and 12 cells per radius."""
    known = {4: -0.062, 8: -0.030, 12: -0.019}
    for cells in list(known)[: 2 if backend_name == "numpy" else 3]:
        mesh = Mesh(uniform(4, 4 * cells), uniform(4, 4 * cells), uniform(4, 4 * cells))
        flux = disc_on(mesh, backend_name).fluxes("c")
        assert 4 * flux["base"] / pores.ARRAY_FLOW[8.0, 4.0] - 1 == pytest.approx(known[cells], abs=1e-3)
        assert flux["top"] == pytest.approx(flux["base"], rel=1e-9)


PLACES = ((0, 0.4), (0, 1), (0, 2), (1.2, 0.8), (0, 4))


def test_p12_weber_disc(backend_name):
    """Discs so far apart, over a sink so deep, that both changes of the flow of a single disc cancel to order p^-3."""
    period, flows, fields = 40.0, [], []
    depth = 3.9002649 / (2 * np.pi) * period
    for cells in (4, 8):
        x, z = stretched(1.0, period / 2, round(4.2 * cells)), stretched(1.0, depth, round(4.4 * cells))
        run = disc_on(Mesh(x, x, z), backend_name)
        flows.append(4 * run.fluxes("c")["top"] / channels.disc_flow(1, 1) - 1)
        fields.append([interpolated(run, r, depth) for r, depth in PLACES])
    assert abs(flows[1]) <= 0.03
    assert 1.0 <= order(flows, [4, 8]) <= 4 / 3
    exact = np.array([channels.disc_activity(1, r, z) for r, z in PLACES])
    assert fields[1] == pytest.approx(exact, abs=0.01)
    assert np.abs(fields[1] - exact).max() < 0.5 * np.abs(fields[0] - exact).max()


def interpolated(simulation: Simulation, r: float, z: float) -> float:
    """Activity at (r, 0, z), linear between centres; mirrored at the axis, where it is flat."""
    mesh, activity = simulation.problem.mesh, simulation.activity("c")[:, 0, :]
    rows = [np.interp(r, mesh.xc, row) for row in activity]
    return float(np.interp(z, mesh.zc, rows))


def pore_flow(cells: int, length: float, inside: float, backend_name: str) -> float:
    """Flow through an array of pores in an impermeable sheet, period 6 and 2 of tissue on either side."""
    half, depth = 3, 2
    height = 2 * depth + length
    mesh = Mesh(uniform(half, half * cells), uniform(half, half * cells), uniform(height, round(height * cells)))
    painting = paint(
        mesh,
        [("above", 0.0), ("sheet", float(depth)), ("below", depth + length)],
        [("pore", lambda x, y, z: in_disc(x, y, z) & (z > depth) & (z < depth + length))],
    )
    diffusivity = {"above": 1.0, "sheet": 0.0, "below": 1.0, "pore": inside}
    field = Field("c", diffusivity=diffusivity, top=Reservoir(1.0), base=Reservoir())
    return 4 * steady(Problem(mesh, painting, Model((field,))), backend_name, kappa=1e-6).fluxes("c")["base"]


def exact_pore_flow(length: float, inside: float) -> float:
    """The resistance of one pore, and twice the change of a disc's resistance by its neighbours and the far end."""
    crowding = 1 / pores.array_flow(6, 2) - 1 / 4
    return 1 / (1 / pores.PORE_FLOW[inside][length] + 2 * crowding)


@pytest.mark.parametrize(("length", "inside"), [(1.0, 1.0), (0.5, 5.0), (2.0, 5.0)])
def test_p13_pore(backend_name, length, inside):
    cells = 6 if backend_name == "numpy" else 8
    assert pore_flow(cells, length, inside, backend_name) == pytest.approx(exact_pore_flow(length, inside), rel=0.03)


def test_p13_pore_converges(backend_name):
    exact, sizes = exact_pore_flow(1.0, 1.0), (3, 6) if backend_name == "numpy" else (6, 12)
    coarse, fine = (pore_flow(cells, 1.0, 1.0, backend_name) / exact - 1 for cells in sizes)
    assert order([coarse, fine], sizes) == pytest.approx(1.0, abs=0.1)
    assert 2 * fine - coarse == pytest.approx(0, abs=2e-3)


SLITS = {20: 1.1097815, 40: 1.1277983, 80: 1.1367575, 160: 1.1412258}  # cells per half period: flow


def slit_flow(cells: int, axis: str, backend_name: str, period: float = 100, width: float = 20, depth: float = 50):
    """Half a period of slits across `axis`, at activity 1, over a sink; and the run."""
    across = uniform(period / 2, cells)
    edges = {"x": ONE, "y": ONE} | {axis: across}
    mesh = Mesh(edges["x"], edges["y"], uniform(depth, round(2 * depth / period * cells)))
    centres = mesh.xc if axis == "x" else mesh.yc[:, None]
    area = np.where(np.broadcast_to(centres, mesh.area.shape) < width / 2, 1.0, 0.0)
    field = Field("c", diffusivity=1.0, top=Reservoir(1.0, area=area), base=Reservoir())
    run = steady(Problem(mesh, paint(mesh, [("tissue", 0.0)]), Model((field,))), backend_name)
    return 2 * run.fluxes("c")["base"], run


@pytest.mark.parametrize("axis", ["x", "y"])
def test_p15_slits_give_the_values_of_the_independent_code(backend_name, axis):
    sizes = list(SLITS)[:2] if backend_name == "numpy" else list(SLITS)
    flows = [slit_flow(cells, axis, backend_name)[0] for cells in sizes]
    assert flows == [pytest.approx(SLITS[cells], abs=5.1e-8) for cells in sizes]
    exact = channels.slit_flow(100, 20, 50)
    assert order(np.array(flows) - exact, sizes) == pytest.approx(1, abs=0.05)
    assert 2 * flows[-1] - flows[-2] == pytest.approx(exact, rel=5e-5 if backend_name != "numpy" else 2e-4)


@pytest.mark.parametrize(("period", "width", "depth"), [(200, 20, 80), (64, 16, 32)])
def test_p15_other_slits(backend_name, period, width, depth):
    flows = [slit_flow(cells, "x", backend_name, period, width, depth)[0] for cells in (20, 40)]
    assert 2 * flows[1] - flows[0] == pytest.approx(channels.slit_flow(period, width, depth), rel=1e-3)


def test_p15_slits_along_x_and_along_y_are_the_same(backend_name):
    along_y, along_x = (slit_flow(20, axis, backend_name)[1].activity("c") for axis in "xy")
    assert along_x[:, :, 0] == pytest.approx(along_y[:, 0, :], rel=1e-9, abs=1e-12)
