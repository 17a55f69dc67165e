"""What docs/performance.md says of GPUs: tables and a plot of benchmarks/results/gpu-*.json."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from rows import Row
from tables import cell, grid, table

from mnrd.output.directory import replacing

PRECISIONS = ("mixed", "double")
FIELDS, CELLS, BANDWIDTH = (12, 3), 1e8, 4.3e12  # the step whose floor is stated: fields, cells, bytes per second
SOLVER = {"lines.cu", "transfer.cu", "vectors.cu", "control.cu"}
OPERATOR = {"apply", "contact"}
PLANNED = {"mixed": (234.0, 10.5e3, 14.7e3), "double": (462.0, 20.1e3, 28.4e3)}
"""What the method was planned to move, bytes per cell: an iteration of the conjugate gradients on all levels; a step of
12 + 3 fields with 1.25 and with 2 iterations in each solve."""


def results(folder: Path) -> dict[str, Row]:
    """The JSONs by name; those of devices first."""
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("gpu-*.json"))}
    return dict(sorted(found.items(), key=lambda item: item[1]["machine"]["backend"] != "cuda"))


def step_of(result: Row, fields: tuple[int, int], precision: str) -> Row | None:
    """The step with these fields on the largest grid; None if there is none."""
    steps = [row for row in result["steps"] if (row["mobile"], row["immobile"]) == fields]
    steps = [row for row in steps if row["precision"] == precision]
    return max(steps, key=lambda row: row["cells"], default=None)


def bytes_in(each: Row, kernel: str) -> float:
    """Bytes per cell of a kernel; 0 where it was not launched."""
    return float(each.get(kernel, (0, 0.0))[1])


def solver_bytes(step: Row) -> float:
    """Bytes per cell of the linear solves of a step."""
    rows = step["traffic"].items()
    return sum(size for name, (_, size, file) in rows if file in SOLVER or name in OPERATOR)


def planned(precision: str, iterations: float) -> float:
    """Planned bytes per cell of a step of 12 + 3 fields at some iterations in each solve."""
    _, low, high = PLANNED[precision]
    return low + (high - low) * (iterations - 1.25) / 0.75


# ---- sections: each a text made of the results


NOTHING = """\
**Nothing has run on a GPU yet.** The kernels compile for sm_75, sm_80 and sm_90, and the same text runs as host code in
every test; how fast a device runs them is not known. What stands here about devices is arithmetic: bytes counted from
the kernels that a step launches, divided by a bandwidth."""
SOMETHING = "What has run on a GPU says so here; what ran on the host proves the script, and no speed."


def machines(found: dict[str, Row]) -> str:
    """What was measured where."""
    rows = []
    some = any(result["machine"]["backend"] == "cuda" for result in found.values())
    for name, result in found.items():
        about = result["machine"]
        where = "GPU" if about["backend"] == "cuda" else "host"
        rows.append([f"`{name}.json`", where, about["description"], about["commit"], about["date"][:10]])
    return f"{SOMETHING if some else NOTHING}\n\n" + table(["file", "", "ran on", "commit", "date"], rows)


def traffic(found: dict[str, Row]) -> str:
    """Bytes per cell of each kernel in one step of 12 + 3 fields."""
    result = next(iter(found.values()))
    steps = {precision: step_of(result, FIELDS, precision) for precision in PRECISIONS}
    if None in steps.values():
        return "No JSON holds this step."
    each = {precision: step["traffic"] for precision, step in steps.items() if step is not None}
    names = sorted(each["mixed"], key=lambda name: -each["mixed"][name][1])
    rows = [
        [f"`{name}`", each["mixed"][name][2], each["mixed"][name][0], *(bytes_in(each[p], name) for p in PRECISIONS)]
        for name in names
        if each["mixed"][name][1] >= 1.0
    ]
    totals = [sum(size for _, size, _ in each[p].values()) for p in PRECISIONS]
    head = ["kernel", "file", "launches (mixed)", "B/cell (mixed)", "B/cell (double)"]
    return table(head, [*rows, ["**all**", "", sum(n for n, *_ in each["mixed"].values()), *totals]])


def floors(found: dict[str, Row]) -> str:
    """Bytes of an iteration and of a step beside what was planned, and the floor of a step in time."""
    result, rows = next(iter(found.values())), []
    for precision in PRECISIONS:
        alone, step = step_of(result, (1, 0), precision), step_of(result, FIELDS, precision)
        if alone is None or step is None:
            continue
        solves = 2 * FIELDS[0]
        iterations, whole = step["counted_iterations"] / solves, step["bytes_per_cell"]
        iteration = solver_bytes(alone) / max(alone["counted_iterations"], 1)
        rows.append([
            precision, iteration, PLANNED[precision][0], iterations, whole, planned(precision, iterations),
            whole * CELLS / BANDWIDTH,
        ])  # fmt: skip
    head = ["precision", "B/cell of an iteration", "planned", "iterations in a solve", "B/cell of a step", "planned",
            f"floor of a step of {CELLS:.0e} cells at {BANDWIDTH / 1e12:g} TB/s, s"]  # fmt: skip
    return table(head, rows)


def steps(found: dict[str, Row]) -> str:
    """Time of a step on every grid."""
    rows = []
    for name, result in found.items():
        copy = {row["precision"]: row["bytes_per_second"] for row in result["bandwidth"] if row["kernel"] == "copy"}
        yardstick = max(copy.values(), default=0.0)
        for row in result["steps"]:
            floor = row["bytes_per_cell"] * row["cells"] / yardstick if yardstick else 0.0
            rows.append([
                name, grid(row["size"]), f"{row['mobile']} + {row['immobile']}", row["precision"],
                row["seconds"], row["seconds"] / floor if floor else "", row["iterations_per_solve"],
                1e-9 * row["effective_bytes_per_second"],
            ])  # fmt: skip
    head = ["file", "grid", "fields", "precision", "s/step", "times its floor", "iterations in a solve", "T_eff, GB/s"]
    return table(head, rows)


def bandwidths(found: dict[str, Row]) -> str:
    """Each kernel as a part of the copy, for every JSON of a device."""
    devices = {name: result for name, result in found.items() if result["machine"]["backend"] == "cuda"}
    if not devices:
        return "No JSON of a GPU is there, so there is nothing to state."
    of_copy = {
        (name, row["precision"], row["kernel"]): row["of_copy"]
        for name, result in devices.items()
        for row in result["bandwidth"]
        if row["kernel"] != "copy"
    }
    kernels = sorted({kernel for _, _, kernel in of_copy})
    columns = [(name, precision) for name in devices for precision in PRECISIONS]
    rows = [[f"`{kernel}`", *(of_copy.get((*column, kernel), "") for column in columns)] for kernel in kernels]
    return table(["kernel", *(f"{name}, {precision}" for name, precision in columns)], rows)


def rivals(found: dict[str, Row]) -> str:
    """The same step by other means."""
    rows = []
    for name, result in found.items():
        for row in result["rivals"]:
            own, others = row["solver"]["seconds"], [row.get(name) for name in ("expressions", "library")]
            ratios = [other["seconds"] / own if other else "" for other in others]
            counts = [str(other["iterations"]) if other else "" for other in others]
            far = max((other["difference"] for other in others if other), default=0.0)
            iterations = " / ".join([cell(row["solver"]["iterations"]), *counts])
            rows.append([name, grid(row["size"]), row["precision"], own, *ratios, iterations, far])
    head = ["file", "grid", "precision", "s/step", "array expressions: times slower", "sparse library: times slower",
            "iterations of the three", "largest difference"]  # fmt: skip
    return table(head, rows)


def correctness(found: dict[str, Row]) -> str:
    """Kernels and cases against numpy."""
    rows = []
    for name, result in found.items():
        for precision in PRECISIONS:
            kernels = [row for row in result["kernels"] if row["precision"] == precision]
            cases = [row for row in result["cases"] if row["precision"] == precision]
            worst = max((max(row["differences"].values()) for row in cases), default=0.0)
            agreeing = f"{sum(row['agrees'] for row in kernels)} of {len(kernels)}"
            rows.append([name, precision, agreeing, ", ".join(row["case"] for row in cases), worst])
    head = ["file", "precision", "kernels that agree", "cases", "largest difference, of the field's maximum"]
    return table(head, rows)


SECTIONS: dict[str, Callable[[dict[str, Row]], str]] = {
    section.__name__: section
    for section in (machines, traffic, floors, steps, bandwidths, rivals, correctness)
}  # fmt: skip


def draw(found: dict[str, Row], path: Path) -> None:
    """Bytes by kernel, and the time of a step over the cells with its floor."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    first = next(iter(found.values()))
    drawn = {precision: step_of(first, FIELDS, precision) for precision in PRECISIONS}
    names: list[str] = []
    for offset, (precision, step) in zip((-0.2, 0.2), drawn.items(), strict=True):
        if step is not None:
            each = step["traffic"]
            names = names or sorted(each, key=lambda name: -each[name][1])[:14]
            left.barh(
                [n + offset for n in range(len(names))], [bytes_in(each, n) / 1e3 for n in names], 0.4, label=precision
            )
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set(xlabel="kB per cell and step", title=f"What a step of {FIELDS[0]} + {FIELDS[1]} fields moves")
    left.legend()
    for name, result in found.items():
        for precision in PRECISIONS:
            rows = [r for r in result["steps"] if (r["mobile"], r["immobile"], r["precision"]) == (*FIELDS, precision)]
            rows.sort(key=lambda row: row["cells"])
            right.loglog([r["cells"] for r in rows], [r["seconds"] for r in rows], "o-", label=f"{name}, {precision}")
    for precision, step in drawn.items():
        if step is not None:
            times = [step["bytes_per_cell"] * cells / BANDWIDTH for cells in (1e4, CELLS)]
            right.loglog([1e4, CELLS], times, "--", label=f"floor at {BANDWIDTH / 1e12:g} TB/s, {precision}")
    right.set(xlabel="cells", ylabel="s per step", title=f"A step of {FIELDS[0]} + {FIELDS[1]} fields")
    right.legend(fontsize=8)
    with replacing(path) as part:
        figure.savefig(part, dpi=110, metadata={"Software": None})
