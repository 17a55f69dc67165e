"""From files of other programs to a mesh with volume fractions, and what became of the volumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic_core import PydanticCustomError

from mnrd.foreign.boundary import boundary_of
from mnrd.foreign.columns import bands
from mnrd.foreign.facets import facets_of, facets_of_image
from mnrd.foreign.frame import Frame
from mnrd.foreign.grid import Sizes, grid
from mnrd.foreign.materials import check_material, materials_of
from mnrd.foreign.reading import ForeignError, read
from mnrd.foreign.source import Array, Block, Cells, Tag, Voxels, counted
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.resample import resampled
from mnrd.mesh.sampling import FULL, quantise
from mnrd.units import Quantity

LOST = 1e-3  # of the box: so much may be empty or covered twice, by the triangles of curved surfaces that do not match
EVEN = Sizes()


@dataclass(frozen=True)
class Wish:
    """How something is to be imported.

    Parameters
    ----------
    table : mapping of tag to material
    unit : str
        Of length in the file; empty if it says so itself.
    up : str
        The axis of the file that points out of the skin.
    fill : str
        Material of what is empty; if left out, nothing may be.
    tags : str
        Name of the cell data, or of the array of an image, that hold the tags.
    spacing : (x, y, z), optional
        Of the voxels of an image that does not say.
    sizes : Sizes
    """

    table: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    up: str = "+z"
    fill: str = ""
    tags: str = ""
    spacing: tuple[float, float, float] | None = None
    sizes: Sizes = EVEN


@dataclass(frozen=True, eq=False)
class Imported:
    """What came of it.

    Parameters
    ----------
    mesh : Mesh
    painting : Painting
        Layers in the order of their mean depths.
    tags : dict of material to tags
    before : dict of material to float
        Exact volume in the file, um^3.
    frame : Frame
    raised : float
        Factor by which sizes of cells were raised to keep their number down; 1 if none.
    flat : int
        Cells of the file without volume.
    empty, twice : float
        Shares of the box where nothing was, and where parts overlap.
    """

    mesh: Mesh
    painting: Painting
    tags: dict[str, tuple[Tag, ...]]
    before: dict[str, float]
    frame: Frame
    raised: float
    flat: int
    empty: float
    twice: float

    @property
    def after(self) -> dict[str, float]:
        """Volume of every material on the mesh, um^3."""
        volume = self.mesh.volume
        rows = zip(self.painting.materials, self.painting.fractions, strict=True)
        return {name: float((fraction / FULL * volume).sum()) for name, fraction in rows}


@dataclass(frozen=True, eq=False)
class _Sampled:
    """Fractions of the materials and, in the last row, of nothing; `empty` and `twice` are shares of the box."""

    mesh: Mesh
    fractions: NDArray[np.uint8]
    volumes: Array
    raised: float
    empty: float
    twice: float
    flat: int = 0


def import_mesh(paths: Sequence[Path], wish: Wish) -> Imported:
    """Read files and put what they hold onto a graded rectilinear mesh.

    Raises
    ------
    ForeignError
        When something is missing in the wish, or wrong with the file.
    """
    source = read(paths, tags=wish.tags or None, spacing=wish.spacing)
    frame = Frame(wish.up, _scale(wish.unit, source.unit))
    names, index = materials_of(source.tags, source.counts.tolist(), wish.table)
    if wish.fill:
        check_material(wish.fill)
    made = _image(source, frame, index, wish) if isinstance(source, Voxels) else _cells(source, frame, index, wish)
    if made.twice > LOST:
        raise ForeignError(
            f"parts overlap in {made.twice:.2%} of the box, must be none: cut them from each other in the program that "
            "made them"
        )
    box = float(made.mesh.z[-1] * made.mesh.footprint)
    before = dict(zip(names, made.volumes.tolist(), strict=True))
    if wish.fill:
        before[wish.fill] = before.get(wish.fill, 0.0) + made.empty * box
    names, fractions = _filled(made, names, wish.fill)
    order = np.argsort([_depth(made.mesh, fraction) for fraction in fractions], kind="stable")
    tags = {
        name: tuple(tag for tag, own in zip(source.tags, index, strict=True) if own >= 0 and names[own] == name)
        for name in names
    }
    return Imported(
        made.mesh, Painting(tuple(names[one] for one in order), fractions[order]), tags, before, frame, made.raised,
        made.flat, made.empty, made.twice,
    )  # fmt: skip


def _scale(asked: str, said: str) -> float:
    """um per unit of the file."""
    if not asked and not said:
        raise ForeignError("--unit: is missing, the file does not say its unit of length; such as --unit mm")
    try:
        return Quantity("um", "1 mm").parse(f"1 {asked}" if asked else said, bare_number_allowed=False)
    except PydanticCustomError as error:
        raise ForeignError(f"--unit: got {asked or said}, {error.message()}") from None


def _depth(mesh: Mesh, fraction: NDArray[np.uint8]) -> float:
    """Mean depth of a material, um."""
    amounts = (fraction * mesh.area).sum(axis=(1, 2)) * mesh.hz
    total = amounts.sum()
    return float((amounts * mesh.zc).sum() / total) if total else np.inf


# --- unstructured meshes ----------------------------------------------------------------------------------------


def _cells(cells: Cells, frame: Frame, index: NDArray[np.int64], wish: Wish) -> _Sampled:
    kept = tuple(
        Block(block.kind, block.corners[index[block.tags] >= 0], block.tags[index[block.tags] >= 0])
        for block in cells.blocks
    )
    used = np.unique(np.concatenate([block.corners.ravel() for block in kept]))
    nowhere = np.count_nonzero(~np.isfinite(cells.points[used]).all(axis=1))
    if nowhere:
        raise ForeignError(f"{nowhere} corners of cells are at no place (nan or inf), must be none: repair the mesh")
    points = np.zeros_like(cells.points)
    points[used] = frame.placed(cells.points[used])
    boundary = boundary_of(Cells(cells.points, kept, cells.tags, cells.unit), points, index)
    mesh, raised = grid(facets_of(boundary), wish.sizes)
    materials = boundary.volumes.size
    fractions = np.zeros((materials + 1, *mesh.shape), dtype=np.uint8)
    twice = 0.0
    for rows, shares in bands(boundary, mesh, materials):
        total = shares.sum(axis=0)
        volume = mesh.volume[:, rows]
        twice += float((np.maximum(total - 1.0, 0.0) * volume).sum())
        whole = np.maximum(total, 1.0)
        parts = np.concatenate([np.maximum(shares, 0.0) / whole, np.maximum(1.0 - total, 0.0)[None]])
        fractions[:, :, rows] = quantise(parts / parts.sum(axis=0))
    box = float(mesh.z[-1] * mesh.footprint)
    empty = max(0.0, 1.0 - float(boundary.volumes.sum()) / box + twice / box)
    return _Sampled(mesh, fractions, boundary.volumes, raised, empty, twice / box, boundary.flat)


# --- images -------------------------------------------------------------------------------------------------------


def _image(image: Voxels, frame: Frame, index: NDArray[np.int64], wish: Wish) -> _Sampled:
    materials = int(index.max()) + 1
    as_row = np.where(index < 0, materials, index).astype(np.uint8)
    labels = frame.turned(as_row[image.labels])
    x, y, z = (image.spacing[axis] * frame.scale for axis in frame.axes)
    size = (x, y, z)
    counts = counted(labels, materials + 1)
    volumes = counts * np.prod(size)
    mesh, raised = grid(facets_of_image(labels, size, volumes), wish.sizes, size)
    counts_along = zip((mesh.x, mesh.y, mesh.z), labels.shape[::-1], strict=True)
    x_edges, y_edges, z_edges = (uniform(float(edges[-1]), count) for edges, count in counts_along)
    voxels = Mesh(x_edges, y_edges, z_edges)

    def shares(some: slice) -> Iterator[NDArray[np.float32]]:
        return ((labels[some] == row).astype(np.float32) for row in range(materials + 1))

    fractions = resampled(shares, materials + 1, voxels, mesh)
    return _Sampled(mesh, fractions, volumes[:materials], raised, float(counts[-1] / labels.size), 0.0)


# --- what is empty ------------------------------------------------------------------------------------------------


def _filled(made: _Sampled, names: tuple[str, ...], fill: str) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Names and fractions without the row of nothing."""
    fractions, empty = made.fractions[:-1], made.fractions[-1]
    if fill:
        if fill not in names:
            names, fractions = (*names, fill), np.concatenate([fractions, np.zeros_like(empty)[None]])
        fractions[names.index(fill)] += empty
        return names, fractions
    if made.empty > LOST:
        raise ForeignError(
            f"nothing fills {made.empty:.2%} of the box ({_where(made.mesh, empty)}): give --fill MATERIAL, or close "
            "the gap in the program that made it"
        )
    largest = np.where(empty < FULL, fractions.argmax(axis=0), -1)
    while (largest < 0).any():  # what is empty altogether is what the next cell is
        before = largest
        for axis in (0, 1, 2):
            for step in (-1, 1):
                largest = np.where(largest < 0, _neighbour(largest, axis, step), largest)
        if (largest == before).all():
            raise ForeignError("nothing fills the box")
    np.put_along_axis(
        fractions, largest[None], np.take_along_axis(fractions, largest[None], axis=0) + empty[None], axis=0
    )
    return names, fractions


def _neighbour(values: NDArray[np.int64], axis: int, step: int) -> NDArray[np.int64]:
    """The value of the next cell along an axis; that of the cell itself at the end."""
    moved = np.roll(values, step, axis)
    end = [slice(None)] * 3
    end[axis] = slice(0, 1) if step > 0 else slice(-1, None)
    moved[tuple(end)] = values[tuple(end)]
    return moved


def _where(mesh: Mesh, empty: NDArray[np.uint8]) -> str:
    """The bounds of what is empty."""
    cells = np.argwhere(empty == empty.max())
    low, high = cells.min(axis=0), cells.max(axis=0) + 1
    axes = (("x", mesh.x, 2), ("y", mesh.y, 1), ("depth", mesh.z, 0))
    spans = [f"{name} {edges[low[at]]:.4g} to {edges[high[at]]:.4g}" for name, edges, at in axes]
    return f"{', '.join(spans)} um"
