"""The runs of benchmarks/healing.py: what is run for how long, and the records of what was run before."""

from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

from mnrd.case import Case, from_document
from mnrd.case import document as documents
from mnrd.cli.healing import Healing
from mnrd.output.course import DAY, Course
from mnrd.simulation import Simulation
from mnrd.skin.healing.wounds import Wound

BACKEND = "native"
UNSEEN = ("title", "description", "output")  # sections of a case that do not change what is recorded
WHOLE = 502.0  # um, thickness of the slab
# Reticular dermis at all depths, with oxygen from its vessels alone: what a computation without depth has.
SLAB: dict[str, Any] = {
    "skin.layers": [
        {"name": "stratum corneum", "thickness": "1 um", "cells": 1},
        {"name": "viable epidermis", "thickness": "1 um", "cells": 1},
        {"name": "dermis", "thickness": f"{WHOLE - 2:g} um", "smallest": "10 um", "largest": "200 um", "growth": 3.0},
    ],
    "healing.parameters.phi_PD": 1.0,
    "healing.parameters.Q_PD": 0.6,
    "healing.parameters.B_PD": 0.7,
    "healing.parameters.k_O": "1e-6 mm/day",
}


@dataclass(frozen=True)
class Run:
    """One run of a bundled case with changes.

    Parameters
    ----------
    case : str
    days : float
    settings : mapping of path to value
    dropped : tuple of str
        Sections of the bundled case that are left out.
    incision : float, optional
        Width (um) of a plane wound through all of the slab, in place of the wound of the case.
    without : tuple of str
        ``needles``, ``actives`` or both.
    rtol : float
    longest : float
        Longest step, d.
    """

    case: str
    days: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    incision: float | None = None
    without: tuple[str, ...] = ()
    rtol: float = 1e-2
    longest: float = 2.0

    def changed(self, **settings: Any) -> Run:
        """The same with other settings; ``__`` stands for a dot."""
        return replace(self, settings={**self.settings, **{k.replace("__", "."): v for k, v in settings.items()}})

    def made(self) -> Case:
        """The case."""
        _, document = documents.read(self.case)
        kept = {key: value for key, value in document.items() if key not in self.dropped}
        ends = {"run.end": f"{self.days} day", "run.at": [], "output.fields_at": []}
        made = from_document(kept, self.case, {**ends, **self.settings})
        if self.incision is None:
            return made
        assert made.healing is not None
        through = Wound(kind="incision", width=self.incision, depth=WHOLE - 0.1)
        return made.model_copy(update={"healing": made.healing.model_copy(update={"wound": through})})


@dataclass(frozen=True)
class Record:
    """What a run gave.

    Parameters
    ----------
    course : Course
    cells : (int, int, int)
        nz, ny, nx.
    steps, rejected, iterations : int
    seconds : float
        Of one core.
    least : float
        Smallest value of any field at the end.
    """

    course: Course
    cells: tuple[int, ...]
    steps: int
    rejected: int
    iterations: int
    seconds: float
    least: float


def record(name: str, run: Run, folder: Path) -> Record:
    """The record of a run: the one in a folder if nothing it depends on has changed, otherwise run now.

    Changes of the program are not noticed: empty the folder then.
    """
    logging.getLogger("mnrd").setLevel(logging.ERROR)  # a knock-out is outside of its plausible range
    case = run.made()
    healing = Healing(case)
    assert case.healing is not None
    wound = None if case.healing.wound is None else case.healing.wound.model_dump()
    physics = {key: value for key, value in case.effective().items() if key not in UNSEEN}
    asked = [physics, case.healing.values, wound, run.without, run.rtol, run.longest]
    digest = sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:12]
    path = folder / f"{name.replace(' ', '_').replace('/', '-')}-{digest}.pickle"
    if path.is_file():
        found: Record = pickle.loads(path.read_bytes())
        return found
    made = _run(case, healing, run)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(made))
    return made


