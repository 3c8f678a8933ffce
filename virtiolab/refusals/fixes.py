"""Mends XML: applies the edits that a problem proposes.

An edit is a line: `driver/@cache=none` sets an attribute, `wwn=50…` a text, `+readonly` adds an
element, `-driver/@io` takes something away, `~driver/@typo=type` renames. Behind `controller:` it
concerns the controller that the disk is on, behind `domain:` the guest around it. A path leads from
the disk to the first element there is; but that of a problem, and what is below, to its own element.
"""

import copy
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from lxml import etree

from ..document import Disk, Domain
from ..inference import infer
from ..syntax import shape_of
from ..xml import laid_out

MAX_NAMES = 1000  # of what a fix is shown for; a large guest without its devices has some 300


class Place(NamedTuple):
    """Where something is wrong: a path from the disk, and the deepest element on it that is there."""

    path: str
    element: etree._Element


def apply(edits: Iterable[str], disk: Disk, place: Place | None = None) -> None:
    """Change a disk, and the guest around it where an edit says so, in the author's layout."""
    for edit in edits:
        scope = _scope(edit)
        fresh = Disk(disk.element, disk.domain)  # which knows what the edits before have changed
        base = _BASES[scope](fresh) if scope else disk.element
        path = edit.lstrip("-+~").partition("=")[0]
        if place and f"{path}/".startswith(f"{place.path}/"):
            _apply_at(place, edit, disk)
        elif base is not None:
            _apply(edit.partition(":")[2] if scope else edit, base)


def _apply_at(place: Place, edit: str, disk: Disk) -> None:
    """Do an edit at the element of its problem, or below it: others may have its path too."""
    path, _, value = edit.lstrip("-+~").partition("=")
    element, names = place.element, path.split("/")
    while element is not disk.element:
        element = element.getparent()
        del names[0]
    if names:
        _apply(edit.replace(path, "/".join(names), 1), place.element)
    elif edit[0] == "-":
        remove(place.element)
    elif edit[0] == "~":
        place.element.tag = value
    else:
        place.element.text = value


def changed(disk: Disk, edits: Iterable[str], place: Place | None = None) -> tuple[str, str]:
    """The XML of all that changes with these edits, before and after; the disk itself stays.

    Nothing where that would be more than MAX_NAMES elements and attributes.
    """
    beside = list(islice(_beside(disk.domain), MAX_NAMES)) if any(map(_scope, edits)) else []
    names = (1 + len(one.attrib) for part in (disk.element, *beside) for one in part.iter("*"))
    if sum(islice(names, MAX_NAMES + 1)) > MAX_NAMES:
        return "", ""
    guest = _outline(disk, beside)
    before = [_indented(part) for part in _parts(guest)]
    [copied] = guest.disks
    if place:
        number = [*disk.element.iter()].index(place.element)
        place = place._replace(element=[*copied.element.iter()][number])
    apply(edits, copied, place)
    after = [_indented(part) for part in _parts(guest)]
    gone = (part for part in before if part not in after)
    return "".join(gone), "".join(part for part in after if part not in before)


def _indented(part: etree._Element) -> str:
    etree.indent(part)
    return laid_out(part) + "\n"


def _scope(edit: str) -> str:
    """What an edit concerns instead of the disk; empty if nothing."""
    scope, colon, _ = edit.partition(":")
    return scope if colon and scope in _BASES else ""


def _beside(domain: Domain) -> Iterator[etree._Element]:
    """What such edits may change: controllers, and what is no device."""
    if domain.complete:
        yield from (e for e in domain.element.iterchildren("*") if e.tag != "devices")
    for devices in domain.devices:
        yield from devices.iterchildren("controller")


def _outline(disk: Disk, beside: list[etree._Element]) -> Domain:
    """A copy of the guest, with this disk alone and no others but these elements."""
    domain = disk.domain
    guest = etree.Element(domain.element.tag)
    if domain.type is not None:
        guest.set("type", domain.type)
    devices = etree.SubElement(guest, "devices") if domain.complete else guest
    devices.append(copy.deepcopy(disk.element))
    for element in beside:
        holder = devices if element.getparent() in domain.devices else guest
        holder.append(copy.deepcopy(element))
    for element in guest.iter("*"):
        if element.text and element.text.isspace():  # layout, which is not compared
            element.text = None
    return Domain(guest, domain.libvirt)


