"""What libvirt would write back: a table by hand, and libvirt itself for the course's files."""

import re
import time
from itertools import chain

import pytest
from agreement import disks_in, of_this, without_place
from fuzz import seeds
from lxml import etree, html
from test_command_line import DOMAINS

from virtiolab import UnreadableXML, read, resolve
from virtiolab.rewriting.resolution import Resolution
from virtiolab.views.elements import MAX_TEXT, visible
from virtiolab.views.resolved import resolved_as_html, resolved_as_text

# Each is what every libvirt makes of it, written down by hand after asking them.
RESOLVED = {
    "<disk><source file='/a'/><target dev='vda'/></disk>": """
<disk type='file' device='disk'>
  <driver name='qemu' type='raw'/>
  <source file='/a'/>
  <target dev='vda' bus='virtio'/>
</disk>
""",
    "<disk device='cdrom' type='block'><target dev='ioemu:hdc' tray='closed'/></disk>": """
<disk type='file' device='cdrom'>
  <driver name='qemu' type='raw'/>
  <target dev='hdc' bus='ide'/>
  <readonly/>
  <address type='drive' controller='0' bus='1' target='0' unit='0'/>
</disk>
""",
    "<disk type='network'><source protocol='iscsi' name='iqn.a'><host name='h' transport='tcp'/>"
    "</source><target dev='sda'/><driver type='qcow2' cache='default' queues='0'/></disk>": """
<disk type='network' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source protocol='iscsi' name='iqn.a/0'>
    <host name='h' port='3260'/>
  </source>
  <target dev='sda' bus='scsi'/>
  <address type='drive' controller='0' bus='0' target='0' unit='0'/>
</disk>
""",
    "<disk type='nvme'><source type='pci' namespace='01'><address bus='1'/></source>"
    "<target dev='vda'/><typo/><boot order='02'/><alias name='virtio-disk0'/></disk>": """
<disk type='nvme' device='disk'>
  <driver name='qemu' type='raw'/>
  <source type='pci' managed='yes' namespace='1'>
    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
  </source>
  <target dev='vda' bus='virtio'/>
  <boot order='2'/>
</disk>
""",
    "<disk snapshot='no'><driver type='qcow2'><metadata_cache><max_size unit='KiB'>1</max_size>"
    "</metadata_cache></driver><source file=\"it's\"/><readonly/><target dev='sda' bus='scsi'/>"
    "<serial>a b</serial></disk>": """
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'>
    <metadata_cache>
      <max_size unit='bytes'>1024</max_size>
    </metadata_cache>
  </driver>
  <source file='it&apos;s'/>
  <target dev='sda' bus='scsi'/>
  <readonly/>
  <serial>a b</serial>
  <address type='drive' controller='0' bus='0' target='0' unit='0'/>
</disk>
""",
}  # fmt: skip


@pytest.mark.parametrize("xml", RESOLVED)
def test_by_hand(xml):
    """Byte for byte."""
    assert resolve(read(xml).disks[0]).xml == RESOLVED[xml].lstrip()


@pytest.mark.live
@pytest.mark.parametrize("xml", RESOLVED)
def test_the_hand_was_right(libvirt, xml):
    """libvirt says so."""
    guest = (
        "<domain type='qemu'><name>d</name><memory>65536</memory>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
        f"<devices>{xml}</devices></domain>"
    )
    [theirs] = disks_in(libvirt.ask(read(guest)).xml).values()
    assert without_place(theirs) == RESOLVED[xml].lstrip()


def test_the_disk_itself_stays():
    """Resolving changes nothing."""
    domain = read("<disk><source file='/a'/><target dev='vda'/></disk>")
    before = etree.tostring(domain.element)
    resolve(domain.disks[0])
    assert etree.tostring(domain.element) == before


def test_controllers():
    """The one that nobody wrote is said, with the model that the machine gives it."""
    guest = (
        "<domain type='kvm'><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}"
        "<disk><source file='/a'/><target dev='sda'/></disk></devices></domain>"
    )
    added = resolve(read(guest.format("")).disks[0]).controllers
    assert added == ["<controller type='scsi' index='0' model='lsilogic'/>\n"]
    written = guest.format("<controller type='scsi' index='0' model='virtio-scsi'/>")
    assert resolve(read(written).disks[0]).controllers == []


def test_shows_itself():
    """As text with comments, as HTML with <ins>; a hostile name stays text in both."""
    disk = read("<disk><source file='&lt;script>'/><target dev='vda'/><typo/></disk>").disks[0]
    shown = resolve(disk)
    assert "<target dev='vda' bus='virtio'/>  <!-- added: bus -->" in repr(shown)
    assert "<!-- left out: <typo> -->" in repr(shown)
    html = shown._repr_html_()
    assert "bus='virtio'</ins>" in html and "<script" not in html and "&amp;lt;script" in html


def test_what_is_shown_is_the_same_xml():
    """Behind the marks, of every disk that was met before."""
    for disk in (disk for xml in chain(*seeds()) for disk in disks_of(xml)):
        resolution = Resolution(disk)
        text = resolved_as_text([resolution])
        text = re.sub("(?s)\n<controller .*?</controller>", "", text)
        text = re.sub("\n<controller .*|  <!-- added.*?-->|\n<!-- left out.*?-->", "", text)
        [shown] = html.fromstring(resolved_as_html(resolution)).findall("pre")
        assert text + "\n" == resolution.xml
        if len(text) < MAX_TEXT:  # of longer values HTML shows the beginning
            assert shown.text_content().startswith(visible(resolution.xml))


def disks_of(xml):
    try:
        return read(xml).disks
    except UnreadableXML:
        return ()


def test_what_libvirt_refuses_is_resolved_all_the_same():
    """The nearest to it: a bad value stays as it is."""
    disk = read("<disk><driver cache='fast'/><target dev='odd'/></disk>").disks[0]
    assert "cache='fast'" in resolve(disk).xml and "dev='odd'" in resolve(disk).xml


@pytest.mark.live
@pytest.mark.parametrize("path", sorted(DOMAINS.glob("*.xml")), ids=lambda path: path.stem)
def test_the_files_of_the_course(libvirt, path):
    """Every disk of a whole guest, as libvirt writes it back."""
    domain = of_this(libvirt, path)
    answer = libvirt.ask(domain)
    assert answer.refusal is None
    theirs = disks_in(answer.xml)
    for disk in domain.disks:
        assert without_place(resolve(disk).xml) == without_place(theirs[disk.target])


MANY = {  # what took 10 seconds at least, when each of them looked at all the others
    "hosts of one disk": "<disk type='network'><source protocol='rbd' name='a'>"
    + "<host name='h'/>" * 15_000
    + "</source><target dev='vda'/></disk>",
    "disks in one group": "<disk><iotune><group_name>g</group_name></iotune></disk>" * 2000,
}


@pytest.mark.parametrize("xml", MANY.values(), ids=MANY)
def test_as_much_as_somebody_writes(xml):
    """The time grows with the number, not with its square."""
    begun = time.thread_time()
    for disk in read(xml).disks:
        resolve(disk)
    assert time.thread_time() - begun < 8
