"""The `numpy` backend: the meaning of each kernel in array notation, and the fallback that runs everywhere.

Each function has the name, the argument order and the meaning of the kernel in ``kernels/*.cu``; its formula stands
there. Arrays are (nz, ny, nx); the sizes that come first are those of the arrays and are not used here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from mnrd.backends import reference_stage, reference_taxis
from mnrd.backends.base import FieldReaction
from mnrd.backends.reference_stage import outflow

# ---- diffusion.cu


def mix_conductivity(nx, ny, nz, materials, fractions, lateral, vertical, s_lateral, s_vertical):
    """Series mean laterally, parallel mean vertically, of the materials in each cell."""
    resistance = np.zeros(fractions.shape[1:])
    conductance = np.zeros(fractions.shape[1:])
    for m in range(materials):
        phi = fractions[m] / 255.0
        with np.errstate(divide="ignore", invalid="ignore"):
            resistance += np.where(fractions[m] > 0, phi / lateral[m][:, None, None], 0.0)
        conductance += phi * vertical[m][:, None, None]
    s_lateral[:] = 1 / resistance
    s_vertical[:] = conductance


def transmissibility(nx, ny, nz, periodic_x, periodic_y, hx, hy, hz, s_lateral, s_vertical, tx, ty, tz):
    """Series conductance of each face, zero at walls and at impermeable cells."""
    x, y, z = hx[None, None, :], hy[None, :, None], hz[:, None, None]
    tx[:] = _series(y * z, x, s_lateral, np.roll(x, -1, 2), np.roll(s_lateral, -1, 2))
    ty[:] = _series(x * z, y, s_lateral, np.roll(y, -1, 1), np.roll(s_lateral, -1, 1))
    tz[:] = _series(x * y, z, s_vertical, np.roll(z, -1, 0), np.roll(s_vertical, -1, 0))
    if nx == 1 or not periodic_x:
        tx[:, :, -1] = 0
    if ny == 1 or not periodic_y:
        ty[:, -1, :] = 0
    tz[-1] = 0


def _series(area, h_i, s_i, h_j, s_j):
    s_i, s_j = s_i.astype(np.float64), s_j.astype(np.float64)
    resistance = h_i * s_j + h_j * s_i
    open_face = (s_i > 0) & (s_j > 0)
    return np.where(open_face, 2 * area * s_i * s_j / np.where(open_face, resistance, 1.0), 0.0)


def coupling(nx, ny, nz, tx, ty, capacity, partial):
    """Row maxima of the lateral coupling rate."""
    tx, ty = tx.astype(np.float64), ty.astype(np.float64)
    rate = (tx + np.roll(tx, 1, 2) + ty + np.roll(ty, 1, 1)) / capacity
    partial[:] = rate.max(axis=2)


def contact(nx, ny, nz, u, top, base, factor_top, factor_base, exchange):
    """Activities of the well-stirred reservoirs that follow from u."""
    exchange[0] = factor_top * np.sum(top.astype(np.float64) * u[0])
    exchange[1] = factor_base * np.sum(base.astype(np.float64) * u[-1])


def operator(u, screening, tx, ty, tz, top, base, exchange):
    """Return A u."""
    out = screening * u + outflow(u, tx, ty, tz)
    out[0] += top * (u[0] - u.dtype.type(exchange[0]))
    out[-1] += base * (u[-1] - u.dtype.type(exchange[1]))
    return out


def residual(nx, ny, nz, b, u, screening, tx, ty, tz, top, base, exchange, r):
    """Fill r = b - A u."""
    r[:] = b - operator(u, screening, tx, ty, tz, top, base, exchange)


def apply(nx, ny, nz, p, screening, tx, ty, tz, top, base, exchange, q, partial):
    """Fill q = A p and the row sums of p q."""
    q[:] = operator(p, screening, tx, ty, tz, top, base, exchange)
    partial[:] = np.sum(p.astype(np.float64) * q, axis=2)


# ---- lines.cu


def relax(
    nx,
    ny,
    nz,
    b,
    u,
    previous,
    screening,
    tx,
    ty,
    tz,
    top,
    base,
    exchange,
    gain,
    momentum,
    weight,
    scratch,
    out,
):
    """One Chebyshev step of line relaxation."""
    rhs = b - operator(u, screening, tx, ty, tz, top, base, exchange)
    x = _thomas(rhs, screening, tx, ty, tz, top, base)
    real = b.dtype.type
    out[:] = real(gain) * u + real(momentum) * (u - previous) + real(weight) * x


def solve_lines(nx, ny, nz, b, screening, tx, ty, tz, top, base, weight, scratch, out):
    """Fill out = weight D^-1 b."""
    out[:] = b.dtype.type(weight) * _thomas(b, screening, tx, ty, tz, top, base)


def _thomas(rhs, screening, tx, ty, tz, top, base):
    diagonal = screening + tx + np.roll(tx, 1, 2) + ty + np.roll(ty, 1, 1) + tz
    diagonal[1:] += tz[:-1]
    diagonal[0] += top
    diagonal[-1] += base
    swept, factor = np.empty_like(rhs), np.empty_like(rhs)
    pivot = 1 / diagonal[0]
    swept[0], factor[0] = rhs[0] * pivot, tz[0] * pivot
    for k in range(1, len(rhs)):
        above = tz[k - 1]
        pivot = 1 / (diagonal[k] - above * factor[k - 1])
        swept[k] = (rhs[k] + above * swept[k - 1]) * pivot
        factor[k] = tz[k] * pivot
    for k in range(len(rhs) - 2, -1, -1):
        swept[k] += factor[k] * swept[k + 1]
    return swept


# ---- transfer.cu


def restrict_sum(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, fine, coarse):
    """Sum over the columns of each aggregate."""
    rows = np.add.reduceat(fine.reshape(nz, ny, nx), first_y[:-1], axis=1)
    coarse.reshape(nz, coarse_ny, coarse_nx)[:] = np.add.reduceat(rows, first_x[:-1], axis=2)


def prolong_add(nx, ny, nz, coarse_nx, coarse_ny, coarse_x, coarse_y, correction, u):
    """Add each aggregate's correction to its columns."""
    u += correction[:, coarse_y[:, None], coarse_x[None, :]]


