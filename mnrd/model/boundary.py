"""What one field meets at the top and at the base of the mesh, and at membranes between two planes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.model.field import Field, Reservoir
from mnrd.model.problem import Problem
from mnrd.model.tables import Table, membrane_table


@dataclass(frozen=True)
class End:
    """One end of the columns: plane k with height h (um), covered areas (um^2), resistance 1/transfer (s/um)."""

    k: int
    h: float
    cover: Array
    resistance: Array
    bare: float


class Boundary:
    """Conductances to the reservoirs, and membranes.

    Parameters
    ----------
    backend : Backend
    size : tuple of int
        nx, ny, nz.
    problem : Problem
    field : Field

    Attributes
    ----------
    planes : two (ny, nx) arrays
        g at top and base, um^3/s; 0 without a reservoir.
    conductance : (2,) array, float64
        Their sums.
    covers : two (ny, nx) arrays, float64
        Areas in contact, um^2.
    closes : bool
        Whether a membrane depends on the openness of channels.
    """

    def __init__(self, backend: Backend, size: tuple[int, int, int], problem: Problem, field: Field) -> None:
        self.backend, self.size, mesh = backend, size, problem.mesh
        nz, *plane = mesh.shape
        self.planes = (backend.zeros(plane), backend.zeros(plane))
        self.conductance = backend.zeros(2, np.float64)
        self.open = field.top is not None or field.base is not None
        self._sums = backend.zeros((2, plane[0]), np.float64)
        self._films: dict[int, list[tuple[int, Table]]] = defaultdict(list)
        for membrane in field.membranes:
            face = int(np.argmin(np.abs(mesh.z - membrane.depth)))
            k = min(face, nz - 1)
            self._films[face].append((k, membrane_table(backend, problem, membrane, k)))
        self.closes = any(film.closes for films in self._films.values() for _, film in films)
        self._area = backend.array(mesh.area, np.float64)
        self._between = backend.zeros(plane, np.float64)
        ends = ((field.top, 0), (field.base, nz - 1))
        self._ends = [self._end(reservoir, k, mesh.hz[k], mesh.area) for reservoir, k in ends]
        self.covers = tuple(end.cover for end in self._ends)

    def _end(self, reservoir: Reservoir | None, k: int, h: float, area: np.ndarray) -> End:
        cover: Any = 0.0 if reservoir is None else 1.0 if reservoir.area is None else reservoir.area
        bare = 1 / (inf if reservoir is None else reservoir.transfer)
        array = self.backend.array
        return End(k, h, array(cover * area, np.float64), array(np.full(area.shape, bare), np.float64), bare)

    def update(self, fractions: Array, openness: Array, s_vertical: Array) -> None:
        """Launch the conductances to the reservoirs."""
        kernel, nz = self.backend.kernel, self.size[2]
        for end, face, plane in zip(self._ends, (0, nz), self.planes, strict=True):
            self._pile(face, end.bare, end.resistance, fractions, openness)
            kernel.reach(*self.size, end.k, end.h, end.cover, end.resistance, s_vertical, plane)
        kernel.plane_sums(*self.size, *self.planes, self._sums)
        kernel.gather(self.size[1], 2, 0, self._sums, self.conductance)

    def insulate(self, fractions: Array, openness: Array, tz: Array) -> None:
        """Launch what puts the membranes between planes on their faces."""
        nz = self.size[2]
        for face in self._films:
            if 0 < face < nz:
                self._pile(face, 0.0, self._between, fractions, openness)
                self.backend.kernel.insulate(*self.size, face - 1, self._area, self._between, tz)

    def _pile(self, face: int, bare: float, resistance: Array, fractions: Array, openness: Array) -> None:
        """Add up the resistances of the membranes on one face."""
        for position, (k, film) in enumerate(self._films.get(face, ())):
            count, add = film.open.size, int(position > 0)
            before = 0.0 if add else bare
            self.backend.kernel.film(
                *self.size, k, count, fractions, film.open, film.closed, openness, add, before, resistance
            )
