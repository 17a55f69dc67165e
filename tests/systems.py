"""Linear systems of one stage, made the way the stepper makes them, with their dense form for small meshes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from mnrd.backends.base import Backend
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.discretise import FieldOperator, Grid
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.solve.contact import Contact
from mnrd.solve.krylov import Work, solve_increment
from mnrd.solve.multigrid import Multigrid
from mnrd.solve.stepper import GAMMA

Region = tuple[str, Callable[..., Any]]


@dataclass
class System:
    """A u = b of one field and one stage.

    Attributes
    ----------
    operator : FieldOperator
        Its conductances.
    multigrid : Multigrid
        Ready for cycles.
    screening : (nz, ny, nx) array
        S = V K (tau + loss).
    tau : float, 1/s
    factors : pair of float
        Of well-stirred reservoirs, see `Multigrid.prepare`.
    """

    backend: Backend
    problem: Problem
    operator: FieldOperator
    multigrid: Multigrid
    screening: Any
    tau: float
    factors: tuple[float, float]
    sums: tuple[float, float]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells in (z, y, x)."""
        return self.problem.mesh.shape

    def cycle(self, rhs: np.ndarray) -> np.ndarray:
        """One V-cycle over all levels."""
        self.multigrid.load(self.operator)
        self.multigrid.prepare(self.screening, len(self.multigrid.levels) - 1, self.factors)
        return self.backend.host(self.multigrid.cycle(self.backend.array(rhs)))

    def times(self, u: np.ndarray) -> np.ndarray:
        """A u, well-stirred reservoirs eliminated."""
        b, r = self.backend.zeros(self.shape), self.backend.zeros(self.shape)
        u, level = self.backend.array(u), self.multigrid.levels[0]
        self.multigrid.load(self.operator)
        self.multigrid.prepare(self.screening, 0, self.factors)
        self.backend.kernel.residual(*level.size, b, u, *self.multigrid.matrix(level, u), r)
        return -self.backend.host(r)

    def solve(self, rhs: np.ndarray, reduction: float) -> tuple[int, np.ndarray]:
        """Iterations that reduce the norm sqrt(sum r^2 / V) by `reduction`, and the solution."""
        work = Work.allocate(self.backend, self.shape)
        volume = float(self.problem.mesh.volume.sum())
        work.residual[:] = self.backend.array(rhs)
        work.metric[:] = self.backend.array(1 / np.sqrt(self.problem.mesh.volume))
        norm = sqrt(float(np.sum(rhs.astype(float) ** 2 / self.problem.mesh.volume)) / volume)
        count = solve_increment(
            self.multigrid, self.operator, work, self.screening, tau=self.tau, factors=self.factors,
            norm=norm, volume=volume, kappa=min(reduction * norm, 1e300),
        )  # fmt: skip
        return count, self.backend.host(work.increment)

    @property
    def mu(self) -> float:
        """Largest ratio of lateral coupling to tau V K."""
        return self.multigrid.load(self.operator)[0] / self.tau


def box(extent: tuple[float, float], columns: tuple[int, int], z: np.ndarray, periodic: bool = False) -> Mesh:
    """Mesh of uniform columns, (nx, ny) of them."""
    (lx, ly), (nx, ny) = extent, columns
    return Mesh(np.linspace(0, lx, nx + 1), np.linspace(0, ly, ny + 1), z, (periodic, periodic))


def problem_of(
    mesh: Mesh, layers: Mapping[str, float], field: Field, regions: Iterable[Region] = (), **model: Any
) -> Problem:
    """Problem of one field on painted layers (name -> top depth) and regions."""
    return Problem(mesh, paint(mesh, list(layers.items()), list(regions)), Model((field,), **model))


def system_of(backend: Backend, problem: Problem, dt: float, loss: float = 0.0) -> System:
    """The system of the first stage of a step of `dt` (s), with a uniform loss rate (1/s)."""
    mesh, field = problem.mesh, problem.model.fields[0]
    grid = Grid.upload(backend, mesh)
    fractions = backend.array(problem.painting.fractions, np.uint8)
    operator = FieldOperator(backend, grid, problem, field, fractions)
    operator.update(tuple(closing.openness(0.0) for closing in problem.model.closings))
    tau = 1 / (GAMMA * dt)
    factors = []
    for reservoir, cover, g in zip(
        (field.top, field.base), operator.covers, (operator.top, operator.base), strict=True
    ):
        contact = Contact(reservoir, backend.total(cover), 0.0)
        contact.conductance = backend.total(g)
        factors.append(contact.couple(contact.amount, tau, 0.0, False).factor)
    return System(
        backend, problem, operator, Multigrid(backend, mesh.hx, mesh.hy, mesh.shape[0]),
        operator.capacity * backend.real.type(tau + loss), tau, (factors[0], factors[1]),
        (backend.total(operator.top), backend.total(operator.base)),
    )  # fmt: skip


def dense(system: System) -> np.ndarray:
    """The matrix A, column by column through the residual kernel."""
    n = int(np.prod(system.shape))
    return np.array([system.times(row.reshape(system.shape)).ravel() for row in np.eye(n)]).T


def cylinder(x: float, y: float, radius: float, depth: float) -> Callable[..., Any]:
    """Inside of an upright cylinder that begins at the surface."""
    return lambda px, py, pz: (np.hypot(px - x, py - y) < radius) & (pz < depth)


def cone(x: float, y: float, radius: float, depth: float) -> Callable[..., Any]:
    """Inside of a cone with its base at the surface and its tip at `depth`."""
    return lambda px, py, pz: np.hypot(px - x, py - y) < radius * (1 - pz / depth)
