"""The cost table: it measures what it says, on the same disks for all, and the README shows it.

What the numbers are is for `make bench`: a machine that tests has other things to do.
"""

from pathlib import Path

import lab
import pytest

from benchmarks import __main__ as table
from benchmarks import others
from benchmarks.changes import CHANGES, PRESSES, beside, htmls
from benchmarks.guests import guests, many_disks
from benchmarks.page import LIMIT, on_the_page
from benchmarks.rows import Row, readable
from virtiolab import check, read
from virtiolab.evidence import NoAnswer
from virtiolab.evidence.sandbox import Sandbox

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TABLE = README.split("## What it costs")[1].split("\n## ")[0].splitlines()
# What the design allows, by group: the numbers of the rows, and what each may be.
LIMITS = {
    "read": ["3 ×", "6 ×", "15 ×"],
    "grow": ["12 ×", "12 ×"],
    "start": ["25 ms"],
    "change": ["5 ms"] * 8,
    "show": ["1.5 ×"] * 5,
    "ask": ["5 ms"],
    "test": ["60 s"],
}
SMALL = {
    "read": {"number": 11, "rounds": 1},
    "grow": {"disks": 10, "rounds": 1},
    "start": {"rounds": 1},
    "change": {"rounds": 4},
    "test": {},
}


def limited(lines):
    """The rows that have a limit."""
    return [line for line in lines if isinstance(line, Row) and line.limit is not None]


def assert_as_designed(group, rows):
    """Each has the limit of the design, and the README shows it below it."""
    assert [f"{row.limit:g} {row.unit}" for row in rows] == LIMITS[group]
    for row in rows:
        at_most = f" {row.limit:g} {row.unit}"
        assert [l for l in TABLE if l.startswith(f"  {row.what} ") and l.endswith(at_most)], row


def test_groups():
    """Each part of the design's table has its group."""
    assert list(table.GROUPS) == list(LIMITS)


@pytest.mark.parametrize("group", SMALL)
def test_rows(group, monkeypatch):
    """Every row is there, on little, without a process for each."""
    monkeypatch.setattr(table, "_python", lambda *arguments: None)
    assert_as_designed(group, limited(table.GROUPS[group](**SMALL[group])))


@pytest.mark.live
def test_row_of_libvirt(libvirt):
    assert_as_designed("ask", limited(table.to_ask(rounds=2)))


def test_guests():
    """What is measured is nothing odd: 18 disks in 11 guests, and no error in any."""
    texts = guests(110)
    assert sum(len(read(text).disks) for text in texts) == 180
    for text in [*texts, many_disks(50)]:
        assert not [problem for problem in check(read(text)) if problem.severity == "error"]


@pytest.mark.live
@pytest.mark.parametrize("who", others.PACKAGES)
def test_others_read_the_same(who):
    """libvirt and virtinst see as many disks as we do."""
    texts = [*guests(22), many_disks(50)]
    with Sandbox() as sandbox:
        try:
            said = others.Other(sandbox, who).read(texts)
        except (NoAnswer, OSError) as error:
            pytest.skip(f"{who} is not measured: apt-get install {others.PACKAGES[who]} ({error})")
    assert said["disks"] == sum(len(read(text).disks) for text in texts) and said["seconds"] > 0


def test_others_are_missed(monkeypatch):
    """A line for each that is not installed, which names its package."""
    monkeypatch.setattr(others, "SYSTEM_PYTHON", "/nowhere/python3")
    with Sandbox() as sandbox:
        found, missing = others.others(sandbox)
    assert found == [] and ["apt-get install " in line for line in missing] == [True, True]


@pytest.mark.parametrize("name", PRESSES)
def test_presses_tell(name):
    """A button has something new to say."""
    press = PRESSES[name]
    widget = press.widget()
    before = [html.value for html in htmls(widget)]
    press.make(widget, press.values[0])
    assert before != [html.value for html in htmls(widget)]


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_is_shown(name):
    """What ipywidgets alone has to show is what the widget shows, text for text."""
    widget, bare = beside(name).children
    control, shown = bare.children
    change = CHANGES[name]
    for value in change.values:
        before = {html: html.value for html in htmls(widget)}
        change.make(widget, value)
        control.set_state({change.trait: value})
        new = [html.value for html in htmls(widget) if before.get(html) != html.value]
        assert shown.value == "".join(new) != ""


@pytest.mark.browser
def test_page():
    """A change reaches the page, beside ipywidgets alone: with enormous slack, for on two busy cores
    the ratio of so few was 0.7 to 3.2."""
    lab.or_skip()
    rows = list(on_the_page(rounds=3))
    assert_as_designed("show", rows)
    assert max(row.measured for row in rows) < 5 * LIMIT


def test_row():
    """A ratio is the median of the ratios, a cost that of the differences; a limit can be broken."""
    ratio = Row("read", [2.0, 9.0, 4.0], 3, floor=[1.0, 3.0, 1.0])
    assert ratio.measured == 3 and not ratio.is_over and ratio._replace(limit=2.9).is_over
    assert Row("import", [0.030, 0.031], 25, "ms", [0.020, 0.020]).measured == pytest.approx(10.5)
    late = Row("ask", [0.006], 5, "ms")
    assert late.is_over and str(late).endswith("OVER")
    assert str(Row("other", [7e-6], floor=[1e-6])).split() == "other 7 µs 1 µs 7 ×".split()
    assert list(map(readable, (5e-6, 0.0123, 0.5, 42.3))) == ["5 µs", "12.3 ms", "500 ms", "42 s"]


def test_status(monkeypatch, capsys):
    """The status tells whether a row is over, and a group can be asked for alone."""
    rows = {
        "fine": lambda: ["a guest", Row("read", [1.0], 2, "s")],
        "bad": lambda: [Row("x", [3.0], 2, "s")],
    }
    monkeypatch.setattr(table, "GROUPS", rows)
    assert (table.main(["fine"]), table.main([])) == (0, 1)
    assert capsys.readouterr().out.count("OVER") == 1
    with pytest.raises(SystemExit, match="no odd to measure; there is fine, bad"):
        table.main(["odd"])


def test_readme():
    """No row of the README is over, and it says on which machine that was."""
    assert TABLE and not any("OVER" in line for line in TABLE)
    assert any("Python 3." in line and "lxml" in line and "QEMU" in line for line in TABLE)
