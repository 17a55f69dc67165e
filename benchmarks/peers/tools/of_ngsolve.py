"""NGSolve: finite elements of higher order, implicit, with sparse Cholesky factors or conjugate gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from peers.method import Method, Outcome, Solve, timed
from peers.problems import gray_scott, skin
from peers.problems.decay import EXTENT
from peers.tools.stepping import count, doubling, equal, sdirk2

PACKAGES = ("ngsolve",)
REASONS: dict[str, str] = {}
THREADS = 2
RTOL = 1e-5
"""Of the conjugate gradients, as in `peers.tools.of_scipy`."""


def _stages(mass: Any, stiffness: Any, inverse: Callable[[Any], Any]) -> Callable[[float], Any]:
    """`factorise` of SDIRK2: what is fixed at the boundary is so in the guess and stays so."""

    def factorise(step: float) -> Callable[[Any, Any], Any]:
        matrix = mass.mat.CreateMatrix()
        matrix.AsVector().data = mass.mat.AsVector() + step * stiffness.mat.AsVector()
        solver = inverse(matrix)

        def solve(y: Any, guess: Any) -> Any:
            before, found, rest = (mass.mat.CreateColVector() for _ in range(3))
            before.data, found.data = y, guess
            rest.data = mass.mat * before - matrix * found
            found.data += solver * rest
            return found

        return solve

    return factorise


def decay(problem: Any, cells: int, order: int) -> Solve:
    """Diffusion and decay on hexahedra; the grid counts unknowns along an axis."""
    import ngsolve as ng
    from ngsolve.meshes import MakeStructured3DMesh

    ng.SetNumThreads(THREADS)
    each = cells // order
    mesh = MakeStructured3DMesh(
        hexes=True, nx=each, ny=each, nz=each, mapping=lambda x, y, z: (EXTENT * x, EXTENT * y, EXTENT * z)
    )
    space = ng.H1(mesh, order=order)
    u, v = space.TnT()
    with ng.TaskManager():
        mass = ng.BilinearForm(u * v * ng.dx, symmetric=True).Assemble()
        form = problem.diffusivity * ng.grad(u) * ng.grad(v) + problem.rate * u * v
        stiffness = ng.BilinearForm(form * ng.dx, symmetric=True).Assemble()
    concentration = ng.GridFunction(space)
    point = (ng.x, ng.y, ng.z)

    def inverse(matrix: Any) -> Any:
        return ng.CGSolver(matrix, matrix.CreateSmoother(space.FreeDofs()), tol=RTOL, maxiter=1000)

    def run(pieces: Any) -> Any:
        with ng.TaskManager():
            return sdirk2(pieces, concentration.vec.Copy(), _stages(mass, stiffness, inverse))

    def solve(step: float) -> Outcome:
        concentration.Set(problem.solution(0.0, *point, cos=ng.cos, exp=np.exp))
        pieces = equal(problem.end, step)
        seconds, values = timed(lambda: run(pieces))
        concentration.vec.data = values
        exact = problem.solution(problem.end, *point, cos=ng.cos, exp=np.exp)
        with ng.TaskManager():
            squares = [ng.Integrate(f * f, mesh, order=2 * order + 2) for f in (concentration - exact, exact)]
        return Outcome(seconds, float(np.sqrt(squares[0] / squares[1])), space.ndof, count(pieces))

    return solve


def skin_mesh(fineness: int, order: int) -> Any:
    """Curved tetrahedra, finer at the surface, the rim and the tip of the channel."""
    import ngsolve as ng
    from netgen import occ

    ends = (0.0, *skin.BANDS[1:])
    cylinder = occ.Cylinder(occ.Pnt(0, 0, 0), occ.Z, r=skin.RADIUS, h=skin.DEPTH)
    bodies = []
    for number, (low, high) in enumerate(pairwise(ends)):
        box = occ.Box(occ.Pnt(0, 0, low), occ.Pnt(skin.WIDTH, skin.WIDTH, high))
        pieces = [("outside", box - cylinder), ("channel", box * cylinder)] if low < skin.DEPTH else [("outside", box)]
        for where, body in pieces:
            body.mat(f"{where}{number}")
            body.maxh = (12.0 if number == 0 else 60.0) / fineness
            bodies.append(body)
    shape = occ.Glue(bodies)
    for face in shape.faces:
        if abs(face.center.z) < 1e-6:
            face.name, face.maxh = "top", 12.0 / fineness
        elif abs(face.center.z - skin.BANDS[-1]) < 1e-6:
            face.name = "base"
    for edge in shape.edges:  # under the stratum corneum the flux has a singularity at the wall
        along = edge.center
        if abs(along.z - skin.BANDS[1]) < 1e-6 and abs(np.hypot(along.x, along.y) - skin.RADIUS) < 6:
            edge.maxh = 6.0 / fineness
    with ng.TaskManager():
        mesh = ng.Mesh(occ.OCCGeometry(shape).GenerateMesh(maxh=60.0 / fineness, grading=0.5))
        mesh.Curve(order)
    return mesh


class Layers:
    """Layered skin with a channel on curved tetrahedra.

    Parameters
    ----------
    problem : Skin
    fineness : int
    order : int
        Of the elements.
    """

    def __init__(self, problem: Any, fineness: int, order: int) -> None:
        import ngsolve as ng

        ng.SetNumThreads(THREADS)
        self.problem, self.order, self.mesh = problem, order, skin_mesh(fineness, order)
        self.space = ng.H1(self.mesh, order=order, dirichlet="top|base")
        names = self.mesh.GetMaterials()
        values = {"outside0": "stratum corneum"} | {name: "channel" for name in names if name.startswith("channel")}
        diffusivity = self.mesh.MaterialCF({name: skin.DIFFUSIVITIES[values.get(name, "dermis")] for name in names})
        u, v = self.space.TnT()
        with ng.TaskManager():
            self.mass = ng.BilinearForm(u * v * ng.dx, symmetric=True).Assemble()
            form = diffusivity * ng.grad(u) * ng.grad(v) * ng.dx
            self.stiffness = ng.BilinearForm(form, symmetric=True).Assemble()
        self.concentration = ng.GridFunction(self.space)
        # 1 on top and else as near to 0 as the elements can be, in the mean: nothing is in the skin at first.
        top = self.mesh.BoundaryCF({"top": 1.0}, default=0.0)
        self.concentration.Set(top, definedon=self.mesh.Boundaries("top"))
        rest = self.mass.mat.CreateColVector()
        rest.data = self.mass.mat * self.concentration.vec
        self.start = self.concentration.vec.Copy()
        self.start.data -= self._inverse(self.mass.mat) * rest

    def _inverse(self, matrix: Any) -> Any:
        return matrix.Inverse(self.space.FreeDofs(), inverse="sparsecholesky")

    def run(self, step: float) -> None:
        """From the start to the end."""
        import ngsolve as ng

        pieces = doubling(self.problem.end, step)
        with ng.TaskManager():
            found = sdirk2(pieces, self.start.Copy(), _stages(self.mass, self.stiffness, self._inverse))
        self.concentration.vec.data = found

    def amounts(self, step: float) -> np.ndarray:
        """Amounts in the bands at the end."""
        import ngsolve as ng

        self.run(step)
        parts = [self.mesh.Materials(f".*{number}") for number in range(len(skin.BANDS) - 1)]
        return np.array([ng.Integrate(self.concentration, self.mesh, definedon=p, order=2 * self.order) for p in parts])

    def solve(self, step: float) -> Outcome:
        """Run, timed, and compare."""
        seconds, amounts = timed(lambda: self.amounts(step))
        steps = count(doubling(self.problem.end, step))
        return Outcome(seconds, self.problem.error(amounts), self.space.ndof, steps)


def layered(problem: Any, fineness: int, order: int) -> Solve:
    """Layered skin with a channel."""
    return Layers(problem, fineness, order).solve


class Spots:
    """Gray-Scott on quadrilaterals: diffusion and losses implicit, the rest extrapolated, both of second order (SBDF2).

    Parameters
    ----------
    problem : GrayScott
    cells : int
        Unknowns along an axis.
    order : int
        Of the elements.
    """

    def __init__(self, problem: Any, cells: int, order: int) -> None:
        import ngsolve as ng
        from ngsolve.meshes import MakeStructured2DMesh

        ng.SetNumThreads(THREADS)
        each, extent = cells // order, gray_scott.EXTENT
        self.problem = problem
        self.mesh = MakeStructured2DMesh(nx=each, ny=each, mapping=lambda x, y: (extent * x, extent * y))
        self.space = ng.H1(self.mesh, order=order)
        u, w = self.space.TnT()
        self.fields = [ng.GridFunction(self.space) for _ in range(2)]
        made, feed = self.fields[0] * self.fields[1] ** 2, gray_scott.FEED
        self.rates = [ng.LinearForm(rate * w * ng.dx) for rate in (feed - made, made)]
        self.mass = ng.BilinearForm(u * w * ng.dx, symmetric=True).Assemble()
        losses = zip(gray_scott.DIFFUSIVITIES.values(), (feed, feed + gray_scott.KILL), strict=True)
        forms = [(diffusivity * ng.grad(u) * ng.grad(w) + loss * u * w) * ng.dx for diffusivity, loss in losses]
        self.spread = [ng.BilinearForm(form, symmetric=True).Assemble() for form in forms]

    def _inverses(self, weight: float) -> list[Any]:
        found = []
        for form in self.spread:
            matrix = self.mass.mat.CreateMatrix()
            matrix.AsVector().data = weight * self.mass.mat.AsVector() + form.mat.AsVector()
            found.append(matrix.Inverse(self.space.FreeDofs(), inverse="sparsecholesky"))
        return found

    def run(self, dt: float, steps: int) -> None:
        """From what the fields hold to the end; the first step is one of first order."""
        inverses = self._inverses(1 / dt)
        now = [one.vec.Copy() for one in self.fields]
        before, rates_before = now, None
        for step in range(steps):
            rates = [form.Assemble().vec.Copy() for form in self.rates]
            for which, (one, inverse) in enumerate(zip(self.fields, inverses, strict=True)):
                weighed, source = one.vec.CreateVector(), one.vec.CreateVector()
                if rates_before is None:
                    weighed.data, source.data = 1 / dt * now[which], rates[which]
                else:
                    weighed.data = 2 / dt * now[which] - 0.5 / dt * before[which]
                    source.data = 2 * rates[which] - rates_before[which]
                source.data += self.mass.mat * weighed
                one.vec.data = inverse * source
            before, now, rates_before = now, [one.vec.Copy() for one in self.fields], rates
            if step == 0:
                inverses = self._inverses(1.5 / dt)

    def solve(self, step: float) -> Outcome:
        """Run, timed, and compare."""
        import ngsolve as ng

        for one, values in zip(self.fields, gray_scott.start(ng.x, ng.y, exp=ng.exp), strict=True):
            one.Set(values)
        steps = round(self.problem.end / step)
        with ng.TaskManager():
            seconds, _ = timed(lambda: self.run(self.problem.end / steps, steps))
        error = self.problem.error(_block_means(self.fields[1], self.mesh))
        return Outcome(seconds, error, 2 * self.space.ndof, steps)


def spots(problem: Any, cells: int, order: int) -> Solve:
    """Gray-Scott."""
    return Spots(problem, cells, order).solve


def _block_means(concentration: Any, mesh: Any) -> np.ndarray:
    """Means in the blocks, from 8 x 8 points of Gauss in each block."""
    points, weights = np.polynomial.legendre.leggauss(8)
    size = gray_scott.EXTENT / gray_scott.BLOCKS
    places = ((np.arange(gray_scott.BLOCKS)[:, None] + 0.5 + 0.5 * points) * size).ravel()
    x, y = np.meshgrid(places, places)
    values = concentration(mesh(x.ravel(), y.ravel())).reshape((gray_scott.BLOCKS, 8) * 2)
    return np.asarray(np.einsum("aibj,i,j->ab", values, weights / 2, weights / 2))


METHODS = (
    Method("decay", "SDIRK2, order 2 elements, CG", partial(decay, order=2), (100,), (30.0, 15.0)),
    Method("stiff", "SDIRK2, order 2 elements, CG", partial(decay, order=2), (100,), (30.0, 15.0)),
    Method("skin", "SDIRK2, order 2 elements, Cholesky", partial(layered, order=2), (1, 2), (150.0, 75.0)),
    Method("skin", "SDIRK2, order 3 elements, Cholesky", partial(layered, order=3), (1, 2), (150.0, 75.0)),
    Method(
        "gray-scott",
        "SBDF2, order 3 elements, Cholesky",
        partial(spots, order=3),
        (48, 96, 144),
        (1.0, 0.5, 0.25, 0.125),
    ),
)
