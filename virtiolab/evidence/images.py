"""Small images in place of those that a guest names, so that QEMU can be shown the guest's disks
without opening anything that is somebody's."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree
from lxml.builder import E

from ..document import Domain
from . import PATH, NoAnswer, NotInstalled
from .guests import bare
from .libvirt import HOW_TO_GET_IT, Answer
from .sandbox import Sandbox

SIZE = 16 << 20  # bytes, of each disk
_FLOPPY = 1440 << 10
# What is kept of a disk; of its source nothing is.
_KEPT = {
    "driver", "target", "address", "readonly", "shareable", "serial", "wwn", "vendor", "product",
    "boot", "blockio", "geometry", "iotune", "throttlefilters", "source",
}  # fmt: skip
_QEMUS_NAME = {"ploop": "parallels", "vhd": "vhdx"}  # where libvirt calls a format otherwise
_NOT_MADE = {"vhostuser": "a server of its own", "vhostvdpa": "a device of the host"}


@dataclass(frozen=True)
class StandIns:
    """A guest with images of ours, in a `folder` of the sandbox: `domain` for libvirt, `images` by
    target, `notes` in words, and NBD `servers` for those that come over a network."""

    sandbox: Sandbox
    folder: Path
    domain: Domain
    images: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    servers: list[subprocess.Popen] = field(default_factory=list)


def program(name: str) -> str:
    """The path of one of QEMU's programs; NotInstalled where it is not."""
    if found := shutil.which(name, path=PATH):
        return found
    raise NotInstalled(HOW_TO_GET_IT)


@contextlib.contextmanager
def stand_ins(
    sandbox: Sandbox, answer: Answer, formats: Mapping[str, str] = {}
) -> Iterator[StandIns]:
    """Images for each disk of a guest that libvirt accepted, in the formats that it wrote down; or,
    by target, in those of `formats`, whatever the XML says. At the end they are gone."""
    made = StandIns(sandbox, _folder(sandbox), Domain(bare(answer.root)))
    try:
        for number, disk in enumerate(made.domain.element.findall("devices/disk")):
            target, kind = disk.find("target").get("dev"), disk.get("type")
            if kind in _NOT_MADE:
                made.notes.append(f"{target} is left out: it needs {_NOT_MADE[kind]}.")
                disk.getparent().remove(disk)
            elif kind == "network" or disk.xpath("source/@*"):  # else the drive has no medium
                format = formats.get(target) or disk.find("driver").get("type", "raw")
                _replace(disk, made, str(made.folder / f"disk{number}"), format)
            for child in list(disk):
                if child.tag not in _KEPT:
                    disk.remove(child)
            for name in ("rawio", "sgio"):
                disk.attrib.pop(name, None)
        yield made
    finally:
        for server in made.servers:
            server.kill()
            server.communicate()
        shutil.rmtree(made.folder, ignore_errors=True)


def _folder(sandbox: Sandbox) -> Path:
    """A new one. Its name is free again when it is gone: then the same guest has the same paths."""
    number = 0
    while True:
        folder = sandbox.folder / f"guest{number}"
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
        number += 1


def _replace(disk: etree._Element, made: StandIns, name: str, format: str) -> None:
    """Give a disk an image of ours, and say what stands in for what."""
    target, kind, device = disk.find("target").get("dev"), disk.get("type"), disk.get("device")
    label = f"virtiolab-disk-{target}\n".encode()  # so that a guest can tell which one it has
    if kind == "dir":
        image, source = Path(name), E.source(dir=name)
        image.mkdir()
        (image / "README.TXT").write_bytes(label)
    else:
        size = _FLOPPY if device == "floppy" else SIZE
        image = _make(made.sandbox, f"{name}.{format}", format, label, size)
        source = E.source(file=str(image))
    if kind == "network":
        made.servers.append(_export(made.sandbox, image, socket := f"{name}.socket"))
        source = E.source(E.host(transport="unix", socket=socket), protocol="nbd", name="")
    made.images[target] = image
    disk.replace(disk.find("source"), source)
    disk.set("type", kind if kind in ("dir", "network") else "file")
    if device == "lun":
        disk.set("device", "disk")
        made.notes.append(f"A disk stands in for {target}: a LUN needs a real SCSI device.")
    elif kind not in ("file", "dir"):
        what = "An NBD server on this machine" if kind == "network" else "A file"
        made.notes.append(f"{what} stands in for the {kind} source of {target}.")


def _make(sandbox: Sandbox, name: str, format: str, content: bytes, size: int) -> Path:
    """A new image of this format with this content at its beginning, and zeroes after that.

    ValueError, in qemu-img's words, for a format that QEMU cannot write.
    """
    raw = Path(f"{name}.bytes")
    raw.write_bytes(content)
    os.truncate(raw, size)
    if format == "raw":
        return raw.rename(name)
    convert = ["convert", "-f", "raw", "-O", _QEMUS_NAME.get(format, format), raw, name]
    made = sandbox.run([program("qemu-img"), *convert])
    raw.unlink()
    if made.returncode:
        raise ValueError(made.stderr.strip() or f"qemu-img cannot make an image of format {format}")
    return Path(name)


def _export(sandbox: Sandbox, image: Path, socket: str) -> subprocess.Popen:
    """An NBD server for the bytes of an image, on a Unix socket."""
    server = sandbox.start(
        [program("qemu-nbd"), "--format=raw", "--persistent", f"--socket={socket}", image],
        stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    for _ in range(200):
        if Path(socket).exists():
            return server
        if server.poll() is not None:
            break
        time.sleep(0.02)
    server.kill()
    raise NoAnswer(f"qemu-nbd did not start: {server.communicate()[1].strip()}")
