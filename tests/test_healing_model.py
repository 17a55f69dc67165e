"""The declaration of the healing model: parameters, layers, ageing, and skin at rest."""

from collections import Counter
from itertools import accumulate
from math import inf, log, sqrt

import numpy as np
import pytest
from given import as_given

from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.kinetics import kinetics, scalar_values
from mnrd.model.model import Model
from mnrd.model.numeric import numpy_functions
from mnrd.model.problem import Problem
from mnrd.simulation import Simulation
from mnrd.skin.healing.ageing import SLOPES, YEAR, collagen, factor, factor_texts
from mnrd.skin.healing.declaration import DEFINITIONS, EQUATIONS, FIELDS, Effects, declare
from mnrd.skin.healing.parameters import library, outside_range, values
from mnrd.skin.healing.places import Places
from mnrd.skin.healing.rest import oxygen, resting, supply
from mnrd.skin.layers import depth_edges, preset, tops
from mnrd.skin.scene import kind_of
from mnrd.skin.transport import Tissue

DAY = 86400.0
TABLE = (  # groups of the table of parameters; the others are numbers that stand in the text
    "transport", "clot and soluble signals", "half-saturations", "leukocytes and debris", "mechanics and fibroblasts",
    "matrix", "oxygen", "vessels", "epidermis", "topical agents",
)  # fmt: skip
SKIN = preset("human skin for healing")
MOVING = ("P", "T", "V", "A", "O", "N", "M", "F", "B", "K")


def skin(vehicle=0.0):
    """Places and painting of the preset with a channel, 2 x 2 columns, under a meshed vehicle if wanted."""
    depths = list(accumulate((layer.thickness for layer in SKIN.layers), initial=vehicle))
    z = np.unique(np.append(0.0, vehicle + depth_edges(SKIN)))
    mesh = Mesh(np.array([0.0, 20.0, 50.0]), np.array([0.0, 20.0, 50.0]), z)
    layers = [("vehicle", 0.0)] if vehicle else []
    layers += [(name, depth + vehicle) for name, depth in tops(SKIN)]
    bore = ("channel", lambda x, y, z: (x**2 + y**2 < 15.0**2) & (z < 500.0))
    painting = paint(mesh, layers, [bore])
    tissues = tuple(
        Tissue(layer.name, kind_of(layer.name), top, base)
        for layer, top, base in zip(SKIN.layers, depths[:-1], depths[1:], strict=True)
    )
    return Places(mesh, tissues, painting.materials), painting


def problem(age=45.0, overrides=None, **options):
    """Skin at rest."""
    places, painting = skin()
    return Problem(places.mesh, painting, declare(places, values(overrides), age=age, **options))


def rates(of, now, time=0.0):
    """Production and loss rate of every field of a problem at some concentrations."""
    derived = kinetics(of.model)
    fields = np.array([now[name] for name in derived.fields])
    arrays = np.array([of.painting.mix(of.model.parameters[name]) for name in derived.arrays])
    given = as_given(derived, (fields, fields, fields, arrays, scalar_values(of.model, derived, time), 1e-3))
    pairs = zip(derived.fields, numpy_functions(derived), strict=True)
    return {name: functions.react(*given) for name, functions in pairs if functions is not None}


def initial(of):
    """Concentrations at time 0."""
    return {field.name: of.painting.mix(field.initial) + np.zeros(of.mesh.shape) for field in of.model.fields}


# --- parameters


def test_the_table_has_104_parameters_in_three_classes():
    marks = Counter(parameter.mark for parameter in library().values() if parameter.group in TABLE)
    added = {"EC50_C", "EC50_R"}  # from the table of agents
    assert added <= set(library())
    assert marks == {"L": 7, "E": 51 + len(added), "C": 46}


def test_every_parameter_is_sourced_and_inside_its_range():
    for name, parameter in library().items():
        assert parameter.low <= parameter.value <= parameter.high, name
        assert parameter.mark in "LEC", name
        assert parameter.source, name
        assert parameter.name == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("D_A", 0.86e6 / 86400),  # mm^2/day
        ("chi_N", 1.5e6 / 86400),
        ("k_g", 6 / 86400),  # 1/day
        ("q_P", 17.5),  # ng/mL
        ("t_Y", 8 / 86400),  # ng/mL/day
        ("m_0", 60000 / 86400),  # mmHg/day
        ("O_n", 45.0),  # mmHg
        ("tau_J", 6 * 86400.0),  # day
        ("l_d", 35.0),  # mm
        ("k_O", 420e3 / 86400),  # mm/day
        ("age_span", 55 * 365.25 * 86400),  # year
        ("n_Y", 4.0),
        ("mu_0", 0.000127 / 86400),
    ],
)
def test_values_are_in_internal_units(name, value):
    assert values()[name] == pytest.approx(value, rel=1e-13)


