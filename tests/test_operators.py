"""The discrete operator: what it is, what it conserves, and how close its fluxes and eigenvalues are to exact ones."""

from dataclasses import replace
from math import inf, pi

import numpy as np
import pytest
import scipy.linalg
from channel_flux import REFERENCE, flux, steady_flow
from exact.eigenmode import TwoLayers
from exact.order import order
from exact.pores import pore_flow
from systems import box, cylinder, dense, problem_of, system_of

from mnrd.backends import choose
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Membrane, Reservoir
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing

ROUND_OFF = 1e-13
DIFFUSIVITY = {"corneum": 0.05, "dermis": 100.0, "channel": 500.0, "steel": 0.0}
PARTITION = {"corneum": 20.0, "dermis": 1.5, "channel": 1.0, "steel": 0.3}
MEMBRANES = (
    Membrane(15.0, {"corneum": 0.01, "dermis": 0.02, "channel": inf, "steel": 3.0}),
    Membrane(40.0, 0.5),
)


def edges(*widths):
    return np.append(0.0, np.cumsum(widths))


def odd_mesh(periodic):
    """(4, 3, 5) cells, no two widths equal."""
    x, y = edges(7.0, 12.0, 9.0, 4.0, 11.0), edges(8.0, 5.0, 13.0)
    return Mesh(x, y, edges(6.0, 9.0, 25.0, 31.0), periodic)


def odd_problem(periodic=(False, False), **changes):
    """Everything at once: cells of several materials, a solid one, membranes, anisotropy, two kinds of boundary."""
    mesh = odd_mesh(periodic)
    covered = np.linspace(0.0, 1.0, 15).reshape(3, 5)
    field = Field(
        "c", diffusivity=DIFFUSIVITY, partition=PARTITION, membranes=MEMBRANES,
        lateral_diffusivity={**DIFFUSIVITY, "dermis": np.array([40.0, 50.0, 60.0, 70.0])},
        top=Reservoir(1.0, area=covered, transfer=0.7), base=Reservoir(),
    )  # fmt: skip
    regions = [("channel", cylinder(14.0, 10.0, 9.0, 33.0)), ("steel", cylinder(40.0, 22.0, 6.0, 60.0))]
    return problem_of(mesh, {"corneum": 0.0, "dermis": 15.0}, replace(field, **changes), regions)


def by_definition(problem):
    """Conduction matrix and boundary conductances, face by face: T = A/(h/2s + h/2s + 1/P)."""
    mesh, field = problem.mesh, problem.model.fields[0]
    number = np.arange(mesh.cells).reshape(mesh.shape)
    matrix = np.zeros((mesh.cells, mesh.cells))
    widths = (mesh.hz, mesh.hy, mesh.hx)
    for k, j, i in np.ndindex(mesh.shape):
        for axis, wraps in enumerate((False, mesh.periodic[1], mesh.periodic[0])):
            here, there = [k, j, i], [k, j, i]
            there[axis] = (there[axis] + 1) % mesh.shape[axis]
            if mesh.shape[axis] == 1 or (there[axis] == 0 and not wraps):
                continue
            area = np.prod([widths[other][here[other]] for other in range(3) if other != axis])
            resistance = sum(
                widths[axis][at[axis]] / (2 * conductivity(problem, at, axis) or 1e-300) for at in (here, there)
            )
            if axis == 0:
                resistance += membrane_resistance(problem, mesh.z[there[0]], there)
            a, b, t = number[tuple(here)], number[tuple(there)], area / resistance
            matrix[[a, b], [a, b]] += t
            matrix[[a, b], [b, a]] -= t
    ends = []
    for k, reservoir, depth in ((0, field.top, 0.0), (-1, field.base, mesh.z[-1])):
        plane = np.zeros(mesh.shape[1:])
        for j, i in np.ndindex(plane.shape) if reservoir is not None else ():
            at = (k % mesh.shape[0], j, i)
            resistance = mesh.hz[k] / (2 * conductivity(problem, at, 0) or 1e-300) + 1 / reservoir.transfer
            resistance += membrane_resistance(problem, depth, at)
            covered = 1.0 if reservoir.area is None else reservoir.area[j, i]
            plane[j, i] = covered * mesh.area[j, i] / resistance
        ends.append(plane)
    return matrix, *ends


