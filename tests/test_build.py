"""Choices to XML and back: against XML written by hand, libvirt's schema and the real libvirt."""

import copy
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from agreement import of_this
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

from virtiolab import read, syntax
from virtiolab.build import MAX_ENTRIES, build, choices
from virtiolab.data import NEWEST, facts
from virtiolab.evidence.schema import HOW_TO_GET_IT, schema_file
from virtiolab.rewriting.choices import choices_of
from virtiolab.rewriting.resolution import resolve
from virtiolab.syntax import entries, lookup
from virtiolab.xml import written


def version_of(since):
    """Of libvirt, such as (9, 2)."""
    found = re.search(r"(\d+)\.(\d+)", since or "0.0")
    return int(found[1]), int(found[2])


# What libvirt 9.0 and its schema do not know yet.
NEWER = {name for name, choice in choices().items() if version_of(choice.entry.since) > (9, 0)}
# What else is no sound disk for that schema, and why.
NOT_VALID = {
    "an empty drive": "libvirt reads no path there, the schema wants one",
    "a clone of an encrypted image": "since 9.3.0",
    "a chain without types, where libvirt does not look": "such a chain ends at once",
    "ssh": "since 9.8.0, though libvirt 9.0 took it",
    "vhostvdpa": "since 9.8.0",
    "what libvirt does not look at comes last": "not looked at is not allowed",
}

