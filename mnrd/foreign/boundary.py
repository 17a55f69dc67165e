"""The surfaces between parts: the faces of a mesh that have another part, or nothing, on their other side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnrd.foreign.reading import ForeignError
from mnrd.foreign.source import Array, Block, Cells, Indices

OUTSIDE = -1
NEAR = 1e-9  # of the size of the whole: points that are nearer than this are one
FLAT = 1e-12  # of the cube of its longest side: a cell with less volume has none
SHOWN = 3  # places in an error

# faces of a cell, seen from outside in the order of the corners that makes their normal point out
FACES = {
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
    "hexahedron": ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
    "wedge": ((0, 2, 1), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "pyramid": ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
}


@dataclass(frozen=True, eq=False)
class Boundary:
    """Closed surfaces.

    Parameters
    ----------
    points : (n, 3) array, um
        x, y and depth.
    triangles : (m, 3) int array
        Their normals point from `inner` to `outer`.
    inner, outer : (m,) int arrays
        Materials on both sides, different ones; `OUTSIDE` for none.
    volumes : (materials,) array, um^3
        Exact.
    flat : int
        Cells without volume, which have been left out.
    """

    points: Array
    triangles: Indices
    inner: Indices
    outer: Indices
    volumes: Array
    flat: int = 0

    @property
    def areas(self) -> Array:
        """Area of every triangle as a vector along its normal, (m, 3), um^2."""
        a, b, c = (self.points[self.triangles[:, corner]] for corner in range(3))
        return np.asarray(0.5 * np.cross(b - a, c - a))


def boundary_of(cells: Cells, points: Array, materials: Indices) -> Boundary:
    """The surfaces between materials.

    Parameters
    ----------
    cells : Cells
    points : (n, 3) array, um
        Of the cells, in the axes of mnrd.
    materials : (tags,) int array
        Material of every tag.

    Raises
    ------
    ForeignError
        For cells that are inside out or overlap, surfaces that are not closed, and when nothing has a volume.
    """
    merged, index = _merged(points)
    blocks = [Block(kind, index[corners], materials[tags]) for kind, corners, tags in cells.blocks]
    if blocks[0].kind == "triangle":
        triangles, inner = _of_surfaces(merged, blocks)
        outer, flat = np.full_like(inner, OUTSIDE), 0
    else:
        triangles, inner, flat = _of_cells(merged, blocks)
        triangles, inner, outer = _without_shared(merged, triangles, inner)
    volumes = _volumes(merged, triangles, inner, outer, materials)
    if volumes.max() <= FLAT * np.ptp(merged, axis=0).max() ** 3:
        raise ForeignError("all cells or surfaces are flat, at least one must have a volume")
    return Boundary(merged, triangles, inner, outer, volumes, flat)


def _merged(points: Array) -> tuple[Array, Indices]:
    """Different points, and which of them each one is."""
    size = np.ptp(points, axis=0).max(initial=0.0) * NEAR or 1.0
    _, first, index = np.unique(np.rint(points / size), axis=0, return_index=True, return_inverse=True)
    return np.asarray(points[first]), index.reshape(-1)


def _volumes(points: Array, triangles: Indices, inner: Indices, outer: Indices, materials: Indices) -> Array:
    """Volume of every material by the divergence theorem."""
    a, b, c = (points[triangles[:, corner]] - points.mean(axis=0) for corner in range(3))
    sixth = np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
    count = int(materials.max()) + 1
    found = np.bincount(inner, sixth, count)
    inside = outer != OUTSIDE
    return np.asarray(found - np.bincount(outer[inside], sixth[inside], count), dtype=np.float64)


# --- volume meshes ------------------------------------------------------------------------------------------


def _of_cells(points: Array, blocks: list[Block]) -> tuple[Indices, Indices, int]:
    """Triangles of all cells, with their normals out, the material of each, and how many cells have no volume."""
    triangles, owners, flat = [], [], 0
    for kind, corners, own in blocks:
        signed = _signed_volumes(points, kind, corners)
        longest = np.ptp(points[corners], axis=1).max(axis=1)
        solid = np.abs(signed) > FLAT * longest**3
        flat += int((~solid).sum())
        corners, own, signed = corners[solid], own[solid], signed[solid]
        forwards = (signed > 0.0).sum() * 2 >= signed.size  # some programs number all cells the other way round
        _check_not_inside_out(points, kind, corners, signed if forwards else -signed)
        for triangle in _triangles(kind, corners):
            triangles.append(triangle if forwards else triangle[:, ::-1])
            owners.append(own)
    return np.concatenate(triangles), np.concatenate(owners), flat


def _signed_volumes(points: Array, kind: str, corners: Indices) -> Array:
    """Volumes of cells; negative where the corners go round the other way."""
    centre = points[corners].mean(axis=1)
    total = np.zeros(len(corners))
    for triangle in _triangles(kind, corners):
        a, b, c = (points[triangle[:, corner]] - centre for corner in range(3))
        total += np.einsum("ij,ij->i", a, np.cross(b, c)) / 6.0
    return total


def _triangles(kind: str, corners: Indices) -> Iterator[Indices]:
    """The faces of cells as triangles; quadrilaterals are cut from their lowest point on, the same in both cells."""
    for face in FACES[kind]:
        if len(face) == 3:
            yield corners[:, list(face)]
            continue
        a, b, c, d = corners[:, list(face)].T
        straight = (np.minimum(a, c) < np.minimum(b, d))[:, None]
        yield np.where(straight, np.stack([a, b, c], axis=1), np.stack([b, c, d], axis=1))
        yield np.where(straight, np.stack([a, c, d], axis=1), np.stack([b, d, a], axis=1))


def _check_not_inside_out(points: Array, kind: str, corners: Indices, signed: Array) -> None:
    wrong = np.flatnonzero(signed < 0.0)
    if wrong.size:
        places = "; ".join(_place(points[corners[one]].mean(axis=0)) for one in wrong[:SHOWN])
        raise ForeignError(
            f"{wrong.size} of {signed.size} cells ({kind}) are inside out, must be none: repair the mesh "
            f"(at x, y, depth in um: {places})"
        )


def _without_shared(points: Array, triangles: Indices, owners: Indices) -> tuple[Indices, Indices, Indices]:
    """Triangles without those between two cells of one material, and the materials inside and outside of them."""
    ordered = np.sort(triangles, axis=1)
    whole = (np.diff(ordered, axis=1) > 0).all(axis=1)  # not those of cells whose corners are partly one point
    triangles, owners, ordered = triangles[whole], owners[whole], ordered[whole]
    order = np.lexsort(ordered.T[::-1])
    ordered = ordered[order]
    pair = (ordered[1:] == ordered[:-1]).all(axis=1)
    _check_two_sides(points, triangles[order], pair)
    first, second = order[:-1][pair], order[1:][pair]
    outer = np.full(len(triangles), OUTSIDE)
    outer[first] = owners[second]
    kept = np.ones(len(triangles), dtype=bool)
    kept[second] = False
    kept[first] = owners[first] != owners[second]
    return triangles[kept], owners[kept], outer[kept]


def _check_two_sides(points: Array, triangles: Indices, same: NDArray[np.bool_]) -> None:
    """A face belongs to one cell, or to two on its two sides; `same` says which triangles are as the ones before."""
    turn = (triangles.argmin(axis=1)[:, None] + np.arange(3)) % 3
    turned = np.take_along_axis(triangles, turn, axis=1)
    right = turned[:, 1] < turned[:, 2]
    wrong = same & (right[1:] == right[:-1])
    wrong[1:] |= same[1:] & same[:-1]
    if wrong.any():
        _, which = np.unique(np.cumsum(~same)[wrong], return_index=True)
        faces = triangles[1:][wrong][which]
        places = "; ".join(_place(points[face].mean(axis=0)) for face in faces[:SHOWN])
        raise ForeignError(
            f"{len(faces)} faces are of cells that overlap, must be none: are cells there twice, as members of "
            f"two groups? (at x, y, depth in um: {places})"
        )


# --- surfaces -----------------------------------------------------------------------------------------------


def _of_surfaces(points: Array, blocks: list[Block]) -> tuple[Indices, Indices]:
    """Triangles of closed surfaces with their normals out, and the material inside."""
    triangles = np.concatenate([block.corners for block in blocks])
    owners = np.concatenate([block.tags for block in blocks])
    whole = (np.diff(np.sort(triangles, axis=1), axis=1) > 0).all(axis=1)
    triangles, owners = triangles[whole], owners[whole]
    for material in np.unique(owners):
        mine = owners == material
        _check_closed(points, triangles[mine])
        a, b, c = (points[triangles[mine, corner]] for corner in range(3))
        if np.einsum("ij,ij->", a, np.cross(b, c)) < 0.0:
            triangles[mine] = triangles[mine][:, ::-1]
    return triangles, owners


def _check_closed(points: Array, triangles: Indices) -> None:
    """Every edge must be run along once in each direction."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ordered = np.sort(edges, axis=1)
    known, index = np.unique(ordered, axis=0, return_inverse=True)
    balance = np.bincount(index.reshape(-1), np.where(edges[:, 0] < edges[:, 1], 1.0, -1.0), len(known))
    count = np.bincount(index.reshape(-1), minlength=len(known))
    for wrong, what in ((count % 2 == 1, "open"), (balance != 0.0, "between faces that look to different sides")):
        if wrong.any():
            places = "; ".join(_place(points[edge].mean(axis=0)) for edge in known[wrong][:SHOWN])
            raise ForeignError(
                f"the surface is not closed: {int(wrong.sum())} of {len(known)} edges are {what}, must be none: "
                f"repair it (at x, y, depth in um: {places})"
            )


def _place(point: NDArray[np.float64]) -> str:
    return ", ".join(f"{one:.4g}" for one in point)
