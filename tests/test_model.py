"""Fields, reactions, models and problems: what is checked when they are declared, message by message."""

import pickle
import re
from math import inf, nan

import numpy as np
import pytest

from mnrd.mesh.paint import paint
from mnrd.mesh.rectilinear import Mesh
from mnrd.model.field import Field, Membrane, Reservoir, Taxis
from mnrd.model.kinetics import kinetics
from mnrd.model.model import Model
from mnrd.model.problem import Event, Problem
from mnrd.model.reaction import Closing, Exchange, Reaction, Transfer

U, V, W = Field("u"), Field("v"), Field("w")


def model(*reactions, fields=(U, V, W), **parameters):
    return Model(fields, reactions, parameters)


def defined(**definitions):
    return Model((U, V, W), parameters={"k": 1.0}, definitions=definitions)


def bind(name="bind", free="u", bound="w", forward="1", backward="1"):
    return Exchange(name, free, bound, forward, backward)


DECLARED_WRONG = [
    (lambda: Field("2u"), "fields: the name '2u' is not an identifier (letters, digits and _)"),
    (lambda: Field("ü"), "fields: the name 'ü' is not an identifier (letters, digits and _)"),
    (
        lambda: Field("t"),
        "fields: the name 't' is taken "
        "(taken are Abs, Heaviside, Max, Min, cos, exp, log, pi, sin, sqrt, t, tanh, x, y, z)",
    ),
    (lambda: Field("u", diffusivity=-1.0), "fields.u.diffusivity: got -1, must be >= 0 and finite"),
    (lambda: Field("u", diffusivity="5 um**2/s"), "fields.u.diffusivity: got '5 um**2/s', must be a number"),
    (lambda: Field("u", diffusivity={"a": "5"}), "fields.u.diffusivity['a']: got '5', must be a number"),
    (lambda: Field("u", diffusivity={}), "fields.u.diffusivity: got no material"),
    (
        lambda: Field("u", diffusivity={"a": 1.0, "b": -2.0}),
        "fields.u.diffusivity['b']: got -2, must be >= 0 and finite",
    ),
    (
        lambda: Field("u", diffusivity={"a": np.ones((2, 2))}),
        "fields.u.diffusivity['a']: got an array of shape (2, 2), must be a number or (nz)",
    ),
    (
        lambda: Field("u", diffusivity=np.ones(3)),
        "fields.u.diffusivity: got an array of shape (3,), must be a number or (nz, ny, nx)",
    ),
    (
        lambda: Field("u", diffusivity=-np.ones((1, 1, 1))),
        "fields.u.diffusivity, smallest value: got -1, must be >= 0 and finite",
    ),
    (
        lambda: Field("u", initial=np.full((1, 1, 1), inf)),
        "fields.u.initial, smallest value: got inf, must be >= 0 and finite",
    ),
    (lambda: Field("u", partition=0), "fields.u.partition: got 0, must be > 0 and finite"),
    (lambda: Field("u", partition={"a": 0.0}), "fields.u.partition['a']: got 0, must be > 0 and finite"),
    (lambda: Field("u", initial=-1), "fields.u.initial: got -1, must be >= 0 and finite"),
    (lambda: Field("u", initial=True), "fields.u.initial: got True, must be a number"),
    (lambda: Field("u", floor=nan), "fields.u.floor: got nan, must be >= 0 and finite"),
    (
        lambda: Field("u", initial="q*z"),
        "fields.u.initial: unknown symbol 'q' in 'q*z' (known: x, y, z)",
    ),
    (lambda: Field("u", top=Reservoir()), "fields.u.top: the field is immobile, give it a diffusivity"),
    (
        lambda: Field("u", lateral_diffusivity=1.0),
        "fields.u.lateral_diffusivity: the field is immobile, give it a diffusivity",
    ),
    (
        lambda: Field("u", membranes=(Membrane(1.0, 1.0),)),
        "fields.u.membranes: the field is immobile, give it a diffusivity",
    ),
    (lambda: Field("u", taxis=Taxis(1.0, "v")), "fields.u.taxis: the field is immobile, give it a diffusivity"),
    (lambda: Field("u", mobility="v"), "fields.u.mobility: the field is immobile, give it a diffusivity"),
    (
        lambda: Field("u", diffusivity=1.0, taxis=Taxis(1.0, "v"), base=Reservoir()),
        "fields.u.base: is not possible for a field with taxis or mobility",
    ),
    (
        lambda: Field("u", diffusivity=1.0, mobility="v", top=Reservoir()),
        "fields.u.top: is not possible for a field with taxis or mobility",
    ),
    (
        lambda: Field("u", diffusivity=1.0, mobility="v", membranes=(Membrane(1.0, 1.0),)),
        "fields.u.membranes: is not possible for a field with taxis or mobility",
    ),
    (lambda: Taxis(-1.0, "v"), "taxis.sensitivity: got -1, must be >= 0 and finite"),
    (lambda: Taxis({"a": -1.0}, "v"), "taxis.sensitivity['a']: got -1, must be >= 0 and finite"),
    (lambda: Taxis("3", "v"), "taxis.sensitivity: got '3', must be a number"),
    (lambda: Reservoir(activity=-1), "reservoir.activity: got -1, must be >= 0 and finite"),
    (lambda: Reservoir(capacity=0), "reservoir.capacity: got 0, must be > 0"),
    (lambda: Reservoir(transfer=0), "reservoir.transfer: got 0, must be > 0"),
    (lambda: Reservoir(loss=inf), "reservoir.loss: got inf, must be >= 0 and finite"),
    (lambda: Reservoir(2.0, saturation=1.0), "reservoir.activity: got 2, saturation is 1"),
    (lambda: Reservoir(1.0, amount=1.0), "reservoir.amount: the capacity is infinite, give a finite one"),
    (
        lambda: Reservoir(2.0, 10.0, amount=19.0),
        "reservoir.amount: got 19, must be >= capacity x activity = 20",
    ),
    (
        lambda: Reservoir(2.0, 10.0, amount=21.0),
        "reservoir.amount: more than capacity x activity is a suspension, give a saturation",
    ),
    (
        lambda: Reservoir(1.0, drying=(0.1, 2.0)),
        "reservoir.drying[1]: got 2 um, the capacity must be finite and not below it, got inf um",
    ),
    (
        lambda: Reservoir(1.0, 1.0, drying=(0.1, 2.0)),
        "reservoir.drying[1]: got 2 um, the capacity must be finite and not below it, got 1 um",
    ),
    (
        lambda: Reservoir(area=np.full((2, 2), 1.5)),
        "reservoir.area: covered fractions must be between 0 and 1",
    ),
    (lambda: Membrane(-1.0, 1.0), "membrane.depth: got -1, must be >= 0 and finite"),
    (lambda: Membrane(1.0, 0.0), "membrane.permeability: got 0, must be > 0"),
    (lambda: Membrane(1.0, {"a": 0.0}), "membrane.permeability['a']: got 0, must be > 0"),
    (lambda: Reaction("", {"u": "1"}), "reactions: the name '' is empty, give one"),
    (lambda: Reaction("r", {}), "reactions.r.rates: got none, must name at least one field"),
    (
        lambda: Transfer("r", "u", "1", {"v": -1.0}),
        "reactions.r.products.v: got -1, must be >= 0 and finite",
    ),
    (lambda: Transfer("r", "u", "1", {"u": 1}), "reactions.r.products: 'u' is the source itself"),
    (lambda: bind(bound="u"), "reactions.bind: free and bound are both 'u', must differ"),
    (lambda: Closing("channel", max, until=0.0), "closings.channel.until: got 0, must be > 0"),
    (
        lambda: Closing("channel", 0.5),
        "closings.channel.openness: must be a function of the time in s, or the name of a field",
    ),
    (lambda: model(fields=()), "fields: got none, must be at least one"),
    (lambda: model(fields=(U, U)), "fields: the name 'u' is used twice, names must differ"),
    (
        lambda: model(Reaction("a", {"u": "1"}), Transfer("a", "u", "1")),
        "reactions: the name 'a' is used twice, names must differ",
    ),
    (lambda: model(u=1.0), "parameters.u: 'u' is a field, names must differ"),
    (lambda: model(pi=3.0), "parameters: the name 'pi' is taken (taken are Abs, Heaviside, Max, Min, cos, "),
    (lambda: model(k=-1.0), "parameters.k: got -1, must be >= 0 and finite"),
    (lambda: model(k="1 + u"), "parameters.k: unknown symbol 'u' in '1 + u' (known: t)"),
    (
        lambda: model(Reaction("growth", {"u1": "1"})),
        "reactions.growth: unknown field 'u1' (known: u, v, w; nearest: 'u')",
    ),
    (
        lambda: model(Reaction("growth", {"u": "r*u*v2"}), r=1.0),
        "reactions.growth.u: unknown symbol 'v2' in 'r*u*v2' (known: u, v, w, r, t; nearest: 'v')",
    ),
    (
        lambda: model(Transfer("fade", "u", "k")),
        "reactions.fade.rate: unknown symbol 'k' in 'k' (known: u, v, w, t)",
    ),
    (
        lambda: model(bind(backward="u..v")),
        "reactions.bind.backward: syntax error at character 3 in 'u..v'",
    ),
    (
        lambda: model(Transfer("make", "v", "1", {"u": 1.0})),
        "reactions.make: source 'v' is declared after product 'u', declare the fields in the order v, u",
    ),
    (
        lambda: model(bind(free="w", bound="u")),
        "reactions.bind: free 'w' is declared after bound 'u', declare the fields in the order w, u",
    ),
    (
        lambda: model(bind(), fields=(U, Field("w", diffusivity=1.0))),
        "reactions.bind.bound: 'w' must be immobile (no diffusivity)",
    ),
    (
        lambda: model(bind(), bind("again", free="v")),
        "reactions.again.bound: 'w' is bound in two exchanges",
    ),
    (
        lambda: model(bind(bound="v"), bind("again", free="v")),
        "reactions.again.free: 'v' is bound in another exchange",
    ),
    (
        lambda: model(bind(free="v"), Transfer("make", "v", "1", {"w": 1.0})),
        "reactions.make.products: 'w' is in exchange with 'v', so source 'v' must be declared before 'v'",
    ),
    (
        lambda: model(fields=(U, Field("c", diffusivity=1.0, taxis=Taxis(1.0, "log(1 + w)")))),
        "fields.c.taxis.potential: unknown symbol 'w' in 'log(1 + w)' (known: u, c, t)",
    ),
    (
        lambda: model(fields=(U, Field("c", diffusivity=1.0, taxis=Taxis(1.0, "log(u - 1)")))),
        "fields.c.taxis.potential: 'log(u - 1)' is not real where 'u - 1' is negative, bound it with Max(..., 0)",
    ),
    (
        lambda: model(fields=(U, Field("c", diffusivity=1.0, mobility="u/(k + u)"))),
        "fields.c.mobility: unknown symbol 'k' in 'u/(k + u)' (known: u, c, t)",
    ),
    (
        lambda: model(fields=(U, Field("c", diffusivity=1.0, mobility="1 - u"))),
        "fields.c.mobility: cannot see that '1 - u' is >= 0, bound it with Max(..., 0)",
    ),
    (
        lambda: defined(a="q + 1"),
        "definitions.a: unknown symbol 'q' in 'q + 1' (known: u, v, w, k, t)",
    ),
    (
        lambda: defined(a="b", b="u"),
        "definitions.a: unknown symbol 'b' in 'b' (known: u, v, w, k, t",
    ),
    (lambda: defined(a="u", b="a*b"), "definitions.b: unknown symbol 'b' in 'a*b' (known: u, v, w, k, t, a"),
    (lambda: defined(u="v"), "definitions.u: 'u' is a field or a parameter, names must differ"),
    (lambda: defined(k="v"), "definitions.k: 'k' is a field or a parameter, names must differ"),
    (lambda: defined(t="v"), "definitions: the name 't' is taken (taken are "),
    (lambda: defined(**{"2a": "v"}), "definitions: the name '2a' is not an identifier (letters, digits and _)"),
    (lambda: defined(a="u +"), "definitions.a: syntax error"),
    (
        lambda: defined(a="sqrt(u - v)"),
        "definitions.a: 'sqrt(u - v)' is not real where 'u - v' is negative, bound it with Max(..., 0)",
    ),
    (
        lambda: Model((U,), closings=(Closing("channel", "uu"),)),
        "unknown field 'uu' (known: u; nearest: 'u')",
    ),
    (lambda: Event(-1.0, "patch off", max), "events.patch off.time: got -1, must be >= 0 and finite"),
    (
        lambda: Event(1.0, "patch off", None),
        "events.patch off.change: must be a function from problem to problem",
    ),
]


