"""Case files that are damaged at random: a case that can be run, or an error in words; never anything else."""

from functools import cache

import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnrd.case import load
from mnrd.case.case import from_document
from mnrd.case.document import bundled, parse
from mnrd.case.errors import CaseError

FUZZ = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# What people and programs write in place of a value: other kinds, other units, numbers out of range.
LEAVES = st.one_of(
    st.sampled_from(
        [
            "", "nan", "inf um", "-1 um", "0 um", "1e400 um", "1 furlong", "1 mg", "12", "um", "1 um um", "20 % w/v",
            "1 °C", "1/0", "2**9999 um", "__import__('os')", "a\nb", "\u0000", "5 mm", "1 day", "3 /cm^2",
        ]
    ),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=True, allow_infinity=True),
    st.booleans(),
    st.text(max_size=8),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=6), one, max_size=3)
)
NAMES = st.sampled_from(sorted(name for name in bundled() if not name.startswith("full-patch")))


@cache
def document(name):
    """A bundled case, parsed."""
    return parse(bundled()[name], name)


def places(value, path=()):
    """Every entry of a document, tables and lists themselves included."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield (*path, key)
        yield from places(entry, (*path, key))


def changed(value, path, change):
    """A copy of a document in which one entry is changed; `change` gets the table or list and the key."""
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        change(copy, path[0])
    else:
        copy[path[0]] = changed(copy[path[0]], path[1:], change)
    return copy


def problems_of(attempt):
    """What is wrong in words, empty if nothing is; any other error goes through."""
    try:
        attempt()
    except CaseError as error:
        return error.problems or [""]
    return []


def judge(damaged, name):
    """Read it; what is accepted must also be told, and have a mesh."""

    def attempt():
        case = from_document(damaged, name)
        tomli_w.dumps(case.effective())
        case.full_mesh()

    assert all(problem.strip() for problem in problems_of(attempt))


@FUZZ
@given(st.data(), NAMES, VALUES)
def test_of_another_value_anywhere(data, name, value):
    path = data.draw(st.sampled_from(list(places(document(name)))))

    def replace(place, key):
        place[key] = value

    judge(changed(document(name), path, replace), name)


@FUZZ
@given(st.data(), NAMES)
def test_of_a_missing_entry(data, name):
    path = data.draw(st.sampled_from(list(places(document(name)))))

    def remove(place, key):
        del place[key]

    judge(changed(document(name), path, remove), name)


@FUZZ
@given(st.data(), NAMES, st.text(min_size=1, max_size=12), VALUES)
def test_of_an_entry_too_many(data, name, key, value):
    tables = [path for path in places(document(name)) if isinstance(path[-1], str)]
    path = data.draw(st.sampled_from(tables))

    def add(place, _):
        place.setdefault(key, value)

    judge(changed(document(name), path, add), name)


@FUZZ
@given(st.data(), NAMES)
def test_of_flipped_and_cut_bytes(tmp_path_factory, data, name):
    text = bytearray(bundled()[name].encode())
    for _ in range(data.draw(st.integers(0, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "case.toml"
    path.write_bytes(text[: data.draw(st.integers(0, len(text)))] if data.draw(st.booleans()) else text)
    assert all(problem.strip() for problem in problems_of(lambda: load(path)))


def test_of_sessions_that_move_without_a_skin():
    """Found by the above."""
    whole = document("scar-needled")
    judge({key: section for key, section in whole.items() if key != "skin"}, "scar-needled")
