"""What the name of a disk says: `vda` is on the virtio bus, and the first there."""

import re

from .data import NEWEST, Version

# The whole of libvirt's inference from a disk's name, in virDomainDiskDefPostParse.
# An older libvirt than NVME_SINCE knows no nvme, and refuses the name.
BUS_OF_PREFIX = {
    "hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "ubd": "uml", "nvme": "nvme",
}  # fmt: skip
NVME_SINCE: Version = (11, 5, 0)
# To the other buses no name leads; these are the names that their disks usually have.
_OTHER_BUSES = {"sata": "sd", "usb": "sd", "sd": "sd", "fdc": "fd"}
PREFIX_OF_BUS = {bus: prefix for prefix, bus in BUS_OF_PREFIX.items()} | _OTHER_BUSES

# How many disks go on one bus of a controller, and how many buses it has: the place of a disk
# follows from the letters of its name (virDomainDiskDefAssignAddress).
_DRIVES = {"ide": (2, 2), "fdc": (2, 1), "sata": (6, 1), "scsi": (7, 1), "nvme": (1 << 31, 1)}
DRIVE_BUSES = frozenset(_DRIVES)
DRIVE_PARTS = ("controller", "bus", "target", "unit")  # of a drive's address

_LETTERS = [prefix for prefix in ("fd", *BUS_OF_PREFIX) if prefix != "nvme"]
_DISK_NAME = re.compile(f"(?:{'|'.join(_LETTERS)})([a-z]{{1,60}})[0-9]*")
_NVME_NAME = re.compile("nvme([0-9]{1,60})n([0-9]{1,60})(?:p[0-9]+)?")
_MOST = 1 << 31  # of a C int


def prefix_of(name: str | None) -> str | None:
    """The part of a name that libvirt infers the bus from, if it has one."""
    found = (prefix for prefix in BUS_OF_PREFIX if (name or "").startswith(prefix))
    return next(found, None)  # none begins another


def usual_name(bus: str, number: int = 0) -> str:
    """The name that disk `number` (from 0) usually has on this bus: `vda`, `sdb`, `nvme0n1`."""
    if bus == "nvme":
        return f"nvme0n{number + 1}"
    letters = ""
    while number >= 0:
        number, letter = divmod(number, 26)
        letters = chr(ord("a") + letter) + letters
        number -= 1
    return PREFIX_OF_BUS[bus] + letters


def disk_number(name: str | None, libvirt: Version = NEWEST) -> int | None:
    """The number that a name stands for: `vda` 0, `hdz` 25, `sdaa` 26, `nvme1n3` 2; else None."""
    if found := _NVME_NAME.fullmatch(name or ""):
        number, is_known = int(found[2]) - 1, libvirt >= NVME_SINCE and int(found[1]) < _MOST
        return number if is_known and 0 <= number < _MOST else None
    if not (match := _DISK_NAME.fullmatch(name or "")):
        return None
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1 if number <= _MOST else None


def nvme_controller(name: str | None) -> int:
    """The number of the NVMe controller in a name such as `nvme1n1`; 0 where the name has none."""
    found = _NVME_NAME.fullmatch(name or "")
    return int(found[1]) if found else 0


def drive_address(bus: str, number: int, controller: int = 0) -> dict:
    """Where disk `number` of one of the DRIVE_BUSES goes when no address is written, if counting
    begins at this controller."""
    units, buses = _DRIVES[bus]
    return {
        "type": "drive",
        "controller": controller + number // (units * buses),
        "bus": number // units % buses,
        "target": 0,
        "unit": number % units,
    }
