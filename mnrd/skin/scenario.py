"""The scenario: from all nouns of a case to the problem at time 0 and the events after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from mnrd.mesh.coarse import coarse
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing
from mnrd.skin.arrays import Array
from mnrd.skin.base import Base
from mnrd.skin.changes import application, reapplication, removal, repainted, unchanged, wash_off
from mnrd.skin.channels import Channel
from mnrd.skin.closure import Closure, Openness, occlusion_of, shrinking
from mnrd.skin.donor import Donor
from mnrd.skin.filling import Filling, Stay
from mnrd.skin.geometry import Resolution
from mnrd.skin.healing.course import Course
from mnrd.skin.healing.healing import Healing
from mnrd.skin.healing.wounds import wound_scene
from mnrd.skin.imported import has_channels
from mnrd.skin.laws import Laws
from mnrd.skin.layers import Skin
from mnrd.skin.needles import Needle
from mnrd.skin.permeant import Permeant
from mnrd.skin.permeation import Permeation
from mnrd.skin.scene import Scene, intact, kind_of, make_scene, unpierced
from mnrd.skin.transport import CHANNEL, Surroundings
from mnrd.skin.treatment import (
    Reapply,
    RemoveNeedles,
    Step,
    WashOff,
    occlusion_switches,
    removal_of_needles,
    schedule,
)

DEFAULT_LAWS, DEFAULT_FILLING, DEFAULT_BASE, DEFAULT_RESOLUTION = Laws(), Filling(), Base(), Resolution()
Extension = Callable[[Model | None, tuple[str, ...]], Model]
MEMBRANE = 1e-6  # um, less than half a cell


@dataclass(frozen=True)
class Scenario:
    """All that is said about skin, needles, actives and treatment; see the nouns for the meaning of each."""

    skin: Skin
    actives: tuple[Permeant, ...] = ()
    laws: Laws = DEFAULT_LAWS
    needle: Needle | None = None
    array: Array | None = None
    channel: Channel | None = None
    filling: Filling = DEFAULT_FILLING
    stay: Stay | None = None
    donor: Donor | None = None
    base: Base = DEFAULT_BASE
    closure: Closure | None = None
    steps: tuple[Step, ...] = ()
    healing: Healing | None = None
    resolution: Resolution = DEFAULT_RESOLUTION
    extent: tuple[float, float] | None = None

    def scene(self) -> Scene:
        """Mesh and layout; ValueError when needles overlap or go through the skin.

        Without actives no channel is painted: the healing model knows holes by what is gone there. With healing every
        cell of an imported mesh is of one layer, because one that is partly dermis is never at rest.
        """
        self._check_imported()
        if self.healing is not None and self.healing.wound is not None:
            return wound_scene(self.skin, self.healing.wound, self.resolution)
        needle, channel = self.needle, self.channel
        if self.healing is not None and self.array is not None and not self.actives:
            needle, channel = None, self.healing.hole(needle, channel)
        loads = [active.load for active in self.actives if active.load is not None]
        coatings = [load.coating_thickness for load in loads if load.place == "coating"]
        scene = make_scene(
            self.skin,
            array=self.array,
            needle=needle,
            channel=channel,
            stay=self.stay,
            donor=self.donor,
            resolution=self.resolution,
            extent=self.extent,
            membrane=self.laws.membrane,
            coating=max(coatings, default=0.0),
            moves=() if self.healing is None else [move for _, move in self.healing.moves],
            whole=self.healing is not None,
        )
        return scene if self.actives or self.healing is None else unpierced(scene)

    def _check_imported(self) -> None:
        """Raise ValueError for what an imported mesh cannot do."""
        if self.skin.mesh is None:
            return
        if self.extent is not None:
            raise ValueError("resolution.extent: is that of the imported mesh, leave it out")
        if self.healing is not None and self.healing.wound is not None:
            raise ValueError("wound: is not possible on an imported mesh; take layers, or needles")
        if not has_channels(self.skin):
            return
        if self.array is not None:
            raise ValueError(
                "array: the mesh of the skin has channels of its own; import it without them, or leave it out"
            )
        if self.healing is not None:
            raise ValueError(
                "healing: how the channels of the mesh were made is not known; import it without, give [array]"
            )

    def course(self, scene: Scene) -> Course | None:
        """The healing response in a scene; None where it is not asked for."""
        if self.healing is None:
            return None
        puncture = None if self.array is None else self.healing.puncture(self.needle, self.channel)
        return Course(self.healing, scene, puncture, closes=self.closure is None)

    def problem(
        self,
        *,
        without_needles: bool = False,
        without_actives: bool = False,
        extended: Extension | None = None,
        cells: int | None = None,
    ) -> tuple[Problem, tuple[Event, ...]]:
        """The problem at time 0 and what happens to it later.

        Parameters
        ----------
        without_needles : bool
            The same dose and treatment on intact skin of the same size, for enhancement ratios.
        without_actives : bool
            Healing alone, on the same mesh.
        extended : callable of the model (None without actives) and the materials, optional
            Gives the model with what else is in it.
        cells : int, optional
            Coarsen the mesh to at most about so many cells, for a look ahead.

        Raises
        ------
        ValueError
            When sizes do not fit, or an input that a law needs is missing.
        """
        scene, same = self._variant(without_needles=without_needles, without_actives=without_actives)
        if cells is not None:
            scene = replace(scene, mesh=coarse(scene.mesh, cells))
        return same._problem_in(scene, extended)

    def full_mesh(self, *, without_needles: bool = False, without_actives: bool = False) -> Mesh:
        """The mesh of `problem`, without painting it."""
        return self._variant(without_needles=without_needles, without_actives=without_actives)[0].mesh

    def _variant(self, *, without_needles: bool, without_actives: bool) -> tuple[Scene, Scenario]:
        scene, same = self.scene(), self
        if without_actives:
            scene, same = unpierced(scene), replace(same, actives=(), donor=None, closure=None, stay=None, steps=())
        if without_needles:
            varied = self.donor is not None and self.donor.area is not None
            varied = varied or self.skin.mesh is not None or any(layer.ridges is not None for layer in self.skin.layers)
            scene, same = intact(scene, lateral=varied), same._without_needles()
        return scene, same

    def _without_needles(self) -> Scenario:
        return replace(
            self,
            array=None,
            stay=None,
            closure=None,
            actives=tuple(active.model_copy(update={"load": None}) for active in self.actives),
            steps=tuple(step for step in self.steps if not isinstance(step, RemoveNeedles)),
            healing=self.healing and self.healing.model_copy(update={"wound": None, "sessions": ()}),
        )

    def _problem_in(self, scene: Scene, extended: Extension | None) -> tuple[Problem, tuple[Event, ...]]:
        permeation, course = self.permeation(scene), self.course(scene)
        pierced = course is None or course.starts_open
        painting = scene.painting(needles=scene.begins_with_needles, radius=1.0 if pierced else 0.0)
        model = permeation.model(painting) if self.actives else None
        events = self._events(scene, permeation)
        if course is not None:
            model = course.model(model, self.actives)
            events += course.events()
        if extended is not None:
            model = extended(model, painting.materials)
        if model is None:
            raise ValueError("actives: got none, must be at least one")
        return Problem(scene.mesh, painting, model), tuple(sorted(events, key=lambda event: event.time))

    def permeation(self, scene: Scene) -> Permeation:
        """The permeation model in a scene."""
        around = Surroundings(
            mesh=scene.mesh,
            tissues=scene.tissues,
            laws=self.laws,
            donor=self.donor,
            filling=self.filling,
            stay=self.stay,
            materials=scene.materials,
            blood=self.base.clears,
            pulled=self.stay is not None
            and self.stay.material == "porous"
            and removal_of_needles(self.steps) is not None,
            sc_thickness=next(
                (layer.thickness for layer in self.skin.layers if kind_of(layer.name) == "stratum corneum"), None
            ),
        )
        cones = [active for active in self.actives if active.load and active.load.release == "shrinking cone"]
        return Permeation(
            permeants=self.actives,
            around=around,
            base=self.base,
            closing=self._closing(scene) if CHANNEL in scene.materials else None,
            needles=scene.cell.needles,
            relative_radius=scene.relative_radius() if cones else None,
        )

    def openness(self) -> Openness | None:
        """Open fraction of the channels; closing begins when needles that stayed are taken out."""
        solid = self.stay is not None and self.stay.material != "dissolving"
        out = removal_of_needles(self.steps) if solid else 0.0
        if self.closure is None or out is None:
            return None
        closure = self.closure.model_copy(update={"begins": max(self.closure.begins, out)})
        occluded = self.donor is not None and self.donor.occluded
        return Openness(closure, occlusion_of(occluded, tuple(occlusion_switches(self.steps))))

    def _closing(self, scene: Scene) -> Closing | None:
        openness = self.openness()
        if openness is None or openness.closure.mode != "plug":
            return None
        deepest = {"stratum corneum": ("stratum corneum",), "viable epidermis": ("stratum corneum", "epidermis")}
        closing = deepest[openness.closure.through]
        bases = [tissue.base for tissue in scene.tissues if tissue.kind in closing]
        # a membrane lies at the top of the uppermost layer, above its first cells
        return Closing(CHANNEL, openness, max(bases, default=scene.depth_of_skin + MEMBRANE))

    def _events(self, scene: Scene, permeation: Permeation) -> list[Event]:
        events: list[Event] = []
        if self.donor is not None and self.donor.begins:
            events.append(application(permeation, self.donor.begins))
        for time, step in schedule(self.steps):
            if isinstance(step, WashOff):
                events += wash_off(permeation, time, step.rinse)
            elif isinstance(step, Reapply):
                events.append(reapplication(permeation, time, step.strength, step.topped_up))
            elif isinstance(step, RemoveNeedles):
                events += removal(permeation, scene, time)
            else:
                events.append(Event(time, step.do, unchanged))
        openness = self.openness()
        if openness is not None and openness.closure.mode == "shrink":
            events += [
                Event(time, f"channels shrink to {radius:.0%}", partial(repainted, scene, radius))
                for time, radius in shrinking(openness)
            ]
        return events
