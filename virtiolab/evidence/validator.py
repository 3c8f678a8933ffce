"""The process that validates: a line of JSON with a <disk> and the lines of its elements in, a line of JSON out.

Apart, because libxml2 takes twice as long for each attribute that a <driver> has more; and because
of what is wrong it says no more than "Extra element devices in interleave". Which name it is, is
found by asking again, without that name.
"""

import copy
import json
import sys
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from .grammar import Grammar, grammar, schema_file

_AROUND = etree.fromstring(
    "<domain type='qemu'><name>d</name><memory>1</memory><os><type>hvm</type></os><devices/></domain>"
)
# As forgiving as read(): a prefix that nobody declared is no reason to give up.
_PARSER = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
_SAMPLES = ("vda", "1", "/a")  # for a missing name: one of them fits almost everywhere


class Name(NamedTuple):
    """An element, or one of its attributes, at its path in the schema."""

    element: etree._Element
    attribute: str | None
    path: str

    def value(self) -> str | None:
        """What is written there."""
        return self.element.get(self.attribute) if self.attribute else None

    def without(self, disk: etree._Element) -> etree._Element:
        """A copy of the disk without this name."""
        twin, element = _copied(disk, self.element)
        if self.attribute:
            del element.attrib[self.attribute]
        else:
            element.getparent().remove(element)
        return twin

    def otherwise(self, disk: etree._Element, known: Grammar) -> Iterator[etree._Element]:
        """Copies of the disk with other values in this attribute."""
        for value in (*sorted(known.values[self.path]), *_SAMPLES):
            twin, element = _copied(disk, self.element)
            element.set(self.attribute, value)
            yield twin


class Validator:
    """Libvirt's schema, and what it says of a disk."""

    def __init__(self):
        file = schema_file()
        self._schema, self._grammar = etree.RelaxNG(file=str(file)), grammar(file)

    def faults(self, disk: etree._Element) -> list[dict]:
        """Each with the `path` and the `line` of a name, and `why` in words; none of a valid one."""
        if self._is_valid(disk):
            return []
        unknown = [name for name in _names(disk) if name.path not in self._grammar.values]
        wrong = [name for name in _names(disk) if self._is_unlisted(name)]
        found = [_fault(name, _unknown(name, self._grammar)) for name in unknown]
        found += [_fault(name, _unlisted(name, self._grammar)) for name in wrong]
        found += [_fault(name, "text has no place here") for name in self._with_stray_text(disk)]
        return found or self._in_context(disk)

    def _is_valid(self, disk: etree._Element) -> bool:
        around = copy.deepcopy(_AROUND)
        around.find("devices").append(copy.deepcopy(disk))
        return self._schema.validate(around)

    def _is_unlisted(self, name: Name) -> bool:
        listed = self._grammar.values.get(name.path)
        return bool(
            name.attribute
            and listed
            and name.path not in self._grammar.open
            and name.value() not in listed
        )

    def _with_stray_text(self, disk: etree._Element) -> list[Name]:
        """Elements with text in them, where the schema knows none."""
        return [
            name
            for name in _names(disk)
            if name.attribute is None
            and name.path not in self._grammar.open
            and not self._grammar.values.get(name.path)
            and "".join([name.element.text or "", *(c.tail or "" for c in name.element)]).strip()
        ]

    def _in_context(self, disk: etree._Element) -> list[dict]:
        """Of names that the schema knows, and that do not go together: what to leave out, or what
        to put in, so that they do."""
        others = [name for name in _names(disk) if name.element is not disk or name.attribute]
        cures = [name for name in others if self._is_valid(name.without(disk))]
        said = [
            _fault(name, f"without {_called(name)} the schema accepts the disk") for name in cures
        ]
        if any(name.attribute for name in cures):
            return [fault for name, fault in zip(cures, said) if name.attribute]
        return self._ill_formed(disk) or self._missing(disk) or said or [_unclear(disk)]

    def _ill_formed(self, disk: etree._Element) -> list[dict]:
        """Values in whose place another is accepted."""
        return [
            _fault(name, f"{_called(name)} is not of the form that the schema wants there")
            for name in _names(disk)
            if name.attribute
            and name.value() not in self._grammar.values[name.path]
            and any(map(self._is_valid, name.otherwise(disk, self._grammar)))
        ]

    def _missing(self, disk: etree._Element) -> list[dict]:
        """Names with each of which it would be valid."""
        for place in _names(disk):
            if place.attribute is None and (found := self._missing_in(disk, place)):
                return found
        return []

    def _missing_in(self, disk: etree._Element, place: Name) -> list[dict]:
        return [
            {"path": path, "line": place.element.sourceline, "why": f"{path} is missing"}
            for path in self._grammar.below(place.path)
            if any(self._is_valid(twin) for twin in _with(disk, place, path, self._grammar))
        ]


