"""Large problems: nothing is counted in 32 bits, set-up takes little more than it makes, and the large cases fit."""

import mmap
import re
import tracemalloc
from math import pi

import numpy as np
import pytest
from cases import LARGE, built, is_large

from mnrd.backends import choose
from mnrd.backends.base import BackendUnavailable, parse_kernels
from mnrd.case import load
from mnrd.cli import memory
from mnrd.cli.healing import Healing
from mnrd.mesh.grading import uniform
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.codegen import kernel_source as generated
from mnrd.model.field import Field
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.output.regions import healing_regions, ring_regions
from mnrd.output.schedule import EverySteps
from mnrd.resources import folder
from mnrd.simulation import Simulation
from mnrd.skin.healing import distance
from mnrd.skin.healing.cellmeans import Cut, cell_means
from mnrd.skin.healing.distance import FAR, distance_from_needles
from mnrd.skin.healing.punctures import Puncture, sites
from mnrd.skin.healing.strain import Stretch
from mnrd.skin.layers import Skin

BEYOND = 2**31  # what an int does not hold
DEVICE = 141e9  # bytes of the device that the large cases are for
FACTOR = r"(?:\(index_t\)\s*)?(?:\w+|\(\w+\))"
CHAIN = re.compile(rf"(?<![\w*)])(?<![*/] ){FACTOR}(?:\s*\*\s*{FACTOR})+")
INTS = re.compile(r"\bint\s+(\w+)")


# --- 64 bits --------------------------------------------------------------------------------------------------------


def narrow_products(text):
    """Products of ints in kernel text without a factor of 64 bits among the first two."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    ints, wide = set(INTS.findall(text)) | {"nx", "ny", "nz"}, set(re.findall(r"\bindex_t\s+(\w+)", text))
    found = []
    for chain in CHAIN.findall(text):
        first = [factor.strip(" ()") for factor in chain.split("*")[:2]]
        if all(factor in ints and factor not in wide for factor in first):
            found.append(chain)
    return found


def test_a_narrow_product_is_found():
    assert narrow_products("KERNEL f(int nx, int ny, real *a) { a[nx * ny] = 0; }") == ["nx * ny"]
    assert narrow_products("if((nx) * (ny) > 256)") == ["(nx) * (ny)"]
    assert not narrow_products("KERNEL f(int nx, int ny, real *a) { a[(index_t)nx * ny] = 0; }")


@pytest.mark.parametrize("file", sorted(path.name for path in folder("kernels").glob("*.cu*")))
def test_kernels_multiply_sizes_in_64_bits(file):
    assert narrow_products((folder("kernels") / file).read_text("utf-8")) == []


def test_generated_kernels_index_in_64_bits():
    problem, _ = load("healing-roller-15mm").problem(cells=1000)
    text = generated(kinetics(problem.model))
    assert narrow_products(text) == []
    kernels = parse_kernels(text)
    assert kernels
    for parameters in kernels.values():
        assert all(one.type == "index_t" for one in parameters if one.name == "cells")
    assert len(re.findall(r"\[\d+ \* cells", text)) > 100, "fields are far apart: their index is of the type of cells"


def test_kernels_count_cells_in_64_bits():
    text = "".join(path.read_text("utf-8") for path in folder("kernels").glob("*.cu"))
    counted = [one for parameters in parse_kernels(text).values() for one in parameters if one.name == "cells"]
    assert counted
    assert all(one.type == "index_t" for one in counted)


def untouched(numbers):
    """Zeros that take no memory until they are written to."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    try:
        space = mmap.mmap(-1, 8 * numbers, flags=flags)
    except (OSError, ValueError) as error:
        pytest.skip(f"no address space of {8e-9 * numbers:.0f} GB here: {error}")
    if hasattr(mmap, "MADV_HUGEPAGE"):
        space.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(space, np.float64, numbers)


