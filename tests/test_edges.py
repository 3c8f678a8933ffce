"""Where a rule ends: one step further, libvirt says otherwise.

Found by `make mutate`, which moves such edges. Each is asked of the real libvirt where there is one.
"""

import pytest
from agreement import disks_in, without_place
from test_refusals import GUEST, ORDINARY, RENAMED, anything, disks_of

from virtiolab import UnreadableXML, check, infer, read, resolve
from virtiolab.refusals import mend
from virtiolab.targets import disk_number
from virtiolab.xml import MAX_BYTES, one_line

FILE = "<source file='/a'/>"
VDA, SDA = "<target dev='vda'/>", "<target dev='sda' bus='scsi'/>"
SATA, USB = "<target dev='sda' bus='sata'/>", "<target dev='sda' bus='usb'/>"
CARD = "<controller type='scsi' index='0' model='virtio-scsi'/>"
SHARED = "<memoryBacking><access mode='shared'/></memoryBacking>"
SERVED = "<source type='unix' path='/s'/><target dev='vda' bus='virtio'/>"
COOKIE = (
    "<source protocol='https' name='a'><host name='h'/>"
    "<cookies><cookie name='c'>{}</cookie></cookies></source>"
)
RBD = "<source protocol='rbd' name='{}'><host name='h'/></source>"
NBD = "<source protocol='nbd'><host name='h' port='{}'/></source>"
THREADS = "<iothreads>3</iothreads><iothreadids><iothread id='1'/><iothread id='2'/></iothreadids>"

# The devices, what stands before them in the guest, and the error: None where libvirt takes it.
EDGES = {
    "bot on virtio": (f"<disk model='usb-bot'>{FILE}{VDA}</disk>", "", "model-not-of-bus"),
    "rotation on sata": (f"<disk>{FILE}{SATA[:-2]} rotation_rate='1'/></disk>", "", None),
    "rotation on usb": (
        f"<disk>{FILE}{USB[:-2]} rotation_rate='1'/></disk>", "", "rotation-rate-not-here",
    ),
    "rotation of a cdrom": (
        f"<disk device='cdrom'>{FILE}{SATA[:-2]} rotation_rate='1'/></disk>", "",
        "rotation-rate-not-here",
    ),
    "wwn on scsi": (f"<disk>{FILE}{SDA}<wwn>5000c50015ea71ac</wwn></disk>{CARD}", "", None),
    "wwn on sata": (
        f"<disk>{FILE}{SATA}<wwn>5000c50015ea71ac</wwn></disk>", "", "wwn-not-on-bus",
    ),
    "qcow2 for readers": (
        f"<disk><driver type='qcow2'/>{FILE}{VDA}<readonly/><shareable/></disk>", "", None,
    ),
    "iothread on scsi": (
        f"<disk><driver iothread='1'/>{FILE}{SDA}</disk>{CARD}", "<iothreads>1</iothreads>",
        "iothread-not-on-virtio",
    ),
    "the last iothread": (f"<disk><driver iothread='3'/>{FILE}{VDA}</disk>", THREADS, None),
    "one iothread more": (
        f"<disk><driver iothread='4'/>{FILE}{VDA}</disk>", THREADS, "iothread-undefined",
    ),
    "served": (f"<disk type='vhostuser' snapshot='no'>{SERVED}</disk>", SHARED, None),
    "served, serial": (
        f"<disk type='vhostuser' snapshot='no'>{SERVED}<serial>1</serial></disk>", SHARED,
        "vhostuser-without",
    ),
    "serial": (f"<disk>{FILE}{VDA}<serial>a_1.b +-</serial></disk>", "", None),
    "comma": (f"<disk>{FILE}{VDA}<serial>a,b</serial></disk>", "", "serial-unsafe"),
    "vendor of 8": (f"<disk>{FILE}{SDA}<vendor>12345678</vendor></disk>{CARD}", "", None),
    "vendor of 9": (
        f"<disk>{FILE}{SDA}<vendor>123456789</vendor></disk>{CARD}", "", "vendor-too-long",
    ),
    "pool": (f"<disk type='network'>{RBD.format('p/a')}{VDA}</disk>", "", None),
    "no pool": (
        f"<disk type='network'>{RBD.format('a')}{VDA}</disk>", "", "network-name-unsplit",
    ),
    "cookie": (f"<disk type='network'>{COOKIE.format('a')}{VDA}</disk>", "", None),
    "blank": (f"<disk type='network'>{COOKIE.format('a b')}{VDA}</disk>", "", "cookie-value"),
    "luks": (f"<disk><driver type='luks'/>{FILE}{VDA}</disk>", "", "format-luks"),
    "luks elsewhere": (f"<disk type='luks'>{FILE}{VDA}</disk>", "", "value-unknown"),
    "turn 1": (f"<disk>{FILE}{VDA}<boot order='1'/></disk>", "", None),
    "turn 0": (f"<disk>{FILE}{VDA}<boot order='0'/></disk>", "", "value-not-a-number"),
    "port": (f"<disk type='network'>{NBD.format(65535)}{VDA}</disk>", "", None),
    "no port": (
        f"<disk type='network'>{NBD.format(65536)}{VDA}</disk>", "", "value-not-a-number",
    ),
    "backing shared on usb": (
        f"<disk><driver type='qcow2'/>{FILE}{USB}<transient shareBacking='yes'/></disk>", "", None,
    ),
}  # fmt: skip
each_edge = pytest.mark.parametrize("name", EDGES)


