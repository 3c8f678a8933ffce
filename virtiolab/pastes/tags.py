"""Finds the guests in text whose tags need not balance: closes what is cut, and leaves out the rest.

Nothing is guessed about a disk: one without its start or its end is left out. A guest that is not whole is
closed where it is cut, with `...` in it as a mark. Only tags are looked at; whether a disk that has both
ends is XML, `read` decides.
"""

import re
from collections import defaultdict
from typing import NamedTuple

from ..xml import HOLDERS

GAP = (
    "\f"  # in the text, as no XML can hold it: lines are missing here, so nothing goes on behind it
)
LEFT_OUT = "..."
COMMENT = r"<!--(?s:.*?)(?:-->|\Z)"
NAME = r"[^\W\d](?:[\w:-]|\.(?!\.))*+"
# Each alternative stops at the next `<` or takes all that it looked at, so the time grows with the text.
_TOKEN = rf"""(?x)
    (?P<kept><!--(?s:.*?)-->|<!\[CDATA\[(?s:.*?)]]>
        |<metadata(?=[\s>])(?s:(?!</?metadata\b).)*+</metadata\s*>)
    |<(?P<end>/?)(?P<name>{NAME})(?P<inside>(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>
    |<\?xml\s[^<>]*\?>|(?:<!(?:--|\[CDATA\[)(?s:.*)|<[^<]*+)\Z"""
_END_OF_COMMENT = r"\A(?s:(?:(?!<!--).)*?)-->(?=[ \t]*(?:[\n<]|\Z))"  # whose start was cut away
# From the outside in. What begins ends all that is as deep or deeper, and what ends, all that is deeper.
_DEVICE = 3
_OTHERS = 4  # which can stand in each other
_LEVELS = dict.fromkeys(HOLDERS, 0) | dict.fromkeys(("domain", "inactiveDomain", "disks"), 1)
_LEVELS |= {"devices": 2, "disk": _DEVICE, "controller": _DEVICE}
_DEEPEST = 32  # more than any guest has


class Guest(NamedTuple):
    """A guest or a part of one: its lines, its text in parts, and which of these are whole disks."""

    lines: range
    parts: list[str]
    disks: dict[int, range]  # with their lines

    def text(self) -> str:
        """Its text, in its lines."""
        return "\n" * (self.lines[0] - 1) + "".join(self.parts)

    def leave_out(self, disk: int) -> None:
        """Put a mark in the place of a disk."""
        self.parts[disk] = LEFT_OUT + _breaks(self.parts[disk])
        del self.disks[disk]

    def alone(self) -> "Guest":
        """Its disks, without what is around them."""
        parts = [part if n in self.disks else _breaks(part) for n, part in enumerate(self.parts)]
        return self._replace(parts=[f"<devices>{parts[0]}", *parts[1:], "</devices>"])


class _Open(NamedTuple):
    """An element that has begun, and where; `is_written` tells whether by a tag in the text."""

    name: str
    level: int
    part: int
    line: int
    is_written: bool


