"""The rules, one by one. Whether they are libvirt's, test_agreement.py asks libvirt itself."""

import string
import tomllib
from importlib.resources import files

import pytest

from virtiolab import infer, read
from virtiolab.inference import ORIGINS, Inferences
from virtiolab.machines import machine_of
from virtiolab.targets import BUS_OF_PREFIX, PREFIX_OF_BUS, disk_number, usual_name

RULES = tomllib.loads((files("virtiolab") / "inference.toml").read_text(encoding="utf-8"))


def guest(devices, type="kvm", arch="x86_64", machine="pc"):
    """A whole domain with these devices."""
    written = "".join(f" {k}='{v}'" for k, v in {"arch": arch, "machine": machine}.items() if v)
    return f"<domain type='{type}'><os><type{written}>hvm</type></os><devices>{devices}</devices></domain>"


def disk(inside="", **attributes):
    """A disk with attributes of its own and elements inside."""
    return f"<disk{''.join(f' {k}={v!r}' for k, v in attributes.items())}>{inside}</disk>"


def target(dev, bus=None, inside=""):
    """A disk with this target."""
    return disk(f"<target dev='{dev}'{f' bus={bus!r}' if bus else ''}/>{inside}")


VDA, SDA, HDA = target("vda"), target("sda"), target("hda")
MMIO = target("vdb", inside="<address type='virtio-mmio'/>")
USER = disk("<target dev='vda'/>", type="vhostuser")
DRIVE = "<address type='drive' controller='2' unit='4'/>"
CARD = "<controller type='scsi' index='0' model='virtio-scsi'/>"
LSI = "<controller type='scsi' index='0' model='lsilogic'/>"

