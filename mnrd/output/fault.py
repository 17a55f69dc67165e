"""Where a run failed: the field, the cell and its layer, and failed.vtr to look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Array
from mnrd.output.labels import labelled
from mnrd.output.vtk import material_arrays, write_rectilinear


@dataclass(frozen=True)
class Fault:
    """What is wrong with the last try of a step, and where.

    Parameters
    ----------
    field : str
    cell : tuple of int
        i, j, k along x, y, z.
    layer : str
        The material that fills most of the cell.
    position : tuple of float
        Centre of the cell, um.
    what : str
        What was found there.
    tried : (nz, ny, nx) array
        Concentrations of the field that the last try made.
    marked : (nz, ny, nx) array of bool
        All cells like that one.
    """

    field: str
    cell: tuple[int, int, int]
    layer: str
    position: tuple[float, float, float]
    what: str
    tried: Array
    marked: NDArray[np.bool_]

    def __str__(self) -> str:
        i, j, k = self.cell
        x, y, z = self.position
        return (
            f"field {self.field} {self.what} in cell ({i}, {j}, {k}) of {self.layer}, "
            f"at x = {x:.4g}, y = {y:.4g}, z = {z:.4g} um"
        )


def find_fault(simulation: Any, reason: str) -> Fault:
    """Look for the place where the last try of a step went wrong.

    Parameters
    ----------
    simulation : Simulation
        After a `NumericalFailure`.
    reason : str
        Its reason; a field that it names is looked at, otherwise all are.

    Returns
    -------
    Fault
        Values that are not finite if there are any, otherwise the largest change of a field against its maximum.
    """
    model = simulation.problem.model
    named = [name for name in re.findall(r"field (\w+)", reason) if name in model.names]
    indices = [model.index(name) for name in named] or list(range(len(model.names)))
    for index in indices:
        tried = _host(simulation, "next", index)
        wrong = ~np.isfinite(tried)
        if wrong.any():
            return _fault(simulation, index, wrong.astype(float), "is not finite", tried)
    index = max(indices, key=lambda index: _change(simulation, index).max())
    change, tried = _change(simulation, index), _host(simulation, "next", index)
    return _fault(simulation, index, change, f"changes by {change.max():.2g} of its maximum", tried)


def write_failed(path: Path, simulation: Any, fault: Fault) -> None:
    """Write all fields of the last good state, what the last try made of the field at fault, and its cells as `fault`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    problem = simulation.problem
    arrays: dict[str, NDArray[Any]] = {
        labelled(field.name, field.unit): simulation.concentration(field.name) for field in problem.model.fields
    }
    unit = problem.model.fields[problem.model.index(fault.field)].unit
    arrays[labelled(fault.field, unit, "tried")] = fault.tried
    arrays["fault"] = fault.marked.astype(np.uint8)
    arrays |= material_arrays(problem.painting, ("channel",))
    write_rectilinear(path, problem.mesh, arrays, time=simulation.time, materials=problem.painting.materials)


def _host(simulation: Any, array: str, index: int) -> Array:
    return np.asarray(simulation.backend.host(getattr(simulation.state, array)[index]))


def _change(simulation: Any, index: int) -> Array:
    """Change of a field in the last try, as a part of its maximum."""
    now = _host(simulation, "now", index)
    return np.asarray(np.abs(_host(simulation, "next", index) - now) / (np.abs(now).max() or 1.0))


def _fault(simulation: Any, index: int, badness: Array, what: str, tried: Array) -> Fault:
    """The fault in the worst cell; cells at least half as bad are marked."""
    problem = simulation.problem
    mesh, painting = problem.mesh, problem.painting
    k, j, i = (int(number) for number in np.unravel_index(int(badness.argmax()), badness.shape))
    layer = painting.materials[int(painting.fractions[:, k, j, i].argmax())]
    position = (float(mesh.xc[i]), float(mesh.yc[j]), float(mesh.zc[k]))
    marked = badness >= 0.5 * badness.max()
    return Fault(problem.model.fields[index].name, (i, j, k), layer, position, what, tried, marked)
