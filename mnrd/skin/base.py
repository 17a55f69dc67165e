"""What lies under the skin in the mesh: nothing (in vivo), a sink, a receptor or more of the same dermis."""

from __future__ import annotations

from math import sqrt
from typing import Literal

from pydantic import Field

from mnrd.model.field import Reservoir
from mnrd.units import Length, Noun, Permeability


class Base(Noun):
    """Boundary at the bottom of the mesh."""

    kind: Literal["in vivo", "sink", "receptor", "deep dermis"] = Field(
        "in vivo",
        description="in vivo: no flux, the drug leaves by clearance in the dermis; sink: perfect sink, concentration 0 "
        "(in vitro); receptor: well-stirred receptor chamber; deep dermis: endless dermis with clearance, "
        "J = K sqrt(k D) a, approximate in transients shorter than 1/k.",
    )
    depth: Length | None = Field(
        None,
        gt=0,
        description="Volume of the receptor per area of skin (kind receptor only): 5 mL/cm^2 is '5 cm'.",
    )
    transfer: Permeability | None = Field(
        None, gt=0, description="Boundary layer between skin and sink or receptor; none if left out."
    )

    @property
    def clears(self) -> bool:
        """Whether there is blood flow in the dermis, which a skin in a diffusion cell has not."""
        return self.kind in ("in vivo", "deep dermis")

    def reservoir(self, *, diffusivity: float, partition: float, clearance: float) -> Reservoir | None:
        """The reservoir under the mesh for one drug.

        Parameters
        ----------
        diffusivity, partition, clearance : float
            D (um^2/s), K and k_cl (1/s) of the lowest layer, used by kind ``"deep dermis"``.

        Returns
        -------
        Reservoir or None
            None for no flux.
        """
        transfer = float("inf") if self.transfer is None else self.transfer
        if self.kind == "sink":
            return Reservoir(activity=0.0, transfer=transfer)
        if self.kind == "receptor":
            return Reservoir(activity=0.0, capacity=float(self.depth or 0.0), transfer=transfer)
        if self.kind == "deep dermis" and clearance > 0.0:
            # a = a0 exp(-z sqrt(k/D)) below the mesh: J = -D K da/dz = K sqrt(k D) a0
            return Reservoir(activity=0.0, transfer=partition * sqrt(clearance * diffusivity))
        return None
