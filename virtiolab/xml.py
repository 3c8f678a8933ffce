"""Parses XML that somebody pasted, safely: what comes out is an element tree or one sentence.

Nothing is fetched, expanded or opened but the file that was named, and every size has its limit.
"""

import copy
import os
import re
import unicodedata
from collections.abc import Iterator

from lxml import etree

MAX_BYTES = 1 << 20  # 1 MiB: `virsh dumpxml` of a large guest is some 20 KiB
MAX_ATTRIBUTES = 256  # of one element; libvirt's busiest has about 25
MAX_NAMESPACES = 256  # declared anywhere: each element below knows them all

# lxml may hold entities back, but it cannot fetch: no DTD, no network, libxml2's own size limits.
_SAFE: dict[str, bool] = dict(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
)
# A str is UTF-8 by the time it is parsed, whatever its XML declaration says.
_ENCODINGS: dict[type, str | None] = {str: "utf-8", bytes: None}
_PARSERS: dict[type, etree.XMLParser] = {
    kind: etree.XMLParser(encoding=name, **_SAFE) for kind, name in _ENCODINGS.items()
}
_TOO_MANY_ATTRIBUTES = etree.XPath(f"/descendant-or-self::*/@*[{MAX_ATTRIBUTES + 1}]")
_XML_DECLARATION = re.compile(rb"^([^<]*)<\?xml\s[^>]*\?>")
_OF_NAMESPACES = range(etree.ErrorTypes.NS_ERR_XML_NAMESPACE, etree.ErrorTypes.NS_ERR_COLON + 1)
_WARNING = etree.ErrorLevels.WARNING
_NOT_ONE_ELEMENT = (etree.ErrorTypes.ERR_DOCUMENT_END, etree.ErrorTypes.ERR_DOCUMENT_EMPTY)
_UNFINISHED = tuple(
    getattr(etree.ErrorTypes, f"ERR_{what}")
    for what in (
        "ATTRIBUTE_NOT_FINISHED", "ATTRIBUTE_NOT_STARTED", "ATTRIBUTE_WITHOUT_VALUE",
        "CDATA_NOT_FINISHED", "COMMENT_NOT_FINISHED", "DOCUMENT_EMPTY", "GT_REQUIRED",
        "LTSLASH_REQUIRED", "NAME_REQUIRED", "PI_NOT_FINISHED", "SPACE_REQUIRED",
        "TAG_NOT_FINISHED",
    )
)  # fmt: skip
# All but what most text is made of, in which nothing is not seen as it is.
_UNUSUAL = re.compile("[^ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e]+")
# Printable by Unicode, and yet nobody sees them: fillers, and what selects a variant of a letter.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
MAX_MARKS = 4  # on one letter, which no language exceeds; more of them would cover other lines
HOLDERS = ("domstatus", "domainsnapshot", "domainbackup", "domaincheckpoint")


class UnreadableXML(ValueError):
    """XML that cannot be read. `message` is one sentence, `line` counts from 1, or is None."""

    def __init__(self, message: str, line: int | None = None):
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message, self.line = message, line


def parse(xml: str | bytes | os.PathLike) -> etree._Element:
    """The root element; a str is always XML, never a file's name. Raises UnreadableXML."""
    data = bytes_of(xml)
    root = _parse(data, str if isinstance(xml, str) else bytes)
    # In text that is UTF-8 for sure, as many attributes need as many equals signs: no need to count them.
    _refuse_unsafe(root, not isinstance(xml, str) or data.count(b"=") > MAX_ATTRIBUTES)
    return root


