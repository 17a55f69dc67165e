"""Pieces of a page: tables, figures, pictures, folded text. Every text is escaped on its way in."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 4  # significant ones in a table: more than any model of skin deserves
PLAIN = (1e-3, 1e6)  # numbers from the first to below the second are written without a power of ten
SHORT, LONG = 16, 40  # letters in a cell that is not broken, and that is kept wide, on a narrow screen
TYPES = {"f4": np.float32, "f8": np.float64, "i4": np.int32, "u2": np.uint16}


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Cell = str | float | int | None


def html(text: str) -> Html:
    """A text as HTML: escaped, unless it is HTML already."""
    return text if isinstance(text, Html) else Html(escape(text))


def joined(*pieces: str) -> Html:
    """Pieces one after the other."""
    return Html("\n".join(html(piece) for piece in pieces))


def paragraph(text: str, kind: str = "") -> Html:
    """A paragraph; `kind` is a class of page.css: ``note`` or ``warning``."""
    return Html(f"<p{_class(kind)}>{html(text)}</p>")


def number(value: float) -> Html:
    """A number with four significant digits, powers of ten raised.

    Examples
    --------
    >>> str(number(957.951)), str(number(0.0)), str(number(1.20856e-15))
    ('958', '0', '1.209&thinsp;×&thinsp;10<sup>−15</sup>')
    """
    if not isfinite(value):
        return Html("–")
    if value == 0.0 or PLAIN[0] <= abs(value) < PLAIN[1]:
        rounded = float(f"{value:.{DIGITS}g}")
        return Html(f"{rounded:.{DIGITS}g}" if abs(rounded) < 10.0**DIGITS else f"{rounded:.0f}")
    mantissa, _, exponent = f"{value:.{DIGITS - 1}e}".partition("e")
    power = str(int(exponent)).replace("-", "−")
    return Html(f"{float(mantissa):g}&thinsp;×&thinsp;10<sup>{power}</sup>")


def table(headers: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "", sortable: bool = False) -> Html:
    """A table that scrolls sideways on a narrow screen.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of sequence of str, number or None
        Numbers are flush right, floats as by `number`, int in full; None leaves the cell empty.
    caption : str
        Over the table.
    sortable : bool
        A click on a header sorts by its column: numbers as numbers, in both directions.
    """
    kind = ' class="sortable"' if sortable else ""
    above = f"<h3>{html(caption)}</h3>\n" if caption else ""
    head = "".join(f'<th scope="col">{html(header)}</th>' for header in headers)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>\n" for row in rows)
    return Html(
        f'{above}<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table></div>'
    )


def _cell(cell: Cell) -> str:
    if cell is None:
        return "<td></td>"
    if isinstance(cell, str):
        kind = "short" if len(cell) <= SHORT else "long" if len(cell) >= LONG else ""
        return f"<td{_class(kind)}>{html(cell)}</td>"
    written = Html(cell) if isinstance(cell, int) else number(cell)
    return f'<td class="number" data-value="{float(cell)!r}">{written}</td>'


def figure(plot: Mapping[str, Any], *, title: str, fallback: str, note: str = "", kind: str = "") -> Html:
    """A plot that reacts, with a picture in its place where no script runs.

    Parameters
    ----------
    plot : mapping
        ``data`` and ``layout`` of plotly; arrays as `packed` gives them or as lists.
    title : str
        Over the plot, and the name of the picture for people who do not see it.
    fallback : str
        HTML of the picture: SVG, or what `image` gives.
    note : str
        Under the plot.
    kind : str
        A class of page.css besides: ``map`` or ``tall``.
    """
    below = f"<figcaption>{html(note)}</figcaption>" if note else ""
    return Html(
        f'<figure class="{f"plot {kind}".strip()}">\n<h3>{html(title)}</h3>\n<div class="canvas"></div>\n'
        f"{block_of_json(plot)}\n<noscript>{Html(fallback)}</noscript>\n{below}</figure>"
    )


def block_of_json(value: Any, name: str = "") -> Html:
    """Data for a script: a block of JSON, by the id `name` if there is one.

    Raises
    ------
    ValueError
        For a number that is not finite, because JSON has none.
    """
    marked = f' id="{html(name)}"' if name else ""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # "</script>" in a text would end the block
    return Html(f'<script type="application/json"{marked}>{text.replace("<", chr(92) + "u003c")}</script>')


def packed(array: NDArray[Any], dtype: str = "f4") -> dict[str, str]:
    """An array as plotly reads it: base64 of little-endian numbers, ``f4``, ``f8``, ``i4`` or ``u2``."""
    values = np.ascontiguousarray(array, TYPES[dtype]).astype(f"<{dtype}", copy=False)
    found = {"dtype": dtype, "bdata": b64encode(values.tobytes()).decode("ascii")}
    return found | ({"shape": ",".join(map(str, values.shape))} if values.ndim > 1 else {})


def image(png: bytes, alt: str, caption: str = "") -> Html:
    """A picture, held in the page."""
    below = f"<figcaption>{html(caption)}</figcaption>" if caption else ""
    data = b64encode(png).decode("ascii")
    return Html(f'<figure><img alt="{html(alt)}" src="data:image/png;base64,{data}">{below}</figure>')


def folded(title: str, *pieces: str) -> Html:
    """Pieces that are shown after a click on their title; a printed page shows them."""
    return Html(f"<details><summary>{html(title)}</summary>\n{joined(*pieces)}\n</details>")


def preformatted(text: str) -> Html:
    """Text as it stands, such as a file."""
    return Html(f"<pre>{html(text)}</pre>")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
