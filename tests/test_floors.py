"""The house: a file of virtiolab/ imports only from the floors below its own, and stays small."""

import ast
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "virtiolab"

# From the ground up. __init__ is the front door: what `from virtiolab import read` asks.
FLOORS = [
    {"parsing", "names", "machines", "vocabulary", "writing", "layout"},
    {"document", "form"},
    {"answers", "evidence"},
    {"inference"},
    {"resolution", "build", "explanation", "stack"},
    {"refusals"},
    {"conversion", "comparison", "exercises", "caching"},
    {"views"},
    {"__init__"},
    {"commands"},
    {"widgets", "__main__"},
]
FLOOR_OF = {part: number for number, floor in enumerate(FLOORS) for part in floor}

# Who else is let in, and where. Everywhere: lxml.
GUESTS = {"widgets": {"ipywidgets", "IPython", "traitlets"}, "evidence": {"libvirt", "qemu"}}

CODE_LINES = 280

every_file = pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)


def part_of(path):
    """The part of the house that a file belongs to: views/text.py to views."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """The absolute name of everything that a file imports, wherever in the file it does so."""
    package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def parts_imported(path):
    """The other parts that a file leans on; a name that is no part is asked at the front door."""
    names = (name.split(".") for name in imports(path))
    parts = {(rest or ["__init__"])[0] for top, *rest in names if top == "virtiolab"}
    return {part if part in FLOOR_OF else "__init__" for part in parts} - {part_of(path)}


def open_to(part):
    """Those below; but evidence knows the document alone, and no rule knows evidence."""
    if part == "evidence":
        return {"document"}
    below = set().union(*FLOORS[: FLOOR_OF[part]])
    return below if FLOOR_OF[part] > FLOOR_OF["explanation"] else below - {"evidence"}


@every_file
def test_has_a_floor(path):
    """A new part is given its floor above before it is given code."""
    assert part_of(path) in FLOOR_OF


@every_file
def test_imports_go_down(path):
    """One way: nothing from the same floor or from one above."""
    assert parts_imported(path) <= open_to(part_of(path))


@every_file
def test_guests(path):
    """Only widgets know ipywidgets, only evidence knows libvirt; the rest needs lxml alone."""
    known = {*sys.stdlib_module_names, "virtiolab", "lxml", *GUESTS.get(part_of(path), ())}
    assert {name.split(".")[0] for name in imports(path)} <= known


@every_file
def test_can_be_read_in_one_sitting(path):
    """Lines that are neither blank nor comment; docstrings count."""
    lines = map(str.strip, path.read_text(encoding="utf-8").splitlines())
    assert sum(1 for line in lines if line and line[0] != "#") <= CODE_LINES
