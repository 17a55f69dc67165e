"""What is recorded of `mixed` against `double` precision: every case, no error but that of stopping, and the docs."""

import json
import sys
from pathlib import Path

import pytest
from cases import is_large

from mnrd.case import bundled
from mnrd.mesh.rectilinear import Mesh

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

import precision  # noqa: E402

ROWS = json.loads(precision.RESULTS.read_text("utf-8"))["cases"]


def test_every_case_that_is_not_too_large_is_recorded():
    assert [row["case"] for row in ROWS] == [name for name in bundled() if not is_large(name)]


@pytest.mark.parametrize("row", ROWS, ids=[row["case"] for row in ROWS])
def test_single_precision_changes_no_field_by_more_than_wanted(row):
    exact = row.get("with exact solves", row)
    assert max(exact["fields"].values()) < precision.WANTED


def test_the_docs_hold_the_table():
    table = "\n".join(precision.table(ROWS))
    assert table in (ROOT / "docs" / "numerics.md").read_text("utf-8")


def test_a_case_is_compared_with_itself():
    row = precision.compare("fisher-kpp")
    assert row["cells"] == [600, 1, 1]
    assert row["steps"]["double"] == row["steps"]["mixed"]
    assert 0.0 < row["fields"]["u"] < precision.WANTED


def test_errors_are_relative_to_the_largest_value_at_any_moment():
    def run(*values):
        fields = [{"c": Mesh([0.0, 1.0], [0.0, 1.0], [0.0, 1.0]).volume * value} for value in values]
        return precision.Run(fields, {}, (1, 1, 1), 1, 0, 0.0)

    assert precision.errors_of_fields(run(1.0, 4.0), run(1.5, 5.0)) == {"c": pytest.approx(0.2)}
    assert precision.errors_of_fields(run(0.0), run(0.0)) == {"c": 0.0}
