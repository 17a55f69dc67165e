"""Skin on a mesh that was made elsewhere (`mnrd mesh import`): its layers, and its painting on any finer mesh.

Where a law needs the depth of an interface, that is the mean one: the layers lie one below the other, each as thick as
its volume over the area of the skin. Ready-made channels count as the layers beside them then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh
from mnrd.mesh.resample import resampled
from mnrd.mesh.sampling import FULL
from mnrd.skin.layers import Layer, Skin
from mnrd.skin.transport import CHANNEL

DIGITS = 12  # of a thickness


@dataclass(frozen=True, eq=False)
class ImportedMesh:
    """What a file of `mnrd mesh import` holds.

    Parameters
    ----------
    mesh : Mesh
    painting : Painting
    sha256 : str
        Of the file.
    """

    mesh: Mesh
    painting: Painting
    sha256: str


def skin_of(path: Path | str) -> Skin:
    """The skin on an imported mesh.

    Returns
    -------
    Skin
        Its layers are measured: mean thickness, and the planes of cells in it.

    Raises
    ------
    ValueError
        When the file is no imported mesh, or holds nothing but channels.
    """
    found = read(str(path))
    mesh, painting = found.mesh, found.painting
    areas = {
        name: (fraction * mesh.area).sum(axis=(1, 2)) / FULL
        for name, fraction in zip(painting.materials, painting.fractions, strict=True)
        if name != CHANNEL
    }
    total = np.sum(list(areas.values()), axis=0) if areas else np.zeros(mesh.shape[0])
    if not (total > 0.0).all():
        raise ValueError(f"mesh: {path} has a plane of cells without any layer of skin, only '{CHANNEL}'")
    layers = [
        Layer(
            name=name,
            thickness=float(f"{(area / total * mesh.hz).sum():.{DIGITS}g}"),
            cells=max(1, int(np.count_nonzero(area > 0.5 * total))),
        )
        for name, area in areas.items()
    ]
    return Skin(mesh=str(path), sha256=found.sha256, layers=tuple(layers))


def read(path: str) -> ImportedMesh:
    """Read a file of `mnrd mesh import`, once as long as it stays the same; ValueError when it is none."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        raise ValueError(f"mesh: got '{path}', there is no such file") from None
    return _read(path, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=2)
def _read(path: str, state: tuple[int, int]) -> ImportedMesh:
    try:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        edges, fractions = _arrays(path)
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise ValueError(f"mesh: {path} is no imported mesh ({error}); make one with `mnrd mesh import`") from None
    mesh = Mesh(edges[0], edges[1], edges[2])
    values = np.stack([array.reshape(mesh.shape) for array in fractions.values()])
    if values.dtype != np.uint8 or (values.sum(axis=0, dtype=np.int64) != FULL).any():
        raise ValueError(f"mesh: the fractions in {path} do not sum to {FULL} in every cell, import it again")
    return ImportedMesh(mesh, Painting(tuple(fractions), values), digest)


def _arrays(path: str) -> tuple[list[NDArray[np.float64]], dict[str, NDArray[Any]]]:
    """Edges in x, y and z, and the array of every material, from the bytes of a file."""
    import pyvista

    grid = pyvista.read(path)
    if "materials" not in grid.field_data:
        raise ValueError("it has no list of materials")
    materials = [str(name) for name in grid.field_data["materials"]]
    return [np.array(axis) for axis in (grid.x, grid.y, grid.z)], {
        name: np.array(grid.cell_data[name]) for name in materials
    }


def imported_mesh(skin: Skin) -> Mesh:
    """The mesh of an imported skin.

    Raises
    ------
    ValueError
        When the file is gone, or another one than that of the case.
    """
    return _found(skin).mesh


def refined(mesh: Mesh, x: NDArray[np.float64], y: NDArray[np.float64], z: NDArray[np.float64]) -> Mesh:
    """The mesh with its cells cut into equal parts, about as large as the cells of wanted edges at their place."""
    return Mesh(_cut(mesh.x, x), _cut(mesh.y, y), _cut(mesh.z, z), mesh.periodic)


def _cut(edges: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    parts = []
    for low, high in pairwise(edges):
        first = max(int(np.searchsorted(wanted, low, side="right")) - 1, 0)
        last = max(int(np.searchsorted(wanted, high)), first + 1)
        size = np.diff(wanted[first : last + 1]).min()
        count = max(1, int(np.ceil((high - low) / size - 0.5)))
        parts.append(np.linspace(low, high, count + 1)[:-1])
    return np.append(np.concatenate(parts), edges[-1])


def painted(skin: Skin, mesh: Mesh, *, whole: bool) -> Painting:
    """The layers of an imported skin on another mesh of the same box.

    Parameters
    ----------
    skin : Skin
    mesh : Mesh
    whole : bool
        Make every cell one of the material that it has most of.

    Returns
    -------
    Painting
        Not to be written to.
    """
    found = _found(skin)
    return _painted(found, *(axis.tobytes() for axis in (mesh.x, mesh.y, mesh.z)), whole=whole)


def has_channels(skin: Skin) -> bool:
    """Whether a skin comes with channels of its own."""
    return skin.mesh is not None and CHANNEL in _found(skin).painting.materials


@lru_cache(maxsize=1)
def _painted(found: ImportedMesh, x: bytes, y: bytes, z: bytes, *, whole: bool) -> Painting:
    mesh = Mesh(np.frombuffer(x), np.frombuffer(y), np.frombuffer(z))

    def rows(planes: slice) -> Iterator[NDArray[np.float64]]:
        return (fraction[planes] / float(FULL) for fraction in found.painting.fractions)

    fractions = resampled(rows, len(found.painting.materials), found.mesh, mesh)
    if whole:
        most = fractions.argmax(axis=0)
        for row, fraction in enumerate(fractions):
            fraction[...] = np.where(most == row, FULL, 0)
    fractions.flags.writeable = False
    return Painting(found.painting.materials, fractions)


def _found(skin: Skin) -> ImportedMesh:
    """The file of a skin; ValueError when it is another one than that of the case."""
    found = read(skin.mesh or "")
    if skin.sha256 is not None and found.sha256 != skin.sha256:
        raise ValueError(
            f"sha256: got {skin.sha256[:12]}..., {skin.mesh} has {found.sha256[:12]}...: it is another file than the "
            "one that the case was made with"
        )
    return found
