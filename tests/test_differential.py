"""The rules against the real libvirt, on domains that nobody thought of."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from virtiolab import infer, read
from virtiolab.evidence.libvirt import Libvirt, NotInstalled
from virtiolab.inference import BUS_OF_PREFIX, usual_name

pytestmark = pytest.mark.live

# QEMU's binaries that the machines below need, as packages.
PACKAGES = "qemu-system-x86 qemu-system-arm qemu-system-ppc qemu-system-misc"
MACHINES = [
    ("x86_64", "pc"), ("x86_64", "q35"), ("x86_64", "pc-q35-7.2"), ("x86_64", None), ("i686", "pc"),
    ("s390x", "s390-ccw-virtio"), ("ppc64", "pseries"), ("ppc64", None), ("aarch64", "virt"),
    ("armv7l", "virt"), ("riscv64", "virt"), ("ppc64", "powernv9"),
]  # fmt: skip
SCSI_MODELS = [
    None,
    "auto",
    "virtio-scsi",
    "virtio-transitional",
    "lsilogic",
    "lsisas1078",
    "vmpvscsi",
]
SOURCES = {
    "file": "<source file='/a.img'/>",
    "block": "<source dev='/dev/vg/a'/>",
    "network": "<source protocol='rbd' name='pool/a'><host name='h'/></source>",
    "nvme": "<source type='pci' namespace='1'><address domain='0' bus='1' slot='0' function='0'/></source>",
    "vhostuser": "<source type='unix' path='/a.sock'/>",
}
# What mostly works, so that most domains are accepted and compared: device, buses, name prefixes.
SANE = [
    ("disk", [None, None, "virtio", "scsi"], ["vd", "sd"]),
    ("disk", ["virtio", "scsi", "sata", "usb"], ["vd", "sd", "hd", "xvd", "ubd"]),
    (None, [None, "virtio"], ["vd", "sd"]),
    ("cdrom", ["scsi", "sata", None], ["sd"]),
    ("lun", ["scsi", "virtio"], ["sd", "vd"]),
]
OLD = [
    ("disk", [None, "ide"], ["hd"]),
    ("floppy", [None, "fdc"], ["fd"]),
    ("cdrom", [None], ["hd"]),
]
DRIVERS = {"raw", "qcow2", "vmdk", "vpc", "aio"}


def attributes(**named) -> str:
    return "".join(f" {name}='{value}'" for name, value in named.items() if value is not None)


@st.composite
def disks(draw, machine, number):
    """The XML of one disk, of a kind that the machine mostly accepts."""
    kinds = SANE + (OLD if machine in ("pc", None) else [])
    device, buses, prefixes = draw(st.sampled_from(kinds))
    bus, prefix = draw(st.sampled_from(buses)), draw(st.sampled_from(prefixes))
    place = draw(st.integers(0, 1 if prefix in ("fd", "hd") else 40))
    name = usual_name({"fd": "fdc"}.get(prefix, BUS_OF_PREFIX.get(prefix)), place)
    kind = "block" if device == "lun" else draw(st.sampled_from(["file", "file", None, *SOURCES]))
    driver = attributes(
        name=draw(st.sampled_from([None, "qemu"])),
        type="raw" if device == "lun" else draw(st.sampled_from([None, None, *sorted(DRIVERS)])),
        cache=None
        if kind == "vhostuser"
        else draw(st.sampled_from([None, "default", "none", "unsafe"])),
    )
    model = (
        draw(st.sampled_from([None, None, "virtio", "virtio-transitional"]))
        if bus == "virtio"
        else None
    )
    snapshot = (
        draw(st.sampled_from([None, None, "no", "internal", "external"]))
        if kind != "vhostuser"
        else None
    )
    parts = [
        f"<driver{driver}/>" if driver and draw(st.booleans()) else "",
        SOURCES[kind or "file"] if device != "cdrom" or draw(st.booleans()) else "",
        f"<target{attributes(dev=draw(st.sampled_from(['', '', 'ioemu:'])) + name, bus=bus)}/>",
        draw(st.sampled_from(["", "", "", "<readonly/>"])) if kind != "vhostuser" else "",
        draw(addresses(bus, prefix, number, machine)),
    ]
    head = attributes(type=kind, device=device, model=model, snapshot=snapshot)
    return name, f"<disk{head}>{''.join(draw(st.permutations(parts)))}</disk>"


def addresses(bus, prefix, number, machine):
    """No address, or one that the bus takes; `number` keeps two disks apart."""
    written = ["", ""]
    if (bus or BUS_OF_PREFIX.get(prefix)) == "scsi":
        written += [f"<address type='drive' controller='{c}' unit='{number}'/>" for c in range(3)]
    if (bus or BUS_OF_PREFIX.get(prefix)) == "virtio" and machine == "virt":
        written += ["<address type='virtio-mmio'/>", "<address type='pci'/>"]
    return st.sampled_from(written)


@st.composite
def domains(draw):
    """The XML of a domain with one to four disks and up to three SCSI controllers."""
    arch, machine = draw(st.sampled_from(MACHINES))
    found = [draw(disks(machine, number)) for number in range(draw(st.integers(1, 4)))]
    unique = dict(found)  # libvirt refuses a second disk of one name
    controllers = "".join(
        f"<controller type='scsi'{attributes(index=index, model=draw(st.sampled_from(SCSI_MODELS)))}/>"
        for index in draw(st.lists(st.sampled_from([0, 1, 2, None]), max_size=3, unique=True))
    )
    return (
        f"<domain type='qemu'><name>d</name><memory>65536</memory>"
        f"<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
        f"<os><type{attributes(arch=arch, machine=machine)}>hvm</type></os>"
        f"<devices>{''.join(unique.values())}{controllers}</devices></domain>"
    )


@pytest.fixture(scope="module")
def libvirt():
    try:
        with Libvirt() as asked:
            yield asked
    except NotInstalled as missing:
        pytest.skip(f"{missing}; and for all machines {PACKAGES}")


DISK_DRIVERS = (
    "virtio-blk",
    "vhost-user-blk",
    "ide-",
    "scsi-hd",
    "scsi-cd",
    "scsi-block",
    "usb-storage",
    "floppy",
)


def what_libvirt_says(answer) -> dict[str, dict]:
    """By target: what libvirt wrote back, and the QEMU device, in the words of our answers."""
    root = etree.fromstring(answer.xml)
    models = {
        (c.get("type"), c.get("index")): c.get("model") for c in root.iterfind("devices/controller")
    }
    # Libvirt gives QEMU the disks in the order in which it writes them back.
    devices = iter(
        [device for device in answer.devices if device["driver"].startswith(DISK_DRIVERS)]
    )
    by_id = {device.get("id"): device["driver"] for device in answer.devices}
    said = {}
    for disk in root.iterfind("devices/disk"):
        bus, address = disk.find("target").get("bus"), disk.find("address")
        device = next(devices)
        place = dict(address.items()) if address is not None else None
        drive = place and place["type"] == "drive"
        readonly = disk.find("readonly") is not None
        said[disk.find("target").get("dev")] = {
            "bus": bus,
            "device": disk.get("device"),
            "driver": disk.find("driver").get("name"),
            "format": disk.find("driver").get("type"),
            "readonly": readonly,
            # virDomainDiskDefFormat does not write the "no" of a read-only disk.
            "snapshot": disk.get("snapshot") or ("no" if readonly else None),
            "address": {name: v if name == "type" else int(v) for name, v in place.items()}
            if drive
            else None,
            "model": models[bus, place["controller"]] if drive else None,
            "qemu_device": device["driver"],
            "virtio": device["driver"].startswith(("virtio-blk", "vhost-user-blk"))
            or by_id.get(device.get("bus", "").partition(".")[0], "").startswith("virtio-scsi"),
        }
    return said


def what_we_say(disk) -> dict:
    answers = infer(disk)
    said = {name: getattr(answers, name).value for name in answers._fields}
    drive = said["address"] and said["address"]["type"] == "drive"
    return {
        **{
            name: said[name]
            for name in ("bus", "device", "driver", "format", "readonly", "snapshot")
        },
        "address": said["address"] if drive else None,
        "model": said["controller"] and said["controller"]["model"],
        **{name: said[name] for name in ("qemu_device", "virtio")},
    }


def test_generated_domains_agree(libvirt):
    """At least 2,000 accepted disks on every machine: no answer differs from libvirt's."""
    compared = Counter()

    @settings(
        max_examples=2500, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(domains())
    def agree(xml):
        answer = libvirt.ask(domain := read(xml))
        if answer.refusal:
            compared["refused domains"] += 1
            return
        said = what_libvirt_says(answer)
        for disk in domain.disks:
            assert what_we_say(disk) == said[disk.target], xml
            compared[domain.arch, domain.machine] += 1
            compared["disks"] += 1

    agree()
    print(compared)
    assert compared["disks"] >= 2000
    assert all(compared[machine] for machine in MACHINES), f"{compared}: install {PACKAGES}"
