"""How a run of the tests ends, whatever they do: with the name of each that waited too long, and with
every reason why something was left out, also where several processes share the work."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lab
import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = """
import pytest
def test_one():
    pytest.skip("no moon tonight")
def test_another():
    pytest.skip("no moon tonight")
"""
WHOLLY_LEFT_OUT = """
import pytest
pytest.skip("no sun either", allow_module_level=True)
"""
WAITS = """
import threading, pytest
@pytest.mark.timeout(1)
def test_waits():
    threading.Event().wait()
def test_goes_on():
    pass
"""
HEARS_NOTHING = """
import signal, threading
def test_hears_nothing():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    threading.Event().wait()
"""
SOURCES = ["None", "import time; time.sleep(1000); found = 1", "found"]
CELLS = [
    {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source}
    | {"execution_count": None, "outputs": []}
    for number, source in enumerate(SOURCES)
]
NOTEBOOK = json.dumps({"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

needs_signals = pytest.mark.skipif(
    not hasattr(signal, "SIGALRM"), reason="without signals, who waits too long ends its process"
)


def run(folder, files, *options):
    """What pytest says of some files, when they are tested as ours are, in a process of their own."""
    for name in ("pyproject.toml", "conftest.py"):
        shutil.copy(ROOT / name, folder)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--color=no", "-n1", *options, "."], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env=os.environ | {"VIRTIOLAB_REQUIRE": "all"},
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What it says of files with all of that."""
    files = {"test_a.py": LEFT_OUT, "test_b.py": WHOLLY_LEFT_OUT, "test_c.py": WAITS}
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=5"]
    return run(tmp_path_factory.mktemp("run"), files | {"d.ipynb": NOTEBOOK}, *options)


def test_what_is_left_out(said):
    """Is told with each reason once, and is a failure, where nothing may be left out."""
    assert "   2  no moon tonight\n   1  no sun either\n" in said
    assert "left out, under VIRTIOLAB_REQUIRE=all: no moon tonight" in said
    assert "FAILED test_a.py::test_one" in said and "ERROR test_b.py" in said


@needs_signals
def test_who_waits_too_long(said):
    """Is ended and named; the next one has its turn, as has a cell below one that was interrupted."""
    assert "FAILED test_c.py::test_waits - Failed: Timeout (>1.0s)" in said
    assert "FAILED d.ipynb::Cell 1" in said and "Timeout of 5 seconds exceeded" in said
    assert "4 failed, 2 passed, 1 xfailed, 1 error" in said


@needs_signals
def test_who_hears_no_signal(tmp_path):
    """Ends with its process, and is named."""
    files = {"test_a.py": HEARS_NOTHING}
    said = run(tmp_path, files, "-o", "faulthandler_timeout=1")
    assert "crashed while running 'test_a.py::test_hears_nothing'" in said


@pytest.mark.browser
@pytest.mark.parametrize("script", ["() => new Promise(() => {})", "() => { while (true); }"])
def test_a_page_that_never_answers(monkeypatch, script):
    """Is asked no longer, and one sees what it was asked."""
    lab.or_skip()
    monkeypatch.setattr(lab, "PATIENCE", 1)
    with lab.chromium() as page, pytest.raises(Exception, match="Timeout 1000ms") as ended:
        lab.evaluate(page, script)
    assert ended.value.__notes__ == [f"The page was asked:\n{script}"]
