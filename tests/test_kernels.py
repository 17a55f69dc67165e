"""Every kernel as native code against its meaning in numpy: odd sizes, both precisions, periodic and mirror sides.

The kernels and their parameters are read from kernels/*.cu, so a new one is tested as soon as it is there.
"""

import re
import zlib
from functools import cache

import numpy as np
import pytest

from mnrd.backends import choose
from mnrd.backends.base import KERNEL_FILES, BackendUnavailable, Parameter, checked, parse_kernels
from mnrd.resources import folder, kernel_source

SOURCE = kernel_source(*KERNEL_FILES)
KERNELS = parse_kernels(SOURCE)

# (nz, ny, nx): single cells, rows and columns, less and more than the 8 columns that a strip has.
SIZES = [(5, 7, 11), (1, 1, 1), (3, 1, 9), (4, 2, 2), (7, 19, 16), (1, 5, 24), (2, 3, 8), (6, 9, 1)]
MATERIALS, COARSE = 3, (3, 2)

# Values other than positive numbers.
SIGNED = {
    "b", "rhs", "d", "r", "q", "p", "z", "a", "u", "v", "y", "first", "slope", "previous", "correction", "fine",
    "potential", "gx", "gy", "gz",
}  # fmt: skip
POSITIVE_HERE = {
    "stage_residual": {"a", "y"}, "step_error": {"u", "v", "y", "first"}, "to_activity": {"concentration"},
}  # fmt: skip
SCALARS = {
    "periodic_x": 1, "periodic_y": 0, "factor_top": 0.3, "factor_base": 0.7, "offset_top": 0.2, "offset_base": 0.1,
    "gain": 1.2, "momentum": 0.3, "weight": 0.8, "alpha": 0.4, "beta": -0.6, "omega": 0.7, "tau": 0.7, "rtol": 1e-2,
    "absolute": 1e-3, "scale": 0.9, "factor": 1.3, "f_base": 2.4, "f_guess": 3.4, "dt": 2.0, "w0": -0.07,
    "w1": 0.1, "w2": -0.03, "materials": MATERIALS, "ratio": 0.8, "highest": 0.9, "ceiling": 0.6,
}  # fmt: skip
PLANES = {"top", "base", "g"}
SUMS = {"stage_residual": 2, "clip": 2, "settle": 3, "step_error": 3, "amounts": MATERIALS}
# Sums in double of products that were rounded to real.
ROUNDED_SUMS = {("apply", "partial"), ("advance", "partial")}
IN_ONE_PLANE = {"contact": ("top", "base"), "state_contact": ("top", "base")}


@cache
def native(precision):
    """The native backend with checked launches, or a skip that says why not."""
    try:
        return choose("native", precision, debug=True)
    except BackendUnavailable as error:
        pytest.skip(str(error))


@cache
def constants():
    """The const parameters of each kernel: what it must not change."""
    text = re.sub(r"//[^\n]*", "", SOURCE)
    found = re.findall(r"\bKERNEL\s+(\w+)\s*\(([^)]*)\)\s*\{", text)
    return {
        name: {word.split()[-1].lstrip("*") for word in arguments.split(",") if word.split()[0] == "const"}
        for name, arguments in found
    }


