"""What changes from one XML text to another: line by line, with signs and marks."""

import re
import time
import timeit
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from virtiolab import infer, read
from virtiolab.rewriting.conversion import BUSES, Unconvertible, convert
from virtiolab.views.changes import as_text, changes, lines_of, marked
from virtiolab.views.converted import Converted, conversion_as_text
from virtiolab.views.text import WIDTH

FILES = sorted((Path(__file__).parents[1] / "notebooks/domains").glob("*.xml"))
OLD = """<disk>
  <driver name='qemu' queues='4'/>
  <source file='/a'/>
  <target dev='vda' bus='virtio'/>
  <address type='pci'/>
</disk>"""
NEW = """<disk>
  <driver name='qemu'/>
  <source file='/a'/>
  <target dev='sda' bus='virtio'/>
  <serial>1</serial>
</disk>"""

# Two texts, the lines that are shown, and in «» what is marked in them.
TABLE = {
    "nothing": ("<a/>", "<a/>", ["  <a/>"]),
    "nothing at all": ("", "", []),
    "all new": ("", "<a/>\n<b/>\n", ["+ <a/>", "+ <b/>"]),
    "all gone": ("<a/>", "", ["- <a/>"]),
    "a line comes": ("<a>\n</a>", "<a>\n  <b/>\n</a>", ["  <a>", "+   <b/>", "  </a>"]),
    "a disk": (
        OLD,
        NEW,
        [
            "  <disk>",
            "-   <driver name='qemu' «queues='4'»/>",
            "+   <driver name='qemu'/>",
            "    <source file='/a'/>",
            "-   <target «dev='vda'» bus='virtio'/>",
            "-   <address type='pci'/>",
            "+   <target «dev='sda'» bus='virtio'/>",
            "+   <serial>1</serial>",
            "  </disk>",
        ],
    ),
    "a value of two words": (
        "<a b='x y' c='1'/>",
        "<a b='x z' c='1'/>",
        ["- <a «b='x y'» c='1'/>", "+ <a «b='x z'» c='1'/>"],
    ),
    "a text": (
        "<a>one two</a>",
        "<a>one three</a>",
        ["- <a>one «two»</a>", "+ <a>one «three»</a>"],
    ),
    "other elements": ("<a b='1'/>", "<c b='1'/>", ["- <a b='1'/>", "+ <c b='1'/>"]),
    "the quotes": ("""<a b="1"/>""", "<a b='1'/>", ["""- <a «b="1"»/>""", "+ <a «b='1'»/>"]),
    "all on one line": (
        "<d x='1'><t dev='hda'/><s>a</s></d>",
        "<d><t dev='vda'/><s>b</s></d>",
        ["- <d «x='1'»><t «dev='hda'»/><s>«a»</s></d>", "+ <d><t «dev='vda'»/><s>«b»</s></d>"],
    ),
    "two of one kind": (
        "<h n='1'/>\n<h n='2'/>",
        "<h n='3'/>\n<h n='4'/>",
        ["- <h «n='1'»/>", "- <h «n='2'»/>", "+ <h «n='3'»/>", "+ <h «n='4'»/>"],
    ),
    "a new attribute": ("<a/>", "<a  b='1'/>", ["- <a/>", "+ <a  «b='1'»/>"]),
    "no XML": ("one", "two", ["- one", "+ two"]),
    "a tab": ("\t<a/>", "\t<a/>", ["      <a/>"]),
}


def with_marks(line):
    text = "".join(f"«{piece}»" if is_marked else piece for piece, is_marked in line.pieces)
    return f"{line.sign} {text}"


@pytest.mark.parametrize("old, new, expected", TABLE.values(), ids=TABLE)
def test_lines(old, new, expected):
    """As a person would mark them."""
    assert [with_marks(line) for line in lines_of(old, new)] == expected
    unmarked = re.sub("[«»]", "", "\n".join(expected))
    assert changes(old, new).text == unmarked
    without = [line for line in unmarked.splitlines() if line[0] != "-"]
    assert marked(old, new).text.splitlines() == without


def lines_in(page):
    """The lines of a page, each with its sign, as somebody reads them who sees no style."""
    [pre] = html.fromstring(page).iter("pre")
    return pre.text_content().replace("−", "-").removesuffix("\n").split("\n")


