"""Launches on a device that were remembered, in as few kernels as possible.

What independent parts of a program have in common becomes one launch for all of them, and what is small enough becomes
a sequence of kernels in one block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from mnrd.backends.abreast import layout
from mnrd.backends.base import Parameter
from mnrd.backends.geometry import Geometry, Loop

Key = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel of a text as a device has it.

    Parameters
    ----------
    name : str
    parameters : sequence of Parameter
    loop : Loop
    single : callable
        The compiled function.
    abreast : callable or None
        The one that takes the arguments of several fields, see `mnrd.backends.abreast`.
    number : int or None
        What stands for it in a sequence; None for one that cannot be in any.
    """

    name: str
    parameters: Sequence[Parameter]
    loop: Loop
    single: Callable[..., None]
    abreast: Callable[..., None] | None = None
    number: int | None = None


@dataclass(frozen=True, eq=False)
class Launch:
    """One kernel with its arguments, arrays and numbers of the exact type, and its geometry."""

    kernel: Kernel
    arguments: tuple[Any, ...]
    how: Geometry

    @cached_property
    def sizes(self) -> dict[str, Any]:
        """The numbers among the arguments, by name."""
        pairs = zip(self.kernel.parameters, self.arguments, strict=True)
        return {p.name: a.item() for p, a in pairs if not p.pointer}

    @cached_property
    def key(self) -> Key:
        """What is the same for launches that can be one: the kernel, and the whole numbers that it is given."""
        return self.kernel.name, *(value for value in self.sizes.values() if isinstance(value, int))

    @property
    def arrays(self) -> list[Any]:
        """The arrays among the arguments."""
        return [a for p, a in zip(self.kernel.parameters, self.arguments, strict=True) if p.pointer]

    def packed(self) -> bytes:
        """The arguments as a kernel finds them in memory."""
        row = np.zeros((), layout(self.kernel.parameters))
        for parameter, argument in zip(self.kernel.parameters, self.arguments, strict=True):
            row[parameter.name] = argument.data.ptr if parameter.pointer else argument
        return row.tobytes()


@dataclass(frozen=True, eq=False)
class Steps:
    """Launches that one block does one after the other."""

    launches: tuple[Launch, ...]

    @property
    def key(self) -> Key:
        """As that of its first launch, which says where in a solve it is."""
        return "sequence", *self.launches[0].key


Work = Launch | Steps


@dataclass
class Recording:
    """Launches that were remembered, in parts that do not depend on each other."""

    parts: list[list[Launch]] = field(default_factory=lambda: [[]])

    def beside(self) -> None:
        """Begin another part."""
        self.parts.append([])

    @property
    def last(self) -> list[Launch]:
        """The last part, where the next launch is added."""
        return self.parts[-1]

    def add(self, launch: Launch) -> None:
        """Remember a launch in the last part."""
        self.parts[-1].append(launch)


def gathered(launches: Sequence[Launch], fits: Callable[[Launch], bool]) -> list[Work]:
    """Make sequences of what is small: two launches or more that follow each other.

    Parameters
    ----------
    launches : sequence of Launch
    fits : callable
        Whether a launch may be a step of a sequence.
    """
    made: list[Work] = []
    for small, run in groupby(launches, fits):
        together = tuple(run)
        if small and len(together) > 1:
            made.append(Steps(together))
        else:
            made += together
    return made


def merged(parts: Sequence[Sequence[Work]]) -> Iterator[list[Any]]:
    """Go through all parts at once, each in its order; what is the same kernel in several comes together.

    First is what the fewest other parts will come to later: they wait for each other there.

    Yields
    ------
    list of Launch, or of Steps
        At most one of each part.
    """
    left = [list(reversed(part)) for part in parts]
    to_come = [Counter(work.key for work in part) for part in parts]
    while any(left):
        here: dict[Key, list[int]] = {}
        for index, part in enumerate(left):
            if part:
                here.setdefault(part[-1].key, []).append(index)
        later = {key: sum(coming[key] > 0 for coming in to_come) - len(ready) for key, ready in here.items()}
        chosen = min(here, key=lambda key: (later[key], -len(here[key])))
        for index in here[chosen]:
            to_come[index][chosen] -= 1
        yield [left[index].pop() for index in here[chosen]]
