"""The general door: fields, reactions and parameters of the user's own, with skin or without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from pydantic import Field as Key

from mnrd.case.quantities import Diffusivities, Initial, Numbers, OneOrMany, Parameters, spread
from mnrd.model.field import Coefficient, Field, Reservoir, Taxis, check_symbol_name
from mnrd.model.model import AnyReaction, Model
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.units import Length, Noun, Permeability


class Touch(Noun):
    """A well-stirred reservoir above or below."""

    activity: float = Key(0.0, ge=0, description="Activity at the start; held if the capacity is endless.")
    capacity: Length | None = Key(None, gt=0, description="Depth times partition coefficient; endless if left out.")
    transfer: Permeability | None = Key(None, gt=0, description="Boundary layer in series; none if left out.")
    loss: Permeability = Key(0.0, ge=0, description="Loss per area, time and activity.")

    def reservoir(self) -> Reservoir:
        """The reservoir of the model."""
        return Reservoir(
            activity=self.activity,
            capacity=inf if self.capacity is None else self.capacity,
            transfer=inf if self.transfer is None else self.transfer,
            loss=self.loss,
        )


class TaxisEntry(Noun):
    """Directed movement: flux = concentration x sensitivity x gradient of the potential."""

    sensitivity: Diffusivities = Key(description="chi: one for all, or a table of material to value.")
    potential: str = Key(description="Expression that is climbed, of fields and parameters: `log(1 + A/K_A)`.")


class FieldEntry(Noun):
    """One field; coefficients are one for all, or a table of material to value with `elsewhere` for the others."""

    unit: str = Key("", description="Unit of the concentration, for output.")
    meaning: str = Key("", description="What it is, for output.")
    initial: Initial = Key(0.0, description="Concentration at the start: number, table, or expression of x, y, z (um).")
    diffusivity: Diffusivities | None = Key(None, description="D; the field does not move if left out.")
    lateral_diffusivity: Diffusivities | None = Key(None, description="D in x and y; as D if left out.")
    partition: Numbers = Key(1.0, description="K, concentration / activity.")
    top: Touch | None = Key(None, description="What touches the top; no flux if left out.")
    base: Touch | None = Key(None, description="What touches the base; no flux if left out.")
    taxis: TaxisEntry | None = Key(None, description="Directed movement; none if left out.")
    mobility: str | None = Key(
        None, description="Expression >= 0, of fields and parameters, that multiplies D in each cell."
    )
    floor: float = Key(0.0, ge=0, description="Concentration below which errors do not matter.")

    def field(self, name: str, materials: Sequence[str]) -> Field:
        """The field of the model on a painting with these materials; ValueError when they do not fit."""
        where = f"fields.{name}"
        initial = self.initial
        return Field(
            name=name,
            unit=self.unit,
            meaning=self.meaning,
            initial=initial if isinstance(initial, str) else spread(initial, materials, f"{where}.initial"),
            diffusivity=_optional(self.diffusivity, materials, f"{where}.diffusivity"),
            lateral_diffusivity=_optional(self.lateral_diffusivity, materials, f"{where}.lateral_diffusivity"),
            partition=spread(self.partition, materials, f"{where}.partition"),
            top=None if self.top is None else self.top.reservoir(),
            base=None if self.base is None else self.base.reservoir(),
            taxis=None if self.taxis is None else self._taxis(materials, where),
            mobility=self.mobility,
            floor=self.floor,
        )

    def _taxis(self, materials: Sequence[str], where: str) -> Taxis:
        assert self.taxis is not None
        sensitivity = spread(self.taxis.sensitivity, materials, f"{where}.taxis.sensitivity")
        return Taxis(sensitivity, self.taxis.potential)


class ReactionEntry(Noun):
    """Any rates of change."""

    name: str = Key(min_length=1, description="Name, for the mass balance.")
    rates: dict[str, str] = Key(min_length=1, description="Field to expression: amount per volume and time.")

    def reaction(self) -> Reaction:
        """The reaction of the model."""
        return Reaction(self.name, self.rates)


class TransferEntry(Noun):
    """First-order loss of a field that is the gain of others."""

    name: str = Key(min_length=1, description="Name, for the mass balance.")
    source: str = Key(description="Field that is lost.")
    rate: str = Key(description="Expression of the rate, 1/s.")
    products: dict[str, float] = Key({}, description="Field to yield; lost for good if left out.")

    def reaction(self) -> Transfer:
        """The reaction of the model."""
        return Transfer(self.name, self.source, self.rate, self.products)


class ExchangeEntry(Noun):
    """Reversible binding to a field that does not move."""

    name: str = Key(min_length=1, description="Name, for the mass balance.")
    free: str = Key(description="Field of the free form.")
    bound: str = Key(description="Field of the bound form, without diffusivity, declared after the free one.")
    forward: str = Key(description="Expression of the rate of binding, 1/s.")
    backward: str = Key(description="Expression of the rate of release, 1/s.")

    def reaction(self) -> Exchange:
        """The reaction of the model."""
        return Exchange(self.name, self.free, self.bound, self.forward, self.backward)


class Door(Noun):
    """Fields, reactions and parameters, in the words of the equations."""

    fields: dict[str, FieldEntry] = Key({}, description="Fields by name, in the order in which they are solved.")
    reactions: tuple[ReactionEntry, ...] = Key((), description="Rates of change of any form.")
    transfers: tuple[TransferEntry, ...] = Key((), description="First-order losses with products.")
    exchanges: tuple[ExchangeEntry, ...] = Key((), description="Reversible binding.")
    parameters: dict[str, Parameters] = Key(
        {},
        description="Names in the expressions: a number (um, s, mg/mL), a quantity, a table of material to value with "
        "`elsewhere` for the others, or an expression of t (s).",
    )

    definitions: dict[str, str] = Key(
        {}, description="Abbreviations: expressions of fields, parameters, t, and of definitions before them."
    )

    def expressions(self) -> Iterator[tuple[str, str]]:
        """Place and text of every expression, definitions first and in order."""
        for name, text in self.definitions.items():
            yield f"definitions.{name}", text
        for name, entry in self.fields.items():
            if entry.taxis is not None:
                yield f"fields.{name}.taxis.potential", entry.taxis.potential
            if entry.mobility is not None:
                yield f"fields.{name}.mobility", entry.mobility
        for index, reaction in enumerate(self.reactions):
            for field, text in reaction.rates.items():
                yield f"reactions[{index}].rates.{field}", text
        for index, transfer in enumerate(self.transfers):
            yield f"transfers[{index}].rate", transfer.rate
        for index, exchange in enumerate(self.exchanges):
            yield f"exchanges[{index}].forward", exchange.forward
            yield f"exchanges[{index}].backward", exchange.backward

    def added_to(self, model: Model | None, materials: Sequence[str]) -> Model:
        """The model with everything of this door added.

        Parameters
        ----------
        model : Model or None
            What there is already, with its fields before those of the door.
        materials : sequence of str
            Of the painting.

        Raises
        ------
        ValueError
            For unknown names, names used twice, expressions that cannot be read, fields in an impossible order.
        """
        for name in (*self.fields, *self.parameters):
            check_symbol_name("fields" if name in self.fields else "parameters", name)
        fields = tuple(entry.field(name, materials) for name, entry in self.fields.items())
        reactions: tuple[AnyReaction, ...] = (
            *(entry.reaction() for entry in self.reactions),
            *(entry.reaction() for entry in self.transfers),
            *(entry.reaction() for entry in self.exchanges),
        )
        parameters: dict[str, Coefficient | str] = {
            name: value if isinstance(value, str) else spread(value, materials, f"parameters.{name}")
            for name, value in self.parameters.items()
        }
        if model is None:
            return Model(fields, reactions, parameters, definitions=self.definitions)
        return replace(
            model,
            fields=(*model.fields, *fields),
            reactions=(*model.reactions, *reactions),
            parameters={**model.parameters, **parameters},
        )


def _optional(value: OneOrMany | None, materials: Sequence[str], where: str) -> Coefficient | None:
    return None if value is None else spread(value, materials, where)
