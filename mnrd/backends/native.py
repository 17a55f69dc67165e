"""The `native` backend: the kernels of ``kernels/*.cu`` compiled by the machine's C++ compiler with OpenMP."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from mnrd.backends import generated
from mnrd.backends.base import (
    KERNEL_FILES,
    BackendUnavailable,
    FieldReaction,
    Parameter,
    checked,
    parse_kernels,
)
from mnrd.backends.host import HostArrays
from mnrd.backends.recording import Recorder
from mnrd.resources import kernel_source

FLAGS = (
    "-x",
    "c++",
    "-std=c++17",
    "-O3",
    "-march=native",
    "-fopenmp",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-w",
)
STRIP = 2048
"""Bytes of a row of the columns walked together, at most; the same number stands in kernels/common.cuh."""

_SCALARS = {"int": ctypes.c_int, "index_t": ctypes.c_longlong, "double": ctypes.c_double}


class NativeBackend(HostArrays):
    """Kernels as host code. Arrays are numpy arrays.

    Parameters
    ----------
    precision : str
        ``double``, ``mixed`` (solver in float32, state in float64), or ``auto``: double.
    debug : bool
        Check count, type and contiguity of the arguments before each launch.

    Raises
    ------
    BackendUnavailable
        If there is no C++ compiler with OpenMP, with what to install.
    """

    name = "native"

    def __init__(self, precision: str = "auto", debug: bool = False) -> None:
        super().__init__(precision)
        self.types = {"real": self.real, "double": np.dtype(np.float64), "int": np.dtype(np.int32)}
        self.types |= {"unsigned char": np.dtype(np.uint8), "float": np.dtype(np.float32)}
        self.debug = debug
        source = kernel_source(*KERNEL_FILES)
        self.threads = 0
        self.kernel = SimpleNamespace(**self._load(source))
        self.description = f"native ({compiler()[1]}, OpenMP, {self.threads} threads)"

    def _load(self, source: str) -> dict[str, Callable[..., None]]:
        # Idle threads of libgomp spin by default, which on a busy machine costs a time slice at every loop: measured
        # 20 times slower with two other processes on two cores. Read when the library is loaded; the user's wins.
        if "OMP_WAIT_POLICY" not in os.environ:
            os.environ.setdefault("GOMP_SPINCOUNT", "1000")
        path = compile_library(source, "double" if self.real == np.float64 else "float")
        try:
            library = ctypes.CDLL(str(path))
        except OSError as error:  # cut short by a full disk, or on a file system from which nothing may be executed
            raise BackendUnavailable(f"cannot load {path}: {error}; delete it, or set MNRD_CACHE_DIR") from error
        self.threads = library.omp_get_max_threads()
        kernels = {}
        for name, parameters in parse_kernels(source).items():
            call = _launcher(getattr(library, name), parameters, self._recorder)
            kernels[name] = checked(name, parameters, self.types, call) if self.debug else call
        return kernels

    def scratch(self, nx: int, ny: int, nz: int) -> np.ndarray:
        """Three numbers for each cell of the strip that each thread walks, and for a plane before the first."""
        return self.zeros(self.threads * 3 * (nz + 1) * (STRIP // self.real.itemsize))

    def reactions(self, kinetics: Any) -> list[FieldReaction | None]:
        """Compile the generated kernels of the declared reactions."""
        return generated.reactions(kinetics, self._load)

    def motions(self, kinetics: Any) -> list[Callable[..., None] | None]:
        """Compile the generated kernels of the transport that depends on the fields."""
        return generated.motions(kinetics, self._load)


def _launcher(function: Any, parameters: Sequence[Parameter], recorder: Recorder) -> Callable[..., None]:
    function.restype = None
    kinds = tuple(None if p.pointer else _SCALARS[p.type] for p in parameters)

    def launch(*arguments: Any) -> None:
        program = recorder.program
        pointer = _pointer if program is None else partial(_known_pointer, program.pointers)
        made = [pointer(a) if kind is None else kind(a) for a, kind in zip(arguments, kinds, strict=True)]
        if program is None:
            function(*made)
        else:
            program.launches.append((function, made))

    return launch


def _pointer(array: Any) -> Any:
    """A C pointer to an array, which it keeps alive; four times faster than ``array.ctypes.data``."""
    return ctypes.byref(ctypes.c_char.from_buffer(array))


def _known_pointer(pointers: dict[int, Any], array: np.ndarray) -> Any:
    """The pointer to an array that a program uses already, or a new one."""
    known = pointers.get(id(array))
    if known is None:
        known = pointers[id(array)] = _pointer(array)
    return known


@cache
def compiler() -> tuple[str, str]:
    """Return the path and the version line of the C++ compiler.

    Raises
    ------
    BackendUnavailable
        If there is none.
    """
    for candidate in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        path = shutil.which(candidate) if candidate else None
        if path:
            answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            return path, answer.stdout.splitlines()[0].strip() if answer.stdout else path
    raise BackendUnavailable("no C++ compiler found (install one, e.g. apt install g++, or set CXX)")


def cache_folder() -> Path:
    """Return the folder of compiled kernels: MNRD_CACHE_DIR, else the user's cache; made if missing."""
    root = os.environ.get("MNRD_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(root).expanduser() / "mnrd"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass  # a read-only home, as on many clusters: the temporary folder serves
    folder = Path(tempfile.gettempdir()) / f"mnrd-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise BackendUnavailable(f"{folder} belongs to somebody else: set MNRD_CACHE_DIR")
    return folder


@cache
def _processor() -> str:
    """Name the processor's instruction set: -march=native code must not be reused on another node."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return platform.processor() + platform.machine()


def compile_library(source: str, real: str) -> Path:
    """Compile kernel text to a shared library, or return the cached one of the same text, flags and machine.

    Parameters
    ----------
    source : str
        ``common.cuh`` and kernels.
    real : str
        ``double`` or ``float``.

    Raises
    ------
    BackendUnavailable
        If the compiler fails; the message holds its first lines.
    """
    path, version = compiler()
    key = hashlib.sha256("\0".join([source, real, path, version, _processor(), *FLAGS]).encode()).hexdigest()[:24]
    library = cache_folder() / f"kernels-{key}.so"
    if library.is_file():
        return library
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        made = Path(folder) / "kernels.so"
        command = [path, *FLAGS, f"-DREAL={real}", "-o", str(made), "-"]
        answer = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
        if answer.returncode:
            first = "\n".join(answer.stderr.splitlines()[:6])
            raise BackendUnavailable(f"{path} could not compile the kernels:\n{first}")
        os.replace(made, library)
    return library
