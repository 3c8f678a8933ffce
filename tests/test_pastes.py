"""What people paste: all that is whole in it is read, and nothing is guessed of the rest."""

import html
import json
import re
import time
from pathlib import Path

import hostile
import payloads
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from payloads import PAYLOADS, broken, guests, unseen

from virtiolab import UnreadableXML, infer, read
from virtiolab.document import is_elided
from virtiolab.pastes import read_pasted
from virtiolab.xml import MAX_BYTES, laid_out

TESTS = Path(__file__).parent
GUESTS = [
    file.read_text(encoding="utf-8")
    for folder in (TESTS / "examples", TESTS.parent / "notebooks" / "domains")
    for file in sorted(folder.glob("*.xml"))
]
VDA = "<disk type='file'>\n<source file='/a'/><target dev='vda'/>\n</disk>"
VDB = "<disk type='block'>\n<source dev='/dev/b'/><target dev='vdb'/>\n</disk>"
SPLIT = "<disk type='file'\n device='cdrom'>\n<source file='/a'/><target dev='vda'/>\n</disk>"
Q35 = "<domain type='kvm'>\n<os><type arch='x86_64' machine='q35'>hvm</type></os>\n"
GUEST = f"{Q35}<devices>\n{VDA}\n</devices>\n</domain>"
DOUBLE = VDA.replace("'", '"')

# What a remark says that is refused by libvirt, and the rest, by a word of each.
REFUSED = {"typography", "blanks that", "bare `&`", "before `<?xml`", "well-formed", "counterpart"}
KINDS = REFUSED | {
    "HTML-escaped", "string of", "web page", "terminal", "quoted mail", "line numbers", "diff", "left out where",
    "cut off, so", "at its start", "at their start", "what stands before",
}  # fmt: skip


def remarks_of(pasted):
    """The line and the kind of each remark, which is a clean sentence."""
    for line, message, refused in pasted.remarks:
        assert message.endswith(".") and not unseen(message) and "\n" not in message
        [kind] = [kind for kind in KINDS if kind in message] or [message]
        assert refused == (kind in REFUSED)
        yield line, kind


def told(xml):
    """Of each guest its disks, by name, source and line; and the remarks."""
    pasted = read_pasted(xml)
    disks = [
        [(disk.target, disk.get("file", "source") or disk.get("dev", "source"), disk.line) for disk in one.disks]
        for one in pasted.domains
    ]  # fmt: skip
    assert pasted.text.count("\n") == xml.replace("\r\n", "\n").count("\n")
    return disks, [*remarks_of(pasted)]


def numbered(form):
    """A disk with line numbers."""
    return "\n".join(form.format(number, line) for number, line in enumerate(SPLIT.split("\n"), 9))


A, B = ("vda", "/a"), ("vdb", "/dev/b")


def at(line, disk=A):
    """A disk in a line."""
    return (*disk, line)


