"""What events do to a problem. Functions of a module bound by `partial`, so that events can be pickled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from math import inf

import numpy as np

from mnrd.model.field import Coefficient, Field, Reservoir
from mnrd.model.problem import Event, Problem
from mnrd.skin.fate import pulling_parameter, washing_parameter
from mnrd.skin.permeation import Permeation
from mnrd.skin.scene import Scene
from mnrd.skin.transport import NEEDLE, VEHICLE

RINSED = 1.0  # 1/s, rate at which a meshed vehicle is washed out
PULL = 1.0  # s, time in which a porous needle is pulled out with what is in it
ALL = 1.0 - 1e-15  # of what is in a cell


def unchanged(problem: Problem) -> Problem:
    """The problem as it is; the loop lands on the time of the event."""
    return problem


def repainted(scene: Scene, radius: float, problem: Problem) -> Problem:
    """Channels, of another radius, where there were needles or channels; concentrations stay, and so do amounts."""
    return replace(problem, painting=scene.painting(needles=False, radius=radius))


def application(permeation: Permeation, time: float) -> Event:
    """The first dose of every active that has one."""
    return replace(reapplication(permeation, time, 1.0, False), name="apply")


def reapplication(permeation: Permeation, time: float, strength: float, topped_up: bool) -> Event:
    """A new dose of every active that has one, in place of what is left of the old one or on top of it."""
    tops = {permeant.field: permeation.donor(permeant, strength) for permeant in permeation.permeants}
    return Event(time, "reapply", partial(_topped_up if topped_up else _with_tops, tops))


def wash_off(permeation: Permeation, time: float, rinse: float) -> list[Event]:
    """The donor is taken away, at once or after a rinse of some duration (s)."""
    around = permeation.around
    if VEHICLE in around.materials:
        names = {permeant.field: washing_parameter(permeant) for permeant in permeation.permeants}
        wet: Callable[[Problem], Problem] = partial(_washed, names, False)
        dry: Callable[[Problem], Problem] = partial(_washed, names, True)
    else:
        area = None if around.donor is None else around.donor.coverage(around.mesh)
        fields = [permeant.field for permeant in permeation.permeants]
        wet = partial(_with_tops, {field: Reservoir(activity=0.0, area=area) for field in fields})
        dry = partial(_with_tops, dict.fromkeys(fields))
    if rinse == 0.0:
        return [Event(time, "wash off", dry)]
    return [Event(time, "wash off", wet), Event(time + rinse, "end of rinse", dry)]


def removal(permeation: Permeation, scene: Scene, time: float) -> list[Event]:
    """Needles are pulled out; a porous one takes along what is in it, within a second."""
    repaint = partial(repainted, scene, 1.0)
    if not permeation.around.pulled:
        return [Event(time, "remove needles", repaint)]
    fields = {permeant.field: pulling_parameter(permeant) for permeant in permeation.permeants}
    return [
        Event(time, "pull needles", partial(_pulled, fields)),
        Event(time + PULL, "remove needles", partial(_let_go, fields, repaint)),
    ]


def _with_tops(tops: Mapping[str, Reservoir | None], problem: Problem) -> Problem:
    """Other reservoirs on the skin; a new one is a new dose."""
    fields = [replace(field, top=tops[field.name]) if field.name in tops else field for field in problem.model.fields]
    return _with_fields(problem, fields)


def _topped_up(tops: Mapping[str, Reservoir | None], problem: Problem) -> Problem:
    """New doses on top of what is left."""
    olds = {field.name: field.top for field in problem.model.fields}
    return _with_tops({name: _added(olds[name], new) for name, new in tops.items()}, problem)


def _added(old: Reservoir | None, new: Reservoir | None) -> Reservoir | None:
    """Both vehicles in one: their capacities together, the new dose diluted in them."""
    if old is None or new is None or inf in (old.capacity, new.capacity):
        return new
    capacity = old.capacity + new.capacity
    drying = new.drying
    if drying is not None:
        drying = (drying[0], drying[1] + (old.capacity if old.drying is None else old.drying[1]))
    activity = new.activity * new.capacity / capacity
    return replace(new, capacity=capacity, activity=activity, drying=drying, tops_up=True)


def _with_fields(problem: Problem, fields: list[Field]) -> Problem:
    return replace(problem, model=replace(problem.model, fields=tuple(fields)))


def with_parameters(problem: Problem, changed: Mapping[str, Coefficient | str]) -> Problem:
    """Other values of some parameters."""
    return replace(problem, model=replace(problem.model, parameters={**problem.model.parameters, **changed}))


def _washed(names: Mapping[str, str], gone: bool, problem: Problem) -> Problem:
    """A meshed vehicle that loses what is in it; when it is gone nothing moves there any more."""
    rates = {material: RINSED if material == VEHICLE else 0.0 for material in problem.painting.materials}
    problem = with_parameters(problem, dict.fromkeys(names.values(), rates))
    if not gone:
        return problem
    return _with_fields(problem, [_still(field) if field.name in names else field for field in problem.model.fields])


def _still(field: Field) -> Field:
    """A field that does not move in the vehicle."""
    vertical, lateral = (
        {**values, VEHICLE: 0.0} if isinstance(values, Mapping) else values
        for values in (field.diffusivity, field.lateral_diffusivity)
    )
    return replace(field, diffusivity=vertical, lateral_diffusivity=lateral)


def _pulled(names: Mapping[str, str], problem: Problem) -> Problem:
    """Rates at which needles take their drug along.

    Of the drug in a cell the share s = phi K_needle / K is in the needle; exp(-rate PULL) = 1 - s stays.
    """
    needle = problem.painting.fraction(NEEDLE)
    rates: dict[str, Coefficient | str] = {}
    for field in problem.model.fields:
        if field.name in names and isinstance(field.partition, Mapping):
            share = needle * field.partition[NEEDLE] / problem.painting.mix(field.partition)
            rates[names[field.name]] = -np.log1p(-np.minimum(share, ALL)) / PULL
    return with_parameters(problem, rates)


def _let_go(names: Mapping[str, str], repaint: Callable[[Problem], Problem], problem: Problem) -> Problem:
    """The needles are out."""
    nothing = dict.fromkeys(problem.painting.materials, 0.0)
    return with_parameters(repaint(problem), dict.fromkeys(names.values(), nothing))
