"""What is wrong with a case, one line per problem: where, got, allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnrd.units import Quantity

Place = tuple[str | int, ...]

_COMPARISONS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string": "text in quotes",
    "tuple": "a list",
    "list": "a list",
    "dict": "a table",
    "model": "a table",
    "finite": "finite",
}


class CaseError(ValueError):
    """A case cannot be used; every problem is one line.

    Attributes
    ----------
    problems : tuple of str
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def path_of(place: Place) -> str:
    """Write a place as ``layers[1].thickness``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "case"


def nearest(name: object, known: Iterable[str]) -> str:
    """Words that help with a misspelt name: the nearest known one, and all of them if they are few."""
    names = list(known)
    found = get_close_matches(str(name).lower(), {entry.lower(): entry for entry in names}, n=1, cutoff=0.5)
    near = next((entry for entry in names if found and entry.lower() == found[0]), None)
    listed = ", ".join(names) if len(names) <= 24 else ""
    if near:
        return f"did you mean '{near}'?" + (f" (known: {listed})" if listed else "")
    return f"must be one of {listed}" if listed else ""


def explain(root: type[BaseModel], error: dict[str, Any], document: Mapping[str, Any]) -> tuple[Place, str]:
    """Turn one error of pydantic into a place and a sentence.

    Parameters
    ----------
    root : type
        The noun that was validated.
    error : dict
        One entry of ``ValidationError.errors()``.
    document : mapping
        What was validated, to show values as they were written.

    Returns
    -------
    (place, sentence)
    """
    kind, context = error["type"], error.get("ctx", {})
    place, noun, info, nouns = _walk(root, error["loc"])
    value = _written(document, place, error["input"])
    got = f"got {shown(value)}, "
    if kind == "extra_forbidden":
        hint = nearest(place[-1], noun.model_fields if noun else ())
        return place, "unknown key" + (f", {hint}" if hint else "")
    if kind == "missing":
        return place, "is missing" + (f": {info.description}" if info and info.description else "")
    if kind in _COMPARISONS:
        sign, key = _COMPARISONS[kind]
        return place, f"{got}must be {sign} {_limit(context[key], info)}"
    if kind in ("literal_error", "union_tag_invalid"):
        return _one_of(place, kind, value, context)
    if kind == "union_tag_not_found":
        key = str(context["discriminator"]).strip("'")
        return (*place, key), "is missing: it says which kind this is"
    if kind == "unit":
        return place, got + error["msg"]
    if kind == "value_error":  # a noun may say which of its keys it means: "mass: give ..."
        path, colon, sentence = str(context["error"]).partition(": ")
        key = path.split("[")[0].split(".")[0]
        if colon and any(key in choice.model_fields for choice in nouns):
            return (*place, path), sentence
        return place, str(context["error"])
    return place, got + _wanted(kind, context, error["msg"])


def shown(value: object) -> str:
    """A value as the user wrote it, short."""
    text = value if isinstance(value, str) and value else repr(value)
    text = {"True": "true", "False": "false", "None": "nothing"}.get(text, text)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(document: Any, place: Place, otherwise: object) -> object:
    """The value at a place as the user wrote it; the value that pydantic saw where nothing was written."""
    for part in place:
        try:
            document = document[part]
        except (LookupError, TypeError):
            return otherwise
    return document


def _one_of(place: Place, kind: str, value: object, context: dict[str, Any]) -> tuple[Place, str]:
    if kind == "literal_error":
        return place, f"got {shown(value)}, must be {context['expected']}"
    key = str(context["discriminator"]).strip("'")
    return (*place, key), f"got {context['tag']}, must be one of {context['expected_tags']}"


def _wanted(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in ("too_short", "string_too_short"):
        return f"must have at least {context['min_length']}"
    if kind == "too_long":
        return f"must have at most {context['max_length']}"
    family = kind.split("_")[0]
    return f"must be {_KINDS[family]}" if family in _KINDS else message[0].lower() + message[1:]


def _limit(limit: float, info: FieldInfo | None) -> str:
    """A limit with its unit; 0 needs none."""
    unit = next((part.unit for part in (info.metadata if info else ()) if isinstance(part, Quantity)), "")
    return f"{limit:g} {unit}".rstrip() if limit else "0"


class _Found(NamedTuple):
    """Where a place of pydantic leads."""

    place: Place  # without the tags of unions
    noun: type[BaseModel] | None  # whose key the last part is
    info: FieldInfo | None  # what is known of that key
    nouns: list[type[BaseModel]]  # that may stand there


def _walk(root: type[BaseModel], place: Sequence[str | int]) -> _Found:
    """Follow a place of pydantic through the nouns."""
    here: Any = root
    cleaned: list[str | int] = []
    noun: type[BaseModel] | None = None
    info: FieldInfo | None = None
    for part in place:
        choices = _nouns(here)
        if isinstance(part, str) and (tagged := _tagged(choices, part)) is not None:
            here = tagged
            continue
        cleaned.append(part)
        noun = next((choice for choice in choices if part in choice.model_fields), choices[0] if choices else None)
        info = noun.model_fields.get(str(part)) if noun else None
        here = info.annotation if info else _element(here)
    return _Found(tuple(cleaned), noun, info, _nouns(here))


def _tagged(choices: Sequence[type[BaseModel]], tag: str) -> type[BaseModel] | None:
    """The noun of a discriminated union whose tag this is."""
    if len(choices) < 2:
        return None
    for choice in choices:
        for info in choice.model_fields.values():
            if tag in get_args(info.annotation) and len(get_args(info.annotation)) == 1:
                return choice
    return None


def _nouns(annotation: Any) -> list[type[BaseModel]]:
    """The nouns that an annotation allows, looking through Annotated, Optional and unions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return [noun for part in get_args(annotation) for noun in _nouns(part)]
    return []


def _element(annotation: Any) -> Any:
    """Annotation of the elements of a list or a table."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return next((found for part in get_args(annotation) if (found := _element(part)) is not None), None)
    arguments = get_args(annotation)
    if get_origin(annotation) in (tuple, list):
        return arguments[0]
    return arguments[1] if get_origin(annotation) is dict else None
