"""Bodies drawn by matplotlib: triangles from far to near, faces of the skin block with openings where channels are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnrd.output.picture import HALF, INK
from mnrd.pictures.surface import Array, Single, Surface, at_nodes
from mnrd.pictures.view import Camera

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.path import Path

DARK, BRIGHT = 0.55, 0.28
"""What is left of a colour that is turned away from the light, and how much white the light adds where it falls: so
that the shape of black bodies is seen too."""
LIGHT = np.array([-0.45, 0.55, 0.7])
"""Where the light comes from: right, up and near, as the viewer sees them."""


def lit(colours: Array, normals: Array, camera: Camera) -> Array:
    """Colours (n, 4) of points in the light; both sides of a surface alike."""
    right, up, near = camera.axes
    facing = normals @ np.stack((right, up, near), axis=1)
    facing = np.where(facing[:, 2:] < 0.0, -facing, facing)
    light = np.clip(facing @ (LIGHT / np.linalg.norm(LIGHT)), 0.0, 1.0)[:, None]
    seen = colours[:, :3] * (DARK + (1.0 - DARK) * light)
    return np.concatenate((seen + (1.0 - seen) * BRIGHT * light**3, colours[:, 3:]), axis=1)


def paint_surface(
    axes: Axes, camera: Camera, surface: Surface, colours: Array, *, order: float, opacity: float = 1.0
) -> None:
    """Draw triangles, the farthest first.

    Parameters
    ----------
    axes : Axes
    camera : Camera
    surface : Surface
    colours : (n, 4) array
        Of its points.
    order : float
        zorder.
    opacity : float
        Of the surface as a whole: what is behind shows through, other parts of the same surface do not.
    """
    if not surface.triangles.size:
        return
    from matplotlib.collections import TriMesh
    from matplotlib.tri import Triangulation

    nearness = surface.points @ camera.axes[2]
    farthest_first = np.argsort(nearness[surface.triangles].sum(axis=1), kind="stable")
    across, up = camera.project(*surface.points.T)
    drawn: Any = TriMesh(Triangulation(across, up, surface.triangles[farthest_first]), zorder=order)
    drawn.set_facecolor(colours)
    if opacity < 1.0:
        drawn.set_agg_filter(lambda image, _: (image * np.array([1.0, 1.0, 1.0, opacity]), 0, 0))
    axes.add_collection(drawn, autolim=False)


def without_channels(axes: Axes, across: Array, up: Array, channel: Single) -> Path | None:
    """Outline of the part of a face that is not channel; None if all of it is.

    Parameters
    ----------
    axes : Axes
    across, up : (v, u) array
        Places of the nodes of the face in the picture, um.
    channel : (v, u) array
        Share of channel at the nodes.
    """
    from contourpy import contour_generator
    from matplotlib.path import Path

    generator: Any = contour_generator(across, up, channel, fill_type="OuterCode")
    lines, codes = generator.filled(-1.0, HALF)
    if not lines:
        return None
    return Path(np.concatenate(lines), np.concatenate(codes))


def paint_sheet(
    axes: Axes, camera: Camera, colours: Array, corners: Sequence[Any], *, order: float, smooth: bool = False
) -> Any:
    """Draw a picture on a parallelogram in space.

    Parameters
    ----------
    axes : Axes
    camera : Camera
    colours : (v, u, 4) array
    corners : three points (x, y, depth)
        The first corner, and the ends of the sides along u and along v.
    order : float
        zorder.
    smooth : bool
        With all colours between; if not, those that are given and no others.
    """
    from matplotlib.transforms import Affine2D

    (x0, y0), (xu, yu), (xv, yv) = (camera.project(*corner) for corner in corners)
    place = Affine2D(np.array([[xu - x0, xv - x0, x0], [yu - y0, yv - y0, y0], [0.0, 0.0, 1.0]]))
    limits = axes.get_xlim(), axes.get_ylim()
    image = axes.imshow(
        colours, extent=(0.0, 1.0, 0.0, 1.0), origin="lower", aspect="equal", zorder=order,
        interpolation="bilinear" if smooth else "nearest",
    )  # fmt: skip
    image.set_transform(place + axes.transData)
    axes.set(xlim=limits[0], ylim=limits[1])
    return image


def paint_tint(
    axes: Axes, across: Array, up: Array, share: Single, colour: Any, opening: Path | None, *, order: float
) -> None:
    """Fill the part of a face in which a share at its nodes is above one half with one translucent colour."""
    from matplotlib.patches import PathPatch

    outline = without_channels(axes, across, up, 1.0 - share)
    if outline is None or opening is None:
        return
    patch = PathPatch(outline, facecolor=colour, edgecolor="none", zorder=order)
    axes.add_patch(patch)
    patch.set_clip_path(opening, transform=axes.transData)


def line_between(
    axes: Axes, across: Array, up: Array, share: Any, *, width: float, colour: Any, order: float
) -> list[Artist]:
    """Draw the line where a share at nodes is one half, if it is somewhere; what was drawn."""
    if not share.min() < HALF < share.max():
        return []
    return [axes.contour(across, up, share, levels=[HALF], colors=[colour], linewidths=width, zorder=order)]


def layer_lines(
    axes: Axes, across: Array, up: Array, material: NDArray[np.uint8], channel: Single, *, order: float
) -> None:
    """Lines between the layers of a face, not across channels.

    Parameters
    ----------
    axes : Axes
    across, up : (v, u) array
        Places of the nodes of the face in the picture, um.
    material : (v - 1, u - 1) array
        Number of the layer of its cells.
    channel : (v, u) array
        Share of channel at the nodes.
    order : float
        zorder.
    """
    opening = without_channels(axes, across, up, channel)
    if opening is None:
        return
    for number in np.unique(material)[:-1]:
        above = at_nodes(material <= number)
        for width, colour in ((1.7, (1.0, 1.0, 1.0, 0.5)), (0.7, INK)):  # the pale one for dark skin
            for line in line_between(axes, across, up, above, width=width, colour=colour, order=order):
                line.set_clip_path(opening, transform=axes.transData)


def edge(axes: Axes, camera: Camera, points: Any, *, width: float, order: float, colour: str = INK) -> None:
    """Draw a line through points (x, y, depth)."""
    axes.plot(
        *camera.project(*np.asarray(points, dtype=np.float64).T),
        color=colour, linewidth=width, zorder=order, solid_joinstyle="round", solid_capstyle="round",
    )  # fmt: skip
