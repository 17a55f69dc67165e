"""What can be shown of a run: the arrays in its field files, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mnrd.case import Case
from mnrd.skin.healing.declaration import FIELDS

CHANNEL, HOLE, MATERIAL, GAIN = "channel fraction", "hole fraction", "material", "collagen gain"
ACTIVITY = " activity"
_LABEL = re.compile(r"(?P<name>.*?)(?: \[(?P<unit>.*)\])?")


@dataclass(frozen=True)
class Quantity:
    """One array of the field files of a run.

    Parameters
    ----------
    name : str
        Such as ``ascorbic acid``, ``ascorbic acid activity``, ``T``, ``collagen gain``.
    unit : str
        As in the file; empty for numbers.
    meaning : str
        What it is, for titles.
    label : str
        Name of the array in the file.
    """

    name: str
    unit: str
    meaning: str
    label: str

    @property
    def title(self) -> str:
        """What it is, with its unit: for the axis of a plot or a colour bar."""
        return f"{self.meaning} [{self.unit}]" if self.unit else self.meaning


def quantities(labels: list[str], case: Case) -> dict[str, Quantity]:
    """The quantities behind the names of arrays; the number of the material is none."""
    known = _meanings(case)
    found = {}
    for label in labels:
        match = _LABEL.fullmatch(label)
        assert match is not None
        name = match["name"]
        if name == MATERIAL:
            continue
        base = name.removesuffix(ACTIVITY)
        meaning = known.get(base, base) + (name[len(base) :])
        found[name] = Quantity(name, match["unit"] or "", meaning, label)
    return found


def folded(name: str) -> str:
    """A name as it is compared: 'ascorbic_acid' is 'ascorbic acid'."""
    return name.replace("_", " ").strip()


def _meanings(case: Case) -> dict[str, str]:
    """What the fields of a case are, by the name they have in files."""
    found = {name: meaning for name, (_, meaning) in FIELDS.items()} if case.healing is not None else {}
    for active in case.actives:
        found[folded(active.name)] = active.properties.title or folded(active.name)
    if case.model is not None:
        found |= {folded(name): one.meaning for name, one in case.model.fields.items() if one.meaning}
    return found
