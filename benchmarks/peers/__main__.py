"""Measure mnrd and its peers: python benchmarks/peers [--only NAME] [--out FILE] [--tiny] [--list] [--references]

Writes a JSON, by itself `benchmarks/results/peers.json`; what is not installed is left out and said.
"""

from __future__ import annotations

import argparse
import sys
from difflib import get_close_matches
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT / "benchmarks")  # instead of this folder

from peers import ladder, measurement, reference  # noqa: E402
from peers.problems import PROBLEMS  # noqa: E402
from peers.tools import TOOLS  # noqa: E402


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python benchmarks/peers", description=__doc__)
    parser.add_argument("--only", action="append", default=[], help="a tool or a problem; may be given several times")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "peers.json")
    parser.add_argument("--tiny", action="store_true", help="coarse grids and one step each: does it run")
    parser.add_argument("--seconds", type=float, default=ladder.LONGEST, help="after which a process is ended")
    parser.add_argument("--list", action="store_true", help="tools and problems, and what is missing")
    parser.add_argument("--references", action="store_true", help="make what is compared with anew")
    parser.add_argument("--measure", nargs=3, metavar=("PROBLEM", "TOOL", "METHOD"), help=argparse.SUPPRESS)
    parser.add_argument("--grid", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        measurement.measure(*options.measure, options.grid, tiny=options.tiny)
    elif options.references:
        reference.write()
    elif options.list:
        print("\n".join(f"{name:14} {tool.missing() or 'ready'}" for name, tool in TOOLS.items()))
        print("\n".join(f"{name:14} {problem.title}" for name, problem in PROBLEMS.items()))
    else:
        check(parser, options.only)
        ladder.climb(options.only, options.out, options.seconds, tiny=options.tiny)


def check(parser: argparse.ArgumentParser, names: list[str]) -> None:
    """End with code 2 for a name that is neither a tool nor a problem."""
    known = [*TOOLS, *PROBLEMS]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean '{near[0]}'? " if near else ""
            parser.error(f"--only: got '{name}', {hint}must be one of: {', '.join(known)}")


if __name__ == "__main__":
    main()
