"""Reading: every input is a Domain, or one sentence that says what is wrong and where."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from virtiolab import UnreadableXML, infer, read
from virtiolab.document import whole_number

DISK = "<disk><source file='/a'/><target dev='vda'/></disk>"
GUEST = f"<domain type='kvm'><devices>{DISK}</devices></domain>"
MANY = "<disk " + " ".join(f"a{n}=''" for n in range(257)) + "/>"  # attributes


@pytest.mark.parametrize(
    "xml, complete, disks",
    [
        (GUEST, True, 1),
        (f"<devices>{DISK}</devices>", False, 1),
        (f"<domainsnapshot>{GUEST}</domainsnapshot>", True, 1),
        (f"<domstatus state='running'>{GUEST}</domstatus>", True, 1),
        (DISK, False, 1),
        (DISK + "\n" + DISK, False, 2),
        (DISK + "<controller type='scsi'/>", False, 1),
        (f"<?xml version='1.0'?>\n{DISK}{DISK}", False, 2),
        (f"$ virsh dumpxml vm\n{GUEST}\n$", True, 1),
        (f"...\n{DISK}\n...", False, 1),
        (f"<!-- mine -->{DISK}<?pi?>", False, 1),
        (f"<domain><devices>{DISK}</devices><devices>{DISK}</devices></domain>", True, 2),
        ("<domain><devices/></domain>", True, 0),
        ("<domain><metadata><a:disk xmlns:a='u'/></metadata></domain>", True, 0),
        (f"<name>x</name><devices>{DISK}</devices>", False, 1),
        (f"$ virsh dumpxml vm\n<?xml version='1.0'?>\n{GUEST}", True, 1),
        (f"\ufeff<?xml version='1.0'?>{DISK}{DISK}", False, 2),
        (f"{GUEST[:-9]}<qemu:commandline/></domain>", True, 1),  # its xmlns got lost
        ("<disk><p:b/><a xmlns='a'/></disk>", False, 1),
        (f"<disk p:a='1'/>\n{DISK}", False, 2),  # of which libxml2 alone would tell the first
        ("<disk :a='1' b:='2' c:d:e='3' xmlns:f=''/>", False, 1),
        ("<disk xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", False, 1),
        (f"{DISK}<?xmlfoo bar?><disk xml:space='odd'/>", False, 2),  # of which libxml2 warns
        ("<domain/>", True, 0),
    ],
)
def test_reads(xml, complete, disks):
    """What people paste, and what programs write."""
    domain = read(xml)
    assert (domain.complete, len(domain.disks)) == (complete, disks)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding):
    """Bytes say their encoding by a byte order mark, or declare it; a str has none left, whatever it
    declares."""
    assert read(DISK.encode(encoding)).disks[0].target == "vda"
    declared = f"<?xml version='1.0' encoding='{encoding}'?>{DISK}"
    assert read(declared).disks[0].target == "vda"
    if encoding != "utf-8-sig":  # which is no name of XML's
        with_prefix = f"{declared}<p:é/>".replace("</disk>", "<p:b/><serial>é</serial></disk>")
        [disk] = read(with_prefix.encode(encoding)).disks
        assert disk.element.findtext("serial") == "é"


@pytest.mark.parametrize(
    "xml, line, words",
    [
        ("", None, "empty"),
        (" \n\t", None, "empty"),
        (b"\xff\xfe", None, "empty"),
        ("hello", 1, "not XML"),
        ("/etc/passwd", 1, "not XML"),
        ("<network/>", 1, "virtual network"),
        ("<svg/>", 1, "<svg>"),
        ("<domainsnapshot>\n<name>x</name></domainsnapshot>", 1, "its disks name those of a guest"),
        ("<disks><disk name='vda'/></disks>", 1, "a part of a snapshot"),
        ("<disk name='vda' snapshot='no'/>", 1, "what a snapshot or a backup does with a disk"),
        (f"\n<domain xmlns='x'>{DISK}</domain>", 2, "namespace"),
        (f"<domain><devices xmlns='x'>\n{DISK}</devices></domain>", 2, "namespace"),
        ("<x:domain xmlns:x='y'/>", 1, "namespace"),
        ("<domain>\n<devices>\n<disk", 3, "cut short"),
        ("<domain>\n<devices>\n", 3, "cut short"),
        ("<disk\n type='file>\n</disk>", 3, "not well-formed"),
        ("<disk>\n<source></disk>", 2, "not well-formed"),
        ("<disk a='1' a='2'/>", 1, "redefined"),
        ("<disk>&nbsp;</disk>", 1, "nbsp"),
        ("<disk>\x00</disk>", 1, "not well-formed"),
        (b"<disk>\xff</disk>", 1, "encoding"),
        ("\ud800", None, "half a character"),
        ("<disk>\n<source file='/é'", 2, "cut short"),
        ("<disk>\n<!-- c", 2, "cut short"),
        ("$ virsh dumpxml vm\n<domain>\n<devices>\n<disk>\n", 5, "cut short"),
        ("<disk>&nbsp;", 1, "nbsp"),
        ("<disk/>\n<disk>\n<target>\n</disk>", 4, "mismatch"),
        ("<disk p:a='1'/>\n</a>", 2, "mismatch"),
        (f"{GUEST}\n{GUEST}", 2, "side by side"),
        (f"{GUEST}\n{DISK}", 2, "side by side"),
        (f"<domain>\n{DISK}</domain>", 2, "belongs into <devices>"),
        (f"<devices><devices>\n{DISK}</devices></devices>", 2, "belongs into <devices>"),
        (f"<domain type='{'x' * 300}'/>", 1, "more than 200"),
        ("<disk/>" * 20_001, None, "20,000 disks"),
        ("<disk " + " ".join(f"xmlns:n{n}='u'" for n in range(257)) + "/>", None, "256 xmlns"),
        (("<a xmlns='u'/>" * 257).encode("utf-16"), None, "256 xmlns"),
        (MANY, 1, "256 attributes"),
        (MANY.encode("utf-16"), 1, "256 attributes"),
        (Path("a\0b"), None, "null"),
        (f"<!DOCTYPE domain>{GUEST}", None, "DOCTYPE"),
        ("<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><disk>&x;</disk>", None, "DOCTYPE"),
        ("<!DOCTYPE d [<!ATTLIST target bus CDATA 'virtio'>]>" + DISK, None, "DOCTYPE"),
        (f"<!DOCTYPE domain>{GUEST}".encode("utf-16"), None, "DOCTYPE"),
        (Path("/nonexistent"), None, "No such file"),
        (Path("/"), None, "Permission denied" if os.name == "nt" else "directory"),
    ],
)
def test_refuses(xml, line, words):
    """Each has a sentence of its own."""
    with pytest.raises(UnreadableXML) as refused:
        read(xml)
    assert words in refused.value.message
    assert refused.value.line == line
    assert "\n" not in str(refused.value)


LAUGHS = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10))
EXPENSIVE = {
    "billion laughs": f"<!DOCTYPE d [<!ENTITY l0 'ha'>{LAUGHS}]><disk>&l9;</disk>",
    "quadratic": f"<!DOCTYPE d [<!ENTITY a '{'a' * 50_000}'>]><disk>{'&a;' * 50_000}</disk>",
    "recursive entity": "<!DOCTYPE d [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><disk>&a;</disk>",
    "deep": "<a>" * 100_000,
    "wide": "<disk>" + "<a/>" * 250_000 + "</disk>",
    "many disks": "<disk/>" * 140_000,
    "attributes": "<disk " + " ".join(f"a{n}=''" for n in range(100_000)) + "/>",
    "one long attribute": f"<disk a='{'x' * 1_000_000}'/>",
    "a long name": f"<disk><{'n' * 60_000}/></disk>",
    "large": "<disk>" + " " * 11_000_000 + "</disk>",
    "open brackets": "<" * 1_000_000,
    "lines": "<disk>" + "\n" * 1_000_000,
    "controllers": "<disk/>" + "<controller type='ide'/>" * 40_000,
}


@pytest.mark.parametrize("xml", EXPENSIVE.values(), ids=EXPENSIVE)
def test_cost_is_bounded(xml):
    """Whatever it is, it takes two seconds at most, and Python holds no more than 200 MiB of it."""

    def answer():
        try:
            for disk in read(xml).disks:
                infer(disk)
        except UnreadableXML as refused:
            assert len(str(refused)) < 300

    begun = time.process_time()  # the machine may be busy elsewhere
    answer()
    assert time.process_time() - begun < 2
    tracemalloc.start()  # apart, as it makes everything several times slower
    answer()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


def test_refuses_what_is_no_text():
    """A number is no XML, though Python would make bytes of it."""
    for nonsense in (5, True, None, ["<disk/>"]):
        with pytest.raises(TypeError):
            read(nonsense)


@pytest.mark.parametrize(
    "text, number",
    [
        ("0", 0),
        (" 7", 7),
        ("+1", 1),
        ("-0", 0),
        ("0" * 20 + "5", 5),
        ("4294967295", 4294967295),
        (" " * 99 + "12345", 12345),
    ]
    + [
        (text, None)
        for text in ("", "0 ", "0x1", "-1", "1_0", "１", "4294967296", "0" * 100 + "x", None)
    ],
)
def test_numbers(text, number):
    """What libvirt's virStrToLong_ui makes of it."""
    assert whole_number(text) == number


