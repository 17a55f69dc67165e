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
    found = [path for package in ("nvidia.cuda_nvrtc", "nvidia.cu13") for path in _libraries(package)]
    return found[0] if found else None


def _libraries(package: str) -> list[Path]:
    """Libraries of a package of NVIDIA's; those for CUDA 13 share one."""
    try:
        found = find_spec(package)
    except ModuleNotFoundError:
        return []
    folders = [] if found is None else [Path(place) for place in found.submodule_search_locations or ()]
    return [path for folder in folders for path in sorted((folder / "lib").glob("libnvrtc.so.*"))]


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


def release() -> str:
    """Release of the compiler, such as ``12.9``."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(_library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "nvrtcVersion")
    return f"{major.value}.{minor.value}"


def compile_cuda(source: str, arch: str = "sm_75", real: str = "double", *options: str) -> str:
    """Compile CUDA text for a GPU; returns the compiler's log, empty when it has nothing to say.

    Parameters and errors: see `compiled`.
    """
    return compiled(source, arch, real, *options)[0]


def compiled(source: str, arch: str = "sm_75", real: str = "double", *options: str) -> tuple[str, str]:
    """Compile CUDA text for a GPU.

    Parameters
    ----------
    source : str
        ``kernels/common.cuh`` and kernels.
    arch : str
        Such as ``sm_75`` or ``sm_90``.
    real : str
        ``double`` or ``float``.
    *options : str
        More options, such as ``--ptxas-options=-v``.

    Returns
    -------
    tuple of str
        The compiler's log, and the text of the virtual architecture (PTX).

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
        texts = (f"--gpu-architecture={arch}", f"-DREAL={real}", "--std=c++17", *options)
        given = (ctypes.c_char_p * len(texts))(*(text.encode() for text in texts))
        status = library.nvrtcCompileProgram(program, len(texts), given)
        log = _said(library, program, "ProgramLog")
        if status:
            raise CompilationError(log or library.nvrtcGetErrorString(status).decode())
        return log, _said(library, program, "PTX")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _said(library: ctypes.CDLL, program: ctypes.c_void_p, what: str) -> str:
    """Log or PTX of a program."""
    size = ctypes.c_size_t()
    _check(getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)), f"nvrtcGet{what}Size")
    text = ctypes.create_string_buffer(size.value)
    _check(getattr(library, f"nvrtcGet{what}")(program, text), f"nvrtcGet{what}")
    return text.value.decode()
