"""A disk on its way to another bus: what becomes of its XML, what is refused, what is to do."""

import copy
from collections import Counter
from pathlib import Path

import pytest
from agreement import of_this
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from virtiolab import infer, read
from virtiolab.data import dotted
from virtiolab.evidence.arguments import devices, holder
from virtiolab.evidence.comparison import inferred, said_by_libvirt
from virtiolab.rewriting.conversion import BUSES, Unconvertible, convert
from virtiolab.rewriting.steps import known
from virtiolab.targets import NVME_SINCE, usual_name
from virtiolab.xml import laid_out, written

FILES = sorted((Path(__file__).parents[1] / "notebooks/domains").glob("*.xml"))
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def guest(disks, machine="machine='pc'", arch="x86_64", more="", boot="", metadata=""):
    """A whole guest with these disks; the disk that is converted is its first."""
    return (
        f"<domain type='kvm'><name>d</name>{metadata}<memory>65536</memory>"
        f"<os><type arch='{arch}' {machine}>hvm</type>{boot}</os>"
        f"<devices>{disks}{more}</devices></domain>"
    )


def disk(inside, target="dev='vda' bus='virtio'", start=""):
    """A disk with a source, a target and this inside."""
    return f"<disk{start}><source file='/a'/><target {target}/>{inside}</disk>"


def converted(xml, bus="virtio", libvirt=None):
    """The conversion of the first disk, for this libvirt."""
    return convert(read(xml, libvirt).disks[0], bus)


IDE = "<disk type='file'><source file='/a'/><target dev='hda' bus='ide'/></disk>"

# A disk, a bus, and the disk as an admin would have changed it by hand.
BY_HAND = {
    "the document's hdb": (
        "<disk><source file='/a'/><target dev='hdb'/></disk>",
        "virtio",
        "<disk><source file='/a'/><target dev='vdb' bus='virtio'/></disk>",
    ),
    "layout, comments and the order of names": (
        """
    <disk type="file"   device='disk'>
      <!-- the system -->
      <target bus='ide' dev="hda"/>
      <address type='drive' unit='0'/>
      <source file='/a&amp;b'/>  <!-- keep -->
    </disk>""",
        "virtio",
        """<disk type='file' device='disk'>
  <!-- the system -->
  <target bus='virtio' dev='vda'/>
  <source file='/a&amp;b'/>  <!-- keep -->
</disk>""",
    ),
    "address in the last line": (
        """<disk>
  <source file='/a'/>
  <target dev='sda' bus='sata'/>
  <address type='drive' controller='0' bus='0' target='0' unit='0'/>
</disk>""",
        "virtio",
        """<disk>
  <source file='/a'/>
  <target dev='vda' bus='virtio'/>
</disk>""",
    ),
    "an old name of Xen's": (
        "<disk><source file='/a'/><target dev='ioemu:hdc'/></disk>",
        "sata",
        "<disk><source file='/a'/><target dev='sdc' bus='sata'/></disk>",
    ),
    "Xen's own bus": (
        "<disk><source file='/a'/><target dev='xvda' bus='xen'/></disk>",
        "virtio",
        "<disk><source file='/a'/><target dev='vda' bus='virtio'/></disk>",
    ),
    "a name against its bus": (
        "<disk><source file='/a'/><target dev='vdb' bus='ide'/></disk>",
        "virtio",
        "<disk><source file='/a'/><target dev='vdb' bus='virtio'/></disk>",
    ),
    "a name without letters": (
        "<disk><source file='/a'/><target dev='nvme0n1' bus='nvme'/></disk>",
        "virtio",
        "<disk><source file='/a'/><target dev='vda' bus='virtio'/></disk>",
    ),
    "virtio options go, the rest stays": (
        """<disk type='block' model='virtio-transitional'>
  <driver name='qemu' queues='4' cache='none' iothread='1' packed='on' io='native'/>
  <source dev='/dev/a'/>
  <target dev='vda' bus='virtio'/>
  <boot order='1'/>
</disk>""",
        "sata",
        """<disk type='block'>
  <driver name='qemu' cache='none' io='native'/>
  <source dev='/dev/a'/>
  <target dev='sda' bus='sata'/>
  <boot order='1'/>
</disk>""",
    ),
    "a driver of which nothing is left": (
        """<disk>
  <driver event_idx='on'>
    <iothreads>
      <iothread id='1'/>
    </iothreads>
  </driver>
  <source file='/a'/>
  <target dev='vda'/>
</disk>""",
        "usb",
        """<disk>
  <source file='/a'/>
  <target dev='sda' bus='usb'/>
</disk>""",
    ),
    "what a SCSI disk says of itself": (
        "<disk><source file='/a'/><target dev='sda' bus='scsi' rotation_rate='1'/>"
        "<serial>S</serial><wwn>5000c50015ea71ab</wwn><vendor>V</vendor><product>P</product></disk>",
        "ide",
        "<disk><source file='/a'/><target dev='hda' bus='ide' rotation_rate='1'/><serial>S</serial>"
        "<wwn>5000c50015ea71ab</wwn><product>P</product></disk>",
    ),
    "to a drive of its own": (
        "<disk><source file='/a'/><target dev='vdb' bus='virtio'/></disk>",
        "nvme",
        "<disk><source file='/a'/><target dev='nvme0n1' bus='nvme'/><serial>nvme0</serial></disk>",
    ),
    "with the serial number that it has": (
        "<disk><source file='/a'/><target dev='vda'/><serial>WD-1</serial></disk>"
        "<disk><source file='/b'/><target dev='nvme0n1'/><serial>WD-2</serial></disk>",
        "nvme",
        "<disk><source file='/a'/><target dev='nvme1n1' bus='nvme'/><serial>WD-1</serial></disk>",
    ),
    "from a drive": (
        "<disk><source file='/a'/><target dev='nvme1n1'/><serial>WD-1</serial></disk>",
        "virtio",
        "<disk><source file='/a'/><target dev='vda' bus='virtio'/><serial>WD-1</serial></disk>",
    ),
}


