"""The kernels as CUDA text: they compile for every GPU that is supported, without a warning. No GPU is needed."""

import shutil
import subprocess
from functools import cache

import kernel_resources
import pytest
from kernel_resources import ARCHITECTURES, REALS, Resources, assembled, complaints, measured, parse, table
from nvrtc import compile_cuda, compiled, needs_nvrtc, release

from mnrd.backends.abreast import abreast_source
from mnrd.backends.base import KERNEL_FILES, parse_kernels
from mnrd.case import load
from mnrd.model.codegen import kernel_source as reaction_kernels
from mnrd.model.field import Field, Taxis
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.resources import kernel_source

SOURCE = kernel_source(*KERNEL_FILES)


@cache
def generated(name):
    """Generated kernels: of every kind of reaction, of parameter and of transport, or of the healing model."""
    if name == "healing":
        return reaction_kernels(kinetics(load("healing-roller-15mm").problem()[0].model))
    moving = Field("cells", diffusivity=1.0, taxis=Taxis(2.0, "log(1 + level/km)"), mobility="supply*level + kon")
    model = Model(
        (*(Field(name) for name in ("prodrug", "drug", "bound", "metabolite")), moving),
        (
            Transfer("metabolism", "prodrug", "vmax/(km + prodrug)*supply", {"drug": 0.8}),
            Exchange("binding", "drug", "bound", "kon*Max(1 - bound/sites, 0)", "koff"),
            Transfer("conversion", "drug", "1e-3*exp(-t/3600)", {"metabolite": 1.0}),
            Reaction("growth", {"metabolite": "r*metabolite*(1 - metabolite) + tanh(drug) - sqrt(metabolite)"}),
        ),
        {"vmax": 2.0, "km": 0.3, "kon": {"a": 1.0, "b": 0.1}, "koff": 0.2, "sites": 1.5, "r": 0.1, "supply": "1 + t"},
        definitions={"level": "drug + bound**2"},
    )
    return reaction_kernels(kinetics(model))


@needs_nvrtc
@pytest.mark.parametrize("name", KERNEL_FILES)
def test_each_file_compiles_by_itself_without_a_warning(name):
    assert compile_cuda(kernel_source(name), "sm_90", "float") == ""


@needs_nvrtc
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize(("name", "arch"), [*(("every kind", arch) for arch in ARCHITECTURES), ("healing", "sm_90")])
def test_generated_kernels_compile_without_a_warning_and_stay_in_registers(name, arch, real):
    warnings, found = assembled(kernel_source() + generated(name), arch, real)
    assert warnings == ""
    assert set(found) == set(parse_kernels(generated(name)))
    assert [name for name, got in found.items() if got.stack or got.spilled] == []


@needs_nvrtc
def test_compiler_messages_show_the_line_of_the_file():
    text = kernel_source("vectors.cu") + "real wrong = undeclared;\n"
    line = len(kernel_source("vectors.cu").partition('#line 1 "vectors.cu"\n')[2].splitlines()) + 1
    with pytest.raises(RuntimeError, match=rf"vectors\.cu\({line}\): error"):
        compile_cuda(text, "sm_75", "float")


@needs_nvrtc
def test_a_warning_is_not_lost_among_the_figures():
    text = kernel_source() + "KERNEL odd(double *a) { int unused; a[0] = 1; }"
    warnings, found = assembled(text, "sm_90", "float")
    assert "unused" in warnings
    assert set(found) == {"odd"}


@needs_nvrtc
@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_all_compile_without_a_warning_and_take_no_more_of_a_gpu_than_before(arch, real):
    (warnings, found), stored = measured(KERNEL_FILES, arch, real), table().get(release())
    assert warnings == ""
    names = set(parse_kernels(SOURCE))
    assert set(found) == names | {f"{name}_abreast" for name in (*names, "sequence")}
    if stored is not None:
        assert set(stored) == set(found), "write the table anew: python tests/kernel_resources.py"
    position = REALS.index(real), ARCHITECTURES.index(arch)
    each = {name: None if stored is None else stored[name][position[0]][position[1]] for name in found}
    assert [text for name, got in found.items() for text in complaints(name, f"{arch}, {real}", each[name], got)] == []