def test_overrides_are_converted_and_leave_the_library_alone():
    found = values({"D_P": "3 um**2/s", "tau_J": "12 h", "K_A": 0.1, "n_Y": "3", "lam_P": "50 %/h"})
    assert found["D_P"] == 3.0
    assert found["tau_J"] == 43200.0
    assert found["K_A"] == 0.1
    assert found["n_Y"] == 3.0
    assert found["lam_P"] == pytest.approx(0.5 / 3600, rel=1e-13)
    assert values()["K_A"] == 0.08


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"K_TX": 1.0}, r"parameters\.K_TX: there is none of that name, did you mean .*K_T"),
        ({"D_P": 0.3}, r"parameters\.D_P: got 0\.3, needs a unit: write it as a string such as '1 mm\*\*2/day'"),
        ({"D_P": "3 1/day"}, r"parameters\.D_P: got '3 1/day', has the wrong dimension"),
        ({"K_TY": "2 mg"}, r"parameters\.K_TY: got '2 mg', has the wrong dimension"),
        ({"D_P": "3 furlonk"}, r"parameters\.D_P: got '3 furlonk', has an unknown unit \(furlonk\)"),
        ({"k_g": "-1 1/day"}, r"parameters\.k_g: got '-1 1/day', must be finite and >= 0"),
        ({"K_A": inf}, r"parameters\.K_A: got inf, must be finite and >= 0"),
        ({"K_A": True}, r"parameters\.K_A: got True, must be a quantity"),
    ],
)
def test_wrong_overrides_are_named(overrides, message):
    with pytest.raises(ValueError, match=message):
        values(overrides)


def test_what_is_outside_of_its_plausible_range_is_told():
    inside = {"D_P": "0.9 mm**2/day", "k_C": "0.06 1/day", "mu_0": "1 1/day", "n_Y": 2}
    assert outside_range(inside) == []
    assert outside_range(inside | {"K_TY": "2 ng/mL", "a_P": 4}) == [
        "parameters.K_TY: got 2 ng/mL, plausible is 0.6 to 1.1 ng/mL",
        "parameters.a_P: got 4, plausible is 0 to 3",
    ]


# --- layers


def test_the_preset_has_the_layers_of_the_model():
    z = depth_edges(SKIN)
    assert z[-1] == pytest.approx(2000.0)
    assert [np.abs(z - depth).min() < 1e-9 for depth in (15, 100, 300)] == [True] * 3
    assert 40 <= z.size - 1 <= 55
    assert (z < 14.9).sum() == 3
    growth = np.diff(z)[1:] / np.diff(z)[:-1]
    assert max(growth.max(), 1 / growth.min()) < 1.3 + 1e-6


def test_a_channel_is_what_the_skin_is_at_its_depth():
    places, painting = skin()
    for name in ("dermis", "phi_Y", "Q_lay", "B_lay", "m_lay", "r_lay"):
        mixed = painting.mix(declare(places, values(), age=45).parameters[name])
        assert np.ptp(mixed, axis=(1, 2)).max() < 1e-15, name


def test_the_papillary_dermis_gives_way_between_its_depths():
    places, _ = skin()
    deep = places.coefficient(values(), dermis=(0.0, 1.0))["reticular dermis"]
    z = places.mesh.zc
    assert (deep[z < 300] == 0.0).all()
    assert deep[z > 800] == pytest.approx(1.0, abs=1e-14)
    x = np.clip((z - 300) / 500, 0, 1)
    assert deep == pytest.approx(x**2 * (3 - 2 * x), abs=0.01)
    assert (deep * places.mesh.hz).sum() == pytest.approx(0.5 * 500 + 1200)  # exact as an integral


def test_the_skin_begins_below_a_vehicle():
    bare, under = skin()[0], skin(vehicle=40.0)[0]
    name = "channel"
    for layers in ({"corneum": 1.0}, {"epidermis": 2.0}, {"dermis": (0.06, 1.0)}):
        profile = under.coefficient(values(), **layers)[name]
        assert profile[0] == 0.0
        assert profile[1:] == pytest.approx(bare.coefficient(values(), **layers)[name], abs=1e-12)


