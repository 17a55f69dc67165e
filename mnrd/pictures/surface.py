"""Surfaces in the skin where a quantity has one value, as triangles; VTK finds them, without OpenGL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Single = NDArray[np.float32]


@dataclass(frozen=True)
class Surface:
    """Triangles in space.

    Parameters
    ----------
    points : (n, 3) array
        x, y and depth, um.
    triangles : (m, 3) int array
        Indices of points.
    normals : (n, 3) array
        Unit vectors, towards lower values of what the surface was made of.
    """

    points: Array
    triangles: NDArray[np.int64]
    normals: Array


def at_nodes(cells: NDArray, edges: Sequence[Array] | None = None) -> Single:
    """Values at the corners of cells, one more along each axis; at the sides those of the cells there.

    Parameters
    ----------
    cells : array
        One or more axes.
    edges : sequence of array, optional
        Those of the cells along each axis. With them values are interpolated, exactly where they are linear in
        space; without them they are plain means, by which the border of what fills whole cells comes out where it is.
    """
    nodes = np.asarray(cells, np.float32)
    for axis in range(cells.ndim):
        low = np.take(nodes, range(nodes.shape[axis] - 1), axis)
        high = np.take(nodes, range(1, nodes.shape[axis]), axis)
        weight: Single | np.float32 = np.float32(0.5)
        if edges is not None:
            widths = np.diff(edges[axis]).astype(np.float32)
            sides = [1] * cells.ndim
            sides[axis] = -1
            weight = (widths[:-1] / (widths[:-1] + widths[1:])).reshape(sides)
        high -= low
        high *= weight
        high += low
        ends = np.take(nodes, [0], axis), np.take(nodes, [-1], axis)
        nodes = np.concatenate((ends[0], high, ends[1]), axis)
    return nodes


def isosurface(x: Array, y: Array, z: Array, nodes: Single, level: float) -> Surface:
    """The surface where values at the nodes of a rectilinear mesh have a level.

    Parameters
    ----------
    x, y, z : array
        Places of nodes along the axes, um, at least two along each.
    nodes : (z, y, x) array
    level : float

    Returns
    -------
    Surface
        Without triangles when the level is not reached.
    """
    from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
    from vtkmodules.vtkCommonDataModel import vtkRectilinearGrid
    from vtkmodules.vtkFiltersCore import vtkContourFilter

    grid = vtkRectilinearGrid()
    grid.SetDimensions(x.size, y.size, z.size)
    kept = [np.ascontiguousarray(axis) for axis in (x, y, z)], np.ascontiguousarray(nodes).ravel()
    for put, axis in zip((grid.SetXCoordinates, grid.SetYCoordinates, grid.SetZCoordinates), kept[0], strict=True):
        put(numpy_to_vtk(axis))
    grid.GetPointData().SetScalars(numpy_to_vtk(kept[1]))
    contour = vtkContourFilter()
    contour.SetInputData(grid)
    contour.SetValue(0, level)
    contour.ComputeNormalsOn()
    contour.Update()
    found = contour.GetOutput()
    if found.GetNumberOfPolys() == 0:
        return Surface(np.empty((0, 3)), np.empty((0, 3), np.int64), np.empty((0, 3)))
    triangles = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3).astype(np.int64)
    points = vtk_to_numpy(found.GetPoints().GetData()).astype(np.float64)
    return Surface(points, triangles, vtk_to_numpy(found.GetPointData().GetNormals()).astype(np.float64))


def interpolated(x: Array, y: Array, z: Array, nodes: Single, points: Array) -> Array:
    """Values at points, (n,), trilinear between the nodes; beyond the mesh those of its side.

    Parameters
    ----------
    x, y, z, nodes
        As of `isosurface`.
    points : (n, 3) array
        x, y and depth, um.
    """
    low, share = [], []
    for number, axis in enumerate((x, y, z)):
        place = np.clip(points[:, number], axis[0], axis[-1])
        index = np.clip(np.searchsorted(axis, place, side="right") - 1, 0, axis.size - 2)
        low.append(index)
        share.append((place - axis[index]) / (axis[index + 1] - axis[index]))
    (i, j, k), (u, v, w) = low, share
    total = np.zeros(len(points))
    for number in range(8):
        a, b, c = number & 1, number >> 1 & 1, number >> 2
        weight = (u if a else 1.0 - u) * (v if b else 1.0 - v) * (w if c else 1.0 - w)
        total += weight * nodes[k + c, j + b, i + a]
    return total
