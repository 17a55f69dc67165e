"""Identities that need no reference: numbers 2, 3, 4, 5 and 8 of case P22 of PERMEATION.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytic.bench import assert_balanced, column, ran, reports, smooth, steady
from analytic.skin import DEPTHS, DIFFUSIVITY, PARTITION, TOPS, fixed, hole, patch, skin
from mnrd.model.field import Reservoir
from mnrd.model.problem import Event, Problem
from mnrd.output.schedule import EverySteps
from mnrd.simulation import Simulation

SKIN = patch(4, 4, 3)
HOLE = hole(40, 40)
COLUMN = column(smooth(DEPTHS, 6, offset=8))
FEW = settings(
    max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def factors(low: float, high: float) -> st.SearchStrategy[dict[str, float]]:
    """Factors for the layers, log-uniform."""
    exponent = st.floats(np.log10(low), np.log10(high))
    return st.fixed_dictionaries({name: exponent.map(lambda e: 10.0**e) for name in TOPS})


def scaled(values: dict[str, float], by: dict[str, float]) -> dict[str, float]:
    return {name: values[name] * factor for name, factor in by.items()}


class Range:
    """Observer of the extremes of activity and donor at every accepted step."""

    def __init__(self) -> None:
        self.schedule = EverySteps(1)
        self.low, self.high, self.donors = np.inf, -np.inf, []

    def observe(self, simulation: Simulation) -> None:
        activity = simulation.activity("c")
        self.low, self.high = min(self.low, activity.min()), max(self.high, activity.max())
        self.donors.append(simulation.reservoir("c")["top"])
        assert_balanced(simulation)


@given(
    d=factors(1e-3, 1e3),
    k=factors(1e-2, 1e2),
    capacity=st.one_of(st.just(np.inf), st.floats(1, 1000)),
    first=st.floats(0.01, 100),
)
@FEW
def test_activity_stays_between_0_and_the_donor(backend_name, d, k, capacity, first):
    problem = skin(
        COLUMN,
        diffusivity=scaled(DIFFUSIVITY, d),
        partition=scaled(PARTITION, k),
        top=Reservoir(1.0, capacity=capacity),
    )
    seen = Range()
    ran(Simulation(problem, backend=backend_name, first_step=first, observers=[seen]), 86400)
    assert seen.low >= 0
    assert seen.high <= 1 + 1e-12
    assert min(seen.donors) >= 0
    assert np.diff(seen.donors).max() <= 1e-4  # the absolute part of the tolerated error of a step


def results(run: Simulation) -> np.ndarray:
    """Concentrations, fluxes and donor of a run in one row."""
    return np.concatenate([run.concentration("c").ravel(), list(run.fluxes("c").values()), [run.reservoir("c")["top"]]])


@pytest.mark.parametrize("options", [{"dt": 30.0}, {"dt": None}])
def test_scaling_of_the_dose_by_a_power_of_2_is_exact(backend_name, options):
    runs = [
        ran(fixed(skin(SKIN, [HOLE], top=Reservoir(dose, capacity=30.0, loss=1e-3)), backend_name, **options), 150)
        for dose in (1.0, 1024.0)
    ]
    assert runs[0].step == runs[1].step
    assert (results(runs[1]) == 1024 * results(runs[0])).all()


@given(dose=st.floats(1e-6, 1e6))
@FEW
def test_scaling_of_the_dose(backend_name, dose):
    runs = [
        ran(fixed(skin(COLUMN, top=Reservoir(a, capacity=30.0, loss=1e-3)), backend_name), 600) for a in (1.0, dose)
    ]
    assert results(runs[1]) == pytest.approx(dose * results(runs[0]), rel=1e-10)


@given(name=st.sampled_from(list(TOPS)), gamma=st.floats(0.1, 10))
@FEW
def test_partition_against_diffusivity_in_one_layer(backend_name, name, gamma):
    """K -> gamma K, D -> D/gamma leaves the steady flux and changes the lag."""
    plain = skin(COLUMN, clearance={"dermis": 0.0})
    traded = skin(
        COLUMN,
        clearance={"dermis": 0.0},
        partition={name: PARTITION[name] * gamma},
        diffusivity={name: DIFFUSIVITY[name] / gamma},
    )
    flux = [steady(problem, backend_name).fluxes("c")["base"] for problem in (plain, traded)]
    assert flux[1] == pytest.approx(flux[0], rel=1e-11)
    early = [ran(fixed(problem, backend_name), 600).ledger("c").permeated for problem in (plain, traded)]
    if abs(np.log(gamma)) > 0.1:
        assert (early[1] < early[0]) == (gamma > 1)


@given(beta=st.floats(0.01, 100))
@FEW
def test_conductivity_and_partition_together(backend_name, beta):
    """DK -> beta DK and K -> beta K everywhere: the same activities at the same time, beta times the flux."""
    plain, more = (
        ran(fixed(skin(COLUMN, partition={name: PARTITION[name] * b for name in TOPS}), backend_name), 600)
        for b in (1.0, beta)
    )
    assert more.activity("c") == pytest.approx(plain.activity("c"), rel=1e-9, abs=1e-15)
    for name, flux in plain.fluxes("c").items():
        assert more.fluxes("c")[name] == pytest.approx(beta * flux, rel=1e-9)


@given(beta=st.floats(0.01, 100))
@FEW
def test_faster_diffusion_is_a_faster_clock(backend_name, beta):
    none = {"dermis": 0.0}
    quick = {name: value * beta for name, value in DIFFUSIVITY.items()}
    plain = ran(fixed(skin(COLUMN, clearance=none), backend_name, dt=30), 900)
    more = ran(fixed(skin(COLUMN, clearance=none, diffusivity=quick), backend_name, dt=30 / beta), 900 / beta)
    assert more.activity("c") == pytest.approx(plain.activity("c"), rel=1e-8, abs=1e-14)


def dosing(at: float, dried: bool) -> list[Event]:
    """A donor put on at a time, renewed and taken off later."""
    drying = (0.02, 10.0) if dried else None
    tops = {
        at: Reservoir(1.0, capacity=30.0, loss=1e-3, drying=drying),
        at + 300: Reservoir(2.0, capacity=20.0, drying=drying),
        at + 700: None,
    }

    def put_on(top: Reservoir | None):
        def change(problem: Problem) -> Problem:
            model = replace(problem.model, fields=(replace(problem.model.fields[0], top=top),))
            return replace(problem, model=model)

        return change

    return [Event(time, "dose", put_on(top)) for time, top in tops.items()]


@pytest.mark.parametrize("dried", [False, True])
@pytest.mark.parametrize("options", [{"dt": 20.0}, {"dt": None, "rtol": 1e-3}])
def test_events_shifted_in_time(backend_name, options, dried):
    """Nothing happens before the first dose, so the clock at which it comes does not matter."""
    outcomes = []
    for start in (0.0, 1000.0):
        bare = skin(COLUMN, top=Reservoir(0.0, capacity=1.0))
        run = fixed(bare, backend_name, events=dosing(start, dried), **options)
        times = start + np.array([250.0, 650.0, 1000.0])
        outcomes.append([np.append(results(report), ledger(report)) for report in reports(run, times)])
    for early, late in zip(*outcomes, strict=True):
        assert late == pytest.approx(early, rel=1e-8, abs=1e-12 * np.abs(early).max())


def ledger(run: Simulation) -> list[float]:
    book = run.ledger("c")
    return [book.applied, book.cells, book.donor, book.permeated, book.evaporated, book.removed]
