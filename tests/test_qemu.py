"""A stopped QEMU on images of ours: what it opened, what it refuses, and what it may not open."""

import asyncio
import json
import os
import shlex
import sys

import pytest
from test_refusals import IN_BOTH, RIGHT, WRONG, codes, guest

from virtiolab import check, read
from virtiolab.data import dotted, facts
from virtiolab.evidence import experiments, images, sandbox
from virtiolab.evidence.guests import as_text
from virtiolab.evidence.images import stand_ins
from virtiolab.evidence.libvirt import Answer
from virtiolab.evidence.qemu import Foreign, Qemu, Refused, command

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="QEMU is looked at through Linux's /proc"
)
live = pytest.mark.live
ARGV = "PATH=/bin /usr/bin/qemu-system-x86_64 -machine pc,usb=off -device {} -blockdev {}"
DISK = {"driver": "virtio-blk-pci", "id": "virtio-disk0", "drive": "a", "bus": "pci.0"}


# What libvirt accepts, at least an older one, and QEMU does not start with.
REFUSED_BY_QEMU = {
    "address-nowhere", "blocks-of-512", "not-a-power-of-two", "usb-empty-at-start",
    "throttle-group-empty", "scsi-place-missing", "controller-misnamed",
}  # fmt: skip


def answer(*blocks, device=DISK):
    """What libvirt would say with these arguments."""
    words = [json.dumps(block) for block in blocks]
    argv = ARGV.format(shlex.quote(json.dumps(device)), " -blockdev ".join(map(shlex.quote, words)))
    return Answer(argv=argv)


def examples():
    """Each problem's guest, and the twin without it."""
    return [(code, side) for code in IN_BOTH for side in (WRONG, RIGHT)]


@pytest.mark.parametrize(
    "block",
    [
        {"driver": "file", "filename": "/etc/passwd"},
        {"driver": "file", "filename": "{folder}/../../etc/passwd"},
        {"driver": "file", "filename": "{folder}/link"},
        {"driver": "host_device", "filename": "{folder}/a"},
        {"driver": "vvfat", "dir": "/etc"},
        {"driver": "nbd", "server": {"type": "inet", "host": "example.org", "port": "10809"}},
        {"driver": "nbd", "server": {"type": "unix", "path": "/run/s"}},
        {"driver": "https", "url": "https://example.org/a"},
        {"driver": "nvme", "device": "0000:01:00.0", "namespace": 1},
        {"driver": "rbd", "pool": "p", "image": "a", "conf": "{folder}/a"},
        {"driver": "raw", "file": {"driver": "file", "filename": "/etc/passwd"}},
        {"driver": "qcow2", "file": "b", "backing": {"driver": "file", "filename": "/etc/passwd"}},
        {"driver": "file"},
    ],
    ids=lambda block: json.dumps(block),
)
def test_nothing_foreign_is_opened(tmp_path, monkeypatch, block):
    """QEMU is not even started with an image that is not in the folder."""
    monkeypatch.setattr("virtiolab.evidence.qemu.program", lambda name: f"/usr/bin/{name}")
    (tmp_path / "link").symlink_to("/etc/passwd")
    filled = json.loads(json.dumps(block).replace("{folder}", str(tmp_path)))
    with pytest.raises(Foreign, match="QEMU would open"):
        command(answer({"node-name": "a"} | filled), tmp_path)


def test_only_disks_are_passed_on(tmp_path, monkeypatch):
    """Of all devices the disk and its controllers, of all other arguments none."""
    monkeypatch.setattr("virtiolab.evidence.qemu.program", lambda name: f"/usr/bin/{name}")
    given = answer({"driver": "file", "filename": str(tmp_path / "a"), "node-name": "a"})
    more = (
        """ -device '{"driver":"vfio-pci","host":"01:00.0","id":"hostdev0","bus":"pci.0"}'"""
        """ -device '{"driver":"pci-bridge","id":"pci.0"}'"""
        """ -object '{"qom-type":"memory-backend-file","mem-path":"/etc/passwd","id":"m"}'"""
        """ -object '{"qom-type":"iothread","id":"iothread1"}'"""
        " -chardev file,path=/etc/passwd,id=c -netdev tap,script=/bin/sh,id=n -kernel /etc/passwd"
    )
    words = command(Answer(argv=given.argv + more), tmp_path)
    assert not [word for word in words if "passwd" in word or "vfio" in word or "netdev" in word]
    assert any("iothread1" in word for word in words)
    assert any("virtio-disk0" in word for word in words)
    assert "spawn=deny" in words[words.index("-sandbox") + 1]


