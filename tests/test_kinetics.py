"""Kinetics: splitting into production and loss, conservation, and the kernel text against the numpy functions."""

import ctypes
import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest
import sympy
from given import as_given
from nvrtc import CompilationError, compile_cuda, needs_nvrtc

from mnrd.backends.base import ORDER, BackendUnavailable
from mnrd.backends.native import compile_library
from mnrd.model.codegen import c_text, kernel_source
from mnrd.model.evaluation import evaluate
from mnrd.model.expression import ExpressionError, parse, symbol
from mnrd.model.field import Field
from mnrd.model.kinetics import kinetics, scalar_values
from mnrd.model.model import Model
from mnrd.model.numeric import numpy_functions
from mnrd.model.reaction import Exchange, Reaction, Transfer
from mnrd.model.splitting import bounds, split
from mnrd.resources import kernel_source as kernel_files


def model(names, *reactions, **parameters):
    return Model(tuple(Field(name) for name in names.split()), reactions, parameters)


LAYERED = {"epidermis": 0.3, "dermis": 0.7}

MODELS = {
    "fisher": model("u", Reaction("growth", {"u": "r*u*(1 - u/K)"}), r=1.5, K=2.0),
    "gray-scott": model(
        "u v", Reaction("autocatalysis", {"u": "-u*v**2 + F*(1 - u)", "v": "u*v**2 - (F + k)*v"}), F=0.04, k=0.06
    ),
    "schnakenberg": model(
        "u v", Reaction("kinetics", {"u": "g*(a - u + u**2*v)", "v": "g*(b - u**2*v)"}), a=0.1, b=0.9, g=LAYERED
    ),
    "michaelis-menten": model("c m", Transfer("metabolism", "c", "Vmax/(Km + c)", {"m": 0.5}), Vmax=2.0, Km=0.3),
    "dissolution": model(
        "solid drug",
        Transfer("dissolution", "solid", "k*Max(asat - drug/K, 0)", {"drug": 1.0}),
        Transfer("clearance", "drug", "kcl"),
        k=3.0,
        asat=1.2,
        K=LAYERED,
        kcl="1e-3*(1 + t)",
    ),
    "binding": model(
        "prodrug drug bound",
        Transfer("hydrolysis", "prodrug", "kh", {"drug": 1.0}),
        Exchange("binding", "drug", "bound", "kon*Max(1 - bound/Bmax, 0)", "koff*(1 + prodrug)"),
        Transfer("wash */ #error", "drug", "0.2"),
        kh=0.5,
        kon=LAYERED,
        koff=0.25,
        Bmax=1.5,
    ),
    "bound field with other reactions": model(
        "dead u w v",
        Exchange("binding", "u", "w", "kon*Max(1 - w, 0)", "koff"),
        Transfer("decay", "w", "0.3/(1 + u)", {"v": 1.0}),
        Reaction("supply", {"w": "0.1*v - 0.05*w*u"}),
        Transfer("deposit", "dead", "0.7", {"w": 1.0}),
        kon=2.0,
        koff=0.7,
    ),
    "every function": model(
        "u v",
        Reaction(
            "all",
            {
                "u": "exp(-u)*tanh(v) + log(1 + u) + sqrt(u + v) + Abs(u - v) - u**12*Heaviside(u - v) + t/3",
                "v": "k*(2 + sin(u)) - (1 + cos(v))*v - 0.5*Min(u, v, 1)*v**n + Max(u - v, v - u, 0.1)**-2 - k",
            },
        ),
        n=2.5,
        k=0.01,
    ),
}


def split_text(text, own="u"):
    symbols = {name: symbol(name) for name in ("u", "v", "a", "b", "k", "n")}
    return split(parse(text, symbols, "reactions.growth.u"), symbols[own], "reactions.growth.u")