def _names(disk: etree._Element) -> Iterator[Name]:
    """Every element and attribute, with paths as the schema was walked: loops once."""

    def walk(element, path):
        yield Name(element, None, path)
        for attribute in element.attrib:
            yield Name(element, attribute, f"{path}/@{_local(attribute)}")
        for child in element.iterchildren("*"):
            again = child.tag in path.split("/")
            yield from walk(child, path if again else f"{path}/{_local(child.tag)}")

    yield from walk(disk, "/disk")


def _local(name: str) -> str:
    """A name in a namespace as `:name`, which no schema knows."""
    return f":{name.rpartition('}')[2]}" if name[0] == "{" else name


def _with(disk, place: Name, path: str, known: Grammar) -> Iterator[etree._Element]:
    """Copies of the disk with one more name, in the guises that it may have."""
    name = path.rpartition("/")[2]
    if name[0] == "@" and name[1:] not in place.element.attrib:
        yield from Name(place.element, name[1:], path).otherwise(disk, known)
    elif name[0] != "@" and place.element.find(name) is None:
        for attribute in (None, *(inner for inner in known.below(path) if "/@" in inner)):
            twin, element = _copied(disk, place.element)
            new = etree.SubElement(element, name)
            if attribute:
                new.set(attribute.rpartition("@")[2], _SAMPLES[0])
            yield twin


def _copied(disk: etree._Element, element: etree._Element) -> tuple[etree._Element, ...]:
    """A copy of the disk, and in it this element of the disk."""
    twin = copy.deepcopy(disk)
    where = disk.getroottree().getelementpath(element)
    return twin, twin if element is disk else twin.find(where)


def _fault(name: Name, why: str) -> dict:
    return {"path": name.path, "line": name.element.sourceline, "why": why}


def _called(name: Name) -> str:
    if name.attribute is None:
        return f"<{_local(name.element.tag)}>"
    return f"{_local(name.attribute)}='{name.value()}'"


def _unknown(name: Name, known: Grammar) -> str:
    above, _, step = name.path.rpartition("/")
    kind = "@" if name.attribute else "<"
    others = [path.rpartition("/")[2] for path in known.below(above)]
    others = [other.lstrip("@") for other in others if (other[0] == "@") == (kind == "@")]
    holder = above.rpartition("/")[2]
    what = f"attribute {_local(name.attribute)}" if name.attribute else f"<{step}>"
    said = f"the schema knows no {what} in <{holder}>"
    return f"{said}; it knows {', '.join(others)}" if others else said


def _unlisted(name: Name, known: Grammar) -> str:
    return f"{_called(name)}: the schema lists {', '.join(sorted(known.values[name.path]))}"


def _unclear(disk: etree._Element) -> dict:
    why = "several names do not go together; the schema does not say which"
    return {"path": "/disk", "line": disk.sourceline, "why": why}


def main() -> None:
    validator = Validator()
    for line in sys.stdin:
        question = json.loads(line)
        disk = etree.fromstring(question["disk"], _PARSER)
        for element, number in zip(disk.iter("*"), question["lines"], strict=True):
            element.sourceline = number  # its own line is that of a tag without line breaks
        print(json.dumps({"faults": validator.faults(disk)}), flush=True)


if __name__ == "__main__":
    main()
