"""Reads XML into a Domain and its Disks.

It never judges: what a value means, and whether it is any good, is decided above.
"""

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import count, islice
from typing import NamedTuple

from lxml import etree

from .data import NEWEST, Version, facts, version
from .machines import Machine, machine_of
from .targets import DRIVE_BUSES
from .xml import HOLDERS, UnreadableXML, one_line, parse

MAX_LENGTH = 200  # of what comes back in the answers of each disk, such as a machine's name
MAX_DISKS = 20_000

# By type of a disk, the attribute of its source that says where that is.
SOURCE_ATTRIBUTES = {
    "file": "file", "block": "dev", "dir": "dir", "network": "name", "volume": "volume",
    "vhostuser": "path", "vhostvdpa": "dev", "ctl": "dev",
}  # fmt: skip
QEMUS_TYPES = (None, "qemu", "kvm", "hvf")  # of domains
LOCAL_TYPES = ("file", "block", "dir")  # whose source is a path of the host

# What strtoul() takes: decimal digits, or, as C writes them, octal and hexadecimal ones too.
_DECIMAL = re.compile(r"[ \t\n\r\f\v]*(?:\+?|(-)(?=0+$))([0-9]{1,60})")
_C_NUMBER = re.compile(r"[ \t\n\r\f\v]*(\+?)(0[xX][0-9a-fA-F]{1,60}|0[0-7]{0,60}|[1-9][0-9]{0,60})")
_ELLIPSIS = re.compile(r"^[^\w\n.…]*(?:\d+[^\w\n.…]*)?(?:\.{3}|…)", re.MULTILINE)


class Controller(NamedTuple):
    """One `<controller>`: `index` as libvirt numbers it, the rest as written."""

    type: str
    index: int  # type: ignore[assignment]  # and no longer the method of a tuple
    model: str | None
    line: int
    serial: str | None = None


class Disk:
    """One `<disk>`: what is written in it, by element and attribute, and its `domain`."""

    __slots__ = ("_children", "domain", "element", "target")

    target: str | None
    """The name in `<target dev=…>`, without the `ioemu:` that old Xen put before it."""

    def __init__(self, element: etree._Element, domain: "Domain"):
        self.element, self.domain = element, domain
        # Of several with one name, libvirt takes the first: the last to be put in from the back.
        # (The tag of a comment is no string, so it is never asked for.)
        self._children = {child.tag: child for child in reversed(element)}
        dev = self.get("dev", "target")
        self.target = dev.removeprefix("ioemu:") if dev else dev

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Disk) and self.element is other.element

    def __hash__(self) -> int:
        return hash(self.element)

    def child(self, name: str) -> etree._Element | None:
        """The first child element of this name."""
        return self._children.get(name)

    def get(self, attribute: str, child: str | None = None) -> str | None:
        """An attribute of the disk, or of a child of it, as written; None where it is not."""
        element = self._children.get(child) if child else self.element
        return None if element is None else element.get(attribute)

    @property
    def line(self) -> int:
        """The line of the disk: where its start tag ends, as libxml2 counts."""
        return self.element.sourceline


class Disks(Sequence[Disk]):
    """The disks of a domain in document order, each made when it is asked for.

    Whoever goes through thousands of them holds one at a time; and a domain that kept them would be
    a cycle with each, so its tree would stay in memory until the garbage collector came.
    """

    def __init__(self, domain: "Domain"):
        self._domain, self._elements = domain, tuple(domain._all("disk"))

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return tuple(Disk(element, self._domain) for element in self._elements[place])
        return Disk(self._elements[place], self._domain)


class Domain:
    """A guest, or the fragment of one that was pasted.

    `complete` is False for a fragment: what is not in it may still be in the guest it came from.
    `libvirt` is the one that it is for, by its version.
    """

    def __init__(self, element: etree._Element, libvirt: Version = NEWEST):
        self.element, self.libvirt = element, libvirt
        self.complete = element.tag == "domain"
        self.devices = list(element.iterchildren("devices")) if self.complete else [element]
        systems = (of for os in element.iterchildren("os") for of in os.iterchildren("type"))
        system = next(systems, None) if self.complete else None
        self.type = _short(element, "type") if self.complete else None
        self.arch, self.machine = _short(system, "arch"), _short(system, "machine")

    @property
    def disks(self) -> Disks:
        """The disks in document order."""
        return Disks(self)

    @cached_property
    def iothreads(self) -> tuple[list[int], int]:
        """The ids of its I/O threads that are written, in order, and how many there are beyond."""
        written = self.element.iterfind("iothreadids/iothread")
        ids = sorted({whole_number(thread.get("id")) or 0 for thread in written})
        return ids, (whole_number(self.element.findtext("iothreads")) or 0) - len(ids)

    def _all(self, name: str) -> Iterator[etree._Element]:
        return (found for devices in self.devices for found in devices.iterchildren(name))

    @cached_property
    def is_whole(self) -> bool:
        """Whether what is not in it is nowhere: it is a guest, and nothing was left out of that."""
        return self.complete and not any(map(is_elided, (self.element, *self.devices)))

    @property
    def kind(self) -> Machine | None:
        """The type of its machine, where that is known."""
        return machine_of(self.arch, self.machine, self.libvirt)

    @cached_property
    def controllers(self) -> dict[tuple[str, int], Controller]:
        """The written controllers of drives, by type and index (unwritten: the lowest free)."""
        found: dict[tuple[str, int], Controller] = {}
        unnumbered = []
        for element in self._all("controller"):
            if (kind := element.get("type", "ide")) not in DRIVE_BUSES:
                continue
            if (index := element.get("index")) is None:
                unnumbered.append((kind, element))
            elif (number := whole_number(index)) is not None:
                found.setdefault((kind, number), _controller(kind, number, element))
        free = {kind: (i for i in count() if (kind, i) not in found) for kind, _ in unnumbered}
        for kind, element in unnumbered:
            number = next(free[kind])
            found[kind, number] = _controller(kind, number, element)
        return found

    @cached_property
    def scsi_model(self) -> Controller | None:
        """The first SCSI controller, by its index, whose model is written."""
        cards = [one for one in self.controllers.values() if one.type == "scsi"]
        written = [one for one in cards if one.model not in (None, "auto")]
        return min(written, key=lambda one: one.index, default=None)

    @cached_property
    def has_virtio_mmio(self) -> bool:
        """Whether any device is addressed by virtio-mmio (then ARM puts all virtio there)."""
        written = "*/address[@type='virtio-mmio']"
        return any(devices.find(written) is not None for devices in self.devices)