# XML, row, value, origin, rule. A rule that is in no line here fails the test below it.
TABLE = [
    (VDA, "type", "file", "default", "type-default"),
    (USER, "type", "vhostuser", "stated", "type-stated"),
    (guest(VDA, "xen"), "cache", None, "unknown", "cache-other-hypervisor"),
    (target("mmcblk0", "sd"), "address", None, "inferred", "address-none"),
    (target("sd", "scsi"), "address", None, "unknown", "address-refused"),
    (disk("<target dev='hda'/>", device="lun"), "qemu_device", None, "unknown", "qemu-refused"),
    (disk("<target dev='vda'/>", device="cdrom"), "qemu_device", None, "unknown", "qemu-refused"),
    (guest(VDA, arch="sparc64", machine="sun4u"), "qemu_device", "virtio-blk-pci", "default", "qemu-virtio-somewhere"),
    (VDA, "device", "disk", "default", "device-default"),
    (disk(device="lun"), "device", "lun", "stated", "device-stated"),
    (disk(device="floopy"), "device", "floopy", "stated", "device-unknown"),
    (disk("<target dev='vda' bus='ide'/>", device="floopy"), "qemu_device", None, "unknown", "qemu-unknown-device"),
    (target("sda", "VIRTIO"), "virtio", None, "unknown", "virtio-unknown"),
    (target("foo", "scsi"), "virtio", None, "unknown", "virtio-unplaced"),
    (guest(target("sda"), machine=None, arch="sparc64"), "virtio", None, "unknown", "virtio-of-machine"),
    (guest(target("sda"), "xen"), "controller", {"type": "scsi", "index": 0, "model": None}, "unknown", "controller-of-unknown-machine"),
    (target("sda", "virtio"), "bus", "virtio", "stated", "bus-stated-against-name"),
    (target("sda", "sata"), "bus", "sata", "stated", "bus-stated"),
    (target("sda", "VIRTIO"), "bus", "VIRTIO", "stated", "bus-unknown"),
    (VDA, "bus", "virtio", "inferred", "bus-from-name"),
    (target("nvme0n1"), "bus", "nvme", "inferred", "bus-from-name"),
    (disk("<target dev='vda'/>", device="floppy"), "bus", "fdc", "inferred", "bus-from-floppy"),
    (target("disk1"), "bus", None, "unknown", "bus-from-no-name"),
    (target("fda"), "bus", None, "unknown", "bus-from-no-name"),
    (disk("<target dev='fda'/>", device="cdrom"), "bus", "ide", "default", "bus-of-cdrom"),
    (disk("<target dev='foo'/>", device="cdrom"), "bus", None, "unknown", "bus-from-no-name"),
    (disk(), "bus", None, "unknown", "bus-without-target"),
    (disk("\n...\n"), "bus", None, "unknown", "bus-left-out"),
    (disk("\n...\n"), "format", None, "unknown", "format-left-out"),
    (disk("<driver cache='none'>…</driver>"), "format", None, "unknown", "format-left-out"),
    (disk("<driver name='tap'/>"), "driver", "tap", "stated", "driver-stated"),
    (VDA, "driver", "qemu", "default", "driver-default"),
    (guest(VDA, "xen"), "driver", None, "unknown", "driver-other-hypervisor"),
    (disk("<driver type='qcow2'/>"), "format", "qcow2", "stated", "format-stated"),
    (disk("<driver type='aio'/>"), "format", "raw", "inferred", "format-aio"),
    (disk("<driver typo='qcow2'/>"), "format", "raw", "default", "format-default"),
    (disk(type="volume"), "format", None, "unknown", "format-of-volume"),
    (guest(VDA, "xen"), "format", None, "unknown", "format-other-hypervisor"),
    (disk("<driver cache='none'/>"), "cache", "none", "stated", "cache-stated"),
    (disk("<driver cache='default'/>"), "cache", "writeback", "default", "cache-stated-default"),
    (VDA, "cache", "writeback", "default", "cache-default"),
    (USER, "cache", None, "unknown", "cache-elsewhere"),
    (disk("<readonly/>"), "readonly", True, "stated", "readonly-stated"),
    (disk(device="cdrom"), "readonly", True, "inferred", "readonly-cdrom"),
    (VDA, "readonly", False, "default", "readonly-default"),
    (disk(snapshot="external"), "snapshot", "external", "stated", "snapshot-stated"),
    (disk("<readonly/>"), "snapshot", "no", "inferred", "snapshot-readonly"),
    (USER, "snapshot", "no", "inferred", "snapshot-vhostuser"),
    (VDA, "snapshot", None, "unknown", "snapshot-later"),
    (VDA, "address", None, "unknown", "address-unknown"),
    (guest(VDA), "address", {"type": "pci"}, "inferred", "address-from-machine"),
    (guest(VDA, arch="s390x", machine=None), "address", {"type": "ccw"}, "inferred", "address-from-machine"),
    (target("sda", "usb"), "address", {"type": "usb"}, "inferred", "address-from-machine"),
    (target("sda", inside="<address/>"), "address", None, "unknown", "address-untyped"),
    (target("sda", inside="<address type='ccid' a='1'/>"), "address", {"type": "ccid", "a": "1"}, "stated", "address-stated"),
    (HDA + LSI, "controller", {"type": "ide", "index": 0, "model": None}, "inferred", "controller-added"),
    (HDA + "<controller type='ide'/>", "controller", {"type": "ide", "index": 0, "model": None}, "stated", "controller-written"),
    (SDA + CARD, "controller", {"type": "scsi", "index": 0, "model": "virtio-scsi"}, "stated", "controller-stated"),
    (guest(SDA + "<controller type='scsi' model='auto'/>"), "controller", {"type": "scsi", "index": 0, "model": "lsilogic"}, "default", "controller-default-model"),
    (guest(SDA), "controller", {"type": "scsi", "index": 0, "model": "lsilogic"}, "default", "controller-added-default"),
    (SDA, "controller", {"type": "scsi", "index": 0, "model": None}, "unknown", "controller-elsewhere"),
    (target("sd", "scsi"), "controller", None, "unknown", "controller-unplaced"),
    (VDA, "controller", None, "inferred", "controller-none"),
    (target("nvme1n3"), "address", {"type": "drive", "controller": 1, "bus": 0, "target": 0, "unit": 2}, "inferred", "address-from-name"),
    (target("nvme1n3"), "controller", {"type": "nvme", "index": 1, "model": None}, "inferred", "controller-added"),
    (target("nvme0n1"), "qemu_device", "nvme-ns", "inferred", "qemu-by-bus"),
    (target("nvme0n0"), "address", None, "unknown", "address-refused"),
    (guest(target("sdh") + CARD), "controller", {"type": "scsi", "index": 1, "model": "virtio-scsi"}, "inferred", "controller-like-first"),
    (disk("<target dev='sda' bus='usb'/>", device="cdrom"), "qemu_device", "usb-bot", "default", "qemu-usb-bot"),
    (disk(), "controller", None, "unknown", "controller-unknown"),
    (guest(VDA), "qemu_device", "virtio-blk-pci", "inferred", "qemu-virtio"),
    (guest(VDA, arch="s390x", machine=None), "qemu_device", "virtio-blk-ccw", "inferred", "qemu-virtio"),
    (guest(VDA, machine="q35", arch=None), "qemu_device", "virtio-blk-pci", "inferred", "qemu-virtio"),
    (guest(VDA + MMIO, arch="aarch64", machine="virt"), "qemu_device", "virtio-blk-device", "inferred", "qemu-virtio-mmio"),
    (guest(VDA + MMIO), "qemu_device", "virtio-blk-pci", "inferred", "qemu-virtio"),
    (guest(VDA, arch="armv7l", machine="vexpress-a15"), "qemu_device", "virtio-blk-device", "inferred", "qemu-virtio"),
    (guest(VDA, arch="aarch64", machine="raspi3b"), "qemu_device", None, "unknown", "qemu-virtio-nowhere"),
    (MMIO, "qemu_device", "virtio-blk-device", "inferred", "qemu-virtio-addressed"),
    (VDA, "qemu_device", "virtio-blk-pci", "default", "qemu-virtio-somewhere"),
    (guest(VDA, arch=None, machine="virt"), "qemu_device", "virtio-blk-pci", "default", "qemu-virtio-somewhere"),
    (USER, "qemu_device", "vhost-user-blk-pci", "default", "qemu-virtio-somewhere"),
    (disk("<target dev='vda'/>", model="virtio-transitional"), "qemu_device", "virtio-blk-pci-transitional", "default", "qemu-virtio-somewhere"),
    (disk("<target dev='sda' bus='usb'/>", model="usb-bot"), "qemu_device", "usb-bot", "stated", "qemu-by-model"),
    (disk("<target dev='sda'/>", device="lun"), "qemu_device", "scsi-block", "inferred", "qemu-by-bus"),
    (target("mmcblk0", "sd"), "qemu_device", None, "inferred", "qemu-sd"),
    (target("xvda"), "qemu_device", None, "unknown", "qemu-none"),
    (disk(), "qemu_device", None, "unknown", "qemu-unknown-bus"),
    (guest(VDA, "bhyve"), "qemu_device", None, "unknown", "qemu-other-hypervisor"),
    (VDA, "virtio", True, "inferred", "virtio-blk"),
    (target("vda", "virtio"), "virtio", True, "stated", "virtio-blk"),
    (USER, "virtio", True, "inferred", "vhost-user-blk"),
    (target("sda", "scsi") + CARD, "virtio", True, "stated", "virtio-scsi"),
    (SDA + CARD, "virtio", True, "inferred", "virtio-scsi"),
    (guest(SDA, arch="s390x", machine=None), "virtio", True, "default", "virtio-scsi"),
    (guest(SDA, arch="loongarch64", machine="virt"), "virtio", True, "default", "virtio-scsi"),
    (target("sdh") + CARD, "virtio", None, "unknown", "virtio-depends"),
    (target("sda", "scsi") + LSI, "virtio", False, "stated", "virtio-other-scsi"),
    (guest(SDA, arch="ppc64", machine="pseries"), "virtio", False, "default", "virtio-other-scsi"),
    (target("vdb", "sata"), "virtio", False, "stated", "virtio-no"),
    (HDA, "virtio", False, "inferred", "virtio-no"),
    (disk(), "virtio", None, "unknown", "virtio-unknown"),
]  # fmt: skip


