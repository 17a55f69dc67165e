"""The report of a sweep: what was varied, which cells came out on top, what decides, and the responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mnrd.output.one_unit import printed, split
from mnrd.report.dimensions import Dimension, written
from mnrd.report.page import Page, Section, asset, write_page
from mnrd.report.parts import Cell as Entry
from mnrd.report.parts import Html, block_of_json, folded, html, image, number, paragraph, preformatted, table
from mnrd.report.sweep_data import SweepData, sweep_data
from mnrd.report.sweep_picture import sweep_picture
from mnrd.sweep.collect import collect
from mnrd.sweep.folder import PLAN, SweepFolder, open_sweep

REPORT = "report.html"
LISTED = 8  # values of an axis that are named one by one
RANKED = 15  # cells in the ranking; as in sweep.js
IN_TABLE = 6  # answers in the table of cells where the sweep file names none
EFFECTS = (
    "For each axis the cells with the same value are averaged, whatever the other axes are there; where it has many "
    "values, their low, middle and high third. A bar goes from the lowest of these means to the highest, with the "
    "values at its ends. ρ is the rank correlation after Spearman: 1 if the answer always rises with the axis, −1 if "
    "it always falls. Cells without an answer are left out."
)
RESPONSE = (
    "Points are cells; lines and colours between them are interpolated. A grey cross is a cell without an answer."
)
PARALLEL = (
    "Every line is a cell, coloured by the answer that is chosen above. Drag along an axis to keep only the cells in a "
    "range, drag its name to move it."
)
CHOICES = Html('<p class="choices" id="sweep-choices"></p>')


def write_sweep_report(path: Path, out: Path | None = None) -> Path:
    """Write the report of a sweep: ``report.html`` in its folder if no other place is named.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    CaseError
        When the folder is none of a sweep.
    OSError
        If the page cannot be written.
    """
    target = path / REPORT if out is None else out
    write_page(target, sweep_page(open_sweep(path)))
    return target


def sweep_page(folder: SweepFolder) -> Page:
    """The report of a sweep as it stands now."""
    data = sweep_data(folder.plan, collect(folder))
    counts = Counter(str(row["state"]) for row in data.table.rows)
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    sections = [Section("What was varied", tuple(_varied(folder, data)))]
    if data.answers:
        sections[:0] = [Section("Ranking", tuple(_ranking(data)))]
        sections += [
            Section("What decides", (paragraph(EFFECTS, "note"), _canvas("sweep-effects"))),
            Section("Response", (CHOICES, _canvas("sweep-curves"), _canvas("sweep-map"), paragraph(RESPONSE, "note"))),
            Section("All cells at once", (paragraph(PARALLEL, "note"), _canvas("sweep-parallel"))),
        ]
    sections += [Section("Cells", tuple(_cells(folder, data))), Section("Plan", tuple(_plan(folder)))]
    title = folder.plan.title or folder.path.resolve().name
    script = asset("sweep.js") if data.answers else ""
    return Page(title, f"Sweep of {len(data.table.rows)} cells: {states}", tuple(sections), script)


def _ranking(data: SweepData) -> Iterator[Html]:
    """Choice of the answer, for everything below, and the cells in its order."""
    names = [html(printed(one.header)) for one in data.answers]
    options = "".join(f'<option value="{place}">{name}</option>' for place, name in enumerate(names))
    yield Html(
        f'<p class="choices sticky"><label>Answer <select id="sweep-answer">{options}</select></label></p>\n'
        '<p class="choices"><button id="sweep-order" type="button">highest first</button></p>'
    )
    first = data.answers[0]
    found = [(value, cell) for cell, value in enumerate(first.values) if value is not None]
    found.sort(key=lambda pair: -pair[0])
    most = max(abs(value) for value, _ in found) or 1.0
    rows = "".join(
        f"<tr><td>{place}</td>{_bar(value, most)}{_where(data, cell)}</tr>\n"
        for place, (value, cell) in enumerate(found[:RANKED], 1)
    )
    heads = "".join(f"<th>{html(name)}</th>" for name in ("cell", *(axis.label for axis in data.axes)))
    yield Html(
        f'<div class="scroll"><table id="sweep-ranking"><thead><tr><th></th><th id="sweep-ranked">{names[0]}'
        f"</th>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
    )
    if len(found) > RANKED:
        yield paragraph(f"The first {RANKED} of {len(found)} cells; all of them are under Cells.", "note")
    picture = image(sweep_picture(data), f"{printed(first.header)} of the cells and how it follows the axes")
    yield Html(f"<noscript>{picture}</noscript>")
    yield block_of_json(data.document(), "sweep-data")


def _bar(value: float, most: float) -> Html:
    """A value in front of a bar as long as it is large."""
    share = 100.0 * abs(value) / most
    return Html(f'<td class="ranked"><span style="width:{share:.4g}%"></span><b>{number(value)}</b></td>')


def _where(data: SweepData, cell: int) -> Html:
    """Number of a cell, and where it lies."""
    texts = (str(data.table.rows[cell]["cell"]), *(written(axis.values[cell]) for axis in data.axes))
    return Html("".join(f"<td>{html(text)}</td>" for text in texts))


def _canvas(name: str) -> Html:
    """An empty place in which sweep.js draws."""
    return Html(f'<figure><div class="scroll"><div id="{name}"></div></div></figure>')


def _varied(folder: SweepFolder, data: SweepData) -> Iterator[Html]:
    """The axes, and what was changed in all cells."""
    plan = folder.plan
    yield paragraph(f"Base case: {plan.base.get('title') or plan.base.get('description') or 'without a title'}.")
    rows: list[list[Entry]] = [[axis.label, len(axis.levels), _levels(axis)] for axis in data.axes]
    yield table(("axis", "count", "values"), rows)
    if plan.fixed:
        fixed: list[list[Entry]] = [[key, str(value)] for key, value in plan.fixed.items()]
        yield folded("Changed in all cells", table(("key", "value"), fixed))


def _levels(axis: Dimension) -> str:
    if len(axis.levels) <= LISTED:
        return ("; ", ", ")[axis.numeric].join(map(written, axis.levels))
    return f"{written(axis.levels[0])} to {written(axis.levels[-1])}" if axis.numeric else "see the cells"


def _cells(folder: SweepFolder, data: SweepData) -> Iterator[Html]:
    """Every cell with its parameters, its state and the answers that the sweep file names; then what failed."""
    answers = [one.header for one in data.answers[: data.shown or IN_TABLE]]
    took = [header for header in data.table.quantities if split(header)[0] == "steps"]
    columns = ("cell", *data.table.parameters, "state", *answers, *took)
    rows = [[row.get(column) for column in columns] for row in data.table.rows]
    yield table([printed(column) for column in columns], rows, sortable=True)
    yield paragraph(f"All that came out is in table.csv, which mnrd collect {folder.path.name} writes.", "note")
    failed = [row for row in data.table.rows if row["state"] == "failed"]
    if failed:
        columns = ("cell", "name", "code", "reason")
        caption = "Failed; mnrd sweep ... --retry-failed runs them again"
        yield table(columns, [[_text(row.get(column)) for column in columns] for row in failed], caption=caption)


def _text(value: Entry) -> str:
    return "" if value is None else str(value)


def _plan(folder: SweepFolder) -> Iterator[Html]:
    yield folded(PLAN, preformatted((folder.path / PLAN).read_text("utf-8")))
