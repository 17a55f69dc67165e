"""Tables, and a progress bar on a terminal or a line per half minute elsewhere."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from mnrd.output.labels import duration
from mnrd.output.targets import runs

if TYPE_CHECKING:
    from mnrd.cli.healing import Outcome
    from mnrd.cli.session import Results
    from mnrd.output.answer import Entry
    from mnrd.simulation import Simulation


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout; whole lines where it goes to a file."""
    console = Console() if sys.stdout.isatty() else Console(width=200)
    shown = Table(*columns, title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    console.print(shown, markup=False)
    console.print()


def answer_tables(results: Results) -> None:
    """The answer of a run, one table per active, and what there is of healing with the targets it is held against."""
    simulation = results.simulation
    for name, entries in results.answers.items():
        _answer(next(one.meaning for one in simulation.problem.model.fields if one.name == name), entries, simulation)
    if results.healing is not None:
        _answer("healing", results.healing.answer, simulation)
        _targets(results.healing)
    print(f"{results.folder}: {simulation.step} steps in {results.seconds:.1f} s, {simulation.backend.description}")


def _answer(title: str, entries: Mapping[str, Entry], simulation: Simulation) -> None:
    rows = [(key, f"{entry.value:.4g}", entry.unit, entry.meaning) for key, entry in entries.items()]
    table(f"{title} after {duration(simulation.time)}", ("", "value", "unit", "meaning"), rows)


def _targets(healing: Outcome) -> None:
    """Values against the bands that hold for this kind of run."""
    if not healing.verdicts:
        return
    assert healing.kind is not None
    rows = [
        (one.target.name, one.target.quantity, f"{one.value:.4g}", one.target.band, one.target.unit, one.word)
        for one in healing.verdicts
    ]
    title = f"against the targets for {runs()[healing.kind]}"
    table(title, ("", "quantity", "value", "band", "unit", "verdict"), rows)


@contextmanager
def progress(end: float, *, quiet: bool) -> Iterator[tuple[Callable[[Any], None], ...]]:
    """What looks on during a run: a bar on a terminal, the log on stderr elsewhere, nothing if `quiet`."""
    if quiet:
        yield ()
    elif sys.stderr.isatty():
        with _bar(end) as watcher:
            yield (watcher,)
    else:
        log, handler = logging.getLogger("mnrd"), logging.StreamHandler(sys.stderr)
        log.addHandler(handler)
        try:
            yield ()
        finally:
            log.removeHandler(handler)


@contextmanager
def _bar(end: float) -> Iterator[Callable[[Any], None]]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=end)

        def watch(simulation: Any) -> None:
            text = f"{duration(simulation.time)} of {duration(end)}, step {simulation.step}"
            bar.update(task, completed=min(simulation.time, end), description=text)

        yield watch