def _controller(kind: str, index: int, element: etree._Element) -> Controller:
    model, serial = _short(element, "model"), element.findtext("serial") if kind == "nvme" else None
    return Controller(kind, index, model, element.sourceline, serial)


def _short(element: etree._Element | None, attribute: str) -> str | None:
    """An attribute that many disks share: were it long, a small guest would get long answers."""
    value = None if element is None else element.get(attribute)
    if value is not None and len(value) > MAX_LENGTH:
        said = f"This {attribute} has more than {MAX_LENGTH} characters; no guest's XML does."
        raise UnreadableXML(said, element.sourceline)
    return value


def whole_number(
    text: str | None, bits: int = 32, c: bool = False, minus_zero: bool = True
) -> int | None:
    """The unsigned number of so many bits that libvirt reads from text; None where it reads none.

    With `c` it may be octal or hexadecimal, as in addresses of PCI. Of attributes that libvirt takes
    for positive, `minus_zero` is False: it refuses -0 there.
    """
    found = (_C_NUMBER if c else _DECIMAL).fullmatch(text or "")
    if not found or (found[1] == "-" and not minus_zero):
        return None
    digits, base = found[2], 10
    if c and digits[0] == "0":
        base = 16 if digits[1:2] in ("x", "X") else 8
    number = int(digits, base)
    return number if number < 1 << bits else None


def is_elided(element: etree._Element) -> bool:
    """Whether its author left something out of it: a line between its children begins with `...`."""
    texts = (element.text, *(child.tail for child in element))
    return any(text and not text.isspace() and _ELLIPSIS.search(text) for text in texts)


def read(xml: str | bytes | os.PathLike, libvirt: str | None = None) -> Domain:
    """Read a `<domain>`, a `<devices>`, what holds a domain, or `<disk>`s as people paste them.

    A str is always XML, never a file's name: give a `pathlib.Path` to read a file. The answers are
    those of this libvirt, such as `9.0.0`; None: of the newest that was asked.
    Raises UnreadableXML, with a sentence and a line, for everything that it cannot read, and
    ValueError for what is no version.
    """
    root = parse(xml)
    domain = Domain(_guest_in(root), version(libvirt) if libvirt else NEWEST)
    _refuse_hidden_disks(domain)
    _ = domain.controllers  # read while what is wrong with them can still be said
    return domain


def _guest_in(root: etree._Element) -> etree._Element:
    """The `<domain>` or `<devices>` in a document, a lone `<disk>` put into a `<devices>`."""
    if root.tag == "disk":
        devices = etree.Element("devices")
        devices.append(root)
        return devices
    if root.tag in ("domain", "devices"):
        return root
    if root.tag in HOLDERS and (domain := root.find("domain")) is not None:
        return domain
    raise _not_a_guest(root)


def _not_a_guest(root: etree._Element) -> UnreadableXML:
    if root.tag[0] == "{":
        return _namespaced(root)
    wanted = "what is read here is a <domain>, a <devices> or <disk>s"
    what = facts("vocabulary.toml")["documents"].get(root.tag)
    said = f"A <{root.tag}> describes {what}" if what else f"The document is a {_tag(root)}"
    return UnreadableXML(f"{said}; {wanted}.", root.sourceline)


def _tag(element: etree._Element) -> str:
    return f"<{one_line(element.tag.rpartition('}')[2], 40)}>"


def _namespaced(element: etree._Element) -> UnreadableXML:
    return UnreadableXML(
        f"{_tag(element)} is in a namespace, where libvirt does not look: delete its xmlns.",
        element.sourceline,
    )


def _refuse_hidden_disks(domain: Domain) -> None:
    """A guest may have no disk, but disks where libvirt does not look are no silent nothing."""
    first = None if domain.complete else next(domain._all("disk"), None)
    if first is not None and first.get("name") is not None and first.find("target") is None:
        raise _not_a_guest(first)
    number = sum(1 for _ in islice(domain._all("disk"), MAX_DISKS + 1))
    if number > MAX_DISKS:
        raise UnreadableXML(f"There are more than {MAX_DISKS:,} disks; no guest has so many.")
    if number:
        return
    for part in domain.element.iterchildren("*"):
        hidden = None if part.tag == "metadata" else next(part.iter("{*}disk"), None)
        if hidden is not None and hidden.tag[0] == "{":
            raise _namespaced(hidden)
        if hidden is not None:
            raise UnreadableXML(
                "This <disk> stands where libvirt does not look: it belongs into <devices>.",
                hidden.sourceline,
            )
