"""The meaning of each kernel in array notation: what the `numpy` backend runs.

Each function has the name, the argument order and the meaning of the kernel in ``kernels/*.cu``; its formula stands
there. Arrays are (nz, ny, nx); the sizes that come first are those of the arrays and are not used here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mnrd.backends.reference_stage import outflow, parts

# ---- diffusion.cu


def between(open_value, closed, g):
    """Return the value of a channel that is open to g; `closed` to the last bit where nothing differs."""
    with np.errstate(invalid="ignore"):
        return np.where((open_value == closed) | (g == 0), closed, closed + g * (open_value - closed))


def mix_conductivity(
    nx,
    ny,
    nz,
    materials,
    fractions,
    lateral,
    lateral_closed,
    vertical,
    vertical_closed,
    openness,
    s_lateral,
    s_vertical,
):
    """Series mean laterally, parallel mean vertically, of the materials in each cell."""
    resistance = np.zeros(fractions.shape[1:])
    conductance = np.zeros(fractions.shape[1:])
    for m in range(materials):
        phi = fractions[m] / 255.0
        s = between(lateral[m], lateral_closed[m], openness[m])[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            resistance += np.where(fractions[m] > 0, phi / s, 0.0)
        conductance += phi * between(vertical[m], vertical_closed[m], openness[m])[:, None, None]
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
    parts(partial, nz, ny)[:] = rate.max(axis=2)


def film(nx, ny, nz, k, materials, fractions, permeability, permeability_closed, openness, add, before, resistance):
    """Resistance of a membrane, the area-weighted mean of the permeabilities of the materials of plane k."""
    total = np.zeros((ny, nx))
    for phi, p in zip(fractions[:, k], between(permeability, permeability_closed, openness), strict=True):
        total[phi > 0] += phi[phi > 0] / 255.0 * p
    with np.errstate(divide="ignore"):
        resistance[:] = (resistance if add else 0.0) + before + 1 / total


def reach(nx, ny, nz, k, h, cover, resistance, s_vertical, g):
    """Conductances of plane k to a reservoir."""
    s = s_vertical[k].astype(np.float64)
    conducts = (s > 0) & np.isfinite(resistance)
    g[:] = np.where(conducts, cover * 2 * s / (h + 2 * s * np.where(conducts, resistance, 0.0)), 0.0)


def insulate(nx, ny, nz, k, area, resistance, tz):
    """Put a membrane on the faces below plane k."""
    t = tz[k].astype(np.float64)
    with np.errstate(invalid="ignore"):
        tz[k] = np.where(t > 0, t / (1 + t * resistance / area), 0.0)


def plane_sums(nx, ny, nz, top, base, partial):
    """Row sums of both planes."""
    for side, g in enumerate((top, base)):
        parts(partial, 2, ny)[side] = np.sum(g, axis=1, dtype=np.float64)


def contact(nx, ny, nz, going, u, top, base, partial):
    """Row sums of g u at both ends."""
    if not going[0]:
        return
    for side, (g, first) in enumerate(((top, u[0]), (base, u[-1]))):
        parts(partial, 2, ny)[side] = np.sum(g.astype(np.float64) * first, axis=1)


def operator(u, screening, tx, ty, tz, top, base, exchange):
    """Return A u."""
    out = screening * u + outflow(u, tx, ty, tz)
    out[0] += top * (u[0] - u.dtype.type(exchange[0]))
    out[-1] += base * (u[-1] - u.dtype.type(exchange[1]))
    return out


def apply(nx, ny, nz, going, p, screening, tx, ty, tz, top, base, exchange, q, partial):
    """Fill q = A p and the row sums of p q."""
    if going[0]:
        q[:] = operator(p, screening, tx, ty, tz, top, base, exchange)
        parts(partial, nz, ny)[:] = np.sum(p.astype(np.float64) * q, axis=2)


# ---- lines.cu


def relax(
    nx, ny, nz, going, b, u, previous, screening, tx, ty, tz, top, base, exchange, polynomial, scratch, out
):  # fmt: skip
    """One Chebyshev step of line relaxation."""
    if not going[0]:
        return
    rhs = b - operator(u, screening, tx, ty, tz, top, base, exchange)
    x = _thomas(rhs, screening, tx, ty, tz, top, base)
    gain, momentum, weight = polynomial.astype(b.dtype)
    out[:] = gain * u + momentum * (u - previous) + weight * x


def solve_lines(nx, ny, nz, going, b, screening, tx, ty, tz, top, base, polynomial, scratch, out):
    """Fill out = weight D^-1 b."""
    if going[0]:
        out[:] = polynomial.astype(b.dtype)[2] * _thomas(b, screening, tx, ty, tz, top, base)


def _thomas(rhs, screening, tx, ty, tz, top, base):
    diagonal = screening + tx + np.roll(tx, 1, 2) + ty + np.roll(ty, 1, 1) + tz
    diagonal[1:] += tz[:-1]
    diagonal[0] += top
    diagonal[-1] += base
    swept, factor, product = rhs.copy(), tz.copy(), np.empty_like(rhs[0])
    factor[0] /= diagonal[0]
    pairs = list(pairwise(zip(diagonal, swept, factor, tz, strict=True)))  # planes with those below them
    for (_, swept_above, factor_above, face), (pivot, swept_here, factor_here, _) in pairs:
        pivot -= np.multiply(face, factor_above, out=product)
        swept_here += np.multiply(factor_above, swept_above, out=product)
        factor_here /= pivot
    swept /= diagonal
    for (_, swept_here, factor_here, _), (_, swept_below, _, _) in reversed(pairs):
        swept_here += np.multiply(factor_here, swept_below, out=product)
    return swept


# ---- transfer.cu


def restrict_sum(nx, ny, nz, coarse_nx, coarse_ny, going, first_x, first_y, fine, coarse):
    """Sum over the columns of each aggregate."""
    if going[0]:
        _join(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, fine, coarse)


def _join(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, fine, coarse):
    rows = np.add.reduceat(fine.reshape(nz, ny, nx), first_y[:-1], axis=1)
    coarse.reshape(nz, coarse_ny, coarse_nx)[:] = np.add.reduceat(rows, first_x[:-1], axis=2)


def residual_restrict(
    nx, ny, nz, coarse_nx, coarse_ny, going, first_x, first_y, b, u, screening, tx, ty, tz, top, base, exchange, coarse
):
    """Sum of b - A u over the columns of each aggregate."""
    if going[0]:
        r = b - operator(u, screening, tx, ty, tz, top, base, exchange)
        _join(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, r, coarse)


def prolong_add(nx, ny, nz, coarse_nx, coarse_ny, going, coarse_x, coarse_y, correction, u):
    """Add each aggregate's correction to its columns."""
    if going[0]:
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
    _join(nx, ny, nz, coarse_nx, coarse_ny, first_x, first_y, tz, coarse_tz)