def _parts(guest: Domain) -> Iterable[etree._Element]:
    """What is shown of a guest: its disk and controllers, and its own children."""
    inside = [] if guest.devices[0] is guest.element else guest.element.iterchildren("*")
    yield from (part for part in inside if part.tag != "devices")
    yield from guest.devices[0].iterchildren("*")


def _controller(disk: Disk) -> etree._Element | None:
    """The controller of a disk; one that nobody wrote is written behind the disk."""
    place = infer(disk).controller.value
    if place is None:
        return None
    kind, index = place["type"], str(place["index"])
    for devices in disk.domain.devices:
        for found in devices.iterchildren("controller"):
            if found.get("type") == kind and found.get("index", "0") == index:
                return found
    made = etree.Element("controller", type=kind, index=index)
    put_behind(disk.element, made)
    return made


_BASES = {
    "controller": _controller,
    "domain": lambda disk: disk.domain.element if disk.domain.complete else None,
}


def _apply(line: str, base: etree._Element) -> None:
    path, _, value = line.lstrip("-+~").partition("=")
    *names, last = path.split("/")
    if line[0] in "-~":
        for name in names:  # what is not there need not go
            base = base if base is None else child_of(base, name)
        if base is not None:
            _remove(last, base) if line[0] == "-" else _rename(base, last, value)
    elif last[0] == "@":
        _ensured(names, base).set(last[1:], value)
    elif value:
        _ensured([*names, last], base).text = value
    else:
        _ensured([*names, last], base)


def _rename(holder: etree._Element, old: str, new: str) -> None:
    """Give an attribute or an element the name that was meant."""
    if old[0] == "@" and old[1:] in holder.keys():
        holder.set(new, holder.attrib.pop(old[1:]))
    elif (element := child_of(holder, old)) is not None:
        element.tag = new


def _ensured(names: Iterable[str], element: etree._Element) -> etree._Element:
    """The element of a path, made where it is missing."""
    for name in names:
        inner = child_of(element, name)
        element = _inserted(etree.Element(name), element) if inner is None else inner
    return element


def child_of(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of this name; unlike find(), for any name that somebody's XML may have."""
    return next((child for child in element if child.tag == name), None)


def _inserted(child: etree._Element, parent: etree._Element) -> etree._Element:
    """Put a child where libvirt would write it, on a line of its own where the others have one."""
    order = [place.name for place in shape_of(parent).children]
    behind = order[order.index(child.tag) + 1 :] if child.tag in order else []
    siblings = list(parent.iterchildren("*"))
    place = next((n for n, other in enumerate(siblings) if other.tag in behind), len(siblings))
    indent = parent.text if parent.text and parent.text.isspace() else None
    if place:
        child.tail, siblings[place - 1].tail = siblings[place - 1].tail, indent
    elif siblings:
        child.tail = indent
    elif parent.getparent() is not None and (margin := parent.getparent().text or "").isspace():
        parent.text, child.tail = margin + "  ", margin
    parent.insert(parent.index(siblings[place - 1]) + 1 if place else 0, child)
    return child


def _remove(name: str, holder: etree._Element) -> None:
    """Take away an attribute, or all elements of a name, together with their lines."""
    if name[0] != "@":
        for element in [child for child in holder if child.tag == name]:
            remove(element)
    elif name[1:] in holder.keys():  # which, unlike attrib, takes any name
        del holder.attrib[name[1:]]


def remove(element: etree._Element) -> None:
    """Take an element out, with the line on which it stood."""
    before, parent = element.getprevious(), element.getparent()
    gap, tail = _gap(element), element.tail or ""
    parent.remove(element)
    left = tail if gap.isspace() else gap + tail
    if before is not None:
        before.tail = left
    else:
        parent.text = left if len(parent) or not left.isspace() else None


def put_behind(last: etree._Element, element: etree._Element) -> None:
    """Put an element behind another, on a line of its own if that one has one."""
    _, line_break, indent = _gap(last).rpartition("\n")
    element.tail, last.tail = last.tail, line_break + indent
    last.getparent().insert(last.getparent().index(last) + 1, element)


def _gap(element: etree._Element) -> str:
    """The text between an element and what stands before it."""
    before = element.getprevious()
    return (element.getparent().text if before is None else before.tail) or ""
