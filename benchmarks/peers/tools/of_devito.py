"""Devito: explicit Euler in C that it generates from the equations, with OpenMP."""

from __future__ import annotations

from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott, skin
from peers.problems.decay import EXTENT, VOXELS
from peers.tools.volumes import sides

PACKAGES = ("devito",)
REASONS: dict[str, str] = {}

Values = dict[Any, np.ndarray]


def _grid(shape: tuple[int, ...], width: float) -> Any:
    """A grid of cells of equal widths in double precision; by itself Devito would take single."""
    import devito

    devito.configuration["log-level"] = "ERROR"
    devito.configuration["language"] = "openmp"
    return devito.Grid(shape=shape, extent=tuple((n - 1) * width for n in shape), dtype=np.float64)


def _mirrors(unknown: Any) -> list[Any]:
    """Equations that make all sides mirrors: the point outside has the value of its neighbour inside."""
    from devito import Eq

    grid, found = unknown.grid, []
    for axis, cells in enumerate(grid.shape):
        for outside, inside in ((-1, 0), (cells, cells - 1)):
            to, of = list(grid.dimensions), list(grid.dimensions)
            to[axis], of[axis] = outside, inside
            next_time = grid.stepping_dim + 1
            found.append(Eq(unknown[(next_time, *to)], unknown[(next_time, *of)]))
    return found


def _fill(start: Values) -> None:
    """Write values at the start into both buffers, mirrors included."""
    for unknown, values in start.items():
        halo = (unknown.data_with_halo.shape[1] - values.shape[0]) // 2
        window = tuple(slice(halo - 1, halo + n + 1) for n in values.shape)
        for buffer in range(2):
            unknown.data_with_halo[buffer][window] = np.pad(values, 1, mode="edge")


def _run(operator: Any, start: Values, end: float, step: float) -> tuple[float, int]:
    """Seconds and number of the steps."""
    _fill(start)
    steps = int(np.ceil(end / step))
    seconds, _ = timed(lambda: operator.apply(time_m=0, time_M=steps - 1, dt=end / steps))
    return seconds, steps


def _compiled(equations: list[Any], start: Values) -> Any:
    """The operator, compiled and run once for two steps."""
    from devito import Operator

    operator = Operator(equations)
    _fill(start)
    operator.apply(time_m=0, time_M=1, dt=0.0)
    return operator


def decay(problem: Any, cells: int) -> Solve:
    """Diffusion and decay; the step is a part of the longest stable one."""
    from devito import Eq, TimeFunction, solve

    c = TimeFunction(name="c", grid=_grid((cells,) * 3, EXTENT / cells), space_order=2)
    equation = Eq(c.dt, problem.diffusivity * c.laplace - problem.rate * c)
    start = {c: problem.start(cells)}
    operator = _compiled([Eq(c.forward, solve(equation, c.forward)), *_mirrors(c)], start)

    def run(part: float) -> Outcome:
        seconds, steps = _run(operator, start, problem.end, part * problem.explicit_limit(cells))
        return Outcome(seconds, problem.error(np.array(c.data[steps % 2]), cells), cells**3, steps)

    return run


def _face(grid: Any, axis: int, diffusivity: np.ndarray) -> Any:
    """Conductance between each cell and the one after it; on top and at the base that to the boundary."""
    from devito import Function

    face = Function(name=f"face{axis}", grid=grid, space_order=2)
    halo = (face.data_with_halo.shape[0] - face.data.shape[0]) // 2
    values = np.zeros(face.data_with_halo.shape)
    inner = tuple(slice(halo, halo + n) for n in diffusivity.shape)
    low, high = (diffusivity[side] for side in sides(axis))
    values[inner][sides(axis)[0]] = 2 * low * high / (low + high)
    if axis == 0:
        values[inner][-1] = 2 * diffusivity[-1]
        values[halo - 1][inner[1:]] = 2 * diffusivity[0]
    face.data_with_halo[:] = values
    return face


def layered(problem: Any, cells: int) -> Solve:
    """Layered skin with a channel, equal cells, harmonic means of the diffusivity at the faces."""
    from devito import Eq, TimeFunction

    width = skin.WIDTH / cells
    x, z = (np.linspace(0.0, end, round(end / width) + 1) for end in (skin.WIDTH, skin.BANDS[-1]))
    down, sideways = skin.diffusivities(x, z)
    grid = _grid(down.shape, width)
    c = TimeFunction(name="c", grid=grid, space_order=2)
    rate = 0
    for axis, (dimension, values) in enumerate(zip(grid.dimensions, (down, sideways, sideways), strict=True)):
        face, spacing = _face(grid, axis, values), dimension.spacing
        before = face.subs(dimension, dimension - spacing) * (c - c.subs(dimension, dimension - spacing))
        rate = rate + (face * (c.subs(dimension, dimension + spacing) - c) - before) / width**2
    time, *others = grid.stepping_dim, *grid.dimensions[1:]
    held = [Eq(c[(time + 1, -1, *others)], 1.0), Eq(c[(time + 1, z.size - 1, *others)], 0.0)]
    start = {c: np.zeros(down.shape)}
    operator = _compiled([Eq(c.forward, c + time.spacing * rate), *held], start)
    # Six faces, the one to the boundary twice as conductive.
    limit = width**2 / (7 * max(skin.DIFFUSIVITIES.values()))

    def run(part: float) -> Outcome:
        seconds, steps = _run(operator, start, problem.end, part * limit)
        error = problem.error(skin.amounts_of(np.array(c.data[steps % 2]), x, z))
        return Outcome(seconds, error, down.size, steps)

    return run


def spots(problem: Any, cells: int) -> Solve:
    """Gray-Scott; the step is a part of the longest stable one."""
    from devito import Eq, TimeFunction, solve

    width = gray_scott.EXTENT / cells
    grid = _grid((cells, cells), width)
    u, v = (TimeFunction(name=name, grid=grid, space_order=2) for name in "uv")
    feed, kill = gray_scott.FEED, gray_scott.KILL
    equations = [
        Eq(u.dt, gray_scott.DIFFUSIVITIES["u"] * u.laplace - u * v**2 + feed * (1 - u)),
        Eq(v.dt, gray_scott.DIFFUSIVITIES["v"] * v.laplace + u * v**2 - (feed + kill) * v),
    ]
    steps_of = [Eq(f.forward, solve(e, f.forward)) for f, e in zip((u, v), equations, strict=True)]
    values = np.broadcast_arrays(*gray_scott.start(*gray_scott.centres(cells)))
    start = dict(zip((u, v), values, strict=True))
    operator = _compiled([*steps_of, *_mirrors(u), *_mirrors(v)], start)
    limit = width**2 / (4 * max(gray_scott.DIFFUSIVITIES.values()))

    def run(part: float) -> Outcome:
        seconds, steps = _run(operator, start, problem.end, part * limit)
        means = gray_scott.block_means(np.array(v.data[steps % 2]))
        return Outcome(seconds, problem.error(means), 2 * cells**2, steps)

    return run


METHODS = (
    Method("decay", "explicit Euler", decay, (VOXELS,), (0.95, 0.475, 0.2375), "part"),
    Method("stiff", "explicit Euler", decay, (VOXELS,), (0.95,), "part"),
    Method("skin", "explicit Euler, equal cells", layered, (20, 40), (0.95,), "part"),
    Method("gray-scott", "explicit Euler", spots, (128, 256, 384), (0.95, 0.475), "part"),
)