def _run(case: Case, healing: Healing, run: Run) -> Record:
    begin = process_time()
    without = {f"without_{name}": True for name in run.without}
    problem, events = case.scenario().problem(**without)
    observer = healing.courses(problem, injured="needles" not in run.without)
    simulation = Simulation(
        problem, backend=BACKEND, events=events, observers=[observer], rtol=run.rtol, dt_max=run.longest * DAY
    ).run(run.days * DAY)
    least = min(float(simulation.concentration(name).min()) for name in problem.model.names)
    return Record(
        observer.course, problem.mesh.shape, simulation.step, simulation.rejected, simulation.iterations,
        process_time() - begin, least,
    )  # fmt: skip


# --- what is run ------------------------------------------------------------------------------------------------------

YEARS = 365.25
ARRAY = Run("healing-roller-15mm", 28.0, {"healing.depth": "1.5 mm"})
SCAR = Run("scar-needled", 90.0, {"healing.depth": "1.5 mm"})
INCISION, PUNCH = Run("healing-incision", 180.0), Run("healing-punch", 90.0)
HOLE = PUNCH.changed(mesh__smallest="20 um", mesh__largest="150 um")
SHALLOW = replace(INCISION, days=90.0)
WIDTHS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # mm, of full columns
DEPTHS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)  # mm, of scratches 3 mm wide
SERUM = ({"name": "ascorbic acid", "concentration": "20 % w/v", "effect": {"acts": "vitamin C"}},
         {"name": "retinol", "concentration": "0.3 % w/v", "vehicle_partition": 4.8e5, "effect": {"acts": "retinol"}},
         {"name": "egf", "concentration": "200 ng/mL", "effect": {"acts": "growth factor"}})  # fmt: skip
DOSES: dict[str, dict[str, Any]] = {
    "": {},  # endless
    ", 2 mg/cm2": {"donor.depth": "20 um"},
    ", tenth of the pore": {"filling.relative_diffusivity": 0.03},
}
OFF = {
    "no stretch": {},  # needles of no width; the edge of the punch retracts all the same
    "no integrin/fragment path": {"j_A": "0 1/day"},
    "neither": {"j_A": "0 1/day"},
    "no platelet store": {"k_g": "0 1/day"},
    "no PDGF": {"q_P": "0 ng/mL", "p_M": "0 ng/mL/day"},
    "no TGF-beta": {"q_T": "0 ng/mL", "t_M": "0 ng/mL/day", "t_F": "0 ng/mL/day", "t_Y": "0 ng/mL/day"},
    "no neutrophils": {"k_N": "0 1/day", "N_cl": 0.0},
    "no macrophages": {"k_M": "0 1/day", "M_cl": 0.0},
    "no VEGF": {"v_M": "0 ng/mL/day", "v_H": "0 ng/mL/day"},
    "no myofibroblasts": {"k_Y": "0 1/day"},
}  # fmt: skip


def column(width: float, run: Run = HOLE) -> Run:
    """A cylinder through all of the skin; width in mm."""
    wound = {"kind": "column", "width": f"{width} mm", "healthy": "2 mm"}
    fine = {} if width > 0.8 else {"mesh.smallest": f"{min(20.0, 50.0 * width):g} um"}
    return replace(run, settings={**run.settings, **fine, "healing.wound": wound})


def slab(run: Run) -> Run:
    """The same in the slab without depth."""
    return replace(run, settings={**run.settings, **SLAB}, dropped=("skin",))


def products() -> dict[str, Run]:
    """Runs with actives: 24 h of a product with one, and four weeks of a serum of three."""
    found = {}
    for name, case in (("vitamin C", "needling-vitamin-c"), ("retinol", "needling-retinol"),
                       ("growth factor", "needling-egf")):  # fmt: skip
        for dose, settings in DOSES.items():
            needled = Run(case, 1.0, settings)
            found[f"{name}{dose}, needles"] = needled
            found[f"{name}{dose}, intact"] = replace(needled, without=("needles",))
    both = Run("needling-vitamin-c", 28.0, {"actives": list(SERUM)})
    found |= {"needles and topicals": both, "topicals": replace(both, without=("needles",))}
    found |= {"needles of topicals": replace(both, without=("actives",))}
    return found


