"""Puts a disk on another bus: whether it can go there, its name there, and what it leaves behind."""

import copy
from collections.abc import Iterator
from itertools import chain, count
from typing import NamedTuple

from lxml import etree

from ..data import Version, dotted, holds
from ..document import Disk, Domain, whole_number
from ..inference import infer
from ..refusals import about, check
from ..refusals.boot import keep_order
from ..refusals.context import Context
from ..refusals.fixes import apply, put_behind, remove
from ..refusals.problems import path_of
from ..syntax import entries
from ..targets import DRIVE_BUSES, DRIVE_PARTS, NVME_SINCE, disk_number, drive_address, usual_name
from ..xml import dedented, laid_out
from . import BUSES, Unconvertible
from .steps import Part, known, notes, parts, say

_IDE_PLACES = 4  # libvirt refuses a second IDE controller
_KEPT_NUMBERS = 26 + 26 * 26  # a name of one letter or two is kept, if it is free


class Change(NamedTuple):
    """The XML of a part of the guest, before and after."""

    old: str
    new: str


class Dropped(NamedTuple):
    """What was left out: `driver/@queues` or `wwn`, its value (None of an element without text)."""

    name: str
    value: str | None
    why: str


class Conversion(NamedTuple):
    """A disk on its way to another bus.

    `old` and `new` are its XML in the author's layout; `target` is its new name. `controller` is
    the XML of the SCSI controller that it needs and that was not there, or None. `also` are other
    parts of the guest that change, so that it starts from the same disk as before. `domain` is the
    XML of the whole guest with all of that in it, or None where only a part of a guest was read.
    `notes` are sentences about this conversion, and `steps` what to do, part by part. In both,
    `backticks` mark what is XML or what is typed.
    """

    disk: Disk
    bus: str
    target: str
    old: str
    new: str
    controller: str | None
    also: tuple[Change, ...]
    domain: str | None
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    steps: tuple[Part, ...]


def convert(disk: Disk, bus: str = "virtio") -> Conversion:
    """Put a disk on another of the BUSES. Raises Unconvertible, with a sentence that says why."""
    if why := _why_not(disk, bus):
        raise Unconvertible(why)
    element = _copied(disk)
    name, libvirt = _free_name(disk, bus), disk.domain.libvirt
    element.find("target").attrib.update({"dev": name, "bus": bus})
    dropped = tuple(_drop(element, libvirt))
    # Without a serial number libvirt refuses the controller.
    if bus == "nvme" and not element.findtext("serial"):
        apply([f"serial={name.removesuffix('n1')}"], _disk_of(element, libvirt))
    controller = _add_controller(element, libvirt)
    after = _disk_of(element, libvirt)
    if why := _left_without(disk, after.domain):
        raise Unconvertible(why)
    changed = keep_order(disk.domain, after.domain)
    return Conversion(
        disk=disk,
        bus=bus,
        target=after.target,
        old=dedented(disk.element),
        new=dedented(element),
        controller=None if controller is None else laid_out(controller),
        also=tuple(Change(dedented(b), dedented(a)) for b, a in changed if b is not disk.element),
        domain=laid_out(after.domain.element) if after.domain.complete else None,
        dropped=dropped,
        notes=tuple(notes(disk, after, controller is not None)),
        steps=tuple(parts(disk, after)),
    )


def _why_not(disk: Disk, bus: str) -> str | None:
    """What libvirt and QEMU cannot do, or what would lose data."""
    answers, domain = infer(disk), disk.domain
    if bus not in BUSES:
        return _cannot("unknown", bus=bus, buses=", ".join(BUSES))
    if disk.child("target") is None:
        return _cannot("target")
    if answers.bus.value == bus:
        return _cannot("same", bus=bus)
    if answers.qemu_device.rule == "qemu-other-hypervisor":
        return _cannot("hypervisor", type=domain.type)
    for rule in known()["refused"]:
        is_meant = bus in rule["buses"] and holds(rule, domain.libvirt)
        if is_meant and disk.element.xpath(f"boolean({rule['disk']})"):
            return say(rule["said"], bus=bus, type=answers.type.value)
    if lack := _lack(domain, bus):
        others = [one for one in BUSES if one != answers.bus.value and not _lack(domain, one)]
        lack = lack if others or lack in ("usb", "newer") else "other-bus"
        facts = {"since": dotted(NVME_SINCE), "libvirt": dotted(domain.libvirt)}
        facts |= {"machine": domain.kind and domain.kind.title, "others": " or ".join(others)}
        return _cannot(lack, bus=bus, **facts)
    return None


def _left_without(disk: Disk, after: Domain) -> str | None:
    """What other disks on NVMe lack when this one, which had it, has gone."""
    codes = ("nvme-serial-missing", "nvme-controller-skipped")
    if infer(disk).bus.value == "nvme" and any(problem.code in codes for problem in check(after)):
        place = infer(disk).controller.value or {}
        facts = {"index": place.get("index"), "serial": disk.element.findtext("serial") or ""}
        return _cannot("serial", **facts)
    return None


def _cannot(what: str, **named) -> str:
    return say(known()["cannot"][what], **named)


