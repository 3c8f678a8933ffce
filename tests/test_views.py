"""The views: what they say, and that nothing from the XML becomes more than text in them."""

import re

import pytest
from lxml import html

from virtiolab import explain, read, resolve
from virtiolab.explanation import Explanation
from virtiolab.views.answers import interactive, overview, show
from virtiolab.views.elements import E
from virtiolab.views.predictions import prediction
from virtiolab.views.text import value_as_text
from virtiolab.views.view import sentence

FIRST = """<disk type='file' device='disk'>
    <source file='/data0/0/21/disk.0'/>
    <target dev='vda'/>
    <driver name='qemu' type='qcow2' cache='default'/>
</disk>"""


def test_html_says_what_text_says():
    """Every value, origin and reason of the text is in the HTML too."""
    view = show(read(FIRST))
    shown = html.fromstring(view.html).text_content()
    words = view.text.replace("QEMU device", "").split()
    missing = [
        word for word in words if word not in shown and word not in "=>~?" and word != "(line"
    ]
    assert missing == ["1):"]


@pytest.mark.parametrize("asked", [show, explain, resolve, lambda disk: overview([disk])])
def test_text_makes_no_html(asked, monkeypatch):
    """Of the two, only the one that is asked for is made."""
    made = []
    monkeypatch.setattr("virtiolab.views.elements.page", lambda *parts: made.append(parts) or E.p())
    view = asked(read(FIRST).disks[0])
    assert repr(view) and not made
    assert view._repr_html_() and made


def test_only_what_was_built_is_html():
    """Any other text, also what is made of HTML, is escaped: in elements, and in attributes."""
    built = E.b("<i>&", E.br(), title="\"'<>&")
    assert built == """<b title="&quot;'&lt;&gt;&amp;">&lt;i&gt;&amp;<br></b>"""
    assert E.p({"class": "x"}, built) == f'<p class="x">{built}</p>'
    for text in (str(built), f"{built}", built + "", built[:], built.strip(), "".join([built])):
        assert html.fromstring(E.p(text)).text_content() == built


def test_addresses_of_any_kind():
    """An address may have an index of its own; it is no controller, and stays one clean line."""
    xml = "<disk><target dev='vda'/><address type='&#x202e;' index='&#x9b;31m' model='m'/></disk>"
    view = show(read(xml))
    assert all(line.isprintable() for line in view.text.splitlines())


@pytest.mark.parametrize(
    "xml",
    [
        "<disk><serial>a&lt;b&gt; &amp;amp;</serial><target dev='vda' bus='virtio'/></disk>",
        "<disk xml:space='preserve'><a xmlns:p='u' xmlns='u' p:a='1'/></disk>",
        "<disk><address type='pci'><zpci uid='1'/></address></disk>",
    ],
)
def test_odd_xml_is_shown_as_it_is(xml):
    """Text that looks like markup, prefixes, elements in an address."""
    [pre] = html.fromstring(show(read(xml)).html).iter("pre")
    for added in pre.xpath(".//span[contains(@style, 'italic')]"):
        added.drop_tree()
    shown = pre.text_content().replace("<driver  />", "").replace(" xmlns:p='u' xmlns='u'", "")
    for piece in xml.replace(" xmlns:p='u' xmlns='u'", "").split(">"):
        assert piece in shown


def test_xml_is_given_back():
    """Without what libvirt adds, the annotated XML is the author's, dedented."""
    [pre] = html.fromstring(show(read(FIRST)).html).iter("pre")
    for added in pre.xpath(".//span[contains(@style, 'italic')]"):
        added.getparent().remove(added) if added.tail is None else added.drop_tree()
    assert pre.text_content().replace(" />", "/>") == FIRST


def test_added_parts_are_in_place():
    """What nobody wrote stands where libvirt writes it, in italics."""
    xml = "<disk device='cdrom'>\n  <target dev='hdc'/>\n</disk>"
    [pre] = html.fromstring(show(read(xml)).html).iter("pre")
    assert pre.text_content() == (
        "<disk device='cdrom' type='file' snapshot='no'>\n"
        "  <driver name='qemu' type='raw'/>\n"
        "  <target dev='hdc' bus='ide'/>\n"
        "  <readonly/>\n"
        "  <address type='drive' controller='0' bus='1' target='0' unit='0'/>\n"
        "</disk>"
    )
    assert [span.text for span in pre.xpath(".//span[contains(@style, 'italic')]")] == [
        "type='file'", "snapshot='no'", "name='qemu'", "type='raw'", "bus='ide'", "<readonly/>",
        "<address type='drive' controller='0' bus='1' target='0' unit='0'/>",
    ]  # fmt: skip


def test_origin_is_told_without_colour():
    """By its word, and by the style of its underline."""
    root = html.fromstring(show(read(FIRST)).html)
    styles = {
        span.text: span.get("style") for span in root.xpath("//p[@class='vl-legend']/span/span")
    }
    assert list(styles) == ["stated", "inferred", "default", "unknown"]
    assert len(set(styles.values())) == 4


def test_a_huge_disk_is_not_written_out():
    """The page stays usable."""
    view = show(read(f"<disk>{'<a/>' * 10_000}<target dev='vda'/></disk>"))
    assert len(view.html) < 10_000 and "too many names to show" in view.html


@pytest.mark.parametrize(
    "value, text",
    [
        (True, "yes"),
        (None, "–"),
        ({"type": "drive", "controller": 0, "bus": 1, "target": 0, "unit": 0}, "drive 0:1:0:0"),
        ({"type": "scsi", "index": 1, "model": "lsilogic"}, "scsi 1 (lsilogic)"),
        ({"type": "ide", "index": 0, "model": None}, "ide 0"),
        ({"type": "pci"}, "pci"),
        ("a\nb", "a\\u000ab"),
    ],
)
def test_values(value, text):
    """As people write them."""
    assert value_as_text(value) == text


def test_overview():
    """One line a disk, and how many were left out."""
    disks = read(FIRST + "<disk><target dev='sda'/></disk>").disks
    assert overview(disks, 1).text.splitlines() == [
        "disk  virtio?              bus     format",
        "vda   virtio (virtio-blk)  virtio  qcow2",
        "… and 1 more disk.",
    ]
    assert "… and 1 more disk." in overview(disks, 1).html
    assert overview(()).text == "There is no <disk> in it."


def test_sentence():
    """As text: nothing in it is markup."""
    view = sentence("line 3: <b>no</b>")
    assert view.text == "line 3: <b>no</b>"
    assert "&lt;b&gt;" in view.html


def test_prediction():
    """A question, its options, and the answer folded away."""
    view = prediction("What is `<a>`?", ["`x`", "y"], "y", "Because of `z`.")
    root = html.fromstring(view.html)
    assert [item.text_content() for item in root.iter("li")] == ["x", "y"]
    assert [code.text for code in root.iter("code")] == ["<a>", "x", "z"]
    assert root.find(".//details").find("summary").text == "Reveal"
    assert view.text.splitlines()[-2:] == ["Answer: y", "Because of z."]


def test_marks_and_rows_are_joined():
    """Each answer that has a place in the XML lights up with it: style.css names them all."""
    from importlib.resources import files

    css = (files("virtiolab.views") / "style.css").read_text(encoding="utf-8")
    xml = "<disk device='cdrom'><driver cache='none'/><target dev='hdc'/><readonly/></disk>"
    page = interactive(Explanation(read(xml).disks[0]))
    marks = set(re.findall(r"vl-mark-(\w+)", page))
    assert len(marks) == 9
    assert all(f":is(.vl-mark-{mark}, .vl-row-{mark})" in css for mark in marks)
