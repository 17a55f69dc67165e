"""The house rules that a machine can check: arrows, sizes, who prints."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "mnrd").rglob("*.py"))

# A room imports only from the lines above its own (and from itself).
LINES = [
    {"resources", "units"},
    {"backends.base"},
    {"mesh"},
    {"model"},
    {"skin", "solve", "output", "backends"},
    {"case", "events", "foreign", "snapshot"},
    {"simulation", "sweep", "results"},
    {"pictures", "bench"},
    {"report", "viewer"},
    {"cli"},
    {"__main__"},
]
LINE_OF = {room: number for number, rooms in enumerate(LINES) for room in rooms}


def module_of(path):
    """Dotted name of a file: mnrd/mesh/paint.py is mnrd.mesh.paint."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def room_of(module):
    """Room of a module; None for the package itself, which holds the version and lazy names only."""
    inside = module.removeprefix("mnrd").removeprefix(".")
    return inside if inside in LINE_OF else inside.split(".")[0] or None


class _NotForTypes(ast.NodeTransformer):
    """Takes `if TYPE_CHECKING:` blocks out."""

    def visit_If(self, node):
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else self.generic_visit(node)


def imports_of(module, *, for_types=True):
    """Modules of mnrd that a module imports, at the top or in a function, or for type checking only."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    for node in ast.walk(tree if for_types else _NotForTypes().visit(tree)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}, line {node.lineno}: write the import absolutely"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            while name and name not in MODULES:
                name = name.rpartition(".")[0]
            if name and name != module:
                yield name


def functions_of(path):
    """Functions and methods of a file with their number of lines, docstring and decorators left out."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node, clean=False) is not None
            docstring = first.end_lineno - first.lineno + 1 if documented else 0
            yield node.name, node.end_lineno - node.lineno + 1 - docstring


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    room = room_of(module)
    assert room is None or room in LINE_OF, f"say in this file on which line {module} belongs"
    for other in imports_of(module):
        if room_of(other) not in (None, room):
            assert room is not None, f"mnrd/__init__.py imports {other}: name it in its table instead"
            assert LINE_OF[room_of(other)] < LINE_OF[room], f"{module} must not import {other}"


def test_imports_have_no_cycle():
    graph = {module: set(imports_of(module, for_types=False)) - {"mnrd"} for module in MODULES}
    tuple(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_modules_and_functions_are_short(path):
    assert len(path.read_text("utf-8").splitlines()) < 300
    assert [found for found in functions_of(path) if found[1] >= 40] == []


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) != "cli"])
def test_only_the_command_line_prints_and_exits(module):
    calls = [
        node.func for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    assert [ast.unparse(call) for call in calls if ast.unparse(call) in ("print", "exit", "quit", "sys.exit")] == []


def test_the_mesh_knows_no_units():
    assert [name for name in MODULES if room_of(name) == "mesh" and "mnrd.units" in imports_of(name)] == []
