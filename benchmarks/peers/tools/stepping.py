"""Time loops of those who write them by hand: an implicit method of second order, and lists of steps."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

GAMMA = 1 - 1 / sqrt(2)
BLOCKS = 8  # of equal steps, each with steps twice as long as the one before

Pieces = list[tuple[float, int]]
"""Lengths of steps, s, and how many of each."""


def equal(end: float, step: float) -> Pieces:
    """Equal steps, as long as asked for or a little less."""
    count = max(1, round(end / step))
    return [(end / count, count)]


def doubling(end: float, longest: float) -> Pieces:
    """Eight blocks of equal steps that double from block to block, for a start with a jump."""
    first = 2 ** (BLOCKS - 1)
    count = max(1, round(end * first / ((2 * first - 1) * longest)))
    shortest = end / (count * (2 * first - 1))
    return [(shortest * 2**block, count) for block in range(BLOCKS)]


def sdirk2(pieces: Pieces, u: Any, factorise: Callable[[float], Callable[[Any, Any], Any]]) -> Any:
    """The method of two equal implicit stages of second order (Alexander, SIAM J. Numer. Anal. 14, 1977).

    Parameters
    ----------
    pieces : list of (float, int)
    u : array
        At the start.
    factorise : callable
        From gamma dt to a function (y, guess) that solves a stage, v - gamma dt F(v) = y.

    Returns
    -------
    array
        u at the end.
    """
    for dt, count in pieces:
        solve = factorise(GAMMA * dt)
        for _ in range(count):
            first = solve(u, u)
            gained = first - u  # gamma dt times the slope
            u = solve(u + (1 / GAMMA - 1) * gained, u + (1 / GAMMA) * gained)
    return u


def count(pieces: Pieces) -> int:
    """Number of steps."""
    return sum(number for _, number in pieces)
