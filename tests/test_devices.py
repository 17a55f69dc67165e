"""Needle arrays of real devices and skins that come with mnrd: named in a case, meshed, painted, with sources."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mnrd.case import Case, from_document, load
from mnrd.case.errors import CaseError
from mnrd.case.library import reference
from mnrd.case.pierced import pierced
from mnrd.cli import app
from mnrd.skin.devices import device, devices
from mnrd.skin.layers import preset
from mnrd.skin.needles import inserted, volume

NEEDED = {"Dermaroller 0.2 mm", "Dermaroller 0.5 mm", "Dermaroller 1.0 mm", "Dermaroller 1.5 mm"}
NEEDED |= {"pen with 12 needles", "dissolving patch", "silicon array"}


def with_device(name, **sections):
    return {
        "skin": "human skin for healing",
        "needle": name,
        "array": name,
        "actives": [{"name": "caffeine", "concentration": "10 mg/mL"}],
        "donor": {},
        "run": {"end": "1 h"},
        **sections,
    }


def test_all_that_should_be_there():
    assert set(devices()) >= NEEDED


@pytest.mark.parametrize("name", devices())
def test_every_number_has_a_source_with_its_mark(name):
    given = {f"{section}.{key}" for section, keys in device(name).written.items() for key in keys}
    assert set(device(name).sources) == given
    assert all(text.split(": ")[0] in ("read", "memory", "choice") for text in device(name).sources.values())


def test_dimensions_in_the_literature():
    """Length and width (um), and needles per cm2."""
    found = {
        name: (one.needle.length, one.needle.width, (one.array.density or np.nan) * 1e8)
        for name, one in devices().items()
    }
    assert found["Dermaroller 0.2 mm"] == pytest.approx((200.0, 70.0, 250.0))
    assert found["Dermaroller 1.5 mm"] == pytest.approx((1500.0, 250.0, 250.0))
    assert found["dissolving patch"] == pytest.approx((500.0, 300.0, 225.0))
    assert found["silicon array"][:2] == (150.0, 80.0)
    assert device("silicon array").array.pitch * 20 == 3000.0
    places = np.array(device("pen with 12 needles").array.positions)
    assert len(places) == 12
    rings = np.hypot(*places.T)
    np.testing.assert_allclose(rings, [1600.0] * 9 + [700.0] * 3, atol=1.0)


@pytest.mark.parametrize("name", devices())
def test_a_case_can_name_it_and_its_needles_are_painted_exactly(name):
    """Needles that stay in the skin, so that what is painted is the needle itself."""
    width = device(name).needle.width
    coarse = {"smallest": f"{width / 4.0} um", "largest": f"{max(width, 100.0)} um"}
    case = from_document(with_device(name, stay={"material": "impermeable"}, mesh=coarse))
    assert case.needle == device(name).needle
    assert case.array == device(name).array
    what = pierced(case)
    painted, exact = what.volumes
    assert what.body == inserted(device(name).needle)
    assert exact == pytest.approx(what.layout.needles * volume(device(name).needle), rel=1e-12)
    assert painted == pytest.approx(exact, rel=5e-3)
    length = device(name).needle.depth or 0.77 * device(name).needle.length
    assert what.depth == pytest.approx(length)


def test_what_is_named_can_be_changed_and_stands_in_the_effective_case():
    case = from_document(with_device("Dermaroller 0.5 mm"), overrides={"array.density": "100 /cm^2"})
    assert case.array.density == pytest.approx(1e-6)
    effective = case.effective()
    assert effective["needle"]["length"] == "0.5 mm"
    assert effective["array"]["density"] == "100 /cm^2"
    assert from_document(effective) == case


def test_another_device_can_be_named_with_set():
    case = from_document(with_device("Dermaroller 0.5 mm"), overrides={"needle": "Dermaroller 1.5 mm"})
    assert case.needle.length == 1500.0
    assert case.array == device("Dermaroller 0.5 mm").array


def test_unknown_devices_are_named_with_the_nearest_all_at_once():
    with pytest.raises(CaseError) as caught:
        from_document(with_device("Dermaroler 1.5mm", skin="human fase in vivo"))
    skin, needle, array = caught.value.problems
    assert skin.startswith("skin: no skin 'human fase in vivo': did you mean 'human face in vivo'? There are human")
    for section, line in (("needle", needle), ("array", array)):
        assert line.startswith(
            f"{section}: no device 'Dermaroler 1.5mm': did you mean 'Dermaroller 1.5 mm'? There are Dermaroller 0.2 mm,"
        )


def test_the_schema_knows_the_names():
    properties = Case.model_json_schema()["properties"]
    for section in ("needle", "array"):
        text = next(choice for choice in properties[section]["anyOf"] if choice.get("type") == "string")
        assert text["enum"] == list(devices())


def test_lists_on_the_command_line():
    listed = CliRunner().invoke(app, ["devices"])
    assert all(name in listed.stdout for name in devices())
    one = CliRunner().invoke(app, ["devices", "Dermaroller 0.2 mm"])
    assert "Doddaballapur" in one.stdout
    assert "250 /cm^2" in one.stdout
    unknown = CliRunner().invoke(app, ["devices", "roller"])
    assert unknown.exit_code == 2
    assert "no device 'roller'" in unknown.stderr
    skins = CliRunner().invoke(app, ["skins"])
    assert "human forearm at 75 years" in skins.stdout
    assert "viable epidermis 54," in skins.stdout
    assert "under the viable epidermis: 10, every 150" in skins.stdout


def test_the_tables_of_the_docs_are_up_to_date():
    """If not: make docs."""
    page = (Path(__file__).parents[1] / "docs" / "devices.md").read_text("utf-8")
    held = page.partition("<!-- mnrd devices --markdown -->\n")[2].partition("<!-- end -->")[0]
    assert held == reference()
    assert CliRunner().invoke(app, ["devices", "--markdown"]).stdout == held


def test_the_examples_of_the_docs_are_cases():
    page = (Path(__file__).parents[1] / "docs" / "devices.md").read_text("utf-8")
    whole, patch = (tomllib.loads(text.partition("```")[0]) for text in page.split("```toml\n")[1:])
    assert from_document(whole).needle == device("Dermaroller 0.5 mm").needle
    staying = from_document({**whole, **patch})
    assert staying.stay.material == "dissolving"
    assert pierced(staying).depth == pytest.approx(0.77 * 500.0)


def junction(name):
    """Length of the interface under the epidermis in a section over that of a straight one."""
    ridges = preset(name).layers[1].ridges
    x = np.linspace(0.0, ridges.wavelength, 20001)
    wavenumber = 2.0 * np.pi / ridges.wavelength
    return np.sqrt(1.0 + (ridges.amplitude * wavenumber * np.sin(wavenumber * x)) ** 2).mean()


def test_aged_skin_is_thinner_and_flatter_as_in_its_sources():
    young, old = preset("human forearm with rete ridges"), preset("human forearm at 75 years")
    lost = [1.0 - b.thickness / a.thickness for a, b in zip(young.layers, old.layers, strict=True)]
    assert lost[0] == 0.0
    assert 5 * 0.057 <= lost[1] <= 5 * 0.072  # five decades
    assert lost[2:] == pytest.approx([0.3, 0.3])
    change = junction("human forearm at 75 years") / junction("human forearm with rete ridges") - 1.0
    assert change == pytest.approx(-0.21, abs=0.005)


def test_the_face_has_a_thinner_horny_layer_and_smaller_ridges():
    face, arm = preset("human face in vivo").layers, preset("human forearm with rete ridges").layers
    assert face[0].thickness / arm[0].thickness == pytest.approx(16.8 / 22.6, abs=0.03)
    assert face[1].thickness > arm[1].thickness
    assert face[1].ridges.amplitude < arm[1].ridges.amplitude
    assert load("dermaroller-vitamin-c").skin != preset("human face in vivo")
