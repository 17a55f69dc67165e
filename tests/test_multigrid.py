"""The linear solver: symmetric cycles, iteration counts that depend neither on mesh nor on contrast, proven bounds.

Counts are of iterations that reduce a random error's residual by 1e-8, at time steps from a second to a day, in the
table of NUMERICS.md 2.4: its largest count may be exceeded by one. In production one or two iterations are enough.
"""

from itertools import pairwise
from math import acosh, cosh, inf, sqrt

import numpy as np
import pytest
import systems
from systems import NotConverged, box, cone, cylinder, dense, problem_of, system_of

from mnrd.backends import choose
from mnrd.backends.base import ORDER, REPORT
from mnrd.backends.reference_control import line_polynomial
from mnrd.mesh.grading import Fine, graded_around
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir
from mnrd.solve import plan
from mnrd.solve.krylov import LIMIT
from mnrd.solve.levels import build_levels, face_scale, pair


def line_iterations(mu, reduction):
    """What the kernel finds: ceil(acosh(1/reduction) / acosh(1 + 1/mu))."""
    order, report = np.zeros(len(ORDER)), np.zeros(len(REPORT))
    order[ORDER["TAU"]], report[REPORT["NORM"]], report[REPORT["TOLERANCE"]] = 1.0, 1.0, reduction
    report[REPORT["GOING"]] = 1.0
    line_polynomial(LIMIT, LIMIT, np.array([mu]), order, report, np.zeros((LIMIT, 3)), np.zeros(LIMIT))
    return int(report[REPORT["COUNT"]])


STEPS = (1.0, 60.0, 3600.0, 86400.0)
PITCH = 640.0


@pytest.fixture
def _no_line_relaxation(monkeypatch):
    """Use conjugate gradients also where line relaxation alone would do."""
    monkeypatch.setattr(plan, "WEAK", 0.0)


def depths(nz):
    """Edges of 12 thin planes of stratum corneum and nz - 12 of tissue."""
    return np.append(np.linspace(0, 15, 13), np.linspace(15, 500, nz - 11)[1:])


def skin(
    columns=32, nz=32, *, contrast=1e4, diffusivity=None, partition=1.0, top=None, base=None, closed_top=False,
    periodic=False, channels=None, mesh=None, scale=1.0,
):  # fmt: skip
    """A channel of 50 um through stratum corneum and tissue under a donor; `contrast` is channel over corneum."""
    diffusivity = diffusivity or {"corneum": 500.0 / contrast, "tissue": 100.0, "channel": 500.0}
    diffusivity = {name: scale * value for name, value in diffusivity.items()}
    nx, ny = columns if isinstance(columns, tuple) else (columns, columns)
    mesh = mesh or box((PITCH, PITCH), (nx, ny), depths(nz), periodic)
    top = None if closed_top else top or Reservoir(1.0)
    field = Field("c", diffusivity=diffusivity, partition=partition, top=top, base=base)
    channels = channels or [channel(PITCH / 2, PITCH / 2, 50.0, 200.0)]
    return problem_of(mesh, {"corneum": 0.0, "tissue": 15.0}, field, channels)


def channel(x, y, radius, depth, outline=cylinder):
    return "channel", outline(x, y, radius, depth), ((x - radius, x + radius), (y - radius, y + radius), (0, depth))


def array(side, radius):
    """side x side channels."""
    centres = (np.arange(side) + 0.5) * PITCH / side
    return [channel(x, y, radius, 200.0) for x in centres for y in centres]


def tilted():
    """A channel tilted by 27 degrees."""
    slope = np.tan(np.radians(27))
    return [("channel", lambda x, y, z: (np.hypot(x - 200 - z * slope, y - PITCH / 2) < 50) & (z < 300))]


