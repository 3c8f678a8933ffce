"""The notebooks as they are committed: DESIGN's rules. What their cells print, nbval checks."""

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from lxml import html

from virtiolab.course.tasks import exercises, predictions
from virtiolab.evidence.lessons import lessons

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
COURSE = {file.stem: nbformat.read(file, 4) for file in sorted(NOTEBOOKS.glob("0*.ipynb"))}
each_notebook = pytest.mark.parametrize("notebook", COURSE.values(), ids=COURSE)
TAUGHT = dict([*COURSE.items()][:7])  # the last one is a case, and teaches nothing new
each_taught = pytest.mark.parametrize("notebook", TAUGHT.values(), ids=TAUGHT)
# The explainer alone, as a page: what is in it and how it looks, test_page.py asks.
PAGE = nbformat.read(NOTEBOOKS.parent / "page/explain.ipynb", 4)
every_notebook = pytest.mark.parametrize(
    "notebook", [*COURSE.values(), PAGE], ids=[*COURSE, "explain"]
)


def cells(notebook, kind):
    """The cells of one kind, markdown or code."""
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def prose_of(cell):
    """What is to be read of a markdown cell, word by word: not its tables, quotations, blocks and pictures."""
    text = re.sub(
        r"```.*?```|<details>.*?</details>|!\[.*?\]\(.*?\)", "", cell.source, flags=re.DOTALL
    )
    return "\n".join(line for line in text.splitlines() if line[:1] not in ("|", ">"))


def shows(cell):
    """Whether there is something to look at, to do, or to unfold."""
    return cell.cell_type == "code" or re.search(
        r"^[|>]|```|<details>|!\[", cell.source, re.MULTILINE
    )


@each_notebook
def test_size(notebook):
    """At most 50 cells, of which most show, ask or let do; no prose over 120 words, no code over 12
    lines."""
    assert len(notebook.cells) <= 50
    if notebook in TAUGHT.values():
        assert sum(map(bool, map(shows, notebook.cells))) >= 0.6 * len(notebook.cells)
    for cell in cells(notebook, "markdown"):
        assert len(prose_of(cell).split()) <= 120, cell.source
    assert max(len(cell.source.splitlines()) for cell in cells(notebook, "code")) <= 12


@each_notebook
def test_headings_begin_cells(notebook):
    """So that a cell is one idea, and a link to a heading shows it."""
    for cell in cells(notebook, "markdown"):
        assert not re.search(
            r"^#", re.sub("```.*?```", "", cell.source, flags=re.DOTALL).lstrip("#"), re.MULTILINE
        )


def headings(notebook):
    """Without their signs, in order."""
    return [
        c.source.splitlines()[0].lstrip("# ")
        for c in cells(notebook, "markdown")
        if c.source.startswith("#")
    ]


@each_notebook
def test_frame(notebook):
    """One title; what you will do, be able to do and need at the top; the same order at the end."""
    first = notebook.cells[0].source
    assert (
        [c.source[:2] for c in cells(notebook, "markdown")].count("# ")
        == 1
        == first.startswith("# ")
    )
    for promise in ("What you will do", "What you will be able to do", "What you need"):
        assert f"**{promise}.**" in first
    end = [
        "What you know now",
        *["Check yourself"] * (notebook in TAUGHT.values()),
        "Look back",
        "Go further",
    ]
    found = [text for text in headings(notebook) if text in end]
    assert found == end and headings(notebook)[-1] == end[-1]


@pytest.mark.parametrize("name", [*COURSE][1:6])
def test_a_case_is_opened_and_closed(name):
    """It is what somebody meets, stands before all else, and is closed with an exercise of its own."""
    told = headings(COURSE[name])
    assert told[1].startswith("The case: ")
    place = told.index("Close the case")
    assert place < told.index("What you know now")
    sources = [cell.source for cell in COURSE[name].cells]
    closing = next(n for n, text in enumerate(sources) if text.startswith("## Close the case"))
    assert "Exercise(" in sources[closing + 1]


@pytest.mark.parametrize("name", [*COURSE][1:5])
def test_the_notes_open_it(name):
    """02 to 05 begin with the line of the document that they follow."""
    assert any(
        line.startswith("> ")
        for cell in COURSE[name].cells[:2]
        for line in cell.source.splitlines()
    )


@each_notebook
def test_what_can_wait_comes_last(notebook):
    """What is deeper stands behind the exercises, or is folded away."""
    told = headings(notebook)
    for place, text in enumerate(told):
        if text.startswith("Deeper: "):
            assert place > told.index("Look back") and text[8].islower()


@each_notebook
def test_the_end_leads_on(notebook):
    """To the glossary, to five pages of others at least, and to the learner's own map."""
    last = notebook.cells[-1].source
    assert "(glossary.ipynb)" in last and len(re.findall(r"\]\(https://", last)) >= 5
    assert any(
        re.match(r"Progress\(|.*\nProgress\(", c.source, re.DOTALL) for c in cells(notebook, "code")
    )


@each_notebook
def test_pictures_are_described(notebook):
    """Each has an alternative text of its own, and its file."""
    for cell in cells(notebook, "markdown"):
        for text, path in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source):
            assert len(text) > 60 and (NOTEBOOKS / path).exists()


@every_notebook
def test_every_cell_was_executed(notebook):
    """In order and without an error; nbval would pass a cell that never ran."""
    code = cells(notebook, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]


