"""What libvirt refuses in the disk itself: its name, its bus, and what the guest sees of it."""

import re
from collections.abc import Iterator

from ..document import LOCAL_TYPES, SOURCE_ATTRIBUTES, whole_number
from ..targets import DRIVE_BUSES, DRIVE_PARTS, NVME_SINCE, disk_number
from .context import Context, always, on_buses, where_written
from .problems import Problem

_OLD_NAMES = ("hd", "sd", "vd", "xvd", "ubd")
_HARD_DISK_NAMES = (*_OLD_NAMES, "nvme")
_NOT_IN_QEMU = ("xen", "uml")
_PARTITION = re.compile(r"[a-z]+?(0?[1-9][0-9]*|0[0-9]+)")
_SERIAL = re.compile(r"[A-Za-z0-9_ .+-]*")
_LOADPARM = re.compile(r"(?! *$)[A-Za-z0-9. ]{1,8}")
_WWN = re.compile(r"(0x)?[0-9a-fA-F]{16}")
_CHANNEL = {"cssid": 0xFE, "ssid": 3, "devno": 0xFFFF}
# What an address may not have other than 0, by bus.
_ZEROS = {
    "scsi": ("bus",), "ide": ("controller", "target"), "fdc": DRIVE_PARTS[:3],
    "sata": ("bus", "target"),
}  # fmt: skip


@always
def name(context: Context) -> Iterator[Problem]:
    """The target, from which libvirt makes the place of the disk."""
    dev = context.target
    if dev is None:
        yield context.find("target-missing", "target")
        return
    prefixes = _HARD_DISK_NAMES if context.domain.libvirt >= NVME_SINCE else _OLD_NAMES
    if context.device in ("disk", "lun") and not dev.startswith(prefixes):
        yield context.find("target-not-of-a-disk", "target/@dev")
    elif context.device == "floppy" and not dev.startswith("fd"):
        yield context.find("target-not-of-a-floppy", "target/@dev")
    elif disk_number(dev, context.domain.libvirt) is None:
        yield context.find("target-unreadable", "target/@dev")
    elif dev[-1:].isdigit() and (found := _PARTITION.fullmatch(dev)):
        whole = dev.removesuffix(found[1])
        yield context.find("target-partition", "target/@dev", whole=whole)


@always
def bus(context: Context) -> Iterator[Problem]:
    """The bus, and whether this device can be on it."""
    if context.device == "floppy" and context.bus != "fdc":
        yield context.find("floppy-not-on-fdc", "target/@bus")
    elif context.device != "floppy" and context.bus == "fdc":
        yield context.find("not-a-floppy-on-fdc", "target/@bus")
    elif context.device == "cdrom" and context.on("virtio", "sd"):
        yield context.find("cdrom-not-ejectable", "target/@bus")
    elif context.on(*_NOT_IN_QEMU):
        yield context.find("bus-not-in-qemu", "target/@bus")


def _other_source(context: Context) -> dict[str, str]:
    """What says where the image is, and is not read with this type; and the edit that makes it count."""
    wanted = SOURCE_ATTRIBUTES[context.type]
    places = {kind: context.get(SOURCE_ATTRIBUTES[kind], "source") for kind in LOCAL_TYPES}
    written = [(kind, path) for kind, path in places.items() if path]
    if not written or places[context.type]:
        return {}
    kind, path = written[0]
    name = SOURCE_ATTRIBUTES[kind]
    # The type is wrong, or the attribute: the path tells.
    is_kind = (kind == "block") is path.startswith("/dev/") and "dir" not in (kind, context.type)
    return {"other": name, "mend": f"@type={kind}" if is_kind else f"~source/@{name}={wanted}"}


@always
def source(context: Context) -> Iterator[Problem]:
    """Only a drive can be empty."""
    if not context.is_empty:
        return
    other = _other_source(context)
    if context.device == "disk":
        yield context.find("source-missing", "source", type=context.type, **other)
    elif other:
        yield context.find("source-not-read", "source", type=context.type, **other)
    elif context.on("usb") and context.device != "lun":
        yield context.find("usb-empty", "source")
        yield context.find("usb-empty-at-start", "source")  # with older libvirts
        if context.get("model") == "usb-storage":
            yield context.find("usb-storage-empty", "source")


@on_buses("ide", "sata")
def readonly(context: Context) -> Iterator[Problem]:
    """IDE and SATA know no read-only hard disk."""
    if context.readonly and context.device == "disk":
        yield context.find("dir-on-ide" if context.type == "dir" else "readonly-on-ide", "readonly")


