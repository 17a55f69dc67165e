"""Taxis and mobility: what the matrix is, what stays at rest, what is conserved, and how quickly it is solved."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np
import pytest
import systems
from systems import NotConverged, System, cylinder, dense, problem_of, system_of

from mnrd.backends import choose
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Taxis
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing
from mnrd.simulation import Simulation

DAY = 86400.0
ROUND_OFF = 1e-13
LAYERS = {"epidermis": 0.0, "dermis": 15.0}
DIFFUSIVITY = {"epidermis": 0.5, "dermis": 3.0, "channel": 30.0}
PARTITION = {"epidermis": 2.0, "dermis": 1.0, "channel": 0.5}
SENSITIVITY = {"epidermis": 7.0, "dermis": 11.0, "channel": 90.0}
SIDES = {"mirror": (False, False), "periodic": (True, True), "mixed": (True, False)}


def edges(*widths: float) -> np.ndarray:
    return np.append(0.0, np.cumsum(widths))


def odd_mesh(periodic: tuple[bool, bool] = (False, False)) -> Mesh:
    """(4, 3, 5) cells, no two widths equal."""
    x, y = edges(7.0, 12.0, 9.0, 4.0, 11.0), edges(8.0, 5.0, 13.0)
    return Mesh(x, y, edges(6.0, 9.0, 25.0, 31.0), periodic)


def bernoulli(x: np.ndarray) -> np.ndarray:
    """x / (e^x - 1), also where x is tiny or huge."""
    with np.errstate(over="ignore"):
        return np.where(np.abs(x) < 1e-12, 1 - x / 2, x / np.where(x == 0, 1, np.expm1(x)))


@dataclass
class Directed:
    """A system of one field with a given potential and mobility in the cells."""

    system: System
    potential: np.ndarray
    mobility: np.ndarray

    def times(self, u: np.ndarray) -> np.ndarray:
        """A u with the drift."""
        backend, operator = self.system.backend, self.system.operator
        image = backend.array(self.system.times(u))
        grid = self.system.multigrid
        backend.kernel.add_drift(*grid.levels[0].size, grid.always, backend.array(u), *operator.drift.faces, image)
        return backend.host(image)

    def dense(self) -> np.ndarray:
        """A column by column."""
        n = int(np.prod(self.system.shape))
        return np.array([self.times(row.reshape(self.system.shape)).ravel() for row in np.eye(n)]).T

    def solve(self, rhs: np.ndarray, reduction: float) -> tuple[float, np.ndarray]:
        """Iterations that reduce the residual by `reduction`, and the solution."""
        return self.system.solve(rhs, reduction)

    def left(self, rhs: np.ndarray, increment: np.ndarray) -> float:
        """Part of the residual's norm that an increment leaves."""
        volume = self.system.problem.mesh.volume
        return sqrt(((rhs - self.times(increment)) ** 2 / volume).sum() / (rhs**2 / volume).sum())


def directed(backend, problem, potential, mobility=1.0, dt=50.0, loss=0.0) -> Directed:
    system = system_of(backend, problem, dt, loss)
    drift = system.operator.drift
    drift.potential[:] = backend.array(potential, np.float64)
    drift.mobility[:] = backend.array(mobility * np.ones(problem.mesh.shape), np.float64)
    system.operator.move()
    return Directed(system, backend.host(drift.potential), backend.host(drift.mobility))


def odd_problem(periodic=(False, False), **changes) -> Problem:
    """Cells of several materials, graded, with partition and sensitivities of their own."""
    field = {"diffusivity": DIFFUSIVITY, "partition": PARTITION, "taxis": Taxis(SENSITIVITY, "0")} | changes
    regions = [("channel", cylinder(14.0, 10.0, 9.0, 33.0))]
    return problem_of(odd_mesh(periodic), LAYERS, Field("c", **field), regions)