def conductivity(problem, at, axis):
    """s of one cell: parallel in z, series laterally."""
    field = problem.model.fields[0]
    total = 0.0
    for name, fraction in zip(problem.painting.materials, problem.painting.fractions, strict=True):
        phi = fraction[tuple(at)] / 255
        d = (field.lateral_diffusivity if axis else None) or field.diffusivity
        s = np.broadcast_to(d[name], problem.mesh.shape[0])[at[0]] * field.partition[name]
        if phi > 0:
            total += phi * s if axis == 0 else phi / (s or 1e-300)
    return total if axis == 0 else 1 / total


def membrane_resistance(problem, depth, below):
    """1/P of the membranes on a face, P the mean over the materials of the cell below."""
    field, total = problem.model.fields[0], 0.0
    for membrane in field.membranes:
        if membrane.depth == depth:
            values, painting = membrane.permeability, problem.painting
            if isinstance(values, dict):
                shares = zip(painting.materials, painting.fractions, strict=True)
                values = sum(values[name] * f[tuple(below)] / 255 for name, f in shares if f[tuple(below)])
            total += 1 / values
    return total


@pytest.fixture(params=[(False, False), (True, True), (True, False)], ids=["mirror", "periodic", "mixed"])
def problem(request):
    return odd_problem(request.param)


class TestMatrix:
    def test_is_the_definition(self, backend, problem):
        system = system_of(backend, problem, dt=50.0, loss=0.01)
        matrix, top, base = by_definition(problem)
        np.testing.assert_allclose(backend.host(system.operator.top), top, rtol=ROUND_OFF, atol=0)
        np.testing.assert_allclose(backend.host(system.operator.base), base, rtol=ROUND_OFF, atol=0)
        ends = np.zeros(problem.mesh.shape)
        ends[0], ends[-1] = top, base
        capacity = problem.mesh.volume * problem.painting.mix(PARTITION)
        matrix += np.diag((ends + capacity * (system.tau + 0.01)).ravel())
        np.testing.assert_allclose(dense(system), matrix, rtol=1e-12, atol=ROUND_OFF * matrix.max())

    def test_is_symmetric_and_its_rows_sum_to_screening_and_boundaries(self, backend, problem):
        system = system_of(backend, problem, dt=50.0)
        matrix = dense(system)
        assert np.abs(matrix - matrix.T).max() <= ROUND_OFF * matrix.max()
        rows = backend.host(system.screening).copy()
        rows[0] += backend.host(system.operator.top)
        rows[-1] += backend.host(system.operator.base)
        np.testing.assert_allclose(matrix.sum(axis=1), rows.ravel(), atol=ROUND_OFF * matrix.max())

    def test_rows_of_pure_conduction_sum_to_zero(self, backend):
        system = system_of(backend, odd_problem((True, True), top=None, base=None), dt=inf)
        matrix = dense(system)
        assert np.abs(matrix.sum(axis=1)).max() <= ROUND_OFF * matrix.max()

    def test_is_an_m_matrix(self, backend, problem):
        matrix = dense(system_of(backend, problem, dt=50.0))
        assert (matrix - np.diag(np.diag(matrix)) <= 0).all()
        assert np.linalg.eigvalsh(matrix).min() > 0
        assert np.linalg.inv(matrix).min() >= 0

    @pytest.mark.parametrize("dt", [0.1, 50.0, 1e6])
    def test_spectrum_of_line_relaxation_is_as_bounded(self, backend, problem, dt):
        system = system_of(backend, problem, dt)
        matrix = dense(system)
        column = np.arange(problem.mesh.cells) % (problem.mesh.shape[1] * problem.mesh.shape[2])
        lines = np.where(column[:, None] == column, matrix, 0.0)
        values = scipy.linalg.eigvals(np.linalg.solve(lines, matrix)).real
        mu = system.mu
        assert values.min() >= 1 / (1 + mu) * (1 - 1e-9)
        assert values.max() <= (1 + 2 * mu) / (1 + mu) * (1 + 1e-9)

    def test_flow_is_conserved_to_round_off(self, backend, problem):
        system = system_of(backend, problem, dt=inf)
        u = np.random.default_rng(0).random(problem.mesh.shape)
        gained = system.times(u)
        out = np.sum(backend.host(system.operator.top) * u[0]) + np.sum(backend.host(system.operator.base) * u[-1])
        assert gained.sum() == pytest.approx(out, abs=1e-14 * np.abs(gained).sum())

    def test_anything_given_per_cell_is_taken_as_it_is(self, backend):
        mesh, rng = odd_mesh((False, False)), np.random.default_rng(0)
        d, k = rng.random(mesh.shape), rng.random(mesh.shape) + 0.1
        system = system_of(backend, problem_of(mesh, {"skin": 0.0}, Field("c", diffusivity=d, partition=k)), dt=inf)
        s = d * k
        wanted = mesh.area / (mesh.hz[0] / (2 * s[0]) + mesh.hz[1] / (2 * s[1]))
        np.testing.assert_allclose(backend.host(system.operator.tz[0]), wanted, rtol=ROUND_OFF)
        np.testing.assert_allclose(backend.host(system.operator.capacity), mesh.volume * k, rtol=ROUND_OFF)


