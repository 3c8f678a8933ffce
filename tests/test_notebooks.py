"""The notebooks as they are committed: DESIGN's rules. What their cells print, nbval checks."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
each_notebook = pytest.mark.parametrize(
    "notebook",
    [pytest.param(nbformat.read(f, 4), id=f.stem) for f in sorted(NOTEBOOKS.glob("*.ipynb"))],
)


def cells(notebook, kind):
    """The cells of one kind, markdown or code."""
    return [cell for cell in notebook.cells if cell.cell_type == kind]


@each_notebook
def test_size(notebook):
    """20 to 45 cells, about half of them prose, and no code cell over 12 lines."""
    assert 20 <= len(notebook.cells) <= 45
    assert 0.4 <= len(cells(notebook, "markdown")) / len(notebook.cells) <= 0.65
    assert max(len(cell.source.splitlines()) for cell in cells(notebook, "code")) <= 12


@each_notebook
def test_frame(notebook):
    """One title, what you will do, be able to do and need at the top, a recap near the end."""
    prose = [cell.source for cell in cells(notebook, "markdown")]
    assert sum(line.startswith("# ") for text in prose for line in text.splitlines()) == 1
    for promise in ("What you will do", "What you will be able to do", "What you need"):
        assert f"**{promise}.**" in prose[0]
    assert any(text.startswith("## What you know now") for text in prose[-6:])


@each_notebook
def test_pictures_are_described(notebook):
    """Each has an alternative text of its own, and its file."""
    for cell in cells(notebook, "markdown"):
        for text, path in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source):
            assert len(text) > 60 and (NOTEBOOKS / path).exists()


@each_notebook
def test_every_cell_was_executed(notebook):
    """In order and without an error; nbval would pass a cell that never ran."""
    code = cells(notebook, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]


@each_notebook
def test_outputs_are_the_same_everywhere(notebook):
    """No widget state, no random ids, no path of a machine (/tmp/test is the document's), no times."""
    assert "widgets" not in notebook.metadata
    outputs = str([cell.outputs for cell in cells(notebook, "code")])
    assert "widget-view" not in outputs
    assert not re.search(r"\b[0-9a-f]{32}\b|/(home|root|work|Users)/|/tmp/(?!test\b)", outputs)
    assert not any("execution" in cell.metadata for cell in notebook.cells)


@each_notebook
def test_a_prediction_comes_before_its_reveal(notebook):
    """At least three, each asked once, each with its question kept out of the cell."""
    asked = re.findall(r'Predict\("([\w-]+)"\)', "\n".join(c.source for c in notebook.cells))
    assert len(asked) >= 3 and len(set(asked)) == len(asked)
