"""Model x mesh -> system: the coefficients of every field on the backend, in the form that the kernels read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.drift import Drift
from mnrd.model.field import Coefficient, Field, Membrane, Reservoir
from mnrd.model.problem import Problem
from mnrd.model.reaction import Closing

_versions = count()


@dataclass(eq=False)
class Grid:
    """The mesh on the backend: widths (float64), and what follows from them."""

    mesh: Mesh
    hx: Array
    hy: Array
    hz: Array

    @classmethod
    def upload(cls, backend: Backend, mesh: Mesh) -> Grid:
        """Copy the widths to the backend."""
        return cls(mesh, *(backend.array(h, np.float64) for h in (mesh.hx, mesh.hy, mesh.hz)))

    @property
    def size(self) -> tuple[int, int, int]:
        """Sizes in the order of the kernels: nx, ny, nz."""
        nz, ny, nx = self.mesh.shape
        return nx, ny, nz

    @property
    def widths(self) -> tuple[Array, Array, Array]:
        """Arguments hx, hy, hz of the kernels."""
        return self.hx, self.hy, self.hz

    @property
    def volume(self) -> float:
        """Volume of the whole mesh, um^3."""
        mesh = self.mesh
        return float(mesh.hx.sum() * mesh.hy.sum() * mesh.hz.sum())


class FieldOperator:
    """Transport coefficients of one mobile field (see ``kernels/diffusion.cu``).

    Parameters
    ----------
    backend : Backend
        Where the arrays live.
    grid : Grid
        The mesh.
    problem : Problem
        Materials and closings.
    field : Field
        The declaration.
    fractions : array
        Painted fractions on the backend.

    Attributes
    ----------
    partition, capacity : (nz, ny, nx) arrays
        K and V K.
    tx, ty, tz : (nz, ny, nx) arrays
        Face conductances, um^3/s.
    top, base : (ny, nx) arrays
        Conductances to the reservoirs; 0 without one.
    drift : Drift or None
        What there is besides where the transport depends on the fields; tx, ty, tz then follow from `move`.
    version : int
        Another number, never used before in this process, whenever a conductance changes.
    """

    def __init__(self, backend: Backend, grid: Grid, problem: Problem, field: Field, fractions: Array) -> None:
        self.backend, self.grid, self.problem, self.field = backend, grid, problem, field
        self.fractions = fractions
        mesh, shape = problem.mesh, problem.mesh.shape
        partition = problem.painting.mix(field.partition)
        self.partition = backend.array(partition)
        self.capacity = backend.array(mesh.volume * backend.host(self.partition))
        self.tx, self.ty, self.tz = (backend.zeros(shape) for _ in range(3))
        self.s_lateral, self.s_vertical = (backend.zeros(shape) for _ in range(2))
        self.area = backend.array(mesh.area, np.float64)
        self.covers = [self._cover(reservoir) for reservoir in (field.top, field.base)]
        self.version = next(_versions)
        self.openness: tuple[float, ...] | None = None
        self._mixed: list[np.ndarray] = []
        self.top, self.base = (backend.zeros(shape[1:]) for _ in range(2))
        self.drift = Drift(backend, mesh, field.taxis is not None) if field.changing else None
        self._conductivity(partition)

    def _cover(self, reservoir: Reservoir | None) -> Array:
        cover = 0.0 if reservoir is None else 1.0 if reservoir.area is None else reservoir.area
        return self.backend.array(cover * self.problem.mesh.area, np.float64)

    def _conductivity(self, partition: np.ndarray) -> None:
        """Prepare s = D K: as tables per material and depth, or per cell if either is given per cell."""
        field = self.field
        assert field.diffusivity is not None
        lateral = field.diffusivity if field.lateral_diffusivity is None else field.lateral_diffusivity
        sensitivity = 0.0 if field.taxis is None else field.taxis.sensitivity
        given = (field.diffusivity, lateral, field.partition, sensitivity)
        self.tables = None
        if not any(isinstance(value, np.ndarray) for value in given):
            each = (lateral, field.diffusivity, sensitivity)
            s_lateral, s_vertical, directed = (self._table(value) * self._table(field.partition) for value in each)
            self.tables = (s_lateral, s_vertical, directed)
            self._compare(directed, s_lateral, s_vertical)
            return
        if self.problem.model.closings:
            raise ValueError(
                f"fields.{field.name}: a diffusivity or partition given per cell cannot be combined with a closing"
                " channel, give it per material"
            )
        mix = self.problem.painting.mix
        mixed = [mix(value) * partition for value in (sensitivity, lateral, field.diffusivity)]
        self._compare(*mixed)
        directed, self.s_lateral[:], self.s_vertical[:] = (self.backend.array(values) for values in mixed)
        if self.drift is not None:
            self.drift.lateral[:] = self.drift.vertical[:] = directed

    def _compare(self, directed: np.ndarray, *diffusive: np.ndarray) -> None:
        if self.drift is not None and self.field.mobility is None:
            self.drift.compare(directed, *diffusive)

    def _table(self, value: Coefficient) -> np.ndarray:
        """Return the values (materials, nz) of a coefficient that is uniform or per material."""
        materials, nz = self.problem.painting.materials, self.problem.mesh.shape[0]
        rows = [value[name] if isinstance(value, Mapping) else value for name in materials]
        return np.array([np.broadcast_to(row, nz) for row in rows], np.float64)

    def _mix(self, lateral: np.ndarray, vertical: np.ndarray, s_lateral: Array, s_vertical: Array) -> None:
        """Apply the fraction rule to tables (materials, nz)."""
        uploaded = [self.backend.array(table, np.float64) for table in (lateral, vertical)]
        self.backend.kernel.mix_conductivity(
            *self.grid.size, len(lateral), self.fractions, *uploaded, s_lateral, s_vertical
        )

    def update(self, openness: tuple[float, ...]) -> None:
        """Bring the conductances to an openness of the closing channels, each in [0, 1]; nothing if unchanged."""
        if openness == self.openness:
            return
        first, self.openness = self.openness is None, openness
        if self.tables is not None:
            tables = [self._closed(table) for table in self.tables]
            alike = not first and all(map(np.array_equal, tables, self._mixed))
            if alike and not self.field.membranes:
                return  # for this field a channel is like the tissue around it
            self._mixed = tables
            self._mix(tables[0], tables[1], self.s_lateral, self.s_vertical)
            if self.drift is not None:
                self._mix(tables[2], tables[2], self.drift.lateral, self.drift.vertical)
        if self.drift is not None:
            return  # the faces follow in `move`
        self.backend.kernel.transmissibility(
            *self.grid.size, *self._periodic, *self.grid.widths, self.s_lateral, self.s_vertical,
            self.tx, self.ty, self.tz,
        )  # fmt: skip
        self._bound()
        self.version = next(_versions)

    def move(self) -> None:
        """Bring the faces to the mobility and the potential in `drift`."""
        drift = self.drift
        assert drift is not None
        self.backend.kernel.drift_faces(
            *self.grid.size, *self._periodic, *self.grid.widths, self.s_lateral, self.s_vertical,
            drift.lateral, drift.vertical, drift.mobility, drift.potential, self.tx, self.ty, self.tz, *drift.faces,
        )  # fmt: skip
        self.version = next(_versions)

    @property
    def _periodic(self) -> list[int]:
        return [int(side) for side in self.problem.mesh.periodic]

    def _closed(self, table: np.ndarray) -> np.ndarray:
        """Close channels: s_intact(z) + g (s_open - s_intact(z)) at depths above `until`."""
        table = table.copy()
        assert self.openness is not None
        for closing, g in zip(self.problem.model.closings, self.openness, strict=True):
            row = self.problem.painting.materials.index(closing.material)
            intact = intact_rows(self.problem, closing)
            planes = self.problem.mesh.zc < closing.until
            closed = table[intact, np.arange(len(planes))]
            table[row, planes] = (closed + g * (table[row] - closed))[planes]
        return table

    def _bound(self) -> None:
        """Set the conductances to the reservoirs, and put membranes on their faces."""
        field, mesh = self.field, self.problem.mesh
        films: dict[int, Array] = {}  # resistances, which add up where several membranes share a face
        for membrane in field.membranes:
            face = int(np.argmin(np.abs(mesh.z - membrane.depth)))
            films[face] = films.get(face, 0.0) + 1 / self._permeability(membrane, min(face, mesh.shape[0] - 1))
        ends = ((field.top, 0, 0, mesh.hz[0]), (field.base, -1, mesh.shape[0], mesh.hz[-1]))
        planes = []
        for (reservoir, k, face, h), cover in zip(ends, self.covers, strict=True):
            transfer = inf if reservoir is None else reservoir.transfer
            s = self.s_vertical[k].astype(np.float64)
            resistance = 1 / transfer + films.get(face, 0.0)
            planes.append((cover * 2 * s / (h + 2 * s * resistance)).astype(self.backend.real))
        self.top, self.base = planes
        for face, film in films.items():
            if 0 < face < mesh.shape[0]:
                bare = self.tz[face - 1].astype(np.float64)
                self.tz[face - 1] = (bare / (1 + bare * film / self.area)).astype(self.backend.real)

    def _permeability(self, membrane: Membrane, k: int) -> Array:
        """Permeability of the membrane in each column, the area-weighted mean of the materials below it, um/s."""
        values: Any = membrane.permeability
        painting = self.problem.painting
        if isinstance(values, Mapping):
            values = dict(values)
            assert self.openness is not None
            for closing, g in zip(self.problem.model.closings, self.openness, strict=True):
                if membrane.depth <= closing.until:
                    closed = values[painting.materials[intact_rows(self.problem, closing)[k]]]
                    values[closing.material] = closed + g * (values[closing.material] - closed) if g else closed
            shares = zip(painting.materials, painting.fractions[:, k] / 255.0, strict=True)
            plane = np.zeros(self.problem.mesh.shape[1:])
            for name, share in shares:
                plane[share > 0] += values[name] * share[share > 0]  # infinite where there is no membrane
        else:
            plane = np.full(self.problem.mesh.shape[1:], float(values))
        return self.backend.array(plane, np.float64)


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


def initial_concentration(problem: Problem, field: Field) -> np.ndarray:
    """Initial concentration of a field in each cell, (nz, ny, nx)."""
    if isinstance(field.initial, str):
        from mnrd.model.expression import on_cells

        return on_cells(field.initial, problem.mesh, f"fields.{field.name}.initial")
    return problem.painting.mix(field.initial)
