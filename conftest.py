"""A skipped check says what is missing; under VIRTIOLAB_REQUIRE=all a skip is a failure. And which
files begin first.

Here and not in tests/, because the notebooks are tested in the same run.
"""

import os
from collections import Counter

import pytest

REQUIRE_ALL = os.environ.get("VIRTIOLAB_REQUIRE") == "all"
LEFT_OUT = Counter()
# The files that take longest, longest first: begun at once, none of them is still going when all else
# is done. All other files follow in their own order.
LONGEST = [
    "test_browser_course.py", "test_record.py", "test_browser_hostile.py", "test_arguments.py",
    "test_browser_widgets.py", "test_agreement.py", "test_fixes.py", "test_page.py",
]  # fmt: skip


def pytest_collection_modifyitems(items):
    """Bring the tests of these files to the front; and notebooks ask what is installed."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("live")
    turn = {name: number - len(LONGEST) for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: turn.get(item.path.name, 0))


def reason(report):
    """Why this report was skipped, in the words of the test."""
    _path, _line, text = report.longrepr
    return text.removeprefix("Skipped").lstrip(": ") or f"no reason given: {report.nodeid}"


def noted(report):
    """The report, with its reason if it was a skip, and a failure if nothing may be left out."""
    if report.skipped and not hasattr(report, "wasxfail"):  # an expected failure is no skip
        report.left_out = reason(report)
        if REQUIRE_ALL:
            report.longrepr = f"left out, under VIRTIOLAB_REQUIRE=all: {report.left_out}"
            report.outcome = "failed"
    return report


# First of the wrappers is last to see the report: pytest has marked the expected failures by then.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    """Of a test, or of a notebook's cell."""
    return noted((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report():
    """Of a file that skips itself as a whole."""
    return noted((yield))


# Where several processes test, each makes its reports, and all of them come to the one that sums up.
def pytest_runtest_logreport(report):
    """Of a test, or of a notebook's cell."""
    LEFT_OUT.update(filter(None, [getattr(report, "left_out", None)]))


# The same of a file: each process reports it, and pytest-xdist drops what it has seen.
pytest_collectreport = pytest_runtest_logreport


def pytest_terminal_summary(terminalreporter):
    """Each reason once, with its count."""
    if LEFT_OUT:
        terminalreporter.section("left out on this machine")
    for text, count in LEFT_OUT.most_common():
        terminalreporter.line(f"{count:4}  {text}")