SETTINGS = dict(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
UUID = "6b079a0d-e275-4bc0-8b9f-04e45e13fe67"

# What is chosen, and the XML as libvirt's documentation and libvirt itself order it, by hand.
EXAMPLES = {
    "nothing": ({}, "<disk/>"),
    "the contract's": (
        dict(type="file", source="/a.qcow2", target="vda", bus=None, format="qcow2"),
        """
<disk type='file'>
  <driver type='qcow2'/>
  <source file='/a.qcow2'/>
  <target dev='vda'/>
</disk>
""",
    ),
    "no type is a file": (
        dict(source="/a&b's", readonly=False, discard=None),
        """
<disk>
  <source file='/a&amp;b&apos;s'/>
</disk>
""",
    ),
    "an empty drive": (
        dict(device="cdrom", source="", target="sda", bus="sata", tray="open", readonly=True),
        """
<disk device='cdrom'>
  <source file=''/>
  <target dev='sda' bus='sata' tray='open'/>
  <readonly/>
</disk>
""",
    ),
    "the basics": (
        dict(
            readonly=True, discard="unmap", io="native", cache="none", format="raw", bus="virtio",
            target="vda", source="/dev/vg/a", device="disk", type="block",
        ),
        """
<disk type='block' device='disk'>
  <driver type='raw' cache='none' io='native' discard='unmap'/>
  <source dev='/dev/vg/a'/>
  <target dev='vda' bus='virtio'/>
  <readonly/>
</disk>
""",
    ),
    "the head of a LUN": (
        dict(
            type="block", device="lun", rawio="yes", sgio="filtered", snapshot="no",
            source="/dev/sdc", startup_policy="optional", reservations="no",
            reservations_migration="yes", reservations_type="unix", reservations_path="/pr.sock",
            reservations_mode="client", target="sda", bus="scsi", dpofua="on",
            address_type="drive", address_controller=0, address_bus=0, address_target=0,
            address_unit=3,
        ),
        """
<disk type='block' device='lun' rawio='yes' sgio='filtered' snapshot='no'>
  <source dev='/dev/sdc' startupPolicy='optional'>
    <reservations managed='no' migration='yes'>
      <source type='unix' path='/pr.sock' mode='client'/>
    </reservations>
  </source>
  <target dev='sda' bus='scsi' dpofua='on'/>
  <address type='drive' controller='0' bus='0' target='0' unit='3'/>
</disk>
""",
    ),
    "dir": (
        dict(type="dir", device="floppy", source="/d", format="fat", target="fda", readonly=True),
        """
<disk type='dir' device='floppy'>
  <driver type='fat'/>
  <source dir='/d'/>
  <target dev='fda'/>
  <readonly/>
</disk>
""",
    ),
    "rbd": (
        dict(
            type="network", protocol="rbd", source="vms/web", host=["mon1", "mon2", "::1"],
            port=[None, 6789], rbd_snapshot="s1", rbd_config="/etc/ceph/c.conf", username="libvirt",
            auth_type="ceph", auth_uuid=UUID, encryption="luks2", encryption_engine="librbd",
            encryption_type="passphrase", encryption_usage="web", target="vda",
        ),
        f"""
<disk type='network'>
  <source protocol='rbd' name='vms/web'>
    <host name='mon1'/>
    <host name='mon2' port='6789'/>
    <host name='::1'/>
    <snapshot name='s1'/>
    <config file='/etc/ceph/c.conf'/>
    <auth username='libvirt'>
      <secret type='ceph' uuid='{UUID}'/>
    </auth>
    <encryption format='luks2' engine='librbd'>
      <secret type='passphrase' usage='web'/>
    </encryption>
  </source>
  <target dev='vda'/>
</disk>
""",
    ),
    "a clone of an encrypted image": (
        dict(
            encryption="luks-any", encryption_type=["passphrase", "passphrase"],
            encryption_usage=["clone", None], encryption_uuid=[None, UUID],
        ),
        f"""
<disk>
  <source>
    <encryption format='luks-any'>
      <secret type='passphrase' usage='clone'/>
      <secret type='passphrase' uuid='{UUID}'/>
    </encryption>
  </source>
</disk>
""",
    ),
    "iscsi": (
        dict(
            type="network", protocol="iscsi", source="iqn.2013-07.com.example:disks/2",
            host="example.com", port="3260", initiator="iqn.2020-01.com.me:x", username="me",
            auth_type="iscsi", auth_usage="the target",
        ),
        """
<disk type='network'>
  <source protocol='iscsi' name='iqn.2013-07.com.example:disks/2'>
    <host name='example.com' port='3260'/>
    <initiator>
      <iqn name='iqn.2020-01.com.me:x'/>
    </initiator>
    <auth username='me'>
      <secret type='iscsi' usage='the target'/>
    </auth>
  </source>
</disk>
""",
    ),
    "https": (
        dict(
            type="network", device="cdrom", protocol="https", source="a.iso", query="k=v&w",
            host="h", port=8443, ssl_verify="no", cookie=["a", "b"], cookie_value=["1", '"2"'],
            readahead=1024, timeout=6, target="sda",
        ),
        """
<disk type='network' device='cdrom'>
  <source protocol='https' name='a.iso' query='k=v&amp;w'>
    <host name='h' port='8443'/>
    <ssl verify='no'/>
    <cookies>
      <cookie name='a'>1</cookie>
      <cookie name='b'>&quot;2&quot;</cookie>
    </cookies>
    <readahead size='1024'/>
    <timeout seconds='6'/>
  </source>
  <target dev='sda'/>
</disk>
""",
    ),
    "nbd": (
        dict(
            type="network", protocol="nbd", source="x", tls="yes", tls_hostname="h.example",
            host=["h"], reconnect_delay=10,
        ),
        """
<disk type='network'>
  <source protocol='nbd' name='x' tls='yes' tlsHostname='h.example'>
    <host name='h'/>
    <reconnect delay='10'/>
  </source>
</disk>
""",
    ),
    "gluster": (
        dict(
            type="network", protocol="gluster", source="vol/a.img", host=["h", None, None],
            transport=[None, "unix"], socket=[None, "/g.sock"],
        ),
        """
<disk type='network'>
  <source protocol='gluster' name='vol/a.img'>
    <host name='h'/>
    <host transport='unix' socket='/g.sock'/>
  </source>
</disk>
""",
    ),
    "nfs": (
        dict(type="network", protocol="nfs", source="/e/a", host="h", nfs_user="u", nfs_group="+9"),
        """
<disk type='network'>
  <source protocol='nfs' name='/e/a'>
    <host name='h'/>
    <identity user='u' group='+9'/>
  </source>
</disk>
""",
    ),
    "ssh": (
        dict(
            type="network", protocol="ssh", source="/a", host="h", ssh_username="u",
            ssh_keyfile="/k", ssh_agentsock="/s", known_hosts="/h",
        ),
        """
<disk type='network'>
  <source protocol='ssh' name='/a'>
    <host name='h'/>
    <knownHosts path='/h'/>
    <identity username='u' keyfile='/k' agentsock='/s'/>
  </source>
</disk>
""",
    ),
    "sheepdog": (
        dict(type="network", protocol="sheepdog", source="image", host="h", port="7000"),
        """
<disk type='network'>
  <source protocol='sheepdog' name='image'>
    <host name='h' port='7000'/>
  </source>
</disk>
""",
    ),
    "volume": (
        dict(type="volume", pool="p", source="v", pool_mode="host", target="vdb"),
        """
<disk type='volume'>
  <source pool='p' volume='v' mode='host'/>
  <target dev='vdb'/>
</disk>
""",
    ),
    "nvme": (
        dict(
            type="nvme", source_type="pci", managed="yes", namespace=1, nvme_domain="0x0000",
            nvme_bus="0x01", nvme_slot="0x00", nvme_function="0x0", target="vda",
        ),
        """
<disk type='nvme'>
  <source type='pci' managed='yes' namespace='1'>
    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
  </source>
  <target dev='vda'/>
</disk>
""",
    ),
    "vhostuser": (
        dict(
            type="vhostuser", source_type="unix", source="/a.sock", reconnect="yes",
            reconnect_timeout=10, target="vda",
        ),
        """
<disk type='vhostuser'>
  <source type='unix' path='/a.sock'>
    <reconnect enabled='yes' timeout='10'/>
  </source>
  <target dev='vda'/>
</disk>
""",
    ),
    "vhostvdpa": (
        dict(type="vhostvdpa", source="/dev/vhost-vdpa-0", target="vda"),
        """
<disk type='vhostvdpa'>
  <source dev='/dev/vhost-vdpa-0'/>
  <target dev='vda'/>
</disk>
""",
    ),
    "in the source of a file": (
        dict(
            type="file", source="/a.img", fdgroup="fds", slice_type="storage", slice_offset=1024,
            slice_size=4096, seclabel_model=["dac", "selinux"], relabel=["no", "yes"],
            label=[None, "system_u:object_r:a:s0"],
        ),
        """
<disk type='file'>
  <source file='/a.img' fdgroup='fds'>
    <slices>
      <slice type='storage' offset='1024' size='4096'/>
    </slices>
    <seclabel model='dac' relabel='no'/>
    <seclabel model='selinux' relabel='yes'>
      <label>system_u:object_r:a:s0</label>
    </seclabel>
  </source>
</disk>
""",
    ),
    "the driver": (
        dict(
            driver="qemu", format="qcow2", error_policy="enospace", rerror_policy="report",
            copy_on_read="on", discard="unmap", detect_zeroes="unmap", metadata_cache=8,
            metadata_cache_unit="MiB",
        ),
        """
<disk>
  <driver name='qemu' type='qcow2' error_policy='enospace' rerror_policy='report' \
copy_on_read='on' discard='unmap' detect_zeroes='unmap'>
    <metadata_cache>
      <max_size unit='MiB'>8</max_size>
    </metadata_cache>
  </driver>
</disk>
""",
    ),
    "threads": (
        dict(
            io="threads", ioeventfd="on", event_idx="off", discard_no_unref="on", queues=4,
            queue_size=256, iothreads=[1, 2],
        ),
        """
<disk>
  <driver io='threads' ioeventfd='on' event_idx='off' discard_no_unref='on' queues='4' \
queue_size='256'>
    <iothreads>
      <iothread id='1'/>
      <iothread id='2'/>
    </iothreads>
  </driver>
</disk>
""",
    ),
    "virtio": (
        dict(
            model="virtio-transitional", iothread=1, iommu="on", ats="on", packed="off",
            page_per_vq="on", target="vda",
        ),
        """
<disk model='virtio-transitional'>
  <driver iothread='1' iommu='on' ats='on' packed='off' page_per_vq='on'/>
  <target dev='vda'/>
</disk>
""",
    ),
    "a chain with its end": (
        dict(
            source="/top", backing_type=["file", "network"], backing=["/b.qcow2", "x"],
            backing_format=["qcow2", "raw"], backing_protocol=[None, "nbd"],
            backing_host=[None, "h"], backing_port=[None, 10809], backing_end=True,
        ),
        """
<disk>
  <source file='/top'/>
  <backingStore type='file'>
    <format type='qcow2'/>
    <source file='/b.qcow2'/>
    <backingStore type='network'>
      <format type='raw'/>
      <source protocol='nbd' name='x'>
        <host name='h' port='10809'/>
      </source>
      <backingStore/>
    </backingStore>
  </backingStore>
</disk>
""",
    ),
    "a chain without types, where libvirt does not look": (
        dict(source="/top", backing=["/b", "/c"], backing_format=[None, "raw"]),
        """
<disk>
  <source file='/top'/>
  <backingStore>
    <source file='/b'/>
    <backingStore>
      <source file='/c'/>
      <format type='raw'/>
    </backingStore>
  </backingStore>
</disk>
""",
    ),
    "no chain": (
        dict(source="/top", backing_end=True),
        """
<disk>
  <source file='/top'/>
  <backingStore/>
</disk>
""",
    ),
    "shape and identity": (
        dict(
            source="/a", backend_domain="storage", cyls=16383, heads=16, secs=63, trans="lba",
            logical_block_size=512, physical_block_size=4096, discard_granularity=4096,
            target="sda", bus="usb", removable="on", rotation_rate=7200, shareable=True,
            transient=True, share_backing="yes", serial="WD-WMAP9A966149", wwn="5000c50015ea71ac",
            vendor="QEMU", product="R&D", boot_order=1, loadparm="2", alias="ua-a", acpi_index=7,
        ),
        """
<disk>
  <source file='/a'/>
  <backenddomain name='storage'/>
  <geometry cyls='16383' heads='16' secs='63' trans='lba'/>
  <blockio logical_block_size='512' physical_block_size='4096' discard_granularity='4096'/>
  <target dev='sda' bus='usb' removable='on' rotation_rate='7200'/>
  <shareable/>
  <transient shareBacking='yes'/>
  <serial>WD-WMAP9A966149</serial>
  <wwn>5000c50015ea71ac</wwn>
  <vendor>QEMU</vendor>
  <product>R&amp;D</product>
  <boot order='1' loadparm='2'/>
  <alias name='ua-a'/>
  <acpi index='7'/>
</disk>
""",
    ),
    "limits in total": (
        dict(
            target="vda", total_bytes_sec=1, total_bytes_sec_max=2, total_bytes_sec_max_length=3,
            total_iops_sec=4, total_iops_sec_max=5, total_iops_sec_max_length=6, size_iops_sec=7,
            group_name="g", throttle_filter=["slow", "a & b"],
        ),
        """
<disk>
  <target dev='vda'/>
  <iotune>
    <total_bytes_sec>1</total_bytes_sec>
    <total_iops_sec>4</total_iops_sec>
    <total_bytes_sec_max>2</total_bytes_sec_max>
    <total_iops_sec_max>5</total_iops_sec_max>
    <size_iops_sec>7</size_iops_sec>
    <group_name>g</group_name>
    <total_bytes_sec_max_length>3</total_bytes_sec_max_length>
    <total_iops_sec_max_length>6</total_iops_sec_max_length>
  </iotune>
  <throttlefilters>
    <throttlefilter group='slow'/>
    <throttlefilter group='a &amp; b'/>
  </throttlefilters>
</disk>
""",
    ),
    "limits of reads and writes": (
        dict(
            read_bytes_sec=1, write_bytes_sec=2, read_iops_sec=3, write_iops_sec=4,
            read_bytes_sec_max=5, write_bytes_sec_max=6, read_iops_sec_max=7,
            write_iops_sec_max=8, read_bytes_sec_max_length=9, write_bytes_sec_max_length=10,
            read_iops_sec_max_length=11, write_iops_sec_max_length=12,
        ),
        """
<disk>
  <iotune>
    <read_bytes_sec>1</read_bytes_sec>
    <write_bytes_sec>2</write_bytes_sec>
    <read_iops_sec>3</read_iops_sec>
    <write_iops_sec>4</write_iops_sec>
    <read_bytes_sec_max>5</read_bytes_sec_max>
    <write_bytes_sec_max>6</write_bytes_sec_max>
    <read_iops_sec_max>7</read_iops_sec_max>
    <write_iops_sec_max>8</write_iops_sec_max>
    <read_bytes_sec_max_length>9</read_bytes_sec_max_length>
    <write_bytes_sec_max_length>10</write_bytes_sec_max_length>
    <read_iops_sec_max_length>11</read_iops_sec_max_length>
    <write_iops_sec_max_length>12</write_iops_sec_max_length>
  </iotune>
</disk>
""",
    ),
    "pci": (
        dict(
            address_type="pci", address_domain="0x0000", address_bus="0x00", address_slot="0x05",
            address_function="0x0", address_multifunction="on", zpci_uid="0x0001", zpci_fid="0x2",
        ),
        """
<disk>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0' multifunction='on'>
    <zpci uid='0x0001' fid='0x2'/>
  </address>
</disk>
""",
    ),
    "ccw": (
        dict(
            address_type="ccw", address_cssid="0xfe", address_ssid="0x0", address_devno="0x00a1"
        ),
        """
<disk>
  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x00a1'/>
</disk>
""",
    ),
    "usb": (
        dict(address_type="usb", address_bus=0, address_port="1.2"),
        """
<disk>
  <address type='usb' bus='0' port='1.2'/>
</disk>
""",
    ),
    "spapr-vio": (
        dict(address_type="spapr-vio", address_reg="0x2000"),
        """
<disk>
  <address type='spapr-vio' reg='0x2000'/>
</disk>
""",
    ),
    "virtio-mmio": (
        dict(address_type="virtio-mmio"),
        """
<disk>
  <address type='virtio-mmio'/>
</disk>
""",
    ),
    "what libvirt does not look at comes last": (
        dict(type="block", source="/dev/a", pool="p", host="h", auth_type="ceph", username="u"),
        """
<disk type='block'>
  <source dev='/dev/a' pool='p'>
    <auth username='u'>
      <secret type='ceph'/>
    </auth>
    <host name='h'/>
  </source>
</disk>
""",
    ),
}  # fmt: skip
every_example = pytest.mark.parametrize("chosen, xml", EXAMPLES.values(), ids=EXAMPLES)


def read_back(xml):
    """The choices in a disk's XML."""
    return choices_of(read(xml).disks[0])


def normal(chosen):
    """Choices as they are read back."""
    found = {name: _normal(choices()[name], value) for name, value in chosen.items()}
    if found.get("share_backing") is not None:
        found["transient"] = True  # its element is written with it
    return {name: value for name, value in found.items() if value is not None}


def _normal(choice, value):
    if not isinstance(value, list):
        blank = isinstance(value, str) and not value.strip() and "@" not in choice.path
        return (
            None
            if value is False or value is None or blank
            else value
            if value is True
            else str(value)
        )
    values = [_normal(choice, one) for one in value]
    while values and values[-1] is None:
        values.pop()
    return values if len(values) > 1 else values[0] if values else None


@every_example
def test_example(chosen, xml):
    """The XML that is wanted, and back."""
    assert build(**chosen) == xml.lstrip("\n") + "\n" * (not xml.endswith("\n"))
    assert read_back(xml) == normal(chosen)


def test_order_of_choices_does_not_matter():
    """Nor how one value in a list is given."""
    chosen, xml = EXAMPLES["rbd"]
    assert build(**dict(reversed(chosen.items()))) == xml.lstrip()
    assert build(host=("a",), port=[1]) == build(port="1", host="a")


def test_every_choice_is_exercised():
    """By an example that writes it, here or among the disks that together have every name."""
    files = Path(__file__).with_name("examples").glob("*.xml")
    disks = [disk for file in files for disk in read(file).disks]
    written = [*(chosen for chosen, _ in EXAMPLES.values()), *map(choices_of, disks)]
    assert {name for one in written for name in normal(one)} == set(choices())


# ---------------------------------------------------------------------------- the table of choices


def test_groups():
    """The contract's names and others that are used most stand in the first group."""
    basics = [name for name, choice in choices().items() if choice.group == "Basics"]
    assert list(choices())[: len(basics)] == basics and 8 <= len(basics) <= 12
    assert {"type", "source", "target", "bus", "format"} <= set(basics)


def test_offered_values():
    """They are the vocabulary's, where it lists any."""
    assert choices()["bus"].values == tuple(lookup("/disk/target/@bus").values)
    assert "network" in choices()["type"].values and choices()["serial"].values == ()
    assert all(choice.entry.meaning for choice in choices().values())


# What the vocabulary explains and nobody is asked: what libvirt writes for itself, what only other
# devices have, the old places of <auth> and <encryption>, and what hardly anybody wants.
NOT_CHOSEN = """
disk/mirror mirror/ disk/privateData source/privateData source/@index backingStore/@index
address/@iobase address/@irq address/@base
disk/auth disk/encryption seclabel/@labelskip acpi/@nodeset encryption/cipher cipher/
encryption/ivgen ivgen/ reservations/source/reconnect source/dataStore dataStore/
iothread/queue queue/ driver/statistics statistics/ statistic/ latency-histogram/ bin/
format/metadata_cache source/address/@multifunction backingStore/backingStore format/@type
""".split()


def test_nothing_is_forgotten():
    """Each name of the vocabulary can be chosen, or is known not to be."""
    seen = set()
    for choice in choices().values():
        steps = choice.path.replace("*", "").replace("{type}", "file").split("/")
        for end in range(len(steps) + 1):
            seen.add(id(lookup("/".join(["/disk", *steps[:end]]))))
    seen |= {
        id(lookup(f"/disk/source/@{name}")) for name in ("dev", "dir", "name", "volume", "path")
    }
    left = [key for key, entry in entries().items() if id(entry) not in seen]
    unknown = [key for key in left if not key.startswith(tuple(NOT_CHOSEN))]
    assert unknown == [] and all(any(k.startswith(n) for k in left) for n in NOT_CHOSEN)


def test_every_place_is_where_libvirt_looks():
    """A path leads through syntax.toml, and has a star exactly where that has one."""
    for choice in choices().values():
        shapes = [syntax._shape("disk", NEWEST)]
        for step in choice.path.split("/"):
            name = step.strip("@*")
            if step[0] == "@":
                assert step == "@{type}" or any(name in s.attributes for s in shapes), choice
                continue
            again = {child.again for s in shapes for child in s.children if child.name == name}
            variants = [key for key in facts("syntax.toml") if key.partition(".")[0] == name]
            shapes = [syntax._shape(key, NEWEST) for key in variants or [name]]
            is_nest = any(name in shape.places for shape in shapes) and name != "source"
            # Of the hosts of an image in a chain there is one choice: the first.
            if not (choice.group == "Backing" and name == "host"):
                assert step == name + ("**" if is_nest else "*" if again == {True} else ""), choice


def test_attributes_of_sources():
    """Each type but nvme, whose source has no one name; the attribute is one that libvirt reads."""
    for kind in lookup("/disk/@type").values:
        if kind == "nvme":
            with pytest.raises(ValueError):
                build(type=kind, source="a")
        else:
            source = etree.fromstring(build(type=kind, source="a")).find("source")
            [name] = source.keys()
            assert name in syntax.shape_of(source).attributes


def test_import_is_cheap():
    """No file is read before the first choice."""
    code = "import sys, virtiolab.build; sys.exit('tomllib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_a_function():
    """Also after the file of the same name has been imported, as the widgets do."""
    import virtiolab

    assert virtiolab.build is build


# --------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "chosen, said",
    [
        (dict(formt="raw"), "build() knows no choice 'formt'; did you mean 'format'?"),
        (
            dict(boot_ordr=1, type="file"),
            "build() knows no choice 'boot_ordr'; did you mean 'boot_order'?",
        ),
        (dict(xyzzy=None), "build() knows no choice 'xyzzy'"),
    ],
)
def test_unknown_choice(chosen, said):
    """The nearest known one is named, if one is near."""
    with pytest.raises(TypeError) as error:
        build(**chosen)
    assert str(error.value) == said