@pytest.mark.parametrize("xml, row, value, origin, rule", TABLE)
def test_rule(xml, row, value, origin, rule):
    """The first disk of the XML gets this answer, by this rule."""
    answer = getattr(infer(read(xml).disks[0]), row)
    assert (answer.value, answer.origin, answer.rule) == (value, origin, rule)


def test_every_rule_has_an_example():
    """And every example's rule exists: inference.toml holds neither more nor less."""
    no_table = {"address-from-name"}  # its values are in test_places
    assert {rule for *_, rule in TABLE} | no_table == set(RULES)


@pytest.mark.parametrize("xml", [xml for xml, *_ in TABLE])
def test_every_answer_gives_its_reason(xml):
    """A whole sentence with nothing left to fill in, and a source."""
    for answer in infer(read(xml).disks[0]):
        assert answer.origin in ORIGINS
        assert (
            answer.reason[0] in string.ascii_uppercase + "<"
            or answer.reason.partition("=")[0].isalpha()
        )
        assert answer.reason.endswith((".", ")"))
        assert answer.source.startswith(("libvirt: ", "QEMU: "))


# Where virDomainDiskDefAssignAddress puts a name: controller, bus, unit.
@pytest.mark.parametrize(
    "name, bus, place",
    [
        ("hda", "ide", (0, 0, 0)),
        ("hdd", "ide", (0, 1, 1)),
        ("hde", "ide", (1, 0, 0)),
        ("sdg", "scsi", (0, 0, 6)),
        ("sdh", "scsi", (1, 0, 0)),
        ("sdaa", "scsi", (3, 0, 5)),
        ("sdg", "sata", (1, 0, 0)),
        ("vdb", "scsi", (0, 0, 1)),
    ],
)
def test_places(name, bus, place):
    """The letters of the name count the place on the controllers of the bus."""
    answer = infer(read(target(name, bus)).disks[0]).address
    assert answer.rule == "address-from-name"
    drive = dict(zip(("controller", "bus", "unit"), place))
    assert answer.value == {"type": "drive", "target": 0} | drive


