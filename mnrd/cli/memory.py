"""Whether a run fits into memory, said before anything large is made: what is held, array by array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Any

import numpy as np

from mnrd.backends.base import Backend
from mnrd.case import Case
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.discretise import key_of
from mnrd.model.field import Field
from mnrd.model.kinetics import Kinetics, kinetics
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem, coefficients
from mnrd.solve.levels import plan
from mnrd.solve.turns import turns

DOUBLE = 8  # bytes
LOOK_AHEAD = 4000  # cells of the coarse copy that fields and coefficients are counted on

FIXED = 220e6
"""Bytes that a process takes with Python, the packages, the compiled kernels and a small picture; measured."""

PICTURE = 700
"""Bytes that the picture takes per cell face that is drawn; measured."""


MEANS, REGIONS = "means of healing", 7
"""Part that the observer of healing holds, and the regions over which it takes means where there is an injury."""


@dataclass(frozen=True)
class Size:
    """What the memory of a simulation depends on.

    Parameters
    ----------
    cells : int
    faces : float
        Cells on one side in x, one in y and one in z, per cell.
    coarse : float
        Cells on all levels of the multigrid but the finest, per cell.
    materials, fields : int
    foreseen : int
        Fields of which others' reactions use the guess of a stage, and those of which they use its start.
    mobile, own, drifting : int
        Fields that move, those of them whose conductances are given cell by cell, and those whose transport depends on
        other fields.
    places : int
        Fields that are solved side by side, each with its own work arrays.
    placed, mixing, moving : int
        Places at which fields move of which the conductances are not their own, of which the transport is constant, and
        of which it is not.
    partitions, capacities : int
        Different partition coefficients of all fields, and of those that move.
    directed : bool
        Whether any field has taxis.
    arrays : int
        Parameters of reactions, each kept cell by cell.
    closing : int
        Materials that close by a field.
    given : float
        Bytes per cell of what the model declares cell by cell.
    real : int
        Bytes of a number of the linear solver.
    eventful, injured, healing : bool
        Whether the problem changes on the way, whether fields jump then, and whether healing is looked at.
    mirrored : bool
        Whether the picture is put together of four images of the mesh.
    written : float
        Bytes per cell of what is written for ParaView at one time.
    """

    cells: int
    faces: float
    coarse: float
    materials: int
    fields: int
    foreseen: int
    mobile: int
    own: int
    drifting: int
    places: int
    placed: int
    mixing: int
    moving: int
    partitions: int
    capacities: int
    directed: bool
    arrays: int
    closing: int
    given: float
    real: int
    eventful: bool
    injured: bool
    healing: bool
    mirrored: bool
    written: float


@dataclass(frozen=True)
class Part:
    """Some arrays: what they are, whether they lie where the kernels run or on the host, and their bytes per cell."""

    name: str
    device: bool
    bytes: Callable[[Size], float]


def _transport(size: Size) -> float:
    """Bytes per cell of the coefficients of transport; what depends on other fields is there once for each place."""
    numbers = size.partitions + size.capacities + 3 * size.own + 4 * size.drifting  # faces; conductivity, sensitivity
    numbers += 3 * size.placed + 2 * size.mixing + 3 * size.moving  # faces; conductivity; drifts
    return size.real * numbers + DOUBLE * (2 * size.moving + size.closing)


# Held from the beginning to the end. A test compares the sum with the arrays of a simulation.
HELD = (
    Part("painting", False, lambda s: s.materials),
    Part("what is given cell by cell", False, lambda s: s.given),
    Part("regions of healing", False, lambda s: 8 * DOUBLE * s.healing),
    Part(MEANS, True, lambda s: (REGIONS + 2) * DOUBLE * s.healing),
    Part("painting, uploaded", True, lambda s: s.materials),
    Part("fields", True, lambda s: 3 * DOUBLE * s.fields),
    Part("guesses and bases", True, lambda s: DOUBLE * s.foreseen),
    Part("transport", True, _transport),
    Part("parameters of reactions", True, lambda s: s.real * s.arrays),
    Part("stage", True, lambda s: s.places * (4 * DOUBLE + s.real)),
    Part("vectors of the linear solver", True, lambda s: s.places * s.real * (11 if s.directed else 5)),
    Part("multigrid", True, lambda s: s.places * s.real * (2 + 8 * s.coarse)),
)


def _picture(size: Size) -> float:
    """Bytes per cell of the picture: its faces, and the images that it is put together of."""
    images = 5 * (2 * DOUBLE + size.materials) if size.mirrored else DOUBLE
    return PICTURE * size.faces + images


# Held for a moment, one after the other: the largest counts.
PASSING = (
    Part("a field on its way to the kernels", True, lambda s: 2 * DOUBLE),
    Part("change of the problem", True, lambda s: s.eventful * (_transport(s) + s.real * s.arrays + s.materials)),
    Part("jump of fields", False, lambda s: s.injured * DOUBLE * (s.fields + 10)),
    Part("files for ParaView", False, lambda s: max(2 * s.written, s.written + 2 * DOUBLE)),
    Part("picture", False, _picture),
    Part("checkpoint", False, lambda s: 2 * DOUBLE),
)


@dataclass(frozen=True)
class Need:
    """Memory that a run takes at its peak, bytes; `device` is 0 where the kernels run on the host."""

    host: int
    device: int


def need(size: Size, *, device: bool) -> Need:
    """The peak of a run of some size."""

    def most(there: bool) -> float:
        here = [part for part in (*HELD, *PASSING) if (part.device and device) == there]
        held = sum(part.bytes(size) for part in here if part in HELD)
        return held + max((part.bytes(size) for part in here if part in PASSING), default=0.0)

    return Need(round(FIXED + size.cells * most(False)), round(size.cells * most(True)) if device else 0)


def size_of(case: Case, real: np.dtype[Any], abreast: Callable[[int], int] = lambda columns: 1) -> Size:
    """Count what a run of a case depends on, with the backend's `real` and `abreast`; nothing as large as a field."""
    problem, events = case.problem(cells=LOOK_AHEAD)
    mesh, fields, of = case.full_mesh(), problem.model.fields, kinetics(problem.model)
    places = _places(problem.model, of, abreast(mesh.shape[1] * mesh.shape[2]))
    return Size(
        cells=mesh.cells,
        faces=sum(1.0 / count for count in mesh.shape),
        coarse=_coarse(mesh),
        materials=len(problem.painting.materials),
        fields=len(fields),
        foreseen=len(of.predicted) + len(of.bases),
        mobile=sum(field.mobile for field in fields),
        own=sum(map(_given_by_cell, fields)),
        drifting=sum(field.changing for field in fields),
        places=len({place for place, _ in places}),
        placed=len({place for place, field in places if field.mobile and not _given_by_cell(field)}),
        mixing=len({place for place, field in places if field.mobile and not field.changing}),
        moving=len({place for place, field in places if field.changing}),
        partitions=_different(fields),
        capacities=_different([field for field in fields if field.mobile]),
        directed=any(field.taxis is not None for field in fields),
        arrays=len(of.arrays),
        closing=sum(isinstance(closing.openness, str) for closing in problem.model.closings),
        given=_given(problem) / problem.mesh.cells,
        real=real.itemsize,
        eventful=_eventful(problem, events),
        injured=any(event.jump is not None for event in events),
        healing=case.healing is not None,
        mirrored=case.mirrored,
        written=0.0 if case.output.fields == () else written(case, problem),
    )


