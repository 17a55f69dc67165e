"""Whether there is a GPU that can be used: driver, CuPy, device, and that they fit together."""

from __future__ import annotations

import ctypes
import os
import re
from importlib import import_module
from importlib.metadata import distributions
from typing import Any

from mnrd.backends.base import BackendUnavailable

OLDEST, NEWEST = 12, 13
"""Major versions of CUDA for which there is an extra of mnrd."""


def open_cupy() -> Any:
    """Import CuPy and make sure that it has a device.

    Nothing but the driver is looked for where there is none, so that this costs nothing on a machine without a GPU.

    Returns
    -------
    module
        ``cupy``.

    Raises
    ------
    BackendUnavailable
        In one line: what is missing or does not fit, and what to do.
    """
    driver = driver_version()
    if driver[0] < OLDEST:
        raise BackendUnavailable(
            f"the NVIDIA driver is for CUDA {_dotted(driver)}, must be for {OLDEST}.0 or later: update the driver"
        )
    advice = f"pip install 'mnrd[cuda{min(driver[0], NEWEST)}]'"
    packages = cupy_packages()
    if not packages:
        raise BackendUnavailable(f"CuPy is not installed: {advice}")
    if len(packages) > 1:
        names = " ".join(packages)
        raise BackendUnavailable(f"{len(packages)} CuPy packages overwrite each other: pip uninstall {names}; {advice}")
    try:
        cupy = import_module("cupy")
    except Exception as error:  # whatever a broken installation raises: missing libraries, another numpy
        raise BackendUnavailable(f"CuPy cannot be imported ({last_line(error)}): {advice}") from error
    built = cupy.cuda.runtime.runtimeGetVersion() // 1000
    if built > driver[0]:
        raise BackendUnavailable(
            f"CuPy is for CUDA {built}, the driver for CUDA {_dotted(driver)}: pip uninstall {packages[0]}; {advice}"
        )
    _find_device(cupy)
    return cupy


def _find_device(cupy: Any) -> None:
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise BackendUnavailable(f"the driver does not answer: {last_line(error)}") from error
    if count == 0:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise BackendUnavailable(
            "no GPU is visible" + ("" if visible is None else f": CUDA_VISIBLE_DEVICES is {visible!r}, unset it")
        )


def driver_version() -> tuple[int, int]:
    """Return the version of CUDA that the installed driver is for, as (major, minor).

    Raises
    ------
    BackendUnavailable
        If there is none.
    """
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise BackendUnavailable("no NVIDIA driver on this machine (libcuda.so.1)") from None
    number = ctypes.c_int()
    status = library.cuDriverGetVersion(ctypes.byref(number))
    if status or not number.value:
        raise BackendUnavailable(f"the NVIDIA driver does not answer (error {status}): reinstall it")
    return number.value // 1000, number.value % 1000 // 10


def cupy_packages() -> list[str]:
    """Names of the installed packages that bring a module ``cupy``; more than one do not work together."""
    names = {distribution.metadata["Name"] or "" for distribution in distributions()}
    return sorted(name for name in names if re.fullmatch(r"cupy|cupy-cuda\d+x?|cupy-rocm-[\d-]+", name))


def last_line(error: BaseException) -> str:
    """The last line of a message that says something, behind the kind of the error."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =\t")]
    return f"{type(error).__name__}: {lines[-1]}" if lines else type(error).__name__


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
