"""Reads what people paste: XML as web pages, mails, shells, logs and diffs spoil it, or a part of it.

It is asked where `read` refuses, and where that would read something else than is meant. Each step of
`steps.py` undoes one kind of harm, `tags.py` finds what is whole, and `read` reads that.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from ..data import facts
from ..document import Disk, Domain, is_elided, read
from ..xml import UnreadableXML, bytes_of, parse
from .steps import SOFT, STEPS, is_misread, new_side
from .tags import GAP, GUESTS, LEFT_OUT, Element, Scan

MAX_GUESTS = 100  # side by side
_MOST_LINES = 5  # that a remark names
_FREE_TEXT = ("description", "title", "name")
_DOTS = re.compile(r"(?:^|>)[^\w<>.…]*(?:\.{3}|…)")
_BEFORE_DECLARATION = re.compile(r"[ \t\r\n]+(?=<\?xml\s)")
# By how a text begins; else it is UTF-8, or what it declares.
_BEGINNINGS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be",
}  # fmt: skip
_DECLARED = re.compile(rb"""<\?xml\s[^<>]{0,80}encoding\s{0,9}=\s{0,9}["']([A-Za-z][\w.-]{0,40})""")


class Remark(NamedTuple):
    """One thing that was set right or left out, with its first line in what was pasted.

    `refused` tells whether libvirt would refuse the XML for it, as it would not for what copying did.
    """

    line: int
    message: str
    refused: bool


class Pasted(NamedTuple):
    """The guests in what was pasted, at least one, and what had to be set right.

    Without `remarks` it was read as it stands. `text` is what was read, in the lines of the paste: what
    was one line of JSON stays one.
    """

    domains: tuple[Domain, ...]
    remarks: tuple[Remark, ...]
    text: str


def read_pasted(xml: str | bytes | os.PathLike, libvirt: str | None = None) -> Pasted:
    """Read all that is whole in what somebody pasted, for this libvirt.

    Raises UnreadableXML, as `read` does, where nothing is.
    """
    data = bytes_of(xml)
    text = _decoded(data) if not isinstance(xml, str) else xml.removeprefix("\ufeff")
    text = text.replace("\r\n", "\n")
    try:
        domain = read(xml if isinstance(xml, str) else data, libvirt)
    except UnreadableXML as error:
        if error.line is None:  # too large, a DOCTYPE: there is nothing to be set right
            raise
        return _set_right(text, libvirt)
    if is_misread(text) or not len(domain.disks):
        try:
            better = _set_right(text, libvirt)
            if any(len(one.disks) for one in (domain, *better.domains)):
                return better
        except UnreadableXML as error:
            if new_side(text) != text:  # what `read` found is on the old side, or on both
                said = "No guest and no disk is whole on the new side of this diff."
                raise UnreadableXML(said, error.line or 1) from None
    lines = range(1, text.count("\n") + 2)
    return Pasted((domain,), tuple(_elisions([domain], text, [lines])), text)


def lines_of_disks(text: str) -> list[range]:
    """The lines of each whole disk in a text, as it was read, in their order."""
    found = sorted(one for one in Scan(text).wholes if one.name == "disk")
    return [
        range(text.count("\n", 0, one.start) + 1, text.count("\n", 0, one.end) + 2) for one in found
    ]


def _decoded(data: bytes) -> str:
    found = [name for start, name in _BEGINNINGS.items() if data.startswith(start)]
    declared = [name.decode() for name in _DECLARED.findall(data[:1000])]
    for encoding in (*found, "utf-8-sig", *declared):
        with suppress(LookupError, UnicodeError):
            return data.decode(encoding)
    return data.decode("latin-1")


def _set_right(text: str, libvirt: str | None) -> Pasted:
    told: dict[str, list[int]] = {}  # by kind, the lines
    before = 0
    if before_declaration := _BEFORE_DECLARATION.match(text):
        before = 1 + before_declaration[0].count("\n")
        text = "\n" * (before - 1) + text[before_declaration.end() :]
    text = text.replace("\r", SOFT)
    for name, step in STEPS:
        changed = step(text)
        if changed != text:
            pairs = zip(text.split("\n"), changed.split("\n"))
            told.setdefault(name, []).extend(n for n, (a, b) in enumerate(pairs, 1) if a != b)
            text = changed
    text = text.replace(SOFT, " ")
    reader = _Reader(text, libvirt)
    shown = text.replace(GAP * 2, LEFT_OUT).replace(GAP, LEFT_OUT)
    remarks = [*reader.remarks(), *_elisions(reader.domains, shown, reader.lines)]
    if "escaped" in told:  # where whoever escaped the rest left an & as it was
        told.pop("ampersands", None)
    told.pop("elisions", None)
    for kind, lines in told.items():
        if line := _first(sorted(lines), reader.lines):
            remarks.append(_remark(kind, line))
    if before:
        remarks.append(_remark("declared", before))
    return Pasted(tuple(reader.domains), tuple(sorted(remarks)), shown)


