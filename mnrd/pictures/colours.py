"""Colours of quantities: perceptually uniform maps that colour-blind readers can read, one scale for a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from mnrd.pictures.cut import cut_of
from mnrd.pictures.surface import Single
from mnrd.pictures.view import View
from mnrd.results.quantity import Quantity
from mnrd.results.run import Run
from mnrd.results.snapshot import RunError
from mnrd.skin.healing.declaration import FIELDS

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize

MAPS = {"concentration": "magma_r", "gain": "RdBu_r", "cells": "viridis_r", "share": "cividis_r"}
"""Map of each kind; a gain of zero is white."""
ENDS = {"viridis_r": 0.72}
"""Part of a map that is used: cells end in blue, because a cloud of them stands beside signals, which are purple."""
PALEST, PALE = 0.15, 0.2
"""Strength of the colour at the lower end of the others, and the share of the bar above which it is full: they begin
nearly white, so that skin in which nothing is looks empty."""

CELLS = frozenset({"N", "M", "F", "Y", "B", "K"})
SHARES = frozenset({"channel fraction", "s", "W", "Pl", "J", "Q", "C1", "C3", "E", "collagen"})
HALF = 0.5
MOST = 0.999  # of the volume that is shown is within the limits: a few cells at a channel must not pale the rest
DECADES = 4  # of a log scale whose lower end nobody gave: below, a quantity is as good as absent


def kind_of(quantity: Quantity) -> str:
    """Key of `MAPS` for a quantity."""
    if quantity.name.endswith(" gain"):
        return "gain"
    base = _base(quantity.name)
    return "cells" if base in CELLS else "share" if base in SHARES else "concentration"


def in_tissue(name: str) -> bool:
    """Whether a quantity is one of the healing tissue, which fills the hole that a needle leaves."""
    return _base(name) in FIELDS or name.endswith(" gain")


def _base(name: str) -> str:
    return name.removesuffix(" activity")


@dataclass(frozen=True)
class Scale:
    """From values to colours.

    Parameters
    ----------
    quantity : Quantity
    map : str
        Name of the colour map.
    low, high : float
        In the unit of the quantity.
    log : bool
    beyond : (bool, bool)
        Whether something that is shown is below, and above.
    """

    quantity: Quantity
    map: str
    low: float
    high: float
    log: bool = False
    beyond: tuple[bool, bool] = (False, False)

    @property
    def colours(self) -> Colormap:
        """The colour map of matplotlib."""
        from matplotlib import colormaps
        from matplotlib.colors import ListedColormap

        share = np.linspace(0.0, 1.0, 256)
        table = colormaps[self.map](share * ENDS.get(self.map, 1.0))[:, :3]
        if self.map != MAPS["gain"]:
            strength = PALEST + (1.0 - PALEST) * np.minimum(share / PALE, 1.0)
            table = 1.0 - strength[:, None] * (1.0 - table)
        return ListedColormap(table, name=self.map)

    @property
    def norm(self) -> Normalize:
        """From values to 0..1; beyond the limits the colour is that of the limit."""
        from matplotlib.colors import LogNorm, Normalize

        return (LogNorm if self.log else Normalize)(self.low, self.high, clip=True)

    def at(self, share: float) -> float:
        """The value at a share of the colour bar, 0 at its lower end."""
        return float(self.norm.inverse(share))

    def rgba(self, values: Any) -> Any:
        """Colours of values, with a last axis of 4 numbers in 0..1."""
        return np.asarray(self.colours(np.asarray(self.norm(np.asarray(values, dtype=np.float64)))))


def scale_of(run: Run, view: View) -> Scale:
    """The scale of a picture: the limits that people gave, else the range of what it shows.

    Raises
    ------
    RunError
        When the run does not have the quantity, or a gain is to be on a log scale.
    """
    scale, snapshot = _scale(run, view, (view.time,)), run.snapshot(view.time)
    values = snapshot.values(scale.quantity.name)[cut_of(run, snapshot, view).cells]
    return replace(scale, beyond=(bool(values.min() < scale.low), bool(values.max() > scale.high)))


def settled(run: Run, view: View, times: Sequence[float] = ()) -> View:
    """The view with its quantity and limits filled in, so that all pictures of a series share them.

    Parameters
    ----------
    run : Run
    view : View
    times : sequence of float
        s; of the series. If empty, that of the view.
    """
    scale = _scale(run, view, times or (view.time,))
    return replace(view, quantity=scale.quantity.name, limits=(scale.low, scale.high))


def _scale(run: Run, view: View, times: Sequence[float | None]) -> Scale:
    found = run.default_quantity if view.quantity is None else run.quantity(view.quantity)
    kind = kind_of(found)
    if view.log and kind == "gain":
        raise RunError(f"{found.name}: is above and below 0, a log scale cannot show it; leave the log scale out")
    low, high = view.limits or _limits(run, view, found, times, view.log)
    return Scale(found, MAPS[kind], low, high, view.log)


def _limits(run: Run, view: View, quantity: Quantity, times: Sequence[float | None], log: bool) -> tuple[float, float]:
    """The range of nearly all that is shown, to two digits: from 0 for what cannot be negative, around 0 for gains."""
    low, high, least = 0.0, 0.0, np.inf
    for time in times:
        snapshot = run.snapshot(time)
        mesh, shown = snapshot.mesh, cut_of(run, snapshot, view).cells
        seen = (snapshot.channel[shown] <= HALF) | in_tissue(quantity.name)
        values = snapshot.values(quantity.name)[shown][seen]
        volume = (mesh.hz[shown[0], None, None] * mesh.area[shown[1:]]).astype(np.float32)[seen]
        low = min(low, _quantile(values, volume, 1.0 - MOST))
        high = max(high, _quantile(values, volume, MOST))
        if log:
            least = min(least, float(values.min(where=values > 0.0, initial=np.inf)))
    if kind_of(quantity) == "gain":
        size = rounded_up(max(-low, high)) or 1.0
        return -size, size
    high = rounded_up(high) if high > low else low + 1.0
    if log:
        return (max(least, high * 10.0**-DECADES) if least < high else high * 10.0**-DECADES), high
    return -rounded_up(-low), high


def _quantile(values: Single, weights: Single, share: float) -> float:
    """The value below which a share of the weights lies, as well as a histogram tells it; of finite values."""
    known = np.isfinite(values)
    if not known.all():  # too large for the file, or a run that failed
        values, weights = values[known], weights[known]
    if not values.size:
        return 0.0
    low, high = float(values.min()), float(values.max())
    if not low < high:
        return high
    counts, edges = np.histogram(values, bins=2000, range=(low, high), weights=weights)
    below = np.cumsum(counts)
    return float(edges[np.searchsorted(below, share * below[-1]) + (share > 0.5)])


def rounded_up(value: float) -> float:
    """The next number of two digits at or above a value; 0 for what is not above 0.

    Examples
    --------
    >>> rounded_up(23.1), rounded_up(0.0101), rounded_up(50.0)
    (24.0, 0.011, 50.0)
    """
    if not value > 0.0:
        return 0.0
    unit = 10.0 ** (floor(log10(value)) - 1)
    return float(f"{ceil(value / unit * (1.0 - 1e-6)) * unit:.6g}")
