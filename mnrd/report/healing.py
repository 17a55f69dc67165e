"""Plots of healing against time: growth factors, cells, matrix, vessels, closure, with their target bands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mnrd.output import courses_picture as drawn
from mnrd.output.course import DAY
from mnrd.output.labels import labelled, typeset
from mnrd.output.one_unit import split
from mnrd.output.targets import targets
from mnrd.report.plot import Band, Line, Plot
from mnrd.results.run import Run
from mnrd.results.table import Table

Array = NDArray[np.float64]
LEVEL = 0.03  # height of a bar that stands for a time or a level, as a part of the axis


def plots_of_healing(run: Run) -> Iterator[Plot]:
    """Plots of a run with healing; none without, and none of less than two moments.

    Raises
    ------
    RunError
        When healing.csv is not there.
    """
    if run.case.healing is not None:
        table = run.table("healing")
        if table.times.size > 1:
            yield from _Courses(run, table).plots()


class _Courses:
    """The plots of one table, over the region that the run is judged by."""

    def __init__(self, run: Run, table: Table) -> None:
        assert run.case.healing is not None
        self._table, self._columns = table, {split(heading)[0]: heading for heading in table.columns}
        self._kind = (run.summary.get("healing") or {}).get("targets of") or ""
        self._sessions = tuple(time for time, _ in run.case.healing.moves if time > 0.0)
        wound = run.case.healing.wound is not None and "collagen in hole" in self._columns
        self._region = "hole" if wound else "papillary dermis"
        self._scar = "hole" if wound else "treated dermis"

    def plots(self) -> Iterator[Plot]:
        """All for which there are columns."""
        for plot in (
            self._peaking("Growth factors", "concentration [ng/mL]", [one for one in drawn.SIGNALS if one[0] != "A"]),
            self._peaking("Alarmins", "alarmins", [one for one in drawn.SIGNALS if one[0] == "A"]),
            self._peaking("Cells", "density / reference", drawn.CELLS),
            self._collagen(), self._share(), self._vessels(),
            self._plot("Oxygen", "pO₂ [mmHg]", [self._line("O", "oxygen", drawn.SKY)]),
            self._closure(),
        ):  # fmt: skip
            if plot.lines:
                yield plot

    def _line(self, quantity: str, name: str, colour: str, *, region: str = "", factor: float = 1.0) -> Line | None:
        heading = self._columns.get(labelled(quantity, "", f"in {region or self._region}"))
        if heading is None:
            return None
        return Line(name, self._table.times, factor * self._table.numbers(heading), colour)

    def _plot(self, title: str, y: str, lines: Sequence[Line | None], bands: Sequence[Band] = ()) -> Plot:
        shown = tuple(line for line in lines if line is not None)
        note = f"Means over the {self._region}." + (" Shaded: targets." if bands else "")
        return Plot(title, typeset(y), shown, bands=tuple(bands), marks=self._sessions, note=note)

    def _peaking(self, title: str, y: str, quantities: Sequence[tuple[str, str, str]]) -> Plot:
        """Lines of which targets say when they peak: bars over the highest value."""
        lines = [self._line(*quantity) for quantity in quantities]
        top = max((float(np.nanmax(line.y)) for line in lines if line is not None), default=0.0) or 1.0
        bands, place = [], 1.02 * top
        for quantity, name, colour in quantities:
            target = targets().get(drawn.TIMES.get(self._kind, {}).get(quantity, ""))
            if target is not None:
                size = drawn.UNITS[target.unit]
                span = target.low * size, target.high * size
                bands.append(Band(span, (place, place + LEVEL * top), colour, f"peak of {name}"))
                place += 1.5 * LEVEL * top
        plot = self._plot(title, y, lines, bands)
        said = plot.note.replace("Shaded: targets.", "Bars: when the line of their colour is to peak.")
        return replace(plot, note=said)

    def _collagen(self) -> Plot:
        lines = [
            self._line("collagen gain", "collagen", drawn.BLUE), self._line("elastin gain", "elastin", drawn.ORANGE)
        ]  # fmt: skip
        bands = []
        for name, day in drawn.COLLAGEN.get(self._kind, {}).items():
            target = targets()[name]
            size, start = (1.0, 0.0) if target.unit == "%" else (100.0, -100.0)
            heights = size * target.low + start, size * target.high + start
            bands.append(Band((day / drawn.WIDTH * DAY, day * drawn.WIDTH * DAY), heights, drawn.BLUE))
        return self._plot("Collagen and elastin", "gain against rest [%]", lines, bands)

    def _share(self) -> Plot:
        collagen = self._line("collagen III share", "collagen III", drawn.GREEN, factor=100.0)
        name, place = f"in scar order, {self._scar}", self._scar
        lines = [collagen, self._line("scar index", name, drawn.RED, region=place, factor=100.0)]
        bands: list[Band] = []
        if collagen is not None:
            bands = self._boxes(drawn.SHARE.get(self._kind, {}), float(collagen.y[0]), drawn.GREEN)
        return self._plot("Collagen III, and scar order", "share of the collagen [%]", lines, bands)

    def _vessels(self) -> Plot:
        bands = self._boxes(drawn.VESSELS.get(self._kind, {}), 1.0, drawn.RED)
        lines = [self._line("vessels per baseline", "vessels", drawn.RED)]
        return self._plot("Vessels", "vessel density / baseline", lines, bands)

    def _boxes(self, wanted: dict[str, str | float], rest: float, colour: str) -> list[Band]:
        """Bands in parts of the value at rest."""
        found = []
        for name, when in wanted.items():
            first, last = drawn.days_of(when)
            heights = rest * targets()[name].low, rest * targets()[name].high
            found.append(Band((first * DAY, last * DAY), heights, colour))
        return found

    def _closure(self) -> Plot:
        lines = [
            self._line("closed", name, colour, region=f"hole {part}", factor=100.0)
            for part, name, colour in (
                ("epidermis", "viable epidermis", drawn.PURPLE),
                ("barrier", "barrier", drawn.BLUE),
            )
        ]
        bands = []
        for name, level in drawn.CLOSED.get(self._kind, {}).items():
            target = targets()[name]
            barrier = target.quantity.startswith("barrier")
            size, shift = (
                drawn.UNITS[target.unit],
                -1.5 if barrier else 1.5,
            )  # so that two at one height do not lie on top
            span = target.low * size, target.high * size
            bands.append(
                Band(span, (level + shift - 1.5, level + shift + 1.5), drawn.BLUE if barrier else drawn.PURPLE)
            )
        plot = self._plot("Closure of the hole", "closed [%]", lines, bands)
        return replace(plot, note="Shaded: targets." if bands else "")
