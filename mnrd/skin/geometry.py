"""From nouns to numbers: the mesh of a piece of skin with channels or needles, and its painting."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mnrd.mesh.grading import Fine, Grading, graded_around, graded_layers, uniform
from mnrd.mesh.paint import Painting, paint, pierced
from mnrd.mesh.rectilinear import Array as Row
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.sampling import Box, Region
from mnrd.skin.arrays import Array
from mnrd.skin.imported import imported_mesh, painted, refined
from mnrd.skin.layers import Skin, depth_edges, tops
from mnrd.skin.layout import Layout, images, layout
from mnrd.skin.shapes import TIE, Body, bounds, inside, narrowed
from mnrd.units import Length, Noun

LONG = 3.0  # widths: a longer body is a slit
SAME = 1e-6  # relative difference of the sides of an imported mesh and a layout that are the same


class Resolution(Noun):
    """Cell sizes in x and y, and around the tips; those in depth belong to the layers."""

    smallest: Length | None = Field(
        None, gt=0, description="Lateral size of cells in and at a channel. Default: a tenth of its width."
    )
    largest: Length | None = Field(
        None, gt=0, description="Lateral size of cells far from channels. Default: five times the smallest."
    )
    tip: Length | None = Field(
        None, gt=0, description="Height of cells at the lower end of a channel. Default: the smallest lateral size."
    )
    growth: float = Field(1.3, gt=1, description="Greatest ratio of the widths of neighbouring cells.")


def build(
    skin: Skin,
    body: Body | None = None,
    array: Array | None = None,
    resolution: Resolution | None = None,
    material: str = "channel",
) -> tuple[Mesh, Painting]:
    """Mesh and painting of skin with an array of channels or needles, or of intact skin.

    Parameters
    ----------
    skin : Skin
    body : Body, optional
        What stands at each position: `mnrd.skin.channels.hole` or `mnrd.skin.needles.inserted`. None: intact skin.
    array : Array, optional
        Needed with a body.
    resolution : Resolution, optional
    material : str
        Name under which the bodies are painted.

    Returns
    -------
    Mesh, Painting

    Raises
    ------
    ValueError
        When a body has no array, needles overlap, or one goes through the skin.
    """
    cell = intact(skin) if body is None else placed(skin, body, array)
    mesh = make_mesh(skin, body, cell, resolution or Resolution())
    return mesh, paint_skin(mesh, skin, body, cell, material)


def placed(skin: Skin, body: Body, array: Array | None) -> Layout:
    """The layout of an array in a skin.

    Raises
    ------
    ValueError
        When there is no array, needles overlap, or one goes through the skin.
    """
    if array is None:
        raise ValueError("array: must be given, to say where the needles stand")
    lowest = bounds(body)[2][1]
    if lowest >= skin.thickness:
        raise ValueError(f"depth: got {lowest:g} um, must be < {skin.thickness:g} um, the thickness of the skin")
    return layout(array, body)


def intact(skin: Skin) -> Layout:
    """A piece of skin without needles: 100 x 100 um, half a wavelength of the widest ridges, or all of a mesh."""
    if skin.mesh is not None:
        return Layout(_sides(imported_mesh(skin)), (), (False, False), 0.0)
    side = 0.5 * max((layer.ridges.wavelength for layer in skin.layers if layer.ridges), default=200.0)
    return Layout((side, side), (), (False, False), 0.0)


def make_mesh(skin: Skin, body: Body | None, cell: Layout, resolution: Resolution) -> Mesh:
    """Mesh that is fine in and around the bodies, and graded in depth as the layers say.

    Parameters
    ----------
    skin : Skin
    body : Body or None
    cell : Layout
    resolution : Resolution

    Returns
    -------
    Mesh
        Lateral cells are at most an eighth of the wavelength of ridges. On an imported mesh its own cells, cut into
        equal parts where smaller ones are wanted.

    Raises
    ------
    ValueError
        When sizes contradict each other, or an imported mesh is not as large as the layout.
    """
    if skin.mesh is not None:
        return _on_imported(imported_mesh(skin), body, cell, resolution)
    ridges = min((layer.ridges.wavelength for layer in skin.layers if layer.ridges), default=np.inf) / 8.0
    smallest = resolution.smallest or (0.1 * body.width if body else np.inf)
    largest = min(resolution.largest or 5.0 * smallest, ridges)
    if resolution.largest is not None and resolution.largest < smallest:
        raise ValueError(
            f"resolution.largest: got {resolution.largest:g} um, must be >= {smallest:g} um, the smallest size"
        )
    x, y = (_lateral(axis, body, cell, smallest, largest, resolution.growth) for axis in (0, 1))
    lowest = bounds(body)[2][1] if body else 0.0
    tip = resolution.tip or smallest
    z = depth_edges(skin, (Fine(lowest, lowest, tip),) if body else ())
    return Mesh(x, y, z, cell.periodic)


def paint_skin(
    mesh: Mesh,
    skin: Skin,
    body: Body | None,
    cell: Layout,
    material: str = "channel",
    radius_scale: float = 1.0,
    whole: bool = False,
) -> Painting:
    """Paint the layers, and the body at every position of the layout and at its periodic images.

    Parameters
    ----------
    mesh : Mesh
    skin : Skin
    body : Body or None
    cell : Layout
    material : str
        Name under which the bodies are painted.
    radius_scale : float, 0 to 1
        Times the widths of the body: a channel that is closing. At 0 the material stays in the list, without cells.
    whole : bool
        Make every cell of an imported skin one of the layer that it has most of, before the body is painted.

    Returns
    -------
    Painting
    """
    regions: list[Region] = []
    if body is not None and radius_scale == 0.0:
        regions = [Region(material, _nowhere, ((0.0, 0.0),) * 3)]
    elif body is not None:
        narrow = narrowed(body, radius_scale)
        regions = [Region(material, partial(_inside_at, narrow, x, y), _box_at(narrow, x, y)) for x, y in images(cell)]
    if skin.mesh is None:
        return paint(mesh, tops(skin), regions)
    layers = painted(skin, mesh, whole=whole)
    return pierced(layers, paint(mesh, [("", 0.0)], regions)) if regions else layers


def _on_imported(own: Mesh, body: Body | None, cell: Layout, resolution: Resolution) -> Mesh:
    """An imported mesh, with its cells cut where the body or the resolution wants smaller ones."""
    sides = _sides(own)
    if not np.allclose(cell.extent, sides, rtol=SAME, atol=0.0):
        asked, there = (" x ".join(f"{side:g}" for side in pair) for pair in (cell.extent, sides))
        raise ValueError(
            f"array: the cell is {asked} um, must be {there} um, the mesh of the skin: change pitch or density, or "
            "give positions with this size"
        )
    smallest = resolution.smallest or (0.1 * body.width if body else np.inf)
    largest = resolution.largest or np.inf
    fitted = replace(cell, extent=sides)
    x, y = (_lateral(axis, body, fitted, smallest, largest, resolution.growth) for axis in (0, 1))
    lowest = (bounds(body)[2][1],) if body else ()
    tips = [Fine(depth, depth, resolution.tip or smallest) for depth in lowest]
    z = graded_layers([Grading(float(own.z[-1]), growth=resolution.growth)], tips)
    return replace(refined(own, x, y, z), periodic=cell.periodic)


def _sides(mesh: Mesh) -> tuple[float, float]:
    return float(mesh.x[-1]), float(mesh.y[-1])


def _lateral(axis: int, body: Body | None, cell: Layout, smallest: float, largest: float, growth: float) -> Row:
    """Edges in x (axis 0) or y (axis 1)."""
    extent = cell.extent[axis]
    if body is None:
        return uniform(extent, max(1, ceil(extent / largest - TIE)))
    low, high = bounds(body)[axis]
    fine = []
    for place in dict.fromkeys(position[axis] for position in cell.positions):
        if high - low > LONG * body.width:  # along a slit only the ends are fine
            fine += [Fine(place + end, place + end, smallest) for end in (low, high)]
        else:
            fine.append(Fine(place + low, place + high, smallest))
    return graded_around(extent, fine, largest, growth, cell.periodic[axis])


def _inside_at(body: Body, x0: float, y0: float, x: Row, y: Row, z: Row) -> NDArray[np.bool_]:
    return inside(body, x - x0, y - y0, z)


def _nowhere(x: Row, y: Row, z: Row) -> NDArray[np.bool_]:
    return np.zeros(x.shape, dtype=bool)


def _box_at(body: Body, x: float, y: float) -> Box:
    (x0, x1), (y0, y1), depths = bounds(body)
    return (x0 + x, x1 + x), (y0 + y, y1 + y), depths
