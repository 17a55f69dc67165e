"""Every way a case can be wrong is said in one line that names the key, and nothing is written."""

import tomllib

import pytest
from typer.testing import CliRunner

from mnrd.case import CaseError, from_document, load
from mnrd.cli import app

PATCH = """
title = "patch"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 12 },
    { name = "viable epidermis", thickness = "80 um", smallest = "1 um", largest = "10 um" },
    { name = "dermis", thickness = "400 um", smallest = "8 um", largest = "40 um" },
]
needle = { length = "0.5 mm", width = "140 um" }
array = { pattern = "square", pitch = "500 um" }
channel = { width = "60 um", depth = "100 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
donor = { depth = "50 um" }
base = { kind = "sink" }
closure = { form = "exponential" }
events = [{ do = "wash off", at = "8 h" }]
run = { end = "24 h" }
"""

# what is changed in the case above, and what is said about it
WRONG = [
    # quantities
    ({"skin.layers[1].thickness": "-20 um"}, "skin.layers[1].thickness: got -20 um, must be > 0"),
    ({"skin.layers[1].thickness": 20}, "skin.layers[1].thickness: got 20, needs a unit: write it as a string such as"),
    ({"skin.layers[1].thickness": "20 s"}, "skin.layers[1].thickness: got 20 s, has the wrong dimension (second)"),
    ({"skin.layers[1].thickness": "20 umm"}, "skin.layers[1].thickness: got 20 umm, has an unknown unit (umm)"),
    ({"skin.layers[1].thickness": True}, "skin.layers[1].thickness: got true, must be a quantity such as '0.5 mm'"),
    ({"needle.length": "0 mm"}, "needle.length: got 0 mm, must be > 0"),
    ({"actives[0].concentration": "-1 mg/mL"}, "actives[0].concentration: got -1 mg/mL, must be >= 0"),
    ({"actives[0].concentration": "1 mm"}, "actives[0].concentration: got 1 mm, has the wrong dimension (millimeter)"),
    ({"actives[0].concentration": "inf mg/mL"}, "actives[0].concentration: got inf mg/mL, must be finite"),
    ({"closure.half_life": 0.5}, "closure.half_life: got 0.5, needs a unit: write it as a string such as '2 h'"),
    ({"run.end": 24}, "run.end: got 24, needs a unit"),
    ({"donor.pH": 15}, "donor.pH: got 15, must be <= 14"),
    ({"filling.polymer": "120 %"}, "filling.polymer: got 120 %, must be < 1"),
    ({"run.rtol": 2}, "run.rtol: got 2, must be <= 0.5"),
    ({"laws.anisotropy": float("inf")}, "laws.anisotropy: got inf, must be finite"),
    # kinds of values
    ({"title": 5}, "title: got 5, must be text in quotes"),
    ({"skin.layers[0].cells": 1.5}, "skin.layers[0].cells: got 1.5, must be a whole number"),
    ({"skin.layers[0].cells": 0}, "skin.layers[0].cells: got 0, must be >= 1"),
    ({"skin.layers": []}, "skin.layers: got [], must have at least 1"),
    ({"donor.occluded": "covered"}, "donor.occluded: got covered, must be true or false"),
    ({"needle": 3}, "needle: got 3, must be a table"),
    ({"needle.shape": "conus"}, "needle.shape: got conus, must be 'cylinder', 'cone', 'truncated cone'"),
    ({"base.kind": "in vitro"}, "base.kind: got in vitro, must be 'in vivo', 'sink', 'receptor' or 'deep dermis'"),
    ({"run.backend": "gpu"}, "run.backend: got gpu, must be 'auto', 'cuda', 'native' or 'numpy'"),
    # keys
    ({"skin.layers[1].thicknes": "20 um"}, "skin.layers[1].thicknes: unknown key, did you mean 'thickness'? (known: "),
    ({"needle.lenght": "1 mm"}, "needle.lenght: unknown key, did you mean 'length'?"),
    ({"needel.length": "1 mm"}, "needel: unknown key, did you mean 'needle'?"),
    ({"donor.concentration": "1 mg/mL"}, "donor.concentration: unknown key, must be one of depth, pH, begins"),
    ({"run": {}}, "run.end: is missing: Time at which the run ends."),
    ({"actives[0].binding": {"on": "1 1/s"}}, "actives[0].binding.off: is missing: Rate of release."),
    ({"actives[0]": {"concentration": "1 mg/mL"}}, "actives[0].name: is missing: name an active of the library"),
    ({"events[0]": {"at": "1 h"}}, "events[0].do: is missing: it says which kind this is"),
    ({"events[0].do": "wash"}, "events[0].do: got wash, must be one of 'wash off', 'reapply'"),
    ({"donor.area": {"kind": "dics"}}, "donor.area.kind: got dics, must be one of 'disc', 'rectangle'"),
    ({"donor.area": {"kind": "disc", "radius": "-1 um"}}, "donor.area.radius: got -1 um, must be > 0"),
    # within a section
    ({"skin.layers[0].name": "dermis"}, "skin.layers[2].name: 'dermis' is used twice, names must differ"),
    ({"array.pattern": "random"}, "array.size: must be given for pattern random"),
    ({"actives[0].load": {"release": "bolus"}}, "actives[0].load.mass: give either mass or concentration, one of them"),
    ({"actives[0].load": {"mass": "1 ug", "release": "kinetic"}}, "actives[0].load.time: is for release 'kinetic' or"),
    ({"actives[0].metabolism": [{"vmax": "1 mg/mL/h"}]}, "actives[0].metabolism[0].rate: give either rate"),
    ({"stay.material": "porous"}, "stay.porosity: is needed for a porous needle, and for no other"),
    ({"events[0].every": "2 h"}, "events[0].every: give every and repeat together, or none of them"),
    ({"laws.blood_flow": "1 + exp(s)"}, "laws.blood_flow: unknown symbol 's' in '1 + exp(s)' (known: t)"),
    ({"laws.blood_flow": -1}, "laws.blood_flow: got -1, must be >= 0"),
    # between sections
    ({"skin": "human forearm"}, "skin: no skin 'human forearm': did you mean 'human forearm in vivo'?"),
    ({"array.pitch": "50 um"}, "array.pitch: got 50 um, must be >= 60 um, the width of a needle"),
    ({"channel.depth": "600 um"}, "channel.depth: got 600 um, must be < 493 um, the thickness of the skin"),
    ({"mesh.largest": "1 um"}, "mesh.largest: got 1 um, must be >= 6 um, the smallest size"),
    ({"mesh.cells": [1, 2, 3]}, "mesh.cells: is for a plain box; with [skin] give the cells of each layer"),
    ({"actives[0].name": "cafeine"}, "actives[0].name: got 'cafeine', did you mean caffeine"),
    ({"actives": []}, "actives: is missing: name at least one active, or give [healing] or fields in [model]"),
    ({"actives": [{"name": "caffeine"}]}, "donor: no active has a concentration in it"),
    (
        {"actives[0].load": {"mass": "1 ug", "place": "coating", "coating_thickness": "40 um"}},
        "actives[0].load.coating_thickness: got 40 um, the needle has a width of 60 um",
    ),
    (
        {"actives[0].metabolism": [{"rate": "1 1/s", "product": "theophylline"}]},
        "actives[0].metabolism[0].product: got 'theophylline', must be one of caffeine",
    ),
    (
        {"actives[0].metabolism": [{"rate": "1 1/s", "product": "caffeine"}]},
        "actives: metabolism goes round in a circle (caffeine -> caffeine), it must end somewhere",
    ),
    ({"actives[0].layers": {"dermiss": {"partition": 2}}}, "actives[0].layers: got 'dermiss', did you mean 'dermis'?"),
    ({"actives[0].properties": {"log_kow": "high"}}, "actives[0].properties.log_kow: got high, must be a number"),
    ({"skin.layers[2].name": "fat"}, "actives[0].layers.fat: diffusivity and partition are needed: no law is known"),
    ({"donor.drying": {"rate": "1 um/h", "depth": "80 um"}}, "donor.drying.depth: got 80 um, must be <= 50 um"),
    (
        {"donor.drying": {"rate": "1 um/h", "depth": "9 um"}, "donor.occluded": True},
        "donor.drying: an occluded vehicle cannot dry",
    ),
    (
        {"donor.meshed": True, "events": [{"do": "reapply", "at": "1 h"}]},
        "events[0]: 'reapply' is not possible for a meshed vehicle",
    ),
    ({"donor.begins": "25 h", "events": []}, "donor.begins: got 90000 s, must be <= 86400 s, the end of the run"),
    ({"donor.begins": "9 h"}, "events[0].at: got 28800 s, the vehicle is put on at 32400 s"),
    (
        {"donor.begins": "1 h", "filling.contents": "vehicle"},
        "donor.begins: a vehicle that is meshed or fills the channels is there from time 0",
    ),
    ({"base.kind": "receptor"}, "base.depth: is for a receptor, and needed there"),
    ({"events[0].at": "25 h"}, "events[0].at: got 90000 s, must be <= 86400 s, the end of the run"),
    ({"run.at": ["1 h", "25 h"]}, "run.at[1]: got 90000 s, must be <= 86400 s, the end of the run"),
    (
        {"events": [{"do": "remove needles", "at": "1 h"}]},
        "events: 'remove needles' needs [stay] with an impermeable or a porous needle",
    ),
    (
        {"stay.material": "impermeable", "actives[0].load": {"mass": "1 ug"}},
        "actives[0].load.place: got needle, an impermeable needle can only be coated",
    ),
    ({"output.fields": ["cafeine"]}, "output.fields: got 'cafeine', did you mean 'caffeine'?"),
    # the general door
    ({"model.fields.u": {"initial": "1 + q"}}, "model.fields.u.initial: got 1 + q, unknown symbol 'q' in '1 + q'"),
    ({"model.fields.u": {"diffusivity": {"box": "1 um^2/s"}}}, "model.fields.u.diffusivity: unknown material 'box'"),
    ({"model.fields.u": {"diffusivity": "-1 um^2/s"}}, "model.fields.u.diffusivity: got -1 um^2/s, must be >= 0"),
    ({"model.fields.t": {}}, "model.fields: the name 't' is taken"),
    ({"model.parameters.k": "1 mol/L"}, "model.parameters.k: got 1 mol/L, must be a number, a quantity of lengths"),
    (
        {"model.reactions": [{"name": "r", "rates": {"caffeine": "-k*caffeine"}}]},
        "model.reactions[0].rates.caffeine: unknown symbol 'k' in '-k*caffeine' (known: ",
    ),
    ({"model.reactions": [{"name": "r", "rates": {"u": "-1"}}]}, "model.reactions.r: unknown field 'u'"),
]


