"""Cases: bundled ones, effective ones, units, overrides, schema, and the general door."""

import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import tomli_w
from cases import built

from mnrd.case import Case, bundled, from_document, load
from mnrd.case.document import override, parse, parse_setting
from mnrd.case.reference import reference
from mnrd.model.problem import Problem

NAMES = list(bundled())


@pytest.mark.parametrize("name", NAMES)
def test_bundled_cases_build_their_problem(name):
    case = load(name)
    assert case.title
    assert case.description.strip()
    problem, events = built(name)
    assert isinstance(problem, Problem)
    assert all(event.time <= case.run.end for event in events)


@pytest.mark.parametrize("name", NAMES)
def test_bundled_cases_have_their_sources_on_top(name):
    assert bundled()[name].startswith("# Source")


@pytest.mark.parametrize("name", NAMES)
def test_the_schema_accepts_bundled_and_effective_cases(name):
    schema = Case.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(parse(bundled()[name], name), schema)
    jsonschema.validate(load(name).effective(), schema)


@pytest.mark.parametrize("key", ["needel", "needle", "run"])
def test_the_schema_refuses_what_is_wrong(key):
    document = {**parse(bundled()["dermaroller-vitamin-c"], ""), key: {"lenght": "1 mm"}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, Case.model_json_schema())


@pytest.mark.parametrize("name", NAMES)
def test_the_effective_case_loads_back_equal(name):
    case = load(name)
    again = from_document(tomllib.loads(tomli_w.dumps(case.effective())), name)
    assert again == case
    assert again.effective() == case.effective()


def test_the_dermaroller_case_is_large_enough_for_a_benchmark():
    problem, _ = load("dermaroller-vitamin-c").problem()
    assert all(cells >= least for cells, least in zip(problem.mesh.shape, (64, 48, 48), strict=True))


def test_two_systems_of_units_give_the_same_bits():
    lengths = {"needle.length": ("0.5 mm", "500 um"), "needle.width": ("0.25 mm", "250 um")}
    others = {
        "array.pitch": ("1 mm", "0.1 cm"),
        "actives[0].concentration": ("20 % w/v", "200 mg/mL"),
        "donor.depth": ("0.05 mm", "50 um"),
        "run.end": ("24 h", "1 day"),
        "closure.half_life": ("0.5 h", "1800 s"),
    }
    pairs = {**lengths, **others}
    document = parse(bundled()["dermaroller-vitamin-c"], "")
    document["array"] = {"pitch": "1 mm"}
    one, other = (from_document(document, "", {key: pair[i] for key, pair in pairs.items()}) for i in (0, 1))
    assert one == other
    problems = one.problem()[0], other.problem()[0]
    for axis in "xyz":
        assert np.array_equal(getattr(problems[0].mesh, axis), getattr(problems[1].mesh, axis))
    fields = [problem.model.fields[0] for problem in problems]
    assert fields[0].diffusivity == fields[1].diffusivity
    assert fields[0].top.amount == fields[1].top.amount


def test_a_case_can_be_made_in_python_with_plain_numbers():
    case = Case(
        skin={"layers": [{"name": "dermis", "thickness": 500.0, "cells": 10}]},
        actives=[{"name": "caffeine", "concentration": 10.0}],
        donor={"depth": 50.0},
        run={"end": 3600.0},
    )
    problem, _ = case.problem()
    assert problem.mesh.z[-1] == 500.0
    assert problem.model.fields[0].top.amount == 500.0


def test_the_name_of_a_skin_stands_for_its_layers_and_these_can_be_overridden():
    case = load("retinol-roller", {"skin.layers[0].thickness": "20 um"})
    assert case.skin.layers[0].thickness == 20.0
    assert case.effective()["skin"]["layers"][0]["thickness"] == "20 um"
    assert load("retinol-roller", {"skin": "human palm in vivo"}).skin.layers[0].thickness == 150.0


def test_properties_of_an_active_are_those_of_the_library_where_not_given():
    case = load("patch-naltrexone", {"actives[0].properties.log_kow": 2.5})
    assert case.actives[0].properties.log_kow == 2.5
    assert case.actives[0].properties.molar_mass == 341.4


