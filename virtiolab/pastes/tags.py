"""Finds what is whole in text whose tags need not balance, and closes or leaves out the rest.

Nothing is guessed about a disk: one that is not whole is left out. A guest that is not is closed where it
is cut, with `...` in it as a mark. Only tags are looked at; whether the rest is XML, `read` decides.
"""

import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..xml import HOLDERS

GAP = "\f"  # in the text: here lines are missing, so what is open is not what goes on below; two: another file
COMMENT = r"<!--(?s:.*?)(?:-->|(?=\f)|\Z)"
NAME = r"[^\W\d](?:[\w:-]|\.(?!\.))*+"
LEFT_OUT = "..."
_START = "<devices>"

# Each alternative stops at the next `<` or takes all that it looked at, so the time grows with the text.
_TOKEN = re.compile(
    rf"""(?P<gap>\f++)|(?P<cut><!--(?:(?!-->)[^\f])*+(?:(?=\f)|\Z))|{COMMENT}
    |<!\[CDATA\[(?s:.*?)(?:]]>|\Z)|(?P<declaration><\?[^<]*?\?>)
    |<metadata(?=[\s>])(?:(?!</?metadata\b)[^\f])*+</metadata\s*>
    |<(?P<end>/?)(?P<name>{NAME})(?P<inside>(?:[^<>"'\f]|"[^"<\f]*+"|'[^'<\f]*+')*+)>
    |(?P<unfinished><[^<\f]*+(?:(?=\f)|\Z))|(?P<stray>-->(?=[ \t]*(?:[\n\v<]|\Z)))""",
    re.VERBOSE,
)
_DEVICES = ("disk", "controller")
GUESTS = ("domain", *HOLDERS)
# Which elements hold one. What else is open when one begins has lost its end.
_HOLDERS_OF = {"domain": HOLDERS, "devices": ("domain",)}
_HOLDERS_OF |= dict.fromkeys(_DEVICES, ("devices", "disks", "domain"))
# And which are over when one begins that nothing open holds.
_OVER = {"domain": ("domain", "devices", *_DEVICES), "devices": ("devices", *_DEVICES)}
_OVER |= dict.fromkeys(_DEVICES, _DEVICES)
_FRAME = (*GUESTS, "devices", "disks", *_DEVICES)


class Element(NamedTuple):
    """A whole element, by its place in the text, and the name of what it stands in."""

    start: int
    end: int
    name: str
    parent: str | None


class Edit(NamedTuple):
    """What is written in place of a part of the text; the line breaks of that part stay."""

    start: int
    end: int
    text: str


class _Open:
    """An element that has begun."""

    def __init__(self, tag: re.Match[str]):
        self.name, self.start, self.inside = tag["name"], tag.start(), tag.end()
        # As names of elements are in a sentence.
        self.is_bare = not tag["inside"].strip() and not tag.string.startswith(LEFT_OUT, tag.end())
        self.is_spoilt = False
        self.first_device: int | None = None  # where one begins in a guest without <devices>