def conductances(problem, given, axis, factor=1.0) -> np.ndarray:
    """A / (h/2s + h/2s) from each cell to the next along an axis (0 to nowhere), by the fraction rule."""
    mesh, painting, field = problem.mesh, problem.painting, problem.model.fields[0]
    total = np.zeros(mesh.shape)
    for name, fraction in zip(painting.materials, painting.fractions, strict=True):
        s, share = given[name] * field.partition[name], fraction / 255
        total += share * s if axis == 0 else share / s
    s = factor * (total if axis == 0 else 1 / total)
    h = np.reshape((mesh.hz, mesh.hy, mesh.hx)[axis], [-1 if a == axis else 1 for a in range(3)])
    with np.errstate(divide="ignore"):
        half = h / (2 * s)
    found = mesh.volume / h / (half + np.roll(half, -1, axis))
    if not (axis and mesh.periodic[2 - axis]):
        np.moveaxis(found, axis, 0)[-1] = 0.0
    return found


def by_definition(problem, potential, mobility=1.0) -> np.ndarray:
    """Matrix of the fluxes T (B(-x) c_i - B(x) c_j), x = G / T, with Bernoulli's function B, face by face."""
    mesh = problem.mesh
    number = np.arange(mesh.cells).reshape(mesh.shape)
    matrix = np.zeros((mesh.cells, mesh.cells))
    field = problem.model.fields[0]
    for axis in range(3):
        t = conductances(problem, field.diffusivity, axis, mobility)
        drift = conductances(problem, field.taxis.sensitivity, axis) * (np.roll(potential, -1, axis) - potential)
        x = np.divide(drift, t, out=np.zeros_like(t), where=t > 0)
        forth = np.where(t > 0, t * bernoulli(-x), np.maximum(drift, 0))
        back = np.where(t > 0, t * bernoulli(x), np.maximum(-drift, 0))
        for i, j, out, into in zip(*(a.ravel() for a in (number, np.roll(number, -1, axis), forth, back)), strict=True):
            matrix[i, i] += out
            matrix[j, i] -= out
            matrix[j, j] += into
            matrix[i, j] -= into
    return matrix


def rough(scale: float, seed: int = 0) -> np.ndarray:
    return scale * np.random.default_rng(seed).random((4, 3, 5))


class TestMatrix:
    """Flux of Scharfetter and Gummel on every face."""

    @pytest.mark.parametrize("scale", [0.0, 1e-6, 1e-2, 1.0, 30.0, 1e4])
    @pytest.mark.parametrize("sides", SIDES)
    def test_is_the_definition(self, backend, sides, scale):
        problem, psi, m = odd_problem(SIDES[sides]), rough(scale), rough(1.0, 1)
        made = directed(backend, problem, psi, m)
        matrix = by_definition(problem, psi, m) + np.diag(made.system.screening.ravel())
        np.testing.assert_allclose(made.dense(), matrix, rtol=1e-11, atol=ROUND_OFF * np.abs(matrix).max())

    @pytest.mark.parametrize("scale", [1e-2, 1.0, 30.0, 1e4])
    @pytest.mark.parametrize("precision", ["double", "mixed"])
    def test_is_an_m_matrix_with_columns_that_sum_to_the_screening(self, backend_name, precision, scale):
        backend = choose(backend_name, precision, debug=True)
        made = directed(backend, odd_problem((True, False)), rough(scale))
        matrix, screening = made.dense().astype(float), made.system.screening.ravel().astype(float)
        eps = np.finfo(backend.real).eps
        off = matrix - np.diag(np.diag(matrix))
        assert off.max() <= 0.0
        np.testing.assert_allclose(matrix.sum(axis=0), screening, rtol=0, atol=10 * eps * np.abs(matrix).max())
        if precision == "double":
            assert np.linalg.inv(matrix).min() >= 0.0

    @pytest.mark.parametrize("scale", [1e-3, 1.0])
    def test_is_upwind_where_nothing_diffuses(self, backend, scale):
        """diffusivity 0, and mobility 0, are the limit of a drift without diffusion."""
        psi = rough(scale)
        still = odd_problem(diffusivity=dict.fromkeys(DIFFUSIVITY, 0.0))
        for problem, m in ((still, 1.0), (odd_problem(), 0.0)):
            made = directed(backend, problem, psi, m)
            found = made.dense() - np.diag(made.system.screening.ravel())
            wanted = by_definition(odd_problem(), psi, 0.0)
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=ROUND_OFF * np.abs(wanted).max())
            assert np.count_nonzero(np.tril(found, -1) * np.triu(found, 1).T) == 0  # each face is crossed one way

    def test_without_a_gradient_is_the_one_of_diffusion(self, backend):
        made = directed(backend, odd_problem(), np.full((4, 3, 5), 7.0), dt=inf)
        plain = system_of(backend, odd_problem(taxis=None), inf)
        wanted = dense(plain)
        np.testing.assert_allclose(made.dense(), wanted, rtol=0, atol=ROUND_OFF * wanted.max())

    def test_mobility_multiplies_the_diffusivity_cell_by_cell(self, backend):
        m = rough(1.0, 3)
        made = directed(backend, odd_problem(taxis=None, mobility="1"), 0.0, m, dt=inf)
        mixed = odd_problem(diffusivity=DIFFUSIVITY)
        wanted = np.zeros((60, 60))
        number = np.arange(60).reshape(4, 3, 5)
        for axis in range(3):
            t = conductances(mixed, DIFFUSIVITY, axis, m)
            for i, j, one in zip(number.ravel(), np.roll(number, -1, axis).ravel(), t.ravel(), strict=True):
                wanted[[i, j], [i, j]] += one
                wanted[[i, j], [j, i]] -= one
        np.testing.assert_allclose(made.system.times(np.eye(60)[7].reshape(4, 3, 5)).ravel(), wanted[:, 7], atol=1e-10)
        np.testing.assert_allclose(dense(made.system), wanted, rtol=0, atol=ROUND_OFF * wanted.max())