class Arguments:
    """Arguments of a kernel made from the names of its parameters."""

    def __init__(self, kernel, size, real, periodic, seed):
        self.kernel, self.real, self.periodic = kernel, np.dtype(real), periodic
        self.nz, self.ny, self.nx = size
        self.rng = np.random.default_rng(seed)
        self.first_x, self.first_y = (
            _aggregates(n, parts) for n, parts in zip((self.nx, self.ny), COARSE, strict=True)
        )
        self.coarse_nx, self.coarse_ny = len(self.first_x) - 1, len(self.first_y) - 1

    def make(self):
        """The arguments in the order of the signature."""
        return [self._one(parameter) for parameter in KERNELS[self.kernel]]

    def _one(self, parameter):
        name = parameter.name
        if parameter.pointer:
            dtype = {"real": self.real, "double": float, "int": np.int32, "unsigned char": np.uint8}[parameter.type]
            return np.ascontiguousarray(self._array(name), dtype)
        if name == "cells":
            return self.nx * self.ny * self.nz
        if name in ("periodic_x", "periodic_y"):
            return int(self.periodic)
        return SCALARS[name] if name in SCALARS else getattr(self, name)

    def _array(self, name):
        if name in ("first_x", "first_y"):
            return getattr(self, name)
        if name in ("coarse_x", "coarse_y"):
            first = getattr(self, f"first_{name[-1]}")
            return np.repeat(np.arange(len(first) - 1), np.diff(first))
        if name == "fractions":
            return self._fractions()
        if name == "scratch":
            return native("double" if self.real == np.float64 else "mixed").scratch(self.nx, self.ny, self.nz)
        values = self.rng.random(self._shape(name)) + 0.1
        if name in SIGNED - POSITIVE_HERE.get(self.kernel, set()):
            values = 2 * values - 1.1
        if name in ("tx", "ty", "tz", "gx", "gy", "gz"):
            self._wall(name[1], values)
        if name in ("lateral", "vertical", "s_lateral", "s_vertical", "c_lateral", "c_vertical", "mobility"):
            values[values < 0.2] = 0.0  # impermeable, insensitive
        if name == "potential" and self.kernel == "drift_faces":
            values *= 10.0 ** self.rng.integers(-4, 4, values.shape)  # from nearly no drift to nothing else
        return values

    def _shape(self, name):
        nz, ny, nx = self.nz, self.ny, self.nx
        shapes = {
            "hx": (nx,), "hy": (ny,), "hz": (nz,), "exchange": (2,), "sums": (2,),
            "lateral": (MATERIALS, nz), "vertical": (MATERIALS, nz),
            "scale_x": (self.coarse_nx,), "scale_y": (self.coarse_ny,),
            "partial": (SUMS[self.kernel], nz, ny) if self.kernel in SUMS else (nz, ny),
        }  # fmt: skip
        if name in shapes:
            return shapes[name]
        if name == "correction" or name.startswith("coarse"):
            return nz, self.coarse_ny, self.coarse_nx
        plane = name in PLANES and self.kernel != "second_stage"
        return (ny, nx) if plane else (nz, ny, nx)

    def _fractions(self):
        cut = np.sort(self.rng.integers(0, 256, (2, self.nz, self.ny, self.nx)), axis=0)
        cut[:, self.rng.random(cut.shape[1:]) < 0.3] = 255  # cells of one material
        return np.stack([cut[0], cut[1] - cut[0], 255 - cut[1]])

    def _wall(self, axis, values):
        """Faces to nowhere conduct nothing: below the last plane, and around mirror sides."""
        along = {"x": 2, "y": 1, "z": 0}[axis]
        if axis == "z" or not self.periodic or values.shape[along] == 1:
            np.moveaxis(values, along, 0)[-1] = 0


def _aggregates(n, parts):
    """First members of at most `parts` aggregates of n columns, and n."""
    return np.unique(np.append(np.arange(0, n, max(1, -(-n // parts))), n)).astype(np.int32)


def run(backend, kernel, arguments):
    """Launch a kernel on copies and return all its arrays."""
    copies = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    getattr(backend.kernel, kernel)(*copies)
    return copies


def assert_equal_to_round_off(kernel, parameter, got, wanted, real):
    """Equal up to some units in the last place of the largest value."""
    rounded = (kernel, parameter) in ROUNDED_SUMS
    eps = np.finfo(real if rounded or got.dtype.kind != "f" else got.dtype).eps
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0) if got.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(
        got, wanted, rtol=100 * eps, atol=100 * eps * largest, err_msg=f"kernel {kernel}: {parameter}"
    )


@pytest.mark.parametrize("periodic", [False, True], ids=["mirror", "periodic"])
@pytest.mark.parametrize("precision", ["double", "mixed"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_is_what_numpy_says(kernel, precision, periodic):
    compiled, reference = native(precision), choose("numpy", precision)
    for size in SIZES:
        seed = zlib.crc32(f"{kernel}{size}".encode())
        arguments = Arguments(kernel, size, compiled.real, periodic, seed).make()
        results = run(compiled, kernel, arguments), run(reference, kernel, arguments)
        for parameter, given, got, wanted in zip(KERNELS[kernel], arguments, *results, strict=True):
            if not parameter.pointer or parameter.name == "scratch":
                continue
            assert_equal_to_round_off(kernel, parameter.name, got, wanted, compiled.real)
            if parameter.name in constants()[kernel]:
                np.testing.assert_array_equal(got, given, err_msg=f"{kernel} changes {parameter.name}")


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_relax_may_write_where_it_read_the_previous_iterate(precision):
    names = [parameter.name for parameter in KERNELS["relax"]]
    for backend in (native(precision), choose("numpy", precision)):
        arguments = Arguments("relax", (5, 7, 11), backend.real, True, 1).make()
        wanted = run(backend, "relax", arguments)[names.index("out")]
        arguments[names.index("out")] = arguments[names.index("previous")]
        backend.kernel.relax(*arguments)
        np.testing.assert_array_equal(arguments[names.index("out")], wanted)


def test_every_kernel_has_its_meaning_in_numpy_and_nothing_else_does():
    assert set(vars(choose("numpy").kernel)) == set(KERNELS)


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
