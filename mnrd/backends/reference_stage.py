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
    out, flux = np.zeros_like(u), np.empty_like(u)
    for axis, conductance in ((2, tx), (1, ty), (0, tz)):
        value, through, left = (array.swapaxes(axis, 0) for array in (u, flux, out))
        np.subtract(value[:-1], value[1:], out=through[:-1])
        np.subtract(value[-1], value[0], out=through[-1])
        flux *= conductance
        out += flux
        left[1:] -= through[:-1]
        left[0] -= through[-1]
    return out


def to_activity(cells, concentration, partition, activity):
    """Fill a = c / K."""
    np.divide(concentration, partition, out=activity)


def first_guess(cells, u, slope, partition, order, a):
    """Fill a = max(u + order[AHEAD] slope, 0) / K."""
    a[:] = np.maximum(u + order[ORDER["AHEAD"]] * _double(slope), 0.0) / partition


def second_guess(cells, u, first, f_guess, partition, a):
    """Fill a = max(u + f_guess (first - u), 0) / K."""
    a[:] = np.maximum(u + f_guess * (first - u), 0.0) / partition


def extrapolate(cells, u, slope, factor, out):
    """Fill out = max(u + factor slope, 0)."""
    out[:] = np.maximum(u + factor * _double(slope), 0.0)


def extend(cells, u, first, factor, least, out):
    """Fill out = max(u + factor (first - u), least)."""
    out[:] = np.maximum(u + factor * (first - u), least)


def state_contact(nx, ny, nz, a, top, base, partial):
    """Row sums of g a at both ends."""
    sums = parts(partial, 2, ny)
    sums[0] = np.sum(top.astype(np.float64) * a[0], axis=1)
    sums[1] = np.sum(base.astype(np.float64) * a[-1], axis=1)


def stage_residual(
    nx, ny, nz, hx, hy, hz, u, first, f_base, a, partition, production, loss, tx, ty, tz, top, base, exchange,
    order, screening, r, metric, partial,
):  # fmt: skip
    """Matrix diagonal, residual of the guess and metric of the stopping test."""
    tau, rtol, absolute = (order[ORDER[name]] for name in ("TAU", "RTOL", "ABSOLUTE"))
    volume = _volume(hx, hy, hz)
    s = volume * partition * (tau + loss)
    source = volume * (tau * (u + f_base * (first - u)) + production)
    left = source - s * a - outflow(a, tx.astype(np.float64), ty.astype(np.float64), tz.astype(np.float64))
    left[0] -= top * (a[0] - exchange[0])
    left[-1] -= base * (a[-1] - exchange[1])
    scale = partition / (s * (rtol * np.maximum(partition * a, u) + _double(partition) * absolute))
    screening[:], r[:], metric[:] = s, left, np.sqrt(volume) * scale
    partial[0] = source.sum(axis=2)
    partial[1] = (volume * (scale * left) ** 2).sum(axis=2)
    partial[2] = (s * a).sum(axis=2)
    partial[3] = (volume * production).sum(axis=2)


def clip(nx, ny, nz, hx, hy, hz, odd, even, partition, loss, order, report, a, partial):
    """Add the increment, if there is one, and clip at zero; row sums of S a, of the clipped amount and of V L K a."""
    amount = _volume(hx, hy, hz) * partition
    d = odd if int(report[REPORT["COUNT"]]) % 2 else even
    value = a + d if report[REPORT["COUNT"]] else a.copy()
    a[:] = np.maximum(value, 0.0)
    partial[0] = (amount * (order[ORDER["TAU"]] + loss) * a).sum(axis=2)
    partial[1] = (amount * (a - value)).sum(axis=2)
    partial[2] = (amount * loss * a).sum(axis=2)


def to_concentration(cells, a, partition, report, concentration):
    """Fill c = scale K a."""
    concentration[:] = report[REPORT["SCALE"]] * (partition * a)


def settle(nx, ny, nz, hx, hy, hz, u, first, f_base, production, loss, order, a, partial):
    """Solve the stage of an immobile field; row sums of sources, of what is held, clipped, produced and spent."""
    tau = order[ORDER["TAU"]]
    volume, source, rate = _volume(hx, hy, hz), tau * (u + f_base * (first - u)) + production, tau + loss
    value = source / rate
    a[:] = np.maximum(value, 0.0)
    partial[0] = (volume * source).sum(axis=2)
    partial[1] = (volume * rate * a).sum(axis=2)
    partial[2] = (volume * (a - value)).sum(axis=2)
    partial[3] = (volume * production).sum(axis=2)
    partial[4] = (volume * loss * a).sum(axis=2)


def conclude(
    nx, ny, nz, hx, hy, hz, u, first, f_base, slope, a, partition, loss, order, report, w0, w1, w2, ceiling,
    v, next_slope, partial,
):  # fmt: skip
    """Concentration and slope at the end of the step; row sums of the weighted square of the error estimate and of the
    amounts, row maxima of v / K."""
    tau, dt, rtol, absolute = (order[ORDER[name]] for name in ("TAU", "DT", "RTOL", "ABSOLUTE"))
    volume, change = _volume(hx, hy, hz), first - u
    made = partition * (report[REPORT["SCALE"]] * a)
    kept = np.minimum(made, ceiling)
    k2 = tau * (kept - (u + f_base * change))
    err = dt * (w0 * _double(slope) + w1 * tau * change + w2 * k2) / (1 + loss / tau)
    weight = rtol * np.maximum(u, kept) + _double(partition) * absolute
    v[:], next_slope[:] = made, k2
    partial[0] = (volume * (err / weight) ** 2).sum(axis=2)
    partial[1] = (volume * kept).sum(axis=2)
    partial[2] = (kept / partition).max(axis=2)


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
    first_guess,
    second_guess,
    extrapolate,
    extend,
    state_contact,
    stage_residual,
    clip,
    to_concentration,
    settle,
    conclude,
    amounts,
    weighted_sum,
    cut_off,
)
