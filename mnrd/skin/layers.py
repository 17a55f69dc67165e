"""Skin as a stack of layers, and the stacks that come with mnrd."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from functools import cache
from itertools import accumulate
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from mnrd.mesh.grading import Fine, Grading, graded_layers
from mnrd.mesh.rectilinear import Array
from mnrd.mesh.sampling import Depth
from mnrd.resources import folder
from mnrd.units import Length, Noun


class Ridges(Noun):
    """Rete ridges of an interface: z = z0 + A cos(2 pi x / wavelength) cos(2 pi y / wavelength)."""

    amplitude: Length = Field(gt=0, description="A, half the height from valley to peak; 20 to 50 um in human skin.")
    wavelength: Length = Field(gt=0, description="From ridge to ridge; 100 to 200 um in man.")


class Layer(Noun):
    """One layer of the skin."""

    name: str = Field(
        min_length=1,
        description="stratum corneum, viable epidermis, junction, papillary dermis, reticular dermis or your own",
    )
    thickness: Length = Field(gt=0, description="Mean thickness.")
    cells: int | None = Field(
        None,
        ge=1,
        description="Number of cells in depth, equal unless a neighbouring layer has smaller ones.",
    )
    smallest: Length | None = Field(
        None, gt=0, description="Height of the cells at both interfaces, in place of `cells`."
    )
    largest: Length | None = Field(None, gt=0, description="Greatest height of a cell.")
    growth: float = Field(1.3, gt=1, description="Greatest ratio of the heights of neighbouring cells.")
    ridges: Ridges | None = Field(None, description="Rete ridges of the lower interface; flat if left out.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.cells is None) == (self.smallest is None):
            raise ValueError("cells, smallest: give one of the two")
        return self


class Skin(Noun):
    """The layers, from the top down, or a mesh that holds them."""

    layers: tuple[Layer, ...] = Field(
        (), description="From the stratum corneum down. Left out with a mesh, they are measured on it then."
    )
    mesh: str | None = Field(
        None,
        min_length=1,
        description="File of `mnrd mesh import` in place of layers, seen from the case file; or one of mnrd.",
    )
    sha256: str | None = Field(None, description="Of that file; noted with the results, and checked where it is given.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.layers:
            raise ValueError("layers: got [], must have at least 1; or give the mesh of an import")
        if self.sha256 is not None and self.mesh is None:
            raise ValueError("sha256: is for a mesh, leave it out")
        names = [layer.name for layer in self.layers]
        above = 0.0
        for index, layer in enumerate(self.layers):
            if layer.name in names[:index]:
                raise ValueError(f"layers[{index}].name: '{layer.name}' is used twice, names must differ")
            below = layer.ridges.amplitude if layer.ridges else 0.0
            if below and index == len(names) - 1:
                raise ValueError(f"layers[{index}].ridges: must be left out of the last layer, its base is flat")
            if above + below >= layer.thickness:
                raise ValueError(
                    f"layers[{index}].thickness: got {layer.thickness:g} um, must be > {above + below:g} um, "
                    "the amplitudes of the ridges above and below"
                )
            above = below
        return self

    @property
    def thickness(self) -> float:
        """Of all layers, um."""
        return sum(layer.thickness for layer in self.layers)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers."""
        return tuple(layer.name for layer in self.layers)


def tops(skin: Skin) -> list[tuple[str, Depth]]:
    """Name and top depth of every layer, as `mnrd.mesh.paint.paint` takes them."""
    depths = accumulate((layer.thickness for layer in skin.layers), initial=0.0)
    ridges = [None, *(layer.ridges for layer in skin.layers)]
    return [
        (layer.name, depth if ridge is None else _wavy(depth, ridge))
        for layer, depth, ridge in zip(skin.layers, depths, ridges, strict=False)
    ]


def depth_edges(skin: Skin, fine: tuple[Fine, ...] = ()) -> Array:
    """Edges of the mesh in z, (nz + 1,), um.

    Parameters
    ----------
    skin : Skin
    fine : tuple of Fine
        Where small cells are wanted besides, such as at the tip of a channel. Ridges are resolved by cells of
        at most a quarter of their amplitude.

    Raises
    ------
    ValueError
        When the number of cells of a layer is too small for the growth.
    """
    bases = accumulate(layer.thickness for layer in skin.layers)
    wavy = [
        Fine(base - layer.ridges.amplitude, base + layer.ridges.amplitude, 0.25 * layer.ridges.amplitude)
        for layer, base in zip(skin.layers, bases, strict=True)
        if layer.ridges
    ]
    return graded_layers([_grading(layer) for layer in skin.layers], [*fine, *wavy])


@cache
def presets() -> dict[str, Skin]:
    """The stacks in meshes/skins.toml by name."""
    read = tomllib.loads((folder("meshes") / "skins.toml").read_text("utf-8"))
    return {name: _skin(description) for name, description in read.items()}


def preset(name: str) -> Skin:
    """One of the stacks that come with mnrd.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    known = presets()
    if name not in known:
        nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"no skin '{name}': did you mean '{nearest}'? There are {', '.join(known)}")
    return known[name]


def _skin(description: dict[str, Any]) -> Skin:
    return Skin.model_validate(description, context={"units": "required"})


def _grading(layer: Layer) -> Grading:
    return Grading(
        thickness=layer.thickness,
        cells=layer.cells,
        smallest=layer.smallest or np.inf,
        largest=layer.largest or np.inf,
        growth=layer.growth,
    )


def _wavy(depth: float, ridges: Ridges) -> Depth:
    wavenumber = 2.0 * np.pi / ridges.wavelength

    def interface(x: Array, y: Array) -> Array:
        return depth + ridges.amplitude * np.cos(wavenumber * x) * np.cos(wavenumber * y)

    return interface
