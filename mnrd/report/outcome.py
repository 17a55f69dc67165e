"""The answer, first on the page: the numbers that people ask for, and the bands that healing is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mnrd.output.labels import duration, typeset
from mnrd.output.one_unit import split
from mnrd.output.targets import runs
from mnrd.report.page import Section
from mnrd.report.parts import Html, folded, html, number, paragraph, table
from mnrd.results.run import Run

KEY = (
    "delivered", "delivered share", "peak flux", "time of peak", "steady flux", "lag", "Kp", "through mouths",
    "enhancement of amount", "enhancement of flux", "enhancement of peak",
)  # fmt: skip
KEY_OF_HEALING = (
    "time of neutrophils peak", "time of macrophages peak", "time of active fibroblasts peak", "barrier closed",
    "vessels peak", "collagen gain day 7", "collagen gain day 28", "collagen gain day 84", "collagen gain day 180",
    "collagen gain day 365", "elastin gain day 180", "gain by needles", "gain by actives", "gain by both",
    "interaction", "scar index",
)  # fmt: skip
WARNING = "warning"
HEADERS = ("quantity", "value", "unit", "meaning")
Rows = list[tuple[str, float | str, str, str]]


def answer(run: Run) -> Section:
    """What came out of a run."""
    return Section("Answer", tuple(_pieces(run)))


def _pieces(run: Run) -> Iterator[Html]:
    summary = run.summary
    if not summary:
        yield paragraph(
            "The run has not ended: there is no summary.json yet. What it wrote until now is below.", WARNING
        )
        return
    if summary["reason"] != "done":
        reached = f" It reached {duration(summary['time [s]'])}." if "time [s]" in summary else ""
        yield paragraph(f"The run did not come to its end: {summary['reason']}.{reached}", WARNING)
    known = summary.get("meanings", {})
    for active in run.case.actives:
        if active.field in summary.get("answer", {}):
            rows = _rows(summary["answer"][active.field], known)
            yield from _table(rows, KEY, active.properties.title or active.name, summary["end [s]"])
    healing = summary.get("healing")
    if healing:
        rows = _rows(healing["answer"], healing.get("meanings", {}))
        yield from _table(rows, KEY_OF_HEALING, "Healing", summary["end [s]"])
        yield from _targets(healing)


def _rows(entries: Mapping[str, float | None], meanings: Mapping[str, str]) -> Rows:
    """Every number with what it means; one that there is none of (null in the file) is a dash."""
    found: Rows = []
    for label, value in entries.items():
        name, unit = split(label)
        found.append((name, "–" if value is None else value, typeset(unit), meanings.get(label, "")))
    return found


def _table(rows: Rows, key: tuple[str, ...], title: str, end: float) -> Iterator[Html]:
    """The key quantities, in their order, and all others folded."""
    by_name = {row[0]: row for row in rows}
    first = [by_name[name] for name in key if name in by_name]
    rest = [row for row in rows if row not in first]
    shown = len(HEADERS) if any(row[-1] for row in rows) else len(HEADERS) - 1  # older runs do not say what they mean
    yield table(HEADERS[:shown], [row[:shown] for row in first], caption=f"{title}, after {duration(end)}")
    if rest:
        yield folded(f"{title}: {len(rest)} more numbers", table(HEADERS[:shown], [row[:shown] for row in rest]))


def _targets(healing: Mapping[str, Any]) -> Iterator[Html]:
    """Bands with met or not."""
    verdicts = healing.get("targets") or []
    if not verdicts:
        yield paragraph("There are no targets for a run of this kind.", "note")
        return
    met = sum(one["verdict"] == "met" for one in verdicts)
    rows = [
        (
            Html(f'<span class="{one["verdict"].split()[0]}">{_sign(one)} {html(one["verdict"])}</span>'),
            one["quantity"], "–" if one["value"] is None else one["value"], _band(one), typeset(one["unit"]),
            one["source"], one["id"],
        )
        for one in verdicts
    ]  # fmt: skip
    kind = healing["targets of"]
    caption = f"Held against the targets for {runs().get(kind, kind)}: {met} of {len(verdicts)} met"
    yield table(("", "quantity", "value", "target", "unit", "source", ""), rows, caption=caption)
    yield paragraph(
        "Source: L from the literature, S a claim that the model was asked to test, D a band of our own. Targets that "
        "are met mean that the model is consistent with them, not that it is validated for decisions about patients.",
        "note",
    )


def _band(verdict: Mapping[str, Any]) -> Html:
    return Html(f"{number(verdict['low'])} to {number(verdict['high'])}")


def _sign(verdict: Mapping[str, Any]) -> str:
    return "✓" if verdict["verdict"] == "met" else "✗"
