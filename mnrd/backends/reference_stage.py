"""The numpy meaning of ``kernels/stage.cu``: one stage of the time step for one field (see `reference`)."""

from __future__ import annotations

from math import prod

import numpy as np

from mnrd.backends.base import ORDER, REPORT


def _double(values):
    """As the kernels, which load everything into double precision."""
    return values.astype(np.float64, copy=False)


def _volume(hx, hy, hz):
    return hz[:, None, None] * hy[:, None] * hx


def parts(partial, *shape):
    """Return the beginning of an array of partial sums, which may be longer than a kernel needs, in a shape."""
    return partial.reshape(-1)[: prod(shape)].reshape(shape)


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


def hold(cells, source, to):
    """Fill to = source."""
    to[:] = source


def state_contact(nx, ny, nz, a, top, base, partial):
    """Row sums of g a at both ends."""
    sums = parts(partial, 2, ny)
    sums[0] = np.sum(top.astype(np.float64) * a[0], axis=1)
    sums[1] = np.sum(base.astype(np.float64) * a[-1], axis=1)


def stage_residual(
    nx, ny, nz, hx, hy, hz, state, y, a, partition, production, loss, tx, ty, tz, top, base, exchange,
    order, screening, r, metric, partial,
):  # fmt: skip
    """Matrix diagonal, residual of the guess and metric of the stopping test."""
    tau, rtol, absolute = (order[ORDER[name]] for name in ("TAU", "RTOL", "ABSOLUTE"))
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
    partial[2] = (s * a).sum(axis=2)
    partial[3] = (volume * production).sum(axis=2)


def clip(nx, ny, nz, hx, hy, hz, d, partition, loss, order, report, a, partial):
    """Add the increment, if there is one, and clip at zero; row sums of S a, of the clipped amount and of V L K a."""
    amount = _volume(hx, hy, hz) * partition
    value = a + d if report[REPORT["COUNT"]] else a.copy()
    a[:] = np.maximum(value, 0.0)
    partial[0] = (amount * (order[ORDER["TAU"]] + loss) * a).sum(axis=2)
    partial[1] = (amount * (a - value)).sum(axis=2)
    partial[2] = (amount * loss * a).sum(axis=2)


def to_concentration(cells, a, partition, report, concentration):
    """Fill c = scale K a."""
    concentration[:] = report[REPORT["SCALE"]] * (partition * a)


def settle(nx, ny, nz, hx, hy, hz, y, production, loss, order, c, partial):
    """Solve the stage of an immobile field; row sums of sources, of what is held, clipped, produced and spent."""
    tau = order[ORDER["TAU"]]
    volume, source, rate = _volume(hx, hy, hz), tau * y + production, tau + loss
    value = source / rate
    c[:] = np.maximum(value, 0.0)
    partial[0] = (volume * source).sum(axis=2)
    partial[1] = (volume * rate * c).sum(axis=2)
    partial[2] = (volume * (c - value)).sum(axis=2)
    partial[3] = (volume * production).sum(axis=2)
    partial[4] = (volume * loss * c).sum(axis=2)


def rescale(cells, report, c):
    """Give back what was clipped."""
    c *= report[REPORT["SCALE"]]


def extrapolate(cells, u, v, factor, out):
    """Fill out = max(u + factor v, 0)."""
    out[:] = np.maximum(u + factor * v, 0.0)


def second_stage(cells, u, first, f_base, f_guess, base, guess):
    """Base and guess of the second stage."""
    change = first - u
    base[:] = u + f_base * change
    guess[:] = np.maximum(u + f_guess * change, 0.0)


def step_error(
    nx, ny, nz, hx, hy, hz, u, first, y, v, slope, partition, loss, order, w0, w1, w2, partial
):  # fmt: skip
    """Row sums of the weighted square of the error estimate and of the amounts of v, row maxima of v / K."""
    tau, dt, rtol, absolute = (order[ORDER[name]] for name in ("TAU", "DT", "RTOL", "ABSOLUTE"))
    volume = _volume(hx, hy, hz)
    err = dt * (w0 * slope + w1 * tau * (first - u) + w2 * tau * (v - y)) / (1 + loss / tau)
    weight = rtol * np.maximum(u, v) + _double(partition) * absolute
    partial[0] = (volume * (err / weight) ** 2).sum(axis=2)
    partial[1] = (volume * v).sum(axis=2)
    partial[2] = (v / partition).max(axis=2)


def accept_step(cells, v, y, tau, now, slope):
    """Fill the slope at the end of the step, tau (v - y), and make v the state."""
    slope[:] = tau * (v - y)
    now[:] = v


def amounts(nx, ny, nz, materials, hx, hy, hz, fractions, c, partial):
    """Row sums of the amount in each material."""
    volume = _volume(hx, hy, hz) / 255.0
    for m in range(materials):
        partial[m] = (volume * fractions[m] * c).sum(axis=2)


def weighted_sum(nx, ny, nz, regions, weight, c, partial):
    """Row sums of w c for the weights of every region."""
    for row, one in zip(parts(partial, regions, nz, ny), weight.reshape(regions, nz, ny, nx), strict=True):
        row[:] = (one * c).sum(axis=2)


def cut_off(nx, ny, nz, hx, hy, hz, ceiling, c, partial):
    """Cut off what is above the ceiling; row sums of it."""
    kept = np.minimum(c, ceiling)
    parts(partial, nz, ny)[:] = (_volume(hx, hy, hz) * (c - kept)).sum(axis=2)
    c[:] = kept


KERNELS = (
    to_activity,
    hold,
    state_contact,
    stage_residual,
    clip,
    to_concentration,
    settle,
    rescale,
    extrapolate,
    second_stage,
    step_error,
    accept_step,
    amounts,
    weighted_sum,
    cut_off,
)