SPLITS = [
    ("a*u*(1 - u/k)", "a*u", "a*u/k"),  # Fisher
    ("-u*v**2 + a*(1 - u)", "a", "v**2 + a"),  # Gray and Scott
    ("k*(a - u + u**2*v)", "k*a + k*u**2*v", "k"),  # Schnakenberg
    ("k*(b - u**2*v)", "k*b", "k*u*v"),
    ("-a*u/(k + u)", "0", "a/(k + u)"),  # Michaelis and Menten
    ("a*u**2/(k**2 + u**2)", "a*u**2/(k**2 + u**2)", "0"),  # Hill
    ("a*(1 - exp(-(v - b)**2)) - u", "a*(1 - exp(-(v - b)**2))", "1"),
    ("-k*Max(a - v, 0)", "0", "k*Max(a - v, 0)/Max(u, 1e-20)"),
    ("-k*u**n", "0", "k*u**n/Max(u, 1e-20)"),
    ("-k*sqrt(u)", "0", "k*sqrt(u)/Max(u, 1e-20)"),
    ("-(u + 1)**2", "0", "u + 2 + 1/Max(u, 1e-20)"),
    ("(a - u)**3", "a**3 + 3*a*u**2", "u**2 + 3*a**2"),
    ("(a - u)**2", "(a - u)**2", "0"),
    ("(1 - Min(1, v))*k - tanh(v)*u", "(1 - Min(1, v))*k", "tanh(v)"),
]


@pytest.mark.parametrize(("text", "production", "loss"), SPLITS)
def test_split(text, production, loss):
    names = {name: symbol(name) for name in ("u", "v", "a", "b", "k", "n")}
    got = split_text(text)
    wanted = [parse(side, names, "wanted") for side in (production, loss)]
    assert [sympy.expand(a - b) for a, b in zip(got, wanted, strict=True)] == [0, 0]


def test_split_keeps_brackets_that_need_no_opening():
    assert str(split_text("a*(u + v)*(b + k) - u*(a + b)")) == "(a*(b + k)*(u + v), a + b)"


UNDECIDED = [
    (
        "log(v)*a - u",
        "reactions.growth.u: cannot decide the sign of the term 'a*log(v)', write it as a difference of terms "
        "that are >= 0, or bound it with Max(..., 0)",
    ),
    (
        "sqrt(a - v)",
        "reactions.growth.u: 'sqrt(a - v)' is not real where 'a - v' is negative, bound it with Max(..., 0)",
    ),
    (
        "Max(1, log(a - v))",
        "reactions.growth.u: 'log(a - v)' is not real where 'a - v' is negative, bound it with Max(..., 0)",
    ),
    (
        "(a - u)**40*(1 - v)**21",
        "reactions.growth.u: '(1 - v)**21*(a - u)**40' has more than 500 terms when multiplied out",
    ),
]


@pytest.mark.parametrize(("text", "message"), UNDECIDED)
def test_undecided(text, message):
    with pytest.raises(ExpressionError) as caught:
        split_text(text)
    assert str(caught.value) == message


def test_rates_that_may_be_negative_are_refused():
    with pytest.raises(ExpressionError) as caught:
        kinetics(model("u v", Transfer("fade", "u", "1 - v")))
    message = "reactions.fade.rate: cannot see that '1 - v' is >= 0, bound it with Max(..., 0)"
    assert str(caught.value) == message
    with pytest.raises(ExpressionError, match=r"^reactions\.bind\.forward: cannot see that '1 - w' is >= 0"):
        kinetics(model("u w", Exchange("bind", "u", "w", "1 - w", "1")))


BOUNDED = [
    "a - v", "(a - v)**-3", "(a - v)**-2", "Abs(a - 2)", "-(a + 3)**3", "Min(a - v, -2)**3", "log(1 + a)",
    "Max(-a, -3, -v)*2", "Heaviside(a - v) - 1", "1/(1 + exp(a))", "exp(a*v*1000)", "(1 + a)**v", "sin(a)*cos(v)",
    "tanh(v) - 1",
]  # fmt: skip


