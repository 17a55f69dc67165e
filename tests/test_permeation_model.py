"""The permeation model: from the user's words to fields, coefficients, reactions, boundaries and events."""

import pickle
import tomllib
from math import inf, sqrt

import numpy as np
import pytest

from mnrd.case import from_document, load
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.reaction import Exchange, Transfer
from mnrd.simulation import Simulation
from mnrd.skin.base import Base
from mnrd.skin.closure import Closure, Openness, occlusion_of, shrinking
from mnrd.skin.donor import Disc, Donor, Drying, Rectangle

HOUR = 3600.0

SKIN = """
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 6 },
    { name = "viable epidermis", thickness = "80 um", smallest = "2 um", largest = "20 um" },
    { name = "dermis", thickness = "300 um", smallest = "20 um", largest = "60 um" },
]
needle = { length = "0.3 mm", width = "140 um" }
array = { pitch = "300 um" }
mesh = { smallest = "12 um", largest = "40 um" }
run = { end = "6 h" }
"""
CAFFEINE = 'actives = [{ name = "caffeine", concentration = "10 mg/mL" }]\ndonor = { depth = "50 um" }\n'


def case(text, **settings):
    """A coarse case with a needle, and what is said in `text`; settings have __ for the dots of a path."""
    settings = {key.replace("__", "."): value for key, value in settings.items()}
    return from_document(tomllib.loads(SKIN + text), "", settings)


def field(problem, name):
    """A field of a problem by its name."""
    return problem.model.fields[problem.model.index(name)]


def amount(problem, name):
    """Amount of a field at time 0, in mg/mL um^3."""
    return float((problem.painting.mix(field(problem, name).initial) * problem.mesh.volume).sum())


def run(built, end=None, **options):
    """The simulation of a built case at its end."""
    problem, events = built.problem()
    return Simulation(problem, backend="numpy", events=events, **options).run(end or built.run.end)


# --- closure


@pytest.mark.parametrize("form", ["exponential", "linear radius", "logistic"])
def test_half_life_is_the_time_to_one_half_and_time_of_is_the_inverse(form):
    g = Openness(Closure(form=form), occlusion_of(False))
    assert g(0.0) == pytest.approx(1.0)
    assert g(0.5 * HOUR) == pytest.approx(0.5)
    for level in (0.99, 0.7, 0.3, 0.02):
        assert g(g.time_of(level)) == pytest.approx(level, abs=1e-12)
    assert pickle.loads(pickle.dumps(g))(100.0) == g(100.0)


def test_a_channel_of_linearly_falling_radius_closes_for_good():
    g = Openness(Closure(form="linear radius"), occlusion_of(False))
    closed = 0.5 * HOUR / (1.0 - sqrt(0.5))
    assert g(0.5 * closed) == pytest.approx(0.25)
    assert g(closed) == pytest.approx(0.0, abs=1e-15)
    assert g(2 * closed) == 0.0


def test_occlusion_slows_closing_while_it_lasts():
    g = Openness(Closure(), occlusion_of(True, [(22 * HOUR, False)]))
    assert g(22 * HOUR) == pytest.approx(0.5)
    assert g(22.5 * HOUR) == pytest.approx(0.25)
    assert g.time_of(0.25) == pytest.approx(22.5 * HOUR)


@pytest.mark.parametrize(("age", "factor"), [(None, 1.0), (20, 1.0), (30, 1.0), (52.5, 1.5), (75, 2.0), (90, 2.0)])
def test_age_slows_closing(age, factor):
    g = Openness(Closure(age=age), occlusion_of(False))
    assert g(0.5 * HOUR * factor) == pytest.approx(0.5)


def test_a_residual_stays_open_and_closing_can_begin_later():
    g = Openness(Closure(residual=0.2, begins=HOUR), occlusion_of(False))
    assert g(HOUR) == 1.0
    assert g(1.5 * HOUR) == pytest.approx(0.6)
    assert g(1e9) == pytest.approx(0.2)
    assert g.time_of(0.1) == inf


