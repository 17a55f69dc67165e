"""Compiling CUDA text without a GPU, by the runtime compiler that comes as a Python package."""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest


class CompilationError(RuntimeError):
    """CUDA text does not compile; the message is the compiler's log."""


def _library_path() -> Path | None:
    try:
        package = find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        return None
    folders = [] if package is None else [Path(place) for place in package.submodule_search_locations or ()]
    found = [path for folder in folders for path in sorted((folder / "lib").glob("libnvrtc.so.*"))]
    return found[0] if found else None


needs_nvrtc = pytest.mark.skipif(_library_path() is None, reason="no NVRTC: pip install nvidia-cuda-nvrtc-cu12")


@cache
def _library() -> ctypes.CDLL:
    path = _library_path()
    if path is None:
        raise FileNotFoundError("no NVRTC: pip install nvidia-cuda-nvrtc-cu12")
    library = ctypes.CDLL(str(path))
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def _check(status: int, what: str) -> None:
    if status:
        raise CompilationError(f"{what}: {_library().nvrtcGetErrorString(status).decode()}")


def compile_cuda(source: str, arch: str = "sm_75", real: str = "double") -> str:
    """Compile CUDA text for a GPU.

    Parameters
    ----------
    source : str
        ``kernels/common.cuh`` and kernels.
    arch : str
        Such as ``sm_75`` or ``sm_90``.
    real : str
        ``double`` or ``float``.

    Returns
    -------
    str
        The compiler's log, empty when it has nothing to say.

    Raises
    ------
    CompilationError
        With the log, when the text does not compile.
    FileNotFoundError
        When the package is not installed.
    """
    library = _library()
    program = ctypes.c_void_p()
    made = library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None)
    _check(made, "nvrtcCreateProgram")
    try:
        texts = (f"--gpu-architecture={arch}", f"-DREAL={real}", "--std=c++17")
        options = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
        status = library.nvrtcCompileProgram(program, len(texts), options)
        log = _log(library, program)
        if status:
            raise CompilationError(log or library.nvrtcGetErrorString(status).decode())
        return log
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _log(library: ctypes.CDLL, program: ctypes.c_void_p) -> str:
    size = ctypes.c_size_t()
    _check(library.nvrtcGetProgramLogSize(program, ctypes.byref(size)), "nvrtcGetProgramLogSize")
    text = ctypes.create_string_buffer(size.value)
    _check(library.nvrtcGetProgramLog(program, text), "nvrtcGetProgramLog")
    return text.value.decode()
