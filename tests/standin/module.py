"""Kernels of the stand-in: CUDA text compiled by the C++ compiler, launched on fibers."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from mnrd.backends.base import Parameter, parse_kernels
from mnrd.backends.native import cache_folder, compiler
from standin.memory import CUDARuntimeError, counts, device, ndarray

HERE = Path(__file__).parent
FLAGS = ("-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-U_FORTIFY_SOURCE", "-Wl,-Bsymbolic", f"-I{HERE}")
OPTIONS = ("-std=c++17", "-DREAL=float", "-DREAL=double", "-ftz=true")
SCALARS = {"int": np.int32, "index_t": np.int64, "double": np.float64}

order = {"backward": 0}
"""Set `backward` to 1 to run threads and blocks from the last to the first: nothing may depend on it."""


class CompileException(Exception):
    """As cupy.cuda.compiler.CompileException."""


class RawModule:
    """As cupy.RawModule."""

    def __init__(self, *, code, options=()):
        unknown = set(options) - set(OPTIONS)
        if unknown:
            raise CompileException(f"nvrtc: error: invalid value for --gpu-architecture or unknown option {unknown}")
        self.code, self.real = code, next(o for o in options if o.startswith("-DREAL="))
        self.parameters = _entries(code) or parse_kernels(code)

    def compile(self):
        """Compile, or find the library in the cache."""
        self._library()

    def get_function(self, name):
        """A kernel by its name."""
        return RawKernel(name, self.parameters[name], self._library())

    def _library(self):
        # The one array of shared memory whose size is given at the launch.
        code = re.sub(r"extern __shared__ (\w+) (\w+)\[\];", r"static \1 *\2 = (\1 *)standin_shared;", self.code)
        return _load('#include "device.h"\n' + code + "".join(map(_entry, self.parameters.items())), self.real)


def _entries(code):
    """What mnrd.backends.abreast makes of kernels: each entry takes a table."""
    names = re.findall(r"\nENTRY (?:__launch_bounds__\(\d+\) )?(\w+)\(", code)
    return {name: (Parameter("each", "unsigned char", True),) for name in names}


def _entry(item):
    """Text of a function that calls a kernel with the arguments that an array points to, as cuLaunchKernel does."""
    name, parameters = item
    arguments = (
        f"*(const {p.type} **)given[{i}]" if p.pointer else f"*({p.type} *)given[{i}]" for i, p in enumerate(parameters)
    )
    casts = (f"({p.type} *){a}" if p.pointer else a for p, a in zip(parameters, arguments, strict=True))
    return f'\nextern "C" void standin_{name}(void **given) {{ {name}({", ".join(casts)}); }}'


@cache
def _load(source, real):
    path, version = compiler()
    runtime = HERE / "fibers.cpp"
    texts = (source, real, path, version, runtime.read_text(), (HERE / "device.h").read_text(), *FLAGS)
    library = cache_folder() / f"standin-{hashlib.sha256(chr(0).join(texts).encode()).hexdigest()[:24]}.so"
    if not library.is_file():
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            made = Path(folder) / "kernels.so"
            command = [path, *FLAGS, real, "-o", str(made), str(runtime), "-x", "c++", "-"]
            answer = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
            if answer.returncode:
                raise CompileException(answer.stderr)
            os.replace(made, library)
    loaded = ctypes.CDLL(str(library))
    loaded.standin_launch.restype = ctypes.c_char_p
    return loaded


class RawKernel:
    """As cupy.RawKernel."""

    max_threads_per_block = 1024

    def __init__(self, name, parameters, library):
        self.name, self.parameters, self.library = name, parameters, library
        # What NVRTC says of sums of a block, see tests/kernel_resources.toml.
        self.shared_size_bytes = 512 if name == "sequence_abreast" else 0
        self._most_shared = 48 * 1024

    @property
    def max_dynamic_shared_size_bytes(self):
        """What a launch may ask for."""
        return self._most_shared

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, wanted):
        if wanted + self.shared_size_bytes > 227 * 1024:
            raise CUDARuntimeError("cudaErrorInvalidValue: more shared memory than a block may have")
        self._most_shared = wanted

    def __call__(self, grid, block, args, *, shared_mem=0):
        (blocks, rows), (threads,) = (*grid, 1)[:2], block
        fits = threads <= self.max_threads_per_block and shared_mem <= self.max_dynamic_shared_size_bytes
        if not (0 < blocks < 2**31 and 0 < rows < 2**16 and threads > 0 and fits):
            raise CUDARuntimeError(f"cudaErrorInvalidConfiguration: {blocks} x {rows} blocks of {threads} threads")
        for parameter, argument in zip(self.parameters, args, strict=True):
            wanted = ndarray if parameter.pointer else SCALARS[parameter.type]
            if type(argument) is not wanted:
                raise TypeError(f"kernel {self.name}: {parameter.name} is {type(argument)}, not {wanted}")
        if device.capturing is not None:
            device.capturing.captured.append((self, blocks, rows, threads, shared_mem, args))
        else:
            self.run(blocks, rows, threads, shared_mem, args)

    def run(self, blocks, rows, threads, shared, args):
        """Run now."""
        counts.launches += 1
        values = [ctypes.c_void_p(a.data.ptr) if isinstance(a, ndarray) else _value(a) for a in args]
        given = (ctypes.c_void_p * len(args))(*[ctypes.addressof(value) for value in values])
        entry = getattr(self.library, f"standin_{self.name}")
        problem = self.library.standin_launch(entry, given, blocks, rows, threads, shared, order["backward"])
        if problem:
            raise CUDARuntimeError(f"kernel {self.name}: {problem.decode()}")
        for parameter, argument in zip(self.parameters, args, strict=True):
            if parameter.pointer and not argument.memory.intact:
                raise CUDARuntimeError(f"kernel {self.name} writes beside {parameter.name}")


def _value(number):
    return np.ctypeslib.as_ctypes_type(number.dtype)(number.item())
