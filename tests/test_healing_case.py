"""The healing section of a case: its checks, its sessions, and how it meets permeation."""

import copy
import pickle
import tomllib

import numpy as np
import pytest
from cases import LARGE

from mnrd.case import CaseError, bundled, from_document, load
from mnrd.case.synergy import VARIANTS, interaction, variants
from mnrd.case.view import consequences
from mnrd.simulation import Simulation
from mnrd.skin.healing.declaration import FIELDS
from mnrd.skin.healing.parameters import library
from mnrd.skin.transport import CHANNEL

DAY = 86400.0
ROLLER = """
title = "roller"
skin.layers = [
    { name = "stratum corneum", thickness = "15 um", cells = 3 },
    { name = "viable epidermis", thickness = "85 um", cells = 8 },
    { name = "dermis", thickness = "1100 um", smallest = "20 um", largest = "150 um" },
]
needle = { length = "0.5 mm", width = "0.25 mm" }
array = { pattern = "square", pitch = "700 um" }
mesh = { smallest = "25 um", largest = "80 um" }
healing = { age = 45.0 }
run = { end = "30 day" }
"""
SERUM = {
    "actives": [{"name": "ascorbic acid", "concentration": "20 % w/v", "effect": {"acts": "vitamin C"}}],
    "donor": {"depth": "50 um", "pH": 3.2},
}
SESSION = "healing.sessions"

WRONG = [
    # within the section
    ({"healing.age": -1}, "healing.age: got -1, must be >= 0"),
    ({"healing.hole_radius": "0 um"}, "healing.hole_radius: got 0 um, must be > 0"),
    ({"healing.parameters": {"K_Ty": 1}}, "healing.parameters.K_Ty: there is none of that name, did you mean K_TY or"),
    ({"healing.parameters": {"D_N": "1 mm"}}, "healing.parameters.D_N: got '1 mm', has the wrong dimension"),
    ({"healing.parameters": {"D_N": 1.0}}, "healing.parameters.D_N: got 1.0, needs a unit"),
    ({"healing.parameters": {"n_Y": -1}}, "healing.parameters.n_Y: got -1.0, must be finite and >= 0"),
    ({SESSION: [{"every": "2 day"}]}, "healing.sessions[0].every: give every and repeat together, or none of them"),
    ({SESSION: [{"at": "-1 day"}]}, "healing.sessions[0].at: got -1 day, must be >= 0"),
    (
        {"needle": None, "array": None, "healing.wound": {"kind": "punch", "width": "2 mm"}},
        "healing.wound.depth: must be given for kind punch",
    ),
    # the skin
    (
        {"skin.layers[2].name": "fat"},
        "healing: needs a layer of [skin] with 'dermis' in its name",
    ),
    (
        {"skin.layers[2].thickness": "700 um"},
        "skin.layers: got 800 um in all, must be >= 885 um, 500 um more than the depth of the injury",
    ),
    (
        {"skin.layers[1].ridges": {"amplitude": "20 um", "wavelength": "150 um"}},
        "skin.layers[1].ridges: is not possible with [healing], leave it out",
    ),
    ({"laws.membrane": True}, "laws.membrane: is not possible with [healing], where the stratum corneum grows back"),
    ({**SERUM, "donor.meshed": True}, "donor.meshed: is not possible with [healing], leave it out"),
    # what injures
    (
        {"healing.wound": {"kind": "punch", "width": "2 mm", "depth": "0.5 mm"}},
        "healing.wound: is in place of needles: leave it or [array] out",
    ),
    (
        {**SERUM, "needle": None, "array": None, "healing.wound": {"kind": "punch", "width": "2 mm", "depth": "1 um"}},
        "healing.wound: drug in a large wound is not modelled: leave it or [[actives]] out",
    ),
    (
        {"needle": None, "array": None, SESSION: [{"at": "1 day"}]},
        "healing.sessions: needs [array] or [healing.wound]: say what injures the skin",
    ),
    (
        {"stay.material": "impermeable"},
        "stay.material: got impermeable, with [healing] needles must dissolve or be out at time 0",
    ),
    (
        {"needle": None, "channel": {"width": "60 um", "depth": "100 um"}},
        "healing.needle_radius: must be given where there is no [needle]",
    ),
    (
        {"needle": None, "channel": {"width": "60 um"}, "healing.needle_radius": "0.1 mm"},
        "healing.depth: must be given where there is no [needle] and no channel.depth",
    ),
    # sessions
    (
        {SESSION: [{"every": "2 day", "repeat": 2, "shift": ["100 um", "0 um"]}]},
        "healing.sessions[0].shift: needs periodic sides",
    ),
    ({SESSION: [{"at": "1 day"}, {"at": "1 day"}]}, "healing.sessions: got two at 86400 s, must be at different times"),
    ({SESSION: [{"at": "31 day"}]}, "healing.sessions[0].at: got 2.6784e+06 s, must be <= 2.592e+06 s, the end"),
    ({**SERUM, "closure": {}, SESSION: [{"at": "1 day"}]}, "closure: tells how channels close that are open from time"),
    (
        {**SERUM, "events": [{"do": "occlude", "at": "1 h"}]},
        "events[0]: 'occlude' acts on the half-lives of [closure], which is left out",
    ),
    (
        {**SERUM, "actives[0].load": {"mass": "1 ug"}, SESSION: [{"at": "1 day"}]},
        "actives[0].load: is in the channels from time 0: needs a session then",
    ),
    # effects
    ({**SERUM, "healing": None}, "actives[0].effect: needs [healing]"),
    (
        {"actives": [{"name": "retinol", "load": {"mass": "1 ug"}, "effect": {"acts": "retinol"}}]},
        "actives[0].effect: needs a concentration in the vehicle, to which the dose is compared",
    ),
    (
        {**SERUM, "actives[0].effect": {"acts": "growth factor", "half": 0.1}},
        "actives[0].effect.half: has no meaning for a growth factor, which acts as PDGF does",
    ),
    ({**SERUM, "actives[0].effect.acts": "vitamin D"}, "actives[0].effect.acts: got vitamin D, must be 'vitamin C', "),
    ({"output.compare": "synergy"}, "output.compare: got synergy, needs [healing] and an active with an effect on it"),
    (
        {**SERUM, "output.compare": "synergy", SESSION: []},
        "output.compare: got synergy, needs [array] and at least one session",
    ),
    ({"output.fields": ["C2"]}, "output.fields: got 'C2', did you mean 'C3'?"),
]


