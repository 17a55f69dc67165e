"""The backends: choice and fallback with a visible reason, compilation and its cache, arrays and sums."""

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import standin

from mnrd.backends import BACKENDS, choose, native
from mnrd.backends.base import ORDER, Backend, BackendUnavailable
from mnrd.model.field import Field
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.model.reaction import Transfer

TEXT = 'extern "C" REAL twice(REAL x) { return 2 * x; }'


@pytest.fixture(params=["native", "numpy", pytest.param("cuda", marks=pytest.mark.gpu), "stand-in"])
def backend_name(request):
    """Name of each backend; `cuda` comes twice, on a GPU and on the stand-in for CuPy."""
    with standin.installed() if request.param == "stand-in" else nullcontext():
        name = "cuda" if request.param == "stand-in" else request.param
        try:
            choose(name)
        except BackendUnavailable as error:
            pytest.skip(str(error))
        yield name


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """Forget the compiler that was found, and compile into an empty folder."""
    monkeypatch.setenv("MNRD_CACHE_DIR", str(tmp_path / "cache"))
    forget = native.compiler.cache_clear
    forget()
    yield tmp_path
    forget()


@pytest.fixture
def no_compiler(fresh, monkeypatch):
    (fresh / "empty").mkdir()
    monkeypatch.setenv("PATH", str(fresh / "empty"))
    monkeypatch.delenv("CXX", raising=False)


@pytest.fixture
def broken_compiler(fresh, monkeypatch):
    script = fresh / "broken-c++"
    script.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "broken 1.0" && exit\necho "fatal: no OpenMP here" >&2; exit 1\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    return script


@pytest.fixture
def compiler(fresh):
    """A C++ compiler, or a skip."""
    try:
        native.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    return fresh


class TestChoice:
    def test_an_unknown_name_is_told_the_known_ones(self):
        with pytest.raises(ValueError, match=r"^backend: got 'cuda9', must be one of auto, cuda, native, numpy$"):
            choose("cuda9")

    def test_an_unknown_precision_is_told_the_known_ones(self):
        with pytest.raises(ValueError, match=r"^precision: got 'half', must be 'auto', 'double' or 'mixed'$"):
            choose("numpy", "half")

    def test_auto_takes_the_first_that_works(self, compiler, monkeypatch):
        monkeypatch.delenv("MNRD_CACHE_DIR")
        backend = choose()
        assert backend.name == "native" == list(BACKENDS)[1]
        wanted = r"native \(.*, OpenMP, \d+ threads\), double precision; cuda: no NVIDIA driver in this test"
        assert re.fullmatch(wanted, backend.description)

    @pytest.mark.parametrize(("name", "precision"), [("cuda", "mixed"), ("native", "double"), ("numpy", "double")])
    def test_precision_is_mixed_on_a_device_and_double_on_a_host_unless_said(self, name, precision):
        with standin.installed():
            assert choose(name).precision == precision
            assert {choose(name, one).precision for one in ("double", "mixed")} == {"double", "mixed"}

    def test_auto_takes_a_gpu_where_there_is_one(self):
        with standin.installed():
            assert choose().description == "cuda (stand-in for a GPU, CUDA 12.9, CuPy stand-in), mixed precision"

    def test_native_without_a_compiler_says_what_to_install(self, no_compiler):
        with pytest.raises(
            BackendUnavailable, match=r"^no C\+\+ compiler found \(install one, e\.g\. apt install g\+\+"
        ):
            choose("native")

    def test_auto_without_a_compiler_is_numpy_and_says_why(self, no_compiler):
        backend = choose("auto")
        assert backend.name == "numpy"
        assert backend.description.startswith(
            f"numpy ({np.__version__}), double precision; cuda: no NVIDIA driver in this test; "
            "native: no C++ compiler found (install one"
        )

    def test_native_with_a_broken_compiler_shows_its_message(self, broken_compiler):
        wanted = rf"^{re.escape(str(broken_compiler))} could not compile the kernels:\nfatal: no OpenMP here$"
        with pytest.raises(BackendUnavailable, match=wanted):
            choose("native")

    def test_auto_with_a_broken_compiler_is_numpy_and_says_why(self, broken_compiler):
        backend = choose("auto")
        assert backend.name == "numpy"
        assert backend.description.endswith(
            f"; native: {broken_compiler} could not compile the kernels: fatal: no OpenMP here"
        )

    def test_a_compiler_that_is_named_but_missing_is_passed_over(self, compiler, monkeypatch):
        monkeypatch.setenv("CXX", str(compiler / "nowhere"))
        native.compiler.cache_clear()
        path, version = native.compiler()
        assert Path(path).is_file()
        assert version

    def test_numpy_needs_no_compiler(self, no_compiler):
        assert choose("numpy").description == f"numpy ({np.__version__}), double precision"

    def test_nothing_at_all_gives_every_reason(self, no_compiler, monkeypatch):
        def unavailable(*_):
            raise BackendUnavailable("no device\non this machine\nand more")

        monkeypatch.setattr("mnrd.backends.numpy_backend.NumpyBackend.__init__", unavailable)
        with pytest.raises(
            BackendUnavailable,
            match=r"^cuda: no .* test; native: no C\+\+ compiler found .*; numpy: no device on this machine$",
        ):
            choose("auto")


