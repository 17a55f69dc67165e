"""Drawings to scale of what was run: needle, hole and layers from the side, the array from above, the schedule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from mnrd.case import Case
from mnrd.output.labels import time_ticks
from mnrd.pictures.skin import TISSUES
from mnrd.report.device import ACROSS, Device, outline
from mnrd.report.parts import Html, html
from mnrd.skin.shapes import Body

Array = NDArray[np.float64]
WIDTH = 460  # px, of a drawing on a screen of its own size
SIDE = 300  # px, of the part that is to scale
LEFT, TOP = 8, 30
INK, STEEL, OPEN, VEHICLE = "#2b2b33", "#8a94a3", "#0072b2", "#9fd3e6"
ROOM = 15  # px between names
MARGIN = 1.5  # depth that is drawn, in depths of the needle
BAR = 0.32  # of the drawing: the longest scale bar


def from_the_side(case: Case, device: Device | None) -> Html:
    """Layers with needles and holes, one scale in both directions."""
    assert case.skin is not None
    wound = case.healing.wound if case.healing is not None else None
    deepest = device.deepest if device else (wound.depth or case.skin.thickness) if wound else 0.0
    two = sum(layer.thickness for layer in case.skin.layers[:2])
    depth = min(case.skin.thickness, max(MARGIN * deepest, 1.3 * two))
    donor = min(case.donor.depth or 0.0, 0.3 * depth) if case.donor is not None else 0.0
    above = min(max(device.above if device else 0.0, donor), 0.5 * depth)
    scale = SIDE / (depth + above)
    surface = TOP + above * scale
    pieces = [*_layers(case, depth, scale, surface), *_vehicle(case, scale, surface)]
    if wound is not None:
        pieces += _wound(wound.width, min(wound.depth or depth, depth), scale, surface)
    if device is not None:
        pieces += _needles(device, above, scale, surface)
    bottom = surface + depth * scale
    return _svg("layers, needles and holes from the side, to scale", bottom + 34, [*pieces, *_rule(scale, bottom + 16)])


def _layers(case: Case, depth: float, scale: float, surface: float) -> Iterator[str]:
    """Coloured bands with names; names of thin layers are moved apart."""
    assert case.skin is not None
    at = -np.inf
    bases = accumulate(layer.thickness for layer in case.skin.layers)
    for number, (layer, base) in enumerate(zip(case.skin.layers, bases, strict=True)):
        top, low = surface + (base - layer.thickness) * scale, surface + min(base, depth) * scale
        if base - layer.thickness >= depth:
            break
        yield _box(LEFT, top, SIDE, low - top, TISSUES[number % len(TISSUES)])
        middle = 0.5 * (top + low)
        at = max(middle, at + ROOM)
        yield f'<path d="M{LEFT + SIDE} {middle:.1f}L{LEFT + SIDE + 10} {at:.1f}" stroke="{INK}" stroke-width="0.7"/>'
        more = " and on" if base > depth * 1.001 else ""
        yield _text(LEFT + SIDE + 13, at + 4, f"{layer.name}, {length(layer.thickness)}", size=10.5)
        if more:
            yield _text(LEFT + SIDE + 13, at + 17, f"drawn down to {length(depth)}", size=9.5, pale=True)
    yield f'<path d="M{LEFT} {surface:.1f}h{SIDE}" stroke="{INK}" stroke-width="1.2"/>'


def _vehicle(case: Case, scale: float, surface: float) -> Iterator[str]:
    """The vehicle on the skin; one without end is a band of 12 px that fades."""
    if case.donor is None:
        return
    high = min((case.donor.depth or 0.0) * scale, surface - TOP) or 12.0
    said = f"vehicle, {length(case.donor.depth)}" if case.donor.depth else "vehicle, endless dose"
    yield _box(LEFT, surface - high, SIDE, high, VEHICLE, 0.75)
    yield _text(LEFT + SIDE + 13, surface - max(high, 10.0) + 4, said, size=10.5)


def _needles(device: Device, above: float, scale: float, surface: float) -> Iterator[str]:
    """The needle at the middle and its neighbours in a row, with the holes that they leave; what is what below."""
    middle, pitch = LEFT + 0.5 * SIDE, device.distance() * scale
    count = int((0.5 * SIDE) // pitch) if pitch < np.inf else 0
    yield f'<clipPath id="drawn"><rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}"/></clipPath>'
    yield '<g clip-path="url(#drawn)">'
    for number in range(-count, count + 1):
        at = middle + number * pitch if count else middle
        if device.needle is not None:
            yield _polygon(outline(device.needle, min(device.above, above)), at, scale, surface, STEEL, 0.35)
        if device.hole is not None:
            yield _polygon(outline(device.hole), at, scale, surface, OPEN, 0.75)
    yield "</g>"
    names = (("needle", STEEL, device.needle), ("hole that it leaves", OPEN, device.hole))
    present = [(name, colour) for name, colour, body in names if body is not None]
    for number, (name, colour) in enumerate(present):
        x = LEFT + number * 90
        yield _box(x, 8, 12, 12, colour, 0.75) + _text(x + 17, 18, name, size=11)


def _wound(width: float, depth: float, scale: float, surface: float) -> Iterator[str]:
    """A large wound; one that is wider than the drawing goes out of it on both sides."""
    shown = min(width * scale, 0.8 * SIDE)
    yield _box(LEFT + 0.5 * (SIDE - shown), surface, shown, depth * scale, "white", 0.9)
    said = "" if width * scale <= 0.8 * SIDE else " (not to scale across)"
    yield _text(LEFT, 18, f"wound, {length(width)} wide, {length(depth)} deep{said}", size=11)


def from_above(device: Device) -> Html:
    """The array, with the piece of skin that is computed."""
    points, extent = device.points(), np.array(device.layout.extent)
    if device.endless:
        distance = device.distance()
        side = ACROSS * (distance if np.isfinite(distance) else float(extent.max()))
        low = np.array(device.layout.positions[0]) - 0.5 * side
    else:
        side, low = float(extent.max()), 0.5 * (extent - extent.max())
    scale = SIDE / side
    pieces = [_box(LEFT, TOP, SIDE, SIDE, TISSUES[0], 0.55)]
    bodies = ((device.needle, STEEL, 0.45), (device.hole, OPEN, 0.85))
    for point in (points - low) * scale:
        if (point > -20.0).all() and (point < SIDE + 20.0).all():
            x, y = LEFT + float(point[0]), TOP + float(point[1])
            pieces += [_mouth(body, x, y, scale, colour, opacity) for body, colour, opacity in bodies if body]
    cell = (np.zeros(2) - low) * scale
    style = f'fill="none" stroke="{INK}" stroke-dasharray="5 3"'
    size = f'width="{extent[0] * scale:.1f}" height="{extent[1] * scale:.1f}"'
    return _svg(
        "the array from above, to scale", TOP + SIDE + 34,
        [
            f'<clipPath id="skin"><rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}"/></clipPath>',
            '<g clip-path="url(#skin)">', *pieces,
            f'<rect x="{LEFT + cell[0]:.1f}" y="{TOP + cell[1]:.1f}" {size} {style}/>', "</g>",
            _text(LEFT, 18, f"{device.layout.density * 1e8:.3g} needles per cm²; dashed: what is computed", 11),
            *_rule(scale, TOP + SIDE + 16),
        ],
    )  # fmt: skip


def _mouth(body: Body, x: float, y: float, scale: float, colour: str, opacity: float) -> str:
    """What a body looks like at the skin surface: a slit is a line, all others a disc."""
    half = max(0.5 * body.width * scale, 1.0)
    if body.shape == "slit":
        long = 0.5 * body.breadth * scale
        turn = f'transform="rotate({body.rotation:.1f} {x:.1f} {y:.1f})"'
        size = f'width="{2 * half:.1f}" height="{2 * long:.1f}"'
        return f'<rect x="{x - half:.1f}" y="{y - long:.1f}" {size} {turn} fill="{colour}" opacity="{opacity}"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{half:.1f}" fill="{colour}" opacity="{opacity}"/>'


def timeline(rows: Sequence[tuple[str, Sequence[tuple[float, float]]]], end: float) -> Html:
    """When was what: bars from and to (s), and marks where both are the same."""
    left, high = 128, 22
    scale = (WIDTH - left - 16) / end
    base = 12 + high * len(rows)
    pieces = []
    for time, text in time_ticks(0.0, end, log=False).items():
        x = left + time * scale
        pieces.append(f'<path d="M{x:.1f} 6V{base + 4}" stroke="#dcdce2"/>' + _text(x, base + 17, text, 10, "middle"))
    for number, (name, spans) in enumerate(rows):
        y = 10 + high * number
        pieces.append(_text(0, y + 11, name, 11))
        for start, stop in spans:
            pieces.append(_box(left + start * scale, y, max((stop - start) * scale, 3.0), 14, OPEN, 0.8))
    pieces.append(f'<path d="M{left} {base}h{WIDTH - left - 16}" stroke="{INK}"/>')
    return _svg("schedule", base + 26, pieces)


def length(micrometres: float) -> str:
    """A length in the unit that people would say it in.

    Examples
    --------
    >>> length(250.0), length(1500.0)
    ('250 µm', '1.5 mm')
    """
    return f"{micrometres:.4g} µm" if micrometres < 1000.0 else f"{micrometres / 1000.0:.4g} mm"


def _rule(scale: float, y: float) -> Iterator[str]:
    """A scale bar of a round length."""
    longest = BAR * SIDE / scale
    decade = 10.0 ** np.floor(np.log10(longest))
    size = float(max(step * decade for step in (1.0, 2.0, 5.0) if step * decade <= longest))
    yield f'<path d="M{LEFT} {y:.1f}h{size * scale:.1f}" stroke="{INK}" stroke-width="3"/>'
    yield _text(LEFT + size * scale + 7, y + 4, length(size), 11)


def _polygon(corners: Array, at: float, scale: float, surface: float, colour: str, opacity: float) -> str:
    places = " ".join(f"{at + x * scale:.1f},{surface + z * scale:.1f}" for x, z in corners)
    return f'<polygon points="{places}" fill="{colour}" fill-opacity="{opacity}" stroke="{colour}"/>'


def _box(x: float, y: float, width: float, height: float, colour: str, opacity: float = 1.0) -> str:
    size = f'width="{width:.1f}" height="{height:.1f}"'
    return f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour}" opacity="{opacity}"/>'


def _text(x: float, y: float, text: str, size: float = 12, anchor: str = "start", *, pale: bool = False) -> str:
    colour = ' fill="#5d5d69"' if pale else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{colour}>{html(text)}</text>'


def _svg(name: str, height: float, pieces: Sequence[str]) -> Html:
    return Html(
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" role="img" aria-label="{html(name)}" '
        f'font-family="sans-serif" fill="{INK}">{"".join(pieces)}</svg>'
    )