def patch():
    """The sound case that is spoilt."""
    return tomllib.loads(PATCH)


def test_the_case_is_sound_before_it_is_spoilt():
    problem, events = from_document(patch(), "patch.toml").problem()
    assert problem.model.names == ("caffeine",)
    assert [event.name for event in events] == ["wash off"]


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=[said[:60] for _, said in WRONG])
def test_message(settings, said):
    with pytest.raises(CaseError) as caught:
        from_document(patch(), "patch.toml", settings).problem()
    assert len(caught.value.problems) == 1, caught.value.problems
    assert caught.value.problems[0].startswith(said)
    assert caught.value.problems[0].endswith("(case patch.toml)")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("needle.length=-1 mm", "needle.length: got -1 mm, must be > 0 (case patch.toml)"),
        ("needle.length", "--set needle.length: must be key=value, such as needle.length='1 mm'"),
        ("actives[3].name=x", "--set actives[3].name: got [3], the list has 1 entries, counted from 0"),
        ("title.text=x", "--set title.text: 'text' is wanted inside 'patch', which is no table"),
        ("model.fields.t={}", "model.fields: the name 't' is taken"),
    ],
)
def test_the_command_line_says_it_exits_with_2_and_writes_nothing(tmp_path, setting, said):
    (tmp_path / "patch.toml").write_text(PATCH)
    command = ["run", str(tmp_path / "patch.toml"), "--out", str(tmp_path / "out"), "--set", setting]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert done.stderr.startswith(said)
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def test_all_problems_are_said_at_once_also_those_between_sound_sections():
    settings = {
        "skin.layers[0].thickness": "-1 um",
        "needle.lengt": "1 mm",
        "base.kind": "receptor",
        "run.at": ["30 h"],
    }
    with pytest.raises(CaseError) as caught:
        from_document(patch(), "", settings)
    assert [line.partition(":")[0] for line in caught.value.problems] == [
        "skin.layers[0].thickness",
        "needle.lengt",
        "run.at[0]",
        "base.depth",
    ]


