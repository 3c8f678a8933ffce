"""The layers of a disk: held to what the real guests and the real QEMU said of each."""

import pytest
from lxml import html

from virtiolab import read
from virtiolab.course.layers import meeting, stack
from virtiolab.evidence.lessons import lessons
from virtiolab.evidence.record import recorded
from virtiolab.inference import VIRTIO_SCSI_MODELS
from virtiolab.views.stack import drawn, stack_as_html
from virtiolab.widgets import StackPicture

GUESTS = {
    name: said["guest"]["disks"][0]["drivers"]
    for name, said in recorded()["lessons"].items()
    if "refusal" not in said["guest"]
}
LOWEST = {
    name: next(one["driver"] for flag, one, _ in given if flag == "-blockdev")
    for name, said in recorded()["lessons"].items()
    for given in list(said["arguments"].get("arguments", {}).values())[:1]
}
HOST = "<host name='h'/></source>"
PROTOCOLS = {
    name: f"<disk type='network'><source protocol='{name}' name='{image}'>{HOST}<target dev='vda'/></disk>"
    for name, image in {
        "nbd": "a", "rbd": "a/b", "iscsi": "iqn.2013-07.com.example:a/1", "http": "a",
        "https": "a", "ftp": "a", "ftps": "a", "ssh": "a", "nfs": "/a", "gluster": "a/b",
    }.items()
}  # fmt: skip


def layer(disk, role):
    """The value of the layer with this role, or None if there is none."""
    return next((layer.value for layer in stack(disk) if layer.role == role), None)


def of_lesson(name):
    return lessons()[name].domain.disks[0]


@pytest.mark.parametrize("name", GUESTS)
def test_driver(name):
    """The guest's driver is the one that the booted guest said."""
    carrier, seen = "virtio-pci", GUESTS[name]
    said = layer(of_lesson(name), "driver").split(", ")
    assert said == [driver for driver in seen if driver != carrier]


@pytest.mark.parametrize("name", GUESTS)
def test_meeting(name):
    """A virtqueue wherever the guest said that its driver is on virtio."""
    is_virtio = any(driver.startswith("virtio") for driver in GUESTS[name])
    assert (meeting(of_lesson(name))[0] == "virtqueue") == is_virtio


@pytest.mark.parametrize("name", LOWEST)
def test_protocol(name):
    """What libvirt writes into the lowest -blockdev."""
    assert layer(of_lesson(name), "protocol") == LOWEST[name]


@pytest.mark.parametrize("name", LOWEST)
def test_format(name):
    """What libvirt writes into the -blockdev above it; of a raw image there may be none, as is said."""
    given = recorded()["lessons"][name]["arguments"]["arguments"]
    blocks = [one for flag, one, _ in next(iter(given.values())) if flag == "-blockdev"]
    [said] = [one for one in stack(of_lesson(name)) if one.role == "format"]
    assert said.value == (blocks[-1]["driver"] if "file" in blocks[-1] else "raw")
    assert ("no `-blockdev` of its own" in said.says) is (said.value == "raw")


@pytest.mark.live
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocols(protocol, libvirt):
    """Each way over the network is called what QEMU calls it."""
    xml = PROTOCOLS[protocol]
    domain = read(
        f"<domain><os><type machine='pc'>hvm</type></os><devices>{xml}</devices></domain>"
    )
    answer = libvirt.ask(domain)
    assert answer.refusal is None
    assert layer(domain.disks[0], "protocol") in [b["driver"] for b in answer.blocks.values()]


@pytest.mark.parametrize("name", lessons())
def test_picture_says_its_layers(name):
    """Every layer stands in the picture, in its text, in the table and in the text form."""
    disk = of_lesson(name)
    picture, shown = drawn(disk), StackPicture("<devices>" + lessons()[name].disks + "</devices>")
    parts = picture.inline().xpath("//*[contains(@class, 'vl-part')][not(contains(@class, 'rim'))]")
    assert len(parts) == len(stack(disk))
    for role in ("device", "format", "protocol"):
        assert layer(disk, role) in picture.says
    assert stack_as_html(disk, picture.image()).count("<tr") == len(stack(disk)) + 2
    assert lessons()[name].domain.disks[0].target in shown.static().html
    assert "<svg" not in shown.static().html and "device:" in shown.static().text


def test_every_scsi_model_that_libvirt_names_for_a_machine_has_a_driver():
    """And of virtio-scsi all three."""
    for model in (*VIRTIO_SCSI_MODELS, "lsilogic", "ibmvscsi"):
        xml = f"<disk><target dev='sda'/></disk><controller type='scsi' index='0' model='{model}'/>"
        assert layer(read(f"<devices>{xml}</devices>").disks[0], "driver")


@pytest.mark.parametrize(("device", "driver"), [("cdrom", "host_cdrom"), ("disk", "host_device")])
def test_a_drive_of_the_host(device, driver):
    """QEMU drives a CD drive by commands of its own. What is named decides, which libvirt looks at as
    it starts a guest: so it is not asked here."""
    xml = f"<disk type='block' device='{device}'><source dev='/dev/sr0'/><target dev='hda'/></disk>"
    assert layer(read(xml).disks[0], "protocol") == driver


def test_a_served_disk_has_no_format():
    """Of vhostuser QEMU reads nothing."""
    xml = "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vda' bus='virtio'/></disk>"
    roles = [layer.role for layer in stack(read(xml).disks[0])]
    assert roles == ["programs", "driver", "device", "outside", "source"]


def test_no_disk():
    """A guest without one is told so, in every form."""
    shown = StackPicture("<domain type='kvm'/>")
    for said in (shown.shown.value, shown.static().html, shown.static().text):
        assert "disk" in said and "There is no" in said


def test_a_source_that_nobody_wrote():
    """An empty drive states none."""
    [drive] = read("<disk device='cdrom'><target dev='hda'/></disk>").disks
    page = html.fromstring(stack_as_html(drive, drawn(drive).image()))
    [row] = page.xpath("//tr[@class='vl-layer-source']")
    assert "(not written)" in row.text_content() and "stated" not in row.text_content()


def test_a_menu_for_several_disks():
    """Each has its picture."""
    xml = "<devices><disk><target dev='vda'/></disk><disk><target dev='hda'/></disk></devices>"
    shown = StackPicture(xml)
    assert "virtio_blk" in shown.shown.value and shown.disk.layout.display == ""
    shown.disk.value = 1
    assert "ata_piix" in shown.shown.value and "virtio_blk" not in shown.shown.value
    assert StackPicture("<disk><target dev='vda'/></disk>").disk.layout.display == "none"
