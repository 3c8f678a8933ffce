"""The teacher's guide, notebooks/README.md, speaks of notebooks, headings and cells that exist."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest

from virtiolab.course.progress import SURENESS

ROOT = Path(__file__).parents[1]
NOTEBOOKS = {
    path.stem: nbformat.read(path, 4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
}
GUIDE = (ROOT / "notebooks/README.md").read_text(encoding="utf-8")
BINDER = "https://mybinder.org/v2/gh/virtiolab/virtiolab/main?urlpath=lab/tree/notebooks"
each_notebook = pytest.mark.parametrize(
    "name", [name for name in NOTEBOOKS if name.startswith("0")]
)


def headings(name):
    """Of a notebook, without their #."""
    prose = "\n".join(c.source for c in NOTEBOOKS[name].cells if c.cell_type == "markdown")
    return re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)


def section(name):
    """What the guide says of a notebook."""
    return GUIDE.split(f"\n## {name}\n")[1].split("\n## ")[0]


@each_notebook
def test_each_notebook_has_its_section(name):
    """With a link to Binder, what a learner can do, and the three tables."""
    said = section(name)
    assert f"({BINDER}/{name}.ipynb)" in said
    for part in ("**Afterwards a learner can**", "| minutes |", "| 45 |", "| 90 |"):
        assert part in said
    assert "| ask the room |" in said and "| what cures it |" in said


@pytest.mark.parametrize("link", re.findall(r"\[([^\]]+)\]\((\w+)\.ipynb#([^)]+)\)", GUIDE))
def test_headings_exist(link):
    """Each link to a heading says its words, and leads to it as JupyterLab names it."""
    heading, name, anchor = link
    assert heading in headings(name)
    assert anchor == heading.replace(" ", "-")


@each_notebook
def test_cells_exist(name):
    """Each cell that the section of a notebook names is in that notebook."""
    code = "\n".join(c.source for c in NOTEBOOKS[name].cells if c.cell_type == "code")
    for cell in re.findall(r"`([A-Z]\w+\(.*?)(?:, …)?\)?`", section(name)):
        assert cell in code


def test_a_vote_asks_what_the_buttons_ask():
    """From one finger to three, in the order of the buttons."""
    assert re.findall(r"(\w+) fingers? for \*(.+?)\*", GUIDE) == [
        *zip(("one", "two", "three"), SURENESS, strict=True)
    ]


def test_blank_is_made_where_the_guide_says():
    """By make, and so named."""
    assert "`make blank`" in GUIDE and "the folder `blank`" in GUIDE
    rule = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nblank:")[1].split("\n\n")[0]
    assert "--output-dir=blank notebooks/*.ipynb" in rule


def test_the_hub_gets_what_binder_gets():
    """The same system packages."""
    [line] = re.findall(r"^sudo apt install (.*)$", GUIDE, flags=re.MULTILINE)
    assert line.split() == (ROOT / "binder/apt.txt").read_text(encoding="utf-8").split()


def test_the_link_for_a_hub_opens_a_notebook():
    """Its parts, once decoded, are those that nbgitpuller wants, and its notebook exists."""
    [link] = re.findall(r"^https://hub\S+$", GUIDE, flags=re.MULTILINE)
    parts = {name: value for name, [value] in parse_qs(urlsplit(link).query).items()}
    assert parts.keys() == {"repo", "branch", "urlpath"}
    path = parts["urlpath"].removeprefix("lab/tree/" + parts["repo"].rsplit("/")[-1] + "/")
    assert (ROOT / path).exists()
