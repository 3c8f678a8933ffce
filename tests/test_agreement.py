"""`check`, `resolve` and `infer` against the real libvirt, whichever is installed: on guests that
nobody thought of, on right ones in which a single thing is changed, and on every machine.

Each guest is asked about once, and everything that both say of it is compared.
"""

import random
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import cycle, islice

import pytest
from agreement import disagreements, of_this
from wild import SINGLES, add, guest, right_kinds

from virtiolab import read
from virtiolab.build import build, choices
from virtiolab.rewriting.choices import choices_of
from virtiolab.targets import usual_name

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]  # thousands of questions

DRAWN = 5000
MACHINES = [
    ("x86_64", "pc"), ("x86_64", "q35"), ("x86_64", None), ("x86_64", "microvm"), ("x86_64", "isapc"),
    ("i686", "pc"), ("i686", "q35"), ("s390x", "s390-ccw-virtio"), ("s390x", None),
    ("ppc64", "pseries"), ("ppc64", None), ("ppc64", "powernv9"), ("ppc64", "mac99"),
    ("ppc64", "g3beige"), ("ppc", "mac99"), ("ppc", None), ("aarch64", "virt"), ("aarch64", None), ("aarch64", "raspi3b"),
    ("armv7l", "virt"), ("armv7l", None), ("armv7l", "vexpress-a9"), ("riscv64", "virt"),
    ("riscv64", None), ("riscv64", "sifive_u"),
]  # fmt: skip
WITHOUT_PCI = ("microvm", "isapc")
ON_MACHINES = {
    "virtio": "<disk><source file='/a'/><target dev='vda'/></disk>",
    "scsi": "<disk><source file='/a'/><target dev='sda'/></disk>",
    "eighth": "<disk><source file='/a'/><target dev='sdh'/></disk>",
    "ide": "<disk><source file='/a'/><target dev='hda'/></disk>",
    "sata": "<disk><source file='/a'/><target dev='sda' bus='sata'/></disk>",
    "usb": "<disk><source file='/a'/><target dev='sda' bus='usb'/></disk>",
    "sd": "<disk><source file='/a'/><target dev='sda' bus='sd'/></disk>",
    "nvme": "<disk><source file='/a'/><target dev='nvme0n1'/><serial>s</serial></disk>",
    "floppy": "<disk device='floppy'><source file='/a'/><target dev='fda'/></disk>",
    "cdrom": "<disk device='cdrom'><target dev='sda' bus='scsi'/></disk>",
    "lun": "<disk type='block' device='lun'><source dev='/dev/a'/><target dev='sda' bus='scsi'/></disk>",
    "second": "<controller type='scsi' model='virtio-scsi'/>"
    "<disk><source file='/a'/><target dev='sdh'/></disk>",
}
SPOILT = ["", "0", "1", "x", "-1", "5 ", "99999999999999999999", "a&b"]
BASES_OF_A_VALUE = 3
NVME = (11, 5, 0)  # the libvirt that first had it
WHOLE = """<domain type='qemu'><name>d</name><memory>65536</memory>
<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking><iothreads>3</iothreads>
<throttlegroups><throttlegroup><group_name>slow</group_name><total_bytes_sec>9</total_bytes_sec>
</throttlegroup></throttlegroups>
<os><type{}>hvm</type></os><devices>{}</devices></domain>"""


def whole(disk, arch="x86_64", machine="pc"):
    """A guest with this disk, and all that a disk may want of it; without a memory balloon, for which
    many a board has no place."""
    disk += "<memballoon model='none'/>"
    # libvirt would give these a USB controller unasked, and then refuse that.
    if machine in WITHOUT_PCI:
        disk += "<controller type='usb' model='none'/>"
    return WHOLE.format(f" arch='{arch}'" + (f" machine='{machine}'" if machine else ""), disk)


def assert_agreement(libvirt, guests):
    """The guests that are accepted, and those that are not; each as libvirt says it."""
    seen, found = Counter(), []
    for xml in guests:
        answer = libvirt.ask(domain := of_this(libvirt, xml))
        seen["refused" if answer.refusal else "accepted"] += 1
        seen[domain.arch, domain.machine] += 1
        found += [f"{said}\n{xml}" for said in disagreements(answer, domain)]
    assert not found, f"{len(found)} disagreements, such as\n" + "\n\n".join(
        sorted(found, key=len)[:5]
    )
    return seen


def test_drawn_guests(libvirt):
    """Some thousand guests with one to four disks, about half of them with something wrong."""
    draw = random.Random(0)
    seen = assert_agreement(libvirt, (guest(draw.choice) for _ in range(DRAWN)))
    assert seen["refused"] > 1500 and seen["accepted"] > 1500, seen
    assert seen["x86_64", "pc"] > 1000 and seen["x86_64", "q35"] > 1000, seen


@pytest.mark.parametrize("arch,machine", MACHINES)
def test_machines(arch, machine, libvirt):
    """A dozen disks on each type of machine that libvirt tells apart, if it takes any guest on it."""
    if libvirt.ask(of_this(libvirt, whole("", arch, machine))).refusal is None:
        assert_agreement(libvirt, (whole(disk, arch, machine) for disk in ON_MACHINES.values()))


def bases(libvirt):
    """The right kinds of disks, as choices of build(): device, bus, source and format."""
    found = {}
    for kind in right_kinds(("x86_64", "pc", "virtio-scsi")):
        names = device, bus, source, form = [kind[n] for n in ("device", "bus", "source", "format")]
        if form not in ("raw", "qcow2", "fat"):
            continue
        disk = ET.Element("disk", device=device)
        add(
            disk,
            f"<disk>{''.join(ET.tostring(c, encoding='unicode') for c in ET.fromstring(kind['xml']))}</disk>",
        )
        disk.set("type", "network" if "protocol=" in kind["xml"] else source)
        ET.SubElement(disk, "driver", type=form)
        ET.SubElement(disk, "target", dev=usual_name(bus, 0 if bus == "fdc" else 1), bus=bus)
        found[tuple(names)] = choices_of(read(ET.tostring(disk)).disks[0])
    if libvirt.version >= NVME:
        for (device, bus, source, form), one in list(found.items()):
            if bus == "virtio" and source != "vhostuser":
                nvme = {**one, "target": "nvme1n2", "bus": "nvme", "serial": "s"}
                found[device, "nvme", source, form] = nvme
    return list(found.values())


def singles(libvirt):
    """Each disk of which one thing is put in, taken out, or spoilt."""
    rights = bases(libvirt)
    yield from (build(**one) for one in rights)
    for one in rights:
        for name in one:
            yield build(**{**one, name: None})
    turn = cycle(rights)
    for name, choice in choices().items():
        for value in [True] if choice.flag else [*choice.values, *SPOILT]:
            for one in islice(turn, BASES_OF_A_VALUE):
                try:
                    yield build(**one | {name: value})
                except ValueError:
                    pass  # build() itself refuses it, such as a path for a source that has none
    for piece in SINGLES:
        for one in islice(turn, BASES_OF_A_VALUE):
            add(disk := ET.fromstring(build(**one)), piece)
            yield ET.tostring(disk, encoding="unicode")


def test_single_changes(libvirt):
    """Every name and every value of the vocabulary, in disks of every kind."""
    card = "<controller type='scsi' model='virtio-scsi'/>"
    seen = assert_agreement(libvirt, (whole(f"{disk}{card}") for disk in singles(libvirt)))
    assert seen["accepted"] > 2000 and seen["refused"] > 1500, seen
