"""Instructions that each kernel of the native backend takes, counted by valgrind: one launch on a fixed grid."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kernel_arguments import KERNELS, Arguments, run

from mnrd.backends import choose, native
from mnrd.backends.base import BackendUnavailable

SIZE = (8, 24, 64)
"""Cells (z, y, x)."""

MACHINE = "x86-64-v3"
"""The processor that the kernels are compiled for: what valgrind knows, and the same on every machine."""

PRECISIONS = ("double", "mixed")


def compiler() -> str:
    """What the instructions depend on: maker and version of the C++ compiler.

    Raises
    ------
    BackendUnavailable
        If there is none.
    """
    return native.compiler()[1].partition(" ")[2]


def why_not() -> str:
    """Why instructions cannot be counted here; empty if they can."""
    try:
        version = compiler()
    except BackendUnavailable as error:
        return str(error)
    if platform.machine() != "x86_64":
        return f"instructions are counted on x86_64, this is {platform.machine()}"
    if "clang" in version:
        return f"loops are found by the names that GCC gives them, this is {version}"
    return "" if shutil.which("valgrind") else "no valgrind (apt install valgrind)"


def instructions() -> dict[str, float]:
    """Instructions of one launch of each kernel that walks over the grid, by precision.

    Raises
    ------
    RuntimeError
        When valgrind fails, with what it says.
    """
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "profile"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", sys.executable, __file__]
        answer = subprocess.run(
            command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
        )
        if answer.returncode or not profile.is_file():
            raise RuntimeError(f"valgrind ended with {answer.returncode}: {answer.stderr[-2000:]}")
        return dict(sorted(parse(profile.read_text("utf-8")).items()))


def parse(profile: str) -> dict[str, float]:
    """Read a profile of callgrind: the loops of kernels with all that they call.

    Parameters
    ----------
    profile : str
        In it an object or function has its name where it first occurs, and a number from then on.

    Returns
    -------
    dict
        "PRECISION, KERNEL" -> instructions.
    """
    names = {(kind, number): name for kind, number, name in re.findall(r"^c?(ob|fn)=\((\d+)\) (.+)$", profile, re.M)}
    call = r"^cob=\((\d+)\).*\n(?:cf[il]=.*\n)?cfn=\((\d+)\).*\ncalls=\d+ .*\n\S+ (\d+)$"
    found: dict[str, float] = {}
    for library, function, cost in re.findall(call, profile, re.M):
        kernel, loop, _ = names["fn", function].partition("._omp_fn")
        precision = Path(names["ob", library]).parts[-3:-2]
        if loop and kernel in KERNELS:
            what = f"{precision[0]}, {kernel}"
            found[what] = found.get(what, 0) + int(cost)
    return found


def launch_all() -> None:
    """Launch each kernel once in each precision, from a library whose folder is named after the precision."""
    native.FLAGS = tuple(f"-march={MACHINE}" if flag == "-march=native" else flag for flag in native.FLAGS)
    home, pairs = native.cache_folder(), tuple((count + 1) // 2 for count in SIZE[:0:-1])
    for precision in PRECISIONS:
        os.environ["MNRD_CACHE_DIR"] = str(home / precision)
        backend = choose("native", precision)
        for kernel in KERNELS:
            run(backend, kernel, Arguments(kernel, SIZE, backend.real, True, 1, pairs).make())


if __name__ == "__main__":
    launch_all()