def eliminate(cells, going, g, factor, out):
    """Fill out = g - g^2 factor."""
    if going[0]:
        whole = g.astype(np.float64)
        out[:] = whole - whole * whole * factor[0]


# ---- vectors.cu


def inner(nx, ny, nz, going, a, b, partial):
    """Row sums of a b."""
    if going[0]:
        parts(partial, nz, ny)[:] = np.sum(a.astype(np.float64) * b, axis=2)


def direction(cells, going, z, beta, p):
    """Fill p = z + beta p."""
    factor = p.dtype.type(beta[0])
    if going[0]:
        p[:] = z if factor == 0 else z + factor * p


def advance(nx, ny, nz, going, step, count, p, q, metric, d, r, partial):
    """Update solution and residual; row sums of (metric r)^2."""
    if not going[0]:
        return
    alpha = d.dtype.type(step[0])
    d[:] = (0 if count[0] == 0 else d) + alpha * p
    r -= alpha * q
    parts(partial, nz, ny)[:] = np.sum((metric.astype(np.float64) * r) ** 2, axis=2)


def copy(cells, going, source, to):
    """Fill to = source."""
    if going[0]:
        to[:] = source


def multiply(cells, going, factor, d):
    """Fill d = factor d."""
    if going[0]:
        d *= factor


def row_largest(nx, ny, nz, values, partial):
    """Row maxima."""
    parts(partial, nz, ny)[:] = values.max(axis=2)


KERNELS = (
    mix_conductivity,
    transmissibility,
    coupling,
    film,
    reach,
    insulate,
    plane_sums,
    contact,
    apply,
    relax,
    solve_lines,
    restrict_sum,
    residual_restrict,
    prolong_add,
    coarsen_faces,
    eliminate,
    inner,
    direction,
    advance,
    copy,
    multiply,
    row_largest,
)