class TestClosing:
    """Conductances of a closing channel go from those of the channel to those of the tissue around it."""

    def problem(self, openness, until=inf, material="channel"):
        mesh = box((100.0, 90.0), (5, 6), edges(5.0, 5.0, 5.0, 20.0, 20.0))
        field = Field("c", diffusivity=DIFFUSIVITY | {"plug": 500.0}, partition=PARTITION | {"plug": 1.0},
                      top=Reservoir(1.0), base=Reservoir())  # fmt: skip
        values = {key: {name: v for name, v in getattr(field, key).items() if name in ("corneum", "dermis", material)}
                  for key in ("diffusivity", "partition")}  # fmt: skip
        regions = [(material, cylinder(40.0, 40.0, 25.0, 40.0))]
        closings = (Closing(material, lambda t: openness, until),) if openness is not None else ()
        return problem_of(mesh, {"corneum": 0.0, "dermis": 15.0}, replace(field, **values), regions, closings=closings)

    def faces(self, backend, *arguments):
        operator = system_of(backend, self.problem(*arguments), 1.0).operator
        return [backend.host(getattr(operator, name)) for name in ("tx", "ty", "tz", "top")]

    def test_open(self, backend):
        for closing, without in zip(self.faces(backend, 1.0), self.faces(backend, None), strict=True):
            np.testing.assert_allclose(closing, without, rtol=ROUND_OFF)

    def test_closed_is_intact(self, backend):
        intact = problem_of(self.problem(1.0).mesh, {"corneum": 0.0, "dermis": 15.0}, Field(
            "c", diffusivity={k: DIFFUSIVITY[k] for k in ("corneum", "dermis")},
            partition={k: PARTITION[k] for k in ("corneum", "dermis")}, top=Reservoir(1.0),
        ))  # fmt: skip
        operator = system_of(backend, intact, 1.0).operator
        for name, closed in zip(("tx", "ty", "tz", "top"), self.faces(backend, 0.0), strict=True):
            np.testing.assert_allclose(closed, backend.host(getattr(operator, name)), rtol=1e-12)

    def test_below_its_depth_it_stays_open(self, backend):
        closed, without = self.faces(backend, 0.0, 15.0), self.faces(backend, None)
        for name in (0, 1, 2):
            np.testing.assert_allclose(closed[name][3:], without[name][3:], rtol=ROUND_OFF)
        assert closed[2][0, 2, 2] < 1e-2 * without[2][0, 2, 2]


