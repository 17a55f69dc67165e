"""`mnrd doctor`: what it says works, and with which code it ends."""

import sys
from types import SimpleNamespace

from typer.testing import CliRunner

from mnrd.backends import BACKENDS
from mnrd.backends.base import BackendUnavailable
from mnrd.cli import app, doctor


def says(*arguments):
    """The finished command."""
    return CliRunner().invoke(app, ["doctor", *arguments], catch_exceptions=False)


def test_numpy_works_everywhere():
    done = says("--backend", "numpy")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "backend numpy: works"
    for text in ("python", "cores", "numpy, double", "numpy, mixed", "compiler", "kernels of the host", "GB free"):
        assert text in done.stdout


def test_every_backend_is_tried():
    assert all(name in says().stdout for name in BACKENDS)


def test_a_backend_that_cannot_run_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setattr(doctor, "choose", unavailable("native", "pip install this"))
    done = says("--backend", "native")
    assert done.exit_code == 2
    assert "pip install this" in done.stdout
    assert done.stdout.splitlines()[-1] == "backend native: does not work here"


def test_auto_is_content_with_any_backend(monkeypatch):
    monkeypatch.setattr(doctor, "choose", unavailable("native", "no compiler"))
    done = says()
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "backend numpy: works"


def unavailable(name, reason):
    """A choice of backends without one of them."""
    real = doctor.choose

    def choose(asked, *rest):
        if asked == name:
            raise BackendUnavailable(reason)
        return real(asked, *rest)

    return choose


def test_a_backend_that_computes_something_else_does_not_work(monkeypatch):
    real = doctor._fields
    monkeypatch.setattr(doctor, "_fields", lambda *how: real(*how) * (1.001 if how == ("numpy", "mixed") else 1.0))
    done = says("--backend", "numpy")
    assert done.exit_code == 2
    assert "differs by 1.0e-03, allowed 0.0001" in done.stdout


def test_a_driver_that_breaks_is_a_reason_not_a_traceback(monkeypatch):
    real = doctor.choose

    def choose(name, *rest):
        if name == "native":
            raise OSError("the driver said no")
        return real(name, *rest)

    monkeypatch.setattr(doctor, "choose", choose)
    done = says()
    assert done.exit_code == 0
    assert "OSError: the driver said no" in done.stdout


def test_an_unknown_backend_is_said():
    done = says("--backend", "gpu")
    assert done.exit_code == 2
    assert done.stderr.startswith("backend: got gpu, must be one of auto, ")


def test_memory_of_a_device_is_shown(monkeypatch):
    card = SimpleNamespace(description="cuda (a card)", memory=lambda: (60 * 10**9, 80 * 10**9))
    monkeypatch.setattr(doctor, "choose", lambda *_: card)
    monkeypatch.setattr(doctor, "_difference", lambda *_: 0.0)
    assert next(doctor.backend("cuda"))[2].startswith("cuda (a card); 60 of 80 GB free; differs by ")


def test_a_picture_is_drawn():
    assert doctor._pictures() == ("pictures", "ok", "drawn without display and OpenGL")


def test_a_package_that_pictures_lack_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "vtkmodules.vtkFiltersCore", None)
    name, state, said = doctor._pictures()
    assert (name, state) == ("pictures", "no")
    assert said.startswith("ModuleNotFoundError: import of vtkmodules.vtkFiltersCore")


def test_folders_are_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("MNRD_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path / "not" / "yet"))
    monkeypatch.chdir(tmp_path)
    rows = list(doctor._folders())
    assert [name for name, *_ in rows] == [
        "kernels of the host", "kernels of the device", "this folder", "temporary files"
    ]  # fmt: skip
    assert all(state == "ok" for _, state, _ in rows)
    assert not (tmp_path / "not").exists()
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert doctor._folder("kernels", tmp_path, "MNRD_CACHE_DIR")[1:] == (
        "no", f"{doctor._folder('kernels', tmp_path, '')[2]}: set MNRD_CACHE_DIR"
    )  # fmt: skip
