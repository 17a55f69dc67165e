"""Run directories whose fields are given, for tests of what is made of them."""

import numpy as np
import tomli_w

from mnrd.mesh.rectilinear import Mesh
from mnrd.output.vtk import write_collection, write_rectilinear

CASE = {
    "title": "an uneven box",
    "mesh": {"size": ["300 um", "200 um", "250 um"], "cells": [3, 2, 5]},
    "model": {"fields": {"drug": {"unit": "mg/mL", "initial": 0.0}}},
    "run": {"end": "1 h", "backend": "numpy"},
}
QUARTER = """title = "a quarter of a unit cell"
skin = "human forearm in vivo"
needle = { shape = "cone", length = "0.5 mm", width = "140 um" }
array = { pattern = "square", pitch = "600 um" }
run = { end = "1 h" }
donor = { pH = 3.2 }
actives = [{ name = "ascorbic acid", concentration = "20 % w/v" }]
"""
LAYERS = ("stratum corneum", "viable epidermis", "dermis", "channel")
MESH = Mesh(
    np.array([0.0, 30, 80, 100, 120, 140, 160, 180, 220, 240, 300]),
    np.array([0.0, 20, 60, 80, 100, 120, 150, 200]),
    np.array([0.0, 5, 20, 40, 60, 80, 100, 130, 170, 200, 250]),
)


def made_run(folder, document, mesh, times, *, materials=("dermis",)):
    """Write a run directory as mnrd leaves it, without running anything.

    Parameters
    ----------
    folder : Path
    document : dict or str
        The case.
    mesh : Mesh
    times : dict of time (s) to dict of label to array
        What the files hold; ``material`` and ``channel fraction`` among it.
    materials : sequence of str
    """
    (folder / "fields").mkdir(parents=True)
    text = document if isinstance(document, str) else tomli_w.dumps(document)
    (folder / "case.toml").write_text(f"# made\n{text}", "utf-8")
    entries = []
    for number, (time, arrays) in enumerate(times.items()):
        name = f"fields/{number:04d}.vtr"
        write_rectilinear(folder / name, mesh, arrays, time=time, materials=materials)
        entries.append((time, name))
    write_collection(folder / "fields.pvd", entries)
    return folder
