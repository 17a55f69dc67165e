"""Arguments of any kernel of kernels/*.cu made from the names of its parameters, and the comparison of two backends.

Used by the tests of the kernels and by benchmarks/gpu.py, which must run where there is no pytest.
"""

import re
import zlib
from functools import cache

import numpy as np

from mnrd.backends.base import KERNEL_FILES, ORDER, REPORT, parse_kernels
from mnrd.resources import kernel_source

SOURCE = kernel_source(*KERNEL_FILES)
KERNELS = parse_kernels(SOURCE)

# (nz, ny, nx): single cells, rows and columns, less and more than the 8 or 16 columns that a strip has.
SIZES = [(5, 7, 11), (1, 1, 1), (3, 1, 9), (4, 2, 2), (7, 19, 16), (1, 5, 24), (2, 3, 8), (6, 9, 1)]
MATERIALS, COARSE = 3, (3, 2)

# Values other than positive numbers.
SIGNED = {
    "b", "rhs", "d", "odd", "even", "r", "q", "p", "z", "a", "u", "v", "y", "first", "slope", "previous", "correction",
    "fine", "potential", "gx", "gy", "gz", "values", "beta", "step", "polynomial",
}  # fmt: skip
POSITIVE_HERE = {
    "stage_residual": {"a", "u", "first"}, "conclude": {"a", "u", "first"}, "to_activity": {"concentration"},
}  # fmt: skip
LIMIT = 9
SCALARS = {
    "tau": 0.7, "factor": 1.3, "f_base": 2.4, "f_guess": 3.4, "w0": -0.07, "w1": 0.1, "w2": -0.03, "ratio": 0.8,
    "ceiling": 0.6, "least": -0.3, "materials": MATERIALS, "add": 1, "before": 0.2, "h": 1.7, "volume": 12.0,
    "whole": 1.0, "regions": MATERIALS, "step": 0.5, "budget": 2, "limit": LIMIT, "sums": 2, "maxima": 1,
}  # fmt: skip
# Shapes by name, and those that differ in one kernel; all others are (nz, ny, nx).
SHAPES = {
    "hx": ("nx",), "hy": ("ny",), "hz": ("nz",), "exchange": (2,), "factor": (2,), "conductance": (2,),
    "top": ("ny", "nx"), "base": ("ny", "nx"), "g": ("ny", "nx"), "cover": ("ny", "nx"), "area": ("ny", "nx"),
    "resistance": ("ny", "nx"), "scale_x": ("coarse_nx",), "scale_y": ("coarse_ny",),
    "correction": ("nz", "coarse_ny", "coarse_nx"), "coarse": ("nz", "coarse_ny", "coarse_nx"),
    "coarse_tx": ("nz", "coarse_ny", "coarse_nx"), "coarse_ty": ("nz", "coarse_ny", "coarse_nx"),
    "coarse_tz": ("nz", "coarse_ny", "coarse_nx"), "lateral": (MATERIALS, "nz"), "vertical": (MATERIALS, "nz"),
    "lateral_closed": (MATERIALS, "nz"), "vertical_closed": (MATERIALS, "nz"), "openness": (MATERIALS,),
    "permeability": (MATERIALS,), "permeability_closed": (MATERIALS,), "going": (1,), "polynomial": (3,),
    "rate": (1,), "beta": (1,), "omega": (1,), "step": (1,), "count": (1,), "highest": (1,),
    "order": (ORDER["ORDERS"],), "report": (REPORT["REPORTS"],), "partial": ("nz", "ny"),
}  # fmt: skip
SHAPES_HERE = {
    "eliminate": {"g": ("nz", "ny", "nx"), "factor": (1,)},
    "multiply": {"factor": ("nz", "ny", "nx")},
    "open_channel": {"openness": (1,)},
    "couple": {"first": SHAPES["report"]},
    "weighted_sum": {"weight": (MATERIALS, "nz", "ny", "nx")},
    "gather": {"out": (3,)},
    "line_polynomial": {"going": (LIMIT,), "polynomial": (LIMIT, 3)},
}
AT_BOTH_ENDS = ("plane_sums", "contact", "state_contact", "exchange", "meet")
SUMS = {
    "stage_residual": 4, "clip": 3, "settle": 5, "conclude": 3, "amounts": MATERIALS, "gather": 3, "begin": 4,
    "stab_omega": 2, "close_stage": 3, "settled": 5, "weighted_sum": MATERIALS,
}  # fmt: skip
SHAPES_HERE |= {kernel: {"partial": (2, "ny")} for kernel in AT_BOTH_ENDS}
SHAPES_HERE |= {kernel: {"partial": (sums, "nz", "ny")} | SHAPES_HERE.get(kernel, {}) for kernel, sums in SUMS.items()}
# Sums in double of products that were rounded to real.
ROUNDED_SUMS = {("apply", "partial"), ("advance", "partial")}


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
    """Arguments of a kernel made from the names of its parameters.

    Parameters
    ----------
    kernel : str
        Its name.
    size : tuple
        (nz, ny, nx).
    real : dtype
        Of the solver.
    periodic : bool
        Whether rows and columns wrap around.
    seed : int
        Of the random values.
    parts : pair of int
        Coarse columns in x and y, at most.
    """

    def __init__(self, kernel, size, real, periodic, seed, parts=COARSE):
        self.kernel, self.real, self.periodic = kernel, np.dtype(real), periodic
        self.nz, self.ny, self.nx = size
        self.rng = np.random.default_rng(seed)
        self.first_x, self.first_y = (_aggregates(n, part) for n, part in zip((self.nx, self.ny), parts, strict=True))
        self.coarse_nx, self.coarse_ny = len(self.first_x) - 1, len(self.first_y) - 1
        self.rows, self.k = self.nz * self.ny, self.nz - 1
        self.made = {}

    def make(self):
        """The arguments in the order of the signature."""
        return [self._one(parameter) for parameter in KERNELS[self.kernel]]

    def _one(self, parameter):
        name = parameter.name
        if parameter.pointer:
            dtype = {
                "real": self.real, "double": float, "float": np.float32, "int": np.int32, "unsigned char": np.uint8,
            }[parameter.type]  # fmt: skip
            self.made[name] = np.ascontiguousarray(self._array(name), dtype)
            return self.made[name]
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
            return np.zeros(0)  # each backend has its own, see `run`
        values = self.rng.random(self._shape(name)) + 0.1
        if name in SIGNED - POSITIVE_HERE.get(self.kernel, set()):
            values = 2 * values - 1.1
        return self._special(name, values)

    def _special(self, name, values):
        """Put in the values that make a difference to a kernel."""
        if name == "going":
            values[:] = 1
        if name in ("order", "report", "first") and self._shape(name) != (self.nz, self.ny, self.nx):
            self._slots(name, values)
        if name in ("tx", "ty", "tz", "gx", "gy", "gz"):
            self._wall(name[1], values)
        if name in ("lateral", "vertical", "s_lateral", "s_vertical", "c_lateral", "c_vertical", "mobility"):
            values[values < 0.2] = 0.0  # impermeable, insensitive
        if name.endswith("_closed"):
            values[0] = self.made[name.removesuffix("_closed")][0]  # no channel
        if name == "permeability":
            values[-1] = np.inf
        if name == "openness" and self.kernel != "open_channel":
            values[1], values[2] = 0.0, 0.4
        if name == "resistance":
            values[self.rng.random(values.shape) < 0.1] = np.inf
        if name == "potential" and self.kernel == "drift_faces":
            values *= 10.0 ** self.rng.integers(-4, 4, values.shape)  # from nearly no drift to nothing else
        return values

    def _slots(self, name, values):
        if name == "order":
            values[ORDER["STIRRED_TOP"]], values[ORDER["STIRRED_BASE"]] = 1, 0
            values[ORDER["KAPPA"]] = 1e-3
        else:
            values[REPORT["GOING"]], values[REPORT["COUNT"]], values[REPORT["FAILED"]] = 1, 2, 0
            values[REPORT["TOLERANCE"]] = 0.1 * values[REPORT["NORM"]]

    def _shape(self, name):
        shape = SHAPES_HERE.get(self.kernel, {}).get(name, SHAPES.get(name, ("nz", "ny", "nx")))
        return tuple(getattr(self, length) if isinstance(length, str) else length for length in shape)

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


