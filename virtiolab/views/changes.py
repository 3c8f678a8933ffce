"""What changes from one XML text to another, line by line, as text and as HTML.

A sign before each line says what becomes of it; inside a changed line the changed part is marked.
"""

import re
import textwrap
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

from lxml import etree
from lxml.builder import E

from ..inference import infer
from ..rewriting.conversion import Conversion, Dropped
from ..rewriting.steps import Step
from ..xml import one_line
from .elements import append, prose, visible, xml_box
from .html import root
from .text import WIDTH, disk_name, paint, unmarked

_MOST_SHOWN = 1000  # lines of a text; a disk has some 20
_MOST_LINES = 400  # that are compared one by one, and parts of a line too: it costs their square
_COLOURS = {"-": "31", "+": "32"}
_TAGS = {"-": ("del", "− "), "+": ("ins", "+ ")}
_PLAIN = {"style": "text-decoration: none"}
_MARKED = {"style": "font-weight: bold; text-decoration: underline"}
# An attribute with its value, a word, or one other character, and the blanks before it.
_PARTS = re.compile(r"""\s*(?:[\w:.-]+(?:=(?:'[^']*'|"[^"]*"))?|\S|$)""")
_TAG = re.compile(r"\s*</?[\w:.-]+")


class Line(NamedTuple):
    """One line: `sign` is `-` if it goes, `+` if it comes, else a blank; its pieces, and whether
    each of them is what changed."""

    sign: str
    pieces: list[tuple[str, bool]]


def changes_as_text(old: str, new: str, colour: bool = False) -> str:
    """Every line of both texts behind its sign: `- ` goes, `+ ` comes."""
    return "\n".join(_text_line(line, colour) for line in lines_of(old, new))


def marked_as_text(old: str, new: str, colour: bool = False) -> str:
    """The lines of the new text alone, behind a `+ ` those that are new or changed."""
    lines = (line for line in lines_of(old, new) if line.sign != "-")
    return "\n".join(_text_line(line, colour) for line in lines)


def changes_as_html(old: str, new: str) -> str:
    """The same as HTML: `<del>` and `<ins>` hold the lines, `<mark>` what changed in them."""
    return root(_pre(lines_of(old, new)))


def marked_as_html(old: str, new: str) -> str:
    """The lines of the new text alone as HTML."""
    return root(_pre(line for line in lines_of(old, new) if line.sign != "-"))


def changed_lines(old: str, new: str) -> etree._Element:
    """Only the lines that go or come, as an element."""
    return _pre(line for line in lines_of(old, new) if line.sign != " ")


def changed_lines_as_text(old: str, new: str, colour: bool = False, indent: str = "") -> str:
    """The same as text, behind a margin."""
    lines = (line for line in lines_of(old, new) if line.sign != " ")
    return "\n".join(indent + _text_line(line, colour) for line in lines)


def conversion_as_text(conversion: Conversion, colour: bool = False) -> str:
    """What changes when a disk goes to another bus, what is left out, and what to do."""
    parts = [paint(unmarked(_title(conversion)), "1", colour)]
    parts.append(changes_as_text(*_both(conversion), colour))
    for title, sentences in _lists(conversion):
        said = (_wrapped("  * ", sentence) for sentence in sentences)
        parts.append("\n".join([paint(title, "1", colour), *said]))
    for part in conversion.steps:
        steps = (_text_step(number, step) for number, step in enumerate(part.steps, 1))
        parts.append("\n".join([paint(part.title, "1", colour), *steps]))
    return "\n\n".join(parts)


def conversion_as_html(conversion: Conversion) -> str:
    """The same as HTML."""
    parts = [prose("p", _title(conversion), "vl-verdict"), _pre(lines_of(*_both(conversion)))]
    for title, sentences in _lists(conversion):
        parts += [_heading(title), E.ul(*[prose("li", sentence) for sentence in sentences])]
    for part in conversion.steps:
        parts += [_heading(part.title), E.ol(*map(_html_step, part.steps))]
    return root(*parts)


def _title(conversion: Conversion) -> str:
    bus = one_line(infer(conversion.disk).bus.value or "no bus", 20)
    was = f"`{disk_name(conversion.disk)}` on {bus}"
    return f"{was} becomes `{conversion.target}` on {conversion.bus}."


def _both(conversion: Conversion) -> tuple[str, str]:
    """The XML of before and after; behind the disk stand the controller that it needs, and the
    other parts of the guest that change."""
    added = [conversion.controller] if conversion.controller else []
    old, new = zip(*conversion.also) if conversion.also else ((), ())
    return "\n".join([conversion.old, *old]), "\n".join([conversion.new, *added, *new])


def _lists(conversion: Conversion) -> Iterator[tuple[str, Iterable[str]]]:
    """What is said between the XML and the steps: titles, and the sentences below them."""
    if conversion.dropped:
        yield (
            "Left out",
            [f"`{_dropped(left_out)}`: {left_out.why}" for left_out in conversion.dropped],
        )
    if conversion.notes:
        yield "To know", conversion.notes