@pytest.mark.parametrize("xml, bus, expected", BY_HAND.values(), ids=BY_HAND)
def test_by_hand(xml, bus, expected):
    """As somebody would do it who knows what to do."""
    assert converted(xml, bus).new == expected


# What is left out, and where it may stay: inside a disk, in its target, or in its start tag.
DROPPED = {
    "address": (disk("<address type='pci'/>"), BUSES),
    "alias": (disk("<alias name='virtio-disk0'/>"), BUSES),
    "@model": (disk("", start=" model='virtio'"), BUSES),
    "driver": (disk("<driver/>"), BUSES),
    "driver/@queues": (disk("<driver name='qemu' queues='2'/>"), BUSES),
    "driver/@queue_size": (disk("<driver name='qemu' queue_size='256'/>"), BUSES),
    "driver/@ioeventfd": (disk("<driver name='qemu' ioeventfd='on'/>"), BUSES),
    "driver/@event_idx": (disk("<driver name='qemu' event_idx='on'/>"), BUSES),
    "driver/@iommu": (disk("<driver name='qemu' iommu='on'/>"), BUSES),
    "driver/@ats": (disk("<driver name='qemu' ats='on'/>"), BUSES),
    "driver/@packed": (disk("<driver name='qemu' packed='on'/>"), BUSES),
    "driver/@page_per_vq": (disk("<driver name='qemu' page_per_vq='on'/>"), BUSES),
    "driver/@iothread": (disk("<driver name='qemu' iothread='1'/>"), BUSES),
    "driver/iothreads": (
        disk("<driver name='qemu'><iothreads><iothread id='1'/></iothreads></driver>"),
        BUSES,
    ),
    "target/@removable": (
        disk("", "dev='sda' bus='usb' removable='on'"),
        ["virtio", "nvme", "sata", "ide"],
    ),
    "target/@rotation_rate": (
        disk("", "dev='sda' bus='sata' rotation_rate='1'"),
        ["virtio", "nvme", "usb"],
    ),
    "wwn": (
        disk("<wwn>5000c50015ea71ab</wwn>", "dev='sda' bus='scsi'"),
        ["virtio", "nvme", "sata", "usb"],
    ),
    "vendor": (disk("<vendor>V</vendor>", "dev='sda' bus='scsi'"), BUSES),
    "product": (disk("<product>P</product>", "dev='sda' bus='scsi'"), ["virtio", "nvme", "usb"]),
    "acpi": (disk("<acpi index='1'/>"), BUSES),
    "geometry": (disk("<geometry cyls='16' heads='4' secs='4'/>"), ["usb"]),
    "transient/@shareBacking": (
        disk("<transient shareBacking='yes'/>"),
        ["nvme", "sata", "ide"],
    ),
}


@pytest.mark.parametrize("name", DROPPED)
@pytest.mark.parametrize("bus", BUSES)
def test_dropped(name, bus):
    """Left out where it cannot be, with the reason; kept where it can."""
    xml, buses = DROPPED[name]
    [one] = read(guest(xml)).disks
    if infer(one).bus.value == bus:
        return
    conversion = convert(one, bus)
    left_out = [dropped.name for dropped in conversion.dropped]
    assert left_out == [name] * (bus in buses)
    last = name.rpartition("/")[2].lstrip("@")
    assert (last in conversion.new) == (bus not in buses)
    assert all(dropped.why.endswith(".") for dropped in conversion.dropped)


IOTHREADS = (
    "<driver name='qemu'><iothreads><iothread id='7'/><iothread id='{}'/></iothreads></driver>"
)
KEPT = {  # what is wrong with these disks, or only seems to be, has nothing to do with the bus
    "a thread twice": (disk(IOTHREADS.format(7), "dev='sda' bus='scsi'"), "virtio"),
    "threads that are not there": (disk(IOTHREADS.format(8), "dev='sda' bus='sata'"), "virtio"),
    "of a lun": (disk("<shareable/>", "dev='sda' bus='sata'", start=" rawio='yes'"), "virtio"),
    "encryption": (
        "<disk><source file='/a'><encryption format='luks'/></source>"
        "<target dev='sda' bus='sd'/></disk>",
        "virtio",
    ),
    "a source of another type": (
        "<disk device='cdrom'><source dev='/x'/><target dev='sda' bus='sata'/></disk>",
        "usb",
    ),
}


@pytest.mark.parametrize(("xml", "bus"), KEPT.values(), ids=KEPT)
def test_what_is_not_of_the_bus_stays(xml, bus):
    """However wrong it is: a conversion is no fix."""
    assert converted(guest(xml), bus).dropped == ()


def test_translation():
    """Only the BIOS that sees an IDE disk translates; of a USB disk nothing of it is left."""
    numbers = "<geometry cyls='16' heads='4' secs='4'"
    for bus in ("virtio", "scsi", "sata", "usb"):
        conversion = converted(disk(numbers + " trans='lba'/>", "dev='hda'"), bus)
        assert (numbers + "/>" in conversion.new) is (bus != "usb")
        assert len(conversion.dropped) == 1


def test_dropped_values():
    """What was written, to be looked at again."""
    inside = "<driver queues='4'/><serial>S</serial><wwn> 5000c50015ea71ab\n</wwn>"
    left_out = converted(disk(inside), "sata").dropped
    assert [(d.name, d.value) for d in left_out] == [
        ("driver/@queues", "4"),
        ("wwn", "5000c50015ea71ab"),
        ("driver", None),
    ]