class Scan:
    """The guests in a text, and by kind the lines of what is not read."""

    def __init__(self, text: str):
        self.guests: list[Guest] = []
        self.lines: dict[str, list[int]] = defaultdict(list)
        self._line = self._last = 1  # here, and where an element ended last
        self._open: list[_Open] = []
        self._parts: list[str] = []  # of the guest that is open
        self._disks: dict[int, range] = {}
        for hunk in re.split(f"({GAP}+)", text):
            if hunk.startswith(GAP):
                self._lose(_DEVICE if hunk == GAP else 0)
                self._write(LEFT_OUT)
            else:
                self._scan(re.sub(_END_OF_COMMENT, lambda cut: _breaks(cut[0]), hunk))
        self._lose(0)

    def _scan(self, text: str) -> None:
        last = 0
        for token in re.finditer(_TOKEN, text):
            self._write(text[last : token.start()])
            last = token.end()
            level = _LEVELS.get(token["name"], _OTHERS)
            is_text = level == _OTHERS and (self._is_outside() or self._open[-1].name == "disk")
            if token["kept"] or is_text:
                self._write(token[0])
            elif not token["name"]:
                self._write(LEFT_OUT + _breaks(token[0]))
            elif token["end"]:
                self._end(token, level)
            else:
                self._begin(token, level)
        self._write(text[last:])

    def _is_outside(self) -> bool:
        """Whether this place is in no guest, but between them or between lone disks."""
        return not self._open or (len(self._open) == 1 and not self._open[0].is_written)

    def _write(self, text: str) -> None:
        if self._open:
            self._parts.append(_breaks(text) if self._is_outside() else text)
        self._line += text.count("\n")

    def _begin(self, tag: re.Match[str], level: int) -> None:
        is_empty = tag["inside"].endswith("/")
        if level == _OTHERS and (is_empty or len(self._open) > _DEEPEST):
            self._write(tag[0])
            return
        if level < _OTHERS:
            self._lose(level)
        if level == _DEVICE and (not self._open or self._open[-1].name not in ("devices", "disks")):
            self._push("devices", 2, "<devices>", is_written=False)
        self._push(tag["name"], level, tag[0])
        if is_empty:
            self._close("")

    def _push(self, name: str, level: int, tag: str, is_written: bool = True) -> None:
        if not self._open:
            self._parts, self._disks = [], {}
        self._open.append(_Open(name, level, len(self._parts), self._line, is_written))
        self._parts.append(tag)
        self._line += tag.count("\n")

    def _end(self, tag: re.Match[str], level: int) -> None:
        if tag["name"] == "disks" and self._is_outside():
            self._open.clear()  # the disks so far are those of a snapshot
        self._lose(level + 1)
        names = [one.name for one in self._open if one.level == level]
        if tag["name"] in names:
            while self._open[-1].name != tag["name"]:
                self._lose_one()
            self._close(tag[0])
            return
        if tag["name"] == "disk":
            self.lines["beheaded"].append(self._line)
        if not self._is_outside():
            self.lines["unbalanced"].append(self._line)
        is_in_disk = bool(self._open) and self._open[-1].name == "disk"
        self._write(tag[0] if is_in_disk else _breaks(tag[0]))

    def _lose(self, level: int) -> None:
        """What is open from this level on has lost its end."""
        while self._open and self._open[-1].level >= level:
            self._lose_one()

    def _lose_one(self) -> None:
        name, level, part, line, is_written = self._open[-1]
        if not is_written:
            self._close("</devices>")
            return
        if name == "disk":
            lost = "".join(self._parts[part:])
            if not _is_word(lost):
                self.lines["cut"].append(line)
            self._open.pop()
            self._parts[part:] = ["" if self._is_outside() else LEFT_OUT, _breaks(lost)]
            return
        is_word = name == "domain" and _is_word(self._parts[part] + self._parts[part + 1][:3])
        if name == "domain" and not is_word:
            self.lines["unfinished"].append(line)
        elif level == _OTHERS:
            self.lines["unbalanced"].append(line)
        self._close(f"{LEFT_OUT}</{name}>", is_word)

    def _close(self, end: str, is_word: bool = False) -> None:
        """The innermost element that is open ends; what is only a word holds nothing."""
        self._parts.append(end)
        self._line += end.count("\n")
        name, _, part, line, is_written = self._open.pop()
        if is_written:
            self._last = self._line
        if name == "disk":
            self._parts[part:] = ["".join(self._parts[part:])]
            if self._open[-1].name == "devices":
                self._disks[part] = range(line, self._line + 1)
        if not self._open and (self._disks or not _is_word(self._parts[0])):
            guest = Guest(range(line, self._last + 1), self._parts, self._disks)
            self.guests.append(guest.alone() if is_word else guest)


def _breaks(text: str) -> str:
    return "\n" * text.count("\n")


def _is_word(text: str) -> bool:
    """Whether what begins with a tag is only the name of an element in a sentence."""
    return "=" not in text and LEFT_OUT not in text
