"""What the analytic tests share: graded meshes made by one smooth map, checked ledgers, observed orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from exact.order import order

from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field
from mnrd.model.model import AnyReaction, Model
from mnrd.model.problem import Problem
from mnrd.simulation import Simulation

ONE = np.array([0.0, 1.0])
TIGHT = 1e-8  # stopping norm of the linear solves where only the discretisation is to be seen

Measure = Callable[[Simulation], Sequence[float]]
Exact = Callable[[float], Sequence[float]]


def smooth(points: Sequence[float], cells: int, offset: float) -> np.ndarray:
    """Edges with `cells` cells between neighbouring points, from one smooth map z = exp(p(n)) - offset.

    p is the polynomial with which z meets every point after whole multiples of `cells`, so an interface
    between materials is an edge on every mesh, and neither the map nor its derivatives jump there.
    """
    nodes = np.arange(len(points)) / (len(points) - 1)
    exponent = np.polynomial.Polynomial.fit(nodes, np.log(np.add(points, offset)), len(points) - 1)
    edges = np.exp(exponent(np.linspace(0.0, 1.0, (len(points) - 1) * cells + 1))) - offset
    edges[::cells] = points
    return edges


def stretched(width: float, extent: float, cells: int) -> np.ndarray:
    """Edges from 0 to `extent`, about equal up to `width` and growing with the distance beyond it (sinh)."""
    edges = width * np.sinh(np.linspace(0, np.arcsinh(extent / width), cells + 1))
    edges[-1] = extent
    return edges


def column(z: np.ndarray) -> Mesh:
    """Mesh of one column of 1 um x 1 um: amounts are amounts per area."""
    return Mesh(ONE, ONE, z)


def layered(
    mesh: Mesh,
    tops: Mapping[str, float],
    *fields: Field,
    reactions: Sequence[AnyReaction] = (),
    parameters: Mapping[str, object] | None = None,
) -> Problem:
    """Problem on flat layers, given by the depths of their tops."""
    model = Model(fields, reactions=tuple(reactions), parameters=dict(parameters or {}))
    return Problem(mesh, paint(mesh, list(tops.items())), model)


def reports(simulation: Simulation, times: Iterable[float]) -> Iterator[Simulation]:
    """Run to each of the times and hand out the simulation, after a look at the ledger of every field."""
    for time in times:
        simulation.run(time)
        assert_balanced(simulation)
        yield simulation


def ran(simulation: Simulation, until: float) -> Simulation:
    """Run, look at the ledgers, and give the simulation back."""
    return next(reports(simulation, [until]))


def steady(problem: Problem, backend_name: str, *, dt: float = 1e11, steps: int = 2, **options: Any) -> Simulation:
    """Steady state, by a few steps that are longer than any time of the problem."""
    simulation = Simulation(problem, backend=backend_name, dt=dt, dt_max=dt, **{"kappa": TIGHT} | options)
    return ran(simulation, steps * dt)


def assert_balanced(simulation: Simulation) -> None:
    """Every field's mass balance closes to 1e-10 (PERMEATION.md 1.12)."""
    for name in simulation.problem.model.names:
        assert simulation.ledger(name).relative_error <= 1e-10, name


def errors(runs: Iterable[Simulation], times: Sequence[float], measure: Measure, exact: Exact) -> np.ndarray:
    """Errors (run, time, quantity), in units of the largest exact value of the quantity over the times."""
    measured = np.array([[measure(report) for report in reports(run, times)] for run in runs])
    wanted = np.array([exact(time) for time in times])
    return (measured - wanted) / np.abs(wanted).max(axis=0)


def l2(field: np.ndarray, volume: np.ndarray) -> float:
    """Volume-weighted root mean square."""
    return float(np.sqrt((field**2 * volume).sum() / volume.sum()))


def assert_second_order(errors: np.ndarray, cells: Sequence[float], finest: float) -> None:
    """Order 2 +- 0.1 of each quantity's error over the times, and at most `finest` on the last mesh.

    Parameters
    ----------
    errors : (run, quantity) or (run, time, quantity) array
    cells : sequence of float
        Refinement of each run; the time step is refined with the mesh.
    finest : float
        Bound of the errors of the last run.
    """
    sizes = errors if errors.ndim == 2 else np.sqrt((errors**2).mean(axis=1))
    observed = [order(column, cells) for column in sizes.T]
    assert observed == [pytest.approx(2.0, abs=0.1)] * len(observed), sizes
    assert np.abs(errors[-1]).max() <= finest