def guest(devices, before=""):
    """A PC with these devices, and this before them."""
    return read(GUEST.format(**ORDINARY | {"xml": devices, "domain": before}))


@each_edge
def test_edge(name):
    """An error where libvirt refuses it, and none where it does not."""
    devices, before, code = EDGES[name]
    errors = [one.code for one in check(guest(devices, before)) if one.severity == "error"]
    assert errors == [code] * bool(code)


@pytest.mark.live
@each_edge
def test_libvirt_about_the_edge(name, libvirt):
    """It refuses just those."""
    devices, before, code = EDGES[name]
    answer = libvirt.ask(guest(devices, before))
    assert bool(answer.refusal) == bool(code), answer.refusal


def test_every_model_that_is_virtio():
    """Of a SCSI controller; libvirt makes virtio-scsi-pci of each (qemuBuildVirtioDevGetConfigDev)."""
    for model in ("virtio-scsi", "virtio-transitional", "virtio-non-transitional"):
        card = CARD.replace("virtio-scsi", model)
        assert infer(guest(f"<disk>{FILE}{SDA}</disk>{card}").disks[0]).virtio.value is True


@pytest.mark.live
def test_libvirt_about_those_models(libvirt):
    """QEMU's device is a virtio-scsi-pci."""
    for model in ("virtio-scsi", "virtio-transitional", "virtio-non-transitional"):
        card = CARD.replace("virtio-scsi", model)
        answer = libvirt.ask(guest(f"<disk>{FILE}{SDA}</disk>{card}"))
        assert "virtio-scsi-pci" in answer.argv


# ------------------------------------------------------------------------------- what is written back

# Byte for byte what libvirt 9.0 writes back.
RESOLVED = {
    "order of attributes": (
        "<disk><driver discard='unmap' io='native' rerror_policy='report' error_policy='stop'"
        " cache='none' type='qcow2'/><source file='/a'/><target dev='vda'/></disk>",
        "<driver name='qemu' type='qcow2' cache='none' error_policy='stop' rerror_policy='report'"
        " io='native' discard='unmap'/>",
    ),
    "units": (
        "<disk><driver type='qcow2'><metadata_cache><max_size unit='KB'>5</max_size>"
        "</metadata_cache></driver><source file='/a'/><target dev='vda'/></disk>",
        "<max_size unit='bytes'>5000</max_size>",
    ),
    "port": (
        "<disk type='network'><source protocol='nbd'><host name='h'/></source>"
        "<target dev='vda'/></disk>",
        "<host name='h' port='10809'/>",
    ),
    "cookies": (
        "<disk type='network'><source protocol='nbd' name='a'><host name='h' port='1'/>"
        "<cookies><cookie name='c'>v</cookie></cookies></source><target dev='vda'/></disk>",
        "<host name='h' port='1'/>\n  </source>",
    ),
    "snapshot": (
        "<disk snapshot='no'><source file='/a'/><target dev='vda'/></disk>",
        "<disk type='file' device='disk' snapshot='no'>",
    ),
}
each_resolved = pytest.mark.parametrize("name", RESOLVED)


@each_resolved
def test_written_back(name):
    """This is in it."""
    xml, part = RESOLVED[name]
    assert part in resolve(guest(xml).disks[0]).xml


@pytest.mark.live
@each_resolved
def test_libvirt_writes_it_back(name, libvirt):
    """Just so."""
    domain = guest(RESOLVED[name][0])
    [theirs] = disks_in(libvirt.ask(domain).xml).values()
    assert without_place(theirs) == resolve(domain.disks[0]).xml


