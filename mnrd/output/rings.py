"""rings.csv: every healing field by layer and by distance from the nearest channel axis or wound margin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnrd.output.healing import lives_in
from mnrd.output.labels import labelled
from mnrd.output.regions import Regions
from mnrd.output.schedule import Schedule
from mnrd.output.table import Table


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
        self._rings, self._table = rings, Table(directory / "rings.csv")

    def observe(self, simulation: Any) -> None:
        """Append the rows of one report; a field that does not live in a layer has no value there."""
        units = {field.name: field.unit for field in simulation.problem.model.fields}
        columns = {name: labelled(name, unit) for name, unit in units.items()}
        fields = {name: simulation.concentration(name) for name in units}
        for layer, rings in self._rings.items():
            for ring in rings.names:
                row: dict[str, object] = {"time [s]": float(simulation.time), "layer": layer, "distance [um]": ring}
                for name, column in columns.items():
                    row[column] = rings.mean(fields[name], ring) if lives_in(name, layer) else ""
                self._table.add(row)

    def memory(self) -> dict[str, Any]:
        """How much of the file is written, see `Table.memory`."""
        return self._table.memory()

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Go on from there, see `Table.recall`."""
        self._table.recall(memory)
