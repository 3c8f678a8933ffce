"""A skipped check says what is missing; under VIRTIOLAB_REQUIRE=all a skip is a failure.

Here and not in tests/, because the notebooks are tested in the same run.
"""

import os
from collections import Counter

import pytest

REQUIRE_ALL = os.environ.get("VIRTIOLAB_REQUIRE") == "all"
LEFT_OUT = Counter()


def reason(report):
    """Why this report was skipped, in the words of the test."""
    _path, _line, text = report.longrepr
    return text.removeprefix("Skipped").lstrip(": ") or f"no reason given: {report.nodeid}"


def noted(report):
    """The report, counted if it was a skip, and a failure if nothing may be left out."""
    if report.skipped and not hasattr(report, "wasxfail"):  # an expected failure is no skip
        LEFT_OUT[reason(report)] += 1
        if REQUIRE_ALL:
            report.longrepr = f"left out, under VIRTIOLAB_REQUIRE=all: {reason(report)}"
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


def pytest_terminal_summary(terminalreporter):
    """Each reason once, with its count."""
    if LEFT_OUT:
        terminalreporter.section("left out on this machine")
    for text, count in LEFT_OUT.most_common():
        terminalreporter.line(f"{count:4}  {text}")