ESCAPED = [
    (html.escape(VDA), [[at(1)]], [(1, "HTML-escaped")]),
    (html.escape(html.escape(VDA)), [[at(1)]], [(1, "HTML-escaped")]),
    (f"<p>So:</p>\n<pre>{html.escape(VDA)}</pre>", [[at(2)]], [(2, "HTML-escaped"), (2, "web page")]),
    (f"<p>So:<pre><code>{VDA}</code></pre>", [[at(1)]], [(1, "web page")]),
    (
        "<pre>\n<span class='nt'>&lt;disk&nbsp;</span><span class=na>type=</span>&#39;file&#39;&gt;<br>\n"
        "&lt;source file=&quot;/a&quot;/&gt;<br/>&#x3c;target dev=&apos;vda&apos;/&gt;&lt;/disk&gt;",
        [[at(2)]], [(2, "HTML-escaped"), (2, "web page")],
    ),
    ("<disk type=&quot;file&quot;>\n<source file='/a'/><target dev=&#39;vda&#39;/></disk>", [[at(1)]],
     [(1, "HTML-escaped")]),
    # What is escaped stands for itself where there is other markup.
    (f"<x>&lt;disk type='file'/&gt;\n{VDA}", [[at(2)]], []),
    # Half escaped: nobody knows whether its author wrote a bare &.
    ("&lt;disk>\n&lt;source file='/a?b&amp;c'/>&lt;target dev='vda'/>&lt;/disk>", [[("vda", "/a?b&c", 1)]],
     [(1, "HTML-escaped")]),
]  # fmt: skip
SIGNS = [
    (VDA.replace("'", "’"), [[at(1)]], [(1, "typography")]),
    (VDA.replace("'file'", "‘file’").replace("'/a'", "„/a”"), [[at(1)]], [(1, "typography")]),
    ("<disk type=“file”>\n<source file='/a’b“'/><target dev='vda'/></disk>", [[("vda", "/a’b“", 1)]],
     [(1, "typography")]),
    ("<disk type='file’>\n<source file=‘/a'/><target dev='vda'/></disk>", [[at(1)]], [(1, "typography")]),
    ("＜disk type＝＂file＂＞\n<source file='/a'/><target dev=′vda′ ／＞＜／disk＞", [[at(1)]], [(1, "typography")]),
    (f"<devices>\n<!–– the first –>\n{VDA}</devices>", [[at(3)]], [(2, "typography")]),
    (VDA.replace("disk ", "disk\xa0").replace("/><", "/\u200b><"), [[at(1)]], [(1, "blanks that")]),
    (VDA.replace("<disk ", "<disk \u200b\u3000"), [[at(1)]], [(1, "blanks that")]),
    (f"“quoted”\n{VDA}\n‘bye’ <", [[at(2)]], []),
]  # fmt: skip
AROUND = [
    (f"cat > vm.xml <<EOF\n{VDA}\nEOF\n", [[at(2)]], []),
    (f"cat <<'EOF' > vm.xml\n{GUEST}\nEOF\nvirsh define vm.xml && virsh start vm", [[at(5)]], []),
    (f"$ virsh dumpxml <domain>\n{GUEST}\n# a < b", [[at(5)]], []),
    (f"```xml\n{VDA}\n```\nand <this>\n```xml\n{VDB}\n```", [[at(2), at(8, B)]], []),
    (f"Put a <disk> into the <devices> of the <domain>:\n{VDA}", [[at(2)]], []),
    (numbered("{:6}\t{}"), [[at(2)]], [(1, "line numbers")]),
    (numbered("  {} {}"), [[at(2)]], [(1, "line numbers")]),
    ("$ cat -n vm.xml\n" + numbered("{}: {}"), [[at(3)]], [(2, "line numbers")]),
    (numbered("a/vm.xml:{}:{}"), [[at(2)]], [(1, "line numbers")]),
    (numbered("vm.xml-{}-{}"), [[at(2)]], [(1, "line numbers")]),
    ("On Monday you wrote:\n> " + SPLIT.replace("\n", "\n> ") + "\nNo.", [[at(3)]], [(2, "quoted mail")]),
    (">> " + SPLIT.replace("\n", "\n> > "), [[at(2)]], [(1, "quoted mail")]),
    ("<disk type='file'\n><source file='/a'\n/><target dev='vda'/></disk\n>", [[at(2)]], []),
    (f"\x1b[32m{VDA}\x1b[0m\r\n\x1b]0;title\x07", [[at(1)]], [(1, "terminal")]),
    (f"^[[1;31m{VDA}^[[m <", [[at(1)]], [(1, "terminal")]),
    (f"<devices>\n{VDA.replace('<target', '[31m<target [0m')}</devices>", [[at(2)]], [(3, "terminal")]),
    (VDA.replace(" type", " [1mtype"), [[at(1)]], [(1, "terminal")]),
    (VDA.replace("\n", "\r\n") + "<", [[at(1)]], []),
    (f"\n \n<?xml version='1.0'?>\n{VDA}", [[at(4)]], [(3, "before `<?xml`")]),
    (VDA.replace("/a", "/a&b;c&amp;d"), [[("vda", "/a&b;c&d", 1)]], [(2, "bare `&`")]),
    (f"a && b\n{VDA.replace('<target', '<!-- a & b --><target')} <", [[at(2)]], []),
    (VDA.replace("<target", "<serial>R&D&nbsp;</serial><target"), [[at(1)]], [(2, "bare `&`")]),
]  # fmt: skip
STRINGS = [
    (json.dumps({"xml": DOUBLE}), [[at(1)]], [(1, "string of")]),
    (json.dumps(json.dumps({"xml": DOUBLE, "b": [VDB]})), [[at(1), at(1, B)]], [(1, "string of")]),
    (
        json.dumps({"xml": SPLIT}).replace("<", "\\u003c").replace("/", "\\/"),
        [[at(1)]],
        [(1, "string of")],
    ),
    (repr(DOUBLE + VDA), [[at(1), at(1)]], [(1, "string of")]),
    (
        'log: "\n' + DOUBLE.replace('"', '\\"').replace("\n", "\\n") + '"',
        [[at(2)]],
        [(2, "string of")],
    ),
    (json.dumps([GUEST, VDB]), [[at(1)], [at(1, B)]], [(1, "string of")]),
    (VDA.replace("'/a'", r"'C:\new\table'") + "<", [[("vda", r"C:\new\table", 1)]], []),
    (json.dumps(html.escape(VDA)), [[at(1)]], [(1, "HTML-escaped"), (1, "string of")]),
    (html.escape(json.dumps(DOUBLE)), [[at(1)]], [(1, "HTML-escaped"), (1, "string of")]),
]
DOTS = [
    ("<disk type='file'>\n...\n<source file='/a'/><target dev='vda'/></disk>", [[at(1)]], [(2, "left out where")]),
    ("<disk type='file' ...>\n<source file='/a' [...] /><target dev='vda'/></disk>", [[at(1)]],
     [(1, "left out where")]),
    ("<disk type='file' …>\n<source file='/a'/><target dev='vda'/></disk>", [[at(1)]], [(1, "left out where")]),
    (f"{Q35}<...>\n<devices>\n{VDA}\n</devices></domain>", [[at(5)]], [(3, "left out where")]),
    (f"{Q35}...\n{VDA}\n...\n</devices>\n</domain>", [[at(4)]], [(3, "left out where")]),
    (f"{Q35}…\n{VDA}\n…\n</domain>", [[at(4)]], [(3, "left out where")]),
    (f"{Q35}<devices>\n<disk type='file'>\n  ...\n{VDA}\n</domain>", [[at(6)]],
     [(4, "cut off, so"), (5, "left out where")]),
    (f"...\n{VDA}\n...", [[at(2)]], [(1, "left out where")]),
    (f"{GUEST[:-9]}<!-- ... --><title>...</title></domain>", [[at(4)]], []),
]  # fmt: skip
DIFFS = [
    (" <disk type='file'>\n-<source file='/old'/>\n+<source file='/a'/>\n <target dev='vda'/>\n </disk>", [[at(1)]],
     [(2, "diff")]),
    ("<disk type='file'>\n-<source file='/a'/>\n <target dev='vda'/>\n </disk>", [[("vda", None, 1)]], [(2, "diff")]),
    (
        "diff --git a/vm b/vm\n--- a/vm\n+++ b/vm\n@@ -1,4 +1,4 @@ <domain type='kvm'>\n <disk type='file'>\n"
        "-  <source file='/old'/>\n+  <source file='/a'/>\n   <target dev='vda'/>\n </disk>\n <disk type='file'>\n"
        "@@ -40,2 +40,9 @@\n   <target dev='hda'/>\n </disk>\n+" + VDB.replace("\n", "\n+"),
        [[at(5), at(14, B)]], [(6, "diff"), (10, "cut off, so"), (13, "at its start")],
    ),
    (f"--- a/1\n+++ b/1\n@@ -1 +1 @@\n+{Q35}<devices>\n--- a/2\n+++ b/2\n@@ -1 +1 @@\n+"
     + VDA.replace("\n", "\n+"), [[], [at(10)]],
     [(4, "diff"), (4, "what stands before"), (7, "left out where")]),
    # As Markdown indents it, and in the columns of a web page.
    ("     <disk type='file'>\n    -<source file='/z'/>\n    +<source file='/a'/>\n     <target dev='vda'/></disk>",
     [[at(1)]], [(2, "diff")]),
    ("10\t10\t  <disk type='file'>\n11\t\t-   <source file='/z'/>\n\t11\t+   <source file='/a'/>\n"
     "12\t12\t   <target dev='vda'/>\n13\t13\t  </disk>", [[at(1)]], [(1, "line numbers"), (2, "diff")]),
    (f"- {VDA}\n- <disk type='block'><source dev='/dev/b'/><target dev='vdb'/></disk>", [[at(1), at(4, B)]], []),
    (f"<devices>\n<!--\n- <disk/>\n+ <disk/>\n-->\n{VDA}</devices>", [[at(6)]], []),
    (VDA.replace("/a", "-a\n+b").replace("<", "\n<") + "<", [[("vda", "-a +b", 2)]], []),
]  # fmt: skip
SEVERAL = [
    (f"{GUEST}\n{GUEST}", [[at(4)], [at(12)]], []),
    (f"<?xml version='1.0'?>\n{GUEST}\n<?xml version='1.0'?>\n{GUEST}", [[at(5)], [at(14)]], []),
    (f"{VDA}\nor\n{VDB}\n{GUEST}\n{VDB}", [[at(1), at(5, B)], [at(11)], [at(16, B)]], []),
    (f"<devices/>\n{GUEST}\n{VDB}", [[at(5)], [at(10, B)]], []),
]
CUTS = [
    (f"<devices>\n{VDA}\n{VDB[:-20]}", [[at(2)]], [(5, "cut off, so")]),
    (
        f"pe='file'><target dev='a'/></disk>\n{VDA}\n</devices></domain>",
        [[at(2)]],
        [(1, "at its start")],
    ),
    (f"{Q35}<devices>\n{VDA}\n<!-- what", [[at(4)]], [(1, "what stands before")]),
    (f"{Q35}<devices>\n{VDA}\n<contro", [[at(4)]], [(1, "what stands before")]),
    (f"{Q35}<devices>\n{VDA}\n{GUEST}", [[at(4)], [at(10)]], [(1, "what stands before")]),
    (f"{GUEST[20:]}\n{GUEST}", [[at(3)], [at(11)]], []),
    (f"<disk type='file'/> old -->\n{VDA}<", [[at(2)]], []),
    (f"<devices>\n<disk><source></disk>\n{VDA}</devices>", [[at(3)]], [(2, "well-formed")]),
    (f"<devices>\n<disk a=b/>\n{VDA}</devices>", [[at(3)]], [(2, "well-formed")]),
    (
        f"{Q35}<memory unit=KiB>4</memory><devices>\n{VDA}</devices></domain>",
        [[at(4)]],
        [(3, "well-formed")],
    ),
    (f"{Q35}<name>\n<devices>\n{VDA}</devices></domain>", [[at(5)]], [(3, "counterpart")]),
]
TOGETHER = [
    (html.escape("\x1b[1m <disk type='file'>\n\x1b[31m-<source file='/z'/>\x1b[m\n\x1b[32m+<source file='/a'/>\n"
                 " <target dev='vda'/>\n </disk>\n <disk type='file'><sou"),
     [[at(1)]], [(1, "HTML-escaped"), (1, "terminal"), (2, "diff"), (6, "cut off, so")]),
    (json.dumps({"diff": " <disk type=\"file\">\n-<source file=\"/z\"/>\n+<source file=\"/a\"/>\n <target dev=\"vda\"/>"
                         "\n </disk>\n"}), [[at(1)]], [(1, "diff"), (1, "string of")]),
    ("> " + DOUBLE.replace('"', "”").replace("\n", "\n> ") + "\n> <disk type='file'", [[at(1)]],
     [(1, "quoted mail"), (1, "typography")]),
    (f"cat <<EOF\n{Q35}...\n<devices>\n{VDA.replace('/a', '/a&b')}\n<disk ...>\n</devices>\nEOF",
     [[("vda", "/a&b", 6)]],
     [(2, "what stands before"), (4, "left out where"), (7, "bare `&`"), (9, "cut off, so")]),
]  # fmt: skip


