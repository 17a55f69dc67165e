"""What docs/performance.md says of the host: tables and a plot of benchmarks/results/host.json."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rows import Row
from tables import grid, table

from mnrd.output.directory import replacing

PRECISIONS = ("double", "mixed")
NOTHING = "Not measured."
WANTED = 0.7
"""Part of the speed of a copy that every kernel is meant to reach out of the caches."""


def parts(found: Row, name: str, **values: object) -> list[Row]:
    """Rows of a part of the JSON that have these values."""
    return [row for row in found.get(name, ()) if all(row[key] == value for key, value in values.items())]


def one(found: Row, name: str, key: str, **values: object) -> float | None:
    """A value of the only such row; None if it was not measured."""
    rows = parts(found, name, **values)
    return rows[0][key] if rows else None


def scaled(value: float | None, factor: float) -> float | None:
    """A value in another unit."""
    return None if value is None else value * factor


def host(found: Row) -> str:
    """What it was measured on."""
    about = found["machine"]
    seconds = sum(found["seconds"].values())
    versions = {"python": about["python"]} | about["versions"]
    rows = [
        ["processor", f"{about['device']}, {about['cores']} cores"],
        ["memory", f"{about['host_memory'] / 2**30:.0f} GiB"],
        ["backend", about["description"]],
        ["versions", ", ".join(f"{name} {version}" for name, version in versions.items())],
        ["commit, date", f"{about['commit']}, {about['date'][:10]}"],
        ["time of the suite", f"{seconds / 60:.1f} min"],
    ]
    return table(["", ""], rows)


def kernels(found: Row) -> str:
    """Bandwidth of every kernel on the native backend, and as a part of a copy; then on numpy."""
    names = {row["kernel"]: row["file"] for row in found.get("kernels", ())}
    ways = [(caches, precision) for caches in ("out", "in") for precision in PRECISIONS]
    rows = []
    for kernel, file in names.items():
        same = {"kernel": kernel, "backend": "native"}
        share = [one(found, "kernels", "of_copy", **same, caches=caches, precision=p) for caches, p in ways]
        bandwidth = one(found, "kernels", "bytes_per_second", **same, caches="out", precision="double")
        numpy = one(found, "kernels", "of_copy", kernel=kernel, backend="numpy", caches="in", precision="double")
        rows.append([f"`{kernel}`", file, scaled(bandwidth, 1e-9), *share, numpy])
    rows.sort(key=lambda row: (row[1], row[3] or 0.0))
    head = ["kernel", "file", "GB/s, out, double", "of a copy, out, double", "out, mixed", "in, double", "in, mixed",
            "numpy, in, double"]  # fmt: skip
    return table(head, rows) if rows else NOTHING


def host_steps(found: Row) -> str:
    """A step over cells and over fields."""
    rows = []
    for row in sorted(found.get("steps", ()), key=lambda row: (row["backend"], row["fields"], row["cells"])):
        rows.append([
            row["backend"], grid(row["size"]), row["fields"], row["precision"], row["seconds"],
            1e9 * row["seconds_per_cell_and_field"], row["iterations_per_solve"], row["bytes_per_cell"],
            1e-9 * row["bytes_per_cell"] * row["cells"] / row["seconds"], row["launches"],
        ])  # fmt: skip
    head = ["backend", "grid", "fields", "precision", "s/step", "ns per cell and field", "iterations in a solve",
            "bytes moved per cell", "GB/s", "launches"]  # fmt: skip
    return table(head, rows) if rows else NOTHING


def numpy(found: Row) -> str:
    """The same steps on both backends of the host."""
    rows = [[row["what"], row["native"], row["numpy"], row["ratio"]] for row in found.get("numpy", ())]
    return table(["", "native, s", "numpy, s", "times slower"], rows) if rows else NOTHING


def substrates(found: Row) -> str:
    """Ten fields beside BioFVM's rate."""
    rows = [
        [row["precision"], row["threads"], row["seconds"], 1e9 * row["core_seconds_per_cell_and_field"],
         row["iterations_per_solve"], row["of_biofvm"], row["error"], row["error_if_split"]]
        for row in found.get("substrates", ())
    ]  # fmt: skip
    head = ["precision", "threads", "s/step", "ns per voxel, field and core", "iterations in a solve",
            "times 1/(56 million per second)", "error", "error of a splitting of first order"]  # fmt: skip
    return table(head, rows) if rows else NOTHING


def growth(found: Row) -> str:
    """Iterations on larger and larger grids, and what a cell holds."""
    rows = found.get("growth", ())
    counts = [
        [row["kind"], grid(row["size"]), row.get("measure", "residual"), row["iterations"]]
        for row in rows
        if "iterations" in row
    ]
    held = [[row["precision"], row["fixed"], row["further"], row["passing"]] for row in rows if "further" in row]
    if not rows:
        return NOTHING
    head = ["precision", "B/cell held besides the fields", "by each field that diffuses", "for a moment"]
    return (
        table(["more cells by", "grid", "to 1e-6 of the", "iterations of a solve"], counts) + "\n\n" + table(head, held)
    )


