"""Plans of sweeps: which cells there are, and what is said of a plan that cannot be used."""

import re
import sys
import tomllib

import numpy as np
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from mnrd.case import CaseError
from mnrd.sweep.axes import Axis, amount
from mnrd.sweep.folder import open_sweep, prepare
from mnrd.sweep.plan import bundled, check, load
from mnrd.sweep.running import share

LENGTHS = {"key": "needle.length", "values": ["0.5 mm", "1 mm"]}
DENSITIES = {"key": "array.density", "range": ["50 /cm^2", "200 /cm^2"], "count": 3}


def written(folder, *axes, **more):
    """Path of a sweep file."""
    path = folder / "a sweep.toml"
    path.write_text(tomli_w.dumps({"case": "healing-roller-15mm", "axes": list(axes), **more}))
    return path


def planned(folder, *axes, **more):
    return load(written(folder, *axes, **more))


def problems(folder, *axes, **more):
    """What is said of a sweep file that cannot be used."""
    with pytest.raises(CaseError) as error:
        check(planned(folder, *axes, **more))
    return error.value.problems


class TestAxes:
    def test_values_stand_as_they_were_written(self):
        assert Axis(**LENGTHS).column().rows == (("0.5 mm",), ("1 mm",))

    def test_a_range_is_spread_evenly_with_its_unit(self):
        assert [value for (value,) in Axis(**DENSITIES).column().rows] == ["50 /cm^2", "125 /cm^2", "200 /cm^2"]

    def test_or_by_its_logarithm(self):
        axis = Axis(**DENSITIES | {"scale": "log"})
        assert [value for (value,) in axis.column().rows] == ["50 /cm^2", "100 /cm^2", "200 /cm^2"]

    def test_numbers_without_unit_stay_numbers(self):
        assert Axis(key="healing.age", range=[20, 60], count=5).column().rows == ((20,), (30,), (40,), (50,), (60,))

    def test_keys_that_change_together(self):
        axis = Axis(key=["needle.length", "healing.age"], values=[["0.5 mm", 30], ["1 mm", 60]])
        assert axis.column() == (("needle.length", "healing.age"), (("0.5 mm", 30), ("1 mm", 60)))

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            ("1.5 mm", (1.5, "mm")),
            ("20 % w/v", (20.0, "% w/v")),
            ("-1e-3 cm/h", (-1e-3, "cm/h")),
            (".5", (0.5, "")),
            (3, (3.0, "")),
            (True, None),
            ("native", None),
            ([1], None),
        ],
    )
    def test_amounts(self, value, read):
        assert amount(value) == read

    @pytest.mark.parametrize(
        ("axis", "said"),
        [
            ({"key": "a"}, "axes[0]: values, range: give one of the two"),
            ({"key": "a", "values": [1], "range": [1, 2]}, "axes[0]: values, range: give one of the two"),
            ({"key": "", "values": [1]}, "axes[0].key: got none, name at least one key of the case"),
            ({"key": "a", "values": []}, "axes[0].values: got [], must have at least 1"),
            (
                {"key": "a", "values": [1], "count": 3},
                "axes[0]: count, scale: have no meaning with values, leave them out",
            ),
            ({"key": "a", "range": [1, 2], "count": 1}, "axes[0].count: got 1, must be >= 2"),
            (
                {"key": "a", "range": ["1 mm", "2 um"]},
                "axes[0].range: got mm and um, must be in one unit",
            ),
            ({"key": "a", "range": ["1 mm", 2]}, "axes[0].range: got mm and no unit, must be in one unit"),
            (
                {"key": "a", "range": ["wide", "2 mm"]},
                "axes[0].range: got wide, must be a number with a unit such as '0.5 mm'",
            ),
            (
                {"key": "a", "range": ["2 mm", "1 mm"]},
                "axes[0].range: got 2 mm to 1 mm, the first must be the lower one",
            ),
            (
                {"key": "a", "range": ["0 mm", "1 mm"], "scale": "log"},
                "axes[0].range: got 0 mm, must be > 0 for scale log",
            ),
            (
                {"key": ["a", "b"], "range": [1, 2]},
                "axes[0].range: must belong to one key, give values for several keys",
            ),
            (
                {"key": ["a", "b"], "values": [[1]]},
                "axes[0].values[0]: got [1], must be a list of 2 values, one for every key",
            ),
            ({"key": "a", "valeus": [1]}, "axes[0].valeus: unknown key, did you mean 'values'?"),
            ({"key": "a", "values": [1], "scale": "cube"}, "axes[0].scale: got cube, must be 'linear' or 'log'"),
        ],
    )
    def test_errors(self, tmp_path, axis, said):
        (line,) = problems(tmp_path, axis)[:1]
        assert line.startswith(said)
        assert line.endswith("(sweep a sweep.toml)")


