"""Reads what people paste: XML as web pages, mails, shells, logs and diffs spoil it, or a part of it.

It is asked where `read` refuses, and where that would read something else than is meant. Each step of
`steps.py` undoes one kind of harm, `tags.py` finds what is whole, and `read` reads that.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from ..data import facts
from ..document import Domain, is_elided, read
from ..xml import UnreadableXML, bytes_of, parse
from .steps import SOFT, STEPS, is_misread, new_side
from .tags import GAP, LEFT_OUT, Guest, Scan

MAX_GUESTS = 100  # side by side
_MOST_LINES = 5  # that a remark names
_FREE_TEXT = ("description", "title", "name")
_DOTS = r"(?:^|>)[^\w<>.…]*(?:\.{3}|…)"
# By how a text begins; else it is UTF-8, or what it declares.
_BEGINNINGS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be",
}  # fmt: skip
_ENCODING = rb"""<\?xml\s[^<>]{0,80}encoding\s{0,9}=\s{0,9}["']([A-Za-z][\w.-]{0,40})"""


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
    remarks = _elisions([domain], text, [range(1, text.count("\n") + 2)])
    return Pasted((domain,), tuple(remarks), text)


def lines_of_disks(text: str) -> list[range]:
    """The lines of each whole disk in a text, as it was read, in their order."""
    return [lines for guest in Scan(text).guests for lines in guest.disks.values()]


def _decoded(data: bytes) -> str:
    found = [name for start, name in _BEGINNINGS.items() if data.startswith(start)]
    declared = [name.decode() for name in re.findall(_ENCODING, data[:1000])]
    for encoding in (*found, "utf-8-sig", *declared):
        with suppress(LookupError, UnicodeError):
            return data.decode(encoding)
    return data.decode("latin-1")


def _set_right(text: str, libvirt: str | None) -> Pasted:
    remarks = []
    if blanks := re.match(r"[ \t\r\n]+(?=<\?xml\s)", text):
        remarks.append(_remark("declared", [1 + blanks[0].count("\n")]))
    text, told = _undone(text)
    shown = re.sub(f"{GAP}+", LEFT_OUT, text)
    scan = Scan(text)
    try:
        domains = [read(text, libvirt)]
    except UnreadableXML as error:
        if error.line is None or (not _has_dots(shown) and not _why(text)):
            raise
        domains, more = _guests(scan, libvirt, _has_dots(shown))
        has_disks = any(len(domain.disks) for domain in domains)
        if not domains or (more and not has_disks):
            raise
        remarks += more
    guests = [guest.lines for guest in scan.guests]
    remarks += _elisions(domains, shown, guests)
    for kind, lines in told.items():
        remarks += [_remark(kind, [line]) for line in _first(lines, guests)]
    return Pasted(tuple(domains), tuple(sorted(remarks)), shown)


def _undone(text: str) -> tuple[str, dict[str, list[int]]]:
    """The text without the harm that steps undo, and by kind the lines where it was."""
    told: dict[str, list[int]] = {}
    for name, step in STEPS:
        changed = step(text)
        if changed != text:
            pairs = zip(text.split("\n"), changed.split("\n"))
            lines = [n for n, (old, new) in enumerate(pairs, 1) if old != new]
            told[name] = sorted([*told.get(name, ()), *lines])
            text = changed
    if "escaped" in told:  # where whoever escaped the rest left an & as it was
        told.pop("ampersands", None)
    told.pop("elisions", None)  # said of what is read
    return text.replace(SOFT, " "), told


def _guests(scan: Scan, libvirt: str | None, has_dots: bool) -> tuple[list[Domain], list[Remark]]:
    """The guests that can be read, and what is said of all that is not."""
    if len(scan.guests) > MAX_GUESTS:
        raise UnreadableXML(f"There are more than {MAX_GUESTS} guests in it; give fewer.")
    domains: list[Domain] = []
    spoilt: list[tuple[int, str]] = []  # disks, with their lines
    loose: list[UnreadableXML] = []  # why the guests around disks are no XML
    for guest in scan.guests:
        try:
            domains.append(read(guest.text(), libvirt))
            continue
        except UnreadableXML:
            for disk, lines in tuple(guest.disks.items()):
                if _why(guest.parts[disk]):
                    spoilt.append((lines[0], guest.parts[disk]))
                    guest.leave_out(disk)
        try:
            domains.append(read(guest.text(), libvirt))
        except UnreadableXML as error:
            with suppress(UnreadableXML):
                domains.append(read(guest.alone().text(), libvirt))
                loose += [error] if guest.disks else []
    found = scan.lines
    remarks = [
        _remark(kind, found[kind]) for kind in ("cut", "beheaded", "unfinished") if found[kind]
    ]
    if loose:
        remarks.append(_remark("loose", [loose[0].line or 1], loose[0].message, has_dots))
    if spoilt:
        line, text = spoilt[0]
        remarks.append(_remark("spoilt", [line], _why("\n" * (line - 1) + text), has_dots))
    is_said = loose or spoilt or found["cut"] or found["unfinished"] or has_dots
    if found["unbalanced"] and not is_said:
        remarks.append(_remark("unbalanced", found["unbalanced"][:1]))
    return [one for one in domains if one.complete or len(one.disks)], remarks


def _why(text: str) -> str:
    """Why a text is no XML, if it is none."""
    try:
        parse(text)
    except UnreadableXML as error:
        return error.message
    return ""


def _has_dots(text: str) -> bool:
    return LEFT_OUT in text or "…" in text


def _elisions(domains: Sequence[Domain], text: str, guests: list[range]) -> list[Remark]:
    """Whether something is left out in a guest, and the first line where."""
    elements = (one for domain in domains for one in domain.element.iter("*"))
    if _has_dots(text) and any(is_elided(one) and one.tag not in _FREE_TEXT for one in elements):
        lines = [n for n, line in enumerate(text.split("\n"), 1) if re.search(_DOTS, line)]
        return [_remark("elisions", [line]) for line in _first(lines, guests)]
    return []


def _first(lines: list[int], guests: list[range]) -> list[int]:
    """The first of these lines that belongs to a guest, if one does."""
    for guest in guests:
        at = bisect_left(lines, guest.start)
        if at < len(lines) and lines[at] in guest:
            return lines[at : at + 1]
    return []


def _remark(kind: str, lines: list[int], why: str = "", has_dots: bool = False) -> Remark:
    """What is said of these lines, once; what is left out is not refused for that."""
    told = facts("pastes/pastes.toml")[kind]
    some = [str(line) for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        some.append("others")
    named = " and ".join(filter(None, (", ".join(some[:-1]), some[-1])))
    said = told["said" if len(lines) == 1 else "many"].format(lines=named, why=why)
    return Remark(lines[0], said, told.get("refused", False) and not has_dots)
