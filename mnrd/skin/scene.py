"""The scene: skin, needles or channels and vehicle on one mesh, painted as they are at any moment of the treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh
from mnrd.skin.arrays import Array
from mnrd.skin.channels import Channel, hole
from mnrd.skin.donor import Donor
from mnrd.skin.filling import Stay
from mnrd.skin.geometry import Resolution, make_mesh, paint_skin, placed
from mnrd.skin.geometry import intact as unneedled
from mnrd.skin.imported import has_channels
from mnrd.skin.layers import Skin
from mnrd.skin.layout import Layout, everywhere
from mnrd.skin.needles import Needle, inserted
from mnrd.skin.shapes import Body, narrowed
from mnrd.skin.transport import CHANNEL, COATING, NEEDLE, VEHICLE, Tissue

VEHICLE_CELLS = 12
RADII = 20  # of a shrinking cone
COLUMN = 100.0  # um, side of a piece of intact skin
DOSED_CELLS = 32  # across intact skin with a dosed area


@dataclass(frozen=True, eq=False)
class Scene:
    """What is where.

    Parameters
    ----------
    skin : Skin
        The layers that are meshed: without the stratum corneum where it is a membrane.
    cell : Layout
    mesh : Mesh
        Of the skin, with a meshed vehicle on top.
    needle : Body or None
        What stands at each position at time 0 if needles stay in the skin, unless they dissolve.
    channel : Body or None
        What stands there without needle: the hole, or all of a dissolving needle.
    coating : float
        Thickness of the coating, um; 0 for none.
    vehicle : int
        Planes of cells that belong to a meshed vehicle.
    whole : bool
        Whether every cell of an imported skin is of one layer.
    """

    skin: Skin
    cell: Layout
    mesh: Mesh
    needle: Body | None = None
    channel: Body | None = None
    coating: float = 0.0
    vehicle: int = 0
    whole: bool = False

    @property
    def materials(self) -> tuple[str, ...]:
        """Everything that is painted at some moment, in the order of all paintings."""
        found = list(self.skin.names)
        if self.channel is not None or has_channels(self.skin):
            found.append(CHANNEL)
        if self.coating:
            found.append(COATING)
        if self.needle is not None:
            found.append(NEEDLE)
        return (*found, VEHICLE) if self.vehicle else tuple(found)

    @property
    def tissues(self) -> tuple[Tissue, ...]:
        """The layers with their depths on the mesh."""
        edges = list(accumulate((layer.thickness for layer in self.skin.layers), initial=self.depth_of_skin))
        return tuple(
            Tissue(layer.name, kind_of(layer.name), top, base)
            for layer, top, base in zip(self.skin.layers, edges[:-1], edges[1:], strict=True)
        )

    @property
    def depth_of_skin(self) -> float:
        """z of the skin surface: the depth of a meshed vehicle, um."""
        return float(self.mesh.z[self.vehicle])

    @property
    def begins_with_needles(self) -> bool:
        """Whether needles are in the skin at time 0."""
        return self.needle is not None

    def painting(self, *, needles: bool, radius: float = 1.0) -> Painting:
        """The painting at some moment.

        Parameters
        ----------
        needles : bool
            Whether needles are in the skin.
        radius : float
            Radius of the channels relative to that at first; 0 when they have closed.

        Returns
        -------
        Painting
            With all `materials`, those that are absent with fraction 0.
        """
        body = self.needle if needles else self.channel
        if body is not None and not needles:
            body = narrowed(body, radius) if radius > 0.0 else None
        core = NEEDLE if needles else CHANNEL
        painted = self._painted(body, core)
        if self.coating and body is not None and radius == 1.0:
            painted = _coated(self._painted(body, COATING), self._painted(_core(body, self.coating), core), core)
        return self._arranged(painted)

    def relative_radius(self) -> NDArray[np.float64]:
        """Distance from the axis of the needle over its radius, 0 to 1, (nz, ny, nx); 1 outside."""
        body = self.needle or self.channel
        if body is None:
            return np.ones(self.mesh.shape)
        scales = (np.arange(RADII) + 0.5) / RADII
        inner = sum(self._arranged(self._painted(narrowed(body, s), CHANNEL)).fraction(CHANNEL) for s in scales)
        return np.asarray(1.0 - inner / RADII)

    def _painted(self, body: Body | None, material: str) -> Painting:
        return paint_skin(self._skin_mesh, self.skin, body, self.cell, material, whole=self.whole)

    @property
    def _skin_mesh(self) -> Mesh:
        if not self.vehicle:
            return self.mesh
        return replace(self.mesh, z=self.mesh.z[self.vehicle :] - self.depth_of_skin)

    def _arranged(self, painting: Painting) -> Painting:
        """Rows in the order of `materials`, with the planes of the vehicle on top."""
        if painting.materials == self.materials and not self.vehicle:
            return painting
        nz, ny, nx = painting.fractions.shape[1:]
        fractions = np.zeros((len(self.materials), nz + self.vehicle, ny, nx), dtype=np.uint8)
        for name, fraction in zip(painting.materials, painting.fractions, strict=True):
            fractions[self.materials.index(name), self.vehicle :] = fraction
        if self.vehicle:
            fractions[self.materials.index(VEHICLE), : self.vehicle] = 255
        return Painting(self.materials, fractions)


def make_scene(
    skin: Skin,
    *,
    array: Array | None = None,
    needle: Needle | None = None,
    channel: Channel | None = None,
    stay: Stay | None = None,
    donor: Donor | None = None,
    resolution: Resolution | None = None,
    extent: tuple[float, float] | None = None,
    membrane: bool = False,
    coating: float = 0.0,
    moves: Sequence[tuple[float, float]] = (),
    whole: bool = False,
) -> Scene:
    """Lay out needles, channels and vehicle and make the mesh.

    Parameters
    ----------
    skin : Skin
    array : Array, optional
        None: intact skin.
    needle : Needle, optional
    channel : Channel, optional
        What is not given follows from the needle.
    stay : Stay, optional
        Needles are in the skin at time 0; without it they have been taken out at once.
    donor : Donor, optional
        A meshed one is added on top.
    resolution : Resolution, optional
    extent : (float, float), optional
        Width and height of intact skin, um.
    membrane : bool
        Leave the stratum corneum out of the mesh; it becomes a resistance.
    coating : float
        Thickness of the coating, um; 0 for none.
    moves : sequence of (float, float), um
        Of all needles at later times: the mesh is fine there too.
    whole : bool
        Make every cell of an imported skin one of the layer that it has most of.

    Raises
    ------
    ValueError
        When needles overlap, go through the skin, or sizes are missing; when there is no stratum corneum to replace.
    """
    resolution = resolution or Resolution()
    if membrane:
        skin, removed = _without_stratum_corneum(skin)
    else:
        removed = 0.0
    if array is None:
        cell = unneedled(skin) if skin.mesh is not None else Layout(extent or (COLUMN, COLUMN), (), (False, False), 0.0)
        if donor is not None and donor.area is not None and resolution.largest is None:
            resolution = resolution.model_copy(update={"largest": min(cell.extent) / DOSED_CELLS})
        return _with_vehicle(Scene(skin, cell, make_mesh(skin, None, cell, resolution), whole=whole), donor)
    in_skin = None if stay is None or needle is None else _cut(inserted(needle), removed)
    if stay is not None and stay.material == "dissolving":  # it is the channel from the start
        in_skin, left = None, in_skin
    else:
        left = _cut(hole(channel or Channel(), needle), removed)
    body = in_skin or left
    if body is None:
        raise ValueError("needle: must be given for needles that stay")
    if coating:
        _core(body, coating)
    cell = placed(skin, body, array)
    mesh = make_mesh(skin, left or body, everywhere(cell, moves), resolution)
    return _with_vehicle(Scene(skin, cell, mesh, in_skin, left, coating, whole=whole), donor)


def intact(scene: Scene, *, lateral: bool) -> Scene:
    """The same piece of skin without needles.

    Parameters
    ----------
    scene : Scene
    lateral : bool
        Whether something but needles varies along x and y; otherwise one column of cells is enough.
    """
    mesh = scene.mesh
    if not lateral:
        mesh = Mesh(mesh.x[[0, -1]], mesh.y[[0, -1]], mesh.z, mesh.periodic)
    cell = replace(scene.cell, positions=(), needles=0.0)
    return Scene(scene.skin, cell, mesh, vehicle=scene.vehicle, whole=scene.whole)


def unpierced(scene: Scene) -> Scene:
    """The scene, on the same mesh, with nothing painted but layers; where the needles stand is still known."""
    return replace(scene, needle=None, channel=None, coating=0.0)


def kind_of(layer: str) -> str:
    """What the laws take a layer for: 'stratum corneum', 'epidermis', 'junction', 'dermis' or 'other'."""
    name = layer.lower()
    if "corneum" in name:
        return "stratum corneum"
    return next((kind for kind in ("junction", "epidermis", "dermis") if kind in name), "other")


def _without_stratum_corneum(skin: Skin) -> tuple[Skin, float]:
    if skin.mesh is not None:
        raise ValueError("laws.membrane: is not possible on an imported mesh, where the stratum corneum is not flat")
    first, *rest = skin.layers
    if kind_of(first.name) != "stratum corneum" or not rest:
        raise ValueError("laws.membrane: needs a stratum corneum on top of another layer")
    if first.ridges is not None:
        raise ValueError("laws.membrane: needs a flat stratum corneum, leave its ridges out")
    return Skin(layers=tuple(rest)), first.thickness


def _cut(body: Body, removed: float) -> Body:
    """The part of a body below a depth, seen from there."""
    if removed == 0.0:
        return body
    if removed >= body.depth:
        raise ValueError(f"channel.depth: got {body.depth:g} um, must be > {removed:g} um, the stratum corneum")
    share = removed / body.depth
    return replace(body, width=body.width + (body.tip - body.width) * share, depth=body.depth - removed)


def _with_vehicle(scene: Scene, donor: Donor | None) -> Scene:
    if donor is None or not donor.meshed or donor.depth is None:
        return scene
    above = uniform(donor.depth, VEHICLE_CELLS)
    mesh = replace(scene.mesh, z=np.concatenate([above, donor.depth + scene.mesh.z[1:]]))
    return replace(scene, mesh=mesh, vehicle=VEHICLE_CELLS)


def _core(body: Body, coating: float) -> Body:
    """A body without its coating."""
    width, depth = body.width - 2.0 * coating, body.depth - coating
    if width <= 0.0 or depth <= 0.0:
        raise ValueError(f"load.coating_thickness: got {coating:g} um, the needle has a width of {body.width:g} um")
    return replace(body, width=width, tip=max(0.0, body.tip - 2.0 * coating), depth=depth)


def _coated(whole: Painting, core: Painting, material: str) -> Painting:
    """A painting of coated bodies: the core within the whole, the rest of it coating."""
    row = whole.materials.index(COATING)
    fractions = whole.fractions.copy()
    inner = np.minimum(core.fractions[core.materials.index(material)], fractions[row])
    fractions[row] -= inner
    return Painting((*whole.materials, material), np.concatenate([fractions, inner[None]]))
