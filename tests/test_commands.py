"""`virtiolab check`, `resolve`, `build` and `convert`: what they print, and the exit status."""

import json
import subprocess
import sys

import pytest
from lxml import etree
from test_command_line import DISK, DOMAINS, run  # noqa: F401 (a fixture)

IDE = b"<disk><source file='/a.qcow2'/><driver type='qcow2'/><target dev='hda'/><readonly/></disk>"
TYPO = b"<disk>\n<driver typo='qcow2'/>\n<source file='/a'/>\n<target dev='vda'/>\n</disk>"


def test_check_says_why_and_how_to_mend_it(run):
    """A line with the place and the code, the reason, and the lines to change."""
    status, out, err = run("check", "-", stdin=IDE)
    assert (status, err) == (1, [])
    assert out[0].startswith("line 1: error: ") and out[0].endswith("[readonly-on-ide]")
    assert out[1].strip() == "/disk/readonly of hda"
    assert [line.strip() for line in out if line.strip().startswith("- ")] == ["-   <readonly/>"]


def test_check_json(run):
    """The contract's six names, and what virtiolab says beside them."""
    status, [line], _ = run("check", "--json", "-", stdin=IDE)
    said = json.loads(line)
    assert (status, said["file"], len(said["problems"])) == (1, "-", 1)
    problem = said["problems"][0]
    assert problem["severity"] == "error" and problem["code"] == "readonly-on-ide"
    assert (problem["path"], problem["line"], problem["target"]) == ("/disk/readonly", 1, "hda")
    assert problem["message"].endswith(".") and problem["why"].endswith(".")
    assert etree.fromstring(problem["fix"]).find("readonly") is None


@pytest.mark.parametrize(("xml", "status"), [(DISK.encode(), 0), (TYPO, 0), (IDE, 1), (b"<a", 2)])
def test_check_status(run, xml, status):
    """0 also for warnings, 1 for an error, 2 for what cannot be read."""
    assert run("check", "-", stdin=xml)[0] == status
    assert run("check", "--json", "-", stdin=xml)[0] == status


def test_check_line(run):
    """The line is that of the element, however far down."""
    _, [line], _ = run("check", "--json", "-", stdin=TYPO)
    assert [p["line"] for p in json.loads(line)["problems"]] == [2]


def test_fix_prints_the_mended_xml(run):
    """On stdout nothing but XML, in the author's layout; what is left goes to stderr."""
    status, out, err = run("check", "--fix=all", "-", stdin=TYPO)
    mended = etree.fromstring("\n".join(out))
    assert (status, err) == (0, [])
    assert (
        mended.find("disk/driver").attrib == {"type": "qcow2"} or mended.find("driver") is not None
    )
    status, out, err = run("check", "--fix", "-", stdin=b"<disk><target dev='vda'/></disk>")
    assert status == 1 and "source" in err[0] and etree.fromstring("\n".join(out)) is not None
    # A name cannot have references; a value, in which there is what a terminal obeys, can.
    hidden = "<disk><source file='/a'/><target dev='vda'/></disk><a\u3164b x='\u202e\u3164'/>"
    _, out, _ = run("check", "--fix", "-", stdin=hidden.encode())
    assert "<a\u3164b x='&#x202e;\u3164'/>" in "\n".join(out)


def test_fix_mends_errors_and_all_warnings_too(run):
    """What is left is said, with its fix."""
    xml = b"<disk><driver type='qcow2' typo='1' io='thread'/><source file='/a'/><target dev='vda'/></disk>"
    _, out, _ = run("check", "--fix", "-", stdin=xml)
    assert "io='threads'" in "".join(out) and "typo" in "".join(out)
    _, out, err = run("check", "--fix=all", "-", stdin=xml)
    assert "io='threads'" in "".join(out) and "typo" not in "".join(out) and not err


@pytest.mark.parametrize("option", ["--fix", "--fix=all"])
@pytest.mark.parametrize(
    "disk",
    [
        "<disk><source file='/a'/><target dev='hda'/></disk>",  # on q35
        "<disk device='lun' type='block'><source dev='/d'/><target dev='vda' bus='virtio'/></disk>",
        "<disk><source file='/a'/><target dev='sda'/></disk>",  # on an lsilogic
    ],
)
def test_no_fix_takes_the_hardware_away(run, option, disk):
    """A bus or a controller for which the guest may have no driver is only shown."""
    guest = f"<domain type='kvm'><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>{disk}</devices></domain>"
    _, out, err = run("check", option, "-", stdin=guest.encode())
    assert disk in "".join(out) and "fix:" in "".join(err)
    assert etree.fromstring("".join(out)) is not None


def test_an_option_is_no_file(run):
    """`--fix` takes no value but in one word."""
    _, out, _ = run(
        "check", "--fix", "-", stdin=b"<disk><source file='/a'/><target dev='vda'/></disk>"
    )
    assert out
    with pytest.raises(SystemExit):
        run("check", "--fix=most", "-", stdin=b"<disk/>")


