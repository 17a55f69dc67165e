"""The page: sections of one HTML file with its style, its scripts and its data in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mnrd
from mnrd.output.directory import write_text
from mnrd.report.parts import Html, html, joined

# Nothing may be fetched, so the page shows the same without a network; plotly makes some of its code as it runs.
POLICY = "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'"


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Parameters
    ----------
    title : str
    pieces : tuple of str
        Each as a function of `mnrd.report.parts` gives it; any other text is escaped.
    """

    title: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """What a report says.

    Parameters
    ----------
    title, subtitle : str
    sections : tuple of Section
    script : str
        JavaScript of this kind of page, which runs after that of all pages (page.js); it can draw with ``Plotly``.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    script: str = ""


def document(page: Page) -> str:
    """The page as a text of HTML5."""
    contents = "".join(f'<a href="#{_anchor(one)}">{html(one.title)}</a>\n' for one in page.sections)
    body = "".join(
        f'<section id="{_anchor(one)}">\n<h2>{html(one.title)}</h2>\n{joined(*one.pieces)}\n</section>\n'
        for one in page.sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="generator" content="mnrd {mnrd.__version__}">\n<link rel="icon" href="data:,">\n'
        f"<title>{html(page.title)}</title>\n<style>\n{asset('page.css')}</style>\n"
        f"<script>{_plotly()}</script>\n</head>\n<body>\n"
        f"<header>\n<h1>{html(page.title)}</h1>\n<p>{html(page.subtitle)}</p>\n</header>\n"
        f"<nav>\n{contents}</nav>\n<main>\n{body}</main>\n"
        f"<script>\n{asset('page.js')}{page.script}</script>\n</body>\n</html>\n"
    )


def write_page(path: Path, page: Page) -> None:
    """Write a page in one go.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_text(path, document(page))


def asset(name: str) -> Html:
    """A style or a script that lies beside this module."""
    return Html((Path(__file__).parent / name).read_text("utf-8"))


def _anchor(section: Section) -> str:
    return "-".join("".join(sign if sign.isalnum() else " " for sign in section.title.lower()).split())


@cache
def _plotly() -> str:
    """plotly.js, once in every page."""
    from importlib.resources import files

    return (files("plotly") / "package_data" / "plotly.min.js").read_text("utf-8")
