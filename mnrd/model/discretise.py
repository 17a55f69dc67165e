"""Model x mesh -> system: the coefficients of every field on the backend, in the form that the kernels read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.boundary import Boundary
from mnrd.model.drift import Drift, Stock
from mnrd.model.field import Coefficient, Field
from mnrd.model.problem import Problem
from mnrd.model.tables import Table, closed, table


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
    stock : Stock
        Arrays that fields have in common.

    Attributes
    ----------
    partition, capacity : (nz, ny, nx) arrays
        K and V K.
    tx, ty, tz : (nz, ny, nx) arrays
        Face conductances, um^3/s. Fields have these arrays in common: see `faces`.
    boundary : Boundary
        Conductances to the reservoirs and membranes.
    drift : Drift or None
        What there is besides where the transport depends on the fields; tx, ty, tz then follow from `move`.
    closes : bool
        Whether the conductances depend on the openness of channels.
    openness : tuple of float or None
        For which they were computed last, where the host knows.
    faces : hashable
        The same for fields with the same conductances; those that lie in the arrays are ``stock.faces``. None where the
        arrays are the field's own.
    """

    def __init__(
        self, backend: Backend, grid: Grid, problem: Problem, field: Field, fractions: Array, stock: Stock
    ) -> None:
        self.backend, self.grid, self.problem, self.field = backend, grid, problem, field
        self.fractions, self.stock = fractions, stock
        (self.partition,) = partition_of(stock, problem, field.partition)
        (self.capacity,) = stock.shared(key_of("capacity", field.partition), self._capacity)
        self.openness: tuple[float, ...] | None = None
        changing, shape = field.changing, problem.mesh.shape
        self.drift = self._drift() if changing else None
        self.s_lateral, self.s_vertical = (
            (backend.zeros(shape), backend.zeros(shape)) if changing else stock.kept("conductivity", 2)
        )
        self.boundary = Boundary(backend, grid.size, problem, field)
        self.tables: tuple[Table, Table, Table] | None = None
        self._mixed: list[np.ndarray] = []
        self._conductivity()
        tables: tuple[Table, ...] = self.tables or ()
        shared = changing or self.tables is not None
        self.faces = self._likeness() if shared else None
        self.tx, self.ty, self.tz = stock.kept("faces", 3) if shared else (backend.zeros(shape) for _ in range(3))
        self.closes = self.boundary.closes or any(one.closes for one in tables)

    def _capacity(self) -> tuple[Array]:
        partition = self.problem.painting.mix(self.field.partition)
        return (self.backend.array(self.problem.mesh.volume * partition),)

    def _likeness(self) -> object:
        """What is the same for fields with the same conductances, of those that are not given per cell."""
        field = self.field
        given = (field.diffusivity, field.lateral_diffusivity, field.partition)
        if field.changing or field.membranes:
            return id(self)
        return tuple(None if values is None else key_of("faces", values) for values in given)

    def _drift(self) -> Drift:
        stock, zeros, shape = self.stock, self.backend.zeros, self.problem.mesh.shape
        faces, cells = stock.kept("drift", 3), stock.kept("potential", 2, np.float64)
        return Drift(self.field.taxis is not None, zeros(shape), zeros(shape), faces, *cells)

    @property
    def top(self) -> Array:
        """Conductances to the reservoir above, (ny, nx), um^3/s; 0 without one."""
        return self.boundary.planes[0]

    @property
    def base(self) -> Array:
        """Conductances to the reservoir below, (ny, nx), um^3/s; 0 without one."""
        return self.boundary.planes[1]

    def _conductivity(self) -> None:
        """Prepare s = D K: as tables per material and depth, or per cell if either is given per cell."""
        field, problem = self.field, self.problem
        assert field.diffusivity is not None
        lateral = field.diffusivity if field.lateral_diffusivity is None else field.lateral_diffusivity
        each = (lateral, field.diffusivity, 0.0 if field.taxis is None else field.taxis.sensitivity)
        if not any(isinstance(value, np.ndarray) for value in (*each, field.partition)):
            k = table(problem, field.partition)
            made = [table(problem, value) * k for value in each]
            pairs = ((values, closed(problem, values)) for values in made)
            s_lateral, s_vertical, directed = (Table.upload(self.backend, *pair) for pair in pairs)
            self.tables = (s_lateral, s_vertical, directed)
            self._compare(made[2], made[0], made[1])
            return
        if problem.model.closings:
            raise ValueError(
                f"fields.{field.name}: a diffusivity or partition given per cell cannot be combined with a closing"
                " channel, give it per material"
            )
        mix = problem.painting.mix
        partition = mix(field.partition)
        self._mixed = [mix(value) * partition for value in each]
        self._compare(self._mixed[2], self._mixed[0], self._mixed[1])

    def _compare(self, directed: np.ndarray, *diffusive: np.ndarray) -> None:
        if self.drift is not None and self.field.mobility is None:
            self.drift.compare(directed, *diffusive)

    def update(self, openness: Array) -> None:
        """Launch what brings the conductances to an openness (materials,) of the channels, each in [0, 1]."""
        if self.tables is None:
            self._place()
        elif self.drift is not None:
            _, _, directed = self.tables
            self._mix(directed, directed, openness, self.drift.lateral, self.drift.vertical)
        self.restore(openness)
        if self.drift is None:
            self.boundary.update(self.fractions, openness, self.s_vertical)

    def restore(self, openness: Array) -> None:
        """Launch the conductances of the faces alone; with taxis or a mobility, what `move` makes them of."""
        if self.tables is not None:
            lateral, vertical, _ = self.tables
            self._mix(lateral, vertical, openness, self.s_lateral, self.s_vertical)
        if self.drift is not None:
            return
        self.backend.kernel.transmissibility(
            *self.grid.size, *self._periodic, *self.grid.widths, self.s_lateral, self.s_vertical,
            self.tx, self.ty, self.tz,
        )  # fmt: skip
        self.boundary.insulate(self.fractions, openness, self.tz)

    def _place(self) -> None:
        """Upload conductivities that are given per cell."""
        targets = [self.s_lateral, self.s_vertical]
        given = self._mixed[:2]
        if self.drift is not None:
            targets += [self.drift.lateral, self.drift.vertical]
            given = [*given, self._mixed[2], self._mixed[2]]
        for values, target in zip(given, targets, strict=True):
            self.backend.upload(values.astype(self.backend.real), target)

    def _mix(self, lateral: Table, vertical: Table, openness: Array, s_lateral: Array, s_vertical: Array) -> None:
        """Apply the fraction rule to tables (materials, nz)."""
        tables = (lateral.open, lateral.closed, vertical.open, vertical.closed)
        count = len(self.problem.painting.materials)
        self.backend.kernel.mix_conductivity(
            *self.grid.size, count, self.fractions, *tables, openness, s_lateral, s_vertical
        )

    def move(self) -> None:
        """Bring the faces to the mobility and the potential in `drift`."""
        drift = self.drift
        assert drift is not None
        self.backend.kernel.drift_faces(
            *self.grid.size, *self._periodic, *self.grid.widths, self.s_lateral, self.s_vertical,
            drift.lateral, drift.vertical, drift.mobility, drift.potential, self.tx, self.ty, self.tz, *drift.faces,
        )  # fmt: skip

    @property
    def _periodic(self) -> list[int]:
        return [int(side) for side in self.problem.mesh.periodic]


def partition_of(stock: Stock, problem: Problem, partition: Coefficient) -> tuple[Array, ...]:
    """K in each cell, (nz, ny, nx); the same array for the same values."""
    return stock.shared(key_of("partition", partition), lambda: (stock.backend.array(problem.painting.mix(partition)),))


def key_of(name: str, values: Coefficient) -> object:
    """What is the same for coefficients with the same values; None for one that is given per cell."""
    if isinstance(values, Mapping):
        return (name, *((material, np.asarray(value).tobytes()) for material, value in sorted(values.items())))
    return None if isinstance(values, np.ndarray) else (name, float(values))


def initial_concentration(problem: Problem, field: Field) -> np.ndarray:
    """Initial concentration of a field in each cell, (nz, ny, nx)."""
    if isinstance(field.initial, str):
        from mnrd.model.expression import on_cells

        return on_cells(field.initial, problem.mesh, f"fields.{field.name}.initial")
    return problem.painting.mix(field.initial)
