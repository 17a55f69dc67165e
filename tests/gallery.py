"""The commands of docs/gallery.md; `python tests/gallery.py FOLDER` runs them and draws its pictures anew."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "gallery.md"


def commands():
    """Words of every command of the page, in its order."""
    blocks = re.findall(r"```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


def pictures():
    """Names of the files that the page shows, in its order."""
    return re.findall(r"!\[[^\]]+\]\(gallery/(\S+)\)", PAGE.read_text("utf-8"))


def source(name, folder):
    """Where a picture of the page comes from: serum-block-T-1h.png is in gallery/serum/pictures."""
    run, _, rest = name.partition("-")
    return folder / "gallery" / run / "pictures" / rest


def _draw(folder):
    for words in commands():
        print(shlex.join(words), flush=True)
        if not (words[1] == "run" and (folder / words[words.index("--out") + 1]).exists()):
            subprocess.run([str(Path(sys.executable).with_name("mnrd")), *words[1:]], cwd=folder, check=True)
    for name in pictures():
        _keep(source(name, folder), DOCS / "gallery" / name)


def _keep(path, target):
    """A copy without what pictures do not need."""
    target.parent.mkdir(exist_ok=True)
    if path.suffix == ".gif":
        target.write_bytes(path.read_bytes())
    else:
        Image.open(path).convert("RGB").save(target, optimize=True)
    print(f"{target} {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    _draw(Path(sys.argv[1]))