def bytes_of(xml: str | bytes | os.PathLike) -> bytes:
    """What is read as XML, if it is not too large and not empty. Raises UnreadableXML."""
    if not isinstance(xml, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError(f"XML is read from a str, bytes or a path, not from {type(xml).__name__}")
    try:
        if isinstance(xml, os.PathLike):
            with open(xml, "rb") as file:
                xml = file.read(MAX_BYTES + 1)
        data = xml.encode() if isinstance(xml, str) else bytes(xml)
    except OSError as error:
        raise UnreadableXML(f"{error.strerror or error}.") from None
    except UnicodeEncodeError:
        raise UnreadableXML("The text holds half a character (a lone surrogate).") from None
    except ValueError as error:  # a path with a null character in it
        raise UnreadableXML(f"No file can have that name: {error}.") from None
    if len(data) > MAX_BYTES:
        raise UnreadableXML(f"This is larger than {MAX_BYTES >> 20} MiB; no guest's XML is.")
    if data.replace(b"\0", b"").count(b"xmlns") > MAX_NAMESPACES:
        raise UnreadableXML(
            f"There are more than {MAX_NAMESPACES} xmlns in it; no guest's XML has so many."
        )
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise UnreadableXML("There is nothing here: the input is empty.")
    return data


def _parse(data: bytes, kind: type) -> etree._Element:
    """The root element. Several elements side by side are taken as the inside of a `<devices>`."""
    try:
        return etree.fromstring(data, _PARSERS[kind])
    except etree.XMLSyntaxError as error:
        problem = error
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise _doctype()
    if problem.code not in (*_NOT_ONE_ELEMENT, *_OF_NAMESPACES):
        raise _not_well_formed(problem, data)
    if problem.code in _OF_NAMESPACES and kind is bytes:
        data, kind = _in_utf8(data), str  # wrapped, it would lose the encoding that it declares
    # Wrapped without a line of its own, so that line numbers stay true. Behind an error of namespaces,
    # libxml2 would not say that there are more elements.
    opened = b"<devices>" + _XML_DECLARATION.sub(lambda m: b"\n" * m[0].count(b"\n"), data)
    try:
        return _unwrapped(_tree(opened + b"</devices>", kind))
    except etree.XMLSyntaxError:
        raise _not_well_formed(_problem_of(opened, kind) or problem, data) from None


def _in_utf8(data: bytes) -> bytes:
    """The same text, from the encoding that libxml2 finds in it."""
    root = etree.fromstring(data, etree.XMLParser(recover=True, **_SAFE))
    try:
        return data.decode(root.getroottree().docinfo.encoding or "utf-8").encode()
    except (LookupError, UnicodeError):
        return data


def _tree(data: bytes, kind: type) -> etree._Element:
    """The root element. As in libvirt, it does not matter what is wrong with namespaces."""
    parser = etree.XMLParser(recover=True, encoding=_ENCODINGS[kind], **_SAFE)
    root = etree.fromstring(data, parser)
    for error in parser.error_log:
        if error.domain != etree.ErrorDomains.NAMESPACE and error.level != _WARNING:
            raise etree.XMLSyntaxError(error.message, error.type, error.line, error.column)
    return root


def _problem_of(opened: bytes, kind: type) -> etree.XMLSyntaxError | None:
    """What is wrong in pasted elements, behind a `<devices>` that is still open."""
    try:
        _tree(opened, kind)
    except etree.XMLSyntaxError as error:
        return None if "tag devices line 1" in error.msg else error
    return None


def _unwrapped(devices: etree._Element) -> etree._Element:
    """The one document among pasted text, such as a shell prompt; else all of it as devices."""
    elements = list(devices.iterchildren("*"))
    if not elements:
        raise UnreadableXML("This is not XML: there is no <element> in it.", 1)
    wholes = [element for element in elements if element.tag in ("domain", "devices", *HOLDERS)]
    has_disks = any(element.tag == "disk" for element in elements)
    if len(wholes) > 1 or (wholes and has_disks):
        others = [element for element in elements if element is not wholes[0]]
        raise UnreadableXML(
            f"Here are a <{wholes[0].tag}> and a <{one_line(others[-1].tag, 40)}> side by side; "
            "give one at a time.",
            others[-1].sourceline,
        )
    return (wholes or elements)[0] if wholes or len(elements) == 1 else devices


def _not_well_formed(error: etree.XMLSyntaxError, data: bytes) -> UnreadableXML:
    line, column = error.position
    lines = data.rstrip().split(b"\n")
    # Columns count characters or bytes, and a wrapped line is longer than its original.
    last = len(lines[-1].decode("utf-8", "replace"))
    at_the_end = line > len(lines) or (line == len(lines) and column > last)
    if at_the_end and error.code in _UNFINISHED:
        return UnreadableXML("The XML is cut short: it ends inside an element.", line)
    said = re.sub(r", line \d+, column \d+$", "", error.msg.strip())
    return UnreadableXML(f"This is not well-formed XML: {one_line(said)}.", line)


def _doctype() -> UnreadableXML:
    return UnreadableXML(
        "The XML has a DOCTYPE, which can change what the rest means; libvirt needs none."
    )


def one_line(text: str, limit: int = 160) -> str:
    """`text` made fit for one line of any screen: all of it to be seen, and not too long."""
    shown = seen(text[: limit + 1])
    return shown if len(text) <= limit and len(shown) <= limit else shown[: limit - 1] + "…"


def seen(text: str, layout: str = "", form: str = "\\u{:04x}") -> str:
    """`text` with all that a screen would obey, hide or pile up written out in this form.

    The characters of `layout` stay as they are.
    """
    return _UNUSUAL.sub(lambda found: "".join(_seen(found[0], layout, form)), text)


def _seen(unusual: str, layout: str, form: str) -> Iterator[str]:
    marks = 0
    for c in unusual:
        marks = marks + 1 if unicodedata.category(c) in ("Mn", "Me") else 0
        is_seen = c in layout or (c.isprintable() and marks <= MAX_MARKS and not _UNSEEN.match(c))
        yield c if is_seen else form.format(ord(c))


def path_name(name: str) -> str:
    """A name as it stands in a path: short, and in a namespace no name of libvirt's."""
    return one_line(name.replace("/", "|"), 60)


def _refuse_unsafe(root: etree._Element, may_have_many_attributes: bool) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    for attribute in _TOO_MANY_ATTRIBUTES(root) if may_have_many_attributes else ():
        raise UnreadableXML(
            f"An element has more than {MAX_ATTRIBUTES} attributes; no guest's XML does.",
            attribute.getparent().sourceline,
        )


_ESCAPES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&apos;"}
ALWAYS_ENDED = ("encryption",)  # libvirt writes its end tag even where nothing is in it
_ESCAPED = re.compile("[<>&\"']")


def written(element: etree._Element, indent: str = "") -> str:
    """The element as XML text that ends with a line break (libvirt's virXMLFormatElement)."""
    start = indent + opened(element)
    inside = "".join(written(child, indent + "  ") for child in element.iterchildren("*"))
    if inside or element.tag in ALWAYS_ENDED:
        return f"{start}>\n{inside}{indent}</{element.tag}>\n"
    if element.text:
        return f"{start}>{escaped(element.text)}</{element.tag}>\n"
    return f"{start}/>\n"


def opened(element: etree._Element) -> str:
    """Its name and its attributes, without the end of the tag."""
    attributes = (f" {name}='{escaped(value)}'" for name, value in element.items())
    return f"<{element.tag}{''.join(attributes)}"


def escaped(text: str) -> str:
    """Text as libvirt escapes it, in attributes and between tags alike (virBufferEscapeString)."""
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], text)