def test_own_names_stay():
    """A name that somebody gave is no place on a bus; a serial number is for the guest."""
    kept = "<alias name='ua-system'/><serial>S</serial><boot order='1'/>"
    assert kept in converted(disk(kept), "scsi").new


def test_names_of_products():
    """SCSI has room for 16 characters, of those that a later libvirt takes on SATA."""
    for length, stays in ((16, True), (17, False)):
        xml = disk(f"<product>{'p' * length}</product>", "dev='sda' bus='sata'")
        assert ("product" in converted(xml, "scsi").new) is stays


def test_serial_of_a_lun():
    """A LUN on virtio, as old libvirts took it, comes to SCSI without the number of its own."""
    xml = (
        "<disk type='block' device='lun'><source dev='/dev/sdx'/><target dev='vda'/>"
        "<serial>S</serial></disk>"
    )
    assert [dropped.name for dropped in converted(xml, "scsi").dropped] == ["serial"]


# A disk, the buses that are refused, and a word that says what to do instead, or why.
REFUSED = {
    "floppy": ("<disk device='floppy'><target dev='fda'/></disk>", BUSES, "floppy controller"),
    "cdrom": (
        "<disk device='cdrom'><source file='/a'/><target dev='sda'/></disk>",
        ["virtio", "nvme"],
        "sata",
    ),
    "empty": (
        "<disk device='cdrom'><source startupPolicy='optional'/><target dev='sda'/></disk>",
        ["virtio", "nvme"],
        "sata",
    ),
    "lun": (
        "<disk type='block' device='lun'><source dev='/dev/sdx'/><target dev='vda'/></disk>",
        ["nvme", "sata", "usb", "ide"],
        "device='disk'",
    ),
    "vhostuser": (
        "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vda'/></disk>",
        ["scsi", "nvme", "sata", "usb", "ide"],
        "type='vhostuser'",
    ),
    "vhostvdpa": ("<disk type='vhostvdpa'><source dev='/v'/><target dev='vda'/></disk>", [], ""),
    "read-only": (disk("<readonly/>"), ["sata", "ide"], "<readonly/>"),
    "large sectors": (disk("<blockio logical_block_size='4096'/>"), ["sata", "ide"], "512"),
    "no target": ("<disk><source file='/a'/></disk>", BUSES, "<target>"),
}  # fmt: skip


@pytest.mark.parametrize("xml, refused, said", REFUSED.values(), ids=REFUSED)
def test_refused(xml, refused, said):
    """One sentence for what cannot be; the other buses are open."""
    [one] = read(guest(xml)).disks
    for bus in BUSES:
        if bus in refused:
            with pytest.raises(Unconvertible, match=said) as refusal:
                convert(one, bus)
            assert str(refusal.value).endswith(".") and "`" not in str(refusal.value)
        elif bus != infer(one).bus.value:
            assert convert(one, bus).bus == bus


def test_other_disks_that_move_along():
    """A controller that is written also decides about those that only libvirt knew of."""
    other = "<disk><source file='/b'/><target dev='{}'/></disk>"
    for name, libvirt, moves in (
        ("sdb", "9.0.0", True),
        ("sdh", "12.9.0", True),
        ("sdh", "9.0.0", False),
    ):
        said = " ".join(converted(guest(disk("") + other.format(name)), "scsi", libvirt).notes)
        assert (f"{name} will be on another SCSI controller" in said) is moves


def test_who_gives_the_serial_number():
    """A disk that others on NVMe depend on stays."""
    one, two = (f"<disk><source file='/{n}'/><target dev='nvme0n{n}'/>{{}}</disk>" for n in (1, 2))
    alone = guest(one.format("<serial>S</serial>") + two.format(""))
    assert "write <controller type='nvme' index='0'><serial>S</serial>" in refusal_of(
        alone, "virtio"
    )
    drive = "<controller type='nvme' index='0'><serial>S</serial></controller>"
    assert not refusal_of(
        guest(one.format("<serial>S</serial>") + two.format("") + drive), "virtio"
    )


def test_what_came_later():
    """It is refused for an older libvirt, and open to a newer."""
    empty = "<disk device='cdrom'><target dev='sda'/></disk>"
    assert "before libvirt 11.5" in refusal_of(guest(empty), "usb", "11.4.0")
    assert not refusal_of(guest(empty), "usb")
    assert "came with libvirt 11.5.0" in refusal_of(guest(IDE), "nvme", "11.4.0")


@pytest.mark.parametrize(
    "xml, bus, said",
    [
        (IDE, "ide", "This disk is on ide already."),
        (IDE, "fdc", "to virtio, scsi, nvme, sata, usb, ide; “fdc” is none of them."),
        (IDE, "x\n" * 99, "x\\\\u000ax"),
        (guest(IDE).replace("kvm", "xen"), "virtio", "'xen'"),
        (guest(disk(""), "machine='q35'"), "ide", "no ide on the q35 machine; take scsi or nvme or sata"),
        (guest(disk(""), "machine='pc-q35-9.2'"), "ide", "the q35 machine"),
        (guest(disk(""), "", arch="s390x"), "sata", "no sata on s390x; take scsi or nvme."),
        (guest(disk(""), "", arch="s390x"), "usb", "no usb on s390x"),
        (guest(IDE, "machine='raspi3b'", "aarch64"), "virtio", "nothing on this board"),
        (guest(IDE, "machine='raspi3b'", "aarch64"), "scsi", "nothing on this board"),
        (guest(disk(""), "machine='virt'", "aarch64"), "usb", "qemu-xhci"),
        (guest(disk(""), more="<controller type='usb' model='none'/>"), "usb", "qemu-xhci"),
    ],
)  # fmt: skip
def test_refused_by_the_guest(xml, bus, said):
    """What the machine has not got, and what is no bus at all."""
    with pytest.raises(Unconvertible, match=said):
        converted(xml, bus)


