"""How the rules see a guest: disk by disk, and as a whole; and which rule is asked about what."""

from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import NamedTuple

from lxml import etree

from ..document import LOCAL_TYPES, SOURCE_ATTRIBUTES, Disk, Domain
from ..inference import infer
from ..machines import Machine
from ..targets import PREFIX_OF_BUS
from .problems import Problem, deepest


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
    def place(self) -> str | None:
        """What says where it is: a path, or the name of an image."""
        return self.element.get(SOURCE_ATTRIBUTES.get(self.type, ""))

    @property
    def protocol(self) -> str | None:
        """Of a network image, the protocol."""
        return self.element.get("protocol") if self.type == "network" else None


class Context(Disk):
    """A disk as the rules see it: what is written in it, and what libvirt takes it for."""

    # Of 10,000 disks, kept together, each object more keeps the collector busy.
    __slots__ = (
        "bus", "controller", "device", "format", "is_controller_chosen", "place", "readonly",
        "snapshot", "type",
    )  # fmt: skip

    def __init__(self, disk: Disk):
        self.element, self.domain, self.target = disk.element, disk.domain, disk.target
        self._children = disk._children
        answers = infer(disk)
        self.device, self.bus = answers.device.value, answers.bus.value
        self.format, self.readonly = answers.format.value, answers.readonly.value
        self.snapshot = answers.snapshot.value
        self.place: dict = answers.address.value or {}
        self.controller: dict = answers.controller.value or {}
        self.is_controller_chosen = answers.controller.origin == "stated"
        # Without a source libvirt forgets the type (virDomainDiskDefParseSourceXML).
        self.type = "file" if disk.child("source") is None else answers.type.value

    @property
    def protocol(self) -> str | None:
        """Of a network disk, the protocol."""
        return self.get("protocol", "source") if self.type == "network" else None

    @property
    def sources(self) -> Iterator[Source]:
        """The sources of the disk and of the images below it, from the top."""
        own, holder = self.child("source"), self.child("backingStore")
        if own is not None:
            yield Source(own, "source", self.type, self.format, "")
        path = "backingStore"
        while holder is not None and (kind := holder.get("type")) is not None:
            format, source = holder.find("format"), holder.find("source")
            if source is not None:
                told = None if format is None else format.get("type")
                yield Source(source, f"{path}/source", kind, told, path)
            holder, path = holder.find("backingStore"), f"{path}/backingStore"

    @property
    def is_empty(self) -> bool:
        """Whether there is no medium: virStorageSourceIsEmpty."""
        return self.type in LOCAL_TYPES and not self.get(SOURCE_ATTRIBUTES[self.type], "source")

    @property
    def is_addressed(self) -> bool:
        """Whether its address is written."""
        return self.child("address") is not None

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
        if self.type not in (*LOCAL_TYPES, "network"):
            return None
        return self.get(SOURCE_ATTRIBUTES[self.type], "source")

    @property
    def machine(self) -> Machine | None:
        """The machine, where it is known."""
        return self.domain.kind

    def on(self, *buses: str) -> bool:
        """Whether the disk is on one of these buses."""
        return self.bus in buses

    def text(self, name: str) -> str | None:
        """The text of a child; None where there is none."""
        child = self.child(name)
        return None if child is None else child.text or None

    def find(self, code: str, path: str, element: etree._Element | None = None, **facts) -> Problem:
        """A problem at a path inside the disk, such as `driver/@io`; there may be several of it."""
        facts |= {"bus": self.bus, "device": self.device, "dev": self.target, "path": path}
        element = deepest(self.element, path) if element is None else element
        return Problem(code, f"/disk/{path}", element, self, facts)


@cache
def _first_in_each(name: str, where: str) -> etree.XPath:
    return etree.XPath(f"*/{name}[1]{where}")


class Guest:
    """A whole guest as the rules see it: `contexts` are its disks."""

    def __init__(self, domain: Domain, contexts: list[Context]):
        self.domain, self.contexts, self.root = domain, contexts, domain.element
        self.controllers = list(self.devices("controller"))
        self.written = set().union(*(context._children for context in contexts))

    @cached_property
    def context_of(self) -> dict[etree._Element, Context]:
        """By element, the disk that it is."""
        return {context.element: context for context in self.contexts}

    def devices(self, name: str) -> Iterator[etree._Element]:
        """All devices of one kind."""
        return (found for devices in self.domain.devices for found in devices.iterchildren(name))

    def beside(self, name: str, where: str = "") -> list[etree._Element]:
        """The first of this name in each device, where one of the disks has one.

        `where` narrows them down, in XPath, which is much faster than to look at each.
        """
        if name not in self.written:
            return []
        find = _first_in_each(name, where)
        return [found for devices in self.domain.devices for found in find(devices)]

    def find_in(self, device: etree._Element, code: str, path: str, **facts) -> Problem:
        """A problem in any device, a disk or another."""
        if device in self.context_of:
            return self.context_of[device].find(code, path, **facts)
        return self.find(code, device, path, **facts)

    def find(self, code: str, device: etree._Element, path: str, **facts) -> Problem:
        """A problem in another device than a disk."""
        above = "/domain/devices" if self.domain.complete else "/devices"
        return Problem(code, f"{above}/{device.tag}/{path}", deepest(device, path), None, facts)


DiskRule = Callable[[Context], Iterator[Problem]]
GuestRule = Callable[[Guest], Iterator[Problem]]

# By bus (None: one that is not known), the rules that each of its disks is asked.
OF_BUS: dict[str | None, list[DiskRule]] = {bus: [] for bus in (*PREFIX_OF_BUS, None)}
# By element and attribute (None: the element) that make a rule worth asking.
WHERE_WRITTEN: dict[str, dict[str | None, list[DiskRule]]] = {}
OF_GUESTS: list[GuestRule] = []


def always(rule: DiskRule) -> DiskRule:
    """Ask this rule about every disk."""
    return on_buses(*OF_BUS)(rule)


def on_buses(*buses: str | None) -> Callable[[DiskRule], DiskRule]:
    """Ask this rule about the disks on these buses."""

    def register(rule: DiskRule) -> DiskRule:
        for bus in buses:
            OF_BUS[bus].append(rule)
        return rule

    return register


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