@pytest.mark.parametrize(
    "xml, disks, remarks",
    [*ESCAPED, *SIGNS, *AROUND, *STRINGS, *DOTS, *DIFFS, *SEVERAL, *CUTS, *TOGETHER],
)
def test_reads(xml, disks, remarks):
    """Every kind of harm, and several at once."""
    found, said = told(xml)
    assert (found, sorted(said)) == (disks, sorted(remarks))


@pytest.mark.parametrize(
    "xml, line, words",
    [
        ("", None, "empty"),
        ("hello & bye", 1, "not XML"),
        ("<network/>", 1, "virtual network"),
        (html.escape("<domainsnapshot><disks><disk name='vda'/></disks></domainsnapshot>"), 1, "its disks name those of a guest"),
        ("<domainsnapshot>\n<name>&</name><disks><disk name='vda'/></disks></domainsnapshot>", 1, "its disks name those of a guest"),
        ("<domainsnapshot>\n<disks><disk name='vda'/></disks>", 2, "cut short"),
        ("<domainsnapshot>\n<disks><disk name='vda'/><di", 2, "cut short"),
        ("<disk name='vda'/>\n</disks></domainsnapshot>", 2, "Opening and ending"),
        ("@@ -1,3 +1,0 @@\n-<disk type='file'>\n-<target dev='vda'/>\n-</disk>", 1, "new side"),
        ("<domain><disk/></domain>", 1, "belongs into <devices>"),
        (f"{Q35}<devices>\n<disk type='file'>", 4, "cut short"),
        ("<disk><source></disk>", 1, "mismatch"),
        ("<!DOCTYPE html><pre>&lt;disk/&gt;</pre>", None, "DOCTYPE"),
        (html.escape(f"<!DOCTYPE d [<!ENTITY x 'vda'>]>{VDA}"), None, "DOCTYPE"),
        (json.dumps(f"<!DOCTYPE d>{DOUBLE}<"), None, "DOCTYPE"),
        ("<!DOC\x1b[mTYPE d><disk/>", None, "DOCTYPE"),
        ("<domain a=''/>" * 101, None, "more than 100 guests"),
        ("&lt;disk>" + "&nGt;" * 200_000 + "&lt;/disk>", None, "larger than 1 MiB"),
        ("&lt;disk " + "xm&#108;ns:a='b' " * 257 + "/>", None, "256 xmlns"),
        ("<disk>" + "&" * 300_000 + "</disk>", None, "larger than 1 MiB"),
        (b"\xff\xfe<\0d\0", 1, "cut short"),
        (Path("/nonexistent/file"), None, "No such file"),
    ],
)  # fmt: skip
def test_refuses(xml, line, words):
    """With the sentence of `read`, where there is nothing whole."""
    with pytest.raises(UnreadableXML) as refused:
        read_pasted(xml)
    assert words in refused.value.message
    assert refused.value.line == line


