"""Strategies for XML that nobody meant to write.

They start from what was met before (`seeds`) and from guests of libvirt's own names, and of others, in
any order (`trees`). Then elements are shuffled, text is cut, and encoded in odd ways.
"""

import html
import json
import re
import tomllib
from copy import deepcopy
from functools import cache
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st
from lxml import etree
from payloads import PAYLOADS, in_xml
from wild import COMMON_MACHINES, DECISIVE, MACHINES, TABLES, add

from virtiolab.evidence.lessons import lessons
from virtiolab.syntax import entries

HERE = Path(__file__).parent
LONGEST = 20_000  # characters; `growing` is for longer ones

# What pasted XML has been seen to hold that a parser can stumble over: FACTS, section 8.
_DISK = "<disk><source file='/a'/><target dev='{}'/>{}</disk>"
_STUMBLED = [
    "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>" + _DISK.format("vda", "<serial>&x;</serial>"),
    "<!DOCTYPE d [<!ENTITY x 'vda'>]><disk><target dev='&x;'/>&x;</disk>",
    "<!DOCTYPE d [<!ATTLIST target bus CDATA 'virtio'>]>" + _DISK.format("sda", ""),
    "<!DOCTYPE d [<!ENTITY a '&b;&b;'><!ENTITY b '&c;&c;'><!ENTITY c 'ha'>]><disk>&a;</disk>",
    "<!DOCTYPE d [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><disk>&a;</disk>",
    "<disk>" + "<backingStore>" * 100 + "</backingStore>" * 100 + "</disk>",
    "<disk " + " ".join(f"a{n}=''" for n in range(300)) + "/>",
    f"<disk><{'n' * 9000}/><target dev='{'v' * 9000}'/></disk>",
    f"<?xml version='1.0' encoding='utf-16'?>{_DISK.format('vda', '')}",
    f"\ufeff<?xml version='1.0'?>{_DISK.format('vda', '')}",
    _DISK.format("vda", "<!-- a --><?b c?><![CDATA[<d>]]>"),
    "<domain xmlns='u'><devices>" + _DISK.format("vda", "") + "</devices></domain>",
    _DISK.format("vda", "<x:target xmlns:x='u' dev='sda'/><p:q/>"),
    _DISK.format("vda", "<target dev='sda'/><driver/><driver type='qcow2'/>"),
    _DISK.format("&lt;script>&apos;&quot;\u202e&#x9b;", "<serial>&lt;script&gt;</serial>"),
    "$ virsh dumpxml vm\n" + _DISK.format("vda", "") + "\n$",
]  # fmt: skip
# On these libvirt itself died or hung.
_CRASHERS = [
    "<disk type='network'><source protocol='iscsi' name='iqn.2013-07.com.example:a/1'/><target dev='vda'/></disk>",
    "<disk type='network'><source protocol='iscsi' name=''/><target dev='vda'/></disk>",
    "<disk><source file='/a'/><target dev='vdfxshrxx' bus='sata'/></disk>",
    "<hostdev mode='subsystem' type='scsi_host' rawio='yes'>"
    "<source protocol='vhost' wwpn='naa.5123456789abcde0'/></hostdev>",
]
# What makes a difference to who reads XML, and where.
_MARKS = [
    "<", ">", "&", "'", '"', "/", "=", "</", "/>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "{", "}",
    "<?xml version='1.0'?>", "<!DOCTYPE d>", "&#0;", "&#x1b;", "&#10;", "&#x202e;", "&lt;", "&amp;", "&a;",
    "xmlns='u'", "xmlns:p='u'", "p:", "`", "$", "%", "\\", "\0", "\x1b[31m", "\x85", "\u2028", "\ufeff",
    "\ud800", "\U0001f4a9", "{0}", "%s", " ", "\n", "\t", "\r", "",
]  # fmt: skip
ENCODINGS = (
    *["utf-8"] * 30,
    *("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "latin-1", "cp1252"),
    *("utf-7", "cp037", "shift_jis", "gb18030", "koi8-r"),
)
_PIECES = st.sampled_from(
    [
        r"<[^<>]*/>|\s*[\w:.-]+=(?:'[^']*'|\"[^\"]*\")|</?[\w:.-]+|[\w:./-]+|\s+|.",  # mostly whole
        r"[\w:./-]+|\s+|.",
    ]
)


@cache
def seeds() -> list[list[str]]:
    """What was met before: whole guests, the course's disks, every problem's example, disks that are
    right and wrong in every way of wild.py, and what others have stumbled over."""
    files = [*HERE.glob("examples/*.xml"), *HERE.parent.glob("notebooks/domains/*.xml")]
    problems = tomllib.loads((HERE / "problems.toml").read_text(encoding="utf-8"))
    return [
        [file.read_text(encoding="utf-8") for file in sorted(files)],
        [lesson.disks for lesson in lessons().values()],
        [_example(**problem) for problem in problems.values()],
        [_with(piece.xml) for kind in ("right", "known") for piece in TABLES[kind]],
        [f"<devices>{piece.xml}</devices>" for piece in TABLES["wrong beside"]],
        [*_STUMBLED, *_CRASHERS],
    ]


def _example(xml, machine="pc", arch="x86_64", domain="", os="", **_) -> str:
    """The guest with a problem."""
    guest = (
        f"<domain type='kvm'>{domain}<os><type arch='{arch}' machine='{machine}'>hvm</type>{os}</os>"
        f"<devices>{xml}</devices></domain>"
    )
    return re.sub(r"\{([^{}|]*)\|[^{}|]*\}", r"\1", guest)


def _with(piece: str) -> str:
    """A disk with something in it."""
    disk = ElementTree.fromstring("<disk><source file='/a'/><target dev='vda'/></disk>")
    add(disk, piece)
    return ElementTree.tostring(disk, encoding="unicode")


# ------------------------------------------------------------------------------------------- trees

_CONTROLLERS = {  # of which the vocabulary knows nothing
    "controller/@type": "ide scsi scsi sata fdc usb".split(),
    "controller/@index": [],
    "controller/@model": "auto lsilogic virtio-scsi piix3 qemu-xhci none".split(),
    "controller/driver": [],
}
VALUES_OF = {key: list(entry.values) for key, entry in entries().items()} | _CONTROLLERS
_ODD = [*"x disk driver domain devices controller p:driver xml:lang ключ _".split(), "n" * 300]

TEXTS = st.text(max_size=8) | st.sampled_from(PAYLOADS) | st.sampled_from(_MARKS)
LONG = st.builds(
    str.__mul__, st.sampled_from(["x", "`", "a ", "ä", "\u0301", "<"]), st.integers(100, 5000)
)
NUMBERS = st.integers(-2, 30).map(str) | st.sampled_from(
    ["4294967295", "18446744073709551616", "0x7", "²", "+1", " 1", "1_0"]
)
DISK_NAMES = st.builds(
    "{}{}{}".format,
    st.sampled_from(["hd", "sd", "vd", "xvd", "ubd", "fd", "nvme", "ioemu:hd", ""]),
    st.sampled_from(["a", "a", "b", "c", "h", "aa", "zzzzzz", "fxshrxx", "fxshrxy", ""]),
    st.sampled_from(["", "", "", "0", "1", "n1"]),
)
KNOWN = st.sampled_from(sorted({value for values in VALUES_OF.values() for value in values}))
VALUES = KNOWN | NUMBERS | DISK_NAMES | TEXTS


@cache
def _names(parent: str, sign: str) -> st.SearchStrategy[str]:
    """Names of attributes (`@`) or of elements: those that libvirt knows there, and odd ones."""
    pairs = (f"/{key}".rpartition("/") for key in VALUES_OF)
    known = {name for above, _, name in pairs if above.endswith(f"/{parent}")}
    fitting = sorted(name.lstrip("@") for name in known if name.startswith("@") == bool(sign))
    return st.sampled_from([*fitting, *fitting, *_ODD])


@cache
def _value(parent: str, name: str) -> st.SearchStrategy[str]:
    """Mostly what an attribute can have, if that is a list; else anything that XML can hold."""
    listed = VALUES_OF.get(f"{parent}/@{name}")
    usual = st.sampled_from(listed) if listed else NUMBERS | DISK_NAMES
    return st.booleans().flatmap(lambda is_usual: usual if is_usual else VALUES).map(in_xml)


@cache
def trees(name: str, depth: int = 0) -> st.SearchStrategy[str]:
    """An element with some of what libvirt knows in it, and some of what it does not."""
    most = 4 >> depth
    attributes = _names(name, "@").flatmap(lambda a: st.tuples(st.just(a), _value(name, a)))
    children = _names(name, "").flatmap(lambda child: trees(child, depth + 1))
    texts = VALUES.map(in_xml).map(escape)
    return st.builds(
        _element,
        st.just(name),
        st.lists(attributes, max_size=max(most, 2)).map(dict),
        st.just([]) | st.lists(texts, max_size=1) | st.lists(children, max_size=most),
    )


def _element(name: str, attributes: dict[str, str], inside: list[str]) -> str:
    start = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{start}>{''.join(inside)}</{name}>"


@st.composite
def _guests(draw) -> str:
    """Disks and controllers of any kind, in a guest, in a part of one, or alone."""
    devices = "".join(draw(_DEVICES))
    arch, machine = draw(st.sampled_from([*COMMON_MACHINES, *MACHINES]))
    beside = "".join(draw(st.lists(st.sampled_from(_BESIDE), max_size=3)))
    around = draw(st.sampled_from(_AROUND))
    return around.format(devices=devices, arch=arch, machine=machine, beside=beside)


_DEVICES = st.lists(trees("disk") | trees("disk") | trees("controller"), max_size=3)
_BESIDE = [
    "<iothreads>2</iothreads>", "<iothreadids><iothread id='3'/></iothreadids>",
    "<memoryBacking><access mode='shared'/></memoryBacking>", "<os><boot dev='cdrom'/></os>",
    "<throttlegroups><throttlegroup><group_name>a</group_name></throttlegroup></throttlegroups>",
    "<metadata><a:disk xmlns:a='u'/></metadata>",
]  # fmt: skip
_DOMAIN = (
    "<domain type='kvm'>{beside}<os><type arch='{arch}' machine='{machine}'>hvm</type></os>"
    "<devices>{devices}</devices></domain>"
)
_AROUND = [
    *[_DOMAIN] * 3, "{devices}", "{devices}", "<devices>{devices}</devices>", "<disk>{devices}</disk>",
    f"<domainsnapshot>{_DOMAIN}</domainsnapshot>", f"<domstatus xmlns:p='u'>{_DOMAIN}</domstatus>",
    "<domain type='xen'>{beside}<devices>{devices}</devices><devices>{devices}</devices></domain>",
]  # fmt: skip


SEEDS = st.one_of(*map(st.sampled_from, seeds()))


@st.composite
def starts(draw) -> str:
    """What was met before, or not."""
    return draw(SEEDS) if draw(st.booleans()) else draw(_guests())


# -------------------------------------------------------------------------------------- mutilations

_PARSER = etree.XMLParser(encoding="utf-8", recover=True, resolve_entities=False)


def _parsed(text: str) -> etree._Element:
    """The element in a text, or what of it can be saved."""
    root = etree.fromstring(text.encode(), _PARSER) if text else None
    return etree.Element("disk") if root is None else root


def _remove(draw, place, other):
    place.getparent().remove(place)


def _copy(draw, place, other):
    most = 1 + 200 // sum(1 for _ in place.iter())
    other.extend([deepcopy(place) for _ in range(draw(st.integers(1, min(most, 20))))])


def _move(draw, place, other):
    # A copy: lxml crashed once when an element of a tree that was read with recovery changed its place.
    if place not in (other, *other.iterancestors()):
        other.insert(draw(st.integers(0, 2)), deepcopy(place))
        place.getparent().remove(place)


def _graft(draw, place, other):
    place.append(_parsed(draw(SEEDS)))


def _rename(draw, place, other):
    place.tag, other.tag = other.tag, place.tag


def _rewrite(draw, place, other):
    names = [name for name in (*place.keys(), *other.keys()) if ":" not in name]
    place.set(draw(st.sampled_from([*names, "type"])), draw((VALUES | LONG).map(in_xml)))


def _decide(draw, place, other):
    tag, name = draw(st.sampled_from(DECISIVE)).split("/")
    for decisive in place.getroottree().iter(tag):
        decisive.set(name, draw(VALUES.map(in_xml)))


@st.composite
def shuffled(draw) -> str:
    """A guest whose elements are removed, repeated, moved and renamed."""
    root = _parsed(draw(starts()))
    for way in draw(st.lists(_SHUFFLES, min_size=1, max_size=6)):
        every = islice(root.iterdescendants("*"), 500)
        if inside := [one for one in every if ":" not in one.tag]:  # lxml makes no such names
            place = st.integers(0, len(inside) - 1).map(inside.__getitem__)
            way(draw, draw(place), draw(place))
    return etree.tostring(root, encoding="unicode")[:LONGEST]


_SHUFFLES = st.sampled_from([_remove, _copy, _move, _graft, _rename, _rewrite, _rewrite, _decide])


def _cut(draw, before, piece, after):
    return before + after


def _repeat(draw, before, piece, after):
    return before + piece * draw(st.integers(2, 40)) + after


def _nest(draw, before, piece, after):
    # Not next to 256, the most that libxml2 takes: what is right there is one too deep in a <devices>.
    times = draw(st.sampled_from([1, 2, 10, 100, 300]))
    name = draw(st.sampled_from(["backingStore", "source", "disk"]))
    return [*before, f"<{name}>" * times, *piece, f"</{name}>" * times, *after]


def _put(draw, before, piece, after):
    return [*before, draw(VALUES | LONG), *piece, *after]


def _replace(draw, before, piece, after):
    return [*before, draw(VALUES), *after]


def _exchange(draw, before, piece, after):
    return after + piece + before


@st.composite
def cut(draw) -> str:
    """A text from which pieces are cut, others put in or repeated, whatever they are."""
    text = draw(starts() | shuffled())
    for way in draw(st.lists(_CUTS, min_size=1, max_size=3)):
        pieces = re.findall(draw(_PIECES), text[:LONGEST], re.DOTALL)
        start = draw(st.integers(0, len(pieces)))
        end = min(len(pieces), start + draw(st.sampled_from([0, 1, 1, 2, 5, 20, 100])))
        text = "".join(way(draw, pieces[:start], pieces[start:end], pieces[end:]))
    return text[:LONGEST]


_CUTS = st.sampled_from([_cut, _repeat, _nest, _put, _replace, _exchange])


@st.composite
def encoded(draw) -> bytes:
    """A text in some encoding, which it may or may not declare, with a byte spoilt."""
    text, encoding = draw(starts() | shuffled() | cut()), draw(st.sampled_from(ENCODINGS))
    if encoding != "utf-8" and draw(st.booleans()):
        text = f"<?xml version='1.0' encoding='{draw(st.sampled_from(ENCODINGS))}'?>{text}"
    errors = "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace"
    found = text.encode(encoding, errors)
    if draw(st.integers(0, 9)) == 9:
        place = draw(st.integers(0, len(found)))
        found = found[:place] + draw(st.binary(max_size=3)) + found[place + 1 :]
    return found


documents = starts() | shuffled() | shuffled() | cut() | encoded()


# ---------------------------------------------------------------------------------------- pastes

_COPIED = {
    "as HTML": html.escape,
    "in a page": lambda text: f"<pre>{html.escape(text)}</pre>",
    "as JSON": json.dumps,
    "quoted": lambda text: re.sub("^", "> ", text, flags=re.MULTILINE),
    "numbered": lambda text: "\n".join(f"{n} {x}" for n, x in enumerate(text.split("\n"), 1)),
    "added": lambda text: re.sub("^", "+", text, flags=re.MULTILINE),
    "in colours": lambda text: re.sub("(?=<)", "\x1b[1m", text),
    "typeset": lambda text: text.replace("'", "’").replace(' "', " “").replace("--", "–"),
    "twice": lambda text: f"{text}\n{text}",
    "in a shell": lambda text: f"cat <<EOF > a && b\n{text}\nEOF",
}  # fmt: skip
_MARKED = ["\n...\n", "…", " ...", "\n-", "\n+", "\n@@ -1 +1 @@\n", "\n--- a\n+++ b\n", "&", "\\\"", "\\n", "\xa0",
           "\u200b", "＜", "“", "\f", "\v", "\r", "</disk>", "<disk>", "<domain>", "</devices>", "-->", "<!--"]  # fmt: skip


@st.composite
def pastes(draw) -> str:
    """A document as it comes from where it was copied: marked, spoilt in some ways, and cut."""
    text = draw(starts() | shuffled() | cut())[:5000]
    if draw(st.booleans()):  # on lines of its own, as most are
        text = text.replace("><", ">\n<")
    for mark in draw(st.lists(st.sampled_from(_MARKED), max_size=3)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + mark + text[place:]
    for way in draw(st.lists(st.sampled_from(sorted(_COPIED)), max_size=3)):
        text = _COPIED[way](text)
    start = draw(st.sampled_from([0, 0, 1]) | st.integers(0, len(text)))
    return text[start : len(text) - draw(st.sampled_from([0, 0, 1]) | st.integers(0, len(text)))]


@st.composite
def growing(draw):
    """A function of a number: a guest with so many of something, `#` in it being a number each."""
    tags = "disk disk controller source driver iotune host iothread".split()
    piece = draw(trees(draw(st.sampled_from(tags)))).replace('="', '="#', draw(st.integers(0, 2)))
    before, after = draw(st.sampled_from(_WHERE))
    return lambda n: before + "".join(piece.replace("#", str(i)) for i in range(n)) + after


_DISK_WITH = "<disk type='network'><target dev='sda'/>"
_WHERE = [
    ("<devices>", "</devices>"),
    (_DISK_WITH, "</disk>"),
    (f"{_DISK_WITH}<source protocol='rbd' name='a'>", "</source></disk>"),
    ("<domain><iothreadids>", f"</iothreadids><devices>{_DISK_WITH}</disk></devices></domain>"),
    ("<domain><os><type arch='x86_64' machine='pc'/></os><devices>", "</devices></domain>"),
]
