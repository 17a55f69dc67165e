"""The colour bar of the page: that of the pictures, as an SVG that is part of an address."""

from __future__ import annotations

import io
from base64 import b64encode
from functools import lru_cache

from mnrd.pictures import frame
from mnrd.pictures.colours import Scale

INCHES = (4.2, 0.62)
PLACE = (0.06, 0.72, 0.88, 0.24)
"""Left, bottom, width and height of the colours in the picture."""


@lru_cache(maxsize=16)  # a bar that stays the same text is not sent again
def bar_picture(scale: Scale) -> str:
    """The bar as a data address."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES)
    FigureCanvasSVG(figure)
    frame.colour_bar(figure, scale, PLACE)
    text = io.BytesIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return f"data:image/svg+xml;base64,{b64encode(text.getvalue()).decode()}"