def test_lines():
    """Disks and controllers know the line they start on, in a fragment too."""
    xml = "<domain>\n<devices>\n<disk/>\n\n<disk/><controller type='ide' index='0'/></devices></domain>"
    domain = read(xml)
    assert [disk.line for disk in domain.disks] == [3, 5]
    assert domain.controllers["ide", 0].line == 5
    assert [disk.line for disk in read("<disk/>\n\n<disk/>").disks] == [1, 3]


def test_first_of_a_name_counts():
    """As in libvirt; and a prefixed name is another name."""
    xml = "<disk><x:target xmlns:x='y' dev='a'/><target dev='b'/><!-- c --><target dev='d'/></disk>"
    assert read(xml).disks[0].target == "b"


def test_ioemu_is_dropped():
    """Old Xen wrote ioemu:hda."""
    assert read("<disk><target dev='ioemu:hda'/></disk>").disks[0].target == "hda"


def test_unnumbered_controllers_get_the_lowest_free_index():
    """virDomainAssignControllerIndexes."""
    kinds = ["index='1' model='b'", "model='a'", "model='c'", "index='x'", "index='1' model='late'"]
    xml = "".join(f"<controller type='scsi' {kind}/>" for kind in kinds)
    controllers = read(f"<devices>{xml}</devices>").controllers
    assert {index: c.model for (_, index), c in controllers.items()} == {1: "b", 0: "a", 2: "c"}


def test_a_domain_is_freed_at_once():
    """No reference cycle: a reader of many guests needs no garbage collector."""
    import gc
    import weakref

    gc.disable()
    try:
        domain = read(GUEST)
        alive = weakref.ref(domain)
        disks = domain.disks
        assert disks[0] == domain.disks[0] and len({*disks, *domain.disks}) == 1
        del domain, disks
        assert alive() is None
    finally:
        gc.enable()
