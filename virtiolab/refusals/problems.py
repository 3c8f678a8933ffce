"""What a problem is, and how the rules find one: each looks at one disk, or at the whole guest."""

import os
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import Any, NamedTuple

from lxml import etree

from ..document import Disk, Domain
from ..inference import infer
from ..machines import Machine
from ..names import PREFIX_OF_BUS, prefix_of
from ..parsing import one_line
from .mending import changed

# By device, the buses that it can be on, the best first.
_BUSES = {
    "cdrom": ("sata", "scsi", "usb", "ide"),
    "floppy": ("fdc",),
    "lun": ("scsi",),
}
_LONGER = 400  # for a list of our own
_HARD_DISK_BUSES = ("virtio", "scsi", "sata", "usb", "ide", "sd", "nvme", "xen", "uml")

SEVERITIES = ("error", "warning", "note")  # from the worst to the mildest
LOCAL = {"file": "file", "block": "dev", "dir": "dir"}  # types, and the attribute with the path
PATHS = LOCAL | {"network": "name"}


class Problem(NamedTuple):
    """Something that is wrong: which (`code`), where, and the facts that its sentence names.

    `path` begins with `/disk` inside a disk and with `/domain` elsewhere; `element` is the element
    at which it stands, `disk` the disk that it concerns, or None.
    """

    code: str
    path: str
    element: etree._Element
    disk: Disk | None
    facts: dict[str, Any]

    @property
    def severity(self) -> str:
        """`error`: libvirt or QEMU refuses it; `warning`: surely not meant so; `note`: history."""
        return sentences()[self.code].get("severity", "error")

    @property
    def line(self) -> int:
        """The line of the element; 0 in XML that no text stands behind."""
        return self.element.sourceline or 0

    @property
    def message(self) -> str:
        """What is wrong, in one sentence."""
        return self._filled(sentences()[self.code]["message"])

    @property
    def why(self) -> str:
        """Why libvirt cares."""
        return self._filled(sentences()[self.code]["why"])

    @property
    def source(self) -> str:
        """Where libvirt decides it."""
        return sentences()[self.code]["source"]

    @property
    def since(self) -> str | None:
        """The libvirt that first refused it, where older ones did not."""
        return sentences()[self.code].get("since")

    @property
    def edits(self) -> tuple[str, ...]:
        """What would mend it, in the words of `mending.py`; nothing where no rule can know."""
        if self.disk is None:
            return ()
        try:
            edits = tuple(self._filled(e, 4096) for e in sentences()[self.code].get("fix", ()))
        except _NoOtherBus:
            return ()
        # An edit of its path would look for the first element there is.
        is_first = self.element is nearest(self.disk.element, self.path.removeprefix("/disk/"))
        return edits if is_first or all(":" in edit for edit in edits) else ()

    @property
    def fix(self) -> str | None:
        """The XML as it should be: of the disk, or of what else has to change."""
        return (self.change[1] or None) if self.edits else None

    @property
    def change(self) -> tuple[str, str]:
        """The XML of what has to change, before and after."""
        return changed(self.disk, self.edits)

    def as_dict(self) -> dict[str, Any]:
        """What the JSON of the command line says of it."""
        names = ("severity", "code", "path", "line", "message", "why", "fix", "source", "since")
        said = {name: getattr(self, name) for name in names}
        return said | {"target": self.disk.target if self.disk else None}

    def _filled(self, sentence: str, limit: int = 80) -> str:
        return sentence.format_map(_Words(self.disk, self.facts, limit))


class _NoOtherBus(LookupError):
    """This machine has no bus for such a device."""


