"""A guest that boots: what it is made of, and what it says from inside."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_sandbox import is_alive, wait_until

from virtiolab import read
from virtiolab.evidence import NoAnswer, NotInstalled, guest, kernel
from virtiolab.evidence.guest import boot
from virtiolab.evidence.images import stand_ins
from virtiolab.evidence.kernel import File, archive, in_order
from virtiolab.evidence.sandbox import Sandbox

pytestmark = pytest.mark.timeout(900)  # the first to boot it fetches its kernel
live = pytest.mark.live
GUEST = (
    """<domain><os><type arch='x86_64' machine='{}'>hvm</type></os><devices>{}</devices></domain>"""
)
DISK = "<disk><source file='/a'/><target dev='vda'/></disk>"


def seen(libvirt, xml, machine="pc", formats=None, **options):
    """What the guest says of these disks, by target."""
    answer = libvirt.ask(read(GUEST.format(machine, xml)))
    with stand_ins(libvirt.sandbox, answer, formats or {}) as made:
        found = boot(made, libvirt.ask(made.domain), **options)
    return {disk.target: disk for disk in found}


@live
def test_many_disks_of_all_buses(libvirt):
    """Each by its own driver; and the names are the guest's, not those in the XML."""
    xml = """<disk><source file='/a'/><target dev='hda'/></disk>
    <disk><source file='/b'/><target dev='sda'/></disk>
    <disk><source file='/c'/><target dev='sdb' bus='sata'/></disk>
    <disk><source file='/d'/><target dev='sdc' bus='usb'/></disk>
    <disk><source file='/e'/><target dev='vdq'/></disk>
    <disk device='cdrom'><source file='/f'/><target dev='hdc'/></disk>
    <disk device='floppy'><source file='/g'/><target dev='fda'/></disk>"""
    found = seen(libvirt, xml)
    drivers = {target: disk.drivers[-2:] for target, disk in found.items()}
    assert drivers == {
        "hda": ("ata_piix", "sd"),
        "sda": ("sym53c8xx", "sd"),
        "sdb": ("ahci", "sd"),
        "sdc": ("usb-storage", "sd"),
        "vdq": ("virtio-pci", "virtio_blk"),
        "hdc": ("ata_piix", "sr"),
        "fda": ("floppy",),
    }
    assert found["vdq"].name == "vda" and found["hdc"].name == "sr0"
    assert {found[name].name for name in ("hda", "sda", "sdb", "sdc")} == {
        "sda",
        "sdb",
        "sdc",
        "sdd",
    }


@live
def test_a_missing_type(libvirt):
    """The document's second question, answered by the guest: it sees the file, not the disk."""
    right = seen(libvirt, DISK.replace("<source", "<driver type='qcow2'/><source"))["vda"]
    wrong = seen(libvirt, DISK, formats={"vda": "qcow2"})["vda"]
    assert right.bytes == 16 << 20 and right.start == b"virt"
    assert wrong.bytes < 1 << 20 and wrong.start == b"QFI\xfb"


@live
def test_progress_and_memory(libvirt):
    """It tells how far it is, never back, and takes no more than 512 MiB."""
    parts, most = [], []

    def watch(part, what):
        parts.append(part)
        assert what
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if "virtiolab.disks" in (process / "cmdline").read_text(encoding="utf-8"):
                    status = (process / "status").read_text(encoding="utf-8")
                    most.append(int(status.split("VmHWM:")[1].split()[0]) // 1024)

    seen(libvirt, DISK, progress=watch)
    assert parts == sorted(parts) and len(parts) > 20 and parts[0] > 0 and parts[-1] <= 1
    assert 100 < max(most) < 512, max(most)


@live
def test_a_deadline(libvirt, monkeypatch):
    """A guest that does not speak in time is given up."""
    monkeypatch.setattr(guest, "DEADLINE", 0.5)
    with pytest.raises(NoAnswer, match=r"the guest said nothing within 0\.5 seconds"):
        seen(libvirt, DISK)


@live
def test_another_processor(libvirt):
    """The kernel is for x86_64, and it says so."""
    xml = GUEST.format("virt", DISK).replace("x86_64", "aarch64")
    answer = libvirt.ask(read(xml))
    with stand_ins(libvirt.sandbox, answer) as made:
        with pytest.raises(NotInstalled, match="another processor"):
            boot(made, libvirt.ask(made.domain))


INTERRUPTED = """
from virtiolab import read
from virtiolab.evidence.guest import boot
from virtiolab.evidence.libvirt import Libvirt
from virtiolab.evidence.images import stand_ins
xml = {xml!r}
with Libvirt() as libvirt, stand_ins(libvirt.sandbox, libvirt.ask(read(xml))) as made:
    print(libvirt.sandbox.folder, flush=True)
    started = lambda part, what: print("booting", flush=True)
    boot(made, libvirt.ask(made.domain), progress=started)
"""


@live
def test_an_interrupted_boot(libvirt):
    """As with a cell that is interrupted: no QEMU, no image and no folder is left."""
    code = INTERRUPTED.format(xml=GUEST.format("pc", DISK))
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, encoding="utf-8")  # fmt: skip
    folder = owner.stdout.readline().strip()
    assert owner.stdout.readline() == "booting\n"
    mine = [p for p in Path("/proc").glob("[0-9]*") if folder in _command(p)]
    owner.send_signal(2)
    _, complaint = owner.communicate()
    assert "KeyboardInterrupt" in complaint
    assert mine and wait_until(lambda: not any(is_alive(p.name) for p in mine))
    assert not Path(folder).exists()


