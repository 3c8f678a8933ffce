"""Small images in place of those that a guest names, so that QEMU can be shown the guest's disks
without opening anything that is somebody's."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
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
    "boot", "blockio", "geometry", "iotune", "throttlefilters",
}  # fmt: skip
_QEMUS_NAME = {"ploop": "parallels", "vhd": "vhdx"}  # where libvirt calls a format otherwise
_NOT_MADE = {"vhostuser": "a server of its own", "vhostvdpa": "a device of the host"}


@dataclass(frozen=True)
class StandIns:
    """The guest with images of ours: `domain` for libvirt, `images` by target, `notes` in words."""

    domain: Domain
    images: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def program(name: str) -> str:
    """The path of one of QEMU's programs; NotInstalled where it is not."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise NotInstalled(HOW_TO_GET_IT)
    return found


def with_images() -> Sandbox:
    """A sandbox on a file system that has O_DIRECT, which a /tmp in memory may lack."""
    if not Path("/proc/self/fd").exists():
        raise NotInstalled("a look at QEMU's open files needs Linux's /proc")
    folders = map(os.path.expanduser, (tempfile.gettempdir(), "/var/tmp", "~/.cache"))
    return Sandbox(next(filter(_has_direct_io, folders), None))


def _has_direct_io(folder: str) -> bool:
    try:
        with tempfile.NamedTemporaryFile(prefix="virtiolab-", dir=folder) as probe:
            os.close(os.open(probe.name, os.O_RDONLY | os.O_DIRECT))
    except OSError:
        return False
    return True


def label(target: str) -> bytes:
    """What stands at the beginning of a disk, so that a guest can tell which one it has."""
    return f"virtiolab-disk-{target}\n".encode()


def stand_ins(sandbox: Sandbox, answer: Answer, formats: Mapping[str, str] = {}) -> StandIns:
    """Images for each disk of a guest that libvirt accepted, in the formats that it wrote down; or,
    by target, in those of `formats`, whatever the XML says."""
    made = StandIns(Domain(bare(etree.fromstring(answer.xml))))
    for number, disk in enumerate(made.domain.element.findall("devices/disk")):
        target, kind = disk.find("target").get("dev"), disk.get("type")
        if kind in _NOT_MADE:
            made.notes.append(f"{target} is left out: it needs {_NOT_MADE[kind]}.")
            disk.getparent().remove(disk)
        elif kind == "network" or disk.xpath("source/@*"):  # else there is no medium in the drive
            format = formats.get(target) or disk.find("driver").get("type", "raw")
            _replace(disk, sandbox, number, format, made)
        _reduce(disk)
    return made


def _replace(disk, sandbox: Sandbox, number: int, format: str, made: StandIns) -> None:
    """Give a disk an image of ours."""
    target, kind = disk.find("target").get("dev"), disk.get("type")
    name = sandbox.folder / f"disk{number}"
    if kind == "dir":
        image, source = _directory(name, target), E.source(dir=str(name))
    else:
        size = _FLOPPY if disk.get("device") == "floppy" else SIZE
        image = make_image(sandbox, f"{name}.{format}", format, label(target), size)
        source = E.source(file=str(image))
    if kind == "network":
        socket = export(sandbox, image, Path(f"{name}.socket"))
        source = E.source(E.host(transport="unix", socket=str(socket)), protocol="nbd", name="")
    disk.set("type", kind if kind in ("dir", "network") else "file")
    disk.replace(disk.find("source"), source)
    made.images[target] = image
    made.notes.extend(_what_stands_in(disk, kind, target))
    if disk.get("device") == "lun":
        disk.set("device", "disk")


def _what_stands_in(disk, kind: str, target: str) -> list[str]:
    if disk.get("device") == "lun":
        return [f"A disk stands in for {target}: a LUN needs a real SCSI device."]
    what = {"network": "An NBD server on this machine", "file": None, "dir": None}.get(
        kind, "A file"
    )
    return [f"{what} stands in for the {kind} source of {target}."] if what else []


def _reduce(disk: etree._Element) -> None:
    for name in ("rawio", "sgio"):
        disk.attrib.pop(name, None)
    for child in list(disk):
        if child.tag not in _KEPT | {"source"}:
            disk.remove(child)


def _directory(folder: Path, target: str) -> Path:
    folder.mkdir()
    (folder / "README.TXT").write_bytes(label(target))
    return folder


def make_image(
    sandbox: Sandbox, name: str, format: str, content: bytes = b"", size: int = SIZE
) -> Path:
    """A new image of this format with this content at its beginning, and zeroes after that.

    ValueError, in qemu-img's words, for a format that QEMU cannot write.
    """
    raw = Path(f"{name}.bytes")
    raw.write_bytes(content)
    os.truncate(raw, size)
    if format == "raw":
        return raw.rename(name)
    wanted = _QEMUS_NAME.get(format, format)
    convert = [program("qemu-img"), "convert", "-f", "raw", "-O", wanted, raw, name]
    made = sandbox.run(convert)
    raw.unlink()
    if made.returncode:
        raise ValueError(made.stderr.strip() or f"qemu-img cannot make an image of format {format}")
    return Path(name)


def export(sandbox: Sandbox, image: Path, socket: Path) -> Path:
    """An NBD server for the bytes of an image, on a Unix socket; it ends with the sandbox."""
    server = sandbox.start(
        [program("qemu-nbd"), "--format=raw", "--persistent", f"--socket={socket}", image],
        stderr=subprocess.PIPE,
    )
    for _ in range(200):
        if socket.exists() or server.poll() is not None:
            break
        time.sleep(0.02)
    if not socket.exists():
        raise NoAnswer(f"qemu-nbd did not start: {server.stderr.read().decode().strip()}")
    return socket