class _Reader:
    """The guests in a text that was set right, and what is said of the parts that are none."""

    def __init__(self, text: str, libvirt: str | None):
        self._libvirt, self._scan = libvirt, Scan(text)
        self.domains: list[Domain] = []
        self._loose: list[tuple[int | None, str]] = []
        self.lines: list[range] = []  # of the guests
        problem = None
        try:
            self.domains.append(read(text, libvirt))
        except UnreadableXML as error:
            if error.line is None or (not _has_dots(text) and _is_well_formed(text)):
                raise
            problem = error
        pieces = [piece for piece in self._scan.pieces() if _is_guest(piece)]
        if len(pieces) > MAX_GUESTS:
            raise UnreadableXML(f"There are more than {MAX_GUESTS} guests in it; give fewer.")
        for piece in pieces:
            self.lines.append(range(self._line(piece[0].start), self._line(piece[-1].end) + 1))
            if problem and (domain := self._read(piece)):
                self.domains.append(domain)
        if problem:
            # A <devices> without a disk is a word in a sentence; a guest that is cut before its disks, none.
            is_cut = any(self._scan.places.values())
            has_disks = any(len(one.disks) for one in self.domains)
            self.domains = [one for one in self.domains if one.complete or len(one.disks)]
            if not self.domains or (is_cut and not has_disks):
                raise problem
        else:
            self._scan.places.clear()  # it is whole, whatever holds what in it

    def _line(self, place: int) -> int:
        return self._scan.text.count("\n", 0, place) + 1

    def _read(self, piece: list[Element]) -> Domain | None:
        """A piece; without the disks that are no XML; else its other disks alone."""
        scan = self._scan
        with suppress(UnreadableXML):
            return read(scan.written(piece), self._libvirt)
        disks = [one for one in scan.wholes if one.name == "disk" and _is_in(one, piece)]
        good = [disk for disk in disks if _is_well_formed(scan.text[disk.start : disk.end])]
        scan.leave_out({*disks} - {*good})
        try:
            return read(scan.written(piece), self._libvirt)
        except UnreadableXML as error:
            problem = error
        with suppress(UnreadableXML):
            domain = read(scan.written(good), self._libvirt) if good else None
            self._loose += [(problem.line, problem.message)] if good else []
            return domain
        return None

    def remarks(self) -> Iterator[Remark]:
        """What is said of what was not read."""
        places, has_dots = self._scan.places, _has_dots(self._scan.text)
        for kind in ("cut", "beheaded", "unfinished"):
            if places[kind]:
                lines = [self._line(place) for place in sorted(places[kind])[: _MOST_LINES + 1]]
                yield Remark(lines[0], _told(kind, lines), False)
        for line, message in self._loose[:1]:
            yield Remark(line or 1, _told("loose", [], message), not has_dots)
        if places["spoilt"]:
            edit = self._scan.edit_at(min(places["spoilt"]))
            line = self._line(edit.start)
            why = _why("\n" * (line - 1) + self._scan.text[edit.start : edit.end])
            yield Remark(line, _told("spoilt", [line], why), not has_dots)
        is_said = self._loose or places["spoilt"] or places["cut"] or places["unfinished"]
        if places["unbalanced"] and not is_said and not has_dots:
            line = self._line(min(places["unbalanced"]))
            yield Remark(line, _told("unbalanced", [line]), True)


def _is_guest(piece: list[Element]) -> bool:
    return any(one.name in ("disk", "devices", *GUESTS) for one in piece)


def _is_in(disk: Element, piece: list[Element]) -> bool:
    """Whether a disk of a piece stands where libvirt looks for one."""
    known = disk.parent in (None, "domain", "devices")
    return known and piece[0].start <= disk.start < piece[-1].end


def _is_well_formed(text: str) -> bool:
    return not _why(text)


def _why(text: str) -> str:
    """Why a text is no XML, if it is none."""
    try:
        parse(text)
    except UnreadableXML as error:
        return error.message
    return ""


def _has_dots(text: str) -> bool:
    return LEFT_OUT in text or "…" in text


def _elisions(domains: Iterable[Domain], text: str, lines: list[range]) -> Iterator[Remark]:
    """Whether something is left out in a guest, and the first line where."""
    if not _has_dots(text):
        return
    elements = (one for domain in domains for one in domain.element.iter("*"))
    if any(is_elided(element) and element.tag not in _FREE_TEXT for element in elements):
        places = (n for n, line in enumerate(text.split("\n"), 1) if _DOTS.search(line))
        if line := _first(places, lines):
            yield _remark("elisions", line)


def _first(places: Iterable[int], lines: list[range]) -> int | None:
    """The first of these lines that belongs to a guest; both rise."""
    parts = iter(lines)
    part = next(parts, range(0))
    for place in places:
        while part and part.stop <= place:
            part = next(parts, range(0))
        if place in part:
            return place
    return None


def _remark(kind: str, line: int) -> Remark:
    told = facts("pastes/pastes.toml")[kind]
    return Remark(line, told["said"], told.get("refused", False))


def _told(kind: str, lines: list[int], why: str = "") -> str:
    """The sentence of a kind about these lines."""
    told = facts("pastes/pastes.toml")[kind]
    if len(lines) < 2:
        return told["one"].format(*lines, why).rstrip()
    some = [*map(str, lines[:_MOST_LINES]), *(["others"] if len(lines) > _MOST_LINES else [])]
    return told["many"].format(f"{', '.join(some[:-1])} and {some[-1]}")
