"""Run notebooks and write them back as they are committed: `python notebooks/execute.py 01_*.ipynb`.

Kept are the outputs that say the same on every machine; the state of widgets and what points to it
(random ids) goes, because the outputs carry a static form of each widget beside it.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path: Path) -> None:
    """Run all cells in the notebook's own folder; stops at the first cell that raises."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=120,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}  # without the version of this Python
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    committed = Path(__file__).parents[1]
    for name in sys.argv[1:] or sorted(
        [*committed.glob("notebooks/*.ipynb"), *committed.glob("page/*.ipynb")]
    ):
        execute(Path(name).resolve())