def test_shrinking_keeps_the_mean_area():
    g = Openness(Closure(form="linear radius"), occlusion_of(False))
    steps = shrinking(g)
    assert len(steps) == 25
    assert steps[-1][1] == 0.0
    times = np.linspace(0.0, 1.2 * steps[-1][0], 20001)
    factors = np.array([1.0, *(factor for _, factor in steps)])
    stairs = factors[np.searchsorted([time for time, _ in steps], times, side="right")] ** 2
    assert np.trapezoid(stairs, times) == pytest.approx(np.trapezoid([g(t) for t in times], times), rel=0.01)


# --- base and donor


def test_bases():
    inputs = {"diffusivity": 80.0, "partition": 1.2, "clearance": 5e-4}
    assert Base().reservoir(**inputs) is None
    assert Base(kind="sink").reservoir(**inputs).activity == 0.0
    assert Base(kind="sink").reservoir(**inputs).capacity == inf
    assert Base(kind="receptor", depth=5e4).reservoir(**inputs).capacity == 5e4
    assert Base(kind="deep dermis").reservoir(**inputs).transfer == pytest.approx(1.2 * sqrt(80.0 * 5e-4))
    assert [Base(kind=kind).clears for kind in ("in vivo", "deep dermis", "sink")] == [True, True, False]


MESH = Mesh(np.linspace(0, 100, 11), np.linspace(0, 50, 6), np.array([0.0, 1.0]))
DOSE = {"concentration": 10.0, "partition": 2.0, "solubility": inf, "evaporation": 1e-4}


def test_a_finite_donor_holds_depth_times_concentration():
    found = Donor(depth=50.0, boundary_layer=0.1).reservoir(MESH, **DOSE)
    assert (found.activity, found.capacity, found.amount) == (5.0, 100.0, 500.0)
    assert (found.transfer, found.loss, found.saturation) == (0.1, 1e-4, inf)
    assert Donor().reservoir(MESH, **DOSE).capacity == inf


def test_a_suspension_has_the_activity_of_the_saturated_vehicle_and_all_of_the_drug():
    found = Donor(depth=50.0).reservoir(MESH, **{**DOSE, "solubility": 4.0})
    assert (found.activity, found.saturation, found.amount) == (2.0, 2.0, 500.0)


def test_a_drying_vehicle_loses_capacity():
    found = Donor(depth=50.0, drying=Drying(rate=0.01, depth=10.0)).reservoir(MESH, **DOSE)
    assert found.drying == (0.02, 20.0)


def test_dosed_areas():
    disc = Donor(area=Disc(kind="disc", radius=20.0)).coverage(MESH)
    assert disc.shape == (5, 10)
    assert (disc * MESH.area).sum() == pytest.approx(np.pi * 400.0, rel=0.01)
    rectangle = Donor(area=Rectangle(kind="rectangle", width=30.0, length=20.0, x=15.0, y=10.0)).coverage(MESH)
    assert (rectangle * MESH.area).sum() == pytest.approx(600.0)
    assert rectangle[:2, :3].min() == 1.0


# --- coefficients, against the table of the permeation design, section 2.6 (three digits)

TABLE = [
    # active, pH, D_w, P_sc um/s, D_sc, K_sc, D_de, K_de, k_free
    ("caffeine", 7.4, 846, 3.23e-4, 6.09e-3, 0.688, 193, 0.704, 7.3e-4),
    ("ascorbic acid", 3.2, 961, 5.03e-5, 7.69e-3, 0.0851, 207, 0.699, 6.7e-4),
    ("lidocaine", 7.4, 634, 2.45e-3, 3.63e-3, 8.76, 96.4, 1.30, 1.8e-3),
    ("naltrexone", 5.0, 601, 2.35e-5, 9.13e-4, 0.335, 103, 0.938, 8.7e-4),
    ("retinol", 7.4, 540, 0.967, 1.85e-3, 6780, 1.31, 319, 2.2e-3),
]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_coefficients_are_those_of_the_design(row):
    name, ph, water, permeability, d_sc, k_sc, d_de, k_de, k_free = row
    problem, _ = case(CAFFEINE, actives=[{"name": name, "concentration": "1 ug/mL"}], donor__pH=ph).problem()
    (one,) = problem.model.fields
    near = lambda value: pytest.approx(value, rel=0.02)  # noqa: E731
    assert one.diffusivity["channel"] == near(water)
    assert one.partition["channel"] == 1.0
    assert one.diffusivity["stratum corneum"] == near(d_sc)
    assert one.partition["stratum corneum"] == near(k_sc)
    assert one.diffusivity["stratum corneum"] * one.partition["stratum corneum"] / 13.0 == near(permeability)
    assert one.diffusivity["dermis"] == one.diffusivity["viable epidermis"] == near(d_de)
    assert one.partition["dermis"] == near(k_de)
    clearance = problem.model.parameters[f"clearance_{one.name}"]
    assert clearance["dermis"] * one.partition["dermis"] / 0.6 == pytest.approx(k_free, rel=0.04)
    assert clearance["viable epidermis"] == clearance["stratum corneum"] == clearance["channel"] == 0.0


