"""What is given to a command: quantities, and files to write."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnrd.units import Quantity


def time_of(option: str, text: str) -> float:
    """A text such as ``6 h`` in s; CaseError naming the option when it is none."""
    from mnrd.units import Quantity

    return measured(option, text, Quantity("s", "6 h"))


def length_of(option: str, text: str) -> float:
    """A text such as ``200 um`` in um; CaseError naming the option when it is none."""
    from mnrd.units import Quantity

    return measured(option, text, Quantity("um", "200 um"))


def measured(option: str, text: str, quantity: Quantity) -> float:
    """A text such as ``2 h`` in the internal unit of the quantity; CaseError naming the option when it is none."""
    from pydantic_core import PydanticCustomError

    from mnrd.case.errors import CaseError

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
    from mnrd.case.errors import CaseError

    if path.suffix not in suffixes:
        raise CaseError([f"{path}: got the suffix '{path.suffix}', must be {' or '.join(suffixes)}"])
    if path.exists() and not (overwrite and path.is_file()):
        raise FileExistsError(f"{path}: is there already; name another file, or say --overwrite")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it or name another file")
