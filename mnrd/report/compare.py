"""The report that compares runs: answers side by side, curves over each other, pictures of differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

from mnrd.output.labels import duration, typeset
from mnrd.report.comparison import Answer, Comparison, compared, facts
from mnrd.report.courses import plots_of_actives
from mnrd.report.difference import Pair, hindrance, pairs
from mnrd.report.difference_picture import difference_picture
from mnrd.report.healing import plots_of_healing
from mnrd.report.page import Page, Section, write_page
from mnrd.report.parts import Cell, Html, folded, image, paragraph, table
from mnrd.report.plot import COLOURS, Line, Plot
from mnrd.results.run import Run

MANY = 20  # keys that differ; more are folded
FACTS = ("folder", "case", "title", "until", "backend", "written by")
SAMPLED = (
    "The meshes differ: both fields were sampled onto the coarser edges along each axis, by the volumes that the cells "
    "share, so that no amount is lost; where one mesh ends, so does the picture."
)
SIGNS = "Red: more in the second run; blue: less. Channels and layers in the last panel are those of the second."


def write_comparison(
    folders: Sequence[Path], out: Path, *, quantities: Sequence[str] = (), times: Sequence[float] = ()
) -> None:
    """Compare runs on one page.

    Parameters
    ----------
    folders : sequence of Path
        Of at least two runs; the others are compared with the first.
    out : Path
        The page; what is there is replaced.
    quantities : sequence of str
        What pictures of differences are drawn of; see `mnrd.report.difference.pairs`.
    times : sequence of float
        s, when.

    Raises
    ------
    RunError
        When the runs cannot be compared, or lack a quantity or a time.
    OSError
        If the page cannot be written.
    """
    write_page(out, comparison_page(compared(folders), quantities, times))


def comparison_page(found: Comparison, quantities: Sequence[str] = (), times: Sequence[float] = ()) -> Page:
    """The report on runs side by side; see `write_comparison`."""
    names = found.names
    sections = (
        Section("Answers", tuple(_answers(found))),
        Section("What differs in the cases", tuple(_settings(found))),
        Section("Courses", tuple(_courses(found))),
        Section("Fields", tuple(_fields(found, quantities, times))),
        Section("Runs", (table(FACTS, [facts(run) for run in found.runs]),)),
    )
    return Page(f"{', '.join(names[:-1])} and {names[-1]}", f"{len(names)} runs compared", sections)


def _answers(found: Comparison) -> Iterator[Html]:
    """Numbers that people ask for with their ratios to the first run; the others folded."""
    first, *others = found.names
    headers = ("", "unit", *found.names, *(f"{name} / {first}" for name in others))
    answers = found.answers()
    asked = [_row(answer) for answer in answers if answer.asked]
    if not answers:
        yield paragraph("None of the runs has an answer yet.")
    if asked:
        yield table(headers, asked)
    rest = [_row(answer) for answer in answers if not answer.asked]
    if rest:
        yield folded(f"{len(rest)} more numbers", table(headers, rest))


def _row(answer: Answer) -> list[Cell]:
    return [answer.name, typeset(answer.unit), *answer.values, *answer.ratios]


def _settings(found: Comparison) -> Iterator[Html]:
    settings = found.settings()
    if not settings:
        yield paragraph("Nothing: every key has the same meaning in all cases.")
        return
    shown = table(("key", *found.names), [[key, *values] for key, values in settings])
    yield shown if len(settings) <= MANY else folded(f"{len(settings)} keys", shown)


def _courses(found: Comparison) -> Iterator[Html]:
    """What at least two runs have in common, one plot each."""
    plots = list(_common(found))
    if not plots:
        yield paragraph("The runs have no course in common.")
        return
    yield Html('<div class="plots">')
    yield from (plot.html() for plot in plots)
    yield Html("</div>")


def _common(found: Comparison) -> Iterator[Plot]:
    """A plot of every line that at least two runs have, with a line of each of them; a run keeps its colour."""
    colours = dict(zip(found.names, cycle(COLOURS), strict=False))
    lines: dict[tuple[str, str], list[tuple[Plot, Line]]] = {}
    alike = all(len(run.case.actives) == 1 for run in found.runs)  # then different actives are compared as well
    for name, run in zip(found.names, found.runs, strict=True):
        for plot in _plots(run):
            for line in plot.lines:
                drawn = Line(name, line.x, line.y, colours[name])
                title = plot.title.rpartition(": ")[2] if alike else plot.title  # without the active
                lines.setdefault((title, line.name), []).append((plot, drawn))
    for (title, quantity), of_runs in lines.items():
        if len(of_runs) > 1:
            plot, shown = of_runs[0][0], tuple(line for _, line in of_runs)
            title = title if title.lower() == quantity else f"{title}: {quantity}"
            yield replace(plot, title=title[0].upper() + title[1:], lines=shown, bands=(), marks=(), note="")


def _plots(run: Run) -> Iterator[Plot]:
    yield from plots_of_actives(run)
    yield from plots_of_healing(run)


def _fields(found: Comparison, quantities: Sequence[str], times: Sequence[float]) -> Iterator[Html]:
    """Pictures of the differences from the first run, those of one pair of runs beside each other."""
    for number in range(1, len(found.runs)):
        two = found.pair(number)
        why = hindrance(two)
        if why:
            yield paragraph(f"There are no pictures of {' and '.join(two.names)}: {why}.")
            continue
        drawn = list(pairs(two, quantities, times))
        yield paragraph(SIGNS, "note")
        if not all(pair.same_mesh for pair in drawn):
            yield paragraph(SAMPLED, "note")
        yield Html('<div class="plots">')
        yield from (_picture(two, pair) for pair in drawn)
        yield Html("</div>")


def _picture(two: Comparison, pair: Pair) -> Html:
    first, second = two.names
    png = difference_picture(pair, two.runs[1], (first, second))
    said = f"{pair.quantity.meaning} after {duration(pair.time)}: {second} minus {first}"
    largest = f"largest difference {pair.largest:.3g} {typeset(pair.quantity.unit)}".rstrip()
    return image(png, said, f"{said}; {largest}")
