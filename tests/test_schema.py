"""Libvirt's own schema: what it refuses, with the name that broke."""

import copy
import re
import tomllib
from pathlib import Path

import pytest
from lxml import etree

from virtiolab import read
from virtiolab.evidence import NoAnswer, NotInstalled, schema
from virtiolab.evidence.sandbox import Sandbox
from virtiolab.evidence.schema import Schema, schema_file

pytestmark = pytest.mark.schema

EXAMPLES = Path(__file__).parent / "examples"
PROBLEMS = tomllib.loads(Path(__file__).with_name("problems.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def asked():
    """The schema to ask, or a skip that says how to get it."""
    try:
        with Sandbox() as sandbox:
            yield Schema(sandbox)
    except NotInstalled as missing:
        pytest.skip(str(missing))


def faults(asked, xml):
    """The path, the line and the reason of each fault in a disk."""
    return [tuple(fault) for fault in asked.faults(read(xml).disks[0])]


DISK = "<disk>\n<driver {}/>\n<source file='/a'/>\n<target {}/>\n{}</disk>"


@pytest.mark.parametrize(
    ("xml", "path", "line", "why"),
    [
        (DISK.format("typo='raw'", "dev='vda'", ""), "/disk/driver/@typo", 2, "no attribute typo in"),
        (DISK.format("", "dev='vda'", "<foo/>"), "/disk/foo", 5, "knows no <foo> in <disk>"),
        (DISK.format("", "dev='vda' bus='vio'", ""), "/disk/target/@bus", 4, "the schema lists fdc, ide, "),
        (DISK.format("", "dev='disk1'", ""), "/disk/target/@dev", 4, "not of the form"),
        (DISK.format("", "bus='ide'", ""), "/disk/target/@dev", 4, "/disk/target/@dev is missing"),
        ("<disk><source file='/a'/></disk>", "/disk/target", 1, "/disk/target is missing"),
        (DISK.format("queues='x'", "dev='vda'", ""), "/disk/driver/@queues", 2, "without queues='x'"),
        (
            "<disk type='network'>\n<source name='a'/><target dev='vda'/></disk>",
            "/disk/source/@protocol", 2, "/disk/source/@protocol is missing",
        ),
        (
            DISK.format("", "dev='vda'", "<backingStore type='file'>\n<format typ='raw'/>\n"
                        "<source file='/b'/></backingStore>"),
            "/disk/backingStore/format/@typ", 6, "no attribute typ in <format>",
        ),
        ("<disk><source file='/a'/>\n<target dev='vda'>x</target></disk>", "/disk/target", 2, "no place"),
        ("<disk><source file='/a'/><target dev='vda'/>\n<x:foo/></disk>", "/disk/x:foo", 2, "<x:foo>"),
        (
            "<disk\n type='file'\n>\n<source file='/a'/>\n<target\n dev='vda'\n typo='1'/></disk>",
            "/disk/target/@typo", 7, "no attribute typo in <target>",
        ),
    ],
)  # fmt: skip
def test_the_name_that_broke(asked, xml, path, line, why):
    """One fault, at its name and in its line, in words."""
    [(found, where, said)] = faults(asked, xml)
    assert (found, where) == (path, line) and why in said


def test_names_that_do_not_go_together(asked):
    """Each without which the schema would accept the disk."""
    xml = "<disk type='block'><source file='/a'/><target dev='vda'/></disk>"
    found = {path for path, _, _ in faults(asked, xml)}
    assert found == {"/disk/@type", "/disk/source/@file"}


def test_two_faults(asked):
    """Both are named."""
    xml = DISK.format("typo='raw'", "dev='vda' bus='vio'", "")
    assert [path for path, _, _ in faults(asked, xml)] == [
        "/disk/driver/@typo",
        "/disk/target/@bus",
    ]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.xml")), ids=lambda file: file.stem)
def test_no_fault_where_there_is_none(asked, file):
    """What libvirt's schema accepts, asked of it in one piece, is said to be valid; and only that."""
    relaxng = etree.RelaxNG(file=str(schema_file()))
    for disk in etree.parse(file).getroot().iterchildren("disk"):
        parsed = read(etree.tostring(disk, with_tail=False)).disks[0]
        assert bool(asked.faults(parsed)) is not relaxng.validate(alone(disk))


def alone(disk):
    """A guest that the schema accepts, but for this disk."""
    guest = etree.fromstring(
        "<domain type='kvm'><name>d</name><memory>1</memory><os><type>hvm</type></os><devices/></domain>"
    )
    guest.find("devices").append(copy.deepcopy(disk))
    return guest


def test_it_always_names_something(asked):
    """Whatever is wrong, there is a sentence; the disks are those of check()'s problems."""
    relaxng = etree.RelaxNG(file=str(schema_file()))
    for example in PROBLEMS.values():
        wrong = re.sub(r"\{([^{}|]*)\|[^{}|]*\}", r"\1", example["xml"])
        for disk in read(f"<devices>{wrong}</devices>").disks:
            found = asked.faults(disk)
            assert bool(found) is not relaxng.validate(alone(disk.element))
            for path, line, why in map(tuple, found):
                assert path.startswith("/disk") and line >= disk.line and len(why) > 10


def test_a_schema_that_takes_too_long(asked, monkeypatch):
    """libxml2 takes twice the time for each attribute; then it is said so, and the next is quick."""
    many = (
        "name='qemu' type='qcow2' cache='none' io='native' discard='unmap' queues='4' ats='on'"
        " detect_zeroes='unmap' queue_size='256' iothread='1' error_policy='stop' packed='on'"
        " rerror_policy='stop' copy_on_read='on' event_idx='on' ioeventfd='on' iommu='on'"
    )
    monkeypatch.setattr(schema, "DEADLINE", 1.0)
    with pytest.raises(NoAnswer, match="libxml2 did not answer within 1 seconds"):
        faults(asked, DISK.format(many, "dev='vda'", ""))
    monkeypatch.setattr(schema, "DEADLINE", 10.0)
    assert faults(asked, DISK.format("", "dev='vda'", "")) == []


def test_it_says_how_to_get_it(monkeypatch):
    """Where libvirt's library is not installed."""
    monkeypatch.setattr(schema, "schema_file", lambda: None)
    with pytest.raises(NotInstalled, match="apt-get install libvirt0"):
        Schema(None)
