"""docs/performance.md anew, with its plots, from what lies in benchmarks/results/ and from nothing else.

    python benchmarks/report.py [--print]

Writes what stands between ``<!-- NAME -->`` and ``<!-- end -->``; the words around it are written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import gpu_report
import host_report
from peers.report import draw_peers, peer_ratios, peers_block
from rows import Row
from targets import targets

from mnrd.output.directory import write_text

RESULTS = Path(__file__).resolve().parent / "results"
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
PRINTED = ("targets", "peers")


@dataclass(frozen=True)
class Found:
    """All results: of GPUs by name, of the host, of the peers; empty where nothing was measured."""

    gpu: dict[str, Row] = field(default_factory=dict)
    host: Row = field(default_factory=dict)
    peers: Row = field(default_factory=dict)


def results(folder: Path) -> Found:
    """What lies in a folder.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    """
    found = Found(gpu_report.results(folder), _read(folder / "host.json"), _read(folder / "peers.json"))
    if found == Found():
        raise FileNotFoundError(f"{folder}: no results there; make them with make bench, or python benchmarks/gpu.py")
    return found


def _read(path: Path) -> Row:
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def section(name: str, found: Found) -> str:
    """The text of a part of the document.

    Raises
    ------
    KeyError
        For a part that there is not.
    """
    if name == "targets":
        return targets(found.host, peer_ratios(found.peers) if found.peers else {})
    if name == "peers":
        return peers_block(found.peers) if found.peers else host_report.NOTHING
    if name in gpu_report.SECTIONS:
        return gpu_report.SECTIONS[name](found.gpu) if found.gpu else host_report.NOTHING
    return host_report.SECTIONS[name](found.host) if found.host else host_report.NOTHING


SECTIONS = ("targets", "peers", *gpu_report.SECTIONS, *host_report.SECTIONS)


def filled(text: str, found: Found) -> str:
    """The document with each of its parts made anew."""

    def anew(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n{section(match[1], found)}\n<!-- end -->"

    return re.sub(r"<!-- (\w+) -->\n.*?<!-- end -->", anew, text, flags=re.DOTALL)


def write(document: Path, found: Found) -> None:
    """Write the document and its plots beside it."""
    write_text(document, filled(document.read_text("utf-8"), found))
    for drawn, one, name in (
        (gpu_report.draw, found.gpu, "performance.png"),
        (host_report.draw, found.host, "performance-host.png"),
        (draw_peers, found.peers, "peers.png"),
    ):
        if one:
            drawn(one, document.with_name(name))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--print", action="store_true", help="print the targets and the peers as well")
    chosen = parser.parse_args(arguments)
    found = results(RESULTS)
    write(DOCUMENT, found)
    if chosen.print:
        print("\n\n".join(section(name, found) for name in PRINTED))
    print(f"wrote {DOCUMENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
