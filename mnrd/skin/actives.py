"""The library of actives that comes with mnrd (``meshes/actives.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from mnrd.resources import folder
from mnrd.skin.active import Active
from mnrd.skin.properties import TissueProperties, properties

__all__ = ["Active", "TissueProperties", "active", "library", "properties"]


@cache
def library() -> Mapping[str, Active]:
    """All actives that come with mnrd, by name, in the order of the file."""
    text = (folder("meshes") / "actives.toml").read_text("utf-8")
    entries = tomllib.loads(text)
    return MappingProxyType(
        {
            name: Active.model_validate({"name": name, **entry}, context={"units": "required"})
            for name, entry in entries.items()
        }
    )


def active(name: str) -> Active:
    """Find an active of the library.

    Parameters
    ----------
    name : str
        Capitals do not matter, nor do spaces and hyphens instead of underscores: "Ascorbic acid" is found.

    Raises
    ------
    ValueError
        If there is none of that name; the message lists the nearest names.
    """
    key = _plain(name)
    if key in library():
        return library()[key]
    raise ValueError(f"active: got {name!r}, {_suggestion(key)}, or describe your own")


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _suggestion(key: str) -> str:
    # Names in full count too, so that "vitamin c" leads to ascorbic_acid.
    near = [name for name, entry in library().items() if key in _plain(entry.title)]
    near += [name for name in get_close_matches(key, library(), n=3) if name not in near]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"must be one of {', '.join(library())}"
