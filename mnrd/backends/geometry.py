"""How a kernel is launched on a GPU: read from the loop in its text, decided in one function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

THREADS = {"CELL": 256, "ROW": 256, "STRIP": 128, "BLOCK": 1024}
"""Threads of a block by the loop of the kernel: ``FOR_EACH_CELL`` and so on, see ``kernels/common.cuh``."""

SMALL = 8192
"""Largest work of a kernel, in cells, that becomes part of a sequence in one block: 8 x 8 columns of 128 cells."""

SMALL_THREADS = 512
"""Threads of a block that goes through several small kernels, each of up to 128 registers; also of a small ``BLOCK`` by
itself, so that its sums have the same bits there."""

COLUMNS_PER_PROCESSOR = 384
"""Columns that a processor walks at a time: as many as hide the latency of the memory, and so few that what they keep
in global memory stays in the cache of the device."""

RESERVED = 1024
"""Bytes of shared memory that the system takes for each block."""

LARGEST_GRID = 2**31 - 1
ROW_SHARED = 48 * 1024
"""Bytes of shared memory for the rows of a block, so that several blocks share a processor."""


@dataclass(frozen=True)
class Device:
    """What a launch must fit into: multiprocessors, and the shared memory of each and of a block, bytes."""

    processors: int
    shared: int
    block_shared: int


@dataclass(frozen=True)
class Loop:
    """The loop of a kernel.

    Attributes
    ----------
    kind : str
        ``CELL``, ``ROW``, ``STRIP`` or ``BLOCK``.
    passes : callable
        How often it is passed, from the scalar arguments of the kernel by name.
    buffered : bool
        Whether it keeps numbers in shared memory: nz for each thread of a strip, nx for each warp of a row.
    """

    kind: str
    passes: Callable[[Mapping[str, int]], int]
    buffered: bool

    def numbers(self, sizes: Mapping[str, int]) -> int:
        """Numbers in shared memory for 32 threads."""
        return 0 if not self.buffered else 32 * sizes["nz"] if self.kind == "STRIP" else sizes["nx"]

    def work(self, sizes: Mapping[str, int]) -> int:
        """Cells or numbers that it goes over; a column counts as 32, as a thread walks it alone wherever that runs."""
        nx, ny, rows = (sizes.get(name, 1) for name in ("nx", "ny", "rows"))
        return self.passes(sizes) * {"CELL": 1, "ROW": nx, "STRIP": 32, "BLOCK": max(rows, ny)}[self.kind]


@dataclass(frozen=True)
class Geometry:
    """Blocks, threads in each, and the shared memory of each, bytes."""

    blocks: int
    threads: int
    shared: int = 0


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
    locals_ = dict(re.findall(r"(\w+) = ([\w\s*+]+)(?=,|$)", ", ".join(declared)))
    known = set(re.findall(r"\w+", parameters))
    while names := set(re.findall(r"[A-Za-z_]\w*", count)) - known:
        if not names <= set(locals_):
            raise ValueError(f"kernel {name}: {count.strip()} of its loop does not follow from its parameters")
        count = re.sub("|".join(rf"\b{local}\b" for local in names), lambda match: f"({locals_[match[0]]})", count)
    code = compile(count.strip(), f"passes of {name}", "eval")
    buffered = re.search(r"\b(?:ROW_BUFFER|STRIP_SCRATCH)\(", body) is not None
    return Loop(found[1], lambda sizes: int(eval(code, {"__builtins__": {}}, sizes)), buffered)


def geometry(loop: Loop, sizes: Mapping[str, int], itemsize: int, device: Device, most: int = 1024) -> Geometry:
    """Return how a kernel is launched.

    Parameters
    ----------
    loop : Loop
        Of the kernel.
    sizes : mapping
        Its scalar arguments by name.
    itemsize : int
        Bytes of a number of the solver.
    device : Device
        On which it runs.
    most : int
        Threads that a block of this kernel may have: a kernel with many registers gets fewer.

    Raises
    ------
    ValueError
        If not even one warp finds room for its row, or one thread for its column.
    """
    small = loop.kind == "BLOCK" and loop.work(sizes) <= SMALL
    threads = min(SMALL_THREADS if small else THREADS[loop.kind], most // 32 * 32)
    numbers = loop.numbers(sizes)
    strip = loop.kind == "STRIP"
    wanted = device.shared * THREADS["STRIP"] // COLUMNS_PER_PROCESSOR - RESERVED if strip else ROW_SHARED
    while threads > 32 and threads * numbers * itemsize > 32 * wanted:
        threads = threads // 64 * 32
    while strip and threads > 1 and threads * numbers * itemsize > 32 * device.block_shared:
        threads //= 2
    shared = -(-threads * numbers // 32) * itemsize
    if shared > device.block_shared:
        raise ValueError(f"a row or column needs {shared} bytes of shared memory, {device.block_shared} are there")
    # A grid of fewer threads than passes is enough: each thread, warp or block goes on to the next.
    at_a_time = {"CELL": threads, "STRIP": threads, "ROW": threads // 32, "BLOCK": 1}[loop.kind]
    resident = max(1, min(COLUMNS_PER_PROCESSOR // threads, device.shared // (shared + RESERVED)))
    limit = resident * device.processors if strip else LARGEST_GRID
    return Geometry(max(1, min(-(-loop.passes(sizes) // at_a_time), limit)), threads, shared)


def on_chip(loop: Loop, sizes: Mapping[str, int], itemsize: int, threads: int) -> int:
    """Shared memory, bytes, of one block that goes over all of a loop, columns with as many of its threads as they are.

    Parameters
    ----------
    loop, sizes, itemsize
        As for `geometry`.
    threads : int
        Of the block.
    """
    busy = min(threads, loop.passes(sizes)) if loop.kind == "STRIP" else threads
    return -(-busy * loop.numbers(sizes) // 32) * itemsize
