"""Every answer is that of one libvirt. Whether it is the right one, test_agreement.py asks that libvirt."""

import json
import tomllib
from pathlib import Path

import pytest
from agreement import disagreements, of_this
from test_command_line import run  # noqa: F401  (a fixture)

import virtiolab
from virtiolab import check, explain, infer, read
from virtiolab.data import NEWEST, dotted, holds, version
from virtiolab.evidence.guests import as_text, in_guest
from virtiolab.evidence.record import recorded
from virtiolab.inference import USB_BOT_SINCE
from virtiolab.syntax import entries
from virtiolab.targets import NVME_SINCE

PACKAGE = Path(virtiolab.__file__).parent
ARM = "<domain type='kvm'><os><type arch='aarch64'{}>hvm</type></os><devices>{}</devices></domain>"
SDA = "<disk><source file='/a'/><target dev='sda'/></disk>"
VDA = "<disk><source file='/a'/><target dev='vda'/></disk>"
NVME = "<disk><source file='/a'/><target dev='nvme0n1'/><serial>s</serial></disk>"
CARD = "<controller type='scsi' index='0' model='virtio-scsi'/>"
PC = "<domain type='kvm'><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>{}</devices></domain>"
SDH = PC.format("<disk><source file='/a'/><target dev='sdh'/></disk>" + CARD)
EMPTY = PC.format("<disk device='cdrom'><target dev='sda' bus='usb'/></disk>")

# A guest, an answer, the version that changed it, and what it was and became.
CHANGES = [
    (ARM.format(" machine='virt'", SDA), "virtio", "11.6.0", False, True),
    (ARM.format("", VDA), "qemu_device", "9.3.0", None, "virtio-blk-pci"),
    (SDH, "virtio", "12.8.0", False, True),
    (NVME, "bus", "11.5.0", None, "nvme"),
    (EMPTY, "qemu_device", "11.5.0", "usb-storage", "usb-bot"),
]


@pytest.mark.parametrize("xml, row, since, before, after", CHANGES)
def test_answers_change(xml, row, since, before, after):
    """With the version, and neither before nor behind it."""
    major, minor, _ = version(since)
    last = f"{major}.{minor - 1}.9"
    found = [
        getattr(infer(read(xml, one).disks[0]), row).value for one in ("9.0", last, since, None)
    ]
    assert found == [before, before, after, after]


@pytest.mark.live
@pytest.mark.parametrize("xml, row, since, before, after", CHANGES)
def test_libvirt_changed_so(xml, row, since, before, after, libvirt):
    """The one that is installed is on its side of the change."""
    domain = of_this(libvirt, as_text(in_guest(read(xml), "pc").element))
    ours = getattr(infer(domain.disks[0]), row).value
    assert ours == (after if domain.libvirt >= version(since) else before)
    assert disagreements(libvirt.ask(domain), domain) == []


def test_versions_of_facts():
    """Each in the data can be read, and none is newer than what was asked."""
    seen = 0
    for file in PACKAGE.rglob("*.toml"):
        for key, value in pairs(tomllib.loads(file.read_text(encoding="utf-8"))):
            if key in ("since", "until") and isinstance(value, str):
                assert version(value) <= NEWEST, (file, value)
                seen += 1
            elif key in ("since", "until"):
                assert all(version(one) <= NEWEST for one in value), (file, value)
    assert seen > 200


def pairs(told):
    """Every key with its value, at any depth."""
    for key, value in told.items() if isinstance(told, dict) else ():
        yield key, value
        yield from pairs(value)
        for one in value if isinstance(value, list) else ():
            yield from pairs(one)


def test_what_code_has_to_know_stands_in_the_vocabulary_too():
    """The few versions that are no data; and the record is of the newest."""
    assert dotted(NVME_SINCE) == entries()["target/@bus"].since_of("nvme")
    assert dotted(USB_BOT_SINCE) == entries()["disk/@model"].since_of("usb-bot")
    assert recorded()["versions"]["libvirt"] == dotted(NEWEST)


