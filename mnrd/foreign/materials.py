"""Which material every tag of a file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import numpy as np

from mnrd.foreign.reading import ForeignError
from mnrd.foreign.source import Indices, Tag
from mnrd.mesh.sampling import FULL, LEAST
from mnrd.skin.scene import kind_of
from mnrd.skin.transport import CHANNEL, COATING, NEEDLE, VEHICLE

LAYERS = ("stratum corneum", "viable epidermis", "junction", "papillary dermis", "reticular dermis", "dermis")
KNOWN = (*LAYERS, CHANNEL)
MOST = FULL // LEAST - 1  # materials: if a cell had as little as can be of more, and of nothing, it would overflow
NOTHING = "nothing"
"""In place of a material: what has this tag is left out, as if it were not in the file."""


def materials_of(
    tags: Sequence[Tag], counts: Sequence[int], table: Mapping[str, str]
) -> tuple[tuple[str, ...], Indices]:
    """Names of the materials and the one of every tag.

    Parameters
    ----------
    tags : sequence of Tag
    counts : sequence of int
        Cells of each tag, for errors.
    table : mapping of tag to material
        A tag is named by its number or its name; one whose name is that of a material needs no entry.

    Returns
    -------
    names, (tags,) int array
        -1 for what is left out.

    Raises
    ------
    ForeignError
        For tags without material, entries without a tag, names of materials that are misspelt or reserved, and too
        many of them.
    """
    asked = {key.strip(): value.strip() for key, value in table.items()}
    found = [_entry(tag, asked) for tag in tags]
    missing = [f"{tag} ({count} cells)" for tag, count, name in zip(tags, counts, found, strict=True) if name is None]
    if missing:
        raise ForeignError(f"tags without a material: {', '.join(missing)}; give --map TAG=MATERIAL for each")
    used = {key for tag in tags for key in (str(tag.number), tag.name)}
    unused = [key for key in asked if key not in used]
    if unused:
        there = ", ".join(str(tag) for tag in tags)
        raise ForeignError(f"--map {unused[0]}={asked[unused[0]]}: there is no such tag, there are {there}")
    names = tuple(dict.fromkeys(name for name in found if name is not None and name != NOTHING))
    for name in names:
        check_material(name)
    if len(names) > MOST:
        raise ForeignError(f"got {len(names)} materials, at most {MOST} can be: give several tags one material")
    if not names:
        raise ForeignError("every tag is left out; give at least one a material")
    return names, np.array([-1 if name == NOTHING else names.index(str(name)) for name in found])


def check_material(name: str) -> None:
    """Raise ForeignError for a name that is reserved, or nearly that of a known material."""
    if name in (NEEDLE, COATING, VEHICLE, NOTHING):
        raise ForeignError(f"material '{name}': is not of the skin, must be a layer or {CHANNEL}")
    if kind_of(name) == "other" and name not in KNOWN:
        near = _near(name)
        if near:
            raise ForeignError(
                f"material '{name}': did you mean '{near}'? Known are {', '.join(KNOWN)}; a layer of your own has a "
                "name unlike these"
            )


def _near(name: str) -> str | None:
    """The known material that a name is nearly, in one of its words."""
    for known in KNOWN:
        for word in known.split():
            if get_close_matches(word, name.lower().split(), n=1, cutoff=0.75):
                return known
    return None


def _entry(tag: Tag, asked: Mapping[str, str]) -> str | None:
    keys = [key for key in (tag.name, str(tag.number)) if key and key in asked]
    if keys:
        return asked[keys[0]]
    return tag.name if tag.name in KNOWN else None