@pytest.mark.parametrize("text", BOUNDED)
def test_bounds_hold_every_value(text):
    names = {name: symbol(name) for name in "av"}
    expression = parse(text, names, "here")
    low, high = bounds(expression)
    a, v = np.random.default_rng(2).exponential(3.0, (2, 300))
    with np.errstate(over="ignore"):
        values = evaluate(expression, {names["a"]: a, names["v"]: v})
    assert low <= values.min()
    assert values.max() <= high


def random_state(made, of, shape=(3, 5, 7), seed=0):
    """newest, predicted, base, arrays, scalars and tau as in a running stage, with a few exact zeros."""
    generator = np.random.default_rng(seed)
    newest, predicted, base = generator.exponential(1.0, (3, len(of.fields), *shape))
    newest[generator.random(newest.shape) < 0.05] = 0.0
    arrays = generator.uniform(0.2, 2.0, (len(of.arrays), *shape)).astype(np.float32).astype(np.float64)
    return newest, predicted, base, arrays, scalar_values(made, of, 3.0), 0.37


@pytest.mark.parametrize("name", MODELS)
def test_production_and_loss_are_not_negative(name):
    of = kinetics(MODELS[name])
    state = random_state(MODELS[name], of)
    for functions in numpy_functions(of):
        for rates in functions.react(*state) if functions else ():
            assert rates.shape == (3, 5, 7)
            assert rates.dtype == np.float64
            assert np.isfinite(rates).all()
            assert rates.min() >= 0.0


@pytest.mark.parametrize("name", ["fisher", "gray-scott", "schnakenberg", "every function"])
def test_production_minus_loss_is_the_declared_rate(name):
    made = MODELS[name]
    of = kinetics(made)
    c, _, _, arrays, scalars, tau = random_state(made, of)
    c += 1e-3
    values = dict(zip(of.fields, c, strict=True)) | dict(zip(of.scalars, scalars, strict=True))
    values |= dict(zip(of.arrays, arrays, strict=True))
    for index, functions in enumerate(numpy_functions(of)):
        production, loss = functions.react(*as_given(of, (c, c, c, arrays, scalars, tau)))
        text = made.reactions[0].rates[of.fields[index]]
        symbols = {made.symbols[key]: value for key, value in values.items()}
        rate = evaluate(parse(text, made.symbols, "here"), symbols)
        scale = production + loss * c[index]
        assert (abs(production - loss * c[index] - rate) <= 1e-14 * scale).all()


@pytest.mark.parametrize("name", MODELS)
def test_terms_add_up_to_production_and_loss(name):
    of = kinetics(MODELS[name])
    state = as_given(of, random_state(MODELS[name], of))
    for index, functions in enumerate(numpy_functions(of)):
        if functions is None:
            continue
        values = state[0][index]
        production, loss = functions.react(*state)
        terms = functions.tally(*state, values=values)
        assert len(terms) == len(functions.of.terms)
        np.testing.assert_allclose(sum(terms), production - loss * values, rtol=1e-12, atol=1e-12)


def stage(made, seed=0):
    """One stage point by point in the order of the fields; gain of every term by (reaction, field)."""
    of = kinetics(made)
    _, predicted, base, arrays, scalars, tau = random_state(made, of, seed=seed)
    newest = predicted.copy()
    gains = {}
    for index, functions in enumerate(numpy_functions(of)):
        if functions is None:
            newest[index] = base[index]
            continue
        _, *given = as_given(of, (newest, predicted, base, arrays, scalars, tau))
        production, loss = functions.react(newest, *given)
        newest[index] = (tau * base[index] + production) / (tau + loss)
        rates = functions.tally(newest, *given, values=newest[index])
        gains |= {(term.name, of.fields[index]): rate for term, rate in zip(functions.of.terms, rates, strict=True)}
    return gains, tau * (newest - base), newest