class _Words(dict):
    """The words for the braces of a sentence, and those that only a fix needs.

    `same` is the bus of the disk if its device can be on it, else one `instead`; `free_same`,
    `free_instead`, `free_sata` are names that no disk on such a bus has.
    """

    def __init__(self, disk: Disk | None, facts: dict[str, Any], limit: int):
        super().__init__(facts)
        self.disk, self.limit = disk, limit

    def __missing__(self, name: str) -> str:
        if name == "free_instead" and self._fits(self["instead"]):
            return self.disk.target
        if name.startswith("free_"):
            bus = name.removeprefix("free_")
            return self.disk.domain.free_name(self[bus] if bus in ("same", "instead") else bus)
        device, bus = self["device"], super().__getitem__("bus")
        buses = _BUSES.get(device, _HARD_DISK_BUSES)
        if name == "same" and bus in buses:
            return bus
        # A machine without IDE (q35) has SATA for guests without virtio's drivers.
        first = ("sata",) if bus == "ide" and device == "disk" and "machine" in self else ()
        machine = self.disk.domain.kind
        lacking = machine.lacks if machine else ()
        for other in (*first, *buses):
            if other != bus and other not in lacking:
                return other
        raise _NoOtherBus

    def _fits(self, bus: str) -> bool:
        """Whether the disk can keep its name there."""
        dev = self.disk.target
        others = [disk for disk in self.disk.domain.disks if disk.target == dev]
        return len(others) == 1 and dev is not None and prefix_of(dev) == PREFIX_OF_BUS[bus]

    def __getitem__(self, name: str) -> str:
        value = super().__getitem__(name)
        said = "unknown" if value is None else str(value) or "(empty)"
        return one_line(said, _LONGER if name == "known" else self.limit)


class Source(NamedTuple):
    """Where bytes come from: the disk's own `<source>`, or one of its backing chain, at `path`.

    `format` is that of the image in it; `above` the path of what holds it, empty for the disk.
    """

    element: etree._Element
    path: str
    type: str
    format: str | None
    above: str

    @property
    def protocol(self) -> str | None:
        """Of a network image, the protocol."""
        return self.element.get("protocol") if self.type == "network" else None


class Sight:
    """One disk as the rules see it: what libvirt takes it for, and what is written in it."""

    def __init__(self, disk: Disk):
        self.disk, self.domain = disk, disk.domain
        # Only what they say: answers of 10,000 disks, kept together, keep the collector busy.
        answers = infer(disk)
        self.device, self.bus = answers.device.value, answers.bus.value
        self.format, self.readonly = answers.format.value, answers.readonly.value
        self.snapshot = answers.snapshot.value
        self.place: dict = answers.address.value or {}
        self.controller: dict = answers.controller.value or {}
        self.is_controller_chosen = answers.controller.origin == "stated"
        # Without a source libvirt forgets the type (virDomainDiskDefParseSourceXML).
        self.type = "file" if disk.child("source") is None else answers.type.value
        self.get = disk.get
        self.child = disk.child

    @property
    def protocol(self) -> str | None:
        """Of a network disk, the protocol."""
        return self.get("protocol", "source") if self.type == "network" else None

    @cached_property
    def sources(self) -> list[Source]:
        """The sources of the disk and of the images below it, from the top."""
        own, holder = self.child("source"), self.child("backingStore")
        found = [] if own is None else [Source(own, "source", self.type, self.format, "")]
        path = "backingStore"
        while holder is not None and (kind := holder.get("type")) is not None:
            format, source = holder.find("format"), holder.find("source")
            if source is not None:
                told = None if format is None else format.get("type")
                found.append(Source(source, f"{path}/source", kind, told, path))
            holder, path = holder.find("backingStore"), f"{path}/backingStore"
        return found

    @property
    def is_empty(self) -> bool:
        """Whether there is no medium: virStorageSourceIsEmpty."""
        attribute = LOCAL.get(self.type)
        return attribute is not None and not self.get(attribute, "source")

    @property
    def is_opened(self) -> bool:
        """Whether QEMU opens it as it starts: not without a medium, nor where a pool has to say
        what it is, nor where it is plugged in later."""
        return not (
            self.is_empty or self.type == "volume" or self.get("shareBacking", "transient") == "yes"
        )

    @property
    def path(self) -> str | None:
        """The path of the image, or its name over the network."""
        return self.get(PATHS[self.type], "source") if self.type in PATHS else None

    @property
    def machine(self) -> Machine | None:
        """The machine, where it is known."""
        return self.domain.kind

    @property
    def suits(self) -> bool:
        """Whether such a device can be on such a bus at all."""
        return self.bus in _BUSES.get(self.device, _HARD_DISK_BUSES)

    def on(self, *buses: str) -> bool:
        """Whether the disk is on one of these buses."""
        return self.bus in buses

    def text(self, name: str) -> str | None:
        """The text of a child; None where there is none."""
        child = self.child(name)
        return None if child is None else child.text or None

    def find(self, code: str, path: str, element: etree._Element | None = None, **facts) -> Problem:
        """A problem at a path inside the disk, such as `driver/@io`; there may be several of it."""
        facts |= {"bus": self.bus, "device": self.device, "dev": self.disk.target, "path": path}
        element = nearest(self.disk.element, path) if element is None else element
        return Problem(code, f"/disk/{path}", element, self.disk, facts)


