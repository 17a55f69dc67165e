"""Needle arrays of real devices, as they come with mnrd (``meshes/devices.toml``)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

from mnrd.resources import folder
from mnrd.skin.arrays import Array
from mnrd.skin.needles import Needle
from mnrd.units import Noun

UNITS = {"units": "required"}


class Device(Noun):
    """A needle and the arrangement of such needles, with the source of every number.

    Parameters
    ----------
    name, title : str
    needle : Needle
    array : Array
    sources : mapping of path to text
        Such as ``needle.length``.
    written : mapping of section to mapping
        Needle and array as they stand in the file, in its units.
    """

    name: str
    title: str
    needle: Needle
    array: Array
    sources: Mapping[str, str]
    written: Mapping[str, Mapping[str, Any]]


@cache
def devices() -> Mapping[str, Device]:
    """All devices that come with mnrd, by name, in the order of the file."""
    entries = tomllib.loads((folder("meshes") / "devices.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            name: Device.model_validate({"name": name, "written": _sections(entry), **entry}, context=UNITS)
            for name, entry in entries.items()
        }
    )


def device(name: str) -> Device:
    """One of the devices that come with mnrd.

    Raises
    ------
    ValueError
        When there is none of that name.
    """
    known = devices()
    if name not in known:
        nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"no device '{name}': did you mean '{nearest}'? There are {', '.join(known)}")
    return known[name]


def _sections(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {section: entry[section] for section in ("needle", "array")}