_IN_TEXT = str.maketrans(_ESCAPES | {"\r": "&#13;"})
_IN_VALUE = str.maketrans(_ESCAPES | {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})  # else blanks
_XML = "http://www.w3.org/XML/1998/namespace"


def laid_out(element: etree._Element) -> str:
    """The element with all that is in it, as it stands in the document."""
    if not isinstance(element.tag, str):  # a comment or a processing instruction
        return etree.tostring(element, encoding="unicode", with_tail=False)
    name = _name(element.tag, element)
    values = (f" {_name(n, element)}='{v.translate(_IN_VALUE)}'" for n, v in element.items())
    start = f"<{name}{''.join(values)}{''.join(_declared(element))}"
    inside = "".join(_inside(element))
    return f"{start}>{inside}</{name}>" if inside else f"{start}/>"


def dedented(element: etree._Element) -> str:
    """The same without the indentation that the element has as a whole."""
    last = element[-1].tail if len(element) else element.text
    _, line_break, margin = (last or "").rpartition("\n")
    text = laid_out(element)
    return text.replace("\n" + margin, "\n") if line_break and margin.isspace() else text


def _inside(element: etree._Element) -> Iterator[str]:
    write = _foreign if element.tag == "metadata" else laid_out
    yield (element.text or "").translate(_IN_TEXT)
    for child in element:
        yield write(child)
        yield (child.tail or "").translate(_IN_TEXT)


def _foreign(element: etree._Element) -> str:
    """What programs keep in a guest's metadata: libvirt leaves that to libxml2, and so do we."""
    # A copy, which does not repeat the namespaces of what is above it.
    return etree.tostring(copy.deepcopy(element), encoding="unicode", with_tail=False)


def _name(name: str, element: etree._Element) -> str:
    """A name as it is written; lxml's `{uri}name` has lost its prefix."""
    uri, _, local = name.rpartition("}")
    prefixes = {known: prefix for prefix, known in element.nsmap.items()} | {_XML: "xml"}
    prefix = prefixes.get(uri[1:])  # none where libxml2 mended names without their xmlns
    return f"{prefix}:{local}" if prefix else local


def _declared(element: etree._Element) -> Iterator[str]:
    """The namespaces that the element declares itself; libvirt writes them last."""
    parent = element.getparent()
    above = {} if parent is None else parent.nsmap
    for prefix, uri in element.nsmap.items():
        if above.get(prefix) != uri:
            name = f"xmlns:{prefix}" if prefix else "xmlns"
            yield f" {name}='{uri.translate(_IN_VALUE)}'"
