"""What a GPU makes of mnrd, in one call of less than eight minutes.

    python benchmarks/gpu.py                 on a machine with CUDA, with cupy, numpy and mnrd alone
    python benchmarks/gpu.py --host          the same through the native backend, to prove the script

Checks every kernel and three bundled cases against numpy; measures the bandwidth of every kernel beside that of a copy,
the time of an implicit step from 64^3 cells to what fits, with 1 to 16 fields, and what the same step takes in array
expressions and with a sparse matrix library; counts the bytes that a step must move. Writes
benchmarks/results/gpu-DEVICE.json, of which `python benchmarks/report.py` makes docs/performance.md. Each part has its
share of the time and says what it left out.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from bench import Bench, Plan
from rows import as_lines

from mnrd.backends.base import BackendUnavailable
from mnrd.output.directory import write_text

RESULTS = Path(__file__).resolve().parent / "results"

DEVICE = Plan(
    kernel_size=(480, 480, 128),
    sizes=((64, 64, 64), (128, 128, 128), (256, 256, 256), (480, 480, 432)),
    rival_size=(128, 128, 128),
    fields=((1, 0), (2, 0), (4, 0), (8, 0), (12, 3), (16, 0)),
    scaled=((12, 3), (1, 0)),
    cases={"roller-lidocaine": 3600.0, "dissolving-insulin": 3600.0, "healing-roller-15mm": 86400.0},
    least=0.5,
)
HOST = Plan(
    kernel_size=(64, 64, 32),
    sizes=((32, 32, 32), (64, 64, 64)),
    rival_size=(32, 32, 32),
    fields=((1, 0), (12, 3)),
    scaled=((12, 3), (1, 0)),
    cases={"roller-lidocaine": 60.0, "dissolving-insulin": 60.0, "healing-roller-15mm": 600.0},
    least=0.2,
)
TINY = Plan((16, 16, 8), ((16, 16, 16),), (16, 16, 16), ((1, 0), (1, 1)), ((1, 1),), {"roller-lidocaine": 0.1}, 0.0)
"""For the test of this script, and for compute-sanitizer."""


def failures(found: dict[str, Any]) -> list[str]:
    """Kernels and cases that are not what numpy says, and parts that broke off, in words."""
    kernels = [f"{row['kernel']} ({row['precision']}): {row['message']}" for row in found["kernels"] if row["message"]]
    cases = [
        f"{row['case']} ({row['precision']}): differs from numpy by {max(row['differences'].values()):.2g}"
        for row in found["cases"]
        if not row["agrees"]
    ]
    broken = [f"{row['part']}: {row['why']}" for row in found["skipped"] if row["what"] == "the rest"]
    return kernels + cases + broken


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 where something is not what numpy says, 2 where there is no GPU."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", action="store_true", help="through the native backend")
    parser.add_argument("--tiny", action="store_true", help="the smallest sizes: for tests, and for compute-sanitizer")
    parser.add_argument("--out", type=Path, help="the JSON; default benchmarks/results/gpu-DEVICE.json")
    chosen = parser.parse_args(arguments)
    plan = TINY if chosen.tiny else HOST if chosen.host else DEVICE
    try:
        found = Bench("native" if chosen.host else "cuda", plan).run()
    except BackendUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    name = "host" if chosen.host else re.sub(r"\W+", "-", found["machine"]["device"]).strip("-").lower()
    out = chosen.out or RESULTS / f"gpu-{name}.json"
    write_text(out, as_lines(found))
    wrong = failures(found)
    print("\n".join([*wrong, f"wrote {out}"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
