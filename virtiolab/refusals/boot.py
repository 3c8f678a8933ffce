"""What a guest starts from: where that would be another disk after a change, it is written out.

`<boot dev='hd'/>` means the first hard disk, and libvirt sorts the disks of each bus by their names
(virDomainDiskInsert, qemuProcessPrepareDeviceBootorder). `<boot order='1'/>` in a device means that
device. libvirt takes the one or the other in a guest.
"""

from collections.abc import Callable, Iterator
from operator import methodcaller

from lxml import etree

from ..document import Disk, Domain
from ..inference import infer
from ..targets import disk_number
from .fixes import put_behind, remove

_KINDS = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}
_BEHIND = ("alias", "address")  # what libvirt writes behind <boot> in a device


# A disk or an interface: which one of them, in document order.
_Device = tuple[str, int]

# What libvirt sorts by: the bus that is written, as it reads a guest for the first time; and once
# it has written the guest back, any bus.
_BY_WRITTEN_BUS: Callable[[Disk], str | None] = methodcaller("get", "bus", "target")
_BY_BUS: Callable[[Disk], str | None] = lambda disk: infer(disk).bus.value


def displaced_by(before: Domain, after: Domain) -> str | None:
    """The name of the disk that the guest would try now, and has not before, if there is one."""
    turns = _turns(before)
    old = _orders(before, turns, _BY_WRITTEN_BUS)
    for bus_of in (_BY_WRITTEN_BUS, _BY_BUS):
        new = _orders(after, turns, bus_of)
        come = [(turn, number) for (tag, number), turn in new.items() if (tag, number) not in old]
        if come:
            return after.disks[min(come)[1]].target
    return None


def keep_order(before: Domain, after: Domain) -> list[tuple[etree._Element, etree._Element]]:
    """Write into each device when it has its turn, where another disk would come first now.

    Gives the elements that this changes, each as it was before and as it is after.
    """
    if displaced_by(before, after) is None:
        return []
    boots, changed = after.element.findall("os/boot"), []
    for boot in boots:
        remove(boot)
    if boots:
        changed.append((before.element.find("os"), after.element.find("os")))
    for (tag, number), turn in _orders(before, _turns(before), _BY_WRITTEN_BUS).items():
        old, new = (domain.element.findall(f"devices/{tag}")[number] for domain in (before, after))
        _give_order(new, turn)
        changed.append((old, new))
    return changed


def _turns(domain: Domain) -> dict[str, int]:
    """When each kind of device has its turn, from 1; nothing where the devices themselves say it."""
    if not domain.complete or domain.element.find("devices/*/boot") is not None:
        return {}
    kinds = [boot.get("dev", "") for boot in domain.element.iterfind("os/boot")]
    return {kind: turn for turn, kind in enumerate(kinds or ["hd"], 1)}


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
        yield _KINDS.get(infer(disks[number]).device.value, ""), ("disk", number)
    if domain.element.find("devices/interface") is not None:
        yield "network", ("interface", 0)


def _give_order(device: etree._Element, turn: int) -> None:
    """A `<boot order=…/>` where libvirt would write it."""
    boot = etree.Element("boot", order=str(turn))
    before = [child for child in device.iterchildren("*") if child.tag not in _BEHIND]
    if before:
        put_behind(before[-1], boot)
    else:
        device.insert(0, boot)