def test_there_is_no_blood_in_a_diffusion_cell():
    problem, _ = case(CAFFEINE, base__kind="sink").problem()
    assert problem.model.reactions == ()
    assert field(problem, "caffeine").base.activity == 0.0


def test_blood_flow_scales_clearance_in_time():
    problem, _ = case(CAFFEINE, laws__blood_flow="1 + 2*exp(-t/28800)").problem()
    assert problem.model.reactions[0].rate == "clearance_caffeine*blood_flow"
    assert problem.model.parameters["blood_flow"] == "1 + 2*exp(-t/28800)"


def test_ionisation_can_change_through_the_stratum_corneum():
    text = 'actives = [{ name = "lidocaine", concentration = "1 mg/mL" }]\ndonor = { pH = 6 }\n'
    top, gradient = (case(text, laws__ionisation=kind).problem()[0] for kind in ("top", "gradient"))
    profile = field(gradient, "lidocaine").partition["stratum corneum"]
    inside = gradient.mesh.zc < 13.0
    assert profile.shape == gradient.mesh.zc.shape
    depth = gradient.mesh.zc[inside]
    line = np.polynomial.Polynomial.fit(depth, np.log(profile[inside]), 1)
    assert np.allclose(line(depth), np.log(profile[inside]))
    assert profile[0] > field(top, "lidocaine").partition["stratum corneum"]
    assert profile[inside][-1] > 5 * profile[0]


def test_stratum_corneum_can_be_anisotropic():
    one = field(case(CAFFEINE, laws__anisotropy=35).problem()[0], "caffeine")
    ratio = {name: one.lateral_diffusivity[name] / one.diffusivity[name] for name in one.diffusivity}
    assert ratio == {"stratum corneum": pytest.approx(35), "viable epidermis": 1, "dermis": 1, "channel": 1}


def test_a_layer_can_be_given_its_own_coefficients():
    own = {"stratum corneum": {"diffusivity": "0.05 um^2/s", "partition": 50}, "dermis": {"clearance": "5e-4 1/s"}}
    problem, _ = case(CAFFEINE, laws__anisotropy=10, **{"actives[0]__layers": own}).problem()
    one = field(problem, "caffeine")
    assert one.diffusivity["stratum corneum"] == 0.05
    assert one.lateral_diffusivity["stratum corneum"] == 0.5
    assert one.partition["stratum corneum"] == 50.0
    assert problem.model.parameters["clearance_caffeine"]["dermis"] == 5e-4


@pytest.mark.parametrize(
    ("filling", "diffusivity", "partition"),
    [
        ({"contents": "fluid"}, 1.0, 1.0),
        ({"contents": "clot"}, 0.3, 1.0),
        ({"contents": "clot", "relative_diffusivity": 0.2}, 0.2, 1.0),
        ({"contents": "vehicle"}, 0.5, 3.0),
        ({"contents": "hydrogel", "polymer": "10 %"}, 0.8506, 0.9),
    ],
)
def test_contents_of_the_channels(filling, diffusivity, partition):
    settings = {"filling": filling, "donor__relative_diffusivity": 0.5, "actives[0]__vehicle_partition": 3}
    one = field(case(CAFFEINE, **settings).problem()[0], "caffeine")
    assert one.diffusivity["channel"] == pytest.approx(845.78 * diffusivity, rel=2e-3)
    assert one.partition["channel"] == pytest.approx(partition)
    assert one.initial["channel"] == (10.0 if filling["contents"] == "vehicle" else 0.0)


# --- what is there at time 0


def test_a_load_has_its_mass_on_the_mesh():
    text = 'actives = [{ name = "insulin", load = { mass = "2 ug" } }]\nstay = { material = "dissolving" }\n'
    problem, _ = case(text).problem()
    assert amount(problem, "insulin") == pytest.approx(0.25 * 2e-3 * 1e12, rel=1e-12)


