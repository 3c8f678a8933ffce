"""The house: files are the module, folders are extensions, and imports go one way.

What belongs where, CONTRIBUTING.md says.
"""

import ast
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "virtiolab"

MODULE = {
    "build", "data", "document", "explanation", "inference", "machines", "syntax", "targets", "xml",
}  # fmt: skip
# What each folder may import beside itself. Pastes lean on nothing but how XML is read, so that whoever
# reads what people paste can do without all that is said of it.
FOLDERS = {
    "pastes": {"document", "data", "xml"},
    "refusals": MODULE,
    "rewriting": MODULE | {"refusals"},
    "evidence": {"document", "data", "machines", "targets", "xml"},
    "course": MODULE | {"refusals", "rewriting", "evidence"},
    "views": MODULE | {"pastes", "refusals", "rewriting", "evidence", "course"},
    "widgets": MODULE | {"pastes", "refusals", "rewriting", "evidence", "course", "views"},
}
# Who may import more: the comparison is between what is inferred and what libvirt says.
MORE = {"evidence/comparison.py": {"inference"}}
# The front door, and the command line: they bring in all else when it is asked for.
DOORS = {"__init__.py", "cli.py", "__main__.py"}
# Who else is let in, and where. Everywhere: lxml.
GUESTS = {
    "widgets": {"ipywidgets", "IPython", "jupyter_core", "traitlets"},
    "evidence": {"libvirt", "qemu"},
}

# The features of the first edition are 12,000 lines; on top of them come those that came later: what
# each libvirt does, and what a fix may not do (600), how what people paste is read and shown (1,000), and
# what else they get wrong: places on PCI and USB, paths, others' words, guests of other hypervisors (400),
# and what a learner has guessed, and the cases that are drawn for one (500).
MOST_LINES = {"the module": 2_000, "the package": 14_500}

FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
every_file = pytest.mark.parametrize("name", FILES)


def imports(name, at_the_top=False):
    """The absolute name of everything that a file imports, wherever in the file it does so."""
    path = FILES[name]
    package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_the_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def parts_imported(name, **how):
    """The files and folders of the package that a file leans on."""
    names = (found.split(".") for found in imports(name, **how))
    parts = {rest[0] for top, *rest in names if top == "virtiolab"}
    return parts & {*MODULE, *FOLDERS, "cli", "__main__"} - {name.partition("/")[0]}


def test_what_stands_on_the_top_floor():
    """Ten files beside the command line, and seven folders: what people paste is read beside the module,
    so that `read` stays strict, and below all that is said of a disk."""
    top = {name.removesuffix(".py") for name in FILES if "/" not in name}
    assert top == MODULE | {door.removesuffix(".py") for door in DOORS}
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[:2] != "__"}
    assert folders == {*FOLDERS}


@every_file
def test_imports_go_one_way(name):
    """Files import files; a folder only what it is let."""
    folder = name.partition("/")[0]
    if name in DOORS:
        assert name != "__init__.py" or parts_imported(name, at_the_top=True) <= MODULE
        return
    assert parts_imported(name) <= FOLDERS.get(folder, MODULE) | MORE.get(name, set())


def test_files_import_each_other_in_no_circle():
    """Each file of the module can be read once those that it imports were."""
    open_to = {part: parts_imported(f"{part}.py") - {part} for part in MODULE}
    while ready := [part for part, needed in open_to.items() if not needed & {*open_to}]:
        for part in ready:
            del open_to[part]
    assert not open_to


@every_file
def test_guests(name):
    """Only widgets know ipywidgets, only evidence knows libvirt; the rest needs lxml alone."""
    known = {*sys.stdlib_module_names, "virtiolab", "lxml", *GUESTS.get(name.split("/")[0], ())}
    assert {found.split(".")[0] for found in imports(name)} <= known


def test_it_stays_small():
    """The module can be read in one sitting, and the package be known by one person."""
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in FILES.items()}
    module = sum(lines[f"{part}.py"] for part in (*MODULE, "__init__"))
    assert module <= MOST_LINES["the module"]
    assert sum(lines.values()) <= MOST_LINES["the package"]
