"""What check() says of paths: of such as QEMU cannot open, and of such as are seldom meant."""

import subprocess

import pytest
from agreement import of_this

from virtiolab import check, read
from virtiolab.refusals import mend

GUEST = (
    "<domain type='qemu'><name>d</name><memory>65536</memory>"
    "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>"
)
DISK = "<disk type='{}'><driver type='raw'/><source {}='{}'/><target dev='vda'/></disk>"
ATTRIBUTES = {"file": "file", "block": "dev"}


def codes(type, path):
    """What is said of a disk with this path."""
    return [problem.code for problem in check(read(DISK.format(type, ATTRIBUTES[type], path)))]


@pytest.mark.parametrize(
    "path",
    [
        "/a.img", "/srv/my images/a b.img", "/dev/shm/a.raw", "/dev/hugepages/a", "/mnt/dev/sda.img",
        "/rhev/data-center/mnt/a", "/a", "/var/lib/libvirt/images/seed", "/dev/fd/3", "/a:b/c.img", "//a.img",
    ],
)  # fmt: skip
def test_files(path):
    """Nothing is wrong with these."""
    assert codes("file", path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/dev/vg0/a.img", "/dev/mapper/vg0-a", "/dev/disk/by-id/ata-x", "/dev/disk/by-path/pci-x-lun-0",
        "/dev/zvol/tank/vm/a", "/dev/drbd/by-res/a/0", "/dev/drbd0", "/dev/nbd0", "/dev/loop0", "/dev/sr0",
        "/dev/cdrom", "/dev/md/data", "/dev/rbd/pool/a", "/run/links/a", "/rhev/data-center/mnt/blockSD/a",
    ],
)  # fmt: skip
def test_devices(path):
    """Nor with these."""
    assert codes("block", path) == []


@pytest.mark.parametrize(
    "path",
    [
        "/dev/sda",
        "/dev/sdab1",
        "/dev/hdb",
        "/dev/nvme0n1",
        "/dev/nvme1n1p2",
        "/dev/dm-3",
        "/dev/zd16",
    ],
)
def test_unstable_names(path):
    """Names in the order of discovery are worth a note, and no more."""
    [problem] = check(read(DISK.format("block", "dev", path)))
    assert (problem.code, problem.severity, problem.fix) == ("device-unstable", "note", None)


@pytest.mark.parametrize(
    "path",
    ["images/a.img", "~/a.img", "$HOME/a.img", "./a.img", "C:/a.img", "a", "../a.img", "json:{}"],
)
def test_no_absolute_path(path):
    """Nobody can tell where it is."""
    assert codes("file", path) == ["path-relative"]


@pytest.mark.parametrize(
    "path,source",
    [
        ("file:///srv/a.img", "<source file='/srv/a.img'/>"),
        ("file:/srv/a.img", "<source file='/srv/a.img'/>"),
        ("ssh://nas/vm/a.img", "<source protocol='ssh' name='/vm/a.img'><host name='nas' port='22'/></source>"),
        ("file://localhost/srv/a.img", "<source file='/srv/a.img'/>"),
        ("FILE:///srv/a.img", "<source file='/srv/a.img'/>"),
        ("rbd:pool/a", "<source protocol='rbd' name='pool/a'/>"),
        ("rbd:pool/a@snap", "<source protocol='rbd' name='pool/a@snap'/>"),
        ("http://nas/a.img", "<source protocol='http' name='a.img'><host name='nas' port='80'/></source>"),
        ("https://nas:8443/vm/a.img", "<source protocol='https' name='vm/a.img'><host name='nas' port='8443'/></source>"),
        ("nbd://nas/export", "<source protocol='nbd' name='export'><host name='nas' port='10809'/></source>"),
        ("iscsi://nas/iqn.2026-01.org.example:a/1", "<source protocol='iscsi' name='iqn.2026-01.org.example:a/1'><host name='nas' port='3260'/></source>"),
        ("http://[fd00::1]/a.img", "<source protocol='http' name='a.img'><host name='fd00::1' port='80'/></source>"),
    ],
)  # fmt: skip
@pytest.mark.live
def test_addresses(path, source, libvirt):
    """They are on a network, and libvirt takes what is made of them."""
    domain = of_this(libvirt, GUEST.format(DISK.format("file", "file", path)))
    mended = mend(domain)
    assert check(mended) == [] and libvirt.ask(mended).refusal is None
    wanted = of_this(
        libvirt,
        GUEST.format(DISK.format("file", "file", "/a").replace("<source file='/a'/>", source)),
    )
    [disk], [other] = mended.disks, wanted.disks
    assert dict(disk.child("source").attrib) == dict(other.child("source").attrib)
    assert [dict(one.attrib) for one in disk.child("source")] == [
        dict(one.attrib) for one in other.child("source")
    ]