def coarsen_faces(
    nx,
    ny,
    nz,
    coarse_nx,
    coarse_ny,
    first_x,
    first_y,
    scale_x,
    scale_y,
    tx,
    ty,
    tz,
    coarse_tx,
    coarse_ty,
    coarse_tz,
):
    """Conductances between aggregates."""
    last_x, last_y = first_x[1:] - 1, first_y[1:] - 1
    coarse_tx[:] = scale_x.astype(tx.dtype) * np.add.reduceat(tx[:, :, last_x], first_y[:-1], axis=1)
    coarse_ty[:] = scale_y.astype(ty.dtype)[:, None] * np.add.reduceat(ty[:, last_y], first_x[:-1], axis=2)
    restrict_sum(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, tz, coarse_tz)


# ---- vectors.cu


def inner(nx, ny, nz, a, b, partial):
    """Row sums of a b."""
    partial[:] = np.sum(a.astype(np.float64) * b, axis=2)


def direction(cells, z, beta, p):
    """Fill p = z + beta p."""
    p *= p.dtype.type(beta)
    p += z


def advance(nx, ny, nz, alpha, p, q, metric, d, r, partial):
    """Update solution and residual; row sums of (metric r)^2."""
    d += d.dtype.type(alpha) * p
    r -= r.dtype.type(alpha) * q
    partial[:] = np.sum((metric.astype(np.float64) * r) ** 2, axis=2)


_OWN = (
    mix_conductivity,
    transmissibility,
    coupling,
    contact,
    residual,
    apply,
    relax,
    solve_lines,
    restrict_sum,
    prolong_add,
    coarsen_faces,
    inner,
    direction,
    advance,
)


class ReferenceBackend:
    """Kernels as numpy functions.

    Parameters
    ----------
    precision : str
        ``double`` or ``mixed`` (solver in float32, state in float64).
    debug : bool
        Accepted for symmetry; numpy checks shapes by itself.
    """

    name = "numpy"

    def __init__(self, precision: str = "double", debug: bool = False) -> None:
        self.real = np.dtype(np.float64 if precision == "double" else np.float32)
        self.kernel = SimpleNamespace(
            **{f.__name__: f for f in (*_OWN, *reference_stage.KERNELS, *reference_taxis.KERNELS)}
        )
        self.description = f"numpy ({np.__version__})"

    def array(self, host: Any, dtype: Any = None) -> np.ndarray:
        """See `Backend.array`."""
        return np.array(host, dtype=dtype or self.real, order="C")

    def zeros(self, shape: int | Sequence[int], dtype: Any = None) -> np.ndarray:
        """See `Backend.zeros`."""
        return np.zeros(shape, dtype or self.real)

    def host(self, array: np.ndarray) -> np.ndarray:
        """See `Backend.host`."""
        return array.copy()

    def total(self, partial: np.ndarray) -> float:
        """See `Backend.total`."""
        return float(partial.sum())

    def largest(self, partial: np.ndarray) -> float:
        """See `Backend.largest`."""
        return float(partial.max())

    def scratch(self, nx: int, ny: int, nz: int) -> np.ndarray:
        """Nothing: numpy makes its own temporaries."""
        return np.zeros(1, self.real)

    def reactions(self, kinetics: Any) -> list[FieldReaction | None]:
        """Wrap the numpy functions of the declared reactions."""
        from mnrd.model.numeric import numpy_functions

        made = numpy_functions(kinetics)
        return [None if f is None else _reaction(f, k) for f, k in zip(made, kinetics.of, strict=True)]

    def motions(self, kinetics: Any) -> list[Callable[..., None] | None]:
        """Wrap the numpy functions of the transport that depends on the fields."""
        from mnrd.model.numeric import numpy_motions

        return [None if f is None else _motion(f) for f in numpy_motions(kinetics)]


def _motion(functions: Any) -> Callable[..., None]:
    def move(newest, predicted, base, arrays, scalars, tau, mobility, potential):
        mobility[:], potential[:] = functions.move(newest, predicted, base, arrays, scalars, tau)

    return move


def _reaction(functions: Any, of: Any) -> FieldReaction:
    def react(newest, predicted, base, arrays, scalars, tau, production, loss):
        made = functions.react(newest, predicted, base, arrays, scalars, tau)
        production[:], loss[:] = made

    def tally(hx, hy, hz, newest, predicted, base, arrays, scalars, tau, partial):
        volume = hz[:, None, None] * hy[:, None] * hx
        values = newest[of.field]
        rates = functions.tally(newest, predicted, base, arrays, scalars, tau, values=values)
        for t, rate in enumerate(rates):
            partial[t] = np.sum(volume * rate, axis=2)

    return SimpleNamespace(react=react, tally=tally, terms=tuple(term.name for term in of.terms))
