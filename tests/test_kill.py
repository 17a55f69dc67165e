"""A run that is killed again and again ends with the same bits as one that was left alone."""

import csv
import json
import random
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest

from mnrd.output import checkpoint

CASE = """
title = "caffeine through channels that close, and through intact skin; the donor is wiped off"
skin.layers = [
    { name = "stratum corneum", thickness = "13 um", cells = 4 },
    { name = "viable epidermis", thickness = "80 um", smallest = "10 um", largest = "40 um" },
]
channel = { shape = "cylinder", width = "80 um", depth = "60 um" }
array = { pitch = "300 um" }
mesh = { smallest = "40 um", largest = "60 um" }
actives = [{ name = "caffeine", concentration = "10 mg/mL" }]
base = { kind = "sink" }
donor = { depth = "50 um" }
closure = { half_life = "30 min" }
events = [{ do = "wash off", at = "40 min" }]
run = { end = "1 h", every = "5 min", backend = "numpy" }
output = { compare = "intact", fields_every = "10 min" }
"""
KILLS, MOMENTS = 20, 250
ALIKE = ("reason", "exit code", "steps", "rejected", "solver iterations", "answer", "balance", "clipped", "outputs")


def mnrd(place: Path, moment: int) -> subprocess.CompletedProcess:
    """The run, with a checkpoint after each step, that kills itself at some moment; 0 is never."""
    program, case = Path(__file__).with_name("killable.py"), place.with_name("case.toml")
    case.write_text(CASE)
    arguments = ["run", case, "--out", place, "--checkpoint-every", "00:00:00", "-q"]
    return subprocess.run([sys.executable, program, place, str(moment), *arguments], capture_output=True, text=True)


def check_files(place: Path) -> None:
    """Every file is whole; what was being written has a name that says so."""
    for path in place.rglob("*"):
        if path.is_dir() or ".part" in path.name or path.name in (".lock", "run.log"):
            continue
        match path.suffix:
            case ".h5":
                checkpoint.read(path)
            case ".toml":
                tomllib.loads(path.read_text())
            case ".json":
                json.loads(path.read_text())
            case ".pvd":
                ElementTree.parse(path)
            case ".vtr":
                assert path.read_bytes().endswith(b"</VTKFile>\n")
            case ".png":
                assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
            case ".csv":
                check_table(path)
            case _:
                pytest.fail(f"what is {path}?")


def check_table(path: Path) -> None:
    """Whole lines, and the one that was being written at most."""
    text = path.read_text()
    lines = text[: text.rfind("\n") + 1].splitlines()
    assert len({len(row) for row in csv.reader(lines)}) <= 1
    times = [row[0] for row in csv.reader(lines)]
    assert times == sorted(times, key=lambda time: (time != "time [s]", times.index(time)))


def ended(place: Path) -> dict:
    """All that two runs must have in common: what came out, each file by its SHA-256, and the last states bit for bit."""
    entries = json.loads((place / "summary.json").read_text())
    found = {key: entries[key] for key in ALIKE}
    for path in sorted((place / "checkpoints").rglob("*.h5")):
        with h5py.File(path) as file:
            for group in ("simulation", "state", "observers/History"):
                for name, dataset in file[group].items():
                    found[f"{path.relative_to(place)}/{group}/{name}"] = np.asarray(dataset[()]).tobytes()
    return found


@pytest.mark.slow
def test_killed_twenty_times(tmp_path):
    assert mnrd(tmp_path / "whole", 0).returncode == 0
    place, moments = tmp_path / "killed", random.Random(20)
    for _ in range(KILLS):
        done = mnrd(place, moments.randint(1, MOMENTS))
        assert done.returncode == -signal.SIGKILL, done.stderr
        check_files(place)
    done = mnrd(place, 0)
    assert done.returncode == 0, done.stderr
    assert ended(place) == ended(tmp_path / "whole")
    assert not list(place.rglob("*.part*"))
