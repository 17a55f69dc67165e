"""The one door for units: strings with a unit outside, plain floats in internal units inside.

Inside mnrd a length is in µm, a time in s and a drug concentration in mg/mL; what follows from them (diffusivity
µm²/s, permeability µm/s, rate 1/s) is in the same system. Every conversion happens here, once.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema


class Noun(BaseModel):
    """A thing a user can describe in a case file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)


@cache
def registry() -> Any:
    """The pint registry, made on first use because it takes a third of a second."""
    import pint

    made: Any = pint.UnitRegistry()
    return made


class Quantity:
    """Annotation of a float with its internal unit: ``Length = Annotated[float, Quantity("um")]``.

    A string is parsed by pint, checked for its dimension and converted. A bare number is taken as being in the
    internal unit from Python, and refused from a case file (validation context ``{"units": "required"}``).

    Parameters
    ----------
    unit : str
        The internal unit.
    example : str
        A value with a unit, shown in error messages and in the JSON schema.
    """

    def __init__(self, unit: str, example: str) -> None:
        self.unit = unit
        self.example = example

    def parse(self, value: object, *, bare_number_allowed: bool) -> float:
        """Convert `value` to a float in the internal unit.

        Raises
        ------
        PydanticCustomError
            For a number without unit where one is required, an unknown unit, a wrong dimension or a non-number.
        """
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise PydanticCustomError("unit", "must be a quantity such as '{example}'", {"example": self.example})
        if isinstance(value, (int, float)):
            if bare_number_allowed or not self.unit:
                return float(value)
            raise PydanticCustomError(
                "unit", "needs a unit: write it as a string such as '{example}'", {"example": self.example}
            )
        return self._convert(value)

    def _convert(self, text: str) -> float:
        import pint

        spelt = text.strip().replace("µ", "u").replace("μ", "u")
        if spelt.endswith("% w/v"):
            spelt = spelt.removesuffix("% w/v") + "g/dL"
        try:
            quantity = registry().Quantity(spelt)
            # Fourteen digits, so that a value is the same number in whatever unit it was written.
            return float(f"{quantity.to(self.unit or 'dimensionless').magnitude:.14g}")
        except pint.DimensionalityError as error:
            raise PydanticCustomError(
                "unit",
                "has the wrong dimension ({got}), write it such as '{example}'",
                {"got": str(error.units1), "example": self.example},
            ) from None
        except pint.UndefinedUnitError as error:
            raise PydanticCustomError(
                "unit",
                "has an unknown unit ({got}), write it such as '{example}'",
                {
                    "got": ", ".join(sorted(error.unit_names))
                    if not isinstance(error.unit_names, str)
                    else error.unit_names,
                    "example": self.example,
                },
            ) from None
        except Exception:
            raise PydanticCustomError(
                "unit",
                "cannot be read as a quantity, write it such as '{example}'",
                {"example": self.example},
            ) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def before(value: object, info: core_schema.ValidationInfo) -> float:
            context = info.context or {}
            return self.parse(value, bare_number_allowed=context.get("units") != "required")

        written = core_schema.plain_serializer_function_ser_schema(
            lambda value: f"{value:.14g} {self.unit}".rstrip() if isinstance(value, float) else value
        )
        return core_schema.with_info_before_validator_function(before, handler(source), serialization=written)

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": ["string", "number"] if not self.unit else "string", "examples": [self.example]}


Length = Annotated[float, Quantity("um", "0.5 mm")]
Area = Annotated[float, Quantity("um**2", "1 cm**2")]
Volume = Annotated[float, Quantity("um**3", "1 mL")]
Time = Annotated[float, Quantity("s", "2 h")]
Rate = Annotated[float, Quantity("1/s", "0.1 1/min")]
Diffusivity = Annotated[float, Quantity("um**2/s", "5e-6 cm**2/s")]
Permeability = Annotated[float, Quantity("um/s", "1e-3 cm/h")]
Concentration = Annotated[float, Quantity("mg/mL", "330 mg/mL")]
ConcentrationRate = Annotated[float, Quantity("mg/mL/s", "1 mg/mL/h")]
Mass = Annotated[float, Quantity("mg", "0.2 mg")]
MassPerArea = Annotated[float, Quantity("mg/mL*um", "5 ug/cm**2")]
Angle = Annotated[float, Quantity("degree", "10 degree")]
Density = Annotated[float, Quantity("1/um**2", "100 /cm**2")]
MolarMass = Annotated[float, Quantity("g/mol", "176.12 g/mol")]
Fraction = Annotated[float, Quantity("", "20 %")]
