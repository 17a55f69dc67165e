"""Expressions: user text to sympy through a whitelist, and sympy to numpy.

The text is never evaluated by Python nor given to sympy as text: its syntax tree is walked, and what is not
in the list is refused. Numbers are folded as they are read, so that no text can ask for absurd work.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from mnrd.mesh.rectilinear import Mesh
from mnrd.model.evaluation import NUMPY, evaluate, number

LONGEST = 2000  # characters
DEEPEST = 200  # levels of the syntax tree
LARGEST_POWER = 64
LARGEST_NUMBER = 1e300

Array = NDArray[np.float64]

# name in the text -> sympy function, fewest and most arguments
FUNCTIONS: dict[str, tuple[Any, int, float]] = {
    "exp": (sympy.exp, 1, 1),
    "log": (sympy.log, 1, 1),
    "sqrt": (sympy.sqrt, 1, 1),
    "tanh": (sympy.tanh, 1, 1),
    "sin": (sympy.sin, 1, 1),
    "cos": (sympy.cos, 1, 1),
    "Abs": (sympy.Abs, 1, 1),
    "Min": (sympy.Min, 2, math.inf),
    "Max": (sympy.Max, 2, math.inf),
    "Heaviside": (sympy.Heaviside, 1, 1),
}
CONSTANTS = {"pi": sympy.Float(math.pi)}
SPACE = {axis: sympy.Symbol(axis, real=True) for axis in "xyz"}
RESERVED = {*FUNCTIONS, *CONSTANTS, *SPACE, "t"}

_REFUSED = {
    ast.Attribute: "attribute access",
    ast.Subscript: "a subscript",
    ast.Lambda: "a lambda",
    ast.Compare: "a comparison (write Heaviside or Max)",
    ast.IfExp: "a condition (write Heaviside or Max)",
    ast.BoolOp: "a logical operator",
    ast.JoinedStr: "a string",
}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


class ExpressionError(ValueError):
    """A text is not an expression of the known symbols; the message is one line and names the place."""


def symbol(name: str) -> sympy.Symbol:
    """The symbol of a field, a parameter or the time: real and not negative."""
    return sympy.Symbol(name, nonnegative=True)


def suggestion(name: str, known: Iterable[str]) -> str:
    """What follows "unknown ...": the known names and the nearest, ``(known: u, v; nearest: 'v')``."""
    names = list(known)
    shown = ", ".join(names) if len(names) <= 20 else f"{', '.join(names[:20])} and {len(names) - 20} more"
    folded = {candidate.lower(): candidate for candidate in reversed(names)}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    return f"(known: {shown or 'none'}" + (f"; nearest: '{folded[near[0]]}')" if near else ")")


def parse(text: str, symbols: Mapping[str, sympy.Expr], where: str) -> sympy.Expr:
    """Read an expression.

    Parameters
    ----------
    text : str
        ``+ - * / **``, numbers, ``pi``, the functions of `FUNCTIONS` and the names of `symbols`.
    symbols : mapping of name to symbol or expression
        The known names and what they stand for.
    where : str
        Place of the text, such as ``reactions.growth.u``, for messages.

    Returns
    -------
    sympy expression
        Real and finite wherever no denominator vanishes.

    Raises
    ------
    ExpressionError
        Unknown name or function, anything but arithmetic, too long or too deep, not real, division by zero.
    """
    return _Reader(text, symbols, where).read()


class _Reader:
    """One text on its way to sympy; it is there to give every message its place."""

    def __init__(self, text: str, symbols: Mapping[str, sympy.Expr], where: str) -> None:
        if not isinstance(text, str):
            raise ExpressionError(f"{where}: got {text!r}, must be an expression in quotes")
        self.text, self.symbols, self.where = " ".join(text.split()), symbols, where
        if not self.text:
            raise ExpressionError(f"{where}: is empty, must be an expression")
        if len(text) > LONGEST:
            raise ExpressionError(f"{where}: too long ({len(text)} characters, at most {LONGEST})")

    def error(self, what: str, hint: str = "") -> ExpressionError:
        shown = self.text if len(self.text) <= 100 else self.text[:97] + "..."
        return ExpressionError(f"{self.where}: {what} in '{shown}'" + (f" {hint}" if hint else ""))

    def read(self) -> sympy.Expr:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's advice on style is of no use to the reader
                tree = ast.parse(self.text, mode="eval")
        except SyntaxError as error:
            place = f" at character {error.offset}" if error.offset else ""
            raise self.error(f"syntax error{place}") from None
        except (MemoryError, RecursionError, ValueError):
            raise self.error("syntax error") from None
        result = self.convert(tree.body, 0)
        for part in result.atoms(sympy.Number):
            self.finite(part)
        known = (sympy.Add, sympy.Mul, sympy.Pow, sympy.Symbol, sympy.Number, sympy.NumberSymbol, *NUMPY)
        if not all(isinstance(part, known) for part in sympy.preorder_traversal(result)):
            raise self.error("not a real number everywhere", "(bound the argument with Max(..., 0))")
        return result

    def convert(self, node: ast.AST, depth: int) -> sympy.Expr:
        if depth > DEEPEST:
            raise self.error(f"too deep (at most {DEEPEST} levels)")
        match node:
            case ast.Constant(value=bool() | str() | bytes() | complex() | None):
                raise self.error(f"{node.value!r} is not a real number")
            case ast.Constant(value=int() | float()):
                return self.finite(node.value)
            case ast.Name():
                return self.name(node.id)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.convert(node.operand, depth + 1)
            case ast.UnaryOp(op=ast.USub()):
                return -self.convert(node.operand, depth + 1)
            case ast.BinOp():
                left, right = (self.convert(side, depth + 1) for side in (node.left, node.right))
                return self.operation(node.op, left, right)
            case ast.Call(func=ast.Name()):
                return self.call(node, depth)
        raise self.error(f"{_REFUSED.get(type(node), type(node).__name__)} is not allowed")

    def finite(self, value: Any) -> sympy.Expr:
        """Fold a number to one that a double holds."""
        try:
            folded = float(value)
        except (OverflowError, TypeError):
            folded = math.nan
        if not abs(folded) <= LARGEST_NUMBER:
            raise self.error("a number is too large or not real")
        return value if isinstance(value, sympy.Rational) else number(folded)

    def name(self, name: str) -> sympy.Expr:
        if name in self.symbols:
            return self.symbols[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in FUNCTIONS:
            raise self.error(f"function '{name}' without arguments")
        raise self.error(f"unknown symbol '{name}'", suggestion(name, self.symbols))

    def operation(self, op: ast.operator, left: sympy.Expr, right: sympy.Expr) -> sympy.Expr:
        if isinstance(op, ast.BitXor):
            raise self.error("'^' is not a power, write '**'")
        if type(op) not in _OPERATORS:
            raise self.error(f"{type(op).__name__} is not allowed", "(allowed: + - * / **)")
        if right == 0 and isinstance(op, ast.Div):
            raise self.error("division by zero")
        if isinstance(op, ast.Pow):
            return self.power(left, right)
        result = _OPERATORS[type(op)](left, right)
        return self.finite(result) if result.is_Number else result

    def power(self, base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        if exponent.is_Number and abs(exponent) > LARGEST_POWER:
            raise self.error(f"power {exponent} is too large", f"(at most {LARGEST_POWER})")
        if base.is_Number and exponent.is_Number:
            with np.errstate(all="ignore"):
                return self.finite(np.power(float(base), float(exponent)))
        result = base ** (sympy.S.Half if exponent == sympy.Float(0.5) else exponent)
        powers = [part.exp for part in sympy.Mul.make_args(result) if part.is_Pow]
        if any(power.is_Number and abs(power) > LARGEST_POWER for power in powers):
            raise self.error("a power of a power is too large", f"(at most {LARGEST_POWER})")
        return result

    def call(self, node: ast.Call, depth: int) -> sympy.Expr:
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        if name not in FUNCTIONS:
            raise self.error(f"unknown function '{name}'", suggestion(name, FUNCTIONS))
        symbolic, fewest, most = FUNCTIONS[name]
        if node.keywords or not fewest <= len(node.args) <= most:
            wanted = f"{fewest}" if most == fewest else f"at least {fewest}"
            raise self.error(f"{name} takes {wanted} argument(s), got {len(node.args) + len(node.keywords)}")
        given = [self.convert(argument, depth + 1) for argument in node.args]
        if all(argument.is_Number for argument in given):
            with np.errstate(all="ignore"):
                return self.finite(evaluate(symbolic(*given, evaluate=False), {}))
        try:
            return symbolic(*given)
        except (ValueError, TypeError):  # sympy cannot order what may be complex
            raise self.error(f"an argument of {name} is not a real number everywhere") from None


@cache
def of_time(text: str, where: str) -> Callable[[float], float]:
    """A function of the time t (s) from its text.

    Parameters
    ----------
    text : str
        An expression of t, such as ``1 + 2*exp(-t/3600)``.
    where : str
        Its place, for messages.

    Returns
    -------
    callable
        Gives the value at a time; it raises ExpressionError when that is negative or not finite.

    Raises
    ------
    ExpressionError
        As `parse`.
    """
    time = symbol("t")
    expression = parse(text, {"t": time}, where)

    def value(t: float) -> float:
        with np.errstate(all="ignore"):
            result = float(evaluate(expression, {time: np.float64(t)}))
        if not 0.0 <= result < math.inf:
            raise ExpressionError(f"{where}: got {result:g} at t = {t:g} s from '{text}', must be finite and >= 0")
        return result

    return value


def on_cells(text: str, mesh: Mesh, where: str) -> Array:
    """Values of an expression of x, y, z (um) at the cell centres.

    Parameters
    ----------
    text : str
        Such as ``Max(1 - z/100, 0)``.
    mesh : Mesh
    where : str
        Its place, for messages.

    Returns
    -------
    (nz, ny, nx) array
        Finite and not negative.

    Raises
    ------
    ExpressionError
        As `parse`, and when a value is negative or not finite.
    """
    expression = parse(text, SPACE, where)
    centres = {SPACE["x"]: mesh.xc, SPACE["y"]: mesh.yc[:, None], SPACE["z"]: mesh.zc[:, None, None]}
    with np.errstate(all="ignore"):
        values: Array = np.zeros(mesh.shape) + evaluate(expression, centres)
    wrong = ~((values >= 0.0) & (values < np.inf))
    if wrong.any():
        k, j, i = np.unravel_index(int(np.argmax(wrong)), mesh.shape)
        place = f"x = {mesh.xc[i]:g}, y = {mesh.yc[j]:g}, z = {mesh.zc[k]:g} um"
        raise ExpressionError(f"{where}: got {values[k, j, i]:g} at {place} from '{text}', must be finite and >= 0")
    return values
