"""Coefficients of a field as tables over materials and depth, with the channels open and with them closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.model.field import Coefficient, Membrane
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing


@dataclass(frozen=True)
class Table:
    """Values of each material when all channels are open and when they are closed; see the kernel `mix_conductivity`.

    Parameters
    ----------
    open, closed : (materials, nz) or (materials,) arrays of the backend, float64
    closes : bool
        Whether the two differ.
    """

    open: Array
    closed: Array
    closes: bool

    @classmethod
    def upload(cls, backend: Backend, values: np.ndarray, closed: np.ndarray) -> Table:
        """Copy both to the backend."""
        both = (backend.array(values, np.float64), backend.array(closed, np.float64))
        return cls(*both, closes=not np.array_equal(values, closed))


def table(problem: Problem, value: Coefficient) -> np.ndarray:
    """Values (materials, nz) of a coefficient that is uniform or per material."""
    materials, nz = problem.painting.materials, problem.mesh.shape[0]
    rows = [value[name] if isinstance(value, Mapping) else value for name in materials]
    return np.array([np.broadcast_to(row, nz) for row in rows], np.float64)


def closed(problem: Problem, values: np.ndarray) -> np.ndarray:
    """The table (materials, nz) with closed channels: above `until` they have the values of what was there before."""
    values = values.copy()
    for closing in problem.model.closings:
        row, planes = problem.painting.materials.index(closing.material), problem.mesh.zc < closing.until
        intact = values[intact_rows(problem, closing), np.arange(len(planes))]
        values[row, planes] = intact[planes]
    return values


def membrane_table(backend: Backend, problem: Problem, membrane: Membrane, k: int) -> Table:
    """Permeability (materials,) of a membrane above plane k, um/s; infinite where there is none."""
    given, materials = membrane.permeability, problem.painting.materials
    values = np.array([given[name] if isinstance(given, Mapping) else given for name in materials], np.float64)
    shut = values.copy()
    for closing in problem.model.closings:
        if membrane.depth <= closing.until:
            shut[materials.index(closing.material)] = values[intact_rows(problem, closing)[k]]
    return Table.upload(backend, values, shut)


def intact_rows(problem: Problem, closing: Closing) -> np.ndarray:
    """For each plane, the index of the material that a closed channel has become: the commonest of the others there.

    Returns
    -------
    (nz,) int array
    """
    painting = problem.painting
    closing_rows = [painting.materials.index(c.material) for c in problem.model.closings]
    shares = painting.fractions.sum(axis=(2, 3), dtype=np.int64)
    shares[closing_rows] = -1
    return np.asarray(shares.argmax(axis=0))