@pytest.mark.parametrize(
    "chosen, said",
    [
        (dict(cache=1.5), "cache takes text or a number, not a value of type float."),
        (dict(cache=b"none"), "cache takes text or a number, not a value of type bytes."),
        (dict(cache=["none"]), "cache takes text or a number, not a value of type list."),
        (dict(copy_on_read=True), "copy_on_read takes text or a number, not a value of type bool."),
        (dict(host=[["a"]]), "host takes text or a number, not a value of type list."),
        (dict(readonly="yes"), "readonly is True or False, not a value of type str."),
        (dict(readonly=1), "readonly is True or False, not a value of type int."),
        (dict(backing_end=[True]), "backing_end is True or False, not a value of type list."),
        (dict(serial="a\0"), "serial holds the character U+0000, which XML cannot hold here."),
        (dict(source="a\nb"), "source holds the character U+000A, which XML cannot hold here."),
        (dict(source="\ud800"), "source holds the character U+D800, which XML cannot hold here."),
        (dict(source="\uffff"), "source holds the character U+FFFF, which XML cannot hold here."),
        (dict(host=["h"] * 201), "host has more than 200 entries."),
        (
            dict(type="nvme", source="a"),
            "source cannot be written for type 'nvme', only for file, block, dir, network, volume,"
            " vhostuser, vhostvdpa, ctl.",
        ),
        (
            dict(backing=["a", "b"], backing_type=[None, "fiel"]),
            "backing cannot be written for type 'fiel', only for file, block, dir, network, volume,"
            " vhostuser, vhostvdpa, ctl.",
        ),
    ],
)
def test_unwritable(chosen, said):
    """One sentence."""
    with pytest.raises(ValueError) as error:
        build(**chosen)
    assert str(error.value) == said


