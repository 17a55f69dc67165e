"""A signal or a drug as nested surfaces around the channels, with cells as a cloud between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnrd.output.picture import INK
from mnrd.pictures import frame, solid
from mnrd.pictures.colours import Scale, scale_of
from mnrd.pictures.cut import cut_of
from mnrd.pictures.skin import Skin, fit_block, name_layers, paint_channels, paint_glass, rule
from mnrd.pictures.surface import Single, interpolated, isosurface
from mnrd.pictures.view import Camera, View
from mnrd.results.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIGNALS, CELLS = ("T", "V", "P"), ("F", "M", "N")
"""What is shown if nobody says so, the first that the run has."""
SHELLS = ((0.75, 0.80), (0.50, 0.50), (0.25, 0.22))
"""Surfaces from the inner to the outer: part of the range of the scale, opacity."""
VEIL = 0.13
BELOW = 0.62
"""Inches that the bar of the cloud takes."""
SHEETS = 48
"""Sheets that make the cloud."""
GRID = 72
"""Points of a sheet along each side."""
THICKNESS = 2.2
"""Optical depth of the whole block where the cells are at the upper limit."""


def signal_of(run: Run) -> str:
    """What the surfaces are of if nobody says so."""
    return next((name for name in SIGNALS if name in run.quantities), run.default_quantity.name)


def peak_of(run: Run, quantity: str) -> float:
    """The time (s) at which there is most of a quantity in the skin."""
    amounts = {}
    for time in run.times:
        snapshot = run.snapshot(time)
        area = snapshot.mesh.area.ravel().astype(np.float32)
        amounts[time] = float(snapshot.mesh.hz @ (snapshot.values(quantity).reshape(-1, area.size) @ area))
    return max(amounts, key=amounts.__getitem__)


def cloud_of(run: Run, view: View) -> View | None:
    """How the cloud is seen; None where the run has no cells and nobody asked for any."""
    name = view.cells or next((name for name in CELLS if name in run.quantities), None)
    return None if name is None else replace(view, quantity=name, limits=view.cell_limits, log=False)


def paint(figure: Figure, place: tuple[float, float, float, float], run: Run, view: View) -> None:
    """Draw surfaces, channels and cloud into a part of a figure.

    Raises
    ------
    RunError
        When the run lacks one of the quantities or the time.
    """
    snapshot, scale, cloud = run.snapshot(view.time), scale_of(run, view), cloud_of(run, view)
    cut = replace(cut_of(run, snapshot, view), row=0)
    skin, camera = Skin(cut, snapshot), view.camera
    values = cut.behind(cut.nodes(snapshot.values(scale.quantity.name), skin.edges))
    left, bottom, width, height = place
    inch = 1.0 / figure.get_figheight()
    axes = frame.panel(figure, (left, bottom + BELOW * inch, width, height - BELOW * inch))
    point = fit_block(axes, skin, camera)
    paint_glass(axes, skin, camera, ("front", "right", "top"), VEIL)
    paint_channels(axes, skin, camera, values, scale)
    _paint_shells(axes, skin, camera, values, scale)
    if cloud is not None:
        cells = scale_of(run, cloud)
        density = cut.behind(cut.nodes(snapshot.values(cells.quantity.name), skin.edges))
        _paint_cloud(axes, skin, camera, density, cells)
        frame.colour_bar(figure, cells, (left + 0.05 * width, bottom + 0.5 * inch, 0.2 * width, 0.09 * inch))
    levels = ", ".join(f"{scale.at(part):.3g}" for part, _ in reversed(SHELLS))
    said = f"surfaces at {levels} {scale.quantity.unit}"
    figure.text(left + 0.97 * width, bottom + 0.15 * inch, said, ha="right", color=INK, fontsize=frame.SMALL)
    name_layers(axes, skin, camera, point)
    rule(axes, cut, camera, point)


def _paint_shells(axes: Axes, skin: Skin, camera: Camera, values: Single, scale: Scale) -> None:
    """The surfaces, the inner ones first: they are seen through the outer ones."""
    for number, (part, opacity) in enumerate(SHELLS):
        shell = isosurface(skin.cut.x, skin.y, skin.cut.z, values, scale.at(part))
        colours = np.tile(scale.rgba(scale.at(part)), (len(shell.points), 1))
        lit = solid.lit(colours, shell.normals, camera)
        solid.paint_surface(axes, camera, shell, lit, opacity=opacity, order=1.1 + 0.1 * number)


def _paint_cloud(axes: Axes, skin: Skin, camera: Camera, density: Single, scale: Scale) -> None:
    """The cloud as sheets across the axis that the viewer looks along most; the far half behind the surfaces."""
    edges = skin.cut.x, skin.y, skin.cut.z
    along = int(np.abs(camera.axes[2]).argmax())
    u, v = (number for number in range(3) if number != along)
    size = [axis[-1] - axis[0] for axis in edges]
    middles = edges[along][0] + (np.arange(SHEETS) + 0.5) / SHEETS * size[along]
    farthest_first = middles[:: 1 if camera.axes[2][along] > 0.0 else -1]
    steps = (np.arange(GRID) + 0.5) / GRID
    places = np.empty((GRID, GRID, 3))
    places[..., u] = edges[u][0] + steps * size[u]
    places[..., v] = (edges[v][0] + steps * size[v])[:, None]
    for number, middle in enumerate(farthest_first):
        places[..., along] = middle
        values = interpolated(*edges, density, places.reshape(-1, 3)).reshape(GRID, GRID)
        colours = scale.rgba(values)
        share = np.clip(scale.norm(values), 0.0, 1.0)
        colours[..., 3] = 1.0 - np.exp(-THICKNESS / SHEETS * share)
        corner, far_u, far_v = (np.array([axis[0] for axis in edges]) for _ in range(3))
        far_u[u], far_v[v] = edges[u][-1], edges[v][-1]
        for point in (corner, far_u, far_v):
            point[along] = middle
        order = (0.6 if number < SHEETS // 2 else 1.6) + 0.3 * number / SHEETS
        solid.paint_sheet(axes, camera, colours, (corner, far_u, far_v), order=order, smooth=True)
