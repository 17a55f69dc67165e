"""The healing part of a run: what looks on, what is answered, and what it is held against."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mnrd.case import Case
from mnrd.case.synergy import Interaction, interaction
from mnrd.mesh.rectilinear import Array
from mnrd.model.discretise import initial_concentration
from mnrd.model.problem import Event, Problem
from mnrd.output.answer import Entry, as_numbers, meanings
from mnrd.output.course import DAY, Course
from mnrd.output.courses_picture import healing_picture
from mnrd.output.healing import Courses
from mnrd.output.healing_answer import healing_answer
from mnrd.output.picture import PictureError
from mnrd.output.regions import BARRIER, DERMIS, EPIDERMIS, healing_regions, ring_regions
from mnrd.output.rings import Rings
from mnrd.output.schedule import AtTimes
from mnrd.output.targets import Verdict, verdicts
from mnrd.simulation import Observer, Simulation
from mnrd.skin.healing.distance import distance_from_needles, distance_from_wound
from mnrd.skin.healing.parameters import outside_range
from mnrd.skin.healing.places import Places
from mnrd.skin.healing.wounds import Wound

COMPARED = 28.0 * DAY  # when the gains of treatments are compared; at the end of a shorter run
AGE = 45.0  # years, of the skin of the targets
DENSITY = 2e-6  # needles per um^2, 200 per cm^2, of theirs
LARGE = 1000.0  # um, from which on a wound is held against those of 2 and 3 mm


@dataclass(frozen=True)
class Outcome:
    """What the healing part of a run gave.

    Parameters
    ----------
    kind : str or None
        The kind of run whose targets it is held against; None if there are none for it.
    course : Course
    answer : dict of name to Entry
    verdicts : list of Verdict
    """

    kind: str | None
    course: Course
    answer: dict[str, Entry]
    verdicts: list[Verdict] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """For summary.json."""
        return {
            "answer": as_numbers(self.answer),
            "meanings": meanings(self.answer),
            "targets of": self.kind,
            "targets": [verdict.entry() for verdict in self.verdicts],
        }


@dataclass
class Healing:
    """The healing part of a run of a case.

    Parameters
    ----------
    case : Case
        With a healing section.
    """

    case: Case

    def __post_init__(self) -> None:
        assert self.case.healing is not None
        self._scenario = self.case.scenario()
        self._scene = self._scenario.scene()
        course = self._scenario.course(self._scene)
        assert course is not None
        self._course = course
        self._sessions = [time for time, _ in course.sessions]
        for line in outside_range(self.case.healing.parameters):
            logging.getLogger("mnrd").warning("healing.%s", line)

    def courses(self, problem: Problem, folder: Path | None = None, *, injured: bool = True) -> Courses:
        """Observer of the means of a run, or of a variant of it on skin that is not injured."""
        sessions = self._sessions if injured else []
        hole = self._course.injury(sessions[0]).hole if sessions else None
        if hole is not None:
            self._hole = np.rint(255.0 * hole).astype(np.uint8)
        regions = healing_regions(problem.mesh, self._layers(problem), hole)
        return Courses(regions, sessions, folder)

    def rings(self, problem: Problem, folder: Path) -> Iterator[Observer]:
        """Observer of the rings, if there is an injury."""
        if not self._sessions:
            return
        mesh, surface, course = problem.mesh, self._scene.depth_of_skin, self._course
        if course.healing.wound is not None:
            distance = distance_from_wound(mesh, course.healing.wound, surface=surface)
        else:
            assert course.puncture is not None
            positions = self._scene.cell.positions
            distance = distance_from_needles(mesh, course.puncture, positions, surface=surface)
        yield Rings(ring_regions(mesh, self._layers(problem), distance), folder, AtTimes(self.case.run.reports))

    def hole(self, simulation: Simulation) -> Array:
        """Share of every cell that the first session cut out, from then on; its outline is drawn in pictures."""
        begun = bool(self._sessions) and simulation.time >= self._sessions[0]
        return self._hole / 255.0 if begun else np.zeros(simulation.problem.mesh.shape)

    def outcome(self, course: Course, variants: dict[str, Course]) -> Outcome:
        """Answer and verdicts of the run, with the interaction of needles and actives if variants of it were run."""
        wound = self._course.healing.wound is not None and bool(self._sessions)
        places = ("hole", "hole") if wound else ("papillary dermis", "treated dermis")
        found = healing_answer(course, *places)
        if variants:
            found |= _synergy(variants | {"both": course})
        kind, alone = self.kind(), variants.get("stimulus", course)  # the targets are for needles without actives
        return Outcome(kind, course, found, [] if kind is None else verdicts(kind, alone))

    def picture(self, course: Course, folder: Path) -> None:
        """Draw healing.png; without it a run is still good."""
        healing = self._course.healing
        region = "hole" if healing.wound is not None and self._sessions else "papillary dermis"
        title = self.case.title or self.case.name
        try:
            healing_picture(course, folder / "healing.png", title=title, kind=self.kind() or "", region=region)
        except PictureError as error:
            logging.getLogger("mnrd").warning("%s", error)

    @property
    def depth(self) -> float | None:
        """Depth that the picture of the skin shows, um: twice that of the injury; None where there is none."""
        wound, puncture = self._course.healing.wound, self._course.puncture
        reached = wound.depth if wound is not None else None if puncture is None else puncture.depth
        return None if reached is None else 2.0 * reached

    def kind(self) -> str | None:
        """Kind of run, as in ``meshes/targets.toml``; None where no target is for such skin or treatment."""
        healing, count = self._course.healing, len(self._sessions)
        if healing.age != AGE or (self.case.actives and self.case.output.compare != "synergy"):
            return None
        if healing.scar:
            return {0: "scar untreated", 1: "scar", 4: "scar sessions"}.get(count)
        if healing.wound is not None:
            return _kind_of_wound(healing.wound, healing.values) if count == 1 else None
        alike = abs(self._scene.cell.density / DENSITY - 1.0) < 0.1
        return {1: "array", 4: "sessions"}.get(count) if alike else None

    def _layers(self, problem: Problem) -> dict[str, Array]:
        """Share of every cell that lies in a layer; above the depth z_PD dermis is papillary."""
        mesh, mix, values = problem.mesh, problem.painting.mix, self._course.healing.values
        places = Places(mesh, self._scene.tissues, problem.painting.materials)
        depth = self._scene.depth_of_skin + values["z_PD"]
        papillary, dermis = np.clip((depth - mesh.z[:-1]) / mesh.hz, 0.0, 1.0), places.coefficient(values, dermis=1.0)
        return {
            BARRIER: mix(places.coefficient(values, corneum=1.0)),
            EPIDERMIS: mix(places.coefficient(values, epidermis=1.0)),
            DERMIS[0]: mix({name: row * papillary for name, row in dermis.items()}),
            DERMIS[1]: mix({name: row * (1.0 - papillary) for name, row in dermis.items()}),
        }


class Run(Protocol):
    """Runs a problem with observers."""

    def __call__(self, name: str, problem: Problem, events: Sequence[Event], observers: Sequence[Observer]) -> object:
        """Run it."""


def run_variants(
    healing: Healing, makers: Mapping[str, Callable[[], tuple[Problem, Sequence[Event]]]], run: Run
) -> dict[str, Course]:
    """Courses of variants of a case, by name; each problem is made when its turn comes."""
    found = {}
    for name, make in makers.items():
        problem, events = make()
        courses = healing.courses(problem, injured=name in ("stimulus", "both"))
        run(name, problem, events, [courses])
        found[name] = courses.course
    return found


def collagen_gain(simulation: Simulation) -> Array:
    """Gain of collagen against skin at rest in every cell, %; 0 where there is none in such skin."""
    problem = simulation.problem
    at_rest, now = np.zeros(problem.mesh.shape), np.zeros(problem.mesh.shape)
    for name in ("C1", "C3"):
        at_rest += initial_concentration(problem, problem.model.fields[problem.model.index(name)])
        now += simulation.concentration(name)
    gain = np.divide(now, at_rest, out=np.ones_like(now), where=at_rest > 0.0) - 1.0
    return 100.0 * gain


def _synergy(courses: dict[str, Course]) -> dict[str, Entry]:
    """What needles and actives do to the collagen of the papillary dermis, alone and together."""
    time = min(COMPARED, courses["both"].times[-1])
    gains = {name: course.at("collagen gain", "papillary dermis", time) for name, course in courses.items()}
    found: Interaction = interaction(gains)
    when = f"day {time / DAY:.3g}, against untreated skin"
    entries = {
        "gain by needles": Entry(found.stimulus, "%", f"collagen, {when}"),
        "gain by actives": Entry(found.supplement, "%", f"collagen, {when}"),
        "gain by both": Entry(found.both, "%", f"collagen, {when}"),
        "interaction": Entry(found.term, "%", "gain by both less the sum of the gains by each"),
    }
    if found.stimulus + found.supplement > 0.0:  # in the first days there is less collagen than before
        entries["both over sum"] = Entry(found.ratio, "", "gain by both / sum of the gains by each")
    return entries


def _kind_of_wound(wound: Wound, values: dict[str, float]) -> str | None:
    """Kind of run that a wound is nearest to."""
    depth = inf if wound.depth is None else wound.depth
    deep = depth >= values["z_RD"]
    if wound.kind == "incision":
        if wound.width < LARGE:
            return None
        return "incision" if deep else "papillary" if depth <= values["z_PD"] else None
    if wound.width >= LARGE:
        return "punch" if deep else None
    if wound.kind == "punch":
        return "core" if 300.0 <= wound.width <= 400.0 else None
    return "column 0.2 mm" if wound.width <= 250.0 else "column 0.4 mm" if wound.width <= 450.0 else None
