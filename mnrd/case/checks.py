"""Checks between the sections of a case: each yields places and sentences, and says which sections it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sympy import Expr

from mnrd.case.errors import nearest
from mnrd.case.healing import HEALING_CHECKS
from mnrd.model.expression import ExpressionError, parse, symbol
from mnrd.skin.arrays import Array
from mnrd.skin.correlations import BLOOD_PH
from mnrd.skin.fate import bound_of, solid_of
from mnrd.skin.healing.declaration import FIELDS
from mnrd.skin.healing.effects import dose_of, keeps_dose
from mnrd.skin.permeant import in_causal_order
from mnrd.skin.scene import kind_of
from mnrd.skin.treatment import Occlude, Reapply, RemoveNeedles, Uncover, WashOff

if TYPE_CHECKING:
    from mnrd.case.case import Case

Found = Iterator[tuple[str, str]]
Check = Callable[["Case"], Found]

CHECKS: list[tuple[frozenset[str], Check]] = list(HEALING_CHECKS)


def needs(*sections: str) -> Callable[[Check], Check]:
    """Register a check that is run only when these sections are sound."""

    def register(check: Check) -> Check:
        CHECKS.append((frozenset(sections), check))
        return check

    return register


def problems_across(case: Case | None, broken: set[str]) -> list[tuple[str, str]]:
    """All problems between sections, leaving out the checks that need a broken one."""
    if case is None:
        return []
    return [found for sections, check in CHECKS if not sections & broken for found in check(case)]


@needs("skin", "model", "mesh", "actives", "array", "healing")
def _something_to_compute(case: Case) -> Found:
    if case.skin is None:
        for key in ("array", "needle", "channel", "actives", "donor", "closure", "events", "stay", "healing"):
            if getattr(case, key):
                yield key, "needs [skin]"
        if case.mesh.size is None or case.mesh.cells is None:
            yield "mesh", "size and cells are needed without [skin]"
        if case.model is None or not case.model.fields:
            yield "model.fields", "is missing: without [skin] the fields of the model are all there is"
        return
    if not case.actives and case.healing is None and (case.model is None or not case.model.fields):
        yield "actives", "is missing: name at least one active, or give [healing] or fields in [model]"
    if case.mesh.cells is not None:
        yield "mesh.cells", "is for a plain box; with [skin] give the cells of each layer and mesh.smallest"


@needs("skin", "array", "needle", "channel", "mesh")
def _needles_fit(case: Case) -> Found:
    if case.array is None:
        for key in ("needle", "channel", "closure", "stay"):
            if getattr(case, key) is not None:
                yield key, "needs [array]: say how the needles are arranged"
    elif case.needle is None and case.channel is None:
        yield "array", "needs [needle] or [channel]: say what stands there"


@needs("array", "needle", "stay", "events", "actives")
def _needles_stay(case: Case) -> Found:
    removed = any(isinstance(step, RemoveNeedles) for step in case.events)
    if case.stay is not None and case.needle is None:
        yield "stay", "needs [needle]"
    if removed and (case.stay is None or case.stay.material == "dissolving"):
        yield "events", "'remove needles' needs [stay] with an impermeable or a porous needle"
    for index, permeant in enumerate(case.actives):
        load = permeant.load
        if load is None:
            continue
        if case.array is None:
            yield f"actives[{index}].load", "needs [array] with a needle or channel to hold it"
        elif load.place == "needle" and case.stay is not None and case.stay.material == "impermeable":
            yield f"actives[{index}].load.place", "got needle, an impermeable needle can only be coated"


@needs("donor", "actives", "laws", "filling")
def _donor_fits(case: Case) -> Found:
    dosed = [index for index, permeant in enumerate(case.actives) if permeant.concentration is not None]
    if case.donor is None:
        for index in dosed:
            yield f"actives[{index}].concentration", "needs [donor]: say what is put on the skin"
        if case.filling.contents == "vehicle":
            yield "filling.contents", "got vehicle, needs [donor]"
        return
    donor = case.donor
    if case.actives and not dosed:
        yield "donor", "no active has a concentration in it"
    if donor.depth is None and (donor.drying is not None or donor.meshed):
        yield "donor.depth", f"is missing, needed for donor.{'meshed' if donor.meshed else 'drying'}"
    if donor.drying is not None and donor.depth is not None and donor.drying.depth > donor.depth:
        yield "donor.drying.depth", f"got {donor.drying.depth:g} um, must be <= {donor.depth:g} um, the depth at first"
    if donor.drying is not None and donor.occluded:
        yield "donor.drying", "an occluded vehicle cannot dry, set occluded = false or leave drying out"
    if donor.meshed and (donor.area is not None or donor.boundary_layer is not None):
        yield "donor.meshed", "a meshed vehicle covers everything and has no boundary layer"
    if donor.begins and (donor.meshed or case.filling.contents == "vehicle"):
        yield "donor.begins", "a vehicle that is meshed or fills the channels is there from time 0, leave it out"
    if donor.meshed and case.laws.membrane:
        yield "laws.membrane", "is not possible under a meshed vehicle"
    for index in dosed:
        permeant = case.actives[index]
        limit = permeant.vehicle_solubility
        suspended = limit is not None and (permeant.concentration or 0.0) > limit
        if suspended and donor.meshed:
            yield f"actives[{index}].concentration", "is beyond vehicle_solubility; a meshed vehicle has no suspension"


@needs("skin", "array", "needle", "channel", "stay", "actives", "donor", "mesh", "laws", "healing")
def _geometry_fits(case: Case) -> Found:
    if case.skin is None or (case.array is not None and case.needle is None and case.channel is None):
        return
    try:
        case.scenario().scene()
    except ValueError as error:
        place, sentence = _located(str(error), "needle" if case.stay is not None or case.channel is None else "channel")
        if place.startswith("load."):
            coated = [index for index, permeant in enumerate(case.actives) if permeant.load is not None]
            place = f"actives[{coated[0]}].{place}"
        yield place, sentence


@needs("events", "donor", "stay")
def _events_make_sense(case: Case) -> Found:
    for index, step in enumerate(case.events):
        if isinstance(step, WashOff | Reapply | Occlude | Uncover) and case.donor is None:
            yield f"events[{index}]", f"'{step.do}' needs [donor]"
        elif isinstance(step, WashOff | Reapply) and case.donor is not None and step.at < case.donor.begins:
            yield f"events[{index}].at", f"got {step.at:g} s, the vehicle is put on at {case.donor.begins:g} s"
        elif isinstance(step, Reapply) and case.donor is not None and case.donor.meshed:
            yield f"events[{index}]", "'reapply' is not possible for a meshed vehicle"


@needs("run", "output", "events", "healing", "donor")
def _times_are_within_the_run(case: Case) -> Found:
    end = case.run.end
    times = [
        ("output.picture_at", case.output.picture_at),
        ("run.every", case.run.every),
        ("output.fields_every", case.output.fields_every),
        ("run.dt", case.run.dt),
        ("donor.begins", None if case.donor is None else case.donor.begins),
    ]
    times += [(f"run.at[{index}]", time) for index, time in enumerate(case.run.at)]
    times += [(f"output.fields_at[{index}]", time) for index, time in enumerate(case.output.fields_at)]
    times += [(f"events[{index}].at", max(step.times)) for index, step in enumerate(case.events)]
    sessions = () if case.healing is None else case.healing.sessions or ()
    times += [(f"healing.sessions[{index}].at", max(session.times)) for index, session in enumerate(sessions)]
    for place, time in times:
        if time is not None and time > end:
            yield place, f"got {time:g} s, must be <= {end:g} s, the end of the run"


@needs("actives", "skin")
def _names_are_known(case: Case) -> Found:
    layers = case.skin.names if case.skin is not None else ()
    names = [permeant.name for permeant in case.actives]
    fields: dict[str, int] = {}
    for index, permeant in enumerate(case.actives):
        where = f"actives[{index}]"
        for field in (permeant.field, solid_of(permeant), bound_of(permeant)):
            if field in fields:
                yield f"{where}.name", f"'{permeant.name}' is there twice (actives[{fields[field]}]), names must differ"
                break
            fields[field] = index
        yield from _unknown(f"{where}.layers", permeant.layers, (*layers, "channel", "coating", "needle", "vehicle"))
        if permeant.binding is not None:
            yield from _unknown(f"{where}.binding.layers", permeant.binding.layers or (), layers)
        for number, conversion in enumerate(permeant.metabolism):
            yield from _unknown(f"{where}.metabolism[{number}].layers", conversion.layers or (), layers)
            if conversion.product is not None:
                yield from _unknown(f"{where}.metabolism[{number}].product", (conversion.product,), names)
    try:
        in_causal_order(case.actives)
    except ValueError as error:
        yield "actives", str(error).removeprefix("actives: ")


def _located(message: str, in_skin: str) -> tuple[str, str]:
    """The key that a message about geometry means, with its section, and the rest of the message."""
    path, colon, sentence = message.partition(": ")
    key = path.split("[")[0].split(".")[0]
    if not colon or " " in path:
        return "array", message
    if key in ("array", "channel", "laws", "load", "healing"):
        return path, sentence
    if key in ("mesh", "sha256"):
        return f"skin.{path}", sentence
    if key == "wound":
        return f"healing.{path}", sentence
    if key in ("layers", "resolution"):
        return (f"skin.{path}" if key == "layers" else path.replace("resolution", "mesh")), sentence
    return (f"array.{path}" if key in Array.model_fields else f"{in_skin}.{path}"), sentence


def _unknown(where: str, given: object, known: object) -> Found:
    for name in given:  # type: ignore[attr-defined]
        if name not in known:  # type: ignore[operator]
            yield where, f"got '{name}', {nearest(name, known)}"  # type: ignore[arg-type]


@needs("actives", "laws", "donor", "skin")
def _laws_have_their_inputs(case: Case) -> Found:
    for index, permeant in enumerate(case.actives):
        try:
            case.laws.properties(permeant.properties, vehicle_ph=BLOOD_PH, sc_thickness=None)
        except ValueError as error:
            path, _, sentence = str(error).partition(": ")
            yield f"actives[{index}].properties.{path.rpartition('.')[2]}", sentence
        for layer in case.skin.names if case.skin is not None else ():
            own = permeant.layers.get(layer)
            if kind_of(layer) == "other" and (own is None or own.diffusivity is None or own.partition is None):
                yield (
                    f"actives[{index}].layers.{layer}",
                    "diffusivity and partition are needed: no law is known for a layer of that name",
                )


@needs("model", "actives", "healing")
def _expressions_can_be_read(case: Case) -> Found:
    if case.model is None or case.healing is not None:  # which has hundreds of names: the model checks them
        return
    names = {*case.model.fields, *case.model.parameters, "t"}
    for permeant in case.actives:
        names |= {permeant.field, solid_of(permeant), bound_of(permeant)}
    symbols: dict[str, Expr] = {name: symbol(name) for name in names}
    for place, text in case.model.expressions():
        try:
            parsed = parse(text, symbols, f"model.{place}")
        except ExpressionError as error:
            where, _, sentence = str(error).partition(": ")
            yield where, sentence
            continue
        section, _, name = place.partition(".")
        if section == "definitions":
            symbols[name] = parsed


@needs("output", "actives", "model", "healing")
def _fields_to_write_exist(case: Case) -> Found:
    known = list(case.model.fields) if case.model is not None else []
    for permeant in case.actives:
        known.append(permeant.field)
        known += [bound_of(permeant)] if permeant.binding is not None else []
        solid = permeant.load is not None and permeant.load.release != "bolus"
        known += [solid_of(permeant)] if solid else []
        known += [dose_of(permeant)] if keeps_dose(permeant) else []
    known += [] if case.healing is None else list(FIELDS)
    yield from _unknown("output.fields", case.output.fields or (), known)
    if case.output.picture is not None:
        yield from _unknown("output.picture", (case.output.picture,), known)


@needs("base", "output", "array")
def _ends_fit(case: Case) -> Found:
    if (case.base.kind == "receptor") != (case.base.depth is not None):
        yield "base.depth", "is for a receptor, and needed there"
    if case.base.transfer is not None and case.base.kind not in ("sink", "receptor"):
        yield "base.transfer", f"has no meaning for {case.base.kind}, leave it out"
    if case.output.compare == "intact" and case.array is None:
        yield "output.compare", "got intact, but there are no needles to leave out (no [array])"
