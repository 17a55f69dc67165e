"""The cuda backend on the stand-in for CuPy, and on a GPU where there is one: kernels, geometry, memory, failures."""

import ctypes
import gc
import os
import subprocess
import sys
from functools import cache
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import standin
from kernel_arguments import KERNELS, SIZES, SOURCE, assert_backends_agree
from standin import cupy, module
from standin.memory import device

from mnrd.backends import choose, driver
from mnrd.backends.base import KERNEL_FILES, BackendUnavailable
from mnrd.backends.cuda import CudaBackend
from mnrd.backends.geometry import LARGEST_GRID, Device, Loop, geometry, parse_loops
from mnrd.resources import kernel_source

real_driver_version, real_cupy_packages = driver.driver_version, driver.cupy_packages


on_standin = cache(standin.backend)


@pytest.fixture
def cuda():
    """The backend on the stand-in, in double precision."""
    return on_standin("double")


@pytest.fixture(scope="module")
def gpu():
    """Backends on a GPU by precision, or a skip."""
    try:
        return {precision: choose("cuda", precision, debug=True) for precision in ("double", "mixed")}
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def gpu_is_there(monkeypatch):
    """Whether this machine has one."""
    monkeypatch.setattr(driver, "driver_version", real_driver_version)
    try:
        choose("cuda")
    except BackendUnavailable:
        return False
    return True


class TestKernels:
    @pytest.mark.parametrize("order", ["forward", "backward"])
    @pytest.mark.parametrize("precision", ["double", "mixed"])
    @pytest.mark.parametrize("kernel", KERNELS)
    def test_text_with_its_geometry_is_what_numpy_says(self, kernel, precision, order, monkeypatch):
        """In both orders of the threads, on which nothing may depend."""
        monkeypatch.setitem(module.order, "backward", int(order == "backward"))
        tested, reference = on_standin(precision), choose("numpy", precision)
        for size in SIZES:
            assert_backends_agree(kernel, tested, reference, size, periodic=order == "backward")

    @pytest.mark.gpu
    @pytest.mark.parametrize("periodic", [False, True], ids=["mirror", "periodic"])
    @pytest.mark.parametrize("precision", ["double", "mixed"])
    def test_a_gpu_does_what_numpy_says(self, gpu, precision, periodic):
        reference = choose("numpy", precision)
        for kernel, size in product(KERNELS, [*SIZES, (40, 70, 130)]):
            assert_backends_agree(kernel, gpu[precision], reference, size, periodic)

    def test_columns_beyond_the_largest_grid_are_walked_too(self, cuda):
        """More columns than 2 processors have threads for: each thread takes several."""
        nz, ny, nx = 3, 31, 33
        assert nx * ny > cuda.scratch(nx, ny, nz).size / nz
        for kernel in ("relax", "solve_lines"):
            assert_backends_agree(kernel, cuda, choose("numpy", "double"), (nz, ny, nx), periodic=True)


NAMED = {
    "relax": ("STRIP", 35, 32 * 11),
    "apply": ("ROW", 77, 0),
    "residual_restrict": ("ROW", 33, 5),
    "extend": ("CELL", 385, 0),
    "cg_turn": ("BLOCK", 1, 0),
}
"""Loop, passes and numbers in shared memory for 32 threads of some kernels on a grid of 5 x 7 x 11."""