@pytest.mark.live
def test_empty_limits_are_none(libvirt):
    """They do not take those of another disk, which is in no group either."""
    limits = "<iotune><total_iops_sec>9</total_iops_sec></iotune>"
    domain = guest(
        f"<disk>{FILE}{VDA}{limits}</disk>"
        "<disk><source file='/b.img'/><target dev='vdb' bus='virtio'/><iotune/></disk>"
    )
    theirs = disks_in(libvirt.ask(domain).xml)
    ours = {disk.target: resolve(disk).xml for disk in domain.disks}
    assert {name: without_place(xml) for name, xml in theirs.items()} == ours


def test_cookies_of_another_protocol():
    """libvirt does not look at them there, so it is said that they have no effect."""
    found = check(guest(RESOLVED["cookies"][0]))
    assert [one.code for one in found] == ["name-without-effect"]


# ---------------------------------------------------------------------------------- what is no fault


def test_two_readers_of_one_image():
    """Nobody writes, so nothing is lost."""
    disks = "".join(
        f"<disk>{FILE}<target dev='{dev}' bus='virtio'/><readonly/></disk>"
        for dev in ("vda", "vdb")
    )
    assert not check(guest(disks))


def test_vhdx_is_called_vhd():
    """By libvirt: its QEMU driver says vhdx to QEMU for it (qemuBlockStorageSourceGetFormatProps)."""
    disk = f"<disk><driver type='vhd'/><source file='/a.vhdx'/>{VDA}</disk>"
    assert not check(guest(disk))


@pytest.mark.live
def test_libvirt_about_vhdx(libvirt):
    """QEMU's driver is vhdx."""
    disk = f"<disk><driver type='vhd'/><source file='/a.vhdx'/>{VDA}</disk>"
    assert '"driver":"vhdx"' in libvirt.ask(guest(disk)).argv


# ---------------------------------------------------------------------------------------- what is mended


@pytest.mark.parametrize(("machine", "targets", "is_taken"), RENAMED)
def test_mended_the_first_is_tried_first(machine, targets, is_taken):
    """libvirt tries the first by name, unless a turn is written; that is the image it was before."""
    guest = GUEST.format(**ORDINARY | {"machine": machine, "xml": disks_of(*targets)})
    disks = mend(read(guest), anything).disks
    named = [(disk.target, disk.get("bus", "target")) for disk in disks]
    turns = [number for number, disk in enumerate(disks) if disk.child("boot") is not None]
    first = turns[0] if turns else _first(named)
    assert len(turns) <= 1
    assert disks[first].get("file", "source") == f"/{_first(targets) if is_taken else 0}"


def _first(targets):
    """Which disk libvirt puts first: of those on the bus that comes first, the lowest name."""
    bus = targets[0][1]
    return min((disk_number(name), n) for n, (name, its) in enumerate(targets) if its == bus)[1]


def test_renamed_disks_keep_their_order():
    """libvirt sorts the disks of a bus by their names."""
    disks = mend(guest(disks_of(("xvda", "xen"), ("xvdb", "xen"), ("xvdc", "xen")))).disks
    numbers = [disk_number(disk.target) for disk in disks]
    assert numbers == sorted(numbers)


def test_what_is_added_stands_where_libvirt_writes_it():
    """Before what comes later in virDomainDiskDefFormat."""
    disk = "<disk type='dir'><driver type='fat'/><source dir='/d'/>{}<serial>1</serial></disk>"
    [mended] = mend(guest(disk.format(VDA))).disks
    assert [child.tag for child in mended.element] == [
        "driver", "source", "target", "readonly", "serial",
    ]  # fmt: skip


def test_a_fix_takes_no_more_than_it_must():
    """A LUN is raw, whatever else its driver says."""
    lun = "<disk type='block' device='lun'><driver type='qcow2' cache='none'/><source dev='/d'/>"
    [mended] = mend(guest(f"{lun}{SDA}</disk>{CARD}")).disks
    assert dict(mended.child("driver").attrib) == {"type": "raw", "cache": "none"}


# -------------------------------------------------------------------------------------- hostile XML


def test_sizes():
    """One byte more is too large; and libxml2 itself goes 256 elements deep, like libvirt's."""
    disk = "<disk><!--{}--></disk>"
    left = MAX_BYTES - len(disk.format(""))
    assert MAX_BYTES == 1 << 20 and len(read(disk.format("x" * left)).disks) == 1
    for xml in (disk.format("x" * (left + 1)), "<disk>" + "<a>" * 300 + "</a>" * 300 + "</disk>"):
        with pytest.raises(UnreadableXML):
            read(xml)


def test_marks_pile_up_to_four():
    """Five marks on a letter would cover the line above."""
    assert one_line("e" + "\u0301" * 4) == "e" + "\u0301" * 4
    assert "\u0301" * 5 not in one_line("e" + "\u0301" * 5)
