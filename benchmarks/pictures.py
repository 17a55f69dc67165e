"""Time and memory of `mnrd render` on a run of many cells, one line of JSON for each scene.

    python benchmarks/pictures.py [--cells 10000000] [--scene block] [--case dermaroller-vitamin-c]

The run is made up: a few hours of a drug around channels, on a mesh of that many cells, as a healing run would leave
it. With a case of a quarter cell the pictures show four times as many cells.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import tomli_w

from mnrd.case import load
from mnrd.mesh.rectilinear import Mesh
from mnrd.output.vtk import write_collection, write_rectilinear

WIDTH, DEPTH = 2000.0, 1000.0  # um
LAYERS = {"stratum corneum": 15.0, "viable epidermis": 85.0, "papillary dermis": 200.0, "reticular dermis": np.inf}
TIMES = (3600.0, 14400.0)


def make_run(folder: Path, cells: int, name: str) -> None:
    """Write a run directory with two times of two fields."""
    side = round(cells ** (1 / 3))
    case = load(name)
    folder.mkdir()
    (folder / "fields").mkdir()
    (folder / "case.toml").write_text(f"# {case.name}\n{tomli_w.dumps(case.effective())}", "utf-8")
    mesh = Mesh(*(np.linspace(0.0, length, side + 1) for length in (WIDTH, WIDTH, DEPTH)))
    pitch = WIDTH if case.mirrored else WIDTH / 4.0
    near = [np.minimum(at % pitch, pitch - at % pitch) for at in (mesh.xc, mesh.yc)]
    radius = np.hypot(near[0], near[1][:, None]).astype(np.float32)
    channel = ((radius < 60.0) & (mesh.zc[:, None, None] < 300.0)).astype(np.float32)
    material = np.searchsorted(list(LAYERS.values()), mesh.zc).astype(np.uint8)
    material = np.where(channel > 0.5, np.uint8(len(LAYERS)), material[:, None, None]).astype(np.uint8)
    entries = []
    for number, time in enumerate(TIMES):
        reach = np.float32(100.0 * (number + 1.0))
        drug = np.exp(-radius / reach) * np.exp(-mesh.zc / 300.0).astype(np.float32)[:, None, None]
        arrays = {"ascorbic acid [mg/mL]": drug, "ascorbic acid activity [mg/mL]": 2.0 * drug}
        file = f"fields/{number:04d}.vtr"
        arrays |= {"material": material, "channel fraction": channel}
        write_rectilinear(folder / file, mesh, arrays, time=time, materials=(*LAYERS, "channel"))
        entries.append((time, file))
    write_collection(folder / "fields.pvd", entries)


def main() -> None:
    """Make a run and draw its scenes, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=float, default=1e7)
    parser.add_argument("--scene", action="append", choices=("block", "slices", "surfaces", "pair", "movie"))
    parser.add_argument("--case", default="dermaroller-vitamin-c")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        make_run(folder, int(asked.cells), asked.case)
        for scene in asked.scene or ("block", "slices", "surfaces", "pair"):
            command = [sys.executable, "-m", "mnrd", "render", str(folder), "--scene", scene]
            print(json.dumps({"scene": scene, "cells": int(asked.cells), "case": asked.case, **measured(command)}))


def measured(command: list[str]) -> dict[str, float]:
    """Seconds and largest memory of a command."""
    program = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    program += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    begin = perf_counter()
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
    return {"seconds": round(perf_counter() - begin, 1), "memory_GB": round(int(done.stdout) * 1024 / 1e9, 2)}


if __name__ == "__main__":
    main()