@pytest.mark.parametrize(
    "path", ["nbd://nas", "http:///a.img", "http://[nas/a.img", "http://nas:port/a.img"]
)
def test_half_an_address(path):
    """Nothing is made up."""
    [problem] = check(read(DISK.format("file", "file", path)))
    assert (problem.code, problem.fix) == ("path-of-url", None)


@pytest.mark.parametrize(
    "path",
    ["rbd:image", "rbd:pool/a:id=admin", "file://server/a.img", "file:a.img", "file:///a%20b.img"],
)
def test_more_than_a_name(path):
    """Nothing of it is lost: there is no fix."""
    [problem] = check(read(DISK.format("file", "file", path)))
    assert problem.code in ("path-of-rbd", "path-of-file") and problem.fix is None


CHAIN = (
    "<disk type='file'><driver type='qcow2'/><source file='/a.qcow2'/><target dev='vda'/>"
    "<backingStore type='{}'><format type='{}'/><source {}='{}'/></backingStore></disk>"
)


@pytest.mark.parametrize(
    "kind,format,path,code",
    [
        ("file", "raw", "/dev/vg0/base", "device-as-file"), ("block", "raw", "/base.img", "image-as-device"),
        ("file", "raw", "base.img", "path-relative"), ("file", "raw", "rbd:pool/base", "path-of-rbd"),
        ("block", "raw", "/dev/sdb", "device-unstable"), ("file", "raw", "/base.qcow2", "format-other"),
        ("file", "qcow2", "/base.qcow2", None), ("block", "qcow2", "/dev/vg0/base", None),
    ],
)  # fmt: skip
def test_images_below(kind, format, path, code):
    """The same of a backing image, and the fix is made there."""
    domain = read(CHAIN.format(kind, format, ATTRIBUTES[kind], path))
    found = check(domain)
    assert [problem.code for problem in found] == [code] * bool(code)
    if found and found[0].edits:
        mended = mend(domain)
        assert check(mended) == []
        assert mended.disks[0].get("file", "source") == "/a.qcow2"


@pytest.mark.parametrize(
    "path,device,bus,wrong",
    [
        ("/debian.iso", "disk", "sata", True), ("/debian.iso", "disk", "virtio", True),
        ("/debian.ISO", "disk", "scsi", True), ("/debian.iso", "cdrom", "sata", False),
        ("/debian.iso", "disk", "usb", False), ("/seed.iso", "disk", "virtio", False),
        ("/vm-cidata.iso", "disk", "virtio", False), ("/cloud-init.iso", "disk", "sata", False),
    ],
)  # fmt: skip
def test_an_iso_as_a_hard_disk(path, device, bus, wrong):
    """Not on a stick, and not the small disk of cloud-init; it changes what the guest finds."""
    xml = f"<disk device='{device}'><driver type='raw'/><source file='{path}'/><target dev='sda' bus='{bus}'/></disk>"
    found = [problem for problem in check(read(xml)) if problem.severity == "warning"]
    assert [problem.code for problem in found] == ["iso-as-disk"] * wrong
    assert not any(problem.keeps_hardware for problem in found if problem.edits)


@pytest.mark.live
def test_qemu_opens_no_device_as_a_file(tmp_path, qemu_img):
    """And no file as a device: in QEMU's own words."""
    image = tmp_path / "a.img"
    image.write_bytes(bytes(512))
    for driver, path, opens in (
        ("file", "/dev/null", False), ("file", image, True), ("host_device", image, False),
    ):  # fmt: skip
        options = f"driver={driver},filename={path}"
        run = subprocess.run(
            [qemu_img, "info", "--image-opts", options],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (run.returncode == 0) is opens
        assert opens or f"'{driver}' driver requires '{path}' to be" in run.stderr


def test_a_gluster_address():
    """Its fix is of no use where QEMU has no gluster."""
    old, new = (
        check(read(DISK.format("file", "file", "gluster://nas/volume/a.img"), libvirt))
        for libvirt in ("11.3.0", "12.9.0")
    )
    assert [one.code for one in old] == [one.code for one in new] == ["path-of-url"]
    assert "protocol='gluster'" in old[0].fix and new[0].fix is None
