"""Evaluation of expressions with numpy, and the order of evaluation that the kernels share."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import sympy

LARGEST_PRODUCT = 8  # whole powers up to this are written as products

NUMPY: dict[Any, Callable[..., Any]] = {
    sympy.exp: np.exp,
    sympy.log: np.log,
    sympy.tanh: np.tanh,
    sympy.sin: np.sin,
    sympy.cos: np.cos,
    sympy.Abs: np.abs,
    sympy.Min: np.minimum,
    sympy.Max: np.maximum,
    sympy.Heaviside: lambda value: np.heaviside(value, 0.5),
}


def number(value: float) -> sympy.Number:
    """A number as sympy keeps it here: exact if it is whole, otherwise the double itself."""
    whole = float(value).is_integer() and abs(value) < 2**53
    return sympy.Integer(int(value)) if whole else sympy.Float(float(value))


def evaluate(expression: sympy.Expr, values: Mapping[sympy.Symbol, Any]) -> Any:
    """Value of an expression that `parse` can give, with numpy.

    Parameters
    ----------
    expression : sympy expression
    values : mapping of symbol to float or array
        For every free symbol; arrays of one shape.

    Returns
    -------
    float or array
        Powers up to `LARGEST_PRODUCT` are products, as in the kernels.
    """
    if expression.is_Symbol:
        return values[expression]
    if not expression.args:
        return float(expression)
    if expression.is_Add:
        return reduce(operator.add, [evaluate(part, values) for part in expression.args])
    above, below = fraction(expression)
    if expression.is_Mul or below:
        dividend = reduce(operator.mul, [evaluate(part, values) for part in above]) if above else 1.0
        return dividend / reduce(operator.mul, [evaluate(part, values) for part in below]) if below else dividend
    operands = [evaluate(part, values) for part in arguments(expression)]
    if is_product(expression):
        return reduce(operator.mul, operands[:1] * int(expression.exp))
    if expression.is_Pow:
        return np.sqrt(operands[0]) if expression.exp == sympy.S.Half else np.power(*operands)
    numeric = NUMPY[expression.func]
    return reduce(numeric, operands) if len(operands) > 1 else numeric(operands[0])


def fraction(expression: sympy.Expr) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
    """Factors above and below the stroke; a number counts as one factor above."""
    above, below = [], []
    for part in sympy.Mul.make_args(expression):
        if part.is_Pow and part.exp.is_Number and part.exp < 0:
            below.append(sympy.Pow(part.base, -part.exp))
        else:
            above.append(part)
    return above, below


def is_product(expression: sympy.Expr) -> bool:
    """Whether a power is to be written as a product of its base with itself."""
    return bool(expression.is_Pow and expression.exp.is_Integer and 0 < expression.exp <= LARGEST_PRODUCT)


def arguments(expression: sympy.Expr) -> list[sympy.Expr]:
    """Arguments of a function in an order that is the same in every process.

    sympy keeps those of Max and Min in the order of their hashes, and gives Heaviside a second one, its value
    at 0, which is always 1/2 here.
    """
    if expression.func in (sympy.Max, sympy.Min):
        return sorted(expression.args, key=sympy.default_sort_key)
    return list(expression.args[:1] if expression.func is sympy.Heaviside else expression.args)
