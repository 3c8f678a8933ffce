"""Writes an element tree as libvirt does: two blanks a level, single quotes, no name split."""

import re

from lxml import etree

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
