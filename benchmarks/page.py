"""What a change in a widget costs from its control to the page, in the real JupyterLab."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import nbformat
from nbformat import v4

from benchmarks.changes import CHANGES
from benchmarks.rows import Row

_ROOT, _NAME = Path(__file__).parents[1], "beside.ipynb"
sys.path.insert(0, str(_ROOT / "tests"))  # where pytest finds it too
import lab  # noqa: E402

LIMIT = 1.5  # times ipywidgets alone
_CHANGE = Path(__file__).with_name("change.js").read_text(encoding="utf-8")
_CELL = f"""
import sys
sys.path.insert(0, {str(_ROOT)!r})
import ipywidgets
from benchmarks.changes import CHANGES, beside
ipywidgets.VBox([beside(name).add_class(f"vl-{{n}}") for n, name in enumerate(CHANGES)])
"""


def on_the_page(rounds: int) -> Iterator[Row]:
    """What a change in each widget takes beside one of ipywidgets alone, in the same page.

    Skipped, as pytest has it, where there is no browser.
    """
    lab.or_skip()
    with _opened() as page:
        for number, (name, change) in enumerate(CHANGES.items()):
            page.locator(f".vl-{number}").scroll_into_view_if_needed()
            values = islice(cycle(change.values), rounds)
            turns = [_turn(page, f".vl-{number}", value) for value in values]
            ours, bare = zip(*turns)
            yield Row(name, ours, LIMIT, floor=bare)


@contextlib.contextmanager
def _opened():
    """A page with the widgets, each above ipywidgets alone."""
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell(_CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(notebook, Path(folder, _NAME))
        with lab.jupyterlab() as running, lab.opened(running, Path(folder)) as page:
            lab.open_notebook(page, page.address, _NAME)
            lab.run_all(page)
            page.locator(".vl-0").wait_for()
            yield page


def _turn(page, place: str, value) -> list[float]:
    """Seconds of one change to a widget, and of the same to ipywidgets alone."""
    return [
        lab.evaluate(page, _CHANGE, {"place": f"{place} {who}", "value": value}) / 1000
        for who in (".vl-ours", ".vl-bare")
    ]