def test_what_else_it_reads(tmp_path):
    """Bytes in any encoding, and files; for the libvirt that is asked."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "latin-1", "cp1252"):
        xml = f"{VDA.replace('/a', '/é')}<"
        (tmp_path / "a.xml").write_bytes(xml.encode(encoding))
        for way in (xml.encode(encoding), tmp_path / "a.xml"):
            pasted = read_pasted(way)
            assert (pasted.domains[0].disks[0].get("file", "source"), pasted.text) == ("/é", xml)
    assert read_pasted(f"{VDA}<", "9.0.0").domains[0].libvirt == (9, 0, 0)
    with pytest.raises(ValueError, match="version"):
        read_pasted(VDA, "x")


def test_what_is_said_has_the_lines_of_the_paste():
    """Of several disks that are cut, it names the first five; and libxml2 counts from the same line."""
    cut = "<disk type='file'>\n" * 7
    [said] = read_pasted(f"{cut}{VDA}").remarks
    assert said.message.startswith(
        "The disks that begin in lines 1, 2, 3, 4, 5 and others are cut off"
    )
    [said] = read_pasted(f"{VDA}\n{cut[:38]}{VDB}").remarks
    assert (said.line, said.message[:43]) == (4, "The disks that begin in lines 4 and 5 are c")
    [said] = read_pasted(f"{VDA}\n<disk><source>\n</disk>").remarks
    assert said.line == 4 and "source line 4 and disk" in said.message
    [said] = read_pasted(f"{VDA.replace('/a', '&')}\n<disk>\n<disk/></disk>").remarks  # whole
    assert said.message.startswith("libvirt refuses a bare")


def test_disks_are_read_without_a_guest_that_cannot_be():
    """What is wrong with it libvirt would refuse, unless something was left out there."""
    for dots, refused in (("", True), ("...", False)):
        pasted = read_pasted(f"{Q35}<a b='\n{dots}\n{VDA}\n</devices></domain>")
        assert [disk.line for domain in pasted.domains for disk in domain.disks] == [5]
        [said] = [one for one in pasted.remarks if "without the guest around" in one.message]
        assert said.refused == refused


def test_what_is_left_out_can_be_asked():
    """A mark stays in each element from which something was left out, or cut."""
    [guest] = read_pasted(f"{Q35}<devices>\n<disk ...>\n<source file='/a' .../></disk>").domains
    [disk] = guest.disks
    assert is_elided(disk.element) and is_elided(disk.child("source"))
    assert is_elided(guest.element) and is_elided(guest.devices[0])
    assert not is_elided(guest.element.find("os")) and guest.machine == "q35"
    for text in (
        "...",
        "\n  …\n",
        " [...] ",
        "\n<a/> (...)\n",
        "<!-- a -->\n... and more ...\n",
        "12 ...",
    ):
        assert is_elided(etree.fromstring(f"<disk>{text}</disk>")), text
    for text in ("", "\n", "a...", "..", "<!-- ... -->", "<a>...</a>", "1.2"):
        assert not is_elided(etree.fromstring(f"<disk>{text}</disk>")), text


# ----------------------------------------------------------------------------------------- properties


def written(domains):
    """Each disk as it is, but for blanks."""
    for domain in domains:
        for disk in domain.disks:
            yield re.sub(
                rb"\s+", b" ", etree.tostring(disk.element, method="c14n", with_tail=False)
            )


def answers(domain):
    """Everything that is inferred."""
    return [[(one.value, one.origin) for one in infer(disk)] for disk in domain.disks]


@pytest.mark.parametrize("xml", GUESTS)
def test_guests_are_read_as_they_stand(xml):
    """What `read` reads, without a remark."""
    for way in (xml, xml.encode()):
        pasted, guest = read_pasted(way), read(way)
        assert (pasted.remarks, len(pasted.domains)) == ((), 1)
        assert etree.tostring(pasted.domains[0].element) == etree.tostring(guest.element)
        assert pasted.text == xml


def diffed(draw, xml):
    """A diff with lines of its own that are removed, and of the guest's that are added."""
    random = draw(st.randoms(use_true_random=False))
    lines = []
    inside = False
    for line in xml.split("\n"):
        if not inside and random.random() < 0.1:
            lines.append(
                "-" + random.choice(["<disk type='x'>", "</disk>", "  <target dev='zz'/>", "--"])
            )
        lines.append(random.choice("  +") + line)
        inside = "-->" not in line and (inside or "<!--" in line)
    return "\n".join(["@@ -1,9 +1,9 @@", *lines])


