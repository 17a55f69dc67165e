"""Kernels for several fields in one launch, and whole sequences of kernels in one block: text made from the kernels.

Each kernel is written once, in ``kernels/*.cu``. Here it becomes the body of ``NAME_abreast``, which takes the
arguments of item ``blockIdx.y`` from a table in memory, and one of the steps of ``sequence_abreast``, in which a single
block goes through a list of kernels with a barrier between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from mnrd.backends.base import Parameter, parse_kernels
from mnrd.backends.geometry import SMALL_THREADS
from mnrd.resources import kernel_source

_FILES = ("control.cu", "lines.cu", "transfer.cu", "vectors.cu")
_OTHERS = ("apply", "contact", "coupling", "state_contact")

_NUMBERS = {"int": np.int32, "index_t": np.int64, "double": np.float64}

_KERNEL = """
struct {name}_arguments {{ {members} }};
INLINE void {name}_of(const unsigned char *at)
{{
    const {name}_arguments &its = *(const {name}_arguments *)at;
    {name}({values});
}}
ENTRY {name}_abreast(const unsigned char *each) {{ {name}_of(each + blockIdx.y * sizeof({name}_arguments)); }}
"""

# Each item is the place of its first step in the table and how many there are; each step a kernel and its arguments.
_SEQUENCE = """
ENTRY __launch_bounds__({threads}) sequence_abreast(const unsigned char *each)
{{
    const index_t *item = (const index_t *)each + 2 * blockIdx.y, *step = (const index_t *)(each + item[0]);
    for (index_t left = item[1]; left > 0; --left, step += 2) {{
        const unsigned char *at = each + step[1];
        switch ((int)step[0]) {{
{cases}
        }}
        __syncthreads();
    }}
}}
"""


def abreast_source(source: str) -> str:
    """Text of ``NAME_abreast`` for every kernel of a text, and of ``sequence_abreast``.

    Parameters
    ----------
    source : str
        ``common.cuh`` and kernels.

    Returns
    -------
    str
        To be compiled in place of `source`; the number of a kernel in a sequence is its place in `parse_kernels`.
    """
    kernels, steps = parse_kernels(source), steps_of_sequences()
    texts = [_entry(name, parameters) for name, parameters in kernels.items()]
    cases = "\n".join(
        f"        case {number}: {name}_of(at); break;" for number, name in enumerate(kernels) if name in steps
    )
    sequence = _SEQUENCE.format(threads=SMALL_THREADS, cases=cases)
    return "".join(["#define ABREAST\n", source, '#line 1 "abreast"', *texts, sequence])


@cache
def steps_of_sequences() -> frozenset[str]:
    """Kernels that a sequence may have: those of the multigrid and of what steers a solve.

    Not all of them: in one kernel together they would need more registers than a thread may have.
    """
    return frozenset((*parse_kernels(kernel_source(*_FILES)), *_OTHERS))


def _entry(name: str, parameters: Sequence[Parameter]) -> str:
    members = " ".join(f"{p.type} {'*' if p.pointer else ''}{p.name};" for p in parameters)
    return _KERNEL.format(name=name, members=members, values=", ".join(f"its.{p.name}" for p in parameters))


def layout(parameters: Sequence[Parameter]) -> np.dtype:
    """How the arguments of a kernel lie in memory: the struct ``NAME_arguments`` of the text."""
    members = [(p.name, np.uint64 if p.pointer else _NUMBERS[p.type]) for p in parameters]
    return np.dtype(members, align=True)
