"""Segmented images: VTI, MetaImage and NIfTI by VTK, NRRD and pages of TIFF by ourselves.

VTK takes the first axis of some NRRD files for components and turns the rows of TIFF upside down.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import NDArray

from mnrd.foreign.source import Tag, Voxels

TIFF = (".tif", ".tiff")
NRRD = (".nrrd", ".nhdr")
IMAGES = (".vti", ".mha", ".mhd", ".nii", ".nii.gz", *NRRD, *TIFF)
MOST = 255  # labels

_TYPES = {
    "int8": "i1", "signed char": "i1", "int8_t": "i1", "uint8": "u1", "uchar": "u1", "unsigned char": "u1",
    "uint8_t": "u1", "int16": "i2", "short": "i2", "int16_t": "i2", "uint16": "u2", "ushort": "u2",
    "unsigned short": "u2", "uint16_t": "u2", "int32": "i4", "int": "i4", "int32_t": "i4", "uint32": "u4",
    "uint": "u4", "unsigned int": "u4", "uint32_t": "u4",
}  # fmt: skip

_Size = tuple[float, float, float]


def read_image(paths: Sequence[Path], name: str | None, spacing: Sequence[float] | None) -> Voxels:
    """Read a segmented image.

    Parameters
    ----------
    paths : sequence of Path
        One file, or the pages of a TIFF stack in their order.
    name : str, optional
        Of the array with the labels, where the file has several.
    spacing : (x, y, z), optional
        Size of a voxel; must be given where the file does not say, and takes the place of what it says.

    Raises
    ------
    OSError, ValueError
        When it cannot be read, or is no image of whole numbers in three dimensions.
    """
    suffix = paths[0].suffix.lower()
    if len(paths) > 1 and any(path.suffix.lower() not in TIFF for path in paths):
        raise ValueError("got several files, only pages of TIFF can be several")
    origin, unit = (0.0, 0.0, 0.0), ""
    found: Sequence[float] | None = None
    if suffix in TIFF:
        values = np.concatenate([_tiff(path) for path in paths])
    elif suffix in NRRD:
        values, found, origin, unit = _nrrd(paths[0])
    else:
        values, found, origin = _by_vtk(paths[0], name)
    size = spacing or found
    if size is None:
        raise ValueError("the file does not say how large a voxel is: give --spacing X Y Z")
    if not all(0.0 < one < np.inf for one in size):
        raise ValueError(f"got a spacing of {' '.join(f'{one:g}' for one in size)}, must be > 0")
    return _labelled(values, (size[0], size[1], size[2]), origin, unit)


def _labelled(values: NDArray[np.integer], size: _Size, origin: _Size, unit: str) -> Voxels:
    """Values as indices of tags."""
    if not np.issubdtype(values.dtype, np.integer):
        if not (values == np.rint(values)).all():
            raise ValueError("the values are no whole numbers: segment the image first")
        values = values.astype(np.int64)
    known = np.unique(np.concatenate([np.unique(plane) for plane in values]))  # plane by plane, to need little memory
    if known.size > MOST:
        raise ValueError(f"got {known.size} different values, at most {MOST} can be labels: segment the image first")
    tags = tuple(Tag(int(one)) for one in known)
    labels = np.stack([np.searchsorted(known, plane).astype(np.uint8) for plane in values])
    return Voxels(labels, size, origin, tags, unit)


def _tiff(path: Path) -> NDArray[np.integer]:
    """Pages, rows from the top, columns."""
    from PIL import Image, ImageSequence

    with Image.open(path) as image:
        pages = [np.asarray(page) for page in ImageSequence.Iterator(image)]
    if any(page.ndim != 2 or page.shape != pages[0].shape for page in pages):
        raise ValueError("the pages must be grey and of one size")
    return np.stack(pages)


def read_by_vtk(path: Path) -> Any:
    """What VTK reads; ValueError when it finds errors in the file, for it goes on with what it has."""
    import pyvista

    with catch_warnings():
        filterwarnings("error", message="(?s).* raised an error while reading")
        try:
            return pyvista.read(path)
        except UserWarning:
            raise ValueError("VTK finds errors in it: damaged?") from None


def _by_vtk(path: Path, name: str | None) -> tuple[NDArray[np.integer], _Size, _Size]:
    image = read_by_vtk(path)
    if not np.allclose(image.direction_matrix, np.eye(3)):
        raise ValueError("its axes are turned: resample it along x, y and z first")
    data, counts = image.cell_data, tuple(max(count - 1, 1) for count in image.dimensions)
    origin = np.array(image.origin)
    if not (name in data if name else len(data)):  # values at points are those of voxels around them
        data, counts = image.point_data, image.dimensions
        origin = origin - 0.5 * np.array(image.spacing)
    names = [name] if name else list(data)
    if len(names) != 1 or names[0] not in data:
        there = ", ".join([*image.cell_data, *image.point_data]) or "none"
        raise ValueError(f"say which array holds the labels (--tags): it has {there}")
    values = np.asarray(data[names[0]])
    if values.ndim != 1:
        raise ValueError(f"'{names[0]}' has {values.shape[1]} components, must have one")
    return values.reshape(counts[::-1]), image.spacing, (float(origin[0]), float(origin[1]), float(origin[2]))


# --- NRRD (https://teem.sourceforge.net/nrrd/format.html) -----------------------------------------------------


def _nrrd(path: Path) -> tuple[NDArray[np.integer], _Size | None, _Size, str]:
    """Values, spacing if the file says, the lower corner, and unit."""
    raw = path.read_bytes()
    head, _, body = raw.partition(b"\n\n") if b"\n\n" in raw else raw.partition(b"\r\n\r\n")
    keys = _keys(head.decode("ascii", "replace"))
    if "data file" in keys or "datafile" in keys:
        body = (path.parent / (keys.get("data file") or keys["datafile"])).read_bytes()
    encoding = keys.get("encoding", "raw").lower()
    if encoding not in ("raw", "gzip", "gz"):
        raise ValueError(f"encoding: got {encoding}, must be raw or gzip")
    sizes = [int(count) for count in keys["sizes"].split()]
    kind = _TYPES.get(keys["type"].lower())
    if len(sizes) != 3 or min(sizes) < 1 or kind is None:
        raise ValueError(f"got type {keys['type']} and sizes {keys['sizes']}, must be whole numbers in 3 dimensions")
    order = ">" if keys.get("endian", "little") == "big" else "<"
    values = np.frombuffer(gzip.decompress(body) if encoding != "raw" else body, dtype=order + kind)
    count = sizes[0] * sizes[1] * sizes[2]
    if values.size < count:
        raise ValueError(f"got {values.size} values, must be {count}")
    spacing = _spacing(keys)
    centre = _numbers(keys.get("space origin", "")) or [0.0, 0.0, 0.0]
    shift = (0.0, 0.0, 0.0) if spacing is None else spacing  # the origin is the centre of the first voxel
    corner = tuple(at - 0.5 * size for at, size in zip(centre, shift, strict=True))
    units = set(re.findall(r'"([^"]*)"', keys.get("space units", "")))
    unit = f"1 {units.pop()}" if len(units) == 1 else ""
    return values[:count].reshape(sizes[::-1]), spacing, (corner[0], corner[1], corner[2]), unit


def _keys(head: str) -> dict[str, str]:
    """The entries of a header, with all that must be there and nothing that would change how the values are read."""
    if not head.startswith("NRRD"):
        raise ValueError("it does not begin as NRRD does")
    entries = [line.partition(":") for line in head.splitlines()[1:] if not line.startswith("#") and ":" in line]
    keys = {key.strip().lower(): value.strip() for key, _, value in entries}
    missing = [key for key in ("type", "sizes") if key not in keys]
    if missing:
        raise ValueError(f"its header has no {' and no '.join(missing)}")
    for key in ("line skip", "lineskip", "byte skip", "byteskip"):
        if keys.get(key, "0") != "0":
            raise ValueError(f"{key}: got {keys[key]}, must be 0 or left out: save it again without")
    return keys


def _spacing(keys: dict[str, str]) -> _Size | None:
    """Size of a voxel along the three axes, if the header says."""
    if "space directions" in keys:
        matrix = np.array(_numbers(keys["space directions"])).reshape(3, 3)
        if np.count_nonzero(matrix - np.diag(np.diag(matrix))) or (np.diag(matrix) <= 0.0).any():
            raise ValueError("its axes are turned: resample it along x, y and z first")
        return float(matrix[0, 0]), float(matrix[1, 1]), float(matrix[2, 2])
    found = _numbers(keys.get("spacings", ""))
    return (found[0], found[1], found[2]) if len(found) == 3 and np.isfinite(found).all() else None


def _numbers(text: str) -> list[float]:
    return [float(part) for part in re.split(r"[\s,()]+", text) if part and part.lower() not in ("none", "nan")]