class TestCells:
    def test_every_value_meets_every_other(self, tmp_path):
        cells = planned(tmp_path, LENGTHS, DENSITIES).cells
        assert [cell.number for cell in cells] == list(range(6))
        assert [tuple(cell.settings.values()) for cell in cells][:4] == [
            ("0.5 mm", "50 /cm^2"), ("0.5 mm", "125 /cm^2"), ("0.5 mm", "200 /cm^2"), ("1 mm", "50 /cm^2"),
        ]  # fmt: skip

    def test_names_are_safe_in_a_shell_and_differ(self, tmp_path):
        long = {"key": "title", "values": [f"{number}: $(rm) 'x' {'y' * 99}" for number in range(11)]}
        names = [cell.name for cell in planned(tmp_path, long).cells]
        assert all(re.fullmatch(r"[A-Za-z0-9.+-]{3,70}", name) for name in names)
        assert len(set(names)) == 11
        assert sorted(names) == names

    def test_what_is_set_holds_for_all_and_changes_single_keys(self, tmp_path):
        plan = planned(tmp_path, LENGTHS, set={"run": {"end": "28 day"}, "output": {"fields_at": []}})
        cases = check(plan)
        assert {case.run.end for case in cases.values()} == {28 * 86400.0}
        assert {case.run.every for case in cases.values()} == {86400.0}
        assert [case.needle.length for case in cases.values()] == [500.0, 1000.0]

    def test_settings_of_the_command_go_over_those_of_the_file(self, tmp_path):
        path = written(tmp_path, LENGTHS, set={"healing.age": 30})
        assert {case.healing.age for case in check(load(path, {"healing.age": 70})).values()} == {70.0}

    def test_the_base_case_may_be_a_file_beside_the_sweep_file_or_a_table(self, tmp_path):
        (tmp_path / "base.toml").write_text(
            "[mesh]\nsize = ['1 mm', '1 mm', '1 mm']\ncells = [4, 4, 4]\n[run]\nend = '1 h'\n"
        )
        axis = {"key": "run.rtol", "values": [0.1, 0.2]}
        from_file = planned(tmp_path, axis, case="base.toml")
        assert from_file == planned(tmp_path, axis, case=from_file.base)

    def test_keys_of_a_named_skin_can_vary(self, tmp_path):
        plan = planned(tmp_path, {"key": "skin.layers[1].thickness", "values": ["60 um", "80 um"]})
        assert [case.skin.layers[1].thickness for case in check(plan).values()] == [60.0, 80.0]

    def test_a_list_for_all_cells_of_which_each_changes_a_part(self, tmp_path):
        changed = {"set": {"events": [{"do": "reapply"}]}}
        axis = {"key": ["events[0].at", "events[0].strength"], "values": [["3 h", 1], ["8 h", 0.5]]}
        plan = planned(tmp_path, axis, **(changed | {"case": "dermaroller-vitamin-c"}))
        folder = prepare(plan, tmp_path / "out")
        assert plan.fixed == {"events": [{"do": "reapply"}]}
        stored = [tomllib.loads(folder.case(cell).read_text("utf-8"))["events"][0] for cell in plan.cells]
        assert [(one["at"], one["strength"]) for one in stored] == [("3 h", 1), ("8 h", 0.5)]