@pytest.mark.parametrize(
    "xml, bus",
    [
        (guest(disk(""), "machine='virt'", "aarch64", "<controller type='usb'/>"), "usb"),
        (guest(disk(""), machine=""), "ide"),
        (disk(""), "usb"),
        ("<domain><devices>" + disk("") + "</devices></domain>", "ide"),
    ],
)
def test_not_refused(xml, bus):
    """What is there, or may be there."""
    assert converted(xml, bus).bus == bus


def test_every_refusal_is_tested():
    """No sentence without a disk that it is said of."""
    said = {
        refusal_of(guest(xml), bus, one)
        for xml, _, _ in REFUSED.values() for bus in BUSES for one in (None, "9.0.0")
    }  # fmt: skip
    said.discard(None)
    for rule in known()["refused"]:
        assert any(sentence.startswith(rule["said"].partition("{")[0]) for sentence in said)


def refusal_of(xml, bus, libvirt=None):
    """Why the first disk cannot go there, or nothing."""
    try:
        converted(xml, bus, libvirt)
    except Unconvertible as refusal:
        return str(refusal)
    return ""


# The disk comes first; which name does it get, with these others beside it?
NAMES = [
    ("dev='hda'", "", "virtio", "vda"),
    ("dev='hdc'", "", "virtio", "vdc"),
    ("dev='hda'", "<disk><target dev='vda'/></disk>", "virtio", "vdb"),
    ("dev='hdb'", "<disk><target dev='vdb'/></disk>", "virtio", "vda"),
    (
        "dev='hdc'",
        "<disk><target dev='vda'/></disk><disk><target dev='vdc'/></disk>",
        "virtio",
        "vdb",
    ),
    ("dev='hda'", "<disk><target dev='vda' bus='sata'/></disk>", "virtio", "vdb"),
    ("dev='hda'", "<disk><target dev='ioemu:vda'/></disk>", "virtio", "vdb"),
    ("dev='vdaa'", "", "usb", "sdaa"),
    ("dev='vdaaaa'", "", "usb", "sda"),
    ("dev='vda'", "<disk><target dev='sda' bus='usb'/></disk>", "sata", "sdb"),
    # The place that goes with the name must be free too.
    ("dev='vda'", "<disk><target dev='hda' bus='sata'/></disk>", "sata", "sdb"),
    (
        "dev='vda'",
        "<disk><target dev='sdz' bus='sata'/><address type='drive' unit='0'/></disk>",
        "sata",
        "sdb",
    ),
    (
        "dev='vda'",
        "<hostdev mode='subsystem' type='scsi'><source/><address type='drive' unit='0'/></hostdev>",
        "scsi",
        "sdb",
    ),
    ("dev='vda'", "<hostdev type='usb'><address type='usb' bus='0'/></hostdev>", "scsi", "sda"),
    (
        "dev='vda'",  # an address that libvirt refuses, which is no place of a drive
        "<disk><target dev='sdb' bus='sata'/><address type='ccid' controller='0' slot='0'/></disk>",
        "sata",
        "sda",
    ),
    # A letter that leads to another controller is kept where there is one.
    ("dev='vdh'", "", "scsi", "sda"),
    ("dev='vdh'", "<controller type='scsi' index='1' model='virtio-scsi'/>", "scsi", "sdh"),
    ("dev='vde'", "<controller type='ide' index='1'/>", "ide", "hda"),
]  # fmt: skip


@pytest.mark.parametrize("target, others, bus, name", NAMES)
def test_names(target, others, bus, name):
    """The letter stays where name and place are free; else it is the lowest that is."""
    conversion = converted(guest(disk("", target) + others), bus)
    assert conversion.target == name
    assert f"dev='{name}' bus='{bus}'" in conversion.new
    is_kept = f"d{name[2:]}'" in target
    assert any("is now called" in note for note in conversion.notes) is not is_kept


def test_no_place_left():
    """IDE has four."""
    others = "".join(f"<disk><target dev='hd{letter}'/></disk>" for letter in "abcd")
    assert converted(guest(disk("") + others.replace("hdb", "vdb")), "ide").target == "hdb"
    with pytest.raises(Unconvertible, match="four"):
        converted(guest(disk("") + others), "ide")


def test_many_disks():
    """Beyond the first controller of SATA and SCSI too."""
    for bus in ("sata", "scsi"):
        others = "".join(
            f"<disk><target dev='sd{letter}' bus='{bus}'/></disk>" for letter in "abcdefg"
        )
        assert converted(guest(disk("") + others), bus).target == "sdh"


MODELS = [
    # other devices, the controller that is added, and what is said of it
    ("", "<controller type='scsi' index='0' model='virtio-scsi'/>", "no SCSI controller 0"),
    ("<controller type='scsi' index='0' model='virtio-scsi'/>", None, None),
    ("<controller type='scsi' model='virtio-transitional'/>", None, None),
    ("<controller type='scsi' index='0' model='lsilogic'/>", None, "0 is `lsilogic`"),
    ("<controller type='scsi' index='0'/>", None, "0 is `lsilogic`"),
    ("<controller type='sata' index='0'/>", "index='0' model='virtio-scsi'", "no SCSI controller"),
]  # fmt: skip


@pytest.mark.parametrize("more, controller, said", MODELS)
def test_scsi_controller(more, controller, said):
    """Added where there is none; where it is another, that is said."""
    conversion = converted(guest(IDE, more=more), "scsi")
    assert (conversion.controller is None) is (controller is None)
    assert (controller or "") in (conversion.controller or "")
    assert bool(conversion.notes) is bool(said) and (said or "") in "".join(conversion.notes)
    is_virtio = infer(read(conversion.domain).disks[0]).virtio.value
    assert is_virtio is not (said or "").startswith("0 is")
    # One controller more, or as many as before.
    added = conversion.domain.count("<controller") - more.count("<controller")
    assert added == (conversion.controller is not None)


