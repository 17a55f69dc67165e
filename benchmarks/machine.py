"""What a benchmark ran on: device, driver, versions, commit."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mnrd.backends.base import Backend

ROOT = Path(__file__).resolve().parents[1]


def machine(backend: Backend) -> dict[str, Any]:
    """Names and versions of what a backend runs on; for a device what CUDA says of it."""
    command = ["git", "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        commit = ""
    packages = {package: _version(package) for package in ("mnrd", "numpy", "scipy")}
    about: dict[str, Any] = {
        "backend": backend.name, "description": backend.description, "device": _processor(),
        "python": platform.python_version(), "commit": commit, "versions": packages,
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "cores": len(os.sched_getaffinity(0)),
        "host_memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }  # fmt: skip
    if backend.memory() is None:
        return about
    import cupy

    cuda = cupy.cuda.runtime
    device = cuda.getDeviceProperties(cuda.getDevice())
    packages["cupy"] = cupy.__version__
    return about | {
        "device": device["name"].decode(),
        "driver": cuda.driverGetVersion(),
        "runtime": cuda.runtimeGetVersion(),
        "memory": int(device["totalGlobalMem"]),
        "compute_capability": f"{device['major']}.{device['minor']}",
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    text = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    found = re.search(r"model name\s*: (.*)", text)
    return found[1].strip() if found else platform.machine()
