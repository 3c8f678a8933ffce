"""XML in the author's own order and layout, as text and when it is changed; quotes and escapes are
libvirt's."""

import copy
from collections.abc import Iterator

from lxml import etree

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;", '"': "&quot;", "\r": "&#13;"}
_IN_TEXT = str.maketrans(_ESCAPES)
_IN_VALUE = str.maketrans(_ESCAPES | {"\n": "&#10;", "\t": "&#9;"})  # else they become blanks
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


def remove(element: etree._Element) -> None:
    """Take an element out, with the line on which it stood."""
    before, parent = element.getprevious(), element.getparent()
    gap, tail = _gap(element), element.tail or ""
    parent.remove(element)
    left = tail if gap.isspace() else gap + tail
    if before is not None:
        before.tail = left
    else:
        parent.text = left if len(parent) or not left.isspace() else None


def put_behind(last: etree._Element, element: etree._Element) -> None:
    """Put an element behind another, on a line of its own if that one has one."""
    _, line_break, indent = _gap(last).rpartition("\n")
    element.tail, last.tail = last.tail, line_break + indent
    last.getparent().insert(last.getparent().index(last) + 1, element)


def _gap(element: etree._Element) -> str:
    """The text between an element and what stands before it."""
    before = element.getprevious()
    return (element.getparent().text if before is None else before.tail) or ""


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
