"""The mesh of a case as it is before a run, with its holes or needles painted, and how well it resolves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot

import numpy as np

from mnrd.case.case import Case
from mnrd.case.errors import CaseError
from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Array, Mesh
from mnrd.skin.channels import hole
from mnrd.skin.layout import Layout
from mnrd.skin.scene import Scene
from mnrd.skin.shapes import Body, Shape, bounds, volume
from mnrd.skin.transport import CHANNEL, COATING, NEEDLE, VEHICLE


@dataclass(frozen=True, eq=False)
class Pierced:
    """The mesh with everything that is in the skin at time 0.

    Parameters
    ----------
    mesh : Mesh
    painting : Painting
        Layers, and the bodies in them. For healing alone, which paints no channel, the hole that it makes.
    body : Body or None
        What stands at each position.
    name : str
        What it is, or what the channels of a mesh from elsewhere are: channel, needle, hole or wound.
    layout : Layout or None
        Where; None for a plain box.
    surface : float
        z of the skin surface, um: the depth of a meshed vehicle.
    mirrored : bool
        Whether this is a quarter of what pictures show.
    """

    mesh: Mesh
    painting: Painting
    body: Body | None
    name: str
    layout: Layout | None
    surface: float
    mirrored: bool

    @property
    def layers(self) -> tuple[str, ...]:
        """Materials that are no body, those of the skin and a vehicle, from the top down."""
        found = [name for name in self.painting.materials if name not in (CHANNEL, COATING, NEEDLE)]
        return tuple(sorted(found, key=lambda name: name != VEHICLE))

    def share(self, *cells: int | slice) -> Array:
        """Volume fraction of the bodies in some of the cells, as (nz, ny, nx) is indexed."""
        others = [row for row, name in enumerate(self.painting.materials) if name not in self.layers]
        return np.asarray(self.painting.fractions[others, *cells].sum(axis=0) / 255.0)

    @cached_property
    def lengths(self) -> Array:
        """How much of the bodies is in each column of cells, (ny, nx), um."""
        found = np.zeros(self.mesh.shape[1:])
        for plane, height in enumerate(self.mesh.hz):  # so that nothing as large as a field is made
            found += height * self.share(plane)
        return found

    @property
    def volumes(self) -> tuple[float, float]:
        """Of all bodies in the mesh as they are painted, and exactly, um^3; nan where it is not known, as of a mesh
        from elsewhere."""
        painted = float((self.lengths * self.mesh.area).sum())
        if self.body is None or self.layout is None:
            return painted, np.nan if painted else 0.0
        return painted, np.nan if callable(self.body.shape) else self.layout.needles * volume(self.body)

    @property
    def axis(self) -> tuple[float, float, float]:
        """Where the body nearest to the middle goes into the skin, and z of its lower end, um.

        In a quarter cell the middle is where the mirrors meet. Of the channels of a mesh from elsewhere, the longest
        column of cells; without any the middle and the surface.
        """
        x, y = self.mesh.x, self.mesh.y
        ends = (0, 0) if self.mirrored else (0, -1)
        middle = 0.5 * float(x[list(ends)].sum()), 0.5 * float(y[list(ends)].sum())
        if self.body is not None and self.layout is not None:
            place = min(self.layout.positions, key=lambda at: hypot(at[0] - middle[0], at[1] - middle[1]))
            return *place, self.surface + self.body.depth
        if not self.lengths.any():
            return *middle, self.surface
        row, column = divmod(int(self.lengths.argmax()), self.lengths.shape[1])
        within = np.flatnonzero(self.share(slice(None), row, column) > 0.0)
        return float(self.mesh.xc[column]), float(self.mesh.yc[row]), float(self.mesh.z[within[-1] + 1])

    @property
    def depth(self) -> float:
        """Depth of the lowest point of the bodies below the skin surface, um; 0 for none."""
        return self.axis[2] - self.surface if self.body is None else bounds(self.body)[2][1]


def pierced(case: Case) -> Pierced:
    """The mesh of a case, with what is in the skin at time 0; CaseError when the sections do not fit."""
    if case.skin is None:
        problem, _ = case.problem()
        return Pierced(problem.mesh, problem.painting, None, "", None, 0.0, case.mirrored)
    try:
        scene, name = _with_hole(case, case.scenario().scene())
    except ValueError as error:
        raise CaseError([str(error)]) from None
    painting = scene.painting(needles=scene.begins_with_needles)
    body = scene.needle or scene.channel
    return Pierced(scene.mesh, painting, body, name, scene.cell, scene.depth_of_skin, case.mirrored)


def _with_hole(case: Case, scene: Scene) -> tuple[Scene, str]:
    """The scene with a body where the healing model, which paints none, makes a hole; and what the body is."""
    wound = None if case.healing is None else case.healing.wound
    if wound is not None:
        kind: Shape = "cylinder" if wound.round else "slit"
        depth = wound.depth or scene.skin.thickness
        body = Body(kind, wound.width, depth, tip=wound.width, breadth=2.0 * scene.cell.extent[1])
        corner = replace(scene.cell, positions=((0.0, 0.0),), needles=0.25)
        return replace(scene, channel=body, cell=corner), "wound"
    if case.healing is not None and case.array is not None and not case.actives:
        body = hole(case.healing.hole(case.needle, case.channel), case.needle)
        return replace(scene, channel=body), "hole"
    return scene, NEEDLE if scene.begins_with_needles else CHANNEL


@dataclass(frozen=True)
class Stratum:
    """How a layer is divided.

    Parameters
    ----------
    name : str
    planes : (int, int)
        Least and most cells that lie one above the other in it, apart from the bodies.
    cells : int
        In which it has the largest share.
    heights : (float, float)
        Smallest and largest height of them, um.
    volume : float
        um^3.
    """

    name: str
    planes: tuple[int, int]
    cells: int
    heights: tuple[float, float]
    volume: float


def strata(what: Pierced) -> list[Stratum]:
    """How every layer is divided, from the top down; those without cells of their own are left out."""
    fractions, hz = what.painting.fractions, what.mesh.hz
    free = what.lengths == 0.0
    free |= not free.any()
    counts = np.zeros((len(fractions), *free.shape), np.int32)
    there = np.zeros((len(fractions), hz.size), bool)
    volumes = np.zeros(len(fractions))
    for plane, height in enumerate(hz):
        largest = fractions[:, plane].argmax(axis=0) == np.arange(len(fractions))[:, None, None]
        counts += largest
        there[:, plane] = largest.any(axis=(1, 2))
        volumes += height * np.tensordot(fractions[:, plane] / 255.0, what.mesh.area, axes=2)
    found = []
    for name in what.layers:
        row = what.painting.materials.index(name)
        if there[row].any():
            heights, planes = hz[there[row]], counts[row][free]
            found.append(
                Stratum(
                    name,
                    (int(planes.min()), int(planes.max())),
                    int(counts[row].sum()),
                    (float(heights.min()), float(heights.max())),
                    float(volumes[row]),
                )
            )
    return found


def growth(edges: Array) -> float:
    """Largest ratio of the sizes of neighbouring cells along one axis; 1 for equal cells."""
    sizes = np.diff(edges)
    ratios = sizes[1:] / sizes[:-1]
    return float(np.maximum(ratios, 1.0 / ratios).max(initial=1.0))
