"""What changes from one XML text to another, line by line, as text and as HTML.

A sign before each line says what becomes of it; inside a changed line the changed part is marked.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .elements import E, Html, Part, root, visible, xml_box
from .text import paint
from .view import View

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


def changes(old: str, new: str, signs: str = " -+") -> View:
    """What changes from one XML text to another: lines that go, lines that come."""
    return View(
        lambda: root(as_element(lines_of(old, new, signs))),
        lambda: as_text(lines_of(old, new, signs)),
    )


def marked(old: str, new: str) -> View:
    """The new XML text alone, with the lines marked that are new or changed."""
    return changes(old, new, "+ ")


def as_text(lines: Iterable[Line], colour: bool = False, indent: str = "") -> str:
    """Each line behind its sign: `- ` goes, `+ ` comes."""
    shown = []
    for line in lines:
        code, pieces = _COLOURS.get(line.sign, ""), [(f"{line.sign} ", False), *line.pieces]
        texts = (
            paint(t, code + ";1;4" * is_marked, colour and code != "") for t, is_marked in pieces
        )
        shown.append(indent + "".join(texts))
    return "\n".join(shown)


def as_element(lines: Iterable[Line]) -> Html:
    """The same: `<del>` and `<ins>` hold the lines, `<mark>` what changed in them."""
    return xml_box(map(_html_line, lines), "vl-changes")


def _html_line(line: Line) -> Part:
    """The sign is not by colour and not by the style sheet, and stays behind when one copies."""
    if line.sign == " ":
        return f"  {line.pieces[0][0]}\n"
    name, sign = _TAGS[line.sign]
    pieces = [E.mark(text, _MARKED) if is_marked else text for text, is_marked in line.pieces]
    return getattr(E, name)(_PLAIN, E.span(sign, {"class": "vl-sign"}), *pieces, "\n")


def lines_of(old: str, new: str, signs: str = " -+") -> Iterator[Line]:
    """The lines of both texts with one of these signs, a line that goes before the one that comes
    in its place."""
    before, after = _lines(old), _lines(new)
    for kind, a, b, c, d in _differences(before, after):
        if kind != "equal":
            yield from (line for line in _changed(before[a:b], after[c:d]) if line.sign in signs)
        elif " " in signs:
            yield from (Line(" ", [(line, False)]) for line in after[c:d])


def _lines(text: str) -> list[str]:
    lines = text.rstrip("\n").split("\n", _MOST_SHOWN) if text else []
    lines[_MOST_SHOWN:] = ["…"] * (len(lines) > _MOST_SHOWN)
    return [visible(line.expandtabs(4)) for line in lines]


def _differences(old: list[str], new: list[str]) -> Iterable[tuple]:
    from difflib import SequenceMatcher  # the only one who needs it

    if len(old) > _MOST_LINES or len(new) > _MOST_LINES:
        same = old == new
        return [("equal" if same else "replace", 0, len(old), 0, len(new))]
    return SequenceMatcher(None, old, new, autojunk=False).get_opcodes()


def _changed(old: list[str], new: list[str]) -> Iterator[Line]:
    """Lines that go and lines that come; two that open the same element are one that changed."""
    free: defaultdict[str | None, deque[int]] = defaultdict(deque)
    pieces = {}
    for number, line in enumerate(new):
        free[_tag(line)].append(number)
    for number, line in enumerate(old):
        if (tag := _tag(line)) and free[tag]:
            other = free[tag].popleft()
            pieces["-", number], pieces["+", other] = _pieces(line, new[other])
    for sign, lines in (("-", old), ("+", new)):
        for number, line in enumerate(lines):
            yield Line(sign, pieces.get((sign, number), [(line, False)]))


def _tag(line: str) -> str | None:
    match = _TAG.match(line)
    return match[0].strip() if match else None


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
