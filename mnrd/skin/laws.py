"""Which laws turn handbook figures of an active into coefficients, and what the skin does to all actives alike."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from mnrd.model.expression import ExpressionError, of_time
from mnrd.skin.active import Active
from mnrd.skin.dancik import Hydration
from mnrd.skin.derivation import Correlation, ExchangeLaw, TissueLaw
from mnrd.skin.properties import TissueProperties, properties
from mnrd.units import Noun


class Laws(Noun):
    """Correlations and other choices that hold for every active of a case."""

    correlation: Correlation = Field(
        "default", description="Permeability of the stratum corneum; default is Potts-Guy with a polar path."
    )
    tissue: TissueLaw = Field(
        "kretsos-kasting", description="Binding, diffusivity and partition in viable epidermis and dermis."
    )
    exchange: ExchangeLaw = Field("harmonic", description="How capillary exchange and blood flow combine.")
    hydration: Hydration = Field("partial", description="Of the stratum corneum: in vivo or soaked.")
    temperature: float = Field(
        37.0,
        ge=0,
        le=60,
        description="Temperature of the tissue in degrees Celsius (macromolecules in water only).",
    )
    ionisation: Literal["top", "gradient"] = Field(
        "top",
        description="Un-ionised fraction in the stratum corneum: that of the vehicle throughout, or its logarithm "
        "linear from the pH of the vehicle at the top to 7.4 at the bottom.",
    )
    anisotropy: float = Field(
        1.0,
        gt=0,
        description="Lateral over vertical diffusivity in the stratum corneum; theory gives 34 to 39 in hydrated and "
        "150 to 1000 in partially hydrated stratum corneum.",
    )
    membrane: bool = Field(
        False,
        description="Replace the stratum corneum by its resistance 1/P: quicker, for times far beyond its lag.",
    )
    blood_flow: float | str = Field(
        1.0,
        description="Factor on all clearances: a number, or an expression of the time t in s such as "
        "'1 + 2*exp(-t/28800)' for erythema.",
    )

    @field_validator("blood_flow")
    @classmethod
    def _readable(cls, flow: float | str) -> float | str:
        if isinstance(flow, str):
            try:
                of_time(flow, "blood_flow")
            except ExpressionError as error:
                raise ValueError(str(error).removeprefix("blood_flow: ")) from None
        elif flow < 0:
            raise ValueError(f"got {flow:g}, must be >= 0")
        return flow

    def properties(self, active: Active, *, vehicle_ph: float, sc_thickness: float | None) -> TissueProperties:
        """What these laws make of an active; ValueError says which input is missing."""
        return properties(
            active,
            vehicle_ph=vehicle_ph,
            sc_thickness=sc_thickness,
            hydration=self.hydration,
            temperature=self.temperature,
            correlation=self.correlation,
            tissue=self.tissue,
            exchange=self.exchange,
        )
