"""Splitting of a rate of change into production P >= 0 and loss L c with L >= 0.

Signs are decided by interval arithmetic with every field, every parameter and the time in [0, inf).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce
from typing import TypeAlias

import numpy as np
import sympy

from mnrd.model.evaluation import NUMPY, arguments
from mnrd.model.expression import ExpressionError

TINY = 1e-20  # a loss that does not vanish with its own field is divided by max(c, TINY) (Patankar)
MOST_TERMS = 500

Interval: TypeAlias = tuple[float, float]


def split(rate: sympy.Expr, own: sympy.Symbol, where: str) -> tuple[sympy.Expr, sympy.Expr]:
    """Production and loss rate of a field.

    Parameters
    ----------
    rate : sympy expression
        Rate of change of the field.
    own : Symbol
        Its concentration c.
    where : str
        Place of the expression, for messages.

    Returns
    -------
    production, loss : sympy expressions
        Both >= 0, and rate = production - loss c wherever c >= TINY.

    Raises
    ------
    ExpressionError
        When the sign of a term cannot be decided.
    """
    check_real(rate, where)
    gains, losses = [], []
    for term in _signed_terms(rate, own, where):
        if bounds(term)[0] >= 0.0:
            gains.append(term)
        elif _order(term, own) >= 1:
            losses.append(-term / own)
        else:
            losses.append(-term / sympy.Max(own, TINY))
    return sympy.Add(*gains), sympy.Add(*losses)


def non_negative(expression: sympy.Expr, where: str) -> sympy.Expr:
    """The expression itself; ExpressionError unless it is certainly >= 0."""
    check_real(expression, where)
    if bounds(expression)[0] < 0.0:
        raise ExpressionError(f"{where}: cannot see that '{expression}' is >= 0, bound it with Max(..., 0)")
    return expression


def check_real(expression: sympy.Expr, where: str) -> None:
    """Raise ExpressionError when a root or a logarithm may be taken of a negative value."""
    for part in expression.atoms(sympy.Pow, sympy.log):
        whole = part.is_Pow and part.exp.is_Integer
        if not whole and bounds(part.args[0])[0] < 0.0:
            raise ExpressionError(
                f"{where}: '{part}' is not real where '{part.args[0]}' is negative, bound it with Max(..., 0)"
            )


def bounds(expression: sympy.Expr) -> Interval:
    """An interval that certainly holds the expression; it need not be the smallest."""
    if expression.is_Symbol:
        return (0.0 if expression.is_nonnegative else -math.inf), math.inf
    if not expression.args:
        return float(expression), float(expression)
    parts = [bounds(part) for part in arguments(expression)]
    if expression.is_Add:
        return sum(low for low, _ in parts), sum(high for _, high in parts)
    if expression.is_Mul:
        return reduce(_product, parts)
    if expression.is_Pow and not expression.exp.is_Number:
        return (0.0 if parts[0][0] >= 0.0 else -math.inf), math.inf
    if expression.is_Pow:
        return _power(parts[0], expression.exp)
    return _function(expression, parts)


def _product(left: Interval, right: Interval) -> Interval:
    corners = [0.0 if 0.0 in (a, b) else a * b for a in left for b in right]  # 0 x inf is 0 here
    return min(corners), max(corners)


def _power(base: Interval, exponent: sympy.Expr) -> Interval:
    low = base[0]
    if not exponent.is_Number:
        return (0.0 if low >= 0.0 else -math.inf), math.inf
    if exponent < 0:
        above, below = _power(base, -exponent)
        if above < 0.0:
            return -math.inf, math.inf
        return (1.0 / below if below else math.inf), (1.0 / above if above else math.inf)
    with np.errstate(over="ignore"):
        ends = [float(np.power(np.float64(end), float(exponent))) for end in base if end >= 0 or exponent.is_Integer]
    if low >= 0.0:
        return ends[0], ends[1]
    if not exponent.is_Integer:
        return -math.inf, math.inf
    return (0.0, max(ends)) if exponent.is_even else (ends[0], ends[1])


def _function(expression: sympy.Expr, parts: list[Interval]) -> Interval:
    lows, highs = zip(*parts, strict=True)
    low, high = lows[0], highs[0]
    match expression.func:
        case sympy.Max:
            return max(lows), max(highs)
        case sympy.Min:
            return min(lows), min(highs)
        case sympy.Abs:
            return (0.0 if low < 0.0 < high else min(abs(low), abs(high))), max(abs(low), abs(high))
        case sympy.sin | sympy.cos:
            return -1.0, 1.0
        case sympy.log:
            return (math.log(low) if low > 0.0 else -math.inf), (math.log(high) if high > 0.0 else -math.inf)
    with np.errstate(over="ignore"):  # exp, tanh and Heaviside increase
        increasing = NUMPY[expression.func]
        return float(increasing(low)), float(increasing(high))


def _order(term: sympy.Expr, own: sympy.Symbol) -> float:
    """Power of the field's own symbol as a factor of the term; 0 when it is none or not a number."""
    order = term.as_powers_dict().get(own, sympy.S.Zero)
    return float(order) if order.is_Number else 0.0


def _signed_terms(rate: sympy.Expr, own: sympy.Symbol, where: str) -> Iterator[sympy.Expr]:
    """Additive terms of certain sign; brackets are multiplied out only where that is needed."""
    for term in sympy.Add.make_args(rate):
        low, high = bounds(term)
        if low >= 0.0 or (high <= 0.0 and (own not in term.free_symbols or _order(term, own) >= 1)):
            yield term
            continue
        opened = _multiplied_out(term, where)
        if opened.is_Add:
            yield from _signed_terms(opened, own, where)
        elif high <= 0.0:
            yield term
        else:
            raise ExpressionError(
                f"{where}: cannot decide the sign of the term '{term}', write it as a difference of terms "
                "that are >= 0, or bound it with Max(..., 0)"
            )


def _multiplied_out(term: sympy.Expr, where: str) -> sympy.Expr:
    """The product with its brackets and whole powers of brackets opened, one level deep."""
    count = 1
    factors = []
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if base.is_Add and exponent.is_Integer and exponent > 0:
            count *= math.comb(len(base.args) + int(exponent) - 1, int(exponent))
            if count > MOST_TERMS:
                raise ExpressionError(f"{where}: '{term}' has more than {MOST_TERMS} terms when multiplied out")
            factor = sympy.expand_multinomial(factor, deep=False)
        factors.append(factor)
    return sympy.expand_mul(sympy.Mul(*factors), deep=False)
