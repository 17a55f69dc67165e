"""The reference of all keys of a case file, written from the descriptions in the nouns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnrd.case.case import Case
from mnrd.units import Quantity

_HEAD = """\
# Case files

A case is a TOML file. Every quantity is text with a unit (`"0.5 mm"`, `"1e-3 cm/h"`, `"20 % w/v"`, `"5 ug/cm^2"`); an
unknown key is an error. `mnrd show CASE` prints a case with all defaults filled in and everything that follows from it,
`mnrd run CASE --set needle.length="1 mm"` changes one key, and the cases in `meshes/cases/` are examples.

This page is written by `mnrd schema --markdown` from the descriptions in the code; do not edit it.
"""


def reference() -> str:
    """Every section and key with type, default and meaning, as Markdown."""
    schema = Case.model_json_schema()
    definitions = schema["$defs"]
    lines = [_HEAD, "## Top level", "", *_rows(schema, definitions)]
    for path, noun in _sections(schema, definitions, ""):
        lines += ["", f"## `{path}`", "", noun.get("description", "").strip(), "", *_rows(noun, definitions)]
    return "\n".join(lines) + "\n"


def _sections(noun: dict[str, Any], definitions: dict[str, Any], above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every table of a case with its path, depth first; nouns of a choice one after the other."""
    for key, entry in noun.get("properties", {}).items():
        many, found = _nouns(entry, definitions)
        path = f"{above}.{key}" if above else key
        shown = f"[[{path}]]" if many == "list" else f"[{path}.NAME]" if many == "table" else f"[{path}]"
        for one in found:
            tag = _tag(one) if len(found) > 1 else ""
            yield f"{shown}{tag}", one
            yield from _sections(one, definitions, f"{path}.NAME" if many == "table" else path)


def _nouns(entry: dict[str, Any], definitions: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The nouns that may stand under a key, and whether there is one, a list or a table of them."""
    if "$ref" in entry:
        return "", [definitions[entry["$ref"].rpartition("/")[2]]]
    if "properties" in entry:
        return "", [entry]
    for many, inner in (("list", entry.get("items")), ("table", entry.get("additionalProperties"))):
        if isinstance(inner, dict):
            return many, _nouns(inner, definitions)[1]
    choices = [_nouns(choice, definitions) for choice in (*entry.get("anyOf", ()), *entry.get("oneOf", ()))]
    return next((many for many, found in choices if many), ""), [noun for _, found in choices for noun in found]


def _tag(noun: dict[str, Any]) -> str:
    """What tells this noun of a choice from the others."""
    for key, entry in noun["properties"].items():
        if "const" in entry:
            return f' with {key} = "{entry["const"]}"'
    return ""


def _rows(noun: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    required = noun.get("required", ())
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for key, entry in noun.get("properties", {}).items():
        default = "needed" if key in required else _default(entry, _unit(noun.get("title", ""), key))
        inner = _nouns(entry, definitions)[1] if "description" not in entry else ()
        meaning = entry.get("description") or next((one.get("description", "") for one in inner), "")
        meaning = meaning.replace("|", "\\|")
        limits = _limits(noun.get("title", ""), key)
        yield f"| `{key}` | {_value(entry, definitions)}{limits} | {default} | {meaning} |"


def _value(entry: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What may stand behind a key, in a few words."""
    if "const" in entry:
        return f'`"{entry["const"]}"`'
    if "enum" in entry:
        return ", ".join(f'`"{choice}"`' for choice in entry["enum"])
    if "examples" in entry:
        example = entry["examples"][0]
        return f'quantity, `"{example}"`'
    choices = [choice for choice in (*entry.get("anyOf", ()), *entry.get("oneOf", ())) if choice != {"type": "null"}]
    if choices:
        return " or ".join(dict.fromkeys(_value(choice, definitions) for choice in choices))
    if "$ref" in entry or "properties" in entry:
        return "table"
    if entry.get("type") == "array":
        inner = entry.get("items") or (entry.get("prefixItems") or [{}])[0]
        return f"list of {_value(inner, definitions)}" if inner else "list"
    if entry.get("type") == "object":
        inner = entry.get("additionalProperties")
        return f"table of {_value(inner, definitions)}" if isinstance(inner, dict) else "table"
    names = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    return names.get(str(entry.get("type")), "any")


def _limits(noun: str, key: str) -> str:
    """Range of a key, as far as one is declared."""
    found = _classes().get(noun)
    info = found.model_fields.get(key) if found is not None else None
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    limits = [
        f"{sign} {getattr(part, name):g}"
        for part in (info.metadata if info is not None else ())
        for name, sign in signs.items()
        if hasattr(part, name)
    ]
    return f", {' and '.join(limits)}" if limits else ""


def _default(entry: dict[str, Any], unit: str) -> str:
    default = entry.get("default")
    if default is None or default in ([], {}, "") or isinstance(default, dict):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g} {unit}`" if unit and isinstance(default, float) else f"`{default}`"


def _unit(noun: str, key: str) -> str:
    """Internal unit of a key, in which its default stands in the schema."""
    found = _classes().get(noun)
    return _unit_in(found.model_fields[key]) if found is not None and key in found.model_fields else ""


def _unit_in(annotation: Any) -> str:
    """Unit of the quantity in an annotation, however deep."""
    if isinstance(annotation, FieldInfo):
        parts = (*annotation.metadata, annotation.annotation)
    else:
        parts = (*getattr(annotation, "__metadata__", ()), *get_args(annotation))
    own = next((part.unit for part in parts if isinstance(part, Quantity)), "")
    return own or next((unit for part in parts if (unit := _unit_in(part))), "")


@cache
def _classes() -> dict[str, type[BaseModel]]:
    """All nouns by name."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[Any] = [Case]
    while waiting:
        part = waiting.pop()
        waiting += get_args(part)
        if isinstance(part, type) and issubclass(part, BaseModel) and part.__name__ not in found:
            found[part.__name__] = part
            waiting += [info.annotation for info in part.model_fields.values()]
    return found