class TestWellStirredReservoirs:
    """Eliminated from the matrix, they give what the system with their activities as unknowns gives."""

    @pytest.fixture
    def problem(self):
        donor = Reservoir(1.0, capacity=30.0, loss=0.02, area=np.linspace(0, 1, 15).reshape(3, 5))
        return odd_problem(top=donor, base=Reservoir(0.2, capacity=400.0, transfer=3.0))

    def bordered(self, problem, dt):
        """Matrix of cells and the two reservoirs, and the sum of S and G."""
        conduction, *planes = by_definition(problem)
        tau, n = 1 / ((1 - 0.5**0.5) * dt), problem.mesh.cells
        matrix = np.zeros((n + 2, n + 2))
        capacity = problem.mesh.volume * problem.painting.mix(PARTITION)
        matrix[:n, :n] = conduction + np.diag(tau * capacity.ravel())
        field = problem.model.fields[0]
        for row, (k, g, reservoir) in enumerate(zip((0, -1), planes, (field.top, field.base), strict=True)):
            ends = np.zeros(problem.mesh.shape)
            ends[k] = g
            cover = 1.0 if reservoir.area is None else reservoir.area
            area = float(np.sum(cover * problem.mesh.area))
            matrix[:n, n + row] = matrix[n + row, :n] = -ends.ravel()
            matrix[:n, :n] += np.diag(ends.ravel())
            matrix[n + row, n + row] = tau * reservoir.capacity * area + reservoir.loss * area + g.sum()
        return matrix

    @pytest.mark.parametrize("dt", [1.0, 1e4])
    def test_matrix_is_the_schur_complement(self, backend, problem, dt):
        whole = self.bordered(problem, dt)
        cells, border, corner = whole[:-2, :-2], whole[:-2, -2:], whole[-2:, -2:]
        wanted = cells - border @ np.linalg.solve(corner, border.T)
        np.testing.assert_allclose(dense(system_of(backend, problem, dt)), wanted, atol=ROUND_OFF * wanted.max())

    @pytest.mark.parametrize("dt", [1.0, 1e4, 1e9])
    def test_solution_is_that_of_the_bordered_system(self, backend, problem, dt):
        whole, rhs = self.bordered(problem, dt), np.random.default_rng(0).random(problem.mesh.cells + 2)
        wanted = np.linalg.solve(whole, rhs)[:-2]
        border, corner = whole[:-2, -2:], whole[-2:, -2:]
        eliminated = rhs[:-2] - border @ np.linalg.solve(corner, rhs[-2:])
        _, got = system_of(backend, problem, dt).solve(eliminated.reshape(problem.mesh.shape), 1e-12)
        np.testing.assert_allclose(got.ravel(), wanted, rtol=1e-9)


def test_steady_flux_through_layers_is_the_series_resistance(backend):
    """V2: layers with partition, membranes between (two on one face) and at both ends, boundary layers; any cells."""
    layers = {"corneum": (15.0, 0.05, 20.0), "epidermis": (80.0, 40.0, 0.5), "dermis": (900.0, 100.0, 1.5)}
    tops = dict(zip(layers, (0.0, 15.0, 95.0), strict=True))
    z = np.unique(np.concatenate([np.linspace(0, 15, 4), 15 + 80 * np.linspace(0, 1, 6) ** 2, [95, 300, 420, 995]]))
    field = Field(
        "c", diffusivity={n: d for n, (_, d, _) in layers.items()}, partition={n: k for n, (_, _, k) in layers.items()},
        membranes=(Membrane(0.0, 0.03), Membrane(15.0, 0.02), Membrane(15.1, 0.2),
                   Membrane(300.0, dict.fromkeys(layers, 0.5)), Membrane(995.0, 0.1)),
        top=Reservoir(2.0, transfer=0.4), base=Reservoir(0.5, transfer=7.0),
    )  # fmt: skip
    mesh = Mesh(edges(3.0, 5.0, 4.0), edges(2.0, 6.0), z, (True, False))
    system = system_of(backend, problem_of(mesh, tops, field), dt=inf)
    top, tz, base = (backend.host(getattr(system.operator, name)) for name in ("top", "tz", "base"))
    resistance = sum(length / (d * k) for length, d, k in layers.values())
    resistance += 1 / 0.03 + 1 / 0.02 + 1 / 0.2 + 1 / 0.5 + 1 / 0.1 + 1 / 0.4 + 1 / 7.0
    np.testing.assert_allclose(1 / top + (1 / tz[:-1]).sum(axis=0) + 1 / base, resistance / mesh.area, rtol=1e-12)
    rhs = np.zeros(mesh.shape)
    rhs[0], rhs[-1] = 2.0 * top, 0.5 * base
    activity = np.linalg.solve(dense(system), rhs.ravel()).reshape(mesh.shape)
    assert np.sum(top * (2.0 - activity[0])) == pytest.approx(1.5 / resistance * mesh.footprint, rel=1e-9)