def test_resolve_marks_what_was_added(run):
    """With comments, so that the output is XML all the same."""
    status, out, err = run("resolve", "-", stdin=DISK.encode())
    assert (status, err) == (0, [])
    assert "  <target dev='vda' bus='virtio'/>  <!-- added: bus -->" in out
    disk = etree.fromstring("\n".join(out))
    assert disk.find("driver").attrib == {"name": "qemu", "type": "raw"}


def test_resolve_json(run):
    """The XML without marks, a disk each."""
    _, [line], _ = run("resolve", "--json", DOMAINS / "pc-ide.xml")
    disks = json.loads(line)["disks"]
    assert disks and all(
        d["xml"].startswith("<disk type=") and "<!--" not in d["xml"] for d in disks
    )
    assert all({"target", "xml"} <= d.keys() for d in disks)


def test_resolve_names_each_controller_once(run):
    """Two disks on one controller that nobody wrote."""
    disk = "<disk><source file='/{0}'/><target dev='sd{0}'/></disk>"
    xml = f"<devices>{disk.format('a')}{disk.format('b')}</devices>"
    _, out, _ = run("resolve", "-", stdin=xml.encode())
    assert [line.split()[0] for line in out].count("<controller") == 1


def test_build(run):
    """What is chosen is written, and nothing else."""
    status, out, err = run("build", "--source", "/a.img", "--target", "vda", "--format", "raw")
    assert (status, err) == (0, [])
    assert out == [
        "<disk>",
        "  <driver type='raw'/>",
        "  <source file='/a.img'/>",
        "  <target dev='vda'/>",
        "</disk>",
    ]


def test_build_refuses(run):
    """What libvirt would refuse is said on stderr, and not printed."""
    choices = ["--source", "/a", "--target", "hda", "--readonly"]
    status, out, err = run("build", *choices)
    assert (status, out) == (1, []) and "readonly-on-ide" in err[0]
    status, [line], _ = run("build", "--json", *choices)
    said = json.loads(line)
    assert (status, [p["code"] for p in said["problems"]]) == (1, ["readonly-on-ide"])
    status, out, [err] = run("build", "--source", "a\nb", "--target", "vda")
    assert (status, out) == (1, []) and err.startswith("virtiolab: build: ")


def test_build_takes_repeated_choices(run):
    """An option twice is two elements."""
    hosts = ["--host", "a", "--host", "b", "--port", "1", "--port", "2"]
    _, out, _ = run(
        "build",
        "--type",
        "network",
        "--protocol",
        "rbd",
        "--source",
        "p/a",
        "--target",
        "vda",
        *hosts,
    )
    assert [line.strip() for line in out if "host" in line] == [
        "<host name='a' port='1'/>",
        "<host name='b' port='2'/>",
    ]


def test_convert(run):
    """The change, then what to do in the guest first."""
    status, out, err = run("convert", "--target", "hda", DOMAINS / "pc-ide.xml")
    assert (status, err) == (0, [])
    assert any(line.startswith("+ ") and "bus='virtio'" in line for line in out)
    assert any("initramfs" in line for line in out) or any("viostor" in line for line in out)


def test_convert_keeps_what_the_guest_starts_from(run):
    """The order is in the lines to change, and in --json with all else that changes for it."""
    office = DOMAINS / "windows-cdrom-floppy.xml"
    _, out, _ = run("convert", "--target", "hda", office)
    assert {"+   <boot order='1'/>", "-   <boot dev='hd'/>", "+   <boot order='2'/>"} <= set(out)
    _, [line], _ = run("convert", "--json", "--target", "hda", office)
    [disk] = json.loads(line)["disks"]
    system, cdrom = disk["also"]
    assert "<boot dev='hd'/>" in system["old"] and "<boot order='2'/>" in cdrom["new"]


def test_convert_says_what_it_cannot(run):
    """One clean line: no disk chosen of several, or a drive that virtio has not."""
    status, out, [err] = run("convert", DOMAINS / "windows-cdrom-floppy.xml")
    assert (status, out) == (1, []) and "--target" in err
    cdrom = b"<disk device='cdrom'><target dev='hdc'/></disk>"
    status, out, [err] = run("convert", "-", stdin=cdrom)
    assert (status, out) == (1, []) and err.startswith("virtiolab: -: ")


def test_hostile_names_stay_on_their_line(run):
    """A target with an escape sequence does not reach a terminal."""
    xml = "<disk><source file='/a'/><target dev='vda\u009b31m'/></disk>" * 2
    for command in ("check", "resolve", "convert"):
        _, out, err = run(command, "-", stdin=xml.encode())
        assert "\x9b" not in "".join(out + err), command


def test_module_runs():
    """As a user would, in a process of its own."""
    command = [sys.executable, "-m", "virtiolab", "build", "--source", "/a", "--target", "vda"]
    said = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert said.returncode == 0 and said.stdout.startswith("<disk>") and not said.stderr