@pytest.mark.parametrize(
    ("name", "reaction", "weights"),
    [
        ("michaelis-menten", "metabolism", {"c": 0.5, "m": 1.0}),
        ("dissolution", "dissolution", {"solid": 1.0, "drug": 1.0}),
        ("binding", "hydrolysis", {"prodrug": 1.0, "drug": 1.0}),
        ("binding", "binding", {"drug": 1.0, "bound": 1.0}),
        ("bound field with other reactions", "binding", {"u": 1.0, "w": 1.0}),
        ("bound field with other reactions", "decay", {"w": 1.0, "v": 1.0}),
        ("bound field with other reactions", "deposit", {"dead": 1.0, "w": 1.0}),
    ],
)
def test_what_one_field_loses_another_gains(name, reaction, weights):
    gains, _, _ = stage(MODELS[name])
    total = sum(weight * gains[reaction, field] for field, weight in weights.items())
    scale = max(abs(gains[reaction, field]).max() for field in weights)
    assert scale > 0.01
    assert abs(total).max() <= 4e-15 * scale


@pytest.mark.parametrize("name", MODELS)
def test_the_ledger_closes(name):
    gains, changes, newest = stage(MODELS[name])
    assert newest.min() >= 0.0
    for index, field in enumerate(kinetics(MODELS[name]).fields):
        booked = sum(rate for (_, of), rate in gains.items() if of == field)
        np.testing.assert_allclose(booked + 0 * changes[index], changes[index], rtol=1e-12, atol=1e-12)


def test_exchange_eliminates_the_bound_field():
    """The free field's equation with the bound field eliminated is the coupled pair solved exactly."""
    gains, _, newest = stage(MODELS["binding"])
    made = MODELS["binding"]
    of = kinetics(made)
    _, predicted, base, arrays, scalars, tau = random_state(made, of)
    values = dict(zip(of.scalars, scalars, strict=True))
    forward = arrays[0] * np.maximum(1 - predicted[2] / values["Bmax"], 0)
    backward = values["koff"] * (1 + newest[0])
    made_here = values["kh"] * newest[0]
    u, w = newest[1], newest[2]
    np.testing.assert_allclose(tau * (u - base[1]), made_here - (0.2 + forward) * u + backward * w, atol=1e-13)
    np.testing.assert_allclose(tau * (w - base[2]), forward * u - backward * w, atol=1e-13)
    np.testing.assert_allclose(gains["binding", "bound"], forward * u - backward * w, atol=1e-13)


def test_they_are_derived_once_for_a_model_and_forgotten_with_it():
    """For the estimate of memory, each discretisation and each kernel text; symbols of many fields take their time."""
    one, other = (model("a b", Transfer("change", "a", "k", {"b": 1.0}), k=1.0) for _ in range(2))
    assert kinetics(one) is kinetics(one)
    assert kinetics(one) is not kinetics(other)
    assert kernel_source(kinetics(one)) is kernel_source(kinetics(other))
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None


def test_names_of_what_is_used():
    made = model("u v w", Reaction("a", {"v": "k*q*t*u"}), k=LAYERED, unused=1.0, q="2*t", r=np.ones((1, 1, 1)))
    of = kinetics(made)
    assert (of.scalars, of.arrays) == (("q", "t"), ("k",))
    assert of.of[0] is None
    assert of.of[2] is None
    assert scalar_values(made, of, 3.0).tolist() == [6.0, 3.0]
    assert numpy_functions(of)[0] is None
    assert kernel_source(kinetics(model("u"))) == ""


def test_fields_not_yet_solved_are_predicted():
    of = kinetics(model("u v w", Reaction("a", {"v": "u + w - v*v"})))
    assert str(of.of[1].production) == "newest.u + predicted.w"
    assert str(of.of[1].loss) == "predicted.v"


C_TEXTS = [
    ("u*u - 2*v", "u * u - 2.0 * v"),
    ("u/(v*(1 + u)**2)", "u / (v * (u + 1.0) * (u + 1.0))"),
    ("-u**3/4", "-0.25 * u * u * u"),
    ("1/3 + 1e-9*u**9", "1e-09 * pow(u, 9.0) + 0.3333333333333333"),
    ("sqrt(u)/v**0.5 - u**v", "sqrt(u) / sqrt(v) - pow(u, v)"),
    ("Max(u, v, 1) - Min(-u, -v)", None),
    ("(u + v)**-1", "1.0 / (u + v)"),
    ("u/v/-2", "-0.5 * u / v"),
]


