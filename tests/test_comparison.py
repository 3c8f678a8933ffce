"""`virtiolab ask`: the first three rungs for each disk, beside what is inferred."""

import json
import random
from pathlib import Path

import pytest
from test_command_line import DOMAINS, run  # noqa: F401 (a fixture)
from wild import guest

from virtiolab import data, read
from virtiolab.evidence import rungs
from virtiolab.evidence.arguments import devices, is_unclear
from virtiolab.evidence.comparison import Compared, Comparison, compare
from virtiolab.evidence.libvirt import Answer
from virtiolab.views.beside_libvirt import comparison_as_text

DISK = b"<disk><source file='/a'/><target dev='vda'/></disk>"
LUN = b"""<disk type='block' device='lun'><source dev='/dev/sda'/><target dev='sda' bus='scsi'/>
<address type='drive' target='3'/></disk>"""
GUEST = (
    b"<domain type='kvm'><name>d</name><memory>65536</memory><os><type>hvm</type></os>"
    b"<devices>%s</devices></domain>"
)
EXAMPLES = Path(__file__).parent / "examples"
VERSIONS = {"libvirt": "9.0.0", "QEMU": "7.2.22"}
live = pytest.mark.live


@live
@pytest.mark.parametrize("file", sorted(DOMAINS.glob("*.xml")), ids=lambda file: file.stem)
def test_the_files_of_the_course(run, libvirt, file):
    """libvirt accepts each guest, and says the same of every disk."""
    status, [line], _ = run("ask", "--json", file)
    said = json.loads(line)
    assert status == 0 and said["refusal"] is None and said["file"] == str(file)
    assert len(said["disks"]) == len(read(Path(file)).disks)
    for disk in said["disks"]:
        assert disk["disagreements"] == [] and disk["schema"] == []
        assert len(disk["said"]) == 11 and disk["arguments"]


@live
def test_side_by_side(run, libvirt):
    """What virtiolab infers, what libvirt said, and the line that settles it."""
    status, out, err = run("ask", "-", stdin=DISK)
    text = "\n".join(out)
    assert status == 0 and not err
    assert "libvirt was asked about an ordinary one" in text
    assert "says the same as virtiolab about every disk." in text
    assert "bus          virtio          virtio" in text
    assert "-device virtio-blk-pci  <-- this settles it: virtio" in text
    assert "From target/@dev (as no target/@bus is written)." in " ".join(text.split())


@live
def test_a_bus_that_is_written(run, libvirt):
    """Then it decides, and the name does not."""
    _, out, _ = run("ask", "-", stdin=DISK.replace(b"'vda'", b"'vda' bus='virtio'"))
    assert "the kind of device. From target/@bus." in " ".join(" ".join(out).split())


@live
def test_a_guest_that_is_refused(run, libvirt):
    """Its reason, and each disk alone, so that the culprit is known."""
    status, out, _ = run("ask", "-", stdin=GUEST % (LUN + DISK))
    text = " ".join(" ".join(out).split())
    assert status == 1 and "refuses this guest: unsupported configuration: target must be 0" in text
    assert "alone, refused" in text and "alone, accepted" in text
    assert "every disk that it accepts" in text


@live
@pytest.mark.parametrize(
    "xml,which",
    [
        (
            LUN,
            "machine pc, with a controller of model virtio-scsi. In one with machine pc and no more",
        ),
        (
            DISK.replace(b"</disk>", b"<address type='pci' bus='3' slot='0'/></disk>"),
            "machine q35.",
        ),
        (DISK, "machine pc."),
    ],
)
def test_a_part_of_a_guest(xml, which, run, libvirt):
    """It is asked about in a guest that suits its address, and which one is said."""
    status, out, _ = run("ask", "-", stdin=xml)
    assert status == 0 and f"x86_64, {which}" in " ".join(" ".join(out).split())


@live
@pytest.mark.parametrize(
    "wrong,on_which",
    [
        ("<watchdog model='none-such'/>", ""),
        ("<disk><source file='/b'/><target dev='vdb'/></disk><tpm model='x'/>", ""),
        ("<type machine='pc-q35-0.1'>", " on the machine q35"),
    ],
)
def test_a_guest_that_is_refused_for_something_else(wrong, on_which, run, libvirt):
    """It is asked about again with its disks and controllers alone, and says so."""
    guest = (GUEST % DISK).decode()
    guest = (
        guest.replace("<type>", wrong)
        if "machine" in wrong
        else guest.replace("</dev", wrong + "</dev")
    )
    status, out, _ = run("ask", "-", stdin=guest.encode())
    text = " ".join(" ".join(out).split())
    assert status == 1 and "As it is, libvirt refuses this guest: " in text
    assert f"about the disks and their controllers alone{on_which}. " in text
    assert "says the same as virtiolab about every disk." in text and "alone, " not in text
    _, [line], _ = run("ask", "--json", "-", stdin=guest.encode())
    said = json.loads(line)
    assert said["refusal"] and not any(disk["refusal"] for disk in said["disks"])


