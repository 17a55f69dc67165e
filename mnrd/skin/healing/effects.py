"""What actives do to healing skin: the doses that the dermis keeps, and the expressions that stand in the equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mnrd.model.field import Coefficient, Field
from mnrd.model.model import Model
from mnrd.model.reaction import Reaction
from mnrd.skin.healing.declaration import Effects
from mnrd.skin.healing.places import Places
from mnrd.skin.permeant import Permeant

# parameters: concentration of half the effect over the one applied, and how long the dermis keeps the active
KEPT = {"vitamin C": ("EC50_C", "tau_C"), "retinol": ("EC50_R", "tau_R")}
NANOGRAMS = "1e6"  # ng/mL in 1 mg/mL
NEGLIGIBLE = 1e-3  # of the dose of half the effect: below it errors do not matter


def dose_of(permeant: Permeant) -> str:
    """Field of the dose that the dermis keeps, 1 at half the effect."""
    return f"{permeant.field}_dose"


def keeps_dose(permeant: Permeant) -> bool:
    """Whether an active has such a field."""
    return permeant.effect is not None and permeant.effect.acts in KEPT


def effects_of(permeants: Sequence[Permeant]) -> Effects:
    """The expressions of all effects; those of the same kind add up."""
    kept = {kind: [dose_of(one) for one in permeants if one.effect and one.effect.acts == kind] for kind in KEPT}
    factors = [f"{NANOGRAMS}*{one.field}" for one in permeants if one.effect and one.effect.acts == "growth factor"]
    return Effects(
        vitamin_c=" + ".join(kept["vitamin C"]) or "0",
        retinol=" + ".join(kept["retinol"]) or "0",
        growth_factor=" + ".join(factors) or "0",
    )


def with_doses(model: Model, permeants: Sequence[Permeant], places: Places, values: Mapping[str, float]) -> Model:
    """The permeation model with the doses that the dermis keeps: db/dt = (u/EC50 - b)/tau.

    Parameters
    ----------
    model : Model
    permeants : sequence of Permeant
    places : Places
    values : mapping of name to float
        Parameters of healing in internal units.

    Raises
    ------
    ValueError
        When no concentration is applied, to which the dose could be compared.
    """
    fields: list[Field] = []
    reactions: list[Reaction] = []
    parameters: dict[str, Coefficient | str] = {}
    for permeant in permeants:
        if permeant.effect is None or permeant.effect.acts not in KEPT:
            continue
        if not permeant.concentration:
            raise ValueError(f"actives: the effect of {permeant.name} needs a concentration in the vehicle")
        half, retention = (values[name] for name in KEPT[permeant.effect.acts])
        half, retention = permeant.effect.half or half, permeant.effect.retention or retention
        name, dose = permeant.field, dose_of(permeant)
        uptake, time = f"uptake_{name}", f"retention_{name}"
        parameters[uptake] = places.coefficient(values, dermis=1.0 / (half * permeant.concentration * retention))
        parameters[time] = retention
        title = permeant.properties.title or permeant.name
        fields.append(Field(dose, "", f"{title}, dose kept over that of half effect", floor=NEGLIGIBLE))
        reactions.append(Reaction(f"retention of {name}", {dose: f"{uptake}*{name} - {dose}/{time}"}))
    return replace(
        model,
        fields=(*model.fields, *fields),
        reactions=(*model.reactions, *reactions),
        parameters={**model.parameters, **parameters},
    )