def test_longest_chain():
    """What build() takes, read() can read."""
    chosen = dict(backing=["/b"] * MAX_ENTRIES, backing_host=["h"] * MAX_ENTRIES, backing_end=True)
    assert read_back(build(**chosen)) == chosen


# ---------------------------------------------------------------------------------- there and back

TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]).filter(
    lambda c: c not in "\ufffe\uffff"), max_size=9)  # fmt: skip
TEXTS_AND_NUMBERS = st.none() | st.just(False) | TEXTS | st.integers()


@cache
def values_of(name):
    """A strategy for the values of a choice, among them many that libvirt refuses."""
    choice = choices()[name]
    if choice.flag:
        return st.sampled_from([None, True, False])
    listed = [value for value in choice.values if value != "nvme"]
    one = st.sampled_from([None, *listed]) if listed else TEXTS_AND_NUMBERS
    if "type" not in name:
        one = one | TEXTS_AND_NUMBERS
    return one | st.lists(one, max_size=4) if choice.repeats else one


CHOICES = st.lists(st.sampled_from(list(choices())), max_size=30, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: values_of(name) for name in names})
)


@settings(max_examples=400, **SETTINGS)
@given(CHOICES)
def test_round_trip(chosen):
    """Everything that is written is read back, whatever it is."""
    xml = build(**chosen)
    assert read_back(xml) == normal(chosen)
    assert build(**read_back(xml)) == xml