def _lack(domain: Domain, bus: str) -> str | None:
    """What a disk on this bus needs and the guest has not got, as a key of `cannot`."""
    machine = domain.kind
    if bus == "nvme" and domain.libvirt < NVME_SINCE:
        return "newer"
    if machine is None:
        return None
    if bus in machine.lacks or (bus == "usb" and machine.transport == "ccw"):
        return "bus-of-machine"
    if bus in ("virtio", "scsi") and machine.transport is None:
        return "carrier"
    if bus != "usb":
        return None
    written = domain.element.iterfind("devices/controller[@type='usb']")
    models = [controller.get("model") for controller in written]
    has_usb = "none" not in models and (models or machine.has_usb)
    return None if has_usb else "usb"


def _free_name(disk: Disk, bus: str) -> str:
    """The usual name on this bus with the old letter, where that is free; else the lowest free.

    The place that follows from the name must be free too. Raises Unconvertible where none is.
    """
    others = [other for other in disk.domain.disks if other != disk]
    if bus == "nvme":  # a drive of its own: namespaces of one have its serial number
        return _free_drive(others, disk.domain)
    names, places = {other.target for other in others}, set(_taken(others, disk.domain, bus))
    own = disk_number(disk.target)
    kept = [own] if own is not None and _is_kept(own, bus, disk.domain) else []
    for number in chain(kept, range(_IDE_PLACES) if bus == "ide" else count()):
        place = drive_address(bus, number) if bus in DRIVE_BUSES else None
        is_taken = place and tuple(place[part] for part in DRIVE_PARTS) in places
        if not is_taken and (name := usual_name(bus, number)) not in names:
            return name
    raise Unconvertible(_cannot("full", bus=bus))


def _free_drive(others: list[Disk], domain: Domain) -> str:
    """The name of the only namespace of an NVMe drive that is not there yet, the lowest."""
    taken = {index for kind, index in domain.controllers if kind == "nvme"}
    places = (answers.controller.value or {} for answers in map(infer, others))
    taken |= {place["index"] for place in places if place.get("type") == "nvme"}
    names = {other.target for other in others}
    free = (f"nvme{number}n1" for number in count() if number not in taken)
    return next(name for name in free if name not in names)


def _taken(others: list[Disk], domain: Domain, bus: str) -> Iterator[tuple]:
    """The places of other disks on this bus, and of SCSI devices of the host."""
    for answers in map(infer, others):
        address = answers.address.value or {}
        if answers.bus.value == bus and address.get("type") == "drive":
            yield tuple(address[part] for part in DRIVE_PARTS)
    for devices in domain.devices if bus == "scsi" else ():
        for address in devices.iterfind("hostdev[@type='scsi']/address[@type='drive']"):
            yield tuple(whole_number(address.get(part, "0")) for part in DRIVE_PARTS)


def _is_kept(number: int, bus: str, domain: Domain) -> bool:
    """Whether a letter is worth keeping: not where it leads to a controller that is not there."""
    if bus not in DRIVE_BUSES:
        return number < _KEPT_NUMBERS
    index = drive_address(bus, number)["controller"]
    return index == 0 or (bus != "ide" and (bus, index) in domain.controllers)


def _copied(disk: Disk) -> etree._Element:
    """The element of the disk in a copy of its whole domain."""
    number = list(disk.domain.element.iter("disk")).index(disk.element)
    root = copy.deepcopy(disk.domain.element)
    root.tail = None
    return list(root.iter("disk"))[number]


def _disk_of(element: etree._Element, libvirt: Version) -> Disk:
    """A changed element, read anew with its domain."""
    return Disk(element, Domain(element.getroottree().getroot(), libvirt))


def _drop(element: etree._Element, libvirt: Version) -> Iterator[Dropped]:
    """Take out what belongs to the old bus, and what this libvirt does not take on the new."""
    for rule in known()["dropped"]:
        for found in element.xpath(rule["what"]):
            is_element = etree.iselement(found)
            holder, attribute = (found, None) if is_element else (found.getparent(), found.attrname)
            yield _taken_out(holder, attribute, rule["why"])
    rules = (only for entry in entries().values() for only in entry.only)
    of_buses = {rule.code for rule in rules for way, _ in rule.ways if "bus" in way}
    of_buses |= {*known()["of_buses"]}
    found = about(Context(_disk_of(element, libvirt)))
    refused = {(p.element, p.attribute): p for p in found if p.code in of_buses}
    for (holder, attribute), problem in refused.items():
        yield _taken_out(holder, attribute, f"{problem.message} {problem.why}")
    driver = element.find("driver")
    if driver is not None and not driver.keys() and not len(driver):
        yield _taken_out(driver, None, known()["notes"]["nothing-left"])


def _taken_out(element: etree._Element, attribute: str | None, why: str) -> Dropped:
    """Take out an element, or an attribute of it."""
    place = path_of(element, attribute)
    if attribute:
        return Dropped(place, element.attrib.pop(attribute), why)
    remove(element)
    return Dropped(place, (element.text or "").strip() or None, why)


def _add_controller(element: etree._Element, libvirt: Version) -> etree._Element | None:
    """Give the disk the virtio-scsi controller that it needs; None where there is a controller."""
    disk = _disk_of(element, libvirt)
    place = infer(disk).controller.value or {"type": None, "index": None}
    if place["type"] != "scsi" or ("scsi", place["index"]) in disk.domain.controllers:
        return None
    written = {"type": "scsi", "index": str(place["index"]), "model": "virtio-scsi"}
    controller = etree.Element("controller", written)
    put_behind(element.getparent().findall("disk")[-1], controller)
    return controller