def path_of(element: etree._Element, attribute: str | None = None) -> str:
    """The path of a name below its disk, as it stands in a problem."""
    tags = [element.tag, *(above.tag for above in element.iterancestors())]
    inside = tags[: tags.index("disk")] if "disk" in tags else tags
    names = [one_line(tag.replace("/", "|"), 60) for tag in reversed(inside)]
    return "/".join(names + ([f"@{one_line(attribute, 60)}"] if attribute else []))


def nearest(element: etree._Element, path: str) -> etree._Element:
    """The first element of a path below this one, or the nearest above it that is written."""
    for name in path.split("/"):
        inner = None if name[:1] == "@" else element.find(name)
        if inner is None:
            return element
        element = inner
    return element


@cache
def _first_in_each(name: str, where: str) -> etree.XPath:
    return etree.XPath(f"*/{name}[1]{where}")


class Guest:
    """A whole guest as the rules see it: `sights` are its disks."""

    def __init__(self, domain: Domain, sights: list[Sight]):
        self.domain, self.sights, self.root = domain, sights, domain.element
        self._sight_of = {sight.disk.element: sight for sight in sights}
        self.controllers = list(self.devices("controller"))

    def sight_of(self, element: etree._Element) -> Sight | None:
        """The disk that this element is; None of other devices."""
        return self._sight_of.get(element)

    def devices(self, name: str) -> Iterator[etree._Element]:
        """All devices of one kind."""
        return (found for devices in self.domain.devices for found in devices.iterchildren(name))

    def beside(self, name: str, where: str = "") -> list[etree._Element]:
        """The first of this name in each device, where one of the disks has one.

        `where` narrows them down, in XPath, which is much faster than to look at each.
        """
        if all(sight.child(name) is None for sight in self.sights):
            return []
        find = _first_in_each(name, where)
        return [found for devices in self.domain.devices for found in find(devices)]

    def find_in(self, device: etree._Element, code: str, path: str, **facts) -> Problem:
        """A problem in any device, a disk or another."""
        sight = self.sight_of(device)
        return sight.find(code, path, **facts) if sight else self.find(code, device, path, **facts)

    def find(self, code: str, device: etree._Element, path: str, **facts) -> Problem:
        """A problem in another device than a disk."""
        above = "/domain/devices" if self.domain.complete else "/devices"
        return Problem(code, f"{above}/{device.tag}/{path}", nearest(device, path), None, facts)


DiskRule = Callable[[Sight], Iterator[Problem]]
GuestRule = Callable[[Guest], Iterator[Problem]]

ALWAYS: list[DiskRule] = []
# By element and attribute (None: the element) that make a rule worth asking.
WHERE_WRITTEN: dict[str, dict[str | None, list[DiskRule]]] = {}
OF_GUESTS: list[GuestRule] = []


def always(rule: DiskRule) -> DiskRule:
    """Ask this rule about every disk."""
    ALWAYS.append(rule)
    return rule


def where_written(*names: str) -> Callable[[DiskRule], DiskRule]:
    """Ask this rule about disks in which one of these names is written: `io` or `driver/@io`."""

    def register(rule: DiskRule) -> DiskRule:
        for element, _, attribute in (name.partition("/@") for name in names):
            WHERE_WRITTEN.setdefault(element, {}).setdefault(attribute or None, []).append(rule)
        return rule

    return register


def of_guests(rule: GuestRule) -> GuestRule:
    """Ask this rule about every guest."""
    OF_GUESTS.append(rule)
    return rule


@cache
def sentences() -> dict[str, dict]:
    """What is said of each problem; read when the first one is found."""
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "refusals.toml"), "rb") as file:
        return tomllib.load(file)
