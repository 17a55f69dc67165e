"""Bundled cases in tests: a case of more than `LARGE` cells is for a device, and is built on a coarse copy here."""

from mnrd.case import load

LARGE = 1_000_000  # cells
COARSE = 100_000  # cells of the copy, at most


def is_large(name):
    return load(name).full_mesh().cells > LARGE


def built(name):
    """Problem and events of a bundled case; of a large one on a coarse copy of its mesh."""
    return load(name).problem(cells=COARSE if is_large(name) else None)