def test_layers_that_are_unknown_or_missing_are_told():
    mesh = skin()[0].mesh
    with pytest.raises(ValueError, match=r"skin\.layers: healing knows no layer 'fat'"):
        Places(mesh, (Tissue("dermis", "dermis", 0.0, 1e3), Tissue("fat", "other", 1e3, 2e3)), ("dermis", "fat"))
    with pytest.raises(ValueError, match="got no dermis"):
        Places(mesh, (Tissue("viable epidermis", "epidermis", 0.0, 2e3),), ("viable epidermis",))


def test_fields_are_confined_to_their_layers():
    of = problem()
    name = of.model.names
    for field in of.model.fields:
        assert field.mobile == (field.name in MOVING)
    places, _ = skin()
    centre = places.mesh.zc
    wanted = {  # um^2/s in the stratum corneum, the viable epidermis and the dermis
        **{one: (0.0, 0.4, 1.0) for one in "PTVA"},
        **{one: (0.0, 0.0, 1.0) for one in "NMFB"},
        "K": (0.08, 1.0, 0.0),
        "O": (1.0, 1.0, 1.0),
    }
    for one, parts in wanted.items():
        field = of.model.fields[name.index(one)]
        found = of.painting.mix(field.diffusivity)[:, 1, 1] / values()[f"D_{one}"]
        assert found == pytest.approx(np.select([centre < 15, centre < 100], parts[:2], parts[2]), abs=1e-13), one


# --- ageing


def test_factors_of_ageing():
    given = values()
    assert [factor(name, given, 20.0) for name in SLOPES] == [1.0] * 7
    assert [factor(name, given, 80.0) for name in SLOPES] == pytest.approx([0.68, 0.75, 0.65, 0.55, 0.7, 0.7, 0.7])
    assert factor("eta_C", values({"age_C": 1.0}), 100.0) == 0.0
    model = declare(skin()[0], given, age=45.0)
    derived = kinetics(model)
    for later in (0.0, 3.0, 30.0):
        found = dict(zip(derived.scalars, scalar_values(model, derived, later * YEAR), strict=True))
        for name in factor_texts(given, 45.0):
            assert found[name] == pytest.approx(factor(name, given, 45.0 + later), rel=1e-14), name


def test_ageing_begins_during_a_run_at_25():
    model = declare(skin()[0], values(), age=20.0)
    derived = kinetics(model)
    eta = [scalar_values(model, derived, years * YEAR)[derived.scalars.index("eta_C")] for years in (0, 5, 60)]
    assert eta == pytest.approx([1.0, 1.0, 0.68])


def test_collagen_falls_with_age_as_documented():
    given = values()
    assert collagen(given, 20.0) == 1.0
    assert collagen(given, 50.0) == pytest.approx(0.92, abs=0.005)
    assert collagen(given, 70.0) == pytest.approx(0.76, abs=0.005)
    assert log(collagen(given, 45.0) / collagen(given, 75.0)) / 30 == pytest.approx(0.0094, abs=1e-4)  # per year


def test_aged_skin_loses_what_its_cells_do_not_make():
    of = problem(age=60.0)
    now = initial(of)
    production, loss = rates(of, now)["C1"]
    slope = (production / np.maximum(now["C1"], 1e-300) - loss)[now["C1"] > 0]
    given = values()
    assert slope == pytest.approx(-given["mu_0"] * (1.0 - factor("eta_C", given, 60.0)), rel=1e-11)


# --- skin at rest


def test_oxygen_falls_from_the_surface_to_that_of_the_deep_dermis():
    places, given = skin()[0], values()
    found, z = oxygen(places, given), places.mesh.zc
    assert (np.diff(found) < 0).all()
    assert found[z < 15][-1] == pytest.approx(100.0, rel=0.1)  # below the stratum corneum
    assert found[-1] == pytest.approx(given["O_n"], abs=0.2)
    deep = (z > 800) & (z < 1400)
    length = -1.0 / np.polyfit(z[deep], np.log(found[deep] - given["O_n"]), 1)[0]
    assert length == pytest.approx(310.0, rel=0.05)
    used = given["m_0"] * given["K_m"] / (given["K_m"] + given["O_n"]) ** 2
    assert length == pytest.approx(sqrt(given["D_O"] / (supply(given) + used)), rel=0.06)
    assert supply(given) * DAY == pytest.approx(1607, abs=1)


def test_oxygen_at_rest_does_not_depend_on_layers_that_have_fewer_vessels():
    places = skin()[0]
    assert oxygen(places, values({"B_RD": 0.2})) == pytest.approx(oxygen(places, values()), rel=1e-12)
    assert (oxygen(places, values(), vessels=0.8) < oxygen(places, values())).all()