def crowd(mesh: Mesh, attractant: np.ndarray, initial, power: float, **field) -> Problem:
    """Cells c that climb log(1 + A/0.08) with chi/D = power; A stays as it is."""
    taxis = Taxis({name: power * d for name, d in DIFFUSIVITY.items()}, "log(1 + A/K_A)")
    cells = Field("c", initial=initial, **{"diffusivity": DIFFUSIVITY, "taxis": taxis} | field)
    painting = paint(mesh, list(LAYERS.items()), [("channel", cylinder(100, 100, 40, 120))])
    return Problem(mesh, painting, Model((Field("A", initial=attractant), cells), parameters={"K_A": 0.08}))


def wound_mesh(periodic: tuple[bool, bool]) -> Mesh:
    """200 um x 160 um x 300 um, 10 x 8 x 12 cells, graded 3 : 1 around the wound."""
    x = edges(30.0, 25, 20, 15, 10, 10, 15, 20, 25, 30)
    return Mesh(
        x, edges(30, 25, 15, 10, 10, 15, 25, 30.0), np.append([0, 15], 300 * np.linspace(0.23, 1, 11) ** 1.5), periodic
    )


def alarm(mesh: Mesh) -> np.ndarray:
    """From 1 in the wound to 1e-3 at some distance."""
    r = np.hypot(mesh.xc - 100, (mesh.yc - 80)[:, None]) + np.maximum(mesh.zc[:, None, None] - 150, 0)
    return np.exp(-np.maximum(r - 20, 0) / 20)


POWERS = {"neutrophils": 15 / log(1 + 1 / 0.08), "macrophages": 23 / log(1 + 1 / 0.08)}