SPOILT = {
    "escaped": lambda draw, xml: html.escape(xml),
    "escaped twice": lambda draw, xml: f"<pre>{html.escape(html.escape(xml))}</pre>",
    "JSON": lambda draw, xml: json.dumps({"xml": xml}),
    "JSON of HTML": lambda draw, xml: json.dumps({"xml": html.escape(xml)}),
    "heredoc": lambda draw, xml: f"cat > a.xml <<EOF\n{xml}\nEOF\n",
    "numbers": lambda draw, xml: "\n".join(
        f"{n:6}\t{line}" for n, line in enumerate(xml.split("\n"), 1)
    ),
    "mail": lambda draw, xml: "\n".join(f"> {line}" for line in xml.split("\n")),
    "colours": lambda draw, xml: re.sub("(</?[a-z]+)", "\x1b[34m\\1\x1b[0m", xml),
    "diff": diffed,
    "twice": lambda draw, xml: f"{xml}\n{xml}",
}


@st.composite
def spoilt(draw, way):
    """A guest, and the same spoilt in a way."""
    xml = draw(st.sampled_from(GUESTS))
    return xml, SPOILT[way](draw, xml)


@pytest.mark.parametrize("way", SPOILT)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_is_spoilt_is_the_same(way, data):
    """Whatever the way, the disks and all answers are the guest's."""
    xml, paste = data.draw(spoilt(way))
    guest, pasted = read(xml), read_pasted(paste)
    times = 2 if way == "twice" else 1
    if guest.complete or times == 1:
        assert len(pasted.domains) == times
        for domain in pasted.domains:
            assert answers(domain) == answers(guest)
    assert [*written(pasted.domains)] == [*written([guest])] * times
    if "JSON" not in way:
        added = paste.count("\n") - xml.count("\n") if way in ("heredoc", "diff") else 0
        lines = [disk.line for domain in pasted.domains for disk in domain.disks]
        assert added or lines[: len(guest.disks)] == [disk.line for disk in guest.disks]