class TestCompilation:
    def test_one_text_is_compiled_once(self, compiler, monkeypatch):
        first = native.compile_library(TEXT, "double")
        assert first.parent == compiler / "cache" / "mnrd"
        monkeypatch.setattr(subprocess, "run", None)  # would be called to compile
        assert native.compile_library(TEXT, "double") == first

    def test_another_text_or_type_is_another_library(self, compiler):
        made = {native.compile_library(TEXT + end, real) for end in ("", "\n") for real in ("double", "float")}
        assert len(made) == 4

    def test_another_compiler_is_another_library(self, compiler, monkeypatch):
        first = native.compile_library(TEXT, "double")
        path, version = native.compiler()
        monkeypatch.setattr(native, "compiler", lambda: (path, version + " patched"))
        assert native.compile_library(TEXT, "double") != first

    def test_a_failed_compilation_leaves_nothing_behind(self, compiler):
        with pytest.raises(BackendUnavailable, match=r"could not compile the kernels:\n(.*\n)*.*\berror\b"):
            native.compile_library("this is not C++", "double")
        assert list(native.cache_folder().iterdir()) == []

    def test_compiler_messages_are_cut_short(self, compiler):
        with pytest.raises(BackendUnavailable) as caught:
            native.compile_library("\n".join(f"wrong{i} x{i};" for i in range(50)), "double")
        assert len(str(caught.value).splitlines()) == 7

    def test_a_library_that_cannot_be_loaded_is_named(self, compiler, monkeypatch):
        broken = compiler / "kernels-0.so"
        broken.write_bytes(b"\x7fELF cut short")
        monkeypatch.setattr(native, "compile_library", lambda source, real: broken)
        with pytest.raises(
            BackendUnavailable, match=r"^cannot load .*kernels-0\.so: .*; delete it, or set MNRD_CACHE_DIR$"
        ):
            choose("native")
        assert choose("auto").name == "numpy"

    def test_processes_may_compile_at_once(self, compiler):
        """Each makes its own file and moves it into place."""
        program = f"from mnrd.backends.native import compile_library; print(compile_library({TEXT!r}, 'double'))"
        command = [sys.executable, "-c", program]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
            for _ in range(3)
        ]
        answers = {process.communicate()[0].strip() for process in running}
        assert answers == {str(native.compile_library(TEXT, "double"))}


class TestCacheFolder:
    @pytest.fixture(autouse=True)
    def _nothing_set(self, monkeypatch, tmp_path):
        monkeypatch.delenv("MNRD_CACHE_DIR", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def test_is_in_the_home_folder(self, tmp_path):
        assert native.cache_folder() == tmp_path / "home" / ".cache" / "mnrd"

    def test_is_where_the_desktop_says(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "desktop"))
        assert native.cache_folder() == tmp_path / "desktop" / "mnrd"

    def test_is_where_the_user_says(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "desktop"))
        monkeypatch.setenv("MNRD_CACHE_DIR", str(tmp_path / "user"))
        assert native.cache_folder() == tmp_path / "user" / "mnrd"

    @pytest.mark.parametrize("why", ["cannot be made", "cannot be written"])
    def test_falls_back_to_a_private_temporary_one(self, tmp_path, monkeypatch, why):
        if why == "cannot be made":
            (tmp_path / "home").write_text("a file, not a folder")
        else:
            monkeypatch.setattr(os, "access", lambda *_: False)
        folder = native.cache_folder()
        assert folder == tmp_path / f"mnrd-{os.getuid()}"
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_of_somebody_else_is_not_trusted(self, tmp_path, monkeypatch):
        (tmp_path / "home").write_text("a file, not a folder")
        monkeypatch.setattr(os, "getuid", lambda: 12345678)
        with pytest.raises(BackendUnavailable, match=r"^.*mnrd-12345678 belongs to somebody else: set MNRD_CACHE_DIR$"):
            native.cache_folder()

    def test_a_run_works_from_there(self, tmp_path, monkeypatch, compiler):
        (tmp_path / "home").write_text("a file, not a folder")
        monkeypatch.delenv("MNRD_CACHE_DIR")
        assert native.compile_library(TEXT, "double").parent == tmp_path / f"mnrd-{os.getuid()}"


