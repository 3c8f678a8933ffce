"""What libvirt refuses in the disk itself: its name, its bus, and what the guest sees of it."""

import re
from collections.abc import Iterator

from lxml import etree

from ..form import c_number
from ..names import disk_number
from .problems import Problem
from .sights import Sight, always, where_written

_HARD_DISK_NAMES = ("hd", "sd", "vd", "xvd", "ubd", "nvme")
_NOT_IN_QEMU = ("xen", "uml")
_TRAYS = ("cdrom", "floppy")
_PARTITION = re.compile(r"[a-z]+?(0?[1-9][0-9]*|0[0-9]+)")
_SERIAL = re.compile(r"[A-Za-z0-9_ .+-]*")
_LOADPARM = re.compile(r"(?! *$)[A-Za-z0-9. ]{1,8}")
_WWN = re.compile(r"(0x)?[0-9a-fA-F]{16}")
_VENDOR_LENGTH = 8
_PRODUCT_LENGTHS = {"scsi": 16}
_PRODUCT_LENGTH = 40
_DRIVES = ("ide", "fdc", "scsi", "sata")
_ADDRESS_PARTS = ("controller", "bus", "target")
_CHANNEL = {"cssid": 0xFE, "ssid": 3, "devno": 0xFFFF}
_SLOT = {"bus": 0xFF, "slot": 0x1F, "function": 7}
# What an address may not have other than 0, by bus.
_ZEROS = {
    "scsi": ("bus",),
    "ide": ("controller", "target"),
    "fdc": _ADDRESS_PARTS,
    "sata": ("bus", "target"),
}


@always
def name(sight: Sight) -> Iterator[Problem]:
    """The target, from which libvirt makes the place of the disk."""
    dev = sight.disk.target
    if dev is None:
        yield sight.find("target-missing", "target")
        return
    if sight.device in ("disk", "lun") and not dev.startswith(_HARD_DISK_NAMES):
        yield sight.find("target-not-of-a-disk", "target/@dev")
    elif sight.device == "floppy" and not dev.startswith("fd"):
        yield sight.find("target-not-of-a-floppy", "target/@dev")
    elif disk_number(dev) is None and not dev.startswith("nvme"):
        yield sight.find("target-unreadable", "target/@dev")
    elif dev[-1:].isdigit() and (found := _PARTITION.fullmatch(dev)):
        whole = dev.removesuffix(found[1])
        yield sight.find("target-partition", "target/@dev", whole=whole)


@always
def bus(sight: Sight) -> Iterator[Problem]:
    """The bus, and whether this device can be on it."""
    if sight.device == "floppy" and sight.bus != "fdc":
        yield sight.find("floppy-not-on-fdc", "target/@bus")
    elif sight.device != "floppy" and sight.bus == "fdc":
        yield sight.find("not-a-floppy-on-fdc", "target/@bus")
    elif sight.device == "cdrom" and sight.on("virtio", "sd"):
        yield sight.find("cdrom-not-ejectable", "target/@bus")
    elif sight.on(*_NOT_IN_QEMU):
        yield sight.find("bus-not-in-qemu", "target/@bus")


@always
def source(sight: Sight) -> Iterator[Problem]:
    """Only a drive can be empty."""
    if not sight.is_empty:
        return
    if sight.device == "disk":
        yield sight.find("source-missing", "source", type=sight.type)
    elif sight.on("usb") and sight.device != "lun":
        yield sight.find("usb-empty", "source")


@always
def readonly(sight: Sight) -> Iterator[Problem]:
    """IDE and SATA know no read-only hard disk."""
    if sight.readonly and sight.device == "disk" and sight.on("ide", "sata"):
        yield sight.find("dir-on-ide" if sight.type == "dir" else "readonly-on-ide", "readonly")


@where_written("disk/@model")
def model(sight: Sight) -> Iterator[Problem]:
    """The models are those of virtio, and of USB."""
    written = sight.get("model")
    if written.startswith("virtio") and not sight.on("virtio"):
        yield sight.find("model-not-of-bus", "@model", model=written, wanted="virtio")
    if written.startswith("usb-") and not sight.on("usb"):
        yield sight.find("model-not-of-bus", "@model", model=written, wanted="usb")