@pytest.mark.parametrize("text", ["", "9.x", "9.0.0.0", "-1", "9.", "99999", " 9.0", "９.0"])
def test_no_version(text):
    """One sentence, on the command line too."""
    with pytest.raises(ValueError, match="A version of libvirt is written like"):
        version(text)
    if text:
        with pytest.raises(ValueError, match="A version of libvirt is written like"):
            read(VDA, text)


def test_holds():
    """From since on, and until until."""
    told = {"since": "9.5.0", "until": "11"}
    assert [holds(told, version(one)) for one in ("9.4.9", "9.5", "10.10", "11.0.0")] == [
        False, True, True, False,
    ]  # fmt: skip


OF_EACH = {
    "infer": lambda said: said["disks"][0]["bus"]["value"],
    "explain": lambda said: [
        row["value"] for row in said["disks"][0]["rows"] if row["path"] == "/disk/target/@bus"
    ],
    "resolve": lambda said: "bus='nvme'" in said["disks"][0]["xml"],
    "check": lambda said: len(said["problems"]) == 0,
}


@pytest.mark.parametrize("command", OF_EACH)
def test_each_command(run, command):
    """--libvirt is on all of them, and counts."""
    said = [
        OF_EACH[command](
            json.loads(run(command, "--json", "--libvirt", one, "-", stdin=NVME.encode())[1][0])
        )
        for one in ("9.0.0", dotted(NEWEST))
    ]
    assert said[0] != said[1]


def test_convert_and_build(run):
    """What an old libvirt does not have, it is not given."""
    status, _, [err] = run(
        "convert", "--bus", "nvme", "--libvirt", "9.0", "-", stdin=PC.format(VDA).encode()
    )
    assert status == 1 and "came with libvirt 11.5.0, and this guest is for 9.0.0" in err
    assert run("convert", "--bus", "nvme", "-", stdin=PC.format(VDA).encode())[0] == 0
    chosen = ["--type", "file", "--source", "/a", "--target", "nvme0n1", "--serial", "s"]
    assert run("build", *chosen)[0] == 0
    status, _, err = run("build", "--libvirt", "9.0.0", *chosen)
    assert status == 1 and err


def test_an_odd_version_is_one_clean_line(run, capsys):
    """As every other wrong option."""
    with pytest.raises(SystemExit, match="2"):
        run("infer", "--libvirt", "new\n", "-", stdin=b"<disk/>")
    err = capsys.readouterr().err.splitlines()
    assert "A version of libvirt is written like 12.9.0" in err[-1]


def test_a_mend_is_for_the_same_libvirt():
    """Of a copy of the guest, as of the guest itself."""
    domain = read(EMPTY, "9.0.0")
    [problem] = check(domain)
    assert problem.code == "usb-empty-at-start" and problem.mended().domain.libvirt == (9, 0, 0)


def test_explain_says_what_came_later():
    """Of a name, and of a value; and that is all that differs."""
    xml = (
        "<disk model='usb-bot'><source file='/a'/><target dev='sda' bus='usb' dpofua='on'/></disk>"
    )
    old = {row.path: row for row in explain(read(xml, "9.0.0").disks[0]).rows}
    new = {row.path: row for row in explain(read(xml).disks[0]).rows}
    for path, since in {"/disk/@model": "11.5.0", "/disk/target/@dpofua": "11.10.0"}.items():
        assert (
            f"9.0.0 does not know it: it came with {since}." in old[path].here
            and not old[path].known
        )
        assert new[path].known
    assert old["/disk/target/@bus"] == new["/disk/target/@bus"]


@pytest.mark.live
def test_ask_says_what_was_meant(run, libvirt):
    """Where no machine is written, libvirts of different ages take another."""
    xml = ARM.format("", SDA).encode()
    _, [line], _ = run("ask", "--json", "-", stdin=xml)
    disk = json.loads(line)["disks"][0]
    is_old = libvirt.version < (9, 3, 0)
    assert disk["disagreements"] == [] and (disk["elsewhere"].get("virtio") is True) is is_old