class TestArrays:
    def test_everything_of_the_protocol_is_there(self, backend):
        wanted = {name for name in vars(Backend) if not name.startswith("_")} | set(Backend.__annotations__)
        assert wanted <= set(dir(backend))

    @pytest.mark.parametrize(("precision", "real"), [("double", np.float64), ("mixed", np.float32)])
    def test_numbers_are_of_the_solvers_type_unless_said_otherwise(self, backend_name, precision, real):
        backend = choose(backend_name, precision)
        assert backend.real == real
        for made in (backend.zeros((2, 3)), backend.array([[1.0, 2.0]])):
            assert backend.host(made).dtype == real
        assert backend.host(backend.zeros(2, np.float64)).dtype == np.float64
        assert backend.host(backend.array([1, 2], np.int32)).dtype == np.int32

    def test_an_array_is_a_contiguous_copy(self, backend):
        host = np.arange(6.0).reshape(2, 3)
        made = backend.array(host.T)
        host[:] = -1
        assert made.flags.c_contiguous
        np.testing.assert_array_equal(backend.host(made), [[0, 3], [1, 4], [2, 5]])

    def test_host_gives_a_copy(self, backend):
        made = backend.zeros(3)
        backend.host(made)[:] = 1
        assert not backend.host(made).any()

    def test_sums_and_maxima_are_numbers_of_the_host(self, backend):
        partial = backend.array([[1.0, 2.0], [3.0, -7.0]], np.float64)
        assert (backend.total(partial), backend.largest(partial)) == (-1.0, 3.0)
        assert type(backend.total(partial)) is type(backend.largest(partial)) is float

    def test_what_is_not_a_number_is_not_hidden(self, backend):
        partial = backend.array([1.0, np.nan, 3.0], np.float64)
        assert np.isnan(backend.total(partial))
        assert np.isnan(backend.largest(partial))


class TestUpload:
    def test_fills_an_array_that_is_there(self, backend):
        into = backend.zeros((2, 3), np.float64)
        backend.upload(np.arange(6.0).reshape(2, 3), into)
        np.testing.assert_array_equal(backend.host(into), [[0, 1, 2], [3, 4, 5]])

    @pytest.mark.parametrize("host", [np.zeros(3), np.zeros((2, 3), np.int32)], ids=["shape", "type"])
    def test_of_another_kind_is_refused(self, backend, host):
        wanted = rf"^upload: got {re.escape(str(host.shape))} of {host.dtype}, must be \(2, 3\) of float64 as the array"
        with pytest.raises(TypeError, match=wanted):
            backend.upload(host, backend.zeros((2, 3), np.float64))

    def test_what_is_no_array_is_refused(self, backend):
        with pytest.raises(TypeError, match=r"^upload: got None of None, must be \(1,\) of float64 as the array it"):
            backend.upload(1.0, backend.zeros(1, np.float64))


