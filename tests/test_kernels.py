"""Every kernel as native code against its meaning in numpy: odd sizes, both precisions, periodic and mirror sides.

The kernels and their parameters are read from kernels/*.cu, so a new one is tested as soon as it is there.
"""

import inspect
import re
from functools import cache

import numpy as np
import pytest
from kernel_arguments import KERNELS, SIZES, SOURCE, Arguments, assert_backends_agree, run, upload

from mnrd.backends import choose
from mnrd.backends.base import KERNEL_FILES, REPORT, BackendUnavailable, Parameter, checked, parse_kernels
from mnrd.resources import folder

# Kernels outside of the iteration of a solve.
ALWAYS = {
    "mix_conductivity", "transmissibility", "coupling", "film", "reach", "insulate", "plane_sums", "coarsen_faces",
    "row_largest", "gather", "to_activity", "first_guess", "second_guess", "state_contact", "stage_residual", "clip",
    "to_concentration", "settle", "extrapolate", "extend", "conclude", "amounts", "weighted_sum",
    "cut_off", "drift_faces", "drift_residual", "open_channel", "couple", "meet", "begin", "line_polynomial",
    "close_stage", "settled",
}  # fmt: skip


@cache
def native(precision):
    """The native backend with checked launches, or a skip that says why not."""
    try:
        return choose("native", precision, debug=True)
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("periodic", [False, True], ids=["mirror", "periodic"])
@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_is_what_numpy_says(kernel, precision, periodic):
    compiled, reference = native(precision), choose("numpy", precision)
    for size in SIZES:
        assert_backends_agree(kernel, compiled, reference, size, periodic)


@pytest.mark.parametrize("name", ["native", "numpy"])
@pytest.mark.parametrize("kernel", [name for name in KERNELS if name not in ALWAYS])
def test_nothing_changes_once_a_solve_has_ended(kernel, name):
    backend = native("mixed") if name == "native" else choose("numpy", "mixed")
    arguments = Arguments(kernel, (5, 7, 11), backend.real, True, 1).make()
    for parameter, value in zip(KERNELS[kernel], arguments, strict=True):
        if parameter.name == "going":
            value[:] = 0
        if parameter.name == "report":
            value[REPORT["GOING"]] = 0
    for parameter, given, got in zip(KERNELS[kernel], arguments, run(backend, kernel, arguments), strict=True):
        if parameter.pointer and parameter.name != "scratch":
            np.testing.assert_array_equal(got, given, err_msg=f"{kernel} changes {parameter.name}")


def test_kernels_of_an_iteration_look_first_whether_it_goes_on():
    """Those that run once in a solve or outside of one do not."""
    bodies = {
        name: text for name, text in re.findall(r"^KERNEL (\w+)\(.*?^\{(.*?)^\}", SOURCE, re.MULTILINE | re.DOTALL)
    }
    assert bodies.keys() == KERNELS.keys()
    assert {name for name, text in bodies.items() if not text.lstrip().startswith("ONLY_IF(")} == ALWAYS


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_relax_may_write_where_it_read_the_previous_iterate(precision):
    names = [parameter.name for parameter in KERNELS["relax"]]
    for backend in (native(precision), choose("numpy", precision)):
        arguments = Arguments("relax", (5, 7, 11), backend.real, True, 1).make()
        wanted = run(backend, "relax", arguments)[names.index("out")]
        made = upload(backend, "relax", arguments)
        made[names.index("out")] = made[names.index("previous")]
        backend.kernel.relax(*made)
        np.testing.assert_array_equal(backend.host(made[names.index("out")]), wanted)


def test_every_kernel_has_its_meaning_in_numpy_and_nothing_else_does():
    assert set(vars(choose("numpy").kernel)) == set(KERNELS)


@pytest.mark.parametrize("kernel", KERNELS)
def test_numpy_takes_the_arguments_of_the_kernel_by_the_same_names_in_the_same_order(kernel):
    meaning = inspect.signature(getattr(choose("numpy").kernel, kernel))
    assert list(meaning.parameters) == [parameter.name for parameter in KERNELS[kernel]]


def test_every_kernel_file_is_used():
    assert {place.name for place in folder("kernels").iterdir() if place.name.endswith(".cu")} == set(KERNEL_FILES)


def test_no_kernel_is_named_twice():
    named = re.findall(r"^KERNEL\s+(\w+)", SOURCE, flags=re.MULTILINE)
    assert sorted(named) == sorted(KERNELS), "a kernel is named twice or its signature cannot be parsed"


def test_signatures_are_parsed():
    text = """
        // KERNEL commented(int a) {
        KERNEL add(int nx, index_t cells, // how many
                   const real *a, const unsigned char *bytes, double *out) { }
    """
    assert parse_kernels(text) == {
        "add": (
            Parameter("nx", "int", False),
            Parameter("cells", "index_t", False),
            Parameter("a", "real", True),
            Parameter("bytes", "unsigned char", True),
            Parameter("out", "double", True),
        )
    }


class TestCheckedLaunch:
    """Debug mode looks at the arguments before each launch."""

    @pytest.fixture
    def launch(self):
        self.seen = []
        types = {"real": np.dtype(np.float32), "double": np.dtype(np.float64)}
        parameters = parse_kernels("KERNEL add(int nx, const real *a, double *out) {}")["add"]
        return checked("add", parameters, types, lambda *arguments: self.seen.append(arguments))

    def test_good_arguments_arrive(self, launch):
        arguments = (3, np.zeros(3, np.float32), np.zeros(3))
        launch(*arguments)
        assert self.seen == [arguments]

    def test_count(self, launch):
        with pytest.raises(TypeError, match=r"^kernel add: got 2 arguments, takes 3$"):
            launch(3, np.zeros(3, np.float32))

    def test_type(self, launch):
        with pytest.raises(TypeError, match=r"^kernel add: a has type float64, must be an array of float32$"):
            launch(3, np.zeros(3), np.zeros(3))

    def test_not_an_array(self, launch):
        with pytest.raises(TypeError, match=r"^kernel add: out has type float, must be an array of float64$"):
            launch(3, np.zeros(3, np.float32), 1.0)

    def test_contiguity(self, launch):
        with pytest.raises(TypeError, match=r"^kernel add: out is not C-contiguous$"):
            launch(3, np.zeros(3, np.float32), np.zeros(6)[::2])

    def test_nothing_is_launched(self, launch):
        with pytest.raises(TypeError):
            launch(3)
        assert self.seen == []

    def test_native_kernels_are_checked_when_asked(self):
        with pytest.raises(TypeError, match=r"^kernel to_activity: got 1 arguments, takes 4$"):
            native("double").kernel.to_activity(1)
