"""Values of the general door, whose key does not tell the unit: per material, expressions, free parameters."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from mnrd.model.expression import SPACE, ExpressionError, of_time, parse
from mnrd.model.field import Coefficient
from mnrd.units import Quantity, registry

ELSEWHERE = "elsewhere"
_DIMENSIONS = {"[length]": "um", "[time]": "s", "[mass]": "fg"}  # fg/um^3 is mg/mL: the internal system


class ByMaterial(Quantity):
    """Annotation: a quantity, or a table of material to quantity in which ``elsewhere`` stands for all others.

    Parameters
    ----------
    unit, example : str
        As for `mnrd.units.Quantity`.
    """

    def read(self, value: object, *, bare_number_allowed: bool) -> float | str | dict[str, float]:
        """One value or one per material, in the internal unit; every one >= 0 and finite."""
        if isinstance(value, dict):
            return {str(name): self._number(entry, bare_number_allowed, str(name)) for name, entry in value.items()}
        return self._number(value, bare_number_allowed, "")

    def _number(self, value: object, bare_number_allowed: bool, material: str) -> float:
        where = f"in '{material}': " if material else ""
        try:
            number = self.parse(value, bare_number_allowed=bare_number_allowed)
        except PydanticCustomError as error:
            raise PydanticCustomError("unit", where + error.message_template, error.context) from None
        if not 0.0 <= number < inf:
            raise PydanticCustomError("unit", where + "must be >= 0 and finite")
        return number

    def write(self, value: Any) -> Any:
        """The value as it stands in a case file."""
        if isinstance(value, dict):
            return {name: self.write(entry) for name, entry in value.items()}
        return f"{value:.10g} {self.unit}" if self.unit and isinstance(value, float) else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def read(value: object, info: core_schema.ValidationInfo) -> float | str | dict[str, float]:
            required = (info.context or {}).get("units") == "required"
            return self.read(value, bare_number_allowed=not required)

        written = core_schema.plain_serializer_function_ser_schema(self.write)
        return core_schema.with_info_plain_validator_function(read, serialization=written)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        one = {"type": "string" if self.unit else ["string", "number"], "examples": [self.example]}
        return {"anyOf": [one, {"type": "object", "additionalProperties": one}]}


class InitialValue(ByMaterial):
    """Annotation: a number, a table of numbers, or an expression of x, y, z."""

    def read(self, value: object, *, bare_number_allowed: bool) -> float | str | dict[str, float]:
        """As `ByMaterial`, with any text an expression."""
        if not isinstance(value, str):
            return super().read(value, bare_number_allowed=bare_number_allowed)
        try:
            parse(value, SPACE, "")
        except ExpressionError as error:
            message = str(error).removeprefix(": ").replace("{", "(").replace("}", ")")
            raise PydanticCustomError("unit", "{message}", {"message": message}) from None
        return value


class Parameter(ByMaterial):
    """Annotation: a number, a quantity of length, time and mass, a table of them, or an expression of t."""

    def read(self, value: object, *, bare_number_allowed: bool) -> float | str | dict[str, float]:
        """As `ByMaterial`; a text that is an expression of t stays one, any other must be a quantity."""
        if not isinstance(value, str):
            return super().read(value, bare_number_allowed=bare_number_allowed)
        try:
            of_time(value, "")
            return value
        except ExpressionError:
            return super().read(value, bare_number_allowed=bare_number_allowed)

    def parse(self, value: object, *, bare_number_allowed: bool) -> float:
        """A number as it is, a text as a quantity in um, s and fg (so that mg/mL is 1)."""
        if isinstance(value, str):
            return _converted(value)
        return super().parse(value, bare_number_allowed=bare_number_allowed)


def _converted(text: str) -> float:
    try:
        quantity = registry().Quantity(text)
        powers = quantity.dimensionality
        unit = "*".join(f"{_DIMENSIONS[dimension]}**({power})" for dimension, power in powers.items())
        number = float(quantity.to(unit or "dimensionless").magnitude)
    except Exception:
        number = inf
    if not isfinite(number):
        raise PydanticCustomError(
            "unit",
            "must be a number, a quantity of lengths, times and masses such as '0.1 1/h', or an expression of t",
        )
    return float(f"{number:.14g}")


def spread(value: float | dict[str, float], materials: Sequence[str], where: str) -> Coefficient:
    """A value for every material: what stands under ``elsewhere`` goes to those that are not named.

    Raises
    ------
    ValueError
        When a material is unknown, or one has no value and there is no ``elsewhere``.
    """
    if not isinstance(value, dict):
        return value
    for name in value:
        if name not in (*materials, ELSEWHERE):
            raise ValueError(f"{where}: unknown material '{name}' (known: {', '.join(materials)}, {ELSEWHERE})")
    missing = [name for name in materials if name not in value and ELSEWHERE not in value]
    if missing:
        raise ValueError(f"{where}: no value for {', '.join(missing)}; give them, or '{ELSEWHERE}' for all others")
    return {name: value.get(name, value.get(ELSEWHERE, 0.0)) for name in materials}


OneOrMany = float | dict[str, float]
Diffusivities = Annotated[OneOrMany, ByMaterial("um**2/s", "100 um**2/s")]
Numbers = Annotated[OneOrMany, ByMaterial("", "1.0")]
Initial = Annotated[float | str | dict[str, float], InitialValue("", "0.5")]
Parameters = Annotated[float | str | dict[str, float], Parameter("", "0.1 1/h")]
