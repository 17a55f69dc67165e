"""How many blocks and threads a kernel gets on a GPU: read from the loop in its text, decided in one function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

THREADS = {"CELL": 256, "ROW": 256, "STRIP": 128, "BLOCK": 1024}
"""Threads of a block by the loop of the kernel: ``FOR_EACH_CELL`` and so on, see ``kernels/common.cuh``."""

PASSES = {"CELL": 256, "ROW": 256 // 32, "STRIP": 128, "BLOCK": 1}
"""Passes of the loop that such a block makes at a time: one for each thread, each warp, or all of it."""

STRIPS_PER_PROCESSOR = 3
"""Blocks of columns that share a processor, so few that their scratch stays in the cache of the device."""

LARGEST_GRID = 2**31 - 1


@dataclass(frozen=True)
class Loop:
    """The loop of a kernel.

    Attributes
    ----------
    kind : str
        ``CELL``, ``ROW``, ``STRIP`` or ``BLOCK``.
    passes : callable
        How often it is passed, from the scalar arguments of the kernel by name.
    """

    kind: str
    passes: Callable[[Mapping[str, int]], int]


def parse_loops(source: str) -> dict[str, Loop]:
    """Read the loops of all kernels from the kernel text.

    Parameters
    ----------
    source : str
        Text of one or more kernel files.

    Returns
    -------
    dict
        Kernel name -> its loop.

    Raises
    ------
    ValueError
        For a kernel without a loop, or whose number of passes does not follow from its parameters.
    """
    text = re.sub(r"//[^\n]*|/\*.*?\*/|\((?:index_t|int)\)", "", source, flags=re.DOTALL)
    parts = re.split(r"\bKERNEL\s+(\w+)\s*\(", text)
    return {name: _loop(name, body) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def _loop(name: str, text: str) -> Loop:
    parameters, _, body = text.partition(")")
    found = re.search(r"\bFOR_EACH_(\w+)\(([^()]*)\)", body)
    if found is None or found[1] not in THREADS:
        raise ValueError(f"kernel {name}: no loop FOR_EACH_ of {', '.join(THREADS)}")
    arguments = found[2].split(",")
    count = " * ".join(arguments[2:]) if found[1] == "STRIP" else arguments[1]
    declared = re.findall(r"\bconst (?:index_t|int) ([^;]+);", body[: found.start()])
    locals_ = dict(re.findall(r"(\w+) = ([\w\s*+]+)", ", ".join(declared)))
    known = set(re.findall(r"\w+", parameters))
    while names := set(re.findall(r"[A-Za-z_]\w*", count)) - known:
        if not names <= set(locals_):
            raise ValueError(f"kernel {name}: {count.strip()} of its loop does not follow from its parameters")
        count = re.sub("|".join(rf"\b{local}\b" for local in names), lambda match: f"({locals_[match[0]]})", count)
    code = compile(count.strip(), f"passes of {name}", "eval")
    return Loop(found[1], lambda sizes: int(eval(code, {"__builtins__": {}}, sizes)))


def geometry(kind: str, passes: int, processors: int, most: int = 1024) -> tuple[int, int]:
    """Return the number of blocks, and of threads in each, for a kernel.

    Parameters
    ----------
    kind : str
        Of its loop.
    passes : int
        How often the loop is passed; fewer threads than that are enough, each goes on to the next.
    processors : int
        Multiprocessors of the device.
    most : int
        Threads that a block of this kernel may have: a kernel with many registers gets fewer.
    """
    threads = min(THREADS[kind], most // 32 * 32)
    blocks = -(-passes // max(1, PASSES[kind] * threads // THREADS[kind]))
    limit = STRIPS_PER_PROCESSOR * processors if kind == "STRIP" else LARGEST_GRID
    return max(1, min(blocks, limit)), threads
