"""Which observers write files during a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnrd.case import Case
from mnrd.case.sections import multiples
from mnrd.cli.healing import Healing, collagen_gain
from mnrd.output.picture import PictureError, overview
from mnrd.output.schedule import AtTimes
from mnrd.output.tables import Layers, Series
from mnrd.output.vtk import FieldSeries
from mnrd.simulation import Observer, Simulation
from mnrd.skin.healing.declaration import EQUATIONS

log = logging.getLogger("mnrd")

GAIN, HOLE = "collagen gain [%]", "hole fraction"


@dataclass
class Picture:
    """Observer that draws overview.png once; without a picture a run is still good."""

    case: Case
    path: Path
    schedule: AtTimes
    healing: Healing | None = None

    def observe(self, simulation: Simulation) -> None:
        """Draw the field that is asked for: by default the first active, or the gain of collagen without actives."""
        model, asked = simulation.problem.model, self.case.output.picture
        alone = self.healing is not None and not self.case.actives
        if asked is None and alone:
            shown, name, unit = np.maximum(collagen_gain(simulation), 0.0), "collagen gain", "%"
        else:
            one = model.fields[0 if asked is None else model.index(asked)]
            shown, unit = simulation.concentration(one.name), one.unit
            name = one.meaning if one.name in EQUATIONS else one.name
        depth = self.healing.depth if self.healing is not None and alone else None
        try:
            overview(
                simulation.problem.mesh, simulation.problem.painting, shown, self.path, name=name, unit=unit,
                time=simulation.time, mirrored=self.case.mirrored, depth=depth,
            )  # fmt: skip
        except PictureError as error:
            log.warning("%s", error)


def writers(case: Case, place: Path, healing: Healing | None) -> Iterator[Observer]:
    """Everything that writes files during a run, but for what the healing part writes."""
    times, output = AtTimes(case.run.reports), case.output
    yield Series(place, times)
    yield Layers(place, times)
    if output.fields != ():
        derived = {} if healing is None else {GAIN: collagen_gain, HOLE: healing.hole}
        yield FieldSeries(place, field_times(case), fields=output.fields, derived=derived, single=not output.double)
    yield Picture(case, place / "overview.png", AtTimes((output.picture_at or case.run.end,)), healing)


def field_times(case: Case) -> AtTimes:
    """When a file of the fields is written; at the end if nothing is said."""
    output = case.output
    every = () if output.fields_every is None else multiples(output.fields_every, case.run.end)
    return AtTimes((*every, *output.fields_at) or (case.run.end,))