def test_place_of_the_controller():
    """Behind the disks, on a line of its own."""
    xml = """<domain type='kvm'>
  <devices>
    <!-- disks -->
    <disk><target dev='hda'/></disk>
    <disk><target dev='hdb'/></disk> <!-- b -->
    <serial/>
  </devices>
</domain>"""
    changed = xml.replace("<target dev='hda'/>", "<target dev='sda' bus='scsi'/>").replace(
        "hdb'/></disk>",
        "hdb'/></disk>\n    <controller type='scsi' index='0' model='virtio-scsi'/>",
    )
    assert converted(xml, "scsi").domain == changed


def test_fragments():
    """Of a part of a guest there is no whole to give back, and the controller may be elsewhere."""
    conversion = converted(IDE, "scsi")
    assert conversion.domain is None and "virtio-scsi" in conversion.controller
    [note] = conversion.notes
    assert "no whole guest" in note
    several = "<devices>" + IDE + "<controller type='scsi' index='0'/></devices>"
    [note] = converted(several, "scsi").notes
    assert "model" in note  # what infer() says: it depends


@each_file
def test_layout_of_files(file):
    """What `virsh dumpxml` printed is given back byte for byte."""
    text = file.read_text(encoding="utf-8")
    assert laid_out(read(text).element) == text.strip()


ODD = """<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <title>it&apos;s &lt;b&gt; &quot;&amp;amp;</title>
  <metadata>
    <a:b xmlns:a="u" c="it's"><a:d/>text 'n' "so"</a:b>
  </metadata>
  <devices><?pi a='b'?>
    <disk type='file' x='a&#10;b&#9;c&#13;'><!-- <b> & --><source file='/a'/>a&#13;b</disk>
    <x xml:space='preserve' xmlns:p='u' p:q='1'/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-s'/>
  </qemu:commandline>
</domain>"""


def test_layout_of_odd_xml():
    """Escapes, namespaces, comments; nothing changes its meaning."""
    expected = ODD.replace(
        "xml:space='preserve' xmlns:p='u' p:q='1'", "xml:space='preserve' p:q='1' xmlns:p='u'"
    )
    assert laid_out(read(ODD).element) == expected


def test_other_disks_stay():
    """Only the lines of the disk change, and the disk that was read stays as it is."""
    for file in FILES:
        text = file.read_text(encoding="utf-8").strip()
        domain = read(text)
        for number, one in enumerate(domain.disks):
            for bus in BUSES:
                try:
                    conversion = convert(one, bus)
                except Unconvertible:
                    continue
                left = conversion.domain.replace(f"    {conversion.controller}\n", "")
                for old, new in conversion.also:
                    left = left.replace(indented(new), indented(old))
                assert others(left, number) == others(text, number)
        assert laid_out(domain.element) == text


def others(text, number):
    """The text of a domain without the lines of this disk."""
    pieces = text.split("<disk ")
    _, _, tail = pieces[number + 1].partition("</disk>")
    return [*pieces[: number + 1], tail, *pieces[number + 2 :]]


OSINFO = "http://libosinfo.org/xmlns/libvirt/domain/1.0"
WINDOWS, DEBIAN = (
    f"<metadata><l:libosinfo xmlns:l='{OSINFO}'><l:os id='http://{id}'/></l:libosinfo></metadata>"
    for id in ("microsoft.com/win/10", "debian.org/debian/12")
)


def steps_of(xml, bus):
    """Everything that is to be done, as one text."""
    parts = converted(xml, bus).steps
    assert all(part.steps for part in parts)
    return "\n".join(
        line for part in parts for step in part.steps for line in (part.title, step.say, *step.run)
    )


CDROM = "<disk device='cdrom'><source file='/a'/><target dev='sda' bus='sata'/></disk>"
HELPER = IDE + "<disk><source file='/h'/><target dev='vdb'/></disk>"
# A guest, a bus, what is among the steps, and what is not.
STEPS = [
    (
        guest(IDE, metadata=DEBIAN),
        "virtio",
        ["add_drivers+=\" virtio_blk virtio_pci \"", "update-initramfs -u -k all", "`UUID=…`"],
        ["Windows", "viostor", "zipl", "sd_mod"],
    ),
    (
        guest(IDE, metadata=WINDOWS),
        "virtio",
        ["viostor", "helper.qcow2", "sc query viostor", "BitLocker", "0x7B"],
        ["Linux", "initramfs", "vioscsi"],
    ),
    (
        guest(HELPER, metadata=WINDOWS),
        "virtio",
        ["`vdb` is on virtio already", "If a small second disk was there only"],
        ["helper.qcow2", "Windows down and take"],
    ),
    (
        guest(IDE.replace("hda", "hdc"), metadata=WINDOWS),
        "virtio",
        ["a second, small disk `vdd` on virtio", "take the small second disk away"],
        ["If a small second disk was there only"],
    ),
    (guest(IDE), "scsi", ["virtio_scsi virtio_pci sd_mod", "vioscsi", "lsinitrd"], ["virtio_blk"]),
    (guest(disk("")), "sata", ["ahci sd_mod", "storahci", "no longer `/dev/vda`"], ["virtio-win"]),
    (guest(disk("")), "ide", ["ata_piix sd_mod", "intelide", "/dev/sda"], ["virtio-win"]),
    (guest(IDE), "sata", ["another letter", "by-path"], ["no longer"]),
    (guest(IDE), "usb", ["usb_storage", "does not start from a USB disk"], ["virtio-win"]),
    (guest(disk(""), "", "s390x"), "scsi", ["virtio_ccw", "zipl"], ["Windows", "grub-pc"]),
    (guest(disk(""), "machine='vexpress-a9'", "armv7l"), "scsi", ["virtio_mmio"], ["Windows"]),
    (guest(CDROM, metadata=DEBIAN), "ide", ["before.xml", "virsh edit"], ["Linux", "initramfs"]),
    (guest(CDROM), "scsi", ["vioscsi", "before.xml"], ["initramfs", "helper", "BitLocker"]),
    (
        guest(IDE, more="<controller type='scsi' index='0' model='lsisas1078'/>"),
        "scsi",
        ["megaraid_sas", "the old cards"],
        ["virtio_scsi", "virtio-win"],
    ),
    (
        guest(IDE, more="<controller type='scsi' index='0' model='x'/>"),
        "scsi",
        ["`sd_mod`"],
        ["virtio-win"],
    ),
    (guest(HELPER.replace("vdb'", "sdb' bus='sata'")), "sata", ["so Windows has met it"], []),
    (
        guest("<disk><source file='/a'/><target dev='xvda' bus='xen'/></disk>"),
        "virtio",
        ["no longer `/dev/xvda`"],
        [],
    ),
]  # fmt: skip


