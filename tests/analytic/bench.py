"""What the analytic tests share: graded meshes made by one smooth map, and runs whose ledger is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from mnrd.mesh.paint import Painting, paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.simulation import Simulation

ONE = np.array([0.0, 1.0])
TIGHT = 1e-8  # stopping norm of the linear solves where only the discretisation is to be seen


def smooth(points: Sequence[float], cells: int, offset: float) -> np.ndarray:
    """Edges with `cells` cells between neighbouring points, from one smooth map z = exp(p(n)) - offset.

    p is the polynomial for which z(0), z(cells), z(2 cells), ... are the points; an interface between two
    materials is always an edge, and neither the map nor its derivatives jump there.
    """
    nodes = np.arange(len(points)) / (len(points) - 1)
    exponent = np.polynomial.Polynomial.fit(nodes, np.log(np.add(points, offset)), len(points) - 1)
    edges = np.exp(exponent(np.linspace(0.0, 1.0, (len(points) - 1) * cells + 1))) - offset
    edges[::cells] = points
    return edges


def column(z: np.ndarray) -> Mesh:
    """Mesh of one column of 1 um x 1 um."""
    return Mesh(ONE, ONE, z)


def layered(mesh: Mesh, interfaces: dict[str, float], field: Field, **model: object) -> Problem:
    """Problem of one field on flat layers, given by the depth of their tops."""
    return Problem(mesh, paint(mesh, list(interfaces.items())), Model((field,), **model))


def reports(simulation: Simulation, times: Iterable[float]) -> Iterator[Simulation]:
    """Run to each of the times and hand out the simulation, after a look at the ledger of every field."""
    for time in times:
        simulation.run(time)
        assert_balanced(simulation)
        yield simulation


def ran(simulation: Simulation, until: float) -> Simulation:
    """Run, look at the ledgers, and give back the simulation."""
    return next(reports(simulation, [until]))


def assert_balanced(simulation: Simulation) -> None:
    """Every field's mass balance closes to 1e-10 (PERMEATION.md 1.12)."""
    for name in simulation.problem.model.names:
        assert simulation.ledger(name).relative_error <= 1e-10, name