# --------------------------------------------------------------------------- disks that make sense

PLACES = [  # device, bus, name: what a pc machine takes
    dict(target="vda"), dict(target="vdb", bus="virtio"), dict(device="disk", target="sdc"),
    dict(target="sda", bus="sata"), dict(target="sdb", bus="usb"), dict(target="hdb"),
    dict(target="sda", bus="scsi", device="disk"), dict(device="cdrom", target="hdc", bus="ide"),
    dict(device="cdrom", target="sdb", bus="sata"), dict(device="cdrom", target="sdb"),
]  # fmt: skip
SOURCES = [
    dict(source="/a.img"), dict(type="file", source="/b's & \"c\" <d> ä.img"),
    dict(type="file", source="/c", startup_policy="mandatory"),
    dict(type="block", source="/dev/vg/a"),
    dict(type="nvme", source_type="pci", namespace=1, managed="no", nvme_bus="0x01", nvme_slot="2"),
    dict(type="network", protocol="rbd", source="p/a", host=["h", "::1"], port=[6789],
         rbd_snapshot="s", rbd_config="/c"),
    dict(type="network", protocol="iscsi", source="iqn.2013-07.com.example:disks/2", host="h",
         initiator="iqn.2020-01.com.me:x"),
    dict(type="network", protocol="nbd", source="x", host="h", tls="no", tls_hostname="n"),
    dict(type="network", protocol="nbd", transport="unix", socket="/n.sock"),
    dict(type="network", protocol="gluster", source="vol/a", host=["h", None],
         transport=[None, "unix"], socket=[None, "/g"]),
    dict(type="network", protocol="https", source="/a", host="h", port=8443, query="k=v",
         ssl_verify="no", readahead=1024, timeout=6, cookie=["a", "b"], cookie_value=["1", "2"]),
    dict(type="network", protocol="ftp", source="/a", host="h", timeout=2),
    dict(type="network", protocol="ssh", source="/a", host="h"),
    dict(type="network", protocol="nfs", source="/e/a", host="h", nfs_user="+7", nfs_group="9"),
]  # fmt: skip
FAT = dict(type="dir", source="/d", format="fat", readonly=True)
VHOSTUSER = dict(
    type="vhostuser", source_type="unix", source="/s", reconnect="yes", reconnect_timeout=10
)


