"""`mnrd mesh preview`: what the mesh of a case is like before any run, in a picture and in numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnrd.backends import choose
from mnrd.case import Case
from mnrd.case.pierced import Pierced, growth, pierced, strata
from mnrd.cli import memory
from mnrd.cli.options import check_new
from mnrd.cli.screen import table

Rows = list[tuple[str, ...]]


def preview(case: Case, path: Path, *, overwrite: bool = False) -> None:
    """Draw the mesh of a case and print what it is like.

    Parameters
    ----------
    case : Case
    path : Path
        A .png file.
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    CaseError
        When the sections of the case do not fit.
    OSError
        When the file is there, or cannot be written.
    """
    from mnrd.pictures.mesh import mesh_picture

    check_new(path, (".png",), overwrite=overwrite)
    title = case.title or case.name or "mesh"
    what = pierced(case)
    columns = ("layer", "cells in depth", "cells", "smallest [um]", "largest [um]", "volume [mm^3]")
    table(f"{title}: layers", columns, layer_rows(what))
    columns = ("axis", "cells", "extent [um]", "smallest [um]", "largest [um]", "largest ratio of neighbours")
    table("Cells along the axes; in depth from the surface down", columns, axis_rows(what))
    table("The mesh", ("", "value", ""), whole_rows(case, what))
    mesh_picture(what, path, title)
    print(f"{path}: drawn")


def layer_rows(what: Pierced) -> Rows:
    """One row per layer."""
    return [
        (
            layer.name,
            " to ".join(dict.fromkeys(str(count) for count in layer.planes)),
            f"{layer.cells:,}",
            f"{layer.heights[0]:.3g}",
            f"{layer.heights[1]:.3g}",
            f"{layer.volume / 1e9:.4g}",
        )
        for layer in strata(what)
    ]


def axis_rows(what: Pierced) -> Rows:
    """One row per axis."""
    mesh = what.mesh
    return [
        (
            axis,
            str(edges.size - 1),
            f"{edges[-1] - edges[0]:g}",
            f"{np.diff(edges).min():.3g}",
            f"{np.diff(edges).max():.3g}",
            f"{growth(edges):.3g}",
        )
        for axis, edges in (("x", mesh.x), ("y", mesh.y), ("z", mesh.z))
    ]


def whole_rows(case: Case, what: Pierced) -> Rows:
    """Cells, how well the bodies are painted, and memory."""
    rows: Rows = [("cells", f"{what.mesh.cells:,}", " x ".join(str(count) for count in what.mesh.shape[::-1]))]
    painted, exact = what.volumes
    if what.body is not None and what.layout is not None:
        across = what.body.width / min(float(what.mesh.hx.min()), float(what.mesh.hy.min()))
        density = "" if what.name == "wound" else f"{what.layout.density * 1e8:.4g} per cm^2"
        rows += [
            (f"{what.name}s", f"{what.layout.needles:g}", density),
            (f"{what.name}, width", f"{what.body.width:.4g} um", f"{across:.3g} of the smallest cells"),
            (f"{what.name}, depth", f"{what.depth:.4g} um", ""),
            (f"{what.name}, volume", f"{exact / 1e9:.5g} mm^3", "exact, of all in the mesh"),
            ("painted", f"{painted / 1e9:.5g} mm^3", f"{100.0 * (painted / exact - 1.0):+.2g} %"),
        ]
    elif painted:
        rows.append((f"{what.name}s, painted", f"{painted / 1e9:.5g} mm^3", "of the mesh that the case names"))
    backend = choose(case.run.backend, case.run.precision)
    need = memory.need(memory.size_of(case, backend.real), device=backend.memory() is not None)
    rows.append(("memory of the host", f"{need.host / 1e9:.3g} GB", "that a run takes at its peak"))
    if need.device:
        rows.append(("memory of the device", f"{need.device / 1e9:.3g} GB", backend.description))
    return rows
