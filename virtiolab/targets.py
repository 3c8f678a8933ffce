"""What the name of a disk says: `vda` is on the virtio bus, and the first there."""

import re

# The whole of libvirt's inference from a disk's name, in virDomainDiskDefPostParse.
# Libvirt later than 11.3 knows nvme; older ones refuse the name.
BUS_OF_PREFIX = {
    "hd": "ide", "sd": "scsi", "vd": "virtio", "xvd": "xen", "ubd": "uml", "nvme": "nvme",
}  # fmt: skip
# To the other buses no name leads; these are the names that their disks usually have.
_OTHER_BUSES = {"sata": "sd", "usb": "sd", "sd": "sd", "fdc": "fd"}
PREFIX_OF_BUS = {bus: prefix for prefix, bus in BUS_OF_PREFIX.items()} | _OTHER_BUSES

# How many disks go on one bus of a controller, and how many buses it has: the place of a disk
# follows from the letters of its name (virDomainDiskDefAssignAddress).
_DRIVES = {"ide": (2, 2), "fdc": (2, 1), "sata": (6, 1), "scsi": (7, 1)}
DRIVE_BUSES = frozenset(_DRIVES)
DRIVE_PARTS = ("controller", "bus", "target", "unit")  # of a drive's address

_DISK_NAME = re.compile(f"(?:fd|{'|'.join(BUS_OF_PREFIX)})([a-z]{{1,60}})[0-9]*")


def prefix_of(name: str | None) -> str | None:
    """The part of a name that libvirt infers the bus from, if it has one."""
    for prefix in BUS_OF_PREFIX:  # none begins another
        if name and name.startswith(prefix):
            return prefix
    return None


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


def disk_number(name: str | None) -> int | None:
    """The number that a name's letters stand for: `vda` 0, `hdz` 25, `sdaa` 26; else None."""
    match = _DISK_NAME.fullmatch(name or "")
    if not match:
        return None
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("a") + 1
    number -= 1
    wrapped = (number + (1 << 31)) % (1 << 32) - (1 << 31)  # libvirt counts in a C int
    return wrapped if wrapped >= 0 else None


def drive_address(bus: str, number: int) -> dict:
    """Where disk `number` of one of the DRIVE_BUSES goes when no address is written."""
    units, buses = _DRIVES[bus]
    return {
        "type": "drive",
        "controller": number // (units * buses),
        "bus": number // units % buses,
        "target": 0,
        "unit": number % units,
    }