def spans(xml):
    """Where each disk begins and ends, outside of comments."""
    blank = re.sub("<!--.*?-->", lambda comment: " " * len(comment[0]), xml, flags=re.DOTALL)
    return [match.span() for match in re.finditer(r"<disk\b.*?</disk>", blank, re.DOTALL)]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(GUESTS), st.floats(0, 1), st.floats(0, 1))
@example(GUESTS[0], 0, 0)
def test_what_is_cut_at_any_place(xml, one, other):
    """The disks that are whole come back as they were, in their lines; and what is not is refused."""
    start, end = sorted(int(part * len(xml)) for part in (one, other))
    whole = [n for n, span in enumerate(spans(xml)) if start <= span[0] and span[1] <= end]
    guest, before = read(xml), xml.count("\n", 0, start)
    try:
        pasted = read_pasted(xml[start:end])
    except UnreadableXML:
        assert not whole
        return
    expected = [*written([guest])]
    assert [*written(pasted.domains)] == [expected[n] for n in whole]
    lines = [disk.line + before for domain in pasted.domains for disk in domain.disks]
    assert lines == [guest.disks[n].line for n in whole]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([case[0] for case in TOGETHER + DIFFS + DOTS]), st.floats(0, 1), st.floats(0, 1))  # fmt: skip
