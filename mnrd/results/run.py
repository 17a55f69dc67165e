"""A run directory, read back: its case, its summary, its tables and its fields."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mnrd.case import Case
from mnrd.case.case import from_document
from mnrd.case.errors import CaseError
from mnrd.output import directory
from mnrd.output.labels import duration
from mnrd.results.quantity import GAIN, Quantity, quantities
from mnrd.results.snapshot import RunError, Snapshot, labels, pick
from mnrd.results.table import Table, read_table

SAME = 1e-6  # relative difference of two times that are the same


@dataclass(frozen=True)
class Run:
    """What is in a run directory; everything is read when it is asked for.

    Parameters
    ----------
    folder : Path
    case : Case
        With all its defaults, as it was run.
    """

    folder: Path
    case: Case

    @property
    def name(self) -> str:
        """Name of the case that was run."""
        return self.case.name

    @property
    def mirrored(self) -> bool:
        """Whether the mesh is a quarter of what is shown: mirrors at x = 0 and y = 0."""
        return self.case.mirrored

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What summary.json says; empty before the run has ended.

        Raises
        ------
        RunError
            When the file is damaged.
        """
        path = self.folder / directory.SUMMARY
        if not path.is_file():
            return {}
        try:
            return dict(json.loads(path.read_text("utf-8")))
        except (TypeError, ValueError) as error:
            raise RunError(f"{path}: cannot be read ({error})") from None

    @cached_property
    def files(self) -> tuple[tuple[float, Path], ...]:
        """Time (s) and file of the fields, in the order of time; none if the run wrote none."""
        path = self.folder / "fields.pvd"
        if not path.is_file():
            return ()
        try:
            entries = ElementTree.parse(path).getroot().iter("DataSet")
            return tuple((float(entry.attrib["timestep"]), self.folder / entry.attrib["file"]) for entry in entries)
        except (ElementTree.ParseError, LookupError, ValueError) as error:
            raise RunError(f"{path}: cannot be read ({error})") from None

    @property
    def times(self) -> tuple[float, ...]:
        """Times of the fields, s."""
        return tuple(time for time, _ in self.files)

    @cached_property
    def quantities(self) -> dict[str, Quantity]:
        """What the field files hold, by name.

        Raises
        ------
        RunError
            When there are no field files, or they cannot be read.
        """
        if not self.files:
            raise RunError(
                f"{self.folder}: holds no fields to draw; run the case with times for them: output.fields_at = ['1 h']"
            )
        return quantities(labels(self.files[-1][1]), self.case)

    def quantity(self, name: str) -> Quantity:
        """A quantity by its name, with blanks or underscores; RunError when there is none, with those that are."""
        return pick(self.quantities, name, self.folder)

    @property
    def default_quantity(self) -> Quantity:
        """The one that overview.png shows: what the case asks for, the first active, or the gain of collagen."""
        asked = self.case.output.picture
        if asked is None and self.case.healing is not None and not self.case.actives and GAIN in self.quantities:
            asked = GAIN
        return next(iter(self.quantities.values())) if asked is None else self.quantity(asked)

    def snapshot(self, time: float | None = None) -> Snapshot:
        """The fields at a time (s), or the last ones.

        Raises
        ------
        RunError
            When there are none at that time, with the times that there are.
        """
        known = self.quantities
        near = [(at, path) for at, path in self.files if time is None or abs(at - time) <= SAME * max(abs(time), 1.0)]
        if not near:
            assert time is not None
            there = ", ".join(duration(at) for at in self.times)
            raise RunError(f"{self.folder}: no fields at {duration(time)}, must be one of {there}")
        return Snapshot(near[-1][1], near[-1][0], known)

    def table(self, name: str) -> Table:
        """A table of the run: ``series``, ``layers``, ``healing`` or ``rings``; RunError when it is not there."""
        return read_table(self.folder / f"{name}.csv")


def open_run(folder: Path) -> Run:
    """Open a run directory.

    Raises
    ------
    RunError
        When it is none, with what is missing.
    """
    try:
        return Run(folder, stored_case(folder))
    except CaseError as error:
        raise RunError(str(error)) from None


def stored_case(folder: Path, changes: Mapping[str, Any] | None = None) -> Case:
    """The case of a run directory, under its first name, with changes to its keys.

    Raises
    ------
    CaseError
        When there is none or it cannot be read.
    """
    try:
        text = (folder / directory.CASE).read_text("utf-8")
        name = text.partition("\n")[0].removeprefix("#").strip()
        return from_document(tomllib.loads(text), name, changes, folder)
    except (OSError, ValueError) as error:
        if isinstance(error, CaseError):
            raise
        raise CaseError([f"{folder}: is no run directory: {directory.CASE} cannot be read ({error})"]) from None
