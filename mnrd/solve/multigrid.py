"""ZMG: multigrid of z-line Chebyshev smoothing and lateral aggregation, the preconditioner of conjugate gradients."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from mnrd.backends.base import Array, Backend
from mnrd.solve.levels import Level, build_levels

# Chebyshev on [0.5, 2], where the rough half of the spectrum of D^-1 A lies: theta = 1.25, delta = 0.75.
THETA, DELTA = 1.25, 0.75
_RHO = 1 / (2 * THETA / DELTA - DELTA / THETA)
FIRST, MOMENTUM, SECOND = 1 / THETA, _RHO * DELTA / THETA, 2 * _RHO / DELTA

# out = gain u + momentum (u - previous) + weight D^-1 (b - A u)
POLYNOMIALS = {
    "exact": (0.0, 0.0, 1.0),
    "first": (1.0, 0.0, FIRST),
    "second": (1.0, MOMENTUM, SECOND),
    "second from zero": (1.0 + MOMENTUM, 0.0, SECOND),
}


class Operator(Protocol):
    """The coefficients of one field, see ``kernels/diffusion.cu``."""

    capacity: Array
    tx: Array
    ty: Array
    tz: Array
    top: Array
    base: Array


class Multigrid:
    """V(2,2) cycles for one field after the other.

    Every kernel of a cycle does nothing where `going` points to a zero.

    Parameters
    ----------
    backend : Backend
        Kernels and arrays.
    hx, hy : arrays
        Column widths of the mesh, um.
    nz : int
        Cells in z.
    """

    def __init__(self, backend: Backend, hx: np.ndarray, hy: np.ndarray, nz: int) -> None:
        self.backend = backend
        self.levels = build_levels(backend, hx, hy, nz)
        self.scratch = backend.scratch(len(hx), len(hy), nz)
        self.always, self.closed = backend.array([1.0], np.float64), backend.zeros(2, np.float64)
        self.polynomials = {name: backend.array(values, np.float64) for name, values in POLYNOMIALS.items()}
        self.depth, self.going, self.factor = 0, self.always, None

    def load(self, operator: Operator, depth: int) -> None:
        """Put a field's faces on the levels down to `depth`."""
        finest = self.levels[0].coefficients
        for name in ("capacity", "tx", "ty", "tz", "top", "base"):
            finest[name] = getattr(operator, name)
        for fine, coarse in zip(self.levels[:depth], self.levels[1:], strict=False):
            self._coarsen(fine, coarse)

    def _coarsen(self, fine: Level, coarse: Level) -> None:
        kernel, f, c = self.backend.kernel, fine.coefficients, coarse.coefficients
        joined, always = (coarse.nx, coarse.ny), self.always
        firsts, scales = (fine.first_x, fine.first_y), (fine.scale_x, fine.scale_y)
        faces = (f["tx"], f["ty"], f["tz"], c["tx"], c["ty"], c["tz"])
        kernel.coarsen_faces(*fine.size, *joined, *firsts, *scales, *faces)
        kernel.restrict_sum(*fine.size, *joined, always, *firsts, f["capacity"], c["capacity"])
        for side in ("top", "base"):
            kernel.restrict_sum(fine.nx, fine.ny, 1, *joined, always, *firsts, f[side], c[side])

    def measure(self, rates: Array) -> None:
        """Fill the largest rate of lateral exchange of each loaded level, max (sum of lateral T) / (V K), 1/s."""
        for index, level in enumerate(self.levels):
            c, partial = level.coefficients, level.vectors["partial"]
            self.backend.kernel.coupling(*level.size, c["tx"], c["ty"], c["capacity"], partial)
            self.backend.kernel.gather(level.ny * level.nz, 0, 1, partial, rates[index : index + 1])

    def prepare(self, screening: Array, depth: int, factor: Array | None, going: Array) -> None:
        """Set the matrix diagonal of all levels down to `depth`.

        Parameters
        ----------
        screening : (nz, ny, nx) array
            S = V K (tau + L) of the finest level.
        depth : int
            Index of the last level to use.
        factor : (2,) array or None
            1 / (tau capacity + loss + sum g) of a well-stirred reservoir at top and base, 0 for a fixed one; None where
            neither is well-stirred.
        going : (1,) array
            0 when there is nothing left to do.
        """
        self.depth, self.factor, self.going = depth, factor, going
        self.levels[0].coefficients["screening"] = screening
        for fine, coarse in zip(self.levels[:depth], self.levels[1:], strict=False):
            self._restrict(fine, coarse, screening, coarse.coefficients["screening"])
            screening = coarse.coefficients["screening"]

    def _restrict(self, fine: Level, coarse: Level, source: Array, target: Array) -> None:
        joined = (coarse.nx, coarse.ny, self.going, fine.first_x, fine.first_y)
        self.backend.kernel.restrict_sum(*fine.size, *joined, source, target)

    def matrix(self, level: Level, u: Array) -> tuple[Array, ...]:
        """Arguments of the operator kernels: coefficients, and the exchange that belongs to u."""
        c, exchange, kernel = level.coefficients, self.closed, self.backend.kernel
        if self.factor is not None:
            exchange, planes = level.vectors["exchange"], level.vectors["planes"]
            kernel.contact(*level.size, self.going, u, c["top"], c["base"], planes)
            kernel.exchange(level.ny, self.going, planes, self.factor, exchange)
        return c["screening"], c["tx"], c["ty"], c["tz"], c["top"], c["base"], exchange

    def relax(self, level: Level, b: Array, u: Array, previous: Array, out: Array, polynomial: Array) -> None:
        """Fill out = gain u + momentum (u - previous) + weight D^-1 (b - A u)."""
        matrix = self.matrix(level, u)
        self.backend.kernel.relax(*level.size, self.going, b, u, previous, *matrix, polynomial, self.scratch, out)

    def solve_lines(self, level: Level, b: Array, out: Array, polynomial: Array) -> None:
        """Fill out = weight D^-1 b."""
        c = level.coefficients
        matrix = (c["screening"], c["tx"], c["ty"], c["tz"], c["top"], c["base"])
        self.backend.kernel.solve_lines(*level.size, self.going, b, *matrix, polynomial, self.scratch, out)

    def cycle(self, rhs: Array, index: int = 0) -> Array:
        """Return an approximate solution of A u = rhs: symmetric positive definite in rhs.

        The returned array is a work vector of the level, overwritten by the next cycle.
        """
        level, steps = self.levels[index], self.polynomials
        u, v = level.vectors["u"], level.vectors["v"]
        if level.single_column:
            return self._solve_column(level, rhs, v)
        self.solve_lines(level, rhs, u, steps["first"])
        self.relax(level, rhs, u, u, v, steps["second from zero"])
        if index < self.depth:
            coarse = self.levels[index + 1]
            joined = (coarse.nx, coarse.ny, self.going, level.first_x, level.first_y)
            given = (rhs, v, *self.matrix(level, v))
            self.backend.kernel.residual_restrict(*level.size, *joined, *given, coarse.vectors["rhs"])
            correction = self.cycle(coarse.vectors["rhs"], index + 1)
            joined = (coarse.nx, coarse.ny, self.going, level.member_x, level.member_y)
            self.backend.kernel.prolong_add(*level.size, *joined, correction, v)
        self.relax(level, rhs, v, v, u, steps["first"])
        self.relax(level, rhs, u, v, v, steps["second"])
        return v

    def _solve_column(self, level: Level, rhs: Array, out: Array) -> Array:
        # One column: the reservoirs' rank-one terms act on its first and last cell alone, so that
        # g -> g - g^2 / sigma on the diagonal makes the line solve exact.
        c, kernel = level.coefficients, self.backend.kernel
        ends = [c["top"], c["base"]]
        if self.factor is not None:
            for side, eliminated in enumerate((level.vectors["top"], level.vectors["base"])):
                kernel.eliminate(1, self.going, ends[side], self.factor[side : side + 1], eliminated)
                ends[side] = eliminated
        faces = (c["screening"], c["tx"], c["ty"], c["tz"], *ends)
        exact = self.polynomials["exact"]
        kernel.solve_lines(*level.size, self.going, rhs, *faces, exact, self.scratch, out)
        return out
