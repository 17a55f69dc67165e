"""The donor: what is put on the skin, where, and how much."""

from __future__ import annotations

from math import inf
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Reservoir
from mnrd.units import Fraction, Length, Noun, Permeability, Time

SAMPLES = 8  # points per cell side for the dosed area


class Disc(Noun):
    """A round dosed area."""

    kind: Literal["disc"]
    radius: Length = Field(gt=0, description="Radius of the dosed area.")
    x: Length | None = Field(None, description="Centre in x; the middle of the mesh if left out.")
    y: Length | None = Field(None, description="Centre in y; the middle of the mesh if left out.")

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether points, relative to the centre (um), are dosed."""
        return np.hypot(x, y) <= self.radius


class Rectangle(Noun):
    """A rectangular dosed area."""

    kind: Literal["rectangle"]
    width: Length = Field(gt=0, description="Size of the dosed area in x.")
    length: Length = Field(gt=0, description="Size of the dosed area in y.")
    x: Length | None = Field(None, description="Centre in x; the middle of the mesh if left out.")
    y: Length | None = Field(None, description="Centre in y; the middle of the mesh if left out.")

    def covers(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether points, relative to the centre (um), are dosed."""
        return (np.abs(x) <= 0.5 * self.width) & (np.abs(y) <= 0.5 * self.length)


class Drying(Noun):
    """Evaporation of the vehicle itself, which concentrates the drug."""

    rate: Permeability = Field(gt=0, description="Loss of depth per time, such as '10 um/h'.")
    depth: Length = Field(gt=0, description="Depth that is left when the volatile part has gone.")


class Donor(Noun):
    """The vehicle on the skin; how much drug it holds stands with each active."""

    depth: Length | None = Field(
        None,
        gt=0,
        description="Depth of the vehicle (2 mg/cm^2 of a watery one is '20 um'); infinite dose if left out.",
    )
    pH: float = Field(7.4, ge=0, le=14, description="pH of the vehicle; decides how much of the drug is un-ionised.")
    begins: Time = Field(0.0, ge=0, description="Time at which it is put on; nothing is on the skin before.")
    occluded: bool = Field(False, description="Whether the site is covered; covered channels close more slowly.")
    area: Annotated[Disc | Rectangle, Field(discriminator="kind")] | None = Field(
        None, description="Dosed part of the surface; all of it if left out."
    )
    boundary_layer: Permeability | None = Field(
        None,
        gt=0,
        description="Transfer coefficient of a stagnant layer of vehicle, D / thickness; none if left out.",
    )
    drying: Drying | None = Field(None, description="Evaporation of the vehicle; none if left out.")
    meshed: bool = Field(
        False,
        description="Resolve the vehicle on the mesh as a layer on top (gel, cream) instead of well-stirred.",
    )
    relative_diffusivity: Fraction = Field(
        1.0,
        gt=0,
        le=1,
        description="Diffusivity in the vehicle relative to water, below 1 for thick ones; used where it is meshed or "
        "fills the channels.",
    )

    def reservoir(
        self, mesh: Mesh, *, concentration: float, partition: float, solubility: float, evaporation: float
    ) -> Reservoir:
        """The well-stirred donor for one drug.

        Parameters
        ----------
        mesh : Mesh
        concentration : float
            Total concentration in the vehicle, dissolved and suspended, mg/mL.
        partition : float
            K_v, concentration in the vehicle / aqueous activity.
        solubility : float
            Largest dissolved concentration in the vehicle, mg/mL.
        evaporation : float
            Amount of drug lost per area, time and activity, um/s.

        Returns
        -------
        Reservoir
            Capacity depth x K_v; the activity is concentration / K_v, or solubility / K_v while some is suspended.
        """
        dissolved = min(concentration, solubility)
        depth = inf if self.depth is None else self.depth
        return Reservoir(
            activity=dissolved / partition,
            capacity=depth * partition,
            transfer=inf if self.boundary_layer is None else self.boundary_layer,
            loss=evaporation,
            saturation=solubility / partition,
            amount=None if self.depth is None else depth * concentration,
            drying=None if self.drying is None else (self.drying.rate * partition, self.drying.depth * partition),
            area=self.coverage(mesh),
        )

    def coverage(self, mesh: Mesh) -> NDArray[np.float64] | None:
        """Covered fraction of each top face, (ny, nx); None when everything is covered."""
        if self.area is None:
            return None
        x, y = (_samples(edges) for edges in (mesh.x, mesh.y))
        centre_x = 0.5 * (mesh.x[0] + mesh.x[-1]) if self.area.x is None else self.area.x
        centre_y = 0.5 * (mesh.y[0] + mesh.y[-1]) if self.area.y is None else self.area.y
        hit = self.area.covers(x[None, :] - centre_x, y[:, None] - centre_y)
        ny, nx = mesh.area.shape
        return hit.reshape(ny, SAMPLES, nx, SAMPLES).mean(axis=(1, 3))


def _samples(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-points of `SAMPLES` equal parts of every cell."""
    parts = (np.arange(SAMPLES) + 0.5) / SAMPLES
    return (edges[:-1, None] + np.diff(edges)[:, None] * parts).ravel()