def test_a_case_that_is_no_toml_names_the_line(tmp_path):
    (tmp_path / "bad.toml").write_text("title = \n")
    with pytest.raises(CaseError, match=r"invalid value \(at line 1, column 9\) \(case bad.toml\)"):
        load(tmp_path / "bad.toml")


def test_a_case_that_is_not_there_is_said_with_the_nearest_name():
    with pytest.raises(CaseError, match=r"no bundled case of that name, did you mean 'roller-lidocaine'\?"):
        load("roller-lidocain")
    with pytest.raises(CaseError, match=r"nowhere.toml: there is no such file"):
        load("nowhere.toml")
    with pytest.raises(CaseError, match=r"nowhere: .* no bundled case of that name, mnrd cases lists them$"):
        load("nowhere")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[run]\nend = "1 s"', "mesh: size and cells are needed without [skin]"),
        ('[run]\nend = "1 s"', "model.fields: is missing: without [skin] the fields of the model are all there is"),
        ('[run]\nend = "1 s"\n[donor]', "donor: needs [skin]"),
        ('[run]\nend = "1 s"\n[mesh]\nsize = ["1 um", "1 um", "0 um"]', "mesh.size[2]: got 0, must be > 0"),
    ],
)
def test_a_box_needs_its_size_and_fields(text, said):
    with pytest.raises(CaseError) as caught:
        from_document(tomllib.loads(text))
    assert said in caught.value.problems
