"""The commands of docs/gallery.md make the pictures of the page; here on coarse meshes and in small."""

import os

import pytest
from gallery import DOCS, commands, pictures, source
from PIL import Image
from typer.testing import CliRunner

from mnrd.cli.app import app

COARSE = {
    "gallery/patch": ["mesh.smallest=60 um", "mesh.largest=150 um", "run.end=10 min"],
    "gallery/serum": ["mesh.smallest=20 um", "mesh.largest=100 um"],
    "gallery/roller": ["mesh.smallest=50 um", "mesh.largest=120 um"],
    "gallery/punch": ["mesh.smallest=300 um", "mesh.largest=600 um", "mesh.tip=100 um"],
}
SMALL = "400x300"
LARGEST = 200_000
"""Bytes of a picture of the page."""


def in_small(words):
    """A command of the page, as it is run here."""
    words = words[1:]
    if words[0] == "run":
        changes = COARSE[words[words.index("--out") + 1]]
        return [*words, *(word for change in changes for word in ("--set", change)), "--no-report", "--quiet"]
    return [SMALL if before == "--size" else word for before, word in zip(["", *words], words, strict=False)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all commands of the page have run, one after the other."""
    place, here = tmp_path_factory.mktemp("page"), os.getcwd()
    os.chdir(place)
    try:
        for words in commands():
            done = CliRunner().invoke(app, in_small(words))
            assert done.exit_code == 0, f"{words}: {done.output}"
    finally:
        os.chdir(here)
    return place


@pytest.mark.parametrize("name", pictures())
def test_picture_is_made(folder, name):
    with Image.open(source(name, folder)) as made:
        assert made.size == (400, 300)
        assert len(made.convert("RGB").getcolors(400 * 300)) > 50


def test_nothing_else_is_made(folder):
    made = {path.relative_to(folder) for path in folder.glob("gallery/*/pictures/*")}
    assert made == {source(name, folder).relative_to(folder) for name in pictures()}


def test_page_and_folder_hold_the_same():
    shown = {path.name for path in (DOCS / "gallery").iterdir()}
    assert shown == set(pictures())
    for name in shown:
        assert (DOCS / "gallery" / name).stat().st_size < LARGEST, name
