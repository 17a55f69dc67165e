"""Cases whose skin is an imported mesh: where the file is, and what is measured on it."""

from __future__ import annotations

from pathlib import Path

from mnrd.case.document import Document
from mnrd.resources import folder
from mnrd.skin.imported import skin_of

KEY = "skin.mesh"


def anchored(document: Document, beside: Path) -> Document:
    """The document with the path of its mesh seen from a folder; as it is where it has none.

    A mesh that is not there may be one that comes with mnrd.
    """
    skin = document.get("skin")
    if not isinstance(skin, dict) or not isinstance(skin.get("mesh"), str):
        return document
    return {**document, "skin": {**skin, "mesh": place_of(skin["mesh"], beside)}}


def place_of(mesh: str, beside: Path) -> str:
    """The path of a mesh that is named in a file of a folder."""
    own = beside.absolute() / mesh
    bundled = Path(str(folder("meshes"))) / mesh
    return str(bundled if bundled.is_file() and not own.is_file() else own)


def measured(document: Document, *, anew: bool = False) -> Document:
    """The document with the layers of its mesh; as it is where it has none.

    Parameters
    ----------
    document : dict
        With the whole path of the mesh. What it says of the layers must be what is measured, as in a case that was
        stored with a run.
    anew : bool
        The mesh has just been changed: what is said of the other one is forgotten.

    Raises
    ------
    ValueError
        When there is no such mesh, or it is not the one that is described.
    """
    skin = document.get("skin")
    if not isinstance(skin, dict) or not isinstance(skin.get("mesh"), str):
        return document
    given = {key: value for key, value in skin.items() if not anew or key not in ("layers", "sha256")}
    try:
        found = skin_of(skin["mesh"]).model_dump(mode="json", exclude_none=True)
    except ValueError as error:
        raise ValueError(f"skin.{error}") from None
    if given.get("sha256", found["sha256"]) != found["sha256"]:
        raise ValueError(f"skin.sha256: {skin['mesh']} is another file than the one of this case, it has changed since")
    if given.get("layers", found["layers"]) != found["layers"]:
        raise ValueError("skin.layers: are measured on skin.mesh, leave them out")
    return {**document, "skin": {**found, **given}}
