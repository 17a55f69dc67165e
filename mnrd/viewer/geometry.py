"""What the browser is sent, as polygons with colours and lines; made by pyvista without OpenGL.

The vertical axis points up: depths become negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import numpy as np
import pyvista as pv

from mnrd.output.picture import HALF
from mnrd.pictures.colours import Scale
from mnrd.pictures.skin import TISSUES
from mnrd.pictures.surface import Array, at_nodes
from mnrd.viewer.body import Axis, Body, Face

UP = np.array([1.0, 1.0, -1.0])
AHEAD = 1e-3
"""How far lines stand in front of their face, in widths of the skin that is shown; else both are equally near."""
COLOUR = "colour"


def pieces(body: Body, axis: Axis, scale: Scale) -> dict[str, pv.PolyData]:
    """All that is seen of the skin behind a plane, by name.

    Parameters
    ----------
    body : Body
        What is behind the plane.
    axis : {'x', 'y', 'z'}
        Across which the plane lies.
    scale : Scale
        Of the quantity.

    Returns
    -------
    dict
        ``cut`` in the colours of the quantity, ``walls`` of the channels likewise, ``glass``, the other sides in the
        tints of their layers, and ``lines`` along edges, between layers and around channels. Colours are in the
        array `COLOUR`, of points or of cells; bodies without any polygon are empty.
    """
    ahead = AHEAD * max(float(np.ptp(body.x)), float(np.ptp(body.y)))
    cut, glass, lines = pv.PolyData(), [], [_edges(body, ahead)]
    for name, high in product(("x", "y", "z"), (False, True)):
        face = body.face(name, high)  # type: ignore[arg-type]
        polygons = _polygons(face)
        lines += [one.translate(ahead * face.outward * UP) for one in _lines(polygons, face)]
        opened = polygons.clip_scalar(scalars="channel", value=HALF)
        if (name, high) == (axis, axis == "x"):
            cut = opened
            cut.point_data.set_scalars(_bytes(scale.rgba(cut.point_data["value"])), COLOUR)
        else:
            opened.point_data.active_scalars_name = None
            opened.cell_data.set_scalars(_tints(opened.cell_data["layer"]), COLOUR)
            glass.append(opened)
    return {"cut": cut, "walls": _walls(body, scale), "glass": _joined(glass), "lines": _joined(lines)}


def _polygons(face: Face) -> pv.PolyData:
    """A face as quadrilaterals."""
    numbers = np.arange(face.values.size).reshape(face.values.shape)
    corners = (numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, 1:], numbers[1:, :-1])
    data = pv.PolyData.from_regular_faces(_placed(face.points.reshape(-1, 3)), np.stack(corners, -1).reshape(-1, 4))
    data.point_data["value"] = face.values.ravel()
    data.point_data["channel"] = face.channel.ravel()
    data.cell_data["layer"] = face.layers.ravel()
    return data


def _lines(polygons: pv.PolyData, face: Face) -> Iterable[pv.PolyData]:
    """Where channels begin on a face, and where its layers meet beside them."""
    yield polygons.contour([HALF], scalars="channel")
    for number in np.unique(face.layers)[:-1]:
        share = polygons.copy(deep=False)
        share.point_data["above"] = at_nodes(face.layers <= number).ravel()
        yield share.clip_scalar(scalars="channel", value=HALF).contour([HALF], scalars="above")


def _walls(body: Body, scale: Scale) -> pv.PolyData:
    """The walls of the channels in the colours of the quantity."""
    surface, values = body.walls()
    if not values.size:
        return pv.PolyData()
    data = pv.PolyData.from_regular_faces(_placed(surface.points), surface.triangles)
    data.point_data["Normals"] = (surface.normals * UP).astype(np.float32)
    data.point_data.active_normals_name = "Normals"
    data.point_data.set_scalars(_bytes(scale.rgba(values)), COLOUR)
    return data


def _edges(body: Body, ahead: float) -> pv.PolyData:
    """The twelve edges of the body."""
    low = body.x[0], body.y[0], -body.z[-1]
    high = body.x[-1], body.y[-1], -body.z[0]
    box = pv.Box([bound for one, other in zip(low, high, strict=True) for bound in (one - ahead, other + ahead)])
    return box.extract_all_edges()


def _joined(parts: list[pv.PolyData]) -> pv.PolyData:
    """Several bodies as one; those without points do not count."""
    there = [one for one in parts if one.n_points]
    return there[0].append_polydata(*there[1:]) if there else pv.PolyData()


def _placed(points: Array) -> Any:
    return (points * UP).astype(np.float32)


def _tints(layers: Any) -> Any:
    """Colours (n, 3) of layers; how much shows through them is chosen on the page."""
    palette = np.array([pv.Color(name).float_rgb for name in TISSUES])
    return _bytes(palette[np.asarray(layers) % len(TISSUES)])


def _bytes(colours: Any) -> Any:
    """Colours in 0..1, (n, 4), as (n, 3) bytes."""
    return np.round(255.0 * np.asarray(colours)[:, :3]).astype(np.uint8)
