"""Colour scales of quantities for plotly: the maps that the pictures have."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.output.labels import typeset
from mnrd.pictures.colours import MAPS, kind_of
from mnrd.results.quantity import Quantity

STOPS = 17
LONGEST = 40  # letters over a bar on a narrow screen


def span(values: NDArray[Any], most: float = 1.0) -> tuple[float, float]:
    """Lowest and highest of the finite values, (0, 0) if there are none.

    Parameters
    ----------
    values : array
    most : float
        The part of the values that lies below the highest and above the lowest that are given; all of them where these
        would be the same, or what is at few places only could not be seen.
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 0.0
    low, high = (float(one) for one in np.quantile(known, (1.0 - most, most)))
    return (low, high) if low < high else (float(known.min()), float(known.max()))


def limits(quantity: Quantity, low: float, high: float) -> tuple[float, float]:
    """From 0 for what cannot be negative, around 0 for a gain; never empty."""
    if kind_of(quantity) == "gain":
        size = max(-low, high) or 1.0
        return -size, size
    low = min(low, 0.0)
    return low, high if high > low else low + 1.0


def colour_axis(quantity: Quantity, low: float, high: float) -> dict[str, Any]:
    """``coloraxis`` of a layout, with the name and the unit of the quantity over the bar."""
    first, last = limits(quantity, low, high)
    unit = typeset(quantity.unit)
    name = f"{quantity.meaning} [{unit}]" if quantity.unit else quantity.meaning
    bar = {
        "orientation": "h", "x": 0.5, "xanchor": "center", "y": 1.01, "yanchor": "bottom", "len": 0.8, "thickness": 12,
        "title": {"text": name if len(name) <= LONGEST else unit, "side": "top"}, "outlinewidth": 0.5, "nticks": 6,
    }  # fmt: skip
    return {"cmin": first, "cmax": last, "colorscale": colour_scale(MAPS[kind_of(quantity)]), "colorbar": bar}


@cache
def colour_scale(name: str) -> list[list[float | str]]:
    """A colour map of matplotlib as plotly takes it."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    places = [number / (STOPS - 1) for number in range(STOPS)]
    return [[place, to_hex(colormaps[name](place))] for place in places]