@where_written("disk/@rawio", "disk/@sgio", "reservations")
def passthrough(sight: Sight) -> Iterator[Problem]:
    """What only makes sense where SCSI commands go through to a real disk."""
    for path, code in (("@rawio", "rawio-not-on-lun"), ("@sgio", "sgio-not-on-lun")):
        if sight.get(path[1:]) and sight.device != "lun":
            yield sight.find(code, path)
    if sight.get("sgio") == "unfiltered":
        yield sight.find("sgio-unfiltered", "@sgio")
    source = sight.child("source")
    if source is not None and source.find("reservations") is not None and sight.device != "lun":
        yield sight.find("reservations-not-on-lun", "source/reservations")


@where_written("geometry")
def geometry(sight: Sight) -> Iterator[Problem]:
    """Cylinders, heads and sectors, where all three are given."""
    sizes = [sight.get(part, "geometry") for part in ("cyls", "heads", "secs")]
    if not all((size or "0").strip(" +0") for size in sizes):
        return
    if sight.on("usb", "sd"):
        yield sight.find("geometry-not-on-bus", "geometry")
    elif sight.get("trans", "geometry") and not sight.on("ide"):
        yield sight.find("translation-not-on-ide", "geometry/@trans")


@where_written("serial")
def serial(sight: Sight) -> Iterator[Problem]:
    """The serial number, which goes onto QEMU's command line."""
    written = sight.text("serial")
    if not written:
        return
    if sight.on("sd"):
        yield sight.find("serial-on-sd", "serial")
    if sight.device == "lun" and sight.on("scsi"):
        yield sight.find("serial-on-lun", "serial")
    if not _SERIAL.fullmatch(written):
        wanted = re.sub(r"[^A-Za-z0-9_ .+-]", "", written)
        yield sight.find("serial-unsafe", "serial", serial=written, wanted=wanted)


@where_written("wwn")
def wwn(sight: Sight) -> Iterator[Problem]:
    """The World Wide Name: 16 hexadecimal digits, on IDE and SCSI."""
    written = sight.text("wwn")
    if not written:
        return
    if not _WWN.fullmatch(written):
        yield sight.find("wwn-malformed", "wwn", wwn=written)
    if not sight.on("ide", "scsi"):
        yield sight.find("wwn-not-on-bus", "wwn")
    elif sight.device == "lun":
        yield sight.find("wwn-on-lun", "wwn")


@where_written("vendor", "product")
def vendor_and_product(sight: Sight) -> Iterator[Problem]:
    """What the disk says it is: short, printable, and not on every bus."""
    vendor, product = sight.text("vendor"), sight.text("product")
    if vendor and not sight.on("scsi"):
        yield sight.find("vendor-not-on-scsi", "vendor")
    if product and not sight.on("ide", "sata", "scsi"):
        yield sight.find("product-not-on-bus", "product")
    longest = _PRODUCT_LENGTHS.get(sight.bus, _PRODUCT_LENGTH)
    for name, text, length in (
        ("vendor", vendor, _VENDOR_LENGTH),
        ("product", product, longest),
    ):
        if text and sight.device == "lun":
            yield sight.find("vendor-on-lun", name, name=name)
        if text and not all(" " <= c <= "~" for c in text):
            yield sight.find("vendor-unprintable", name, name=name)
        elif text and len(text) > length:
            yield sight.find("vendor-too-long", name, name=name, length=length, cut=text[:length])


@where_written("target/@rotation_rate")
def rotation_rate(sight: Sight) -> Iterator[Problem]:
    """How fast it spins: a matter of hard disks on SCSI, IDE and SATA."""
    if not sight.get("rotation_rate", "target").strip(" +0"):
        return
    if sight.device != "disk" or not sight.on("scsi", "ide", "sata"):
        yield sight.find("rotation-rate-not-here", "target/@rotation_rate")


@where_written("target/@removable", "target/@tray")
def removable(sight: Sight) -> Iterator[Problem]:
    """Sticks can be pulled out, drives have trays."""
    on_scsi = sight.on("scsi") and sight.device == "disk"
    if sight.get("removable", "target") and not (sight.on("usb") or on_scsi):
        yield sight.find("removable-not-here", "target/@removable")
    if sight.get("tray", "target") == "open" and sight.device not in _TRAYS:
        yield sight.find("tray-not-here", "target/@tray")


