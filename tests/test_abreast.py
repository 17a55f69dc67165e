"""Fields side by side: whose turn it is, what becomes one launch, and that no bit of the result depends on it."""

import zlib
from collections import Counter
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import standin
from kernel_arguments import KERNELS, Arguments, upload
from standin import cupy, module
from test_cuda_runs import healing, permeation

from mnrd.backends import choose, graph
from mnrd.backends.abreast import layout, steps_of_sequences
from mnrd.backends.base import Parameter
from mnrd.backends.cuda import CudaBackend
from mnrd.backends.geometry import SMALL, Loop, on_chip
from mnrd.backends.host import HostArrays
from mnrd.backends.merging import Steps, gathered, merged
from mnrd.case import load
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.simulation import Simulation
from mnrd.solve import programs
from mnrd.solve.plan import Plan, level
from mnrd.solve.programs import Programs
from mnrd.solve.turns import turns

on_standin = cache(standin.backend)


class TestTurns:
    def test_of_healing(self):
        """Each field is after those whose new values it needs, and before none of them."""
        model = load("healing-roller-15mm").problem()[0].model
        names = [[model.names[index] for index in turn] for turn in turns(model, kinetics(model), 100)]
        assert names == [
            ["Pl", "W", "V"], ["P", "T", "A", "O", "B"], ["N", "J", "K"], ["M", "Q"], ["F"], ["Y"], ["C3"], ["C1"],
            ["E", "s"],
        ]  # fmt: skip

    @pytest.mark.parametrize("abreast", [1, 2, 3])
    def test_are_not_wider_than_said(self, abreast):
        model = load("healing-roller-15mm").problem()[0].model
        found = turns(model, kinetics(model), abreast)
        assert max(map(len, found)) == abreast
        assert sorted(index for turn in found for index in turn) == list(range(19))

    def test_a_channel_that_a_field_closes_is_waited_for(self):
        """Where that field comes before; the drug, which comes before it, takes what is predicted."""
        model = permeation().model
        drug, bound, closed = model.fields
        after = Model((closed, drug, bound), model.reactions, closings=model.closings)
        assert turns(model, kinetics(model), 9) == ((0, 2), (1,))
        assert turns(after, kinetics(after), 9) == ((0,), (1,), (2,))


class TestPlans:
    def test_of_one_method_have_one_budget(self):
        plans = {0: Plan("gradients", 2, 3), 1: Plan("lines", 0, 7), 2: Plan("gradients", 1, 5), 3: Plan()}
        found = level(plans)
        assert [found[key].budget for key in plans] == [5, 7, 5, 0]
        assert [found[key].depth for key in plans] == [2, 0, 1, 0]

    def test_programs_that_were_not_used_for_long_are_forgotten(self, monkeypatch):
        monkeypatch.setattr(programs, "MOST", 2)
        kept, made = Programs(choose("numpy")), []
        for key in ("a", "b", "a", "c", "a", "b"):
            kept.get(key, [lambda key=key: made.append(key)])
        assert made == ["a", "b", "c", "b"]


def works(text):
    return [SimpleNamespace(key=letter) for letter in text]


class TestMerging:
    @pytest.mark.parametrize(
        ("parts", "wanted"),
        [
            (["abc"], "a b c"),
            (["abc", "abc"], "aa bb cc"),
            (["abc", "bc"], "a bb cc"),
            (["rabcabcz", "sabcz", "tz"], "r s aa bb cc a b c t zzz"),
            (["ac", "bc"], "a b cc"),
            (["ab", "ba"], "a bb a"),
            (["", "a"], "a"),
            ([], ""),
        ],
    )
    def test_what_is_the_same_comes_together(self, parts, wanted):
        made = [[work.key for work in batch] for batch in merged([works(part) for part in parts])]
        assert " ".join("".join(batch) for batch in made) == wanted

    def test_each_part_keeps_its_order(self):
        rng = np.random.default_rng(1)
        parts = [works("".join(rng.choice(list("abcd"), size))) for size in (9, 0, 5, 13, 7)]
        batches = list(merged(parts))
        assert all(len({work.key for work in batch}) == 1 for batch in batches)
        for part in parts:
            mine = [work for batch in batches for work in batch if any(work is one for one in part)]
            assert [id(work) for work in mine] == [id(work) for work in part]

    def test_small_launches_that_follow_each_other_are_one(self):
        launches = works("aBCdEfGHI")
        made = gathered(launches, lambda launch: launch.key.isupper())
        assert [isinstance(work, Steps) for work in made] == [False, True, False, False, False, True]
        assert [work.key for work in made] == ["a", ("sequence", *"B"), "d", "E", "f", ("sequence", *"G")]


