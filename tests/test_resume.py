"""Going on where a run stopped: what the command does with what it finds in the folder."""

import fcntl
import json
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mnrd.case import CaseError, from_document, load
from mnrd.case.difference import MAY_CHANGE, differences
from mnrd.case.document import parse
from mnrd.cli import app, resuming
from mnrd.cli.control import Control, Stopped
from mnrd.cli.session import run_case
from mnrd.output import checkpoint, directory
from mnrd.results.run import stored_case

BOX = """
title = "box"
mesh = { size = ["100 um", "50 um", "20 um"], cells = [10, 5, 2] }
model.fields.u = { unit = "mg/mL", initial = "1 + x/100", diffusivity = "1 um^2/s" }
model.transfers = [{ name = "loss", source = "u", rate = "1e-3" }]
run = { end = "100 s", every = "10 s", backend = "numpy" }
output = { fields_every = "30 s" }
"""
PERMEATION = """
title = "enhancement by needles"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 4 },
    { name = "viable epidermis", thickness = "80 um", smallest = "10 um", largest = "40 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "40 um", largest = "60 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
base = { kind = "sink" }
donor = {}
run = { end = "1 h", every = "10 min", backend = "numpy" }
output = { compare = "intact" }
"""
HEALING = """
title = "vitamin C and needles"
skin.layers = [
    { name = "stratum corneum", thickness = "15 um", cells = 2 },
    { name = "viable epidermis", thickness = "85 um", smallest = "12 um", largest = "30 um" },
    { name = "papillary dermis", thickness = "200 um", smallest = "30 um", largest = "80 um" },
    { name = "reticular dermis", thickness = "600 um", smallest = "80 um", largest = "300 um" },
]
needle = { shape = "cone", length = "0.5 mm", width = "0.25 mm" }
array = { pattern = "square", density = "200 /cm^2" }
channel = { shape = "cylinder", width = "0.1 mm", depth = "0.2 mm" }
filling = { contents = "clot" }
mesh = { smallest = "60 um", largest = "120 um", tip = "60 um" }
donor = { pH = 3.2 }
actives = [{ name = "ascorbic acid", concentration = "20 % w/v", effect = { acts = "vitamin C" } }]
healing = { age = 45.0 }
run = { end = "2 h", every = "1 h", rtol = 0.1 }
output = { compare = "synergy", fields = [] }
"""
VOLATILE = {"run.log", "summary.json", "report.html", ".lock"}  # they tell of times and of how the run was stopped


def mnrd_says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def box(tmp_path):
    """Path of a small case."""
    path = tmp_path / "box.toml"
    path.write_text(BOX)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Folder of the same run, not stopped."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "box.toml").write_text(BOX)
    assert mnrd_says("run", folder / "box.toml", "--out", folder / "out", "-q").exit_code == 0
    return folder / "out"


class Stopper:
    """Stands where the progress bar does, and asks to stop at a step of a simulation."""

    def __init__(self, control, name="", step=5):
        self.control, self.name, self.at = control, name, step

    def move(self, progress, simulation, remaining):
        if (progress.name, simulation.step) == (self.name, self.at):
            self.control.requests.receive(signal.SIGTERM)


def stopped(case, folder, name="", step=5):
    """Run until a step of one of its simulations."""
    control = Control()
    with pytest.raises(Stopped):
        run_case(case, folder, control=control, bar=Stopper(control, name, step))
    return checkpoint.latest(folder / "checkpoints" / (name or "case"))


