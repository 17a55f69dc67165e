"""Several runs side by side: which they are, what they have in common, and their answers in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnrd.case.difference import differences
from mnrd.output.labels import duration
from mnrd.output.one_unit import answers_of, headers, in_one_unit, split
from mnrd.report.outcome import KEY, KEY_OF_HEALING
from mnrd.results.run import SAME, Run, open_run
from mnrd.results.snapshot import RunError

LEAST = 2
LONG = 24  # letters of a name on the page
ERROR = " relative error"
"""End of the name of a column that series.csv has for every field."""


@dataclass(frozen=True)
class Comparison:
    """Runs that can be compared.

    Parameters
    ----------
    runs : tuple of Run
        The others are compared with the first.
    names : tuple of str
        What they are called: their folders, as short as tells them apart.
    """

    runs: tuple[Run, ...]
    names: tuple[str, ...]

    def pair(self, number: int) -> Comparison:
        """The first run and another one."""
        return Comparison((self.runs[0], self.runs[number]), (self.names[0], self.names[number]))

    @property
    def times(self) -> tuple[float, ...]:
        """Times (s) of which all runs hold fields."""
        first, *others = (run.times for run in self.runs)
        return tuple(time for time in first if all(_among(time, times) for times in others))

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of what the field files of all runs hold; none where a run has no such files."""
        if not all(run.times for run in self.runs):
            return ()
        first, *others = (run.quantities for run in self.runs)
        return tuple(name for name in first if all(name in one for one in others))

    def answers(self) -> list[Answer]:
        """Every number of the answers; those that people ask for come first, in their order."""
        rows = in_one_unit([answers_of(run.summary, named=self._several_actives) for run in self.runs])
        found = [Answer(*split(header), tuple(row.get(header) for row in rows)) for header in headers(rows)]
        return sorted(found, key=lambda answer: answer.rank)

    @property
    def _several_actives(self) -> bool:
        return any(len(run.summary.get("answer") or {}) > 1 for run in self.runs)

    def settings(self) -> list[tuple[str, tuple[str, ...]]]:
        """Keys in which the cases differ, but for words, with the value of every run as it is written in its case."""
        first, *others = (run.case for run in self.runs)
        found = [{one.key: one for one in differences(first, other) if not _words(one.key)} for other in others]
        keys = dict.fromkeys(key for row in found for key in row)
        old = {key: next(row[key].old for row in found if key in row) for key in keys}
        return [(key, (old[key], *(row[key].new if key in row else old[key] for row in found))) for key in keys]


@dataclass(frozen=True)
class Answer:
    """One number of the answers of all runs.

    Parameters
    ----------
    name, unit : str
    values : tuple of float, str or None
        Of every run; text where there is no way into one unit, None where a run has none.
    """

    name: str
    unit: str
    values: tuple[float | str | None, ...]

    @property
    def rank(self) -> int:
        """Place among what people ask for first; behind all of them for anything else."""
        asked = (*KEY, *KEY_OF_HEALING)
        name = self.name.rpartition(": ")[2]
        return asked.index(name) if name in asked else len(asked)

    @property
    def asked(self) -> bool:
        """Whether people ask for it first."""
        return self.rank < len(KEY) + len(KEY_OF_HEALING)

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Of every other run to the first; None where one of the two is missing, no number, or zero is divided by."""
        first, *others = self.values
        if not isinstance(first, int | float) or first == 0.0:
            return (None,) * len(others)
        return tuple(value / first if isinstance(value, int | float) else None for value in others)


def compared(folders: Sequence[Path]) -> Comparison:
    """Open runs that are to be compared.

    Raises
    ------
    RunError
        For fewer than two folders, one that is named twice, one that is no run, runs that have no quantity in common,
        and a quantity that is in different units.
    """
    if len(folders) < LEAST:
        raise RunError(f"compare: got {len(folders)} run, must be at least {LEAST}; name the folders of the runs")
    places = [folder.resolve() for folder in folders]
    twice = next((folder for folder, place in zip(folders, places, strict=True) if places.count(place) > 1), None)
    if twice is not None:
        raise RunError(f"compare: got {twice} twice, must be different runs")
    found = Comparison(tuple(map(open_run, folders)), _names(folders, places))
    _check_units(found, [_columns(run) for run in found.runs])
    return found


def _names(folders: Sequence[Path], places: Sequence[Path]) -> tuple[str, ...]:
    """The last parts of the folders, cut where they are long; the folders as they were given if these are the same."""
    short = [place.name if len(place.name) <= LONG else f"{place.name[: LONG - 1]}…" for place in places]
    return tuple(short) if len(set(short)) == len(short) else tuple(map(str, folders))


def _words(key: str) -> bool:
    """Whether a key of a case says something to people only."""
    return key in ("title", "description") or ".sources." in key


def _columns(run: Run) -> dict[str, str]:
    """Unit of everything that series.csv has of the fields, by name."""
    columns = dict(map(split, run.table("series").columns))
    fields = tuple(name.removesuffix(ERROR) for name in columns if name.endswith(ERROR))
    return {name: unit for name, unit in columns.items() if name.startswith(tuple(f"{field} " for field in fields))}


def _check_units(found: Comparison, columns: Sequence[dict[str, str]]) -> None:
    first, *others = columns
    for run, other, name in zip(found.runs[1:], others, found.names[1:], strict=True):
        common = [quantity for quantity in first if quantity in other]
        if not common and not all(len(one.case.actives) == 1 for one in (found.runs[0], run)):
            raise RunError(f"compare: {found.names[0]} and {name} have no quantity in common, must have at least one")
        for quantity in common:
            if first[quantity] != other[quantity]:
                units = f"[{first[quantity]}] in {found.names[0]} and [{other[quantity]}] in {name}"
                raise RunError(f"compare: {quantity} is in {units}, must be in one unit: change model.fields in a case")


def _among(time: float, times: Sequence[float]) -> bool:
    return any(abs(time - other) <= SAME * max(abs(time), 1.0) for other in times)


def facts(run: Run) -> list[str]:
    """What a run was, for a table: folder, case, title, until when, on which backend, with which version."""
    summary = run.summary
    folder = run.folder.resolve().name
    until = duration(summary["time [s]"]) if "time [s]" in summary else "not ended"
    made = f"mnrd {summary['versions']['mnrd']}" if "versions" in summary else ""
    return [folder, run.name, run.case.title, until, str(summary.get("backend", "")).partition(" (")[0], made]
