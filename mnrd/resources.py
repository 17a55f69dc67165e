"""Where ``kernels/`` and ``meshes/`` are: beside the package in a checkout, inside it in a wheel.

This is the only module that knows. What it returns is a `Traversable`: use ``iterdir()``, ``is_dir()`` and
``read_text()``, because inside a zipped wheel it is not a `pathlib.Path`.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

# The test is on pyproject.toml, not on the folder: site-packages/kernels may belong to somebody else.
_checkout = Path(__file__).resolve().parents[1]


def folder(name: str) -> Traversable:
    """Find one of the two resource folders.

    Parameters
    ----------
    name : str
        ``"kernels"`` or ``"meshes"``.

    Returns
    -------
    Traversable
        An existing folder.

    Raises
    ------
    FileNotFoundError
        If this copy of mnrd has no such folder.
    """
    home = _checkout if (_checkout / "pyproject.toml").is_file() else files("mnrd")
    place = home / name
    if not place.is_dir():
        raise FileNotFoundError(f"no folder {place}: this copy of mnrd is incomplete, reinstall it")
    return place


def kernel_source(*names: str) -> str:
    """Text of kernel files behind the common header, ready for any compiler.

    Joining the texts here, and not by ``#include``, keeps the keys of compiler caches complete.

    Parameters
    ----------
    *names : str
        File names in ``kernels/``, such as ``"diffusion.cu"``; none: the header alone.

    Returns
    -------
    str
        ``common.cuh`` and each file behind a ``#line`` directive, so that compiler messages show its own lines.
    """
    place = folder("kernels")
    parts = [f'#line 1 "{name}"\n{(place / name).read_text("utf-8")}' for name in ("common.cuh", *names)]
    return "\n".join(parts) + "\n"
