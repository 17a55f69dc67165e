"""What happens to an active besides diffusion: dissolution, clearance, metabolism, binding; as reactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from mnrd.model.field import Coefficient
from mnrd.model.model import AnyReaction
from mnrd.model.reaction import Exchange, Transfer
from mnrd.skin.permeant import Binding, Load, Metabolism, Permeant
from mnrd.skin.transport import Local, Surroundings

FLOW = "blood_flow"
CLOCK = "clock"


@dataclass(frozen=True)
class Fate:
    """Reactions and the parameters in them."""

    reactions: tuple[AnyReaction, ...] = ()
    parameters: Mapping[str, Coefficient | str] = field(default_factory=dict)

    def __add__(self, other: Fate) -> Fate:
        return Fate(self.reactions + other.reactions, {**self.parameters, **other.parameters})


def fate(permeant: Permeant, local: Mapping[str, Local], around: Surroundings, names: Mapping[str, Permeant]) -> Fate:
    """Everything that happens to one active.

    Parameters
    ----------
    permeant : Permeant
    local : mapping of material to Local
    around : Surroundings
    names : mapping of name to Permeant
        All actives of the case, by the name in the case file, for the products of metabolism.
    """
    found = clearance(permeant, local, around)
    for number, conversion in enumerate(permeant.metabolism):
        found += _metabolism(permeant, conversion, number, around, names)
    if permeant.binding is not None:
        found += _binding(permeant, permeant.binding, around)
    return found


def clearance(permeant: Permeant, local: Mapping[str, Local], around: Surroundings) -> Fate:
    """Loss to blood and lymph: the rate k_cl c = K k_cl a of each layer, times the common blood flow."""
    rates: dict[str, float] = {name: entry.clearance for name, entry in local.items()}
    if not any(rates.values()):
        return Fate()
    name = f"clearance_{permeant.field}"
    flow = around.laws.blood_flow
    steady = flow == 1.0
    reaction = Transfer(f"clearance of {permeant.field}", permeant.field, name if steady else f"{name}*{FLOW}")
    return Fate((reaction,), {name: rates} if steady else {name: rates, FLOW: flow})


def washing(permeant: Permeant, around: Surroundings) -> Fate:
    """Loss from a meshed vehicle: off until an event switches it on by way of its parameter."""
    name = washing_parameter(permeant)
    reaction = Transfer(f"wash-off of {permeant.field}", permeant.field, name)
    return Fate((reaction,), {name: dict.fromkeys(around.materials, 0.0)})


def washing_parameter(permeant: Permeant) -> str:
    """Name of the parameter that washes a meshed vehicle out."""
    return f"washing_{permeant.field}"


def pulling(permeant: Permeant, around: Surroundings) -> Fate:
    """Loss with porous needles that are pulled out: off until an event switches it on by way of its parameter."""
    name, nothing = pulling_parameter(permeant), dict.fromkeys(around.materials, 0.0)
    found = Fate((Transfer(f"pulled out of {permeant.field}", permeant.field, name),), {name: nothing})
    if permeant.load is not None and permeant.load.release != "bolus" and permeant.load.place == "needle":
        solid = solid_of(permeant)
        found += Fate((Transfer(f"pulled out of {solid}", solid, name),), {})
    return found


def pulling_parameter(permeant: Permeant) -> str:
    """Name of the parameter by which needles take along what is in them."""
    return f"pulling_{permeant.field}"


def dissolution(permeant: Permeant, load: Load, solubility: float, release: Coefficient) -> Fate:
    """A solid that becomes drug.

    kinetic: dm/dt = -k m (1 - c/c_sat), with 95 % dissolved into pure water after the time of the load; written as an
    exchange with the solid, so that the approach of c to c_sat, which is fast, is solved implicitly.
    shrinking cone: a cell dissolves within a hundredth of that time from the moment at which the cone leaves it.

    Parameters
    ----------
    permeant : Permeant
    load : Load
    solubility : float
        c_sat, mg/mL; infinite for none.
    release : Coefficient
        Time (s) at which the cone leaves each cell (shrinking cone only).
    """
    name, solid = permeant.field, solid_of(permeant)
    rate, time = f"dissolution_{name}", load.time or 1.0
    if load.release == "kinetic":
        if solubility == float("inf"):
            return Fate((Transfer(f"dissolution of {name}", solid, rate, {name: 1.0}),), {rate: log(20.0) / time})
        limit = f"solubility_{name}"
        exchange = Exchange(f"dissolution of {name}", name, solid, f"{rate}*{solid}/{limit}", rate)
        return Fate((exchange,), {rate: log(20.0) / time, limit: solubility})
    expression = f"{rate}*Heaviside({CLOCK} - release_{name})"
    parameters: dict[str, Coefficient | str] = {rate: 300.0 / time, f"release_{name}": release, CLOCK: "t"}
    return Fate((Transfer(f"dissolution of {name}", solid, expression, {name: 1.0}),), parameters)


def solid_of(permeant: Permeant) -> str:
    """Field of the undissolved drug."""
    return f"{permeant.field}_solid"


def bound_of(permeant: Permeant) -> str:
    """Field of the bound drug."""
    return f"{permeant.field}_bound"


def _metabolism(
    permeant: Permeant,
    conversion: Metabolism,
    number: int,
    around: Surroundings,
    names: Mapping[str, Permeant],
) -> Fate:
    name, end = permeant.field, f"{permeant.field}_{number + 1}"
    products: dict[str, float] = {}
    goal = "elimination"
    if conversion.product is not None:
        product = names[conversion.product].properties
        goal = product.name
        products[goal] = conversion.molar_yield * product.molar_mass / permeant.properties.molar_mass
    title = f"metabolism {number + 1} of {name} to {goal}" if products else f"metabolism {number + 1} of {name}"
    if conversion.vmax is not None and conversion.km is not None:
        parameters: dict[str, Coefficient | str] = {
            f"vmax_{end}": _in_layers(conversion.layers, conversion.vmax, around),
            f"km_{end}": conversion.km,
        }
        return Fate((Transfer(title, name, f"vmax_{end}/(km_{end} + {name})", products),), parameters)
    rate = f"metabolism_{end}"
    return Fate(
        (Transfer(title, name, rate, products),),
        {rate: _in_layers(conversion.layers, conversion.rate or 0.0, around)},
    )


def _binding(permeant: Permeant, binding: Binding, around: Surroundings) -> Fate:
    name, bound = permeant.field, bound_of(permeant)
    forward, backward = f"binding_on_{name}", f"binding_off_{name}"
    parameters: dict[str, Coefficient | str] = {
        forward: _in_layers(binding.layers, binding.on, around),
        backward: binding.off,
    }
    expression = forward
    if binding.capacity is not None:
        parameters[f"binding_capacity_{name}"] = binding.capacity
        expression = f"{forward}*Max(1 - {bound}/binding_capacity_{name}, 0)"
    return Fate((Exchange(f"binding of {name}", name, bound, expression, backward),), parameters)


def _in_layers(layers: Sequence[str] | None, value: float, around: Surroundings) -> dict[str, float]:
    """A rate in the named layers and 0 elsewhere; in all but the stratum corneum if none is named."""
    if layers is None:
        layers = [tissue.name for tissue in around.tissues if tissue.kind != "stratum corneum"]
    return {material: value if material in layers else 0.0 for material in around.materials}
