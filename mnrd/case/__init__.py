"""Case files: TOML in the user's words to a checked, frozen case, and the problem that it describes."""

from mnrd.case.case import Case, from_document, load
from mnrd.case.document import bundled
from mnrd.case.errors import CaseError

__all__ = ["Case", "CaseError", "bundled", "from_document", "load"]