@needs_nvrtc
@pytest.mark.parametrize("real", REALS)
def test_a_sequence_never_reads_past_what_it_has_written(real):
    """Loads through the path for constants (ld.global.nc) would not see what an earlier step of the block wrote."""
    _, ptx = compiled(abreast_source(SOURCE), "compute_90", real)
    body = ptx.partition(".entry sequence_abreast(")[2].partition(".entry")[0]
    assert "ld.global.f" in body
    assert "ld.global.nc" not in body


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc")
@pytest.mark.parametrize("real", REALS)
def test_nvcc_keeps_everything_in_registers_too(tmp_path, real):
    """The compiler of the toolkit, often of another release than NVRTC."""
    source = tmp_path / "kernels.cu"
    source.write_text(SOURCE)
    command = ["nvcc", "-arch=sm_90", "-std=c++17", f"-DREAL={real}", "-cubin", "-Xptxas", "-v", "-o", "kernels.cubin"]
    answer = subprocess.run([*command, str(source)], cwd=tmp_path, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"nvcc does not work here: {answer.stderr[:200]}")
    found = parse(answer.stderr)
    assert set(found) == set(parse_kernels(SOURCE))
    assert [text for name, got in found.items() for text in complaints(name, f"nvcc, {real}", None, got)] == []


class TestTheTable:
    """What a changed figure says."""

    LOG = """
ptxas info    : Compiling entry function 'relax' for 'sm_90'
ptxas info    : Function properties for relax
ptxas         .     8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 2048 bytes smem, 400 bytes cmem[0]
ptxas info    : Compiling entry function 'turn' for 'sm_90'
ptxas info    : Function properties for turn
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 32 registers, used 0 barriers
"""

    def test_logs_of_both_compilers_are_read(self):
        assert parse(self.LOG) == {"relax": Resources(40, 8, 16, 2048), "turn": Resources(32, 0, 0, 0)}

    def test_what_is_as_stored_is_not_mentioned(self):
        assert complaints("turn", "sm_90, float", [32, 0], Resources(32, 0, 0, 0)) == []

    def test_more_registers_are_named_with_both_figures(self):
        assert complaints("turn", "sm_90, float", [32, 0], Resources(40, 0, 0, 0)) == [
            "turn (sm_90, float): registers rose from 32 to 40"
        ]

    def test_fewer_say_how_to_keep_them(self):
        assert complaints("turn", "sm_90, float", [32, 64], Resources(32, 0, 0, 0)) == [
            "turn (sm_90, float): shared bytes fell from 64 to 0: python tests/kernel_resources.py keeps it"
        ]

    def test_stack_and_spills_are_never_allowed(self):
        assert complaints("turn", "sm_90, float", [32, 0], Resources(32, 8, 4, 0)) == [
            "turn (sm_90, float): 8 bytes of stack and 4 of spills, must be 0"
        ]

    def test_another_compiler_has_a_bound(self):
        assert complaints("turn", "sm_90, float", None, Resources(128, 0, 0, 0)) == []
        assert complaints("turn", "sm_90, float", None, Resources(129, 0, 0, 0)) == [
            "turn (sm_90, float): 129 registers, must be at most 128"
        ]

    @needs_nvrtc
    def test_writing_it_keeps_the_figures_of_other_releases(self, tmp_path, monkeypatch):
        other = {"1.0": {"turn": [[[1, 0]] * 3, [[2, 0]] * 3]}}
        monkeypatch.setattr(kernel_resources, "table", lambda: dict(other))
        monkeypatch.setattr(kernel_resources, "KERNEL_FILES", ("vectors.cu",))
        kernel_resources.write(tmp_path / "table.toml")
        monkeypatch.undo()
        monkeypatch.setattr(kernel_resources, "TABLE", tmp_path / "table.toml")
        written = table()
        assert written["1.0"] == other["1.0"]
        names = set(parse_kernels(kernel_source("vectors.cu")))
        assert set(written[release()]) == names | {f"{name}_abreast" for name in (*names, "sequence")}