class TestLatinHypercube:
    AXES = (
        {"key": "array.density", "range": ["50 /cm^2", "200 /cm^2"], "scale": "log"},
        {"key": "healing.age", "range": [20, 80]},
    )

    def test_every_part_of_every_range_is_met_once(self, tmp_path):
        cells = planned(tmp_path, *self.AXES, samples=20, seed=3).cells
        density = [amount(cell.settings["array.density"]).number for cell in cells]
        ages = [cell.settings["healing.age"] for cell in cells]
        assert sorted(np.floor(20 * np.log(np.array(density) / 50.0) / np.log(4.0))) == list(range(20))
        assert sorted(np.floor((np.array(ages) - 20.0) / 3.0)) == list(range(20))

    def test_the_seed_decides(self, tmp_path):
        first, again, other = (planned(tmp_path, *self.AXES, samples=5, seed=seed) for seed in (1, 1, 2))
        assert first == again
        assert first != other

    def test_samples_are_crossed_with_the_other_axes(self, tmp_path):
        cells = planned(tmp_path, self.AXES[1], LENGTHS, samples=3).cells
        assert [cell.settings["needle.length"] for cell in cells] == ["0.5 mm"] * 3 + ["1 mm"] * 3
        assert cells[0].settings["healing.age"] == cells[3].settings["healing.age"]

    def test_a_sweep_that_has_begun_needs_no_scipy(self, tmp_path, monkeypatch):
        plan = planned(tmp_path, *self.AXES, samples=3)
        prepare(plan, tmp_path / "out")
        monkeypatch.setitem(sys.modules, "scipy.stats", None)
        assert open_sweep(tmp_path / "out").plan == plan
        with pytest.raises(CaseError, match=r"a Latin hypercube needs scipy: pip install 'mnrd\[sweep\]'"):
            planned(tmp_path, *self.AXES, samples=3)

    def test_samples_and_sampled_axes_belong_together(self, tmp_path):
        assert problems(tmp_path, self.AXES[1]) == (
            "axes: healing.age has a range and no count: give count, or samples for all (sweep a sweep.toml)",
        )
        assert problems(tmp_path, LENGTHS, samples=3) == (
            "samples: no axis is sampled: give one a range without count, or leave it out (sweep a sweep.toml)",
        )


class TestChecks:
    def test_a_problem_of_all_cells_is_said_once(self, tmp_path):
        (line,) = problems(tmp_path, {"key": "needle.lenght", "values": ["1 mm", "2 mm"]})
        assert line.startswith("every cell: needle.lenght: unknown key, did you mean 'length'?")

    def test_a_problem_of_some_names_the_first_of_them(self, tmp_path):
        (line,) = problems(tmp_path, LENGTHS, {"key": "healing.age", "values": [30, -5]})
        assert line == "cell 1 (needle.length = 0.5 mm, healing.age = -5) and 1 more: healing.age: got -5, must be >= 0"

    def test_needles_that_do_not_fit_are_found_before_anything_runs(self, tmp_path):
        (line,) = problems(tmp_path, {"key": "array.density", "values": ["200 /cm^2", "2e5 /cm^2"]})
        assert line == (
            "cell 1 (array.density = 2e5 /cm^2): array.pitch: got 22.3607 um, must be >= 100 um, the width of a needle"
        )

    def test_a_list_without_such_an_entry(self, tmp_path):
        (line,) = problems(tmp_path, {"key": "skin.layers[9].thickness", "values": ["60 um"]})
        assert line.startswith("cell 0: skin.layers[9].thickness: got [9], the list has ")

    def test_a_key_on_two_axes(self, tmp_path):
        assert problems(tmp_path, LENGTHS, LENGTHS) == (
            "axes: got needle.length 2 times, must be on one axis (sweep a sweep.toml)",
        )

    def test_too_many_cells(self, tmp_path):
        many = [{"key": f"k{number}", "range": [0, 1], "count": 1000} for number in range(3)]
        assert problems(tmp_path, *many) == (
            "axes: got 1000000000 cells, must be at most 100000; take fewer values (sweep a sweep.toml)",
        )

    def test_no_axes(self, tmp_path):
        (line,) = problems(tmp_path)
        assert line == "axes: got [], must have at least 1 (sweep a sweep.toml)"

    def test_no_such_sweep(self):
        with pytest.raises(CaseError, match=r"^there/is.toml: there is no such file$"):
            load("there/is.toml")
        with pytest.raises(CaseError, match="no bundled sweep of that name, did you mean 'lidocaine-pores'"):
            load("lidocain-pores")

    def test_no_such_base_case(self, tmp_path):
        (line,) = problems(tmp_path, LENGTHS, case="healing-roler-15mm")
        assert "did you mean 'healing-roller-15mm'?" in line


