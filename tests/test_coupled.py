"""A small healing response of coupled fields: order 2 of every field in time and space, conservation, positivity.

Debris makes alarm, which calls and leads neutrophils; they remove debris. A signal moves vessels, which bring oxygen,
a field 3000 times stiffer than the others; cells that need it build matrix. Each kind of transport and reaction of the
healing model is there once: taxis with one chi / D, taxis with a mobility, quasi-steady oxygen, immobile fields.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from analytic.bench import TIGHT, smooth
from exact.order import order
from scipy.optimize import brentq

from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Taxis
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Reaction
from mnrd.output.schedule import EverySteps
from mnrd.simulation import Simulation

DAY = 86400.0
PER_DAY = 1 / DAY
WIDTH, DEPTH = 300.0, 400.0
PARAMETERS = {
    "a_W": 3.8 * PER_DAY, "lam_A": 4 * PER_DAY, "K_A": 0.08, "k_N": 6 * PER_DAY, "lam_N": 2 * PER_DAY,
    "c_N": 3 * PER_DAY, "v_H": 20 * PER_DAY, "lam_V": 11 * PER_DAY, "K_H": 30.0, "K_V": 0.5, "r_B": 0.6 * PER_DAY,
    "kap": 1607 * PER_DAY, "O_B": 90.0, "m": 6e4 * PER_DAY, "m_c": 2e4 * PER_DAY, "K_m": 3.0,
    "k_C": 0.3 * PER_DAY, "K_O": 10.0, "mu": 0.05 * PER_DAY,
}  # fmt: skip
MOVES = 1 / 0.0864  # um^2/s in 1 mm^2/day
DEFINITIONS = {
    "called": "(A/K_A)**2/(1 + (A/K_A)**2)",
    "short": "1/(1 + (O/K_H)**2)",
    "fed": "O/(K_O + O)",
}
REACTIONS = (
    Reaction("removal", {"W": "-(c_N*N + 0.05*lam_A)*W"}),
    Reaction("alarm", {"A": "a_W*W - lam_A*A"}),
    Reaction("hypoxia", {"V": "v_H*short*(0.2 + N) - lam_V*V"}),
    Reaction("breathing", {"O": "kap*B*O_B - (kap*B + (m*(1 - W/2) + m_c*N)/(K_m + O))*O"}),
    Reaction("recruitment", {"N": "k_N*B*called - lam_N*N"}),
    Reaction("sprouting", {"B": "r_B*V/(K_V + V)*B - r_B*B*B/2"}),
    Reaction("building", {"C": "k_C*fed*(0.3 + N)*Max(1.5 - C, 0) - mu*C"}),
)


def rest_of_oxygen() -> float:
    """Where supply and consumption are equal without a wound."""
    kap, m = PARAMETERS["kap"], PARAMETERS["m"]
    return brentq(lambda o: kap * (PARAMETERS["O_B"] - o) - m * o / (PARAMETERS["K_m"] + o), 1.0, 90.0)


def response(cells: tuple[int, int, int]) -> Problem:
    """The wound is in a corner, smooth and level at all sides; cells in x, y, z."""
    sizes = dict(zip("xyz", (WIDTH, 30.0, DEPTH), strict=True))
    edges = [smooth([0, sizes[name]], n, offset=sizes[name]) for name, n in zip("xyz", cells, strict=True)]
    mesh = Mesh(*edges, (False, True))
    debris = "*".join(f"(1 + cos(pi*{name}/{sizes[name]!r}))/2" for name in "xz")
    fields = (
        Field("W", initial=f"0.9*{debris}"),
        Field("A", diffusivity=0.86 * MOVES),
        Field("V", diffusivity=0.6 * MOVES, initial=0.02),
        Field("O", diffusivity=150 * MOVES, initial=rest_of_oxygen(), floor=45.0, unit="mmHg"),
        Field("N", diffusivity=0.25 * MOVES, initial=0.01, taxis=Taxis(1.5 * MOVES, "log(1 + A/K_A)")),
        Field("B", diffusivity=0.009 * MOVES, initial=f"1 - 0.5*{debris}", mobility="V/(K_V + V)",
              taxis=Taxis(0.08 * MOVES, "log(1 + V/K_V)")),
        Field("C", initial=0.8),
    )  # fmt: skip
    return Problem(mesh, paint(mesh, [("dermis", 0.0)]), Model(fields, REACTIONS, PARAMETERS, definitions=DEFINITIONS))


def assert_order_two(
    differences: np.ndarray, refinements: tuple[int, ...], names: tuple[str, ...], within: float
) -> None:
    """Order of each field's differences (refinement, field)."""
    found = {name: round(order(column, refinements), 3) for name, column in zip(names, differences.T, strict=True)}
    assert all(-0.15 < one - 2.0 < within for one in found.values()), f"orders {found} of {differences}"