class TestEquilibrium:
    """c = C (1 + A/K)^(chi/D) neither moves, nor is anything else what an infinite step ends in."""

    @pytest.mark.parametrize("sides", SIDES)
    @pytest.mark.parametrize("who", POWERS)
    def test_stays_to_round_off(self, backend, who, sides):
        mesh = wound_mesh(SIDES[sides])
        attractant = alarm(mesh)
        rest = (1 + attractant / 0.08) ** POWERS[who]
        rest /= rest.max()
        for dt in (1.0, 3e4):
            run = Simulation(crowd(mesh, attractant, rest, POWERS[who]), backend=backend, dt=dt, kappa=1e-9).run(4 * dt)
            moved = np.abs(run.concentration("c") - rest)
            assert moved.max() <= 1e-14
            assert (moved / rest).max() <= 1e-6  # up to e^12 from one cell to the next
            assert run.iterations <= 20
        assert Simulation(run.problem, backend=backend, dt=3e4).run(3e5).iterations == 0

    @pytest.mark.parametrize("who", POWERS)
    def test_is_where_a_uniform_crowd_goes(self, backend, who):
        mesh = wound_mesh((True, True))
        attractant = alarm(mesh)
        run = Simulation(crowd(mesh, attractant, 0.01, POWERS[who]), backend=backend, dt=1e9, dt_max=inf, kappa=1e-9)
        run.run(3e9)
        rest = (1 + attractant / 0.08) ** POWERS[who]
        rest *= 0.01 * mesh.volume.sum() / (mesh.volume * rest).sum()
        np.testing.assert_allclose(run.concentration("c"), rest, rtol=1e-5, atol=1e-9 * rest.max())

    def test_stays_in_single_precision_as_well_as_that_can_be(self, backend_name):
        mesh = wound_mesh((True, False))
        attractant = alarm(mesh)
        rest = (1 + attractant / 0.08) ** POWERS["neutrophils"]
        rest /= rest.max()
        problem = crowd(mesh, attractant, rest, POWERS["neutrophils"])
        run = Simulation(problem, backend=backend_name, precision="mixed", dt=3e3).run(10 * 3e3)
        np.testing.assert_allclose(run.concentration("c"), rest, rtol=1e-4, atol=1e-8)
        assert run.ledger("c").relative_error <= 1e-14


class TestConservation:
    """Nothing is lost on the way and nothing falls below zero, whatever the step and the drift."""

    @pytest.mark.parametrize("precision", ["double", "mixed"])
    @pytest.mark.parametrize(("power", "dt"), [(8.0, 0.1), (8.0, 1e2), (8.0, 1e5), (5e3, 1e-2), (5e3, 0.5)])
    def test_total_is_kept_and_nothing_is_negative(self, backend_name, power, dt, precision):
        """With the power 5000 the Péclet number of a cell is up to some thousand, its Courant number up to 20."""
        mesh = wound_mesh((True, False))
        initial = np.zeros(mesh.shape)
        initial[2, 3, 4], initial[8, 1, 9] = 1.0, 1e-3
        problem = crowd(mesh, alarm(mesh), initial, power)
        run = Simulation(problem, backend=backend_name, precision=precision, dt=dt, dt_max=inf, kappa=1e-3)
        run.run(6 * dt)
        c = run.concentration("c")
        assert c.min() >= 0.0
        total = (mesh.volume * initial).sum()
        assert (mesh.volume * c).sum() == pytest.approx(total, rel=1e-14)
        assert run.ledger("c").relative_error <= 1e-14
        assert np.abs(c - initial).max() > 1e-5  # it does move

    def test_adaptive_steps_follow_a_drift_without_diffusion(self):
        mesh = wound_mesh((True, False))
        initial = np.ones(mesh.shape)
        run = Simulation(crowd(mesh, alarm(mesh), initial, 5e3), rtol=1e-2).run(60.0)
        c = run.concentration("c")
        assert c.min() >= 0.0
        assert c.max() > 5.0
        assert run.step <= 200
        assert run.ledger("c").relative_error <= 1e-13

    def test_one_implicit_stage_alone_is_positive(self, backend):
        """Euler, before the clipping: A^-1 >= 0 by its solution of a point source."""
        mesh = wound_mesh((False, True))
        problem = crowd(mesh, alarm(mesh), 0.0, 5e3)
        made = directed(backend, _alone(problem), np.log(1 + alarm(mesh) / 0.08), dt=1e5)
        matrix = made.dense()
        assert (matrix - np.diag(np.diag(matrix))).max() <= 0.0
        found = np.linalg.solve(matrix, np.eye(mesh.cells)[:, ::37])
        assert found.min() >= -1e-16 * found.max()

    def test_nothing_enters_a_layer_without_sensitivity_and_diffusivity(self, backend):
        mesh = wound_mesh((True, True))
        closed = {"epidermis": 0.0, "dermis": 3.0, "channel": np.where(mesh.zc < 15, 0.0, 30.0)}
        taxis = Taxis({name: 6 * np.asarray(d) if name == "channel" else 6 * d for name, d in closed.items()},
                      "log(1 + A/K_A)")  # fmt: skip
        upwards = alarm(mesh) + np.exp(-mesh.zc / 30)[:, None, None]
        below = np.broadcast_to((mesh.zc > 15)[:, None, None], mesh.shape)
        problem = crowd(mesh, upwards, below * 1.0, 1.0, diffusivity=closed, taxis=taxis)
        run = Simulation(problem, backend=backend, dt=2e3, kappa=1e-6).run(2e4)
        assert (~below).any()
        assert not run.concentration("c")[~below].any()
        assert run.concentration("c").max() > 2.0