class TestBundled:
    @pytest.mark.parametrize("name", bundled())
    def test_all_cells_can_be_used(self, name):
        plan = load(name)
        assert plan.title
        assert plan.show
        assert len(check(plan)) == len(plan.cells) > 1


class TestFolder:
    def test_it_holds_the_plan_and_the_cases(self, tmp_path):
        plan = planned(tmp_path, LENGTHS)
        folder = prepare(plan, tmp_path / "out")
        assert {path.name for path in (tmp_path / "out").iterdir()} == {"cells", "sweep.toml"}
        assert load(tmp_path / "out" / "sweep.toml") == plan
        assert all(folder.case(cell).is_file() for cell in plan.cells)

    def test_the_same_plan_finds_it_again(self, tmp_path):
        plan = planned(tmp_path, LENGTHS)
        prepare(plan, tmp_path / "out")
        before = (tmp_path / "out" / "sweep.toml").stat().st_mtime_ns
        prepare(plan, tmp_path / "out")
        assert (tmp_path / "out" / "sweep.toml").stat().st_mtime_ns == before

    def test_another_plan_is_refused(self, tmp_path):
        prepare(planned(tmp_path, LENGTHS), tmp_path / "out")
        with pytest.raises(CaseError, match="holds another sweep, which differs in set, axes"):
            prepare(planned(tmp_path, DENSITIES, set={"healing.age": 30}), tmp_path / "out")

    def test_other_folders_are_left_alone(self, tmp_path):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "diary.txt").touch()
        with pytest.raises(FileExistsError, match=r"holds diary.txt already and is no sweep; name another folder"):
            prepare(planned(tmp_path, LENGTHS), tmp_path / "out")
        with pytest.raises(CaseError, match=r"is no folder of a sweep, it has no sweep.toml"):
            open_sweep(tmp_path / "out")

    def test_a_plan_that_cannot_be_used_leaves_nothing(self, tmp_path):
        with pytest.raises(CaseError):
            prepare(planned(tmp_path, {"key": "no.such", "values": [1]}), tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestShares:
    @given(cells=st.integers(1, 60), of=st.integers(1, 20), first=st.integers(0, 1))
    def test_every_cell_belongs_to_one_task_counted_from_0_or_1(self, cells, of, first):
        class Numbered:
            def __init__(self, number):
                self.number = number

        numbered = [Numbered(number) for number in range(cells)]
        shares = [cell.number for task in range(first, first + of) for cell in share(numbered, task, of)]
        assert sorted(shares) == list(range(cells))

    @pytest.mark.parametrize(("task", "of"), [(-1, 4), (5, 4), (0, 0), (30, 4)])
    def test_there_is_no_such_task(self, task, of):
        with pytest.raises(CaseError, match=rf"^--task: got {task} of {of}, must be 0 to .*number the tasks"):
            share([], task, of)
