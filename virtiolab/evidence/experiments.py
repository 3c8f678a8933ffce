"""Small experiments with a stopped QEMU: what a disk's words do to the files behind it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..document import read
from .images import SIZE, StandIns, program, stand_ins
from .libvirt import Answer, Libvirt
from .qemu import Opened, Qemu
from .sandbox import Sandbox

CACHES = (None, "default", "none", "writethrough", "writeback", "directsync", "unsafe")
_NODE = "libvirt-1-format"  # what libvirt calls the image of the only disk


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


def caches(libvirt: Libvirt) -> list[Cache]:
    """All cache modes, and none written."""
    found = []
    for mode in CACHES:
        written = "type='raw'" + (f" cache='{mode}'" if mode else "")
        with running(libvirt, guest_with(written)) as (_, answer, qemu):
            [opened] = qemu.opened()
            given = answer.blocks[_NODE].get("cache", {})
            device = next(one for one in answer.devices if "drive" in one)
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
    """A snapshot kept inside the image and one kept outside, of a qcow2 image, of a raw one and of
    a read-only disk: QEMU's refusal, or the files that it holds open afterwards, with the snapshots
    in each and the file that it stands on."""
    from qemu.qmp import ExecuteError

    qcow2 = guest_with("type='qcow2'")
    disks = {"qcow2": qcow2, "raw": guest_with("type='raw'")}
    disks["read-only"] = qcow2.replace("<target", "<readonly/><target")
    found = {}
    for kind, xml in disks.items():
        for way in ("internal", "external"):
            with running(libvirt, xml) as (made, _, qemu):
                try:
                    if way == "internal":
                        qemu.ask("blockdev-snapshot-internal-sync", device=_NODE, name="before")
                    else:
                        _put_overlay(made, qemu)
                    said: dict = {
                        "files": [_file(made.sandbox, opened) for opened in qemu.opened()]
                    }
                except ExecuteError as error:
                    said = {"refusal": str(error)}
            found[f"{way}, {kind}"] = said
    return found


def _put_overlay(made: StandIns, qemu: Qemu) -> None:
    [image], overlay = made.images.values(), made.folder / "overlay.qcow2"
    below = ["-b", image, "-F", image.suffix[1:]]
    made.sandbox.run(
        [program("qemu-img"), "create", "-q", "-u", "-f", "qcow2", *below, overlay, str(SIZE)]
    )
    layer = {"driver": "file", "filename": str(overlay)}
    qemu.ask("blockdev-add", driver="qcow2", file=layer, backing=None, **{"node-name": "overlay"})
    qemu.ask("blockdev-snapshot", node=_NODE, overlay="overlay")


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
        return {
            "driver": answer.blocks[answer.blocks[_NODE]["file"]]["driver"],
            "size": block["inserted"]["image"]["virtual-size"],
            "files": len(qemu.opened()),
        }