class TestRecording:
    """Launches that are remembered and run later; two kernels are enough to see order, scalars and arrays."""

    @staticmethod
    def extend(backend, start, first, factor, out):
        backend.kernel.extend(out.size, start, first, factor, -1e9, out)

    def test_nothing_runs_while_recording_and_everything_in_order_later(self, backend):
        a, b, c = (backend.array([value], np.float64) for value in (1.0, 10.0, 100.0))
        with backend.record() as program:
            self.extend(backend, a, b, 2.0, c)  # c = a + 2 (b - a)
            self.extend(backend, c, a, 3.0, b)  # b = c + 3 (a - c)
        assert [backend.host(one)[0] for one in (a, b, c)] == [1.0, 10.0, 100.0]
        program.run()
        assert [backend.host(one)[0] for one in (a, b, c)] == [1.0, -35.0, 19.0]
        program.run()
        assert [backend.host(one)[0] for one in (a, b, c)] == [1.0, 145.0, -71.0]

    def test_arrays_are_read_when_it_runs(self, backend):
        a, b, nothing = backend.array([1.0], np.float64), backend.zeros(1, np.float64), backend.zeros(1, np.float64)
        with backend.record() as program:
            self.extend(backend, nothing, a, 2.0, b)
        backend.upload(np.array([5.0]), a)
        program.run()
        assert backend.host(b)[0] == 10.0

    def test_views_are_the_memory_they_look_at(self, backend):
        rows = backend.array([[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]], np.float64)
        with backend.record() as program:
            self.extend(backend, rows[0], rows[1], 10.0, rows[2])
        program.run()
        np.testing.assert_array_equal(backend.host(rows)[2], [21.0, 22.0])

    def test_arrays_are_kept_alive(self, backend):
        given, out = backend.array(np.full(1000, 7.0), np.float64), backend.zeros(1000, np.float64)
        with backend.record() as program:
            self.extend(backend, given, given, 1.0, out)
        del given
        others = [backend.array(np.full(1000, -1.0), np.float64) for _ in range(5)]  # would take its place
        program.run()
        assert (backend.host(out) == 7.0).all()
        del others

    def test_kernels_run_again_when_called_afterwards(self, backend):
        a, b = backend.array([1.0], np.float64), backend.zeros(1, np.float64)
        with backend.record():
            pass
        self.extend(backend, b, a, 2.0, b)
        assert backend.host(b)[0] == 2.0

    def test_a_mistake_ends_the_recording(self, backend):
        with pytest.raises(ZeroDivisionError), backend.record():
            1 / 0  # noqa: B018
        self.test_kernels_run_again_when_called_afterwards(backend)

    def test_arguments_are_checked_while_recording(self, backend_name):
        backend = choose(backend_name, "double", debug=True)
        if backend_name == "numpy":
            pytest.skip("numpy checks shapes by itself, when it runs")
        with backend.record(), pytest.raises(TypeError, match=r"^kernel extend: got 1 arguments, takes 6$"):
            backend.kernel.extend(1)

    def test_programs_are_not_nested(self, backend):
        refused = pytest.raises(RuntimeError, match=r"^backend\.record while a program is being recorded: only kernel")
        with backend.record(), refused, backend.record():
            pass

    @pytest.mark.parametrize("action", ["array", "zeros", "host", "upload", "total", "largest"])
    def test_what_cannot_be_repeated_is_refused(self, backend, action):
        there = backend.zeros(1, np.float64)
        arguments = {"array": ([1.0],), "zeros": (1,), "upload": (np.zeros(1), there)}.get(action, (there,))
        with backend.record(), pytest.raises(RuntimeError, match=rf"^backend\.{action} while a program is being"):
            getattr(backend, action)(*arguments)


class TestReactions:
    def test_none_for_a_field_without_any(self, backend):
        model = Model((Field("a"), Field("b")), (Transfer("decay", "a", "0.5"),))
        decay, nothing = backend.reactions(kinetics(model))
        assert decay.terms == ("decay",)
        assert nothing is None

    def test_none_at_all(self, backend):
        assert backend.reactions(kinetics(Model((Field("a"), Field("b"))))) == [None, None]

    def test_react_and_tally(self, backend):
        model = Model((Field("a"), Field("b")), (Transfer("conversion", "a", "0.5", {"b": 0.25}),))
        shape = (2, 3, 4)
        state = backend.array(np.stack([np.full(shape, 8.0), np.full(shape, 1.0)]), np.float64)
        arrays, scalars = backend.zeros((1, *shape)), backend.zeros(1, np.float64)
        order = backend.array(np.full(ORDER["ORDERS"], 0.1), np.float64)
        production, loss = backend.zeros(shape, np.float64), backend.zeros(shape, np.float64)
        partial = backend.zeros((1, 2, 3), np.float64)
        widths = [backend.array(np.full(n, 2.0), np.float64) for n in (4, 3, 2)]
        a, b = backend.reactions(kinetics(model))
        for reaction, gain, rate in ((a, 0.0, 0.5), (b, 1.0, 0.0)):
            reaction.react(state, state, state, arrays, scalars, order, production, loss)
            np.testing.assert_array_equal(backend.host(production), gain)
            np.testing.assert_array_equal(backend.host(loss), rate)
        a.tally(*widths, state, state, state, arrays, scalars, order, partial)
        np.testing.assert_array_equal(backend.host(partial), -4.0 * 8 * 4)  # rate, cell volume, cells of a row
        with backend.record() as program:
            a.react(state, state, state, arrays, scalars, order, production, loss)
        np.testing.assert_array_equal(backend.host(production), 1.0)
        program.run()
        np.testing.assert_array_equal(backend.host(production), 0.0)
