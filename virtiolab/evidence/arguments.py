"""QEMU's arguments for one disk, as libvirt makes them: each key with its meaning, and with the
names in the XML that it comes from."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from ..document import Disk
from .libvirt import Answer

# How the drivers of QEMU's devices begin that are disks for the guest.
DISK_DRIVERS = (
    "virtio-blk", "vhost-user-blk", "ide-", "scsi-hd", "scsi-cd", "scsi-block", "usb-storage",
    "usb-bot", "floppy", "sd-card", "nvme-ns",
)  # fmt: skip


class Key(NamedTuple):
    """One key of an argument: its value as JSON has it, what it means, and the paths below /disk
    that it comes from: first those that are written in this disk."""

    name: str
    value: object
    meaning: str
    paths: tuple[str, ...]
    written: bool


class Argument(NamedTuple):
    """One argument: `flag` is -blockdev or -device; `settles`: this one says whether it is virtio."""

    flag: str
    keys: tuple[Key, ...]
    settles: bool

    @property
    def driver(self) -> str:
        """The driver of QEMU that it names."""
        return next(key.value for key in self.keys if key.name == "driver")


def devices(answer: Answer) -> dict[str, dict]:
    """The `-device` of each disk, by the name of its target.

    Libvirt gives QEMU the disks in the order in which it writes them back.
    """
    targets = etree.fromstring(answer.xml).xpath("devices/disk/target/@dev")
    disks = [one for one in answer.devices if one["driver"].startswith(DISK_DRIVERS)]
    return dict(zip(targets, disks, strict=True))


def controller(answer: Answer, device: dict) -> dict | None:
    """The `-device` of the controller that a disk is plugged into, if it has one."""
    name = str(device.get("bus", "")).partition(".")[0]
    return next((one for one in answer.devices if one.get("id") == name), None)


def arguments(answer: Answer, disk: Disk) -> list[Argument]:
    """What QEMU gets for a disk: the layers of its image from below, its controller, and itself."""
    device = devices(answer)[disk.target]
    holder = controller(answer, device)
    by_controller = device["driver"].startswith("scsi-")  # it, not the disk, is virtio or not
    found = [_layer(layer, disk) for layer in layers(answer, device)]
    if holder:
        found.append(_argument("-device", "controller", holder, disk, settles=by_controller))
    return [*found, _argument("-device", "device", device, disk, settles=not by_controller)]


def layers(answer: Answer, device: dict) -> Iterator[dict]:
    """The `-blockdev` of an image and of those below it, the lowest first."""
    nodes = {node["node-name"]: node for node in answer.arguments("-blockdev")}
    wanted, found = [device.get("drive")], []
    for name in wanted:
        if name in nodes:
            found.append(nodes[name])
            wanted += [nodes[name].get("file"), nodes[name].get("backing")]
    return reversed(found)


def _layer(given: dict, disk: Disk) -> Argument:
    return _argument("-blockdev", "format" if "file" in given else "blockdev", given, disk)


def _argument(flag: str, table: str, given: dict, disk: Disk, settles: bool = False) -> Argument:
    known = facts()[table]
    keys = (_key(name, value, known, disk) for name, value in flattened(given))
    return Argument(flag, tuple(keys), settles)


def _key(name: str, value: object, known: dict, disk: Disk) -> Key:
    meaning, paths = known.get(name, ("", []))
    written = [path for path in paths if _is_written(disk, path)]
    return Key(name, value, meaning, tuple(written or paths), bool(written))


def _is_written(disk: Disk, path: str) -> bool:
    return bool(disk.element.xpath(path))


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


@cache
def facts() -> dict[str, dict[str, tuple[str, list[str]]]]:
    """By table (blockdev, format, device, controller) and key: the meaning, and the paths."""
    text = Path(__file__).with_name("arguments.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    return tables | {"format": tables["blockdev"] | tables["format"]}