@live
def test_a_guest_without_arguments(run, libvirt):
    """Of Xen's bus: define accepts it, and only on the next rung it is refused."""
    xen = DISK.replace(b"vda", b"xvda")
    for xml, alone in ((xen, ""), (xen + DISK, "alone, ")):
        status, out, _ = run("ask", "-", stdin=xml)
        text = " ".join(" ".join(out).split())
        assert status == 1 and "accepts this guest, and makes no arguments for QEMU: " in text
        assert f"2 libvirt {alone}accepted" in text and "bus xen xen" in text
        assert "3 QEMU gets nothing: refused internal error: unsupported disk bus" in text
    status, [line], _ = run("ask", "--json", "-", stdin=xen)
    [disk] = json.loads(line)["disks"]
    assert status == 1 and "xen" in disk["refusal"] and disk["said"] and not disk["arguments"]


@live
def test_what_the_schema_says(run, libvirt):
    """It does not stand in libvirt's way: only `virsh define --validate` asks it."""
    status, out, _ = run("ask", "-", stdin=DISK.replace(b"dev=", b"dve='x' dev="))
    text = "\n".join(out)
    assert status == 0 and "1 schema     not valid" in text and "/disk/target/@dve" in text


def whatever():
    """The guests of the course, the examples, and many drawn, the same each time."""
    for file in (*sorted(DOMAINS.glob("*.xml")), *sorted(EXAMPLES.glob("*.xml"))):
        yield file.read_bytes()
    draw = random.Random(12)
    yield from (guest(draw.choice).encode() for _ in range(500))


@live
def test_it_never_falls_over(libvirt):
    """An answer about every disk, or libvirt's own reason; and every argument with a sentence."""
    asked, shared = 0, rungs.shared()
    for xml in whatever():
        domain = read(xml)
        said = compare(domain, shared)
        text = comparison_as_text(said)
        assert json.dumps(said.as_dict()) and len(said.disks) == len(domain.disks)
        for one in said.disks:
            assert one.said or one.answer.refusal, xml
            keys = [(given.driver, key) for given in one.arguments for key in given.keys]
            assert not [(driver, key.name) for driver, key in keys if not key.meaning], xml
        assert not domain.disks or said.versions["QEMU"] in text
        assert "cannot be told" not in text, xml
        asked += any(one.arguments for one in said.disks)
    assert asked > 250


@live
def test_an_argument_that_nobody_has_explained(libvirt, monkeypatch):
    """It is shown, with a sentence that says so."""
    known = data.facts("evidence/arguments.toml")
    less = {table: {} for table in known}
    monkeypatch.setattr("virtiolab.evidence.arguments.data.facts", lambda _: less)
    text = " ".join(comparison_as_text(compare(read(DISK), rungs.shared())).split())
    assert 'driver = "virtio-blk-pci" virtiolab cannot explain this one' in text


def test_which_device_is_whose_cannot_be_told():
    """Of other numbers of disks and devices nothing is guessed."""
    disks = "".join(f"<disk><target dev='vd{name}' bus='virtio'/></disk>" for name in "ab")
    one = """-device '{"driver": "virtio-blk-pci", "id": "virtio-disk0"}'"""
    answer = Answer(xml=f"<domain><devices>{disks}</devices></domain>", argv=one)
    assert devices(answer) == {} and is_unclear(answer)


def test_a_disagreement_is_loud():
    """At the top, and in its row."""
    [disk] = read(DISK).disks
    ours, theirs = {"bus": "virtio", "format": "raw"}, {"bus": "ide", "format": "raw"}
    answer = Answer(xml="", argv="")
    one = Compared(disk, [], answer, ours, theirs | {"virtio": False}, [], {})
    ours["virtio"] = False
    text = comparison_as_text(Comparison([one], VERSIONS, "9.0.0", answer, []))
    assert text.startswith(
        "DISAGREEMENT: libvirt 9.0.0 with QEMU 7.2.22 says something else about vda."
    )
    [row] = [line for line in text.splitlines() if "NOT THE SAME" in line]
    assert row.split()[:3] == ["bus", "virtio", "ide"]
    assert one.disagreements == ["bus"]