@pytest.mark.parametrize("xml, bus, there, not_there", STEPS)
def test_steps(xml, bus, there, not_there):
    """What concerns this guest and this bus, and nothing else."""
    text = steps_of(xml, bus)
    assert [words for words in there if words not in text] == []
    assert [words for words in not_there if words in text] == []
    assert "{" not in text and text.count("`") % 2 == 0


def test_every_step_is_tested():
    """No step without a guest that needs it."""
    texts = "\n".join(steps_of(xml, bus) for xml, bus, _, _ in STEPS)
    for part in known()["parts"]:
        for step in part["steps"]:
            assert max(step["say"].split("{")[0].split("}"), key=len)[:60] in texts


NIC = "<interface type='user'/>"
TWO = IDE + "<disk><source file='/h'/><target dev='{}'/></disk>"
CDROMS = TWO.replace("<disk", "<disk device='cdrom'").replace("hda' bus='ide'", "sda' bus='sata'")
# The disks, what <os> says, and the bus; and what each disk and the network card says in the end.
BOOT = [
    (TWO.format("vda"), "<boot dev='hd'/>", "virtio", ["1", None]),
    (TWO.format("vda"), "", "virtio", ["1", None]),
    (TWO.format("vda' bus='virtio"), "", "virtio", ["1", None]),
    (TWO.format("vda").replace("hda' bus='ide", "hdb"), "", "virtio", [None, "1"]),
    (TWO.format("vda") + NIC, "<boot dev='network'/><boot dev='hd'/>", "virtio", ["2", None, "1"]),
    (TWO.format("vda"), "<boot dev='hd'/><boot dev='cdrom'/><boot dev='hd'/>", "virtio", ["3", None]),
    (TWO.format("vda"), "<boot dev='network'/>", "virtio", None),
    (TWO.format("vdb"), "<boot dev='hd'/>", "virtio", None),
    (TWO.format("hdb"), "<boot dev='hd'/>", "virtio", None),
    (TWO.format("vda").replace("</disk>", "<boot order='1'/></disk>", 1), "", "virtio", None),
    (CDROMS.format("hda"), "<boot dev='cdrom'/>", "ide", ["1", None]),
    (CDROMS.format("hda"), "<boot dev='hd'/>", "ide", None),
    (
        TWO.format("vda") + "<disk device='floppy'><source file='/f'/><target dev='fda'/></disk>",
        "<boot dev='fd'/><boot dev='hd'/>",
        "virtio",
        ["2", None, "1"],
    ),
]  # fmt: skip
each_boot = pytest.mark.parametrize("devices, boot, bus, orders", BOOT)


@each_boot
def test_boot(devices, boot, bus, orders):
    """Where another disk would come first, the order is written out; else nothing changes."""
    conversion = converted(guest(devices, boot=boot), bus)
    notes = [note for note in conversion.notes if "tries its disks" in note]
    assert len(notes) == bool(orders) and not (conversion.also and not orders)
    if orders:
        root = read(conversion.domain).element
        written_down = [d.find("boot") for d in root.find("devices")]
        assert [d if d is None else d.get("order") for d in written_down] == orders
        assert root.find("os/boot") is None


def test_boot_in_the_changes():
    """All that changes for it is shown: what `<os>` says, and the devices that have an order now."""
    domain = read(FILES[0].with_name("windows-cdrom-floppy.xml"))
    office = next(one for one in domain.disks if one.target == "hda")
    conversion = convert(office, "virtio")
    system, cdrom = conversion.also
    assert "<boot dev='hd'/>" in system.old and "<boot" not in system.new
    assert cdrom.new == cdrom.old.replace("<address", "<boot order='2'/>\n  <address")
    assert conversion.new.endswith("  <boot order='1'/>\n</disk>")
    left = conversion.domain
    for old, new in [(conversion.old, conversion.new), *conversion.also]:
        left = left.replace(indented(new), indented(old))
    assert left == laid_out(domain.element)


def indented(xml):
    """As it stands in a domain: `<os>` by two blanks, a device by four."""
    return xml.replace("\n", "\n  " if xml.startswith("<os") else "\n    ")


def test_a_part_of_a_guest_has_no_order():
    """What the rest of it says is not known."""
    conversion = converted("<devices>" + TWO.format("vda") + "</devices>")
    assert conversion.also == () and "<boot" not in conversion.new


HOSTILE = [
    "{0} {bus} {value}",
    "</pre><script>",
    "`x` $y$",
    "\u202e\x9b31m",
    "'\"&<>\n\t\r",
    "x" * 5000,
]


