"""rings.csv: every healing field by layer and by distance from the nearest channel axis or wound margin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnrd.output.healing import lives_in
from mnrd.output.labels import labelled
from mnrd.output.regions import Regions
from mnrd.output.schedule import Schedule
from mnrd.output.tables import Table


class Rings:
    """Observer that writes ``rings.csv``: one row per report, layer and ring, one column per field.

    Parameters
    ----------
    rings : mapping of layer to Regions
        Of `mnrd.output.regions.ring_regions`.
    directory : Path
        The run directory.
    schedule : Schedule
    """

    def __init__(self, rings: Mapping[str, Regions], directory: Path, schedule: Schedule) -> None:
        self.schedule = schedule
        self._rings, self._path = rings, directory / "rings.csv"
        self._table: Table | None = None

    def observe(self, simulation: Any) -> None:
        """Append the rows of one report; a field that does not live in a layer has no value there."""
        units = {field.name: field.unit for field in simulation.problem.model.fields}
        columns = {name: labelled(name, unit) for name, unit in units.items()}
        if self._table is None:
            self._table = Table(self._path, ("time [s]", "layer", "distance [um]", *columns.values()))
        fields = {name: simulation.concentration(name) for name in units}
        for layer, rings in self._rings.items():
            for ring in rings.names:
                row = {"time [s]": float(simulation.time), "layer": layer, "distance [um]": ring}
                means = {
                    column: rings.mean(fields[name], ring) for name, column in columns.items() if lives_in(name, layer)
                }
                self._table.add(row | means)
