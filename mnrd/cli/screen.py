"""Tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from mnrd.output.labels import duration
from mnrd.output.targets import runs

if TYPE_CHECKING:
    from mnrd.cli.healing import Outcome
    from mnrd.cli.session import Results
    from mnrd.output.answer import Entry


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
    end, steps = duration(results.figures["time [s]"]), results.figures["steps"]
    for name, entries in results.answers.items():
        _answer(f"{results.titles[name]} after {end}", entries)
    if results.healing is not None:
        _answer(f"healing after {end}", results.healing.answer)
        _targets(results.healing)
    print(f"{results.folder}: {steps} steps in {results.wall:.1f} s, {results.backend}")


def _answer(title: str, entries: Mapping[str, Entry]) -> None:
    rows = [(key, f"{entry.value:.4g}", entry.unit, entry.meaning) for key, entry in entries.items()]
    table(title, ("", "value", "unit", "meaning"), rows)


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
