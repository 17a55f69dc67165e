"""FiPy with its solvers of scipy: finite volumes, implicit."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott, skin
from peers.problems.decay import EXTENT, VOXELS
from peers.tools.stepping import Pieces, count, doubling, equal

PACKAGES = ("fipy", "scipy")
REASONS: dict[str, str] = {}


def _fipy() -> Any:
    """FiPy with scipy, whatever else is installed."""
    os.environ.setdefault("FIPY_SOLVERS", "scipy")
    import fipy

    return fipy


def _advance(unknowns: list[Any], equations: list[Any], pieces: Pieces, solver: Any) -> None:
    """Steps of all equations, one after the other."""
    for dt, number in pieces:
        for _ in range(number):
            for unknown in unknowns:
                unknown.updateOld()
            for unknown, equation in zip(unknowns, equations, strict=True):
                equation.solve(var=unknown, dt=dt, solver=solver)


def _method(
    start: dict[Any, Any], equations: list[Any], pieces_of: Callable[[float], Pieces], error: Any, solver: Any = None
) -> Solve:
    """Solve from the start, by itself with FiPy's default for scipy, which is a sparse LU."""

    def solve(step: float) -> Outcome:
        pieces = pieces_of(step)
        for unknown, values in start.items():
            unknown.setValue(values)
        seconds, _ = timed(lambda: _advance(list(start), equations, pieces, solver))
        return Outcome(seconds, error(), sum(unknown.value.size for unknown in start), count(pieces))

    return solve


def decay(problem: Any, cells: int, implicit: float) -> Solve:
    """Diffusion and decay, implicit Euler or Crank-Nicolson."""
    fipy = _fipy()
    from fipy.solvers.scipy import LinearCGSolver

    solver = LinearCGSolver(tolerance=1e-8, iterations=2000)
    mesh = fipy.Grid3D(nx=cells, ny=cells, nz=cells, **{axis: EXTENT / cells for axis in ("dx", "dy", "dz")})
    c = fipy.CellVariable(mesh=mesh, hasOld=True)
    diffusion = fipy.DiffusionTerm(coeff=implicit * problem.diffusivity)
    terms = diffusion - fipy.ImplicitSourceTerm(coeff=implicit * problem.rate)
    if implicit < 1:
        terms = terms + fipy.ExplicitDiffusionTerm(coeff=(1 - implicit) * problem.diffusivity)
        terms = terms - (1 - implicit) * problem.rate * c.old
    equation = fipy.TransientTerm() == terms
    start = {c: problem.start(cells).ravel()}
    return _method(start, [equation], partial(equal, problem.end), lambda: problem.error(c.value, cells), solver)


def layered(problem: Any, fineness: int) -> Solve:
    """Layered skin with a channel, implicit Euler."""
    fipy = _fipy()
    x, z = skin.edges(fineness)
    down, sideways = skin.diffusivities(x, z)
    mesh = fipy.Grid3D(dx=np.diff(x), dy=np.diff(x), dz=np.diff(z))
    means = [fipy.CellVariable(mesh=mesh, value=one.ravel()).harmonicFaceValue for one in (down, sideways)]
    is_level = np.abs(mesh.faceNormals[2]) > 0.5
    coefficient = is_level * means[0] + (1 - is_level) * means[1]
    c = fipy.CellVariable(mesh=mesh, hasOld=True)
    c.constrain(1.0, mesh.facesFront)
    c.constrain(0.0, mesh.facesBack)
    equation = fipy.TransientTerm() == fipy.DiffusionTerm(coeff=coefficient)

    def error() -> float:
        return float(problem.error(skin.amounts_of(c.value.reshape(down.shape), x, z)))

    return _method({c: 0.0}, [equation], partial(doubling, problem.end), error)


def spots(problem: Any, cells: int) -> Solve:
    """Gray-Scott, implicit Euler, one field after the other, losses implicit."""
    fipy = _fipy()
    mesh = fipy.Grid2D(nx=cells, ny=cells, dx=gray_scott.EXTENT / cells, dy=gray_scott.EXTENT / cells)
    u, v = (fipy.CellVariable(mesh=mesh, hasOld=True) for _ in range(2))
    feed, kill = gray_scott.FEED, gray_scott.KILL
    spread = {name: fipy.DiffusionTerm(coeff=value) for name, value in gray_scott.DIFFUSIVITIES.items()}
    equations = [
        fipy.TransientTerm() == spread["u"] - fipy.ImplicitSourceTerm(coeff=v * v + feed) + feed,
        fipy.TransientTerm() == spread["v"] - fipy.ImplicitSourceTerm(coeff=feed + kill) + u * v * v,
    ]
    values = np.broadcast_arrays(*gray_scott.start(*gray_scott.centres(cells)))
    start = dict(zip((u, v), (one.ravel() for one in values), strict=True))

    def error() -> float:
        return float(problem.error(gray_scott.block_means(v.value.reshape(cells, cells))))

    return _method(start, equations, partial(equal, problem.end), error)


METHODS = (
    Method("decay", "Crank-Nicolson, CG", partial(decay, implicit=0.5), (VOXELS,), (60.0, 30.0)),
    Method("stiff", "implicit Euler, CG", partial(decay, implicit=1.0), (VOXELS,), (30.0,)),
    Method("skin", "implicit Euler, LU", layered, (4, 6), (300.0, 75.0, 18.75)),
    Method("gray-scott", "implicit Euler, LU", spots, (128,), (1.0, 0.25)),
)