@where_written("disk/@sgio")
def sgio(context: Context) -> Iterator[Problem]:
    """Who filters SCSI commands: not a matter of choice any more."""
    if context.get("sgio") == "unfiltered":
        yield context.find("sgio-unfiltered", "@sgio")


@where_written("serial")
def serial(context: Context) -> Iterator[Problem]:
    """The serial number, which goes onto QEMU's command line."""
    written = context.text("serial")
    if written and not _SERIAL.fullmatch(written):
        wanted = re.sub(r"[^A-Za-z0-9_ .+-]", "", written)
        facts = {"wanted": wanted} if wanted.strip() else {}  # else there is no fix
        yield context.find("serial-unsafe", "serial", serial=written, **facts)


@where_written("wwn")
def wwn(context: Context) -> Iterator[Problem]:
    """The World Wide Name: 16 hexadecimal digits."""
    written = context.text("wwn")
    if written and not _WWN.fullmatch(written):
        yield context.find("wwn-malformed", "wwn", wwn=written)


@where_written("vendor", "product")
def vendor_and_product(context: Context) -> Iterator[Problem]:
    """What the disk says it is: short and printable."""
    for name, length in ("vendor", 8), ("product", 16 if context.on("scsi") else 40):
        text = context.text(name)
        if text and not all(" " <= c <= "~" for c in text):
            yield context.find("vendor-unprintable", name, name=name)
        elif text and len(text) > length:
            yield context.find("vendor-too-long", name, name=name, length=length, cut=text[:length])


@always
def address(context: Context) -> Iterator[Problem]:
    """The kind of the address, and those of its numbers that have no choice."""
    written = context.child("address")
    kind = None if written is None else written.get("type")
    if kind and context.bus in DRIVE_BUSES and kind != "drive":
        yield context.find("address-not-a-drive", "address/@type", type=kind)
    if kind and context.on("usb") and kind != "usb":
        yield context.find("address-not-usb", "address/@type", type=kind)
    is_ccw = context.machine is None or context.machine.transport == "ccw"
    if kind == "unassigned" or (kind == "ccw" and not is_ccw):
        if context.on("sd"):
            yield context.find("address-not-of-sd", "address/@type", type=kind)
    if kind and context.on("virtio") and not _carries_virtio(context, kind):
        yield context.find("address-not-of-virtio", "address/@type", type=kind)
    for part in _ZEROS.get(context.bus, ()) if "controller" in context.place else ():
        if (value := context.place.get(part, 0)) != 0:
            path = f"address/@{part}" if written is not None else "target/@dev"
            yield context.find("address-beyond", path, part=part, value=value)


def _carries_virtio(context: Context, kind: str) -> bool:
    """PCI always, channels on s390x, memory on what is neither s390x nor POWER."""
    arch = context.domain.arch or ""
    if kind == "ccw":
        return context.machine is None or context.machine.transport == "ccw"
    return kind == "pci" or (kind == "virtio-mmio" and not arch.startswith(("s390", "ppc")))


@where_written("boot/@loadparm")
def loadparm(context: Context) -> Iterator[Problem]:
    """What s390x's firmware is told: few characters of few kinds."""
    written = context.get("loadparm", "boot")
    if not _LOADPARM.fullmatch(written):
        yield context.find("boot-loadparm", "boot/@loadparm", loadparm=written)


@where_written("address/@cssid", "address/@ssid", "address/@devno")
def ccw(context: Context) -> Iterator[Problem]:
    """An address on s390x's channels: all of its three numbers, each within its bounds."""
    written = context.child("address")
    if written is None or written.get("type") != "ccw":
        return
    missing = [name for name in _CHANNEL if written.get(name) is None]
    if missing:
        yield context.find("ccw-partial", "address", missing=missing[0])
    for name, most in _CHANNEL.items():
        if (whole_number(written.get(name), c=True) or 0) > most:
            yield context.find("address-too-high", f"address/@{name}", part=name, most=hex(most))


@where_written("acpi/@index", "zpci/@uid", "zpci/@fid")
def firmware(context: Context) -> Iterator[Problem]:
    """What only devices on PCI have, and what only s390x's PCI."""
    kind = context.place.get("type")
    if context.child("acpi") is not None and kind not in ("pci", None):
        yield context.find("acpi-not-on-pci", "acpi")
    address, arch = context.child("address"), context.domain.arch
    zpci = None if address is None or address.get("type") != "pci" else address.find("zpci")
    if zpci is None:
        return
    if context.domain.is_whole and not (arch or "").startswith("s390"):
        yield context.find("zpci-not-on-s390", "address/zpci")
    elif not 0 < (whole_number(zpci.get("uid", "1"), c=True) or 0) <= 0xFFFF:
        yield context.find("zpci-uid", "address/zpci/@uid")