def test_oxygen_that_vessels_cannot_bring_is_refused():
    with pytest.raises(ValueError, match=r"parameters\.O_n: got 80 mmHg, must be < O_B = 80 mmHg"):
        oxygen(skin()[0], values({"O_n": "80 mmHg"}))


def test_all_rates_vanish_at_rest_in_young_skin():
    of = problem(age=20.0)
    now = initial(of)
    of_fields = rates(of, now)
    assert set(of_fields) == set(FIELDS)
    for name, (production, loss) in of_fields.items():
        assert production.min() >= 0.0
        assert loss.min() >= 0.0
        if name != "O":  # which also diffuses
            assert np.abs(production - loss * now[name]).max() <= 1e-15 * production.max(), name


def test_unwounded_skin_stays_at_rest_for_a_year(backend_name):
    of = problem(age=20.0)
    found = Simulation(of, backend=backend_name, dt_max=5 * DAY).run(365 * DAY)
    for name, before in initial(of).items():
        assert np.abs(found.concentration(name) - before).max() <= 1e-6 * max(before.max(), 1.0), name


def test_an_old_scar_is_what_it_is_said_to_be():
    places, given = skin()[0], values()
    young, scar = resting(places, given, age=45.0), resting(places, given, age=45.0, scar=True)
    deep = {name: (young[name]["reticular dermis"][-1], scar[name]["reticular dermis"][-1]) for name in scar}
    total = [deep["C1"][index] + deep["C3"][index] for index in (0, 1)]
    assert total[0] == pytest.approx(collagen(given, 45.0))
    assert total[1] / total[0] == pytest.approx(1.15)
    assert deep["C3"][1] / total[1] == pytest.approx(0.22)
    assert deep["E"][1] / deep["E"][0] == pytest.approx(0.35)
    assert deep["B"][1] / deep["B"][0] == pytest.approx(0.8)
    assert deep["s"] == (0.0, 0.8)
    assert deep["Q"][1] == deep["Q"][0]


def test_the_index_of_an_untreated_scar_does_not_change():
    of = problem(scar=True)
    now = initial(of)
    production, loss = rates(of, now)["s"]
    assert not production.any()
    assert not loss.any()


# --- the model


def test_fields_are_in_causal_order_and_each_has_an_equation():
    assert " ".join(FIELDS) == "Pl W P T V A O N M J Q F Y B K C3 C1 E s"
    assert tuple(EQUATIONS) == tuple(FIELDS)
    assert problem().model.names == tuple(FIELDS)
    assert not set(DEFINITIONS) & (set(FIELDS) | set(library()))


def test_few_parameters_have_a_value_per_cell():
    assert kinetics(problem().model).arrays == ("dermis", "phi_Y", "Q_lay", "B_lay", "m_lay", "r_lay")


def test_the_epidermis_grows_only_after_a_session():
    of = problem()
    now = initial(of)
    now["K"][:] *= 0.5
    production, loss = rates(of, now)["K"]
    assert not production.any()
    assert not loss.any()


def test_agents_stand_before_the_fields_they_act_on():
    places, _ = skin()
    before = Model((Field("dose", initial=3.0), Field("peptide", "ng/mL", initial=2.0)))
    given, effects = values(), Effects(vitamin_c="dose", retinol="dose/3", growth_factor="peptide")
    model = declare(places, given, age=20.0, effects=effects, before=before)
    assert model.names == ("dose", "peptide", *FIELDS)
    of = Problem(places.mesh, skin()[1], model)
    now = initial(of)
    now["M"][:] = 1.0
    everything = rates(of, now)
    boost = (1 + 0.8 * 3 / 4) * (1 + 0.8 * 1 / 2)
    assert everything["C1"][0][-1, 0, 0] * DAY == pytest.approx(0.000127 * boost * 0.8)
    share = 2.0 / (1.0 + 2.0)
    signal = 0.1 * share
    recruited = 5.0 * 0.7 * signal**2 / (1 + signal**2)
    assert everything["N"][0][-1, 0, 0] * DAY == pytest.approx(recruited)


def test_cells_far_from_rest_stay_finite_where_there_is_no_matrix():
    of = problem()
    now = {name: np.zeros(of.mesh.shape) for name in of.model.names}
    for production, loss in rates(of, now).values():
        assert np.isfinite(production).all()
        assert np.isfinite(loss).all()


def test_loop_of_neutrophils_and_alarmins_is_calm():
    given = values()
    assert given["k_N"] * given["a_N"] / (given["lam_N"] * given["lam_A"] * given["K_A"]) < 1.0
    assert given["C_v"] < collagen(given, 80.0)
