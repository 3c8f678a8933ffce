"""Builds the XML of a `<disk>` from choices.

What can be chosen, and where it stands in a disk, is said in vocabulary.toml; in which order libvirt
writes it, in syntax.toml. Nothing is written that nobody chose, and nothing here judges.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from operator import itemgetter
from typing import NamedTuple

from lxml import etree

from .data import facts
from .document import SOURCE_ATTRIBUTES
from .syntax import Entry, children_of, lookup, shape_of
from .xml import written

Value = str | int | bool | None

MAX_ENTRIES = 200  # of a list: libvirt itself takes no longer chain of backing images

# What XML cannot hold, and what an attribute cannot as libvirt writes it: a line break or a tab.
_UNWRITABLE = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_BY_TYPE = "{type}"


class Choice(NamedTuple):
    """One thing that can be chosen: its `name`, its `group` in a form, its `path` below the disk.

    A `flag` is there or not: its value is True or False. One that `repeats` takes a list too.
    """

    name: str
    group: str
    path: str
    flag: bool

    @property
    def repeats(self) -> bool:
        """Whether it takes a list, with one value for each element."""
        return "*" in self.path and not self.flag

    @property
    def is_attribute(self) -> bool:
        """Whether it is an attribute, not an element or its text."""
        return "@" in self.path

    @property
    def is_end(self) -> bool:
        """Whether it is what stands, empty, behind all others of its name."""
        return self.flag and "*" in self.path

    @property
    def entry(self) -> Entry:
        """What the vocabulary says of it; of a source, what it says of a file."""
        return lookup(f"/disk/{self.path}".replace("*", "").replace(_BY_TYPE, "file"))

    @property
    def values(self) -> tuple[str, ...]:
        """The values that it offers; none where any text or number will do."""
        return tuple(self.entry.values)


@cache
def choices() -> dict[str, Choice]:
    """Every choice by its name, in the order of a form: the most used first, then by group."""
    return {
        name: Choice(name, group, path, _is_flag(path))
        for group, paths in facts("vocabulary.toml")["choices"].items()
        for name, path in paths.items()
    }


def _is_flag(path: str) -> bool:
    name = path.split("/")[-1].rstrip("*")
    return "@" not in path and shape_of(etree.Element(name)).text is None


def build(**chosen: Value | Sequence[Value]) -> str:
    """The `<disk>` that these choices make, in libvirt's order, ending with a line break.

    None and False are not written, nor is blank text between tags; True writes a flag. Where
    a choice repeats, a list has one value for each element. What libvirt would not look at in such
    a disk stands last in its element.
    Raises TypeError for an unknown choice, ValueError for a value that cannot be written.
    """
    for name in chosen:
        if name not in choices():
            near = get_close_matches(name[:60], choices(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"build() knows no choice {name[:60]!r}{hint}")
    writes = [
        (choice.is_end, number, choice, text)
        for name, choice in choices().items()
        if name in chosen
        for number, text in enumerate(_texts(choice, chosen[name]))
        if text is not None
    ]
    disk = etree.Element("disk")
    for _, number, choice, text in sorted(writes, key=itemgetter(0, 1)):
        _write(disk, choice, number, text)
    _arrange(disk)
    return written(disk)


def _texts(choice: Choice, value) -> list[str | None]:
    """What is to be written: one text for each element, None where nothing is."""
    values = value if choice.repeats and isinstance(value, (list, tuple)) else [value]
    if len(values) > MAX_ENTRIES:
        raise ValueError(f"{choice.name} has more than {MAX_ENTRIES} entries.")
    return [_text(choice, one) for one in values]


def _text(choice: Choice, value) -> str | None:
    """One value as text; of a flag that is written, the empty one."""
    if value is None or value is False:
        return None
    if choice.flag:
        return "" if value is True else _refuse(choice, "is True or False", value)
    if value is True or not isinstance(value, (str, int)):
        _refuse(choice, "takes text or a number", value)
    text = value if isinstance(value, str) else str(value)
    if wrong := _UNWRITABLE.search(text):
        code = f"U+{ord(wrong[0]):04X}"
        raise ValueError(f"{choice.name} holds the character {code}, which XML cannot hold here.")
    return text if text.strip() or choice.is_attribute else None


def _refuse(choice: Choice, wanted: str, value):
    raise ValueError(f"{choice.name} {wanted}, not a value of type {type(value).__name__}.")


def _write(disk: etree._Element, choice: Choice, number: int, text: str) -> None:
    """Put a text where it belongs: where an element repeats, into the one of this number."""
    *above, last = choice.path.split("/")
    parent = disk
    for step in above:
        parent = _nth(parent, step, number)
    if choice.is_attribute:
        parent.set(attribute_at(parent, last) or _refuse_source(choice, parent), text)
        return
    number = len(elements_at(parent, last)) if choice.is_end else number
    _nth(parent, last, number).text = text or None


def _nth(parent: etree._Element, step: str, number: int) -> etree._Element:
    """The element that a step leads to, made if need be; the number counts where it repeats."""
    found, number = elements_at(parent, step), number if "*" in step else 0
    while len(found) <= number:
        holder = found[-1] if found and step.endswith("**") else parent
        found.append(etree.SubElement(holder, step.rstrip("*")))
    return found[number]


def elements_at(parent: etree._Element, step: str) -> list[etree._Element]:
    """The elements that a step leads to: side by side, or each in the one before."""
    found = parent.findall(step.rstrip("*"))
    if step.endswith("**") and found:
        return [found[0], *elements_at(found[0], step)]
    return found


def attribute_at(element: etree._Element, step: str) -> str | None:
    """The attribute that a step names; None where no attribute says where such a source is."""
    if step != f"@{_BY_TYPE}":
        return step[1:]
    return SOURCE_ATTRIBUTES.get(element.getparent().get("type", "file"))


def _refuse_source(choice: Choice, source: etree._Element):
    kind, known = source.getparent().get("type", "file")[:60], ", ".join(SOURCE_ATTRIBUTES)
    raise ValueError(f"{choice.name} cannot be written for type {kind!r}, only for {known}.")


def _arrange(element: etree._Element) -> None:
    """Put what is in an element into libvirt's order."""
    for name in dict.fromkeys([*shape_of(element).attributes, *element.keys()]):
        if name in element.keys():
            element.set(name, element.attrib.pop(name))
    ordered = [*children_of(element)]
    for child in [*ordered, *(child for child in element if child not in ordered)]:
        element.append(child)
        _arrange(child)
