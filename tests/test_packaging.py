"""The wheel and the sdist hold what they must, and a copy without installation finds its kernels."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import mnrd
from mnrd import resources

ROOT = Path(__file__).resolve().parents[1]


def files_below(*folders):
    """Names of the files in the checkout that belong into the wheel, relative to the root."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def is_script(name):
    """Whether a file is a script that made a mesh."""
    return name.startswith("meshes/") and name.endswith(".py")


def in_wheel(name):
    """Where a file of the checkout is inside the wheel."""
    return name if name.startswith("mnrd/") else f"mnrd/{name}"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with an sdist and the wheel made from that sdist."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_wheel_holds_every_module_kernel_and_mesh_and_nothing_else(built):
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {name for name in files_below("mnrd", "kernels", "meshes") if not is_script(name)}
    assert names == {in_wheel(name) for name in expected}


def test_modules_lie_where_the_wheel_has_them(built):
    # an editable install is refused when a module lies in a folder which has another name in the wheel
    (wheel,) = built.glob("*.whl")
    assert {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")} <= files_below("mnrd")


def test_sdist_can_be_tested(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert files_below("mnrd", "kernels", "meshes", "tests", "benchmarks") <= names
    assert {"pyproject.toml", "LICENSE", "README.md", "Makefile"} <= names


def test_kernels_are_found_inside_a_wheel(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    program = "from mnrd.resources import folder; print(sorted(p.name for p in folder('kernels').iterdir()))"
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "common.cuh" in done.stdout


def test_a_missing_folder_is_said():
    with pytest.raises(FileNotFoundError, match="this copy of mnrd is incomplete, reinstall it"):
        resources.folder("no such folder")


def test_kernel_sources_are_joined_with_line_directives():
    parts = re.split(r'#line 1 "([\w.]+)"\n', resources.kernel_source("diffusion.cu"))
    assert parts[1::2] == ["common.cuh", "diffusion.cu"]
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        assert text.strip() == (ROOT / "kernels" / name).read_text("utf-8").strip()


def test_kernels_are_no_python_package():
    # A kernels/__init__.py would hide the package `kernels` of PyPI and break the editable installation.
    assert not list((ROOT / "kernels").rglob("*.py"))


def test_public_names_exist():
    assert [name for name in mnrd.__all__ if not hasattr(mnrd, name)] == []
    with pytest.raises(AttributeError, match="no attribute 'Sceleton'"):
        _ = mnrd.Sceleton


def test_version_has_an_entry_in_the_changelog():
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert mnrd.__version__ in headings


def test_every_dependency_is_justified():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    for requirement in tomllib.loads(text)["project"]["dependencies"]:
        assert re.search(rf'"{re.escape(requirement)}", +# \w', text), requirement