def on(*names):
    """A condition: the name of the disk begins so."""
    return lambda chosen: chosen["target"].startswith(names)


def has(**wanted):
    """A condition: this is chosen."""
    return lambda chosen: all(chosen.get(name) == value for name, value in wanted.items())


def hard_disk(chosen):
    """A condition: no CD-ROM drive."""
    return chosen.get("device") != "cdrom"


def always(chosen):
    """No condition."""
    return True


# Of each slot one line at most, where its condition holds.
SLOTS = [
    [(always, dict(format="raw")), (always, dict(format="qcow2", driver="qemu")),
     (always, dict(driver="qemu", format="vmdk"))],
    [(always, dict(cache="none", io="native")), (always, dict(cache="writethrough")),
     (always, dict(cache="unsafe", io="io_uring")), (always, dict(io="threads"))],
    [(always, dict(error_policy="enospace", rerror_policy="report")),
     (always, dict(error_policy="stop"))],
    [(always, dict(discard="unmap", detect_zeroes="unmap")), (always, dict(detect_zeroes="off")),
     (on("vd"), dict(iothread=1)), (on("vd"), dict(queues=4, queue_size=256)),
     (on("vd"), dict(ioeventfd="on", event_idx="off")),
     (on("vd"), dict(iommu="on", ats="on", packed="off", page_per_vq="on"))],
    [(has(format="qcow2"), dict(metadata_cache=8, metadata_cache_unit="MiB")),
     (has(format="qcow2"), dict(backing_type="file", backing="/b", backing_format="raw")),
     (has(format="qcow2"), dict(
         backing_type=["block", "network"], backing=["/dev/b", "x"],
         backing_format=["qcow2", "raw"], backing_protocol=[None, "nbd"],
         backing_host=[None, "h"], backing_port=[None, 1], backing_end=True)),
     (always, dict(backing_end=True))],
    [(has(type="block"), dict(seclabel_model="selinux", relabel="yes", label="a:b")),
     (has(type="file"), dict(seclabel_model=["dac", "selinux"], relabel=["no", "no"]))],
    [(lambda c: hard_disk(c) and not on("hd")(c) and c.get("bus") != "sata", dict(readonly=True)),
     (hard_disk, dict(copy_on_read="on")),
     (lambda c: hard_disk(c) and c.get("format") == "raw", dict(shareable=True)),
     (lambda c: hard_disk(c) and c.get("type") == "file", dict(transient=True))],
    [(always, dict(total_bytes_sec=10**6, total_bytes_sec_max=10**7, total_bytes_sec_max_length=5,
                   total_iops_sec=100, size_iops_sec=8192, group_name="g")),
     (always, dict(read_bytes_sec=9, write_bytes_sec=9, read_iops_sec=9, write_iops_sec=9)),
     (always, dict(write_iops_sec=100, write_iops_sec_max=200, read_bytes_sec=5))],
    [(always, dict(serial="WD-WMAP9A966149")), (on("hd"), dict(wwn="5000c50015ea71ac")),
     (has(bus="scsi"), dict(wwn="5000c50015ea71ac")),
     (has(bus="scsi"), dict(vendor="QEMU", product="R&D 'x'"))],
    [(always, dict(logical_block_size=512, physical_block_size=4096)),
     (lambda c: c.get("bus") != "usb", dict(cyls=16383, heads=16, secs=63)),
     (on("hd"), dict(cyls=16383, heads=16, secs=63, trans="lba")),
     (always, dict(slice_type="storage", slice_offset=1024, slice_size=4096))],
    [(always, dict(boot_order=1)), (always, dict(alias="ua-disk_1")),
     (on("vd"), dict(acpi_index=11, boot_order=3))],
    [(on("vd"), dict(model="virtio-transitional")), (on("vd"), dict(model="virtio")),
     (has(bus="usb"), dict(removable="on")), (has(device="cdrom"), dict(tray="open")),
     (lambda c: hard_disk(c) and c.get("bus") in ("sata", "scsi"), dict(rotation_rate=7200))],
    [(always, dict(snapshot="internal")), (always, dict(snapshot="no")),
     (always, dict(snapshot="manual"))],
    [(on("vd"), dict(address_type="pci", address_domain="0x0000", address_bus="0x00",
                     address_slot="0x15", address_function="0x0")),
     (has(bus="usb"), dict(address_type="usb", address_bus=0, address_port=1)),
     (has(bus="scsi"), dict(address_type="drive", address_controller=2, address_unit=5)),
     (has(bus="ide"), dict(address_type="drive", address_bus=1, address_unit=0))],
]  # fmt: skip
RESERVATIONS = [
    {}, dict(reservations="yes"), dict(rawio="yes", sgio="filtered"),
    dict(reservations="no", reservations_type="unix", reservations_path="/pr",
         reservations_mode="client"),
]  # fmt: skip


