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

# The keys by which a layer names those below it, and where the images of these stand in the XML.
_BELOW = {"file": "", "data-file": "source/dataStore/", "backing": "backingStore/"}
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
    """One argument: `flag` is -blockdev or -device; `settles`: this one says whether it is virtio;
    `table` and `family` are where its keys stand in arguments.toml."""

    flag: str
    keys: tuple[Key, ...]
    settles: bool
    table: str
    family: str

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
    """The `-device` of each disk, by the name of its target; nothing if that cannot be told.

    Libvirt gives QEMU the disks in the order in which it writes them back, but for a few.
    """
    targets, disks = _pairs(answer)
    return dict(zip(targets, disks)) if len(targets) == len(disks) else {}


def is_unclear(answer: Answer) -> bool:
    """Whether QEMU gets other numbers of disks than libvirt wrote back, so that it cannot be told
    which is which."""
    targets, disks = _pairs(answer)
    return len(targets) != len(disks)


def _pairs(answer: Answer) -> tuple[list[str], list[dict]]:
    """The targets and the devices, both in libvirt's order; of a usb-bot not what is behind it."""
    if answer.argv is None:
        return [], []
    disks = [one for one in answer.devices if one["driver"].startswith(DISK_DRIVERS)]
    bridges = {f"{one['id']}.0" for one in disks if one["driver"] == "usb-bot"}
    return _GIVEN(answer.root), [one for one in disks if one.get("bus") not in bridges]


def holder(answer: Answer, device: dict) -> dict:
    """The `-device` that holds the image of a disk: the one behind a usb-bot, else its own."""
    if device["driver"] != "usb-bot":  # of two disks of a like name, libvirt gives both the same id
        return device
    return next((one for one in answer.devices if one.get("bus") == f"{device['id']}.0"), device)


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
    inner = holder(answer, device)
    wanted, found = [(inner.get("drive"), "")], []
    for name, above in wanted:
        if layer := answer.blocks.get(name):
            found.append(("-blockdev", layer, above))
            below = {key: f"{above}{inside}" for key, inside in _BELOW.items()}
            wanted.extend((layer[key], path) for key, path in below.items() if key in layer)
    parts = [controller(answer, device), device] + [inner] * (inner is not device)
    return found[::-1] + [("-device", one, "") for one in parts if one]


def arguments(answer: Answer, disk: Disk) -> list[Argument]:
    """The same, each key explained."""
    return explained(given(answer, disk.target), disk)


def explained(given: list[tuple[str, dict, str]], disk: Disk) -> list[Argument]:
    """What is given for a disk, each key explained."""
    if not given:
        return []
    devices = [one for flag, one, _ in given if flag == "-device"]
    last, before = devices[-1], devices[-2] if devices[1:] else {}
    # Of a SCSI disk it is the controller that is virtio or not.
    settling = before if last["driver"].startswith("scsi-") else last
    # By table and key: the meaning, and lists of paths.
    facts, found = data.facts("evidence/arguments.toml"), []
    for flag, one, above in given:
        table, family, keys = *_place(flag, one, last, before), []
        known = facts[table]
        for name, value in flattened(one):
            meaning, *lists = known.get(f"{family}:{name}") or known.get(name, ("", []))
            paths, written = _origin(lists, above, disk)
            shown = tuple(_CONDITION.sub("", path).removeprefix("../") for path in paths)
            keys.append(Key(name, value, meaning, shown, written, tuple(paths.values())))
        found.append(Argument(flag, tuple(keys), one is settling, table, family))
    return found


def _place(flag: str, one: dict, last: dict, before: dict) -> tuple[str, str]:
    """The table of an argument, and the family for which some keys have entries of their own."""
    family = one["driver"].partition("-")[0]
    if flag == "-blockdev":
        if "file" in one:
            return "format", family
        # What no format stands on is the disk itself: how it is opened, the XML says, as of a format.
        return "blockdev", "raw" if "read-only" in one else family
    is_bridge = before.get("driver") == "usb-bot"
    if one is last:
        return "device", "bot" if is_bridge else family
    return "device" if is_bridge and one is before else "controller", family


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
                # As an image of the backing chain has it.
                if above and path == "driver/@type":
                    path = f"{above}format/@type"
                elif path.startswith(("source", "@type", "backingStore")):
                    path = f"{above}{path}"
                counting[path] = counting.get(path, ()) + ((other,) if other else ())
        written = {path: instead for path, instead in counting.items() if disk.element.xpath(path)}
        if written:
            return written, True
        unwritten |= counting
    return unwritten, False


def flattened(given: dict, before: str = "") -> Iterator[tuple[str, object]]:
    """The keys with their values, those of inner objects as `server.host`, of lists of such
    `server[].host`; of lists of anything else all at once, as `vqs[]`."""
    for name, value in given.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{before}{name}.")
        elif isinstance(value, list) and all(isinstance(one, dict) for one in value):
            for one in value:
                yield from flattened(one, f"{before}{name}[].")
        else:
            yield f"{before}{name}{'[]' * isinstance(value, list)}", value
