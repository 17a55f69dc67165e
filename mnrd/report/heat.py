"""Depth against time: means over the skin at each depth, as a map of colours with the layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnrd.case import Case
from mnrd.output.labels import HOUR, round_ticks, time_ticks, typeset
from mnrd.pictures.colours import MAPS, kind_of
from mnrd.report.colour import colour_axis, limits, span
from mnrd.report.fields import Fields
from mnrd.report.parts import Html, figure, html, packed
from mnrd.report.plot import base_layout, time_axis
from mnrd.results.quantity import Quantity
from mnrd.results.run import Run

Array = NDArray[np.float64]
LEAST_TIMES = 3
THIN = 0.07  # of the depth that is shown: layers that have no room for their name
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 340, 78, 540, 10, 290


@dataclass(frozen=True)
class Profiles:
    """Means at each depth and time.

    Parameters
    ----------
    times : array
        s, all after the start.
    z : array
        Edges along the depth, um, from the skin surface.
    values : dict of Quantity to (nz, times) array
    note : str
        What they are.
    """

    times: Array
    z: Array
    values: dict[Quantity, Array]
    note: str


def of_fields(case: Case, fields: Fields) -> Profiles | None:
    """Profiles from field files; None with less than three times after the start."""
    late = [number for number, time in enumerate(fields.times) if time > 0.0]
    if len(late) < LEAST_TIMES:
        return None
    courses = fields.courses.values()
    return Profiles(
        np.array([fields.times[number] for number in late]), fields.z - case.surface,
        {one.quantity: np.stack([one.profile[number] for number in late], axis=1) for one in courses},
        "Means over planes parallel to the surface, at the times of the field files; channels are part of them.",
    )  # fmt: skip


def of_layers(run: Run) -> Profiles | None:
    """Profiles from layers.csv, one value per layer; None without layers, actives or enough reports."""
    case, table = run.case, run.table("layers")
    names, fields = np.array(table.columns["layer"]), np.array(table.columns["field"])
    times = np.unique(table.times[table.times > 0.0])
    if case.skin is None or not case.actives or times.size < LEAST_TIMES:
        return None
    layers = [layer for layer in case.skin.layers if (names == layer.name).any()]
    means, found = table.numbers("mean concentration"), {}
    for active in case.actives:
        rows = [(fields == active.field) & (names == layer.name) & (table.times > 0.0) for layer in layers]
        unit = str(table.columns["concentration unit"][int(rows[0].argmax())])
        title = active.properties.title or active.name
        quantity = Quantity(active.name, unit, title, active.field)
        found[quantity] = np.stack([means[row] for row in rows])
    z = np.cumsum([0.0, *(layer.thickness for layer in layers)])
    return Profiles(times, z, found, "Means over the layers, at every report.")


def heat_map(case: Case, profiles: Profiles, depth: float) -> Html:
    """The map of all quantities, one at a time.

    Parameters
    ----------
    case : Case
    profiles : Profiles
    depth : float
        um down to which it shows first; all of it after a double click.
    """
    edges, z = _edges(profiles.times), profiles.z
    quantities, maps = list(profiles.values), list(profiles.values.values())
    traces = [_trace(quantity, values) for quantity, values in profiles.values.items()]
    first = {"type": "heatmap", "x": packed(edges / HOUR, "f8"), "y": packed(z), "coloraxis": "coloraxis"}
    depth = min(depth, float(z[-1]))
    plot: dict[str, Any] = {
        "data": [first | traces[0]],
        "layout": _layout(case, edges, depth, float(z[0])) | _colours(quantities[0], maps[0]),
    }
    if len(quantities) > 1:
        plot["choices"] = [{"label": "quantity", "options": [one.meaning for one in quantities], "value": 0}]
        plot["states"] = {
            str(number): [trace, _colours(quantity, values)]
            for number, (quantity, trace, values) in enumerate(zip(quantities, traces, maps, strict=True))
        }
    fallback = _drawing(edges, z, maps[0], quantities[0], limits(quantities[0], *span(maps[0])), depth)
    return figure(plot, title="Depth profiles over time", fallback=fallback, note=profiles.note, kind="map")


def _edges(times: Array) -> Array:
    """Borders between times, half-way on a logarithmic axis."""
    between = np.sqrt(times[1:] * times[:-1])
    return np.concatenate(([times[0] ** 2 / between[0]], between, [times[-1]]))


def _trace(quantity: Quantity, values: Array) -> dict[str, Any]:
    unit = typeset(quantity.unit)
    return {
        "z": packed(values),
        "hovertemplate": f"%{{z:.4~g}} {unit}<br>%{{y:.4~g}} µm deep<br>%{{x:.3~g}} h<extra></extra>",
    }


def _colours(quantity: Quantity, values: Array) -> dict[str, Any]:
    return {"coloraxis": colour_axis(quantity, *span(values))}


def _layout(case: Case, edges: Array, depth: float, top: float) -> dict[str, Any]:
    layout = base_layout() | time_axis(float(edges[0]), float(edges[-1]))
    layout["xaxis"] |= {"showgrid": False}
    layout["yaxis"] |= {"range": [depth, top], "title": {"text": "depth [µm]", "standoff": 8}, "showgrid": False}
    layers = () if case.skin is None else case.skin.layers
    bases = list(accumulate(layer.thickness for layer in layers))
    line = {"color": "#2b2b33", "width": 1, "dash": "dot"}
    layout["shapes"] = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": base, "y1": base, "line": line} for base in bases[:-1]
    ]
    layout["annotations"] = [
        _name(layer.name, 0.5 * (base - layer.thickness + min(base, depth)))
        for layer, base in zip(layers, bases, strict=True)
        if min(base, depth) - base + layer.thickness > THIN * depth
    ]
    return layout


def _name(layer: str, depth: float) -> dict[str, Any]:
    """The name of a layer in the map."""
    return {
        "xref": "paper", "x": 0.01, "xanchor": "left", "y": depth, "text": html(layer), "showarrow": False,
        "bgcolor": "rgba(255,255,255,0.75)", "font": {"size": 11},
    }  # fmt: skip


def _drawing(
    edges: Array, z: Array, values: Array, quantity: Quantity, ends: tuple[float, float], depth: float
) -> Html:
    """The first quantity as SVG."""
    pieces = [*_cells(edges, z, values, quantity, ends, depth), *_frame(edges, z, quantity, ends, depth)]
    return Html(
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html(quantity.title)}" '
        f'font-family="sans-serif" font-size="12" fill="#2b2b33">{"".join(pieces)}</svg>'
    )


def _across(edges: Array, times: Any) -> Array:
    low, high = np.log(edges[[0, -1]])
    return np.asarray(LEFT + (np.log(times) - low) / (high - low) * (RIGHT - LEFT))


def _down(z: Array, depth: float, places: Any) -> Array:
    return np.asarray(TOP + (np.minimum(places, depth) - z[0]) / (depth - z[0]) * (BOTTOM - TOP))


def _cells(
    edges: Array, z: Array, values: Array, quantity: Quantity, ends: tuple[float, float], depth: float
) -> Iterator[str]:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    colours = colormaps[MAPS[kind_of(quantity)]]
    x, y = _across(edges, edges), _down(z, depth, z)
    for row in np.flatnonzero(z[:-1] < depth):
        for column in range(values.shape[1]):
            colour = to_hex(colours((values[row, column] - ends[0]) / (ends[1] - ends[0])))
            size = f'width="{x[column + 1] - x[column] + 0.3:.1f}" height="{y[row + 1] - y[row] + 0.3:.1f}"'
            yield f'<rect x="{x[column]:.1f}" y="{y[row]:.1f}" {size} fill="{colour}"/>'


def _frame(edges: Array, z: Array, quantity: Quantity, ends: tuple[float, float], depth: float) -> Iterator[str]:
    for time, text in time_ticks(float(edges[0]), float(edges[-1])).items():
        yield f'<text x="{float(_across(edges, time)):.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text}</text>'
    for place in round_ticks(float(z[0]), depth):
        at = float(_down(z, depth, place))
        yield f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{place:g}</text>'
    yield f'<text x="{LEFT - 6}" y="{BOTTOM + 18}" text-anchor="end">depth [µm]</text>'
    unit = typeset(quantity.unit)
    yield (
        f'<text x="{RIGHT + 8}" y="{TOP + 12}">{html(quantity.meaning)}</text>'
        f'<text x="{RIGHT + 8}" y="{TOP + 30}">{ends[0]:.3g} to {ends[1]:.3g} {html(unit)}</text>'
        f'<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#2b2b33"/>'
    )
