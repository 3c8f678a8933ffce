"""Changes the XML of a disk for its new bus, in a copy of its domain."""

import copy
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from ..document import Disk, Domain
from ..inference import infer
from ..layout import put_behind, remove
from .facts import facts, say


class Dropped(NamedTuple):
    """What was left out: `driver/@queues` or `wwn`, its value (None of an element without text)."""

    name: str
    value: str | None
    why: str


def rewritten(disk: Disk, bus: str, name: str) -> tuple[etree._Element, tuple[Dropped, ...]]:
    """The element of the disk in a copy of its whole domain, on its new bus; and what had to go."""
    element = _copied(disk)
    target = element.find("target")
    target.set("dev", name)
    target.set("bus", bus)
    return element, tuple(_drop(element, bus))


def disk_of(element: etree._Element) -> Disk:
    """A changed element, read anew with its domain."""
    return Disk(element, Domain(element.getroottree().getroot()))


def add_controller(element: etree._Element) -> etree._Element | None:
    """Give the disk the virtio-scsi controller that it needs; None where there is a controller."""
    disk = disk_of(element)
    place = infer(disk).controller.value or {"type": None, "index": None}
    if place["type"] != "scsi" or ("scsi", place["index"]) in disk.domain.controllers:
        return None
    written = {"type": "scsi", "index": str(place["index"]), "model": "virtio-scsi"}
    controller = etree.Element("controller", written)
    put_behind(element.getparent().findall("disk")[-1], controller)
    return controller


def _copied(disk: Disk) -> etree._Element:
    number = list(disk.domain.element.iter("disk")).index(disk.element)
    root = copy.deepcopy(disk.domain.element)
    root.tail = None
    return list(root.iter("disk"))[number]


def _drop(element: etree._Element, bus: str) -> Iterator[Dropped]:
    """Take out what cannot stay on this bus."""
    for rule in facts()["dropped"]:
        for found in element.xpath(rule["what"]) if bus not in rule["stays"] else ():
            yield _taken_out(found, element, say(rule["why"], bus=bus))


def _taken_out(found, disk: etree._Element, why: str) -> Dropped:
    """Take out an element, or an attribute: a string of XPath's that knows its parent."""
    parent = found.getparent()
    above = "" if parent is disk else f"{parent.tag}/"
    if not etree.iselement(found):
        del parent.attrib[found.attrname]
        return Dropped(f"{above}@{found.attrname}", str(found), why)
    remove(found)
    return Dropped(above + found.tag, (found.text or "").strip() or None, why)
