"""The case: everything about one run in the user's words, checked, frozen and unit-free inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError

from mnrd.case import document as documents
from mnrd.case import imported
from mnrd.case.checks import problems_across
from mnrd.case.document import Document
from mnrd.case.door import Door
from mnrd.case.errors import CaseError, explain, path_of
from mnrd.case.sections import MeshSection, OutputSection, RunSection
from mnrd.mesh.coarse import coarse
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.skin.arrays import Array
from mnrd.skin.base import Base
from mnrd.skin.channels import Channel
from mnrd.skin.closure import Closure
from mnrd.skin.devices import device, devices
from mnrd.skin.donor import Donor
from mnrd.skin.filling import Filling, Stay
from mnrd.skin.healing.healing import Healing
from mnrd.skin.laws import Laws
from mnrd.skin.layers import Skin, preset, presets
from mnrd.skin.needles import Needle
from mnrd.skin.permeant import Permeant
from mnrd.skin.scenario import Scenario
from mnrd.skin.treatment import Step
from mnrd.units import Noun

SKIN_UNITS = {"units": "required"}


@dataclass(frozen=True)
class _NameOrTable:
    """JSON schema of a section that may be the name of something that comes with mnrd."""

    names: Callable[[], Iterable[str]]

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "enum": list(self.names())}, handler(schema)]}


NAMED: dict[str, Callable[[str], Mapping[str, Any]]] = {
    "skin": lambda name: preset(name).model_dump(mode="json", exclude_none=True),
    "needle": lambda name: device(name).written["needle"],
    "array": lambda name: device(name).written["array"],
}
"""Sections that may be a name, and how what is behind it is found."""


class Case(Noun):
    """One run: skin, needles, actives, vehicle, treatment, healing, mesh, time and output.

    Read one with `load`. In Python a case can be made from the nouns too, with plain numbers in um, s and mg/mL.
    """

    title: str = Field("", description="One line, for lists and plots.")
    description: str = Field("", description="What the case shows and where its numbers come from.")
    skin: Annotated[Skin, _NameOrTable(presets)] | None = Field(
        None, description="Layers of the skin, or the name of a stack that comes with mnrd; none for a plain box."
    )
    laws: Laws = Field(Laws(), description="Correlations and choices that hold for all actives.")
    needle: Annotated[Needle, _NameOrTable(devices)] | None = Field(
        None, description="One needle, or the name of a device that comes with mnrd (`mnrd devices`)."
    )
    array: Annotated[Array, _NameOrTable(devices)] | None = Field(
        None, description="Arrangement of the needles, or the name of a device; intact skin if left out."
    )
    channel: Channel | None = Field(None, description="The hole that a needle leaves; from the needle if left out.")
    filling: Filling = Field(Filling(), description="What the channels hold.")
    stay: Stay | None = Field(None, description="Needles that stay in the skin; taken out at once if left out.")
    actives: tuple[Permeant, ...] = Field((), description="Drugs and cosmetic actives.")
    donor: Donor | None = Field(None, description="The vehicle on the skin; none if left out.")
    base: Base = Field(Base(), description="What is under the skin.")
    closure: Closure | None = Field(None, description="Closing of the channels; they stay open if left out.")
    events: tuple[Step, ...] = Field((), description="What is done after time 0.")
    healing: Healing | None = Field(None, description="The healing response; none if left out.")
    mesh: MeshSection = Field(MeshSection(), description="The mesh.")
    model: Door | None = Field(None, description="Fields, reactions and parameters of your own.")
    run: RunSection = Field(description="Time, accuracy and where to compute.")
    output: OutputSection = Field(OutputSection(), description="What is written besides the tables.")

    _document: Document = PrivateAttr(default_factory=dict)
    _name: str = PrivateAttr(default="")

    def __eq__(self, other: object) -> bool:
        """Equal when all that is said is equal, however it was written and wherever it was read."""
        return isinstance(other, Case) and self.__dict__ == other.__dict__

    @property
    def name(self) -> str:
        """Name of the file or of the bundled case it was read from; empty for a case made in Python."""
        return self._name

    @property
    def mirrored(self) -> bool:
        """Whether the mesh is a quarter of what pictures show, with mirrors at x = 0 and y = 0."""
        wound = self.healing.wound if self.healing is not None else None
        return wound.round if wound is not None else self.array is not None and self.array.cell == "quarter"

    @property
    def surface(self) -> float:
        """Where the skin begins in the mesh, um below its top: under a vehicle that is meshed."""
        return self.donor.depth or 0.0 if self.donor is not None and self.donor.meshed else 0.0

    def problem(
        self, *, without_needles: bool = False, without_actives: bool = False, cells: int | None = None
    ) -> tuple[Problem, tuple[Event, ...]]:
        """The problem at time 0 and the events after it.

        Parameters
        ----------
        without_needles : bool
            The same dose and treatment on intact skin of the same size, for enhancement ratios.
        without_actives : bool
            The healing response alone, on the same mesh.
        cells : int, optional
            Coarsen the mesh to at most about so many cells, for a look ahead.

        Raises
        ------
        CaseError
            When the sections do not fit together.
        """
        found = problems_across(self, set())
        if found:
            raise CaseError(self._line(place, sentence) for place, sentence in found)
        try:
            if self.skin is None:
                return self._box(cells), ()
            extended = None if self.model is None else self._extended
            return self.scenario().problem(
                without_needles=without_needles, without_actives=without_actives, extended=extended, cells=cells
            )
        except ValueError as error:
            raise CaseError([self._line("", str(error))]) from None

    def full_mesh(self, *, without_needles: bool = False, without_actives: bool = False) -> Mesh:
        """The mesh of `problem`; nothing as large as a field is made. CaseError when the sections do not fit."""
        try:
            if self.skin is None:
                return self._box_mesh()
            return self.scenario().full_mesh(without_needles=without_needles, without_actives=without_actives)
        except ValueError as error:
            raise CaseError([self._line("", str(error))]) from None

    def scenario(self) -> Scenario:
        """Everything that is said about skin and treatment."""
        assert self.skin is not None
        return Scenario(
            skin=self.skin,
            actives=self.actives,
            laws=self.laws,
            needle=self.needle,
            array=self.array,
            channel=self.channel,
            filling=self.filling,
            stay=self.stay,
            donor=self.donor,
            base=self.base,
            closure=self.closure,
            steps=self.events,
            healing=self.healing,
            resolution=self.mesh.resolution,
            extent=self.mesh.extent,
        )

    def _extended(self, model: Model | None, materials: tuple[str, ...]) -> Model:
        """The model with the fields and reactions of the user's own."""
        assert self.model is not None
        try:
            return self.model.added_to(model, materials)
        except ValueError as error:
            raise ValueError(f"model.{error}") from None

    def _box(self, cells: int | None) -> Problem:
        """A plain box of one material."""
        mesh = self._box_mesh()
        mesh = mesh if cells is None else coarse(mesh, cells)
        painting = paint(mesh, [(self.mesh.material, 0.0)])
        return Problem(mesh, painting, self._extended(None, painting.materials))

    def _box_mesh(self) -> Mesh:
        section = self.mesh
        assert section.size is not None
        assert section.cells is not None
        x, y, z = (uniform(extent, cells) for extent, cells in zip(section.size, section.cells, strict=True))
        return Mesh(x, y, z, section.periodic)

    def _line(self, place: str, sentence: str) -> str:
        where = f" (case {self._name})" if self._name else ""
        return f"{place}: {sentence}{where}" if place else f"{sentence}{where}"

    def effective(self, mesh: str | None = None) -> Document:
        """The case as a document with all defaults filled in; values that were given stand as they were written.

        Parameters
        ----------
        mesh : str, optional
            Where an imported mesh lies for whom the document is, in place of its whole path.
        """
        filled = self.model_dump(mode="json", exclude_none=True)
        document = dict(documents.overlay(filled, self._document))
        if mesh is not None and self.skin is not None and self.skin.mesh is not None:
            document["skin"] = {**document["skin"], "mesh": mesh}
        return document


