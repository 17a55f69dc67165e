"""Pages of mnrd taken apart: headings, tables, plots with their arrays, and whether every tag is closed."""

import json
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np

VOID = {"meta", "link", "img", "input", "br", "path", "rect", "circle", "polygon", "polyline", "hr"}


class Page(HTMLParser):
    """What is on a page.

    Attributes
    ----------
    headings : list of str
        Those of the sections.
    rows : list of list of (text, value)
        Of all tables; the value is None in cells that are no numbers.
    tables : list of list of rows
        Texts of all cells, the header first.
    figures : dict of title to dict
        JSON of the plots.
    blocks : dict of id to JSON
        Other data of scripts.
    pictures : list of dict
        Attributes of the images.
    addresses : list of str
        Whatever a browser might fetch.
    fallbacks : list of str
        First tag in every noscript.
    text : str
        All that is read, blanks between pieces.
    """

    def __init__(self, text):
        super().__init__()
        self.headings, self.rows, self.figures, self.addresses, self.fallbacks = [], [], {}, [], []
        self.tables, self.blocks, self.pictures, self._block = [], {}, [], None
        self.text, self._open, self._title, self._value = "", [], "", None
        self.feed(text)
        assert self._open == [], "tags that are not closed"

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.addresses += [given[name] for name in ("src", "href", "action") if name in given]
        if self._open and self._open[-1] == "noscript":
            self.fallbacks.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.rows.append([])
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag == "img":
            self.pictures.append(given)
        if tag == "script":
            self._block = given.get("id")
        if tag == "td":
            self.rows[-1].append(["", float(given["data-value"]) if "data-value" in given else None])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data):
        inside = self._open[-1] if self._open else ""
        if inside == "script" and "figure" in self._open:
            self.figures[self._title] = json.loads(data)
        elif inside == "script" and self._block:
            self.blocks[self._block] = json.loads(data)
        elif inside not in ("script", "style"):
            self.text += f"{data} "
        if inside == "h2":
            self.headings.append(data)
        if inside == "h3":
            self._title = data
        if "td" in self._open:
            self.rows[-1][-1][0] += data
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data

    def table(self, *headers):
        """The rows of the first table whose header begins so, without it."""
        return next(rows for first, *rows in self.tables if tuple(first[: len(headers)]) == headers)

    def row(self, name):
        """The first row in which a cell has this text."""
        return next(row for row in self.rows if any(text == name for text, _ in row))


def array(packed):
    """The numbers that a plot holds as base64 or as a list."""
    if isinstance(packed, list):
        return np.array(packed)
    values = np.frombuffer(b64decode(packed["bdata"]), np.dtype(packed["dtype"]).newbyteorder("<"))
    return values.reshape([int(size) for size in packed["shape"].split(",")]) if "shape" in packed else values