def roller(settings=None):
    """The sound case, changed; a section that is set to None is taken out."""
    document, settings = tomllib.loads(ROLLER), copy.deepcopy(settings or {})
    for key in [key for key, value in settings.items() if value is None]:
        del document[key], settings[key]
    return from_document(document, "", settings)


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=[said[:60] for _, said in WRONG])
def test_message(settings, said):
    with pytest.raises(CaseError) as caught:
        roller(settings).problem()
    assert any(line.startswith(said) for line in caught.value.problems), caught.value.problems


def test_healing_alone_paints_no_channels_and_begins_with_one_session():
    case = roller()
    problem, events = case.problem()
    assert problem.model.names == tuple(FIELDS)
    assert problem.painting.materials == case.skin.names
    assert [(event.time, event.name) for event in events] == [(0.0, "session 1")]
    assert np.diff(problem.mesh.x).min() <= 25.0
    assert not problem.model.closings


@pytest.mark.parametrize(
    ("settings", "radii"),
    [
        ({}, (125.0, 50.0, 385.0)),
        ({"channel": {"width": "60 um"}}, (125.0, 30.0, 385.0)),
        ({"healing.needle_radius": "100 um"}, (100.0, 40.0, 385.0)),
        ({"needle.depth": "200 um"}, (125.0, 50.0, 200.0)),
        ({"healing.hole_radius": "20 um", "healing.depth": "300 um"}, (125.0, 20.0, 300.0)),
        (
            {"needle": None, "healing.needle_radius": "0 um", "channel": {"width": "60 um", "depth": "100 um"}},
            (0.0, 30.0, 100.0),
        ),
    ],
)
def test_radii_and_depth_of_the_injury(settings, radii):
    case = roller(settings)
    made = case.healing.puncture(case.needle, case.channel)
    assert (made.stretched, made.radius, made.depth) == pytest.approx(radii)


def at(problem, name):
    """A field at first, in each cell."""
    (field,) = (field for field in problem.model.fields if field.name == name)
    return problem.painting.mix(field.initial)


def after(problem, event):
    """The problem and all fields after an event at time 0."""
    problem = event.change(problem)
    before = {name: at(problem, name) for name in problem.model.names}
    return problem, before, {**before, **event.jump(problem, before)}