def _alone(problem: Problem) -> Problem:
    """The directed field alone, its potential to be given in the cells."""
    field = problem.model.fields[1]
    made = Field("c", diffusivity=field.diffusivity, taxis=Taxis(field.taxis.sensitivity, "0"))
    return Problem(problem.mesh, problem.painting, Model((made,)))


def test_cells_may_begin_to_climb_at_an_event(backend):
    """The solver gets its vectors for that when it is needed."""
    mesh = wound_mesh((True, False))
    attractant = alarm(mesh)
    still = crowd(mesh, attractant, 1.0, 6.0, taxis=None)
    event = Event(50.0, "alarm", lambda problem: crowd(mesh, attractant, 1.0, 6.0))
    late = Simulation(still, backend=backend, dt=100.0, events=[event], kappa=1e-6).run(350.0)
    early = Simulation(crowd(mesh, attractant, 1.0, 6.0), backend=backend, dt=100.0, kappa=1e-6).run(300.0)
    np.testing.assert_allclose(late.concentration("c"), early.concentration("c"), rtol=1e-6)


class TestMobility:
    def test_none_is_immobile(self, backend):
        mesh = wound_mesh((True, False))
        initial = np.random.default_rng(0).random(mesh.shape)
        field = Field("c", initial=initial, diffusivity=DIFFUSIVITY, mobility="V/(K_V + V)")
        model = Model((Field("V"), field), parameters={"K_V": 0.3})
        problem = Problem(mesh, crowd(mesh, initial, 0.0, 1.0).painting, model)
        run = Simulation(problem, backend=backend, dt=1e4).run(1e5)
        assert run.iterations == 0
        np.testing.assert_allclose(run.concentration("c"), initial, rtol=1e-14)

    def test_of_one_is_diffusion(self, backend):
        mesh = wound_mesh((True, False))
        initial = np.random.default_rng(0).random(mesh.shape)
        painting, runs = crowd(mesh, initial, 0.0, 1.0).painting, []
        for mobility in ("V/(V + 0*c)", None):
            field = Field("c", initial=initial, diffusivity=DIFFUSIVITY, partition=PARTITION, mobility=mobility)
            problem = Problem(mesh, painting, Model((Field("V", initial=2.0), field)))
            runs.append(Simulation(problem, backend=backend, dt=50.0, kappa=1e-9).run(300.0).concentration("c"))
        np.testing.assert_allclose(*runs, rtol=1e-9)

    def test_where_it_is_zero_nothing_passes(self, backend):
        """A wall of cells without mobility, in the middle of others."""
        mesh = wound_mesh((False, False))
        v = np.ones(mesh.shape)
        v[:, :, 5] = 0.0
        initial = np.zeros(mesh.shape)
        initial[:, :, :5] = np.random.default_rng(0).random((*mesh.shape[:2], 5))
        field = Field("c", initial=initial, diffusivity=DIFFUSIVITY, mobility="V")
        problem = Problem(mesh, crowd(mesh, initial, 0.0, 1.0).painting, Model((Field("V", initial=v), field)))
        c = Simulation(problem, backend=backend, dt=1e4, kappa=1e-9).run(1e5).concentration("c")
        assert c[:, :, 5:].max() <= 1e-13  # what the coarse columns of the solver leave
        assert np.ptp(c[:, :, :5]) < 0.1 * np.ptp(initial)


def unit_cell(columns: int, contrast: float = 1.0, periodic: bool = True, diffusivity: float = 2.9) -> Problem:
    """700 um x 700 um x 1.5 mm around a channel; nothing moves in the epidermis."""
    side = np.linspace(0, 700, columns + 1)
    mesh = Mesh(side, side, np.append(np.linspace(0, 100, 5), np.linspace(100, 1500, 22)[1:]), (periodic, periodic))
    d = {"epidermis": 0.0, "dermis": diffusivity, "channel": diffusivity * contrast}
    taxis = Taxis({name: 6 * value for name, value in d.items()}, "0")
    channel = ("channel", cylinder(350, 350, 50, 500))
    return problem_of(mesh, {"epidermis": 0.0, "dermis": 100.0}, Field("c", diffusivity=d, taxis=taxis), [channel])


