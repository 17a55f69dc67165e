"""The picture of a mesh before any run: its cells, layers and channels from the side, from above and at a tip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnrd.case.pierced import Pierced
from mnrd.output.picture import INK
from mnrd.pictures.frame import PAPER, SMALL, TEXT, head, save
from mnrd.skin.layout import images
from mnrd.skin.scene import kind_of
from mnrd.skin.shapes import bounds, inside
from mnrd.skin.transport import VEHICLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
Place = tuple[float, float, float, float]
Window = tuple[tuple[float, float], tuple[float, float]]

COLOURS = {
    "stratum corneum": ("#b98b5e", "#a07448"),
    "epidermis": ("#f0d2a6", "#e3bd85"),
    "junction": ("#b5677a", "#a1566a"),
    "dermis": ("#eab4a0", "#f5d5c8"),
    "other": ("#c9cbb9", "#b3b79f"),
}
"""Of the first and of every further layer of a kind."""
BODY, ABOVE = "#2f6fa8", "#d7e8f4"
"""Of what is in the skin, and of a vehicle on it."""

INCHES = (11.6, 7.4)
TALL = (0.07, 0.1, 0.42, 0.75), (0.71, 0.545, 0.27, 0.31), (0.71, 0.1, 0.27, 0.31)
WIDE = (0.06, 0.475, 0.74, 0.375), (0.18, 0.11, 0.24, 0.255), (0.56, 0.11, 0.24, 0.255)
"""Left, bottom, width and height in the figure of the side, the top and the detail, for deep and for wide skin."""
FLAT = 0.62  # of the width: less deep is wide
TIP_CELLS = 14.0  # that are seen at a tip, along its finer side
TICK = (58.0, 24.0)  # points along x and y for one tick with its number
UPPERMOST = 24  # cells in depth that are seen where there is no tip
FINE = 900  # points along each side of a panel in which a body is outlined


@dataclass(frozen=True)
class Face:
    """A plane of cells: edges along both sides, (v, u), and the place (x, y, z) of points on it."""

    u: Array
    v: Array
    fractions: NDArray[np.uint8]
    across: str
    at: float

    def points(self, u: Array, v: Array) -> tuple[Array, Array, Array]:
        """x, y and z of points, um."""
        here = np.full(np.broadcast_shapes(u.shape, v.shape), self.at)
        return (u + 0.0 * here, here, v + 0.0 * here) if self.across == "y" else (u + 0.0 * here, v + 0.0 * here, here)


def mesh_picture(what: Pierced, path: Path, title: str) -> None:
    """Draw the mesh of a case.

    Parameters
    ----------
    what : Pierced
    path : Path
        A .png file; written in one go.
    title : str

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    save(mesh_figure(what, title), path)


