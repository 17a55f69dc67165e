"""Whose turn it is in a stage: fields that do not need each other's new values may be solved side by side."""

from __future__ import annotations

from collections.abc import Iterator

from mnrd.model.kinetics import Kinetics, operands_of
from mnrd.model.model import Model

Turns = tuple[tuple[int, ...], ...]


def turns(model: Model, kinetics: Kinetics, abreast: int) -> Turns:
    """Put the fields in an order in which each comes after those whose new values it needs.

    Parameters
    ----------
    model : Model
    kinetics : Kinetics
        Of the model.
    abreast : int
        How many fields may be solved side by side.

    Returns
    -------
    tuple of tuples of int
        Fields of each turn, at most `abreast`, none of which needs another; the turns one after the other.
    """
    wave: list[int] = []
    for index in range(len(model.fields)):
        wave.append(max((wave[other] + 1 for other in _needed(model, kinetics, index)), default=0))
    waves = [[index for index in range(len(wave)) if wave[index] == number] for number in range(max(wave) + 1)]
    return tuple(tuple(fields[start : start + abreast]) for fields in waves for start in range(0, len(fields), abreast))


def _needed(model: Model, kinetics: Kinetics, index: int) -> Iterator[int]:
    """Fields before this one whose new values its reactions, its transport or its channels are made of."""
    of, motion = kinetics.of[index], kinetics.motions[index]
    used = [] if of is None else [part for term in of.terms for part in (term.gain, term.loss)]
    used += [] if motion is None else [motion.mobility, motion.potential]
    for symbol in operands_of(used):
        kind, position = kinetics.position(symbol)
        if kind == "newest" and position != index:
            yield position
    for closing in model.closings if model.fields[index].mobile else ():
        if isinstance(closing.openness, str) and model.index(closing.openness) < index:
            yield model.index(closing.openness)
