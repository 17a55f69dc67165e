"""docs/healing.md holds the tables of the declared model, and the sources that its parameters refer to."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mnrd.case import healing_reference
from mnrd.cli import app
from mnrd.skin.healing.declaration import DEFINITIONS, EQUATIONS, FIELDS
from mnrd.skin.healing.parameters import library

PAGE = (Path(__file__).parents[1] / "docs" / "healing.md").read_text("utf-8")


def test_the_tables_are_up_to_date():
    """If not: make docs."""
    held = PAGE.partition("<!-- mnrd healing --markdown -->\n")[2].partition("<!-- end -->")[0]
    assert held == healing_reference.reference()


def test_every_source_is_listed():
    cited = {int(number) for one in library().values() for list_ in re.findall(r"\[([\d, ]+)\]", one.source)
             for number in list_.split(",")}  # fmt: skip
    listed = [int(number) for number in re.findall(r"^(\d+)\. ", PAGE, re.MULTILINE)]
    assert listed == list(range(1, len(listed) + 1))
    assert cited <= set(listed)


def test_nothing_is_explained_that_is_not_there():
    assert healing_reference.DEFINED.keys() == DEFINITIONS.keys()
    assert healing_reference.TERMS.keys() == EQUATIONS.keys() == FIELDS.keys()
    assert healing_reference.ONE.keys() == {name for name, (unit, _) in FIELDS.items() if not unit}


@pytest.mark.parametrize("name", EQUATIONS)
def test_no_term_of_an_equation_is_left_out(name):
    shown = {title: rows for title, _, rows in healing_reference.tables()}["Equations"]
    begins = [index for index, row in enumerate(shown) if row[0]]
    of = {shown[begin][0]: shown[begin:end] for begin, end in zip(begins, [*begins[1:], None], strict=True)}
    rates = [term for _, term, meaning in of[f"d{name}/dt ="] if meaning != "transport"]
    assert " ".join(rates).removeprefix("+ ") == healing_reference.readable(EQUATIONS[name])


def test_every_parameter_is_shown_on_the_screen():
    shown = CliRunner().invoke(app, ["healing"])
    assert shown.exit_code == 0
    assert [name for name in library() if f"\n{name} " not in shown.output] == []