def test_a_coating_has_its_mass_around_an_impermeable_needle():
    load = 'load = { mass = "1 ug", place = "coating", release = "kinetic", time = "20 s", solubility = "20 mg/mL" }'
    text = f'actives = [{{ name = "caffeine", {load} }}]\nstay = {{ material = "impermeable" }}\n'
    problem, _ = case(text).problem()
    assert problem.model.names == ("caffeine", "caffeine_solid")
    assert amount(problem, "caffeine") == 0.0
    assert amount(problem, "caffeine_solid") == pytest.approx(0.25 * 1e-3 * 1e12, rel=1e-12)
    assert field(problem, "caffeine").diffusivity["needle"] == 0.0
    fractions = {name: problem.painting.fraction(name) for name in problem.painting.materials}
    assert fractions["needle"].max() == 1.0
    assert (fractions["coating"].sum(axis=(1, 2)) > 0).sum() > 5
    (dissolution,) = [r for r in problem.model.reactions if isinstance(r, Exchange)]
    assert (dissolution.free, dissolution.bound) == ("caffeine", "caffeine_solid")


def test_a_deposit_has_its_amount_per_area():
    text = 'actives = [{ name = "testosterone", deposit = { amount = "0.53 ug/cm^2", depth = "1.3 um" } }]\n'
    problem, _ = case(text).problem()
    assert amount(problem, "testosterone") / problem.mesh.footprint == pytest.approx(5.3)
    assert field(problem, "testosterone").top is None


def test_a_meshed_vehicle_lies_on_top_and_holds_the_dose():
    problem, _ = case(CAFFEINE, donor__meshed=True).problem()
    assert problem.painting.materials[-1] == "vehicle"
    assert amount(problem, "caffeine") / problem.mesh.footprint == pytest.approx(500.0)
    top = problem.mesh.z[np.flatnonzero(problem.painting.fraction("stratum corneum").any(axis=(1, 2)))[0]]
    assert top == 50.0
    assert field(problem, "caffeine").top is None


# --- reactions


def test_products_follow_their_sources_with_the_yield_in_mass():
    settings = {
        "actives": [
            {"name": "acid", "properties": {"molar_mass": "300.44 g/mol", "log_kow": 6, "formula": "C20H28O2"}},
            {"name": "retinol", "concentration": "1 ug/mL", "metabolism": [{"rate": "1e-5 1/s", "product": "acid"}]},
        ]
    }
    model = case(CAFFEINE, **settings).problem()[0].model
    assert model.names == ("retinol", "acid")
    (conversion,) = [r for r in model.reactions if isinstance(r, Transfer) and r.products]
    assert conversion.products["acid"] == pytest.approx(300.44 / 286.45)
    assert model.parameters["metabolism_retinol_1"] == {
        "stratum corneum": 0.0,
        "viable epidermis": 1e-5,
        "dermis": 1e-5,
        "channel": 0.0,
    }


def test_saturable_metabolism_and_binding():
    own = {
        "metabolism": [{"vmax": "1 mg/mL/h", "km": "2 mg/mL", "layers": ["dermis"]}],
        "binding": {"on": "1e-2 1/s", "off": "1e-3 1/s", "capacity": "3 mg/mL"},
    }
    settings = {f"actives[0]__{key}": value for key, value in own.items()}
    model = case(CAFFEINE, base__kind="sink", **settings).problem()[0].model
    metabolism, binding = model.reactions
    assert metabolism.rate == "vmax_caffeine_1/(km_caffeine_1 + caffeine)"
    assert model.parameters["vmax_caffeine_1"]["dermis"] == pytest.approx(1 / HOUR)
    assert model.parameters["vmax_caffeine_1"]["viable epidermis"] == 0.0
    assert binding.forward == "binding_on_caffeine*Max(1 - caffeine_bound/binding_capacity_caffeine, 0)"
    assert model.fields[1].name == "caffeine_bound"
    assert not model.fields[1].mobile


def test_closing_plugs_the_stratum_corneum_or_the_epidermis():
    for through, depth in (("stratum corneum", 13.0), ("viable epidermis", 93.0)):
        (closing,) = case(CAFFEINE, closure__through=through).problem()[0].model.closings
        assert (closing.material, closing.until) == ("channel", pytest.approx(depth))
        assert closing.openness(0.5 * HOUR) == pytest.approx(0.5)


