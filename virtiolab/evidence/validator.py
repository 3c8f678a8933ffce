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

from .schema import Fault, grammar, schema_file

_AROUND = "<domain type='qemu'><name>d</name><memory>1</memory><os><type>hvm</type></os><devices/></domain>"
# As forgiving as read(): a prefix that nobody declared is no reason to give up.
_PARSER = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
_SAMPLES = ("vda", "1", "/a")  # for a missing name: one of them fits almost everywhere


class Name(NamedTuple):
    """An element of a guest's disk, or one of its attributes, at its path in the schema."""

    element: etree._Element
    attribute: str | None
    path: str

    def __str__(self) -> str:
        if self.attribute is None:
            return f"<{_local(self.element.tag)}>"
        return f"{_local(self.attribute)}='{self.element.get(self.attribute)}'"

    def twin(self) -> tuple[etree._ElementTree, etree._Element]:
        """A copy of the guest, and in it this element."""
        guest = self.element.getroottree()
        copied = copy.deepcopy(guest)
        return copied, copied.find(guest.getelementpath(self.element))

    def without(self) -> etree._ElementTree:
        """The guest without this name."""
        guest, element = self.twin()
        if self.attribute:
            del element.attrib[self.attribute]
        else:
            element.getparent().remove(element)
        return guest

    def fault(self, why: str) -> Fault:
        """What is wrong with it."""
        return Fault(self.path, self.element.sourceline, why)


class Validator:
    """Libvirt's schema, and what it says of a disk."""

    def __init__(self):
        file = schema_file()
        self._schema, self._grammar = etree.RelaxNG(file=str(file)), grammar(file)

    def faults(self, disk: etree._Element) -> list[Fault]:
        """What is wrong with the disk of a guest; nothing if it is valid."""
        names, guest = list(_names(disk)), disk.getroottree()
        if self._schema.validate(guest):
            return []
        checks = (self._unknown, self._unlisted, self._stray_text)
        found = [name.fault(why) for check in checks for name in names if (why := check(name))]
        return found or self._in_context(names)

    def _unknown(self, name: Name) -> str | None:
        """Why, if the schema knows no such name there."""
        if name.path in self._grammar.values:
            return None
        above, _, step = name.path.rpartition("/")
        others = [path.rpartition("/")[2] for path in self._grammar.below(above)]
        others = [one.lstrip("@") for one in others if (one[0] == "@") == bool(name.attribute)]
        what = f"attribute {_local(name.attribute)}" if name.attribute else f"<{step}>"
        said = f"the schema knows no {what} in <{above.rpartition('/')[2]}>"
        return f"{said}; it knows {', '.join(others)}" if others else said

    def _unlisted(self, name: Name) -> str | None:
        """Why, if the schema lists other values."""
        listed = self._grammar.values.get(name.path)
        if not name.attribute or not listed or name.path in self._grammar.open:
            return None
        if name.element.get(name.attribute) in listed:
            return None
        return f"{name}: the schema lists {', '.join(sorted(listed))}"

    def _stray_text(self, name: Name) -> str | None:
        """Why, if there is text in an element for which the schema knows none."""
        known = name.path in self._grammar.open or self._grammar.values.get(name.path)
        if name.attribute or known or not "".join(name.element.xpath("text()")).strip():
            return None
        return "text has no place here"

    def _in_context(self, names: list[Name]) -> list[Fault]:
        """Of names that the schema knows, and that do not go together: what to leave out, or what
        to put in, so that they do."""
        cures = [name for name in names[1:] if self._schema.validate(name.without())]
        said = [(name, name.fault(f"without {name} the schema accepts the disk")) for name in cures]
        if attributes := [fault for name, fault in said if name.attribute]:
            return attributes
        ill_formed = [
            name.fault(f"{name} is not of the form that the schema wants there")
            for name in names
            if name.attribute
            and name.element.get(name.attribute) not in self._grammar.values[name.path]
            and any(map(self._schema.validate, self._otherwise(name)))
        ]
        why = "several names do not go together; the schema does not say which"
        return ill_formed or self._missing(names) or [f for _, f in said] or [names[0].fault(why)]

    def _missing(self, names: list[Name]) -> list[Fault]:
        """In the first element where there are such, names with each of which it would be valid."""
        for place in names:
            found = [
                Fault(path, place.element.sourceline, f"{path} is missing")
                for path in (() if place.attribute else self._grammar.below(place.path))
                if any(map(self._schema.validate, self._with(place, path)))
            ]
            if found:
                return found
        return []

    def _otherwise(self, name: Name) -> Iterator[etree._ElementTree]:
        """The guest with other values in this attribute."""
        for value in (*sorted(self._grammar.values[name.path]), *_SAMPLES):
            guest, element = name.twin()
            element.set(name.attribute, value)
            yield guest

    def _with(self, place: Name, path: str) -> Iterator[etree._ElementTree]:
        """The guest with one more name, in the guises that it may have."""
        name = path.rpartition("/")[2]
        if name[0] == "@":
            if name[1:] not in place.element.attrib:
                yield from self._otherwise(Name(place.element, name[1:], path))
        elif place.element.find(name) is None:
            inner = [one for one in self._grammar.below(path) if "/@" in one]
            for attribute in (None, *inner):
                guest, element = place.twin()
                new = etree.SubElement(element, name)
                if attribute:
                    new.set(attribute.rpartition("@")[2], _SAMPLES[0])
                yield guest


def _names(element: etree._Element, path: str = "/disk") -> Iterator[Name]:
    """Every element and attribute, with paths as the schema was walked: loops once."""
    yield Name(element, None, path)
    for attribute in element.attrib:
        yield Name(element, attribute, f"{path}/@{_local(attribute)}")
    for child in element.iterchildren("*"):
        again = child.tag in path.split("/")
        yield from _names(child, path if again else f"{path}/{_local(child.tag)}")


def _local(name: str) -> str:
    """A name in a namespace as `:name`, which no schema knows."""
    return f":{name.rpartition('}')[2]}" if name[0] == "{" else name


def main() -> None:
    """Answer each line of standard input with one."""
    validator = Validator()
    for line in sys.stdin:
        question, guest = json.loads(line), etree.fromstring(_AROUND)
        disk = etree.fromstring(question["disk"], _PARSER)
        for element, number in zip(disk.iter("*"), question["lines"], strict=True):
            element.sourceline = number  # its own line is that of a tag without line breaks
        guest.find("devices").append(disk)
        faults = [fault._asdict() for fault in validator.faults(disk)]
        print(json.dumps({"faults": faults}), flush=True)


if __name__ == "__main__":
    main()
