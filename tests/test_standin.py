"""The stand-in for CuPy finds what a GPU would do wrong without a word."""

import gc

import numpy as np
import pytest
from standin import cupy, module
from standin.memory import CUDARuntimeError, OutOfMemoryError, device

from mnrd.resources import kernel_source


def launch(text, *arrays, threads=64, blocks=1):
    """Run the kernel `wrong` of a text on double arrays."""
    made = cupy.RawModule(code=kernel_source() + text, options=("-std=c++17", "-DREAL=double"))
    made.get_function("wrong")((blocks,), (threads,), arrays)


class TestThreads:
    def test_every_thread_of_every_block_runs_once(self):
        out = cupy.zeros(96)
        launch("KERNEL wrong(double *out) { out[THREAD] += 1 + blockIdx.x; }", out, threads=32, blocks=3)
        np.testing.assert_array_equal(out.get().reshape(3, 32), np.repeat([[1.0], [2.0], [3.0]], 32, axis=1))

    def test_a_shuffle_gives_the_value_of_another_lane(self):
        out = cupy.zeros(64)
        launch("KERNEL wrong(double *out) { out[THREAD] = __shfl_down_sync(0xffffffffu, (double)THREAD, 8); }", out)
        lanes = np.arange(64)
        np.testing.assert_array_equal(out.get(), np.where(lanes % 32 < 24, lanes + 8, lanes))

    def test_threads_of_a_warp_that_part_at_a_shuffle(self):
        text = "KERNEL wrong(double *out) { if (threadIdx.x < 40) out[0] = row_total(1); }"
        with pytest.raises(CUDARuntimeError, match=r"^kernel wrong: threads 32 to 63 do not come to the same shuffle$"):
            launch(text, cupy.zeros(1))

    def test_threads_of_a_block_that_part_at_a_barrier(self):
        text = "KERNEL wrong(double *out) { if (threadIdx.x < 40) __syncthreads(); }"
        with pytest.raises(CUDARuntimeError, match=r"^kernel wrong: 40 of 64 threads come to a barrier$"):
            launch(text, cupy.zeros(1))

    def test_kernels_run_again_after_a_mistake(self):
        self.test_threads_of_a_block_that_part_at_a_barrier()
        self.test_a_shuffle_gives_the_value_of_another_lane()

    def test_a_missing_barrier_shows_in_the_order_of_the_threads(self, monkeypatch):
        text = """
            KERNEL wrong(double *out)
            {
                __shared__ double last;
                if (threadIdx.x == 63) last = 7;
                out[threadIdx.x] = last;
            }
        """
        monkeypatch.setitem(module.order, "backward", 1)
        found = []
        for backward in (1, 0):
            monkeypatch.setitem(module.order, "backward", backward)
            out = cupy.zeros(64)
            launch(text.replace("last", f"last{backward}"), out)
            found.append(out.get().sum())
        assert found == [64 * 7.0, 7.0]


class TestMemory:
    def test_writing_beside_an_array(self):
        with pytest.raises(CUDARuntimeError, match=r"^kernel wrong writes beside out$"):
            launch("KERNEL wrong(double *out) { out[THREAD] = 0; }", cupy.zeros(63))

    def test_new_memory_and_what_lies_beside_it_is_not_a_number(self):
        out = cupy.zeros(64)
        launch("KERNEL wrong(const double *a, double *out) { out[THREAD] = a[(int)THREAD - 32]; }", cupy.empty(16), out)
        assert np.isnan(out.get()).all()

    def test_numpy_may_not_look_into_an_array(self):
        with pytest.raises(TypeError, match="Implicit conversion"):
            np.asarray(cupy.zeros(3))

    @pytest.mark.parametrize("value", [1.0, np.zeros(3)])
    def test_what_would_need_a_kernel_of_cupy_is_refused(self, value):
        with pytest.raises((TypeError, ValueError)):
            cupy.zeros(3)[:] = value

    def test_arrays_are_filled_with_zeros_and_copied(self):
        rows, row = cupy.zeros((2, 3)), cupy.empty(3)
        row.set(np.arange(3.0))
        rows[1] = row
        row[:] = 0
        np.testing.assert_array_equal(rows.get(), [[0, 0, 0], [0, 1, 2]])
        assert not row.get().any()

    def test_there_is_an_end_of_it(self, monkeypatch):
        gc.collect()  # or what earlier tests have left is freed meanwhile
        monkeypatch.setattr(device, "total", device.used + 100)
        made = cupy.zeros(12)
        with pytest.raises(OutOfMemoryError, match=r"^Out of memory allocating 96 bytes \(allocated so far: "):
            cupy.zeros(12)
        del made
        assert cupy.zeros(12).size == 12

    @pytest.mark.parametrize("wrong", [1.0, np.float32(1), np.zeros(1)])
    def test_arguments_have_the_type_of_the_kernel(self, wrong):
        with pytest.raises(TypeError, match=r"^kernel wrong: factor is <class '.*'>, not <class 'numpy.float64'>$"):
            launch("KERNEL wrong(double factor) { }", wrong)

    @pytest.mark.parametrize(("blocks", "threads"), [(0, 32), (1, 2048)])
    def test_a_launch_that_no_device_takes(self, blocks, threads):
        with pytest.raises(CUDARuntimeError, match=r"^cudaErrorInvalidConfiguration"):
            launch("KERNEL wrong(double *out) { }", cupy.zeros(1), blocks=blocks, threads=threads)


class TestCapture:
    @pytest.mark.parametrize(
        "action",
        [
            lambda array: cupy.zeros(1), lambda array: array.get(), lambda array: array.set(np.zeros(1)),
            lambda array: array.__setitem__(0, 0), lambda array: cupy.cuda.Stream(non_blocking=True).synchronize(),
        ],
        ids=["allocation", "download", "upload", "expression", "wait"],
    )  # fmt: skip
    def test_what_a_graph_cannot_hold(self, action):
        array, stream = cupy.zeros(1), cupy.cuda.Stream(non_blocking=True)
        with stream:
            stream.begin_capture()
            try:
                with pytest.raises(CUDARuntimeError, match=r"^cudaErrorStreamCaptureUnsupported"):
                    action(array)
            finally:
                stream.end_capture()

    def test_another_stream_is_not_captured(self):
        with pytest.raises(CUDARuntimeError, match="another stream"):
            cupy.cuda.Stream(non_blocking=True).begin_capture()


def test_text_that_does_not_compile():
    with pytest.raises(module.CompileException, match=r"control\.cu:1:.*error"):
        cupy.RawModule(code='\n#line 1 "control.cu"\nwrong wrong;', options=("-DREAL=double",)).compile()


def test_options_that_the_compiler_does_not_have():
    with pytest.raises(module.CompileException, match=r"unknown option \{'-fast'\}"):
        cupy.RawModule(code="", options=("-fast", "-DREAL=double"))
