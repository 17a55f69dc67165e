"""Inverse Laplace transform on the fixed Talbot contour, in 40 digits."""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

DIGITS = 40
NODES = 48


def invert(transform: Callable[[mp.mpc], mp.mpc], time: float, nodes: int = NODES, digits: int = DIGITS) -> float:
    """Value at `time` of the function whose Laplace transform is `transform`.

    Parameters
    ----------
    transform : callable
        F(s) of a complex mpmath number, real on the real axis, its singularities on the negative real axis or
        close to it.
    time : float
        Time > 0.
    nodes, digits : int
        Points of the contour and decimal digits of the arithmetic; about 0.6 significant digits a node.

    Returns
    -------
    float
        f(time), correct to double precision for the smooth functions of these cases.

    References
    ----------
    Abate & Valkó, Int. J. Numer. Meth. Engng 60 (2004) 979 (fixed Talbot method).
    """
    if not time > 0:
        raise ValueError(f"invert: got time {time}, must be > 0")
    with mp.workdps(digits):
        t = mp.mpf(time)
        r = mp.mpf(2) * nodes / (5 * t)
        total = mp.exp(r * t) * transform(r) / 2
        for k in range(1, nodes):
            angle = k * mp.pi / nodes
            cotangent = mp.cot(angle)
            s = r * angle * mp.mpc(cotangent, 1)
            weight = mp.mpc(1, angle + (angle * cotangent - 1) * cotangent)
            total += mp.re(mp.exp(t * s) * transform(s) * weight)
        return float(r / nodes * total)
