"""The command line on what people paste: every whole disk is answered, and what was set right is said."""

import json

import pytest
from test_command_line import run  # noqa: F401 (a fixture)

DISK = "<disk type='file'><source file='/{0}.img'/><target dev='{0}'/></disk>"
ESCAPED = DISK.format("vda").replace("<", "&lt;").encode()
SMART = DISK.format("vda").replace("'", "’").encode()
GUEST = "<domain type='kvm'><os><type arch='x86_64' machine='{}'>hvm</type></os><devices>{}</devices></domain>\n"
TWO = (GUEST.format("pc", DISK.format("vda")) + GUEST.format("q35", DISK.format("vdb"))).encode()


@pytest.mark.parametrize("command", ["infer", "explain", "resolve", "check", "convert"])
def test_said_once_on_stderr(run, command):
    """With its line, in one line; standard output has the answer alone."""
    bus = ["--bus", "scsi"] if command == "convert" else []
    status, out, err = run(command, *bus, "-", stdin=b"\n" + ESCAPED)
    assert status == 0 and len(err) == 1
    assert err[0].startswith("virtiolab: -: line 2: The text was HTML-escaped")
    assert not any("HTML" in line for line in out)


def test_said_in_json(run):
    """In `read_as`, which is there only where something was set right."""
    _, [line], _ = run("infer", "--json", "-", stdin=ESCAPED)
    said = json.loads(line)
    assert [disk["target"] for disk in said["disks"]] == ["vda"]
    [remark] = said["read_as"]
    assert (remark["line"], remark["refused"]) == (1, False) and "HTML" in remark["message"]
    _, [line], err = run("infer", "--json", "-", stdin=DISK.format("vda").encode())
    assert "read_as" not in json.loads(line) and err == []


def test_what_libvirt_refuses_is_wrong(run):
    """A smart quote is an error, also where the disk could be read; what copying did is none."""
    status, out, err = run("check", "-", stdin=SMART)
    assert (status, err) == (1, []) and out[0].startswith("line 1: error: Signs of typography")
    status, [line], _ = run("check", "--json", "-", stdin=SMART)
    [problem] = json.loads(line)["problems"]
    assert status == 1 and (problem["severity"], problem["line"]) == ("error", 1)
    status, out, _ = run("check", "-", stdin=ESCAPED)
    assert (status, out) == (0, ["No problem found."])
    status, out, _ = run("check", "--fix", "-", stdin=SMART)
    assert status == 0 and out == [f"<devices>{DISK.format('vda')}</devices>"]


def test_several_guests(run):
    """Each disk is answered in its own guest; one of them can be converted; each is mended."""
    _, [line], _ = run("infer", "--json", "-", stdin=TWO)
    assert [disk["target"] for disk in json.loads(line)["disks"]] == ["vda", "vdb"]
    convert = ["convert", "--json", "--bus", "scsi", "--target", "vdb", "-"]
    status, [line], _ = run(*convert, stdin=TWO)
    guest = json.loads(line)["disks"][0]["domain"]
    assert status == 0 and "machine='q35'" in guest and "vda" not in guest
    status, _, err = run("convert", "--bus", "scsi", "-", stdin=TWO)
    assert status == 1 and err[-1].endswith("--target which disk shall be converted: vda, vdb.")
    wrong = TWO.replace(b"dev='vdb'", b"dev='vdb1'")
    status, out, _ = run("check", "--fix", "-", stdin=wrong)
    assert status == 0 and "\n".join(out) + "\n" == TWO.decode()
    assert [
        p["line"] for p in json.loads(run("check", "--json", "-", stdin=wrong)[1][0])["problems"]
    ] == [2]


@pytest.mark.live
def test_several_guests_are_asked_about(run, libvirt):
    """Each as it is."""
    status, [line], _ = run("ask", "--json", "-", stdin=TWO.replace(b"vdb", b"hdb"))
    said = json.loads(line)
    assert [disk["target"] for disk in said["disks"]] == ["vda", "hdb"]
    assert status == 1 and "IDE" in said["refusal"]


ELIDED = """<disk type='file' device='disk'>
  <driver iothread='1' queues='4'{}/>
  ...
</disk>"""


def test_what_is_left_out_is_not_missing(run):
    """What is there is judged, and nothing else; nor does a guest lack what stands in its gap."""
    assert run("check", "-", stdin=ELIDED.format("").encode())[:2] == (0, ["No problem found."])
    status, [line], _ = run(
        "check", "--json", "-", stdin=ELIDED.format(" cache='wrteback'").encode()
    )
    assert status == 1 and [p["code"] for p in json.loads(line)["problems"]] == ["value-misspelt"]
    disk = DISK.format("vda").replace("<source", "<driver iothread='3'/><source")
    whole = GUEST.format("pc", disk)
    assert run("check", "-", stdin=whole.encode())[0] == 1
    assert run("check", "-", stdin=whole.replace("<devices>", "<devices>\n...\n").encode())[0] == 0
