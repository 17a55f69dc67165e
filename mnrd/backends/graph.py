"""Programs of a device: what was remembered as a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnrd.backends.base import Array
from mnrd.backends.geometry import SMALL, SMALL_THREADS, Device, on_chip
from mnrd.backends.merging import Launch, Recording, Steps, Work, gathered, merged

CHUNK = 2**22
"""Bytes of device memory that are taken at a time for the arguments of programs."""

_UNIT = 16
"""Bytes at multiples of which a table begins, and bytes of an item or a step of a sequence."""


@dataclass
class Graph(Recording):
    """A program on a device: a CUDA graph, made of what was remembered, and the arguments of its kernels.

    The arrays that these point to are kept as long as it; what else was remembered is not, it would take far more.
    """

    stream: Any = None
    captured: Any = None
    tables: Array = None
    arrays: tuple[Array, ...] = ()

    def run(self) -> None:
        """Launch all kernels at once; returns before they have run."""
        self.captured.launch(self.stream)


class Assembler:
    """Makes graphs of what was remembered.

    Parameters
    ----------
    device : Device
    itemsize : int
        Bytes of a number of the solver.
    sequence : callable
        The function ``sequence_abreast``.
    zeros, upload : callable
        Of the backend.
    """

    def __init__(
        self, device: Device, itemsize: int, sequence: Callable[..., None], zeros: Callable[..., Array],
        upload: Callable[[np.ndarray, Array], None],
    ) -> None:  # fmt: skip
        self.itemsize, self.sequence = itemsize, sequence
        self._zeros, self._upload = zeros, upload
        self._free: Array = None
        function: Any = sequence
        self.threads = min(SMALL_THREADS, function.max_threads_per_block // 32 * 32)
        # Of what a block may have, some is taken by what the sums of a block use.
        self.room = function.max_dynamic_shared_size_bytes = device.block_shared - function.shared_size_bytes

    def assemble(self, graph: Graph) -> None:
        """Capture what a graph remembers."""
        batches = list(merged([gathered(part, self._fits) for part in graph.parts]))
        memory, places = bytearray(), []
        for batch in batches:
            table = _table(batch)
            places.append(slice(len(memory), len(memory) + len(table)))
            memory += table + bytes(-len(table) % _UNIT)
        graph.tables = self._sent(bytes(memory))
        with graph.stream:
            graph.stream.begin_capture()
            try:
                for batch, place in zip(batches, places, strict=True):
                    self._launch(batch, graph.tables[place] if place.start < place.stop else None)
            finally:
                graph.captured = graph.stream.end_capture()
        used = {id(one): one for part in graph.parts for launch in part for one in launch.arrays}
        graph.arrays, graph.parts = tuple(used.values()), []

    def _sent(self, memory: bytes) -> Array:
        """A copy on the device, in what is left of the last chunk or in a new one; None of nothing."""
        if not memory:
            return None
        if self._free is None or self._free.size < len(memory):
            self._free = self._zeros(max(CHUNK, len(memory)), np.uint8)
        there, self._free = self._free[: len(memory)], self._free[len(memory) :]
        self._upload(np.frombuffer(memory, np.uint8), there)
        return there

    def _fits(self, launch: Launch) -> bool:
        """Whether one block can do it, and as quickly as many."""
        kernel, sizes = launch.kernel, launch.sizes
        if kernel.number is None or kernel.loop.work(sizes) > SMALL:
            return False
        return on_chip(kernel.loop, sizes, self.itemsize, self.threads) <= self.room

    def _launch(self, batch: Sequence[Any], table: Array) -> None:
        first = batch[0]
        if isinstance(first, Steps):
            each = (launch for steps in batch for launch in steps.launches)
            shared = max(on_chip(one.kernel.loop, one.sizes, self.itemsize, self.threads) for one in each)
            self.sequence((1, len(batch)), (self.threads,), (table,), shared_mem=shared)
            return
        kernel, how = first.kernel, first.how
        if table is None:
            kernel.single((how.blocks,), (how.threads,), first.arguments, shared_mem=how.shared)
        else:
            kernel.abreast((how.blocks, len(batch)), (how.threads,), (table,), shared_mem=how.shared)


def _table(batch: Sequence[Work]) -> bytes:
    """The arguments of a batch as its kernel finds them in memory; none for a single launch, which has its own."""
    if isinstance(batch[0], Steps):
        return _listed([work.launches for work in batch if isinstance(work, Steps)])
    launches = [work for work in batch if isinstance(work, Launch)]
    return b"".join(launch.packed() for launch in launches) if len(launches) > 1 else b""


def _listed(items: Sequence[Sequence[Launch]]) -> bytes:
    """The table of ``sequence_abreast``: items, then their steps, then the arguments of these; places in bytes."""
    rows: list[tuple[int, int]] = []
    steps: list[tuple[int, int]] = []
    arguments = bytearray()
    begin = _UNIT * (len(items) + sum(map(len, items)))
    for launches in items:
        rows.append((_UNIT * (len(items) + len(steps)), len(launches)))
        for launch in launches:
            assert launch.kernel.number is not None
            steps.append((launch.kernel.number, begin + len(arguments)))
            arguments += launch.packed()
    return np.array([*rows, *steps], np.int64).tobytes() + bytes(arguments)
