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


class Operator(Protocol):
    """The coefficients of one field, see ``kernels/diffusion.cu``."""

    version: int
    capacity: Array
    tx: Array
    ty: Array
    tz: Array
    top: Array
    base: Array


class Multigrid:
    """V(2,2) cycles for one field after the other.

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
        self.partial = backend.zeros((nz, len(hy)), np.float64)
        self._loaded: int | None = None
        self._couplings: list[float] = []
        self.factors = (0.0, 0.0)
        self.depth = 0

    def load(self, operator: Operator) -> list[float]:
        """Put a field's faces on all levels, unless they are there already.

        Returns
        -------
        list of float
            For each level the largest rate of lateral exchange, max (sum of lateral T) / (V K), 1/s.
        """
        finest = self.levels[0].coefficients
        for name in ("capacity", "tx", "ty", "tz", "top", "base"):
            finest[name] = getattr(operator, name)
        if operator.version != self._loaded:
            for fine, coarse in zip(self.levels, self.levels[1:], strict=False):
                self._coarsen(fine, coarse)
            self._loaded = operator.version
            self._couplings = [self._coupling(level) for level in self.levels]
        return self._couplings

    def _coarsen(self, fine: Level, coarse: Level) -> None:
        kernel, f, c = self.backend.kernel, fine.coefficients, coarse.coefficients
        joined = (coarse.nx, coarse.ny, fine.first_x, fine.first_y)
        scales = (fine.scale_x, fine.scale_y)
        kernel.coarsen_faces(*fine.size, *joined, *scales, f["tx"], f["ty"], f["tz"], c["tx"], c["ty"], c["tz"])
        kernel.restrict_sum(*fine.size, *joined, f["capacity"], c["capacity"])
        for side in ("top", "base"):
            kernel.restrict_sum(fine.nx, fine.ny, 1, *joined, f[side], c[side])

    def _coupling(self, level: Level) -> float:
        c, partial = level.coefficients, self.partial[:, : level.ny].copy()
        self.backend.kernel.coupling(*level.size, c["tx"], c["ty"], c["capacity"], partial)
        return self.backend.largest(partial)

    def prepare(self, screening: Array, depth: int, factors: tuple[float, float]) -> None:
        """Set the matrix diagonal of all levels down to `depth`.

        Parameters
        ----------
        screening : (nz, ny, nx) array
            S = V K (tau + L) of the finest level.
        depth : int
            Index of the last level to use.
        factors : pair of float
            1 / (tau capacity + loss + sum g) of a well-stirred reservoir at top and base; 0 for a fixed one.
        """
        self.depth, self.factors = depth, factors
        self.levels[0].coefficients["screening"] = screening
        for fine, coarse in zip(self.levels[:depth], self.levels[1:], strict=False):
            self._restrict(fine, coarse, screening, coarse.coefficients["screening"])
            screening = coarse.coefficients["screening"]

    def _restrict(self, fine: Level, coarse: Level, source: Array, target: Array) -> None:
        joined = (coarse.nx, coarse.ny, fine.first_x, fine.first_y)
        self.backend.kernel.restrict_sum(*fine.size, *joined, source, target)

    def matrix(self, level: Level, u: Array | None) -> tuple[Array, ...]:
        """Arguments of the operator kernels: coefficients, and the exchange that belongs to u (None: u = 0)."""
        c, exchange = level.coefficients, level.vectors["exchange"]
        if u is None or self.factors == (0.0, 0.0):
            exchange[:] = 0
        else:
            self.backend.kernel.contact(*level.size, u, c["top"], c["base"], *self.factors, exchange)
        return c["screening"], c["tx"], c["ty"], c["tz"], c["top"], c["base"], exchange

    def relax(
        self,
        level: Level,
        b: Array,
        u: Array,
        previous: Array,
        out: Array,
        gain: float,
        momentum: float,
        weight: float,
    ) -> None:
        """Fill out = gain u + momentum (u - previous) + weight D^-1 (b - A u)."""
        matrix = self.matrix(level, u)
        self.backend.kernel.relax(*level.size, b, u, previous, *matrix, gain, momentum, weight, self.scratch, out)

    def solve_lines(self, level: Level, b: Array, out: Array, weight: float) -> None:
        """Fill out = weight D^-1 b."""
        *matrix, _ = self.matrix(level, None)
        self.backend.kernel.solve_lines(*level.size, b, *matrix, weight, self.scratch, out)

    def cycle(self, rhs: Array, index: int = 0) -> Array:
        """Return an approximate solution of A u = rhs: symmetric positive definite in rhs.

        The returned array is a work vector of the level, overwritten by the next cycle.
        """
        level = self.levels[index]
        u, v = level.vectors["u"], level.vectors["v"]
        if level.single_column:
            return self._solve_column(level, rhs, v)
        self.solve_lines(level, rhs, u, FIRST)
        self.relax(level, rhs, u, u, v, 1 + MOMENTUM, 0.0, SECOND)
        if index < self.depth:
            coarse = self.levels[index + 1]
            residual, coarse_rhs = level.vectors["residual"], coarse.vectors["rhs"]
            self.backend.kernel.residual(*level.size, rhs, v, *self.matrix(level, v), residual)
            self._restrict(level, coarse, residual, coarse_rhs)
            correction = self.cycle(coarse_rhs, index + 1)
            joined = (coarse.nx, coarse.ny, level.member_x, level.member_y)
            self.backend.kernel.prolong_add(*level.size, *joined, correction, v)
        self.relax(level, rhs, v, v, u, 1.0, 0.0, FIRST)
        self.relax(level, rhs, u, v, v, 1.0, MOMENTUM, SECOND)
        return v

    def _solve_column(self, level: Level, rhs: Array, out: Array) -> Array:
        # One column: the reservoirs' rank-one terms act on its first and last cell alone, so that
        # g -> g - g^2 / sigma on the diagonal makes the line solve exact.
        c = level.coefficients
        top, base = (c[s] - c[s] * c[s] * f for s, f in zip(("top", "base"), self.factors, strict=True))
        faces = (c["screening"], c["tx"], c["ty"], c["tz"])
        top, base = top.astype(self.backend.real), base.astype(self.backend.real)
        self.backend.kernel.solve_lines(*level.size, rhs, *faces, top, base, 1.0, self.scratch, out)
        return out