def mesh_figure(what: Pierced, title: str) -> Figure:
    """The picture, with its axes: the side, from above, the detail."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=160, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axis = what.axis
    side, top = _side(what, axis[1]), _top(what)
    shape = " x ".join(str(count) for count in what.mesh.shape[::-1])
    quarter = ", a quarter of what is shown" if what.mirrored else ""
    head(figure, title, f"{what.mesh.cells:,} cells ({shape}){quarter}")
    depth = _depth_shown(what)
    flat = depth - side.v[0] < FLAT * (side.u[-1] - side.u[0])
    places = WIDE if flat else TALL
    through = "side" if axis[2] == what.surface else f"side, cut through the axis of a {what.name}"
    left = _panel(figure, places[0], what, side, through, ((side.u[0], side.u[-1]), (side.v[0], depth)))
    _panel(figure, places[1], what, top, "from above", ((top.u[0], top.u[-1]), (top.v[0], top.v[-1])))
    _panel(figure, places[2], what, *_detail(what, axis))
    _name_layers(left, what, side, depth, places[0])
    if what.body is not None:
        said = f"a cell has the mixed colour of what is in it; the blue line is where a {what.name} ends exactly"
        figure.text(0.5, 0.022, said, ha="center", va="bottom", color=INK, fontsize=SMALL)
    return figure


def _cell_at(edges: Array, place: float) -> int:
    """The cell in which a place lies."""
    return int(np.clip(np.searchsorted(edges, place, "right") - 1, 0, edges.size - 2))


def _side(what: Pierced, y: float) -> Face:
    """The plane x-z at a place along y."""
    fractions = what.painting.fractions[:, :, _cell_at(what.mesh.y, y)]
    x = what.mesh.x
    if what.mirrored:
        x, fractions = _reflected(x), np.concatenate((fractions[..., ::-1], fractions), axis=-1)
    return Face(x, what.mesh.z, fractions, "y", y)


def _top(what: Pierced) -> Face:
    """The plane x-y of the uppermost cells of the skin."""
    plane = int(np.searchsorted(what.mesh.z, what.surface))
    fractions, x, y = what.painting.fractions[:, plane], what.mesh.x, what.mesh.y
    if what.mirrored:
        x, y = _reflected(x), _reflected(y)
        fractions = np.concatenate((fractions[..., ::-1], fractions), axis=-1)
        fractions = np.concatenate((fractions[:, ::-1], fractions), axis=-2)
    return Face(x, y, fractions, "z", 0.5 * float(what.mesh.z[plane] + what.mesh.z[plane + 1]))


def _reflected(edges: Array) -> Array:
    return np.concatenate((2.0 * edges[0] - edges[:0:-1], edges))


def _depth_shown(what: Pierced) -> float:
    """Down to twice the depth of the bodies, at least half the width; never leaving a small rest out."""
    width = float(what.mesh.x[-1] - what.mesh.x[0]) * (2.0 if what.mirrored else 1.0)
    base = float(what.mesh.z[-1])
    wanted = what.surface + max(2.0 * what.depth, 0.5 * width)
    return base if wanted > 0.75 * base else wanted


def _detail(what: Pierced, axis: tuple[float, float, float]) -> tuple[Face, str, Window]:
    """Plane, title and range of the detail: the lower end of a body, or else the uppermost layers."""
    x, z = what.mesh.x, what.mesh.z
    here, there, tip = axis
    if tip == what.surface:
        half = 0.5 * min(float(z[min(UPPERMOST, z.size - 1)] - z[0]), float(np.ptp(x)))
        window = ((here - half, here + half), (float(z[0]), float(z[0]) + 2.0 * half))
        return _side(what, there), "the uppermost cells", window
    if what.body is not None:
        tilt, azimuth = np.radians((what.body.tilt, what.body.azimuth))
        aside = what.body.depth * np.tan(tilt)
        here, there = here + aside * np.cos(azimuth), there + aside * np.sin(azimuth)
        if what.name == "wound":  # wider than any detail: its wall
            here += 0.5 * what.body.width
    half = 0.5 * TIP_CELLS * float(min(what.mesh.hx[_cell_at(x, here)], what.mesh.hz[_cell_at(z, tip)]))
    face = _side(what, there)
    here = float(np.clip(here, face.u[0] + half, max(face.u[-1] - half, face.u[0] + half)))
    window = ((here - half, here + half), (tip - 1.4 * half, tip + 0.6 * half))
    return face, f"the lower end of a {what.name}", window


def _panel(
    figure: Figure,
    place: Place,
    what: Pierced,
    face: Face,
    title: str,
    window: Window,
) -> Axes:
    """One face: materials by the share they have of each cell, its edges, and where bodies end exactly."""
    from matplotlib.ticker import FixedLocator, MaxNLocator

    axes = figure.add_axes(place)
    axes.pcolormesh(face.u, face.v, _mixed(what, face.fractions), shading="flat", rasterized=True)
    axes.set_aspect("equal", adjustable="box", anchor="N")
    (left, right), (upper, lower) = window
    axes.set_xlim(left, right)
    axes.set_ylim((lower, upper) if face.across == "y" else (upper, lower))
    _cells(axes, face, place, window)
    _outline(axes, what, face, window)
    axes.set_title(title, color=INK, fontsize=TEXT, pad=7, parse_math=False)
    axes.set_xlabel("x [µm]", color=INK, fontsize=SMALL)
    axes.set_ylabel("depth [µm]" if face.across == "y" else "y [µm]", color=INK, fontsize=SMALL)
    axes.tick_params(colors=INK, labelsize=SMALL - 1.0)
    room = _room(place, window)
    for axis, low, high, apart in ((axes.xaxis, left, right, TICK[0]), (axes.yaxis, upper, lower, TICK[1])):
        count = int(room * (high - low) / apart)
        axis.set_major_locator(MaxNLocator(count) if count else FixedLocator([float(high)]))
    for edge in axes.spines.values():
        edge.set_edgecolor(INK)
    return axes


def colours_of(materials: Sequence[str], layers: Sequence[str]) -> list[str]:
    """Colour of every material: what is in the skin blue, layers in tones of the skin."""
    seen: dict[str, int] = {}
    found = {}
    for name in layers:
        kind = kind_of(name)
        seen[kind] = seen.get(kind, -1) + 1
        found[name] = ABOVE if name == VEHICLE else COLOURS[kind][seen[kind] % 2]
    return [found.get(name, BODY) for name in materials]


def _mixed(what: Pierced, fractions: NDArray[np.uint8]) -> Array:
    """Colour of each cell: the mean of those of its materials, (v, u, 3)."""
    from matplotlib.colors import to_rgb

    palette = np.array([to_rgb(name) for name in colours_of(what.painting.materials, what.layers)])
    return np.clip(np.tensordot(fractions / 255.0, palette, axes=(0, 0)), 0.0, 1.0)


def _room(place: Place, window: Window) -> float:
    """Points in the figure per um of a panel."""
    (left, right), (upper, lower) = window
    return 72.0 * min(INCHES[0] * place[2] / (right - left), INCHES[1] * place[3] / (lower - upper))


def _cells(axes: Axes, face: Face, place: Place, window: Window) -> None:
    """Edges of the cells, thinner where they are close, so that small cells do not turn the layer black."""
    from matplotlib.collections import LineCollection

    (left, right), (upper, lower) = window
    room = _room(place, window)
    for edges, low, high, upright in ((face.u, upper, lower, True), (face.v, left, right, False)):
        near = np.minimum(np.diff(edges, prepend=-np.inf), np.diff(edges, append=np.inf)) * room
        lines = [((at, low), (at, high)) if upright else ((low, at), (high, at)) for at in edges]
        axes.add_collection(
            LineCollection(lines, colors=INK, linewidths=np.clip(0.12 * near, 0.02, 0.5), alpha=0.6), autolim=False
        )


def _outline(axes: Axes, what: Pierced, face: Face, window: Window) -> None:
    """Where the bodies end exactly."""
    if what.body is None or what.layout is None:
        return
    (left, right), (upper, lower) = window
    u, v = np.linspace(left, right, FINE), np.linspace(max(upper, face.v[0]), lower, FINE)
    x, y, z = face.points(u[None, :], v[:, None])
    if what.mirrored:
        x, y = np.abs(x), np.abs(y)
    within = np.zeros(x.shape, bool)
    (x0, x1), (y0, y1), _ = bounds(what.body)
    for at, other in images(what.layout):
        near = (x >= at + x0) & (x <= at + x1) & (y >= other + y0) & (y <= other + y1)
        within[near] |= inside(what.body, x[near] - at, y[near] - other, z[near] - what.surface)
    within &= z >= what.surface
    if within.any() and not within.all():
        axes.contour(u, v, within.astype(float), levels=[0.5], colors=BODY, linewidths=1.1)


def _name_layers(axes: Axes, what: Pierced, face: Face, depth: float, place: Place) -> None:
    """Names beside the side view, moved apart where layers are thin, and that of what is in the skin."""
    colours = dict(zip(what.painting.materials, colours_of(what.painting.materials, what.layers), strict=True))
    edge = face.fractions[:, :, -1].argmax(axis=0)
    right = float(face.u[-1])
    point = 1.0 / _room(place, ((float(face.u[0]), right), (float(face.v[0]), depth)))  # um
    shown: list[tuple[str, float]] = []
    for name in what.layers:
        mine = np.flatnonzero((edge == what.painting.materials.index(name)) & (face.v[:-1] < depth))
        if mine.size:
            shown.append((name, 0.5 * (face.v[mine[0]] + min(face.v[mine[-1] + 1], depth))))
    gap = 2.0 * TEXT * point
    below = face.v[0] - 0.5 * gap  # not beside the title
    names: list[tuple[str, float, float]] = []
    for name, at in shown:
        below = max(at, below + gap)
        names.append((name, at, below))
    if len(what.layers) < len(what.painting.materials):
        names.append((what.name, np.nan, below + 1.6 * gap))
    for name, at, height in names:
        if np.isfinite(at):
            line = [right, right + 7.0 * point, right + 14.0 * point]
            axes.plot(line, [at, height, height], color=INK, lw=0.7, clip_on=False)
        colour = colours[name] if np.isfinite(at) else BODY
        axes.text(right + 17.0 * point, height, "■", color=colour, fontsize=TEXT + 3.0, va="center", ha="left")
        axes.text(
            right + 34.0 * point, height, name, color=INK, fontsize=TEXT, va="center", ha="left", parse_math=False
        )
