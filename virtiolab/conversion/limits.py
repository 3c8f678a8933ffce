"""Whether a disk can go to a bus at all, and which name is free for it there."""

from collections.abc import Iterator
from itertools import count

from ..answers import Inferences
from ..document import Disk, Domain, whole_number
from ..inference import infer
from ..machines import Machine
from ..names import DRIVE_BUSES, disk_number, drive_address, usual_name
from .facts import facts, say

BUSES = ("virtio", "scsi", "sata", "usb", "ide")

_IDE_PLACES = 4  # libvirt refuses a second IDE controller
_KEPT_NUMBERS = 26 + 26 * 26  # a name of one letter or two is kept, if it is free
_PLACE = ("controller", "bus", "target", "unit")


class Unconvertible(ValueError):
    """A disk that cannot go to this bus; the message says why, and where it could go."""


def refuse_impossible(disk: Disk, bus: str) -> None:
    """Raises Unconvertible for what libvirt and QEMU cannot do, or what would lose data."""
    if why := _why_not(disk, bus, infer(disk)):
        raise Unconvertible(why)


def _cannot(what: str, **named) -> str:
    return say(facts()["cannot"][what], **named)


def _why_not(disk: Disk, bus: str, answers: Inferences) -> str | None:
    if bus not in BUSES:
        return _cannot("unknown", bus=bus, buses=", ".join(BUSES))
    if disk.child("target") is None:
        return _cannot("target")
    if answers.bus.value == bus:
        return _cannot("same", bus=bus)
    if answers.qemu_device.rule == "qemu-other-hypervisor":
        return _cannot("hypervisor", type=disk.domain.type)
    for rule in facts()["refused"]:
        if bus in rule["buses"] and disk.element.xpath(f"boolean({rule['disk']})"):
            return say(rule["said"], bus=bus, type=answers.type.value)
    machine = disk.domain.kind
    lacks = {other: machine and _lack(machine, disk.domain, other) for other in BUSES}
    has = [other for other in BUSES if not lacks[other] and other != answers.bus.value]
    if not lacks[bus]:
        return None
    return _cannot(lacks[bus], machine=machine.title, bus=bus, others=" or ".join(has))


def _lack(machine: Machine, domain: Domain, bus: str) -> str | None:
    """What a disk on this bus needs and the guest has not got, as a key of `cannot`."""
    if bus in machine.lacks or bus == "usb" and machine.transport == "ccw":
        return "bus-of-machine"
    if bus in ("virtio", "scsi") and machine.transport is None:
        return "carrier"
    return "usb" if bus == "usb" and not _has_usb(machine, domain) else None


def _has_usb(machine: Machine, domain: Domain) -> bool:
    written = list(domain.element.iterfind("devices/controller[@type='usb']"))
    if any(controller.get("model") == "none" for controller in written):
        return False
    return bool(written) or machine.has_usb


def free_name(disk: Disk, bus: str) -> str:
    """The usual name on this bus with the old letter, where that is free; else the lowest free.

    The place that follows from the name must be free too. Raises Unconvertible where none is.
    """
    others = [other for other in disk.domain.disks if other != disk]
    names, places = {other.target for other in others}, set(_taken(others, disk.domain, bus))

    def is_free(number: int) -> bool:
        return usual_name(bus, number) not in names and _place(bus, number) not in places

    own = disk_number(disk.target)
    if own is not None and _is_kept(own, bus, disk.domain) and is_free(own):
        return usual_name(bus, own)
    for number in range(_IDE_PLACES) if bus == "ide" else count():
        if is_free(number):
            return usual_name(bus, number)
    raise Unconvertible(_cannot("full", bus=bus))


def _is_kept(number: int, bus: str, domain: Domain) -> bool:
    """Whether a letter is worth keeping: not where it leads to a controller that is not there."""
    if bus not in DRIVE_BUSES:
        return number < _KEPT_NUMBERS
    index = drive_address(bus, number)["controller"]
    return index == 0 or bus != "ide" and (bus, index) in domain.controllers


def _taken(others: list[Disk], domain: Domain, bus: str) -> Iterator[tuple]:
    """The places of other disks on this bus, and of SCSI devices of the host."""
    for answers in map(infer, others):
        address = answers.address.value or {}
        if answers.bus.value == bus and address.get("type") == "drive":
            yield tuple(address[part] for part in _PLACE)
    for devices in domain.devices if bus == "scsi" else ():
        for address in devices.iterfind("hostdev[@type='scsi']/address[@type='drive']"):
            yield tuple(whole_number(address.get(part, "0")) for part in _PLACE)


def _place(bus: str, number: int) -> tuple | None:
    """The place that libvirt concludes from a name; None on a bus without such places."""
    if bus not in DRIVE_BUSES:
        return None
    return tuple(drive_address(bus, number)[part] for part in _PLACE)