def test_what_is_spoilt_and_cut(xml, one, other):
    """Read or refused."""
    start, end = sorted(int(part * len(xml)) for part in (one, other))
    try:
        assert read_pasted(xml[start:end]).domains
    except UnreadableXML:
        pass


@pytest.mark.parametrize("first", range(0, len(PAYLOADS), 40))
def test_hostile_text(first):
    """Whatever it is, what is said of it is one clean line; in a whole guest nothing is said."""
    for payload in PAYLOADS[first : first + 40]:
        whole = guests(payload)
        for xml in (*whole, *broken(payload), *(html.escape(one) for one in broken(payload))):
            try:
                said = [remark.message for remark in read_pasted(xml).remarks if xml not in whole]
            except UnreadableXML as error:
                said = [str(error)]
            assert not any(unseen(one) or "\n" in one for one in said), payload


def test_hostile_guests():
    """They are read as they stand."""
    for xml in hostile.guests():
        pasted = read_pasted(xml)
        assert pasted.remarks == () and len(pasted.domains) == 1


FLOOD = [
    "<", "&", "'", "...", "-", "<disk", "<disk>", "<disk/>", "<domain>", "<domain a=''>", "</disk>", "<a>", "<!--",
    "<?", "<![CDATA[", "\\", "=\\", ">\\n", "&lt;disk ", "&amp;", "\n-", "\n+<", "\n> ", "> <", "\n1 <", "12", "\x1b[",
    "“", "＜a", '＜a"', "<a b='", "<a b=“c” ", "<!–", "-->", "\f", "<metadata>", "<a ...>", "<disk><x></disk>",
    "<disk a=b/>", "<disk/></devices>", "<domain><disk/>", "<disks>", "<controller>", "\n",
]  # fmt: skip


