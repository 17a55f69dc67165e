"""Quantities that are looked at and not solved: expressions of what the fields are now, for backends to evaluate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import sympy

from mnrd.model.expression import parse
from mnrd.model.kinetics import FieldMotion, Kinetics, operand
from mnrd.model.model import Model


def sight(model: Model, texts: Mapping[str, str], known: Sequence[str], where: str) -> Kinetics:
    """Kinetics without reactions whose ``motions`` are the expressions, two in each, in order.

    Parameters
    ----------
    model : Model
    texts : mapping of name to text
        Expressions of the fields, parameters, definitions and ``t``; at most two for each field of the model.
    known : sequence of str
        Parameters with a value per cell that there are arrays of; they stay in this order where they are enough.
    where : str
        For messages, before the name of an expression.

    Returns
    -------
    Kinetics
        Everything in it is "newest"; where there is an odd number, the last one is followed by 0.
    """
    uniform = {name: isinstance(value, float | int | str) for name, value in model.parameters.items()}
    symbols = {
        symbol: operand("newest" if name in model.names else "scalar" if uniform.get(name, True) else "array", name)
        for name, symbol in model.atoms.items()
    }
    made = [parse(text, model.symbols, f"{where}.{name}").xreplace(symbols) for name, text in texts.items()]
    used = {symbol.name for one in made for symbol in one.free_symbols}
    scalars = tuple(name for name in (*model.parameters, "t") if f"scalar.{name}" in used)
    arrays = tuple(name for name in model.parameters if f"array.{name}" in used)
    pairs = zip_longest(made[::2], made[1::2], fillvalue=sympy.S.Zero)
    motions = tuple(FieldMotion(number, *pair) for number, pair in enumerate(pairs))
    rows = tuple(known) if set(arrays) <= set(known) else arrays
    return Kinetics(model.names, scalars, rows, tuple(None for _ in model.names), motions)
