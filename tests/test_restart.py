"""A run that goes on from a checkpoint ends with the same bits, in memory and in files, as one that was not stopped.

Every restart happens in a copy of the folder of the finished run, so that all files are ahead of the checkpoint.
"""

import csv
import shutil
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from interrupted import CASES, case_of, fields_and_numbers, files, made
from systems import box, problem_of

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable
from mnrd.model.field import Field, Reservoir
from mnrd.output import checkpoint
from mnrd.output.checkpoint import CheckpointError
from mnrd.output.schedule import EverySteps
from mnrd.simulation import Simulation

VARIANTS = [
    *((case, backend, "double") for case in ("permeation", "shrinking") for backend in ("numpy", "native")),
    *(("permeation", backend, "mixed") for backend in ("numpy", "native")),
    ("healing", "native", "double"),
    ("healing", "numpy", "mixed"),
    pytest.param(("permeation", "cuda", "double"), marks=pytest.mark.gpu),
    pytest.param(("healing", "cuda", "mixed"), marks=pytest.mark.gpu),
]


def name_of(variant):
    """Case, backend and precision in one word."""
    return "-".join(variant)


def copy(run, place):
    """Copy all that a run wrote but its checkpoints."""
    shutil.copytree(run.place, place, ignore=shutil.ignore_patterns("checkpoints"))


def resumed(run, step, place):
    """A new simulation that went on from a step of a finished run to the end, in a copy of its folder."""
    copy(run, place)
    simulation, observers = made(run.name, place, run.backend, run.precision)
    found = checkpoint.latest(run.place / "checkpoints" / str(step))
    found.restore(simulation, observers)
    assert (simulation.step, simulation.time) == (found.step, found.time)
    assert found.step == step
    return simulation, observers


def steps(simulation, count):
    """Let a simulation take some steps; what it is then."""
    simulation.observers.append(StopAfter(simulation.step + count))
    with pytest.raises(Enough):
        simulation.run(np.inf)
    simulation.observers.pop()
    return fields_and_numbers(simulation)


class Enough(Exception):
    """Enough steps were taken."""


class StopAfter:
    """Observer that ends a run after some step."""

    def __init__(self, step):
        self.schedule, self.step = EverySteps(1), step

    def observe(self, simulation):
        if simulation.step == self.step:
            raise Enough


class Finished:
    """A run that was never stopped."""

    def __init__(self, place: Path, name: str, backend: str, precision: str) -> None:
        self.place, self.name, self.backend, self.precision = place, name, backend, precision
        self.simulation, self.observers = made(name, place, backend, precision, traced=True)
        self.simulation.run(case_of(name).run.end)
        self.trace, self.end = self.simulation.observers[-1], self.simulation.step