@live
@pytest.mark.parametrize(
    "xml",
    [
        b"""<disk type='network'><auth username='a'><secret type='ceph' usage='x'/></auth>
        <source protocol='rbd' name='p/a'><host name='h'/></source><target dev='vda'/></disk>""",
        b"<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>",
        b"""<domain type='kvm'><memoryBacking><access mode='shared'/></memoryBacking>
        <os><type arch='x86_64' machine='pc'>hvm</type></os><devices><disk type='vhostvdpa'>
        <driver cache='none'/><source dev='/dev/vhost-vdpa-0'/><target dev='vda'/></disk>
        </devices></domain>""",
    ],
    ids=["secret", "volume", "vdpa"],
)
def test_what_the_host_keeps(run, libvirt, xml):
    """Is no refusal: libvirt accepts the guest, and nobody asks a daemon for it."""
    status, out, _ = run("ask", "-", stdin=xml)
    text = " ".join(" ".join(out).split())
    if b"vdpa" in xml and libvirt.version < (9, 8, 0):
        assert status == 1 and "Invalid value for attribute 'type'" in text
        return
    assert status == 0 and "refuse" not in text and "sock" not in text
    assert "need a secret, a storage pool or a vDPA device of the host" in text
    assert "bus virtio virtio" in text
    _, [line], _ = run("ask", "--json", "-", stdin=xml)
    said = json.loads(line)
    assert said["refusal"] is None and said["disks"][0]["refusal"] is None


@live
@pytest.mark.parametrize(
    ("xml", "note"),
    [
        ("<domain><os><type>hvm</type></os><devices>{}</devices></domain>", ""),
        ("<domain><os><type arch='' machine=''>hvm</type></os><devices>{}</devices></domain>", ""),
        (
            "<domain type='xen'><os><type>hvm</type></os><devices>{}</devices></domain>",
            "This is no guest of QEMU, but it was asked about as if it were one.",
        ),
        ("<devices>{}</devices>", "This is no whole guest"),
    ],
    ids=["no machine", "empty machine", "xen", "fragment"],
)
def test_asked_in_another_guest(run, libvirt, xml, note):
    """It is said, and what is compared is about that guest."""
    disks = (
        "<disk><source file='/a'/><target dev='sda'/></disk><disk device='cdrom'><source file=''/>"
    )
    status, out, _ = run(
        "ask", "-", stdin=xml.format(disks + "<target dev='sdb'/></disk>").encode()
    )
    text = " ".join(" ".join(out).split())
    assert status == 0 and text.startswith(note) and "says the same as virtiolab" in text


@live
@pytest.mark.parametrize(
    "source",
    [
        "",
        "<source/>",
        "<source file=''/>",
        "<source><slices><slice type='storage' offset='0' size='512'/></slices></source>",
    ],
)
def test_an_empty_drive(run, libvirt, source):
    """It has no type for either, whatever else its source holds."""
    xml = f"<disk device='cdrom'>{source}<target dev='sda' bus='sata'/></disk>"
    _, [line], _ = run("ask", "--json", "-", stdin=xml.encode())
    [disk] = json.loads(line)["disks"]
    assert disk["said"]["type"] == {"virtiolab": None, "libvirt": None}


@live
def test_libvirt_has_no_answer(run, libvirt):
    """That is no refusal of either driver, and not said to be one."""
    crash = b"""<disk type='network'><source protocol='iscsi' name=''/><target dev='vda'/></disk>"""
    _, out, _ = run("ask", "-", stdin=crash)
    text = " ".join(out)
    if libvirt.version == (9, 0, 0):
        assert "has no answer about this guest: libvirt itself crashed" in text
        assert "no answer" in text and "accepts it" not in text


@live
def test_several_files(run, libvirt):
    """One libvirt answers about all of them."""
    files = sorted(DOMAINS.glob("*.xml"))[:3]
    status, out, _ = run("ask", *files)
    asked = list(rungs._made)
    run("ask", *files)
    assert status == 0 and len(asked) == 1 and rungs._made == asked
    assert sum("says the same as virtiolab" in line for line in out) == 3


def test_not_installed(run, monkeypatch):
    """3, and how to get it, in one line."""
    monkeypatch.setattr("virtiolab.evidence.libvirt.SYSTEM_PYTHON", "/nonexistent/python3")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(rungs, "_made", [])
    status, out, [err] = run("ask", "-", stdin=DISK)
    assert status == 3 and not out and "apt-get install python3-libvirt" in err


def test_unreadable(run):
    """2, as with every command."""
    assert run("ask", "-", stdin=b"<disk")[0] == 2


@live
def test_hostile_names_stay_on_their_line(run, libvirt):
    """Neither a terminal nor a reader is fooled by what stands in the XML."""
    xml = "<disk><driver t\u00e9='\u202e\u009b31m'/><source file='/a\u009b31m'/><target dev='vda'/></disk>"
    _, out, _ = run("ask", "-", stdin=xml.encode())
    assert not set("\x1b\x9b\u202e") & set("\n".join(out))