@always
def address(sight: Sight) -> Iterator[Problem]:
    """The kind of the address, and those of its numbers that have no choice."""
    written = sight.child("address")
    kind = None if written is None else written.get("type")
    if kind and sight.on(*_DRIVES) and kind != "drive":
        yield sight.find("address-not-a-drive", "address/@type", type=kind)
    if kind and sight.on("usb") and kind != "usb":
        yield sight.find("address-not-usb", "address/@type", type=kind)
    if kind and sight.on("virtio") and not _carries_virtio(sight, kind):
        yield sight.find("address-not-of-virtio", "address/@type", type=kind)
    for part in _ZEROS.get(sight.bus, ()) if "controller" in sight.place else ():
        if (value := sight.place.get(part, 0)) != 0:
            path = f"address/@{part}" if written is not None else "target/@dev"
            yield sight.find("address-beyond", path, part=part, value=value)


def _carries_virtio(sight: Sight, kind: str) -> bool:
    """PCI always, channels on s390x, memory on what is neither s390x nor POWER."""
    arch = sight.domain.arch or ""
    if kind == "ccw":
        return sight.machine is None or sight.machine.transport == "ccw"
    return kind == "pci" or kind == "virtio-mmio" and not arch.startswith(("s390", "ppc"))


@where_written("boot/@loadparm")
def loadparm(sight: Sight) -> Iterator[Problem]:
    """What s390x's firmware is told: few characters of few kinds."""
    written = sight.get("loadparm", "boot")
    if not _LOADPARM.fullmatch(written):
        yield sight.find("boot-loadparm", "boot/@loadparm", loadparm=written)


@where_written("address/@cssid", "address/@ssid", "address/@devno")
def ccw(sight: Sight) -> Iterator[Problem]:
    """An address on s390x's channels: all of its three numbers, each within its bounds."""
    written = sight.child("address")
    if written is None or written.get("type") != "ccw":
        return
    missing = [name for name in _CHANNEL if written.get(name) is None]
    if missing:
        yield sight.find("ccw-partial", "address", missing=missing[0])
    for name, most in _CHANNEL.items():
        if _number(written.get(name, "0")) > most:
            yield sight.find("address-too-high", f"address/@{name}", part=name, most=hex(most))


@where_written("acpi/@index", "zpci/@uid", "zpci/@fid")
def firmware(sight: Sight) -> Iterator[Problem]:
    """What only devices on PCI have, and what only s390x's PCI."""
    kind = sight.place.get("type")
    if sight.child("acpi") is not None and kind not in ("pci", None):
        yield sight.find("acpi-not-on-pci", "acpi")
    address, arch = sight.child("address"), sight.domain.arch
    zpci = None if address is None or address.get("type") != "pci" else address.find("zpci")
    if zpci is None:
        return
    if sight.domain.complete and not (arch or "").startswith("s390"):
        yield sight.find("zpci-not-on-s390", "address/zpci")
    elif not 0 < _number(zpci.get("uid", "1")) <= 0xFFFF:
        yield sight.find("zpci-uid", "address/zpci/@uid")


@where_written("address/@slot", "address/@function", "address/@bus", "address/@domain")
def pci(sight: Sight) -> Iterator[Problem]:
    """A PCI address has bounds, that of the disk and that of an NVMe disk of the host."""
    address, source = sight.child("address"), sight.child("source")
    if address is not None and address.get("type") == "pci":
        yield from _bounds(sight, address, "address", _SLOT | {"domain": 0})
        yield from _board(sight, address)
    if sight.type == "nvme" and (address := source.find("address")) is not None:
        yield from _bounds(sight, address, "source/address", _SLOT)


def _bounds(sight: Sight, address: etree._Element, path: str, bounds: dict) -> Iterator[Problem]:
    if not any(_part(address, name) for name in ("domain", "bus", "slot")):
        return  # libvirt takes it for none at all
    for name, most in bounds.items():
        if _part(address, name) > most:
            yield sight.find("address-too-high", f"{path}/@{name}", part=name, most=hex(most))


def _board(sight: Sight, address: etree._Element) -> Iterator[Problem]:
    place = _part(address, "slot"), _part(address, "function")
    if sight.machine and _part(address, "bus") == 0 and place in sight.machine.board:
        yield sight.find("address-of-board", "address", machine=sight.machine.title)


def _part(address: etree._Element, name: str) -> int:
    return _number(address.get(name, "0"))


def _number(text: str) -> int:
    try:
        return c_number(text)
    except ValueError:
        return 0