class TestGeometry:
    H200 = Device(processors=132, shared=228 * 1024, block_shared=227 * 1024)

    @classmethod
    def launch(cls, kind, passes, buffered=False, itemsize=4, most=1024, **sizes):
        how = geometry(Loop(kind, lambda _: passes, buffered), sizes, itemsize, cls.H200, most)
        return how.blocks, how.threads, how.shared

    @pytest.mark.parametrize(
        ("kind", "passes", "wanted"),
        [
            ("CELL", 1, (1, 256)), ("CELL", 257, (2, 256)), ("CELL", 2**40, (LARGEST_GRID, 256)),
            ("ROW", 8, (1, 256)), ("ROW", 9, (2, 256)),
            ("STRIP", 128, (1, 128)), ("STRIP", 10**6, (396, 128)),
            ("BLOCK", 1, (1, 512)), ("BLOCK", 9000, (9000, 1024)), ("CELL", 0, (1, 256)),
        ],
    )  # fmt: skip
    def test_follows_from_the_loop(self, kind, passes, wanted):
        assert self.launch(kind, passes) == (*wanted, 0)

    @pytest.mark.parametrize(("rows", "threads"), [(4096, 512), (4097, 1024)])
    def test_a_block_that_adds_up_little_is_that_of_a_sequence(self, rows, threads):
        assert self.launch("BLOCK", 2, rows=rows) == (2, threads, 0)

    @pytest.mark.parametrize(
        ("kind", "most", "wanted"), [("BLOCK", 400, (1000, 384)), ("CELL", 128, (8, 128)), ("ROW", 160, (200, 160))]
    )
    def test_of_a_kernel_with_many_registers(self, kind, most, wanted):
        assert self.launch(kind, 1000, most=most) == (*wanted, 0)

    @pytest.mark.parametrize(
        ("nz", "itemsize", "threads", "resident"),
        [
            (64, 4, 128, 3), (128, 4, 128, 3), (150, 4, 128, 3), (151, 4, 64, 5), (300, 4, 64, 3), (128, 8, 64, 3),
            (160, 8, 32, 5), (300, 8, 32, 3), (600, 8, 32, 1), (1000, 8, 16, 1), (9000, 8, 2, 1),
        ],
    )  # fmt: skip
    def test_columns_have_room_on_the_chip(self, nz, itemsize, threads, resident):
        """384 to a processor, or as many as find room: in warps, beyond 900 planes in double single columns."""
        wanted = (132 * resident, threads, threads * nz * itemsize)
        assert self.launch("STRIP", 10**6, True, itemsize, nz=nz) == wanted

    @pytest.mark.parametrize(("nx", "threads"), [(100, 256), (1536, 256), (1537, 128), (12000, 32), (40000, 32)])
    def test_rows_have_room_on_the_chip(self, nx, threads):
        assert self.launch("ROW", 8, True, nx=nx) == (256 // threads, threads, threads // 32 * nx * 4)

    def test_a_block_has_whole_warps(self):
        assert self.launch("ROW", 30, True, most=230, nx=2000) == (10, 96, 3 * 2000 * 4)

    @pytest.mark.parametrize(("kind", "sizes"), [("ROW", {"nx": 60000}), ("STRIP", {"nz": 60000})])
    def test_no_room_at_all(self, kind, sizes):
        wanted = r"^a row or column needs 240000 bytes of shared memory, 232448 are there$"
        with pytest.raises(ValueError, match=wanted):
            self.launch(kind, 1, True, **sizes)

    def test_every_kernel_has_a_loop(self):
        loops = parse_loops(kernel_source(*KERNEL_FILES))
        assert set(loops) == set(KERNELS)
        sizes = {"nx": 5, "ny": 7, "nz": 11, "coarse_ny": 3, "cells": 385}
        found = {name: (loops[name].kind, loops[name].passes(sizes), loops[name].numbers(sizes)) for name in NAMED}
        assert found == NAMED

    def test_sizes_may_be_named_on_the_way(self):
        text = """KERNEL sums(int nx, int ny, const real *a) { // FOR_EACH_CELL(n, nx)
            const index_t row = (index_t)nx + 1, cells = row * ny;
            FOR_EACH_CELL(n, 2 * cells) { const int cells = 1; } }"""
        loop = parse_loops(text)["sums"]
        assert (loop.kind, loop.passes({"nx": 2**31, "ny": 3})) == ("CELL", 2 * (2**31 + 1) * 3)

    @pytest.mark.parametrize("body", ["", "for (;;) {}", "FOR_EACH_THING(n, nx) {}"])
    def test_a_kernel_without_a_loop(self, body):
        with pytest.raises(ValueError, match=r"^kernel wrong: no loop FOR_EACH_ of CELL, ROW, STRIP, BLOCK$"):
            parse_loops(f"KERNEL wrong(int nx) {{ {body} }}")

    def test_a_loop_whose_passes_are_not_known_before(self):
        with pytest.raises(ValueError, match=r"^kernel wrong: found of its loop does not follow from its parameters$"):
            parse_loops("KERNEL wrong(int nx, const int *a) { const int found = a[0]; FOR_EACH_CELL(n, found) {} }")


class TestLaunch:
    def test_a_numpy_array_is_no_address(self):
        cuda = standin.backend(debug=False)
        with pytest.raises(TypeError, match=r"^kernel direction: got a ndarray, must be an array of the device$"):
            cuda.kernel.direction(1, np.zeros(1), *(cuda.zeros(1) for _ in range(3)))

    @pytest.mark.parametrize("number", [2**31, -(2**31) - 1])
    def test_a_number_that_does_not_fit_is_an_error(self, cuda, number):
        with pytest.raises(OverflowError):
            cuda.kernel.gather(number, 0, 0, cuda.zeros(1), cuda.zeros(1))

    def test_a_graph_holds_the_launches_in_order(self, cuda):
        a, nothing = cuda.array([1.0], np.float64), cuda.zeros(1, np.float64)
        with cuda.record() as program:
            cuda.kernel.extend(1, nothing, a, 2.0, 0.0, a)
            cuda.kernel.extend(1, nothing, a, 3.0, 0.0, a)
        cupy.reset()
        for _ in range(3):
            program.run()
        assert cupy.counts.launches == 6
        assert cuda.host(a)[0] == 6.0**3

    def test_backends_share_one_stream(self, cuda):
        """So that what one has launched is done before the other reads it."""
        other = standin.backend("mixed")
        a = other.array([3.0], np.float64)
        with cuda.record() as program:
            cuda.kernel.extend(1, a, a, 1.0, 0.0, a)
        assert len(program.captured.captured) == 1

    def test_kernels_of_a_text_are_compiled_once(self, cuda, monkeypatch):
        first = cuda._load(SOURCE)
        monkeypatch.setattr(cuda, "_compile", None)
        assert cuda._load(SOURCE) is first


class TestMemory:
    def test_what_is_free(self, cuda):
        before, total = cuda.memory()
        kept = cuda.zeros(1000, np.float64)
        assert cuda.memory() == (before - kept.nbytes, total)

    @pytest.mark.parametrize("make", [lambda cuda: cuda.zeros(10**6), lambda cuda: cuda.array(np.zeros(10**6))])
    def test_not_enough_of_it_says_how_much_there_is(self, cuda, make, monkeypatch):
        gc.collect()  # or what earlier tests have left is freed meanwhile
        monkeypatch.setattr(device, "total", device.used + 4 * 10**6)
        wanted = (
            r"^on stand-in for a GPU: OutOfMemoryError: Out of memory allocating 8,000,000 bytes \(allocated so far: "
            r"[\d,]+ bytes\)\.; [\d.e-]+ GB are in use by mnrd, 0\.004 of [\d.e-]+ GB are free: take larger cells or"
        )
        with pytest.raises(MemoryError, match=wanted):
            make(cuda)

    def test_copies_are_counted(self, cuda):
        cupy.reset()
        made = cuda.array(np.zeros(3))
        cuda.upload(np.ones(3), made)
        cuda.host(made)
        assert (cupy.counts.uploads, cupy.counts.downloads, cupy.counts.allocations) == (2, 1, 1)

    def test_scratch_is_for_the_threads_that_run_at_a_time(self, cuda):
        assert cuda.scratch(5, 7, 11).size == 11 * 128
        assert cuda.scratch(1000, 1000, 11).size == 11 * 128 * 2 * 3


class TestFailures:
    """Each failure is one line that says what is wrong and what to do."""

    @pytest.fixture(autouse=True)
    def _installed(self):
        with standin.installed():
            yield

    @staticmethod
    def failing(pattern):
        return pytest.raises(BackendUnavailable, match=pattern)

    def test_no_driver(self, monkeypatch):
        def missing(name):
            raise OSError(f"{name}: cannot open shared object file")

        monkeypatch.setattr(ctypes, "CDLL", missing)
        with self.failing(r"^no NVIDIA driver on this machine \(libcuda\.so\.1\)$"):
            real_driver_version()

    @pytest.mark.parametrize(("number", "wanted"), [(12040, (12, 4)), (13000, (13, 0)), (11080, (11, 8))])
    def test_version_of_the_driver(self, monkeypatch, number, wanted):
        monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(cuDriverGetVersion=_answer(0, number)))
        assert real_driver_version() == wanted

    def test_a_driver_that_does_not_answer(self, monkeypatch):
        monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(cuDriverGetVersion=_answer(999, 0)))
        with self.failing(r"^the NVIDIA driver does not answer \(error 999\): reinstall it$"):
            real_driver_version()

    def test_driver_too_old(self, monkeypatch):
        monkeypatch.setattr(driver, "driver_version", lambda: (11, 4))
        with self.failing(r"^the NVIDIA driver is for CUDA 11\.4, must be for 12\.0 or later: update the driver$"):
            choose("cuda")

    @pytest.mark.parametrize(("version", "extra"), [((12, 2), 12), ((13, 0), 13), ((14, 1), 13)])
    def test_no_cupy(self, monkeypatch, version, extra):
        monkeypatch.setattr(driver, "driver_version", lambda: version)
        monkeypatch.setattr(driver, "cupy_packages", list)
        with self.failing(rf"^CuPy is not installed: pip install 'mnrd\[cuda{extra}\]'$"):
            choose("cuda")

    def test_two_cupys(self, monkeypatch):
        monkeypatch.setattr(driver, "cupy_packages", lambda: ["cupy-cuda11x", "cupy-cuda12x"])
        wanted = (
            r"^2 CuPy packages overwrite each other: pip uninstall cupy-cuda11x cupy-cuda12x; pip install 'mnrd\[cu"
        )
        with self.failing(wanted):
            choose("cuda")

    def test_packages_that_bring_cupy(self, monkeypatch):
        names = ["cupy-cuda12x", "cupy-xarray", "numpy", "cupy", "cupy-rocm-7-0", "cupy_helpers", "cupy-cuda110"]
        found = [SimpleNamespace(metadata={"Name": name}) for name in names]
        monkeypatch.setattr(driver, "distributions", lambda: found)
        assert real_cupy_packages() == ["cupy", "cupy-cuda110", "cupy-cuda12x", "cupy-rocm-7-0"]

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (ImportError("=====\nlibcublas.so.12: cannot open\n====="), "ImportError: libcublas.so.12: cannot open"),
            (AttributeError("numpy has no bool8"), "AttributeError: numpy has no bool8"),
            (RuntimeError(), "RuntimeError"),
        ],
    )
    def test_a_cupy_that_cannot_be_imported(self, monkeypatch, error, text):
        def broken(_):
            raise error

        monkeypatch.setattr(driver, "import_module", broken)
        with self.failing(rf"^CuPy cannot be imported \({text}\): pip install 'mnrd\[cuda12\]'$"):
            choose("cuda")

    def test_a_cupy_for_a_newer_cuda_than_the_driver(self, monkeypatch):
        monkeypatch.setattr(driver, "cupy_packages", lambda: ["cupy-cuda13x"])
        monkeypatch.setattr(cupy.cuda.runtime, "runtimeGetVersion", lambda: 13000)
        wanted = (
            r"^CuPy is for CUDA 13, the driver for CUDA 12\.9: pip uninstall cupy-cuda13x; pip install 'mnrd\[cuda12"
        )
        with self.failing(wanted):
            choose("cuda")

    def test_a_newer_driver_than_cupy_is_fine(self, monkeypatch):
        monkeypatch.setattr(driver, "driver_version", lambda: (13, 1))
        assert choose("cuda").name == "cuda"

    @pytest.mark.parametrize(
        ("visible", "end"),
        [
            (None, ""),
            ("", ": CUDA_VISIBLE_DEVICES is '', unset it"),
            ("7", ": CUDA_VISIBLE_DEVICES is '7', unset it"),
        ],
    )
    def test_no_device(self, monkeypatch, visible, end):
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if visible is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", lambda: 0)
        with self.failing(rf"^no GPU is visible{end}$"):
            choose("cuda")

    def test_a_device_that_does_not_answer(self, monkeypatch):
        def broken():
            raise cupy.cuda.runtime.CUDARuntimeError("cudaErrorSystemNotReady: system not yet initialized")

        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", broken)
        with self.failing(
            r"^the driver does not answer: CUDARuntimeError: cudaErrorSystemNotReady: system not yet init"
        ):
            choose("cuda")

    def test_no_compiler(self, monkeypatch):
        def missing(_):
            raise RuntimeError('Failure finding "libnvrtc.so.12": No such file: libnvrtc.so.12')

        monkeypatch.setattr(cupy.RawModule, "compile", missing)
        wanted = (
            r"^the compiler of CuPy \(NVRTC\) does not work \(RuntimeError: Failure finding .libnvrtc\.so\.12.: No "
            r"such file: libnvrtc\.so\.12\): pip install 'mnrd\[cuda12\]'$"
        )
        with self.failing(wanted):
            choose("cuda")

    def test_a_compiler_that_fails(self, monkeypatch):
        def failing(_):
            raise cupy.cuda.compiler.CompileException("\n".join(["lines.cu(3): error: wrong", *"abcdefgh"]))

        monkeypatch.setattr(cupy.RawModule, "compile", failing)
        with self.failing(r"^NVRTC could not compile the kernels:\nlines\.cu\(3\): error: wrong\na\nb\nc\nd\ne$"):
            choose("cuda")

    def test_auto_falls_back_and_says_why(self, monkeypatch):
        monkeypatch.setattr(cupy.cuda.runtime, "getDeviceCount", lambda: 0)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        backend = choose("auto")
        assert backend.name in ("native", "numpy")
        assert "double precision; cuda: no GPU is visible" in backend.description


def _answer(status, number):
    """A function of the driver that gives a number."""

    def answer(pointer):
        pointer._obj.value = number
        return status

    return answer


def test_auto_does_not_import_cupy_where_there_is_no_driver():
    program = (
        "import sys\nfrom mnrd.backends import choose, driver\nfrom mnrd.backends.base import BackendUnavailable\n"
        "def hidden(): raise BackendUnavailable('hidden')\n"
        "driver.driver_version = hidden\nchoose('auto')\nprint('cupy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_skipped_test_of_a_gpu_is_a_failure_where_one_must_be(gpu_is_there):
    one = f"{__file__}::test_a_gpu_is_chosen_by_itself"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one]
    done = subprocess.run(command, env=os.environ | {"MNRD_REQUIRE_GPU": "1"}, capture_output=True, text=True)
    assert done.returncode == (0 if gpu_is_there else 1), done.stdout
    assert ("MNRD_REQUIRE_GPU=1, and this was skipped: " in done.stdout) is not gpu_is_there


@pytest.mark.gpu
def test_a_gpu_is_chosen_by_itself(gpu):
    assert choose().name == "cuda"
    assert isinstance(choose(), CudaBackend)
