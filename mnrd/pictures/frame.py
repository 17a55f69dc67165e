"""What stands around every picture: title, colour bar, scale bar, names of layers; and how it becomes pixels.

A figure has a fixed width in inches and gets its pixels by its resolution, so text and lines grow with the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnrd.output.directory import replacing
from mnrd.output.picture import INK, round_step
from mnrd.pictures.colours import Scale
from mnrd.pictures.view import View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = 8.0
TITLE, TEXT, SMALL = 15.0, 10.5, 9.5
"""Sizes of text, points in a figure of 8 inches."""
PAPER = "white"
ARROWS = {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}
"""Pointed ends of the colour bar, where something is beyond them."""
HEAD, FOOT = 45.0, 56.0
"""Points for the title above the picture proper, and for the colour bar below it."""


def blank(view: View, inches: float = INCHES) -> Figure:
    """An empty figure of exactly `view.size` pixels; the more inches it is wide, the smaller the text."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width, height = view.size
    figure = Figure(figsize=(inches, inches * height / width), dpi=width / inches, facecolor=PAPER)
    FigureCanvasAgg(figure)
    return figure


def body(figure: Figure) -> tuple[float, float, float, float]:
    """Left, bottom, width and height in the figure of the picture proper, between title and colour bar."""
    point = 1.0 / (72.0 * figure.get_figheight())
    return 0.0, FOOT * point, 1.0, 1.0 - (HEAD + FOOT) * point


def panel(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """Axes without a frame for a picture in um, the same scale in both directions."""
    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    return axes


def head(figure: Figure, title: str, below: str = "") -> None:
    """Title, and a smaller line below it."""
    inch = 1.0 / figure.get_figheight()
    for text, down, size in ((title, 0.16, TITLE), (below, 0.46, SMALL)):
        figure.text(
            0.5, 1.0 - down * inch, text, ha="center", va="top", color=INK, fontsize=_fitting(figure, text, size),
            parse_math=False,  # a $ that people write is one
        )  # fmt: skip


def _fitting(figure: Figure, text: str, size: float) -> float:
    """Size of a text (points) at which it is not wider than the figure; a letter is at most 0.62 of its height wide."""
    return min(size, 0.96 * figure.get_figwidth() * 72.0 / (0.62 * max(len(text), 1)))


def colour_bar(figure: Figure, scale: Scale, place: tuple[float, float, float, float] | None = None) -> None:
    """A colour bar with quantity and unit, along the longer side of its place; below the picture if not given."""
    from matplotlib.cm import ScalarMappable

    if place is None:
        point = 1.0 / (72.0 * figure.get_figheight())
        place = 0.26, 37.0 * point, 0.48, 8.5 * point
    upright = place[3] > place[2]
    axes = figure.add_axes(place)
    bar = figure.colorbar(
        ScalarMappable(scale.norm, scale.colours), cax=axes, orientation="vertical" if upright else "horizontal",
        extend=ARROWS[scale.beyond], extendfrac=0.03,
    )  # fmt: skip
    bar.minorticks_off()
    _tick(bar, scale, place[3] if upright else place[2] * figure.get_figwidth() / INCHES)
    size = _fitting(figure, scale.quantity.title, SMALL if upright else TEXT)
    bar.set_label(scale.quantity.title, color=INK, fontsize=size, parse_math=False)
    bar.outline.set_edgecolor(INK)
    bar.ax.tick_params(colors=INK, labelsize=SMALL)


def _tick(bar: Any, scale: Scale, length: float) -> None:
    """Ticks that do not run into one another on a bar of that length (part of a usual figure)."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    if scale.log:
        few = scale.high > 500.0 * scale.low
        bar.locator = LogLocator(subs=(1.0,) if few else (1.0, 2.0, 5.0))
        bar.formatter = FuncFormatter(lambda value, _: f"{value:g}")
    else:
        bar.locator = MaxNLocator(nbins=max(3, int(15.0 * length)))
    bar.update_ticks()


def fit(
    axes: Axes,
    across: tuple[float, float],
    up: tuple[float, float],
    *,
    left: float = 8.0,
    right: float = 8.0,
    bottom: float = 8.0,
    top: float = 8.0,
) -> float:
    """Show a part of the plane (um) as large as possible, in the middle, with room around it.

    Parameters
    ----------
    axes : Axes
        Of `panel`.
    across, up : (low, high)
        um; what is to be seen.
    left, right, bottom, top : float
        Room, points.

    Returns
    -------
    float
        um per point.
    """
    figure: Any = axes.figure
    box = axes.get_position()
    width, height = (72.0 * length for length in figure.get_size_inches() * (box.width, box.height))
    scale = max(
        (across[1] - across[0]) / max(width - left - right, 1.0), (up[1] - up[0]) / max(height - bottom - top, 1.0)
    )
    middle = 0.5 * (sum(across) + (right - left) * scale), 0.5 * (sum(up) + (top - bottom) * scale)
    axes.set_xlim(middle[0] - 0.5 * width * scale, middle[0] + 0.5 * width * scale)
    axes.set_ylim(middle[1] - 0.5 * height * scale, middle[1] + 0.5 * height * scale)
    return scale


def scale_bar(axes: Axes, left: float | None = None) -> None:
    """A bar of a round length in the lower left corner, or from `left` (um) on, with its length; after `fit`."""
    (side, right), (bottom, _) = axes.get_xlim(), axes.get_ylim()
    point = (right - side) / (72.0 * axes.figure.bbox.width / axes.figure.dpi * axes.get_position().width)
    length = round_step(40.0 * point)
    at, height = side + 16.0 * point if left is None else left, bottom + 12.0 * point
    axes.plot([at, at + length], [height, height], color=INK, linewidth=2.5, solid_capstyle="butt", zorder=20)
    axes.text(
        at + 0.5 * length, height + 4.0 * point, f"{length:g} µm", color=INK, fontsize=SMALL, ha="center", va="bottom"
    )


def names_beside(axes: Axes, right: float, heights: Sequence[float], names: Sequence[str], point: float) -> None:
    """Names to the right of places, from the highest to the lowest, moved apart where they would overlap.

    Parameters
    ----------
    axes : Axes
    right : float
        um; where the lines to the names begin.
    heights : sequence of float
        um; of the places, descending.
    names : sequence of str
    point : float
        um per point, of `fit`.
    """
    gap = 1.35 * TEXT * point
    placed: list[float] = []
    for height in heights:
        placed.append(min(height, placed[-1] - gap) if placed else height)
    for at, height, name in zip(heights, placed, names, strict=True):
        axes.plot(
            [right + 2 * point, right + 8 * point, right + 18 * point], [at, height, height], color=INK, linewidth=0.7
        )
        axes.text(right + 21 * point, height, name, color=INK, fontsize=TEXT, va="center", parse_math=False)


def width_of(names: Sequence[str]) -> float:
    """Room (points) that `names_beside` needs to the right."""
    return 30.0 + 0.56 * TEXT * max(map(len, names), default=0)


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """What is seen, (height, width, 3)."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]


def save(figure: Figure, path: Path) -> None:
    """Write a picture in one go.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with replacing(path) as part:
        figure.savefig(part)
