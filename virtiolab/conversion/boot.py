"""What a guest starts from: where that would be another disk after the switch, it is written out.

`<boot dev='hd'/>` means the first hard disk, and libvirt sorts the disks of each bus by their names
(virDomainDiskInsert, qemuProcessPrepareDeviceBootorder). `<boot order='1'/>` in a device means that
device. libvirt takes the one or the other in a guest.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lxml import etree

from ..document import Disk, Domain
from ..inference import infer
from ..layout import dedented
from ..names import disk_number
from .rewriting import put_behind, remove

_KINDS = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}
_BEHIND = ("alias", "address")  # what libvirt writes behind <boot> in a device


class Change(NamedTuple):
    """The XML of a part of the guest, before and after."""

    old: str
    new: str


class _Device(NamedTuple):
    """A disk or an interface: which one of them, in document order."""

    tag: str
    number: int

    def of(self, domain: Domain) -> etree._Element:
        return domain.element.findall(f"devices/{self.tag}")[self.number]


def displaced_by(disk: Disk, after: Disk) -> str | None:
    """The name of the disk that the guest would try now, and has not before, if there is one."""
    turns = _turns(disk.domain)
    old = _orders(disk.domain, turns, _written_bus)
    for bus_of in (_written_bus, _bus):
        new = _orders(after.domain, turns, bus_of)
        come = [(turn, device.number) for device, turn in new.items() if device not in old]
        if come:
            return after.domain.disks[min(come)[1]].target
    return None


def keep_order(disk: Disk, after: Disk) -> Iterator[Change]:
    """Write into each device when it has its turn, where another disk would come first now.

    Yields what that changes beside the disk itself.
    """
    if displaced_by(disk, after) is None:
        return
    boots = after.domain.element.findall("os/boot")
    for boot in boots:
        remove(boot)
    if boots:
        yield _change(disk.domain.element.find("os"), after.domain.element.find("os"))
    for device, turn in _orders(disk.domain, _turns(disk.domain), _written_bus).items():
        old, new = device.of(disk.domain), device.of(after.domain)
        _give_order(new, turn)
        if old is not disk.element:
            yield _change(old, new)


def _change(old: etree._Element, new: etree._Element) -> Change:
    return Change(dedented(old), dedented(new))


def _turns(domain: Domain) -> dict[str, int]:
    """When each kind of device has its turn, from 1; nothing where the devices themselves say it."""
    if not domain.complete or domain.element.find("devices/*/boot") is not None:
        return {}
    kinds = [boot.get("dev", "") for boot in domain.element.iterfind("os/boot")]
    return {kind: turn for turn, kind in enumerate(kinds or ["hd"], 1)}


# What libvirt sorts by: the bus that is written, as it reads a guest for the first time; and once
# it has written the guest back, any bus.
def _written_bus(disk: Disk) -> str | None:
    return disk.get("bus", "target")


def _bus(disk: Disk) -> str | None:
    return infer(disk).bus.value


def _orders(domain: Domain, turns: dict[str, int], bus_of: Callable) -> dict[_Device, int]:
    """The device that is meant by each kind, with its turn."""
    firsts = dict(_firsts(domain, bus_of))
    return {firsts[kind]: turn for kind, turn in turns.items() if kind in firsts}


def _firsts(domain: Domain, bus_of: Callable) -> Iterator[tuple[str, _Device]]:
    """By kind the device that comes first; of disks the last one that is given here."""
    disks = domain.disks
    turn_of = {bus: turn for turn, bus in enumerate(dict.fromkeys(map(bus_of, disks)))}
    places = [
        (turn_of[bus_of(disk)], disk_number(disk.target) or 0, number)
        for number, disk in enumerate(disks)
    ]
    for *_, number in sorted(places, reverse=True):
        yield _KINDS.get(infer(disks[number]).device.value, ""), _Device("disk", number)
    if domain.element.find("devices/interface") is not None:
        yield "network", _Device("interface", 0)


def _give_order(device: etree._Element, turn: int) -> None:
    """A `<boot order=…/>` where libvirt would write it."""
    boot = etree.Element("boot", order=str(turn))
    before = [child for child in device.iterchildren("*") if child.tag not in _BEHIND]
    if before:
        put_behind(before[-1], boot)
    else:
        device.insert(0, boot)
