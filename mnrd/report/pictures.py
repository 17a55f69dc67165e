"""Pictures on the page: that which the run drew itself, and those that `mnrd render` made, or one of the slices."""

from __future__ import annotations

import io
from collections.abc import Iterator

from mnrd.output import directory
from mnrd.pictures.scenes import completed, draw
from mnrd.pictures.view import View
from mnrd.report.parts import Html, image, paragraph
from mnrd.results.run import Run

MOST_BYTES = 4_000_000
MOST_CELLS = 2_000_000  # of a run whose slices are drawn here, which takes seconds
SIZE = (1100, 825)
OVERVIEW = "overview.png"


def pictures(run: Run) -> Iterator[Html]:
    """Every picture with its name; those that do not fit are named."""
    rendered = sorted((run.folder / directory.PICTURES).glob("*.png"))
    own = run.folder / OVERVIEW
    taken, left = 0, []
    for path in [own] * own.is_file() + rendered:
        data = path.read_bytes()
        if taken + len(data) > MOST_BYTES:
            left.append(path.relative_to(run.folder).as_posix())
            continue
        taken += len(data)
        yield image(data, f"{run.case.title}: {path.stem}", path.relative_to(run.folder).as_posix())
    if not rendered and run.times and run.snapshot().mesh.cells <= MOST_CELLS:
        yield image(_slices(run), f"{run.case.title}: slices", "An upright and a level slice. More: mnrd render")
    if left:
        yield paragraph(f"Too large for this page: {', '.join(left)}.", "note")


def _slices(run: Run) -> bytes:
    """The scene that is drawn the fastest."""
    figure = draw("slices", run, completed("slices", run, View(size=SIZE)))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
