"""The rules against the real libvirt, on domains that nobody thought of."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from wild import OTHER_MACHINES

from virtiolab import read
from virtiolab.evidence.comparison import inferred, said_by_libvirt
from virtiolab.targets import BUS_OF_PREFIX, usual_name

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]  # thousands of questions

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
    ("cdrom", [None], ["hd", "fd"]),
]
# What mostly does not; but where it does, we should know.
PREFIXES = ["hd", "sd", "vd", "xvd", "ubd", "fd"]
BUSES = [None, "ide", "scsi", "virtio", "sata", "usb", "fdc"]
WILD = [(device, BUSES, PREFIXES) for device in ("disk", "cdrom", "floppy", "lun")]
DRIVERS = {"raw", "qcow2", "vmdk", "vpc", "aio"}


def attributes(**named) -> str:
    return "".join(f" {name}='{value}'" for name, value in named.items() if value is not None)


@st.composite
def disks(draw, machine, number):
    """The XML of one disk, of a kind that the machine mostly accepts."""
    kinds = SANE + (OLD if machine in ("pc", None) else [])
    kinds = WILD if draw(st.integers(0, 9)) == 0 else kinds
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
        said = said_by_libvirt(answer)
        for disk in domain.disks:
            assert inferred(disk) == said[disk.target], xml
            compared[domain.arch, domain.machine] += 1
            compared["disks"] += 1

    agree()
    print(compared)
    assert compared["disks"] >= 2000
    assert all(compared[machine] for machine in MACHINES), f"{compared}: install {OTHER_MACHINES}"