def knock_outs() -> dict[str, Run]:
    """The array and the punch in the slab with something switched off."""
    found = {}
    for name, off in OFF.items():
        changes = {f"healing.parameters.{one}": value for one, value in off.items()}
        stiff = {"healing.needle_radius": "0 um"} if name in ("no stretch", "neither") else {}
        found[f"array, {name}"] = replace(ARRAY, settings={**ARRAY.settings, **stiff, **changes})
        punch = slab(column(2.0, PUNCH))
        found[f"punch, {name}"] = replace(punch, settings={**punch.settings, **changes})
    return found


def refined() -> dict[str, Run]:
    """Cells halved in x, y and z, and a tighter tolerance."""
    halves = [
        {"name": "stratum corneum", "thickness": "15 um", "cells": 6},
        {"name": "viable epidermis", "thickness": "85 um", "smallest": "5 um", "largest": "6.5 um"},
        {"name": "papillary dermis", "thickness": "200 um", "smallest": "10 um", "largest": "12.5 um"},
        {"name": "reticular dermis", "thickness": "1700 um", "smallest": "12.5 um", "largest": "40 um", "growth": 1.07},
    ]
    finer = {"skin.layers": halves}
    array = {**finer, "mesh.smallest": "6.25 um", "mesh.largest": "20 um", "mesh.growth": 1.15}
    wound = {**finer, "mesh.smallest": "15 um", "mesh.largest": "75 um", "mesh.tip": "12.5 um", "mesh.growth": 1.15}
    return {
        "array, cells halved": replace(ARRAY, settings={**ARRAY.settings, **array}, dropped=("skin",)),
        "array, rtol 1e-3": replace(ARRAY, rtol=1e-3, longest=0.5),
        "incision, cells halved": replace(INCISION, settings={**INCISION.settings, **wound}, dropped=("skin",)),
        "incision, rtol 1e-3": replace(INCISION, rtol=1e-3, longest=0.5),
    }


def all_runs() -> dict[str, Run]:
    """Every run by name."""
    found = {
        "array": replace(ARRAY, days=365.0),
        "array 0.8 mm": replace(ARRAY, days=180.0).changed(healing__depth="0.8 mm"),
        "incision": INCISION,
        "punch": PUNCH,
        "papillary": SHALLOW.changed(healing__wound__depth="0.3 mm"),
        "core": replace(HOLE, days=3.0).changed(healing__wound__width="0.33 mm", mesh__smallest="16.5 um"),
        "25 y": ARRAY.changed(healing__age=25.0),
        "70 y": ARRAY.changed(healing__age=70.0),
        "untreated from 25 y": replace(ARRAY, days=50 * YEARS, longest=YEARS / 4, dropped=("array", "needle"),
                                       settings={"healing.age": 25.0, "healing.sessions": []}),
        "sessions": replace(ARRAY, case="healing-four-sessions", days=112.0),
        "scar": SCAR.changed(healing__sessions=[{"at": "0 s"}]),
        "scar sessions": replace(SCAR, days=180.0),
        "scar untreated": replace(SCAR, days=180.0, without=("needles",)),
        "50 per cm2": ARRAY.changed(array__density="50 /cm^2"),
        "400 per cm2": ARRAY.changed(array__density="400 /cm^2"),
        "incision in the slab": replace(slab(column(3.0, PUNCH)), days=180.0, incision=3000.0),
        "punch in the slab": slab(column(2.0, PUNCH)),
    }  # fmt: skip
    found |= {f"column {width:g} mm": column(width) for width in WIDTHS}
    found |= {f"column {width:g} mm in the slab": slab(column(width)) for width in WIDTHS}
    found |= {f"scratch {depth:g} mm": SHALLOW.changed(healing__wound__depth=f"{depth} mm") for depth in DEPTHS}
    return found | refined() | knock_outs() | products()