BEYOND = [  # right as well, but they lean on more of the host than is in the tests
    dict(target="vda", format="raw") | EXAMPLES["rbd"][0],
    dict(target="vdb", format="qcow2") | EXAMPLES["iscsi"][0] | dict(
        encryption="luks", encryption_type="passphrase", encryption_uuid=UUID),
    dict(target="vdc", pool_mode="direct", type="volume", pool="p", source="v"),
    dict(target="vdd", startup_policy="optional", type="file", source="/a", fdgroup="fds"),
]  # fmt: skip


@st.composite
def sane_disks(draw):
    """Choices of a disk that libvirt takes on a pc machine."""
    kind = draw(st.sampled_from(["any"] * 9 + ["vhostuser", "lun", "floppy"]))
    if kind == "vhostuser":
        return (
            VHOSTUSER | draw(st.sampled_from([{}, dict(queues=2), dict(boot_order=1)])) | PLACES[0]
        )
    if kind == "lun":
        lun = dict(device="lun", type="block", source="/dev/sdc", target="sda", bus="scsi")
        return lun | draw(st.sampled_from(RESERVATIONS))
    if kind == "floppy":
        floppy = dict(device="floppy", target="fda")
        return floppy | draw(st.sampled_from([{}, SOURCES[0], FAT]))
    chosen = draw(st.sampled_from(SOURCES)) | draw(st.sampled_from(PLACES))
    for slot in SLOTS:
        fitting = [part for condition, part in slot if condition(chosen)]
        part = draw(st.sampled_from([{}, {}, *fitting]))
        chosen = chosen | part
    return chosen