# --- events


def test_wash_off_rinse_and_reapplication():
    steps = [
        {"do": "wash off", "at": "1 h", "rinse": "5 min"},
        {"do": "reapply", "at": "2 h", "every": "1 h", "repeat": 2, "strength": "50 %"},
    ]
    problem, events = case(CAFFEINE, events=steps).problem()
    assert [(event.name, event.time) for event in events] == [
        ("wash off", HOUR),
        ("end of rinse", HOUR + 300),
        ("reapply", 2 * HOUR),
        ("reapply", 3 * HOUR),
        ("reapply", 4 * HOUR),
    ]
    tops = []
    for event in events:
        problem = event.change(problem)
        tops.append(field(problem, "caffeine").top)
    assert (tops[0].activity, tops[0].capacity, tops[1]) == (0.0, inf, None)
    assert tops[2].amount == 250.0
    assert tops[2] is not tops[3]


def test_needles_that_stay_are_pulled_out_and_leave_channels_that_begin_to_close():
    settings = {
        "stay": {"material": "porous", "porosity": 0.3},
        "closure": {"mode": "plug"},
        "events": [{"do": "remove needles", "at": "2 h"}],
    }
    problem, (pull, event) = case(CAFFEINE, **settings).problem()
    volume = problem.mesh.volume
    assert problem.painting.fraction("channel").max() == 0.0
    assert field(problem, "caffeine").partition["needle"] == 0.3
    inserted = float((problem.painting.fraction("needle") * volume).sum())
    pulling = pull.change(problem).model.parameters["pulling_caffeine"]
    whole = problem.painting.fraction("needle") == 1.0
    assert np.exp(-pulling[whole]).max() < 1e-14
    assert pulling[problem.painting.fraction("needle") == 0.0].max() == 0.0
    left = event.change(pull.change(problem))
    assert left.painting.materials == problem.painting.materials
    assert left.painting.fraction("needle").max() == 0.0
    assert 0.0 < float((left.painting.fraction("channel") * volume).sum()) < inserted
    assert left.model.closings[0].openness(2.5 * HOUR) == pytest.approx(0.5)


def test_channels_do_not_close_around_needles_that_stay_for_good():
    settings = {"stay": {"material": "impermeable"}, "closure": {"mode": "shrink"}}
    assert case(CAFFEINE, **settings).problem()[1] == ()
    settings["stay"]["material"] = "dissolving"
    problem, events = case(CAFFEINE, **settings).problem()
    assert events[0].change(problem).painting.fraction("channel").sum() > 0.0


def test_shrinking_channels_are_repainted_until_they_are_gone():
    problem, events = case(CAFFEINE, closure={"mode": "shrink", "form": "linear radius"}).problem()
    assert problem.model.closings == ()
    volumes = [problem.painting.fraction("channel").sum()]
    for event in events:
        problem = event.change(problem)
        volumes.append(problem.painting.fraction("channel").sum())
    assert (np.diff(volumes) < 0.0).all()
    assert volumes[-1] == 0.0
    assert pickle.loads(pickle.dumps(events[0].change))(problem).painting.materials == problem.painting.materials


def test_without_needles_there_is_one_column_with_the_same_dose():
    built = case(CAFFEINE, closure={"mode": "plug"})
    (full, _), (bare, events) = built.problem(), built.problem(without_needles=True)
    assert bare.mesh.shape == (full.mesh.shape[0], 1, 1)
    assert bare.mesh.footprint == pytest.approx(full.mesh.footprint)
    assert "channel" not in bare.painting.materials
    assert (bare.model.closings, events) == ((), ())
    assert field(bare, "caffeine").top.amount == field(full, "caffeine").top.amount


# --- runs


def test_testosterone_in_intact_skin_agrees_with_the_independent_solution():
    built = load("intact-testosterone")
    problem, _ = built.problem()
    simulation = Simulation(problem, backend="numpy", rtol=2e-3)
    delivered = []
    for hours in (6, 12, 24):
        ledger = simulation.run(hours * HOUR).ledger("testosterone")
        delivered.append(-ledger.terms["clearance of testosterone"] / problem.mesh.footprint * 0.1)
    assert delivered == pytest.approx([0.0888, 0.2623, 0.4369], rel=5e-3)