def _different(fields: Sequence[Field]) -> int:
    """How many partition coefficients are kept: fields with the same values share one, what does not move has 1."""
    keys = [key_of("partition", field.partition if field.mobile else 1.0) for field in fields]
    return len({key for key in keys if key is not None}) + keys.count(None)


def _given_by_cell(field: Field) -> bool:
    """Whether a field has conductances of its own, that no tables could give again."""
    given = (field.diffusivity, field.lateral_diffusivity, field.partition)
    return field.mobile and not field.changing and any(isinstance(value, np.ndarray) for value in given)


def _places(model: Model, of: Kinetics, abreast: int) -> list[tuple[int, Field]]:
    """Place of each field among those that are solved side by side, where so many may be."""
    return [(place, model.fields[index]) for turn in turns(model, of, abreast) for place, index in enumerate(turn)]


def _coarse(mesh: Mesh) -> float:
    """Cells on all levels of the multigrid but the finest, per cell."""
    columns = [hx.size * hy.size for hx, hy, _ in plan(mesh.hx, mesh.hy)]
    return sum(columns[1:]) / columns[0]


def _given(problem: Problem) -> int:
    """Bytes of the coefficients that are given cell by cell; several that are one array count once."""
    arrays = {id(_owner(value)): _owner(value) for value in _arrays(problem) if value.ndim == 3}
    return sum(array.nbytes for array in arrays.values())


def _arrays(problem: Problem) -> Iterator[np.ndarray]:
    return (value for _, value in coefficients(problem.model) if isinstance(value, np.ndarray))


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _eventful(problem: Problem, events: tuple[Event, ...]) -> bool:
    """Whether any event changes the problem."""
    return any(event.change(problem) is not problem for event in events)


def written(case: Case, problem: Problem) -> float:
    """Bytes per cell of one file for ParaView, before it is compressed."""
    wanted = case.output.fields
    fields = [field for field in problem.model.fields if wanted is None or field.name in wanted]
    each = DOUBLE if case.output.double else 4
    channel = 4 if "channel" in problem.painting.materials else 0
    derived = 2 if case.healing is not None else 0  # the gain of collagen, and the hole
    return each * (len(fields) + sum(field.mobile for field in fields) + derived) + 1 + channel


def available() -> int | None:
    """Memory of the host that is free, bytes; None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None


def check(case: Case, backend: Backend) -> None:
    """Raise MemoryError, with the numbers and what would fit, when a run needs more than there is."""
    device = backend.memory()
    size = size_of(case, backend.real, backend.abreast)
    wanted = need(size, device=device is not None)
    for place, there, required, fixed in (
        ("on the host", available(), wanted.host, FIXED),
        (f"on {backend.description}", None if device is None else device[0], wanted.device, 0.0),
    ):
        if there is not None and required > there:
            fits = max(floor((there - fixed) / (required - fixed) * size.cells), 0)
            fields = f"{size.fields} field" + ("s" if size.fields > 1 else "")
            raise MemoryError(
                f"the run needs about {required / 1e9:.3g} GB {place} for {size.cells / 1e6:.3g} million cells and "
                f"{fields}, {there / 1e9:.3g} GB are free: at most {fits / 1e6:.3g} million cells fit, "
                "make them larger (mesh.smallest, mesh.largest, skin.layers)"
            )