def guest_with(xml):
    """A whole domain that holds this disk and what such disks want to find."""
    return (
        "<domain type='qemu'><name>d</name><memory>65536</memory>"
        "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
        "<iothreads>3</iothreads><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
        f"{xml}<controller type='scsi' index='0' model='virtio-scsi'/></devices></domain>"
    )


@pytest.fixture(scope="module")
def relaxng():
    """Libvirt's schema for a domain."""
    if schema_file() is None:
        pytest.skip(HOW_TO_GET_IT)
    return etree.RelaxNG(file=str(schema_file()))


@pytest.mark.schema
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_valid(name, relaxng):
    """But for what is newer than the schema may be; with the target that every disk has to have."""
    chosen = {"target": "vda"} | EXAMPLES[name][0]
    known = {name: value for name, value in chosen.items() if name not in NEWER}
    is_valid = relaxng.validate(etree.fromstring(guest_with(build(**known))))
    assert is_valid or name in NOT_VALID, relaxng.error_log


@pytest.mark.schema
@settings(max_examples=200, **SETTINGS)
@given(chosen=sane_disks())
def test_sane_disks_are_valid(chosen, relaxng):
    """With few attributes in <driver>: libxml2 takes 2 ** n steps for n of them."""
    xml = build(**chosen)
    is_valid = relaxng.validate(etree.fromstring(guest_with(xml)))
    assert is_valid or chosen.get("protocol") == "ssh", (xml, relaxng.error_log)


def paths_in(element, above=""):
    """Every element and attribute below one, in document order."""
    for child in element:
        path = f"{above}/{child.tag}"
        yield path
        yield from (f"{path}/@{name}" for name in child.keys())
        yield from paths_in(child, path)


def without_chosen_by_libvirt(disk, chosen):
    """A copy of libvirt's disk, without the address that it chose on a bus for the whole guest."""
    disk = copy.deepcopy(disk)
    address = disk.find("address")
    if "address_type" not in chosen and address is not None and address.get("type") != "drive":
        disk.remove(address)
    return disk


def agree(chosen, xml, disk, theirs):
    """Nothing is lost or stands in another order, and what libvirt added was foreseen."""
    theirs = without_chosen_by_libvirt(theirs, chosen)
    assert written(resolve(disk)) == written(theirs)
    ours, wrote = [*paths_in(etree.fromstring(xml))], [*paths_in(theirs)]
    assert [path for path in ours if path in wrote] == [path for path in wrote if path in ours]
    assert {path for path in ours if "cookie" not in path} <= set(wrote)  # cookies are secret


@pytest.mark.live
def test_libvirt_takes_what_is_built(libvirt):
    """At least 300 disks: none refused."""
    asked = set()

    @settings(max_examples=400, phases=[Phase.generate], **SETTINGS)
    @given(sane_disks())
    def ask(chosen):
        xml = build(**chosen)
        guest = of_this(libvirt, guest_with(xml))
        answer = libvirt.ask(guest)
        assert answer.refusal is None, (xml, answer.refusal)
        agree(chosen, xml, guest.disks[0], etree.fromstring(answer.xml).find("devices/disk"))
        asked.add(xml)

    ask()
    assert len(asked) >= 300


@pytest.mark.live
def test_libvirt_takes_what_it_cannot_start_here(libvirt):
    """It defines them. (Before it could look for the others' daemons, 5 seconds long, fds fail.)"""
    xmls = [build(**chosen) for chosen in BEYOND]
    guest = of_this(libvirt, guest_with("".join(xmls)))
    answer = libvirt.ask(guest)
    assert "file descriptor group 'fds' was not associated" in answer.refusal
    theirs = etree.fromstring(answer.xml).findall("devices/disk")
    for one in zip(BEYOND, xmls, guest.disks, theirs, strict=True):
        agree(*one)