def _command(process):
    with contextlib.suppress(OSError):
        return (process / "cmdline").read_text(encoding="utf-8")
    return ""


def test_the_kernel_cannot_be_had(monkeypatch, tmp_path):
    """Where there is no apt, it says where the kernel would come from."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kernel, "PATH", "/nonexistent")
    with Sandbox() as sandbox, pytest.raises(NotInstalled, match="linux-image-amd64 and busybox"):
        kernel.kernel(sandbox, lambda part, what: None)


def test_it_knows_how_many_to_wait_for():
    """The words for the kernel say how many disks there are."""
    known = kernel.Kernel(Path("/k"), Path("/i"), "6.1")
    assert "virtiolab.disks=3" in " ".join(guest._booting(known, 3))


def module(*depends):
    """The part of a kernel's module that says what it depends on."""
    return b"\x7fELF\0license=GPL\0depends=" + ",".join(depends).encode() + b"\0name=a\0"


def test_modules_in_order():
    """Each after what it depends on, whatever hyphens its file has; what is built in is skipped."""
    modules = {
        "usb-storage": module("usbcore", "scsi_mod"), "usbcore": module("usb-common"),
        "usb-common": module(), "scsi_mod": module("scsi_common"), "scsi_common": module(),
        "sd_mod": module("scsi_mod", "built_in"), "unwanted": module(),
    }  # fmt: skip
    found = in_order(modules)
    assert set(found) == set(modules) - {"unwanted"}
    for name in found:
        depends = re.search(rb"\0depends=([^\0]+)", modules[name])
        for other in depends[1].decode().split(",") if depends else ():
            assert other == "built_in" or found.index(
                other.replace("usb_c", "usb-c")
            ) < found.index(name)


@live
def test_an_archive_that_cpio_reads(libvirt, tmp_path):
    """The `cpio` of the busybox that the guest runs lists what was put in."""
    with Sandbox() as sandbox:
        known = kernel.kernel(sandbox, lambda part, what: None)
    listed = subprocess.run(
        [_busybox(known, tmp_path), "cpio", "-t", "-F", str(known.initramfs)],
        capture_output=True, encoding="utf-8", check=True,
    ).stdout.splitlines()  # fmt: skip
    assert {"bin/busybox", "init", "dev/console", "modules"} < set(listed)
    modules = [name for name in listed if name.startswith("modules/")]
    assert len(modules) > len(kernel.MODULES) and modules == sorted(modules)


def _busybox(known, folder):
    """The one in the archive, as a program: its content follows its name there."""
    archive = known.initramfs.read_bytes()
    name = archive.index(b"bin/busybox\0")
    header = archive[name - 110 : name]
    begin = (name + len(b"bin/busybox\0") + 3) // 4 * 4
    program = folder / "busybox"
    program.write_bytes(archive[begin : begin + int(header[54:62], 16)])
    program.chmod(0o755)
    return program


def test_an_archive_is_aligned():
    """Each header and each content begins at a multiple of four bytes."""
    written = archive(
        File("a", b"12345", 0o100644), File("dev/console", mode=0o020600, device=(5, 1))
    )
    assert len(written) % 4 == 0 and written.index(b"12345") % 4 == 0
    assert [found.start() % 4 for found in re.finditer(b"070701", written)] == [0, 0, 0]