@pytest.fixture(scope="module", params=VARIANTS, ids=name_of)
def run(request, tmp_path_factory):
    """A finished run of each case, backend and precision; skipped where the backend cannot run."""
    try:
        choose(request.param[1])
    except BackendUnavailable as error:
        pytest.skip(str(error))
    return Finished(tmp_path_factory.mktemp("run") / "out", *request.param)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A finished run of one case on one backend, for what holds for all."""
    return Finished(tmp_path_factory.mktemp("plain") / "out", "permeation", "numpy", "double")


def test_the_same_bits_after_a_restart_at_any_step(run, tmp_path):
    """From each checkpoint to the next, the last of which is the end."""
    assert run.trace.landings, "no event in the run"
    for start, stop in pairwise(run.trace.seen):
        simulation, observers = resumed(run, start, tmp_path / str(start))
        steps(simulation, stop - start)
        numbers, written = run.trace.seen[stop]
        assert fields_and_numbers(simulation) == numbers, f"other numbers at step {stop} after a restart at {start}"
        assert files(tmp_path / str(start)) == written, f"other files at step {stop} after a restart at {start}"
    kept = dict(checkpoint._keeping(observers))
    for name, observer in checkpoint._keeping(run.observers):
        np.testing.assert_equal(kept[name].memory(), observer.memory())


class TestOneRun:
    """What holds for any case and backend, shown with one."""

    def test_checkpoints_change_nothing(self, plain, tmp_path):
        simulation, _ = made("permeation", tmp_path)
        simulation.run(case_of("permeation").run.end)
        assert fields_and_numbers(simulation) == fields_and_numbers(plain.simulation)
        assert files(tmp_path) == files(plain.place)

    def test_ten_steps_are_five_and_five(self, tmp_path):
        """The plainest form of it, with the simulation alone."""
        case = case_of("permeation")
        problem, events = case.problem()
        whole, first, second = (Simulation(problem, events=events, backend="numpy") for _ in range(3))
        assert steps(whole, 10) == steps(first, 10)
        first = Simulation(problem, events=events, backend="numpy")
        steps(first, 5)
        second.restore(*first.snapshot())
        assert fields_and_numbers(second) == fields_and_numbers(first)
        assert steps(second, 5) == fields_and_numbers(whole)

    def test_a_donor_that_sets_the_pace(self):
        """The error of its content, which is estimated from how it changed in the step before, limits each step."""
        donor = Reservoir(activity=10.0, capacity=2.0, transfer=0.1)
        field = Field("c", diffusivity=100.0, top=donor)
        problem = problem_of(box((20.0, 20.0), (1, 1), np.linspace(0.0, 500.0, 4)), {"skin": 0.0}, field)
        whole, first, second = (Simulation(problem, backend="numpy") for _ in range(3))
        steps(first, 12)
        second.restore(*first.snapshot())
        assert steps(second, 6) == steps(whole, 18)

    def test_files_are_cut_back_to_the_checkpoint(self, plain, tmp_path):
        simulation, _ = resumed(plain, plain.trace.landings[0], tmp_path / "out")
        with (tmp_path / "out" / "series.csv").open() as file:
            times = [float(row["time [s]"]) for row in csv.DictReader(file)]
        assert times == [600.0 * n for n in range(5)]
        assert times[-1] == simulation.time
        collection = ElementTree.parse(tmp_path / "out" / "fields.pvd").iter("DataSet")
        assert [float(entry.get("timestep")) for entry in collection] == [0.0, 900.0, 1800.0]
        assert sorted(path.name for path in (tmp_path / "out" / "fields").iterdir()) == [
            f"{n:04d}.vtr" for n in range(3)
        ]

    def test_no_time_is_lost_and_none_doubled(self, plain, tmp_path):
        simulation, observers = resumed(plain, plain.trace.landings[1], tmp_path / "out")
        simulation.run(case_of("permeation").run.end)
        with (tmp_path / "out" / "layers.csv").open() as file:
            rows = [(row["time [s]"], row["field"], row["layer"]) for row in csv.DictReader(file)]
        assert len(rows) == len(set(rows)) == 10 * 2 * 4
        assert observers[0].records["caffeine"].times == [600.0 * n for n in range(10)]

    def test_a_finished_run_stays_as_it_is(self, plain, tmp_path):
        simulation, _ = resumed(plain, plain.end, tmp_path / "out")
        simulation.run(case_of("permeation").run.end)
        assert files(tmp_path / "out") == files(plain.place)

    def test_another_end_goes_on(self, plain, tmp_path):
        simulation, _ = resumed(plain, plain.end, tmp_path / "out")
        simulation.run(6000.0)
        assert simulation.time == 6000.0
        assert simulation.step > plain.end
        assert simulation.ledger("caffeine").relative_error < 1e-12

    def test_another_backend_goes_on_within_the_tolerance(self, plain, tmp_path):
        copy(plain, tmp_path / "out")
        simulation, observers = made("permeation", tmp_path / "out", "native", "mixed")
        checkpoint.latest(plain.place / "checkpoints" / str(plain.trace.landings[0])).restore(simulation, observers)
        simulation.run(case_of("permeation").run.end)
        wanted = plain.simulation.concentration("caffeine")
        np.testing.assert_allclose(simulation.concentration("caffeine"), wanted, rtol=1e-2, atol=1e-3 * wanted.max())

    def test_an_observer_that_is_new_starts_anew_and_one_that_is_gone_is_forgotten(self, plain, tmp_path):
        copy(plain, tmp_path / "out")
        simulation, observers = made("permeation", tmp_path / "out")
        history, series, _, fields = observers
        del simulation.observers[2]  # Layers
        found = checkpoint.latest(plain.place / "checkpoints" / str(plain.trace.landings[0]))
        found.restore(simulation, [history, series, fields])
        assert files(tmp_path / "out")["layers.csv"] == files(plain.place)["layers.csv"]
        simulation, observers = made("permeation", tmp_path / "out")
        checkpoint.write(tmp_path / "other", simulation, [observers[0]], {})
        simulation, observers = made("permeation", tmp_path / "out")
        checkpoint.latest(tmp_path / "other").restore(simulation, observers)
        assert files(tmp_path / "out") == {}


class TestRefusals:
    """What does not fit together is refused by name, and nothing is changed."""

    def restore(self, plain, simulation, observers=()):
        checkpoint.latest(plain.place / "checkpoints" / str(plain.trace.landings[0])).restore(simulation, observers)

    def test_other_fields(self, plain, tmp_path):
        simulation, _ = made("healing", tmp_path)
        with pytest.raises(CheckpointError, match=r"step-\d+\.h5: .* fields of the problem: got \['ascorbic_acid'"):
            self.restore(plain, simulation)
        assert simulation.step == 0

    def test_another_mesh(self, plain, tmp_path, monkeypatch):
        monkeypatch.setitem(CASES, "permeation", CASES["permeation"].replace('"300 um" }', '"310 um" }'))
        simulation, _ = made("permeation", tmp_path)
        with pytest.raises(CheckpointError, match=r"mesh of the problem: got .*, must be "):
            self.restore(plain, simulation)

    def test_other_events(self, plain, tmp_path, monkeypatch):
        monkeypatch.setitem(CASES, "permeation", CASES["permeation"].replace("40 min", "41 min"))
        simulation, _ = made("permeation", tmp_path)
        with pytest.raises(
            CheckpointError, match=r"events until 2400 s: got \[\[2460.0, 'reapply'\]\], must be \[\[2400.0"
        ):
            self.restore(plain, simulation)

    def test_a_simulation_that_has_begun(self, plain, tmp_path):
        simulation, _ = made("permeation", tmp_path)
        simulation.run(1.0)
        with pytest.raises(CheckpointError, match=r"the simulation has begun \(t = 1 s\), it must be a new one"):
            self.restore(plain, simulation)

    def test_a_table_that_lost_rows(self, plain, tmp_path):
        copy(plain, tmp_path / "out")
        path = tmp_path / "out" / "series.csv"
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(
            CheckpointError, match=r"series.csv: got 100 bytes, must be at least \d+: rows of it are lost"
        ):
            self.restore(plain, *made("permeation", tmp_path / "out"))

    def test_a_table_that_was_changed(self, plain, tmp_path):
        copy(plain, tmp_path / "out")
        path = tmp_path / "out" / "layers.csv"
        path.write_bytes(b"x" + path.read_bytes())
        with pytest.raises(CheckpointError, match=r"layers.csv: byte \d+ must end a line: it was changed"):
            self.restore(plain, *made("permeation", tmp_path / "out"))

    def test_a_file_of_fields_that_is_gone(self, plain, tmp_path):
        copy(plain, tmp_path / "out")
        (tmp_path / "out" / "fields" / "0001.vtr").unlink()
        with pytest.raises(CheckpointError, match=r"0001\.vtr: is gone, must be there"):
            self.restore(plain, *made("permeation", tmp_path / "out"))