def upload(backend, kernel, arguments):
    """The arguments with arrays on the backend: copies, and the scratch that it wants."""
    made = [backend.array(value, value.dtype) if isinstance(value, np.ndarray) else value for value in arguments]
    names = [parameter.name for parameter in KERNELS[kernel]]
    if "scratch" in names:
        size = (arguments[names.index(name)] for name in ("nx", "ny", "nz"))
        made[names.index("scratch")] = backend.scratch(*size)
    return made


def run(backend, kernel, arguments):
    """Launch a kernel on copies and return all its arguments, the arrays on the host."""
    made = upload(backend, kernel, arguments)
    getattr(backend.kernel, kernel)(*made)
    return [backend.host(one) if isinstance(given, np.ndarray) else one
            for one, given in zip(made, arguments, strict=True)]  # fmt: skip


def assert_equal_to_round_off(kernel, parameter, got, wanted, real):
    """Equal up to some units in the last place of the largest value."""
    rounded = (kernel, parameter) in ROUNDED_SUMS
    eps = np.finfo(real if rounded or got.dtype.kind != "f" else got.dtype).eps
    largest = np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0) if got.dtype.kind == "f" else 0.0
    np.testing.assert_allclose(
        got, wanted, rtol=100 * eps, atol=100 * eps * largest, err_msg=f"kernel {kernel}: {parameter}"
    )


def assert_backends_agree(kernel, backend, reference, size, periodic):
    """One kernel does on a backend what it does on another, and changes nothing that it promises to leave alone."""
    seed = zlib.crc32(f"{kernel}{size}".encode())
    arguments = Arguments(kernel, size, backend.real, periodic, seed).make()
    results = run(backend, kernel, arguments), run(reference, kernel, arguments)
    for parameter, given, got, wanted in zip(KERNELS[kernel], arguments, *results, strict=True):
        if not parameter.pointer or parameter.name == "scratch":
            continue
        assert_equal_to_round_off(kernel, parameter.name, got, wanted, backend.real)
        if parameter.name in constants()[kernel]:
            np.testing.assert_array_equal(got, given, err_msg=f"{kernel} changes {parameter.name}")