def attractant(problem: Problem, reach: float) -> np.ndarray:
    """A = 1 in the channel, falling to 1/e in `reach` (um) around it."""
    mesh = problem.mesh
    r = np.hypot(mesh.xc - 350, (mesh.yc - 350)[:, None])
    beyond = np.hypot(np.maximum(r - 50, 0), np.maximum(mesh.zc[:, None, None] - 500, 0))
    return np.exp(-beyond / reach)


STEPS = (1.0, 60.0, 3600.0, DAY / 2, 2 * DAY)
# Name -> problem, reach of the attractant, range of psi chi / D, and the largest count to 1e-8 over STEPS.
TABLE = {
    "neutrophils": ({}, 100.0, 15.0, 10),
    "macrophages": ({"diffusivity": 0.23}, 100.0, 23.0, 10),
    "no drift": ({}, 100.0, 0.0, 8),
    "range 5": ({}, 100.0, 5.0, 9),
    "range 23": ({}, 100.0, 23.0, 10),
    "channel 100 x quicker": ({"contrast": 100.0}, 100.0, 15.0, 10),
    "channel 100 x slower": ({"contrast": 0.01}, 100.0, 15.0, 10),
    "mirror sides": ({"periodic": False}, 100.0, 15.0, 10),
    "steep": ({}, 30.0, 15.0, 10),
    "flat": ({}, 300.0, 15.0, 10),
}


class TestIterations:
    """With one chi / D the range of the potential does not count: as many as for diffusion alone (to 1e-8)."""

    @staticmethod
    def counts(problem, reach, span, backend="auto", steps=STEPS, reduction=1e-8):
        found = []
        psi = np.log(1 + attractant(problem, reach) / 0.08)
        for dt in steps:
            made = directed(choose(backend), problem, psi * span / psi.max() / 6.0, dt=dt, loss=2 / DAY)
            rhs = made.times(np.random.default_rng(0).random(made.system.shape))
            count, increment = made.solve(rhs, reduction)
            assert made.left(rhs, increment) <= 2 * reduction
            found.append(count)
        return found

    @pytest.mark.parametrize("name", TABLE)
    @pytest.mark.parametrize("columns", [16, 32])
    def test_are_within_one_of_the_table_and_three_to_the_working_tolerance(self, name, columns):
        changes, reach, span, most = TABLE[name]
        problem = unit_cell(columns, **changes)
        found, working = self.counts(problem, reach, span), self.counts(problem, reach, span, reduction=1e-2)
        assert max(found) <= most + 1, found
        assert max(working) <= 3, working

    def test_on_a_larger_mesh(self):
        found = self.counts(unit_cell(64), 30.0, 15.0, steps=STEPS[2::2])
        assert max(found) <= 10, found

    def test_are_the_same_on_every_backend(self, backend_name):
        given = (unit_cell(8), 100.0, 15.0)
        assert self.counts(*given, backend_name) == self.counts(*given, "numpy")

    @pytest.mark.parametrize(("dt", "most"), [(60.0, 3), (3600.0, 9), (DAY / 2, 12)])
    def test_with_a_mobility(self, dt, most):
        """Vessels: D V/(K + V) and chi grad V/(K + V) with chi / D = 9, by the method for any matrix."""
        problem = unit_cell(32, diffusivity=0.1)
        v = attractant(problem, 230.0)
        made = directed(choose(), problem, 1.5 * np.log(1 + v / 0.3), v / (0.3 + v), dt=dt)
        made.system.operator.drift.ratio = None
        rhs = made.times(np.random.default_rng(0).random(made.system.shape))
        count, increment = made.solve(rhs, 1e-8)
        assert made.left(rhs, increment) <= 2e-8
        assert count <= most

    def test_both_methods_give_the_same(self, backend):
        problem = unit_cell(6)
        made = directed(backend, problem, np.log(1 + attractant(problem, 100.0) / 0.08), dt=3600.0)
        assert made.system.operator.drift.ratio == pytest.approx(6.0, rel=1e-14)
        rhs = made.times(np.random.default_rng(0).random(made.system.shape))
        one = made.solve(rhs, 1e-12)[1]
        made.system.operator.drift.ratio = None
        other = made.solve(rhs, 1e-12)[1]
        exact = np.linalg.solve(made.dense(), rhs.ravel()).reshape(rhs.shape)
        for found in (one, other):
            np.testing.assert_allclose(found, exact, rtol=1e-7, atol=1e-9 * exact.max())

    def test_too_many_and_numbers_that_are_not_finite_are_reported(self, monkeypatch):
        problem = unit_cell(8)
        made = directed(choose("numpy"), problem, np.log(1 + attractant(problem, 100.0) / 0.08), dt=DAY)
        rhs = made.times(np.random.default_rng(0).random(made.system.shape))
        for ratio in (made.system.operator.drift.ratio, None):
            made.system.operator.drift.ratio = ratio
            broken = rhs.copy()
            broken[3, 2, 1] = np.nan
            with pytest.raises(NotConverged):
                made.solve(broken, 1e-8)
            with monkeypatch.context() as patch:
                patch.setattr(systems, "LIMIT", 2)
                with pytest.raises(NotConverged):
                    made.solve(rhs, 1e-10)


