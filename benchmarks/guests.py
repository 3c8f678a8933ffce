"""Guests to measure with, no two alike: the disks of each are drawn by the tests' generator, with all
buses, types, devices and names, right and wrong; around them stands the rest of a real guest."""

import random
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import count, cycle, islice
from pathlib import Path

from lxml import etree

from virtiolab.targets import usual_name

_ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(_ROOT / "tests"))  # where pytest finds it too
import wild  # noqa: E402

_FILES = sorted((_ROOT / "notebooks/domains").glob("*.xml"))
_OF_DISKS = ("fdc", "ide", "sata", "scsi", "usb")  # whose controllers are drawn with the disks
_PLACES = ("file", "dev", "dir", "path", "pool", "volume")  # of an image, in a <source>
# What of a guest is drawn with its disks; the rest is the real one's.
_DRAWN = ("name", "memoryBacking", "iothreads", "throttlegroups", "os", "devices")
_ONE_OF_MANY = "<disk><source file='/images/{1}'/><target dev='{2}'{0}/></disk>"
_MANY = """<domain type='kvm'>
  <name>many</name>
  <memory>65536</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>{}</devices>
</domain>"""


def guests(number: int) -> list[str]:
    """So many guests, each as `virsh dumpxml` lays one out; the same every time."""
    shells = [_without_disks(etree.parse(file).getroot()) for file in _FILES]
    return [_around(drawn, shells, seed) for seed, drawn in islice(_drawn(), number)]


def bare(number: int) -> list[str]:
    """The same disks with next to nothing around them, on one line."""
    return [etree.tostring(drawn, encoding="unicode") for _, drawn in islice(_drawn(), number)]


def many_disks(number: int, first: int = 0) -> str:
    """One guest with so many disks of three kinds, in which nothing is wrong; `first` is where their
    names and images begin."""
    disks = (
        _ONE_OF_MANY.format(bus and f" bus='{bus}'", n, usual_name(bus or "virtio", n))
        for n, bus in zip(range(first, first + number), cycle(("virtio", "", "usb")))
    )
    return _MANY.format("".join(disks))


def _drawn() -> Iterator[tuple[int, etree._Element]]:
    """What the generator draws, with the seed of each; every image has a place of its own."""
    for seed in count():
        guest = etree.fromstring(wild.guest(random.Random(seed).choice))
        guest.find("name").text = f"guest{seed}"
        for source in guest.iter("source"):
            for place in source.keys():
                if place in _PLACES:
                    source.set(place, f"{source.get(place)}-{seed}")
        yield seed, guest


def _around(drawn: etree._Element, shells: list[etree._Element], seed: int) -> str:
    """A guest of that architecture, with what was drawn in the place of its own."""
    arch = drawn.find("os/type").get("arch")
    fitting = [shell for shell in shells if shell.find("os/type").get("arch") == arch] or shells
    guest = deepcopy(fitting[seed % len(fitting)])
    for own in drawn.iterchildren(*_DRAWN):
        old = guest.find(own.tag)
        if own.tag == "devices":
            old[:] = [*own, *old]
        elif old is not None:
            guest.replace(old, own)
        else:
            guest.insert(1, own)
    etree.indent(guest)
    return etree.tostring(guest, encoding="unicode")


def _without_disks(guest: etree._Element) -> etree._Element:
    """A real guest without its disks and the controllers that disks are on."""
    devices = guest.find("devices")
    for device in devices.iterchildren("disk", "controller"):
        if device.tag == "disk" or device.get("type") in _OF_DISKS:
            devices.remove(device)
    return guest