def test_written_drive_addresses_are_completed():
    """What is left out of a drive's address is 0, and the controller is found by it."""
    answers = infer(read(guest(target("sda", inside=DRIVE))).disks[0])
    assert answers.address.value == {
        "type": "drive",
        "controller": 2,
        "bus": 0,
        "target": 0,
        "unit": 4,
    }
    assert answers.controller.value["index"] == 2


def test_names_and_buses_are_one_table():
    """Derived, never written twice: each prefix leads to its bus and back."""
    for prefix, bus in BUS_OF_PREFIX.items():
        assert PREFIX_OF_BUS[bus] == prefix
        assert infer(read(target(usual_name(bus))).disks[0]).bus.value == bus


@pytest.mark.parametrize(
    "number, name", [(0, "vda"), (25, "vdz"), (26, "vdaa"), (701, "vdzz"), (702, "vdaaa")]
)
def test_numbers(number, name):
    """virDiskNameParse counts a to z, then aa."""
    assert usual_name("virtio", number) == name
    assert disk_number(name) == number


@pytest.mark.parametrize("name", ["vd", "vd1", "vdA", "disk1", "", None, "vda-", "vdaaaaaaaaa"])
def test_no_number(name):
    """What libvirt calls an unknown disk name."""
    assert disk_number(name) is None


@pytest.mark.parametrize(
    "arch, machine, title",
    [
        ("x86_64", "pc-i440fx-9.0", "the pc machine"),
        ("x86_64", "pc-q35-9.0", "the q35 machine"),
        ("x86_64", None, "the pc machine"),
        ("x86_64", "microvm", "a PC without PCI"),
        (None, "q35", "the q35 machine"),
        (None, "virt", None),
        (None, None, None),
        ("sparc64", "sun4u", None),
    ],
)
def test_machines(arch, machine, title):
    """Versioned names, names without an architecture, and none at all."""
    found = machine_of(arch, machine)
    assert (found and found.title) == title


def test_repr_says_it_all():
    """What a notebook's cell prints of an answer."""
    said = repr(infer(read(VDA).disks[0]).bus)
    assert said.startswith("Inference(value='virtio', origin='inferred', reason='No bus is written")
    assert len(Inferences._fields) == 12
