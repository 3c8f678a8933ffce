"""Small experiments with a stopped QEMU: what a disk's words do to the files behind it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lxml.builder import E

from ..document import Domain, read
from . import NotInstalled
from .images import StandIns, program, stand_ins
from .libvirt import Answer, Libvirt
from .qemu import Opened, Qemu
from .sandbox import Sandbox

CACHES = (None, "default", "none", "writethrough", "writeback", "directsync", "unsafe")


@dataclass(frozen=True)
class Cache:
    """A cache mode: the two switches of QEMU's `-blockdev` and the one of its `-device` (None: not
    given), and what came of it: whether the open file is O_DIRECT."""

    mode: str | None
    direct: bool | None
    no_flush: bool | None
    write_cache: str | None
    o_direct: bool


@contextmanager
def running(
    libvirt: Libvirt, xml: str, formats: Mapping[str, str] = {}
) -> Iterator[tuple[StandIns, Answer, Qemu]]:
    """The images of a guest, libvirt's arguments with them, and a stopped QEMU."""
    with stand_ins(libvirt.sandbox, libvirt.ask(read(xml)), formats) as made:
        answer = libvirt.ask(made.domain)
        with Qemu(made, answer) as qemu:
            yield made, answer, qemu


def guest_with(driver: str = "") -> str:
    """A guest whose only disk has a driver with these attributes."""
    return f"""<domain><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk><driver {driver}/><source file='/a'/><target dev='vda'/></disk></devices></domain>"""


def _only(answer: Answer) -> tuple[dict, dict]:
    """The only disk's `-device`, and the topmost `-blockdev` of its image."""
    device = next(one for one in answer.devices if "drive" in one)
    return device, answer.blocks[device["drive"]]


def caches(libvirt: Libvirt) -> list[Cache]:
    """All cache modes, and none written."""
    found = []
    for mode in CACHES:
        written = "type='raw'" + (f" cache='{mode}'" if mode else "")
        with running(libvirt, guest_with(written)) as (_, answer, qemu):
            [opened] = qemu.opened()
            device, image = _only(answer)
            given = image.get("cache", {})
            switches = given.get("direct"), given.get("no-flush"), device.get("write-cache")
            found.append(Cache(mode, *switches, opened.direct))
    return found


def readings(libvirt: Libvirt) -> dict[str, dict]:
    """One qcow2 image, opened as qcow2 and as raw: the size that a guest would see, in bytes, and
    what stands at its beginning."""
    found = {}
    for format in ("qcow2", "raw"):
        xml, reading = guest_with(f"type='{format}'"), ["-f", format, "-c", "read -v 0 16"]
        with running(libvirt, xml, {"vda": "qcow2"}) as (made, _, qemu):
            [block] = qemu.blocks().values()
            command = [program("qemu-io"), "--force-share", "--read-only", *reading]
            shown = made.sandbox.run([*command, made.images["vda"]]).stdout
            size = block["inserted"]["image"]["virtual-size"]
            found[format] = {"size": size, "begins": shown.splitlines()[0].split("  ")[-1]}
    return found


def snapshots(libvirt: Libvirt) -> dict[str, dict]:
    """What `virsh snapshot-create-as` does for a guest that does not run, internal as it is and
    external with --disk-only: of a qcow2 image, a raw one, a read-only disk, a guest with one disk
    that is left out (snapshot='no'), and a block device.

    By case libvirt's refusal; or the files that QEMU holds open when it is started then, with the
    snapshots in each and the file that it stands on; or what is `missing` here to ask.
    """
    qcow2 = guest_with("type='qcow2'")
    second = (
        "<disk snapshot='no'><driver type='qcow2'/><source file='/b'/><target dev='vdb'/></disk>"
    )
    guests = {
        "qcow2": qcow2,
        "raw": guest_with("type='raw'"),
        "read-only": qcow2.replace("<target", "<readonly/><target"),
        "one left out": qcow2.replace("</devices>", f"{second}</devices>"),
        "block device": guest_with("type='raw'"),
    }
    found = {}
    for kind, xml in guests.items():
        for way, flags in {"internal": [], "external": ["DISK_ONLY"]}.items():
            try:
                said = _after_snapshot(libvirt, xml, flags, kind == "block device")
            except NotInstalled as missing:
                said = {"missing": str(missing)}
            found[f"{way}, {kind}"] = said
    return found


def _after_snapshot(libvirt: Libvirt, xml: str, flags: list[str], is_device: bool) -> dict:
    with stand_ins(libvirt.sandbox, libvirt.ask(read(xml))) as made:
        if is_device:  # something that is no file, which libvirt does not come to open
            [disk] = made.domain.element.findall("devices/disk")
            os.mkfifo(device := made.folder / "device")
            disk.set("type", "block")
            disk.replace(disk.find("source"), E.source(dev=str(device)))
        after = libvirt.snapshot(made.domain, made.folder, *flags)
        if after.refusal:
            return {"refusal": after.refusal.replace(f"{made.folder}/", "")}
        with Qemu(made, libvirt.ask(Domain(after.root))) as qemu:
            files = [_file(made.sandbox, opened) for opened in qemu.opened()]
        # An overlay behind what it stands on, from which it has all but the suffix of its name.
        return {
            "files": sorted(files, key=lambda one: (Path(one["file"]).stem, bool(one["backing"])))
        }


def _file(sandbox: Sandbox, opened: Opened) -> dict:
    command = [program("qemu-img"), "info", "--force-share", "--output=json", opened.path]
    told = json.loads(sandbox.run(command).stdout)
    return {
        "file": opened.path.name,
        "writable": opened.writable,
        "snapshots": [one["name"] for one in told.get("snapshots", [])],
        "backing": told.get("backing-filename", "").rpartition("/")[2] or None,
    }


def over_nbd(libvirt: Libvirt) -> dict:
    """An image behind an NBD server on a Unix socket, opened as `type='network'`: what QEMU's layer
    is, and the size that it sees; and that QEMU itself holds no image open."""
    xml = guest_with("type='raw'").replace("<disk>", "<disk type='network'>")
    xml = xml.replace("file='/a'", "protocol='nbd' name=''")
    with running(libvirt, xml) as (_, answer, qemu):
        [block] = qemu.blocks().values()
        _, image = _only(answer)
        return {
            "driver": answer.blocks.get(image.get("file"), image)["driver"],
            "size": block["inserted"]["image"]["virtual-size"],
            "files": len(qemu.opened()),
        }
