"""A guest around some disks, and the part of it that libvirt and QEMU are asked about."""

import copy
from collections.abc import Collection, Iterator

from lxml import etree
from lxml.builder import E

from ..document import QEMUS_TYPES, Domain

# What a disk depends on, beside <devices>. All else is left out, so that it cannot stand in the
# way: the host's CPU, firmware that is not installed here, labels, limits, or arguments for QEMU.
# Of some only the children that are named.
_COUNTS: dict[str, set[str] | None] = {
    "vcpu": None, "iothreads": None, "iothreadids": None, "throttlegroups": None,
    "os": {"type", "boot"}, "cpu": {"numa"}, "memory": None, "memoryBacking": {"access"},
}  # fmt: skip

# Where a part of a guest is tried, until libvirt accepts it: with its address it may want another machine.
_ORDINARY = (
    ("x86_64", "pc", None), ("x86_64", "pc", "virtio-scsi"), ("x86_64", "q35", None),
    ("x86_64", "q35", "virtio-scsi"), ("s390x", "s390-ccw-virtio", None),
)  # fmt: skip


def in_guest(domain: Domain, machine: str, arch: str | None = "x86_64") -> Domain:
    """A part of a guest in one with this machine, and with this architecture, if it is written; a
    whole guest as it is."""
    if domain.complete:
        return domain
    kind = ({"arch": arch} if arch else {}) | {"machine": machine}
    parts = E.os(E.type("hvm", kind)), copy.deepcopy(domain.element)
    return Domain(E.domain(*parts, type="kvm"), domain.libvirt)


def candidates(domain: Domain) -> Iterator[tuple[Domain, str]]:
    """The guests of QEMU that can be asked about a domain, the nearest to it first, each with what is
    to be said of it: a whole guest as it is, or with its disks and their controllers alone on a machine
    that every QEMU has; a part of one in some ordinary guests."""
    if not domain.complete:
        for arch, machine, model in _ORDINARY:
            guest = in_guest(domain, machine, arch)
            card = f", with a controller of model {model}" if model else ""
            if model:
                guest.devices[0].append(E.controller(type="scsi", index="0", model=model))
            yield (
                guest,
                (
                    "This is no whole guest, so libvirt was asked about an ordinary one with it:"
                    f" {arch}, machine {machine}{card}."
                ),
            )
        return
    is_of_qemu = domain.type in QEMUS_TYPES
    root = copy.deepcopy(domain.element)
    root.set("type", "kvm")
    note = "This is no guest of QEMU, but it was asked about as if it were one."
    yield Domain(root, domain.libvirt), "" if is_of_qemu else note
    kind, system = domain.kind, root.find("os/type")
    known = kind.names[0] if kind and kind.names else None
    if system is not None and (known or not is_of_qemu):
        system.attrib.pop("machine", None)
        system.text = "hvm"
        if known:
            system.set("machine", known)
    on_which = f" on the machine {known}" if known and known != domain.machine else ""
    yield (
        Domain(bare(root), domain.libvirt),
        (f"So it was asked about the disks and their controllers alone{on_which}."),
    )


def on_its_machine(domain: Domain, written_back: etree._Element) -> Domain:
    """The domain with the architecture and the machine that libvirt chose where none is written."""
    root, chosen = copy.deepcopy(domain.element), written_back.find("os/type")
    system = root.find("os/type")
    for name, value in chosen.items() if system is not None else ():
        if not system.get(name):
            system.set(name, value)
    return Domain(root, domain.libvirt)


def alone(domain: Domain) -> Iterator[Domain]:
    """The domain with each of its disks alone, in their order."""
    disks = domain.element.xpath("devices/disk")
    shell = copy.deepcopy(domain.element)
    for disk in shell.xpath("devices/disk"):
        disk.getparent().remove(disk)
    for disk in disks:
        root = copy.deepcopy(shell)
        root.find("devices").append(copy.deepcopy(disk))
        yield Domain(root, domain.libvirt)


def reduced(domain: Domain) -> etree._Element:
    """What a disk depends on, and the other devices, as a `<domain>` for QEMU without KVM.

    Without the emulator that it names, which libvirt would run to learn what it can.
    """
    given = domain.element
    # Of one name and one id, libvirt takes it for the same guest, should one ever be left over.
    root = E.domain(
        E.name("virtiolab"), E.uuid("00000000-0000-4000-8000-000000000001"), type="qemu"
    )
    for part in given.iterchildren("*"):
        if part.tag == "devices":
            root.append(_with(part, {*(device.tag for device in part)} - {"emulator"}))
        elif part.tag in _COUNTS:
            root.append(kept := _with(part, _COUNTS[part.tag]))
            if part.tag in ("vcpu", "cpu", "os"):  # which of the host's, like which, whose firmware
                kept.attrib.clear()
    if root.find("memory") is None:
        root.append(E.memory("65536"))
    return root


def bare(root: etree._Element) -> etree._Element:
    """The same with disks and their controllers only: for other devices libvirt opens files and
    sockets of the host when it makes the command line."""
    root = copy.deepcopy(root)
    for devices in root.findall("devices"):
        root.replace(devices, _with(devices, ("disk", "controller")))
    for identity in root.iterfind("devices/disk//identity"):
        for name, who in identity.items():
            if not who.lstrip("+").isdigit():  # the host would be asked who that is
                identity.set(name, "+0")
    return root


def of_no_hypervisor(root: etree._Element) -> etree._Element:
    """The same for libvirt's test driver, which has one machine of its own."""
    root = copy.deepcopy(root)
    root.set("type", "test")
    for system in root.findall("os/type"):
        system.attrib.clear()
    return root


def as_text(root: etree._Element) -> str:
    """The XML of it."""
    return etree.tostring(root, encoding="unicode", with_tail=False)


def _with(parent: etree._Element, names: Collection[str] | None) -> etree._Element:
    """A copy with the children of these names (None: of any), without comments and the like."""
    parent = copy.deepcopy(parent)
    for child in list(parent):
        if not isinstance(child.tag, str) or (names is not None and child.tag not in names):
            parent.remove(child)
    return parent
