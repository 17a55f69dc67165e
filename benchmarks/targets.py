"""The table of targets: what was wanted (targets.toml), what was measured, and what limits it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_report import WANTED, parts
from rows import Row
from tables import cell, grid, table

TARGETS = Path(__file__).with_name("targets.toml")
Measured = tuple[float, str]
"""A value, and what it is of."""


def kernels(host: Row) -> Measured | None:
    """The slowest kernel, and how many are fast enough."""
    rows = parts(host, "kernels", backend="native", caches="out")
    if not rows:
        return None
    slowest, good = min(rows, key=lambda row: row["of_copy"]), sum(row["of_copy"] >= WANTED for row in rows)
    return slowest["of_copy"], f"`{slowest['kernel']}`, {slowest['precision']}; {good} of {len(rows)} reach it"


def substrates(host: Row) -> Measured | None:
    """The slower precision, with as many threads as were tried."""
    rows = host.get("substrates", ())
    threads = max((row["threads"] for row in rows), default=0)
    return _largest(rows, "of_biofvm", lambda row: f"{row['precision']}, {row['threads']} threads", threads=threads)


def numpy(host: Row) -> Measured | None:
    """What numpy is slowest at."""
    return _largest(host.get("numpy", ()), "ratio", lambda row: row["what"].lower())


def iterations(host: Row) -> Measured | None:
    """The kind of grids on which iterations differ most."""
    counts: dict[str, list[float]] = {}
    for row in host.get("growth", ()):
        if "iterations" in row:
            kind = f"{row['kind']}, {row['measure']}" if "measure" in row else row["kind"]
            counts.setdefault(kind, []).append(row["iterations"])
    rows = [{"kind": kind, "range": float(max(each) - min(each)), "all": each} for kind, each in counts.items()]
    return _largest(rows, "range", lambda row: f"{row['kind']}: {', '.join(map(cell, row['all']))}")


def cells(host: Row) -> Measured | None:
    """The largest grid over the one of 64^3."""
    rows = parts(host, "steps", backend="native", fields=1, precision="double")
    first = [row for row in rows if row["cells"] == 64**3]
    if not first:
        return None
    last, key = max(rows, key=lambda row: row["cells"]), "seconds_per_cell_and_field"
    return last[key] / first[0][key], grid(last["size"])


def memory(host: Row) -> Measured | None:
    """Bytes of the arrays."""
    rows = [row for row in host.get("growth", ()) if row.get("precision") == "double" and "further" in row]
    return (rows[0]["further"], f"and {cell(float(rows[0]['fixed']))} besides the fields") if rows else None


def _largest(rows: Any, key: str, text: Callable[[Row], str], **values: object) -> Measured | None:
    kept = [row for row in rows if all(row[name] == value for name, value in values.items())]
    if not kept:
        return None
    worst = max(kept, key=lambda row: row[key])
    return worst[key], text(worst)


MEASURED: dict[str, Callable[[Row], Measured | None]] = {
    measured.__name__: measured for measured in (kernels, substrates, numpy, iterations, cells, memory)
}  # fmt: skip


def peer(ratios: dict[str, Measured], name: str) -> Measured | None:
    """Times sooner than the fastest peer."""
    return (ratios[name][0], f"the fastest: {ratios[name][1]}") if name in ratios else None


def targets(host: Row, ratios: dict[str, Measured]) -> str:
    """Each target with what was measured, whether it is met, and what limits it.

    Parameters
    ----------
    host : dict
        The JSON of the suite; empty if there is none.
    ratios : dict of str to (ratio, name)
        By problem, seconds of the fastest peer over those of mnrd, and which peer that is.
    """
    rows = []
    for target in tomllib.loads(TARGETS.read_text("utf-8"))["target"]:
        name = target["name"]
        found = MEASURED[name](host) if name in MEASURED else peer(ratios, name)
        wanted = f"at least {target['at_least']:g}" if "at_least" in target else f"at most {target['at_most']:g}"
        value, what = found or (None, "not measured")
        rows.append([target["text"], wanted, value, what, _verdict(target, value), target["limit"]])
    return table(["target", "wanted", "measured", "of", "met", "what limits it"], rows)


def _verdict(target: Row, value: float | None) -> str:
    if value is None:
        return ""
    met = value >= target["at_least"] if "at_least" in target else value <= target["at_most"]
    return "yes" if met else "**no**"
