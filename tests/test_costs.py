"""No change makes mnrd cost more unnoticed: counts of iterations, launches, bytes and instructions, and of imports."""

import subprocess
import sys

import costs
import instructions
import pytest
from costs import COUNTED, INSTRUCTIONS, complaints, table

from mnrd.backends.base import BackendUnavailable


@pytest.mark.parametrize("section", COUNTED)
def test_a_count_is_as_before(section):
    try:
        got = COUNTED[section]()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    assert complaints(section, table()[section], got) == []


def test_so_are_the_instructions_of_kernels():
    if why := instructions.why_not():
        pytest.skip(why)
    stored = table()[INSTRUCTIONS]
    if instructions.compiler() not in stored:
        pytest.skip(f"counted for {', '.join(stored)}, this is {instructions.compiler()}: python tests/costs.py")
    assert complaints(INSTRUCTIONS, stored[instructions.compiler()], instructions.instructions()) == []


class TestTheTable:
    """What a changed count says."""

    def test_what_is_as_stored_is_not_mentioned(self):
        assert complaints("runs", {"a, steps": 31}, {"a, steps": 31}) == []

    def test_a_rise_is_named_with_both_counts(self):
        assert complaints("runs", {"a, steps": 1000}, {"a, steps": 1001}) == ["runs: a, steps rose from 1000 to 1001"]

    def test_so_is_one_from_nothing(self):
        got = complaints("steps on a GPU", {"allocations": 0}, {"allocations": 1})
        assert got == ["steps on a GPU: allocations rose from 0 to 1"]

    def test_a_fall_says_how_to_keep_it(self):
        assert complaints("runs", {"a, steps": 100}, {"a, steps": 96}) == [
            "runs: a, steps fell from 100 to 96: python tests/costs.py keeps it"
        ]
        assert complaints("runs", {"a, steps": 100}, {"a, steps": 98}) == []

    def test_instructions_may_differ_a_little(self):
        stored, section = {"double, relax": 1000}, INSTRUCTIONS
        assert complaints(section, stored, {"double, relax": 1019}) == []
        assert complaints(section, stored, {"double, relax": 1021}) == [
            "instructions: double, relax rose from 1000 to 1021"
        ]

    def test_what_is_new_or_gone_is_named(self):
        assert complaints("runs", {"a": 1}, {"b": 1}) == [
            "runs: a is in the table and was not counted: python tests/costs.py keeps it",
            "runs: b is not in the table: python tests/costs.py keeps it",
        ]

    def test_writing_it_keeps_the_counts_of_other_compilers(self, tmp_path, monkeypatch):
        other = {INSTRUCTIONS: {"(Other 1.0)": {"double, relax": 3.0}}}
        monkeypatch.setattr(costs, "table", lambda: other)
        monkeypatch.setattr(costs, "COUNTED", {"runs": lambda: {"a, steps": 31, "a, bytes": 12.5}})
        monkeypatch.setattr(costs, "compiler", lambda: "(This 2.0)")
        monkeypatch.setattr(costs, "instructions", lambda: {"double, relax": 2.0})
        costs.write(tmp_path / "table.toml")
        monkeypatch.undo()
        monkeypatch.setattr(costs, "TABLE", tmp_path / "table.toml")
        assert table() == {
            "runs": {"a, steps": 31, "a, bytes": 12.5},
            INSTRUCTIONS: {"(Other 1.0)": {"double, relax": 3.0}, "(This 2.0)": {"double, relax": 2.0}},
        }


class TestAProfile:
    """What callgrind writes."""

    TEXT = """
ob=(1) /lib/libgomp.so
fn=(7) GOMP_parallel
0 10
cob=(2) /cache/double/mnrd/kernels-1.so
cfi=(3) ???
cfn=(8) relax._omp_fn.0
calls=1 0
0 500
cob=(2)
cfn=(9) relax._omp_fn.1
calls=1 0
0 40
cob=(4) /cache/mixed/mnrd/kernels-2.so
cfi=(3)
cfn=(10) relax._omp_fn.0
calls=1 0
0 300
cob=(2)
cfn=(8)
calls=1 0
0 500
cob=(2)
cfn=(11) strlen
calls=1 0
0 7
"""

    def test_is_read_by_precision_and_kernel(self):
        assert instructions.parse(self.TEXT) == {"double, relax": 1040, "mixed, relax": 300}

    @pytest.mark.parametrize(
        ("machine", "compiler", "valgrind", "why"),
        [
            ("x86_64", "c++ (Debian) 12.2.0", "/usr/bin/valgrind", ""),
            ("x86_64", "c++ (Debian) 12.2.0", None, "no valgrind (apt install valgrind)"),
            ("aarch64", "c++ (Debian) 12.2.0", "/usr/bin/valgrind", "counted on x86_64, this is aarch64"),
            ("x86_64", "Debian clang version 14.0.6", "/usr/bin/valgrind", "this is clang version 14.0.6"),
        ],
    )
    def test_cannot_be_made_everywhere(self, machine, compiler, valgrind, why, monkeypatch):
        monkeypatch.setattr(instructions.platform, "machine", lambda: machine)
        monkeypatch.setattr(instructions.native, "compiler", lambda: ("/usr/bin/c++", compiler))
        monkeypatch.setattr(instructions.shutil, "which", lambda name: valgrind)
        assert instructions.why_not().endswith(why)
        assert bool(instructions.why_not()) == bool(why)

    def test_that_fails_says_why(self, monkeypatch):
        failed = subprocess.CompletedProcess((), 1, "", "valgrind: unrecognised instruction")
        monkeypatch.setattr(instructions.subprocess, "run", lambda *_, **__: failed)
        with pytest.raises(RuntimeError, match=r"^valgrind ended with 1: valgrind: unrecognised instruction$"):
            instructions.instructions()


ALWAYS_HEAVY = {
    "aiohttp", "cupy", "distributed", "imageio_ffmpeg", "matplotlib", "meshio", "pandas", "pyarrow", "pyvista",
    "trame", "vtkmodules",
}  # fmt: skip
NUMBERS = {"dask", "h5py", "numpy", "pint", "pydantic", "rich", "scipy", "sympy"}
BOX = """
title = "box"
mesh = { size = ["30 um", "30 um", "40 um"], cells = [3, 3, 4] }
model.fields.a = { diffusivity = "10 um^2/s", initial = "x*x/900" }
run = { end = "60 s", every = "20 s" }
"""
# Each prints the modules that are loaded when it has got so far; exit before anything else is loaded.
STARTS = {
    "import mnrd": ("import sys, mnrd; print(*sys.modules)", NUMBERS | {"typer"}),
    "mnrd --help": (
        "import sys, atexit; from mnrd.cli import main; atexit.register(lambda: print(*sys.modules));"
        "sys.argv = ['mnrd', '--help']; main()",
        NUMBERS - {"rich"},
    ),
    "the first step of a run": (
        "import os, sys; from mnrd.cli import main; from mnrd.solve.stepper import Stepper\n"
        "def begin(*_): print(*sys.modules, flush=True); os._exit(0)\n"
        "Stepper.begin = begin; sys.argv = ['mnrd', 'run', 'box.toml', '--out', 'out', '--quiet']; main()",
        set(),
    ),
}


@pytest.mark.parametrize("start", STARTS)
def test_a_start_loads_nothing_that_it_does_not_use(start, tmp_path):
    program, unused = STARTS[start]
    (tmp_path / "box.toml").write_text(BOX)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "mnrd" in loaded
    assert loaded & (ALWAYS_HEAVY | unused) == set()