@pytest.mark.parametrize(("declare", "message"), DECLARED_WRONG, ids=[text[:40] for _, text in DECLARED_WRONG])
def test_refused(declare, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        declare()
    assert "\n" not in str(caught.value)


def test_a_model_knows_its_names():
    made = model(Reaction("growth", {"u": "r*t"}), r=1)
    assert made.names == ("u", "v", "w")
    assert list(made.symbols) == ["u", "v", "w", "r", "t"]
    assert made.index("v") == 1
    assert made.parameters == {"r": 1.0}
    with pytest.raises(ValueError, match=r"^unknown field 'uu' \(known: u, v, w; nearest: 'u'\)$"):
        made.index("uu")


def test_definitions_are_abbreviations_of_what_is_before_them():
    made = Model((U, V), parameters={"k": 1.0}, definitions={"h": "u/(k + u)", "g": "h*v + t"})
    assert list(made.symbols) == ["u", "v", "k", "t", "h", "g"]
    u, v, k, t = (made.atoms[name] for name in "uvkt")
    assert made.symbols["g"] == u / (k + u) * v + t
    reaction = Reaction("r", {"u": "g", "v": "1 - h*v"})
    plain = Reaction("r", {"u": "u/(k + u)*v + t", "v": "1 - u/(k + u)*v"})
    given = {"parameters": {"k": 1.0}}
    short = kinetics(Model((U, V), (reaction,), definitions={"h": "u/(k + u)", "g": "h*v + t"}, **given))
    assert short == kinetics(Model((U, V), (plain,), **given))


def test_a_model_can_be_pickled():
    made = Model((U, Field("c", diffusivity=1.0, taxis=Taxis(2.0, "h"))), definitions={"h": "log(1 + u)"})
    assert made.symbols["h"] is not None
    copy = pickle.loads(pickle.dumps(made))
    assert kinetics(copy) == kinetics(made)


def test_values_are_kept_as_floats_and_arrays():
    field = Field("u", initial=np.int64(2), diffusivity={"a": 1, "b": np.array([1, 2])}, membranes=[])
    assert field.mobile
    assert not U.mobile
    assert field.initial == 2.0
    assert field.diffusivity["b"].dtype == np.float64
    assert field.membranes == ()


@pytest.fixture
def mesh():
    return Mesh(np.linspace(0.0, 20.0, 5), np.linspace(0.0, 30.0, 4), np.array([0.0, 1.0, 3.0]))


@pytest.fixture
def painting(mesh):
    return paint(mesh, [("stratum corneum", 0.0), ("dermis", 1.0)])


FITTING = {
    "stratum corneum": 1.0,
    "dermis": np.array([1.0, 2.0]),
}


def test_a_problem_that_fits(mesh, painting):
    field = Field(
        "u",
        initial="z",
        diffusivity=FITTING,
        partition=np.ones((2, 3, 4)),
        top=Reservoir(1.0, area=np.ones((3, 4))),
        membranes=(Membrane(1.0, {"stratum corneum": inf, "dermis": 1.0}),),
    )
    closings = (Closing("dermis", lambda time: 1.0),)
    made = Problem(mesh, painting, Model((field,), parameters={"k": FITTING, "q": "t"}, closings=closings))
    assert made.model.fields[0] is field


def field(**keys):
    return Field("u", **{"diffusivity": 1.0, **keys})


NOT_FITTING = [
    (field(initial=np.ones((2, 3, 5))), "fields.u.initial: got shape (2, 3, 5), must be (2, 3, 4) (nz, ny, nx)"),
    (
        field(diffusivity={"stratum corneum": np.ones(3), "dermis": 1.0}),
        "fields.u.diffusivity['stratum corneum']: got shape (3,), must be (2,) (nz)",
    ),
    (
        field(diffusivity={"stratum cornuem": 1.0, "dermis": 1.0}),
        "fields.u.diffusivity: unknown material 'stratum cornuem' "
        "(known: stratum corneum, dermis; nearest: 'stratum corneum')",
    ),
    (
        field(partition={"dermis": 1.0}),
        "fields.u.partition: no value for material 'stratum corneum' (given: dermis)",
    ),
    (
        field(base=Reservoir(area=np.ones((4, 3)))),
        "fields.u.base.area: got shape (4, 3), must be (3, 4) (ny, nx)",
    ),
    (field(membranes=(Membrane(4.0, 1.0),)), "fields.u.membranes[0].depth: got 4 um, the mesh ends at 3 um"),
    (
        field(membranes=(Membrane(1.0, {"dermis": 1.0}),)),
        "fields.u.membranes[0].permeability: no value for material 'stratum corneum' (given: dermis)",
    ),
]


@pytest.mark.parametrize(("one", "message"), NOT_FITTING, ids=[text[:40] for _, text in NOT_FITTING])
def test_a_field_that_does_not_fit(mesh, painting, one, message):
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        Problem(mesh, painting, Model((one,)))


def test_other_parts_that_do_not_fit(mesh, painting):
    crowd = field(taxis=Taxis({"dermis": 1.0}, "u"))
    with pytest.raises(ValueError, match=r"^fields\.u\.taxis\.sensitivity: no value for material 'stratum corneum'"):
        Problem(mesh, painting, Model((crowd,)))
    with pytest.raises(ValueError, match=r"^parameters\.k: no value for material 'stratum corneum'"):
        Problem(mesh, painting, Model((U,), parameters={"k": {"dermis": 1.0}}))
    with pytest.raises(ValueError, match=r"^closings: unknown material 'chanel'"):
        Problem(mesh, painting, Model((U,), closings=(Closing("chanel", lambda time: 1.0),)))
    other = Mesh(mesh.x, mesh.y, np.array([0.0, 3.0]))
    message = r"^painting: got shape \(2, 3, 4\), the mesh has \(1, 3, 4\) \(nz, ny, nx\)$"
    with pytest.raises(ValueError, match=message):
        Problem(other, painting, Model((U,)))
