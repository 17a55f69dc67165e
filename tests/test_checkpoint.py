"""The file of a checkpoint: it is whole and unchanged or refused, and an older one stands in for it."""

import errno
import logging
import os
import resource
import subprocess
import sys
from io import FileIO
from math import inf, nan
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from systems import box, problem_of

from mnrd.model.field import Field
from mnrd.output import checkpoint
from mnrd.output.checkpoint import CheckpointError
from mnrd.output.schedule import EverySteps
from mnrd.output.sink import Sink
from mnrd.output.table import Table
from mnrd.simulation import Simulation

PROBLEM = problem_of(
    box((20.0, 20.0), (3, 2), np.linspace(0.0, 50.0, 6)),
    {"skin": 0.0},
    Field("c", initial="exp(-z/10)", diffusivity=3.0),
)
ABOUT = {"case": 'title = "µm, \\" and\nlines"', "wall": 0.1 + 0.2, "seconds": {"solve": 1e-300, "b": inf, "a": 2}}


class Notebook:
    """Observer that keeps numbers and an array."""

    def __init__(self) -> None:
        self.schedule, self.kept = EverySteps(1), {"numbers": [], "array": np.empty(0)}

    def observe(self, simulation) -> None:
        self.kept["numbers"].append(simulation.time)
        self.kept["array"] = np.append(self.kept["array"], simulation.dt)

    def memory(self):
        return dict(self.kept)

    def recall(self, memory) -> None:
        self.kept = dict(memory)


