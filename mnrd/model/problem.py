"""The problem: a model on a painted mesh, and events that change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnrd.mesh.paint import Painting
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.expression import suggestion
from mnrd.model.field import Field, check_number
from mnrd.model.model import Model


@dataclass(frozen=True, eq=False)
class Problem:
    """A model on a painted mesh, checked to fit together.

    Parameters
    ----------
    mesh : Mesh
    painting : Painting
    model : Model

    Raises
    ------
    ValueError
        When an array does not fit the mesh, or the materials of a coefficient are not those painted.
    """

    mesh: Mesh
    painting: Painting
    model: Model

    def __post_init__(self) -> None:
        self.validate()

    def validate(self) -> None:
        """Raise ValueError unless arrays fit the mesh and material names fit the painting."""
        painted = self.painting.fractions.shape[1:]
        if painted != self.mesh.shape:
            raise ValueError(f"painting: got shape {painted}, the mesh has {self.mesh.shape} (nz, ny, nx)")
        for where, value in coefficients(self.model):
            self._check(where, value)
        for field in self.model.fields:
            self._check_boundaries(field)
        for closing in self.model.closings:
            self._check_materials("closings", {closing.material: None}, complete=False)

    def _check(self, where: str, value: Any) -> None:
        if isinstance(value, Mapping):
            self._check_materials(where, value, complete=True)
            for material, one in value.items():
                _check_shape(f"{where}['{material}']", one, self.mesh.shape[:1], "(nz)")
        else:
            _check_shape(where, value, self.mesh.shape, "(nz, ny, nx)")

    def _check_boundaries(self, field: Field) -> None:
        where = f"fields.{field.name}"
        for side, reservoir in (("top", field.top), ("base", field.base)):
            if reservoir is not None:
                _check_shape(f"{where}.{side}.area", reservoir.area, self.mesh.shape[1:], "(ny, nx)")
        for index, membrane in enumerate(field.membranes):
            place = f"{where}.membranes[{index}]"
            if membrane.depth > self.mesh.z[-1]:
                raise ValueError(f"{place}.depth: got {membrane.depth:g} um, the mesh ends at {self.mesh.z[-1]:g} um")
            if isinstance(membrane.permeability, Mapping):
                self._check_materials(f"{place}.permeability", membrane.permeability, complete=True)

    def _check_materials(self, where: str, given: Mapping[str, Any], *, complete: bool) -> None:
        painted = self.painting.materials
        for name in given:
            if name not in painted:
                raise ValueError(f"{where}: unknown material '{name}' {suggestion(name, painted)}")
        for name in painted if complete else ():
            if name not in given:
                raise ValueError(f"{where}: no value for material '{name}' (given: {', '.join(given)})")


@dataclass(frozen=True)
class Event:
    """A change of the problem at a time; the loop stops there exactly and keeps the concentrations, unless they jump.

    A reservoir that is a new object is refilled, the same object keeps its content.

    Parameters
    ----------
    time : float, s
    name : str
    change : callable of the problem
        Gives the problem from then on.
    jump : callable of the changed problem and the concentrations by field, (nz, ny, nx) each; optional
        Gives the concentrations of the fields that jump at that moment.

    Raises
    ------
    ValueError
        When the time is negative or not finite, or the change cannot be called.
    """

    time: float
    name: str
    change: Callable[[Problem], Problem]
    jump: Callable[[Problem, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]] | None = None

    def __post_init__(self) -> None:
        check_number(f"events.{self.name}.time", self.time)
        if not callable(self.change):
            raise ValueError(f"events.{self.name}.change: must be a function from problem to problem")

    def jumped(self, problem: Problem, before: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Concentrations of the fields that jump, checked; those of `before` cannot be changed from here on.

        Raises
        ------
        ValueError
            For an array of another shape than the mesh, or values below 0 or not finite.
        """
        assert self.jump is not None
        for values in before.values():
            values.flags.writeable = False  # what a jump changed in place would not be booked
        found = dict(self.jump(problem, before))
        for name, values in found.items():
            where = f"events.{self.name}.jump: {name}"
            if np.shape(values) != problem.mesh.shape:
                raise ValueError(f"{where} has shape {np.shape(values)}, must be {problem.mesh.shape}")
            if not (np.isfinite(values) & (values >= 0.0)).all():
                raise ValueError(f"{where} has values below 0 or that are not finite")
        return found


def coefficients(model: Model) -> Iterator[tuple[str, Any]]:
    """Place and value of every coefficient that is not a text."""
    for field in model.fields:
        for key in ("initial", "diffusivity", "lateral_diffusivity", "partition"):
            yield f"fields.{field.name}.{key}", getattr(field, key)
        if field.taxis is not None:
            yield f"fields.{field.name}.taxis.sensitivity", field.taxis.sensitivity
    for name, value in model.parameters.items():
        yield f"parameters.{name}", value


def _check_shape(where: str, value: Any, shape: tuple[int, ...], axes: str) -> None:
    if isinstance(value, np.ndarray) and value.shape != shape:
        raise ValueError(f"{where}: got shape {value.shape}, must be {shape} {axes}")