class TestText:
    def test_arguments_lie_as_in_a_struct_of_c(self):
        made = layout([Parameter("n", "int", False), Parameter("a", "real", True), Parameter("t", "double", False)])
        assert [made.fields[name][1] for name in made.names] == [0, 8, 16]
        assert made.itemsize == 24

    def test_steps_of_sequences_are_kernels(self):
        assert steps_of_sequences() <= set(KERNELS)
        assert {"relax", "judge", "prolong_add", "contact"} <= steps_of_sequences()

    @pytest.mark.parametrize(("threads", "wanted"), [(512, 35 * 11 * 8), (32, 32 * 11 * 8)])
    def test_columns_alone_have_numbers_on_the_chip(self, threads, wanted):
        loop = Loop("STRIP", lambda sizes: sizes["nx"] * sizes["ny"], True)
        assert on_chip(loop, {"nx": 5, "ny": 7, "nz": 11}, 8, threads) == wanted

    def test_as_many_fields_as_there_are_processors_for(self):
        assert [on_standin("double").abreast(columns) for columns in (1, 100, 768, 769)] == [768, 7, 1, 1]


@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize("kernel", KERNELS)
class TestKernels:
    """Every kernel does to the last bit what it does by itself, whichever way it is launched."""

    @staticmethod
    def assert_same_bits(kernel, precision, shape, monkeypatch):
        """`shape`: how many launches one after the other in each part."""
        cuda, made = on_standin(precision), []
        size = (7, 5, 11)
        for seed in range(sum(shape)):
            given = Arguments(kernel, size, cuda.real, True, zlib.crc32(f"{kernel}{seed}".encode())).make()
            made.append([upload(cuda, kernel, given) for _ in range(2)])
        launch = getattr(cuda.kernel, kernel)
        for alone, _ in made:
            launch(*alone)
        monkeypatch.setitem(module.order, "backward", 1)
        with cuda.record() as program:
            left = iter(made)
            for count in shape:
                program.beside()
                for _ in range(count):
                    launch(*next(left)[1])
        program.run()
        for pair in made:
            for parameter, *both in zip(KERNELS[kernel], *pair, strict=True):
                if parameter.pointer and parameter.name != "scratch":
                    np.testing.assert_array_equal(*map(cuda.host, both), err_msg=f"{kernel}: {parameter.name}")
        return [one.name for one, *_ in program.captured.captured]

    def test_for_several_fields(self, kernel, precision, monkeypatch):
        assert self.assert_same_bits(kernel, precision, (1, 1, 1), monkeypatch) == [f"{kernel}_abreast"]

    def test_one_after_the_other(self, kernel, precision, monkeypatch):
        wanted = ["sequence_abreast"] if kernel in steps_of_sequences() else [f"{kernel}_abreast"] * 2
        assert self.assert_same_bits(kernel, precision, (2, 2), monkeypatch) == wanted


def test_what_finds_no_room_on_the_chip_is_no_step(monkeypatch):
    cuda = on_standin("double")
    given = upload(cuda, "relax", Arguments("relax", (7, 5, 11), cuda.real, True, 1).make())
    monkeypatch.setattr(cuda._assembler, "room", 7 * 55 * 8 - 1)
    with cuda.record() as program:
        cuda.kernel.relax(*given)
        cuda.kernel.relax(*given)
    assert [one.name for one, *_ in program.captured.captured] == ["relax", "relax"]


