"""Chemotaxis and mobility against exact solutions: V10 of NUMERICS.md.

Every source is computed by sympy from the solution that it makes exact, in cosines and times that the model knows as
immobile fields and parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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
CELLS, FINE = (32, 64, 128), (48, 96, 192)
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


DRIFT, SPREAD, WIDTH = 0.05, 0.5, 20.0  # um/s, um^2/s, um


def gaussian(x: np.ndarray, time: float) -> np.ndarray:
    """A crowd that began at 150 um, on its way."""
    width2 = WIDTH**2 + 2 * SPREAD * time
    return WIDTH / np.sqrt(width2) * np.exp(-((x - 150 - DRIFT * time) ** 2) / (2 * width2))


@pytest.mark.parametrize("grading", GRADINGS)
@pytest.mark.parametrize("axis", AXES)
def test_a_crowd_in_an_exponential_attractant_drifts_and_spreads(axis, grading):
    """log A is linear: drift chi / l and diffusion alone, order 2 in space and time together."""
    sizes = []
    for cells in FINE:
        mesh = along(axis, cells, grading)
        x = centres(mesh, axis)
        fields = (
            Field("A", initial=f"exp({axis}/80)"),
            Field("c", initial=gaussian(x, 0.0).reshape(mesh.shape), diffusivity=SPREAD,
                  taxis=Taxis(80 * DRIFT, "log(A)")),
        )  # fmt: skip
        end = 1200.0
        problem = tissue(mesh, fields)
        run = ran(Simulation(problem, dt=end * 2 / cells, kappa=TIGHT), end)
        sizes.append(l2(run.concentration("c").ravel() - gaussian(x, end), mesh.volume.ravel()) / 0.3)
    assert_orders(sizes, FINE, within=0.1, finest=4e-3)


@pytest.mark.parametrize("axis", AXES)
def test_a_crowd_follows_an_attractant_that_moves(axis):
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
        run = ran(Simulation(problem, dt=5000 / cells, kappa=TIGHT), 5000.0)
        exact = crowd(x, 5000.0)
        sizes.append(l2(run.concentration("c").ravel() - exact, mesh.volume.ravel()) / l2(exact, mesh.volume.ravel()))
    assert_orders(sizes, CELLS, within=0.1, finest=4e-3)


# ---- manufactured, in two directions: fields of cos(k u) cos(k w) that decay, with sources that make them exact

SIDE = 200.0
WAVE = float(np.pi / SIDE)
DECAY = 5e-4
DIFFUSIVITY, SENSITIVITY, HALF, LOSS = 2.0, 9.0, 0.4, 0.01
p, q, e, half = sympy.symbols("p q e K", positive=True)  # cos(k u), cos(k w), exp(-decay t), half-saturation


def gradient2(left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
    """Scalar product of two gradients: d/du = -k sin(k u) d/dp."""
    return WAVE**2 * sum(left.diff(c) * right.diff(c) * (1 - c**2) for c in (p, q))


def laplacian(field: sympy.Expr) -> sympy.Expr:
    return WAVE**2 * sum(field.diff(c, 2) * (1 - c**2) - field.diff(c) * c for c in (p, q))


def divergence(factor: sympy.Expr, field: sympy.Expr) -> sympy.Expr:
    """div(factor grad field)."""
    return factor * laplacian(field) + gradient2(factor, field)


ATTRACTANT = 1 + p * q * e / 2
CROWD = 2 + p * e + p * q * e**2 / 2
MOBILITY = ATTRACTANT / (half + ATTRACTANT)


def crowd_source(taxis: bool, mobility: bool) -> sympy.Expr:
    """c_t - div(D m grad c - c chi grad log(K + A)) + loss c."""
    m = MOBILITY if mobility else sympy.S.One
    rate = -DECAY * e * CROWD.diff(e) - divergence(DIFFUSIVITY * m, CROWD)
    if taxis:
        rate += divergence(SENSITIVITY * CROWD, sympy.log(half + ATTRACTANT))
    return rate + LOSS * CROWD


ATTRACTANT_SOURCE = -DECAY * e * ATTRACTANT.diff(e) - DIFFUSIVITY * laplacian(ATTRACTANT) + LOSS * ATTRACTANT


def text(source: sympy.Expr) -> str:
    """A source in what a model knows: the immobile fields U and W, which are 1 + cos, and the parameter e."""
    return f"Max({source.subs({p: sympy.Symbol('U') - 1, q: sympy.Symbol('W') - 1})}, 0)"


def manufactured(axes: str, cells: int, taxis: bool, mobility: bool) -> Problem:
    """The attractant diffuses and reacts, the crowd climbs it, from the exact solution at t = 0."""
    u, w = axes
    edges = {name: ONE for name in AXES} | {name: smooth([0, SIDE], cells, offset=140) for name in axes}
    mesh = Mesh(edges["x"], edges["y"], edges["z"])
    fields = (
        Field("U", initial=f"1 + cos({WAVE!r}*{u})"),
        Field("W", initial=f"1 + cos({WAVE!r}*{w})"),
        Field("A", initial=exact(mesh, axes, ATTRACTANT, 0.0), diffusivity=DIFFUSIVITY),
        Field("c", initial=exact(mesh, axes, CROWD, 0.0), diffusivity=DIFFUSIVITY,
              taxis=Taxis(SENSITIVITY, "log(K + A)") if taxis else None,
              mobility="A/(K + A)" if mobility else None),
    )  # fmt: skip
    reactions = (Reaction("attractant", {"A": f"{text(ATTRACTANT_SOURCE)} - {LOSS}*A"}),
                 Reaction("crowd", {"c": f"{text(crowd_source(taxis, mobility))} - {LOSS}*c"}))  # fmt: skip
    return tissue(mesh, fields, reactions, {"K": HALF, "e": f"exp(-{DECAY!r}*t)"})


def exact(mesh: Mesh, axes: str, field: sympy.Expr, time: float) -> np.ndarray:
    cosines = []
    for name in axes:
        shape = [-1 if other == name else 1 for other in "zyx"]
        cosines.append(np.cos(WAVE * centres(mesh, name)).reshape(shape))
    values = sympy.lambdify((p, q, e), field, "numpy")(*cosines, np.exp(-DECAY * time))
    return np.broadcast_to(values, mesh.shape).copy()


@pytest.mark.parametrize(
    ("axes", "taxis", "mobility"),
    [("xz", True, False), ("xz", False, True), ("xz", True, True), ("yz", True, True), ("xy", True, True)],
)
def test_manufactured_solution(axes, taxis, mobility):
    """Attractant and crowd, one after the other in every stage: order 2 in space and time together."""
    cells, end, sizes = (8, 16, 32), 2000.0, {"A": [], "c": []}
    for n in cells:
        run = ran(Simulation(manufactured(axes, n, taxis, mobility), dt=end / n, kappa=TIGHT), end)
        mesh = run.problem.mesh
        for name, field in (("A", ATTRACTANT), ("c", CROWD)):
            difference = run.concentration(name) - exact(mesh, axes, field, end)
            sizes[name].append(l2(difference, mesh.volume))
    for name in "Ac":
        assert_orders(sizes[name], cells, within=0.15, finest=3e-3)


def test_the_sources_are_never_cut_off():
    """Max(source, 0) only tells the sign."""
    for taxis, mobility in ((True, False), (False, True), (True, True)):
        values = sympy.lambdify((p, q, e, half), crowd_source(taxis, mobility), "numpy")
        grid = np.linspace(-1, 1, 41)
        at = values(grid, grid[:, None], np.linspace(0.5, 1, 11)[:, None, None], HALF)
        assert at.min() > 0


@pytest.mark.parametrize(("taxis", "mobility"), [(True, False), (False, True), (True, True)])
def test_order_in_time_alone(taxis, mobility):
    """On one mesh, by the differences between runs with steps of which each is half as long as before."""
    problem, end, counts = manufactured("xz", 4, taxis, mobility), 2000.0, (12, 24, 48, 96)
    runs = [Simulation(problem, dt=end / count, kappa=TIGHT).run(end) for count in counts]
    for name in "Ac":
        found = [run.concentration(name) for run in runs]
        assert_orders([np.abs(a - b).max() for a, b in pairwise(found)], counts[:-1], within=0.15, finest=1e-4)


def test_backends_agree(backend):
    problem = manufactured("xz", 6, True, True)
    runs = [Simulation(problem, backend=one, dt=100.0, kappa=TIGHT).run(500.0) for one in (backend, "numpy")]
    for name in "Ac":
        np.testing.assert_allclose(*(run.concentration(name) for run in runs), rtol=1e-9)
