"""The numpy meaning of ``kernels/control.cu``: what steers a solve between its big kernels (see `reference`)."""

from __future__ import annotations

from math import acosh, ceil, isfinite, sqrt

import numpy as np

from mnrd.backends.base import ORDER, REPORT
from mnrd.backends.reference_stage import parts

TAU, KAPPA, START = (ORDER[name] for name in ("TAU", "KAPPA", "START"))
SOURCES, PRODUCED, SPENT, MOVED = (REPORT[name] for name in ("SOURCES", "PRODUCED", "SPENT", "MOVED"))
CLIPPED, LOST, SCALE = (REPORT[name] for name in ("CLIPPED", "LOST", "SCALE"))
NORM, TOLERANCE, GOING, COUNT, FAILED = (REPORT[name] for name in ("NORM", "TOLERANCE", "GOING", "COUNT", "FAILED"))
RZ, ALPHA, BETA, OMEGA = (REPORT[name] for name in ("RZ", "ALPHA", "BETA", "OMEGA"))


def _sides(values, slots, *names):
    """Return views of the top and base numbers of each name."""
    found = [values[slots[f"{name}_TOP"] : slots[f"{name}_BASE"] + 1] for name in names]
    return found if len(found) > 1 else found[0]


def _totals(partial, rows, count):
    """Return the sums of the first `count` groups of `rows` partial sums."""
    return [float(part.sum()) for part in parts(partial, count, rows)]


def _larger(kept, value):
    """Return the larger one, `kept` where the comparison is unknown."""
    return value if value > kept else kept


def gather(rows, sums, maxima, partial, out):
    """Totals of some partial sums, maxima of the others."""
    groups = parts(partial, sums + maxima, rows)
    out[:sums] = groups[:sums].sum(axis=1)
    out[sums : sums + maxima] = groups[sums:].max(axis=1)


def open_channel(rows, whole, partial, openness):
    """Openness of a channel that closes by what the sum is made of."""
    (closed,) = _totals(partial, rows, 1)
    openness[0] = min(_larger(0.0, whole - closed), 1.0)


def couple(order, conductance, first, report):
    """How the reservoirs enter a stage."""
    amount, capacity, evaporation, held, stirred = _sides(
        order, ORDER, "AMOUNT", "CAPACITY", "EVAPORATION", "HELD", "STIRRED"
    )
    start = amount.copy()
    if order[START]:
        start += order[START] * (_sides(first, REPORT, "CONTENT") - amount)
    kept = order[TAU] * capacity + evaporation
    sigma = np.where(stirred != 0, kept + conductance, 1.0)
    _sides(report, REPORT, "FACTOR")[:] = np.where(stirred != 0, 1 / sigma, 0.0)
    _sides(report, REPORT, "OFFSET")[:] = np.where(stirred != 0, order[TAU] * start / sigma, held)
    _sides(report, REPORT, "SHARE")[:] = np.where(stirred != 0, kept / sigma, 1.0)
    _sides(report, REPORT, "START")[:] = start
    _sides(report, REPORT, "CONDUCTANCE")[:] = conductance


def exchange(ny, going, partial, factor, exchange):
    """What a well-stirred reservoir answers to u."""
    if going[0]:
        exchange[:] = factor * _totals(partial, ny, 2)


def meet(ny, partial, report):
    """What passes the contacts, and the activity of the reservoirs."""
    factor, offset, passed, activity = _sides(report, REPORT, "FACTOR", "OFFSET", "PASSED", "EXCHANGE")
    passed[:] = _totals(partial, ny, 2)
    activity[:] = factor * passed + offset


def begin(rows, volume, partial, order, report):
    """Norm of the residual and the tolerance of the solve."""
    sources, squares, held, report[PRODUCED] = _totals(partial, rows, 4)
    passed, share = _sides(report, REPORT, "PASSED", "SHARE")
    norm = sqrt(squares / volume) if squares >= 0 else squares
    tolerance = order[KAPPA] if held + passed @ share > 0 else -_larger(-order[KAPPA], -1e-2 * norm)
    report[SOURCES], report[NORM], report[TOLERANCE] = sources, norm, tolerance
    report[FAILED] = not isfinite(norm)
    report[GOING] = isfinite(norm) and norm > tolerance
    report[COUNT] = report[RZ] = 0


def line_polynomial(budget, limit, rate, order, report, polynomial, going):
    """How often the lines are relaxed, and with which numbers."""
    mu = rate[0] / order[TAU]
    reduction = _larger(1.0, report[NORM] / report[TOLERANCE]) if report[GOING] else 1.0
    needed = ceil(min(acosh(reduction) / acosh(1 + 1 / mu), limit)) if mu > 0 else 1
    count = min(max(needed, 1), limit) if report[GOING] else 0
    going[:] = np.arange(limit) < count
    polynomial[:count] = _chebyshev(mu, count)
    report[COUNT], report[GOING] = count, count > budget


