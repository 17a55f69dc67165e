"""What each kernel takes of a GPU: registers of a thread, stack, spills, static shared memory of a block.

    python tests/kernel_resources.py

writes what the installed NVRTC makes of kernels/*.cu into tests/kernel_resources.toml, which every change is held
against. Figures of other releases of NVRTC stay there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nvrtc import compile_cuda, release

from mnrd.backends.abreast import abreast_source
from mnrd.backends.base import KERNEL_FILES
from mnrd.output.directory import write_text
from mnrd.resources import kernel_source

TABLE = Path(__file__).with_suffix(".toml")
ARCHITECTURES = ("sm_75", "sm_80", "sm_90")
REALS = ("float", "double")
MOST_REGISTERS = 128  # of a thread: two blocks of 256 threads are resident on every multiprocessor then
MOST_ABREAST = 168  # of one that serves several fields, whose grids are too small to fill a device anyway
HEAD = """\
# Registers of a thread and bytes of static shared memory of a block, per kernel: [registers, shared] for each
# architecture, first with float, then with double. No kernel has a stack or spills. Keyed by the release of NVRTC.
# Written by: python tests/kernel_resources.py
"""


@dataclass(frozen=True)
class Resources:
    """What the assembler says of one kernel; bytes but for the registers."""

    registers: int
    stack: int
    spilled: int
    shared: int


def parse(log: str) -> dict[str, Resources]:
    """Read the log of ``ptxas -v``, from NVRTC or from nvcc.

    Parameters
    ----------
    log : str

    Returns
    -------
    dict
        Kernel name -> its figures.
    """
    found = {}
    for name, text in re.findall(r"entry function '(\w+)'(.*?Used \d+ registers[^\n]*)", log, re.DOTALL):
        registers = re.search(r"Used (\d+) registers", text)
        shared = re.search(r"(\d+) bytes smem", text)
        stack, *spills = map(int, re.findall(r"(\d+) bytes (?:stack frame|spill stores|spill loads)", text))
        found[name] = Resources(int(registers[1]), stack, sum(spills), int(shared[1]) if shared else 0)
    return found


def assembled(source: str, arch: str, real: str) -> tuple[str, dict[str, Resources]]:
    """What NVRTC says of kernel text for one architecture and precision: its warnings, and the figures."""
    log = compile_cuda(source, arch, real, "--ptxas-options=-v")
    figures = re.compile(r"ptxas info|ptxas +\. +\d+ bytes stack frame|$")
    return "\n".join(line for line in log.splitlines() if not figures.match(line)), parse(log)


def measured(files: Sequence[str], arch: str, real: str) -> tuple[str, dict[str, Resources]]:
    """What NVRTC says of kernel files, as they are and for several fields side by side: warnings, and the figures."""
    source = kernel_source(*files)
    (warnings, found), (others, abreast) = (assembled(text, arch, real) for text in (source, abreast_source(source)))
    return warnings + others, found | abreast


def table() -> dict[str, dict[str, list[list[list[int]]]]]:
    """The stored figures: release -> kernel -> [registers, shared] of each precision and architecture."""
    return tomllib.loads(TABLE.read_text("utf-8")) if TABLE.is_file() else {}


def complaints(name: str, where: str, stored: list[int] | None, got: Resources) -> list[str]:
    """What is not as stored for one kernel, in words; a release without figures has bounds alone.

    Parameters
    ----------
    name, where : str
        The kernel; architecture and precision.
    stored : [registers, shared] or None
        None where there is no table for the compiler.
    got : Resources
    """
    found = []
    if got.stack or got.spilled:
        found.append(f"{name} ({where}): {got.stack} bytes of stack and {got.spilled} of spills, must be 0")
    if stored is None:
        most = MOST_ABREAST if name.endswith("_abreast") else MOST_REGISTERS
        if got.registers > most:
            found.append(f"{name} ({where}): {got.registers} registers, must be at most {most}")
        return found
    for what, old, new in zip(("registers", "shared bytes"), stored, (got.registers, got.shared), strict=True):
        if new > old:
            found.append(f"{name} ({where}): {what} rose from {old} to {new}")
        elif new < old:
            found.append(f"{name} ({where}): {what} fell from {old} to {new}: python tests/{TABLE.stem}.py keeps it")
    return found


def write(path: Path = TABLE) -> None:
    """Write the figures of the installed compiler beside those of others."""
    releases = table()
    each = {(real, arch): measured(KERNEL_FILES, arch, real)[1] for real in REALS for arch in ARCHITECTURES}
    kernels = sorted(each[REALS[0], ARCHITECTURES[0]])
    releases[release()] = {
        name: [[[each[real, arch][name].registers, each[real, arch][name].shared] for arch in ARCHITECTURES]
               for real in REALS]
        for name in kernels
    }  # fmt: skip
    lines = [HEAD]
    for number in sorted(releases):
        lines += [f'\n["{number}"] # {", ".join(ARCHITECTURES)}\n']
        lines += [f"{name} = {figures}\n" for name, figures in releases[number].items()]
    write_text(path, "".join(lines))


if __name__ == "__main__":
    write()