@pytest.mark.parametrize("part", FLOOD)
def test_it_takes_as_long_as_the_text(part):
    """An eighth of what may be pasted, before a disk and within a guest that ends."""
    for start, end in (("", VDA), ("<domain a='b'><devices>", "</devices></domain>")):
        room = MAX_BYTES // 8
        flood = (part * (room // len(part) + 1)).encode()[:room].decode(errors="ignore")
        begun = time.thread_time()
        try:
            read_pasted(start + flood + end)
        except UnreadableXML as error:
            assert not unseen(str(error))
        assert time.thread_time() - begun < 2.5  # what grows with the square takes minutes


@pytest.mark.parametrize("group", payloads.GROUPS)
def test_what_is_read_as_it_stands_stays(group):
    """However hostile the values in it are: nothing is set right in a guest that is XML."""
    xml = payloads.disks(payloads.GROUPS[group])
    pasted = read_pasted(xml)
    assert pasted.remarks == () and pasted.text == xml.replace("\r\n", "\n")
    [domain] = pasted.domains
    assert laid_out(domain.element) == laid_out(read(xml).element)


@pytest.mark.parametrize("mark", ["", "> ", "> > ", "12 "])
def test_a_diff_that_is_xml(mark):
    """Also in a mail, or with numbers, its new side counts."""
    lines = [
        " <disk>",
        "-<driver type='raw'/>",
        "+<driver type='qcow2'/>",
        " <target dev='vda'/>",
        " </disk>",
    ]
    numbers = range(12, 17)
    text = "\n".join((f"{n} " if mark == "12 " else mark) + line for n, line in zip(numbers, lines))
    [domain] = read_pasted(text).domains
    assert [infer(disk).format.value for disk in domain.disks] == ["qcow2"]


def test_a_guest_without_disks():
    """Is one, whatever stands in its description."""
    xml = "<domain type='kvm'><description>&lt;pre&gt;1 &amp;lt;b&amp;gt;&lt;/pre&gt;</description></domain>"
    pasted = read_pasted(xml)
    assert pasted.remarks == () and len(pasted.domains) == 1 and not len(pasted.domains[0].disks)
