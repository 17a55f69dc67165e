"""The general door: fields, reactions and parameters of the user's own, with skin or without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
from pydantic import Field as Key
from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from mnrd.model.expression import ExpressionError, of_time
from mnrd.model.field import Coefficient, Field, Reservoir, check_symbol_name
from mnrd.model.model import AnyReaction, Model
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.units import Length, Noun, Permeability, Quantity, registry

ELSEWHERE = "elsewhere"
PerMaterial = float | dict[str, float]


class ByMaterial(Quantity):
    """Annotation: one quantity, or a table of material to quantity in which ``elsewhere`` stands for all others."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def read(value: object, info: core_schema.ValidationInfo) -> PerMaterial:
            bare = not (bool(info.context) and info.context.get("units") == "required")
            if isinstance(value, dict):
                return {str(name): self._one(entry, bare, f"'{name}': ") for name, entry in value.items()}
            return self._one(value, bare, "")

        written = core_schema.plain_serializer_function_ser_schema(self._write)
        return core_schema.with_info_plain_validator_function(read, serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        one = {"type": "string" if self.unit else ["string", "number"], "examples": [self.example]}
        return {"anyOf": [one, {"type": "object", "additionalProperties": one}]}

    def _one(self, value: object, bare_number_allowed: bool, where: str) -> float:
        try:
            number = self.parse(value, bare_number_allowed=bare_number_allowed)
        except PydanticCustomError as error:
            raise PydanticCustomError("unit", f"{where}{error.message_template}", error.context) from None
        if not 0.0 <= number < inf:
            raise PydanticCustomError("unit", f"{where}must be >= 0 and finite")
        return number

    def _write(self, value: PerMaterial) -> Any:
        if isinstance(value, dict):
            return {name: self._write(entry) for name, entry in value.items()}
        return f"{value:.10g} {self.unit}" if self.unit else value


class Touch(Noun):
    """A well-stirred reservoir above or below the box."""

    activity: float = Key(0.0, ge=0, description="Activity at the start, in the unit of the field; held if endless.")
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


class FieldEntry(Noun):
    """One field."""

    unit: str = Key("", description="Unit of the concentration, for output.")
    meaning: str = Key("", description="What it is, for output.")
    initial: float | str | dict[str, float] = Key(
        0.0, description="Concentration at the start: a number, a number per material, or an expression of x, y, z (um)."
    )
    diffusivity: ByMaterialDiffusivity | None = Key(
        None, description="D, one or per material; the field does not move if left out."
    )
    lateral_diffusivity: ByMaterialDiffusivity | None = Key(None, description="D in x and y, if it differs.")
    partition: ByMaterialNumber = Key(1.0, description="K, concentration / activity, one or per material.")
    top: Touch | None = Key(None, description="What touches the top; no flux if left out.")
    base: Touch | None = Key(None, description="What touches the base; no flux if left out.")
    floor: float = Key(0.0, ge=0, description="Concentration below which errors do not matter.")

    def field(self, name: str, materials: Sequence[str]) -> Field:
        """The field of the model on a painting with these materials."""
        where = f"fields.{name}"
        return Field(
            name=name,
            unit=self.unit,
            meaning=self.meaning,
            initial=self.initial if isinstance(self.initial, str) else spread(self.initial, materials, f"{where}.initial"),
            diffusivity=_optional(self.diffusivity, materials, f"{where}.diffusivity"),
            lateral_diffusivity=_optional(self.lateral_diffusivity, materials, f"{where}.lateral_diffusivity"),
            partition=spread(self.partition, materials, f"{where}.partition"),
            top=None if self.top is None else self.top.reservoir(),
            base=None if self.base is None else self.base.reservoir(),
            floor=self.floor,
        )