@every_notebook
def test_outputs_are_the_same_everywhere(notebook):
    """No widget state, no random ids, no path of a machine (/tmp/test is the document's), no times."""
    assert "widgets" not in notebook.metadata
    outputs = str([cell.outputs for cell in cells(notebook, "code")])
    assert "widget-view" not in outputs
    assert not re.search(r"\b[0-9a-f]{32}\b|/(home|root|work|Users)/|/tmp/(?!test\b)", outputs)
    assert not any("execution" in cell.metadata for cell in notebook.cells)


KEPT = {
    *("div", "p", "ul", "ol", "li", "dl", "dt", "dd", "pre", "code", "a", "br", "img", "span"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("strong", "em", "mark", "del", "ins"),
}


@every_notebook
def test_static_form(notebook):
    """What stands where no widget runs survives JupyterLab's sanitizer: no picture without words,
    nothing that would be dropped."""
    for cell in cells(notebook, "code"):
        for output in cell.outputs:
            page = html.fromstring(f"<div>{output.get('data', {}).get('text/html', '')}</div>")
            assert {element.tag for element in page.iter()} <= KEPT
            assert not page.xpath("//@id | //@class[contains(., 'widget')]")
            for image in page.iter("img"):
                assert image.get("src").startswith("data:image/svg+xml;base64,")
                assert len(image.get("alt")) > 60


@each_taught
def test_a_prediction_comes_before_its_reveal(notebook):
    """At least three, each asked once, each with its question kept out of the cell."""
    asked = re.findall(r'Predict\(\s*"([\w-]+)"[,)]', "\n".join(c.source for c in notebook.cells))
    assert len(asked) >= 3 and len(set(asked)) == len(asked)


def called(name):
    """What the notebooks give to a class of ours as its first argument, in their order."""
    sources = "\n".join(c.source for book in COURSE.values() for c in cells(book, "code"))
    return re.findall(rf'\b{name}\(\s*"([\w-]+)"', sources)


def test_the_course_is_whole():
    """Seven, in the document's order, and a case, each of which leads to the next."""
    names = list(COURSE)
    assert [name[:2] for name in names] == [f"0{number}" for number in range(1, 9)]
    for name, following in pairwise(names):
        assert f"({following}.ipynb)" in COURSE[name].cells[-1].source


def test_every_prediction_is_asked_once():
    """In the notebook that its file is named after."""
    assert sorted(called("Predict")) == sorted(predictions())


def test_every_exercise_is_set_once():
    """Three at least at the end of each notebook, behind what you know now, beside the one of its case."""
    assert sorted(called("Exercise")) == sorted(exercises())
    for notebook in TAUGHT.values():
        sources = [cell.source for cell in notebook.cells]
        recap = next(n for n, text in enumerate(sources) if text.startswith("## What you know now"))
        places = [n for n, text in enumerate(sources) if "Exercise(" in text and n > recap]
        assert len(places) >= 3


@pytest.mark.parametrize("name", ["first", "second", "file", "lun", "floppy", "network"])
def test_every_configuration_of_the_document_appears(name):
    """Letter by letter, in what a learner sees."""
    shown = "\n".join(
        output.get("text", "") + cell.source
        for notebook in COURSE.values()
        for cell in cells(notebook, "code")
        for output in cell.outputs
    )
    assert lessons()[name].disks.strip() in shown


@pytest.mark.parametrize(
    "value",
    [
        *("file", "block", "dir", "network"), *("floppy", "disk", "cdrom", "lun"),
        *("internal", "external", "no"), *("nbd", "rbd", "sheepdog", "gluster"),
        *("ide", "scsi", "virtio", "xen", "usb", "sata"), *("raw", "qcow2", "qed", "bochs"),
        *("default", "none", "writethrough", "writeback", "directsync", "unsafe"),
    ],
)  # fmt: skip
def test_every_value_of_the_document_is_told(value):
    """In prose, marked as a name."""
    prose = [cell.source for notebook in COURSE.values() for cell in cells(notebook, "markdown")]
    assert re.search(rf"`[^`]*\b{value}\b[^`]*`", "\n".join(prose))


def test_blank(tmp_path):
    """Copies without outputs, for whoever wants to see them come: `make blank`, and nothing else is lost."""
    shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    shutil.copy(NOTEBOOKS.parent / "Makefile", tmp_path)
    installed = ["--assume-old=.venv/.lab", f"VENV_PYTHON={sys.executable}"]
    subprocess.run(["make", "blank", *installed], cwd=tmp_path, check=True, timeout=100)
    for name, notebook in COURSE.items():
        blank = nbformat.read(tmp_path / "blank" / f"{name}.ipynb", 4)
        assert [cell.source for cell in blank.cells] == [cell.source for cell in notebook.cells]
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in blank.cells)
        before = (tmp_path / "notebooks" / f"{name}.ipynb").read_bytes()
        assert before == (NOTEBOOKS / f"{name}.ipynb").read_bytes()
    for folder in ("pictures", "domains"):
        assert [*(tmp_path / "blank" / folder).iterdir()]


def test_both_questions_are_asked_and_answered():
    """In 01: as the engineer asked them, and each in a box with all the parts of its answer."""
    quoted = [
        line
        for cell in cells(COURSE["01_the_question"], "markdown")
        for line in cell.source.splitlines()
        if line.startswith("> ")
    ]
    first, second = (line for line in quoted if re.match(r"> \(\d\)", line))
    assert "bus='virtio'" in first and first.endswith("?") and "win7.img" in second
    answers = [line for line in quoted if re.match(r"> \*\*\(\d\)", line)]
    assert len(answers) == 2 and quoted[-2:] == answers
    for part in ("virtio device", "written", "`vd`", "`scsi`", "controller", "driver of its own"):
        assert part in answers[0]
    assert "raw" in answers[1] and "qcow2" in answers[1]
