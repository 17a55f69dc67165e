"""Kinetics: production and loss of every field, derived from the reactions of a model.

The value taken of a field declared before the one being solved is its new one in the running stage, that of
any other is predicted. It is the same number wherever a reaction is booked: what one loses another gains.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import sympy
from numpy.typing import NDArray

from mnrd.model.evaluation import number
from mnrd.model.expression import of_time, parse
from mnrd.model.model import Model
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.model.splitting import non_negative, split

Array = NDArray[np.float64]

TAU = sympy.Symbol("tau.", nonnegative=True)


@dataclass(frozen=True)
class Term:
    """What one reaction does to one field: gain - loss c, with c the solved concentration."""

    name: str
    gain: sympy.Expr
    loss: sympy.Expr


@dataclass(frozen=True)
class FieldKinetics:
    """Production >= 0 and loss rate >= 0 of one field, which are the sums over its terms.

    Parameters
    ----------
    field : int
        Position of the field.
    production, loss : sympy expressions
        Of the symbols made by `operand`.
    terms : tuple of Term
        For the ledger.
    """

    field: int
    production: sympy.Expr
    loss: sympy.Expr
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class FieldMotion:
    """How the transport of one field depends on the others.

    Parameters
    ----------
    field : int
        Position of the field.
    mobility, potential : sympy expressions
        Factor >= 0 on the diffusivity, and what is climbed (0 without taxis).
    """

    field: int
    mobility: sympy.Expr
    potential: sympy.Expr


@dataclass(frozen=True)
class Kinetics:
    """Kinetics of all fields and the names of what they use.

    Parameters
    ----------
    fields : tuple of str
        In the order in which they are solved.
    scalars, arrays : tuple of str
        Parameters that are used, uniform ones and those with a value per cell; ``t`` is the time.
    of : tuple of FieldKinetics or None
        One per field; None for a field that no reaction changes.
    motions : tuple of FieldMotion or None
        One per field; None where the transport does not depend on the fields.
    predicted, bases : tuple of str
        Fields of which predicted values, and those that a stage starts from, are used: they alone have rows of these.
    """

    fields: tuple[str, ...]
    scalars: tuple[str, ...]
    arrays: tuple[str, ...]
    of: tuple[FieldKinetics | None, ...]
    motions: tuple[FieldMotion | None, ...]
    predicted: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()

    def position(self, symbol: sympy.Symbol) -> tuple[str, int]:
        """Array and index that an operand stands for: ("newest", field), ("scalar", s), ("tau", 0), ..."""
        kind, _, name = symbol.name.partition(".")
        rows = {"newest": self.fields, "predicted": self.predicted, "base": self.bases}
        rows |= {"scalar": self.scalars, "array": self.arrays, "tau": ("",)}
        return kind, rows[kind].index(name)


_derived: WeakKeyDictionary[Model, Kinetics] = WeakKeyDictionary()
"""Of the models that are in use: the symbols of a large one take a quarter of a second."""


def operand(kind: str, name: str) -> sympy.Symbol:
    """Symbol of a value in a cell; kind is newest, predicted, base, array or scalar."""
    return sympy.Symbol(f"{kind}.{name}", nonnegative=True)


def kinetics(model: Model) -> Kinetics:
    """Derive the kinetics of a model, once: who asks again gets the same.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Kinetics
        Evaluated in the order of the fields, the terms of a Transfer whose yields add up to 1 add up to zero
        to round-off, and so do those of an Exchange.

    Raises
    ------
    ExpressionError
        When the sign of a term of a Reaction cannot be decided, or a rate may be negative.
    """
    if model not in _derived:
        _derived[model] = _derive(model)
    return _derived[model]


def _derive(model: Model) -> Kinetics:
    book = _Book(model)
    terms, motions = book.terms(), tuple(book.motion(index) for index in range(len(model.fields)))
    of = tuple(
        FieldKinetics(
            index,
            sympy.Add(*(term.gain for term in booked)),
            sympy.Add(*(term.loss for term in booked)),
            tuple(booked),
        )
        if booked
        else None
        for index, booked in enumerate(terms.values())
    )
    everything = [part for booked in terms.values() for term in booked for part in (term.gain, term.loss)]
    everything += [part for motion in motions if motion is not None for part in (motion.mobility, motion.potential)]
    used = {symbol.name for part in everything for symbol in part.free_symbols}
    names = (*model.parameters, "t")
    scalars = tuple(name for name in names if f"scalar.{name}" in used)
    arrays = tuple(name for name in names if f"array.{name}" in used)
    closing = {one.openness for one in model.closings}
    predicted = tuple(name for name in model.names if f"predicted.{name}" in used or name in closing)
    bases = tuple(name for name in model.names if f"base.{name}" in used)
    return Kinetics(model.names, scalars, arrays, of, motions, predicted, bases)


class _Book:
    """Books the terms of every reaction under the fields it changes."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.booked: dict[str, list[Term]] = {name: [] for name in model.names}
        # The field with whose solve the rates of a field are fixed: its own, or that of its free partner.
        self.moment = {name: index for index, name in enumerate(model.names)}
        for reaction in model.reactions:
            if isinstance(reaction, Exchange):
                self.moment[reaction.bound] = model.index(reaction.free)

    def terms(self) -> dict[str, list[Term]]:
        exchanges = []
        for reaction in self.model.reactions:
            where = f"reactions.{reaction.name}"
            if isinstance(reaction, Reaction):
                self._book_reaction(reaction, where)
            elif isinstance(reaction, Transfer):
                self._book_transfer(reaction, where)
            else:
                exchanges.append(reaction)
        for exchange in exchanges:  # last: they need all the other terms of the bound field
            self._book_exchange(exchange, f"reactions.{exchange.name}")
        return self.booked

    def motion(self, index: int) -> FieldMotion | None:
        """What the transport of a field depends on."""
        field = self.model.fields[index]
        if not field.changing:
            return None
        mobility, potential = ("1" if field.mobility is None else field.mobility), "0"
        if field.taxis is not None:
            potential = field.taxis.potential
        where = f"fields.{field.name}"
        parsed = [parse(text, self.model.symbols, where) for text in (mobility, potential)]
        return FieldMotion(index, *(self._in_force(one, index) for one in parsed))

    def _add(self, field: str, name: str, gain: sympy.Expr, loss: sympy.Expr) -> None:
        self.booked[field].append(Term(name, gain, loss))

    def _in_force(self, expression: sympy.Expr, moment: int) -> sympy.Expr:
        """The expression of the values known when field `moment` is about to be solved."""
        values = {}
        for name, symbol in self.model.atoms.items():
            if name in self.moment:
                solved = self.model.index(name) < moment
                values[symbol] = operand("newest" if solved else "predicted", name)
            else:
                uniform = isinstance(self.model.parameters.get(name, 0.0), (float, str))
                values[symbol] = operand("scalar" if uniform else "array", name)
        return expression.xreplace(values)

    def _rate(self, text: str, where: str, moment: int) -> sympy.Expr:
        return self._in_force(non_negative(parse(text, self.model.symbols, where), where), moment)

    def _book_reaction(self, reaction: Reaction, where: str) -> None:
        for field, text in reaction.rates.items():
            place = f"{where}.{field}"
            symbols = self.model.symbols
            gain, loss = split(parse(text, symbols, place), symbols[field], place)
            moment = self.moment[field]
            self._add(field, reaction.name, self._in_force(gain, moment), self._in_force(loss, moment))

    def _book_transfer(self, transfer: Transfer, where: str) -> None:
        rate = self._rate(transfer.rate, f"{where}.rate", self.moment[transfer.source])
        self._add(transfer.source, transfer.name, sympy.S.Zero, rate)
        for product, share in transfer.products.items():
            gain = number(share) * rate * operand("newest", transfer.source)
            self._add(product, transfer.name, gain, sympy.S.Zero)

    def _book_exchange(self, exchange: Exchange, where: str) -> None:
        """With P, L of the other reactions of the bound field w, its solve is

            w = (tau w0 + P + k u) / (tau + L + koff) ,

        put into u' = ... - k u + koff w.
        """
        moment = self.moment[exchange.bound]
        forward = self._rate(exchange.forward, f"{where}.forward", moment)
        backward = self._rate(exchange.backward, f"{where}.backward", moment)
        others = self.booked[exchange.bound]
        kept = TAU + sympy.Add(*(term.loss for term in others))
        held = TAU * operand("base", exchange.bound) + sympy.Add(*(term.gain for term in others))
        returned = backward / (kept + backward)
        stays = kept / (kept + backward)  # 1 - returned, without cancellation
        self._add(exchange.free, exchange.name, returned * held, forward * stays)
        self._add(exchange.bound, exchange.name, forward * operand("newest", exchange.free), backward)


def scalar_values(model: Model, kinetics: Kinetics, t: float) -> Array:
    """Values of the uniform parameters at a time.

    Parameters
    ----------
    model : Model
    kinetics : Kinetics
    t : float, s

    Returns
    -------
    (S,) array
        In the order of ``kinetics.scalars``.

    Raises
    ------
    ExpressionError
        When a parameter that changes with time is negative or not finite at `t`.
    """
    values = []
    for name in kinetics.scalars:
        value: Any = model.parameters.get(name, t)  # only the time is not a parameter
        values.append(of_time(value, f"parameters.{name}")(t) if isinstance(value, str) else float(value))
    return np.array(values, dtype=np.float64)


def operands_of(expressions: Iterable[sympy.Expr]) -> list[sympy.Symbol]:
    """Operands of expressions in a fixed order, without temporaries, which have no dot in their name."""
    found = {symbol for expression in expressions for symbol in expression.free_symbols}
    return sorted((symbol for symbol in found if "." in symbol.name), key=str)
