"""Single kernels on a backend: do they do what numpy says, and how much of the speed of a copy do they reach."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from traffic import KERNELS, Arguments, assert_backends_agree, bytes_of

from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.bench.clock import Clock

SIZES = ((5, 7, 11), (1, 1, 1), (7, 19, 16), (2, 3, 8), (6, 9, 33))  # (nz, ny, nx), odd ones
PLANES = 7  # of the small arrays that big ones are made of: no other extent has this length


def disagreements(backend: Backend, precision: str) -> Iterator[tuple[str, str]]:
    """Each kernel with what is wrong with it on a backend, empty if nothing, as numpy sees it."""
    reference = choose("numpy", precision)
    for kernel in KERNELS:
        try:
            for size in SIZES:
                for periodic in (False, True):
                    assert_backends_agree(kernel, backend, reference, size, periodic)
        except AssertionError as error:
            yield kernel, " ".join(str(error).split())[:500]
        else:
            yield kernel, ""


def big_arguments(backend: Backend, kernel: str, size: tuple[int, int, int]) -> list[Any]:
    """Arguments of a kernel on a big grid: those of a thin one, repeated in z on the backend.

    Parameters
    ----------
    backend : Backend
    kernel : str
    size : (nz, ny, nx)
    """
    nz, ny, nx = size
    thin = Arguments(kernel, (PLANES, ny, nx), backend.real, True, 1, parts=((nx + 1) // 2, (ny + 1) // 2)).make()
    counts = {PLANES: nz, PLANES * ny: nz * ny, PLANES * ny * nx: prod(size)}
    made: list[Any] = []
    for parameter, value in zip(KERNELS[kernel], thin, strict=True):
        if parameter.name == "scratch":
            made.append(backend.scratch(nx, ny, nz))
        elif parameter.name == "k":
            made.append(nz - 1)
        elif isinstance(value, np.ndarray):
            made.append(_repeated(backend, value, nz))
        else:
            made.append(counts.get(value, value) if isinstance(value, int) else value)
    return made


def _repeated(backend: Backend, thin: np.ndarray, nz: int) -> Any:
    """An array with the extent in z made `nz`; as it is if it has none."""
    if PLANES not in thin.shape:
        return backend.array(thin, thin.dtype)
    axis = thin.shape.index(PLANES)
    big = backend.zeros((*thin.shape[:axis], nz, *thin.shape[axis + 1 :]), thin.dtype)
    given = backend.array(thin, thin.dtype)
    # Pieces of memory without gaps: those CuPy copies without compiling a kernel of its own.
    for before in np.ndindex(thin.shape[:axis]):
        for k in range(0, nz, PLANES):
            count = min(PLANES, nz - k)
            big[(*before, slice(k, k + count))] = given[(*before, slice(0, count))]
    return big


def bandwidth(
    backend: Backend, clock: Clock, kernel: str, size: tuple[int, int, int], least: float
) -> dict[str, float] | None:
    """Bytes, time and bandwidth of a kernel on a fine level; None for one that does not walk over the grid."""
    arguments = big_arguments(backend, kernel, size)
    moved = bytes_of(kernel, arguments)
    if moved < prod(size):
        return None
    call = getattr(backend.kernel, kernel)
    seconds = clock.seconds(lambda: call(*arguments), least)
    return {"bytes_per_cell": moved / prod(size), "seconds": seconds, "bytes_per_second": moved / seconds}