def test_a_kernel_reaches_cells_beyond_two_to_the_31():
    try:
        backend = choose("native", "double")
    except BackendUnavailable as error:
        pytest.skip(str(error))
    nx, ny, nz = 4096, 4096, 129
    cells = nx * ny * nz
    assert cells > BEYOND
    values, partial = untouched(cells), np.full((nz, ny), np.nan)
    places = [0, BEYOND - 1, BEYOND, cells - 1]
    values[places] = [1.0, 2.0, 3.0, 4.0]
    backend.kernel.weighted_sum(nx, ny, nz, 1, values, values, partial)
    assert list(partial.ravel()[[place // nx for place in places]]) == [1.0, 4.0, 9.0, 16.0]
    assert partial.sum() == 30.0


def test_vtk_counts_in_64_bits():
    from vtkmodules.vtkCommonCore import vtkIdTypeArray

    assert vtkIdTypeArray().GetDataTypeSize() == 8


# --- set-up ---------------------------------------------------------------------------------------------------------

SKIN = Skin.model_validate(
    {
        "layers": [
            {"name": "stratum corneum", "thickness": 15.0, "cells": 2},
            {"name": "viable epidermis", "thickness": 85.0, "cells": 3},
            {"name": "dermis", "thickness": 900.0, "cells": 5},
        ]
    }
)
SIDE = {"array.size": ["3 mm", "3 mm"], "array.count": 12, "mesh.smallest": "12 um", "mesh.largest": "12 um"}


def peak_per_cell(make, cells):
    """Bytes per cell that are taken on the way to a result, and that are held at its end."""
    tracemalloc.start()
    try:
        kept = make()
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    del kept
    return peak / cells, held / cells


def test_painting_takes_little_more_than_the_fractions():
    scene = load("full-patch", SIDE).scenario().scene()
    cells, materials = scene.mesh.cells, len(scene.materials)
    assert cells > 4 * LARGE
    peak, held = peak_per_cell(lambda: scene.painting(needles=False), cells)
    assert held < materials + 0.1
    assert peak < materials + 10.0
    painting = scene.painting(needles=False)
    peak, _ = peak_per_cell(lambda: painting.mix(dict.fromkeys(painting.materials, 2.0)), cells)
    assert peak < 8.0 + 0.5


def test_flat_layers_are_mixed_once_per_plane():
    mesh = Mesh(uniform(300.0, 300), uniform(300.0, 300), uniform(100.0, 10))
    painting = paint(mesh, [("above", 0.0), ("below", 45.0)])
    peak, _ = peak_per_cell(lambda: painting.mix({"above": 1.0, "below": 3.0}), mesh.cells)
    assert peak < 1.0
    mixed = painting.mix({"above": 1.0, "below": 3.0})
    assert mixed.shape == mesh.shape
    assert mixed[4, 7, 9] == pytest.approx(2.0, abs=0.01)
    assert list(mixed[[0, 3, 5, 9], 0, 0]) == [1.0, 1.0, 3.0, 3.0]
    other = paint(mesh, [("above", 0.0), ("below", lambda x, y: 45.0 + 0.1 * x)])
    mixed = other.mix({"above": 1.0, "below": 3.0})
    assert mixed[5, 0, 0] == 3.0
    assert mixed[5, 0, -1] == 1.0


def test_regions_of_healing_take_little_more_than_what_they_keep():
    mesh = Mesh(uniform(300.0, 300), uniform(300.0, 300), uniform(100.0, 10))
    top = (np.arange(10) < 5)[:, None, None]
    layers = {
        "stratum corneum": np.broadcast_to(top * 0.25, mesh.shape),
        "viable epidermis": np.broadcast_to(top * 0.75, mesh.shape),
        "papillary dermis": np.broadcast_to(~top * 1.0, mesh.shape),
    }
    hole = np.zeros(mesh.shape)
    hole[:7, 10, 10] = 0.5
    peak, held = peak_per_cell(lambda: healing_regions(mesh, layers, hole), mesh.cells)
    assert peak - held < 40.0
    away = np.broadcast_to(np.hypot(mesh.xc, mesh.yc[:, None]), mesh.shape)
    peak, held = peak_per_cell(lambda: ring_regions(mesh, layers, away), mesh.cells)
    assert peak - held < 40.0


def test_distance_looks_at_cells_near_a_needle_only(monkeypatch):
    mesh = Mesh(uniform(8000.0, 80), uniform(6000.0, 60), uniform(1000.0, 10))
    puncture = Puncture(100.0, 50.0, 400.0, tilt=20.0, azimuth=70.0)
    places = [(900.0, 900.0), (4000.0, 3000.0), (4300.0, 3300.0), (7200.0, 5000.0)]
    counted = []

    class Counting(Cut):
        def apart(self, x, y, z):
            counted.append(np.broadcast(x, y, z).size)
            return super().apart(x, y, z)

    monkeypatch.setattr(distance, "Cut", Counting)
    found = distance_from_needles(mesh, puncture, places)
    side = 2.0 * (FAR + puncture.depth) / 100.0 + 1.0  # the lean is less than the depth
    assert max(counted) <= side**2 * 10
    assert sum(counted) < 0.5 * len(places) * mesh.cells
    monkeypatch.undo()
    cut = Cut(50.0, 400.0, 1.0, Stretch(0.0, 1.0, 1.0), tilt=20.0, azimuth=70.0)
    z = mesh.zc[:, None, None]
    every = [
        np.hypot(*cut.apart(right * (mesh.xc - x), back * (mesh.yc - y)[:, None], z))
        for x, y, right, back in sites(mesh, places, FAR + cut.lean).places
    ]
    nearest = np.min(every, axis=0)
    np.testing.assert_array_equal(found, np.where(nearest <= FAR, nearest, np.inf))


def test_cell_means_are_the_same_in_tiles_of_any_size(monkeypatch):
    mesh = Mesh(uniform(4000.0, 80), uniform(3000.0, 60), np.array([0.0, 100.0, 300.0, 500.0, 700.0]))
    cut = Cut(50.0, 400.0, 35.0, Stretch(125.0, 0.1, 0.8))
    every = sites(mesh, [(500.0, 700.0), (2100.0, 1500.0), (2300.0, 1450.0), (3900.0, 2500.0)], cut.reach)
    monkeypatch.setattr("mnrd.skin.healing.cellmeans.TILE", 1e9)
    whole = cell_means(mesh, cut, every, 0.0)
    monkeypatch.setattr("mnrd.skin.healing.cellmeans.TILE", 1.0)
    tiled = cell_means(mesh, cut, every, 0.0)
    for one, other in zip(whole, tiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-6)  # what is left of the damage at its end


# --- the large cases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "fields"), [("full-patch", 1), ("full-patch-healing", 19)])
def test_a_large_case_is_one_square_centimetre_and_fits_a_device(name, fields):
    assert is_large(name)
    case = load(name)
    mesh, cell = case.full_mesh(), case.scenario().scene().cell
    assert mesh.footprint == pytest.approx(1.44e8), "1 cm2 of needles and 1 mm of skin around it"
    positions = np.array(cell.positions)
    assert len(positions) == 200
    assert positions.min() >= 1000.0
    assert positions.max() <= 11000.0
    assert mesh.z[-1] >= 1500.0
    size = memory.size_of(case, np.dtype(np.float32))
    assert size.fields == fields
    assert size.cells > 5e7
    assert memory.need(size, device=True).device < DEVICE


def test_a_coarse_copy_of_the_patch_holds_all_channels():
    problem, _ = built("full-patch")
    assert problem.mesh.cells <= 100_000
    volume = float((problem.painting.fraction("channel") * problem.mesh.volume).sum())
    assert volume == pytest.approx(200 * pi * 35.5**2 * 100.0 / 3.0, rel=0.15)


def test_healing_of_the_patch_is_set_up_on_a_coarse_copy():
    small = {"array.size": ["3 mm", "3 mm"], "array.count": 4, "mesh.smallest": "100 um", "mesh.largest": "100 um"}
    case = load("full-patch-healing", small)
    problem, events = case.problem()
    assert [event.name for event in events] == ["session 1"]
    courses = Healing(case).courses(problem)
    assert courses.schedule == EverySteps(1)
    before = {field.name: problem.painting.mix(field.initial) for field in problem.model.fields}
    after = events[0].jumped(events[0].change(problem), dict(before))
    hole = (after["K"] < before["K"]).any(axis=0).sum()
    assert hole >= 4, "every puncture leaves a hole"
    assert "treated dermis" in courses._regions.names


def test_a_row_of_any_length_is_solved():
    """Kernels of the host keep rows: this one would not fit on the stack of a thread."""
    try:
        backend = choose("native")
    except BackendUnavailable as error:
        pytest.skip(str(error))
    cells = 600_000
    mesh = Mesh(np.arange(cells + 1.0), np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    field = Field("c", initial="exp(-((x - 100)/20)**2)", diffusivity=1000.0)
    run = Simulation(Problem(mesh, paint(mesh, [("gel", 0.0)]), Model((field,))), backend=backend, dt=1.0, kappa=1e-3)
    run.run(1.0)
    assert run.iterations > 0
    assert run.concentration("c").max() < 0.5
    assert run.ledger("c").relative_error < 1e-12
