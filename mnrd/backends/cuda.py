"""The `cuda` backend: the kernels of ``kernels/*.cu`` on a GPU through CuPy.

Everything runs on one stream, so that a kernel sees what the one before it has written; the host waits only where it
reads. Arrays come from CuPy's memory pool, compiled kernels from its cache folder (CUPY_CACHE_DIR).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import get_ident
from types import SimpleNamespace
from typing import Any

import numpy as np

from mnrd.backends import generated
from mnrd.backends.abreast import abreast_source, steps_of_sequences
from mnrd.backends.base import (
    KERNEL_FILES,
    Array,
    BackendUnavailable,
    FieldReaction,
    check_upload,
    checked,
    parse_kernels,
)
from mnrd.backends.driver import last_line, open_cupy
from mnrd.backends.geometry import COLUMNS_PER_PROCESSOR, Device, geometry, parse_loops
from mnrd.backends.graph import Assembler, Graph
from mnrd.backends.merging import Kernel, Launch
from mnrd.backends.recording import Recorder
from mnrd.resources import kernel_source

_SCALARS = {"int": np.int32, "index_t": np.int64, "double": np.float64}


class CudaBackend:
    """Kernels on the current CUDA device. Arrays are cupy arrays.

    Parameters
    ----------
    precision : str
        ``mixed`` (solver in float32, state in float64), ``double``, or ``auto``: mixed.
    debug : bool
        Check count, type and contiguity of the arguments before each launch.

    Raises
    ------
    BackendUnavailable
        If there is no device, or CuPy or its compiler do not work, with what to install.
    """

    name = "cuda"

    def __init__(self, precision: str = "auto", debug: bool = False) -> None:
        self.precision = "mixed" if precision == "auto" else precision
        self.real = np.dtype(np.float64 if self.precision == "double" else np.float32)
        self.types = {"real": self.real, "double": np.dtype(np.float64), "int": np.dtype(np.int32)}
        self.types |= {"unsigned char": np.dtype(np.uint8), "float": np.dtype(np.float32)}
        self.debug = debug
        self._cupy = cupy = open_cupy()
        found = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.runtime.getDevice())
        shared = (found["sharedMemPerMultiprocessor"], found["sharedMemPerBlockOptin"])
        self._device, self._device_name = Device(found["multiProcessorCount"], *shared), found["name"].decode()
        self._stream = _stream(cupy, get_ident())
        self._stream.use()
        self._recorder = Recorder()
        self._loaded: dict[str, dict[str, Callable[..., None]]] = {}
        source = kernel_source(*KERNEL_FILES)
        side_by_side = self._compile(abreast_source(source))
        self.kernel = SimpleNamespace(**self._load(source, side_by_side))
        sequence = side_by_side.get_function("sequence_abreast")
        self._assembler = Assembler(self._device, self.real.itemsize, sequence, self.zeros, self.upload)
        self._walk = parse_loops(source)["relax"]
        self._number = self.zeros(1, np.float64)
        runtime = cupy.cuda.runtime.runtimeGetVersion()
        self.description = (
            f"cuda ({self._device_name}, CUDA {runtime // 1000}.{runtime % 1000 // 10}, CuPy {cupy.__version__})"
        )

    def _load(self, source: str, side_by_side: Any = None) -> dict[str, Callable[..., None]]:
        """The kernels of a text, compiled unless they are in CuPy's cache; those of a text are loaded once."""
        if source not in self._loaded:
            module, loops, made = self._compile(source), parse_loops(source), {}
            for number, (name, parameters) in enumerate(parse_kernels(source).items()):
                step = number if side_by_side is not None and name in steps_of_sequences() else None
                abreast = None if side_by_side is None else side_by_side.get_function(f"{name}_abreast")
                made[name] = Kernel(name, parameters, loops[name], module.get_function(name), abreast, step)
            self._loaded[source] = {name: self._launcher(kernel) for name, kernel in made.items()}
        return self._loaded[source]

    def _compile(self, source: str) -> Any:
        options = ["-std=c++17", f"-DREAL={'double' if self.real == np.float64 else 'float'}"]
        if self.real == np.float32:
            # Far from every source a solve leaves numbers below 1e-38, which cost instructions and mean nothing.
            options.append("-ftz=true")
        module = self._cupy.RawModule(code=source, options=tuple(options))
        try:
            module.compile()
        except self._cupy.cuda.compiler.CompileException as error:
            first = "\n".join(str(error).splitlines()[:6])
            raise BackendUnavailable(f"NVRTC could not compile the kernels:\n{first}") from error
        except Exception as error:  # what CuPy raises where NVRTC is missing differs from version to version
            major = self._cupy.cuda.runtime.runtimeGetVersion() // 1000
            raise BackendUnavailable(
                f"the compiler of CuPy (NVRTC) does not work ({last_line(error)}): pip install 'mnrd[cuda{major}]'"
            ) from error
        return module

    def _launcher(self, kernel: Kernel) -> Callable[..., None]:
        """A kernel that takes arrays and Python numbers, with its launch geometry."""
        name, loop, function = kernel.name, kernel.loop, kernel.single
        kinds = tuple(None if p.pointer else _SCALARS[p.type] for p in kernel.parameters)
        names = tuple(p.name for p in kernel.parameters)
        recorder, device, itemsize, array_type = self._recorder, self._device, self.real.itemsize, self._cupy.ndarray
        functions: list[Any] = [function] if kernel.abreast is None else [function, kernel.abreast]
        most = min(one.max_threads_per_block for one in functions)  # asking loads them, never while recording
        for one in functions if loop.buffered else ():
            one.max_dynamic_shared_size_bytes = device.block_shared

        def launch(*arguments: Any) -> None:
            made = tuple(a if kind is None else kind(a) for a, kind in zip(arguments, kinds, strict=True))
            for array, kind in zip(arguments, kinds, strict=True):
                if kind is None and type(array) is not array_type:  # CuPy would pass the first number as the address
                    raise TypeError(f"kernel {name}: got a {type(array).__name__}, must be an array of the device")
            how = geometry(loop, dict(zip(names, arguments, strict=True)), itemsize, device, most)
            if recorder.program is None:
                function((how.blocks,), (how.threads,), made, shared_mem=how.shared)
            else:
                recorder.program.add(Launch(kernel, made, how))

        return checked(name, kernel.parameters, self.types, launch) if self.debug else launch

    def array(self, host: Any, dtype: Any = None) -> Array:
        """See `Backend.array`."""
        self._recorder.refuse("array")
        values = np.asarray(host, dtype or self.real, order="C")
        with self._memory_errors():
            made = self._cupy.empty(values.shape, values.dtype)
        made.set(values)
        return made

    def zeros(self, shape: int | Sequence[int], dtype: Any = None) -> Array:
        """See `Backend.zeros`."""
        self._recorder.refuse("zeros")
        with self._memory_errors():
            return self._cupy.zeros(shape, dtype or self.real)

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        """Say how much memory there is when there is not enough."""
        try:
            yield
        except self._cupy.cuda.memory.OutOfMemoryError as error:
            free, total = self.memory()
            used = self._cupy.get_default_memory_pool().used_bytes()
            raise MemoryError(
                f"on {self._device_name}: {last_line(error)}; {used / 1e9:.3g} GB are in use by mnrd, "
                f"{free / 1e9:.3g} of {total / 1e9:.3g} GB are free: take larger cells or fewer fields"
            ) from error

    def host(self, array: Array) -> np.ndarray:
        """See `Backend.host`."""
        self._recorder.refuse("host")
        copied: np.ndarray = array.get()
        return copied

    def upload(self, host: np.ndarray, into: Array) -> None:
        """See `Backend.upload`."""
        self._recorder.refuse("upload")
        check_upload(host, into)
        into.set(host)

    @contextmanager
    def record(self) -> Iterator[Graph]:
        """See `Backend.record`."""
        with self._recorder.record(Graph(stream=self._stream)) as program:
            yield program
        self._assembler.assemble(program)

    def repeat(self, count: int, launches: Callable[[], None]) -> None:
        """See `Backend.repeat`."""
        self._recorder.repeat(count, launches)

    def abreast(self, columns: int) -> int:
        """See `Backend.abreast`: as many as the processors can walk columns of at a time."""
        return max(1, COLUMNS_PER_PROCESSOR * self._device.processors // columns)

    def memory(self) -> tuple[int, int]:
        """See `Backend.memory`; what CuPy's pool holds and nobody uses counts as free."""
        free, total = self._cupy.cuda.runtime.memGetInfo()
        return free + self._cupy.get_default_memory_pool().free_bytes(), total

    def synchronise(self) -> None:
        """See `Backend.synchronise`."""
        self._stream.synchronize()

    def total(self, partial: Array) -> float:
        """See `Backend.total`."""
        return self._gathered("total", partial, 1, 0)

    def largest(self, partial: Array) -> float:
        """See `Backend.largest`."""
        return self._gathered("largest", partial, 0, 1)

    def _gathered(self, action: str, partial: Array, sums: int, maxima: int) -> float:
        self._recorder.refuse(action)
        self.kernel.gather(partial.size, sums, maxima, partial, self._number)
        return float(self.host(self._number)[0])

    def scratch(self, nx: int, ny: int, nz: int) -> Array:
        """A number for each plane and each thread of the largest grid that walks columns."""
        how = geometry(self._walk, {"nx": nx, "ny": ny, "nz": nz}, self.real.itemsize, self._device)
        return self.zeros(nz * how.blocks * how.threads)

    def reactions(self, kinetics: Any) -> list[FieldReaction | None]:
        """Compile the generated kernels of the declared reactions."""
        return generated.reactions(kinetics, self._load)

    def motions(self, kinetics: Any) -> list[Callable[..., None] | None]:
        """Compile the generated kernels of the transport that depends on the fields."""
        return generated.motions(kinetics, self._load)


@cache
def _stream(cupy: Any, thread: int) -> Any:
    """The one stream of all backends of a thread: not the default one, on which nothing can be recorded."""
    return cupy.cuda.Stream(non_blocking=True)
