"""The reference of the healing model: fields, equations, parameters and targets as tables, from the declaration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf

from mnrd.case.case import load
from mnrd.case.view import View
from mnrd.model.field import Field
from mnrd.output.targets import runs, targets
from mnrd.skin.healing.declaration import DEFINITIONS, EQUATIONS, FIELDS
from mnrd.skin.healing.parameters import Parameter, library

CASE = "healing-roller-05mm"  # any with healing would do: transport is read from its model
MARKS = {"L": "literature", "E": "estimated or derived", "C": "calibrated"}
CODE = frozenset(["field", "name", "expression", "term"])  # columns set as code

# What 1 stands for, where a field has no unit.
ONE = {
    "Pl": "fresh clot",
    "W": "fresh wound",
    "A": "middle of a large fresh wound",
    "N": "dense infiltrate of a wound",
    "M": "dense infiltrate of a wound",
    "J": "full activity",
    "Q": "fibroblasts of normal dermis",
    "F": "fibroblasts of normal dermis",
    "Y": "fibroblasts of normal dermis",
    "B": "papillary dermis of a young adult",
    "K": "intact",
    "C3": "all collagen of young dermis",
    "C1": "all collagen of young dermis",
    "E": "young dermis",
    "s": "all collagen in scar order",
}

DEFINED = {
    "Q_rest": "dormant fibroblasts at rest",
    "B_rest": "capillaries at rest",
    "b": "capillaries over those at rest",
    "PDGF": "of the wound, and growth factor from outside",
    "H_P": "effect of PDGF",
    "H_T": "effect of TGF-beta on collagen and leukocytes",
    "infl": "inflammatory share of the macrophages",
    "repair": "reparative share",
    "R": "what attracts leukocytes",
    "rec": "recruitment; quadratic, so that rest is stable",
    "Bp": "vessels that let leukocytes out; new ones hardly do",
    "C": "collagen",
    "void": "missing matrix",
    "a": "effect of fragments",
    "stimulus": "integrin input: fragments or missing matrix, 1 - (1 - a) (1 - void)",
    "calm": "1 - J",
    "h_O": "effect of oxygen, 1 at rest",
    "hyp": "hypoxia",
    "n_F": "all fibroblasts",
    "renewal": "growth of the epidermis",
    "g": "growth drive: PDGF or missing matrix",
    "S_Y": "switch to myofibroblasts",
    "surplus": "capillaries above rest",
    "prune": "loss of surplus capillaries",
    "boost": "vitamin C and retinol on synthesis",
    "mmp": "retinol on breakdown",
    "coll": "collagen made per fibroblast",
    "dep_F": "deposition by fibroblasts",
    "dep_Y": "deposition by myofibroblasts",
    "dep": "deposition",
    "disordered": "deposition in scar order",
    "loss": "breakdown of collagen",
    "III_to_I": "exchange of collagen III for I",
}

# What each term of an equation is, in its order; the transport of a field that moves comes before.
TERMS = {
    "Pl": ("release of the store",),
    "W": ("cleared by neutrophils, macrophages and fibrinolysis",),
    "P": ("from the clot", "from macrophages", "loss, and uptake by fibroblasts"),
    "T": ("from the clot", "from reparative macrophages", "from fibroblasts", "freed by myofibroblasts", "loss"),
    "V": ("from reparative macrophages", "from cells short of oxygen", "loss"),
    "A": ("from debris", "from neutrophils", "from the clot", "loss"),
    "O": ("from capillaries", "back to them", "used by tissue, and by cells above those at rest"),
    "N": ("come through vessels", "die, and are eaten by macrophages"),
    "M": ("follow the neutrophils through vessels", "leave"),
    "J": ("activation", "fading, and no more than 1"),
    "Q": ("calmed fibroblasts, less those that die", "refill", "activated, and no more than at rest"),
    "F": ("activated", "divide", "crowding, calming, change to myofibroblasts"),
    "Y": ("from fibroblasts under TGF-beta", "die, the sooner the more matrix is restored"),
    "B": ("sprout", "slow return to normal", "crowding, slow return, pruning"),
    "K": ("grows", "no more than 1"),
    "C3": ("share of what is deposited", "turnover at rest", "breakdown", "exchanged for I"),
    "C1": ("share of what is deposited", "turnover at rest", "exchanged for III", "breakdown"),
    "E": ("made by fibroblasts where there is collagen to hold it", "turnover at rest", "loss, and elastase"),
    "s": ("what is deposited in scar order", "diluted by all that is deposited"),
}


def tables() -> Iterator[View]:
    """Everything that the healing model is made of."""
    fields = {one.name: one for one in load(CASE).problem()[0].model.fields if one.name in FIELDS}
    about = [(name, meaning, unit or f"1 = {ONE[name]}") for name, (unit, meaning) in FIELDS.items()]
    yield "Fields", ("field", "meaning", "unit", "moves"), [(*row, _moves(fields[row[0]])) for row in about]
    defined = [(name, readable(text), DEFINED[name]) for name, text in DEFINITIONS.items()]
    yield "Definitions", ("name", "expression", "meaning"), defined
    yield "Equations", ("field", "term", "meaning"), [row for one in fields.values() for row in _equation(one)]
    yield from _parameters()
    yield "Kinds of runs", ("run", "what"), list(runs().items())
    columns = ("target", "quantity", "band", "unit", "kind", "use", "run", "source")
    held = targets().values()
    yield "Targets", columns, [(t.name, t.quantity, t.band, t.unit, t.kind, t.use, t.run, t.source) for t in held]


def reference() -> str:
    """All tables as Markdown."""
    return "\n".join(line for view in tables() for line in markdown(*view))


def readable(text: str) -> str:
    """An expression with x y for x*y and x^y for x**y."""
    return text.replace("**", "^").replace("*", " ").replace("Max(", "max(").replace("Min(", "min(")


def _moves(field: Field) -> str:
    if not field.mobile:
        return "no"
    return "diffuses" if field.taxis is None else f"diffuses, climbs {field.taxis.potential}"


def _equation(field: Field) -> Iterator[tuple[str, str, str]]:
    """One row per term."""
    terms = list(zip(_terms(EQUATIONS[field.name]), TERMS[field.name], strict=True))
    if field.mobile:
        terms = [(f"div({_flux(field)})", "transport"), (f"+ {terms[0][0]}", terms[0][1]), *terms[1:]]
    for index, (term, meaning) in enumerate(terms):
        yield "" if index else f"d{field.name}/dt =", readable(term), meaning


def _flux(field: Field) -> str:
    """What flows, downwards; D and chi are called by the names of their parameters."""
    name, mobility = field.name, f"{field.mobility} " if field.mobility else ""
    spread = f"D_{name} {mobility}grad {name}"
    return spread if field.taxis is None else f"{spread} - chi_{name} {name} grad {field.taxis.potential}"


def _terms(text: str) -> list[str]:
    """The summands of an expression with their signs."""
    depth, begin, found = 0, 0, []
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and text[index : index + 3] in (" + ", " - "):
            found.append(text[begin:index])
            begin = index + 1
    return [*found, text[begin:]]


def _parameters() -> Iterator[View]:
    """How many parameters there are of each origin, and every group."""
    entries = library().values()
    counts = Counter(one.mark for one in entries)
    origins = [(mark, meaning, str(counts[mark])) for mark, meaning in MARKS.items()]
    yield "Origin of the parameters", ("mark", "meaning", "parameters"), origins
    for group in dict.fromkeys(one.group for one in entries):
        rows = [_parameter(one) for one in entries if one.group == group]
        yield f"Parameters: {group}", ("name", "value", "unit", "plausible", "mark", "source"), rows


def _parameter(one: Parameter) -> tuple[str, ...]:
    plausible = f"{one.low:g} to {one.high:g}" if one.high < inf else ""
    return one.name, f"{one.value:g}", one.unit.replace("**2", "²"), plausible, one.mark, one.source


def markdown(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table with its title."""
    yield from (f"### {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|")
    for row in rows:
        cells = (f"`{text}`" if column in CODE and text else text for column, text in zip(columns, row, strict=True))
        yield f"| {' | '.join(cells)} |"
    yield ""
