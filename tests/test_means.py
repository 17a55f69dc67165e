"""Means over regions: taken by every backend where the fields are, of fields and of expressions of them."""

import numpy as np
import pytest
import standin
from standin import cupy

from mnrd.backends import choose
from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.expression import ExpressionError
from mnrd.model.field import Field
from mnrd.model.model import Model
from mnrd.model.problem import Problem
from mnrd.model.reaction import Reaction
from mnrd.model.sight import sight
from mnrd.simulation import Simulation

MESH = Mesh(10.0 * np.arange(6.0), 10.0 * np.arange(5.0), np.array([0.0, 5.0, 20.0, 60.0]))
MODEL = Model(
    (Field("a", initial=2.0), Field("b", initial="x*z")),
    (Reaction("growth", {"b": "late*a + share*b"}),),
    parameters={"share": {"upper": 0.5, "lower": 2.0}, "late": "2*t", "k": 3.0, "other": {"upper": 1.0, "lower": 7.0}},
    definitions={"both": "a + share*b"},
)
PROBLEM = Problem(MESH, paint(MESH, [("upper", 0.0), ("lower", 20.0)]), MODEL)
TEXTS = {"product": "a*b", "defined": "k*both", "late product": "late*b"}
CORNER = (np.array([0, 1, 21]), np.array([0.5, 0.25, 0.25]))
WEIGHTS = {"all": (np.arange(MESH.cells), MESH.volume.ravel() / MESH.volume.sum()), "corner": CORNER}


def taken(backend, texts=TEXTS, problem=PROBLEM):
    simulation = Simulation(problem, backend=backend)
    means = simulation.means(WEIGHTS, texts, "table")
    means.use(simulation.coefficients)
    return simulation, means


@pytest.fixture(params=["numpy", "native", "stand-in"])
def backend(request):
    return standin.backend(threads=64) if request.param == "stand-in" else choose(request.param, "double")


def test_are_those_of_the_arrays(backend):
    simulation, means = taken(backend)
    found = means.of(simulation.state.now, 1.5)
    a, b = simulation.concentration("a"), simulation.concentration("b")
    share = np.array([0.5, 0.5, 2.0])[:, None, None]
    arrays = {"a": a, "b": b, "product": a * b, "defined": 3.0 * (a + share * b), "late product": 3.0 * b}
    assert set(found) == {(name, region) for name in arrays for region in WEIGHTS}
    for (name, region), value in found.items():
        cells, weights = WEIGHTS[region]
        assert value == pytest.approx(arrays[name].ravel()[cells] @ weights, rel=1e-13)


def test_parameters_that_no_reaction_uses_are_kept_besides(backend):
    simulation, means = taken(backend, {"other a": "other*a"})
    found = means.of(simulation.state.now, 0.0)
    assert found["other a", "all"] == pytest.approx(2.0 * (20.0 * 1.0 + 40.0 * 7.0) / 60.0)
    assert found["other a", "corner"] == pytest.approx(2.0)


def test_of_fields_alone(backend):
    simulation, means = taken(backend, {})
    assert set(means.of(simulation.state.now, 0.0)) == {(name, region) for name in "ab" for region in WEIGHTS}


def test_only_numbers_come_to_the_host():
    simulation, means = taken(standin.backend(threads=64))
    cupy.reset()
    means.of(simulation.state.now, 0.0)
    assert (cupy.counts.uploads, cupy.counts.downloads, cupy.counts.allocations) == (1, 1, 0)
    assert means._sums.size == 5 * 2


def test_what_cannot_be_read_is_named():
    with pytest.raises(ExpressionError, match=r"^table\.sum: unknown symbol 'c' in 'a \+ c' \(known: a, b, "):
        sight(MODEL, {"sum": "a + c"}, (), "table")
