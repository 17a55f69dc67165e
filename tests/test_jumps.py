"""Events at which fields jump, and channels that a field closes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial
from math import exp

import numpy as np
import pytest
from systems import cylinder

from mnrd.events import meet
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Reservoir, Taxis
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing, Reaction, Transfer
from mnrd.output.schedule import EveryInterval, EverySteps
from mnrd.simulation import Simulation
from mnrd.skin.changes import unchanged

SIDE = np.linspace(0.0, 60.0, 4)
MESH = Mesh(SIDE, SIDE, np.array([0.0, 5, 15, 40, 80, 150]), (True, False))
PAINTING = paint(MESH, [("corneum", 0.0), ("dermis", 15.0)], [("channel", cylinder(30, 30, 18, 60))])
WOUND = np.exp(-np.hypot(MESH.xc - 30, (MESH.yc - 30)[:, None]) / 20) * np.ones(MESH.shape)


def scene(**changes) -> Problem:
    """An alarm that diffuses and fades, cells that climb it, and matrix that they eat."""
    fields = (
        Field("W"),
        Field("A", diffusivity=10.0),
        Field("N", diffusivity=3.0, initial=0.2, taxis=Taxis(18.0, "log(1 + A/0.08)")),
        Field("C", initial=0.8),
    )
    reactions = (
        Transfer("clearance", "W", "1e-4*(1 + N)"),
        Reaction("alarm", {"A": "4e-5*W - 5e-5*A"}),
        Reaction("eating", {"C": "-1e-5*N*C"}),
    )
    return Problem(MESH, PAINTING, Model(fields, reactions, **changes))


def wound(depth: float, problem: Problem, concentrations) -> dict[str, np.ndarray]:
    """Debris comes, matrix goes, and half of the cells; the alarm is left alone."""
    assert set(concentrations) == set(problem.model.names)
    d = WOUND * (problem.mesh.zc < depth)[:, None, None]
    return {
        "W": concentrations["W"] + d * (1 - concentrations["W"]),
        "C": concentrations["C"] * (1 - 0.5 * d),
        "N": concentrations["N"] * (1 - 0.5 * d) + 0.3 * d**2,
    }


def wounding(time: float, depth: float = 50.0) -> Event:
    return Event(time, f"wound at {time:g} s", unchanged, partial(wound, depth))


class Diary:
    """Writes down the amounts whenever it looks."""

    def __init__(self, schedule) -> None:
        self.schedule, self.entries = schedule, []

    def observe(self, simulation: Simulation) -> None:
        amounts = {name: simulation.ledger(name).cells for name in simulation.problem.model.names}
        self.entries.append((simulation.time, amounts))


class TestJump:
    def test_gives_the_fields_new_values_at_once(self, backend):
        run = Simulation(scene(), backend=backend, events=[wounding(0.0)]).run(0.0)
        wanted = wound(50.0, run.problem, {name: c * np.ones(MESH.shape) for name, c in
                                           {"W": 0.0, "A": 0.0, "N": 0.2, "C": 0.8}.items()})  # fmt: skip
        for name, values in wanted.items():
            np.testing.assert_array_equal(run.concentration(name), values)
        assert not run.concentration("A").any()

    def test_is_seen_by_observers_at_time_0_and_when_it_happens(self, backend):
        every, steps = Diary(EveryInterval(500.0)), Diary(EverySteps(1))
        run = Simulation(scene(), backend=backend, events=[wounding(0.0), wounding(1000.0)], observers=[every, steps])
        run.run(2000.0)
        times = [time for time, _ in every.entries]
        assert times == [0.0, 500.0, 1000.0, 1500.0, 2000.0]
        debris = [amounts["W"] for _, amounts in every.entries]
        assert steps.entries[0] == every.entries[0]
        assert debris[0] == pytest.approx((MESH.volume * WOUND)[MESH.zc < 50].sum(), rel=1e-13)
        assert debris[2] > 1.01 * debris[1]
        assert 1000.0 in [time for time, _ in steps.entries]

    def test_is_booked_and_the_ledgers_close(self, backend):
        run = Simulation(scene(), backend=backend, events=[wounding(0.0), wounding(3600.0), wounding(3600.0, 20.0)])
        for end in (0.0, 3599.0, 3600.0, 20000.0):
            run.run(end)
            for name in run.problem.model.names:
                assert run.ledger(name).relative_error <= 1e-12, (end, run.ledger(name))
        eaten, came = run.ledger("C"), run.ledger("W")
        assert came.applied > 0.0
        assert came.removed == 0.0
        assert eaten.removed > 0.0
        assert eaten.applied == 0.0
        assert min(run.ledger("N").applied, run.ledger("N").removed) > 0.0

    def test_books_amounts_of_what_it_changed(self, backend):
        run = Simulation(scene(), backend=backend).run(100.0)
        before = {name: run.concentration(name) for name in "WNC"}
        run.events.append(wounding(100.0))
        meet(run)
        for name in "WNC":
            change = MESH.volume * (run.concentration(name) - before[name])
            ledger = run.ledger(name)
            assert ledger.applied == pytest.approx(change[change > 0].sum(), rel=1e-12)
            assert ledger.removed == pytest.approx(-change[change < 0].sum(), rel=1e-12)

    def test_comes_after_the_change_and_knows_the_changed_problem(self, backend):
        seen = []

        def change(problem):
            return replace(problem, model=replace(problem.model, parameters={"k": 2.0}))

        def jump(problem, concentrations):
            seen.append(problem.model.parameters)
            return {}

        run = Simulation(scene(), backend=backend, events=[Event(0.0, "both", change, jump)]).run(10.0)
        assert seen == [{"k": 2.0}]
        assert run.problem.model.parameters == {"k": 2.0}

    def test_starts_the_steps_anew(self, backend):
        run = Simulation(scene(), backend=backend, rtol=1e-2, events=[wounding(20000.0)]).run(20000.0)
        assert run.dt == run.first_step == 1.0
        assert not run.controller.smooth
        assert not backend.host(run.state.slope).any()
        before = run.step
        run.run(20001.0)
        assert run.step - before >= 4

    def test_run_after_it_is_the_run_of_a_problem_that_begins_so(self, backend):
        jumped = Simulation(scene(), backend=backend, events=[wounding(0.0)], dt=200.0).run(4000.0)
        concentrations = {field.name: field.initial * np.ones(MESH.shape) for field in scene().model.fields}
        begins = concentrations | wound(50.0, scene(), concentrations)
        problem = scene()
        fields = tuple(replace(field, initial=begins[field.name]) for field in problem.model.fields)
        begun = Simulation(replace(problem, model=replace(problem.model, fields=fields)), backend=backend, dt=200.0)
        begun.run(4000.0)
        for name in problem.model.names:
            np.testing.assert_allclose(jumped.concentration(name), begun.concentration(name), rtol=1e-12, atol=1e-15)

    def test_of_nothing_changes_nothing(self, backend):
        """At rest before and after: an event restarts the steps, and no more."""
        run = Simulation(scene(), backend=backend, events=[Event(500.0, "nothing", unchanged, lambda p, c: {})])
        run.run(1000.0)
        for name, rest in (("W", 0.0), ("A", 0.0), ("N", 0.2)):
            np.testing.assert_allclose(run.concentration(name), rest, rtol=1e-13)
        np.testing.assert_allclose(run.concentration("C"), 0.8 * exp(-2e-6 * 1000), rtol=1e-9)
        assert run.ledger("N").applied == run.ledger("N").removed == 0.0

    def test_without_a_jump_an_unchanged_problem_is_not_restarted(self, backend):
        run = Simulation(scene(), backend=backend, events=[Event(500.0, "landing", unchanged)]).run(500.0)
        assert run.controller.smooth
        assert run.dt > 1.0

    def test_cannot_change_what_it_is_given(self, backend):
        """Else nothing would be booked."""

        def careless(problem, concentrations):
            concentrations["W"] += 1.0
            return {"W": concentrations["W"]}

        with pytest.raises(ValueError, match="read-only"):
            Simulation(scene(), backend=backend, events=[Event(0.0, "in place", unchanged, careless)]).run(0.0)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"M": WOUND}, r"^unknown field 'M'"),
            ({"W": WOUND[0]}, r"^events\.bad\.jump: W has shape \(3, 3\), must be \(5, 3, 3\)"),
            ({"W": WOUND - 1}, r"^events\.bad\.jump: W has values below 0 or that are not finite$"),
            ({"W": WOUND * np.nan}, r"^events\.bad\.jump: W has values below 0 or that are not finite$"),
        ],
    )
    def test_to_impossible_values_is_refused(self, backend, values, message):
        event = Event(0.0, "bad", unchanged, lambda problem, concentrations: values)
        with pytest.raises(ValueError, match=message):
            Simulation(scene(), backend=backend, events=[event]).run(0.0)

    def test_can_be_pickled(self, backend):
        event = pickle.loads(pickle.dumps(wounding(50.0)))
        runs = [Simulation(scene(), backend=backend, events=[one]).run(200.0) for one in (event, wounding(50.0))]
        for name in "WANC":
            np.testing.assert_array_equal(*(run.concentration(name) for run in runs))


def closing_scene(openness, until: float = 15.0, rate: float = 3e-4, place=None) -> Problem:
    """A drug from a donor through channels, in which K grows back; K is 1 elsewhere."""
    channel = PAINTING.fraction("channel") * (MESH.zc < 15.0)[:, None, None] if place is None else place
    d = {"corneum": 0.01, "dermis": 60.0, "channel": 300.0}
    fields = (
        Field("drug", diffusivity=d, top=Reservoir(1.0), base=Reservoir()),
        Field("K", initial=1.0 - channel),
    )
    growth = Reaction("growth", {"K": "r*Max(1 - K, 0)"})
    return Problem(MESH, PAINTING, Model(fields, (growth,), {"r": rate}, (Closing("channel", openness, until),)))


class TestClosingByAField:
    def test_openness_is_the_formula(self, backend):
        """sum of V (1 - K) over the cells above `until` that hold the material / sum of V times their fraction."""
        place = np.random.default_rng(0).random(MESH.shape)
        run = Simulation(closing_scene("K", until=40.0, place=place), backend=backend)
        fraction = PAINTING.fraction("channel")
        above = (MESH.zc < 40.0)[:, None, None]
        held = (fraction > 0) & above
        wanted = (MESH.volume * place)[held].sum() / (MESH.volume * fraction * above).sum()
        assert run.openness() == (pytest.approx(min(wanted, 1.0), rel=1e-13),)
        assert 0.0 < wanted != 1.0
        assert (fraction[held] < 1).any()

    @pytest.mark.parametrize(("place", "wanted"), [(0.0, 0.0), (1.0, 1.0)])
    def test_is_between_zero_and_one(self, backend, place, wanted):
        """Whole cells of which a channel is a part are gone: not more open than open."""
        run = Simulation(closing_scene("K", place=place * np.ones(MESH.shape)), backend=backend)
        assert run.openness() == (wanted,)

    def test_of_the_very_fraction_is_open(self, backend):
        run = Simulation(closing_scene("K"), backend=backend)
        assert run.openness() == (pytest.approx(1.0, rel=1e-13),)

    def test_is_that_of_a_function_of_time_which_the_field_follows(self, backend):
        """(1 - K) falls as e^(-r t): the same steps as with that function, up to the error of K."""
        rate, runs = 3e-4, []
        for openness in ("K", lambda t: exp(-rate * t)):
            run = Simulation(closing_scene(openness), backend=backend, dt=40.0, kappa=1e-8).run(4000.0)
            runs.append(run)
        by_field, by_time = runs
        assert by_field.openness()[0] == pytest.approx(exp(-1.2), rel=1e-4)
        for name in ("drug", "K"):
            np.testing.assert_allclose(by_field.concentration(name), by_time.concentration(name), rtol=1e-3)
        assert by_field.ledger("drug").permeated == pytest.approx(by_time.ledger("drug").permeated, rel=1e-4)
        closed = Simulation(closing_scene(lambda t: 0.0), backend=backend, dt=40.0).run(4000.0)
        assert by_field.ledger("drug").permeated > 2 * closed.ledger("drug").permeated

    def test_error_is_of_second_order_in_time(self):
        """The drug is solved before K, whose value it takes as predicted."""
        found = []
        for dt in (300.0, 150.0, 75.0):
            run = Simulation(closing_scene("K"), dt=dt, kappa=1e-9).run(2400.0)
            exact = Simulation(closing_scene(lambda t: exp(-3e-4 * t)), dt=dt, kappa=1e-9).run(2400.0)
            found.append(abs(run.ledger("drug").cells / exact.ledger("drug").cells - 1))
        assert found[0] / found[1] > 3.0, found
        assert found[1] / found[2] > 3.0, found

    def test_a_jump_of_the_field_opens_the_channel(self, backend):
        closed = closing_scene("K", place=np.zeros(MESH.shape), rate=0.0)
        opened = 1.0 - PAINTING.fraction("channel")
        event = Event(100.0, "puncture", unchanged, lambda problem, concentrations: {"K": opened})
        run = Simulation(closed, backend=backend, events=[event]).run(99.0)
        assert run.openness() == (0.0,)
        before = run.top_flux_map("drug").sum()
        run.run(101.0)
        assert run.openness() == (pytest.approx(1.0, rel=1e-12),)
        assert run.top_flux_map("drug").sum() > 3 * before

    def test_ledgers_close(self, backend):
        run = Simulation(closing_scene("K"), backend=backend, rtol=1e-2).run(20000.0)
        for name in ("drug", "K"):
            assert run.ledger(name).relative_error <= 1e-12