@pytest.mark.parametrize("old, new, expected", TABLE.values(), ids=TABLE)
def test_html(old, new, expected):
    """What the text says; what goes is in del, what comes in ins, what changed in mark."""
    for view in (changes(old, new), marked(old, new)):
        assert lines_in(view.html) == (view.text or "").split("\n")
        root = html.fromstring(view.html)
        for tag, sign in (("del", "− "), ("ins", "+ ")):
            for element in root.iter(tag):
                assert element.text_content().startswith(sign)
                assert element.text_content().count("\n") == 1
        assert sum(1 for _ in root.iter("del", "ins")) == sum(
            line[0] in "+-" for line in view.text.splitlines()
        )
    shown = [mark.text for mark in html.fromstring(changes(old, new).html).iter("mark")]
    assert shown == re.findall("«(.*?)»", "\n".join(expected))


def test_colour():
    """For a terminal that has it: the signs stay, and the text is the same."""
    shown = as_text(lines_of(OLD, NEW), colour=True)
    assert re.sub("\x1b\\[[0-9;]*m", "", shown) == changes(OLD, NEW).text
    assert "\x1b[32;1;4mdev='sda'\x1b[0m" in shown and "\x1b[31m- \x1b[0m" in shown


LINES = st.lists(st.sampled_from(["<a/>", "<a b='1'/>", "<a b='2'/>", "<c/>", "", "x y", " <"]))


@settings(max_examples=300, deadline=None)
@given(LINES, LINES)
def test_both_texts_are_in_it(old, new):
    """Without the lines of one sign, the other text is left, whatever the two are."""
    lines = list(lines_of("\n".join(["<d>", *old, "</d>"]), "\n".join(["<d>", *new, "</d>"])))
    for sign, text in (("-", old), ("+", new)):
        kept = [
            "".join(piece for piece, _ in line.pieces) for line in lines if line.sign in f" {sign}"
        ]
        assert kept == ["<d>", *text, "</d>"]


def test_large_texts():
    """Nothing is compared at a cost that grows with its square."""
    many = "<a b='1'/>\n" * 20_000
    wide = "<a " + " ".join(f"b{n}='1'" for n in range(20_000)) + "/>"
    for text in (many, wide):
        begun = time.thread_time()  # the machine may be busy elsewhere
        changes(text, text.replace("1", "2"))
        assert time.thread_time() - begun < 5


def test_cost():
    """A disk of 20 lines: well under a millisecond, by the median."""
    old = OLD.replace("</disk>", "  <a b='1' c='2'/>\n" * 14 + "</disk>")
    new = old.replace("vda", "sda").replace(" queues='4'", "")
    many = {"number": 10, "repeat": 21, "timer": time.thread_time}
    times = sorted(timeit.repeat(lambda: changes(old, new).html, **many))
    assert times[10] / 10 < 0.001


def conversions():
    for file in FILES:
        for disk in read(file).disks:
            for bus in BUSES:
                try:
                    yield convert(disk, bus)
                except Unconvertible:
                    continue


def test_conversions():
    """The change, what is left out, the notes and every step; commands in one piece."""
    for one in conversions():
        view = Converted(one)
        lines = view.text.splitlines()
        assert lines[0] == (
            f"{one.disk.target} on {infer(one.disk).bus.value} becomes {one.target} on {one.bus}."
        )
        commands = [line for part in one.steps for step in part.steps for line in step.run]
        assert [line.strip() for line in lines if line.startswith("       ")] == commands
        shown = len(list(lines_of(one.old, one.new))) + sum(
            len(list(lines_of(*c))) for c in one.also
        )
        prose = lines[lines.index("") + 1 + shown :]
        assert all(len(line) <= WIDTH or line.strip() in commands for line in prose[2:])
        assert "`" not in view.text and "{" not in view.text
        assert all(part.title in lines for part in one.steps)
        assert ("Left out" in lines, "To know" in lines) == (bool(one.dropped), bool(one.notes))
        assert sum(line.startswith("  * ") for line in lines) == len(one.dropped) + len(one.notes)


def test_conversions_as_html():
    """The same words in the same order; commands stand in lines of their own."""
    for one in conversions():
        view = Converted(one)
        root = html.fromstring(view.html)
        first, *others = root.iter("pre")
        runs = [step.run for part in one.steps for step in part.steps if step.run]
        assert [tuple(pre.text.split("\n")) for pre in others] == runs
        assert "virtio-scsi" in first.text_content() or one.controller is None
        said = re.sub(r"\s+|−|[-+*]|\d+\.", "", root.text_content())
        assert said == re.sub(r"\s+|[-+*]|\d+\.", "", view.text)


def test_conversions_in_colour():
    """The same words."""
    one = next(conversions())
    shown = conversion_as_text(one, colour=True)
    assert "\x1b[1m" in shown
    assert re.sub("\x1b\\[[0-9;]*m", "", shown) == Converted(one).text
