"""The Python in README.md and docs/ runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    (page, number, text)
    for page in PAGES
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
]


@pytest.mark.parametrize(("page", "number", "text"), BLOCKS, ids=[f"{p.stem}-{n}" for p, n, _ in BLOCKS])
def test_python_blocks_run(page, number, text, capsys, tmp_path, monkeypatch):
    """Each block by itself, in an empty folder; it prints something and raises nothing."""
    monkeypatch.chdir(tmp_path)
    exec(compile(text, f"{page.name}[{number}]", "exec"), {})
    assert capsys.readouterr().out


def test_links_between_pages_lead_somewhere():
    """Relative links of all pages point to files that exist."""
    missing = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert missing == []