@live
def test_a_folder_with_direct_io(monkeypatch):
    """Images go where O_DIRECT works, whatever the first choice is."""
    monkeypatch.setattr(sandbox.tempfile, "gettempdir", lambda: "/proc/self")
    with sandbox.Sandbox() as made:
        assert not made.folder.is_relative_to("/proc")


@live
def test_all_kinds_of_sources(libvirt):
    """Each is shown to QEMU as something of ours, and a sentence says what stands in for what."""
    sources = {
        "vda": "<disk type='file'><source file='/a'/>",
        "vdb": "<disk type='block'><source dev='/dev/a'/>",
        "fda": "<disk type='dir' device='floppy'><driver type='fat'/><source dir='/a'/><readonly/>",
        "vdc": "<disk type='network'><source protocol='rbd' name='p/a'><host name='h'/></source>",
        "vdd": "<disk type='nvme'><source type='pci' namespace='1'><address bus='1'/></source>",
        "sda": "<disk type='block' device='lun'><source dev='/dev/a'/>",
        "sdb": "<disk device='cdrom'>",
        "vde": "<disk type='vhostuser'><source type='unix' path='/s'/>",
    }
    disks = "".join(f"{start}<target dev='{name}'/></disk>" for name, start in sources.items())
    memory = "<memoryBacking><access mode='shared'/></memoryBacking>"
    xml = experiments.guest_with().replace("<os>", f"{memory}<os>")
    xml = xml[: xml.index("<disk>")] + disks + "</devices></domain>"
    with stand_ins(libvirt.sandbox, libvirt.ask(read(xml))) as made:
        assert set(made.images) == set(sources) - {"sdb", "vde"}
        assert sorted(note.split(" ")[0] for note in made.notes) == ["A", "A", "A", "An", "vde"]
        with Qemu(made, libvirt.ask(made.domain)) as qemu:
            sizes = [b["inserted"]["image"]["virtual-size"] for b in qemu.blocks().values()
                     if "inserted" in b]  # fmt: skip
            assert sizes.count(images.SIZE) == 5  # all but the floppy
            assert {one.path for one in qemu.opened()} <= set(made.images.values())


@live
@pytest.mark.parametrize("format", ["raw", "qcow2", "qed", "vmdk", "vdi", "vpc", "vhd", "ploop"])
def test_formats(libvirt, format):
    """An image of each format that QEMU can make, opened as what the XML says."""
    xml = experiments.guest_with(f"type='{format}'")
    with experiments.running(libvirt, xml) as (_, answer, qemu):
        [block] = qemu.blocks().values()
        # Of a raw image, since QEMU 9.0.
        is_alone = not any("file" in layer for layer in answer.blocks.values())
        called = {"vhd": "vhdx", "ploop": "parallels", "raw": "file" if is_alone else "raw"}
        assert block["inserted"]["drv"] == called.get(format, format)
        assert block["inserted"]["image"]["virtual-size"] >= images.SIZE


@live
def test_in_a_cell(libvirt):
    """A notebook's own loop is busy with the cell that asks."""

    async def cell():
        with experiments.running(libvirt, experiments.guest_with()) as (_, _answer, qemu):
            return list(qemu.blocks())

    assert asyncio.run(cell()) == ["virtio-disk0"]


@live
def test_where_a_disk_is(libvirt):
    """From the machine down to the disk, as QEMU's own device tree has it."""
    xml = experiments.guest_with().replace("dev='vda'", "dev='sda'")
    with experiments.running(libvirt, xml) as (_, answer, qemu):
        device = answer.devices[-2]["id"]
        assert qemu.place(device)[-3:] == ["lsi53c895a", "scsi0.0", "scsi-hd"]
        assert qemu.place("nothing") == []


