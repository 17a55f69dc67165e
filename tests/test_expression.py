"""Expressions: what is read, what is refused and with which words."""

import math

import numpy as np
import pytest

from mnrd.mesh.rectilinear import Mesh
from mnrd.model.evaluation import evaluate
from mnrd.model.expression import ExpressionError, of_time, on_cells, parse, symbol

KNOWN = {name: symbol(name) for name in ("u", "v", "r", "Km")}

REFUSED = [
    ("r*u*v2", "unknown symbol 'v2' in 'r*u*v2' (known: u, v, r, Km; nearest: 'v')"),
    ("km*u", "unknown symbol 'km' in 'km*u' (known: u, v, r, Km; nearest: 'Km')"),
    ("zzz", "unknown symbol 'zzz' in 'zzz' (known: u, v, r, Km)"),
    (
        "expo(u)",
        "unknown function 'expo' in 'expo(u)' "
        "(known: exp, log, sqrt, tanh, sin, cos, Abs, Min, Max, Heaviside; nearest: 'exp')",
    ),
    ("u.real", "attribute access is not allowed in 'u.real'"),
    ("().__class__", "attribute access is not allowed in '().__class__'"),
    ("u.__init__()", "Call is not allowed in 'u.__init__()'"),
    ("u[0]", "a subscript is not allowed in 'u[0]'"),
    ("lambda: 1", "a lambda is not allowed in 'lambda: 1'"),
    ("'u'", "'u' is not a real number in ''u''"),
    ("f'{u}'", "a string is not allowed in 'f'{u}''"),
    ("True", "True is not a real number in 'True'"),
    ("2j*u", "2j is not a real number in '2j*u'"),
    ("u < v", "a comparison (write Heaviside or Max) is not allowed in 'u < v'"),
    ("u if v else r", "a condition (write Heaviside or Max) is not allowed in 'u if v else r'"),
    ("u and v", "a logical operator is not allowed in 'u and v'"),
    ("[u for u in v]", "ListComp is not allowed in '[u for u in v]'"),
    ("u^2", "'^' is not a power, write '**' in 'u^2'"),
    ("u // v", "FloorDiv is not allowed in 'u // v' (allowed: + - * / **)"),
    ("~u", "UnaryOp is not allowed in '~u'"),
    ("exp", "function 'exp' without arguments in 'exp'"),
    ("exp(u, v)", "exp takes 1 argument(s), got 2 in 'exp(u, v)'"),
    ("Max(u)", "Max takes at least 2 argument(s), got 1 in 'Max(u)'"),
    ("exp(x=u)", "exp takes 1 argument(s), got 1 in 'exp(x=u)'"),
    ("u v", "syntax error at character 3 in 'u v'"),
    ("u*(v", "syntax error at character 3 in 'u*(v'"),
    ("", "is empty, must be an expression"),
    ("u/0", "division by zero in 'u/0'"),
    ("1/(u - u)", "division by zero in '1/(u - u)'"),
    ("u**1000", "power 1000 is too large in 'u**1000' (at most 64)"),
    ("9**9**9", "power 387420489 is too large in '9**9**9' (at most 64)"),
    ("((1 + u)**64)**64", "a power of a power is too large in '((1 + u)**64)**64' (at most 64)"),
    ("exp(1000)", "a number is too large or not real in 'exp(1000)'"),
    ("exp(exp(exp(9.0)))", "a number is too large or not real in 'exp(exp(exp(9.0)))'"),
    ("1e200*u*1e200", "a number is too large or not real in '1e200*u*1e200'"),
    ("sqrt(-1)", "a number is too large or not real in 'sqrt(-1)'"),
    ("sqrt(-u)", "not a real number everywhere in 'sqrt(-u)' (bound the argument with Max(..., 0))"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text, message):
    with pytest.raises(ExpressionError) as caught:
        parse(text, KNOWN, "reactions.growth.u")
    assert str(caught.value) == f"reactions.growth.u: {message}"


def test_too_long_and_too_deep_are_refused():
    with pytest.raises(ExpressionError, match=r"^here: too long \(2001 characters, at most 2000\)$"):
        parse("u" * 2001, KNOWN, "here")
    with pytest.raises(ExpressionError, match=r"^here: too deep \(at most 200 levels\)"):
        parse("-" * 300 + "u", KNOWN, "here")
    with pytest.raises(ExpressionError, match=r"^here: syntax error"):
        parse("(" * 900, KNOWN, "here")
    with pytest.raises(ExpressionError, match="a number is too large"):
        parse("9" * 400, KNOWN, "here")


@pytest.mark.parametrize("text", [REFUSED[0][0], "u\n*\n(v", "u" * 1500, "9" * 400])
def test_messages_are_one_line(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text, KNOWN, "here")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_what_is_not_a_text_is_refused():
    with pytest.raises(ExpressionError, match=r"^here: got 3\.0, must be an expression in quotes$"):
        parse(3.0, KNOWN, "here")


READ = [
    ("r*u*(1 - u/Km)", lambda u, v, r, Km: r * u * (1 - u / Km)),
    ("u**3/(Km**3 + u**3) - 2", lambda u, v, r, Km: u**3 / (Km**3 + u**3) - 2),
    ("u**12 * v**-2 + u**r", lambda u, v, r, Km: u**12 / v**2 + u**r),
    ("exp(-u)*tanh(v) + log(1 + u)", lambda u, v, r, Km: np.exp(-u) * np.tanh(v) + np.log(1 + u)),
    ("sqrt(u) + Abs(u - v)", lambda u, v, r, Km: np.sqrt(u) + np.abs(u - v)),
    ("Min(u, v, r) - Max(u, Km)", lambda u, v, r, Km: np.minimum(np.minimum(u, v), r) - np.maximum(u, Km)),
    ("Heaviside(u - v) + Heaviside(u)/3", lambda u, v, r, Km: (u > v) + 1 / 3),
    ("sin(pi*u) + cos(v)", lambda u, v, r, Km: np.sin(np.pi * u) + np.cos(v)),
    ("1e-3*u\n  + 2/3*v", lambda u, v, r, Km: 1e-3 * u + 2 / 3 * v),
    ("-(u + v)/(r*Km)/-2", lambda u, v, r, Km: (u + v) / (r * Km) / 2),
    ("2**0.5 + exp(1)*0 + Min(1, 2)", lambda u, v, r, Km: math.sqrt(2) + 1 + 0 * u),
]


@pytest.mark.parametrize(("text", "meaning"), READ)
def test_values(text, meaning):
    u, v, r, Km = np.random.default_rng(1).uniform(0.1, 3.0, (4, 50))
    values = {KNOWN["u"]: u, KNOWN["v"]: v, KNOWN["r"]: r, KNOWN["Km"]: Km}
    got = evaluate(parse(text, KNOWN, "here"), values)
    np.testing.assert_allclose(got + 0 * u, meaning(u, v, r, Km), rtol=1e-13)


def test_a_sum_of_many_terms_is_read():
    assert parse("+".join(["u"] * 150), KNOWN, "here") == 150 * KNOWN["u"]


def test_function_of_time():
    value = of_time("1 + 2*exp(-t/3600)", "parameters.k")
    assert value(0.0) == 3.0
    assert value(3600.0) == pytest.approx(1 + 2 / math.e, rel=1e-15)
    assert of_time("0.5", "parameters.k")(7.0) == 0.5


def test_function_of_time_is_checked_at_each_time():
    value = of_time("1 - t/10", "parameters.k")
    assert value(5.0) == 0.5
    message = r"^parameters.k: got -1 at t = 20 s from '1 - t/10', must be finite and >= 0$"
    with pytest.raises(ExpressionError, match=message):
        value(20.0)
    with pytest.raises(ExpressionError, match="got inf at t = 0 s"):
        of_time("1/t", "parameters.k")(0.0)
    with pytest.raises(ExpressionError, match=r"unknown symbol 'u' in 'u' \(known: t\)"):
        of_time("u", "parameters.k")


@pytest.fixture
def mesh():
    return Mesh(np.linspace(-20.0, 20.0, 5), np.linspace(-30.0, 30.0, 4), np.array([0.0, 1.0, 3.0]))


def test_expression_on_cells(mesh):
    values = on_cells("exp(-(x**2 + y**2)/100) + z", mesh, "fields.u.initial")
    x, y, z = mesh.xc, mesh.yc[:, None], mesh.zc[:, None, None]
    assert values.shape == mesh.shape
    np.testing.assert_allclose(values, np.exp(-(x**2 + y**2) / 100) + z, rtol=1e-14)
    assert (on_cells("2", mesh, "fields.u.initial") == 2.0).all()


def test_negative_initial_state_is_refused_with_its_place(mesh):
    message = "^fields.u.initial: got -15 at x = -15, y = -20, z = 0.5 um from 'x', must be finite and >= 0$"
    with pytest.raises(ExpressionError, match=message):
        on_cells("x", mesh, "fields.u.initial")
    with pytest.raises(ExpressionError, match=r"fields\.u\.initial: got nan"):
        on_cells("sqrt(x)", mesh, "fields.u.initial")
    with pytest.raises(ExpressionError, match=r"fields\.u\.initial: unknown symbol 't'"):
        on_cells("t", mesh, "fields.u.initial")
