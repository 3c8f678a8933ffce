"""Resolves a disk: the `<disk>` as libvirt's QEMU driver would write it back, defaults filled in.

What only a whole, running host can decide is left out: addresses on PCI, CCW and USB, and aliases.
"""

import copy
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from lxml import etree

from ..data import facts
from ..document import Disk, Domain
from ..inference import USB_BOT_SINCE, infer
from ..syntax import Shape, children_of, in_bytes, inside, shape_of, text_of
from ..xml import one_line, written

# Attributes of an address that libvirt writes down together, or (all 0) not at all.
_PLACE = {
    "drive": ("controller", "bus", "target", "unit"),
    "pci": ("domain", "bus", "slot", "function"),
    "usb": ("bus",),
}
_PATHS = {"file": "file", "block": "dev", "dir": "dir"}
_USER_ALIAS = "ua-"
_LIMITS: WeakKeyDictionary[Domain, dict[str | None, etree._Element]] = WeakKeyDictionary()


def resolve(disk: Disk) -> etree._Element:
    """The `<disk>` that libvirt would write back. Of one that it refuses, the nearest to it."""
    element = copy.deepcopy(disk.element)
    element.tail = None
    _complete(element, disk)
    return _rewritten(element, shape_of(element, disk.domain.libvirt))


def _complete(element: etree._Element, disk: Disk) -> None:
    """Set what libvirt concludes or takes by default, in whatever order."""
    answers = infer(disk)
    source, target = element.find("source"), element.find("target")
    element.set("type", "file" if source is None else answers.type.value)
    element.set("device", answers.device.value)
    _set(element, "driver", {"name": answers.driver.value, "type": answers.format.value})
    if target is not None:
        _set(element, "target", {"dev": disk.target, "bus": answers.bus.value})
    if answers.readonly.value and element.find("readonly") is None:
        etree.SubElement(element, "readonly")
    element.attrib.pop("snapshot", None)
    snapshot = answers.snapshot.value
    if snapshot is not None and not (snapshot == "no" and answers.readonly.value):
        element.set("snapshot", snapshot)  # a read-only disk has none anyway
    if answers.address.origin != "stated" and "controller" in (answers.address.value or {}):
        _set(element, "address", {name: str(v) for name, v in answers.address.value.items()})
    if answers.bus.value == "usb" and disk.domain.libvirt >= USB_BOT_SINCE:
        element.set("model", answers.qemu_device.value or "usb-storage")
    _drop_for_device(element, answers.device.value, answers.bus.value)
    limits = element.find("iotune")
    group = None if limits is None else limits.findtext("group_name")
    if group and not _has_limits(limits) and group in (shared := _limits_of_groups(disk.domain)):
        # It only names the group, so it has the limits of the first other disk in it.
        element.replace(limits, copy.deepcopy(shared[group]))
    for part in list(element.iter(*_COMPLETIONS)):  # a list: some are taken out
        _COMPLETIONS[part.tag](part)


def _limits_of_groups(domain: Domain) -> dict[str | None, etree._Element]:
    """By its name, the first `<iotune>` of each group in which limits are written; found once."""
    if domain not in _LIMITS:
        found = [
            iotune for disk in domain.disks if (iotune := disk.element.find("iotune")) is not None
        ]
        written = [iotune for iotune in reversed(found) if _has_limits(iotune)]
        _LIMITS[domain] = {iotune.findtext("group_name"): iotune for iotune in written}
    return _LIMITS[domain]


def _has_limits(iotune: etree._Element) -> bool:
    return any(one.tag != "group_name" and one.text for one in iotune.iterchildren("*"))


def _set(parent: etree._Element, name: str, attributes: dict[str, str | None]) -> None:
    """Set attributes of a child, which is made if need be; None is left alone."""
    child = parent.find(name)
    child = etree.SubElement(parent, name) if child is None else child
    for attribute, value in attributes.items():
        if value is not None:
            child.set(attribute, value)


def _complete_source(source: etree._Element) -> None:
    kind = source.getparent().get("type", "file")
    if kind == "network":
        _complete_network(source)
    attribute = _PATHS.get(kind, "")
    if attribute and source.get(attribute) == "":  # how some programs write an empty drive
        del source.attrib[attribute]
    if kind == "nvme":
        source.set("managed", source.get("managed", "yes"))
    if kind == "volume":
        _drop(source, "auth")  # the pool has it


def _complete_network(source: etree._Element) -> None:
    protocol, name = source.get("protocol"), source.get("name")
    if name == "":
        del source.attrib["name"]
    elif protocol == "iscsi" and name and "/" not in name:
        source.set("name", f"{name}/0")
    ports = facts("vocabulary.toml")["ports"]
    for host in source.iterchildren("host"):
        is_tcp = host.get("transport", "tcp") == "tcp"
        if host.get("transport") == "unix":
            host.attrib.pop("name", None), host.attrib.pop("port", None)
        elif is_tcp and protocol in ports and host.get("port", "0").strip() in ("0", ""):
            host.set("port", str(ports[protocol]))
    if protocol not in ("http", "https"):
        source.attrib.pop("query", None)
    source.attrib.pop("startupPolicy", None)
    _drop(source, "cookies", "seclabel")  # cookies are secret


def _drop(parent: etree._Element, *names: str) -> None:
    for name in names:
        for child in parent.findall(name):
            parent.remove(child)


def _complete_encryption(encryption: etree._Element) -> None:
    encryption.set("engine", encryption.get("engine", "qemu"))
    if encryption.get("format") != "luks":
        _drop(encryption, "cipher", "ivgen")


