"""Explains a disk name by name: what is written, and what is decided although nobody wrote it."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from lxml import etree

from .data import NEWEST, dotted, facts
from .document import Disk
from .inference import Inference, infer
from .syntax import Entry, lookup, meant, nearest_name
from .xml import one_line, path_name

# Where the answers of infer() would be written: attributes of the disk itself or of a child.
_ANSWERED = {
    "": {"type": "type", "device": "device", "snapshot": "snapshot"},
    "target": {"bus": "bus"},
    "driver": {"name": "driver", "type": "format", "cache": "cache"},
}
_ANSWERED_ELEMENTS = ("readonly", "address")
MAX_ROWS = 1000  # of one disk; libvirt's busiest has fewer than 100
_UNKNOWN = "libvirt does not know this name here, and ignores it without a word."


@cache
def glossary() -> dict[str, str]:
    """The terms that the sentences use, and what they mean."""
    return facts("vocabulary.toml")["glossary"]


@cache
def _term_pattern() -> re.Pattern:
    longest_first = sorted(glossary(), key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})s?\b", re.IGNORECASE)


def terms_of(*sentences: str) -> tuple[str, ...]:
    """The terms of the glossary that sentences use, each once, in the order of their first use."""
    by_lower = {term.lower(): term for term in glossary()}
    found = _term_pattern().findall(" ".join(sentences))
    return tuple(dict.fromkeys(by_lower[term.lower()] for term in found))


class Row(NamedTuple):
    """One name: `meaning` is what it does, `here` what its value does in this disk.

    `known` is False for a name or a value that libvirt does not know, `default` says what holds
    where the name is not written, `terms` are the words of the glossary that the sentences use.
    `answer` names the row of infer() that it answers, `added` tells whether nobody wrote it.
    """

    path: str
    value: str | None
    origin: str
    known: bool
    meaning: str
    here: str
    since: str | None = None
    doc: str | None = None
    matters: str | None = None
    default: str | None = None
    terms: tuple[str, ...] = ()
    answer: str | None = None
    added: bool = False

    @property
    def name(self) -> str:
        """The path below the disk: `driver/@cache`; of the disk itself, `disk`."""
        return self.path.removeprefix("/disk/").lstrip("/")

    @property
    def bare(self) -> "Row":
        """The same without path and value: what many rows have in common."""
        return tuple.__new__(Row, ("", None, *self[2:]))


class Explanation:
    """The rows about one disk in the order of its XML, and its answers.

    `written` finds the row of an element or, by its name, of an attribute; `added` the rows of the
    attributes that belong into an element, or (for None) those of the elements that nobody wrote.
    Of a disk with more than MAX_ROWS names, `is_cut` is true and only the first are there.
    """

    def __init__(self, disk: Disk):
        self.disk, self.answers = disk, infer(disk)
        self.rows: list[Row] = []
        self.written: dict[tuple[etree._Element, str | None], Row] = {}
        self.added: dict[etree._Element | None, list[Row]] = {None: []}
        self.is_cut = False
        self._element(disk.element, "/disk", known=True)
        self._add_elements()

    def _element(self, element: etree._Element, path: str, known: bool, repeated=False) -> None:
        """Explain an element and all that is in it; below an unknown name all is unknown."""
        if self.is_cut or len(self.rows) >= MAX_ROWS:
            self.is_cut = True
            return
        place = self._place(element)
        answers = _ANSWERED.get(place, {})
        text = (element.text or "").strip() if not len(element) else ""
        answer = place if place in _ANSWERED_ELEMENTS else None
        row = self._row(path, text or None, known, answer)
        is_second = place is None and element.getparent() is self.disk.element
        repeated = row.known and (repeated or is_second)
        self._write(element, None, row, repeated)
        for name, value in element.items():
            inside = f"{path}/@{_in_path(name)}"
            inner = self._row(inside, value, row.known, answers.get(name), element)
            self._write(element, name, inner, repeated)
        for name, answer in answers.items():
            if element.get(name) is None:
                self._add(element, f"{path}/@{name}", answer)
        for child in element.iterchildren("*"):
            self._element(child, f"{path}/{_in_path(child.tag)}", row.known, repeated)

    def _write(self, element: etree._Element, attribute: str | None, row: Row, ignored) -> None:
        if ignored:
            row = row._replace(here="libvirt reads only the first of these elements, not this one.")
        self.rows.append(row)
        self.written[element, attribute] = row

    def _place(self, element: etree._Element) -> str | None:
        """The name under which _ANSWERED knows an element; None for all others."""
        if element is self.disk.element:
            return ""
        return element.tag if self.disk.child(element.tag) is element else None

    def _row(self, path: str, value, known: bool, answer: str | None, inside=None) -> Row:
        """The row of something that is written: an element, or an attribute inside one."""
        entry = lookup(path) if known else None
        if entry is None:
            said = self._unknown(path, inside) if known else _UNKNOWN
            return Row(path, value, "stated", False, said, "", answer=answer)
        inference = getattr(self.answers, answer) if answer else None
        knows_value = not entry.values or value is None or value in entry.values
        here = entry.values.get(value, "") if knows_value else _unknown_value(path, entry, value)
        if inference and inference.origin != "stated":
            here = inference.reason
        if (libvirt := self.disk.domain.libvirt) < NEWEST and (
            since := entry.came_after(libvirt, value)
        ):
            here = f"libvirt {dotted(libvirt)} does not know it: it came with {since}."
            knows_value = False
        origin = inference.origin if inference else "stated"
        return _known_row(path, value, origin, here, answer, known=knows_value)

    def _unknown(self, path: str, inside: etree._Element | None) -> str:
        """What to say of an unknown name, and what follows if another was meant."""
        near = nearest_name(path)
        name = (near or "").lstrip("@")
        if near is None or (inside is not None and name in inside.attrib):
            return _UNKNOWN
        place = "" if inside is None or inside is self.disk.element else inside.tag
        answer = _ANSWERED.get(place, {}).get(name) if near[0] == "@" else None
        why = f" {getattr(self.answers, answer).reason}" if answer else ""
        return f"{_UNKNOWN} Did you mean `{name}`?{why}"

    def _add_elements(self) -> None:
        if self.disk.child("driver") is None:
            for name, answer in _ANSWERED["driver"].items():
                self._add(None, f"/disk/driver/@{name}", answer)
        for name in _ANSWERED_ELEMENTS:
            if self.disk.child(name) is None:
                self._add(None, f"/disk/{name}", name)

    def _add(self, element: etree._Element | None, path: str, answer: str) -> None:
        """A row for what nobody wrote, if somebody or something decides it all the same."""
        inference: Inference = getattr(self.answers, answer)
        if inference.origin == "unknown" or inference.value in (None, False):
            return
        value = None if inference.value is True else as_attributes(inference.value)
        row = _known_row(path, value, inference.origin, inference.reason, answer, added=True)
        self.rows.append(row)
        self.added.setdefault(element, []).append(row)


def _known_row(path, value, origin, here, answer, known=True, added=False) -> Row:
    # As the class would, but at once: a disk has some 25 of them.
    parts = (path, value, origin, known, *_words(path, here), answer, added)
    return tuple.__new__(Row, parts)


@lru_cache(maxsize=1024)
def _words(path: str, here: str) -> tuple:
    """What the vocabulary says of a path, in the order of a Row."""
    entry = lookup(path)
    terms = terms_of(entry.meaning, here)
    url = entry.doc and f"https://libvirt.org/{entry.doc}"
    return entry.meaning, here, entry.since, url, entry.matters, entry.default, terms


def _in_path(name: str) -> str:
    is_plain = len(name) < 60 and name.isascii() and name.isidentifier()
    return name if is_plain else path_name(name)


def _unknown_value(path: str, entry: Entry, value: str) -> str:
    near = meant("/".join(path.split("/")[-2:]), value, list(entry.values))
    hint = f" Did you mean `{near.partition(' ')[0]}`?" if near else ""
    return f"`{one_line(value, 60)}` is no value that libvirt knows here.{hint}"


def as_attributes(value) -> str:
    """A value as it would be written; of an address, its attributes."""
    if not isinstance(value, dict):
        return value
    return " ".join(f"{name}='{part}'" for name, part in value.items())
