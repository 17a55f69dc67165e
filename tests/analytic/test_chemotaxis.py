"""Chemotaxis and mobility against exact solutions: V10 of NUMERICS.md.

Every source is computed by sympy from the solution that it makes exact, in cosines and times that the model knows as
immobile fields and parameters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import sympy
from exact.order import order

from analytic.bench import ONE, TIGHT, l2, ran, smooth
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Taxis
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Reaction
from mnrd.simulation import Simulation

LENGTH = 400.0
CELLS = (32, 64, 128)
AXES = ("x", "y", "z")
GRADINGS = {"uniform": 1e6, "graded": 150.0}


def along(axis: str, cells: int, grading: str) -> Mesh:
    """A row of cells along an axis; graded ones grow by 3.7 from one end to the other."""
    edges = {name: ONE for name in AXES} | {axis: smooth([0, LENGTH], cells, offset=GRADINGS[grading])}
    return Mesh(edges["x"], edges["y"], edges["z"])


def centres(mesh: Mesh, axis: str) -> np.ndarray:
    """Places of the cells along an axis."""
    return {"x": mesh.xc, "y": mesh.yc, "z": mesh.zc}[axis]


def tissue(mesh: Mesh, *arguments: object, **keys: object) -> Problem:
    return Problem(mesh, paint(mesh, [("tissue", 0.0)]), Model(*arguments, **keys))


def assert_orders(sizes: Sequence[float], cells: Sequence[int], within: float, finest: float) -> None:
    found = order(sizes, cells)
    assert found == pytest.approx(2.0, abs=within), f"order {found:.3f} of {sizes}"
    assert sizes[-1] <= finest, sizes


DRIFT, SPREAD, WIDTH = 0.05, 1.0, 25.0  # um/s, um^2/s, um


def gaussian(x: np.ndarray, time: float) -> np.ndarray:
    """A crowd that began at 120 um, on its way."""
    width2 = WIDTH**2 + 2 * SPREAD * time
    return WIDTH / np.sqrt(width2) * np.exp(-((x - 120 - DRIFT * time) ** 2) / (2 * width2))


@pytest.mark.parametrize("grading", GRADINGS)
@pytest.mark.parametrize("axis", AXES)
def test_a_crowd_in_an_exponential_attractant_drifts_and_spreads(backend_name, axis, grading):
    """log A is linear: drift chi / l and diffusion alone, order 2 in space and time together."""
    sizes = []
    for cells in CELLS:
        mesh = along(axis, cells, grading)
        x = centres(mesh, axis)
        fields = (
            Field("A", initial=f"exp({axis}/80)"),
            Field("c", initial=gaussian(x, 0.0).reshape(mesh.shape), diffusivity=SPREAD,
                  taxis=Taxis(80 * DRIFT, "log(A)")),
        )  # fmt: skip
        end = 2000.0
        problem = tissue(mesh, fields)
        run = ran(Simulation(problem, backend=backend_name, dt=end * 2 / cells, kappa=TIGHT), end)
        sizes.append(l2(run.concentration("c").ravel() - gaussian(x, end), mesh.volume.ravel()) / 0.3)
    assert_orders(sizes, CELLS, within=0.1, finest=2e-3)


@pytest.mark.parametrize("axis", AXES)
def test_a_crowd_follows_an_attractant_that_moves(backend_name, axis):
    """psi = -log cosh((x - V t)/l): c = cosh(xi/l)^(-chi/D) exp(-V xi/D) moves with it and keeps its shape."""
    speed, width, diffusivity, power = 0.02, 40.0, 1.0, 6.0

    def crowd(x: np.ndarray, time: float) -> np.ndarray:
        xi = x - 150 - speed * time
        return np.cosh(xi / width) ** -power * np.exp(-speed * xi / diffusivity)

    sizes = []
    for cells in CELLS:
        mesh = along(axis, cells, "graded")
        x = centres(mesh, axis)
        fields = (
            Field("X", initial=f"exp(({axis} - 150)/{width!r})"),
            Field("c", initial=crowd(x, 0.0).reshape(mesh.shape), diffusivity=diffusivity,
                  taxis=Taxis(power * diffusivity, "log(attractant)")),
        )  # fmt: skip
        problem = tissue(
            mesh, fields, parameters={"s": f"exp(-{speed!r}*t/{width!r})"},
            definitions={"place": "X*s", "attractant": "2/(place + 1/place)"},
        )  # fmt: skip
        run = ran(Simulation(problem, backend=backend_name, dt=5000 / cells, kappa=TIGHT), 5000.0)
        exact = crowd(x, 5000.0)
        sizes.append(l2(run.concentration("c").ravel() - exact, mesh.volume.ravel()) / l2(exact, mesh.volume.ravel()))
    assert_orders(sizes, CELLS, within=0.1, finest=2e-3)


# ---- manufactured, in two directions: fields of cos(k u) cos(k w) that decay, with sources that make them exact

WAVE = float(np.pi / 100.0)
DECAY = 2e-4
DIFFUSIVITY, SENSITIVITY, HALF = 2.0, 9.0, 0.4
p, q, e, half = sympy.symbols("p q e K", positive=True)  # cos(k u), cos(k w), exp(-decay t), half-saturation


def gradient2(left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    """Scalar product of two gradients: d/du = -k sin(k u) d/dp."""
    return WAVE**2 * sum(left.diff(c) * right.diff(c) * (1 - c**2) for c in (p, q))


def laplacian(field: sympy.Expr) -> sympy.Expr:
    return WAVE**2 * sum(field.diff(c, 2) * (1 - c**2) - field.diff(c) * c for c in (p, q))


def divergence(factor: sympy.Expr, field: sympy.Expr) -> sympy.Expr:
    """div(factor grad field)."""
    return factor * laplacian(field) + gradient2(factor, field)


ATTRACTANT = 1 + p * q * e / 2  # an exact solution of diffusion with a loss and a production that keep its mean at 1
CROWD = 2 + p * e + p * q * e**2 / 2
MOBILITY = ATTRACTANT / (half + ATTRACTANT)


def source(taxis: bool, mobility: bool) -> sympy.Expr:
    """c_t - div(D m grad c - c chi grad log(K + A)) + loss c."""
    m = MOBILITY if mobility else sympy.S.One
    rate = -DECAY * e * CROWD.diff(e) - divergence(DIFFUSIVITY * m, CROWD)
    if taxis:
        rate += divergence(SENSITIVITY * CROWD, sympy.log(half + ATTRACTANT))
    return rate + 0.05 * CROWD


def manufactured(axes: str, cells: int, taxis: bool, mobility: bool) -> Problem:
    """The attractant diffuses and reacts, the crowd climbs it, from the exact solution at t = 0."""
    u, w = axes
    edges = {name: ONE for name in AXES} | {name: smooth([0, 100], cells, offset=70) for name in axes}
    mesh = Mesh(edges["x"], edges["y"], edges["z"])
    # Immobile fields 1 + cos and the time as exp: the only coordinates that an expression can know.
    text = str(source(taxis, mobility).subs({p: sympy.Symbol("U") - 1, q: sympy.Symbol("W") - 1}))
    speed = (
        DIFFUSIVITY * 2 * WAVE**2 - DECAY
    )  # the attractant diffuses at D_A, so that cos cos alone would decay faster
    attractant_source = 0.05 + DIFFUSIVITY * 2 * WAVE**2 * p * q * e / 2 - DECAY * p * q * e / 2 + 0.05 * p * q * e / 2
    made = str(attractant_source.subs({p: sympy.Symbol("U") - 1, q: sympy.Symbol("W") - 1}))
    assert speed > 0
    fields = (
        Field("U", initial=f"1 + cos({WAVE!r}*{u})"),
        Field("W", initial=f"1 + cos({WAVE!r}*{w})"),
        Field("A", initial=exact(mesh, axes, ATTRACTANT, 0.0), diffusivity=DIFFUSIVITY),
        Field("c", initial=exact(mesh, axes, CROWD, 0.0), diffusivity=DIFFUSIVITY,
              taxis=Taxis(SENSITIVITY, "log(K + A)") if taxis else None,
              mobility="A/(K + A)" if mobility else None),
    )  # fmt: skip
    reactions = (Reaction("attractant", {"A": f"Max({made}, 0) - 0.05*A"}),
                 Reaction("crowd", {"c": f"Max({text}, 0) - 0.05*c"}))  # fmt: skip
    return tissue(mesh, fields, reactions, {"K": HALF, "e": f"exp(-{DECAY!r}*t)"})


def exact(mesh: Mesh, axes: str, field: sympy.Expr, time: float) -> np.ndarray:
    cosines = []
    for name in axes:
        shape = [-1 if other == name else 1 for other in "zyx"]
        cosines.append(np.cos(WAVE * centres(mesh, name)).reshape(shape))
    values = sympy.lambdify((p, q, e), field, "numpy")(*cosines, np.exp(-DECAY * time))
    return np.broadcast_to(values, mesh.shape).copy()


@pytest.mark.parametrize(("taxis", "mobility"), [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("axes", ["xz", "yz", "xy"])
def test_manufactured_solution(backend_name, axes, taxis, mobility):
    """Attractant and crowd, one after the other in every stage: order 2 in space and time together."""
    cells = (8, 16, 32) if backend_name == "numpy" else (12, 24, 48)
    end, sizes = 3000.0, {"A": [], "c": []}
    for n in cells:
        run = ran(
            Simulation(manufactured(axes, n, taxis, mobility), backend=backend_name, dt=end / n, kappa=TIGHT), end
        )
        mesh = run.problem.mesh
        for name, field in (("A", ATTRACTANT), ("c", CROWD)):
            difference = run.concentration(name) - exact(mesh, axes, field, end)
            sizes[name].append(l2(difference, mesh.volume))
    for name in "Ac":
        assert_orders(sizes[name], cells, within=0.15, finest=3e-3)


def test_the_sources_are_never_cut_off():
    """Max(source, 0) only tells the sign."""
    for taxis, mobility in ((True, False), (False, True), (True, True)):
        values = sympy.lambdify((p, q, e, half), source(taxis, mobility), "numpy")
        grid = np.linspace(-1, 1, 41)
        at = values(grid, grid[:, None], np.linspace(0.5, 1, 11)[:, None, None], HALF)
        assert at.min() > 0


@pytest.mark.parametrize("taxis", [True, False])
def test_order_in_time_alone(backend, taxis):
    """On one mesh against steps an eighth as long."""
    problem, end = manufactured("xz", 8, taxis, not taxis), 4000.0
    counts = (8, 16, 32)
    fine = Simulation(problem, backend=backend, dt=end / 256, kappa=TIGHT).run(end)
    sizes = []
    for count in counts:
        run = Simulation(problem, backend=backend, dt=end / count, kappa=TIGHT).run(end)
        sizes.append(max(np.abs(run.concentration(name) - fine.concentration(name)).max() for name in "Ac"))
    assert_orders(sizes, counts, within=0.15, finest=1e-3)