def _chebyshev(mu, count):
    """Return gain, momentum and weight of each step, for theta = 1 and delta = mu / (1 + mu)."""
    delta = rho = mu / (1 + mu)
    rows = [(0.0, 0.0, 1.0)]
    for step in range(1, count):
        following = 1 / (2 / delta - rho)
        gain, momentum = (1 + following * rho, 0.0) if step == 1 else (1.0, following * rho)
        rows.append((gain, momentum, 2 * following / delta))
        rho = following
    return np.reshape(rows[:count], (count, 3))


def cg_turn(rows, partial, report):
    """Beta of the next direction."""
    if report[GOING]:
        (rz,) = _totals(partial, rows, 1)
        report[BETA] = rz / report[RZ] if report[COUNT] else 0.0
        report[RZ] = rz


def cg_step(rows, partial, report):
    """Length of the step."""
    if report[GOING]:
        (curvature,) = _totals(partial, rows, 1)
        if curvature == 0:
            report[GOING] = 0
        else:
            report[ALPHA] = report[RZ] / curvature


def judge(rows, volume, step, partial, report):
    """Whether the solve has reached its tolerance."""
    if report[GOING]:
        (squares,) = _totals(partial, rows, 1)
        report[NORM] = sqrt(squares / volume) if squares >= 0 else squares
        report[COUNT] += step
        if not isfinite(report[NORM]):
            report[FAILED] = 1
        report[GOING] = isfinite(report[NORM]) and report[NORM] > report[TOLERANCE]


def stab_start(rows, partial, report):
    """Product of the residual and its shadow."""
    if report[GOING]:
        (report[RZ],) = _totals(partial, rows, 1)


def _divide(above, below, slot, report):
    """Fill a slot with above / below; a division by zero is a breakdown."""
    if below == 0:
        report[FAILED], report[GOING] = 1, 0
    else:
        report[slot] = above / below


def stab_alpha(rows, partial, report):
    """Length of the first half step."""
    if report[GOING]:
        (below,) = _totals(partial, rows, 1)
        _divide(report[RZ], below, ALPHA, report)


def stab_omega(rows, partial, report):
    """Length of the second half step."""
    if report[GOING]:
        above, below = _totals(partial, rows, 2)
        _divide(above, below, OMEGA, report)


def stab_turn(rows, partial, report):
    """Beta of the next direction."""
    if report[GOING]:
        (product,) = _totals(partial, rows, 1)
        _divide(product * report[ALPHA], report[RZ] * report[OMEGA], BETA, report)
        report[RZ] = product


def close_stage(rows, partial, order, report):
    """Scale that keeps the amount, and what the reservoirs gave."""
    factor, offset, share, start = _sides(report, REPORT, "FACTOR", "OFFSET", "SHARE", "START")
    conductance, passed = _sides(report, REPORT, "CONDUCTANCE", "PASSED")
    held, report[CLIPPED], report[SPENT] = _totals(partial, rows, 3)
    held, sources = held + passed @ share, report[SOURCES] + conductance @ offset
    fits = sources >= 0 and held > 0
    report[SCALE] = sources / held if fits else 0.0
    report[LOST] = 0.0 if fits else abs(sources) / order[TAU]
    report[MOVED] = report[PRODUCED] - report[SCALE] * report[SPENT]
    capacity, evaporation = _sides(order, ORDER, "CAPACITY", "EVAPORATION")
    influx, evaporated, content = _sides(report, REPORT, "INFLUX", "EVAPORATED", "CONTENT")
    activity = factor * passed * report[SCALE] + offset
    influx[:] = conductance * activity - passed * report[SCALE]
    evaporated[:] = evaporation * activity
    content[:] = np.where(factor > 0, capacity * activity, start - (influx + evaporated) / order[TAU])


def settled(rows, partial, order, report):
    """Scale that gives back what an immobile field was clipped."""
    report[SOURCES], held, report[CLIPPED], report[PRODUCED], report[SPENT] = _totals(partial, rows, 5)
    gives = report[CLIPPED] > 0 and held > 0
    report[SCALE] = max(report[SOURCES], 0.0) / held if gives else 1.0
    report[MOVED] = report[PRODUCED] - report[SCALE] * report[SPENT]
    report[LOST] = max(-report[SOURCES], 0.0) / order[TAU]


KERNELS = (
    gather,
    open_channel,
    couple,
    exchange,
    meet,
    begin,
    line_polynomial,
    cg_turn,
    cg_step,
    judge,
    stab_start,
    stab_alpha,
    stab_omega,
    stab_turn,
    close_stage,
    settled,
)
