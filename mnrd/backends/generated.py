"""Kernels that are generated from the declared model, as the backends that compile text hand them out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from mnrd.backends.base import FieldReaction
from mnrd.resources import kernel_source

Load = Callable[[str], dict[str, Callable[..., None]]]
"""Compiles kernel text: name -> kernel."""


def reactions(kinetics: Any, load: Load) -> list[FieldReaction | None]:
    """See `Backend.reactions`."""
    if not any(kinetics.of):
        return [None for _ in kinetics.of]
    kernels = load(_text(kinetics))
    return [None if of is None else _reaction(index, of, kernels) for index, of in enumerate(kinetics.of)]


def motions(kinetics: Any, load: Load) -> list[Callable[..., None] | None]:
    """See `Backend.motions`."""
    if not any(kinetics.motions):
        return [None for _ in kinetics.motions]
    kernels = load(_text(kinetics))
    return [
        None if motion is None else partial(_over_cells, kernels[f"move_{index}"])
        for index, motion in enumerate(kinetics.motions)
    ]


def _text(kinetics: Any) -> str:
    from mnrd.model.codegen import kernel_source as generated

    return kernel_source() + generated(kinetics)


def _reaction(index: int, of: Any, kernels: dict[str, Callable[..., None]]) -> FieldReaction:
    tally_kernel = kernels[f"tally_{index}"]

    def tally(*arguments: Any) -> None:
        hx, hy, hz = arguments[:3]
        tally_kernel(hx.size, hy.size, hz.size, *arguments)

    react = partial(_over_cells, kernels[f"react_{index}"])
    return SimpleNamespace(react=react, tally=tally, terms=tuple(term.name for term in of.terms))


def _over_cells(kernel: Callable[..., None], *arguments: Any) -> None:
    kernel(arguments[-1].size, *arguments)
