"""What the peers take, as tables and a plot, from the JSON that `peers.ladder` writes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from tables import table

from mnrd.output.directory import replacing

Row = dict[str, Any]

GOALS = (1e-2, 1e-3, 1e-4)
"""Errors to which the time is told; the ratio to mnrd is that for the middle one."""
OURS = "mnrd native"
MIB = 2**20


def fastest(rows: Iterable[Row], goal: float) -> Row | None:
    """The run that reached an error, or a smaller one, in the least time; None if none did."""
    return min((row for row in rows if row["error"] <= goal), key=lambda row: row["seconds"], default=None)


def peer_ratios(found: Row) -> dict[str, tuple[float, str]]:
    """Seconds of the fastest peer to an error of 1e-3 over those of mnrd native, and its name, by problem.

    Problems that mnrd or all peers did not reach are left out.
    """
    ratios = {}
    for problem in found.get("titles", {}):
        rows = [row for row in found["rows"] if row["problem"] == problem]
        ours = fastest((row for row in rows if row["tool"] == OURS), GOALS[1])
        peer = fastest((row for row in rows if not row["tool"].startswith("mnrd")), GOALS[1])
        if ours and peer:
            ratios[problem] = peer["seconds"] / ours["seconds"], str(peer["tool"])
    return ratios


def peers_block(found: Row) -> str:
    """The section on peers as Markdown."""
    parts = [_machine(found)]
    for problem, title in found["titles"].items():
        parts += [f"**{title[0].upper()}{title[1:]}**", _table(found, problem)]
    parts.append(_skipped(found["skipped"]))
    parts.append("![Error against time, one line a tool](peers.png)")
    return "\n\n".join(parts)


def _machine(found: Row) -> str:
    about = found["machine"]
    return (
        f"On {about['device']}, Python {about['python']}, commit {about['commit']}, {about['date'][:10]}; "
        f"{found['threads']} threads for every tool; all of it took {found['seconds'] / 60:.0f} minutes. "
        f"A process is ended after {found['longest']:g} s."
    )


def _table(found: Row, problem: str) -> str:
    rows = [row for row in found["rows"] if row["problem"] == problem]
    ours = fastest((row for row in rows if row["tool"] == OURS), GOALS[1])
    head = ("tool", "method", *(f"s to {goal:.0e}".replace("e-0", "e-") for goal in GOALS))
    head += ("times mnrd native", "grid", "steps of", "steps", "unknowns", "error", "set-up, s", "peak, MiB")
    lines = []
    for tool, method in dict.fromkeys((row["tool"], row["method"]) for row in rows):
        mine = [row for row in rows if (row["tool"], row["method"]) == (tool, method)]
        reached = [fastest(mine, goal) for goal in GOALS]
        told = reached[1] or min(mine, key=lambda row: row["error"])
        ratio = told["seconds"] / ours["seconds"] if ours and reached[1] else None
        seconds = [row["seconds"] if row else None for row in reached]
        lines.append((f"{tool} {found['versions'][tool]}", method, *seconds, ratio, *_details(told)))
    return table(head, lines)


def _details(row: Row) -> tuple[Any, ...]:
    value = {"step": f"{row['value']:g} s", "rtol": f"rtol {row['value']:g}", "part": f"{row['value']:g} of the limit"}
    last = (float(row["error"]), float(row["set_up"]), float(row["memory"] / MIB))
    return row["grid"], value[row["control"]], row["steps"], row["unknowns"], *last


def _skipped(skipped: list[Row]) -> str:
    """What was not measured, and why; a tool that is not there is said once."""
    lines: dict[tuple[str, str], list[str]] = {}
    for one in skipped:
        what = ", ".join(filter(None, (one["problem"], one["method"])))
        lines.setdefault((one["tool"], one["why"]), []).append(what)
    if not lines:
        return "Nothing was left out."
    listed = [f" * {tool} ({'; '.join(what)}): {why}" for (tool, why), what in lines.items()]
    return "\n".join(["Left out:", "", *listed])


# ---- the plot

MARKERS = "osD^vPX*"


def draw_peers(found: Row, path: Path) -> None:
    """Error against time, a panel a problem, a line a tool: the best that it reached in so much time."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    figure = Figure(figsize=(12, 9), layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    tools = list(dict.fromkeys(row["tool"] for row in found["rows"]))
    for panel, (problem, title) in zip(panels, found["titles"].items(), strict=False):
        panel.set(xscale="log", yscale="log", xlabel="s", ylabel="relative error", title=title)
        panel.grid(color="0.9", linewidth=0.6)
        panel.axhline(GOALS[1], color="0.5", linewidth=0.8, linestyle=":")
        ends = []
        for number, tool in enumerate(tools):
            rows = [row for row in found["rows"] if (row["problem"], row["tool"]) == (problem, tool)]
            if rows:
                ends.append(_line(panel, tool, number, _front(rows)))
        _label(panel, ends)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_minor_formatter(NullFormatter())
    for panel in panels[len(found["titles"]) :]:
        panel.set_visible(False)
    with replacing(path) as part:
        figure.savefig(part, dpi=110, metadata={"Software": None})


def _front(rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and errors of the runs that no other run of the tool beats in both."""
    seconds, errors = [], []
    for row in sorted(rows, key=lambda one: (one["seconds"], one["error"])):
        if not errors or row["error"] < errors[-1]:
            seconds.append(row["seconds"])
            errors.append(row["error"])
    return np.array(seconds), np.array(errors)


def _line(panel: Any, tool: str, number: int, front: tuple[np.ndarray, np.ndarray]) -> tuple[str, str, float, float]:
    """Draw one tool; its name, colour and last point."""
    ours = tool.startswith("mnrd")
    colour = "#b2182b" if ours else ("#2166ac", "#4d9221", "#7b3294", "#b35806", "#404040")[number % 5]
    style = {"linewidth": 2.2 if ours else 1.2, "linestyle": "--" if tool == "mnrd numpy" else "-"}
    panel.plot(*front, color=colour, marker=MARKERS[number % len(MARKERS)], markersize=5, **style)
    return tool, colour, float(front[0][-1]), float(front[1][-1])


def _label(panel: Any, ends: list[tuple[str, str, float, float]]) -> None:
    """Names at the right of the last points, moved apart where they would lie on each other."""
    if not ends:
        return
    left, right = panel.get_xlim()
    left, right = 10 ** np.floor(np.log10(left) + 0.1), 10 ** np.ceil(np.log10(right) + 0.4)  # room for names
    panel.set_xlim(left, right)
    low, high = np.log10(panel.get_ylim())
    low, high = np.log(10) * np.floor(low), np.log(10) * np.ceil(high)
    panel.set_ylim(np.exp(low), np.exp(high))
    apart, before = 0.04 * (high - low), np.inf
    for tool, colour, x, y in sorted(ends, key=lambda end: -end[3]):
        place = min(np.log(y), before - apart)
        before = place
        arrow = {"arrowstyle": "-", "color": colour, "linewidth": 0.5}
        panel.annotate(
            tool, (x, y), (x * (right / left) ** 0.02, np.exp(place)), color=colour, fontsize=9, va="center",
            arrowprops=arrow,
        )  # fmt: skip
