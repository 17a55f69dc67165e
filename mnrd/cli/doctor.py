"""What a run needs, tried: packages, backends, compiler, device, pictures, folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mnrd.backends import BACKENDS, choose
from mnrd.backends.base import BackendUnavailable
from mnrd.backends.native import cache_folder, compiler
from mnrd.case import load
from mnrd.cli.screen import table
from mnrd.output.summary import host, versions
from mnrd.simulation import Simulation

Row = tuple[str, str, str]

OK, NO = "ok", "no"
CELLS, STEP, STEPS = [12, 10, 3], 10.0, 4  # of the problem on which backends are tried; s
PRECISIONS = {"double": 1e-9, "mixed": 1e-4}
"""Largest difference to numpy in double precision, as a part of the largest concentration."""


def examine(asked: str = "auto") -> bool:
    """Print what works here and what does not; returns whether the backend that is asked for works.

    Raises
    ------
    BackendUnavailable
        For a name that is none of a backend.
    """
    if asked not in ("auto", *BACKENDS):
        raise BackendUnavailable(f"backend: got {asked}, must be one of auto, {', '.join(BACKENDS)}")
    found = versions() | {key: str(value) for key, value in host().items()}
    table("This machine", ("", ""), list(found.items()))
    tried = {name: tuple(backend(name)) for name in BACKENDS}
    rows = [row for rows in tried.values() for row in rows]
    table("Backends, against numpy on a small problem", ("", "", ""), rows)
    table("Other things", ("", "", ""), [_compiler(), _pictures(), *_folders()])
    good = [name for name, rows in tried.items() if all(state == OK for _, state, _ in rows)]
    works = bool(good) if asked == "auto" else asked in good
    chosen = good[0] if asked == "auto" and good else asked
    print(f"backend {chosen}: {'works' if works else 'does not work here'}")
    return works


def backend(name: str) -> Iterator[Row]:
    """What a backend says of itself and how far it is from numpy, in each precision."""
    for precision, allowed in PRECISIONS.items():
        try:
            one = choose(name, precision)
            difference = _difference(name, precision)
        except BackendUnavailable as error:
            yield name, NO, str(error)
            return
        except Exception as error:  # whatever a driver or compiler may say: the other backends are still to be tried
            yield f"{name}, {precision}", NO, f"{type(error).__name__}: {error}"
            continue
        memory = one.memory()
        room = f"; {memory[0] / 1e9:.3g} of {memory[1] / 1e9:.3g} GB free" if memory else ""
        said = f"{one.description}{room}; differs by {difference:.1e}, allowed {allowed:g}"
        yield f"{name}, {precision}", OK if difference <= allowed else NO, said


def _difference(name: str, precision: str) -> float:
    """Largest difference of two reacting fields to numpy, as a part of the largest concentration."""
    got, wanted = _fields(name, precision), _fields("numpy", "double")
    return float(np.abs(got - wanted).max() / wanted.max())


def _fields(name: str, precision: str) -> np.ndarray:
    """Two reacting fields after a few steps of a backend, (2, nz, ny, nx)."""
    problem, _ = load("gray-scott", {"mesh.cells": CELLS}).problem()
    simulation = Simulation(problem, backend=choose(name, precision), dt=STEP).run(STEPS * STEP)
    return np.array([simulation.concentration(one) for one in problem.model.names])


def _compiler() -> Row:
    try:
        path, version = compiler()
    except BackendUnavailable as error:
        return "compiler", NO, str(error)
    return "compiler", OK, f"{path}, {version}"


def _pictures() -> Row:
    """Whether a picture of a body comes out; with packages alone, so a node without a screen has what it takes."""
    from mnrd.pictures import frame, solid
    from mnrd.pictures.surface import isosurface
    from mnrd.pictures.view import View

    try:
        places, view = np.linspace(-1.0, 1.0, 9), View(size=(200, 200))
        ball = isosurface(
            places, places, places, np.hypot(places, np.hypot(places[:, None], places[:, None, None])), 0.5
        )
        figure = frame.blank(view)
        axes = frame.panel(figure, (0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(-1.0, 1.0), ylim=(-1.0, 1.0))
        solid.paint_surface(axes, view.camera, ball, np.tile((0.0, 0.0, 0.0, 1.0), (len(ball.points), 1)), order=1.0)
        seen = bool((frame.pixels(figure)[100, 100] == 0).all())
    except Exception as error:  # whatever is wrong with a package: the other things are still to be tried
        return "pictures", NO, f"{type(error).__name__}: {error}"
    return "pictures", OK if seen else NO, "drawn without display and OpenGL" if seen else "drawn, but nothing is seen"


def _folders() -> Iterator[Row]:
    """Where kernels are kept, and where there is how much room."""
    try:
        yield _folder("kernels of the host", cache_folder(), "MNRD_CACHE_DIR")
    except (BackendUnavailable, OSError) as error:
        yield "kernels of the host", NO, str(error)
    device = Path(os.environ.get("CUPY_CACHE_DIR") or "~/.cupy/kernel_cache").expanduser()
    yield _folder("kernels of the device", device, "CUPY_CACHE_DIR")
    yield _folder("this folder", Path.cwd(), "")
    yield _folder("temporary files", Path(tempfile.gettempdir()), "TMPDIR")


def _folder(name: str, folder: Path, variable: str) -> Row:
    """Whether a folder can be written, or made, and how much room there is."""
    place = folder
    while not place.exists():
        place = place.parent
    room = f"{folder}, {shutil.disk_usage(place).free / 1e9:.3g} GB free"
    if os.access(place, os.W_OK):
        return name, OK, room
    return name, NO, f"{room}, cannot be written" + (f": set {variable}" if variable else "")
