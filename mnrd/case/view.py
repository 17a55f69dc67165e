"""What follows from a case, as tables: coefficients with their sources, reactions, parameters, mesh and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from mnrd.case.case import Case
from mnrd.case.errors import CaseError
from mnrd.model.model import expressions_of, fields_of
from mnrd.model.problem import Problem
from mnrd.skin.actives import active, library
from mnrd.skin.healing.healing import Healing
from mnrd.skin.healing.parameters import library as parameters
from mnrd.skin.healing.parameters import outside_range
from mnrd.skin.properties import TissueProperties, properties

View = tuple[str, Sequence[str], Sequence[Sequence[str]]]

UNITS = {
    "diffusivity": "um^2/s",
    "permeability": "um/s",
    "lag": "s",
    "thickness": "um",
    "clearance": "1/s",
    "saturation": "mg/mL",
}


def library_table() -> Iterator[View]:
    """All actives of the library."""
    rows = [
        (entry.name, f"{entry.molar_mass:g}", _text(entry.log_kow), entry.kind, entry.title)
        for entry in library().values()
    ]
    yield "Actives", ("name", "molar mass [g/mol]", "log Kow", "kind", "title"), rows


def active_properties(name: str) -> Iterator[View]:
    """Inputs and derived properties of one active of the library; CaseError when there is none of that name."""
    try:
        entry = active(name)
    except ValueError as error:
        raise CaseError([str(error)]) from None
    inputs = entry.model_dump(mode="json", exclude={"sources"}, exclude_none=True)
    rows = [
        (key, _text(value), entry.sources.get(key, "")) for key, value in inputs.items() if value not in ([], "", 0)
    ]
    yield f"{entry.title or entry.name}: inputs", ("key", "value", "source"), rows
    yield _derived(
        f"{entry.title or entry.name}: properties with the default laws, vehicle at pH 7.4", properties(entry)
    )


def consequences(case: Case) -> Iterator[View]:
    """Everything that a case comes to; CaseError when it cannot be built."""
    problem, events = case.problem()
    if case.skin is not None:
        scenario = case.scenario()
        permeation = scenario.permeation(scenario.scene())
        for permeant in case.actives:
            title = permeant.properties.title or permeant.name
            yield _derived(f"{title}: properties in this case", permeation.properties(permeant))
    yield _coefficients(problem)
    if any(field.changing for field in problem.model.fields):
        yield _directed(problem)
    if problem.model.definitions:
        yield "Definitions", ("name", "expression"), list(problem.model.definitions.items())
    yield _reactions(problem)
    if case.healing is not None:
        yield _healing_parameters(case.healing)
    yield _parameters(problem)
    if events:
        yield "Events", ("time [s]", "name"), [(f"{event.time:g}", event.name) for event in events]
    nz, ny, nx = problem.mesh.shape
    mesh = problem.mesh
    rows = [
        (axis, str(count), f"{edges[-1]:g}", f"{np.diff(edges).min():.3g}", f"{np.diff(edges).max():.3g}")
        for axis, count, edges in (("x", nx, mesh.x), ("y", ny, mesh.y), ("z", nz, mesh.z))
    ]
    yield "Mesh", ("axis", "cells", "extent [um]", "smallest [um]", "largest [um]"), rows


def _derived(title: str, found: TissueProperties) -> View:
    rows = [
        (name, f"{getattr(found, name):.4g}", UNITS.get(name.split("_")[0], ""), source)
        for name, source in found.sources.items()
    ]
    return title, ("property", "value", "unit", "source"), rows


def _coefficients(problem: Problem) -> View:
    rows = []
    for field in problem.model.fields:
        for material in problem.painting.materials:
            values = (field.diffusivity, field.lateral_diffusivity, field.partition, field.initial)
            rows.append((field.name, material, *(_of(value, material) for value in values)))
    columns = ("field", "material", "D [um^2/s]", "lateral D [um^2/s]", "K", "initial")
    return "Coefficients", columns, rows


def _directed(problem: Problem) -> View:
    """Transport that depends on the fields."""
    rows = []
    for field in problem.model.fields:
        if field.changing:
            sensitivity, potential = (field.taxis.sensitivity, field.taxis.potential) if field.taxis else (None, "")
            rows.append((field.name, _of_all(sensitivity), potential, field.mobility or "1"))
    return "Taxis", ("field", "chi [um^2/s]", "up the gradient of", "D times"), rows


def _healing_parameters(healing: Healing) -> View:
    """Every parameter of the healing model in its own unit; those that the case gives are marked."""
    outside = {line.split(":")[0].rpartition(".")[2] for line in outside_range(healing.parameters)}
    rows = []
    for name, entry in parameters().items():
        plausible = f"{entry.low:g} to {entry.high:g}" if entry.high < inf else ""
        given = healing.parameters.get(name)
        flag = "" if given is None else "given, outside of the plausible range" if name in outside else "given"
        value = f"{entry.value:g} {entry.unit}".rstrip() if given is None else str(given)
        rows.append((name, value, plausible, entry.mark, flag, entry.source))
    return "Parameters of healing", ("name", "value", "plausible", "class", "", "source"), rows


def _reactions(problem: Problem) -> View:
    rows = []
    for reaction in problem.model.reactions:
        texts = ", ".join(f"{key} = {text}" for key, text in expressions_of(reaction).items())
        rows.append((reaction.name, type(reaction).__name__, " -> ".join(fields_of(reaction)), texts))
    return "Reactions", ("name", "kind", "fields", "expressions"), rows


def _parameters(problem: Problem) -> View:
    rows = []
    for name, value in problem.model.parameters.items():
        if name not in parameters():
            rows.append((name, _of_all(value)))
    return "Parameters", ("name", "value"), rows


def _of_all(value: Any) -> str:
    """A coefficient in all materials."""
    if not isinstance(value, Mapping):
        return _text(value)
    return ", ".join(f"{material}: {_text(one)}" for material, one in value.items())


def _of(value: Any, material: str) -> str:
    return _text(value[material] if isinstance(value, Mapping) else value)


def _text(value: Any) -> str:
    """A value in a few characters."""
    if value is None:
        return "-"
    if isinstance(value, np.ndarray):
        low, high = f"{value.min():.4g}", f"{value.max():.4g}"
        return low if low == high else f"{low} to {high}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(str(entry) for entry in value) if isinstance(value, list | tuple) else str(value)
