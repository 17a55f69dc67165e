"""Drug laid down in the uppermost part of skin that blood clears from its lowest layer: no flux at top and base."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath as mp
from scipy.optimize import minimize_scalar

from .laminate import Laminate, Slab
from .talbot import invert


def cleared_after_deposit(depth: float, layers: Sequence[Slab], amount: float) -> tuple[Callable, Callable]:
    """Rate of clearance and amount cleared per area, as functions of time (s).

    In the deposit, a = c₀/(K s) + A cosh(q z), so that with Y = J/a of what is below it
    J = Y c₀/(K s) · D K q sinh(q d)/(D K q sinh(q d) + Y cosh(q d)). What enters the lowest layer leaves it with the
    share k/(s + k).

    Parameters
    ----------
    depth : float
        d, over which the amount is spread evenly, µm; less than the thickness of the first layer.
    layers : sequence of Slab
        From the surface down; clearance in the last one.
    amount : float
        Per area.
    """
    first, last = layers[0], layers[-1]
    upper = Slab(first.diffusivity, first.partition, depth)
    below = Laminate((Slab(first.diffusivity, first.partition, first.thickness - depth), *layers[1:]), base=0.0)

    def rate(s: mp.mpc) -> mp.mpc:
        shape = below._shape(s)
        a, j = shape[0]
        cosh, _, conductance = upper.transfer(s)
        into = j / a * amount / depth / (first.partition * s) * conductance / (conductance + j / a * cosh)
        return into * shape[-2][1] / j * last.clearance / (s + last.clearance)

    return lambda time: invert(rate, time), lambda time: invert(lambda s: rate(s) / s, time)


def peak(rate: Callable, early: float, late: float) -> tuple[float, float]:
    """Time (s) and height of the only maximum between two times."""
    found = minimize_scalar(lambda time: -rate(time), bounds=(early, late), method="bounded", options={"xatol": 1e-2})
    return float(found.x), float(-found.fun)