def graded(ratio, columns=40):
    """Columns that grow by `ratio` from the middle to the sides."""
    half = ratio ** (np.arange(columns // 2) / (columns // 2 - 1))
    x = np.append(0.0, np.cumsum(np.append(half[::-1], half)))
    return Mesh(x * PITCH / x[-1], x * PITCH / x[-1], depths(40))


def counts(problem, backend="auto", steps=STEPS, reduction=1e-8):
    """Iterations that reduce the residual of a random error, for each time step."""
    found = []
    for dt in steps:
        system = system_of(choose(backend), problem, dt)
        error = np.random.default_rng(0).random(system.shape)
        rhs = system.times(error)
        count, increment = system.solve(rhs, reduction)
        if reduction < 1e-6:
            assert_error_is_bounded(system, rhs, increment, error)
        found.append(count)
    return found


def assert_error_is_bounded(system, rhs, increment, exact):
    """max |a - a*| <= max |r/S|, because the row sums of A are at least S (well-stirred reservoirs included)."""
    residual = rhs - system.times(increment)
    bound = np.abs(residual / system.backend.host(system.screening)).max()
    assert np.abs(increment - exact).max() <= bound * (1 + 1e-6) + 1e-9


# Name -> problem and the largest count in the table.
TABLE = {
    **{f"contrast {c:g}": (lambda c=c: skin(contrast=c), most) for c, most in ((1, 6), (1e2, 7), (1e4, 8), (1e6, 8))},
    **{
        f"channel against all tissue {c:g}": (
            lambda c=c: skin(diffusivity={"corneum": 500 / c, "tissue": 500 / c, "channel": 500.0}), most,
        )
        for c, most in ((1e2, 8), (1e4, 9), (1e6, 9))
    },
    **{
        f"solid needle {c:g}": (
            lambda c=c: skin(diffusivity={"corneum": 100.0, "tissue": 100.0, "channel": 100 / c}), 7,
        )
        for c in (1e2, 1e6, inf)
    },
    "partition 100": (lambda: skin(partition={"corneum": 100.0, "tissue": 1.0, "channel": 1.0}), 8),
    "partition 0.01": (lambda: skin(partition={"corneum": 0.01, "tissue": 1.0, "channel": 1.0}), 8),
    "16 columns": (lambda: skin(16), 7),
    "64 columns": (lambda: skin(64), 9),
    "48 planes": (lambda: skin(nz=48), 9),
    "96 planes": (lambda: skin(nz=96), 8),
    "one column": (lambda: skin(1), 1),
    "one row": (lambda: skin((33, 1)), 9),
    "3 x 5 columns": (lambda: skin((3, 5)), 9),
    "31 x 33 columns": (lambda: skin((31, 33)), 9),
    "50 columns": (lambda: skin(50), 9),
    "25 x 37 columns": (lambda: skin((25, 37)), 9),
    "4 channels": (lambda: skin(channels=array(2, 50.0)), 9),
    "16 channels": (lambda: skin(48, channels=array(4, 27.0)), 8),
    **{f"radius {r}": (lambda r=r: skin(48, channels=[channel(320, 320, r, 200)]), 9) for r in (15, 150)},
    "cone": (lambda: skin(channels=[channel(320, 320, 75, 250, cone)]), 9),
    **{f"tilted channel {c:g}": (lambda c=c: skin(contrast=c, channels=tilted()), 9) for c in (1e2, 1e6)},
    "disc donor": (lambda: skin(top=Reservoir(1.0, area=np.tri(32))), 9),
    "boundary layer": (lambda: skin(top=Reservoir(1.0, transfer=0.01)), 9),
    "sink": (lambda: skin(base=Reservoir()), 9),
    "no boundary": (lambda: skin(closed_top=True), 11),
    "periodic": (lambda: skin(periodic=True), 9),
    "periodic, sink": (lambda: skin(periodic=True, base=Reservoir()), 9),
    "periodic, sink alone": (lambda: skin(periodic=True, closed_top=True, base=Reservoir()), 9),
    "periodic, no boundary": (lambda: skin(periodic=True, closed_top=True), 11),
    **{
        f"well-stirred donor {c:g} um": (lambda c=c: skin(top=Reservoir(1.0, capacity=c)), 9) for c in (0.1, 50.0, 1e4)
    },
    "well-stirred donor and receptor": (
        lambda: skin(top=Reservoir(1.0, capacity=50.0), base=Reservoir(capacity=500.0), periodic=True), 9,
    ),
    **{f"graded {r}": (lambda r=r: skin(mesh=graded(r)), most) for r, most in ((2, 9), (5, 10), (10, 10))},
    "graded around the wall": (
        lambda: skin(mesh=Mesh(
            graded_around(PITCH, [Fine(265, 275, 5.0), Fine(365, 375, 5.0)], largest=40.0),
            graded_around(PITCH, [Fine(270, 370, 8.0)], largest=30.0), depths(40),
        )), 10,
    ),
    **{f"dy/dx {r}": (lambda r=r: skin((40, 40 // r)), 9) for r in (2, 3, 10)},
    "dx/dy 1.4": (lambda: skin((34, 48)), 9),
    **{f"diffusivity x {f:g}": (lambda f=f: skin(scale=f), 9) for f in (10, 1e-1, 1e-2, 1e-4)},
}  # fmt: skip

LARGE = {
    **{f"64 columns, contrast {c:g}": (lambda c=c: skin(64, 64, contrast=c), most)
       for c, most in ((1, 6), (1e2, 7), (1e4, 8), (1e6, 8))},
    **{f"128 columns, contrast {c:g}": (lambda c=c: skin(128, contrast=c), 9) for c in (1, 1e2, 1e6)},
    **{f"64 columns, donor {c:g} um": (lambda c=c: skin(64, top=Reservoir(1.0, capacity=c)), 9)
       for c in (0.1, 50.0, 1e4)},
    "128 planes": (lambda: skin(64, 128), 8),
    "63 x 65 columns": (lambda: skin((63, 65)), 9),
    "65 columns": (lambda: skin(65), 9),
    "125 x 187 columns": (lambda: skin((125, 187)), 9),
    "64 channels": (lambda: skin(96, channels=array(8, 13.0)), 8),
    "256 channels": (lambda: skin(128, channels=array(16, 7.0)), 10),
    "tilted": (lambda: skin(96, channels=tilted()), 9),
    "graded 10, 80 columns": (lambda: skin(mesh=graded(10, 80)), 10),
}  # fmt: skip


@pytest.mark.usefixtures("_no_line_relaxation")
class TestIterations:
    """V5, V6 and the table of NUMERICS.md 2.4."""

    @pytest.mark.parametrize("name", TABLE)
    def test_are_within_one_of_the_table_and_three_to_the_working_tolerance(self, name):
        make, most = TABLE[name]
        problem = make()
        found, working = counts(problem), counts(problem, steps=(86400.0,), reduction=1e-2)
        assert max(found) <= most + 1, found
        assert max(working) <= 3, working

    @pytest.mark.slow
    @pytest.mark.parametrize("name", LARGE)
    def test_on_larger_meshes(self, name):
        make, most = LARGE[name]
        found = counts(make())
        assert max(found) <= most + 1, found

    @pytest.mark.parametrize("contrast", [1.0, 1e2, 1e4, 1e6])
    def test_grow_by_two_at_most_from_16_to_64_columns(self, contrast):
        found = np.array([counts(skin(n, 24, contrast=contrast), steps=STEPS[2:]) for n in (16, 32, 64)])
        assert (np.ptp(found, axis=0) <= 2).all(), found

    @pytest.mark.parametrize(
        "top", [Reservoir(1.0), Reservoir(1.0, capacity=50.0), None], ids=["fixed", "donor", "none"]
    )
    def test_steady_state_is_as_quick(self, top):
        found = counts(skin(top=top, closed_top=top is None), steps=(1e7, 1e9), reduction=1e-5)
        assert max(found) <= 9, found

    def test_are_the_same_on_every_backend(self, backend_name):
        assert counts(skin(16, 24), backend_name) == counts(skin(16, 24), "numpy")

    def test_blocks_that_are_no_columns_converge_too(self):
        """Not robust there, and not met in skin: random cubes of 4^3 cells."""
        cubes = np.kron(np.random.default_rng(3).integers(0, 2, (8, 8, 8)), np.ones((4, 4, 4)))
        mesh = box((PITCH, PITCH), (32, 32), np.linspace(0, PITCH, 33))
        field = Field("c", diffusivity=np.where(cubes > 0, 100.0, 0.1), top=Reservoir(1.0))
        assert max(counts(problem_of(mesh, {"skin": 0.0}, field))) <= 35

    def test_too_many_are_reported(self, monkeypatch):
        monkeypatch.setattr(systems, "LIMIT", 3)
        system = system_of(choose("numpy"), skin(4, 16), 3600.0)
        with pytest.raises(NotConverged):
            system.solve(system.times(np.random.default_rng(0).random(system.shape)), 1e-8)

    def test_none_where_the_guess_is_good_enough(self):
        system = system_of(choose("numpy"), skin(4, 16), 3600.0)
        count, increment = system.solve(np.ones(system.shape), 1.0)
        assert count == 0
        assert not increment.any()


CYCLES = {
    "plain": lambda: skin((4, 5), 14),
    "odd, periodic, solid": lambda: skin(
        (5, 3), 14, periodic=True, base=Reservoir(),
        diffusivity={"corneum": 0.05, "tissue": 100.0, "channel": 0.0},
    ),
    "well-stirred": lambda: skin((3, 4), 14, top=Reservoir(1.0, capacity=5.0), base=Reservoir(capacity=20.0)),
    "graded": lambda: skin(mesh=Mesh(np.array([0, 20, 30, 36, 60, 130.0]), np.array([0, 9.0, 90, 100]), depths(14)),
                           channels=[channel(30, 50, 20, 100)]),
    "one column": lambda: skin(1, 14, top=Reservoir(1.0, capacity=5.0), base=Reservoir(capacity=20.0)),
}  # fmt: skip


@pytest.mark.usefixtures("_no_line_relaxation")
class TestCycle:
    """V4: as a matrix, the V-cycle is symmetric and positive, so that it can precondition conjugate gradients."""

    @pytest.mark.parametrize("dt", [1.0, 1e4])
    @pytest.mark.parametrize("name", CYCLES)
    def test_is_symmetric_and_positive(self, backend, name, dt):
        system = system_of(backend, CYCLES[name](), dt)
        n = int(np.prod(system.shape))
        cycle = np.array([system.cycle(row.reshape(system.shape)).ravel() for row in np.eye(n)])
        assert np.abs(cycle - cycle.T).max() <= 1e-13 * np.abs(cycle).max()
        # The eigenvalues of cycle times matrix, by which conjugate gradients converge.
        root = np.linalg.cholesky(dense(system))
        values = np.linalg.eigvalsh(root.T @ cycle @ root)
        assert values.min() > 0.3
        assert values.max() < 1.3

    def test_on_one_column_is_exact(self, backend):
        system = system_of(backend, CYCLES["one column"](), 3600.0)
        u = np.random.default_rng(0).random(system.shape)
        np.testing.assert_allclose(system.cycle(system.times(u)), u, rtol=1e-8)

    def test_in_single_precision_needs_no_more_iterations(self):
        for dt in STEPS:
            found = []
            for precision in ("double", "mixed"):
                system = system_of(choose("auto", precision), skin(16, 32), dt)
                rhs = system.times(np.random.default_rng(0).random(system.shape).astype(system.backend.real))
                found.append(system.solve(rhs, 1e-4)[0])
            assert found[0] == found[1]


class TestLineRelaxation:
    """V7: where lateral coupling is weak, line relaxation alone, with a count that is known beforehand."""

    PROBLEM = staticmethod(
        lambda: problem_of(
            box((320, 320), (24, 24), np.linspace(0, 160, 9)), {"skin": 0.0}, Field("c", diffusivity=100.0)
        )
    )

    @staticmethod
    def weak(problem, mu, backend="auto"):
        """The system with a time step at which lateral coupling is `mu` times the screening."""
        return system_of(choose(backend), problem, mu / system_of(choose(backend), problem, 1.0).mu)

    @staticmethod
    def left(system, rhs, count):
        """Part of the residual that `count` steps leave."""
        reduction = 1 / cosh(count * acosh(1 + 1 / system.mu)) * (1 + 1e-9)
        taken, increment = system.solve(rhs, reduction)
        assert taken == count
        volume = system.problem.mesh.volume
        residual = rhs - system.times(increment)
        return sqrt(np.sum(residual**2 / volume) / np.sum(rhs**2 / volume))

    @pytest.mark.parametrize(("mu", "expected"), [(0.1, 2), (1.0, 5), (5.0, 9), (10.0, 12), (48.0, 27)])
    def test_formula(self, mu, expected):
        assert line_iterations(mu, 1e-2) == expected

    def test_formula_without_coupling(self):
        assert line_iterations(0.0, 1e-8) == 1
        assert line_iterations(0.5, 2.0) == 1

    @pytest.mark.parametrize("reduction", [1e-1, 1e-2, 1e-4, 1e-8])
    @pytest.mark.parametrize("mu", [0.1, 0.5, 1.0, 2.0, 5.0, 9.9])
    def test_count_is_what_is_needed(self, mu, reduction):
        system = self.weak(self.PROBLEM(), mu)
        rhs = system.times(np.random.default_rng(1).random(system.shape))
        count = line_iterations(mu, reduction)
        assert self.left(system, rhs, count) <= reduction
        fewer = count - 2 if count - acosh(1 / reduction) / acosh(1 + 1 / mu) < 1 else count - 4
        assert fewer < 1 or self.left(system, rhs, fewer) > reduction

    @pytest.mark.parametrize("mu", [0.1, 1.0, 9.9])
    def test_count_is_enough_in_skin(self, mu):
        system = self.weak(skin(24, 32), mu)
        rhs = system.times(np.random.default_rng(1).random(system.shape))
        for reduction in (1e-1, 1e-2, 1e-6):
            assert self.left(system, rhs, line_iterations(mu, reduction)) <= reduction

    @pytest.mark.parametrize("count", [1, 3, 5])
    def test_result_is_the_chebyshev_polynomial(self, backend, count):
        """d = p(D^-1 A) D^-1 r with 1 - x p(x) = T_n((1 - x)/delta)/T_n(1/delta), delta = mu/(1 + mu)."""
        system = self.weak(skin((5, 4), 14), 3.0, backend.name)
        rhs = np.random.default_rng(0).random(system.shape)
        reduction = 1 / cosh(count * acosh(1 + 1 / system.mu)) * (1 + 1e-9)
        taken, increment = system.solve(rhs, reduction)
        matrix, delta = dense(system), system.mu / (1 + system.mu)
        column = np.arange(len(matrix)) % 20
        lines = np.where(column[:, None] == column, matrix, 0.0)
        iteration = (np.eye(len(matrix)) - matrix @ np.linalg.inv(lines)) / delta
        before, now = np.eye(len(matrix)), iteration
        for _ in range(count - 1):
            before, now = now, 2 * iteration @ now - before
        left = now @ rhs.ravel() / cosh(count * acosh(1 / delta))
        assert taken == count
        residual = rhs - system.times(increment)
        np.testing.assert_allclose(residual.ravel(), left, atol=1e-11)

    @pytest.mark.parametrize("value", [inf, np.nan])
    @pytest.mark.parametrize("mu", [1.0, 100.0])
    def test_numbers_that_are_not_finite_are_reported(self, mu, value):
        system = self.weak(self.PROBLEM(), mu, "numpy")
        rhs = np.ones(system.shape)
        rhs[3, 2, 1] = value
        with np.errstate(invalid="ignore"), pytest.raises(NotConverged):
            system.solve(rhs, 1e-8)

    def test_is_used_up_to_a_coupling_of_ten_and_never_with_a_well_stirred_donor(self):
        donor = Reservoir(1.0, capacity=50.0)
        for mu, top, method in ((9.9, None, "lines"), (10.1, None, "gradients"), (0.5, donor, "gradients")):
            system = self.weak(skin(8, 16, top=top), mu)
            stirred = system.factors != (0.0, 0.0)
            assert plan.choose(system.operator, system.rates, 0.0, system.tau, stirred).method == method
            assert stirred == (top is not None)


class TestLevels:
    def test_narrow_columns_are_joined_first(self):
        assert pair(np.array([1.0, 1.0, 1.0, 4.0, 4.0]), 1.0).tolist() == [0, 2, 3, 4, 5]

    def test_an_odd_column_is_left_alone(self):
        assert pair(np.ones(5), 1.0).tolist() == [0, 2, 4, 5]

    def test_columns_of_nearly_one_width_are_joined_together(self):
        levels = build_levels(choose("numpy"), np.full(63, 10.0), np.full(65, 9.7), 1)
        assert [(level.nx, level.ny) for level in levels[:3]] == [(63, 65), (32, 33), (16, 17)]

    def test_the_narrow_direction_is_joined_first(self):
        levels = build_levels(choose("numpy"), np.full(8, 10.0), np.full(16, 2.5), 1)
        sizes = [(level.nx, level.ny) for level in levels]
        assert sizes == [(8, 16), (8, 8), (8, 4), (4, 2), (2, 1), (1, 1)]

    def test_face_scale_is_the_ratio_of_distances(self):
        widths = np.array([1.0, 2.0, 3.0, 4.0])
        scale = face_scale(widths, np.array([0, 2, 4]))
        np.testing.assert_allclose(scale, [(2 + 3) / (3 + 7), (4 + 1) / (3 + 7)])
        assert face_scale(widths, np.array([0, 4])).tolist() == [0.0]

    def test_operator_complexity_is_four_thirds_on_uniform_columns(self):
        levels = build_levels(choose("numpy"), np.full(64, 10.0), np.full(64, 10.0), 1)
        assert sum(level.nx * level.ny for level in levels) / 64**2 == pytest.approx(4 / 3, abs=1e-3)

    @pytest.mark.parametrize("ratio", [2, 5, 10])
    def test_operator_complexity_on_graded_columns(self, ratio):
        mesh = graded(ratio, 48)
        levels = build_levels(choose("numpy"), mesh.hx, mesh.hy, 1)
        assert sum(level.nx * level.ny for level in levels) / 48**2 < 2.75

    def test_capacity_and_contact_are_the_same_on_all_levels(self, backend):
        problem = skin((7, 9), 16, base=Reservoir())
        system = system_of(backend, problem, 3600.0)
        rates = system.rates
        for name in ("capacity", "top", "base", "tz"):
            sums = [float(backend.host(level.coefficients[name]).sum()) for level in system.multigrid.levels]
            assert sums == [pytest.approx(sums[0], rel=1e-12)] * len(sums)
        assert rates[-1] == 0.0
        assert all(coarse < fine for fine, coarse in pairwise(rates))