def test_steady_flux_across_upright_layers_is_the_series_resistance(backend):
    """V2 laterally: activities on both sides of jumps of D and K are those of resistances in series."""
    s = np.array([0.05, 100.0, 3.0, 500.0])[np.newaxis, np.newaxis]
    mesh = Mesh(edges(15.0, 80.0, 30.0, 7.0), edges(10.0), edges(4.0), (False, False))
    system = system_of(backend, problem_of(mesh, {"skin": 0.0}, Field("c", diffusivity=s / 2.5, partition=2.5)), dt=inf)
    faces = backend.host(system.operator.tx)[0, 0]
    h, s = mesh.hx, s.ravel()
    wanted = 40.0 / (h[:-1] / (2 * s[:-1]) + h[1:] / (2 * s[1:]))
    np.testing.assert_allclose(faces, [*wanted, 0.0], rtol=1e-12)


class TestEigenvalues:
    """V1: two layers, diffusivity x 100, partition x 10: order 2 in the decay rates."""

    LAYERS = TwoLayers(upper=(1.0, 10.0, 30.0), lower=(100.0, 1.0, 70.0), periods=(inf, inf))

    def rates(self, backend, z):
        (d1, k1, l1), (d2, k2, _) = self.LAYERS.upper, self.LAYERS.lower
        field = Field("c", diffusivity={"a": d1, "b": d2}, partition={"a": k1, "b": k2}, base=Reservoir())
        mesh = Mesh(edges(1.0), edges(1.0), z)
        system = system_of(backend, problem_of(mesh, {"a": 0.0, "b": l1}, field), dt=inf)
        capacity = np.diag(backend.host(system.operator.capacity).ravel())
        return scipy.linalg.eigh(dense(system), capacity, eigvals_only=True)[:3]

    @staticmethod
    def uniform(n):
        return np.append(np.linspace(0, 30, n // 2 + 1), np.linspace(30, 100, n // 2 + 1)[1:])

    @staticmethod
    def graded(n):
        """Smooth on either side, finest at the surface and the interface."""
        t = np.linspace(0, 1, n // 2 + 1)
        return np.append(30 * (t - 0.1 * np.sin(2 * pi * t)), 30 + 70 * np.expm1(1.5 * t[1:]) / np.expm1(1.5))

    @pytest.mark.parametrize("grading", ["uniform", "graded"])
    def test_order(self, backend, grading):
        sizes = (32, 64, 128)
        exact = self.LAYERS.rates(3)
        errors = np.array([self.rates(backend, getattr(self, grading)(n)) / exact - 1 for n in sizes])
        observed = [order(column, sizes) for column in errors.T]
        assert observed == [pytest.approx(2.0, abs=0.05)] * 3, errors
        assert abs(errors[0, 0]) < 1.3e-3


@pytest.mark.parametrize(("n", "error"), [(32, -2.4e-3), (64, -6.0e-4)])
def test_decay_rate_of_a_cosine_mode(n, error):
    """V3: cos(2 pi x) cos(pi y) cos(pi z) in a box of n^3 cells is a discrete mode; its rate has this error."""
    side = np.linspace(0.0, 100.0, n + 1)
    mesh = Mesh(side, side, side, (True, False))
    backend = choose()
    system = system_of(backend, problem_of(mesh, {"skin": 0.0}, Field("c", diffusivity=7.0)), dt=inf)
    wave = (
        np.cos(pi * mesh.zc / 100)[:, None, None] * np.cos(pi * mesh.yc / 100)[:, None] * np.cos(2 * pi * mesh.xc / 100)
    )
    rates = system.times(wave) / (backend.host(system.operator.capacity) * wave)
    assert np.ptp(rates) <= 1e-9 * rates.max()
    assert rates.mean() / (7.0 * 6 * (pi / 100) ** 2) - 1 == pytest.approx(error, rel=0.01)


class TestChannels:
    """V8: flux through a channel on cells that its wall crosses, at several positions, against cells of 1.25 um."""

    OFFSETS = ((0.0, 0.0), (0.5, 0.5), (0.3, 0.7), (0.67, 0.65), (1 / 3, 0.1))

    def errors(self, shape, width):
        backend = choose()
        return np.array([
            flux(backend, shape, width, (a * width, b * width)) / REFERENCE[shape] - 1 for a, b in self.OFFSETS
        ])  # fmt: skip

    @pytest.mark.parametrize(
        ("shape", "width", "mean", "worst"),
        [
            ("pore", 20.0, 0.03, 0.04), ("pore", 10.0, 0.006, 0.01),
            ("cylinder", 20.0, 0.008, 0.01), ("cylinder", 10.0, 0.003, 0.005),
            ("cone", 20.0, 0.012, 0.015), ("cone", 10.0, 0.006, 0.008),
            ("thin", 20.0, 0.03, 0.04), ("thin", 10.0, 0.01, 0.02),
            ("solid", 20.0, 0.003, 0.003), ("solid", 10.0, 0.002, 0.002),
        ],
    )  # fmt: skip
    def test_flux(self, shape, width, mean, worst):
        errors = self.errors(shape, width)
        assert abs(errors.mean()) < mean
        assert np.abs(errors).max() < worst

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", REFERENCE)
    def test_flux_on_fine_cells(self, shape):
        assert np.abs(self.errors(shape, 5.0)).max() < 0.005

    @pytest.mark.parametrize("side", [8.0, 5.0])
    def test_pore_through_an_impermeable_sheet(self, side):
        """V9: resistance of one pore between two half-spaces, less what neighbours in an array take off at its two
        mouths, (1.409 x - 0.296 x^3)/(4 a D) with x = a sqrt(pi)/L, plus the tissue above and below."""
        radius, length, pitch, above = 25.0, 40.0, 160.0, 160.0
        x = radius * pi**0.5 / pitch
        shared = 2 * (1.409 * x - 0.296 * x**3) / (4 * radius)
        wanted = 1 / (1 / (radius * pore_flow(length / radius)) - shared + 2 * above / pitch**2)
        half = np.linspace(0, pitch / 2, round(pitch / 2 / side) + 1)
        mesh = Mesh(half, half, np.linspace(0, 2 * above + length, round((2 * above + length) / side) + 1))
        field = Field("c", diffusivity={"above": 1.0, "sheet": 0.0, "below": 1.0, "pore": 1.0},
                      top=Reservoir(1.0), base=Reservoir())  # fmt: skip
        layers = {"above": 0.0, "sheet": above, "below": above + length}

        def inside(px, py, pz):
            return (np.hypot(px, py) < radius) & (pz > above) & (pz < above + length)

        system = system_of(choose(), problem_of(mesh, layers, field, [("pore", inside)]), dt=1e12)
        assert 4 * steady_flow(system) == pytest.approx(wanted, rel=0.02)


def test_a_problem_cannot_close_what_is_given_per_cell(backend):
    mesh = odd_mesh((False, False))
    field = Field("c", diffusivity=np.ones(mesh.shape))
    painting = paint(mesh, [("skin", 0.0)], [("channel", cylinder(10, 10, 5, 20))])
    problem = Problem(mesh, painting, Model((field,), closings=(Closing("channel", lambda t: 1.0),)))
    with pytest.raises(ValueError, match=r"^fields\.c: a diffusivity or partition given per cell cannot"):
        system_of(backend, problem, 1.0)
