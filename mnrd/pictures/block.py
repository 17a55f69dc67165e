"""The skin cut open along a row of needles: colours on the cut and on the walls of the channels, layers translucent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnrd.output.picture import INK
from mnrd.pictures import frame, solid
from mnrd.pictures.colours import Scale, in_tissue, scale_of
from mnrd.pictures.cut import cut_of
from mnrd.pictures.skin import Skin, fit_block, name_layers, paint_channels, paint_glass, rule
from mnrd.pictures.surface import Single, interpolated
from mnrd.pictures.view import Camera, View
from mnrd.results.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

VEIL = 0.40
"""Opacity of the translucent sides."""
STEPS = (np.arange(600) + 0.5) / 600
"""Where the cut is coloured, along each side."""


def paint(figure: Figure, place: tuple[float, float, float, float], run: Run, view: View) -> None:
    """Draw the block into a part of a figure.

    Raises
    ------
    RunError
        When the run lacks the quantity or the time.
    """
    snapshot, scale = run.snapshot(view.time), scale_of(run, view)
    cut = cut_of(run, snapshot, view)
    skin = Skin(cut, snapshot, filled=in_tissue(scale.quantity.name))
    values = cut.behind(cut.nodes(snapshot.values(scale.quantity.name), skin.edges))
    axes = frame.panel(figure, place)
    point = fit_block(axes, skin, view.camera)
    paint_glass(axes, skin, view.camera, ("top", "right"), VEIL)
    paint_channels(axes, skin, view.camera, values, scale)
    _paint_cut(axes, skin, view.camera, values, scale)
    name_layers(axes, skin, view.camera, point)
    rule(axes, cut, view.camera, point)


def _paint_cut(axes: Axes, skin: Skin, camera: Camera, values: Single, scale: Scale) -> None:
    """The cut itself in the colours of the quantity, open where channels are that are not filled."""
    material, places, channel = skin.side("front")
    across, up = camera.project(*places)
    opening = skin.opening(axes, across, up, channel)
    if opening is not None:
        (x0, x1), y, base = skin.cut.x[[0, -1]], skin.y[0], skin.cut.z[-1]
        x, z = np.meshgrid(*(first + STEPS * (last - first) for first, last in ((x0, x1), (0.0, base))))
        points = np.stack((x, np.full_like(x, y), z), axis=-1).reshape(-1, 3)
        colours = scale.rgba(interpolated(skin.cut.x, skin.y, skin.cut.z, values, points).reshape(x.shape))
        corners = (x0, y, 0.0), (x1, y, 0.0), (x0, y, base)
        face = solid.paint_sheet(axes, camera, colours, corners, order=3.0)
        face.set_clip_path(opening, transform=axes.transData)
    solid.layer_lines(axes, across, up, material, channel, order=3.5)
    solid.line_between(axes, across, up, channel, width=2.4, colour=INK, order=3.6)
    solid.line_between(axes, across, up, channel, width=1.4, colour="white", order=3.7)