class Scan:
    """What is whole in a text, and the edits that make its tags balance."""

    def __init__(self, text: str):
        self.text = text
        self._forget()
        has_comments = False
        for token in _TOKEN.finditer(text):
            if token["stray"] and not has_comments:  # a comment that is cut at its start
                self._forget()
            has_comments = has_comments or token[0].startswith("<!--")
            self._take(token)
        self._end_all(0, len(text))
        self.edits.sort(key=lambda edit: edit[:2])

    def _forget(self) -> None:
        """Begin anew."""
        self.wholes: list[Element] = []
        self.edits: list[Edit] = []
        self.breaks: list[int] = []  # where a guest or a <devices> ends that has no beginning
        self.places: dict[str, list[int]] = defaultdict(list)  # of what is not read, by kind
        self.is_balanced = True
        self._open: list[_Open] = []
        self._depths: dict[str, list[int]] = defaultdict(list)  # by name, in self._open

    def leave_out(self, disks: Iterable[Element]) -> None:
        """Leave out disks which are no XML, with a mark in the place of each."""
        for disk in disks:
            self.places["spoilt"].append(disk.start)
            self._write(disk.start, disk.end, LEFT_OUT)
        self.edits.sort(key=lambda edit: edit[:2])

    def edit_at(self, start: int) -> Edit:
        """The edit that begins at this place."""
        return self.edits[bisect_left(self.edits, (start,))]

    def pieces(self) -> Iterator[list[Element]]:
        """The guests, and the lone disks that follow each other with their controllers."""
        group: list[Element] = []
        breaks, end = deque(self.breaks), 0
        for element in sorted(self.wholes):
            if element.start < end:
                continue
            end = element.end
            is_over = bool(breaks) and breaks[0] < element.start
            while breaks and breaks[0] < element.start:
                breaks.popleft()
            if is_over or element.name not in _DEVICES:
                yield group
                group = []
            group.append(element)
            if element.name not in _DEVICES:
                yield group
                group = []
        yield group

    def written(self, piece: list[Element]) -> str:
        """The text of a piece, edited, in the same lines."""
        parts, last = [], 0
        for element in piece:
            parts.append("\n" * self.text.count("\n", last, element.start))
            parts.extend(self._edited(element))
            last = element.end
        return "".join(parts)

    def _edited(self, element: Element) -> Iterator[str]:
        at = element.start
        for place in range(bisect_left(self.edits, (at,)), len(self.edits)):
            edit = self.edits[place]
            if edit.start > element.end:
                break
            # What is written in at its very start or end may belong to what stands around it.
            is_start = edit.text == _START and element.name == "devices"
            inside = element.start + (not is_start), element.end - (element.name in _DEVICES)
            is_outside = edit.start == edit.end and not inside[0] <= edit.start <= inside[1]
            if edit.start < at or edit.end > element.end or is_outside:
                continue
            yield self.text[at : edit.start]
            yield edit.text + "\n" * self.text.count("\n", *edit[:2])
            at = edit.end
        yield self.text[at : element.end]

    # ------------------------------------------------------------------------------- token by token

    def _take(self, token: re.Match[str]) -> None:
        at = token.start()
        if token["gap"]:
            self._end_all(0 if len(token[0]) > 1 else self._depth("disk", len(self._open)), at)
            self._write(*token.span(), LEFT_OUT)
        elif token["declaration"]:
            self._write(*token.span(), "")
        elif token["cut"] or token["unfinished"]:
            self._spoil()
            self._write(*token.span(), LEFT_OUT if self._open else "")
        elif token["name"]:
            (self._finish if token["end"] else self._begin)(token)

    def _write(self, start: int, end: int, text: str) -> None:
        self.edits.append(Edit(start, end, text))

    def _depth(self, name: str, default: int = -1) -> int:
        """Where the innermost element of this name is open."""
        depths = self._depths[name]
        return depths[-1] if depths else default

    def _frame(self) -> int:
        return max(map(self._depth, _FRAME))

    def _spoil(self) -> None:
        self.is_balanced = False
        if (depth := self._depth("disk")) >= 0:
            self._open[depth].is_spoilt = True
            self._open[depth].is_bare = False

    def _begin(self, tag: re.Match[str]) -> None:
        name, at = tag["name"], tag.start()
        if name in _HOLDERS_OF:
            holder = max(map(self._depth, _HOLDERS_OF[name]))
            over = [depth for depth in map(self._depth, _OVER[name]) if depth > holder]
            if holder >= 0 or over:
                self._end_all(holder + 1 if holder >= 0 else min(over), at)
            if name in _DEVICES and holder >= 0 and self._open[holder].name == "domain":
                domain = self._open[holder]
                domain.first_device = at if domain.first_device is None else domain.first_device
        begun = _Open(tag)
        if not begun.is_bare and self._depth("disk") >= 0:
            self._open[self._depth("disk")].is_bare = False
        self._depths[name].append(len(self._open))
        self._open.append(begun)
        if tag["inside"].endswith("/"):
            self._whole(self._pop(), tag.end())

    def _pop(self) -> _Open:
        element = self._open.pop()
        self._depths[element.name].pop()
        return element

    def _whole(self, element: _Open, end: int) -> None:
        if element.name in _FRAME and self._depth("disk") < 0:
            parent = self._open[-1].name if self._open else None
            self.wholes.append(Element(element.start, end, element.name, parent))

    def _finish(self, tag: re.Match[str]) -> None:
        name, (at, end) = tag["name"], tag.span()
        depth = self._depth(name)
        if depth < 0 or (name not in _FRAME and depth < self._frame()):
            self._stray(tag)
            return
        self._end_all(depth + 1, at)
        element = self._pop()
        if element.is_spoilt:
            self.places["spoilt"].append(element.start)
            self._write(element.start, end, LEFT_OUT)
        else:
            self._in_devices(element, at)
            self._whole(element, end)

    def _stray(self, tag: re.Match[str]) -> None:
        """An end tag without a start."""
        name, (at, end) = tag["name"], tag.span()
        self._spoil()
        domain = self._depth("domain")
        if name == "devices" and domain >= 0 and self._open[domain].first_device is not None:
            self._end_all(domain + 1, at)
            self._in_devices(self._open[domain], end, "")
            return
        if name == "disk":
            self.places["beheaded"].append(at)
        while name == "disks" and self.wholes and self.wholes[-1].parent is None:
            self.wholes.pop()  # those of a snapshot
        if self._frame() < 0 and name in (*GUESTS, "devices"):
            self.breaks.append(at)
        elif self._frame() >= 0:
            self.places["unbalanced"].append(at)
        self._write(at, end, "")

    def _in_devices(self, domain: _Open, at: int, end: str = "</devices>") -> None:
        """Give disks in a guest the <devices> that was cut away."""
        if domain.first_device is not None:
            self._write(domain.first_device, domain.first_device, _START)
            self._write(at, at, end)
            self.wholes.append(Element(domain.first_device, at, "devices", "domain"))
            domain.first_device = None

    def _end_all(self, depth: int, at: int) -> None:
        """Everything from this depth on lost its end before this place."""
        while len(self._open) > depth:
            self.is_balanced = False
            self._lose(self._pop(), at)

    def _lose(self, element: _Open, at: int) -> None:
        name = element.name
        if name == "disk":
            if not element.is_bare:
                self.places["cut"].append(element.start)
            self._write(element.start, at, LEFT_OUT)
        elif self._depth("disk") >= 0:
            self._spoil()
        elif (element.is_bare and name == "domain") or (
            name not in _FRAME and self._frame() < 0
        ):  # a name in a sentence, or a `<EOF > file` of a shell
            self._write(element.start, element.inside, "")
        else:
            if name == "domain":
                self.places["unfinished"].append(element.start)
            elif name not in _FRAME:
                self.places["unbalanced"].append(element.start)
            self._in_devices(element, at)
            self._write(at, at, f"{LEFT_OUT}</{name}>")
            self._whole(element, at)


def is_balanced(text: str) -> bool:
    """Whether every tag has its counterpart."""
    return Scan(text).is_balanced