@live
def test_what_check_warns_of(libvirt):
    """Where libvirt accepts a guest, QEMU refuses it only if check() found something."""
    refused, accepted, started = set(), set(), 0
    for code, side in examples():
        answer = libvirt.ask(domain := guest(code, side, dotted(libvirt.version)))
        if answer.refusal is None and code in {problem.code for problem in check(domain)}:
            accepted.add(code)
        if answer.refusal is None and domain.disks and domain.arch == "x86_64":
            try:
                with stand_ins(libvirt.sandbox, answer) as made:
                    with Qemu(made, libvirt.ask(made.domain)):
                        started += 1
            except Refused:
                refused.add((code, side))
            except ValueError:
                continue  # an image that qemu-img cannot make
    assert started > 150
    # Of these each that this libvirt still accepts, and for which check() has a reason with it.
    shown_twice = {("usb-empty", WRONG)} if "usb-empty-at-start" in accepted else set()
    assert refused - shown_twice == {(code, WRONG) for code in REFUSED_BY_QEMU & accepted}


SCSI_PLACES = [
    (model, part)
    for model, places in facts("machines.toml")["scsi_places"].items()
    for part in places
]
ON_SCSI = """<domain><os><type arch='{}' machine='{}'>hvm</type></os><devices>
<controller type='scsi' model='{}'/><disk><source file='/a'/><target dev='sda' bus='scsi'/>
<address type='drive' {}='{}'/></disk></devices></domain>"""


@live
@pytest.mark.parametrize(("model", "part"), SCSI_PLACES)
def test_places_on_scsi(model, part, libvirt):
    """QEMU has the last place that we know of a SCSI card, and none behind it."""
    last = facts("machines.toml")["scsi_places"][model][part]
    machine = ("ppc64", "pseries") if model == "ibmvscsi" else ("x86_64", "pc")
    guests = [ON_SCSI.format(*machine, model, part, place) for place in (last, last + 1)]
    with experiments.running(libvirt, guests[0]):
        assert "scsi-place-missing" not in codes(read(guests[0]))
    with pytest.raises(Refused, match="bad scsi device"), experiments.running(libvirt, guests[1]):
        pass
    assert "scsi-place-missing" in codes(read(guests[1]))


@live
@pytest.mark.parametrize(("model", "name"), [("vmpvscsi", "sdb"), ("lsisas1068", "sdc")])
def test_a_place_from_a_name_on_scsi(model, name, libvirt):
    """The letters of a name lead to a unit, which some cards have not."""
    xml = ON_SCSI.format("x86_64", "pc", model, "unit", 0).replace("'sda'", f"'{name}'")
    xml = xml.replace("<address type='drive' unit='0'/>", "")
    with pytest.raises(Refused, match="bad scsi device lun"), experiments.running(libvirt, xml):
        pass
    [problem] = check(read(xml))
    assert (problem.code, problem.path) == ("scsi-place-missing", "/disk/target/@dev")
    with experiments.running(libvirt, as_text(problem.mended().domain.element)):
        pass


@live
def test_nothing_is_left(libvirt):
    """Neither QEMU nor its images, nor the NBD server."""
    xml = experiments.guest_with("type='raw'").replace("<disk>", "<disk type='network'>")
    xml = xml.replace("file='/a'", "protocol='nbd' name=''")
    with experiments.running(libvirt, xml) as (made, _, qemu):
        processes = [qemu._process, *made.servers]
        assert made.folder.exists()
    assert len(processes) == 2 and not made.folder.exists()
    assert all(process.poll() is not None for process in processes)


@live
def test_qemu_says_why_it_refuses(libvirt):
    """In its own words, without the argument that it repeats."""
    xml = experiments.guest_with().replace("<target", "<blockio logical_block_size='520'/><target")
    with pytest.raises(Refused, match=r"^(Property|parameter) .*logical_block_size") as refusal:
        with experiments.running(libvirt, xml):
            pass
    assert "{" not in str(refusal.value)


def test_o_direct_is_looked_for():
    """On a file system in memory it may be missing; there is none where nobody may write."""
    assert sandbox._has_direct_io("/nonexistent") is False
    assert hasattr(os, "O_DIRECT")