def simulation_at(step: int, observers=()) -> Simulation:
    """A small simulation after some steps."""
    made = Simulation(PROBLEM, backend="numpy", observers=observers, dt=1.0)
    return made.run(float(step))


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A checkpoint that is good."""
    return checkpoint.write(tmp_path_factory.mktemp("good"), simulation_at(3), [], ABOUT)


class TestContent:
    def test_what_is_said_comes_back_with_each_bit_and_in_order(self, good):
        found = checkpoint.read(good)
        assert (found.path, found.time, found.step) == (good, 3.0, 3)
        assert found.about == ABOUT
        assert list(found.about["seconds"]) == ["solve", "b", "a"]
        assert good.name == "step-00000003.h5"

    def test_fields_are_arrays_that_anybody_can_read(self, good):
        simulation = simulation_at(3)
        with h5py.File(good) as file:
            assert file.attrs["schema"] == 1
            np.testing.assert_array_equal(file["state/now"][0], simulation.concentration("c"))
            assert file["state/slope"].dtype == np.float64
        line, *rest = good.read_bytes()[:512].split(b"\n")
        assert line.startswith(b"mnrd checkpoint; SHA-256 of all bytes from the 513th on: ")
        assert not any(rest)

    def test_memories_go_by_class_and_number(self, tmp_path):
        observers = [Notebook(), Notebook()]
        observers[1].kept["numbers"] = [nan]
        written = checkpoint.write(tmp_path, simulation_at(2, observers), observers, {})
        others = [Notebook(), Notebook()]
        checkpoint.read(written).restore(Simulation(PROBLEM, backend="numpy", dt=1.0), others)
        for one, other in zip(observers, others, strict=True):
            np.testing.assert_equal(other.kept, one.kept)
        assert others[0].kept["numbers"] == [0.0, 1.0, 2.0]

    def test_the_same_state_makes_the_same_file(self, good, tmp_path):
        assert checkpoint.write(tmp_path, simulation_at(3), [], ABOUT).read_bytes() == good.read_bytes()


class TestWhichStay:
    def test_the_last_two(self, tmp_path):
        for step in (1, 2, 3):
            checkpoint.write(tmp_path, simulation_at(step), [], {})
        assert names(tmp_path) == ["step-00000002.h5", "step-00000003.h5"]
        checkpoint.write(tmp_path, simulation_at(4), [], {}, keep=1)
        assert names(tmp_path) == ["step-00000004.h5"]

    def test_those_of_later_steps_go_when_a_run_went_on_from_before(self, tmp_path):
        for step in (8, 9, 5):
            checkpoint.write(tmp_path, simulation_at(step), [], {}, keep=3)
        assert names(tmp_path) == ["step-00000005.h5"]

    def test_one_of_the_same_step_is_replaced(self, tmp_path):
        for number in (1, 2):
            checkpoint.write(tmp_path, simulation_at(1), [], {"number": number})
        assert checkpoint.latest(tmp_path).about == {"number": 2}

    def test_order_is_that_of_steps_and_other_files_stay(self, tmp_path):
        simulation = simulation_at(1)
        for simulation.step in (99_999_999, 100_000_000):
            checkpoint.write(tmp_path, simulation, [], {})
        (tmp_path / "step-two.h5").touch()
        assert checkpoint.latest(tmp_path).step == 100_000_000
        assert (tmp_path / "step-two.h5").exists()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class TestDamage:
    def test_a_folder_without_checkpoints(self, tmp_path):
        assert checkpoint.latest(tmp_path) is None
        assert checkpoint.latest(tmp_path / "none") is None

    def test_the_one_before_a_damaged_one_is_taken_and_that_is_said(self, tmp_path, caplog):
        for step in (1, 2):
            path = checkpoint.write(tmp_path, simulation_at(step), [], {})
        path.write_bytes(path.read_bytes()[:-1])
        with caplog.at_level(logging.WARNING, "mnrd"):
            assert checkpoint.latest(tmp_path).step == 1
        assert caplog.messages == [
            f"{path}: no run can go on from it: it is not whole or was changed: its checksum is another; "
            "step-00000001.h5, which is older, is taken"
        ]

    def test_none_that_is_good_is_an_error_and_not_a_new_start(self, tmp_path):
        for step in (1, 2):
            checkpoint.write(tmp_path, simulation_at(step), [], {}).write_bytes(b"")
        with pytest.raises(CheckpointError) as caught:
            checkpoint.latest(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: no run can go on from it: step-00000002.h5 it does not begin as a checkpoint does; "
            "step-00000001.h5 it does not begin as a checkpoint does"
        )

    def test_reasons(self, good, tmp_path):
        for content, reason in {
            b"": "it does not begin as a checkpoint does",
            b"\x89HDF\r\n\x1a\n" * 100: "it does not begin as a checkpoint does",
            good.read_bytes()[:-8]: "it is not whole or was changed: its checksum is another",
            good.read_bytes() + b"\0": "it is not whole or was changed: its checksum is another",
        }.items():
            path = tmp_path / "step-00000001.h5"
            path.write_bytes(content)
            with pytest.raises(CheckpointError) as caught:
                checkpoint.read(path)
            assert (caught.value.path, caught.value.reason) == (path, reason)
        with pytest.raises(CheckpointError, match=r"none\.h5: no run can go on from it: No such file or directory"):
            checkpoint.read(tmp_path / "none.h5")
        with pytest.raises(CheckpointError, match="Is a directory"):
            checkpoint.read(tmp_path)

    def test_another_schema(self, tmp_path, monkeypatch):
        monkeypatch.setattr(checkpoint, "SCHEMA", 2)
        path = checkpoint.write(tmp_path, simulation_at(1), [], {})
        monkeypatch.setattr(checkpoint, "SCHEMA", 1)
        with pytest.raises(CheckpointError, match="it is of schema 2, must be 1"):
            checkpoint.read(path)

    @settings(max_examples=150, deadline=None)
    @given(data=some.data())
    def test_flipped_and_cut_bytes_are_always_found(self, good, tmp_path_factory, data):
        content = bytearray(good.read_bytes())
        for _ in range(data.draw(some.integers(1, 3), "flips")):
            place = data.draw(some.integers(0, len(content) - 1) | some.integers(0, 600), "place")
            content[place] ^= data.draw(some.integers(1, 255), "bits")
        start, stop = sorted(data.draw(some.tuples(*[some.integers(0, len(content))] * 2), "cut out"))
        content = data.draw(
            some.sampled_from([content, content[:stop], content[start:], content[:start] + content[stop:]])
        )
        if bytes(content) == good.read_bytes():  # two flips undid each other
            return
        path = tmp_path_factory.getbasetemp() / "step-00000009.h5"
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"step-00000009\.h5: no run can go on from it: "):
            checkpoint.read(path)

    @settings(max_examples=50, deadline=None)
    @given(some.binary(max_size=2000))
    def test_any_other_file_is_refused(self, tmp_path_factory, content):
        path = tmp_path_factory.getbasetemp() / "step-00000009.h5"
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            checkpoint.read(path)


def error_of(function, *arguments) -> OSError | None:
    """The error that a call raises, if it does."""
    try:
        function(*arguments)
    except OSError as error:
        return error
    return None


class TestFullDisk:
    """The error is an OSError with the name of the file, and what was there stays."""

    def test_at_any_write(self, tmp_path, monkeypatch):
        """The disk is full from some write on; HDF5 makes dozens of them."""
        before = checkpoint.write(tmp_path, simulation_at(1), [], ABOUT)
        simulation = simulation_at(2)

        class Disk(FileIO):
            room, writes = 0, 0

            def write(self, data):
                Disk.writes += 1
                if Disk.writes > Disk.room:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return super().write(data)

        class SinkOnDisk(Sink, Disk):
            """A sink whose `super` is the disk."""

        monkeypatch.setattr(checkpoint, "Sink", SinkOnDisk)
        for Disk.room in range(1000):
            Disk.writes = 0
            error = error_of(checkpoint.write, tmp_path, simulation, [], ABOUT)
            if error is None:
                break
            assert (error.errno, error.filename) == (errno.ENOSPC, str(tmp_path / "step-00000002.h5"))
            assert names(tmp_path) == [before.name]
        assert 10 < Disk.room < 1000
        assert checkpoint.latest(tmp_path).step == 2

    def test_of_the_system(self, tmp_path):
        """A limit of the system on the size of files, with HDF5 in another process that must end well after it."""
        program = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_checkpoint import ABOUT, checkpoint, simulation_at
folder = Path({str(tmp_path)!r})
size = checkpoint.write(folder, simulation_at(1), [], ABOUT).stat().st_size
for limit in range(0, size, size // 20):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        checkpoint.write(folder, simulation_at(2), [], ABOUT)
    except OSError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert checkpoint.latest(folder).step == 1
checkpoint.write(folder, simulation_at(2), [], ABOUT)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        lines = set(done.stdout.splitlines())
        assert lines == {f"[Errno {errno.EFBIG}] File too large: '{tmp_path / 'step-00000002.h5'}'"}
        assert done.stderr == ""
        assert checkpoint.latest(tmp_path).step == 2

    def test_of_a_table(self, tmp_path):
        """A row that does not fit leaves none of it."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        table = Table(tmp_path / "t.csv", ("a", "b"))
        table.add({"a": 1.0, "b": 2.0})
        resource.setrlimit(resource.RLIMIT_FSIZE, (12, hard))
        try:
            with pytest.raises(OSError, match=r"t\.csv"):
                table.add({"a": 3.0, "b": 123456.0})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (tmp_path / "t.csv").read_text() == "a,b\n1,2\n"
        table.add({"a": 3.0, "b": 4.0})
        assert (tmp_path / "t.csv").read_text() == "a,b\n1,2\n3,4\n"