def test_an_active_that_is_not_in_the_library_can_be_described():
    own = {
        "name": "Peptide-7 (new)",
        "concentration": "1 mg/mL",
        "properties": {"molar_mass": "700 g/mol", "log_kow": -2, "formula": "C30H50N10O10"},
    }
    problem, _ = load("patch-naltrexone", {"actives": [own]}).problem()
    assert problem.model.names == ("peptide_7_new",)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("needle.length=1 mm", ("needle.length", "1 mm")),
        ("needle.length='1 mm'", ("needle.length", "1 mm")),
        ("donor.pH = 5", ("donor.pH", 5)),
        ("donor.occluded=true", ("donor.occluded", True)),
        ('run.at=["1 h", "2 h"]', ("run.at", ["1 h", "2 h"])),
        ("laws.blood_flow=1 + exp(-t/3600)", ("laws.blood_flow", "1 + exp(-t/3600)")),
    ],
)
def test_settings_are_toml_or_text(text, setting):
    assert parse_setting(text) == setting


def test_overrides_make_tables_and_leave_the_document_alone():
    document = {"a": {"b": [{"c": 1}]}}
    assert override(document, {"a.b[0].c": 2, "d.e": 3}) == {"a": {"b": [{"c": 2}]}, "d": {"e": 3}}
    assert document == {"a": {"b": [{"c": 1}]}}


def test_the_reference_of_keys_is_up_to_date():
    assert (Path(__file__).parents[1] / "docs" / "cases.md").read_text("utf-8") == reference()


def test_every_key_has_a_meaning():
    def keys(noun, path):
        for key, entry in noun.get("properties", {}).items():
            yield f"{path}.{key}", entry

    schema = Case.model_json_schema()
    nouns = {"case": schema, **schema["$defs"]}
    found = [place for name, noun in nouns.items() for place, entry in keys(noun, name) if "description" not in entry]
    assert [place for place in found if place.rpartition(".")[2] not in ("kind", "do", "run", "output")] == []


# --- the general door


def test_the_general_door_works_with_skin():
    document = parse(bundled()["roller-lidocaine"], "")
    document["model"] = {
        "fields": {"signal": {"unit": "nM", "diffusivity": {"channel": "50 um^2/s", "elsewhere": "100 um^2/s"}}},
        "reactions": [{"name": "release", "rates": {"signal": "k*lidocaine"}}],
        "transfers": [{"name": "decay", "source": "signal", "rate": "d"}],
        "parameters": {"k": "1 1/h", "d": {"dermis": "0.5 1/h", "elsewhere": 0}},
    }
    model = from_document(document).problem()[0].model
    assert model.names == ("lidocaine", "signal")
    assert model.fields[1].diffusivity["dermis"] == 100.0
    assert model.fields[1].diffusivity["channel"] == 50.0
    assert model.parameters["k"] == pytest.approx(1 / 3600, rel=1e-13)
    assert model.parameters["d"]["channel"] == 0.0


def test_the_general_door_works_in_skin_without_actives():
    document = {
        "skin": "human dermatomed",
        "model": {"fields": {"u": {"diffusivity": "1 um^2/s", "initial": "exp(-z/100)", "base": {"activity": 0}}}},
        "run": {"end": "1 h"},
    }
    problem, _ = from_document(document).problem()
    assert problem.model.names == ("u",)
    assert problem.mesh.z[-1] == pytest.approx(513.0)


def test_parameters_are_numbers_quantities_tables_or_expressions_of_time():
    document = parse(bundled()["fisher-kpp"], "")
    document["model"]["parameters"] = {"r": "0.36 1/h", "n": 3, "g": "1 + exp(-t/60)", "c": "2 mg/mL", "m": {"box": 2}}
    parameters = from_document(document).problem()[0].model.parameters
    assert parameters == {"r": 1e-4, "n": 3.0, "g": "1 + exp(-t/60)", "c": 2.0, "m": {"box": 2.0}}
