"""The library of actives, and what a user meets when describing one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from mnrd.skin.actives import Active, active, library, properties
from mnrd.skin.correlations import CM_PER_HOUR

# One's own actives


def test_measured_values_replace_correlations():
    measured = Active.model_validate(
        {
            "name": "mine",
            "molar_mass": "300 g/mol",
            "permeability_sc": "1e-3 cm/h",
            "lag_sc": "2 h",
            "diffusivity_water": "6e-6 cm^2/s",
            "unbound_fraction": "50 %",
            "diffusivity_epidermis": "90 um^2/s",
            "partition_epidermis": 0.9,
            "diffusivity_dermis": "100 um^2/s",
            "partition_dermis": 1.2,
            "clearance": "1e-3 1/s",
            "sources": {"permeability_sc": "measured: our own cells, 2024"},
        },
        context={"units": "required"},
    )
    got = properties(measured)
    assert got.permeability_sc == pytest.approx(1e-3 * CM_PER_HOUR)
    assert got.lag_sc == 7200
    assert got.diffusivity_water == pytest.approx(600)
    assert (got.diffusivity_epidermis, got.partition_epidermis) == (90, 0.9)
    assert (got.diffusivity_dermis, got.partition_dermis) == (100, 1.2)
    assert (got.unbound_fraction, got.binding_factor, got.clearance) == (0.5, 2.0, 1e-3)
    assert got.clearance_free == 2e-3
    assert got.partition_sc == got.partition_sc_base
    assert got.sources["permeability_sc"] == "measured: our own cells, 2024"
    assert got.sources["lag_sc"] == "measured, as given"


def test_macromolecule_with_measured_radius_and_clearance():
    own = Active(name="own", kind="macromolecule", molar_mass=1e5, radius=5e-3, clearance=2e-5)
    got = properties(own)
    assert got.diffusivity_water == pytest.approx(328.6 / 5, rel=1e-3)
    assert got.clearance == got.clearance_free == 2e-5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "x.formula: missing, needed for diffusivity_water: give formula or diffusivity_water"),
        (
            {"diffusivity_water": 600},
            "x.log_kow: missing, needed for permeability_sc: give log_kow or permeability_sc",
        ),
        (
            {"diffusivity_water": 600, "permeability_sc": 1e-3},
            "x.log_kow: missing, needed for diffusivity_epidermis: "
            "give log_kow or partition_dermis or diffusivity_epidermis",
        ),
        (
            {"diffusivity_water": 600, "permeability_sc": 1e-3, "partition_dermis": 1.0},
            "x.log_kow: missing, needed for diffusivity_epidermis: "
            "give log_kow or unbound_fraction or diffusivity_epidermis",
        ),
        (
            {
                "diffusivity_water": 600,
                "permeability_sc": 1e-3,
                "partition_dermis": 1.0,
                "unbound_fraction": 1.0,
            },
            "x.log_kow: missing, needed for clearance_free: give log_kow or clearance",
        ),
    ],
)
def test_missing_inputs_name_what_would_supply_them(given, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the whole text is compared)
        properties(Active(name="x", molar_mass=300.0, **given))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"molar_mass": "-5 g/mol"}, "molar_mass", "Input should be greater than 0"),
        (
            {"molar_mass": "5 m"},
            "molar_mass",
            "has the wrong dimension (meter), write it such as '176.12 g/mol'",
        ),
        ({"molar_mass": 5}, "molar_mass", "needs a unit: write it as a string such as '176.12 g/mol'"),
        ({}, "molar_mass", "Field required"),
        (
            {"molar_mass": "5 g/mol", "unbound_fraction": "120 %"},
            "unbound_fraction",
            "less than or equal to 1",
        ),
        ({"molar_mass": "5 g/mol", "formula": "NaCl"}, "formula", "got Na in 'NaCl', must be of C, H, N, O"),
        (
            {"molar_mass": "5 g/mol", "sources": {"mass": "x"}},
            "sources",
            "a source for 'mass', which is no key",
        ),
        ({"molar_mass": "5 g/mol", "logkow": 2}, "logkow", "Extra inputs are not permitted"),
        ({"molar_mass": "5 g/mol", "name": "vitamin C"}, "name", "String should match pattern"),
        (
            {"molar_mass": "5 g/mol", "albumin_class": "carboxylic acid"},
            None,
            "acid_pka: missing for a carboxylic acid, give acid_pka or another albumin_class",
        ),
    ],
)
def test_bad_entries_are_refused(entry, key, message):
    with pytest.raises(ValidationError) as error:
        Active.model_validate({"name": "x", **entry}, context={"units": "required"})
    (found,) = error.value.errors()
    assert found["loc"] == ((key,) if key else ())
    assert message in found["msg"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"correlation": "potts"},
            "correlation: got 'potts', must be one of default, potts-guy, epa, robinson",
        ),
        ({"tissue": "wet"}, "tissue: got 'wet', must be one of kretsos-kasting, chen-lian"),
        ({"exchange": "x"}, "exchange: got 'x', must be one of harmonic, renkin-crone"),
        ({"hydration": "wet"}, "hydration: got 'wet', must be one of partial, full"),
        ({"sc_thickness": 0.0}, "sc_thickness: got 0 um, must be > 0"),
    ],
)
def test_bad_options_are_refused(option, message):
    with pytest.raises(ValueError, match=message):
        properties(active("caffeine"), **option)


# The library


def test_names_are_forgiving():
    assert active("L-ascorbic acid".removeprefix("L-")) is active("Ascorbic_Acid") is library()["ascorbic_acid"]


def test_unknown_names_lead_to_near_ones():
    with pytest.raises(ValueError, match=r"active: got 'cafeine', did you mean caffeine"):
        active("cafeine")
    with pytest.raises(ValueError, match=r"active: got 'vitamin c', did you mean ascorbic_acid\?"):
        active("vitamin c")
    with pytest.raises(ValueError, match=r"active: got 'qqq', must be one of caffeine, niacinamide, "):
        active("qqq")


def test_every_library_input_is_marked():
    for entry in library().values():
        inputs = entry.model_fields_set - {"name", "title", "kind", "rings", "double_bonds", "sources"}
        assert set(entry.sources) == inputs, entry.name
        assert all(text.split(":")[0] in ("read", "memory", "choice") for text in entry.sources.values())
        assert entry.title


def row(entry):
    """Row of the table in docs/actives.md."""
    got = properties(entry)
    pka = ", ".join(f"{value:g} ({kind})" for kind in ("acid", "base") for value in getattr(entry, f"{kind}_pka"))
    inputs = f"{entry.molar_mass:g}", "" if entry.log_kow is None else f"{entry.log_kow:g}", pka
    kp, lag = got.permeability_sc / CM_PER_HOUR, got.lag_sc / 3600
    tissue = got.diffusivity_dermis, got.partition_dermis, got.unbound_fraction, got.clearance
    values = [f"{value:.3g}" for value in (got.diffusivity_water, kp, lag, *tissue)]
    return f"| `{entry.name}` | {' | '.join([*inputs, *values])} |"


def test_table_of_the_documentation_is_current():
    text = (Path(__file__).parents[1] / "docs" / "actives.md").read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("| `")] == [row(one) for one in library().values()]


def test_library_cannot_be_changed():
    with pytest.raises(TypeError):
        library()["x"] = active("caffeine")
    with pytest.raises(TypeError):
        active("caffeine").sources["log_kow"] = "hearsay"


def test_entries_survive_a_round_trip_through_text():
    for entry in library().values():
        written = entry.model_dump(mode="json", exclude_none=True)
        again = Active.model_validate(written, context={"units": "required"})
        before, after = (vars(properties(one)).copy() for one in (entry, again))
        assert after.pop("sources") == before.pop("sources")
        assert after.pop("name") == before.pop("name")
        assert after == pytest.approx(before, rel=1e-9)
