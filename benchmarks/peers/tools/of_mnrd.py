"""mnrd through its public Python interface."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott, skin
from peers.problems.decay import EXTENT, VOXELS


def _solve(make: Any, error: Any, until: float, options: dict[str, Any], control: str) -> Solve:
    """Solve with a fixed step or a tolerance, once a first small step of another simulation has compiled everything."""
    from mnrd.simulation import Simulation

    problem = make()
    Simulation(problem, **options).run(1e-3 * until)

    def solve(value: float) -> Outcome:
        simulation = Simulation(problem, **options, **{"dt" if control == "step" else "rtol": value})
        seconds, _ = timed(lambda: simulation.run(until))
        unknowns = problem.mesh.cells * len(problem.model.fields)
        return Outcome(seconds, error(simulation), unknowns, simulation.step)

    return solve


def decay(problem: Any, cells: int, backend: str, control: str) -> Solve:
    """Diffusion and decay."""
    import mnrd

    def make() -> Any:
        edges = np.linspace(0.0, EXTENT, cells + 1)
        mesh = mnrd.Mesh(x=edges, y=edges, z=edges)
        field = mnrd.Field("c", initial=problem.start(cells), diffusivity=problem.diffusivity)
        model = mnrd.Model((field,), (mnrd.Reaction("decay", {"c": "-k*c"}),), {"k": problem.rate})
        return mnrd.Problem(mesh, mnrd.paint(mesh, [("medium", 0.0)]), model)

    def error(simulation: Any) -> float:
        return float(problem.error(simulation.concentration("c"), cells))

    return _solve(make, error, problem.end, {"backend": backend, "precision": "double"}, control)


def skin_problem(fineness: int) -> Any:
    """Layered skin with a channel on the grid of `skin.edges`."""
    import mnrd

    x, z = skin.edges(fineness)
    mesh = mnrd.Mesh(x=x, y=x, z=z)
    layers = [("stratum corneum", 0.0), ("dermis", skin.BANDS[1])]
    painting = mnrd.paint(mesh, layers, [("channel", skin.inside_channel)])
    top, base = mnrd.Reservoir(activity=1.0), mnrd.Reservoir()
    field = mnrd.Field("c", diffusivity=skin.DIFFUSIVITIES, top=top, base=base)
    return mnrd.Problem(mesh, painting, mnrd.Model((field,)))


def skin_amounts(simulation: Any) -> np.ndarray:
    """Amounts in the bands now."""
    mesh = simulation.problem.mesh
    return skin.amounts_of(simulation.concentration("c"), mesh.x, mesh.z)


def layered(problem: Any, fineness: int, backend: str, control: str) -> Solve:
    """Layered skin with a channel."""

    def error(simulation: Any) -> float:
        return float(problem.error(skin_amounts(simulation)))

    options = {"backend": backend, "precision": "double"}
    return _solve(lambda: skin_problem(fineness), error, problem.end, options, control)


def spots(problem: Any, cells: int, backend: str, control: str) -> Solve:
    """Gray-Scott."""
    import mnrd

    def make() -> Any:
        edges = np.linspace(0.0, gray_scott.EXTENT, cells + 1)
        mesh = mnrd.Mesh(x=edges, y=edges, z=[0.0, 1.0])
        values = zip("uv", gray_scott.start(*gray_scott.centres(cells)), strict=True)
        fields = [mnrd.Field(f, initial=c[None], diffusivity=gray_scott.DIFFUSIVITIES[f]) for f, c in values]
        kinetics = mnrd.Reaction("kinetics", {"u": "F*(1 - u) - u*v**2", "v": "u*v**2 - (F + k)*v"})
        model = mnrd.Model(fields, (kinetics,), {"F": gray_scott.FEED, "k": gray_scott.KILL})
        return mnrd.Problem(mesh, mnrd.paint(mesh, [("medium", 0.0)]), model)

    def error(simulation: Any) -> float:
        return float(problem.error(gray_scott.block_means(simulation.concentration("v")[0])))

    return _solve(make, error, problem.end, {"backend": backend, "precision": "double"}, control)


def methods(backend: str) -> tuple[Method, ...]:
    """Methods on one backend; numpy, which is there for its clarity, has shorter ladders."""

    def method(problem: str, prepare: Any, grids: tuple[int, ...], steps: tuple[float, ...], control: str) -> Method:
        name = "SDIRK2, multigrid" + (", fixed step" if control == "step" else "")
        return Method(problem, name, partial(prepare, backend=backend, control=control), grids, steps, control)

    tolerances = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4)
    if backend == "numpy":
        return (
            method("decay", decay, (VOXELS,), (3e-3,), "rtol"),
            method("stiff", decay, (VOXELS,), (1e-1,), "rtol"),
            method("skin", layered, (4, 6, 8), (1e-2, 1e-3), "rtol"),
            method("gray-scott", spots, (128,), (1e-4,), "rtol"),
        )
    return (
        method("decay", decay, (VOXELS,), (60.0, 30.0), "step"),
        method("decay", decay, (VOXELS,), tolerances, "rtol"),
        method("stiff", decay, (VOXELS,), (30.0, 15.0), "step"),
        method("stiff", decay, (VOXELS,), tolerances, "rtol"),
        method("skin", layered, (3, 4, 5, 6, 7, 8, 10, 12), (1e-1, 3e-2, 1e-2, 1e-3), "rtol"),
        method("gray-scott", spots, (128, 256, 384), (1e-4, 1e-5, 1e-6), "rtol"),
    )