def jobs(found: Row) -> str:
    """The two main runs, phase by phase."""
    rows = found.get("jobs", ())
    if not rows:
        return NOTHING
    phases = list(dict.fromkeys(phase for row in rows for phase in row["phases"]))
    head = ["", *(f"{row['job']}, {row['precision']}" for row in rows)]
    about: list[list[object]] = [
        ["case", *(f"`{row['case']}`" for row in rows)],
        ["grid", *(grid(row["size"]) for row in rows)],
        ["fields", *(row["fields"] for row in rows)],
        ["steps, rejected", *(f"{row['steps']}, {row['rejected']}" for row in rows)],
        ["iterations", *(row["iterations"] for row in rows)],
        *([f"{phase}, s", *(row["phases"].get(phase) for row in rows)] for phase in phases),
        ["**all, s**", *(row["seconds"] for row in rows)],
    ]
    return table(head, about)


def start(found: Row) -> str:
    """Seconds until something happens."""
    rows = [[row["what"], row["kernels"], row["seconds"]] for row in found.get("start", ())]
    return table(["process", "kernels", "s"], rows) if rows else NOTHING


def memory(found: Row) -> str:
    """Peak memory of processes, by differences."""
    rows = []
    for precision in PRECISIONS:
        peaks = [(row["cells"], row["fields"], row["peak"]) for row in parts(found, "memory", precision=precision)]
        if len(peaks) < 4:
            continue
        (few, _, low), (many, _, high), (cells, least, small), (_, most, large) = peaks
        each = (high - low) / (many - few)
        rows.append([precision, (low - each * few) / 2**20, each, (large - small) / cells / (most - least)])
    head = ["precision", "before any cell, MiB", "B per cell, one field", "B per cell and further field"]
    return table(head, rows) if rows else NOTHING


def output(found: Row) -> str:
    """What files cost."""
    rows = []
    for row in found.get("output", ()):
        spent = [row["phases"].get(phase, 0.0) for phase in ("set-up", "solve", "output")]
        rest = [row["whole"] - sum(spent), row["steps"], row["bytes"] / 2**20, row["without"], row["steps_without"]]
        rows.append([row["job"], row["whole"], *spent, spent[-1] / row["whole"], *rest])
    head = ["run", "the command, s", "set-up", "solve", "files and tables", "their share", "report, start of Python",
            "steps", "files, MiB", "without any, s", "steps without any"]  # fmt: skip
    return table(head, rows) if rows else NOTHING


def skipped(found: Row) -> str:
    """What was left out, and why."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in found["skipped"]:
        reasons.setdefault((row["part"], row["why"]), []).append(row["what"])
    rows = [[part, _several(what), why] for (part, why), what in reasons.items()]
    return table(["part", "left out", "why"], rows) if rows else "Nothing was left out."


def _several(names: list[str]) -> str:
    return f"`{names[0]}`" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def draw(found: Row, path: Path) -> None:
    """Each kernel as a part of a copy, and the time of a step over the cells."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    left, right = figure.subplots(1, 2)
    native = parts(found, "kernels", backend="native", caches="out")
    names = _by_share(native)
    for precision, marker, fill in zip(PRECISIONS, ("o", "s"), ("full", "none"), strict=True):
        share = {row["kernel"]: row["of_copy"] for row in native if row["precision"] == precision}
        left.plot([share.get(name) for name in names], range(len(names)), marker, fillstyle=fill, label=precision)
        rows = sorted(parts(found, "steps", backend="native", fields=1, precision=precision), key=lambda r: r["cells"])
        times = [1e9 * row["seconds_per_cell_and_field"] for row in rows]
        right.semilogx([row["cells"] for row in rows], times, f"{marker}-", fillstyle=fill, label=precision)
    left.axvline(WANTED, color="0.4", linestyle="--", label=f"target, {WANTED:g}")
    left.set_yticks(range(len(names)), names, fontsize=8)
    left.set(xlabel="bandwidth, part of a copy of as many bytes", title="Kernels, out of the caches", xlim=(0, None))
    right.set(xlabel="cells", ylabel="ns per cell", title="A step of one field in needled skin", ylim=(0, None))
    for axes in (left, right):
        axes.grid(color="0.9")
        axes.legend()
    with replacing(path) as part:
        figure.savefig(part, dpi=110, metadata={"Software": None})


def _by_share(rows: Iterable[Row]) -> list[str]:
    """Names of kernels, the slowest first."""
    least: dict[str, float] = {}
    for row in rows:
        least[row["kernel"]] = min(row["of_copy"], least.get(row["kernel"], row["of_copy"]))
    return sorted(least, key=lambda name: -least[name])


SECTIONS = {
    part.__name__: part
    for part in (host, kernels, host_steps, numpy, substrates, growth, jobs, start, memory, output, skipped)
}  # fmt: skip
