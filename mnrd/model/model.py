"""The model: fields, the reactions between them, and parameters; it holds no state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import sympy

from mnrd.model.expression import of_time, parse, suggestion, symbol
from mnrd.model.field import Coefficient, Field, check_symbol_name, checked_coefficient
from mnrd.model.reaction import Closing, Exchange, Reaction, Transfer
from mnrd.model.splitting import check_real, non_negative

AnyReaction: TypeAlias = Reaction | Transfer | Exchange


@dataclass(frozen=True, eq=False)
class Model:
    """Fields in the order in which they are solved, with what happens to them.

    Parameters
    ----------
    fields : tuple of Field
        Sources before what is made of them: prodrug, drug, bound drug.
    reactions : tuple of Reaction, Transfer, Exchange
    parameters : mapping of name to Coefficient or str
        Not negative; a text is an expression of t (s), a number that changes with time.
    closings : tuple of Closing
    definitions : mapping of name to expression
        Abbreviations in other expressions: of fields, parameters, t, and of definitions before them.

    Raises
    ------
    ValueError
        For a name used twice, an unknown field, or fields in an order that cannot be solved.
    ExpressionError
        For an expression that cannot be read.
    """

    fields: tuple[Field, ...]
    reactions: tuple[AnyReaction, ...] = ()
    parameters: Mapping[str, Coefficient | str] = field(default_factory=dict)
    closings: tuple[Closing, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in ("fields", "reactions", "closings"):
            object.__setattr__(self, key, tuple(getattr(self, key)))
        if not self.fields:
            raise ValueError("fields: got none, must be at least one")
        _check_unique("fields", self.names)
        _check_unique("reactions", [reaction.name for reaction in self.reactions])
        object.__setattr__(self, "parameters", dict(self._checked_parameters()))
        object.__setattr__(self, "definitions", dict(self.definitions))
        for name in self.definitions:
            check_symbol_name("definitions", name)
            if name in self.atoms:
                raise ValueError(f"definitions.{name}: '{name}' is a field or a parameter, names must differ")
        for name in self.definitions:
            check_real(self.symbols[name], f"definitions.{name}")
        for one in self.fields:
            self._check_transport(one)
        for closing in self.closings:
            if isinstance(closing.openness, str):
                self.index(closing.openness)
        for reaction in self.reactions:
            self._check_reaction(reaction)
        self._check_exchanges()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields in order."""
        return tuple(one.name for one in self.fields)

    @cached_property
    def atoms(self) -> dict[str, sympy.Symbol]:
        """Symbols of fields, parameters and the time t."""
        return {name: symbol(name) for name in (*self.names, *self.parameters, "t")}

    @cached_property
    def symbols(self) -> dict[str, sympy.Expr]:
        """What a name in an expression stands for: a symbol, or the expression of a definition."""
        known: dict[str, sympy.Expr] = dict(self.atoms)
        for name, text in self.definitions.items():
            known[name] = parse(text, known, f"definitions.{name}")
        return known

    def index(self, name: str) -> int:
        """Position of a field; ValueError with the nearest name when there is none."""
        if name not in self.names:
            raise ValueError(f"unknown field '{name}' {suggestion(name, self.names)}")
        return self.names.index(name)

    def _checked_parameters(self) -> Iterable[tuple[str, Coefficient | str]]:
        for name, value in self.parameters.items():
            check_symbol_name("parameters", name)
            if name in self.names:
                raise ValueError(f"parameters.{name}: '{name}' is a field, names must differ")
            if isinstance(value, str):
                of_time(value, f"parameters.{name}")
                yield name, value
            else:
                yield name, checked_coefficient(f"parameters.{name}", value)

    def _check_transport(self, one: Field) -> None:
        if one.taxis is not None:
            where = f"fields.{one.name}.taxis.potential"
            check_real(parse(one.taxis.potential, self.symbols, where), where)
        if one.mobility is not None:
            where = f"fields.{one.name}.mobility"
            non_negative(parse(one.mobility, self.symbols, where), where)

    def _check_reaction(self, reaction: AnyReaction) -> None:
        """Fields exist, expressions can be read, what is given away is declared before what receives it."""
        where = f"reactions.{reaction.name}"
        for name in fields_of(reaction):
            if name not in self.names:
                raise ValueError(f"{where}: unknown field '{name}' {suggestion(name, self.names)}")
        for key, text in expressions_of(reaction).items():
            parse(text, self.symbols, f"{where}.{key}")
        if isinstance(reaction, Transfer):
            for product in reaction.products:
                self._check_order(where, "source", reaction.source, "product", product)
        if isinstance(reaction, Exchange):
            self._check_order(where, "free", reaction.free, "bound", reaction.bound)
            if self.fields[self.index(reaction.bound)].mobile:
                raise ValueError(f"{where}.bound: '{reaction.bound}' must be immobile (no diffusivity)")

    def _check_order(self, where: str, role: str, first: str, other_role: str, second: str) -> None:
        if self.index(first) > self.index(second):
            raise ValueError(
                f"{where}: {role} '{first}' is declared after {other_role} '{second}', "
                f"declare the fields in the order {first}, {second}"
            )

    def _check_exchanges(self) -> None:
        """A bound field is eliminated together with its one free field; nothing may come in between."""
        free_of: dict[str, str] = {}
        for reaction in self.reactions:
            if isinstance(reaction, Exchange):
                if reaction.bound in free_of:
                    raise ValueError(f"reactions.{reaction.name}.bound: '{reaction.bound}' is bound in two exchanges")
                free_of[reaction.bound] = reaction.free
        for reaction in self.reactions:
            where = f"reactions.{reaction.name}"
            if isinstance(reaction, Exchange) and reaction.free in free_of:
                raise ValueError(f"{where}.free: '{reaction.free}' is bound in another exchange")
            if not isinstance(reaction, Transfer):
                continue
            for product in reaction.products:
                free = free_of.get(product)
                if free is not None and self.index(reaction.source) >= self.index(free):
                    raise ValueError(
                        f"{where}.products: '{product}' is in exchange with '{free}', "
                        f"so source '{reaction.source}' must be declared before '{free}'"
                    )


def fields_of(reaction: AnyReaction) -> tuple[str, ...]:
    """Fields that a reaction changes."""
    if isinstance(reaction, Reaction):
        return tuple(reaction.rates)
    if isinstance(reaction, Transfer):
        return reaction.source, *reaction.products
    return reaction.free, reaction.bound


def expressions_of(reaction: AnyReaction) -> dict[str, str]:
    """Expressions of a reaction by their key."""
    if isinstance(reaction, Reaction):
        return dict(reaction.rates)
    if isinstance(reaction, Transfer):
        return {"rate": reaction.rate}
    return {"forward": reaction.forward, "backward": reaction.backward}


def _check_unique(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{where}: the name '{name}' is used twice, names must differ")
        seen.add(name)
