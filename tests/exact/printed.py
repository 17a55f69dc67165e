"""Comparison with printed numbers: every digit that is given must be right."""

from __future__ import annotations

from decimal import Decimal

import pytest


def printed(text: str) -> object:
    """Matches a value that rounds to the printed one."""
    return pytest.approx(float(text), rel=0, abs=0.51 * 10.0 ** Decimal(text).as_tuple().exponent)


def table(text: str) -> list[tuple[float, list[str]]]:
    """Rows `t | value | value ...` as (t, texts)."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [(float(row[0]), row[1:]) for row in rows]


def compare(values: list[float], texts: list[str]) -> None:
    """Assert that each value rounds to its text."""
    assert values == [printed(text) for text in texts]
