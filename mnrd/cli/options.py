"""What is given to a command: quantities, and files to write."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic_core import PydanticCustomError

from mnrd.case.errors import CaseError
from mnrd.units import Quantity


def measured(option: str, text: str, quantity: Quantity) -> float:
    """A text such as ``2 h`` in the internal unit of the quantity; CaseError naming the option when it is none."""
    try:
        return quantity.parse(text, bare_number_allowed=False)
    except PydanticCustomError as error:
        raise CaseError([f"{option}: got {text}, {error.message()}"]) from None


def check_new(path: Path, suffixes: Collection[str], *, overwrite: bool) -> None:
    """Refuse a file before anything is computed for it.

    Raises
    ------
    CaseError
        When its name ends in none of the suffixes.
    FileExistsError
        When it is there and must not be replaced.
    FileNotFoundError
        When there is no such folder.
    """
    if path.suffix not in suffixes:
        raise CaseError([f"{path}: got the suffix '{path.suffix}', must be {' or '.join(suffixes)}"])
    if path.exists() and not (overwrite and path.is_file()):
        raise FileExistsError(f"{path}: is there already; name another file, or say --overwrite")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it or name another file")
