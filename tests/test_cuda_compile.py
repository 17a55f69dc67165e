"""The kernels as CUDA text: they compile for every GPU that is supported, without a warning. No GPU is needed."""

import re
import shutil
import subprocess

import pytest
from nvrtc import compile_cuda, needs_nvrtc

from mnrd.backends.base import KERNEL_FILES, parse_kernels
from mnrd.model.codegen import kernel_source as reaction_kernels
from mnrd.model.field import Field, Taxis
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.resources import kernel_source

ARCHITECTURES = ("sm_75", "sm_80", "sm_90")


@pytest.fixture(scope="module")
def reactions():
    """Generated kernels with every kind of reaction, of parameter and of transport that depends on the fields."""
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
@pytest.mark.parametrize("real", ["float", "double"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("name", KERNEL_FILES)
def test_each_file_compiles_by_itself_without_a_warning(name, arch, real):
    assert compile_cuda(kernel_source(name), arch, real) == ""


@needs_nvrtc
@pytest.mark.parametrize("real", ["float", "double"])
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_generated_reactions_compile_without_a_warning(reactions, arch, real):
    assert compile_cuda(kernel_source() + reactions, arch, real) == ""


@needs_nvrtc
def test_compiler_messages_show_the_line_of_the_file():
    text = kernel_source("vectors.cu") + "real wrong = undeclared;\n"
    line = len(kernel_source("vectors.cu").partition('#line 1 "vectors.cu"\n')[2].splitlines()) + 1
    with pytest.raises(RuntimeError, match=rf"vectors\.cu\({line}\): error"):
        compile_cuda(text, "sm_75", "float")


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="no nvcc")
@pytest.mark.parametrize("real", ["float", "double"])
def test_nothing_lies_in_local_memory(tmp_path, real):
    """Arrays of a strip and whatever else a thread holds are in registers: no stack, no spills."""
    source = tmp_path / "kernels.cu"
    source.write_text(kernel_source(*KERNEL_FILES))
    command = ["nvcc", "-arch=sm_90", "-std=c++17", f"-DREAL={real}", "-cubin", "-Xptxas", "-v", "-o", "kernels.cubin"]
    answer = subprocess.run([*command, str(source)], cwd=tmp_path, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip(f"nvcc does not work here: {answer.stderr[:200]}")
    found = re.findall(r"entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill", answer.stderr, re.DOTALL)
    assert {name for name, _, _ in found} == set(parse_kernels(source.read_text()))
    assert [row for row in found if row[1:] != ("0", "0")] == []
