"""What a file of another program holds: cells or voxels, each with a tag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class Tag(NamedTuple):
    """What a file calls a part of it.

    Parameters
    ----------
    number : int or None
    name : str
        Of the physical group, block or file; empty if the file knows numbers alone.
    """

    number: int | None
    name: str = ""

    def __str__(self) -> str:
        number = "" if self.number is None else str(self.number)
        return f"{number} ({self.name})" if number and self.name else self.name or number


class Block(NamedTuple):
    """Cells of one kind.

    Parameters
    ----------
    kind : str
        ``tetra``, ``hexahedron``, ``wedge``, ``pyramid``, or ``triangle`` of a closed surface.
    corners : (n, corners) int array
        Indices of points, in the order of VTK.
    tags : (n,) int array
        Indices into the tags of the file.
    """

    kind: str
    corners: Indices
    tags: Indices


@dataclass(frozen=True, eq=False)
class Cells:
    """An unstructured mesh, or closed surfaces, as the file has it.

    Parameters
    ----------
    points : (n, 3) array
        In the unit and the axes of the file.
    blocks : tuple of Block
        All volumes, or all triangles of surfaces.
    tags : tuple of Tag
    unit : str
        Of length, as a quantity such as ``1 mm``; empty if the file does not say.
    """

    points: Array
    blocks: tuple[Block, ...]
    tags: tuple[Tag, ...]
    unit: str = ""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Cells of every tag."""
        return np.bincount(np.concatenate([block.tags for block in self.blocks]), minlength=len(self.tags))


@dataclass(frozen=True, eq=False)
class Voxels:
    """A segmented image as the file has it.

    Parameters
    ----------
    labels : (nz, ny, nx) int array
        Indices into the tags, x of the file fastest.
    spacing, origin : (float, float, float)
        Of the voxels along x, y and z, in the unit of the file; the origin is a corner of the first one.
    tags : tuple of Tag
    unit : str
        Of length, as a quantity such as ``1 mm``; empty if the file does not say.
    """

    labels: NDArray[np.uint8]
    spacing: tuple[float, float, float]
    origin: tuple[float, float, float]
    tags: tuple[Tag, ...]
    unit: str = ""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Voxels of every tag."""
        return counted(self.labels, len(self.tags))


def counted(labels: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """How often each of the first whole numbers is in an image; plane by plane, to need little memory."""
    return np.sum([np.bincount(plane.ravel(), minlength=count) for plane in labels], axis=0, dtype=np.int64)


def joined(parts: Sequence[Cells]) -> Cells:
    """Several meshes as one; equal tags are one tag."""
    tags = tuple(dict.fromkeys(tag for part in parts for tag in part.tags))
    points, blocks = [], []
    before = 0
    for part in parts:
        index = np.array([tags.index(tag) for tag in part.tags], dtype=np.int64)
        blocks += [Block(kind, corners + before, index[own]) for kind, corners, own in part.blocks]
        points.append(part.points)
        before += len(part.points)
    return Cells(np.concatenate(points), tuple(blocks), tags, parts[0].unit)
