"""Surface of the skin block that is cut open along a row of needles, for a scene that people turn around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.output.picture import HALF
from mnrd.pictures.cut import Cut, cut_of
from mnrd.pictures.surface import Single, at_nodes
from mnrd.pictures.view import View
from mnrd.results.run import Run
from mnrd.results.snapshot import Snapshot

Array = NDArray[np.float64]

MOST_LINES = {"x": 72, "y": 40, "z": 64}  # of the mesh that are kept along each axis


@dataclass(frozen=True)
class Block:
    """The skin at and behind the cut, without what is channel.

    Parameters
    ----------
    cut : Cut
    kept : (k, j, i) arrays of int
        Which of the nodes behind the cut are kept, along z, y and x.
    points : (n, 3) array
        Of the surface: x, y and depth, um.
    triangles : (m, 3) int array
        Indices of points.
    lines : list of (p, 3) array
        Borders of layers and channels on the cut.
    layers : list of (name, depth)
        Where to write the names of the layers, um.
    """

    cut: Cut
    kept: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
    points: Array
    triangles: NDArray[np.int64]
    lines: list[Array]
    layers: list[tuple[str, float]]

    @property
    def axes(self) -> tuple[Array, Array, Array]:
        """Places of the kept nodes along x, y and z, um."""
        return _axes(self.cut, self.kept)

    @property
    def coarser(self) -> bool:
        """Whether lines of the mesh were left out."""
        return [one.size for one in self.kept] != [self.cut.z.size, self.cut.y.size - self.cut.row, self.cut.x.size]


def block_of(run: Run) -> Block:
    """The block of a run, with the channels as the first file shows them that has any."""
    snapshot = next((one for one in map(run.snapshot, run.times) if one.channel.any()), run.snapshot())
    cut = cut_of(run, snapshot, View())
    depth, back, width = cut.z.size, cut.y.size - cut.row, cut.x.size
    kept = _spread(depth, MOST_LINES["z"]), _spread(back, MOST_LINES["y"]), _spread(width, MOST_LINES["x"])
    channel = cut.behind(cut.nodes(snapshot.channel))[np.ix_(*kept)]
    points, triangles = surface_around(*_axes(cut, kept), channel)
    return Block(cut, kept, points, triangles, list(_lines(cut, snapshot)), list(_names(cut, snapshot)))


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """At most so many of the numbers below `count`, evenly, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def _axes(cut: Cut, kept: tuple[NDArray[np.intp], ...]) -> tuple[Array, Array, Array]:
    return cut.x[kept[2]], cut.y[cut.row :][kept[1]], cut.z[kept[0]]


def surface_around(x: Array, y: Array, z: Array, channel: Single) -> tuple[Array, NDArray[np.int64]]:
    """Surface of what is less than half channel.

    Parameters
    ----------
    x, y, z : array
        Places of nodes, um.
    channel : (z, y, x) array
        Share of channel at the nodes.

    Returns
    -------
    points : (n, 3) array
        x, y and depth, um.
    triangles : (m, 3) int array
        Indices of points; together they are closed.
    """
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkFiltersCore import vtkTriangleFilter
    from vtkmodules.vtkFiltersGeneral import vtkClipDataSet
    from vtkmodules.vtkFiltersGeometry import vtkDataSetSurfaceFilter

    clip = vtkClipDataSet()
    clip.SetInputData(_grid(x, y, z, channel))
    clip.SetValue(HALF)
    clip.InsideOutOn()
    surface, triangles = vtkDataSetSurfaceFilter(), vtkTriangleFilter()
    surface.SetInputConnection(clip.GetOutputPort())
    triangles.SetInputConnection(surface.GetOutputPort())
    triangles.Update()
    found = triangles.GetOutput()
    cells = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int64)
    return vtk_to_numpy(found.GetPoints().GetData()).astype(np.float64), cells


def _grid(x: Array, y: Array, z: Array, channel: Single) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkRectilinearGrid

    grid = vtkRectilinearGrid()
    grid.SetDimensions(x.size, y.size, z.size)
    for put, axis in zip((grid.SetXCoordinates, grid.SetYCoordinates, grid.SetZCoordinates), (x, y, z), strict=True):
        put(numpy_to_vtk(np.ascontiguousarray(axis), deep=True))
    grid.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(channel).ravel(), deep=True))
    return grid


def _lines(cut: Cut, snapshot: Snapshot) -> Iterator[Array]:
    """Borders of the layers, and of the channels, on the face of the cut and on the right side."""
    channel, layers = cut.behind(cut.nodes(snapshot.channel)), _layers(cut, snapshot)
    y = cut.y[cut.row :]
    for across, down in _borders(cut.x, cut.z, channel[:, 0], layers[:, 0], len(snapshot.materials)):
        yield np.stack((across, np.full(across.size, y[0]), down), axis=1)
    for along, down in _borders(y, cut.z, channel[:, :, -1], layers[:, :, -1], len(snapshot.materials)):
        yield np.stack((np.full(along.size, cut.x[-1]), along, down), axis=1)


def _borders(
    across: Array, down: Array, channel: Single, layers: NDArray[np.uint8], count: int
) -> Iterator[tuple[Array, Array]]:
    """Lines on a face, where the share of channel at its nodes is one half and where a layer of its cells ends."""
    from contourpy import contour_generator

    ends: list[Single] = [np.ma.masked_where(channel > HALF, at_nodes(layers <= number)) for number in range(count)]
    for share in [channel, *ends]:
        if share.min() < HALF < share.max():
            for line in contour_generator(across, down, share).lines(HALF):
                places = np.asarray(line)
                yield places[:, 0], places[:, 1]


def _layers(cut: Cut, snapshot: Snapshot) -> NDArray[np.uint8]:
    """Layers of the cells behind the cut, also where there is channel now."""
    layers = snapshot.material[: cut.levels - 1]
    inside = snapshot.channel[: cut.levels - 1] > HALF
    flat = np.array([_most(layer[~hole]) for layer, hole in zip(layers, inside, strict=True)], np.uint8)
    rows, columns = _cells(cut.rows)[cut.row :], _cells(cut.columns)
    return np.where(inside, flat[:, None, None], layers)[:, rows][:, :, columns]


def _most(numbers: NDArray[np.uint8]) -> int:
    """The number that is there most often."""
    return int(np.bincount(numbers).argmax()) if numbers.size else 0


def _cells(nodes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Cells between the nodes of an axis with these numbers, mirrored ones among them."""
    return np.minimum(nodes[1:], nodes[:-1])


def _names(cut: Cut, snapshot: Snapshot) -> Iterator[tuple[str, float]]:
    """Names of the layers at the right edge of the block, with the depths of their middles."""
    edge = _layers(cut, snapshot)[:, -1, -1]
    for number in dict.fromkeys(edge.tolist()):
        planes = np.flatnonzero(edge == number)
        yield snapshot.materials[number], 0.5 * float(cut.z[planes[0]] + cut.z[planes[-1] + 1])
