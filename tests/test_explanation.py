"""Explanations: a row for all that is written, and for what is decided although nobody wrote it."""

import time

import pytest
from lxml import html

from virtiolab import explain, read
from virtiolab.explanation import MAX_ROWS, Explanation
from virtiolab.widgets.xml_explainer import FILTERS

FIRST = """<disk type='file' device='disk'>
    <source file='/data0/0/21/disk.0'/>
    <target dev='vda'/>
    <driver name='qemu' type='qcow2' cache='default'/>
</disk>"""


def rows(xml):
    """The rows about the first disk, by path."""
    return {row.path: row for row in explain(read(xml).disks[0])}


def test_every_written_name_has_a_row():
    """In the order of the XML, and each of them once."""
    paths = [row.path for row in explain(read(FIRST).disks[0]) if not row.added]
    assert paths == [
        "/disk", "/disk/@type", "/disk/@device", "/disk/source", "/disk/source/@file",
        "/disk/target", "/disk/target/@dev", "/disk/driver", "/disk/driver/@name",
        "/disk/driver/@type", "/disk/driver/@cache",
    ]  # fmt: skip


def test_what_nobody_wrote_has_a_row_where_it_belongs():
    """Behind the attributes of its element; missing elements at the end."""
    found = explain(read("<disk device='cdrom'><target dev='hdc'/></disk>").disks[0])
    assert [(row.path, row.value, row.origin) for row in found if row.added] == [
        ("/disk/@type", "file", "default"),
        ("/disk/@snapshot", "no", "inferred"),
        ("/disk/target/@bus", "ide", "inferred"),
        ("/disk/driver/@name", "qemu", "default"),
        ("/disk/driver/@type", "raw", "default"),
        ("/disk/driver/@cache", "writeback", "default"),
        ("/disk/readonly", None, "inferred"),
        ("/disk/address", "type='drive' controller='0' bus='1' target='0' unit='0'", "inferred"),
    ]


def test_a_value_is_explained_here():
    """The meaning of the name, that of the value, and for what is inferred the reason."""
    found = rows(FIRST)
    assert "image file" in found["/disk/@type"].here
    assert found["/disk/driver/@cache"].origin == "default"
    assert "decides nothing" in found["/disk/driver/@cache"].here
    assert "begins with vd" in found["/disk/target/@bus"].here


def test_text_of_elements_is_a_value():
    """As in <serial>; white space around elements is none."""
    found = rows(
        "<disk>\n <serial>x1</serial>\n <iotune><total_iops_sec>5</total_iops_sec></iotune></disk>"
    )
    assert found["/disk/serial"].value == "x1"
    assert found["/disk/iotune"].value is None
    assert found["/disk/iotune/total_iops_sec"].value == "5"


@pytest.mark.parametrize(
    "xml, path, words",
    [
        ("<disk><driver typo='qcow2'/></disk>", "/disk/driver/@typo", "mean `type`? No <driver"),
        ("<disk><target device='sda'/></disk>", "/disk/target/@device", "ignores it"),
        ("<disk><traget dev='vda'/></disk>", "/disk/traget", "mean `target`?"),
        ("<disk divice='cdrom'/>", "/disk/@divice", "mean `device`? No device is written"),
        ("<disk><xyzzy/></disk>", "/disk/xyzzy", "does not know this name"),
        ("<disk><x:target xmlns:x='u'/></disk>", "/disk/{u}target", "does not know"),
    ],
)  # fmt: skip
def test_unknown_names(xml, path, words):
    """Said to be unknown, with the nearest known name and what follows from the mistake."""
    row = rows(xml)[path]
    assert row.known is False and words in row.meaning


def test_unknown_values():
    """The name is explained all the same, and the nearest value is suggested."""
    row = rows("<disk><driver cache='writebac'/></disk>")["/disk/driver/@cache"]
    assert row.known is False and "caches" in row.meaning
    assert row.here == "`writebac` is no value that libvirt knows here. Did you mean `writeback`?"


def test_below_an_unknown_name_all_is_unknown():
    """Libvirt does not look there, so known names mean nothing."""
    assert (
        rows("<disk><foo><driver cache='none'/></foo></disk>")["/disk/foo/driver/@cache"].known
        is False
    )