def _complete_address(address: etree._Element) -> None:
    """All numbers of a place, or none where all of them are 0 (then libvirt chooses)."""
    is_source = address.getparent().tag == "source"
    names = _PLACE.get("pci" if is_source else address.get("type", ""), ())
    values = [address.get(name, "0") for name in names]
    is_empty = all(value.strip("0x") == "" for value in values)
    for name, value in zip(names, values):
        if is_empty and address.get("type") == "pci" and not is_source:
            address.attrib.pop(name, None)
        else:
            address.set(name, value)


def _complete_seclabel(label: etree._Element) -> None:
    """Nothing is said where nothing is labelled."""
    label.set("relabel", label.get("relabel", "yes"))
    is_lost = label.getparent() is None  # with a source that has none
    if label.get("relabel") == "yes" and not label.findtext("label") and not is_lost:
        label.getparent().remove(label)


def _complete_histogram(histogram: etree._Element) -> None:
    """A first bin, from 0 on; and nothing where that is all."""
    bins = histogram.findall("bin")
    if bins and (bins[0].get("start") or "").strip(" +0"):
        histogram.insert(0, etree.Element("bin", start="0"))
    elif len(bins) == 1:
        histogram.getparent().remove(histogram)


_COMPLETIONS = {
    "latency-histogram": _complete_histogram,
    "source": _complete_source,
    "encryption": _complete_encryption,
    "address": _complete_address,
    "seclabel": _complete_seclabel,
}


def _drop_for_device(element: etree._Element, device: str, bus: str | None) -> None:
    """What libvirt reads, and does not write back for a disk of this kind."""
    target, alias = element.find("target"), element.find("alias")
    if target is not None:
        if target.get("tray") == "closed" or device not in ("cdrom", "floppy"):
            target.attrib.pop("tray", None)
        if bus != "usb":
            target.attrib.pop("removable", None)
    if alias is not None and not alias.get("name", "").startswith(_USER_ALIAS):
        _drop(element, "alias")
    geometry = element.find("geometry")
    if geometry is not None and "0" in (geometry.get(n, "0") for n in ("cyls", "heads", "secs")):
        _drop(element, "geometry")
    transient, boot = element.find("transient"), element.find("boot")
    if transient is not None and transient.get("shareBacking") == "no":
        del transient.attrib["shareBacking"]
    if boot is not None and boot.get("loadparm"):
        boot.set("loadparm", boot.get("loadparm").upper())


def _rewritten(element: etree._Element, shape: Shape) -> etree._Element:
    """What libvirt reads in an element, in its order and its way to write values."""
    new = etree.Element(element.tag)
    for name, read in shape.attributes.items():
        if (value := _value(read, element.get(name))) is not None:
            new.set(name, value)
    if element.tag == "max_size":
        _set_size(new, element)
    elif shape.text:
        new.text = _value(shape.text, text_of(element))
    for child in children_of(element, shape.libvirt):
        own = shape_of(child, shape.libvirt)
        inside = _rewritten(child, own)
        if len(inside) or inside.attrib or inside.text or own.keep:
            new.append(inside)
    return new


def _value(read, text: str | None) -> str | None:
    """A value as libvirt writes it; one that it refuses stays as it is."""
    try:
        return None if text is None else read(text)
    except ValueError:
        return text


def _set_size(new: etree._Element, element: etree._Element) -> None:
    text = text_of(element)
    try:
        size = in_bytes(text, element.get("unit")) if text else 0
    except ValueError:  # libvirt refuses it
        new.text = text
        return
    new.attrib.clear()
    if size:
        new.set("unit", "bytes")
        new.text = str(size)


class Resolution:
    """A disk resolved: its `element`, the `controllers` that libvirt adds for it, what is `left_out`.

    `old` is what was written: an element of the result that has no partner in it was added.
    """

    def __init__(self, disk: Disk):
        self.element, self.controllers = resolve(disk), []
        place = infer(disk).controller.value
        if place and (place["type"], place["index"]) not in disk.domain.controllers:
            known = {name: str(value) for name, value in place.items() if value is not None}
            self.controllers.append(controller := etree.Element("controller", known))
            if place["type"] == "nvme" and (serial := self.element.findtext("serial")):
                etree.SubElement(controller, "serial").text = serial
        self.left_out = [
            one_line(f"{element.tag}/@{attribute}" if attribute else f"<{element.tag}>", 60)
            for element, attribute, counts in names_in(
                disk.element, shape_of(disk.element, disk.domain.libvirt)
            )
            if not counts
        ]
        self.partners = dict(_partners(self.element, disk.element))

    @property
    def xml(self) -> str:
        """The `<disk>`, as `virsh dumpxml` would show it but for its margin."""
        return written(self.element)

    def added(self, element: etree._Element) -> list[str] | None:
        """The attributes of an element that nobody wrote, or changed; None where all is added."""
        old = self.partners.get(element)
        if old is None:
            return None
        return [name for name, value in element.items() if old.get(name) != value]


def names_in(
    element: etree._Element, shape: Shape
) -> Iterator[tuple[etree._Element, str | None, bool]]:
    """Every name in an element, with all below what libvirt looks at: an attribute of an element, or
    (None) an element itself, and whether libvirt looks at it here."""
    for attribute in element.keys():
        yield element, attribute, shape.open or attribute in shape.attributes
    for child, inner in inside(element, shape):
        yield child, None, shape.open or inner is not None
        if inner:
            yield from names_in(child, inner)


def _partners(new: etree._Element, old: etree._Element) -> Iterator[tuple]:
    """Each element of the new tree with the one of the old tree that it came from."""
    yield new, old
    partners: dict[str, Iterator[etree._Element]] = {}
    for child in new:
        same = partners.setdefault(child.tag, old.iterchildren(child.tag))
        if (partner := next(same, None)) is not None:
            yield from _partners(child, partner)
