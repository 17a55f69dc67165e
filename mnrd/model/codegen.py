"""The kinetics as kernel text in the dialect of kernels/common.cuh (as numpy functions: `mnrd.model.numeric`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import sympy

from mnrd.model.evaluation import arguments, fraction, is_product
from mnrd.model.kinetics import TAU, FieldKinetics, FieldMotion, Kinetics, operands_of

HELPERS = """
INLINE double larger(double a, double b) { return a > b ? a : b; }
INLINE double smaller(double a, double b) { return a < b ? a : b; }
INLINE double heaviside(double a) { return a > 0.0 ? 1.0 : (a < 0.0 ? 0.0 : 0.5); }
"""

PAIR = """
// {name}: {meaning}
KERNEL {kernel}_{field}(index_t cells, const double *newest /* (F, cells) */,
    const double *predicted /* (P, cells) */, const double *base /* (B, cells) */,
    const real *arrays /* (A, cells) */, const double *scalars /* (S) */, const double *order /* (ORDERS) */,
    double *{first} /* (cells) */, double *{second} /* (cells) */)
{{
{scalars}    FOR_EACH_CELL(n, cells)
    {{
{body}        {first}[n] = {first_value};
        {second}[n] = {second_value};
    }}
}}
"""
REACT = "production P and loss rate L, dc/dt = transport + P - L c (numpy: NumpyKinetics.react)"
MOVE = "factor on its diffusivity, and the potential that it climbs (numpy: NumpyMotion.move)"

TALLY = """
// {name}: sum over each row of V (gain - loss c), term by term: {terms} (numpy: NumpyKinetics.tally)
KERNEL tally_{field}(int nx, int ny, int nz, const double *hx /* (nx) */, const double *hy /* (ny) */,
    const double *hz /* (nz) */, const double *newest /* (F, cells) */,
    const double *predicted /* (P, cells) */, const double *base /* (B, cells) */,
    const real *arrays /* (A, cells) */, const double *scalars /* (S) */, const double *order /* (ORDERS) */,
    double *partial /* (T, nz ny) */)
{{
    const index_t rows = (index_t)nz * ny, cells = rows * nx;
{scalars}    FOR_EACH_ROW(row, rows)
    {{
        const double section = hy[row % ny] * hz[row / ny];
        double {zeros};
        FOR_ROW_SUM(i, nx, {sums})
        {{
            const index_t n = row * nx + i;
{body}        }}
{totals}    }}
}}
"""

_CALLS = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.tanh: "tanh",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sympy.Abs: "fabs",
    sympy.Max: "larger",
    sympy.Min: "smaller",
    sympy.Heaviside: "heaviside",
}


@lru_cache(maxsize=4)  # reactions and motions of a model are compiled from one text, and again after each event
def kernel_source(kinetics: Kinetics) -> str:
    """C text of ``react_f`` and ``tally_f`` for every field f with reactions, ``move_f`` where the transport changes.

    Parameters
    ----------
    kinetics : Kinetics

    Returns
    -------
    str
        To be appended to kernels/common.cuh; empty when there is no reaction. Everything is double but the
        parameters with a value per cell.
    """
    with_reactions = [one for one in kinetics.of if one is not None]
    texts = [text for one in with_reactions for text in (_react(kinetics, one), _tally(kinetics, one))]
    texts += [_move(kinetics, one) for one in kinetics.motions if one is not None]
    return "".join([HELPERS, *texts]) if texts else ""


def _react(kinetics: Kinetics, of: FieldKinetics) -> str:
    made = {"production": of.production, "loss": of.loss}
    return _pair(kinetics, of.field, "react", REACT, made)


def _move(kinetics: Kinetics, of: FieldMotion) -> str:
    made = {"mobility": of.mobility, "potential": of.potential}
    return _pair(kinetics, of.field, "move", MOVE, made)


def _pair(kinetics: Kinetics, field: int, kernel: str, meaning: str, made: Mapping[str, sympy.Expr]) -> str:
    """A kernel that fills two arrays, each with an expression of what is in the cell."""
    (first, second), expressions = made, list(made.values())
    shared, wanted = sympy.cse(expressions)
    return PAIR.format(
        name=kinetics.fields[field],
        meaning=meaning,
        kernel=kernel,
        field=field,
        first=first,
        second=second,
        scalars=_scalars(kinetics, expressions),
        body=_body(kinetics, shared, wanted, " " * 8),
        first_value=c_text(wanted[0]),
        second_value=c_text(wanted[1]),
    )


def _tally(kinetics: Kinetics, of: FieldKinetics) -> str:
    """All terms in one pass over the cells, which loads what they share once."""
    expressions = [expression for term in of.terms for expression in (term.gain, term.loss)]
    shared, wanted = sympy.cse(expressions)
    solved = sympy.Symbol(f"newest.{kinetics.fields[of.field]}", nonnegative=True)
    used = wanted if all(loss == 0 for loss in wanted[1::2]) else [*wanted, solved]
    rates = [_rate(gain, loss, solved) for gain, loss in zip(wanted[::2], wanted[1::2], strict=True)]
    sums = [f"sum_{index}" for index in range(len(rates))]
    return TALLY.format(
        name=kinetics.fields[of.field],
        terms=", ".join(_comment(term.name) for term in of.terms),
        field=of.field,
        scalars=_scalars(kinetics, expressions),
        zeros=", ".join(f"{name} = 0.0" for name in sums),
        sums=", ".join(sums),
        body=_body(kinetics, shared, used, " " * 12)
        + "".join(f"            {name} += hx[i] * ({rate});\n" for name, rate in zip(sums, rates, strict=True)),
        totals="".join(_total(name, index) for index, name in enumerate(sums)),
    )


def _rate(gain: sympy.Expr, loss: sympy.Expr, solved: sympy.Symbol) -> str:
    gained, lost = c_text(gain), f"{c_factor(loss)} * {_name(solved)}"
    return {(True, False): f"-{lost}", (False, True): gained}.get((gain == 0, loss == 0), f"{gained} - {lost}")


def _total(name: str, index: int) -> str:
    return (
        f"        {name} = row_total({name});\n"
        f"        if (ROW_LEADER) partial[{index} * rows + row] = section * {name};\n"
    )


def _comment(name: str) -> str:
    """A name that cannot leave its comment."""
    return "".join(letter if (letter.isascii() and letter.isalnum()) or letter in " _-+,()" else "_" for letter in name)


def _name(symbol: sympy.Symbol) -> str:
    return "tau" if symbol == TAU else symbol.name.replace(".", "_")


def _scalars(kinetics: Kinetics, expressions: Iterable[sympy.Expr]) -> str:
    """Loads that do not depend on the cell."""
    places = {"scalar": "scalars[{}]", "tau": "order[TAU]"}
    loads = [(symbol, *kinetics.position(symbol)) for symbol in operands_of(expressions)]
    return "".join(
        f"    const double {_name(symbol)} = {places[kind].format(index)};\n"
        for symbol, kind, index in loads
        if kind in places
    )


def _body(kinetics: Kinetics, shared: list, wanted: Iterable[sympy.Expr], indent: str) -> str:
    """Loads of cell n, then the common subexpressions."""
    lines = []
    for symbol in operands_of([*(expression for _, expression in shared), *wanted]):
        kind, index = kinetics.position(symbol)
        if kind == "array":
            lines.append(f"const double {_name(symbol)} = (double)arrays[{index} * cells + n];")
        elif kind not in ("scalar", "tau"):
            lines.append(f"const double {_name(symbol)} = {kind}[{index} * cells + n];")
    lines += [f"const double {symbol.name} = {c_text(expression)};" for symbol, expression in shared]
    return "".join(f"{indent}{line}\n" for line in lines)


def c_text(expression: sympy.Expr) -> str:
    """C text of an expression in double: decimal constants, small whole powers as products.

    Parameters
    ----------
    expression : sympy expression
        Such as `mnrd.model.expression.parse` gives.

    Returns
    -------
    str
        Without outer brackets.
    """
    if expression.is_Symbol:
        return _name(expression)
    if not expression.args:
        return repr(float(expression))
    if expression.is_Add:
        parts = [c_text(part) for part in expression.as_ordered_terms()]
        return parts[0] + "".join(f" - {part[1:]}" if part[0] == "-" else f" + {part}" for part in parts[1:])
    above, below = fraction(expression)
    if expression.is_Mul or below:
        return _fraction_text(above, below)
    if is_product(expression):
        return " * ".join([c_factor(expression.base)] * int(expression.exp))
    if expression.is_Pow and expression.exp == sympy.S.Half:
        return f"sqrt({c_text(expression.base)})"
    operands = [c_text(part) for part in arguments(expression)]
    call = "pow" if expression.is_Pow else _CALLS[expression.func]
    text = operands[0] if len(operands) > 1 else f"{call}({operands[0]})"
    for argument in operands[1:]:
        text = f"{call}({text}, {argument})"
    return text


def c_factor(expression: sympy.Expr) -> str:
    """C text of an expression with brackets where a factor needs them."""
    text = c_text(expression)
    atom = expression.is_Symbol or (not expression.args and expression >= 0) or expression.is_Function
    power = expression.is_Pow and not fraction(expression)[1]
    return text if atom or power else f"({text})"


def _fraction_text(above: list[sympy.Expr], below: list[sympy.Expr]) -> str:
    sign = ""
    if above and above[0] == -1:
        sign, above = "-", above[1:]
    elif above and above[0].is_Number and above[0] < 0:
        sign, above = "-", [-above[0], *above[1:]]
    dividend = " * ".join(c_factor(part) for part in above) or "1.0"
    if not below:
        return sign + dividend
    divisor = " * ".join(c_factor(part) for part in below)
    plain = len(below) == 1 and not is_product(below[0])
    return f"{sign}{dividend} / {divisor if plain else f'({divisor})'}"