@pytest.mark.parametrize(("text", "written"), C_TEXTS)
def test_c_text(text, written):
    names = {name: symbol(name) for name in "uv"}
    got = c_text(parse(text, names, "here"))
    if written is not None:
        assert got == written
    calls = {"larger": max, "smaller": min, "sqrt": np.sqrt, "pow": pow}
    value = eval(got, calls | {"u": 0.7, "v": 1.3})
    meant = evaluate(parse(text, names, "here"), {names["u"]: 0.7, names["v"]: 1.3})
    assert value == pytest.approx(meant, rel=1e-15)


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


@pytest.fixture(scope="module", params=["double", "float"])
def compiled(request):
    """All models compiled by the C++ compiler: real type and libraries by name."""
    try:
        sources = {name: kernel_files() + kernel_source(kinetics(made)) for name, made in MODELS.items()}
        return request.param, {
            name: ctypes.CDLL(str(compile_library(source, request.param))) for name, source in sources.items()
        }
    except BackendUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 1, 1), (2, 3, 33)])
@pytest.mark.parametrize("name", MODELS)
def test_kernels_are_the_numpy_functions(compiled, name, shape):
    real, libraries = compiled
    kind = np.dtype(real) if real == "double" else np.dtype(np.float32)
    of = kinetics(MODELS[name])
    state = as_given(of, random_state(MODELS[name], of, shape))
    newest, predicted, base, arrays, scalars, tau = state
    rounded, order = arrays.astype(kind), np.full(ORDER["ORDERS"], np.nan)
    order[ORDER["TAU"]] = tau
    given = [pointer(array) for array in (newest, predicted, base, rounded, scalars, order)]
    nz, ny, nx = shape
    widths = [np.random.default_rng(n).uniform(1.0, 2.0, n) for n in (nx, ny, nz)]
    volume = widths[2][:, None, None] * widths[1][:, None] * widths[0]
    for index, functions in enumerate(numpy_functions(of)):
        if functions is None:
            continue
        production, loss = np.full(shape, -1.0), np.full(shape, -1.0)
        size = ctypes.c_longlong(volume.size)
        react, tally = (getattr(libraries[name], f"{verb}_{index}") for verb in ("react", "tally"))
        react(size, *given, pointer(production), pointer(loss))
        tolerance = 1e-13 if real == "double" else 1e-6
        for got, meant in zip((production, loss), functions.react(*state), strict=True):
            np.testing.assert_allclose(got, meant, rtol=tolerance, atol=tolerance)
        meant = [volume * rate for rate in functions.tally(*state, values=newest[index])]
        partial = np.full((len(meant), nz, ny), np.nan)
        tally(nx, ny, nz, *map(pointer, widths), *given, pointer(partial))
        for got, rates in zip(partial, meant, strict=True):
            scale = max(abs(rates).sum(), 1.0)
            np.testing.assert_allclose(got, rates.sum(axis=2), rtol=0, atol=1e-13 * scale)


@needs_nvrtc
@pytest.mark.parametrize("real", ["double", "float"])
@pytest.mark.parametrize("name", MODELS)
def test_kernels_compile_for_a_gpu(name, real):
    assert compile_cuda(kernel_files() + kernel_source(kinetics(MODELS[name])), "sm_75", real) == ""


@needs_nvrtc
def test_wrong_cuda_text_is_reported():
    with pytest.raises(CompilationError, match="undeclared"):
        compile_cuda(kernel_files() + "KERNEL wrong(real *a) { a[0] = undeclared; }", "sm_75", "float")


def test_the_text_is_the_same_in_every_process():
    """Compiler caches and bits must not depend on Python's hash seed."""
    program = (
        "from test_kinetics import *\nimport hashlib\n"
        "text = ''.join(kernel_source(kinetics(made)) for made in MODELS.values())\n"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parent, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        digests.add(done.stdout)
    assert len(digests) == 1
