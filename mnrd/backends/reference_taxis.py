"""The numpy meaning of ``kernels/taxis.cu``: transport that depends on the fields (see `reference`)."""

from __future__ import annotations

import numpy as np

from mnrd.backends.reference_stage import parts

STRONG = 60.0  # Péclet number of a face beyond which its flux is upwind to the last bit


def _next(values, axis):
    return np.roll(values, -1, axis)


def _conductance(area, h_i, s_i, h_j, s_j):
    s_i, s_j = s_i.astype(np.float64), s_j.astype(np.float64)
    open_face = (s_i > 0) & (s_j > 0)
    return np.where(open_face, 2 * area * s_i * s_j / np.where(open_face, h_i * s_j + h_j * s_i, 1.0), 0.0)


def fitted(conductance, drift):
    """Return T (x/2) coth(x/2) with x = G / T; |G| / 2 where nothing diffuses."""
    size = np.abs(drift)
    x = np.divide(size, conductance, out=np.zeros_like(size), where=conductance > 0)
    mild = np.clip(x, 1e-3, STRONG)
    t = np.where(x < 1e-3, conductance * (1 + x * x / 12), 0.5 * size * (1 + 2 / np.expm1(mild)))
    upwind = (conductance <= 0) | (x > STRONG)
    return np.where(upwind, np.where(size > conductance, 0.5 * size, conductance), t)


def drift_faces(
    nx, ny, nz, periodic_x, periodic_y, hx, hy, hz, s_lateral, s_vertical, c_lateral, c_vertical, mobility, potential,
    tx, ty, tz, gx, gy, gz,
):  # fmt: skip
    """Conductances and half drifts of all faces."""
    x, y, z = hx[None, None, :], hy[None, :, None], hz[:, None, None]
    directions = (
        (2, y * z, x, s_lateral, c_lateral, tx, gx, nx > 1, periodic_x),
        (1, x * z, y, s_lateral, c_lateral, ty, gy, ny > 1, periodic_y),
        (0, x * y, z, s_vertical, c_vertical, tz, gz, True, False),
    )
    for axis, area, h, s, c, t, g, several, periodic in directions:
        open_face = np.full(t.shape, several)
        if not periodic:
            np.moveaxis(open_face, axis, 0)[-1] = False
        area = np.where(open_face, area, 0.0)
        h_next, moving = _next(h, axis), mobility * s
        drift = _conductance(area, h, c, h_next, _next(c, axis)) * (_next(potential, axis) - potential)
        t[:] = fitted(_conductance(area, h, moving, h_next, _next(moving, axis)), drift)
        g[:] = 0.5 * drift


def balance(
    nx, ny, nz, going, ratio, highest, potential, tx, ty, tz, gx, gy, gz, capacity, screening,
    sx, sy, sz, capacity_w, screening_w, weight, partial,
):  # fmt: skip
    """Fill faces and diagonal of A diag(w), and w; row maxima of the exponent's range."""
    if not going[0]:
        return
    below = ratio * (highest[0] - potential)
    w = np.exp(-below)
    weight[:] = w
    capacity_w[:], screening_w[:] = capacity * weight, screening * weight
    for axis, t, g, s in ((2, tx, gx, sx), (1, ty, gy, sy), (0, tz, gz, sz)):
        s[:] = (t.astype(np.float64) + np.abs(g)) * np.minimum(w, _next(w, axis))
    parts(partial, nz, ny)[:] = np.maximum(below.max(axis=2), 0.0)


def _drift(u, gx, gy, gz):
    """Return what drifts out of each cell."""
    flux = gx * (u + _next(u, 2))
    out = flux - np.roll(flux, 1, 2)
    flux = gy * (u + _next(u, 1))
    out += flux - np.roll(flux, 1, 1)
    flux = gz[:-1] * (u[:-1] + u[1:])
    out[:-1] += flux
    out[1:] -= flux
    return out


def add_drift(nx, ny, nz, going, p, gx, gy, gz, q):
    """Add what drifts out to q."""
    if going[0]:
        q += _drift(p, gx, gy, gz)


def drift_residual(nx, ny, nz, a, gx, gy, gz, metric, r, partial):
    """Take what the state drifts from the residual; row sums of (metric r)^2."""
    r -= _drift(a, *(g.astype(np.float64) for g in (gx, gy, gz)))
    parts(partial, nz, ny)[:] = np.sum((metric.astype(np.float64) * r) ** 2, axis=2)


def turn(cells, going, r, v, beta, omega, p):
    """Fill p = r + beta (p - omega v)."""
    real = p.dtype.type
    if going[0]:
        p[:] = r + real(beta[0]) * (p - real(omega[0]) * v)


KERNELS = (drift_faces, balance, add_drift, drift_residual, turn)