def test_arguments_of_programs_lie_one_behind_the_other(monkeypatch):
    """In memory that is taken in chunks; one that is full stays as long as a program needs it."""
    monkeypatch.setattr(graph, "CHUNK", 200)
    cuda, programs = standin.backend(), []
    rows, nothing = cuda.array(np.arange(12.0).reshape(6, 2), np.float64), cuda.zeros(2, np.float64)
    cupy.reset()
    for first in (0, 2, 4):
        with cuda.record() as program:
            for row in (first, first + 1):
                program.beside()
                cuda.kernel.extend(2, nothing, rows[row], 2.0, 0.0, rows[row])
        programs.append(program)
    assert [program.tables.nbytes for program in programs] == [2 * 48] * 3
    assert cupy.counts.allocations == 2
    for program in programs:
        program.run()
    np.testing.assert_array_equal(cuda.host(rows), 2.0 * np.arange(12.0).reshape(6, 2))


def test_a_program_keeps_its_arrays_and_no_launches():
    """Of which a run has hundreds of thousands."""
    cuda = on_standin("double")
    given = [upload(cuda, "relax", Arguments("relax", (7, 5, 11), cuda.real, True, seed).make()) for seed in (1, 2)]
    with cuda.record() as program:
        for arguments in given:
            program.beside()
            cuda.kernel.relax(*arguments)
    assert program.parts == []
    arrays = {id(one) for arguments in given for one in arguments if isinstance(one, cupy.ndarray)}
    assert {id(one) for one in program.arrays} == arrays


def test_a_sequence_leaves_room_for_the_sums_of_its_block():
    """Which are in shared memory too: a device refuses more than there is for both."""
    assembler = on_standin("double")._assembler
    assert assembler.sequence.shared_size_bytes > 0
    assert assembler.room + assembler.sequence.shared_size_bytes == 227 * 1024


def bits(backend, problem, end, **options):
    """State, ledgers and steps of a run."""
    run = Simulation(problem, backend=backend, rtol=1e-2, **options).run(end)
    return run.backend.host(run.state.now), repr(run.accounts), (run.step, run.rejected, run.iterations)


def assert_same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1:] == other[1:]


RUNS = [(permeation, 600.0, {"first_step": 100.0}), (healing, 60.0, {})]


class TestRuns:
    @pytest.mark.parametrize("precision", ["double", "mixed"])
    @pytest.mark.parametrize(("problem", "end", "options"), RUNS)
    def test_on_a_host(self, problem, end, options, precision, monkeypatch):
        """Fields of a turn with work arrays of their own, and in the other order: nobody needs another."""
        native, get = choose("native", precision), Programs.get
        alone = bits(native, problem(), end, **options)
        monkeypatch.setattr(HostArrays, "abreast", lambda self, columns: 100)
        assert_same(bits(native, problem(), end, **options), alone)
        monkeypatch.setattr(Programs, "get", lambda self, key, parts: get(self, key, list(parts)[::-1]))
        assert_same(bits(native, problem(), end, **options), alone)

    @pytest.mark.parametrize(("problem", "end", "options"), RUNS)
    def test_on_a_device(self, problem, end, options, monkeypatch):
        """Merged, gathered, both and neither: the same bits from fewer launches."""
        cuda, found, launches = standin.backend("mixed", threads=64), [], Counter()
        for side_by_side, small in ((False, 0), (False, SMALL), (True, 0), (True, SMALL)):
            monkeypatch.setattr(graph, "SMALL", small)
            monkeypatch.setattr(CudaBackend, "abreast", lambda self, columns, many=side_by_side: 9 if many else 1)
            cupy.reset()
            found.append(bits(cuda, problem(), end, **options))
            launches[side_by_side, small] = cupy.counts.launches
        for other in found[1:]:
            assert_same(other, found[0])
        assert launches[True, SMALL] <= launches[False, SMALL] < 0.6 * launches[False, 0]
        assert launches[True, SMALL] < launches[True, 0] <= launches[False, 0]