def _dropped(left_out: Dropped) -> str:
    value = "" if left_out.value is None else f" = {left_out.value}"
    return one_line(left_out.name + value, 100)


def _heading(title: str) -> etree._Element:
    return E.p({"class": "vl-part"}, E.strong(title))


def _html_step(step: Step) -> etree._Element:
    item = prose("li", step.say)
    if step.run:
        item.append(E.pre({"class": "vl-run"}, "\n".join(step.run)))
    return item


def _text_step(number: int, step: Step) -> str:
    return "\n".join(
        [_wrapped(f"{number:3}. ", step.say), *(f"       {line}" for line in step.run)]
    )


def _wrapped(lead: str, sentence: str) -> str:
    """A sentence in lines behind its bullet or number."""
    return textwrap.fill(
        unmarked(sentence), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _text_line(line: Line, colour: bool) -> str:
    text = "".join(_painted(text, line.sign, marked, colour) for text, marked in line.pieces)
    return _painted(f"{line.sign} ", line.sign, False, colour) + text


def _painted(text: str, sign: str, marked: bool, colour: bool) -> str:
    if not colour or sign == " ":
        return text
    return f"\x1b[{_COLOURS[sign]}{';1;4' if marked else ''}m{text}\x1b[0m"


def _pre(lines: Iterable[Line]) -> etree._Element:
    pre = xml_box("vl-changes")
    for sign, same in groupby(lines, key=lambda line: line.sign):
        if sign == " ":
            append(pre, "".join(f"  {text}\n" for line in same for text, _ in line.pieces))
        else:
            pre.extend(_html_line(line) for line in same)
    return pre


def _html_line(line: Line) -> etree._Element:
    """The sign is not by colour and not by the style sheet, and stays behind when one copies."""
    name, sign = _TAGS[line.sign]
    element = E(name, _PLAIN, E.span(sign, {"class": "vl-sign"}))
    for text, marked in [*line.pieces, ("\n", False)]:
        append(element, E.mark(text, _MARKED) if marked else text)
    return element


def lines_of(old: str, new: str) -> Iterator[Line]:
    """Every line of both texts, a line that goes before the one that comes in its place."""
    before, after = _lines(old), _lines(new)
    for kind, a, b, c, d in _differences(before, after):
        if kind == "equal":
            yield from (Line(" ", [(line, False)]) for line in after[c:d])
        else:
            yield from _changed(before[a:b], after[c:d])


def _lines(text: str) -> list[str]:
    lines = text.rstrip("\n").split("\n", _MOST_SHOWN) if text else []
    lines[_MOST_SHOWN:] = ["…"] * (len(lines) > _MOST_SHOWN)
    return [visible(line.expandtabs(4)) for line in lines]


def _differences(old: list[str], new: list[str]) -> Iterable[tuple]:
    if len(old) > _MOST_LINES or len(new) > _MOST_LINES:
        same = old == new
        return [("equal" if same else "replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _changed(old: list[str], new: list[str]) -> Iterator[Line]:
    """Lines that go and lines that come; two that open the same element are one that changed."""
    partner_of = _pairs(old, new)
    pieces = {}
    for i, j in partner_of.items():
        pieces["-", i], pieces["+", j] = _pieces(old[i], new[j])
    for sign, lines in (("-", old), ("+", new)):
        for number, line in enumerate(lines):
            yield Line(sign, pieces.get((sign, number), [(line, False)]))


def _pairs(old: list[str], new: list[str]) -> dict[int, int]:
    """Of each old line that has one, the new line with the same element in it."""
    free, pairs = defaultdict(deque), {}
    for number, tag in enumerate(map(_tag, new)):
        free[tag].append(number)
    for number, tag in enumerate(map(_tag, old)):
        if tag and free[tag]:
            pairs[number] = free[tag].popleft()
    return pairs


def _tag(line: str) -> str | None:
    match = _TAG.match(line)
    return match and match[0].strip()


def _pieces(old: str, new: str) -> tuple[list, list]:
    """Both lines in pieces, those marked that the other one has not."""
    before, after = _PARTS.findall(old), _PARTS.findall(new)
    changes = list(_differences(before, after))
    return (
        [piece for kind, a, b, _, _ in changes for piece in _piece(before[a:b], kind)],
        [piece for kind, _, _, c, d in changes for piece in _piece(after[c:d], kind)],
    )


def _piece(parts: list[str], kind: str) -> Iterator[tuple[str, bool]]:
    """The parts as one piece; the blanks before it are never marked."""
    text = "".join(parts)
    inner = text if kind == "equal" else text.lstrip()
    pieces = [(text[: len(text) - len(inner)], False), (inner, kind != "equal")]
    yield from (piece for piece in pieces if piece[0])