def test_only_the_first_of_a_name_counts():
    """The second <driver> is written for nothing."""
    found = explain(
        read("<disk><driver type='raw'/><driver type='qcow2'/><a/><a/></disk>").disks[0]
    )
    for path in ("/disk/driver", "/disk/driver/@type"):
        [first, second] = [row for row in found if row.path == path]
        assert "only the first" in second.here and "only the first" not in first.here
    assert not any("only the first" in row.here for row in found if row.path == "/disk/a")


def test_no_suggestion_of_what_is_written_already():
    """`typo` beside a `type` is no slip of the pen."""
    assert (
        "Did you mean"
        not in rows("<disk><driver type='raw' typo='x'/></disk>")["/disk/driver/@typo"].meaning
    )


def test_terms_come_from_the_sentences():
    """Those of the name and of this value, and no others."""
    row = rows("<disk><driver cache='none'/></disk>")["/disk/driver/@cache"]
    assert {"page cache", "O_DIRECT"} <= set(row.terms)
    assert "RBD" not in rows(FIRST)["/disk/@type"].terms


def test_what_there_is_to_say_is_said():
    """Meaning, value, where it matters, default, version and documentation, as text and as HTML."""
    disk = read("<disk><driver cache='none'/></disk>").disks[0]
    [row] = [row for row in explain(disk) if row.path == "/disk/driver/@cache"]
    shown = explain(disk)
    page = html.fromstring(shown.html).text_content()
    text = " ".join(repr(shown).split())
    for sentence in (row.meaning, row.here, row.matters, row.default):
        assert sentence.replace("`", "") in page and sentence.replace("`", "") in text
    assert f"since libvirt {row.since}" in page and row.doc in shown.html


def test_explaining_is_bounded():
    """However many names somebody invents."""
    begun = time.process_time()
    xml = "<disk>" + "".join(f"<a{number}/>" for number in range(100_000)) + "</disk>"
    explained = explain(read(xml).disks[0])
    assert len(explained) <= MAX_ROWS + 20 and len(explained.html) < 1_000_000
    assert time.process_time() - begun < 5


def test_the_same_name_in_other_places():
    """The longest key counts: `domain` is a place of the guest, or of the host in an NVMe source."""
    nvme = rows(
        "<disk type='nvme'><source type='pci' namespace='1'><address domain='0'/></source>"
        "<target dev='vda'/><address type='pci' domain='0'/></disk>"
    )
    assert nvme["/disk/source/address/@domain"].meaning != nvme["/disk/address/@domain"].meaning


def test_virtio_filter():
    """What has a part in the answer to the first question."""
    concerns_virtio = FILTERS["only what matters for virtio"]
    found = [row.name for row in explain(read(FIRST).disks[0]) if concerns_virtio(row)]
    assert found == ["@type", "@device", "target", "target/@dev", "target/@bus"]
    odd = explain(
        read("<disk><target dev='vda' tray='open'/><address type='pci' slot='1'/></disk>").disks[0]
    )
    assert [row.name for row in odd if concerns_virtio(row) and not row.added] == [
        "target", "target/@dev", "address", "address/@type", "address/@slot",
    ]  # fmt: skip


def test_it_shows_itself():
    """As text and as HTML, and it is a sequence of its rows."""
    shown = explain(read(FIRST).disks[0])
    assert repr(shown).startswith("vda (line 1): virtio (virtio-blk), qcow2")
    assert shown._repr_html_().startswith("<div") and len(shown) == len(list(shown)) > 10
    assert shown[0].path == "/disk"


def test_fifty_disks():
    """Each is explained for itself, and their texts stay within 80 columns."""
    domain = read(f"<devices>{FIRST * 50}</devices>")
    texts = [repr(explain(disk)) for disk in domain.disks]
    assert len(texts) == 50 and max(len(line) for text in texts for line in text.splitlines()) <= 80


def test_rows_of_the_xml_can_be_found():
    """A view asks by element and attribute."""
    explained = Explanation(read(FIRST).disks[0])
    target = explained.disk.child("target")
    assert explained.written[target, "dev"].path == "/disk/target/@dev"
    assert [row.name for row in explained.added[target]] == ["target/@bus"]