def test_a_session_starts_the_clock_and_injures_the_skin_under_the_needle():
    problem, (event,) = roller().problem()
    assert problem.model.parameters["on"] == 0.0
    changed, before, now = after(problem, pickle.loads(pickle.dumps(event)))
    assert changed.model.parameters["on"].startswith("1 - exp(-((t - 0.0)/")
    assert now["K"][0, 0, 0] < 0.01 < 0.99 < now["K"][0, -1, -1]
    assert now["J"].max() > 0.5
    assert (now["C1"] <= before["C1"]).all()


def test_sessions_at_other_times_and_places():
    sessions = [{"at": "2 day", "every": "7 day", "repeat": 2, "shift": ["350 um", "350 um"]}]
    problem, events = roller({"healing.sessions": sessions}).problem()
    assert [event.time for event in events] == [2 * DAY, 9 * DAY, 16 * DAY]
    corners = []
    for event in events:
        changed, _, now = after(problem, event)
        corners.append([now["K"][0, i, i] < 0.5 for i in (0, -1)])
        assert changed.model.parameters["on"].startswith(f"1 - exp(-((t - {event.time!r})/")
    assert corners == [[True, False], [False, True], [True, False]]
    widths = np.diff(problem.mesh.x)
    assert widths[0] == pytest.approx(widths[-1])


def test_a_full_cell_moves_by_any_length():
    sessions = [{"every": "7 day", "repeat": 1, "shift": ["200 um", "-500 um"]}]
    case = roller({"healing.sessions": sessions, "array.unit_cell": "full"})
    problem, events = case.problem()
    _, _, now = after(problem, events[1])
    y, x = np.unravel_index(np.argmin(now["K"][0]), now["K"][0].shape)
    centres = [0.5 * (edges[1:] + edges[:-1]) for edges in (problem.mesh.x, problem.mesh.y)]
    assert abs(centres[0][x] - 550.0) <= 50.0
    assert abs(centres[1][y] - 550.0) <= 50.0


def test_a_wound_and_an_old_scar_without_needles():
    punch = {"kind": "punch", "width": "1 mm", "depth": "0.5 mm", "healthy": "0.5 mm"}
    problem, (event,) = roller({"needle": None, "array": None, "healing.wound": punch}).problem()
    assert problem.mesh.x[-1] == 1000.0
    _, _, now = after(problem, event)
    assert now["C1"][:, 0, 0].min() < 0.1
    problem, events = roller({"needle": None, "array": None, "healing.scar": True}).problem()
    assert events == ()
    assert at(problem, "s").max() > 0.5


# --- with permeation


def test_the_barrier_closes_the_channels_unless_half_lives_are_given():
    problem, _ = roller(SERUM).problem()
    assert problem.model.names == ("ascorbic_acid", "ascorbic_acid_dose", *FIELDS)
    (closing,) = problem.model.closings
    assert (closing.material, closing.openness, closing.until) == (CHANNEL, "K", 15.0)
    problem, _ = roller({**SERUM, "closure": {}}).problem()
    (closing,) = problem.model.closings
    assert closing.openness(1800.0) == pytest.approx(0.5)
    problem, events = roller({**SERUM, "closure": {"mode": "shrink"}}).problem()
    assert problem.model.closings == ()
    assert len(events) == 26


def test_channels_are_painted_from_the_first_session_on_and_where_it_puts_them():
    sessions = [{"at": "1 day", "every": "7 day", "repeat": 1, "shift": ["350 um", "350 um"]}]
    problem, events = roller({**SERUM, "healing.sessions": sessions}).problem()
    assert problem.painting.fraction(CHANNEL).max() == 0.0
    first, second = (event.change(problem).painting.fraction(CHANNEL) for event in events)
    assert first[0, 0, 0] > 0.9 > 0.1 > first[0, -1, -1]
    assert np.array_equal(second, first[:, ::-1, ::-1])


def test_a_session_opens_the_barrier_and_the_barrier_closes_it_again():
    settings = {**SERUM, "healing.sessions": [{"at": "10 min"}], "donor.depth": "5 mm"}
    problem, events = roller(settings).problem()
    simulation = Simulation(problem, events=events, rtol=1e-2)
    flux = {time: simulation.run(time).fluxes("ascorbic_acid")["top"] for time in (599.0, 660.0, 3600.0, 2 * DAY)}
    assert flux[660.0] > 100.0 * flux[599.0]
    assert flux[3600.0] > 10.0 * flux[2 * DAY]
    assert simulation.concentration("K")[:3].min() > 0.99
    assert simulation.concentration("ascorbic_acid_dose").max() > 1.0