ZOO = {
    "binding and saturable metabolism": {
        "actives[0]__binding": {"on": "1e-3 1/s", "off": "1e-4 1/s", "capacity": "2 mg/mL"},
        "actives[0]__metabolism": [{"vmax": "1 mg/mL/h", "km": "1 mg/mL"}],
    },
    "wash-off, rinse and a second dose while channels close": {
        "closure": {"form": "logistic", "through": "viable epidermis"},
        "events": [
            {"do": "occlude", "at": "5 min"},
            {"do": "wash off", "at": "20 min", "rinse": "5 min"},
            {"do": "reapply", "at": "40 min", "strength": "50 %"},
        ],
    },
    "a meshed vehicle that is washed off": {
        "donor__meshed": True,
        "filling": {"contents": "vehicle"},
        "events": [{"do": "wash off", "at": "30 min", "rinse": "5 min"}],
    },
    "porous needles that are pulled out": {
        "stay": {"material": "porous", "porosity": 0.3},
        "events": [{"do": "remove needles", "at": "30 min"}],
    },
    "a coating on impermeable needles": {
        "actives[0]__load": {"mass": "1 ug", "place": "coating", "release": "kinetic", "time": "20 s"},
        "stay": {"material": "impermeable"},
        "events": [{"do": "remove needles", "at": "1 min"}],
    },
    "evaporation from a drying vehicle on a part of the skin, receptor below": {
        "actives[0]__evaporation": "1e-3 cm/h",
        "donor__drying": {"rate": "20 um/h", "depth": "10 um"},
        "donor__area": {"kind": "disc", "radius": "80 um", "x": "0 um", "y": "0 um"},
        "base": {"kind": "receptor", "depth": "1 mm"},
    },
}


@pytest.mark.parametrize("name", ZOO)
def test_nothing_gets_lost(name):
    simulation = run(case(CAFFEINE, mesh__smallest="30 um", mesh__largest="75 um", **ZOO[name]), HOUR)
    for one in simulation.problem.model.names:
        ledger = simulation.ledger(one)
        assert ledger.relative_error < 1e-10
        assert simulation.concentration(one).min() >= 0.0
    ledger = simulation.ledger("caffeine")
    if "wash-off" in name:
        assert ledger.removed > 0.0
    if "washed" in name:
        assert ledger.terms["wash-off of caffeine"] < 0.0
    if "evaporation" in name:
        assert ledger.evaporated > 0.0
        assert ledger.receptor > 0.0
    if "pulled" in name:
        assert ledger.terms["pulled out of caffeine"] < 0.0


def test_what_a_prodrug_loses_its_drug_gains():
    settings = {
        "actives": [
            {"name": "drug", "properties": {"molar_mass": "97.095 g/mol", "log_kow": 1, "formula": "C5H7NO"}},
            {"name": "caffeine", "concentration": "10 mg/mL", "metabolism": [{"rate": "1e-3 1/s", "product": "drug"}]},
        ]
    }
    simulation = run(case(CAFFEINE, mesh__smallest="30 um", **settings), 1800.0, dt=60.0)
    source, product = (simulation.ledger(name) for name in ("caffeine", "drug"))
    lost = -source.terms["metabolism 1 of caffeine to drug"]
    assert lost > 0.1 * source.applied
    assert product.terms["metabolism 1 of caffeine to drug"] == pytest.approx(0.5 * lost, rel=1e-6)
    assert product.relative_error < 1e-10


def test_a_closed_channel_lets_through_no_more_than_intact_skin():
    """Identity 9 of the design: with g = 0 the steady flux is that of intact skin."""
    settings = {"base__kind": "sink", "donor": {}, "closure": {"form": "linear radius", "half_life": "1 s"}}
    built = case(CAFFEINE, **settings)
    flux = []
    for bare in (False, True):
        problem, events = built.problem(without_needles=bare)
        simulation = Simulation(problem, backend="numpy", events=events).run(100 * HOUR)
        flux.append(simulation.fluxes("caffeine")["base"] / problem.mesh.footprint)
    assert flux[0] == pytest.approx(flux[1], rel=1e-3)
    assert flux[0] < case(CAFFEINE).actives[0].concentration * 3.3e-4
