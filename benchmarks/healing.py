"""The healing response against its targets: every band of meshes/targets.toml, computed in three dimensions.

    python benchmarks/healing.py

runs all of `healing_runs.all_runs` on the native backend, two at a time (--workers), prints the tables of
docs/validation.md and writes benchmarks/results/healing.json. What was run before is read from --records (default
runs/healing) unless the case or a parameter has changed, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from healing_comparisons import compared, exposure, passes
from healing_runs import DEPTHS, DOSES, WIDTHS, Record, all_runs, record

from mnrd.output.course import DAY, Course, peak
from mnrd.output.targets import Verdict, judged, runs, targets, verdicts

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "python benchmarks/healing.py"
CELL, HOLE, ALL = "papillary dermis", "hole", "treated dermis"
ACTIVES = {"T17a": ("vitamin C", "ascorbic_acid"), "T17b": ("retinol", "retinol"), "T17c": ("growth factor", "egf")}
SHARE = 0.2  # of its band that a value may change when the cells are halved
# Table of knock-outs of the one-dimensional prototype: collagen d 28 (%), peaks of N, M, F and vessels in the array;
# collagen d 28 over normal and scar index d 90 in the punch.
PROTOTYPE = {
    "full": (41, 0.46, 0.22, 0.47, 1.75, 1.31, 0.79),
    "no stretch": (27, 0.46, 0.21, 0.30, 1.66, 1.31, 0.79),
    "no integrin/fragment path": (27, 0.46, 0.22, 0.31, 1.68, 0.95, 0.65),
    "neither": (-4, 0.46, 0.21, 0.00, 1.54, 0.95, 0.65),
    "no platelet store": (40, 0.36, 0.18, 0.46, 1.70, 1.36, 0.78),
    "no PDGF": (31, 0.45, 0.20, 0.34, 1.67, 0.92, 0.28),
    "no TGF-beta": (36, 0.45, 0.20, 0.46, 1.71, 1.21, 0.02),
    "no neutrophils": (40, 0.00, 0.00, 0.46, 1.44, 1.01, 0.03),
    "no macrophages": (32, 0.53, 0.00, 0.38, 1.37, 0.86, 0.03),
    "no VEGF": (36, 0.46, 0.20, 0.45, 0.96, 0.29, 0.13),
    "no myofibroblasts": (40, 0.46, 0.22, 0.47, 1.75, 1.25, 0.02),
}
CLEAR = 0.05  # change of a knock-out over the full value below which it has no direction
WHY = {
    "T9b": "a wound fills from below as well as from the sides, and its upper part overshoots",
    "T17a": "the clot lets through 0.3 of what water would in 1.6 % of the area, a tenth of that was calibrated in one "
    "dimension; a finite dose is used up",
    "T17b": "retinol crosses intact skin so well that pores add little, which V4 of the permeation module asks for",
    "T17c": "within 24 h nothing has crossed intact skin: the ratio has no bound",
}
"""Why a target is missed."""

Courses = Mapping[str, Course]


# --- targets ----------------------------------------------------------------------------------------------------------


def scars(courses: Courses, name: str, sizes: tuple[float, ...], suffix: str = "") -> dict[float, float]:
    """Scar index of wounds of several sizes (mm) at the end of their runs."""
    found = {size: f"{name} {size:g} mm{suffix}" for size in sizes}
    return {size: courses[run].last("scar index", HOLE) for size, run in found.items() if run in courses}


def ratios(courses: Courses, dose: str = "") -> dict[str, float]:
    """Exposure of the dermis to every active over 24 h, needled over intact."""
    found = {}
    for target, (name, field) in ACTIVES.items():
        pair = [courses.get(f"{name}{dose}, {kind}") for kind in ("needles", "intact")]
        if pair[0] is not None and pair[1] is not None:
            found[target] = exposure(pair[0], field) / exposure(pair[1], field)
    return found


def judgements(courses: Courses) -> list[Verdict]:
    """All targets that the runs answer, in order."""
    found = {one.target.name: one for kind in runs() if kind in courses for one in verdicts(kind, courses[kind])}
    values = compared(courses) | ratios(courses)
    if "needles of topicals" in courses:  # the same needles, mesh and skin as with topicals
        values |= compared({**courses, "array": courses["needles of topicals"]}) | {
            name: value for name, value in values.items() if name != "T17d"
        }
    values["T13g"] = passes(scars(courses, "column", WIDTHS))
    values["T13h"] = passes(scars(courses, "scratch", DEPTHS))
    found |= {name: judged(name, value) for name, value in values.items()}
    return [found[name] for name in targets() if name in found]


def without_depth(courses: Courses) -> dict[str, float]:
    """Targets of large wounds in reticular dermis at all depths, as in one dimension."""
    found: dict[str, float] = {}
    for kind in ("incision", "punch"):
        slab = courses.get(f"{kind} in the slab")
        if slab is not None:
            found |= {one.target.name: one.value for one in verdicts(kind, slab)}
    for target, width in (("T13b", 0.2), ("T13c", 0.4)):
        slab = courses.get(f"column {width:g} mm in the slab")
        if slab is not None:
            found[target] = slab.last("scar index", HOLE)
    return found | {"T13g": passes(scars(courses, "column", WIDTHS, " in the slab"))}


# --- knock-outs and refinement ----------------------------------------------------------------------------------------


def knocked_out(courses: Courses) -> dict[str, tuple[float, ...]]:
    """The columns of `PROTOTYPE`."""
    found = {}
    for name in PROTOTYPE:
        array = courses.get("array" if name == "full" else f"array, {name}")
        punch = courses.get("punch in the slab" if name == "full" else f"punch, {name}")
        if array is None or punch is None:
            continue
        peaks = (peak(*array.first(one, CELL))[1] for one in ("N", "M", "F", "vessels per baseline"))
        healed = punch.at("collagen", HOLE, 28.0 * DAY) / punch.at_rest("collagen", HOLE)
        scar = punch.at("scar index", HOLE, 90.0 * DAY)
        found[name] = (array.at("collagen gain", CELL, 28.0 * DAY), *peaks, healed, scar)
    return found


def opposed(found: Mapping[str, tuple[float, ...]]) -> Iterator[tuple[str, int]]:
    """Knock-outs, and columns of collagen and scar index, that go clearly another way than in the prototype."""
    for name in found.keys() - {"full"}:
        for column in (0, 5, 6):
            expected = PROTOTYPE[name][column] / PROTOTYPE["full"][column] - 1.0
            change = found[name][column] / found["full"][column] - 1.0
            if max(abs(expected), abs(change)) > CLEAR and not (
                expected * change > 0.0 or abs(expected - change) <= CLEAR
            ):
                yield name, column


def refinements(courses: Courses) -> list[dict[str, Any]]:
    """Every target of the array (28 days) and the incision, with cells halved and with a tighter tolerance."""
    rows = []
    for kind in ("array", "incision"):
        if kind not in courses:
            continue
        base = {one.target.name: one.value for one in verdicts(kind, courses[kind])}
        for change in ("cells halved", "rtol 1e-3"):
            finer = courses.get(f"{kind}, {change}")
            for one in () if finer is None else verdicts(kind, finer):
                target = one.target
                moved = (one.value - base[target.name]) / (target.high - target.low)
                rows.append({"id": target.name, "run": kind, "change": change, "value": base[target.name],
                             "finer": one.value, "share of band": moved, "met": abs(moved) < SHARE})  # fmt: skip
    return rows


# --- tables -----------------------------------------------------------------------------------------------------------


def table(heads: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    """Print a table in Markdown."""
    print("\n| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for row in rows:
        print("| " + " | ".join(f"{one:.3g}" if isinstance(one, float) else str(one) for one in row) + " |")


def why(one: Verdict) -> str | None:
    """Why a target is missed."""
    return None if one.met else WHY.get(one.target.name, "see below")


def target_rows(found: list[Verdict]) -> list[tuple[object, ...]]:
    """The table of targets."""
    rows: list[tuple[object, ...]] = []
    for one in found:
        target = one.target
        quantity = target.quantity + (f", {target.unit}" if target.unit else "")
        word = one.word if one.met else f"**{one.word}**"
        missed = "" if one.met else f". Missed: {why(one)}"
        rows.append((target.name, quantity, target.band, f"{target.prototype:.4g}", f"{one.value:.4g}", word,
                     f"{target.kind}, {target.use}: {target.source}{missed}"))  # fmt: skip
    return rows


def tables(courses: Courses) -> dict[str, Any]:
    """Print everything; what goes into the file."""
    found, flat, off = judgements(courses), without_depth(courses), knocked_out(courses)
    print(f"\n{sum(one.met for one in found)} of {len(found)} targets met; missed: "
          + ", ".join(f"{one.target.name} ({one.value:.4g})" for one in found if not one.met))  # fmt: skip
    print("not computed:", ", ".join(name for name in targets() if name not in {one.target.name for one in found}))
    table(("", "quantity", "band", "1D prototype", "computed", "", "source"), target_rows(found))
    value = {one.target.name: one.value for one in found}
    rows = [(name, targets()[name].band, targets()[name].prototype, one, value.get(name, float("nan")))
            for name, one in flat.items()]  # fmt: skip
    table(("", "band", "1D prototype", "slab without depth", "layered skin"), rows)
    table(("columns and scratches", "scar index"), [
        (f"{name} {size:g} mm{suffix}", index)
        for name, sizes, suffix in (("column", WIDTHS, ""), ("column", WIDTHS, " in the slab"), ("scratch", DEPTHS, ""))
        for size, index in scars(courses, name, sizes, suffix).items()
    ])  # fmt: skip
    heads = ("case", "array: collagen d 28, %", "N", "M", "F", "vessels", "punch: collagen", "scar index")
    table(heads, [(name, *(f"{new:.3g} ({old:g})" for new, old in zip(row, PROTOTYPE[name], strict=True)))
                  for name, row in off.items()])  # fmt: skip
    other_way = [f"{name}: {heads[column + 1]}" for name, column in opposed(off)] if "full" in off else []
    print("\nother direction than in the prototype:", "; ".join(other_way) or "none")
    finer = refinements(courses)
    table(tuple(finer[0]) if finer else ("",), [tuple(row.values()) for row in finer])
    return {
        "targets": [one.entry() | {"prototype": one.target.prototype, "reason": why(one)} for one in found],
        "slab without depth": flat,
        "knock-outs": {name: dict(zip(heads[1:], row, strict=True)) for name, row in off.items()},
        "other direction": other_way,
        "refinement": finer,
        "further": further(courses),
    }


def further(courses: Courses) -> dict[str, Any]:
    """Outputs that are no targets."""
    found: dict[str, Any] = {f"exposure ratio{dose}": ratios(courses, dose) for dose in DOSES}
    for name in ("array", "array 0.8 mm"):
        if name in courses:
            one = courses[name]
            days = [day for day in (7, 28, 84, 180, 365) if one.lasts(day * DAY)]
            found[f"{name}: collagen gain, %"] = {day: one.at("collagen gain", CELL, day * DAY) for day in days}
            found[f"{name}: scar index"] = one.last("scar index", ALL)
    for name in ("50 per cm2", "400 per cm2"):
        if name in courses:
            found[f"{name}: scar index"] = courses[name].last("scar index", ALL)
    reading: Callable[[str], float] = lambda name: courses[name].at("collagen gain", CELL, 28.0 * DAY)  # noqa: E731
    names = ("needles of topicals", "topicals", "needles and topicals")
    found["collagen gain d 28, %"] = {name: reading(name) for name in names if name in courses}
    table(("further", ""), [(name, str(value)) for name, value in found.items()])
    return found


def records(folder: Path, workers: int) -> Iterator[tuple[str, Record]]:
    """Every run, as soon as it is there; a run that fails is told and left out."""
    with ProcessPoolExecutor(workers) as pool:
        asked = {pool.submit(record, name, run, folder): name for name, run in all_runs().items()}
        for done in as_completed(asked):
            try:
                yield asked[done], done.result()
            except Exception as error:  # the others go on
                print(f"{asked[done]}: FAILED, {error}", file=sys.stderr, flush=True)


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, default=ROOT / "runs" / "healing", help="where runs are kept")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time")
    options, begin, found = parser.parse_args(), perf_counter(), {}
    for name, one in records(options.records, options.workers):
        found[name] = one
        print(f"{name:40}{one.seconds:6.0f} s{one.steps:6} steps", file=sys.stderr, flush=True)
    in_order = {name: found[name] for name in all_runs() if name in found}
    written = {"command": COMMAND} | tables({name: one.course for name, one in in_order.items()})
    written["runs"] = {
        name: {"cells (z, y, x)": one.cells, "steps": one.steps, "rejected": one.rejected,
               "iterations": one.iterations, "seconds of one core": round(one.seconds, 1), "least value": one.least}
        for name, one in in_order.items()
    }  # fmt: skip
    path = ROOT / "benchmarks" / "results" / "healing.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(_plain(written), indent=1) + "\n", "utf-8")
    print(f"\n{path.relative_to(ROOT)}, {perf_counter() - begin:.0f} s, "
          f"{sum(one.seconds for one in in_order.values()):.0f} s of one core")  # fmt: skip


def _plain(value: Any) -> Any:
    """What JSON has: None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


if __name__ == "__main__":
    main()