def load(path_or_name: str | Path, overrides: Mapping[str, Any] | None = None) -> Case:
    """Read and check a case.

    Parameters
    ----------
    path_or_name : str or Path
        A TOML file, or the name of a bundled case.
    overrides : mapping of path to value
        Such as ``{"needle.length": "1 mm", "actives[0].concentration": "5 mg/mL"}``, put over the file first.

    Returns
    -------
    Case

    Raises
    ------
    CaseError
        With every problem of the case on its own line.
    """
    name, document = documents.read(path_or_name)
    path = Path(path_or_name)
    return from_document(document, name, overrides, path.parent if path.is_file() else None)


def from_document(
    document: Document, name: str = "", overrides: Mapping[str, Any] | None = None, beside: Path | None = None
) -> Case:
    """As `load`, from parsed TOML; files that it names are seen from the folder `beside`, or where we are."""
    document = _expanded(documents.override(_expanded(document, name), overrides or {}), name)
    where = f" (case {name})" if name else ""
    try:
        document = imported.measured(
            imported.anchored(document, beside or Path()), anew=imported.KEY in (overrides or {})
        )
    except ValueError as error:
        raise CaseError([f"{error}{where}"]) from None
    case, found = _validated(document)
    if found:
        raise CaseError(f"{place}: {sentence}{where}" for place, sentence in found)
    assert case is not None
    case._document = document
    case._name = name
    return case


def _expanded(document: Document, name: str) -> Document:
    """Names in place of sections replaced by what is behind them, so that it can be overridden and is kept."""
    found, problems = dict(document), []
    for section, find in NAMED.items():
        if isinstance(document.get(section), str):
            try:
                found[section] = dict(find(document[section]))
            except ValueError as error:
                problems.append(f"{section}: {error}" + (f" (case {name})" if name else ""))
    if problems:
        raise CaseError(problems)
    return found


def _validated(document: Document) -> tuple[Case | None, list[tuple[str, str]]]:
    """The case, or None, and all problems: those of the keys first, then those between sections that are sound."""
    try:
        case = Case.model_validate(document, context=SKIN_UNITS)
    except ValidationError as error:
        entries = [explain(Case, dict(entry), document) for entry in error.errors()]
        broken = {str(place[0]) for place, _ in entries if place}
        found = [(path_of(place), sentence) for place, sentence in entries]
        return None, found + problems_across(_sound_part(document, broken), broken)
    return case, problems_across(case, set())


def _sound_part(document: Document, broken: set[str]) -> Case | None:
    """The case without its broken sections."""
    rest = {key: value for key, value in document.items() if key not in broken}
    try:
        return Case.model_validate({"run": {"end": 1.0}, **rest})
    except ValidationError:
        return None
