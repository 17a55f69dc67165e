"""What was run: skin, needles, actives, schedule, in a table and drawn to scale."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

from mnrd.case import Case
from mnrd.output.labels import duration
from mnrd.report.device import Device, device_of
from mnrd.report.page import Section
from mnrd.report.parts import Html, paragraph, table
from mnrd.report.schematic import from_above, from_the_side, length, timeline
from mnrd.skin.imported import has_channels
from mnrd.skin.permeant import Permeant
from mnrd.skin.shapes import Body
from mnrd.skin.treatment import RemoveNeedles, WashOff, occlusion_switches, schedule

Span = tuple[float, float]


def subject(case: Case) -> Section:
    """What was run."""
    return Section("What was run", tuple(_pieces(case)))


def _pieces(case: Case) -> Iterator[Html]:
    if case.description:
        yield paragraph(case.description)
    device = device_of(case)
    yield table(("", ""), list(_facts(case, device)))
    if case.skin is None:
        return
    yield Html('<div class="plots">')
    flat = case.skin.mesh is not None
    yield _drawn("From the side, with mean thicknesses" if flat else "From the side", from_the_side(case, device))
    if device is not None:
        yield _drawn("From above", from_above(device))
    rows = list(_schedule(case))
    if rows:
        yield _drawn("Schedule", timeline(rows, case.run.end))
    yield Html("</div>")


def _drawn(title: str, drawing: Html) -> Html:
    return Html(f"<figure><h3>{title}</h3>{drawing}</figure>")


def _facts(case: Case, device: Device | None) -> Iterator[tuple[str, str]]:
    """What a reader has to know, in words."""
    yield "case", case.name
    if case.skin is not None:
        yield "skin", _skin(case)
    if case.needle is not None and device is not None and device.needle is not None:
        size = f"{length(case.needle.length)} long, {length(case.needle.width)} wide at its base"
        yield "needle", f"{case.needle.shape}, {size}, {length(device.needle.depth)} deep in the skin"
    if device is not None and device.hole is not None:
        yield "hole that it leaves", _body(device.hole)
    if case.array is not None and device is not None:
        apart = device.distance()
        nearest = f", {length(apart)} apart" if apart < inf else ""
        yield "array", f"{case.array.pattern}, {device.layout.density * 1e8:.3g} per cm²{nearest}"
    for active in case.actives:
        yield "active", _active(active)
    if case.donor is not None and case.actives:
        dose = f"{length(case.donor.depth)} deep" if case.donor.depth else "endless dose"
        yield "vehicle", f"{dose}, pH {case.donor.pH:g}, {'covered' if case.donor.occluded else 'not covered'}"
    if case.closure is not None:
        half = case.closure.half_life_occluded if case.donor and case.donor.occluded else case.closure.half_life
        yield "closing of the channels", f"{case.closure.form}, half-life {duration(half)}"
    if case.healing is not None:
        yield "healing", _healing(case)
    yield "time", duration(case.run.end)


def _skin(case: Case) -> str:
    """The layers; what is known of those of an imported mesh is how thick they are on average."""
    assert case.skin is not None
    layers = "; ".join(f"{layer.name} {length(layer.thickness)}" for layer in case.skin.layers)
    if case.skin.mesh is None:
        return layers
    own = ", with channels of its own" if has_channels(case.skin) else ""
    return f"imported mesh {Path(case.skin.mesh).name}{own}; mean thickness: {layers}"


def _body(body: Body) -> str:
    size = f"{length(body.width)} wide at the surface, {length(body.depth)} deep"
    return size if callable(body.shape) else f"{body.shape}, {size}"


def _active(active: Permeant) -> str:
    name = active.properties.title or active.name
    if active.concentration:
        return f"{name}, {active.concentration:.4g} mg/mL in the vehicle"
    return name


def _healing(case: Case) -> str:
    assert case.healing is not None
    said = [f"skin of {case.healing.age:g} years"]
    if case.healing.scar:
        said.append("an old scar")
    wound = case.healing.wound
    if wound is not None:
        said.append(f"{wound.kind}, {length(wound.width)} wide")
    count = len(case.healing.moves)
    said.append("no injury" if count == 0 else "one session" if count == 1 else f"{count} sessions")
    return ", ".join(said)


def _schedule(case: Case) -> Iterator[tuple[str, list[Span]]]:
    """Rows of the timeline: what lasts as (from, to), what happens at once as (at, at), s."""
    end = case.run.end
    sessions = [] if case.healing is None else [(time, time) for time, _ in case.healing.moves if time <= end]
    if sessions:
        yield "session", sessions
    if case.stay is not None:
        out = next((time for time, step in schedule(case.events) if isinstance(step, RemoveNeedles)), end)
        yield "needles in the skin", [(0.0, min(out, end))]
    if case.donor is not None and case.actives:
        yield "vehicle on the skin", list(_on_skin(case, end))
        covered = list(_covered(case, end))
        if covered:
            yield "covered", covered


def _on_skin(case: Case, end: float) -> Iterator[Span]:
    """When the vehicle is on the skin."""
    assert case.donor is not None
    begun: float | None = case.donor.begins
    for time, step in schedule(case.events):
        if isinstance(step, WashOff) and begun is not None:
            yield begun, min(time, end)
            begun = None
        elif step.do == "reapply":
            if begun is not None:
                yield begun, min(time, end)
            begun = time
    if begun is not None and begun < end:
        yield begun, end


def _covered(case: Case, end: float) -> Iterator[Span]:
    """When the site is covered."""
    assert case.donor is not None
    begun: float | None = 0.0 if case.donor.occluded else None
    for time, occluded in occlusion_switches(case.events):
        if occluded and begun is None:
            begun = time
        elif not occluded and begun is not None:
            yield begun, min(time, end)
            begun = None
    if begun is not None and begun < end:
        yield begun, end
