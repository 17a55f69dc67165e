"""What a run would take, without running it: cells, memory, disk, and an estimate of steps and time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from mnrd.backends import choose
from mnrd.backends.base import Backend
from mnrd.case import Case
from mnrd.case.synergy import VARIANTS
from mnrd.cli import memory
from mnrd.cli.screen import table
from mnrd.cli.writers import field_times
from mnrd.output.checkpoint import KEPT
from mnrd.output.labels import duration
from mnrd.output.schedule import AtTimes, EverySteps
from mnrd.simulation import Observer, Simulation

COARSE = 2000  # cells of the copy whose steps are counted
TIMED = 100_000  # cells of the copy whose steps are timed
PATIENCE = 8.0  # s of wall time for each of the two

Clock = Callable[[], float]


@dataclass(frozen=True)
class Forecast:
    """What a run would take.

    Parameters
    ----------
    size : memory.Size
    need : memory.Need
    compared : dict of str to int
        Cells of the simulations that the case is compared with.
    disk : int
        Bytes that the files of the fields take before they are compressed, and the checkpoints.
    steps : int
    seconds : float
        Wall time.
    """

    size: memory.Size
    need: memory.Need
    compared: dict[str, int]
    disk: int
    steps: int
    seconds: float


def dry_run(case: Case, folder: Path) -> None:
    """Print what a run would take.

    Raises
    ------
    MemoryError
        After the table, if the run does not fit.
    """
    backend = choose(case.run.backend, case.run.precision)
    found = forecast(case, backend)
    shape = " x ".join(str(count) for count in case.full_mesh().shape[::-1])
    size, need = found.size, found.need
    device = backend.memory()
    rows = [
        ("backend", backend.description, ""),
        ("cells", f"{size.cells:,}", shape),
        ("fields", str(size.fields), f"{size.mobile} that move, {size.drifting} of them led by other fields"),
        *((f"cells, {name}", f"{cells:,}", "run after it, to compare with") for name, cells in found.compared.items()),
        ("memory of the host", _gigabytes(need.host), _free(memory.available())),
        ("memory of the device", *((_gigabytes(need.device), _free(device[0])) if device else ("none", ""))),
        (
            "disk, at most",
            _gigabytes(found.disk),
            f"{_free(_disk(folder))}; fields before compression, and checkpoints",
        ),
        ("steps", f"about {_rounded(found.steps)}", f"as on a copy of at most {COARSE} cells, or one column"),
        ("time", f"about {duration(found.seconds)}", f"from steps timed on a copy of at most {TIMED:,} cells"),
    ]
    table(f"{case.title or case.name}: what a run would take", ("", "value", ""), rows)
    memory.check(case, backend)


def forecast(case: Case, backend: Backend, clock: Clock = monotonic) -> Forecast:
    """Work out what a run would take; nothing as large as its fields is made."""
    size = memory.size_of(case, backend.real, backend.abreast)
    need = memory.need(size, device=backend.memory() is not None)
    compared = _compared(case)
    steps = _steps(case, backend, clock)
    each = _seconds_per_cell(case, backend, clock)
    seconds = steps * each * (size.cells + sum(compared.values()))
    return Forecast(size, need, compared, _bytes_on_disk(case, size), steps, seconds)


def _compared(case: Case) -> dict[str, int]:
    """Cells of the simulations that the case is compared with."""
    if case.output.compare == "intact":
        return {"intact": case.full_mesh(without_needles=True).cells}
    if case.output.compare == "synergy":
        return {
            name: case.full_mesh(without_needles=needles, without_actives=actives).cells
            for name, (needles, actives) in VARIANTS.items()
            if name != "both"
        }
    return {}


def _bytes_on_disk(case: Case, size: memory.Size) -> int:
    """Files of the fields before they are compressed, and the checkpoints: those kept and one being written."""
    files = len(field_times(case).times) if size.written else 0
    state = 2 * memory.DOUBLE * size.fields
    return round(size.cells * (files * size.written + (KEPT + 1) * state))


@dataclass
class Watch:
    """Observer of every step that ends a look ahead when it has taken long enough.

    Attributes
    ----------
    begun : float or None
        Wall time when the first step began.
    """

    clock: Clock
    schedule: EverySteps = field(default_factory=lambda: EverySteps(1))
    begun: float | None = None

    def observe(self, simulation: Simulation) -> None:
        """Look at the clock."""
        if self.begun is None:
            self.begun = self.clock()
        if self.clock() - self.begun > PATIENCE:
            raise _LongEnough


@dataclass
class Landings:
    """Observer that makes the loop land where that of the run does, and counts the steps in between."""

    schedule: AtTimes
    steps: list[int] = field(default_factory=list)

    def observe(self, simulation: Simulation) -> None:
        """Take note of the step."""
        self.steps.append(simulation.step)


class _LongEnough(Exception):
    """The look ahead has taken long enough."""


def _steps(case: Case, backend: Backend, clock: Clock) -> int:
    """Steps of a run on a coarse copy; where that takes long, as many up to each report as to the last two."""
    landings = Landings(AtTimes((*case.run.reports, *field_times(case).times)))
    simulation = _ahead(case, backend, COARSE, [landings, Watch(clock)])
    left = len(landings.schedule.times) - len(landings.steps)
    if simulation.time >= case.run.end:
        return simulation.step
    before = landings.steps[-2] if len(landings.steps) > 1 else 0
    return simulation.step + max(left, 1) * max(simulation.step - before, 1)


def _seconds_per_cell(case: Case, backend: Backend, clock: Clock) -> float:
    """Wall time of a step per cell, on a copy that is large enough to keep the machine busy."""
    watch = Watch(clock)
    simulation = _ahead(case, backend, TIMED, [Landings(AtTimes(case.run.reports)), watch])
    assert watch.begun is not None
    return (clock() - watch.begun) / max(simulation.step, 1) / simulation.problem.mesh.cells


def _ahead(case: Case, backend: Backend, cells: int, observers: Sequence[Observer]) -> Simulation:
    """A simulation on a coarse copy of the mesh, as far as it got."""
    problem, events = case.problem(cells=cells)
    section = case.run
    simulation = Simulation(
        problem, backend=backend, events=events, observers=observers, rtol=section.rtol, dt=section.dt,
        first_step=section.first_step, dt_max=section.dt_max,
    )  # fmt: skip
    with suppress(_LongEnough):
        simulation.run(section.end)
    return simulation


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.3g} GB"


def _free(count: int | None) -> str:
    return "" if count is None else f"{_gigabytes(count)} are free"


def _disk(folder: Path) -> int:
    """Free bytes where a folder is or will be."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _rounded(count: int) -> str:
    return f"{float(f'{count:.2g}'):,.0f}"
