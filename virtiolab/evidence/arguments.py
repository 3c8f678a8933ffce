"""QEMU's arguments for one disk, as libvirt makes them: each key with its meaning, and with the
names in the XML that it comes from."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from .. import data
from ..document import Disk
from .libvirt import Answer

# How the drivers of QEMU's devices begin that are disks for the guest.
DISK_DRIVERS = (
    "virtio-blk", "vhost-user-blk", "ide-", "scsi-hd", "scsi-cd", "scsi-block", "usb-storage",
    "usb-bot", "floppy", "sd-card", "nvme-ns",
)  # fmt: skip

# Not given are disks on buses that QEMU's machines bring along or have not, those that libvirt plugs
# in once the guest is there, and optional volumes of a pool that cannot be asked.
_GIVEN = etree.XPath(
    "devices/disk[not(target/@bus='sd' or target/@bus='xen' or target/@bus='uml'"
    " or transient/@shareBacking='yes'"
    " or @type='volume' and source/@startupPolicy='optional'"
    " and not(@device='cdrom' or @device='floppy'))]/target/@dev"
)

_CONDITION = re.compile(r"\[[^]]*\]")  # of XPath


class Key(NamedTuple):
    """One key of an argument: its value as JSON has it, what it means, and the paths below /disk
    that it comes from, if any of them is `written` in this disk.

    `unless` has, path by path, what would count instead, were it written.
    """

    name: str
    value: object
    meaning: str
    paths: tuple[str, ...]
    written: bool
    unless: tuple[tuple[str, ...], ...] = ()


class Argument(NamedTuple):
    """One argument: `flag` is -blockdev or -device; `settles`: this one says whether it is virtio."""

    flag: str
    keys: tuple[Key, ...]
    settles: bool

    @property
    def driver(self) -> str:
        """The driver of QEMU that it names."""
        return str(next(key.value for key in self.keys if key.name == "driver"))

    def as_dict(self) -> dict:
        """The same for JSON."""
        keys = [key._asdict() for key in self.keys]
        return {"flag": self.flag, "settles": self.settles, "keys": keys}


@lru_cache(maxsize=4)
def devices(answer: Answer) -> dict[str, dict]:
    """The `-device` of each disk, by the name of its target.

    Libvirt gives QEMU the disks in the order in which it writes them back, but for a few.
    """
    if answer.argv is None:
        return {}
    targets = _GIVEN(answer.root)
    disks = [one for one in answer.devices if one["driver"].startswith(DISK_DRIVERS)]
    return dict(zip(targets, disks, strict=True))


def controller(answer: Answer, device: dict) -> dict | None:
    """The `-device` of the controller that a disk is plugged into, if it has one."""
    name = str(device.get("bus", "")).partition(".")[0]
    return next((one for one in answer.devices if one.get("id") == name), None)


def given(answer: Answer, target: str) -> list[tuple[str, dict, str]]:
    """What QEMU gets for a disk: the layers of its image from below, its controller, and itself.

    Each as flag, argument, and the path of the image in the XML that it is about (empty: the
    disk's own). Nothing for a disk that libvirt does not give QEMU.
    """
    device = devices(answer).get(target)
    if device is None:
        return []
    wanted, found = [(device.get("drive"), "")], []
    for name, above in wanted:
        if layer := answer.blocks.get(name):
            found.append(("-blockdev", layer, above))
            below = (layer.get("file"), above), (layer.get("backing"), f"{above}backingStore/")
            wanted.extend(below)
    holder = controller(answer, device)
    return found[::-1] + [("-device", one, "") for one in (holder, device) if one]


def arguments(answer: Answer, disk: Disk) -> list[Argument]:
    """The same, each key explained."""
    return explained(given(answer, disk.target), disk)


def explained(given: list[tuple[str, dict, str]], disk: Disk) -> list[Argument]:
    """What is given for a disk, each key explained."""
    if not given:
        return []
    last = given[-1][1]
    # Of a SCSI disk it is the controller that is virtio or not.
    settling = given[-2][1] if last["driver"].startswith("scsi-") else last
    # By table and key: the meaning, and lists of paths.
    facts, found = data.facts("evidence/arguments.toml"), []
    for flag, one, above in given:
        if flag == "-device":
            known = facts["device" if one is last else "controller"]
        else:
            known = facts["format" if "file" in one else "blockdev"]
        family, keys = one["driver"].partition("-")[0], []
        for name, value in flattened(one):
            meaning, *lists = known.get(f"{family}:{name}") or known.get(name, ("", []))
            paths, written = _origin(lists, above, disk)
            shown = tuple(_CONDITION.sub("", path) for path in paths)
            keys.append(Key(name, value, meaning, shown, written, tuple(paths.values())))
        found.append(Argument(flag, tuple(keys), one is settling))
    return found


def _below(above: str, path: str) -> str:
    """The path by which an image of the backing chain has what a disk has by `path`."""
    if above and path == "driver/@type":
        return f"{above}format/@type"
    return f"{above}{path}" if path.startswith(("source", "@type", "backingStore")) else path


def _origin(
    lists: list[list[str]], above: str, disk: Disk
) -> tuple[dict[str, tuple[str, ...]], bool]:
    """The paths that count in this disk, each with what would count instead; and whether any is
    written. Of several lists it is the first with something written."""
    unwritten: dict[str, tuple[str, ...]] = {}
    for listed in lists:
        counting: dict[str, tuple[str, ...]] = {}
        for path, _, other in (one.partition(" unless ") for one in listed):
            if not other or not disk.element.xpath(other):
                path = _below(above, path)
                counting[path] = counting.get(path, ()) + ((other,) if other else ())
        written = {path: instead for path, instead in counting.items() if disk.element.xpath(path)}
        if written:
            return written, True
        unwritten |= counting
    return unwritten, False


def flattened(given: dict, before: str = "") -> Iterator[tuple[str, object]]:
    """The keys with their values, those of inner objects as `server.host`, of lists `server[].host`."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{name}.")
        elif isinstance(value, list):
            for one in value:
                yield from flattened(one, f"{before}{name}[].")
        else:
            yield before + name, value
