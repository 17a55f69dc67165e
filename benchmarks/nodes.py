"""How many kernels a step launches on a GPU: each by itself, and as they are put together.

    python benchmarks/nodes.py CASE [--dt SECONDS]

Counts the nodes of the CUDA graphs of the second step of a bundled case, on the stand-in for CuPy in tests/, which
needs no GPU and is slow: a unit cell with all fields of healing takes some minutes. As many fields are solved side by
side as an H200 has room for.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import standin
from standin import cupy

from mnrd.backends import graph
from mnrd.backends.cuda import CudaBackend
from mnrd.backends.geometry import COLUMNS_PER_PROCESSOR, SMALL
from mnrd.case import load
from mnrd.simulation import Simulation

PROCESSORS = 132  # of an H200
WAYS = {"each by itself": (False, 0), "several fields in one": (True, 0), "small ones in one block too": (True, SMALL)}


def nodes(name: str, dt: float, *, abreast: bool, small: int) -> dict[str, Any]:
    """Kernels that the second step of a case launches, and what it does.

    Parameters
    ----------
    name : str
        Of a bundled case.
    dt : float
        Step, s.
    abreast : bool
        Whether fields are solved side by side.
    small : int
        Largest work of a kernel that becomes part of a sequence.
    """
    backend = standin.backend("mixed", debug=False, threads=64)
    problem, events = load(name).problem()

    def room(_: CudaBackend, columns: int) -> int:
        return max(1, COLUMNS_PER_PROCESSOR * PROCESSORS // columns) if abreast else 1

    with mock.patch.object(CudaBackend, "abreast", room), mock.patch.object(graph, "SMALL", small):
        run = Simulation(problem, backend=backend, events=events, dt=dt).run(dt)
        done = run.iterations
        cupy.reset()
        run.run(2 * dt)
    shape = problem.mesh.shape
    return {"cells": shape, "iterations": run.iterations - done, "launches": cupy.counts.launches}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("case")
    parser.add_argument("--dt", type=float, default=3600.0, help="step, s")
    chosen = parser.parse_args()
    print("| kernels | cells (z, y, x) | iterations | launches |\n| --- | --- | --- | --- |")
    for way, (abreast, small) in WAYS.items():
        found = nodes(chosen.case, chosen.dt, abreast=abreast, small=small)
        print(f"| {way} | {' x '.join(map(str, found['cells']))} | {found['iterations']} | {found['launches']} |")


if __name__ == "__main__":
    main()
