"""The scene that people turn around: the skin cut open along a row of needles, in the colours of any quantity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnrd.output.labels import duration, typeset
from mnrd.report.block import Block
from mnrd.report.colour import colour_axis, span
from mnrd.report.fields import Course, Fields
from mnrd.report.parts import Html, figure, packed, paragraph
from mnrd.report.plot import INK, base_layout

Array = NDArray[np.float64]
CAMERA = {
    "projection": {"type": "orthographic"},
    "eye": {"x": 0.7, "y": -1.6, "z": 0.9},
    "center": {"x": 0.32, "y": 0.0, "z": -0.04},
}
MOST = 0.95
LARGE = 1.75  # of the block in the scene
IN_FRONT = 0.3  # um, of lines before the face that they are on
APART = 0.075  # of the depth that is shown: least distance of the names of layers


def scene(block: Block, fields: Fields, time: float) -> Html:
    """The scene, with a choice of quantity and time; `time` (s) is near the one that is shown first."""
    courses = list(fields.courses.values())
    last = len(fields.times) - 1
    first = int(np.abs(np.array(fields.times) - time).argmin())
    states = {
        f"{row},{column}": [_values(course, column), _colours(course)]
        for row, course in enumerate(courses)
        for column in range(last + 1)
    }
    plot = {
        "data": [_body(block) | states[f"0,{first}"][0], *_lines(block), _names(block)],
        "layout": _layout(block) | states[f"0,{first}"][1],
        "choices": [
            {"label": "quantity", "options": [course.quantity.meaning for course in courses], "value": 0},
            {"label": "time", "options": [duration(time) for time in fields.times], "value": first, "slider": True},
        ],
        "states": states,
    }
    fallback = paragraph("The scene needs JavaScript; the pictures show the same block.", "note")
    title = "The skin, cut open along a row of needles"
    return figure(plot, title=title, fallback=fallback, note=_note(block, fields), kind="tall")


def _note(block: Block, fields: Fields) -> str:
    """What is shown, and what was left out of it."""
    said = [
        "Drag to turn, scroll or pinch to come nearer; to scale. One colour scale for all times: it ends where "
        f"{100.0 * MOST:g} % of the points are below, values under the mouse are exact."
    ]
    if block.cut.depth:
        said.append("Channels are cut out, as they were at first.")
    if block.coarser:
        said.append("Drawn on a part of the lines of the mesh, to keep the page small.")
    if fields.left_out:
        said.append(f"Left out to keep the page small: {fields.left_out}; `mnrd render` draws them.")
    return " ".join(said)


def _body(block: Block) -> dict[str, Any]:
    x, y, z = block.points.T
    i, j, k = block.triangles.T
    return {
        "type": "mesh3d", "x": packed(x), "y": packed(y), "z": packed(z - block.cut.surface),
        "i": packed(i, "i4"), "j": packed(j, "i4"), "k": packed(k, "i4"),
        "coloraxis": "coloraxis", "flatshading": True, "name": "skin",
        "lighting": {"ambient": 1.0, "diffuse": 0.0, "specular": 0.0, "fresnel": 0.0},  # a colour stands for a value
    }  # fmt: skip


def _values(course: Course, number: int) -> dict[str, Any]:
    return {
        "intensity": packed(course.block[number]),
        "hovertemplate": f"%{{intensity:.4~g}} {typeset(course.quantity.unit)}<br>%{{z:.4~g}} µm deep<extra></extra>",
    }


def _colours(course: Course) -> dict[str, Any]:
    """One scale for all times, up to what most points stay below: what is in a channel at first would hide all else."""
    return {"coloraxis": colour_axis(course.quantity, *span(np.concatenate(course.block), MOST))}


def _lines(block: Block) -> Iterator[dict[str, Any]]:
    """Borders on the cut, slightly in front of it, and the edges of the block; depths are below the skin surface."""
    for line in block.lines:
        yield _line(*(line - [0.0, IN_FRONT, block.cut.surface]).T, width=3)
    (left, right), (front, back), (top, base) = (axis[[0, -1]] for axis in block.axes)
    top, base = top - block.cut.surface, base - block.cut.surface
    for depth in (top, base):
        yield _line([left, right, right, left], [front, front, back, back], [depth] * 4, width=2)
    for x, y in ((left, front), (right, front), (right, back)):
        yield _line([x, x], [y, y], [top, base], width=2)


def _line(x: ArrayLike, y: ArrayLike, z: ArrayLike, *, width: int) -> dict[str, Any]:
    places = {name: packed(np.asarray(one)) for name, one in (("x", x), ("y", y), ("z", z))}
    style = {"color": INK, "width": width}
    return {"type": "scatter3d", "mode": "lines", **places, "line": style, "hoverinfo": "skip"}


def _names(block: Block) -> dict[str, Any]:
    """Names of the layers beside the block, moved apart where layers are thin."""
    x, y, z = block.axes
    least, places = APART * float(z[-1] - z[0]), [depth - block.cut.surface for _, depth in block.layers]
    for number in range(len(places) - 2, -1, -1):
        places[number] = min(places[number], places[number + 1] - least)
    count = len(places)
    return {
        "type": "scatter3d", "mode": "text", "text": [f"  {name}" for name, _ in block.layers],
        "x": [float(x[-1])] * count, "y": [float(y[-1])] * count, "z": places,
        "textposition": "middle right", "textfont": {"color": INK, "size": 12}, "hoverinfo": "skip",
    }  # fmt: skip


def _layout(block: Block) -> dict[str, Any]:
    size = np.array([np.ptp(axis) for axis in block.axes])

    def axis(**more: Any) -> dict[str, Any]:
        return {"title": {"text": ""}, "showbackground": False, "gridcolor": "#e8e8ee", "nticks": 5} | more

    space = {
        "xaxis": axis(ticksuffix=" µm"),
        "yaxis": axis(showticklabels=False, showgrid=False),
        "zaxis": axis(ticksuffix=" µm", autorange="reversed"),
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", LARGE * size / size.max(), strict=True)),
        "uirevision": "keep",
        "dragmode": "orbit",
        "camera": CAMERA,
    }
    shared = {key: value for key, value in base_layout().items() if key not in ("xaxis", "yaxis")}
    return shared | {"scene": space, "showlegend": False, "margin": {"l": 0, "r": 0, "t": 60, "b": 0}}