@pytest.mark.parametrize("payload", HOSTILE)
def test_hostile(payload):
    """Any text is given back as it was, and no sentence fails on it."""
    from xml.sax.saxutils import quoteattr

    value = quoteattr(payload, {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"})
    xml = guest(
        f"<disk x={value}><source file={value}/><target dev={value} y={value}/>"
        f"<driver queues={value}/></disk><disk><target dev={value}/></disk>",
        more=f"<controller type='scsi' index='0' model={quoteattr(payload[:100])}/>",
    )
    for bus in BUSES:
        conversion = converted(xml, bus)
        again = read(conversion.domain).disks[0]
        assert again.get("x") == again.get("file", "source") == again.get("y", "target") == payload
        assert all(note.isprintable() for note in conversion.notes)


# -------------------------------------------------------------- the same, asked of the real libvirt

MEMORY = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
MORE = {  # what can stand in a disk of each bus: in its target, its driver, and inside it
    "virtio": (
        ["", "", "queues='2'", "event_idx='on' ioeventfd='off'", "iothread='1'", "packed='on'"],
        ["", "<transient/>", "<geometry cyls='16' heads='4' secs='4'/>"],
        [""],
    ),
    "scsi": (
        ["", "discard='unmap'"],
        ["", "<wwn>5000c50015ea71ab</wwn>", "<vendor>V</vendor><product>P</product>"],
        ["", "rotation_rate='1'"],
    ),
    "sata": (
        ["", "cache='none' io='native'"],
        ["", "<serial>s</serial>"],
        ["", "rotation_rate='5400'"],
    ),
    "ide": (
        [""],
        ["", "<geometry cyls='16' heads='4' secs='4' trans='lba'/>"],
        ["", "rotation_rate='1'"],
    ),
    "usb": (["", "detect_zeroes='on'"], [""], ["", "removable='on'"]),
}  # fmt: skip


@st.composite
def disks(draw, bus, number):
    """The XML of one disk, in libvirt's layout, that libvirt mostly accepts."""
    device = draw(st.sampled_from(["disk", "disk", "disk", "cdrom"]))
    device = "disk" if bus == "virtio" else device
    drivers, inside, targets = (draw(st.sampled_from(each)) for each in MORE[bus])
    if device == "cdrom":
        drivers, inside, targets = "", "", ""
    prefix = draw(st.sampled_from(["", "", "", "", "sd", "vd"])) or usual_name(bus)[:2]
    name = prefix + usual_name(bus, draw(st.integers(0, 3 if bus == "ide" else 9)))[2:]
    lines = [
        f"    <disk type='file' device='{device}'>",
        f"      <driver name='qemu' type='raw' {drivers}/>",
        f"      <source file='/{number}.img'/>",
        f"      <target dev='{name}' bus='{bus}' {targets}/>",
        f"      {inside}",
        draw(st.sampled_from(["", "", f"      <boot order='{number + 1}'/>"])),
        draw(addresses(bus)),
        "    </disk>",
    ]
    text = "\n".join(line.replace(" />", "/>").rstrip() for line in lines if line.strip())
    return name, text


def addresses(bus):
    """No address, or one that the bus takes."""
    if bus not in ("scsi", "sata", "ide"):
        return st.just("")
    place = "bus='%d' unit='%d'" if bus == "ide" else "controller='%d' unit='%d'"
    places = [place % (first, unit) for first in (0, 1) for unit in (0, 1)]
    written = [f"      <address type='drive' {numbers}/>" for numbers in places]
    return st.sampled_from(["", "", "", *written])


@st.composite
def domains(draw):
    """The XML of a domain with one to four disks, and the texts of these."""
    machine = draw(st.sampled_from(["pc", "q35"]))
    buses = [bus for bus in MORE if (machine, bus) != ("q35", "ide")]
    found = dict(
        draw(disks(draw(st.sampled_from(buses)), number))
        for number in range(draw(st.integers(1, 4)))
    )
    model = draw(st.sampled_from(["", "lsilogic", "virtio-scsi"]))
    controller = f"\n    <controller type='scsi' index='0' model='{model}'/>" if model else ""
    boot = "" if "<boot" in "".join(found.values()) else "<boot dev='hd'/>"
    lines = "\n".join(found.values())
    xml = (
        f"<domain type='qemu'>\n  <name>d</name>\n  <memory>65536</memory>\n  {MEMORY}\n"
        f"  <iothreads>1</iothreads>\n"
        f"  <os><type arch='x86_64' machine='{machine}'>hvm</type>{boot}</os>\n"
        f"  <devices>\n{lines}{controller}\n  </devices>\n</domain>"
    )
    return xml, list(found.values())


def meaning(answer, name, *without):
    """What libvirt wrote back of one disk, but for its place, its name and these parts of it."""
    root = etree.fromstring(answer.xml)
    [element] = [d for d in root.iterfind("devices/disk") if d.find("target").get("dev") == name]
    for path in ("address", "target/@dev", *without):
        above, _, attribute = path.partition("@")
        for found in element.findall(above.rstrip("/") or "."):
            if "@" in path:
                found.attrib.pop(attribute, None)
            else:
                found.getparent().remove(found)
    return written(element)


def assert_converts(libvirt, before, domain, number, bus):
    """Libvirt accepts the converted guest, agrees on every disk, and takes the way back.

    `before` is what libvirt said of the guest as it was.
    """
    one = domain.disks[number]
    conversion = convert(one, bus)
    after = of_this(libvirt, conversion.domain)
    answer = libvirt.ask(after)
    assert answer.refusal is None, conversion.domain
    said = said_by_libvirt(answer)
    assert said[conversion.target]["bus"] == bus
    assert {other.target: inferred(other) for other in after.disks} == said
    assert_boots_as_before(libvirt, before, answer, conversion)
    back = convert(after.disks[number], infer(one).bus.value)
    again = libvirt.ask(of_this(libvirt, back.domain))
    assert again.refusal is None, back.domain
    lost = [dropped.name for dropped in conversion.dropped + back.dropped]
    lost += ["boot"] * (one.child("boot") is None)  # it may have been written out
    lost += ["serial"] * (one.child("serial") is None)  # which a drive of NVMe has got
    assert meaning(again, back.target, *lost) == meaning(before, one.target, *lost)
    return conversion


def assert_boots_as_before(libvirt, before, after, conversion):
    """The disks keep their turns; and where those are written out, they would have changed."""
    domain, now = conversion.disk.domain, read(conversion.domain)
    assert turns(before, domain) == turns(after, now)
    if len(now.element.findall("devices/*/boot")) > len(domain.element.findall("devices/*/boot")):
        for boot in now.element.findall("devices/*/boot"):
            boot.getparent().remove(boot)
        now.element.find("os").extend(copy.deepcopy(domain.element.findall("os/boot")))
        again = libvirt.ask(now)
        reread = libvirt.ask(read(again.xml))  # where a bus is written that was not
        assert turns(before, domain) != turns(again, now) or turns(reread, now) != turns(again, now)


def turns(answer, domain):
    """When QEMU tries each disk: 1 is the first."""
    given = {target: holder(answer, device) for target, device in devices(answer).items()}
    return [given.get(one.target, {}).get("bootindex") for one in domain.disks]


@pytest.mark.live
@each_boot
def test_boot_asked(devices, boot, bus, orders, libvirt):
    """libvirt gives the disks the turns that they had, and reads back the rest."""
    domain = read(guest(devices, boot=boot))
    conversion = convert(domain.disks[0], bus)
    after = libvirt.ask(read(conversion.domain))
    assert after.refusal is None
    assert_boots_as_before(libvirt, libvirt.ask(domain), after, conversion)
    assert after.xml.count("<boot order=") == conversion.domain.count("<boot order=")


@pytest.mark.live
@each_file
def test_files_convert(file, libvirt):
    """Every disk of the course's guests goes to every bus that is not refused."""
    domain, ways = of_this(libvirt, file), 0
    before = libvirt.ask(domain)
    for number, one in enumerate(domain.disks):
        for bus in BUSES:
            if not refusal_of_disk(one, bus):
                assert_converts(libvirt, before, domain, number, bus)
                ways += 1
    assert ways >= len(domain.disks)


def refusal_of_disk(one, bus):
    try:
        convert(one, bus)
    except Unconvertible as refusal:
        return str(refusal)


@pytest.mark.live
def test_generated_domains_convert(libvirt):
    """In every direction on both machines; the other disks stay byte for byte."""
    done = Counter()

    @settings(
        max_examples=60, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(domains())
    def convert_all(drawn):
        xml, texts = drawn
        domain = of_this(libvirt, xml)
        before = libvirt.ask(domain)
        for number, one in enumerate(() if before.refusal else domain.disks):
            for bus in BUSES:
                if not refusal_of_disk(one, bus):
                    conversion = assert_converts(libvirt, before, domain, number, bus)
                    left = conversion.domain
                    for old, new in conversion.also:
                        left = left.replace(indented(new), indented(old))
                    assert sum(text in left for text in texts) == len(texts) - 1
                    done[infer(one).bus.value, bus] += 1

    convert_all()
    print(done)
    there = BUSES if of_this(libvirt, guest(IDE)).libvirt >= NVME_SINCE else MORE
    ways = [(old, new) for old in MORE for new in there if old != new]
    assert all(done[way] >= 3 for way in ways), done


VIRTIO_SCSI = "<controller type='scsi' index='0' model='virtio-scsi'/>"
MACHINES = [
    ("x86_64", "pc"), ("x86_64", "q35"), ("s390x", "s390-ccw-virtio"), ("ppc64", "pseries"),
    ("aarch64", "virt"), ("armv7l", "vexpress-a9"), ("aarch64", "raspi3b"), ("riscv64", "virt"),
]  # fmt: skip


@pytest.mark.live
@pytest.mark.parametrize("arch, machine", MACHINES)
def test_machines(arch, machine, libvirt):
    """What is refused because of the machine, libvirt refuses too, and nothing else."""
    machine = f"machine='{machine}'"
    for bus in BUSES:
        xml = guest(disk("", "dev='xvda' bus='xen'"), machine, arch)
        if refusal_of_disk(of_this(libvirt, xml).disks[0], bus):
            plain = disk("", f"dev='{usual_name(bus)}' bus='{bus}'")
            plain = guest(plain, machine, arch, VIRTIO_SCSI if bus == "scsi" else "")
            assert libvirt.ask(read(plain)).refusal, bus
        else:
            now = converted(xml, bus, dotted(libvirt.version)).domain
            assert libvirt.ask(of_this(libvirt, now)).refusal is None, bus


# What libvirt ignores or never sees there; libvirt 9.0 and QEMU 7.2 take queue_size anywhere.
NOT_REFUSED = ("alias", "driver", "driver/iothreads", "driver/@queue_size", "address")


@pytest.mark.live
@pytest.mark.parametrize("name", [name for name in DROPPED if name not in NOT_REFUSED])
def test_nothing_is_dropped_in_vain(name, libvirt):
    """Libvirt refuses the disk on the new bus with what was left out still in it."""
    xml, buses = DROPPED[name]
    for bus in buses:
        one = read(guest(xml).replace("</os>", "</os><iothreads>1</iothreads>")).disks[0]
        if infer(one).bus.value == bus:
            continue
        one.child("target").set("dev", usual_name(bus))
        one.child("target").set("bus", bus)
        assert libvirt.ask(one.domain).refusal, bus