def results(folder):
    """Contents of all files of a run that must be the same however it came about."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name not in VOLATILE]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths if path.suffix != ".h5"}


def answers(folder):
    """What summary.json says of results."""
    summary = json.loads((folder / "summary.json").read_text())
    same = ("reason", "exit code", "steps", "rejected", "solver iterations", "balance", "clipped", "answer", "healing")
    return {key: summary.get(key) for key in same}


class TestAuto:
    def test_a_new_run_starts_and_says_so(self, box, tmp_path):
        done = mnrd_says("run", box, "--out", tmp_path / "out")
        assert done.exit_code == 0
        assert "no checkpoint there, the run starts from the beginning" in done.stderr

    def test_the_same_command_goes_on(self, box, whole, tmp_path):
        out = tmp_path / "out"
        found = stopped(load(box), out)
        assert json.loads((out / "summary.json").read_text())["exit code"] == 75
        done = mnrd_says("run", box, "--out", out)
        assert done.exit_code == 0, done.stderr
        assert f"goes on from {found.path}: step 5" in done.stderr
        assert results(out) == results(whole)
        assert answers(out) == answers(whole)

    def test_resume_needs_no_case(self, box, whole, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out)
        assert mnrd_says("resume", out, "-q").exit_code == 0
        assert results(out) == results(whole)
        assert json.loads((out / "summary.json").read_text())["case"] == "box.toml"

    def test_stops_again_and_again(self, box, whole, tmp_path):
        out = tmp_path / "out"
        for step in range(0, 12, 3):
            assert stopped(load(box), out, step=step).step == step
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        assert results(out) == results(whole)

    def test_a_finished_run_is_left_alone(self, box, tmp_path):
        out = tmp_path / "out"
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        for command in (("run", box, "--out", out), ("resume", out)):
            done = mnrd_says(*command)
            assert done.exit_code == 0
            assert done.stdout == f"{out}: finished already; its results are there\n"
        assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
        with pytest.raises(FileExistsError, match="the run is finished already"):
            run_case(load(box), out)

    def test_a_run_that_was_killed_before_its_first_checkpoint_starts_anew(self, box, whole, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out)
        for path in out.rglob("step-*.h5"):
            path.unlink()
        (out / ".series.part.csv").write_text("half a li")
        done = mnrd_says("run", box, "--out", out)
        assert done.exit_code == 0
        assert "no checkpoint there" in done.stderr
        assert results(out) == results(whole)

    def test_a_run_that_was_killed_before_its_case_was_written(self, box, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / ".lock").touch()
        (tmp_path / "out" / ".case.part.toml").touch()
        assert mnrd_says("run", box, "--out", tmp_path / "out", "-q").exit_code == 0

    def test_files_of_something_else_are_left_alone(self, box, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "thesis.txt").write_text("chapter 1")
        for option in ("--overwrite", "--force", "-q"):
            done = mnrd_says("run", box, "--out", tmp_path / "out", option)
            assert done.exit_code == 5
            assert "holds thesis.txt already, must be new or empty" in done.stderr

    def test_no_good_checkpoint_is_no_new_start(self, box, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out)
        for path in out.rglob("step-*.h5"):
            path.write_bytes(b"nothing")
        rows = (out / "series.csv").read_bytes()
        done = mnrd_says("run", box, "--out", out)
        assert done.exit_code == 5
        assert "no run can go on from it" in done.stderr
        assert (out / "series.csv").read_bytes() == rows
        assert mnrd_says("run", box, "--out", out, "-q", "--overwrite").exit_code == 0

    def test_a_damaged_checkpoint_falls_back_to_the_one_before(self, box, whole, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out, step=4)
        newest = stopped(load(box), out, step=7).path
        newest.write_bytes(newest.read_bytes()[:-1])
        done = mnrd_says("run", box, "--out", out)
        assert done.exit_code == 0, done.stderr
        assert f"{newest}: no run can go on from it" in done.stderr
        assert "step-00000004.h5, which is older, is taken" in done.stderr
        assert results(out) == results(whole)


class TestOtherWays:
    def test_never_and_overwrite(self, box, tmp_path):
        out = tmp_path / "out"
        assert mnrd_says("run", box, "--out", out, "-q", "--resume", "never").exit_code == 0
        (out / "notes.txt").write_text("mine")
        before = (out / "summary.json").read_bytes()
        done = mnrd_says("run", box, "--out", out, "--resume", "never")
        assert done.exit_code == 5
        assert done.stderr.strip() == (
            f"{out}: holds a run already; go on with it (--resume auto), replace it (--overwrite) or name another "
            "folder (--out)"
        )
        assert (out / "summary.json").read_bytes() == before
        done = mnrd_says("run", box, "--out", out, "--overwrite", "--set", "run.end=20 s", "--set", "output={}")
        assert done.exit_code == 0
        assert "starts from the beginning" in done.stderr
        assert json.loads((out / "summary.json").read_text())["time [s]"] == 20.0
        assert (out / "notes.txt").read_text() == "mine"
        assert not (out / "fields" / "0001.vtr").exists()

    def test_a_path_is_a_checkpoint_or_a_run(self, box, whole, tmp_path):
        out = tmp_path / "out"
        older = stopped(load(box), out, step=4).path
        stopped(load(box), out, step=7)
        done = mnrd_says("run", box, "--resume", older)
        assert done.exit_code == 0, done.stderr
        assert f"goes on from {older}: step 4" in done.stderr
        assert results(out) == results(whole)
        stopped(load(box), tmp_path / "third", step=7)
        done = mnrd_says("run", box, "--resume", tmp_path / "third", "--out", tmp_path / "third")
        assert "step 7" in done.stderr
        assert results(tmp_path / "third") == results(whole)

    def test_paths_that_lead_nowhere(self, box, tmp_path):
        out = tmp_path / "out"
        found = stopped(load(box), out)

        def said(*arguments):
            done = mnrd_says("run", box, *arguments)
            assert done.exit_code == 2
            return done.stderr.strip()

        nothing = tmp_path / "nothing"
        assert said("--resume", nothing) == (
            f"--resume {nothing}: there is no such checkpoint or run directory; or say auto or never"
        )
        assert said("--resume", found.path, "--out", nothing) == (
            f"--resume {found.path}: goes on in {out}, so --out must be left out or be the same"
        )
        (tmp_path / "empty").mkdir()
        assert said("--resume", tmp_path / "empty") == (
            f"--resume {tmp_path / 'empty'}: holds no checkpoint; --resume auto starts from the beginning then"
        )

    def test_a_folder_without_a_run_cannot_be_resumed(self, tmp_path):
        done = mnrd_says("resume", tmp_path)
        assert done.exit_code == 2
        assert done.stderr.startswith(f"{tmp_path}: is no run directory: case.toml cannot be read (")

    def test_one_process_at_a_time(self, box, tmp_path):
        out = tmp_path / "out"
        found = stopped(load(box), out)
        with (out / ".lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = mnrd_says("run", box, "--out", out)
        assert done.exit_code == 5
        assert "is running in it; wait for it or name another folder" in done.stderr
        assert checkpoint.latest(out / "checkpoints" / "case") == found

    def test_killed_while_it_replaces_a_run(self, box, whole, tmp_path, monkeypatch):
        """A run that is half removed is not taken for a finished one."""
        out = tmp_path / "out"
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        monkeypatch.setattr(directory, "clear", lambda place: 1 / 0)
        assert isinstance(mnrd_says("run", box, "--out", out, "--overwrite").exception, ZeroDivisionError)
        monkeypatch.undo()
        done = mnrd_says("run", box, "--out", out)
        assert "starts from the beginning" in done.stderr
        assert results(out) == results(whole)


class TestAnotherCase:
    def test_keys_are_named_with_both_values(self, box, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out)
        before = results(out)
        settings = ("--set", "run.rtol=1e-3", "--set", "run.end=2 min", "--set", "model.fields.u.initial=2")
        for force in ((), ("--force",)):
            done = mnrd_says("run", box, "--out", out, *settings, *force)
            assert done.exit_code == 2
            assert done.stderr.splitlines() == [
                f"{out}: holds a run of another case; it differs in",
                "    model.fields.u.initial: 1 + x/100 -> 2",
                "    run.end: 100 s -> 2 min",
                "    run.rtol: 0.01 -> 0.001",
                "name another folder (--out) or replace the run (--overwrite)",
                f"only these may change in a run that is under way: {', '.join(MAY_CHANGE)}",
            ]
        assert results(out) == before

    def test_force_is_needed_and_enough_for_what_may_change(self, box, tmp_path):
        out = tmp_path / "out"
        stopped(load(box), out)
        changed = ("--set", "run.end=2 min", "--set", "title=longer", "--backend", "numpy")
        done = mnrd_says("resume", out, *changed[:4])
        assert done.exit_code == 2
        assert "go on with the new values by --force, name another folder (--out)" in done.stderr
        done = mnrd_says("run", box, "--out", out, *changed, "--force")
        assert done.exit_code == 0
        assert "goes on with another run.end: 100 s -> 2 min" in done.stderr
        assert load(out / "case.toml").run.end == 120.0
        times = [float(row.split(",")[0]) for row in (out / "series.csv").read_text().splitlines()[1:]]
        assert times == [10.0 * count for count in range(13)]

    def test_a_finished_run_is_prolonged(self, box, tmp_path):
        out = tmp_path / "out"
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        done = mnrd_says("resume", out, "--set", "run.end=150 s", "--force")
        assert done.exit_code == 0
        assert ": step " in done.stderr
        assert json.loads((out / "summary.json").read_text())["time [s]"] == 150.0
        assert mnrd_says("resume", out).stdout.endswith("finished already; its results are there\n")

    def test_a_finished_run_without_checkpoints_is_not_begun_anew(self, box, tmp_path):
        out = tmp_path / "out"
        assert mnrd_says("run", box, "--out", out, "-q").exit_code == 0
        for path in out.rglob("step-*.h5"):
            path.unlink()
        before = results(out)
        done = mnrd_says("resume", out, "--set", "run.end=150 s", "--force")
        assert done.exit_code == 5
        assert "holds a finished run without checkpoints, which cannot go on" in done.stderr
        assert results(out) == before

    def test_an_end_before_the_checkpoint_is_refused(self, box, tmp_path):
        out = tmp_path / "out"
        found = stopped(load(box), out, step=12)
        done = mnrd_says("resume", out, "--set", "run.end=10 s", "--set", "output={}", "--force")
        assert done.exit_code == 2
        assert done.stderr.splitlines()[-1] == (f"run.end: got 10 s, the run in {out} is at {found.time:g} s already")

    def test_a_case_that_was_changed_in_the_folder_is_seen(self, box, tmp_path):
        """The checkpoint knows the case it is of."""
        out = tmp_path / "out"
        stopped(load(box), out)
        text = (out / "case.toml").read_text()
        (out / "case.toml").write_text(text.replace('rate = "1e-3"', 'rate = "2e-3"'))
        done = mnrd_says("resume", out)
        assert done.exit_code == 2
        assert "    model.transfers[0].rate: 1e-3 -> 2e-3" in done.stderr

    def test_another_backend_or_version_is_said(self, box, tmp_path, monkeypatch):
        out = tmp_path / "out"
        stopped(load(box), out)
        monkeypatch.setattr("mnrd.__version__", "9.9")
        done = mnrd_says("resume", out)
        assert done.exit_code == 0
        assert "mnrd was 0.1.0 and is 9.9 from here" in done.stderr


class TestDifferences:
    def box(self, **settings):
        return from_document(
            parse(BOX, "box"), "box", {key.replace("__", "."): value for key, value in settings.items()}
        )

    def test_the_same_in_other_words_is_no_difference(self):
        assert differences(self.box(), self.box(run__end="1.6666666666666667 min")) == []
        assert differences(self.box(), self.box(mesh__size=["0.1 mm", "5e-5 m", "20 um"])) == []

    def test_what_is_left_out_counts_as_its_default(self):
        assert differences(self.box(), self.box(run__rtol=0.01)) == []

    def test_lists_and_tables_that_grow(self):
        old, new = self.box(), self.box(model__fields__v={"initial": 1.0}, run__at=["5 s", "6 s"])
        assert [str(one) for one in differences(old, new) if "run" in one.key] == [
            "run.at[0]: nothing -> 5 s", "run.at[1]: nothing -> 6 s",
        ]  # fmt: skip
        assert "model.fields.v.initial: nothing -> 1.0" in [str(one) for one in differences(old, new)]
        assert "run.at[1]: 6 s -> nothing" in [str(one) for one in differences(new, old)]

    @pytest.mark.parametrize("pattern", MAY_CHANGE)
    def test_what_may_change_is_a_key_of_a_case(self, pattern):
        schema = json.dumps(load("intact-testosterone").model_json_schema())
        assert all(f'"{part}"' in schema for part in pattern.split(".") if part != "*")

    def test_only_that_may_change(self):
        fixed = self.box(run__rtol=1e-3, run__dt="1 s", mesh__material="x", run__first_step="2 s", run__dt_max="1 s")
        free = self.box(title="b", run__end="3 h", run__precision="mixed", run__every="4 s", output__fields=["u"])
        assert [one.may_change for one in differences(self.box(), fixed)] == [False] * 5
        assert all(one.may_change for one in differences(self.box(), free))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(PERMEATION, ["", "intact"], id="intact"),
        pytest.param(HEALING, ["stimulus"], id="synergy", marks=pytest.mark.slow),
    ],
)
def test_a_run_of_several_simulations_goes_on_in_the_one_where_it_was_stopped(tmp_path, text, names):
    case, out, whole = from_document(parse(text, "skin"), "skin"), tmp_path / "out", tmp_path / "whole"
    run_case(case, whole)
    for name in names:
        assert stopped(case, out, name, step=3).step == 3
    run_case(case, out)
    assert results(out) == results(whole)
    assert answers(out) == answers(whole)
    left = [path.parent.name for path in out.rglob("step-*.h5")]
    assert {*filter(None, names), "case"} <= set(left)
    assert len(left) == len(set(left))  # the last checkpoint of each
    known = {*directory.OUTPUTS, "case.toml", "run.log", "checkpoints", ".lock"}
    assert {path.name for path in out.iterdir()} <= known  # so that --overwrite can clear it


def test_a_stored_case_that_is_no_case(tmp_path):
    (tmp_path / "case.toml").write_text("# x\nrun = { end = 5")
    with pytest.raises(CaseError, match="is no run directory: case"):
        stored_case(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"exit code": 75}', '{"exit code": null}'])
def test_only_a_run_that_ended_well_is_finished(tmp_path, text):
    assert not resuming.finished(tmp_path)
    (tmp_path / "summary.json").write_text(text)
    assert not resuming.finished(tmp_path)


def test_home_of_a_path(tmp_path):
    assert resuming.home("auto") is None
    assert resuming.home(str(tmp_path)) == tmp_path
    assert resuming.home("run1/checkpoints/case/step-00000003.h5") == Path("run1")
