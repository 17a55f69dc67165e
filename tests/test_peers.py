"""benchmarks/peers: its problems, its runner and the tables that are made of what it measures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from peers import ladder  # noqa: E402
from peers.method import Method, Tool  # noqa: E402
from peers.problems import PROBLEMS, gray_scott, skin  # noqa: E402
from peers.reference import extrapolated  # noqa: E402
from peers.reference import gray_scott as means_of_spots  # noqa: E402
from peers.report import draw_peers, peer_ratios, peers_block  # noqa: E402
from peers.tools import PEERS, TOOLS, stepping  # noqa: E402
from peers.tools.volumes import assemble  # noqa: E402


def command(*arguments):
    """The command with arguments; what came of it."""
    command = [sys.executable, str(ROOT / "benchmarks" / "peers"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_solution_solves_the_problem():
    problem, cells, time, dt = PROBLEMS["decay"], 40, 20.0, 1e-3
    edges = np.linspace(0.0, 1000.0, cells + 1)
    system = assemble((edges,) * 3, (np.full((cells,) * 3, problem.diffusivity),) * 3)
    now, before, after = (problem.solution(t, *problem.centres(cells)).ravel() for t in (time, time - dt, time + dt))
    rate = -(system.matrix @ now) / system.volume - problem.rate * now
    assert_allclose((after - before) / (2 * dt), rate, atol=2e-2 * np.abs(rate).max())
    assert problem.error(problem.solution(problem.end, *problem.centres(9)), 9) == 0.0
    assert problem.start(9).min() >= 0.0


def test_enough_is_left_of_the_stiff_solution():
    problem = PROBLEMS["stiff"]
    left = problem.solution(problem.end, *problem.centres(20))
    assert left.std() / left.mean() > 0.05


def test_the_two_references_for_skin_agree_ten_times_better_than_what_is_asked_for():
    found = json.loads(skin.REFERENCES.read_text("utf-8"))["skin"]
    assert_allclose(found["by elements"], found["amounts"], rtol=3e-4)
    assert found["difference"] < 1e-4
    assert PROBLEMS["skin"].error(found["by elements"]) == pytest.approx(found["difference"])


def test_the_reference_for_spots_is_what_the_file_holds():
    assert PROBLEMS["gray-scott"].error(means_of_spots(64, 2.0)) < 2e-3


def test_bands_and_blocks_add_up():
    x, z = skin.edges(4)
    assert set(skin.BANDS) <= set(np.round(z, 9))
    assert skin.DEPTH in np.round(z, 9)
    assert_allclose(skin.amounts_of(np.ones((z.size - 1, x.size - 1, x.size - 1)), x, z), 1e4 * np.diff(skin.BANDS))
    down, sideways = skin.diffusivities(x, z)
    assert (sideways <= down * (1 + 1e-12)).all()
    assert sideways.min() == pytest.approx(0.02)
    assert gray_scott.block_means(np.ones((32, 32))).shape == (16, 16)


def test_sdirk2_has_order_two():
    def error(steps):
        return abs(stepping.sdirk2([(1 / steps, steps)], 1.0, lambda g: lambda y, _: y / (1 + g)) - np.exp(-1.0))

    assert 3.7 < error(20) / error(40) < 4.3
    assert sum(dt * n for dt, n in stepping.doubling(600.0, 80.0)) == pytest.approx(600.0)
    assert max(dt for dt, _ in stepping.doubling(600.0, 80.0)) == pytest.approx(80.0, rel=0.2)


def test_extrapolation_is_exact_for_its_order():
    assert extrapolated(np.array([1 + 0.2**2]), np.array([1 + 0.1**2]), 2.0, 2.0)[0] == pytest.approx(1.0)


def test_the_runner_writes_what_it_measured_and_says_what_is_missing(tmp_path):
    out = tmp_path / "peers.json"
    done = command("--tiny", "--only", "skin", "--only", "mnrd numpy", "--only", "mnrd cuda", "--out", str(out))
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text("utf-8"))
    (row,) = (row for row in found["rows"] if row["tool"] == "mnrd numpy")
    assert row["problem"] == "skin"
    assert row["error"] < 2e-2
    assert row["seconds"] > 0
    assert row["memory"] > 1e7
    assert found["threads"] == 2
    assert found["versions"]["mnrd numpy"]
    missing = {one["tool"] for one in found["skipped"] if one["why"]}
    assert missing | {one["tool"] for one in found["rows"]} == {"mnrd numpy", "mnrd cuda"}


def test_a_process_that_takes_too_long_is_ended_and_said(tmp_path):
    found = ladder.climb(["mnrd numpy", "gray-scott"], tmp_path / "peers.json", 0.05, tiny=True)
    assert found["rows"] == []
    assert [one["why"] for one in found["skipped"]] == ["grid 128, after 0 runs: ended after 0.05 s"]


@pytest.mark.parametrize("tool", [tool.name for tool in PEERS])
def test_peers_that_are_there_run(tool, tmp_path):
    why = TOOLS[tool].missing()
    if why:
        pytest.skip(why)
    found = ladder.climb([tool, "gray-scott"], tmp_path / "peers.json", ladder.LONGEST, tiny=True)
    assert found["skipped"] == []
    assert {one["tool"] for one in found["rows"]} == {tool}


def test_a_tool_that_is_not_installed_says_what_to_do():
    tool = Tool("no such", ("no-such-package",), (), {})
    assert tool.missing() == "not installed: no-such-package; pip install 'mnrd[peers]'"


def test_an_unknown_name_ends_with_code_2_and_the_nearest():
    done = command("--only", "scypi")
    assert done.returncode == 2
    assert "--only: got 'scypi', did you mean 'scipy'? must be one of: mnrd native, mnrd numpy" in done.stderr


def test_every_method_has_a_name_of_its_own():
    for tool in TOOLS.values():
        assert {one.problem for one in tool.methods} | set(tool.reasons) == set(PROBLEMS)
        names = [(one.problem, one.name) for one in tool.methods]
        assert len(set(names)) == len(names)
        assert all(isinstance(one, Method) and one.grids and one.steps for one in tool.methods)


# ---- the report


def row(tool, method, seconds, error, **more):
    kept = {"problem": "stiff", "grid": 100, "control": "step", "value": 2.0, "steps": 30, "unknowns": 10**6}
    kept |= {"set_up": 1.0, "memory": 2**28, "tool": tool, "method": method, "seconds": seconds, "error": error}
    return kept | more


FOUND = {
    "machine": {"device": "a processor", "python": "3.11.7", "commit": "abc", "date": "2026-01-02T03:04:05+00:00"},
    "threads": 2,
    "longest": 75.0,
    "seconds": 300.0,
    "versions": {"mnrd native": "0.1.0", "scipy": "1.17.1", "FiPy": "4.0.3"},
    "titles": {"stiff": "diffusion and decay"},
    "rows": [
        row("mnrd native", "adaptive", 0.1, 5e-3),
        row("mnrd native", "adaptive", 0.5, 5e-4, control="rtol", value=1e-3),
        row("scipy", "CG", 4.0, 2e-3),
        row("scipy", "CG", 20.0, 8e-4),
        row("scipy", "AMG", 6.0, 9e-4),
        row("FiPy", "Euler", 3.0, 4e-2),
    ],
    "skipped": [{"tool": "NGSolve", "problem": p, "method": "", "why": "not installed"} for p in ("stiff", "skin")],
}


def test_the_ratio_is_that_of_the_fastest_peer_that_is_exact_enough():
    assert peer_ratios(FOUND) == {"stiff": (12.0, "scipy")}
    only_ours = [one for one in FOUND["rows"] if one["tool"] == "mnrd native"]
    assert peer_ratios(FOUND | {"rows": only_ours}) == {}


def test_the_tables_tell_time_to_each_error():
    block = peers_block(FOUND)
    assert "| scipy 1.17.1 | AMG | 6 | 6 |  | 12 | 100 | 2 s | 30 | 1000000 | 0.0009 | 1 | 256 |" in block
    assert "| mnrd native 0.1.0 | adaptive | 0.1 | 0.5 |  | 1 | 100 | rtol 0.001 |" in block
    assert "| FiPy 4.0.3 | Euler |  |  |  |  | 100 | 2 s |" in block
    assert " * NGSolve (stiff; skin): not installed" in block


def test_the_plot_is_drawn(tmp_path):
    draw_peers(FOUND, tmp_path / "peers.png")
    assert (tmp_path / "peers.png").stat().st_size > 10_000
