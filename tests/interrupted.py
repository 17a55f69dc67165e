"""Small runs that exercise all that a restart must keep, and the means to stop them and let them go on."""

from __future__ import annotations

from pathlib import Path

from mnrd.backends import choose
from mnrd.case import from_document
from mnrd.case.document import parse
from mnrd.cli.healing import Healing
from mnrd.output import checkpoint
from mnrd.output.history import History
from mnrd.output.schedule import AtTimes, EverySteps
from mnrd.output.tables import Layers, Series
from mnrd.output.vtk import FieldSeries
from mnrd.simulation import Simulation

PERMEATION = """
title = "a drying suspension, put on again, topped up, wiped off; channels that close; binding"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 3 },
    { name = "viable epidermis", thickness = "80 um", smallest = "5 um", largest = "30 um" },
    { name = "dermis", thickness = "200 um", smallest = "30 um", largest = "60 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "30 um", largest = "60 um" }
base = { kind = "receptor", depth = "1 mm" }
donor = { depth = "20 um", drying = { rate = "10 um/h", depth = "8 um" } }
closure = { half_life = "20 min" }
events = [
    { do = "reapply", at = "40 min", strength = 0.5 },
    { do = "reapply", at = "50 min", topped_up = true },
    { do = "wash off", at = "65 min" },
]

[[actives]]
name = "caffeine"
concentration = "30 mg/mL"
vehicle_solubility = "22 mg/mL"
evaporation = "1e-4 cm/h"
binding = { on = "2e-4 1/s", off = "1e-4 1/s", capacity = "3 mg/mL" }

[run]
end = "90 min"
every = "10 min"

[output]
fields_every = "15 min"
"""

HEALING = """
title = "two sessions with vitamin C in aged skin: taxis, channels that a field closes, a donor that is wiped off"
skin.layers = [
    { name = "stratum corneum", thickness = "15 um", cells = 2 },
    { name = "viable epidermis", thickness = "85 um", smallest = "12 um", largest = "20 um" },
    { name = "papillary dermis", thickness = "200 um", smallest = "20 um", largest = "50 um" },
    { name = "reticular dermis", thickness = "700 um", smallest = "50 um", largest = "150 um" },
]
needle = { shape = "cone", length = "0.5 mm", width = "0.25 mm" }
array = { pattern = "square", density = "200 /cm^2" }
channel = { shape = "cylinder", width = "0.1 mm", depth = "0.2 mm" }
filling = { contents = "clot" }
mesh = { smallest = "50 um", largest = "90 um", tip = "50 um" }
donor = { pH = 3.2 }
events = [{ do = "wash off", at = "90 min" }]

[[actives]]
name = "ascorbic acid"
concentration = "20 % w/v"
effect = { acts = "vitamin C" }

[healing]
age = 60.0
sessions = [{ at = "0 h" }, { at = "1 h", shift = ["0.3 mm", "0.3 mm"] }]

[run]
end = "2 h"
every = "20 min"
rtol = 0.1

[output]
fields_every = "40 min"
"""

SHRINKING = """
title = "channels that shrink: the skin is painted anew"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 3 },
    { name = "dermis", thickness = "100 um", cells = 9 },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "30 um", largest = "60 um" }
base = { kind = "sink" }
donor = {}
closure = { mode = "shrink" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
run = { end = "5 min", every = "1 min" }
output = { fields_every = "2 min" }
"""
CASES = {"permeation": PERMEATION, "healing": HEALING, "shrinking": SHRINKING}


class Trace:
    """Last observer: at the start, at each event, behind the first one and at the end it notes all that there is.

    Then it also writes a checkpoint, into a folder of its own. Two steps behind an event are implicit Euler, the ninth
    is SDIRK2.
    """

    def __init__(self, place: Path, end: float, observers) -> None:
        self.schedule, self._place, self._end, self._observers = EverySteps(1), place, end, observers
        self.seen, self.landings, self._met = {}, [], 0

    def observe(self, simulation: Simulation) -> None:
        if simulation.step and len(simulation.met) > self._met:
            self.landings.append(simulation.step)
        self._met = len(simulation.met)
        behind = [simulation.step - landing for landing in (0, *self.landings)]
        if 0 in behind or behind[1:] in ([2], [9]) or simulation.time == self._end:
            folder = self._place / "checkpoints" / str(simulation.step)
            checkpoint.write(folder, simulation, self._observers, {"case": "text"})
            self.seen[simulation.step] = (fields_and_numbers(simulation), files(self._place))


def case_of(name: str):
    return from_document(parse(CASES[name], name), name)


def made(name: str, place: Path, backend="numpy", precision="double", traced=False):
    """A new simulation of a case with all observers that keep something, and those observers.

    With `traced` the last one of the simulation's observers is a `Trace`.
    """
    case = case_of(name)
    problem, events = case.problem()
    times = AtTimes(case.run.reports)
    place.mkdir(exist_ok=True)
    every = AtTimes(tuple(n * case.output.fields_every for n in range(20)))
    observers = [History(times), Series(place, times), Layers(place, times), FieldSeries(place, every)]
    if case.healing is not None:
        healing = Healing(case)
        observers += [healing.courses(problem, place), *healing.rings(problem, place)]
    trace = [Trace(place, case.run.end, observers)] if traced else []
    simulation = Simulation(
        problem, events=events, observers=[*observers, *trace], backend=choose(backend, precision), rtol=case.run.rtol
    )
    return simulation, observers


def fields_and_numbers(simulation):
    """Everything that the next step depends on, as plain values and bytes, and the mass balances."""
    numbers, arrays = simulation.snapshot()
    ledgers = [simulation.ledger(name) for name in simulation.problem.model.names]
    return numbers, {name: simulation.backend.host(values).tobytes() for name, values in arrays.items()}, ledgers


def files(place: Path) -> dict[str, bytes]:
    """Contents of all files of a run, by name, checkpoints left out."""
    found = {path.relative_to(place): path for path in sorted(place.rglob("*")) if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if name.parts[0] != "checkpoints"}