class TestRatio:
    """chi / D as one number, or none."""

    @pytest.mark.parametrize(
        ("changes", "ratio"),
        [
            ({}, None),
            ({"taxis": Taxis({name: 4 * d for name, d in DIFFUSIVITY.items()}, "0")}, 4.0),
            ({"taxis": Taxis(12.0, "0"), "diffusivity": 3.0}, 4.0),
            ({"taxis": Taxis(12.0, "0"), "diffusivity": np.full((4, 3, 5), 3.0)}, 4.0),
            ({"taxis": Taxis(12.0, "0"), "diffusivity": 3.0, "lateral_diffusivity": 2.0}, None),
            ({"taxis": Taxis(12.0, "0"), "diffusivity": 3.0, "mobility": "1"}, None),
            ({"taxis": Taxis(12.0, "0"), "diffusivity": 0.0}, None),
            ({"taxis": Taxis(0.0, "0")}, 0.0),
        ],
    )
    def test_is_found(self, changes, ratio):
        found = system_of(choose("numpy"), odd_problem(**changes), 1.0).operator.drift.ratio
        assert found == (ratio if ratio is None else pytest.approx(ratio, rel=1e-14))

    @pytest.mark.parametrize("openness", [0.0, 0.4])
    def test_a_closing_channel_closes_for_the_drift_too(self, backend, openness):
        """As a channel of the coefficients in between would."""

        def mixed(values):
            return {**values, "channel": values["dermis"] + openness * (values["channel"] - values["dermis"])}

        sensitivity, mesh = {name: 4 * d for name, d in DIFFUSIVITY.items()}, odd_mesh()
        painting = paint(mesh, [("dermis", 0.0)], [("channel", cylinder(14.0, 10.0, 9.0, 33.0))])
        given = [{k: v for k, v in values.items() if k != "epidermis"} for values in (DIFFUSIVITY, sensitivity)]
        closing = Field("c", diffusivity=given[0], taxis=Taxis(given[1], "0"))
        between = Field("c", diffusivity=mixed(given[0]), taxis=Taxis(mixed(given[1]), "0"))
        model = Model((closing,), closings=(Closing("channel", lambda t: openness),))
        made = []
        for problem in (Problem(mesh, painting, model), Problem(mesh, painting, Model((between,)))):
            one = system_of(backend, problem, 50.0)
            given = [openness if problem.model.closings and name == "channel" else 1.0 for name in painting.materials]
            one.operator.update(backend.array(given, np.float64))
            one.operator.drift.mobility[:] = 1.0
            one.operator.drift.potential[:] = backend.array(rough(1.0), np.float64)
            one.operator.move()
            made.append(Directed(one, rough(1.0), rough(1.0)).dense())
        np.testing.assert_allclose(*made, rtol=1e-12, atol=1e-12)
