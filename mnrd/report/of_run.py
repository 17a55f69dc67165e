"""The report of one run: from its folder to report.html."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

from mnrd.output import directory
from mnrd.output.labels import duration
from mnrd.report.block import block_of
from mnrd.report.courses import plots_of_actives
from mnrd.report.fields import read_fields
from mnrd.report.healing import plots_of_healing
from mnrd.report.heat import Profiles, heat_map, of_fields, of_layers
from mnrd.report.numerics import numerics, provenance
from mnrd.report.outcome import answer
from mnrd.report.page import Page, Section, write_page
from mnrd.report.parts import Html, paragraph
from mnrd.report.pictures import pictures
from mnrd.report.scene import scene
from mnrd.report.subject import subject
from mnrd.results.run import Run, open_run
from mnrd.results.snapshot import RunError

CLOCK = Html(
    '<div class="choices"><span>time axis</span>'
    '<label><input type="radio" name="clock" value="log" checked>logarithmic</label>'
    '<label><input type="radio" name="clock" value="linear">linear</label></div>'
)


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    folder : Path
        The run directory.
    out : Path, optional
        The file; ``report.html`` in the run directory if not given.

    Returns
    -------
    Path
        The file, written in one go.

    Raises
    ------
    RunError
        When there is no run.
    OSError
        When the file cannot be written.
    """
    run = open_run(folder)
    path = out or folder / directory.REPORT
    write_page(path, page(run))
    return path


def page(run: Run) -> Page:
    """What the report of a run says."""
    about = f"{run.name}: a run of mnrd to {duration(run.case.run.end)}"
    fields = list(_fields(run))
    sections = (
        answer(run), subject(run.case), Section("Courses", tuple(_courses(run))),
        *fields, numerics(run), provenance(run),
    )  # fmt: skip
    return Page(run.case.title or run.name, about, sections)


def _courses(run: Run) -> Iterator[Html]:
    """All plots against time."""
    try:
        plots = [*plots_of_actives(run), *plots_of_healing(run)]
    except RunError as error:
        yield paragraph(str(error), "note")
        return
    if not plots:
        yield paragraph("There are less than two reports: nothing to plot.", "note")
        return
    yield CLOCK
    yield Html('<div class="plots">')
    yield from (plot.html() for plot in plots)
    yield Html("</div>")


def _fields(run: Run) -> Iterator[Section]:
    """What comes of the field files, and the pictures."""
    if not run.times:
        yield from _profiles(run, None, inf)
        note = paragraph("The run wrote no fields: there is no scene to turn around.", "note")
        yield Section("Pictures", (*pictures(run), note))
        return
    block = block_of(run)
    fields = read_fields(run, block)
    yield from _profiles(run, of_fields(run.case, fields), float(block.cut.z[-1]) - block.cut.surface)
    yield Section("Pictures", tuple(pictures(run)))
    asked = run.case.output.picture_at
    yield Section("Scene in 3-D", (scene(block, fields, run.times[-1] if asked is None else asked),))


def _profiles(run: Run, profiles: Profiles | None, depth: float) -> Iterator[Section]:
    """Depth against time; from the means over layers where there are too few files of fields."""
    with suppress(RunError):  # that layers.csv is not there is said where the plots would be
        profiles = profiles or of_layers(run)
    if profiles is not None:
        yield Section("Depth profiles", (heat_map(run.case, profiles, depth),))
