"""Read XML that somebody pasted, safely, into a Domain and its Disks.

This floor reads and never judges: what a value means, and whether it is any good, is decided above.
"""

import os
import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from lxml import etree

MAX_BYTES = 1 << 20  # 1 MiB: `virsh dumpxml` of a large guest is some 20 KiB
MAX_ATTRIBUTES = 256  # of one element; libvirt's busiest has about 25

# lxml may hold entities back, but it cannot fetch: no DTD, no network, libxml2's own size limits.
_SAFE = dict(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
# A str is UTF-8 by the time it is parsed, whatever its XML declaration says.
_PARSERS = {str: etree.XMLParser(encoding="utf-8", **_SAFE), bytes: etree.XMLParser(**_SAFE)}
_TOO_MANY_ATTRIBUTES = etree.XPath(f"/descendant-or-self::*/@*[{MAX_ATTRIBUTES + 1}]")
_XML_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_DRIVE_CONTROLLERS = ("fdc", "ide", "nvme", "sata", "scsi")  # usb, pci and others hold no drives
_HOLDERS = ("domain", "domstatus", "domainsnapshot", "domainbackup", "domaincheckpoint")
_OTHER_DOCUMENTS = {
    "network": "a virtual network",
    "pool": "a storage pool",
    "volume": "one volume of a storage pool",
    "secret": "a secret",
    "device": "a device of the host",
    "capabilities": "what the host can do",
    "domainCapabilities": "what QEMU can do",
    "nwfilter": "a network filter",
    "interface": "a network interface",
}


class UnreadableXML(ValueError):
    """XML that cannot be read. `message` is one sentence, `line` counts from 1, or is None."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message, self.line = message, line


class Controller(NamedTuple):
    """One `<controller>`: `index` as libvirt numbers it, `model` and `line` as written."""

    type: str
    index: int
    model: str | None
    line: int


class Disk:
    """One `<disk>`: what is written in it, by element and attribute, and its `domain`."""

    __slots__ = ("element", "domain", "_children")

    def __init__(self, element: etree._Element, domain: "Domain"):
        self.element, self.domain = element, domain
        # Of several with one name, libvirt takes the first: the last to be put in from the back.
        # (The tag of a comment is no string, so it is never asked for.)
        self._children = {child.tag: child for child in reversed(element)}

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
        """The line that the disk starts on."""
        return self.element.sourceline

    @property
    def target(self) -> str | None:
        """The name in `<target dev=…>`, without the `ioemu:` that old Xen put before it."""
        dev = self.get("dev", "target")
        return dev.removeprefix("ioemu:") if dev else dev


class Domain:
    """A guest, or the fragment of one that was pasted.

    `complete` is False for a fragment: what is not in it may still be in the guest it came from.
    """

    def __init__(self, element: etree._Element):
        self.element = element
        self.complete = element.tag == "domain"
        self.devices = list(element.iterchildren("devices")) if self.complete else [element]
        self.type = element.get("type") if self.complete else None
        system = element.find("os/type") if self.complete else None
        self.arch = None if system is None else system.get("arch")
        self.machine = None if system is None else system.get("machine")

    @property
    def disks(self) -> tuple[Disk, ...]:
        """The disks in document order, made anew: a domain that kept them would be a cycle with
        each of them, and its tree would stay in memory until the garbage collector came."""
        return tuple([Disk(element, self) for element in self._all("disk")])

    def _all(self, name: str) -> Iterator[etree._Element]:
        return (found for devices in self.devices for found in devices.iterchildren(name))

    @cached_property
    def controllers(self) -> dict[tuple[str, int], Controller]:
        """The written controllers of drives, by type and index (unwritten: the lowest free)."""
        found: dict[tuple[str, int], Controller] = {}
        unnumbered = []
        for element in self._all("controller"):
            kind, index = element.get("type"), element.get("index")
            if kind not in _DRIVE_CONTROLLERS:
                continue
            if index is None:
                unnumbered.append((kind, element))
            elif (number := whole_number(index)) is not None:
                found.setdefault((kind, number), _controller(kind, number, element))
        for kind, element in unnumbered:
            number = next(i for i in range(len(found) + 1) if (kind, i) not in found)
            found[kind, number] = _controller(kind, number, element)
        return found

    @cached_property
    def has_virtio_mmio(self) -> bool:
        """Whether any device is addressed by virtio-mmio (then ARM puts all virtio there)."""
        return any(
            address.get("type") == "virtio-mmio"
            for devices in self.devices
            for address in devices.iterfind("*/address")
        )


def _controller(kind: str, index: int, element: etree._Element) -> Controller:
    return Controller(kind, index, element.get("model"), element.sourceline)


def whole_number(text: str | None) -> int | None:
    """The unsigned decimal number that `text` is, or None where libvirt would not read one."""
    return int(text) if text and len(text) < 11 and text.isascii() and text.isdigit() else None


def read(xml: str | bytes | os.PathLike) -> Domain:
    """Read a `<domain>`, a `<devices>`, what holds a domain, or `<disk>`s as people paste them.

    A str is always XML, never a file's name: give a `pathlib.Path` to read a file.
    Raises UnreadableXML, with a sentence and a line, for everything that it cannot read.
    """
    root = _parse(_bytes_of(xml), _PARSERS[str if isinstance(xml, str) else bytes])
    _refuse_unsafe(root)
    domain = Domain(_guest_in(root))
    _refuse_hidden_disks(domain)
    return domain


def _bytes_of(xml) -> bytes:
    try:
        if isinstance(xml, os.PathLike):
            with open(xml, "rb") as file:
                xml = file.read(MAX_BYTES + 1)
        data = xml.encode() if isinstance(xml, str) else bytes(xml)
    except OSError as error:
        raise UnreadableXML(f"{error.strerror or error}.") from None
    except UnicodeEncodeError:
        raise UnreadableXML("The text holds half a character (a lone surrogate).") from None
    if len(data) > MAX_BYTES:
        raise UnreadableXML(f"This is larger than {MAX_BYTES >> 20} MiB; no guest's XML is.")
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableXML("There is nothing here: the input is empty.")
    return data


def _parse(data: bytes, parser: etree.XMLParser) -> etree._Element:
    """The root element. Several elements side by side are taken as the inside of a `<devices>`."""
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        problem = error
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise _doctype()
    # Wrapped without a line of its own, so that line numbers stay true.
    wrapped = b"<devices>" + _XML_DECLARATION.sub(b"", data) + b"</devices>"
    try:
        return _unwrapped(etree.fromstring(wrapped, parser))
    except etree.XMLSyntaxError:
        raise _not_well_formed(problem, data) from None


def _unwrapped(devices: etree._Element) -> etree._Element:
    """The one document among pasted text, such as a shell prompt; else all of it as devices."""
    elements = list(devices.iterchildren("*"))
    if not elements:
        raise UnreadableXML("This is not XML: there is no <element> in it.", 1)
    return elements[0] if len(elements) == 1 else devices


def _not_well_formed(error: etree.XMLSyntaxError, data: bytes) -> UnreadableXML:
    line, column = error.position
    lines = data.rstrip().split(b"\n")
    at_the_end = line > len(lines) or line == len(lines) and column > len(lines[-1])
    if at_the_end and error.code != etree.ErrorTypes.ERR_TAG_NAME_MISMATCH:
        return UnreadableXML("The XML is cut short: it ends inside an element.", line)
    said = re.sub(r", line \d+, column \d+$", "", error.msg.strip())
    return UnreadableXML(f"This is not well-formed XML: {one_line(said)}.", line)


def _doctype() -> UnreadableXML:
    return UnreadableXML(
        "The XML has a DOCTYPE, which can change what the rest means; libvirt needs none: delete it."
    )


def one_line(text: str, limit: int = 160) -> str:
    """`text` made fit for one line of any screen: no control characters, and not too long."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text.strip())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _refuse_unsafe(root: etree._Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    for attribute in _TOO_MANY_ATTRIBUTES(root):
        raise UnreadableXML(
            f"An element has more than {MAX_ATTRIBUTES} attributes; no guest's XML does.",
            attribute.getparent().sourceline,
        )


def _guest_in(root: etree._Element) -> etree._Element:
    """The `<domain>` or `<devices>` in a document, a lone `<disk>` put into a `<devices>`."""
    if root.tag == "disk":
        return _alone(root)
    if root.tag in ("domain", "devices"):
        return root
    if root.tag in _HOLDERS:
        if (domain := root.find("domain")) is not None:
            return domain
        raise UnreadableXML(f"This <{root.tag}> holds no <domain>.", root.sourceline)
    raise _not_a_guest(root)


def _alone(disk: etree._Element) -> etree._Element:
    devices = etree.Element("devices")
    devices.append(disk)
    return devices


def _not_a_guest(root: etree._Element) -> UnreadableXML:
    name = etree.QName(root)
    if name.namespace is not None:
        return _namespaced(root)
    wanted = "what is read here is a <domain>, a <devices> or <disk>s"
    what = _OTHER_DOCUMENTS.get(name.localname)
    if what:
        return UnreadableXML(f"A <{name.localname}> describes {what}; {wanted}.", root.sourceline)
    return UnreadableXML(
        f"The document is a <{one_line(name.localname, 40)}>; {wanted}.", root.sourceline
    )


def _namespaced(element: etree._Element) -> UnreadableXML:
    name = etree.QName(element).localname
    return UnreadableXML(
        f"<{one_line(name, 40)}> is in a namespace, where libvirt does not look: delete its xmlns.",
        element.sourceline,
    )


def _refuse_hidden_disks(domain: Domain) -> None:
    """A guest may have no disk, but disks that only a namespace hides are no silent nothing."""
    if next(domain._all("disk"), None) is not None:
        return
    for element in domain.element.iterfind(".//{*}disk"):
        if etree.QName(element).namespace is not None:
            raise _namespaced(element)