class TestOrder:
    END = 0.5 * DAY

    def test_in_time_is_two_in_every_field(self):
        """By the differences between runs whose steps are halved; oxygen is stiff at all of them (dt x rate > 4)."""
        counts = (32, 64, 128)
        runs = [Simulation(response((4, 1, 4)), dt=self.END / n, kappa=TIGHT).run(self.END) for n in counts]
        names = runs[0].problem.model.names
        found = [[run.concentration(name) for name in names] for run in runs]
        sizes = np.array(
            [[np.abs(a - b).max() / b.max() for a, b in zip(*two, strict=True)] for two in pairwise(found)]
        )
        assert_order_two(sizes, counts[:-1], names, within=0.35)  # debris comes to 2 from above
        assert sizes[-1].max() < 1e-3

    def test_in_space_is_two_in_every_field(self):
        """By the differences between means over the cells of the coarsest mesh."""
        counts, steps = (4, 8, 16, 32), 16
        runs = [Simulation(response((n, 1, n)), dt=self.END / steps, kappa=TIGHT) for n in counts]
        found = [[means(run.run(self.END), name, counts[0]) for name in run.problem.model.names] for run in runs]
        sizes = np.array(
            [[np.abs(a - b).max() / b.max() for a, b in zip(*two, strict=True)] for two in pairwise(found)]
        )
        assert_order_two(sizes, counts[:-1], runs[0].problem.model.names, within=0.15)


def means(run: Simulation, name: str, cells: int) -> np.ndarray:
    """Means of a field over the cells of a mesh of `cells` in each direction that has more than one."""
    mesh = run.problem.mesh
    sums = []
    for values in (run.concentration(name) * mesh.volume, mesh.volume):
        for axis, n in enumerate(mesh.shape):
            values = np.add.reduceat(values, np.arange(0, n, max(1, n // cells)), axis)
        sums.append(values)
    return sums[0] / sums[1]


class Peaks:
    """The largest amount of each field in any step: round-off of a ledger is a part of that."""

    def __init__(self) -> None:
        self.schedule, self.of = EverySteps(1), {}

    def observe(self, simulation: Simulation) -> None:
        for name in simulation.problem.model.names:
            self.of[name] = max(self.of.get(name, 0.0), simulation.ledger(name).cells)


@cache
def healed(backend: str = "auto", **options) -> Simulation:
    options = {"rtol": 1e-2, "observers": [Peaks()]} | options
    return Simulation(response((8, 2, 10)), backend=backend, **options).run(10 * DAY)


class TestRun:
    """Ten days with adaptive steps."""

    def test_is_positive_and_balanced(self, backend_name):
        run = healed(backend_name)
        for name in run.problem.model.names:
            assert run.concentration(name).min() >= 0.0
            assert abs(run.ledger(name).residual) <= 1e-12 * run.observers[0].of[name], name

    def test_is_as_accurate_as_asked(self):
        run, exact = healed(), healed(rtol=1e-4, kappa=1e-3)
        for name in run.problem.model.names:
            scale = max(exact.concentration(name).max(), 0.05 if name in "NAW" else 0.0)
            assert np.abs(run.concentration(name) - exact.concentration(name)).max() <= 1e-2 * scale, name

    def test_takes_few_steps_and_few_iterations(self):
        run = healed()
        assert run.step <= 110
        assert run.rejected <= 5
        assert run.iterations <= 2 * 2 * 5 * run.step  # two in each of the two stages of five fields

    def test_is_the_same_on_both_backends(self):
        one, two = healed("auto"), healed("numpy")
        assert (one.step, one.rejected, one.iterations) == (two.step, two.rejected, two.iterations)
        for name in one.problem.model.names:
            np.testing.assert_allclose(one.concentration(name), two.concentration(name), rtol=1e-6, atol=1e-12)

    def test_mixed_precision_differs_by_1e_minus_4_of_the_maxima_at_most(self):
        double, mixed = healed(), healed(precision="mixed")
        assert mixed.step == double.step
        for name in double.problem.model.names:
            scale = max(double.concentration(name).max(), 0.01)
            assert np.abs(mixed.concentration(name) - double.concentration(name)).max() <= 1e-4 * scale, name
            assert mixed.ledger(name).relative_error <= 1e-12

    def test_neutrophils_gather_in_the_wound(self):
        run = Simulation(response((8, 2, 10)), rtol=1e-2).run(0.5 * DAY)
        n = run.concentration("N")
        assert n[0, 0, 0] == pytest.approx(n.max(), rel=1e-5)
        assert n.max() > 1.4 * n.min()


def test_an_unwounded_tissue_stays_at_rest(backend):
    """Every equation is zero: oxygen, vessels without a signal; nothing moves in ten days."""
    problem = response((4, 1, 5))
    fields = {"W": 0.0, "V": 0.0, "N": 0.0, "B": 1.0}
    kept = tuple(field for field in problem.model.fields if field.name in (*fields, "O", "A"))
    changed = tuple(
        Field(field.name, initial=fields.get(field.name, field.initial), diffusivity=field.diffusivity,
              taxis=field.taxis, mobility=field.mobility) for field in kept
    )  # fmt: skip
    reactions = tuple(one for one in REACTIONS if one.name in ("removal", "alarm", "breathing", "recruitment"))
    model = Model(changed, reactions, PARAMETERS, definitions={"called": DEFINITIONS["called"]})
    run = Simulation(Problem(problem.mesh, problem.painting, model), backend=backend, rtol=1e-2).run(10 * DAY)
    for name, rest in {**fields, "A": 0.0, "O": rest_of_oxygen()}.items():
        np.testing.assert_allclose(run.concentration(name), rest, rtol=1e-12, atol=1e-300)
    assert run.rejected == 0
