"""The numpy meaning of ``kernels/stage.cu``: one stage of the time step for one field (see `reference`)."""

from __future__ import annotations

import numpy as np


def _double(values):
    """As the kernels, which load everything into double precision."""
    return values.astype(np.float64, copy=False)


def _volume(hx, hy, hz):
    return hz[:, None, None] * hy[:, None] * hx


def outflow(u, tx, ty, tz):
    """Return the net flux out of each cell, sum of T (u - u_neighbour) over its six faces."""
    flux = tx * (u - np.roll(u, -1, 2))
    out = flux - np.roll(flux, 1, 2)
    flux = ty * (u - np.roll(u, -1, 1))
    out += flux - np.roll(flux, 1, 1)
    flux = tz[:-1] * (u[:-1] - u[1:])
    out[:-1] += flux
    out[1:] -= flux
    return out


def to_activity(cells, concentration, partition, activity):
    """Fill a = c / K."""
    np.divide(concentration, partition, out=activity)


def state_contact(nx, ny, nz, a, top, base, factor_top, factor_base, offset_top, offset_base, exchange, sums):
    """Activities of the reservoirs for the state, and the sums of g a over the contact faces."""
    sums[0] = np.sum(top.astype(np.float64) * a[0])
    sums[1] = np.sum(base.astype(np.float64) * a[-1])
    exchange[0] = factor_top * sums[0] + offset_top
    exchange[1] = factor_base * sums[1] + offset_base


def stage_residual(
    nx, ny, nz, hx, hy, hz, state, y, a, partition, production, loss, tx, ty, tz, top, base, exchange,
    tau, rtol, absolute, screening, r, metric, partial,
):  # fmt: skip
    """Matrix diagonal, residual of the guess and metric of the stopping test."""
    volume = _volume(hx, hy, hz)
    s = volume * partition * (tau + loss)
    source = volume * (tau * y + production)
    left = source - s * a - outflow(a, tx.astype(np.float64), ty.astype(np.float64), tz.astype(np.float64))
    left[0] -= top * (a[0] - exchange[0])
    left[-1] -= base * (a[-1] - exchange[1])
    scale = partition / (s * (rtol * np.maximum(partition * a, state) + _double(partition) * absolute))
    screening[:], r[:], metric[:] = s, left, np.sqrt(volume) * scale
    partial[0] = source.sum(axis=2)
    partial[1] = (volume * (scale * left) ** 2).sum(axis=2)


def clip(nx, ny, nz, hx, hy, hz, d, partition, loss, tau, a, partial):
    """Add the increment, clip at zero; row sums of S a and of the clipped amount."""
    amount = _volume(hx, hy, hz) * partition
    value = a + d
    a[:] = np.maximum(value, 0.0)
    partial[0] = (amount * (tau + loss) * a).sum(axis=2)
    partial[1] = (amount * (a - value)).sum(axis=2)


def to_concentration(cells, a, partition, scale, concentration):
    """Fill c = scale K a."""
    concentration[:] = scale * (partition * a)


def settle(nx, ny, nz, hx, hy, hz, y, production, loss, tau, c, partial):
    """Solve the stage of an immobile field; row sums of sources, of what is held and of what was clipped."""
    volume, source, rate = _volume(hx, hy, hz), tau * y + production, tau + loss
    value = source / rate
    c[:] = np.maximum(value, 0.0)
    partial[0] = (volume * source).sum(axis=2)
    partial[1] = (volume * rate * c).sum(axis=2)
    partial[2] = (volume * (c - value)).sum(axis=2)


def extrapolate(cells, u, v, factor, out):
    """Fill out = max(u + factor v, 0)."""
    out[:] = np.maximum(u + factor * v, 0.0)


def second_stage(cells, u, first, f_base, f_guess, base, guess):
    """Base and guess of the second stage."""
    change = first - u
    base[:] = u + f_base * change
    guess[:] = np.maximum(u + f_guess * change, 0.0)


def step_error(
    nx, ny, nz, hx, hy, hz, u, first, y, v, slope, partition, loss, tau, dt, w0, w1, w2, rtol, absolute, partial
):  # fmt: skip
    """Row sums of the weighted square of the error estimate, row maxima and row amounts of v."""
    volume = _volume(hx, hy, hz)
    err = dt * (w0 * slope + w1 * tau * (first - u) + w2 * tau * (v - y)) / (1 + loss / tau)
    weight = rtol * np.maximum(u, v) + _double(partition) * absolute
    partial[0] = (volume * (err / weight) ** 2).sum(axis=2)
    partial[1] = (v / partition).max(axis=2)
    partial[2] = (volume * v).sum(axis=2)


def last_slope(cells, v, y, tau, slope):
    """Fill the slope at the end of the step, tau (v - y)."""
    slope[:] = tau * (v - y)


def amounts(nx, ny, nz, materials, hx, hy, hz, fractions, c, partial):
    """Row sums of the amount in each material."""
    volume = _volume(hx, hy, hz) / 255.0
    for m in range(materials):
        partial[m] = (volume * fractions[m] * c).sum(axis=2)


def weighted_sum(nx, ny, nz, weight, c, partial):
    """Row sums of w c."""
    partial[:] = (weight * c).sum(axis=2)


def cut_off(nx, ny, nz, hx, hy, hz, ceiling, c, partial):
    """Cut off what is above the ceiling; row sums of it."""
    kept = np.minimum(c, ceiling)
    partial[:] = (_volume(hx, hy, hz) * (c - kept)).sum(axis=2)
    c[:] = kept


KERNELS = (
    to_activity,
    state_contact,
    stage_residual,
    clip,
    to_concentration,
    settle,
    extrapolate,
    second_stage,
    step_error,
    last_slope,
    amounts,
    weighted_sum,
    cut_off,
)