def test_a_vehicle_may_be_put_on_later():
    problem, (session, apply) = roller({**SERUM, "donor.begins": "2 h"}).problem()
    assert (session.name, apply.name, apply.time) == ("session 1", "apply", 7200.0)
    assert problem.model.fields[0].top is None
    assert apply.change(problem).model.fields[0].top.amount == 50.0 * 200.0


def test_half_effect_and_retention_come_from_the_library_or_the_case():
    problem, _ = roller(SERUM).problem()
    parameters = problem.model.parameters
    assert parameters["retention_ascorbic_acid"] == pytest.approx(5.8 * DAY)
    assert parameters["uptake_ascorbic_acid"]["dermis"].max() == pytest.approx(1.0 / (1e-3 * 200.0 * 5.8 * DAY))
    assert parameters["uptake_ascorbic_acid"]["stratum corneum"].max() == 0.0
    own = {**SERUM, "actives[0].effect": {"acts": "retinol", "half": "1 %", "retention": "1 day"}}
    problem, _ = roller(own).problem()
    assert problem.model.parameters["retention_ascorbic_acid"] == DAY
    assert problem.model.parameters["uptake_ascorbic_acid"]["dermis"].max() == pytest.approx(0.5 / DAY)


def test_a_growth_factor_acts_as_pdgf_in_ng_per_ml():
    active = {"name": "egf", "concentration": "200 ng/mL", "effect": {"acts": "growth factor"}}
    problem, _ = roller({**SERUM, "actives": [active]}).problem()
    assert problem.model.names == ("egf", *FIELDS)
    assert problem.model.definitions["u_G"] == "1e6*egf"
    assert problem.model.fields[0].top.activity * 1e6 == pytest.approx(200.0)


def test_variants_of_a_case_for_synergy():
    case = roller({**SERUM, "output.compare": "synergy"})
    found = {name: make() for name, make in variants(case).items()}
    assert list(found) == list(VARIANTS)
    names = {name: problem.model.names for name, (problem, _) in found.items()}
    assert names["both"] == names["supplement"] == ("ascorbic_acid", "ascorbic_acid_dose", *FIELDS)
    assert names["stimulus"] == names["neither"] == tuple(FIELDS)
    assert [name for name, (_, events) in found.items() if events] == ["stimulus", "both"]
    meshes = {name: problem.mesh for name, (problem, _) in found.items()}
    assert np.array_equal(meshes["both"].x, meshes["stimulus"].x)
    assert meshes["supplement"].shape == meshes["neither"].shape == (meshes["both"].shape[0], 1, 1)


def test_interaction_is_what_both_do_beyond_the_sum():
    found = interaction({"neither": 1.0, "stimulus": 1.4, "supplement": 1.1, "both": 1.65})
    assert found == pytest.approx((0.4, 0.1, 0.65))
    assert found.term == pytest.approx(0.15)
    assert found.ratio == pytest.approx(1.3)
    assert np.isnan(interaction(dict.fromkeys(VARIANTS, 1.0)).ratio)


# --- what is shown


def test_show_lists_every_equation_and_parameter_and_marks_those_that_are_given():
    case = roller({**SERUM, "healing.parameters": {"K_TY": "2 ng/mL", "k_C": "0.1 1/day"}})
    tables = {title: rows for title, _, rows in consequences(case)}
    assert {row[0] for row in tables["Reactions"]} >= {f"healing of {name}" for name in FIELDS}
    assert ("C", "C1 + C3") in tables["Definitions"]
    assert {row[0] for row in tables["Taxis"]} == {"N", "M", "F", "B", "K"}
    rows = {row[0]: row for row in tables["Parameters of healing"]}
    assert list(rows) == list(library())
    assert rows["K_TY"][1:5] == ("2 ng/mL", "0.6 to 1.1", "C", "given, outside of the plausible range")
    assert rows["k_C"][4] == "given"
    assert rows["k_M"][4] == ""


@pytest.mark.parametrize("name", [name for name in bundled() if "[healing]" in bundled()[name]])
def test_bundled_cases_make_a_cell_of_moderate_size(name):
    cells = load(name).full_mesh().cells
    assert cells <= 60_000 or cells > LARGE
